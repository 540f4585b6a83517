import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mysql } from '../../src/store/mysql.ts'
import { openPlace, tableOf, type Place } from './imported.ts'
import { givenMysql, makeLake, type OwnLake } from './own-lake.ts'
import { makeDatabase, type OwnDatabase } from './own-database.ts'

/** A table of events becomes figures: `fairlead import events`, from a real PostgreSQL and a real MySQL or MariaDB, with the real program. */
const TUTORIAL = readFileSync(join(import.meta.dirname, 'deploy-events.fixture.sql'), 'utf8')
const FEBRUARY = 'from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z'

/** Three attempts of which one failed and one was rolled back, and an incident of an hour. */
const STORY = `insert into deploy_events (kind, service, git_sha, environment, succeeded, commit_at, ref_id, occurred_at) values
  ('deploy', 'api', '4f2a9c1', 'prod', true, '2026-02-02 09:00:00', null, '2026-02-02 10:00:00'),
  ('deploy', 'api', '4f2a9c2', 'prod', true, '2026-02-03 07:00:00', null, '2026-02-03 10:00:00'),
  ('deploy', 'worker', '4f2a9c3', 'prod', false, null, null, '2026-02-04 10:00:00'),
  ('rollback', 'api', '4f2a9c1', 'prod', true, null, '2', '2026-02-03 11:00:00'),
  ('incident_opened', 'api', null, 'prod', true, null, 'i-1', '2026-02-03 10:10:00'),
  ('incident_closed', 'api', null, 'prod', true, null, 'i-1', '2026-02-03 11:10:00')`

