import type { z } from 'zod'
import { choice, entity, instant, text } from './entity.ts'

/** Derived: which deployment an incident is laid to, by which rule (definitions §5). An incident without a row here is unlinked. */
export const incidentLink = entity(
  'incident_links',
  {
    incident_id: text(),
    deployment_id: text(),
    opened_at: instant(),
    rule: choice(['deployment_id', 'revision', 'latest_in_service', 'latest_in_repository']),
    confidence: choice(['stated', 'matched', 'inferred']),
  },
  ['incident_id'],
  { derived: true },
)
export type IncidentLink = z.infer<typeof incidentLink.row>
