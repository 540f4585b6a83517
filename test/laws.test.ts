import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { silentLog } from '../src/log.ts'
import { createDeriver } from '../src/measure/derive.ts'
import { measure, samples, type Asked } from '../src/measure/measure.ts'
import { baselineOf, windowOf } from '../src/measure/window.ts'
import type { MetricReply } from '../src/metric.ts'
import { createAsOf } from '../src/operate/as-of.ts'
import { openWorld, type World } from './world.ts'

// Hundreds of random histories: seconds on a quiet machine, and no fault of a busy one.
vi.setConfig({ testTimeout: 180_000 })

/** The laws of definitions §2, each on every metric where it can be, over random histories. A law that is broken fails here. */
const NOW = '2026-03-02T12:00:00.000Z'
const DAY = 86_400_000
let world: World
beforeAll(async () => {
  world = await openWorld(NOW)
})
afterAll(() => world.close())

const asked = (more: Partial<Asked> = {}, window = { days: 14, offset: 0 }): Asked => ({
  window: windowOf({ ...window, tz: 'UTC' }, world.clock.now()),
  environment: 'production',
  ...more,
})

async function all(org: string, one: Asked = asked()): Promise<Map<string, MetricReply>> {
  const replies = new Map<string, MetricReply>()
  for (const [id, metric] of world.registry.metrics) replies.set(id, await measure(world.analytics, org, id, metric, one))
  return replies
}

const history = fc.array(
  fc.record({
    kind: fc.constantFrom('deploy', 'deploy', 'deploy', 'deploy', 'rollback', 'incident_opened', 'incident_closed'),
    service: fc.constantFrom('api', 'web'),
    git_sha: fc.constantFrom('aaaaaaa', 'bbbbbbb', 'ccccccc', 'ddddddd'),
    succeeded: fc.boolean(),
    outcome: fc.option(fc.constantFrom('cancelled', 'skipped', 'running'), { nil: undefined, freq: 6 }),
    minute: fc.integer({ min: 0, max: 28 * 24 * 60 - 1 }),
    lead: fc.option(fc.integer({ min: -120, max: 5_000 }), { nil: undefined }),
    incident: fc.integer({ min: 0, max: 6 }),
  }),
  { minLength: 1, maxLength: 40 },
)
type History = typeof history extends fc.Arbitrary<infer T> ? T : never

function eventsOf(steps: History): Record<string, unknown>[] {
  const start = Date.parse(NOW) - 28 * DAY
  const iso = (minutes: number) => new Date(start + minutes * 60_000).toISOString()
  return steps.map((step, index) => ({
    id: `e${index}`,
    kind: step.kind,
    service: step.service,
    occurred_at: iso(step.minute),
    ...(step.kind.startsWith('incident') ? { ref_id: `i${step.incident}` } : { git_sha: step.git_sha }),
    ...(step.kind === 'deploy'
      ? { succeeded: step.succeeded, ...(step.outcome === undefined ? {} : { succeeded: true, outcome: step.outcome }) }
      : {}),
    ...(step.kind === 'deploy' && step.lead !== undefined ? { commit_at: iso(step.minute - step.lead) } : {}),
  }))
}

const holds = (law: (steps: History) => Promise<void>, runs = 25) =>
  fc.assert(fc.asyncProperty(history, law), { numRuns: runs, seed: 20_261_121 })

test('1. derived, never stored: dropping what is derived and making it again changes nothing', async () => {
  await holds(async (steps) => {
    const org = world.org()
    await world.events(org, eventsOf(steps))
    const before = await all(org)
    await world.rebuild(org)
    expect(await all(org)).toEqual(before)
  }, 6)
})

