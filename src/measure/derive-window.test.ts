import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instant } from '../clock.ts'
import { revisionOf } from './attempts.ts'
import { deriveScope, DERIVE_RULES } from './derive.ts'
import type { DeploymentFact, IncidentFact, ScopeFacts } from './derive-facts.ts'
import { deriveWindow } from './derive-window.ts'

/** The short way is the long way, without a store: thousands of histories, each changed once, looked at from every distance. */
const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 1)
const at = (hours: number) => instant(START + hours * HOUR)

const deployment = fc.record({
  hour: fc.nat(80),
  kind: fc.constantFrom('deploy' as const, 'deploy' as const, 'deploy' as const, 'deploy' as const, 'rollback' as const),
  outcome: fc.constantFrom('success' as const, 'success' as const, 'success' as const, 'failure' as const, 'cancelled' as const),
  revision: fc.oneof(fc.constantFrom('A', 'B', 'C', null), fc.nat(300).map(String)),
  names: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(45) }),
  unplanned: fc.constantFrom(null, null, null, true, false),
})
const incident = fc.record({
  opened: fc.nat(85),
  lasts: fc.oneof(fc.constant(null), fc.integer({ min: -2, max: 30 })),
  names: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(45) }),
  revision: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom('A', 'B', 'C', 'Z') }),
})
type Incident = typeof incident extends fc.Arbitrary<infer T> ? T : never
type Step = typeof deployment extends fc.Arbitrary<infer T> ? T : never

const world = fc.record({
  deployments: fc.array(deployment, { minLength: 6, maxLength: 40 }),
  incidents: fc.array(incident, { maxLength: 8 }),
  /** What changes: deployments that come new, or are told anew (by place in the list), and incidents likewise. */
  newDeployments: fc.array(deployment, { maxLength: 3 }),
  retold: fc.array(fc.tuple(fc.nat(40), deployment), { maxLength: 1 }),
  newIncidents: fc.array(incident, { maxLength: 2 }),
  incidentsRetold: fc.array(fc.tuple(fc.nat(8), incident), { maxLength: 1 }),
  /** Most changes are late in the history: hours before `from` are taken off those times. */
  lateOnly: fc.boolean(),
  span: fc.nat(70),
})

function factOf(step: Step, index: number, shift: number): DeploymentFact {
  return {
    id: `d${String(index).padStart(2, '0')}`,
    kind: step.kind,
    service: 'api',
    environment: 'production',
    at: at(step.hour + shift),
    outcome: step.outcome,
    repository: null,
    revision: step.revision,
    ref: null,
    version: null,
    title: null,
    url: null,
    commit_at: null,
    caused_by: step.names === null ? null : `d${String(step.names).padStart(2, '0')}`,
    unplanned: step.unplanned,
    source: 'events',
    raw_seq: index,
    received_at: at(0),
  }
}

function incidentOf(one: Incident, index: number, shift: number): IncidentFact {
  const opened = one.opened + shift
  return {
    source: 'events',
    id: `i${index}`,
    opened_at: at(opened),
    acknowledged_at: null,
    closed_at: one.lasts === null ? null : at(opened + one.lasts),
    service: 'api',
    environment: 'production',
    repository: null,
    deployment_id: one.names === null ? null : `d${String(one.names).padStart(2, '0')}`,
    revision: one.revision,
    raw_seq: 100 + index,
  }
}

type Facts = Pick<ScopeFacts, 'deployments' | 'incidents'>
const derivedOf = (facts: Facts) => {
  const { attempts, links } = deriveScope({ ...facts, incidents: facts.incidents.toSorted(byOpening) }, [], DERIVE_RULES)
  return { attempts: attempts as unknown as ScopeFacts['attempts'], links: links as unknown as ScopeFacts['links'] }
}
const byOpening = (a: IncidentFact, b: IncidentFact) =>
  (a.opened_at ?? '') < (b.opened_at ?? '') || (a.opened_at === b.opened_at && a.id < b.id) ? -1 : 1
const times = (one: IncidentFact) => [one.opened_at, one.closed_at].flatMap((time) => time ?? [])

/** As readFacts and readHistory read them from the store. */
function partOf(now: Facts, standing: ReturnType<typeof derivedOf>, since: string) {
  const deployments = now.deployments.filter((one) => one.at >= since)
  const ids = new Set(deployments.map((one) => one.id))
  const incidents = now.incidents
    .filter((one) => times(one).some((time) => time >= since) || (one.deployment_id !== null && ids.has(one.deployment_id)))
    .toSorted(byOpening)
  const incidentIds = new Set(incidents.map((one) => one.id))
  const earlier = now.deployments.filter((one) => one.at < since)
  const ran = new Set(deployments.map(revisionOf))
  const facts: ScopeFacts = {
    deployments,
    incidents,
    attempts: standing.attempts.filter((one) => one.at >= since),
    shipments: [],
    links: standing.links.filter((one) => incidentIds.has(one.incident_id) || ids.has(one.deployment_id)),
  }
  const named = new Set(deployments.flatMap((one) => (one.kind === 'rollback' && one.caused_by !== null ? [one.caused_by] : [])))
  const entangled =
    earlier.some((one) => one.kind === 'rollback' && one.caused_by !== null && ids.has(one.caused_by)) ||
    earlier.some((one) => named.has(one.id)) ||
    standing.attempts.some((one) => one.at < since && one.failed_by !== null && ids.has(one.failed_by))
  const firstRuns = [
    ...new Set(
      earlier
        .filter((one) => one.kind === 'deploy' && one.outcome === 'success' && ran.has(revisionOf(one)))
        .toSorted((a, b) => (a.at < b.at || (a.at === b.at && a.id < b.id) ? -1 : 1))
        .flatMap((one) => revisionOf(one) ?? []),
    ),
  ]
  return { facts, history: { firstRuns, entangled } }
}

