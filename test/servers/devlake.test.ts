import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportReport } from '../../src/lake/import.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { BIN, environmentOf, fairlead, freshDirectory, plainEnvironment, removeDirectory, startServer, type Server } from '../server.ts'
import { fill, makeDevlake, type Age } from '../../bench/devlake-database.ts'
import { sha, tellStory } from './devlake-story.ts'
import { givenMysql, makeLake, type OwnLake } from './own-lake.ts'

/** The database of a DevLake becomes figures: `fairlead import devlake`, against a real MySQL or MariaDB and the real program. */
const FEBRUARY = 'from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z'

interface Place {
  readonly lake: OwnLake
  readonly mysql: Mysql
  readonly server: Server
  readonly data: string
  say(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>
  imported(...args: string[]): Promise<ImportReport>
  close(): Promise<void>
}

async function open(age: Age): Promise<Place> {
  const lake = await makeLake()
  const mysql = await lake.open()
  await makeDevlake(mysql, age)
  await tellStory(mysql, age)
  const data = await freshDirectory()
  // An address of the own network is read because the server was started with it.
  const server = await startServer(data, { MYSQL_URI: givenMysql() })
  const say: Place['say'] = (...args) => fairlead(args, { data, env: { MYSQL_URI: lake.uri } })
  return {
    lake,
    mysql,
    server,
    data,
    say,
    async imported(...args) {
      const { code, stdout, stderr } = await say('import', 'devlake', '--json', ...args)
      expect(code, stderr).toBe(0)
      return JSON.parse(stdout) as ImportReport
    },
    async close() {
      await server.stop()
      await mysql.close()
      await lake.drop()
      await removeDirectory(data)
    },
  }
}

interface Reply {
  readonly value: number | null
  readonly n: number
}

const tableOf = (report: ImportReport, name: string) => report.tables.find((one) => one.table === name)
const items = async (server: Server, what: string) =>
  (await server.get<{ items: Record<string, unknown>[] }>(`/v1/${what}?limit=1000`)).items

describe.each(['fresh', 'upgraded'] as const)('a database that is %s', (age) => {
  let at: Place
  let looked: ImportReport
  let connected: number
  let first: ImportReport
  beforeAll(async () => {
    at = await open(age)
    looked = await at.imported('--dry-run')
    connected = (await items(at.server, 'sources')).length
    first = await at.imported()
  }, 120_000)
  afterAll(() => at.close())

  test('a dry run says what there is, and changes nothing', () => {
    const plain = ({ tables, missing }: ImportReport) => ({ missing, tables: tables.map(({ table, rows }) => ({ table, rows })) })
    expect(connected).toBe(0)
    expect(plain(looked)).toEqual(plain(first))
    expect(looked.projects[0]).toEqual({ name: 'Shop', result: 'new' })
  })

  test('its figures are those that its rows give by hand', async () => {
    const figure = (id: string) => at.server.get<Reply>(`/v1/metrics/${id}?${FEBRUARY}`)
    // d1, d2 and d4 in 28 days.
    const frequency = await figure('deployment_frequency')
    expect([frequency.value, frequency.n]).toEqual([3 / 28, 3])
    // d1 ships its own commit (1 h), d2 two (28 h, 4 h), d4 two (5 h, 1 h).
    expect(await figure('change_lead_time')).toMatchObject({ value: 4 * 3600, n: 5 })
    // d3 failed, and the incident was opened an hour after d2. That d5 was cancelled is said by a column that the older one does not have.
    expect(await figure('change_fail_rate')).toMatchObject(age === 'fresh' ? { value: 2 / 4, n: 4 } : { value: 3 / 5, n: 5 })
    expect(await figure('time_to_restore')).toMatchObject({ value: 3600, n: 1 })
  })

  test('what there is, is told in its own words', async () => {
    const changes = await items(at.server, 'changes')
    expect(changes.find((one) => one['number'] === 5)).toMatchObject({
      id: 'acme/shop#5',
      repository: 'acme/shop',
      title: 'Корзина 🛒',
      state: 'merged',
      author: 'ada',
      labels: ['важно'],
      merge_sha: sha(3),
      commit_count: 1,
      deletions: null,
      url: 'https://github.com/acme/shop/pull/5',
    })
    // A date of zeros is no date.
    expect(changes.find((one) => one['number'] === 6)).toMatchObject({ title: '#6', state: 'open', closed_at: null, merged_at: null })
    const work = await items(at.server, 'work-items')
    expect(work.find((one) => one['id'] === 'PAY-90')).toMatchObject({
      title: 'Чек',
      kind: 'bug',
      status: 'in_progress',
      status_name: 'В работе',
      estimate: 3.5,
      assignee: 'Грейс Хоппер',
      labels: ['денежное'],
      sprint_ids: ['jira:JiraSprint:1:1'],
      project: 'PAY',
    })
    const incidents = await items(at.server, 'incidents')
    expect(incidents.map((one) => [one['id'], one['repository'], one['severity'], one['closed_at']]).sort()).toEqual([
      ['PAY-92', 'acme/shop', 'P1', null],
      ['acme/shop#7', 'acme/shop', 'high', '2026-02-04T15:00:00.000Z'],
    ])
    expect((await items(at.server, 'repositories'))[0]).toMatchObject({ id: 'acme/shop', url: 'https://github.com/acme/shop.git' })
    const deployments = await items(at.server, 'deployments')
    expect(deployments).toHaveLength(7)
    expect(deployments.find((one) => one['id'] === `d1:shop:${sha(1)}`)).toMatchObject({
      service: 'acme/shop',
      environment: 'production',
      environment_name: age === 'fresh' ? 'prod-eu' : 'PRODUCTION',
      outcome: 'success',
      revision: sha(1),
      started_at: '2026-02-02T09:59:00.000Z',
      finished_at: '2026-02-02T10:00:00.000Z',
    })
    expect(deployments.find((one) => one['id'] === 'd7')).toMatchObject({ service: 'acme/shop', environment: 'other', revision: null })
  })

  test('the report says of each table what was read, what was not, and why', () => {
    expect(tableOf(first, 'repo_commits')).toMatchObject({
      rows: 6,
      read: 6,
      taken: 5,
      unchanged: 0,
      skipped: 1,
      reasons: [{ reason: expect.stringMatching(/`commits` does not have/) as string, items: 1 }],
    })
    expect(tableOf(first, 'issue_changelogs')).toMatchObject({ read: 2, taken: 1, skipped: 1 })
    expect(tableOf(first, 'pull_requests')).toMatchObject({ read: 2, taken: 2, skipped: 0 })
    expect(tableOf(first, 'project_pr_metrics')).toMatchObject({
      rows: 1,
      stream: null,
      read: null,
      why: expect.stringMatching(/computed/) as string,
    })
    expect(tableOf(first, 'pull_request_reviewers')?.why).toMatch(/no moment/)
    if (age === 'fresh') expect(first.missing).toEqual([])
    else {
      expect(first.missing).toContainEqual(expect.stringMatching(/^The table incidents is not there/))
      expect(first.missing).toContainEqual(expect.stringMatching(/^pull_requests lacks is_draft, merged_by_id, merged_by_name/))
    }
    expect(first.projects).toEqual([
      { name: 'Shop', result: 'made' },
      { name: 'Пусто', result: 'empty' },
    ])
  })

  test('its address is sealed, and the one of the server is lent to no organization', async () => {
    const listed = await at.say('sources', 'list', '--json')
    expect(listed.stdout).toMatch(/"devlake"/)
    expect(listed.stdout).not.toMatch(/mysql:/)
    const wrong = new URL(at.lake.uri)
    wrong.username = 'nobody'
    wrong.password = 'hunter2'
    const refused = await at.say('import', 'devlake', '--source', 'other', '--from', wrong.href)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/does not accept the user or the password/)])
    expect(refused.stdout + refused.stderr + at.server.output()).not.toContain('hunter2')

    const asked = async (token: string) => {
      const answer = await at.server.post('/v1/import/devlake', JSON.stringify({ name: 'theirs', dry_run: true }), {
        authorization: `Bearer ${token}`,
      })
      return [answer.status, await answer.text()]
    }
    const made = await at.server.post('/v1/tokens', JSON.stringify({ name: 'admin', scopes: ['admin'] }), {
      authorization: `Bearer ${at.server.token}`,
    })
    const { token } = (await made.json()) as { token: string }
    expect(await asked(token)).toEqual([422, expect.stringMatching(/not said where the database is/)])
    // Who runs the server reads what its own MYSQL_URI names: here a database that is no DevLake.
    expect(await asked(at.server.token)).toEqual([422, expect.stringMatching(/no table of DevLake/)])
  })

  test('projects, people and teams', async () => {
    expect(await items(at.server, 'projects')).toMatchObject([
      { name: 'Shop', description: 'Магазин', repositories: ['acme/shop'], services: ['acme/shop'] },
    ])
    const people = await items(at.server, 'people')
    const grace = people.find((one) => one['name'] === 'Грейс Хоппер' && JSON.stringify(one['identities']).includes('grace@old.example'))
    expect(JSON.stringify(grace?.['identities'])).toContain('grace@example.org')
    const { code, stdout } = await at.say('teams', 'drift', '--json')
    expect([code, stdout]).toEqual([expect.anything(), expect.stringContaining('payments')])
  })

  test('again, it changes nothing', async () => {
    const standing = async () =>
      Promise.all(['changes', 'deployments', 'commits', 'incidents', 'work-items', 'projects'].map((what) => items(at.server, what)))
    const before = await standing()
    const again = await at.imported()
    for (const { table, taken } of again.tables) expect([table, taken ?? 0]).toEqual([table, 0])
    expect(again.projects[0]).toEqual({ name: 'Shop', result: 'unchanged' })
    const whole = await at.imported('--full')
    for (const { table, taken } of whole.tables) expect([table, taken ?? 0]).toEqual([table, 0])
    // What could not be read is no other for being sent again.
    expect(tableOf(whole, 'repo_commits')).toMatchObject({ read: 6, unchanged: 6, skipped: 0 })
    expect(await standing()).toEqual(before)
  })

  test('only what DevLake has written since is read, also where it is a row beside another', async () => {
    await fill(
      at.mysql,
      age,
      'pull_request_labels',
      [{ pull_request_id: 'github:GithubPullRequest:1:6', label_name: 'late' }],
      '2026-03-02T00:00:00.000Z',
    )
    await fill(
      at.mysql,
      age,
      'issues',
      [{ id: 'jira:JiraIssue:1:91', issue_key: 'PAY-91', title: 'New', type: 'TASK', created_date: '2026-03-01T08:00:00.000Z' }],
      '2026-03-02T00:00:00.000Z',
    )
    const report = await at.imported()
    expect(tableOf(report, 'pull_requests')).toMatchObject({ taken: 1 })
    expect(tableOf(report, 'issues')).toMatchObject({ taken: 1 })
    const later = await at.imported()
    // What was written within five minutes before the last row is asked for once more, and is nothing new.
    expect(tableOf(later, 'issues')).toMatchObject({ read: 1, taken: 0 })
    expect((await items(at.server, 'changes')).find((one) => one['number'] === 6)).toMatchObject({ labels: ['late'] })
  })
})

