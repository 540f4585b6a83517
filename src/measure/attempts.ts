import type { Attempt } from '../../domain/attempt.ts'
import { byTime, isFinished, type Deployed } from '../../domain/deployment.ts'
import type { Incident, Link } from './incident-links.ts'

/**
 * What became of each deployment attempt of ONE service in ONE environment: failed or not and why, when it recovered, planned or not
 * (definitions §1, §3, §5). Pure: the same deployments and incidents give the same attempts, in whatever order they arrived.
 */
export interface AttemptFacts {
  /** All deployments of the service and environment, in any order. */
  readonly deployments: readonly Deployed[]
  readonly incidents: readonly Incident[]
  readonly links: readonly Link[]
  /** Deployment id → the revert that undid something it had shipped, for releases that are read from a git history and have no outcome of their own. */
  readonly reverts: ReadonlyMap<string, Revert>
  readonly leadMethods: ReadonlyMap<string, Attempt['lead_method']>
  /** When only the latest part of a history is given: see `Before`. */
  readonly before?: Before
}

/** What came before a part of a history that is looked at alone. */
export interface Before {
  /** The place of the first success of revisions that ran before, in their order; all below 0. */
  readonly firstRuns: ReadonlyMap<string, number>
  /** Up to and with this deployment the part only tells what was running: what these did is known already. */
  readonly until: Pick<Deployed, 'at' | 'id'>
}

export interface Revert {
  /** The reverting commit. */
  readonly sha: string
  /** The finish of the deployment that shipped the revert. */
  readonly recovered_at: string
}

interface Undone {
  readonly by: string
  readonly at: string
  readonly rule: 'rollback_event' | 'rollback_inferred'
}

const HOTFIX = /(^|[^a-z])hot-?fix([^a-z]|$)/i
const REVERT = /^revert\b/i

export function resolveAttempts(facts: AttemptFacts): Attempt[] {
  const deployments = facts.deployments.toSorted(byTime)
  const { undone, rollbacks } = findRollbacks(deployments, facts.before)
  const incidentsById = new Map(facts.incidents.map((incident) => [incident.id, incident]))
  const linksOf = new Map<string, Link[]>()
  for (const link of facts.links) linksOf.set(link.deployment_id, [...(linksOf.get(link.deployment_id) ?? []), link])
  const attempts = deployments.filter((deployment) => deployment.kind === 'deploy')
  const successes = attempts.filter((deployment) => deployment.outcome === 'success')

  const failures = new Map<string, Pick<Attempt, 'failed_rule' | 'failed_by' | 'recovered_at' | 'recovery_rule'>>()
  const recoverers = new Set<string>()
  let next = 0
  for (const attempt of attempts) {
    if (!isFinished(attempt)) continue
    const linked = (linksOf.get(attempt.id) ?? []).flatMap((link) => incidentsById.get(link.incident_id) ?? [])
    const failure = failureOf(attempt, undone.get(attempt.id), linked, facts.reverts.get(attempt.id))
    if (failure === null) continue
    while (next < successes.length && byTime(successes[next] as Deployed, attempt) <= 0) next++
    const recovery = earliestRecovery(attempt, successes[next], undone.get(attempt.id), linked, failure.rule, facts.reverts.get(attempt.id))
    if (recovery?.rule === 'next_success' && successes[next]) recoverers.add((successes[next] as Deployed).id)
    failures.set(attempt.id, {
      failed_rule: failure.rule,
      failed_by: failure.by,
      recovered_at: recovery?.at ?? null,
      recovery_rule: recovery?.rule ?? null,
    })
  }

  return attempts.map((attempt): Attempt => {
    const failure = failures.get(attempt.id)
    const unplanned = unplannedRule(attempt, rollbacks.has(attempt.id), recoverers.has(attempt.id))
    return {
      deployment_id: attempt.id,
      service: attempt.service,
      environment: attempt.environment,
      at: attempt.at,
      outcome: attempt.outcome,
      repository: attempt.repository,
      revision: attempt.revision,
      title: attempt.title ?? attempt.version,
      url: attempt.url,
      commit_at: attempt.commit_at,
      failed: failure !== undefined,
      failed_rule: failure?.failed_rule ?? null,
      failed_by: failure?.failed_by ?? null,
      recovered_at: failure?.recovered_at ?? null,
      recovery_rule: failure?.recovery_rule ?? null,
      unplanned: unplanned !== null,
      unplanned_rule: unplanned,
      incident_ids: (linksOf.get(attempt.id) ?? []).map((link) => link.incident_id).sort(),
      lead_method: facts.leadMethods.get(attempt.id) ?? null,
    }
  })
}

/** What a deployment put in place: its commit, else its version; null when neither was said. */
export function revisionOf(deployment: Deployed): string | null {
  return deployment.revision?.toLowerCase() ?? deployment.version
}

