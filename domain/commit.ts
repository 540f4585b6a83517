import type { z } from 'zod'
import { count, entity, instant, text, texts } from './entity.ts'

export const commit = entity(
  'commits',
  {
    repository: text(),
    sha: text(),
    parents: texts(),
    /** After `.mailmap`. */
    author_name: text(),
    author_email: text(),
    authored_at: instant(),
    committer_name: text(),
    committer_email: text(),
    committed_at: instant(),
    /** First line of the message. */
    subject: text(),
    /** The commit that this one reverts, when its message says so (`This reverts commit <sha>`). */
    reverts: text().nullable(),
    /** Lines; null when git could not say (a missing object in a partial clone), binary files count 0. */
    additions: count().nullable(),
    deletions: count().nullable(),
    files_changed: count().nullable(),
  },
  ['repository', 'sha'],
)
export type Commit = z.infer<typeof commit.row>
