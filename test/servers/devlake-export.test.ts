import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exportLake, type ExportOptions } from '../../src/lake/export-lake.ts'
import type { Choices } from '../../src/lake/lake-schema.ts'
import type { Roster } from '../../src/lake/roster.ts'
import { samples } from '../../src/measure/measure.ts'
import { windowOf } from '../../src/measure/window.ts'
import type { Metric } from '../../src/metric.ts'
import type { Project } from '../../src/settings/projects.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { lakeMigrator } from '../../src/store/schema.ts'
import { statement } from '../../src/store/statement.ts'
import { fairlead, freshDirectory, removeDirectory } from '../server.ts'
import { openWorld, type World } from '../world.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** `export lake --schema devlake` on a real MySQL or MariaDB: what its boards find there, and what happens when it is run again. */
let world: World
let lake: OwnLake
let mysql: Mysql
let org: string
let projects: Project[]
let roster: Roster

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.close())
beforeEach(async () => {
  lake = await makeLake()
  mysql = await lake.open()
  org = world.org()
  projects = [{ name: 'Shop', description: null, repositories: [], services: ['checkout'], settings: [] }]
  roster = { people: [], teams: [], providers: new Map([['told', 'github']]) }
  return async () => {
    await mysql.close()
    await lake.drop()
  }
})

const anything = z.record(z.string(), z.unknown())
const inLake = (sql: string) => mysql.query(statement({ name: 'test.lake', sql, row: anything }))
const run = async (options: Partial<ExportOptions> = {}, of = org, schema: 'devlake' | 'reference' = 'devlake') => {
  const choices: Choices = { projects: async () => projects, roster: async () => roster }
  const parts = { analytics: world.analytics, choices, clock: world.clock, head: () => 7 }
  return exportLake(parts, of, mysql, schema, { full: false, signal: new AbortController().signal, progress() {}, ...options })
}
const changed = (tables: Awaited<ReturnType<typeof run>>) =>
  Object.fromEntries(tables.filter((one) => one.written + one.removed > 0).map((one) => [one.table, [one.written, one.removed]]))
const whole = async () => {
  const names = (await inLake('select distinct table_name as t from fairlead_exports order by 1')).map((one) => String(one['t']))
  return Promise.all(names.map(async (name) => [name, await inLake(`select * from ${name} order by 1, 2`)]))
}

const sha = (n: number) => String(n).padStart(40, 'c')
const day = (n: number, hour = 10) => `2026-02-${String(n).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00.000Z`
const deployment = (n: number, more: Record<string, unknown> = {}) => ({
  id: `d${n}`,
  kind: 'deploy',
  service: 'checkout',
  environment: 'production',
  environment_name: 'prod-eu',
  at: day(n, 12),
  started_at: day(n, 11),
  finished_at: day(n, 12),
  outcome: 'success',
  repository: 'acme/shop',
  revision: sha(n),
  ...more,
})
const change = (n: number, more: Record<string, unknown> = {}) => ({
  id: `acme/shop#${n}`,
  repository: 'acme/shop',
  number: n,
  title: `Change ${n}`,
  author: 'ada',
  created_at: day(n, 8),
  merged_at: day(n, 9),
  merge_sha: sha(n),
  ...more,
})
const carried = (n: number) => ({
  change_id: `acme/shop#${n}`,
  repository: 'acme/shop',
  shas: [sha(n)],
  started_at: [day(n, 7)],
  subjects: [`Change ${n}`],
})
const incident = (id: string, n: number, more: Record<string, unknown> = {}) =>
  (['opened', 'closed'] as const).map((state, index) => ({
    id,
    state,
    at: day(n, 13 + index),
    service: 'checkout',
    environment: 'production',
    environment_name: 'production',
    severity: 'high',
    title: 'Nobody can pay',
    ...more,
  }))

/** Deployments on three days, each of one change; one incident after the second, and one of another service. */
async function tellStory() {
  await world.tell(org, {
    commits: [1, 2, 3].map((n) => ({
      repository: 'acme/shop',
      sha: sha(n),
      parents: n === 1 ? [] : [sha(n - 1)],
      subject: `Change ${n}`,
      author_email: 'ada@example.org',
      authored_at: day(n, 7),
      committed_at: day(n, 7),
    })),
    changes: [1, 2, 3].map((n) => change(n)),
    change_commits: [1, 2, 3].map(carried),
    reviews: [
      { id: 'r1', change_id: 'acme/shop#2', repository: 'acme/shop', kind: 'review', state: 'approved', author: 'grace', at: day(2, 8) },
    ],
    deployments: [...[1, 2, 3].map((n) => deployment(n)), deployment(4, { service: 'mail', repository: 'acme/mail', revision: 'v7' })],
    incident_states: [...incident('INC-1', 2), ...incident('INC-2', 5, { service: 'mail' })],
  })
  await world.rebuild(org)
}