/**
 * One pass in order of time. A success that puts back a revision which first ran before the one that it replaces is an inferred rollback
 * (V1 → V2 → V3 → V1); the same revision again is a re-deploy (V1 → V1). An explicit rollback event undoes the deployment that it names,
 * else the latest success before it with another revision than its own.
 */
export function findRollbacks(deployments: readonly Deployed[], before?: Before): { undone: Map<string, Undone>; rollbacks: Set<string> } {
  const undone = new Map<string, Undone>()
  const rollbacks = new Set<string>()
  const firstRun = new Map(before?.firstRuns)
  const byId = new Map(deployments.map((deployment) => [deployment.id, deployment]))
  const successes: Deployed[] = []
  let running: string | null = null
  const lastOther = (revision: string | null) => successes.findLast((success) => revision === null || revisionOf(success) !== revision)
  const undo = (target: Deployed | undefined, by: Deployed, rule: Undone['rule']) => {
    if (before !== undefined && byTime(by, before.until) <= 0) return
    if (target !== undefined && !undone.has(target.id)) undone.set(target.id, { by: by.id, at: by.at, rule })
  }

  deployments.forEach((deployment, index) => {
    const revision = revisionOf(deployment)
    if (deployment.kind === 'rollback') {
      if (deployment.outcome !== 'success') return
      const named = deployment.caused_by === null ? undefined : byId.get(deployment.caused_by)
      undo(named?.kind === 'deploy' ? named : lastOther(revision), deployment, 'rollback_event')
      const replaced = running
      running = revision ?? revisionOrNull(successes.findLast((success) => revisionOf(success) !== replaced))
      return
    }
    if (deployment.outcome !== 'success') return
    if (revision !== null) {
      const first = firstRun.get(revision)
      const replacedFirst = running === null ? undefined : firstRun.get(running)
      if (running !== revision && first !== undefined && replacedFirst !== undefined && first < replacedFirst) {
        rollbacks.add(deployment.id)
        undo(lastOther(revision), deployment, 'rollback_inferred')
      }
      if (first === undefined) firstRun.set(revision, index)
    }
    running = revision
    successes.push(deployment)
  })
  return { undone, rollbacks }
}

function revisionOrNull(deployment: Deployed | undefined): string | null {
  return deployment === undefined ? null : revisionOf(deployment)
}

function failureOf(
  attempt: Deployed,
  undone: Undone | undefined,
  linked: readonly Incident[],
  revert: Revert | undefined,
): { rule: NonNullable<Attempt['failed_rule']>; by: string | null } | null {
  if (attempt.outcome === 'failure') return { rule: 'outcome', by: null }
  if (undone !== undefined) return { rule: undone.rule, by: undone.by }
  const incident = linked[0]
  if (incident !== undefined) return { rule: 'incident', by: incident.id }
  if (revert !== undefined) return { rule: 'revert', by: revert.sha }
  return null
}

/**
 * The earliest of: the next success of the service in the environment, the end of the rollback that undoes it, the close of its incident.
 * What only a revert shows to have failed recovers with the release that ships the revert: a release between the two did not mend it.
 */
function earliestRecovery(
  attempt: Deployed,
  nextSuccess: Deployed | undefined,
  undone: Undone | undefined,
  linked: readonly Incident[],
  rule: NonNullable<Attempt['failed_rule']>,
  revert: Revert | undefined,
): { at: string; rule: NonNullable<Attempt['recovery_rule']> } | null {
  if (rule === 'revert') return revert === undefined ? null : { at: revert.recovered_at, rule: 'revert_shipped' }
  const candidates: { at: string; rule: NonNullable<Attempt['recovery_rule']> }[] = []
  if (undone !== undefined && undone.at >= attempt.at) candidates.push({ at: undone.at, rule: 'rollback' })
  if (nextSuccess !== undefined) candidates.push({ at: nextSuccess.at, rule: 'next_success' })
  for (const incident of linked) {
    if (incident.closed_at !== null && incident.closed_at >= attempt.at)
      candidates.push({ at: incident.closed_at, rule: 'incident_closed' })
  }
  return candidates.reduce<(typeof candidates)[number] | null>((best, one) => (best === null || one.at < best.at ? one : best), null)
}

function unplannedRule(attempt: Deployed, isRollback: boolean, recovers: boolean): Attempt['unplanned_rule'] {
  if (!isFinished(attempt) || attempt.unplanned === false) return null
  if (attempt.unplanned === true) return 'emitter'
  if (isRollback) return 'rollback'
  if (REVERT.test(attempt.title ?? '')) return 'revert'
  if (HOTFIX.test(attempt.ref ?? '') || HOTFIX.test(attempt.title ?? '')) return 'hotfix'
  if (recovers) return 'recovers_failure'
  return null
}