let database: OwnDatabase
let lake: OwnLake
let mysql: Mysql
let at: Place
beforeAll(async () => {
  database = await makeDatabase()
  // A zone of the database must not decide what a moment is.
  await database.run(`alter database ${database.name} set timezone = 'UTC'`)
  await database.run(`${TUTORIAL} ${STORY}`)
  lake = await makeLake()
  mysql = await lake.open()
  at = await openPlace(
    { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1,localhost', MYSQL_URI: givenMysql() },
    { METRICS_URI: database.uri, LAKE_URI: lake.uri },
  )
}, 240_000)
afterAll(async () => {
  await at.close()
  await mysql.close()
  await lake.drop()
  await database.drop()
})

const FROM = ['events', '--from', 'env:METRICS_URI'] as const
const figure = (id: string, service: string) =>
  at.server.get<{ value: number | null; n: number }>(`/v1/metrics/${id}?${FEBRUARY}&service=${service}`)

describe('the table of the tutorial', { timeout: 240_000 }, () => {
  test('its figures are those that its rows give by hand, and a row is an event of the log', async () => {
    const report = await at.imported(...FROM)
    expect(report).toMatchObject({ source: 'deploy_events', missing: [] })
    expect(tableOf(report, 'deploy_events')).toMatchObject({ rows: 6, read: 6, taken: 6, skipped: 0 })
    expect(await figure('deployment_frequency', 'api')).toMatchObject({ n: 2 })
    expect(await figure('change_lead_time', 'api')).toMatchObject({ value: 2 * 3600, n: 2 })
    expect(await figure('change_fail_rate', 'api')).toMatchObject({ value: 1 / 2, n: 2 })
    expect(await figure('change_fail_rate', 'worker')).toMatchObject({ value: 1, n: 1 })
    expect(await figure('time_to_restore', 'api')).toMatchObject({ value: 3600, n: 1 })
    expect((await at.items('events')).map((one) => [one['id'], one['kind'], one['environment']])).toContainEqual([
      '5',
      'incident_opened',
      'prod',
    ])
  })

  test('again, and in full, it changes nothing', async () => {
    const before = await at.items('deployments')
    for (const args of [[], ['--full']]) expect(tableOf(await at.imported('events', ...args), 'deploy_events')).toMatchObject({ taken: 0 })
    expect(await at.items('deployments')).toEqual(before)
  })

  test('what is written later is read, also under an older time; a row that breaks a rule is named and left out', async () => {
    await database.run(`
      alter table deploy_events drop constraint deploy_events_kind_check, alter column occurred_at drop not null;
      insert into deploy_events (kind, service, occurred_at) values
        ('deploy', 'late', '2025-06-01T10:00:00Z'), ('deployed', 'late', '2026-02-05T10:00:00Z'), ('released', 'late', '2026-02-05T10:00:00Z'),
        ('deploy', 'late', '1999-01-01T00:00:00Z'), ('deploy', 'late', '2999-01-01T00:00:00Z'), ('deploy', 'late', null), ('deploy', '', now()),
        ('deploy', 'late', '2026-02-06T10:00:00Z')`)
    const report = tableOf(await at.imported('events'), 'deploy_events')
    expect(report).toMatchObject({ taken: 2, skipped: 6 })
    const named = Object.fromEntries(report?.reasons.map(({ reason, examples }) => [reason.slice(0, 21), examples]) ?? [])
    expect(named).toEqual({
      'occurred_at lies befo': ['10'],
      'occurred_at lies more': ['11'],
      'payload: kind: Invali': ['8', '9'],
      'payload: occurred_at:': ['12'],
      'payload: service: Too': ['13'],
    })
    expect(
      (await at.items('deployments'))
        .filter((one) => one['service'] === 'late')
        .map((one) => one['at'])
        .sort(),
    ).toEqual(['2025-06-01T10:00:00.000Z', '2026-02-06T10:00:00.000Z'])
  })
})

describe('other tables', { timeout: 240_000 }, () => {
  test('of other names, in another schema, with columns of their own', async () => {
    await database.run(`
      create schema audit;
      create table audit.shipped (event text primary key, kind text, app_name text, occurred_at timestamp, runner text, detail jsonb);
      insert into audit.shipped values
        ('a', 'deploy', 'web', '2026-02-07 10:00:00', 'k8s-2', '{"retries": 3}'), ('b', 'deploy', 'web', '2026-02-08 10:00:00', null, null);`)
    const named = ['--table', 'audit.shipped', '--column', 'id=event', 'service=app_name']
    const looked = await at.imported(...FROM, ...named, '--dry-run')
    expect(looked.missing).toEqual([
      'shipped has no git_sha: it is not known what was deployed.',
      'shipped has no environment: every row is taken for one of production.',
      'shipped has no succeeded: every attempt is taken for a success.',
      'shipped has no commit_at: lead times are known only where the commits are.',
      'shipped has no ref_id: an incident that is closed does not find the one that was opened.',
      'Kept as attributes: runner, detail.',
    ])
    expect(await at.imported(...FROM, ...named)).toMatchObject({ source: 'audit.shipped' })
    const event = (await at.items('events')).find((one) => one['id'] === 'a')
    expect(event).toMatchObject({
      service: 'web',
      occurred_at: '2026-02-07T10:00:00.000Z',
      attributes: { runner: 'k8s-2', detail: { retries: 3 } },
    })
    // How it is read is remembered; what is new is told by its time, a day back.
    await database.run(
      `insert into audit.shipped values ('0', 'deploy', 'web', '2026-02-07 12:00:00', null, null), ('c', 'deploy', 'web', '2026-02-09 10:00:00', null, null)`,
    )
    const again = tableOf(await at.imported('events', '--source', 'audit.shipped'), 'shipped')
    expect(again).toMatchObject({ taken: 2 })
    expect((await at.items('deployments')).filter((one) => one['service'] === 'web')).toHaveLength(4)
  })

  test('of a MySQL or a MariaDB', async () => {
    await mysql.run(
      'create table deploy_events (id bigint auto_increment primary key, kind varchar(20), service varchar(50), git_sha varchar(40), environment varchar(20), succeeded tinyint(1), commit_at datetime, ref_id varchar(50), occurred_at datetime(3))',
    )
    await mysql.run(STORY.replaceAll("'api'", "'mine'"))
    const from = ['events', '--from', 'env:LAKE_URI', '--source', 'mine']
    expect(tableOf(await at.imported(...from), 'deploy_events')).toMatchObject({ read: 6, taken: 6, skipped: 0 })
    expect(await figure('change_lead_time', 'mine')).toMatchObject({ value: 2 * 3600, n: 2 })
    await mysql.run(`insert into deploy_events (kind, service, succeeded, occurred_at) values ('deploy', 'mine', 0, '2026-02-10 10:00:00')`)
    expect(tableOf(await at.imported(...from), 'deploy_events')).toMatchObject({ taken: 1 })
    expect((await at.items('deployments')).find((one) => one['at'] === '2026-02-10T10:00:00.000Z')).toMatchObject({ outcome: 'failure' })
  })

  test('what cannot be read says how it could be, and leaves nothing behind', async () => {
    await database.run('create table odd (id int, what text)')
    for (const [args, says] of [
      [['--table', 'nowhere'], /no table nowhere.*--table/],
      [['--table', 'odd'], /no column kind, service, occurred_at.*--column kind=NAME/],
      [['--column', 'service=nothing'], /no column nothing/],
      [['--column', 'colour=blue'], /names one of id, kind/],
      [['--column', 'service'], /--column service=app_name/],
    ] as const) {
      const { code, stderr } = await at.say('import', ...FROM, '--source', 'wrong', ...args)
      expect([args, code, stderr.replaceAll('\n', ' ')]).toEqual([args, 2, expect.stringMatching(says)])
    }
    const { code, stderr } = await at.say('import', 'events', '--source', 'wrong', '--from', 'clickhouse://h/db')
    expect([code, stderr]).toEqual([2, expect.stringMatching(/postgresql:\/\/.*mysql:\/\//)])
    expect((await at.items('sources')).map((one) => one['name'])).not.toContain('wrong')
  })
})