test('killed at any moment and run again it is whole', { timeout: 300_000 }, async () => {
  const lake = await makeLake()
  const mysql = await lake.open()
  await makeDevlake(mysql, 'fresh')
  await tellStory(mysql, 'fresh')
  const many = Array.from({ length: 12_000 }, (_one, n) => String(n).padStart(40, 'b'))
  for (let start = 0; start < many.length; start += 3_000) {
    const some = many.slice(start, start + 3_000)
    const at = (index: number) => new Date(Date.UTC(2026, 0, 1) + (start + index) * 1000).toISOString()
    await fill(
      mysql,
      'fresh',
      'commits',
      some.map((one, index) => ({ sha: one, message: 'x', authored_date: at(index), committed_date: at(index) })),
    )
    await fill(
      mysql,
      'fresh',
      'repo_commits',
      some.map((one) => ({ repo_id: 'github:GithubRepo:1:11', commit_sha: one })),
    )
  }
  const data = await freshDirectory()
  const env = plainEnvironment({ ...(await environmentOf(data)), MYSQL_URI: lake.uri })
  // Of how long it takes here undisturbed: a machine may be quick or busy.
  const undisturbed = await freshDirectory()
  const began = performance.now()
  expect((await fairlead(['import', 'devlake'], { data: undisturbed, env: { MYSQL_URI: lake.uri } })).code).toBe(0)
  const whole = performance.now() - began
  await removeDirectory(undisturbed)
  let killed = 0
  for (const share of [0.35, 0.5, 0.6, 0.7, 0.8]) {
    const child = spawn(process.execPath, [BIN, 'import', 'devlake', '--json'], { env, stdio: 'ignore' })
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
    const timer = setTimeout(() => child.kill('SIGKILL'), whole * share)
    if ((await ended) === 'SIGKILL') killed++
    clearTimeout(timer)
  }
  console.log(`an import of ${Math.round(whole)} ms was killed ${killed} times`)
  expect(killed).toBeGreaterThan(0)
  const last = await fairlead(['import', 'devlake', '--json'], { data, env: { MYSQL_URI: lake.uri } })
  expect(last.code, last.stderr).toBe(0)
  const server = await startServer(data)
  let commits = 0
  for (let after = ''; ;) {
    const page = await server.get<{ items: unknown[]; next: string | null }>(`/v1/commits?limit=10000${after}`)
    commits += page.items.length
    if (page.next === null) break
    after = `&after=${encodeURIComponent(page.next)}`
  }
  expect(commits).toBe(12_005)
  expect(await server.get(`/v1/metrics/deployment_frequency?${FEBRUARY}`)).toMatchObject({ n: 3 })
  await server.stop()
  await mysql.close()
  await lake.drop()
  await removeDirectory(data)
})

describe('where it may be read', () => {
  let data: string
  let server: Server
  beforeAll(async () => {
    data = await freshDirectory()
    server = await startServer(data)
  })
  afterAll(async () => {
    await server.stop()
    await removeDirectory(data)
  })

  test('a private address only where it is allowed, and a password is told nowhere', async () => {
    const refused = await fairlead(['import', 'devlake', '--from', 'mysql://lake:hunter2@127.0.0.1:3306/lake'], { data })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/private address/)
    expect(refused.stderr + refused.stdout + server.output()).not.toContain('hunter2')
  })

  test('what is no MySQL address is refused before anything is asked', async () => {
    for (const from of ['postgresql://h/lake', 'lake', 'mysql://h']) {
      const { code, stderr } = await fairlead(['import', 'devlake', '--from', from], { data })
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(/mysql:\/\//)])
      expect(code).not.toBe(0)
    }
    const { code, stderr } = await fairlead(['import', 'devlake'], { data })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--from mysql:/)])
    expect(await items(server, 'sources')).toEqual([])
  })
})
