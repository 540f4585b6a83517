import type { z } from 'zod'
import { choice, count, entity, flag, instant, text, texts } from './entity.ts'

export const CHANGE_STATES = ['open', 'merged', 'closed'] as const

/** A pull or merge request. */
export const change = entity(
  'changes',
  {
    /** `<repository>#<number>`, for a merge request `<repository>!<number>`. */
    id: text(),
    repository: text(),
    number: count(),
    title: text(),
    state: choice(CHANGE_STATES),
    is_draft: flag(),
    /** The login; null where the account was deleted or the tool does not say. */
    author: text().nullable(),
    author_is_bot: flag(),
    created_at: instant(),
    merged_at: instant().nullable(),
    closed_at: instant().nullable(),
    merged_by: text().nullable(),
    base_ref: text().nullable(),
    head_ref: text().nullable(),
    head_sha: text().nullable(),
    /** The commit that the merge put on the target branch: a merge commit, a squash commit, or the last of a rebase. Null until it is merged. */
    merge_sha: text().nullable(),
    additions: count().nullable(),
    deletions: count().nullable(),
    files_changed: count().nullable(),
    commit_count: count().nullable(),
    comment_count: count().nullable(),
    labels: texts(),
    url: text().nullable(),
    /** The id of the change that this one reverts, where its branch or its text says so. */
    reverts: text().nullable(),
  },
  ['repository', 'id'],
)
export type Change = z.infer<typeof change.row>
