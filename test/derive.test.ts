import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instant } from '../src/clock.ts'
import { applyBatch } from '../src/ingest/apply.ts'
import { silentLog } from '../src/log.ts'
import { createDeriver, DERIVE_RULES, type Deriver, type DeriveRules } from '../src/measure/derive.ts'
import type { Analytics } from '../src/store/analytics.ts'
import { openWorld, type World } from './world.ts'

/**
 * What is derived out of a change alone equals what is derived out of everything: after every batch of a random history, in whatever order
 * its events arrive, a rebuild finds nothing to write.
 */
const NOW = '2026-03-02T12:00:00.000Z'
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
let world: World
beforeAll(async () => {
  world = await openWorld(NOW)
})
afterAll(() => world.close())

const history = fc.array(
  fc.record({
    kind: fc.constantFrom('deploy', 'deploy', 'deploy', 'deploy', 'deploy', 'rollback', 'incident_opened', 'incident_closed'),
    service: fc.constantFrom('api', 'api', 'web'),
    /** Few revisions run again and again, which is what makes rollbacks; many are what is usual. */
    revision: fc.oneof(
      fc.constantFrom('aaaaaaa', 'bbbbbbb', 'ccccccc'),
      fc.integer({ min: 0, max: 999 }).map((n) => `d${String(n).padStart(6, '0')}`),
    ),
    unsaid: fc.nat(9).map((n) => n === 0),
    outcome: fc.constantFrom('success', 'success', 'success', 'success', 'failure', 'cancelled', 'running'),
    /** Minutes since the one before; and how many minutes late it arrives, which are days where it is late. */
    step: fc.nat(3 * 60),
    late: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(4 * 24 * 60) }),
    /** What it names: nothing, one of the deployments before it, or one that nobody knows. */
    names: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.integer({ min: -1, max: 40 }) }),
    incident: fc.nat(5),
    /** The same deployment told again, with another outcome or another time. */
    again: fc.nat(11).map((n) => n === 0),
    unplanned: fc.constantFrom(undefined, undefined, undefined, true, false),
    /** Whether a batch ends here. */
    ends: fc.nat(3).map((n) => n === 0),
  }),
  { minLength: 30, maxLength: 110 },
)
type Steps = typeof history extends fc.Arbitrary<infer T> ? T : never

/** In a calm history hardly anything is named, told again or late: most of it goes the short way. A wild one seeks the cases where it must not. */
function batchesOf(wild: boolean, given: Steps): Record<string, unknown>[][] {
  const steps = wild
    ? given
    : given.map((step, index) => (index % 9 === 0 ? step : { ...step, names: null, again: false, late: 0, unsaid: false }))
  let now = Date.parse(NOW) - 60 * DAY
  const told: string[] = []
  const batches: Record<string, unknown>[][] = [[]]
  steps.forEach((step, index) => {
    now += step.step * MINUTE
    const named = step.names === null ? undefined : step.names < 0 ? 'unknown' : told.at(-1 - step.names)
    const event: Record<string, unknown> = {
      id: `e${index}`,
      kind: step.kind,
      service: step.service,
      occurred_at: instant(now - step.late * MINUTE),
    }
    if (!step.unsaid) event['git_sha'] = step.revision
    if (step.kind === 'deploy') {
      event['deployment_id'] = (step.again ? told.at(-1) : undefined) ?? `d${index}`
      if (!step.again) told.push(`d${index}`)
      event['outcome'] = step.outcome
      event['succeeded'] = step.outcome !== 'failure'
      event['commit_at'] = instant(now - step.late * MINUTE - 90 * MINUTE)
      if (step.unplanned !== undefined) event['unplanned'] = step.unplanned
    } else if (step.kind === 'rollback') {
      if (named !== undefined) event['ref_id'] = named
      event['deployment_id'] = `r${index}`
      told.push(`r${index}`)
    } else {
      // Most incidents say nothing about their cause.
      if (step.names === null || step.names % 2 === 0) delete event['git_sha']
      if (named !== undefined && step.names !== 1) event['deployment_id'] = named
      event['ref_id'] = `${step.service}-${step.incident}`
    }
    batches.at(-1)?.push(event)
    if (step.ends) batches.push([])
  })
  return batches.filter((batch) => batch.length > 0)
}