test('1. the order and the batches in which events arrive change nothing', async () => {
  await holds(async (steps) => {
    const [whole, shuffled] = [world.org(), world.org()]
    const events = eventsOf(steps)
    await world.events(whole, events)
    const mixed = events
      .map((event, index) => ({ event, key: (index * 7_919) % 31 }))
      .sort((a, b) => a.key - b.key)
      .map(({ event }) => event)
    for (let at = 0; at < mixed.length; at += 5) await world.events(shuffled, mixed.slice(at, at + 5))
    await world.events(shuffled, events.slice(0, 7))
    const strip = (replies: Map<string, MetricReply>) =>
      [...replies].map(([id, { value, n, baseline, coverage, series }]) => ({ id, value, n, baseline, coverage, series }))
    expect(strip(await all(shuffled))).toEqual(strip(await all(whole)))
  }, 12)
})

test('2. unknown is null with a reason, and never 0: with no source, before the first event, with no samples', async () => {
  const empty = await all(world.org())
  for (const [id, reply] of empty) {
    expect([id, reply.value, reply.why, reply.level?.name ?? null, reply.score]).toEqual([id, null, 'no_source', null, null])
    expect(reply.series.every((bucket) => bucket.value === null && bucket.why === 'no_source')).toBe(true)
  }
  await holds(async (steps) => {
    const org = world.org()
    await world.events(org, eventsOf(steps))
    for (const [id, reply] of await all(org)) {
      for (const figure of [reply, reply.baseline, ...reply.series]) expect([id, figure.value === null]).toEqual([id, figure.why !== null])
      // 0/0 is unknown; only a count may be 0 without a sample.
      if (reply.n === 0) expect([id, reply.value]).toEqual([id, id === 'deployment_frequency' && reply.why === null ? 0 : null])
    }
  })
  const nothing = await all(world.org(), asked({}, { days: 7, offset: 300 }))
  expect([...nothing.values()].every((reply) => reply.value === null)).toBe(true)
})

test('2. a source that tells other things does not make a metric known: not collected', async () => {
  const org = world.org()
  const metric = world.registry.metrics.get('deployment_frequency')
  if (metric === undefined) throw new Error('no metric')
  await world.events(org, [{ kind: 'deploy', service: 'api', occurred_at: '2026-03-01T10:00:00Z' }])
  const reply = await measure(world.analytics, org, 'deployment_frequency', { ...metric, needs: ['builds'] }, asked({ service: 'api' }))
  expect(reply.value).not.toBe(0)
  const before = await measure(
    world.analytics,
    org,
    'deployment_frequency',
    { ...metric, needs: ['builds'] },
    asked({ environment: 'staging' }),
  )
  expect([before.value, before.why]).toEqual([null, 'not_collected'])
})

test('3. no clamp: shares lie in 0–1 because they count distinct subjects; negative durations are kept out and counted', async () => {
  await holds(async (steps) => {
    const org = world.org()
    await world.events(org, eventsOf(steps))
    for (const [id, metric] of world.registry.metrics) {
      const reply = await measure(world.analytics, org, id, metric, asked())
      const { items } = await samples(world.analytics, org, id, metric, asked(), { limit: 1000 })
      if (reply.unit === 'share' && reply.value !== null) expect(reply.value).toBeGreaterThanOrEqual(0)
      if (reply.unit === 'share' && reply.value !== null) expect(reply.value).toBeLessThanOrEqual(1)
      const subjects = items.filter((one) => one.status === 'sample').map((one) => one.subject.id)
      expect([id, new Set(subjects).size]).toEqual([id, subjects.length])
      expect(items.some((one) => one.value !== null && one.value < 0)).toBe(false)
      const negative = items.filter((one) => one.reason === 'negative_duration').length
      expect(reply.coverage.reasons['negative_duration'] ?? 0).toBe(negative)
    }
  })
})

