import type { z } from 'zod'
import { choice, entity, flag, instant, text, texts } from './entity.ts'
import { OUTCOMES } from './deployment.ts'
import { TIERS } from './environment.ts'

/** Derived: a deployment attempt with what became of it. Computed by src/measure/attempts.ts from deployments and incidents. */
export const attempt = entity(
  'attempts',
  {
    deployment_id: text(),
    service: text(),
    environment: choice(TIERS),
    at: instant(),
    outcome: choice(OUTCOMES),
    repository: text().nullable(),
    revision: text().nullable(),
    title: text().nullable(),
    url: text().nullable(),
    commit_at: instant().nullable(),
    failed: flag(),
    /** Why it counts as failed; null when it does not. */
    failed_rule: choice(['outcome', 'rollback_event', 'rollback_inferred', 'incident', 'revert']).nullable(),
    /** The rollback, incident or reverting commit behind `failed_rule`. */
    failed_by: text().nullable(),
    recovered_at: instant().nullable(),
    recovery_rule: choice(['next_success', 'rollback', 'incident_closed', 'revert_shipped']).nullable(),
    unplanned: flag(),
    unplanned_rule: choice(['emitter', 'rollback', 'revert', 'hotfix', 'recovers_failure']).nullable(),
    incident_ids: texts(),
    /** How the lead time of what it ships is known; null when it is not. */
    lead_method: choice(['ancestry', 'change', 'event']).nullable(),
  },
  ['environment', 'service', 'at', 'source', 'deployment_id'],
  { derived: true },
)
export type Attempt = z.infer<typeof attempt.row>
