import { choice, entity, instant, text } from './entity.ts'

export const sprint = entity(
  'sprints',
  {
    id: text(),
    board_id: text().nullable(),
    name: text(),
    state: choice(['planned', 'active', 'closed']),
    started_at: instant().nullable(),
    ends_at: instant().nullable(),
    completed_at: instant().nullable(),
    goal: text().nullable(),
    url: text().nullable(),
  },
  ['id'],
)
