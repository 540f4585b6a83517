import { entity, instant, number, text } from './entity.ts'

/** Time that somebody says to have spent on a work item. */
export const worklog = entity(
  'worklogs',
  {
    id: text(),
    work_item_id: text(),
    author: text().nullable(),
    started_at: instant(),
    seconds: number(),
  },
  ['work_item_id', 'id'],
)
