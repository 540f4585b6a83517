import type { z } from 'zod'
import { choice, entity, instant, text } from './entity.ts'

/**
 * A field of a change or of a work item went from one value to another. Of a change: `draft` (`true` → `false` is "ready for review"), `state`
 * (`closed` → `open` is "reopened"), `head_sha` (a force push), `reviewer`. Of a work item: `status`, `assignee`, `sprint`, `estimate` …
 */
export const transition = entity(
  'transitions',
  {
    id: text(),
    subject_type: choice(['change', 'work_item']),
    subject_id: text(),
    repository: text().nullable(),
    at: instant(),
    field: text(),
    from_value: text().nullable(),
    to_value: text().nullable(),
    /** Of a status: the category that its tool puts it in. */
    from_category: choice(['todo', 'in_progress', 'done']).nullable(),
    to_category: choice(['todo', 'in_progress', 'done']).nullable(),
    actor: text().nullable(),
  },
  ['subject_type', 'subject_id', 'id'],
)
export type Transition = z.infer<typeof transition.row>
