import type { z } from 'zod'
import { OUTCOMES } from './deployment.ts'
import { choice, count, entity, instant, text } from './entity.ts'

/** One attempt of one run of a pipeline, whatever it did. A re-run is a new attempt with an id of its own. */
export const build = entity(
  'builds',
  {
    id: text(),
    /** The workflow, the pipeline definition or the job. */
    workflow: text(),
    /** When it finished; when it started or was queued, while it has not. */
    at: instant(),
    outcome: choice(OUTCOMES),
    repository: text().nullable(),
    service: text().nullable(),
    revision: text().nullable(),
    ref: text().nullable(),
    /** What started it: `push`, `schedule`, `manual`, `pull_request`, the name of the tool's own. */
    trigger: text().nullable(),
    number: count().nullable(),
    /** 1 for the first, 2 for its first re-run. */
    attempt: count(),
    /** The build that started this one. */
    parent_id: text().nullable(),
    queued_at: instant().nullable(),
    started_at: instant().nullable(),
    finished_at: instant().nullable(),
    title: text().nullable(),
    url: text().nullable(),
    actor: text().nullable(),
  },
  ['at', 'source', 'id'],
  { identity: ['source', 'id'] },
)
export type Build = z.infer<typeof build.row>
