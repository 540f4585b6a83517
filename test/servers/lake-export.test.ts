import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { demoStory } from '../../src/ingest/demo-story.ts'
import { exportLake, type ExportOptions } from '../../src/lake/export-lake.ts'
import type { Choices } from '../../src/lake/lake-schema.ts'
import { silentLog } from '../../src/log.ts'
import { measure, samples } from '../../src/measure/measure.ts'
import { windowOf } from '../../src/measure/window.ts'
import type { Metric } from '../../src/metric.ts'
import { createChoiceCopy } from '../../src/settings/choice-copy.ts'
import { openProjects, type Projects } from '../../src/settings/projects.ts'
import type { KeptCopy } from '../../src/store/kept-copy.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { statement } from '../../src/store/statement.ts'
import { BIN, environmentOf, fairlead, freshDirectory, plainEnvironment, removeDirectory, startServer } from '../server.ts'
import { addOrganization, openSemanticStore } from '../semantic-store.ts'
import { openWorld, type World } from '../world.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** `export lake` on a real MySQL or MariaDB, from a real analytics store. */
let world: World
let lake: OwnLake
let mysql: Mysql
let org: string
let store: Awaited<ReturnType<typeof openSemanticStore>>
let choices: KeptCopy
let projects: Projects

beforeAll(async () => {
  world = await openWorld()
  store = await openSemanticStore()
  const { semantic } = store
  choices = createChoiceCopy({ semantic, analytics: world.analytics, log: silentLog })
  projects = openProjects({ semantic, clock: world.clock, changed: choices.write })
})
afterAll(async () => {
  await choices?.stop()
  await store?.close()
  await world?.close()
})
beforeEach(async () => {
  lake = await makeLake()
  mysql = await lake.open()
  org = await addOrganization(store.semantic, world.org())
  await choices.write(org)
  return async () => {
    await mysql.close()
    await lake.drop()
  }
})

/** What the reference has of them stands in the analytics store. */
const asked: Choices = {
  projects: async () => [],
  roster: async () => ({ people: [], teams: [], providers: new Map() }),
}
const headOf = statement({
  name: 'test.head',
  sql: 'SELECT max(seq) AS head FROM all_raw WHERE org_id = {org:UUID}',
  row: z.object({ head: z.coerce.number() }),
})
const run = async (options: Partial<ExportOptions> = {}, of = org) => {
  const [found] = await world.analytics.read(headOf, { org })
  const parts = { analytics: world.analytics, choices: asked, clock: world.clock, head: () => found?.head ?? 0 }
  return exportLake(parts, of, mysql, 'reference', { full: false, signal: new AbortController().signal, progress() {}, ...options })
}
const anything = z.record(z.string(), z.unknown())
const inLake = (sql: string) => mysql.query(statement({ name: 'test.lake', sql, row: anything }))
const inStore = (sql: string) => world.analytics.read(statement({ name: 'test.store', sql, row: anything }), { org })
const changes = (tables: Awaited<ReturnType<typeof run>>) =>
  Object.fromEntries(tables.map((one) => [one.table, [one.rows, one.written, one.removed]]))
const whole = async () => {
  const tables = ['commits', 'deployments', 'cicd_deployments', 'incidents', 'dora_benchmarks', 'project_metric_settings']
  return Promise.all(tables.map((table) => inLake(`select * from ${table} order by 1`)))
}
const deploy = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  kind: 'deploy',
  service: 'api',
  git_sha: `${id}aaaaaaa`,
  commit_at: '2026-01-31T08:00:00Z',
  occurred_at: '2026-02-01T10:00:00Z',
  ...more,
})

