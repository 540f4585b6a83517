import { entity, text } from './entity.ts'

export const repository = entity(
  'repositories',
  {
    id: text(),
    title: text(),
    url: text().nullable(),
    default_branch: text().nullable(),
  },
  ['id'],
)
