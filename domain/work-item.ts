import type { z } from 'zod'
import { choice, entity, instant, number, text, texts } from './entity.ts'

export const WORK_KINDS = ['feature', 'bug', 'task', 'subtask', 'epic', 'incident', 'other'] as const
export const STATUS_CATEGORIES = ['todo', 'in_progress', 'done'] as const

/** An issue, a ticket, a story. */
export const workItem = entity(
  'work_items',
  {
    /** As people write it: `SHOP-12`, `acme/shop#5`. */
    id: text(),
    project: text().nullable(),
    repository: text().nullable(),
    kind: choice(WORK_KINDS),
    /** The tool's own word for its kind. */
    kind_name: text().nullable(),
    title: text(),
    status: choice(STATUS_CATEGORIES),
    status_name: text().nullable(),
    /** Why it is done, as the tool says: `fixed`, `completed`, `not_planned`, `duplicate`. */
    resolution: text().nullable(),
    created_at: instant(),
    resolved_at: instant().nullable(),
    due_at: instant().nullable(),
    priority: text().nullable(),
    severity: text().nullable(),
    /** Story points, or the tool's other unit. */
    estimate: number().nullable(),
    estimated_seconds: number().nullable(),
    spent_seconds: number().nullable(),
    assignee: text().nullable(),
    reporter: text().nullable(),
    parent_id: text().nullable(),
    labels: texts(),
    components: texts(),
    sprint_ids: texts(),
    fix_versions: texts(),
    url: text().nullable(),
  },
  ['id'],
)
export type WorkItem = z.infer<typeof workItem.row>
