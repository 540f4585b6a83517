import { entity, text } from './entity.ts'

/** A board: the view of a project by which a team works. */
export const board = entity(
  'boards',
  {
    id: text(),
    name: text(),
    project: text().nullable(),
    kind: text().nullable(),
    url: text().nullable(),
  },
  ['id'],
)