const bare = (one: object) =>
  JSON.stringify(
    Object.entries(one)
      .filter(([name]) => name !== 'received_at')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
const sorted = (list: readonly object[]) => list.map(bare).toSorted()

test('the short way, where it proves to be enough, gives what the long way gives', () => {
  let proven = 0
  let changedAnything = 0
  fc.assert(
    fc.property(world, (one) => {
      const shift = one.lateOnly ? 75 : 0
      const before: Facts = {
        deployments: one.deployments.map((step, index) => factOf(step, index, 0)),
        incidents: one.incidents.map((step, index) => incidentOf(step, index, 0)),
      }
      const deployments = new Map(before.deployments.map((row) => [row.id, row]))
      const incidents = new Map(before.incidents.map((row) => [row.id, row]))
      const touched: string[] = []
      const put = (row: DeploymentFact) => {
        const old = deployments.get(row.id)
        if (old !== undefined) touched.push(old.at)
        touched.push(row.at)
        deployments.set(row.id, row)
      }
      one.newDeployments.forEach((step, index) =>
        put(factOf({ ...step, hour: one.lateOnly ? step.hour % 12 : step.hour }, one.deployments.length + index, shift)),
      )
      for (const [index, step] of one.retold)
        if (index < one.deployments.length) put(factOf({ ...step, hour: one.lateOnly ? step.hour % 12 : step.hour }, index, shift))
      const putIncident = (row: IncidentFact) => {
        const old = incidents.get(row.id)
        // A state that is told anew is noted at its new time only: where it stood before is not known to the applier.
        const states = (['opened_at', 'closed_at'] as const).filter((name) => row[name] !== null && row[name] !== old?.[name])
        touched.push(...states.map((name) => row[name] as string))
        // What a state said stands until it is told anew: an incident does not lose its close.
        incidents.set(row.id, { ...row, closed_at: row.closed_at ?? old?.closed_at ?? null })
        if (states.length === 0) incidents.set(row.id, old ?? row)
      }
      one.newIncidents.forEach((step, index) =>
        putIncident(incidentOf({ ...step, opened: one.lateOnly ? step.opened % 12 : step.opened }, one.incidents.length + index, shift)),
      )
      for (const [index, step] of one.incidentsRetold)
        if (index < one.incidents.length)
          putIncident(incidentOf({ ...step, opened: one.lateOnly ? step.opened % 12 : step.opened }, index, shift))
      if (touched.length === 0) return
      const from = touched.toSorted()[0] as string
      const now: Facts = { deployments: [...deployments.values()], incidents: [...incidents.values()] }
      const standing = derivedOf(before)
      const wanted = derivedOf(now)
      const { facts, history } = partOf(now, standing, instant(Date.parse(from) - one.span * HOUR))
      const result = deriveWindow(facts, from, history, DERIVE_RULES.incidentLinkWindowMs)
      if (result === null) return
      proven++
      const { after } = result
      const isTail = (row: { at: string; deployment_id: string }) =>
        row.at > after.at || (row.at === after.at && row.deployment_id > after.id)
      const originOf = new Map(now.deployments.map((row) => [row.id, { source: row.source, raw_seq: row.raw_seq }]))
      const attempts = [
        ...standing.attempts.filter((row) => !isTail(row)),
        ...result.attempts.map((row) => ({ ...row, ...originOf.get(row.deployment_id) })),
      ]
      const replaced = new Set(result.standingLinks.map((row) => row.incident_id))
      const links = [
        ...standing.links.filter((row) => !replaced.has(row.incident_id)),
        ...result.links.map((row) => ({ ...row, source: 'events', raw_seq: incidents.get(row.incident_id)?.raw_seq })),
      ]
      if (sorted(attempts).join() !== sorted(standing.attempts).join()) changedAnything++
      expect(sorted(attempts)).toEqual(sorted(wanted.attempts))
      expect(sorted(links)).toEqual(sorted(wanted.links))
    }),
    {
      numRuns: Number(process.env['WINDOW_RUNS'] ?? 20_000),
      ...(process.env['WINDOW_SEED'] ? { seed: Number(process.env['WINDOW_SEED']) } : {}),
    },
  )
  // The law is of the short way: it must have been gone, and have had something to say.
  expect(proven).toBeGreaterThan(2_000)
  expect(changedAnything).toBeGreaterThan(1_000)
})
