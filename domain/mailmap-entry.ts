import { entity, text } from './entity.ts'

/** What a repository's `.mailmap` says of one address: under which name and address its commits are shown. */
export const mailmapEntry = entity(
  'mailmap_entries',
  {
    repository: text(),
    old_email: text(),
    /** Only commits under this name; empty for any. */
    old_name: text(),
    name: text().nullable(),
    email: text().nullable(),
  },
  ['repository', 'old_email', 'old_name'],
)
