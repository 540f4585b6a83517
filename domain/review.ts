import type { z } from 'zod'
import { choice, entity, flag, instant, text } from './entity.ts'

/** Something that somebody said about a change: a review with a verdict, or a comment. A review that was dismissed keeps its row and says so. */
export const review = entity(
  'reviews',
  {
    id: text(),
    change_id: text(),
    repository: text(),
    kind: choice(['review', 'comment']),
    state: choice(['approved', 'changes_requested', 'commented', 'dismissed']).nullable(),
    /** The login; null where the account was deleted. */
    author: text().nullable(),
    author_is_bot: flag(),
    at: instant(),
    url: text().nullable(),
  },
  ['repository', 'change_id', 'id'],
)
export type Review = z.infer<typeof review.row>
