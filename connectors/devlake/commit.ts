import { z } from 'zod'
import { commit } from '../../domain/commit.ts'
import { rowOf } from '../../domain/entity.ts'
import { looseNumber, looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { walk } from './lake.ts'
import { repositoriesOf } from './repository.ts'
import { countOf, date, firstLine, nameOf, repositoryPayload } from './value.ts'

export const commitPayload = z.object({
  repo_id: z.string(),
  commit_sha: z.string().min(1),
  repo: repositoryPayload,
  /** Null where `commits` has no such row. */
  commit: z
    .object({
      message: looseText(),
      author_name: looseText(),
      author_email: looseText(),
      authored_date: date(),
      committer_name: looseText(),
      committer_email: looseText(),
      committed_date: date(),
      additions: looseNumber(),
      deletions: looseNumber(),
    })
    .nullable(),
  parents: z.array(z.string()),
})

/** A commit of a repository: a fork has the commits of its origin, and both count. */
export const pullCommits = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'repo_commits',
    size: 5_000,
    watch: [{ table: 'commits', column: 'sha', own: 'commit_sha' }],
    moment: ({ commit: told }) => (told as { committed_date?: unknown } | null)?.committed_date,
    async payloads(lake, rows) {
      const shas = rows.map((row) => row['commit_sha'])
      const [commits, parents, repo] = await Promise.all([
        lake.rows('commits', 'sha', shas),
        lake.groups('commit_parents', 'commit_sha', shas),
        repositoriesOf(
          lake,
          rows.map((row) => row['repo_id']),
        ),
      ])
      const bySha = new Map(commits.map(({ sha, ...rest }) => [sha, rest]))
      return rows.map((row) => ({
        ...row,
        repo: repo(row['repo_id']),
        commit: bySha.get(row['commit_sha']) ?? null,
        parents: (parents.get(String(row['commit_sha'])) ?? []).map((one) => one['parent_commit_sha']),
      }))
    },
  })

const REVERTS = /\bthis reverts commit\s+([0-9a-f]{7,64})\b|^reverts:?\s+([0-9a-f]{7,64})\b/im

export function commitRows({ repo, repo_id, commit_sha, commit: told, parents }: z.output<typeof commitPayload>): DomainRows {
  if (told === null) throw new Error('`repo_commits` names a commit that `commits` does not have')
  const repository = nameOf(repo)
  if (repository === null) throw new Error(`\`repos\` has no name for ${repo_id}`)
  const committed = told.committed_date ?? told.authored_date
  if (committed === null) throw new Error('the commit has no date')
  const reverted = REVERTS.exec(told.message ?? '')
  const row = rowOf(commit, {
    repository,
    sha: commit_sha,
    parents,
    author_name: told.author_name ?? '',
    author_email: told.author_email ?? '',
    authored_at: told.authored_date ?? committed,
    committer_name: told.committer_name ?? '',
    committer_email: told.committer_email ?? '',
    committed_at: committed,
    subject: firstLine(told.message),
    reverts: reverted?.[1] ?? reverted?.[2],
    additions: countOf(told.additions),
    deletions: countOf(told.deletions),
  })
  return { commits: [row] }
}
