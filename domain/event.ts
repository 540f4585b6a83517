import { z } from 'zod'
import { OUTCOMES } from './deployment.ts'

/**
 * What an emitter sends to `POST /v1/events`: one schema is the validation, the type and the documentation. Unknown fields are refused, so
 * that a misspelt one is noticed by whoever can mend it.
 */
export const EVENT_KINDS = ['deploy', 'rollback', 'incident_opened', 'incident_closed'] as const

const name = (max: number, what: string) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => value.trim() !== '' && !hasControl(value), { message: `${what} must hold visible characters` })

function hasControl(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 32 || code === 127) return true
  }
  return false
}

/** RFC 3339 with a zone; any precision. */
const moment = z.iso.datetime({ offset: true })
const line = (max: number) => z.string().max(max)

export const eventInput = z
  .strictObject({
    id: name(200, 'id').optional().meta({ description: 'Your own id of this event. Sending it again is harmless.' }),
    kind: z.enum(EVENT_KINDS),
    service: name(200, 'service').meta({ description: 'What is deployed.', example: 'api' }),
    git_sha: name(200, 'git_sha').optional().meta({ description: 'The shipped commit, full or short.', example: '4f2a9c1' }),
    environment: name(100, 'environment').default('prod').meta({ description: 'Any name; `prod`, `live`, `stg` … are known aliases.' }),
    succeeded: z.boolean().default(true).meta({ description: 'false for a failed attempt.' }),
    outcome: z
      .enum(OUTCOMES)
      .optional()
      .meta({ description: 'In place of `succeeded`, when an attempt was cancelled, skipped or still runs.' }),
    commit_at: moment.optional().meta({ description: 'When the change was committed: the start of its lead time.' }),
    ref_id: name(200, 'ref_id')
      .optional()
      .meta({ description: 'Joins an incident’s close to its opening; on a rollback, the deployment that it undoes.' }),
    occurred_at: moment.optional().meta({ description: 'When it happened; the time of receipt when absent.' }),
    deployment_id: name(200, 'deployment_id')
      .optional()
      .meta({ description: 'The deployment’s own id; on an incident, the deployment that caused it.' }),
    repo: name(300, 'repo').optional(),
    ref: name(300, 'ref').optional().meta({ description: 'Branch or tag.' }),
    version: name(200, 'version').optional(),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
    actor: line(200).optional(),
    title: line(500).optional(),
    severity: line(50).optional(),
    started_at: moment.optional().meta({ description: 'When the attempt began.' }),
    unplanned: z.boolean().optional().meta({ description: 'true when it was made to fix something.' }),
    caused_by: name(200, 'caused_by').optional().meta({ description: 'The deployment that this one undoes or repairs.' }),
    attributes: z.record(z.string().max(100), z.unknown()).optional().meta({ description: 'Anything else; kept, not interpreted.' }),
  })
  .refine((event) => event.outcome === undefined || event.succeeded || event.outcome !== 'success', {
    path: ['outcome'],
    message: 'says success while succeeded is false',
  })
export type EventInput = z.infer<typeof eventInput>

export const DAY_MS = 86_400_000
/** The oldest moment that an event may name. Before it lie only broken clocks (1970, year 1). */
export const OLDEST = Date.UTC(2000, 0, 1)

/** Times that no emitter can mean, one sentence each; `now` is the moment of receipt. An empty list when there is nothing to say. */
export function implausibleTimes(event: EventInput, now: number): string[] {
  const problems: string[] = []
  for (const field of ['occurred_at', 'started_at', 'commit_at'] as const) {
    const value = event[field]
    if (value === undefined) continue
    const at = Date.parse(value)
    if (!(at >= OLDEST)) problems.push(`${field} lies before the year 2000: send RFC 3339, for example 2026-01-31T09:00:00Z`)
    else if (at > now + DAY_MS) problems.push(`${field} lies more than 24 hours in the future: check the sender's clock and time zone`)
  }
  return problems
}