test('4. open things are censored: listed apart, with their age so far, never a 0 and never dropped', async () => {
  const org = world.org()
  await world.events(org, [
    { id: 'd1', kind: 'deploy', service: 'api', git_sha: 'aaaaaaa', occurred_at: '2026-03-02T10:00:00Z', succeeded: false },
    { id: 'd2', kind: 'deploy', service: 'web', git_sha: 'aaaaaaa', occurred_at: '2026-03-02T11:00:00Z', succeeded: false },
    { id: 'd3', kind: 'deploy', service: 'web', git_sha: 'bbbbbbb', occurred_at: '2026-03-02T11:10:00Z' },
    { kind: 'incident_opened', service: 'api', ref_id: 'i1', occurred_at: '2026-03-02T09:00:00Z' },
  ])
  for (const [id, age] of [
    ['failed_deployment_recovery_time', 7_200],
    ['time_to_restore', 10_800],
  ] as const) {
    const metric = world.registry.metrics.get(id)
    if (metric === undefined) throw new Error(id)
    const reply = await measure(world.analytics, org, id, metric, asked())
    const { items } = await samples(world.analytics, org, id, metric, asked(), { limit: 10, status: 'censored', now: world.clock.now() })
    expect(items.map((one) => [one.value, one.age])).toEqual([[null, age]])
    expect(reply.coverage.population - reply.coverage.samples).toBe(1)
    expect(reply.gaps.length).toBeGreaterThan(0)
  }
  expect((await all(org)).get('failed_deployment_recovery_time')).toMatchObject({ n: 1, value: 600 })
})

describe('5. the baseline never overlaps', () => {
  test('it is as long as the window and ends where the window begins', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 400, noNaN: true }), fc.double({ min: 0, max: 400, noNaN: true }), (days, offset) => {
        const window = windowOf({ days, offset, tz: 'UTC' }, Date.parse(NOW))
        const baseline = baselineOf(window)
        expect(baseline.to).toBe(window.from)
        expect(Date.parse(baseline.to) - Date.parse(baseline.from)).toBe(Date.parse(window.to) - Date.parse(window.from))
      }),
    )
  })

  test('no sample stands in both, and the baseline is what offset += days gives', async () => {
    await holds(async (steps) => {
      const org = world.org()
      await world.events(org, eventsOf(steps))
      for (const [id, metric] of world.registry.metrics) {
        const now = await measure(world.analytics, org, id, metric, asked({}, { days: 7, offset: 0 }))
        const before = await measure(world.analytics, org, id, metric, asked({}, { days: 7, offset: 7 }))
        const both = await measure(world.analytics, org, id, metric, asked({}, { days: 14, offset: 0 }))
        expect([id, now.baseline.value, now.baseline.n]).toEqual([id, before.value, before.n])
        expect([id, now.n + before.n]).toEqual([id, both.n])
      }
    }, 10)
  })
})

test('6. the median is the headline, exact and interpolated, with p75, p90, mean and n beside it', async () => {
  const exact = (sorted: readonly number[], share: number) => {
    const at = (sorted.length - 1) * share
    const low = sorted[Math.floor(at)] as number
    return low + ((sorted[Math.ceil(at)] as number) - low) * (at - Math.floor(at))
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 30 }), async (leads) => {
      const org = world.org()
      const end = Date.parse('2026-03-01T00:00:00Z')
      await world.events(
        org,
        leads.map((lead, index) => ({
          id: `d${index}`,
          kind: 'deploy',
          service: 'api',
          git_sha: `abc${1000 + index}`,
          occurred_at: new Date(end + index * 1000).toISOString(),
          commit_at: new Date(end + index * 1000 - lead * 1000).toISOString(),
        })),
      )
      const reply = (await all(org)).get('change_lead_time') as MetricReply
      const sorted = leads.toSorted((a, b) => a - b)
      expect(reply.n).toBe(leads.length)
      for (const [figure, share] of [
        [reply.value, 0.5],
        [reply.percentiles.p50, 0.5],
        [reply.percentiles.p75, 0.75],
        [reply.percentiles.p90, 0.9],
      ] as const) {
        expect(figure).toBeCloseTo(exact(sorted, share), 6)
      }
      expect(reply.mean).toBeCloseTo(leads.reduce((sum, lead) => sum + lead, 0) / leads.length, 6)
    }),
    { numRuns: 20, seed: 7 },
  )
})

