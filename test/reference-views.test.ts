import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { demoStory } from '../src/ingest/demo-story.ts'
import { removeSourceRows } from '../src/ingest/remove.ts'
import { RAW_TABLES } from '../src/lake/export-raw.ts'
import { measure, samples } from '../src/measure/measure.ts'
import { windowOf } from '../src/measure/window.ts'
import type { Metric } from '../src/metric.ts'
import { statement } from '../src/store/statement.ts'
import { openWorld, type World } from './world.ts'

/** The tables and views of the reference schema, as views of the analytics store. */
let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const rows = (org: string, sql: string) =>
  world.analytics.read(statement({ name: 'test.reference', sql, row: z.record(z.string(), z.unknown()) }), { org })
const figure = async (org: string, id: string) => {
  const metric = world.registry.metrics.get(id)
  if (metric === undefined) throw new Error(id)
  const window = windowOf({ from: '2025-01-01T00:00:00Z', to: '2026-03-02T12:00:00Z', tz: 'UTC' }, world.clock.now())
  return measure(world.analytics, org, id, metric, { window, environment: 'production' })
}

/** The columns of a table of the lake, as our migration of it says them. */
function lakeColumns(table: string): { name: string; type: string; required: boolean }[] {
  const file = readFileSync(join(import.meta.dirname, '..', 'migrations', 'mysql', '0001_create_lake.sql'), 'utf8')
  const body = new RegExp(`create table if not exists ${table} \\(\\n([^;]*?)\\n\\)`).exec(file)?.[1] ?? ''
  return [...body.matchAll(/^ {2}(?!index |unique )(\w+) ([a-z]+(?:\([\d,]+\))?)(.*)$/gm)].map(([, name = '', type = '', more = '']) => {
    return { name, type, required: /not null/.test(more) }
  })
}
/** How each type of the reference is said here. */
const SAID: readonly (readonly [RegExp, RegExp])[] = [
  [/^(varchar|text|mediumtext|longtext|longblob)/, /^String$/],
  [/^datetime\(3\)$/, /^DateTime64\(3, 'UTC'\)$/],
  [/^bigint$/, /^U?Int64$/],
  [/^int$/, /^U?Int32$/],
  [/^tinyint\(1\)$/, /^UInt8$/],
  [/^decimal\(10,2\)$/, /^Decimal\(10, 2\)$/],
]
const RAW = RAW_TABLES.map(([table]) => table)

test.each(['deployments', 'commits', 'incidents', 'cicd_deployments', 'project_metric_settings', 'dora_benchmarks', ...RAW])(
  '%s has the columns of the lake, by name, in order and of their types',
  async (table) => {
    const wanted = lakeColumns(table)
    const found = await rows(
      world.org(),
      `SELECT name, type FROM system.columns WHERE table = '${table}' AND database = currentDatabase() ORDER BY position`,
    )
    expect(wanted.length).toBeGreaterThan(5)
    const behind = table === 'project_metric_settings' || table === 'dora_benchmarks' ? ['org_id'] : ['org_id', 'source']
    expect(found.map((one) => one['name'])).toEqual([...wanted.map((one) => one.name), ...behind])
    for (const [index, { name, type, required }] of wanted.entries()) {
      const own = String(found[index]?.['type']).replace(/^LowCardinality\((.*)\)$/, '$1')
      const plain = /^Nullable\((.*)\)$/.exec(own)?.[1] ?? own
      const said = SAID.find(([theirs]) => theirs.test(type))?.[1]
      expect(said?.test(plain), `${name} ${type}: ${plain}`).toBe(true)
      if (required) expect(own, name).toBe(plain)
    }
  },
)

test('what the tools said: word for word, once, without what was removed with its source, and nothing of others', async () => {
  const [org, other] = [world.org(), world.org()]
  const item = (connector: string, stream: string, id: string) => ({ connector, stream, id, payload: { ä: `${stream} "${id}"` } })
  const all = RAW_TABLES.map(([, connector, stream]) => item(connector, stream, '1'))
  await world.apply(org, all)
  await world.apply(org, all)
  await world.apply(org, [{ ...item('jenkins', 'jobs', '2'), source: 'second' }])
  await world.apply(other, [item('jenkins', 'jobs', '3')])
  for (const [table, , stream] of RAW_TABLES.filter(([name]) => name !== '_raw_jenkins_jobs'))
    expect(
      (await rows(org, `SELECT data FROM ${table} WHERE org_id = {org:UUID}`)).map((one) => one['data']),
      table,
    ).toEqual([JSON.stringify({ ä: `${stream} "1"` })])
  const jobs = () => rows(org, 'SELECT params, source, url, input FROM _raw_jenkins_jobs WHERE org_id = {org:UUID} ORDER BY id')
  expect(await jobs()).toEqual([
    { params: '{"fairlead_source":"jenkins"}', source: 'jenkins', url: null, input: null },
    { params: '{"fairlead_source":"second"}', source: 'second', url: null, input: null },
  ])
  await removeSourceRows(world.analytics, org, 'second')
  expect(await jobs()).toHaveLength(1)
})

