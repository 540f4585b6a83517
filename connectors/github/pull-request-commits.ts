import { z } from 'zod'
import { changeCommits } from '../../domain/change-commits.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { graphLists } from './graph-list.ts'
import { changeId, gitInstant, repositoryRef, time } from './payload.ts'

const changeCommit = z.looseObject({ oid: z.string(), authoredDate: time, committedDate: time, messageHeadline: z.string() })
export const changeCommitsPayload = z.object({
  repository: repositoryRef,
  number: z.int(),
  commits: z.array(z.object({ commit: changeCommit })),
})

export const pullChangeCommits = (ask: Ask<Config>) =>
  graphLists(ask, 'commits of pull requests', 'pullRequests', (repository) => ({
    query: 'PullRequestCommits',
    first: 25,
    inner: { field: 'commits', nodes: 'commit{oid authoredDate committedDate messageHeadline}' },
    items: ({ number, updatedAt }, commits) => [
      pulled(`${repository.id}#${number}`, updatedAt, { repository: refOf(repository), number, commits }),
    ],
  }))

export function changeCommitsRows({ repository, number, commits }: z.output<typeof changeCommitsPayload>): DomainRows {
  return {
    change_commits: [
      rowOf(changeCommits, {
        change_id: changeId(repository, number),
        repository: repository.full_name,
        shas: commits.map(({ commit }) => commit.oid),
        started_at: commits.map(({ commit }) => {
          const [authored, committed] = [gitInstant(commit.authoredDate), gitInstant(commit.committedDate)]
          return authored > committed ? committed : authored
        }),
        subjects: commits.map(({ commit }) => commit.messageHeadline),
      }),
    ],
  }
}