test('7. late data restates: it counts when it occurred; as_of gives what was known at a time', async () => {
  const org = world.org()
  const parts = {
    analytics: world.analytics,
    registry: world.registry,
    configOf: async () => ({}),
    deriver: createDeriver({ analytics: world.analytics, clock: world.clock }),
    log: silentLog,
  }
  const asOf = createAsOf(parts)
  const week = windowOf({ from: '2026-02-09T00:00:00.000Z', to: '2026-02-16T00:00:00.000Z', tz: 'UTC' }, Date.parse(NOW))
  const failRate = async (of: string) => {
    const metric = world.registry.metrics.get('change_fail_rate')
    if (metric === undefined) throw new Error('no metric')
    const { value, n } = await measure(world.analytics, of, 'change_fail_rate', metric, { window: week, environment: 'production' })
    return { value, n }
  }
  const on = (day: string, event: Record<string, unknown>) => ({ received_at: `2026-02-${day}T12:00:00.000Z`, ...event })
  await world.events(org, [
    on('10', { id: 'd1', kind: 'deploy', service: 'api', git_sha: 'aaaaaaa', occurred_at: '2026-02-10T10:00:00Z' }),
    on('11', { id: 'd2', kind: 'deploy', service: 'api', git_sha: 'bbbbbbb', occurred_at: '2026-02-11T10:00:00Z' }),
  ])
  expect(await failRate(org)).toEqual({ value: 0, n: 2 })
  // Received ten days after it happened.
  await world.events(org, [
    on('21', { id: 'r1', kind: 'rollback', service: 'api', ref_id: 'd2', occurred_at: '2026-02-11T11:00:00Z' }),
    on('22', { id: 'd0', kind: 'deploy', service: 'api', git_sha: '9999999', occurred_at: '2026-02-09T10:00:00Z' }),
  ])
  expect(await failRate(org)).toEqual({ value: 1 / 3, n: 3 })
  expect(await failRate(await asOf.at(org, '2026-02-10T23:00:00.000Z'))).toEqual({ value: 0, n: 1 })
  expect(await failRate(await asOf.at(org, '2026-02-20T00:00:00.000Z'))).toEqual({ value: 0, n: 2 })
  expect(await failRate(await asOf.at(org, '2026-02-21T12:00:00.000Z'))).toEqual({ value: 1 / 2, n: 2 })
  expect(await failRate(await asOf.at(org, NOW))).toEqual({ value: 1 / 3, n: 3 })
  expect(await failRate(org)).toEqual({ value: 1 / 3, n: 3 })
  await asOf.clean()
})

test('8. cancelled, skipped and running attempts are in no denominator, and are listed', async () => {
  await holds(async (steps) => {
    const [org, without] = [world.org(), world.org()]
    const events = eventsOf(steps)
    await world.events(org, events)
    await world.events(
      without,
      events.filter((event) => event['outcome'] === undefined),
    )
    const known = await all(without)
    for (const [id, reply] of await all(org)) {
      // Without any other event there is no source, and what was 0 is unknown.
      const other = known.get(id) as MetricReply
      if (other.why !== 'no_source')
        expect([id, reply.value, reply.n, reply.coverage.population]).toEqual([id, other.value, other.n, other.coverage.population])
    }
    const metric = world.registry.metrics.get('change_fail_rate')
    if (metric === undefined) throw new Error('no metric')
    const { items } = await samples(world.analytics, org, 'change_fail_rate', metric, asked({}, { days: 28, offset: 0 }), {
      limit: 1000,
      status: 'listed',
    })
    expect(items).toHaveLength(events.filter((event) => event['outcome'] !== undefined).length)
  }, 12)
})