describe('the sample data', () => {
  beforeEach(async () => {
    await world.events(org, demoStory(world.clock.now()) as unknown as Record<string, unknown>[])
  })

  test(
    'the views of the lake say what those of the analytics store say, and what Fairlead says of the same rows',
    { timeout: 300_000 },
    async () => {
      await run()
      const asked = {
        window: windowOf({ from: '2025-01-01T00:00:00Z', to: '2026-03-02T12:00:00Z', tz: 'UTC' }, world.clock.now()),
        environment: 'production',
      }
      const metric = (id: string) => world.registry.metrics.get(id) as Metric
      const figure = (id: string) => measure(world.analytics, org, id, metric(id), asked)
      const numbers = (rows: Record<string, unknown>[]) =>
        rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              /^-?[\d.]+$/.test(String(value)) ? Math.round(Number(value) * 1e4) / 1e4 : value,
            ]),
          ),
        )
      for (const [columns, view] of [
        ['project_id, environment, deployment_date, deployment_count, deployments_per_day', 'v_dora_deployment_frequency'],
        ['project_id, deployment_id, commit_sha, commit_date, deployment_date, lead_time_seconds, lead_time_minutes', 'v_dora_lead_time'],
        ['project_id, total_deployments, failed_deployments, failure_rate_percent', 'v_dora_cfr'],
        ['incident_id, severity, incident_created, incident_resolved, mttr_minutes', 'v_dora_mttr'],
      ] as const) {
        const [theirs, ours] = [
          await inLake(`select ${columns} from ${view} order by ${columns}`),
          await inStore(`SELECT ${columns} FROM ${view} WHERE org_id = {org:UUID} ORDER BY ${columns}`),
        ]
        expect(theirs.length, view).toBeGreaterThan(3)
        expect(numbers(theirs), view).toEqual(numbers(ours))
      }
      // Deployment frequency and time to restore: the same figure.
      const [frequency] = await inLake('select sum(deployment_count) as n from v_dora_deployment_frequency')
      expect(frequency?.['n']).toBe((await figure('deployment_frequency')).n)
      const restore = await figure('time_to_restore')
      const minutes = (await inLake('select mttr_minutes as m from v_dora_mttr order by 1')).map((one) => Number(one['m']))
      expect([minutes.length, minutes[Math.floor(minutes.length / 2)]]).toEqual([restore.n, Math.trunc((restore.value as number) / 60)])
      // Lead time: the same for each deployment of which Fairlead has a sample. The reference also counts what is a gap there.
      const { items } = await samples(world.analytics, org, 'change_lead_time', metric('change_lead_time'), asked, { limit: 10_000 })
      const seconds = new Map(
        (await inLake('select deployment_id as id, lead_time_seconds as s from v_dora_lead_time')).map((one) => [one['id'], one['s']]),
      )
      const sampled = items.filter((one) => one.status === 'sample')
      expect(sampled.filter((one) => seconds.get(one.subject.id) !== Math.trunc(one.value as number))).toEqual([])
      // Change failure rate: failed outcomes alone, and what was cancelled counts as an attempt.
      const [cfr] = await inLake('select sum(total_deployments) as total, sum(failed_deployments) as failed from v_dora_cfr')
      const [own] = await inStore(
        `SELECT countIf(outcome = 'failure') AS failed, countIf(outcome IN ('success', 'failure')) AS finished, countIf(outcome = 'cancelled') AS cancelled
      FROM all_attempts FINAL WHERE org_id = {org:UUID} AND environment = 'production'`,
      )
      expect(cfr).toEqual({ total: Number(own?.['finished']) + Number(own?.['cancelled']), failed: Number(own?.['failed']) })
    },
  )

  test('twice changes nothing; everything again changes nothing but when it was written', { timeout: 300_000 }, async () => {
    const first = changes(await run())
    expect(first['deployments']?.[0]).toBeGreaterThan(1_500)
    const before = await whole()
    expect(Object.values(changes(await run())).map(([, written, removed]) => [written, removed])).toEqual(
      first && Object.keys(first).map(() => [0, 0]),
    )
    expect(await whole()).toEqual(before)
    const again = changes(await run({ full: true }))
    expect(again['deployments']).toEqual([first['deployments']?.[0], first['deployments']?.[0], 0])
    expect(await whole()).toEqual(before)
    expect(
      await inLake(
        `select table_name, through > 1000 as through, row_count, finished_at is not null as done from fairlead_exports where table_name = 'commits'`,
      ),
    ).toEqual([{ table_name: 'commits', through: 1, row_count: first['commits']?.[0], done: 1 }])
  })

  test('broken off after any month and run again, it holds what an undisturbed one holds', { timeout: 300_000 }, async () => {
    await run()
    const undisturbed = await whole()
    for (const stop of [1, 4, 9, 12, 17]) {
      const own = await makeLake()
      const other = await own.open()
      const mine = mysql
      mysql = other
      let months = 0
      const breaking = new AbortController()
      const broken = run({
        signal: breaking.signal,
        progress() {
          if (++months === stop) breaking.abort()
        },
      })
      await expect(broken).rejects.toThrow()
      expect(await inLake('select count(*) as n from fairlead_exports where finished_at is null')).toEqual([{ n: 1 }])
      await run()
      expect(await whole()).toEqual(undisturbed)
      mysql = mine
      await other.close()
      await own.drop()
    }
  })
})

