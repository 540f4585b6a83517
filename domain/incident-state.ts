import type { z } from 'zod'
import { choice, entity, instant, rowOf, text } from './entity.ts'
import { TIERS } from './environment.ts'

/**
 * One thing that happened to an incident: opened, acknowledged, closed. Senders tell these apart and in any order, so each is a row
 * of its own and the relation `incidents` (src/measure/relations.ts) reads them together; no row ever waits for another.
 */
export const incidentState = entity(
  'incident_states',
  {
    id: text(),
    state: choice(['opened', 'acknowledged', 'closed']),
    at: instant(),
    service: text().nullable(),
    environment: choice(TIERS).nullable(),
    environment_name: text().nullable(),
    repository: text().nullable(),
    severity: text().nullable(),
    title: text().nullable(),
    url: text().nullable(),
    /** The deployment that caused it, as sent: an id, a revision or version. */
    deployment_id: text().nullable(),
    revision: text().nullable(),
    ref_id: text().nullable(),
  },
  ['id', 'state'],
)
type IncidentState = z.infer<typeof incidentState.row>

/** The rows of an incident of which is known when it began and, null while it lasts, when it ended. */
export function incidentStates(
  known: Pick<IncidentState, 'id'> & { readonly [K in keyof IncidentState]?: IncidentState[K] | undefined },
  opened_at: string,
  closed_at: string | null,
): IncidentState[] {
  const opened = rowOf(incidentState, { ...known, state: 'opened', at: opened_at })
  return closed_at === null ? [opened] : [opened, rowOf(incidentState, { ...known, state: 'closed', at: closed_at })]
}
