import { z } from 'zod'
import { changeCommits } from '../../domain/change-commits.ts'
import { change, type Change } from '../../domain/change.ts'
import { rowOf } from '../../domain/entity.ts'
import { looseFlag, looseNumber, looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { byFairlead } from './fairlead.ts'
import { walk } from './lake.ts'
import { accountsOf } from './people.ts'
import { repositoriesOf } from './repository.ts'
import { account, changeId, countOf, date, firstLine, isBot, loginOf, nameOf, repositoryOfPage, repositoryPayload } from './value.ts'

export const pullRequestPayload = z.object({
  id: z.string(),
  base_repo_id: looseText(),
  pull_request_key: looseNumber(),
  title: looseText(),
  status: looseText(),
  is_draft: looseFlag(),
  url: looseText(),
  author_name: looseText(),
  merged_by_name: looseText(),
  created_date: date(),
  merged_date: date(),
  closed_date: date(),
  base_ref: looseText(),
  head_ref: looseText(),
  head_commit_sha: looseText(),
  merge_commit_sha: looseText(),
  additions: looseNumber(),
  deletions: looseNumber(),
  repo: repositoryPayload,
  author: account,
  merged_by: account,
  labels: z.array(z.string()),
  fairlead: byFairlead,
  /** Null where the database does not tell commits of pull requests. */
  commits: z
    .array(
      z.object({
        commit_sha: z.string(),
        commit_authored_date: date(),
        committed_date: date(),
        message: looseText(),
      }),
    )
    .nullable(),
})

/** With its commits and labels: `pull_request_commits` has no index by which those of one pull request are found, so many are asked for at once. */
export const pullPullRequests = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'pull_requests',
    size: 5_000,
    watch: [
      { table: 'pull_request_commits', column: 'pull_request_id', own: 'id' },
      { table: 'pull_request_labels', column: 'pull_request_id', own: 'id' },
    ],
    async payloads(lake, rows) {
      const ids = rows.map((row) => row['id'])
      const [carried, labels, repo, known] = await Promise.all([
        lake.groups('pull_request_commits', 'pull_request_id', ids),
        lake.groups('pull_request_labels', 'pull_request_id', ids),
        repositoriesOf(
          lake,
          rows.map((row) => row['base_repo_id']),
        ),
        accountsOf(
          lake,
          rows.flatMap((row) => [row['author_id'], row['merged_by_id']]),
        ),
      ])
      const shas = [...carried.values()].flatMap((list) => list.map((one) => one['commit_sha']))
      const commits = new Map((await lake.rows('commits', 'sha', shas)).map((row) => [row['sha'], row]))
      return rows.map(({ author_id, merged_by_id, ...row }) => ({
        ...row,
        repo: repo(row['base_repo_id']),
        author: known(author_id),
        merged_by: known(merged_by_id),
        labels: (labels.get(String(row['id'])) ?? []).map((one) => one['label_name']),
        commits: lake.has('pull_request_commits')
          ? (carried.get(String(row['id'])) ?? []).map(({ commit_sha, commit_authored_date }) => {
              const { authored_date, committed_date, message } = commits.get(commit_sha) ?? {}
              return {
                commit_sha,
                commit_authored_date: commit_authored_date ?? authored_date,
                committed_date,
                message: typeof message === 'string' ? firstLine(message) : null,
              }
            })
          : null,
      }))
    },
  })

const STATE: Record<string, Change['state']> = { OPEN: 'open', MERGED: 'merged', CLOSED: 'closed' }

export function pullRequestRows(row: z.output<typeof pullRequestPayload>): DomainRows {
  const repository = nameOf(row.repo) ?? repositoryOfPage(row.url)
  if (repository === null) throw new Error(`\`repos\` has no name for ${row.base_repo_id ?? 'the repository of this pull request'}`)
  if (row.pull_request_key === null || row.pull_request_key < 0) throw new Error('the pull request has no number')
  if (row.created_date === null) throw new Error('the pull request has no date of creation')
  const number = Math.round(row.pull_request_key)
  const id = changeId(repository, number, row)
  const state = STATE[row.status ?? ''] ?? (row.merged_date !== null ? 'merged' : row.closed_date !== null ? 'closed' : 'open')
  const author = loginOf(row.author, row.author_name)
  const told = rowOf(change, {
    id,
    repository,
    number,
    title: row.title ?? `#${number}`,
    state,
    is_draft: row.is_draft ?? false,
    author,
    author_is_bot: isBot(author),
    created_at: row.created_date,
    merged_at: row.merged_date,
    closed_at: row.closed_date ?? (row.fairlead === undefined ? row.merged_date : null),
    merged_by: loginOf(row.merged_by, row.merged_by_name),
    base_ref: row.base_ref,
    head_ref: row.head_ref,
    head_sha: row.head_commit_sha,
    merge_sha: state === 'merged' ? row.merge_commit_sha : null,
    additions: countOf(row.additions),
    deletions: countOf(row.deletions),
    commit_count: row.commits === null || row.commits.length === 0 ? null : row.commits.length,
    labels: row.labels,
    url: row.url,
  })
  // A commit without any date cannot be the start of anything.
  const dated = (row.commits ?? []).flatMap(({ commit_sha, commit_authored_date, committed_date, message }) => {
    const started = earlier(commit_authored_date, committed_date)
    return started === null ? [] : [{ sha: commit_sha, started, subject: message ?? '' }]
  })
  if (dated.length === 0) return { changes: [told] }
  dated.sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : a.sha < b.sha ? -1 : 1))
  const commits = {
    change_id: id,
    repository,
    shas: dated.map((one) => one.sha),
    started_at: dated.map((one) => one.started),
    subjects: dated.map((one) => one.subject),
  }
  return { changes: [told], change_commits: [rowOf(changeCommits, commits)] }
}

/** The author date, or the committer date when the author date is later than it. */
function earlier(authored: string | null, committed: string | null): string | null {
  return authored === null || (committed !== null && committed < authored) ? committed : authored
}