describe('what a board finds', () => {
  beforeEach(tellStory)

  test('deployments, changes and incidents by the joins that the boards make', async () => {
    await run()
    const ofProject = `join project_mapping pm on pm.row_id = %s and pm.\`table\` = '%t' where pm.project_name = 'Shop'`
    const joined = (column: string, table: string) => ofProject.replace('%s', column).replace('%t', table)
    expect(
      await inLake(
        `select date(max(cdc.finished_date)) as day from cicd_deployment_commits cdc ${joined('cdc.cicd_scope_id', 'cicd_scopes')}
and cdc.result = 'SUCCESS' and cdc.environment = 'PRODUCTION' group by cdc.cicd_deployment_id order by 1`,
      ),
    ).toHaveLength(3)
    expect(
      await inLake(
        `select distinct i.id, cast(i.lead_time_minutes as signed) as m from incidents i join project_mapping pm on i.scope_id = pm.row_id and pm.\`table\` = i.\`table\` where pm.project_name = 'Shop'`,
      ),
    ).toEqual([{ id: 'INC-1', m: 60 }])
    expect(
      await inLake(
        `select r.id, r.deployment_id, i.title from project_incident_deployment_relationships r join issues i on i.id = r.id where r.project_name = 'Shop'`,
      ),
    ).toEqual([{ id: 'INC-1', deployment_id: 'd2', title: 'Nobody can pay' }])
    // The lead time of a change is the figure that Fairlead has, in minutes.
    const asked = {
      window: windowOf({ from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z', tz: 'UTC' }, world.clock.now()),
      environment: 'production',
      basis: 'change',
    }
    const metric = world.registry.metrics.get('change_lead_time') as Metric
    const { items } = await samples(world.analytics, org, 'change_lead_time', metric, asked, { limit: 100 })
    const ours = items
      .filter((one) => one.service === 'checkout')
      .map((one) => [`fairlead:${one.subject.id}`, Math.ceil((one.value as number) / 60)])
    expect(ours.length).toBeGreaterThan(1)
    expect(
      (
        await inLake(
          `select pr.id, ppm.pr_cycle_time as m from pull_requests pr join project_pr_metrics ppm on ppm.id = pr.id
join cicd_deployment_commits cdc on ppm.deployment_commit_id = cdc.id ${joined('pr.base_repo_id', 'repos')} and pr.merged_date is not null`,
        )
      )
        .map((one) => [one['id'], one['m']])
        .sort(),
    ).toEqual(ours.sort())
    expect(
      await inLake(
        `select pr_coding_time as c, pr_pickup_time as p, pr_review_time as r, pr_deploy_time as d, first_review_id as by_whom from project_pr_metrics where id = 'fairlead:acme/shop#2'`,
      ),
    ).toEqual([{ c: 60, p: 0, r: 60, d: 180, by_whom: 'r1' }])
  })

  test('people and teams by the accounts that rows name, and the constants of the boards', async () => {
    const identities = [
      { kind: 'email' as const, provider: '', value: 'ada@example.org' },
      { kind: 'login' as const, provider: 'github', value: 'ada' },
    ]
    roster = {
      ...roster,
      people: [{ id: 'p1', name: 'Ada', identities }],
      teams: [{ slug: 'pay', name: 'Payments', parent: null, members: ['p1'] }],
    }
    await run()
    const byTeam = (from: string, account: string) =>
      inLake(
        `select count(distinct x.${from === 'commits' ? 'sha' : 'id'}) as n from ${from} x join user_accounts ua on x.${account} = ua.account_id
join users u on ua.user_id = u.id join team_users tu on u.id = tu.user_id join teams t on tu.team_id = t.id where t.name = 'Payments'`,
      )
    expect([await byTeam('commits', 'author_id'), await byTeam('pull_requests', 'author_id')]).toEqual([[{ n: 3 }], [{ n: 3 }]])
    expect(await inLake('select dora_report as r, count(*) as n from dora_benchmarks group by 1 order by 1')).toEqual([
      { r: '2021', n: 4 },
      { r: '2023', n: 4 },
    ])
    expect(await inLake(`select month from calendar_months where month_timestamp = '2026-02-01'`)).toEqual([{ month: '26/02' }])
  })
})

describe('run again', () => {
  beforeEach(tellStory)

  test('it changes nothing, and everything again changes nothing but when it was written', async () => {
    const first = await run()
    expect(first.find((one) => one.table === 'cicd_deployment_commits')).toMatchObject({ rows: 4, written: 4, removed: 0 })
    const before = await whole()
    expect(changed(await run())).toEqual({})
    expect(await whole()).toEqual(before)
    const again = await run({ full: true })
    expect(again.filter((one) => one.written !== one.rows || one.removed > 0)).toEqual([])
    expect(await whole()).toEqual(before)
  })

  test('what is new or changed is written, what is gone is removed, and rows of others stay', async () => {
    await run()
    await mysql.run(`insert into repos (id, name) values ('github:GithubRepo:1:1', 'theirs')`)
    await world.tell(org, { deployments: [deployment(3, { outcome: 'failure' }), deployment(6)] })
    await world.analytics.run(`ALTER TABLE all_reviews DELETE WHERE org_id = toUUID('${org}')`)
    projects = [{ name: 'Mail', description: 'Letters', repositories: ['acme/mail'], services: [], settings: [] }]
    const more = changed(await run())
    expect(more).toMatchObject({ pull_request_comments: [0, 1], projects: [1, 1] })
    expect(more['cicd_deployments']?.[0]).toBeGreaterThan(1)
    expect(Object.keys(more)).not.toContain('commits')
    expect(await inLake(`select result from cicd_deployments where id in ('d3', 'd6') order by id`)).toEqual([
      { result: 'FAILURE' },
      { result: 'SUCCESS' },
    ])
    expect(await inLake(`select distinct project_name as p from project_mapping`)).toEqual([{ p: 'Mail' }])
    expect(await inLake(`select count(*) as n from repos where name = 'theirs'`)).toEqual([{ n: 1 }])
  })

  test('broken off anywhere and run again, it holds what an undisturbed one holds', { timeout: 300_000 }, async () => {
    await run()
    const undisturbed = await whole()
    for (const stop of [1, 5, 12]) {
      const own = await makeLake()
      const mine = mysql
      mysql = await own.open()
      const breaking = new AbortController()
      let steps = 0
      const broken = run({ signal: breaking.signal, page: 2, progress: () => void (++steps === stop && breaking.abort()) })
      await expect(broken).rejects.toThrow()
      expect(await inLake('select count(*) as n from fairlead_exports where finished_at is null')).toEqual([{ n: 1 }])
      await run({ page: 2 })
      expect(await whole()).toEqual(undisturbed)
      await mysql.close()
      mysql = mine
      await own.drop()
    }
  })

  test('two at once: the second waits, says who is at it when that lasts, and then has nothing to do', async () => {
    await run()
    const held = (seconds: number) =>
      mysql.run(
        `update migration_lock set owner = 'elsewhere:1 export x', expires_at = now(3) + interval ${seconds} second where name = 'export devlake'`,
      )
    await held(3600)
    await expect(run()).rejects.toMatchObject({
      code: 'schema-pending',
      message: expect.stringContaining('exporting (elsewhere:1 export') as string,
    })
    await held(2)
    expect(changed(await run())).toEqual({})
  })
})

describe('refused', () => {
  test('a lake of the other schema, and rows of another organization', async () => {
    await run()
    await expect(run({}, org, 'reference')).rejects.toMatchObject({
      code: 'conflict',
      help: expect.stringContaining('--schema devlake') as string,
    })
    await expect(run({}, world.org())).rejects.toMatchObject({
      code: 'conflict',
      help: expect.stringContaining('database of its own') as string,
    })
  })

  test('its migrations make the schema of their snapshot', async () => {
    const migrator = lakeMigrator(mysql, { actor: 'test' }, 'devlake')
    await migrator.up()
    await expect(await migrator.snapshot()).toMatchFileSnapshot('../../migrations/mysql-devlake/schema.snapshot.sql')
    expect(await migrator.verify()).toEqual({ matches: true, missing: [], unexpected: [] })
  })
})

test('the program: a project of the sample data; DevLake’s own database is refused', { timeout: 240_000 }, async () => {
  const data = await freshDirectory()
  const say = async (...args: string[]) => {
    const done = await fairlead(args, { data, env: { MYSQL_URI: lake.uri } })
    expect([args, done.code, done.code === 0 ? '' : done.stderr]).toEqual([args, 0, ''])
    return done.stdout
  }
  await say('demo')
  await say('projects', 'save', 'shop', '--repo', 'acme/shop')
  expect(await say('export', 'lake', '--schema', 'devlake')).toMatch(/cicd_deployment_commits +2,\d+ +2,\d+ +0/)
  expect(
    await inLake(
      `select count(distinct cdc.cicd_deployment_id) > 1000 as many from cicd_deployment_commits cdc join project_mapping pm on cdc.cicd_scope_id = pm.row_id and pm.\`table\` = 'cicd_scopes' where pm.project_name = 'shop'`,
    ),
  ).toEqual([{ many: 1 }])
  expect(await say('migrate', 'lake', 'status')).toContain('create_domain')
  await mysql.run('create table _devlake_migration_history (script_version bigint primary key)')
  const refused = await fairlead(['export', 'lake', '--schema', 'devlake'], { data, env: { MYSQL_URI: lake.uri } })
  expect([refused.code, refused.stderr.includes("DevLake's own")]).toEqual([1, true])
  await removeDirectory(data)
})
