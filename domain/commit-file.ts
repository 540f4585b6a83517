import type { z } from 'zod'
import { count, entity, instant, text } from './entity.ts'

/** What one commit did to one file. `previous_path` is set when git saw a rename. */
export const commitFile = entity(
  'commit_files',
  {
    repository: text(),
    sha: text(),
    path: text(),
    previous_path: text().nullable(),
    authored_at: instant(),
    author_email: text(),
    /** Null for a binary file or where git could not say. */
    additions: count().nullable(),
    deletions: count().nullable(),
  },
  ['repository', 'path', 'sha'],
)
export type CommitFile = z.infer<typeof commitFile.row>