describe('what changes', () => {
  test('is written or removed, and nothing else is touched: not the rows of others, not what stayed', async () => {
    await world.events(org, [deploy('d1'), deploy('d2'), deploy('d3', { occurred_at: '2026-01-15T10:00:00Z' })])
    expect(changes(await run())).toMatchObject({ deployments: [3, 3, 0], cicd_deployments: [3, 3, 0], commits: [3, 3, 0] })
    await mysql.run(
      `insert into deployments (id, cicd_scope_id, result, finished_date) values ('theirs', 'other', 'SUCCESS', '2026-02-01')`,
    )
    // A result that comes later, a deployment that turns out to be of another month, and a new one.
    await world.events(org, [
      { ...deploy('e2'), deployment_id: 'd2', succeeded: false },
      deploy('d4', { occurred_at: '2026-02-20T10:00:00Z' }),
    ])
    const more = changes(await run())
    expect(more['deployments']?.[0]).toBeGreaterThanOrEqual(4)
    expect(await inLake(`select result from deployments where id = 'd4'`)).toEqual([{ result: 'SUCCESS' }])
    await world.analytics.run(`ALTER TABLE all_deployments DELETE WHERE org_id = toUUID('${org}') AND id IN ('d1', 'd3')`)
    const last = changes(await run())
    expect(last['deployments']?.[2]).toBe(2)
    const left = (await inLake('select id from deployments order by id')).map((one) => one['id'])
    expect(left).toContain('theirs')
    expect(left).not.toContain('d1')
    expect(left).not.toContain('d3')
    expect((await inLake('select sha from commits')).length).toBe(
      (await inStore('SELECT sha FROM commits WHERE org_id = {org:UUID}')).length,
    )
  })

  test(
    'pages that end within a month, or with it, make the same lake; and what is behind the last row of a month goes',
    { timeout: 300_000 },
    async () => {
      const at = (month: number, day: number) => `2026-0${month}-0${day}T10:00:00Z`
      const days = [...[1, 2, 3].map((day) => at(1, day)), ...[1, 2, 3].map((day) => at(2, day)), at(3, 1)]
      await world.events(
        org,
        days.map((occurred_at, n) => deploy(`d${n}`, { occurred_at, commit_at: '2025-12-01T00:00:00Z' })),
      )
      const left = async () => (await inLake('select id from deployments order by id')).map((one) => one['id'])
      for (const page of [1, 2, 3, 6, 7]) {
        await run({ page })
        expect(await left(), String(page)).toEqual(days.map((_, n) => `d${n}`))
        // Somebody wrote behind our back that the lake had more: the next look at the month takes it away.
        await mysql.run(`insert into deployments (id, cicd_scope_id) values ('d2x', 'api'), ('d9', 'api')`)
        await mysql.run(
          `insert into fairlead_export_rows values ('deployments', 'd2x', '2026-01', ''), ('deployments', 'd9', '2026-03', '')`,
        )
        await mysql.run(`delete from fairlead_export_months`)
      }
      expect(changes(await run({ page: 3 }))['deployments']).toEqual([7, 0, 2])
      expect(await left()).toEqual(days.map((_, n) => `d${n}`))
    },
  )

  test('everything can go, and come again', async () => {
    await world.events(org, [deploy('d1')])
    await run()
    await world.analytics.run(`ALTER TABLE all_deployments DELETE WHERE org_id = toUUID('${org}')`)
    expect(changes(await run())).toMatchObject({ deployments: [0, 0, 1], commits: [0, 0, 1] })
    await world.events(org, [deploy('d9')])
    expect(changes(await run())).toMatchObject({ deployments: [1, 1, 0] })
  })

  test('keys that MySQL would take for one, and keys and texts that are too long, lose nothing', async () => {
    await world.events(org, [
      deploy('Build-1', { title: 'x'.repeat(400), url: `https://example.org/${'y'.repeat(300)}` }),
      deploy('build-1'),
    ])
    const told = { kind: 'deploy', service: 'api', environment: 'production', environment_name: 'prod', outcome: 'success' }
    await world.tell(org, { deployments: [{ ...told, id: 'z'.repeat(300), at: '2026-02-02T00:00:00.000Z' }] })
    await run()
    const rows = await inLake('select id, display_title as title, url from deployments order by id')
    expect(rows).toHaveLength(3)
    expect(rows.map((one) => String(one['id']).replace(/~[0-9a-f]+$/, '~'))).toEqual(expect.arrayContaining(['Build-1~', 'build-1~']))
    expect(rows.find((one) => String(one['id']).startsWith('Build'))).toMatchObject({ title: 'x'.repeat(255), url: null })
  })

  test('what the tools said, in order and once; what is too old or of a source that is gone goes, and rows of others stay', async () => {
    const item = (id: string, received_at: string, source = 'github') => ({
      connector: 'github',
      source,
      stream: 'pull_requests',
      id,
      received_at,
      payload: { number: Number(id), title: `Ä ${id}` },
    })
    await world.apply(org, [
      item('1', '2026-01-01T00:00:00.000Z'),
      item('2', '2026-02-01T00:00:00.000Z'),
      item('3', '2026-02-01T00:00:00.000Z', 'other'),
    ])
    expect(changes(await run())['_raw_github_pull_requests']).toEqual([3, 3, 0])
    const told = await inLake('select params, cast(data as char) as data, created_at from _raw_github_pull_requests order by id')
    expect(told).toEqual(
      await inStore('SELECT params, data, created_at FROM _raw_github_pull_requests WHERE org_id = {org:UUID} ORDER BY id'),
    )
    expect(told[0]).toEqual({
      params: '{"fairlead_source":"github"}',
      data: '{"number":1,"title":"Ä 1"}',
      created_at: '2026-01-01T00:00:00.000Z',
    })
    await mysql.run(`insert into _raw_github_pull_requests (id, params, created_at) values (999999999, '{"ConnectionId":1}', '2001-01-01')`)
    expect(changes(await run())['_raw_github_pull_requests']).toEqual([3, 0, 0])
    await world.analytics.run(`ALTER TABLE all_raw DELETE WHERE org_id = toUUID('${org}') AND source = 'other'`)
    await world.apply(org, [item('4', '2026-02-02T00:00:00.000Z')])
    expect(changes(await run())['_raw_github_pull_requests']?.slice(0, 1)).toEqual([3])
    await mysql.run(`update _raw_github_pull_requests set created_at = '2025-11-01' where data like '%"number":1,%'`)
    expect(changes(await run())['_raw_github_pull_requests']).toEqual([2, 0, 1])
    expect(await inLake(`select count(*) as n from _raw_github_pull_requests`)).toEqual([{ n: 3 }])
  })

  test('options of projects and bounds of levels, in units that keep them: what the views of the analytics store say', async () => {
    const audited = async () => {}
    const save = async (name: string, window_days: number) => {
      await projects.save(org, { name, description: null, repositories: [], services: ['api'] }, audited)
      await projects.saveSettings(org, name, { plugin: 'dora', options: { cfr: { window_days } }, enabled: true }, audited)
    }
    await save('shop', 30)
    await save('ledger', 7)
    await run()
    expect(
      await inLake('select project_name as p, plugin_name as n, plugin_option as o, enable as e from project_metric_settings order by 1'),
    ).toEqual([
      { p: 'ledger', n: 'dora', o: '{"cfr":{"window_days":7}}', e: true },
      { p: 'shop', n: 'dora', o: '{"cfr":{"window_days":30}}', e: true },
    ])
    expect(
      await inLake(
        `select performance_level as l, min_value as a, max_value as b, unit as u from dora_benchmarks where metric_name in ('deployment_frequency', 'change_failure_rate') order by metric_name desc, field(performance_level, 'elite', 'high', 'medium', 'low')`,
      ),
    ).toEqual([
      { l: 'elite', a: 1, b: null, u: 'per_day' },
      { l: 'high', a: 1, b: 7, u: 'per_week' },
      { l: 'medium', a: 1, b: 4.29, u: 'per_month' },
      { l: 'low', a: 0, b: 1, u: 'per_month' },
      { l: 'elite', a: 0, b: 5, u: 'percent' },
      { l: 'high', a: 10, b: 20, u: 'percent' },
      { l: 'medium', a: 5, b: 10, u: 'percent' },
      { l: 'low', a: 20, b: null, u: 'percent' },
    ])
    for (const [columns, table] of [
      ['project_name, plugin_name, plugin_option, enable + 0 as enable', 'project_metric_settings'],
      ['metric_name, performance_level, min_value, max_value, unit, description', 'dora_benchmarks'],
    ] as const)
      expect(await inLake(`select ${columns} from ${table} order by 1, 2`), table).toEqual(
        await inStore(`SELECT ${columns} FROM ${table} WHERE org_id = {org:UUID} ORDER BY 1, 2`),
      )
    await projects.remove(org, 'ledger', audited)
    await save('shop', 14)
    expect(changes(await run())['project_metric_settings']).toEqual([1, 1, 1])
    expect(await inLake('select plugin_option as o from project_metric_settings')).toEqual([{ o: '{"cfr":{"window_days":14}}' }])
  })
})