describe('of the sample data', () => {
  let org: string
  beforeAll(async () => {
    org = world.org()
    await world.events(org, demoStory(world.clock.now()) as unknown as Record<string, unknown>[])
  })

  test('the views as they are published, run here on the tables of those names, say what ours say', async () => {
    const published = readFileSync(join(import.meta.dirname, 'servers', 'reference-schema.fixture.sql'), 'utf8')
    const views = [...published.matchAll(/^CREATE VIEW (\w+) AS\n([^]*?)(?=^--next$)/gm)]
    expect(views).toHaveLength(4)
    const tables = ['deployments', 'commits', 'incidents'].map(
      (table) => `${table} AS (SELECT * FROM ${world.analytics.database}.${table} WHERE org_id = {org:UUID})`,
    )
    for (const [, view = '', select = ''] of views) {
      // How long something took: TIMESTAMPDIFF counts seconds and minutes that have passed in MySQL and in ours, and here the ends of them.
      const took = /_(seconds|minutes)$/
      const [theirs, ours] = await Promise.all(
        [`WITH ${tables.join(', ')} SELECT * FROM (${select})`, `SELECT * EXCEPT (org_id) FROM ${view} WHERE org_id = {org:UUID}`].map(
          (sql) => rows(org, `${sql} ORDER BY 1, 2, 3`),
        ),
      )
      expect(theirs?.length, view).toBeGreaterThan(3)
      const rest = (all: Record<string, unknown>[] = []) =>
        all.map((row) => Object.entries(row).map(([name, value]) => (took.test(name) ? name : [name, value])))
      expect(rest(theirs), view).toEqual(rest(ours))
      const off = (theirs ?? []).flatMap((row, index) =>
        Object.entries(row).flatMap(([name, value]) => (took.test(name) ? [Math.abs(Number(value) - Number(ours?.[index]?.[name]))] : [])),
      )
      expect(Math.max(0, ...off), view).toBeLessThanOrEqual(1)
    }
  })

  test('deployment frequency agrees', async () => {
    const [found] = await rows(org, 'SELECT sum(deployment_count) AS n FROM v_dora_deployment_frequency WHERE org_id = {org:UUID}')
    expect(Number(found?.['n'])).toBe((await figure(org, 'deployment_frequency')).n)
    expect(Number(found?.['n'])).toBeGreaterThan(500)
  })

  test('lead time agrees, deployment by deployment; the reference also counts what is a gap here: an end before the beginning, and a time that only another deployment of the commit told', async () => {
    const asked = {
      window: windowOf({ from: '2025-01-01T00:00:00Z', to: '2026-03-02T12:00:00Z', tz: 'UTC' }, world.clock.now()),
      environment: 'production',
    }
    const metric = world.registry.metrics.get('change_lead_time') as Metric
    const { items } = await samples(world.analytics, org, 'change_lead_time', metric, asked, { limit: 10_000 })
    const found = await rows(org, 'SELECT deployment_id, lead_time_seconds FROM v_dora_lead_time WHERE org_id = {org:UUID}')
    const bySeconds = new Map(found.map((one) => [one['deployment_id'], Number(one['lead_time_seconds'])]))
    const sampled = items.filter((one) => one.status === 'sample')
    expect(sampled.length).toBeGreaterThan(1_000)
    expect(sampled.filter((one) => bySeconds.get(one.subject.id) !== Math.trunc(one.value as number))).toEqual([])
    const known = new Set(sampled.map((one) => one.subject.id))
    const gaps = new Map(items.filter((one) => one.status === 'missing').map((one) => [one.subject.id, one.reason]))
    const more = found.filter((one) => !known.has(String(one['deployment_id'])))
    expect(new Set(more.map((one) => gaps.get(String(one['deployment_id']))))).toEqual(new Set(['no_commit', 'negative_duration']))
  })

  test('change failure rate: failed outcomes over attempts; what a rollback or an incident tells is not in it', async () => {
    const [found] = await rows(
      org,
      'SELECT sum(total_deployments) AS total, sum(failed_deployments) AS failed FROM v_dora_cfr WHERE org_id = {org:UUID}',
    )
    const [own] = await rows(
      org,
      `SELECT countIf(outcome = 'failure') AS failed, countIf(outcome IN ('success', 'failure')) AS finished, countIf(outcome = 'cancelled') AS cancelled
      FROM all_attempts FINAL WHERE org_id = {org:UUID} AND environment = 'production'`,
    )
    expect(Number(found?.['failed'])).toBe(Number(own?.['failed']))
    expect(Number(found?.['total'])).toBe(Number(own?.['finished']) + Number(own?.['cancelled']))
    const rate = Number(found?.['failed']) / Number(found?.['total'])
    expect(rate).toBeLessThanOrEqual((await figure(org, 'change_fail_rate')).value as number)
  })

  test('time to restore agrees where each incident has one of the three severities', async () => {
    const [found] = await rows(
      org,
      "SELECT count() AS n, quantileExactInclusive(0.5)(dateDiff('millisecond', incident_created, incident_resolved)) / 1000 AS median FROM v_dora_mttr WHERE org_id = {org:UUID}",
    )
    const { n, value } = await figure(org, 'time_to_restore')
    expect([Number(found?.['n']), found?.['median']]).toEqual([n, value])
  })
})

