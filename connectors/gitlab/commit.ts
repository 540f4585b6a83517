import { z } from 'zod'
import { commit } from '../../domain/commit.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { earlier } from './api.ts'
import { id, maybe, place, when, words } from './payload.ts'
import { lists, pullLists, told } from './project-list.ts'

export const commitPayload = z.object({
  id: z.string(),
  project: place,
  parent_ids: z.array(z.string()).nullish(),
  author_name: z.string(),
  author_email: z.string(),
  authored_date: maybe,
  committer_name: z.string(),
  committer_email: z.string(),
  committed_date: when,
  title: words,
  message: words,
  stats: z.object({ additions: id, deletions: id }).nullish(),
})

export const pullCommits = pullLists(
  'commits',
  lists(
    'repository/commits',
    // A branch brings commits that are older than its merge, so the days before are read again.
    ({ since, until }) => ({ with_stats: true, since: since === null ? undefined : earlier(since, 30), until: until ?? undefined }),
    told((one, project) => `${project.id}:${String(one['id'])}`, 'committed_date'),
  ),
)

const REVERTS_COMMIT = /\bthis reverts commit\s+([0-9a-f]{7,64})\b/i

export function commitRows(one: z.output<typeof commitPayload>): DomainRows {
  const parents = one.parent_ids ?? []
  // What GitLab counts for a merge are the lines of the whole branch, whose own commits have them already.
  const stats = parents.length > 1 ? { additions: 0, deletions: 0 } : one.stats
  return {
    commits: [
      rowOf(commit, {
        repository: one.project.path_with_namespace,
        sha: one.id,
        parents,
        author_name: one.author_name,
        author_email: one.author_email,
        authored_at: one.authored_date ?? one.committed_date,
        committer_name: one.committer_name,
        committer_email: one.committer_email,
        committed_at: one.committed_date,
        subject: one.title ?? (one.message ?? '').split('\n', 1)[0] ?? '',
        reverts: REVERTS_COMMIT.exec(one.message ?? '')?.[1]?.toLowerCase() ?? null,
        additions: stats?.additions,
        deletions: stats?.deletions,
        files_changed: parents.length > 1 ? 0 : null,
      }),
    ],
  }
}
