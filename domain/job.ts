import { OUTCOMES } from './deployment.ts'
import { choice, count, entity, instant, text } from './entity.ts'

/** A job or stage of a build. One that was not run because an earlier one failed, or because of a condition, is `skipped`. */
export const job = entity(
  'jobs',
  {
    id: text(),
    build_id: text(),
    name: text(),
    outcome: choice(OUTCOMES),
    repository: text().nullable(),
    environment_name: text().nullable(),
    attempt: count(),
    queued_at: instant().nullable(),
    started_at: instant().nullable(),
    finished_at: instant().nullable(),
    url: text().nullable(),
  },
  ['build_id', 'id'],
)
