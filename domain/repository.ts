import { entity, text, texts } from './entity.ts'

export const repository = entity(
  'repositories',
  {
    /** `owner/name`, as people write it. */
    id: text(),
    title: text(),
    url: text().nullable(),
    default_branch: text().nullable(),
    /** Names that it had before it was renamed or transferred: what was told under them is read as told of this one. */
    previous_names: texts(),
  },
  ['id'],
)
