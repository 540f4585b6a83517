import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressRules } from '../../src/ingest/http-address.ts'
import { openDatabases } from '../../src/ingest/database.ts'
import type { ImportReport } from '../../src/lake/import.ts'
import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { BIN, environmentOf, fairlead, freshDirectory, plainEnvironment, removeDirectory } from '../server.ts'
import { openPlace, tableOf, type Place } from './imported.ts'
import { givenServer, makeDatabase, type OwnDatabase } from './own-database.ts'
import { startYugabyte } from './yugabyte.ts'

/** The database of a FlowLens, as its guide makes it, becomes changes and insights: `fairlead import flowlens`, against a real PostgreSQL and the real program. */
const GUIDE = readFileSync(join(import.meta.dirname, 'flowlens-schema.fixture.sql'), 'utf8')
const ALLOWED = { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1,localhost' }
const HEAD = 'a'.repeat(40)
const id = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`

const STORY = `
insert into repositories (id, github_id, name, full_name, owner, is_private, description, created_at, updated_at) values
  ('${id(1)}', 7001, 'shop', 'acme/shop', 'acme', true, 'Магазин', '2026-01-05T08:00:00Z', '2026-02-01T12:00:00Z');
insert into pull_requests (id, repo_id, pr_number, title, author, commit_sha, branch_name, state, files_changed, additions, deletions, created_at, updated_at) values
  ('${id(10)}', '${id(1)}', 5, 'Корзина 🛒', 'ada', '${HEAD}', 'cart', 'merged',
    '[{"filename": "src/cart.ts", "status": "modified", "patch": "@@ -1 +1 @@ secret source"}]', 30, 4, '2026-02-01T09:00:00+01:00', '2026-02-01T12:00:00Z'),
  ('${id(11)}', '${id(1)}', 6, 'Totals', 'grace', 'b', 'totals', 'open', null, 1, 0, '2026-02-02T08:00:00Z', '2026-02-02T08:00:00Z');
insert into pipeline_runs (id, repo_id, pr_number, commit_sha, status_pr, status_build, status_approval, status_merge, created_at, updated_at) values
  ('${id(20)}', '${id(1)}', 5, '${HEAD}', 'passed', 'passed', 'approved', 'merged', '2026-02-01T08:00:00Z', '2026-02-01T12:00:00Z'),
  ('${id(21)}', '${id(1)}', 6, 'b', 'passed', 'running', 'pending', 'pending', '2026-02-02T08:00:00Z', '2026-02-02T08:00:00Z');
insert into insights (id, repo_id, pr_number, commit_sha, risk_level, summary, recommendation, created_at) values
  ('${id(30)}', '${id(1)}', 5, '${HEAD}', 'high', 'Touches money', 'Look twice', '2026-02-01T08:01:00Z');
`

let database: OwnDatabase
let at: Place
beforeAll(async () => {
  database = await makeDatabase()
  await database.run(GUIDE)
  await database.run(STORY)
  at = await openPlace(ALLOWED, { FLOWLENS_URI: database.uri })
}, 240_000)
afterAll(async () => {
  await at.close()
  await database.drop()
})

const FROM = ['--from', 'env:FLOWLENS_URI'] as const

describe('a database as the guide makes it', { timeout: 240_000 }, () => {
  test('a dry run says what there is and what is not known, and changes nothing', async () => {
    const looked = await at.imported('flowlens', ...FROM, '--dry-run')
    expect(looked.from).toMatch(/^(?:PostgreSQL|YugabyteDB) .* at /)
    expect(looked.tables.map(({ table, rows, stream }) => [table, rows, stream])).toEqual([
      ['insights', 1, 'insights'],
      ['pipeline_runs', 2, 'pipeline_runs'],
      ['pull_requests', 2, 'pull_requests'],
      ['repositories', 1, 'repositories'],
    ])
    expect(looked.missing).toEqual([expect.stringMatching(/when a pull request was merged/) as string])
    expect(await at.items('sources')).toEqual([])
  })

  test('its rows are told in their own words; when one was merged is not made up', async () => {
    const report = await at.imported('flowlens', ...FROM)
    for (const { table, rows, read, taken, skipped } of report.tables) expect([table, read, taken, skipped]).toEqual([table, rows, rows, 0])
    const changes = await at.items('changes')
    expect(changes.find((one) => one['number'] === 5)).toMatchObject({
      id: 'acme/shop#5',
      repository: 'acme/shop',
      title: 'Корзина 🛒',
      state: 'merged',
      merged_at: null,
      closed_at: null,
      author: 'ada',
      head_sha: HEAD,
      created_at: '2026-02-01T08:00:00.000Z',
      files_changed: 1,
    })
    expect(changes.find((one) => one['number'] === 6)).toMatchObject({ state: 'open', head_ref: 'totals', files_changed: null })
    expect((await at.items('checks')).map((one) => [one['name'], one['outcome'], one['revision']]).sort()).toEqual([
      ['FlowLens approval', 'success', HEAD],
      ['FlowLens build', 'running', 'b'],
      ['FlowLens build', 'success', HEAD],
    ])
    expect(await at.items('reviews')).toEqual([])
    expect((await at.items('repositories')).map((one) => one['id'])).toEqual(['acme/shop'])
    const [insight] = await at.items('insights')
    expect(insight).toMatchObject({
      change_id: 'acme/shop#5',
      risk: 'high',
      summary: 'Touches money',
      recommendation: 'Look twice',
      revision: HEAD,
    })
  })

  test('patches, which are source code, stay where they are', async () => {
    const change = (await at.items('changes')).find((one) => one['number'] === 5)
    const raw = await at.server.get<{ payload: string }>(`/v1/raw/${String(change?.['raw_seq'])}`)
    expect(JSON.stringify(raw)).toContain('src/cart.ts')
    expect(JSON.stringify(raw)).not.toContain('secret source')
  })

  test('again, and in full, it changes nothing; the address is remembered and told nowhere', async () => {
    const standing = () => Promise.all(['changes', 'checks', 'repositories', 'insights'].map((what) => at.items(what)))
    const before = await standing()
    for (const args of [[], ['--full']])
      for (const { table, taken } of (await at.imported('flowlens', ...args)).tables) expect([table, taken ?? 0]).toEqual([table, 0])
    expect(await standing()).toEqual(before)
    const listed = await at.say('sources', 'list', '--json')
    expect(listed.stdout).toMatch(/"flowlens"/)
    expect(listed.stdout + at.server.output()).not.toContain(database.uri)
  })

  test('only what was written since is read, also of a row that stands beside another', async () => {
    await database.run(`
      update pipeline_runs set status_merge = 'merged', status_build = 'passed', updated_at = '2026-03-02T08:00:00Z' where pr_number = 6;
      insert into insights (id, repo_id, pr_number, risk_level, created_at) values ('${id(31)}', '${id(1)}', 6, 'unheard of', '2026-03-02T08:00:00Z');`)
    const report = await at.imported('flowlens')
    expect(tableOf(report, 'pipeline_runs')).toMatchObject({ read: 1, taken: 1 })
    expect(tableOf(report, 'pull_requests')).toMatchObject({ read: 1, taken: 1 })
    // What stood last is asked for once more, and is nothing new.
    expect(tableOf(report, 'insights')).toMatchObject({ read: 2, taken: 1 })
    expect(tableOf(report, 'repositories')).toMatchObject({ taken: 0 })
    expect((await at.items('changes')).find((one) => one['number'] === 6)).toMatchObject({ state: 'merged', merged_at: null })
    expect((await at.items('insights')).find((one) => one['change_id'] === 'acme/shop#6')).toMatchObject({ risk: null, summary: null })
  })

  test('a row that cannot be read is named and left out, and the rest goes on', async () => {
    await database.run(`
      alter table pull_requests alter column created_at drop not null;
      insert into pull_requests (id, repo_id, pr_number, title, created_at, updated_at) values ('${id(12)}', '${id(1)}', 7, 'No date', null, '2026-03-03T08:00:00Z');
      insert into pull_requests (id, repo_id, pr_number, title, created_at, updated_at) values ('${id(13)}', '${id(1)}', 8, 'Good', '2026-03-03T08:00:00Z', '2026-03-03T08:00:00Z');`)
    expect(tableOf(await at.imported('flowlens'), 'pull_requests')).toMatchObject({
      taken: 1,
      skipped: 1,
      reasons: [{ reason: 'the pull request has no date', items: 1, examples: [id(12)] }],
    })
  })

  test('columns that only the program has say more, and tables that are not there are named', async () => {
    await database.run(`
      alter table pull_requests add column merged_at timestamptz, add column history jsonb;
      update pull_requests set merged_at = '2026-02-01T11:59:00Z', updated_at = '2026-03-04T08:00:00Z' where pr_number = 5;
      drop table insights;`)
    const report = await at.imported('flowlens')
    expect(report.missing).toEqual(['The table insights is not there: what it would tell is not known.'])
    expect((await at.items('changes')).find((one) => one['number'] === 5)).toMatchObject({ merged_at: '2026-02-01T11:59:00.000Z' })
    expect(await at.items('insights')).toHaveLength(2)
  })
})

test('what one organization imports no other sees, nor its address', { timeout: 120_000 }, async () => {
  const made = await at.server.post('/v1/organizations', JSON.stringify({ name: 'Theirs' }), { authorization: `Bearer ${at.server.token}` })
  expect(made.status, await made.clone().text()).toBeLessThan(300)
  const { slug } = (await made.json()) as { slug: string }
  const { code, stdout, stderr } = await fairlead(
    ['admin', 'tokens', 'create', '--org', slug, '--scopes', 'admin,read', '--name', 'x', '--json'],
    {
      data: at.data,
    },
  )
  expect(code, stderr).toBe(0)
  const { token } = JSON.parse(stdout) as { token: string }
  const authorization = { authorization: `Bearer ${token}` }
  for (const what of ['changes', 'insights', 'sources']) {
    const reply = (await (await fetch(`${at.server.url}/v1/${what}`, { headers: authorization })).json()) as { items: unknown[] }
    expect([what, reply.items]).toEqual([what, []])
  }
  const asked = await at.server.post('/v1/import/flowlens', JSON.stringify({ dry_run: true }), authorization)
  expect([asked.status, await asked.text()]).toEqual([422, expect.stringMatching(/--from postgresql:/)])
})

test('killed at any moment and run again it is whole', { timeout: 400_000 }, async () => {
  const large = await makeDatabase()
  await large.run(GUIDE)
  await large.run(`
    insert into repositories (id, github_id, name, full_name, owner) values ('${id(1)}', 1, 'shop', 'acme/shop', 'acme');
    insert into pull_requests (repo_id, pr_number, title, state, files_changed, created_at)
      select '${id(1)}', n, 'Change ' || n, 'open', jsonb_build_array(jsonb_build_object('filename', n || '.ts')), timestamptz '2026-01-01Z' + n * interval '1 minute' from generate_series(1, 9000) n;`)
  const args = ['import', 'flowlens', '--from', large.uri, '--json']
  // Of how long it takes here undisturbed: a machine may be quick or busy.
  const undisturbed = await freshDirectory()
  const began = performance.now()
  const once = await fairlead(args, { data: undisturbed, env: ALLOWED })
  const whole = performance.now() - began
  expect(once.code, once.stderr).toBe(0)
  await removeDirectory(undisturbed)
  const data = await freshDirectory()
  const env = plainEnvironment({ ...(await environmentOf(data)), ...ALLOWED })
  let killed = 0
  for (const share of [0.4, 0.6, 0.75]) {
    const child = spawn(process.execPath, [BIN, ...args], { env, stdio: 'ignore' })
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    const timer = setTimeout(() => child.kill('SIGKILL'), whole * share)
    if ((await ended) === 'SIGKILL') killed++
    clearTimeout(timer)
  }
  expect(killed).toBeGreaterThan(0)
  const last = await fairlead(args, { data, env: ALLOWED })
  expect(last.code, last.stderr).toBe(0)
  const place = await fairlead(['import', 'flowlens', '--full', '--json'], { data, env: ALLOWED })
  expect(place.code, place.stderr).toBe(0)
  const pulls = tableOf(JSON.parse(place.stdout) as ImportReport, 'pull_requests')
  // Everything was there already, once.
  expect(pulls).toMatchObject({ read: 9_000, taken: 0, unchanged: 9_000 })
  await large.drop()
  await removeDirectory(data)
})

describe('where it may be read', { timeout: 120_000 }, () => {
  test('nothing can be written there; YugabyteDB needs nothing that it does not have, and may give up', async () => {
    const yugabyte = await startYugabyte({ uri: givenServer(), seed: 7, share: 0.2 })
    const databases = openDatabases({ rules: addressRules(['127.0.0.1']), own: null, log: silentLog })
    try {
      const opened = await databases.open(new Secret(yugabyte.uri(database.name).replace('postgresql:', 'postgresql+asyncpg:')))
      expect([opened.dialect, opened.describe]).toEqual(['postgres', expect.stringMatching(/^YugabyteDB .* at 127\.0\.0\.1:/)])
      for (let n = 0; n < 20; n++)
        expect(await opened.query('test.rows', 'select id from repositories where id = any({ids:uuid[]})', { ids: [id(1)] })).toEqual([
          { id: id(1) },
        ])
      await expect(opened.query('test.write', 'delete from repositories where id = {id:uuid}', { id: id(1) })).rejects.toThrow(/read-only/)
      expect(yugabyte.counts.refused).toEqual([])
      expect(yugabyte.counts.givenUp).toBeGreaterThan(0)
    } finally {
      await databases.close()
      await yugabyte.close()
    }
  })

  test('a private address only where it is allowed, also by name; a password is told nowhere', async () => {
    const databases = openDatabases({ rules: addressRules([]), own: null, log: silentLog })
    for (const place of [
      '127.0.0.1:5432/x',
      'localhost:5432/x',
      'db.example.org/x?host=127.0.0.1',
      'db.example.org/x?host=/run/postgresql',
    ]) {
      const refused = databases.open(new Secret(`postgresql://lens:hunter2@${place}`))
      await expect(refused, place).rejects.toMatchObject({ code: 'address-refused' })
      await expect(refused).rejects.not.toThrow(/hunter2/)
    }
    await databases.close()
    const wrong = new URL(database.uri)
    wrong.pathname = '/nothing_here'
    wrong.password = 'hunter2'
    const { code, stderr, stdout } = await at.say('import', 'flowlens', '--source', 'other', '--from', wrong.href)
    expect(code).toBe(1)
    expect(stderr).toMatch(/no database of that name|does not accept/)
    expect(stderr + stdout + at.server.output()).not.toContain('hunter2')
  })

  test('what is no such address is refused with the remedy, before anything is asked', async () => {
    for (const from of ['mysql://u@h/lake', 'flowlens', 'postgresql://h', 'sqlite:///x']) {
      const { code, stderr } = await at.say('import', 'flowlens', '--source', 'wrong', '--from', from)
      expect([from, code, stderr]).toEqual([from, 2, expect.stringMatching(/postgresql:\/\//)])
    }
    const unset = await at.say('import', 'flowlens', '--source', 'wrong', '--from', 'env:NOT_SET_ANYWHERE')
    expect([unset.code, unset.stderr]).toEqual([2, expect.stringMatching(/NOT_SET_ANYWHERE/)])
    const other = await at.say('import', 'flowlens', '--table', 'x')
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/import events/)])
    const empty = await makeDatabase()
    const none = await at.say('import', 'flowlens', '--source', 'wrong', '--from', empty.uri)
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/no table of FlowLens/)])
    await empty.drop()
    expect((await at.items('sources')).map((one) => one['name'])).not.toContain('wrong')
  })
})
