import type { z } from 'zod'
import { choice, entity, instant, text } from './entity.ts'

/** What somebody's analysis said of a change at some revision: how risky it is, and what to look at. As it was told; nothing is computed from it. */
export const insight = entity(
  'insights',
  {
    id: text(),
    change_id: text(),
    repository: text(),
    at: instant(),
    revision: text().nullable(),
    risk: choice(['low', 'medium', 'high']).nullable(),
    summary: text().nullable(),
    recommendation: text().nullable(),
  },
  ['repository', 'change_id', 'source', 'id'],
)
export type Insight = z.infer<typeof insight.row>
