import { z } from 'zod'
import { changeCommits } from '../../domain/change-commits.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled } from '../../src/connector.ts'
import { each, momentOf, whole } from './api.ts'
import { allMergeRequests, changeId, mergeRequestId, mergeRequestPath } from './merge-request.ts'
import { id, maybe, place, words } from './payload.ts'
import { lists, pullLists } from './project-list.ts'
import { contextOf } from './project.ts'

export const mergeRequestCommitsPayload = z.object({
  iid: id,
  project: place,
  commits: z.array(z.object({ id: z.string(), title: words, authored_date: maybe, committed_date: maybe, created_at: maybe })),
})

export const pullMergeRequestCommits = pullLists(
  'commits of merge requests',
  lists('merge_requests', allMergeRequests, (ask, found, project) =>
    each(found, async (one) => {
      const commits = await whole(ask, `${mergeRequestPath(one, project)}/commits`, {})
      return pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
        iid: one['iid'],
        project: contextOf(project),
        // GitLab gives the newest first.
        commits: commits.toReversed(),
      })
    }),
  ),
)

export function mergeRequestCommitsRows(one: z.output<typeof mergeRequestCommitsPayload>): DomainRows {
  const dated = one.commits.flatMap(({ id, title, authored_date, committed_date, created_at }) => {
    const committed = committed_date ?? created_at
    const authored = authored_date ?? committed
    if (authored === null) return []
    return [{ id, title: title ?? '', at: committed !== null && authored > committed ? committed : authored }]
  })
  return {
    change_commits: [
      rowOf(changeCommits, {
        change_id: changeId(one),
        repository: one.project.path_with_namespace,
        shas: dated.map(({ id }) => id),
        started_at: dated.map(({ at }) => at),
        subjects: dated.map(({ title }) => title),
      }),
    ],
  }
}
