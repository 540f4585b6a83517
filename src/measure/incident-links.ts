import { byTime, isFinished, type Deployed } from '../../domain/deployment.ts'
import type { IncidentLink } from '../../domain/incident-link.ts'

/** An incident, read together from its states. */
export interface Incident {
  readonly source: string
  readonly id: string
  readonly opened_at: string | null
  readonly closed_at: string | null
  readonly service: string | null
  readonly environment: string | null
  readonly repository: string | null
  readonly deployment_id: string | null
  readonly revision: string | null
}

export type Link = IncidentLink

export const LINK_WINDOW_MS = 24 * 3_600_000

/**
 * Lays incidents to deployments of ONE service in ONE environment (definitions §5): explicit deployment id, then revision or version, then
 * the latest finished deployment before the incident opened, within the window; for an incident without a service, the same by
 * repository. The first rule that answers wins; no rule crosses a service that is known.
 */
export function linkIncidents(deployments: readonly Deployed[], incidents: readonly Incident[], windowMs = LINK_WINDOW_MS): Link[] {
  const finished = deployments.filter((deployment) => deployment.kind === 'deploy' && isFinished(deployment)).toSorted(byTime)
  const service = finished[0]?.service
  const environment = finished[0]?.environment
  const byId = new Map(finished.map((deployment) => [deployment.id, deployment]))
  const times = finished.map((deployment) => deployment.at)

  return incidents.flatMap((incident): Link[] => {
    const opened = incident.opened_at
    if (opened === null || service === undefined) return []
    if (incident.service !== null && incident.service !== service) return []
    if ((incident.environment ?? 'production') !== environment) return []
    const link = (deployment: Deployed, rule: Link['rule'], confidence: Link['confidence']): Link[] => [
      { incident_id: incident.id, deployment_id: deployment.id, opened_at: opened, rule, confidence },
    ]

    const stated = incident.deployment_id === null ? undefined : byId.get(incident.deployment_id)
    if (stated !== undefined) return link(stated, 'deployment_id', 'stated')

    const before = upperBound(times, opened)
    const revision = incident.revision ?? incident.deployment_id
    const matched = revision === null ? undefined : finished.findLast((deployment, index) => index < before && names(deployment, revision))
    if (matched !== undefined) return link(matched, 'revision', 'matched')

    const latest = finished[before - 1]
    if (latest === undefined || Date.parse(opened) - Date.parse(latest.at) > windowMs) return []
    if (incident.service !== null) return link(latest, 'latest_in_service', 'inferred')
    if (incident.repository !== null && latest.repository === incident.repository) return link(latest, 'latest_in_repository', 'inferred')
    return []
  })
}

/** A full or short SHA, or a version. */
function names(deployment: Deployed, revision: string): boolean {
  if (deployment.version === revision) return true
  const sha = deployment.revision?.toLowerCase()
  const wanted = revision.toLowerCase()
  if (sha === undefined) return false
  return sha === wanted || (wanted.length >= 7 && sha.startsWith(wanted)) || (sha.length >= 7 && wanted.startsWith(sha))
}

/** How many of the sorted times lie at or before the moment. */
function upperBound(sorted: readonly string[], moment: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) <= moment) low = middle + 1
    else high = middle
  }
  return low
}
