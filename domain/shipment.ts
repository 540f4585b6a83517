import type { z } from 'zod'
import { choice, entity, instant, text } from './entity.ts'
import { TIERS } from './environment.ts'

/** Derived: a commit and the first successful deployment of a service into an environment that contained it (definitions §4). */
export const shipment = entity(
  'shipments',
  {
    environment: choice(TIERS),
    service: text(),
    deployed_at: instant(),
    deployment_id: text(),
    repository: text(),
    sha: text(),
    change_id: text().nullable(),
    /** Author date, or committer date when the author date is later than it. */
    started_at: instant(),
    title: text(),
    method: choice(['ancestry', 'change']),
  },
  ['environment', 'service', 'deployed_at', 'sha'],
  { derived: true },
)
export type Shipment = z.infer<typeof shipment.row>