describe('refused', () => {
  test('the rows of two organizations in one lake', async () => {
    await run()
    await expect(run({}, world.org())).rejects.toMatchObject({
      code: 'conflict',
      help: expect.stringContaining('database of its own') as string,
    })
  })

  test('two exports at once: the second says who is at it', async () => {
    await world.events(org, [deploy('d1')])
    await run()
    await mysql.run(
      `update migration_lock set owner = 'elsewhere:1 export x', expires_at = now(3) + interval 1 hour where name = 'export reference'`,
    )
    await expect(run()).rejects.toMatchObject({
      code: 'schema-pending',
      message: expect.stringContaining('exporting (elsewhere:1 export') as string,
    })
  })
})

test(
  'the program killed in the middle of it, again and again, and then left alone: the lake of an undisturbed run',
  { timeout: 600_000 },
  async () => {
    const data = await freshDirectory()
    const other = await makeLake()
    const env = { ...plainEnvironment(await environmentOf(data)), MYSQL_URI: lake.uri }
    expect((await fairlead(['demo'], { data })).code).toBe(0)
    const began = performance.now()
    expect((await fairlead(['export', 'lake'], { data, env: { MYSQL_URI: other.uri } })).code).toBe(0)
    // Of how long it takes here undisturbed: a machine may be quick or busy.
    const whole = performance.now() - began
    let killed = 0
    const grown: number[] = []
    for (let timeout = Math.round(whole * 0.4); timeout < 60_000; timeout += Math.round(whole * 0.15)) {
      const { signal, status } = spawnSync(process.execPath, [BIN, 'export', 'lake'], { cwd: data, env, timeout, killSignal: 'SIGKILL' })
      if (status === 0) break
      expect(signal).toBe('SIGKILL')
      killed++
      if (killed > 2) grown.push(Number((await inLake('select count(*) as n from fairlead_export_rows').catch(() => []))[0]?.['n'] ?? 0))
    }
    console.log(`an export of ${Math.round(whole)} ms was killed ${killed} times`)
    expect(killed).toBeGreaterThan(1)
    expect(grown).toEqual(grown.toSorted((a, b) => a - b))
    const sums = `select (select sum(crc32(concat_ws('|', id, result, finished_date, commit_sha, prev_success_deployment_commit_id))) from deployments) as d,
    (select sum(crc32(concat_ws('|', sha, authored_date))) from commits) as c, (select sum(crc32(concat_ws('|', id, severity, resolution_date))) from incidents) as i,
    (select count(*) from fairlead_exports where finished_at is null) as open`
    const undisturbed = await other.open()
    expect(await inLake(sums)).toEqual(await undisturbed.query(statement({ name: 'test.sums', sql: sums, row: anything })))
    await undisturbed.close()
    await other.drop()
    await removeDirectory(data)
  },
)

