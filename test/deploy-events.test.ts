import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { measure } from '../src/measure/measure.ts'
import { windowOf } from '../src/measure/window.ts'
import { statement } from '../src/store/statement.ts'
import { openWorld, type World } from './world.ts'

/** The table that people know from the tutorials is a view over the domain: their SQL runs on it, and agrees with the metrics. */
let world: World
let org: string
beforeAll(async () => {
  world = await openWorld()
  org = world.org()
  await world.events(org, [
    {
      id: 'd1',
      kind: 'deploy',
      service: 'api',
      git_sha: '4f2a9c1',
      commit_at: '2026-02-24T09:00:00Z',
      occurred_at: '2026-02-24T13:15:00Z',
    },
    {
      id: 'd2',
      kind: 'deploy',
      service: 'api',
      git_sha: '4f2a9c2',
      commit_at: '2026-02-25T08:00:00Z',
      occurred_at: '2026-02-25T09:00:00Z',
    },
    {
      id: 'd3',
      kind: 'deploy',
      service: 'worker',
      git_sha: '4f2a9c3',
      occurred_at: '2026-02-25T10:00:00Z',
      succeeded: false,
      environment: 'live',
    },
    { id: 'd4', kind: 'deploy', service: 'worker', git_sha: '4f2a9c4', occurred_at: '2026-02-25T11:00:00Z', outcome: 'cancelled' },
    { id: 'r1', kind: 'rollback', service: 'api', git_sha: '4f2a9c1', ref_id: 'd2', occurred_at: '2026-02-25T09:30:00Z' },
    { id: 'o1', kind: 'incident_opened', service: 'api', ref_id: 'i1', occurred_at: '2026-02-25T09:10:00Z' },
    { id: 'c1', kind: 'incident_closed', service: 'api', ref_id: 'i1', occurred_at: '2026-02-25T10:10:00Z' },
  ])
})
afterAll(() => world.close())

const of = (sql: string) => statement({ name: 'test.deploy_events', sql, row: z.record(z.string(), z.unknown()) })
const rows = (sql: string) => world.analytics.read(of(sql), sql.includes('{org') ? { org } : {})

test('it has the columns of the reference, a row an event, and no row for what was no finished attempt', async () => {
  const described = await rows(
    "SELECT name FROM system.columns WHERE table = 'deploy_events' AND database = currentDatabase() ORDER BY position",
  )
  expect(described.map((one) => one['name'])).toEqual([
    'id',
    'kind',
    'service',
    'git_sha',
    'environment',
    'succeeded',
    'commit_at',
    'ref_id',
    'occurred_at',
    'org_id',
  ])
  expect(
    await rows(
      'SELECT kind, service, git_sha, environment, succeeded, commit_at, ref_id, occurred_at FROM deploy_events WHERE org_id = {org:UUID} ORDER BY occurred_at',
    ),
  ).toEqual([
    {
      kind: 'deploy',
      service: 'api',
      git_sha: '4f2a9c1',
      environment: 'prod',
      succeeded: true,
      commit_at: '2026-02-24T09:00:00.000Z',
      ref_id: null,
      occurred_at: '2026-02-24T13:15:00.000Z',
    },
    {
      kind: 'deploy',
      service: 'api',
      git_sha: '4f2a9c2',
      environment: 'prod',
      succeeded: true,
      commit_at: '2026-02-25T08:00:00.000Z',
      ref_id: null,
      occurred_at: '2026-02-25T09:00:00.000Z',
    },
    {
      kind: 'incident_opened',
      service: 'api',
      git_sha: null,
      environment: 'prod',
      succeeded: true,
      commit_at: null,
      ref_id: 'i1',
      occurred_at: '2026-02-25T09:10:00.000Z',
    },
    {
      kind: 'rollback',
      service: 'api',
      git_sha: '4f2a9c1',
      environment: 'prod',
      succeeded: true,
      commit_at: null,
      ref_id: 'd2',
      occurred_at: '2026-02-25T09:30:00.000Z',
    },
    {
      kind: 'deploy',
      service: 'worker',
      git_sha: '4f2a9c3',
      environment: 'live',
      succeeded: false,
      commit_at: null,
      ref_id: null,
      occurred_at: '2026-02-25T10:00:00.000Z',
    },
    {
      kind: 'incident_closed',
      service: 'api',
      git_sha: null,
      environment: 'prod',
      succeeded: true,
      commit_at: null,
      ref_id: 'i1',
      occurred_at: '2026-02-25T10:10:00.000Z',
    },
  ])
})

test('the tutorial’s SQL agrees with the metrics', async () => {
  const figure = async (id: string) => {
    const metric = world.registry.metrics.get(id)
    if (metric === undefined) throw new Error(id)
    const window = windowOf({ from: '2026-02-23T00:00:00Z', to: '2026-03-02T00:00:00Z', tz: 'UTC' }, world.clock.now())
    return measure(world.analytics, org, id, metric, { window, environment: 'production' })
  }
  const inWindow = `org_id = {org:UUID} AND occurred_at >= '2026-02-23 00:00:00' AND occurred_at < '2026-03-02 00:00:00'`
  const [frequency] = await rows(`SELECT countIf(kind = 'deploy' AND succeeded) / 7 AS value FROM deploy_events WHERE ${inWindow}`)
  expect(frequency?.['value']).toBeCloseTo((await figure('deployment_frequency')).value as number, 12)
  const [lead] = await rows(
    `SELECT quantileExactInclusive(0.5)(dateDiff('second', assumeNotNull(commit_at), occurred_at)) AS value FROM deploy_events WHERE ${inWindow} AND kind = 'deploy' AND succeeded AND commit_at IS NOT NULL`,
  )
  expect(lead?.['value']).toBe((await figure('change_lead_time')).value)
  const [fails] = await rows(
    `SELECT countIf(kind = 'rollback' OR (kind = 'deploy' AND NOT succeeded)) / countIf(kind = 'deploy') AS value FROM deploy_events WHERE ${inWindow}`,
  )
  expect(fails?.['value']).toBe((await figure('change_fail_rate')).value)
  const [restore] =
    await rows(`SELECT quantileExactInclusive(0.5)(dateDiff('second', o.occurred_at, c.occurred_at)) AS value FROM deploy_events AS o
    INNER JOIN deploy_events AS c ON c.ref_id = o.ref_id AND c.kind = 'incident_closed' AND c.org_id = {org:UUID} WHERE o.kind = 'incident_opened' AND o.org_id = {org:UUID}`)
  expect(restore?.['value']).toBe((await figure('time_to_restore')).value)
})
