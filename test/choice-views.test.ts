import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentLog } from '../src/log.ts'
import { openBenchmarks, type BenchmarkRow } from '../src/settings/benchmarks.ts'
import { createChoiceCopy } from '../src/settings/choice-copy.ts'
import { openProjects } from '../src/settings/projects.ts'
import { openSettings } from '../src/settings/setting-book.ts'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import type { Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { resolveStores } from '../src/store/store-uri.ts'
import { createClickHouse } from './clickhouse-process.ts'
import { addOrganization, openSemanticStore } from './semantic-store.ts'
import { migrateClickhouse, openWorld, type World } from './world.ts'

/** What an organization chooses, in a real PostgreSQL, as views of the real analytics engine. */
let store: Awaited<ReturnType<typeof openSemanticStore>>
let semantic: Semantic
let world: World
let parts: ReturnType<typeof opened>
beforeAll(async () => {
  store = await openSemanticStore()
  semantic = store.semantic
  world = await openWorld()
  parts = opened(world.analytics)
})
afterAll(async () => {
  await parts.copy.stop()
  await world.close()
  await store.close()
})

const audited = async () => {}
/** As the composition root does it. */
function opened(analytics: Analytics, log = silentLog) {
  const copy = createChoiceCopy({ semantic, analytics, log })
  const chosen = { semantic, clock: world.clock, changed: (org: string) => copy.write(org) }
  const settings = openSettings(chosen)
  return { copy, settings, projects: openProjects(chosen), benchmarks: openBenchmarks({ ...chosen, settings }) }
}
const newOrg = () => addOrganization(semantic, world.org())
const ask = (analytics: Analytics, org: string, sql: string) =>
  analytics.read(statement({ name: 'test.choices', sql, row: z.record(z.string(), z.unknown()) }), { org })
const options = (org: string, analytics = world.analytics) =>
  ask(
    analytics,
    org,
    'SELECT project_name AS project, plugin_option AS options, enable FROM project_metric_settings WHERE org_id = {org:UUID} ORDER BY 1',
  )
const levels = (org: string, metric = 'change_failure_rate') =>
  ask(
    world.analytics,
    org,
    `SELECT performance_level AS level, min_value AS min, max_value AS max, unit FROM dora_benchmarks WHERE org_id = {org:UUID} AND metric_name = '${metric}' ORDER BY min_value`,
  )
const versions = async (org: string) =>
  (await ask(world.analytics, org, 'SELECT version FROM all_choices WHERE org_id = {org:UUID}')).length
const project = (name: string) => ({ name, description: null, repositories: [], services: ['api'] })
const optionsOf = async (org: string, name: string, given: unknown, enabled = true, of = parts) => {
  await of.projects.save(org, project(name), audited)
  await of.projects.saveSettings(org, name, { plugin: 'dora', options: given, enabled }, audited)
}
const SHARE: Omit<BenchmarkRow, 'level' | 'min' | 'max'> = { metric: 'change_fail_rate', unit: 'share' }
const own = (bound: number): BenchmarkRow[] => [
  { ...SHARE, level: 'elite', min: null, max: bound },
  { ...SHARE, level: 'low', min: bound, max: null },
]
const query = (sql: string, params: Record<string, string>) => semantic.query(statement({ name: 'test.behind', sql, row: noRow }), params)

test('options of projects: what is saved is seen, what is changed changes, with its project it goes', async () => {
  const org = await newOrg()
  await optionsOf(org, 'shop', { cfr: { window_days: 30 } })
  await optionsOf(org, 'ledger', { deployment_frequency: { environment: 'staging' } }, false)
  expect(await options(org)).toEqual([
    { project: 'ledger', options: '{"deployment_frequency":{"environment":"staging"}}', enable: 0 },
    { project: 'shop', options: '{"cfr":{"window_days":30}}', enable: 1 },
  ])
  const [before] = await ask(
    world.analytics,
    org,
    `SELECT id, updated_at FROM project_metric_settings WHERE org_id = {org:UUID} AND project_name = 'shop'`,
  )
  expect(before?.['updated_at']).toBe(new Date(world.clock.now()).toISOString())
  await optionsOf(org, 'shop', { cfr: { window_days: 7 } })
  await parts.projects.remove(org, 'ledger', audited)
  expect(await options(org)).toEqual([{ project: 'shop', options: '{"cfr":{"window_days":7}}', enable: 1 }])
  // The number of a row is that of its key, whatever else there is.
  expect(await ask(world.analytics, org, 'SELECT id FROM project_metric_settings WHERE org_id = {org:UUID}')).toEqual([
    { id: before?.['id'] },
  ])
  await parts.projects.remove(org, 'shop', audited)
  expect(await options(org)).toEqual([])
})

test('levels: those of the default edition, a published one or one of its own, as soon as it is chosen', async () => {
  const org = await newOrg()
  await parts.copy.write(org)
  expect(await levels(org)).toEqual([
    { level: 'elite', min: 0, max: 5, unit: 'percent' },
    { level: 'medium', min: 5, max: 10, unit: 'percent' },
    { level: 'high', min: 10, max: 20, unit: 'percent' },
    { level: 'low', min: 20, max: null, unit: 'percent' },
  ])
  expect((await levels(org, 'deployment_frequency')).length).toBe(4)
  await parts.benchmarks.save(org, 'ours', own(0.25), audited)
  expect((await levels(org)).length).toBe(4)
  await parts.settings.set(org, 'default_edition', 'ours', 'me', audited)
  expect(await levels(org)).toEqual([
    { level: 'elite', min: 0, max: 25, unit: 'percent' },
    { level: 'low', min: 25, max: null, unit: 'percent' },
  ])
  await parts.benchmarks.save(org, 'ours', own(0.125), audited)
  expect((await levels(org))[0]).toEqual({ level: 'elite', min: 0, max: 12.5, unit: 'percent' })
  expect(await levels(org, 'mttr')).toEqual([])
  await parts.settings.set(org, 'default_edition', null, 'me', audited)
  expect((await levels(org)).length).toBe(4)
})

test('a bound that the type cannot hold stands at its end, and does not stop the copy', async () => {
  const org = await newOrg()
  const far = 1e13
  const rows: BenchmarkRow[] = [
    { metric: 'time_to_restore', level: 'elite', min: null, max: far, unit: 'seconds' },
    { metric: 'time_to_restore', level: 'low', min: far, max: null, unit: 'seconds' },
  ]
  await parts.benchmarks.save(org, 'far', rows, audited)
  await parts.settings.set(org, 'default_edition', 'far', 'me', audited)
  await parts.copy.mend(org)
  expect((await levels(org, 'mttr')).map((one) => one['max'])).toEqual([99_999_999.99, null])
})

test('nothing of one organization is seen by another, or changes its copy', async () => {
  const [org, other] = [await newOrg(), await newOrg()]
  await optionsOf(org, 'shop', { cfr: { window_days: 30 } })
  await optionsOf(other, 'shop', { cfr: { window_days: 1 } })
  const before = await versions(other)
  await parts.projects.remove(org, 'shop', audited)
  expect(await options(org)).toEqual([])
  expect(await options(other)).toEqual([{ project: 'shop', options: '{"cfr":{"window_days":1}}', enable: 1 }])
  expect(await versions(other)).toBe(before)
})

test('what changed nothing is no new copy; old copies go', async () => {
  const org = await newOrg()
  await optionsOf(org, 'shop', {})
  const before = await versions(org)
  await parts.projects.save(org, { ...project('shop'), description: 'Sells.' }, audited)
  await parts.copy.mend()
  expect(await versions(org)).toBe(before)
  for (let days = 1; days <= 20; days++) await optionsOf(org, 'shop', { cfr: { window_days: days } })
  expect(await versions(org)).toBeLessThan(18)
  expect(await options(org)).toEqual([{ project: 'shop', options: '{"cfr":{"window_days":20}}', enable: 1 }])
})

test('changes at the same time, also of two processes, end in a copy of what stands', async () => {
  const org = await newOrg()
  const second = opened(world.analytics)
  await optionsOf(org, 'shop', {})
  await Promise.all(
    Array.from({ length: 24 }, (_, n) => optionsOf(org, `p${n % 6}`, { cfr: { window_days: n + 1 } }, true, n % 2 === 0 ? parts : second)),
  )
  const stored = await parts.projects.list(org)
  const wanted = stored.flatMap(({ name, settings }) =>
    settings.map((one) => ({ project: name, options: JSON.stringify(one.options), enable: 1 })),
  )
  expect(await options(org)).toEqual(wanted)
  await second.copy.stop()
})

describe('made whole', () => {
  test('what a process left behind, and what a backup of the semantic store took back', async () => {
    const org = await newOrg()
    await optionsOf(org, 'shop', { cfr: { window_days: 30 } })
    await query(`UPDATE project_metric_settings SET plugin_option = '{"cfr": {"window_days": 3}}' WHERE org_id = {org:uuid}`, { org })
    await parts.copy.mend()
    expect(await options(org)).toEqual([{ project: 'shop', options: '{"cfr":{"window_days":3}}', enable: 1 }])
    // A clock that was put back: the copy is newer than anything that comes.
    await world.analytics.insert(
      'all_choices',
      ['org_id', 'version', 'digest'],
      [{ org_id: org, version: '9000000000000000', digest: 'x' }],
    )
    expect(await options(org)).toEqual([])
    await parts.copy.mend()
    expect(await options(org)).toHaveLength(1)
    await query('DELETE FROM organizations WHERE id = {org:uuid}', { org })
    await parts.copy.mend()
    expect([await options(org), await levels(org)]).toEqual([[], []])
  })

  test('a copy that was cut off before its end is not seen, and is written again', async () => {
    const org = await newOrg()
    await optionsOf(org, 'shop', {})
    const row = { org_id: org, version: '8999999999999999', project_name: 'half', plugin_name: 'dora', plugin_option: '{}', enable: 1 }
    await world.analytics.insert('all_project_metric_settings', Object.keys(row), [row])
    expect((await options(org)).map((one) => one['project'])).toEqual(['shop'])
    await optionsOf(org, 'more', {})
    expect((await options(org)).map((one) => one['project'])).toEqual(['more', 'shop'])
  })

  test('a change while the analytics store is away is kept, and seen soon after it is back', { timeout: 120_000 }, async () => {
    const server = await createClickHouse()
    const target = resolveStores({
      CLICKHOUSE_URI: server.uri,
      POSTGRES_URI: undefined,
      DATABASE_URI: undefined,
      DATABASE_URL: undefined,
    }).analytics
    if (target === null) throw new Error(server.uri)
    const analytics = await openAnalytics({ kind: 'server', ...target })
    await migrateClickhouse(analytics)
    const warned: string[] = []
    const log = { ...silentLog, warn: (event: string) => void warned.push(event) }
    const remote = opened(analytics, log)
    const org = await newOrg()
    await optionsOf(org, 'shop', { cfr: { window_days: 30 } }, true, remote)
    await server.stop()
    await optionsOf(org, 'shop', { cfr: { window_days: 5 } }, true, remote)
    await remote.projects.save(org, project('other'), audited)
    expect(warned).toContain('choices.behind')
    await server.start()
    await expect
      .poll(() => options(org, analytics).catch(() => null), { timeout: 60_000, interval: 250 })
      .toEqual([{ project: 'shop', options: '{"cfr":{"window_days":5}}', enable: 1 }])
    await remote.copy.stop()
    await analytics.close()
    await server.remove()
  })
})