describe('what is not plain', () => {
  test('a short revision is completed; a commit in two repositories is one row; the one before it; severities; nothing of others', async () => {
    const [org, other] = [world.org(), world.org()]
    const sha = 'abcdef1234567890abcdef1234567890abcdef12'
    const commit = { sha, authored_at: '2026-02-01T08:00:00.000Z', committed_at: '2026-02-01T08:00:00.000Z', subject: 'One' }
    await world.tell(org, {
      commits: [
        { ...commit, repository: 'acme/a' },
        { ...commit, repository: 'acme/b' },
      ],
    })
    await world.tell(other, { commits: [{ ...commit, sha: sha.replace(/2$/, '3'), repository: 'acme/a' }] })
    await world.events(org, [
      { id: 'd1', kind: 'deploy', service: 'api', git_sha: 'abcdef1', occurred_at: '2026-02-01T10:00:00Z' },
      { id: 'd2', kind: 'deploy', service: 'api', git_sha: 'abcdef1', occurred_at: '2026-02-02T10:00:00Z', succeeded: false },
      { id: 'd3', kind: 'deploy', service: 'api', git_sha: sha, occurred_at: '2026-02-03T10:00:00Z' },
      { id: 'd4', kind: 'deploy', service: 'api', git_sha: sha, occurred_at: '2026-02-04T10:00:00Z', outcome: 'cancelled' },
      { id: 'd5', kind: 'deploy', service: 'api', git_sha: sha, occurred_at: '2026-02-04T11:00:00Z', outcome: 'skipped' },
      ...['SEV-1', 'P2', 'minor', 'weird'].flatMap((severity, n) => [
        { kind: 'incident_opened', service: 'api', ref_id: `i${n}`, severity, occurred_at: `2026-02-05T0${n}:00:00Z` },
        { kind: 'incident_closed', service: 'api', ref_id: `i${n}`, occurred_at: `2026-02-05T0${n}:59:59.999Z` },
      ]),
    ])
    expect(
      await rows(
        org,
        'SELECT id, result, commit_sha, prev_success_deployment_commit_id AS before FROM deployments WHERE org_id = {org:UUID} ORDER BY finished_date',
      ),
    ).toEqual([
      { id: 'd1', result: 'SUCCESS', commit_sha: sha, before: null },
      { id: 'd2', result: 'FAILURE', commit_sha: sha, before: null },
      { id: 'd3', result: 'SUCCESS', commit_sha: sha, before: 'd1' },
      { id: 'd4', result: 'ABORTED', commit_sha: sha, before: null },
    ])
    expect(
      await rows(org, 'SELECT deployment_id, lead_time_minutes FROM v_dora_lead_time WHERE org_id = {org:UUID} ORDER BY deployment_id'),
    ).toMatchObject([
      { deployment_id: 'd1', lead_time_minutes: '120' },
      { deployment_id: 'd3', lead_time_minutes: '3000' },
    ])
    expect(await rows(org, 'SELECT count() AS n FROM commits WHERE org_id = {org:UUID}')).toEqual([{ n: '1' }])
    expect(
      await rows(
        org,
        'SELECT severity, priority, lead_time_minutes AS minutes, status FROM incidents WHERE org_id = {org:UUID} ORDER BY created_date',
      ),
    ).toEqual([
      { severity: 'high', priority: 'SEV-1', minutes: '59', status: 'DONE' },
      { severity: 'medium', priority: 'P2', minutes: '59', status: 'DONE' },
      { severity: 'low', priority: 'minor', minutes: '59', status: 'DONE' },
      { severity: 'weird', priority: 'weird', minutes: '59', status: 'DONE' },
    ])
    expect(
      await rows(org, 'SELECT total_deployments AS total, failed_deployments AS failed FROM v_dora_cfr WHERE org_id = {org:UUID}'),
    ).toEqual([{ total: '4', failed: '1' }])
  })
})
