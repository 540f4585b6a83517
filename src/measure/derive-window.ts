import type { Attempt } from '../../domain/attempt.ts'
import { byTime } from '../../domain/deployment.ts'
import { findRollbacks, resolveAttempts, revisionOf, type Before } from './attempts.ts'
import type { DeploymentFact, IncidentFact, LinkFact, ScopeFacts } from './derive-facts.ts'
import { linkIncidents } from './incident-links.ts'

/** What is known of the time before the facts, for one service. */
export interface History {
  /** The first success of each revision of the facts that ran before them, in order of time. */
  readonly firstRuns: readonly string[]
  /** Deployments before the facts that rollbacks of the facts name; or rollbacks before that name deployments of the facts; or attempts before that such a deployment undid. */
  readonly entangled: boolean
}

/** What a change of the latest deployments comes to: rows behind `after` are replaced, links of these incidents too; all else stands. */
export interface WindowResult {
  readonly after: Pick<DeploymentFact, 'at' | 'id'>
  readonly attempts: readonly Attempt[]
  readonly links: ReturnType<typeof linkIncidents>
  /** The standing links of the incidents that were linked again. */
  readonly standingLinks: readonly LinkFact[]
}

const ASCII = /^[\u0020-\u007e]*$/

/**
 * Derives again only what a change at `from` or later can have changed, out of the latest part of a history; null when that part does not
 * prove that it is enough, and the caller takes a longer one, in the end the whole. What it returns is what the whole would give.
 *
 * Let `settled` be the second of two successes with different revisions, both before the change. Behind it, what runs is known, whatever
 * came before; a rollback finds the success that it undoes at or behind the first of them; a failure before it has recovered with it. So
 * nothing before `settled` changes, unless an id names it: a rollback, an incident. Those cases, and a change of `settled` itself, are
 * looked for one by one.
 */
export function deriveWindow(facts: ScopeFacts, from: string, history: History, linkWindowMs: number): WindowResult | null {
  if (history.entangled) return null
  const deployments = facts.deployments.toSorted(byTime)
  const settled = settledOf(deployments, from)
  if (settled === null || deployments.some((one) => !ASCII.test(revisionOf(one) ?? ''))) return null
  const isTail = (one: Pick<DeploymentFact, 'at' | 'id'>) => byTime(one, settled) > 0
  const tail = deployments.filter(isTail)
  const tailIds = new Set(tail.map((one) => one.id))
  if (deployments.some((one) => !isTail(one) && one.id !== settled.id && tailIds.has(one.id))) return null

  const before: Before = {
    firstRuns: new Map(history.firstRuns.map((revision, index) => [revision, index - history.firstRuns.length])),
    until: settled,
  }
  if (!undoesOnlyTail(facts, deployments, before, from, tailIds)) return null
  const links = linksOf(facts, deployments, settled, from, tailIds, linkWindowMs)
  if (links === null) return null

  const attempts = resolveAttempts({
    deployments,
    incidents: facts.incidents,
    links: links.all,
    reverts: new Map(),
    leadMethods: new Map(deployments.flatMap((one) => (one.commit_at === null ? [] : [[one.id, 'event'] as const]))),
    before,
  })
  const mine = attempts.find((one) => one.deployment_id === settled.id && one.at === settled.at)
  const standing = facts.attempts.find((one) => one.deployment_id === settled.id && one.at === settled.at)
  if (mine === undefined || standing === undefined || fate(mine) !== fate(standing)) return null
  return {
    after: settled,
    attempts: attempts.filter((one) => tailIds.has(one.deployment_id) && isTail({ at: one.at, id: one.deployment_id })),
    links: links.changed,
    standingLinks: links.standing,
  }
}

function settledOf(deployments: readonly DeploymentFact[], from: string): DeploymentFact | null {
  let first: DeploymentFact | null = null
  for (const one of deployments) {
    if (one.at >= from) return null
    if (one.kind !== 'deploy' || one.outcome !== 'success') continue
    if (first === null) first = one
    else if (revisionOf(one) !== revisionOf(first)) return one
  }
  return null
}

/** What became of an attempt later. Whether it was planned is not looked at: that is decided by what came before it. */
function fate({ failed, failed_rule, failed_by, recovered_at, recovery_rule, incident_ids }: Attempt): string {
  return JSON.stringify([failed, failed_rule, failed_by, recovered_at, recovery_rule, incident_ids])
}