test('the program: `export lake` with a server and without, from MYSQL_URI and from --to', { timeout: 300_000 }, async () => {
  const data = await freshDirectory()
  const server = await startServer(data)
  await server.post(
    '/v1/events?wait=visible',
    JSON.stringify({ kind: 'deploy', service: 'api', git_sha: 'abc1234', commit_at: '2026-01-01T00:00:00Z' }),
  )
  const post = (path: string, body: unknown) => server.post(path, JSON.stringify(body), { authorization: `Bearer ${server.token}` })
  await post('/v1/projects', { name: 'shop', services: ['api'] })
  await post('/v1/projects/settings', { name: 'shop', plugin: 'dora', options: { cfr: { window_days: 9 } } })
  const first = await fairlead(['export', 'lake', '--to', lake.uri, '--json'], { data })
  expect([first.code, JSON.parse(first.stdout)]).toMatchObject([0, { lake: expect.stringContaining(lake.name) as string }])
  expect((JSON.parse(first.stdout) as { tables: unknown[] }).tables).toContainEqual({
    table: 'deployments',
    rows: 1,
    written: 1,
    removed: 0,
  })
  expect(
    await inLake(
      'select cicd_scope_id as service, lead_time_minutes > 0 as positive from v_dora_lead_time l join deployments d on d.id = l.deployment_id',
    ),
  ).toEqual([{ service: 'api', positive: 1 }])
  expect(await inLake('select plugin_option as o, (select count(*) from dora_benchmarks) as levels from project_metric_settings')).toEqual([
    { o: '{"cfr":{"window_days":9}}', levels: 16 },
  ])
  await server.stop()
  const second = await fairlead(['export', 'lake', '--schema', 'reference'], { data, env: { MYSQL_URI: lake.uri } })
  expect([second.code, /deployments +1 +0 +0/.test(second.stdout)]).toEqual([0, true])
  const nowhere = await fairlead(['export', 'lake'], { data })
  expect([nowhere.code, nowhere.stderr.includes('MYSQL_URI')]).toEqual([2, true])
  expect(`${first.stdout}${first.stderr}${second.stdout}${second.stderr}`).not.toContain(lake.uri)
  await mysql.run('create table _devlake_migration_history (script_version bigint primary key)')
  const devlakes = await fairlead(['export', 'lake'], { data, env: { MYSQL_URI: lake.uri } })
  expect([devlakes.code, devlakes.stderr.includes("DevLake's own")]).toEqual([1, true])
  await removeDirectory(data)
})