let seq = 0
async function applyAndDerive(org: string, deriver: Deriver, events: readonly Record<string, unknown>[]): Promise<void> {
  const records = events.map((event) => {
    const payload = Buffer.from(JSON.stringify(event))
    const digest = createHash('sha256').update(payload).digest('hex')
    const from = { org, source: 'events', connector: 'events', stream: 'events', received_at: instant(Date.parse(NOW) + ++seq) }
    return { ...from, seq, id: String(event['id']), at: null, headers: null, payload, digest, chain: '0'.repeat(64) }
  })
  const { analytics, registry } = world
  const { changes } = await applyBatch({ analytics, registry, configOf: async () => ({}), log: silentLog }, records)
  for (const { scopes, repositories, unplacedIncidents } of changes.values())
    await deriver.derive(org, { scopes: [...scopes.values()], repositories: [...repositories], unplacedIncidents })
}

/** The engine, counting which way was taken. */
function counted(analytics: Analytics): { analytics: Analytics; ways: { short: number; whole: number } } {
  const ways = { short: 0, whole: 0 }
  const readAsWriter: Analytics['readAsWriter'] = (statement, params = {}) => {
    if (statement.name === 'derive.deployments') ways[String(params['from']).startsWith('1900') ? 'whole' : 'short']++
    return analytics.readAsWriter(statement, params)
  }
  return { analytics: { ...analytics, readAsWriter }, ways }
}

/** What a rebuild would write, as text. */
async function rebuilt(org: string, rulesOf: () => Promise<DeriveRules>): Promise<string[]> {
  const written: string[] = []
  const insert: Analytics['insert'] = async (table, _, rows) => {
    for (const { seen_at, ...row } of rows)
      written.push(`${table} ${JSON.stringify(row)} ${seen_at === undefined ? 'without' : 'with'} a stamp`)
  }
  await createDeriver({ analytics: { ...world.analytics, insert }, clock: world.clock, rulesOf }).rebuild(org)
  return written
}

test(
  'after every batch, what was derived out of the change is what a rebuild derives out of everything',
  { timeout: 240_000 },
  async () => {
    const { analytics, ways } = counted(world.analytics)
    // Whatever the organization has chosen.
    let rules = DERIVE_RULES
    const rulesOf = async () => rules
    const deriver = createDeriver({ analytics, clock: world.clock, rulesOf, wholeUpTo: 0, spansMs: [DAY / 2, DAY, 2 * DAY] })
    let proven = 0
    let batches = 0
    await fc.assert(
      fc.asyncProperty(fc.boolean(), history, fc.constantFrom(24, 24, 1, 72, 240), async (wild, steps, hours) => {
        rules = { ...DERIVE_RULES, incidentLinkWindowMs: hours * 60 * MINUTE }
        const org = world.org()
        for (const batch of batchesOf(wild, steps)) {
          const before = ways.whole
          await applyAndDerive(org, deriver, batch)
          if (ways.whole === before) proven++
          batches++
          expect(await rebuilt(org, rulesOf)).toEqual([])
        }
      }),
      {
        numRuns: Number(process.env['DERIVE_RUNS'] ?? 12),
        ...(process.env['DERIVE_SEED'] ? { seed: Number(process.env['DERIVE_SEED']) } : { seed: 20_261_121 }),
      },
    )
    console.log(ways, { proven, batches })
    // The law is of the short way: it must have been gone.
    expect(ways.short).toBeGreaterThan(ways.whole / 4)
  },
)