/** Whether what the tail undoes lies in the tail, or was undone by the same already; and whether nothing before undoes something in it. */
function undoesOnlyTail(
  facts: ScopeFacts,
  deployments: readonly DeploymentFact[],
  before: Before,
  from: string,
  tailIds: ReadonlySet<string>,
): boolean {
  const settledId = before.until.id
  const byId = new Map(deployments.map((one) => [one.id, one]))
  const names = (one: DeploymentFact) => one.kind === 'rollback' && one.caused_by !== null
  if (
    deployments.some((one) => names(one) && !tailIds.has(one.id) && (tailIds.has(one.caused_by as string) || one.caused_by === settledId))
  )
    return false
  const { undone } = findRollbacks(deployments, before)
  const standing = new Map(facts.attempts.map((one) => [one.deployment_id, one]))
  for (const [target, { by }] of undone) {
    if (tailIds.has(target)) continue
    const changed = (byId.get(by)?.at ?? '') >= from
    if (changed && byId.get(target)?.outcome !== 'failure' && standing.get(target)?.failed_by !== by) return false
  }
  // An effect that has gone: it stands on a row before the tail and is not found again.
  return facts.attempts.every(
    ({ deployment_id, failed_by }) =>
      failed_by === null || tailIds.has(deployment_id) || !tailIds.has(failed_by) || undone.get(deployment_id)?.by === failed_by,
  )
}

/**
 * The links of the incidents that changed, anew, and all links of the tail. An incident whose states all lie before the change keeps its
 * link, unless it names a deployment that came now.
 */
function linksOf(
  facts: ScopeFacts,
  deployments: readonly DeploymentFact[],
  settled: DeploymentFact,
  from: string,
  tailIds: ReadonlySet<string>,
  linkWindowMs: number,
) {
  const newIds = new Set(deployments.filter((one) => one.at >= from).map((one) => one.id))
  const isChanged = (one: IncidentFact) => lastAt(one) >= from || (one.deployment_id !== null && newIds.has(one.deployment_id))
  const incidents = new Map(facts.incidents.map((one) => [`${one.source} ${one.id}`, one]))
  const standingOf = new Map(facts.links.map((one) => [`${one.source} ${one.incident_id}`, one]))
  if ([...standingOf].some(([key, link]) => !incidents.has(key) && (tailIds.has(link.deployment_id) || link.deployment_id === settled.id)))
    return null
  const ids = new Set(facts.incidents.map((one) => one.id))
  if (ids.size !== incidents.size || facts.incidents.some((one) => one.service === null)) return null

  const changed = facts.incidents.filter(isChanged)
  const standing: LinkFact[] = []
  for (const one of changed) {
    if ((one.opened_at ?? '') < settled.at) return null
    const link = standingOf.get(`${one.source} ${one.id}`)
    if (link === undefined) continue
    if (!tailIds.has(link.deployment_id)) return null
    standing.push(link)
  }
  const anew = linkIncidents(deployments, changed, linkWindowMs)
  const found = new Map(anew.map((one) => [one.incident_id, one]))
  for (const one of changed) {
    const link = found.get(one.id)
    if (link !== undefined && !tailIds.has(link.deployment_id)) return null
    // It names something that is not in this part: perhaps in an earlier one.
    if (one.deployment_id !== null && link?.rule !== 'deployment_id') return null
    if (one.revision !== null && link?.rule !== 'deployment_id' && link?.rule !== 'revision') return null
  }
  const kept = facts.links.filter((link) => {
    const incident = incidents.get(`${link.source} ${link.incident_id}`)
    return incident !== undefined && !isChanged(incident)
  })
  const place = new Map(facts.incidents.map((one, index) => [one.id, index]))
  const all = [
    ...kept.map(({ incident_id, deployment_id, opened_at, rule, confidence }) => ({
      incident_id,
      deployment_id,
      opened_at,
      rule,
      confidence,
    })),
    ...anew,
  ]
  return { changed: anew, standing, all: all.sort((a, b) => (place.get(a.incident_id) ?? 0) - (place.get(b.incident_id) ?? 0)) }
}

function lastAt({ opened_at, acknowledged_at, closed_at }: IncidentFact): string {
  return [opened_at, acknowledged_at, closed_at].reduce<string>((last, at) => (at !== null && at > last ? at : last), '')
}
