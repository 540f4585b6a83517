import { entity, text, texts } from './entity.ts'

/** The paths that a change touches. */
export const changeFiles = entity(
  'change_files',
  {
    change_id: text(),
    repository: text(),
    paths: texts(),
  },
  ['repository', 'change_id'],
)
