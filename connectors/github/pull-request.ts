import { z } from 'zod'
import { change } from '../../domain/change.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask, type Raw } from '../../src/connector.ts'
import { read, refOf, type Anything } from './ask.ts'
import type { Config } from './config.ts'
import { graphLists } from './graph-list.ts'
import { changeId, count, instantOf, item, labels, repositoryRef, time, type Named } from './payload.ts'
import { ACTOR, actorNode, isBot, loginOf, user } from './person.ts'
import { deploymentsOf } from './rule.ts'

const pullRequest = z.object({
  number: z.int().nonnegative(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  draft: z.boolean().default(false),
  user,
  created_at: time,
  updated_at: time,
  merged_at: time.nullish(),
  closed_at: time.nullish(),
  merged_by: user,
  base: z.object({ ref: z.string() }),
  head: z.object({ ref: z.string(), sha: z.string() }),
  merge_commit_sha: z.string().nullish(),
  additions: count,
  deletions: count,
  changed_files: count,
  commits: count,
  comments: count,
  labels,
  html_url: z.string().nullish(),
})
type PullRequest = z.output<typeof pullRequest>
export const changePayload = z.object({ repository: repositoryRef, pull_request: pullRequest })

// By repository and number: GraphQL has no id of a pull request that every version of the API has.
export const changeName = ({ repository, pull_request: { number, updated_at } }: z.output<typeof changePayload>): Named => [
  `${repository.id}#${number}`,
  utc(updated_at),
]

export const PULL_REQUEST = `title body state isDraft createdAt mergedAt closedAt author{${ACTOR}} mergedBy{${ACTOR}} baseRefName headRefName headRefOid mergeCommit{oid} additions deletions changedFiles commits{totalCount} comments{totalCount} labels(first:100){nodes{name}} url`

const totalOf = z.object({ totalCount: z.int() })
const pullRequestNode = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  isDraft: z.boolean(),
  createdAt: time,
  updatedAt: time,
  mergedAt: time.nullish(),
  closedAt: time.nullish(),
  author: actorNode,
  mergedBy: actorNode,
  baseRefName: z.string(),
  headRefName: z.string(),
  headRefOid: z.string(),
  mergeCommit: z.object({ oid: z.string() }).nullish(),
  additions: z.int(),
  deletions: z.int(),
  changedFiles: z.int(),
  commits: totalOf,
  comments: totalOf,
  labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullish(),
  url: z.string(),
})

/** A pull request of GraphQL in the shape of a webhook's. */
export function pullRequestOf(node: Anything): PullRequest {
  const one = read(pullRequestNode, node, 'a pull request')
  return {
    number: one.number,
    title: one.title,
    body: one.body,
    state: one.state === 'OPEN' ? 'open' : 'closed',
    draft: one.isDraft,
    user: one.author,
    created_at: one.createdAt,
    updated_at: one.updatedAt,
    merged_at: one.mergedAt,
    closed_at: one.closedAt,
    merged_by: one.mergedBy,
    base: { ref: one.baseRefName },
    head: { ref: one.headRefName, sha: one.headRefOid },
    merge_commit_sha: one.mergeCommit?.oid ?? null,
    additions: one.additions,
    deletions: one.deletions,
    changed_files: one.changedFiles,
    commits: one.commits.totalCount,
    comments: one.comments.totalCount,
    labels: one.labels?.nodes ?? [],
    html_url: one.url,
  }
}

export const pullChanges = (ask: Ask<Config>) =>
  graphLists(ask, 'pull requests', 'pullRequests', (repository) => ({
    query: 'PullRequests',
    first: 50,
    fields: PULL_REQUEST,
    items: (node) => [item(changeName, changePayload, { repository: refOf(repository), pull_request: pullRequestOf(node) })],
  }))

/** The change that this one undoes: GitHub's button names the branch `revert-<n>-…` and writes `Reverts owner/name#n`. */
function revertedBy({ body, head }: PullRequest, repository: string): string | null {
  const said = /^\s*reverts\s+(?:([\w.-]+\/[\w.-]+))?#(\d+)\b/im.exec(body ?? '')
  if (said !== null) return `${said[1] ?? repository}#${said[2]}`
  const number = /^revert-(\d+)-/.exec(head.ref)?.[1]
  return number === undefined ? null : `${repository}#${number}`
}

export const comesFromFiles = (config: Config) => config.deployments.some((rule) => rule.from === 'merge' && rule.paths !== undefined)

export function mergeRows(
  { repository, pull_request: one }: z.output<typeof changePayload>,
  paths: string[] | null,
  config: Config,
): Deployment[] {
  if (!one.merged_at) return []
  return deploymentsOf(
    config.deployments,
    { from: 'merge', name: one.title, repository: repository.full_name, branch: one.base.ref, paths },
    {
      id: `merge:${repository.id}#${one.number}`,
      at: utc(one.merged_at),
      outcome: 'success',
      revision: one.merge_commit_sha ?? null,
      ref: one.base.ref,
      title: one.title,
      url: one.html_url ?? null,
      actor: loginOf(one.merged_by),
    },
  )
}

export function changeRows(payload: z.output<typeof changePayload>, _raw: Raw, config: Config): DomainRows {
  const { repository, pull_request: one } = payload
  return {
    changes: [
      rowOf(change, {
        id: changeId(repository, one.number),
        repository: repository.full_name,
        number: one.number,
        title: one.title,
        state: one.merged_at ? 'merged' : one.state === 'open' ? 'open' : 'closed',
        is_draft: one.draft,
        author: loginOf(one.user),
        author_is_bot: isBot(one.user),
        created_at: utc(one.created_at),
        merged_at: instantOf(one.merged_at),
        closed_at: instantOf(one.closed_at),
        merged_by: loginOf(one.merged_by),
        base_ref: one.base.ref,
        head_ref: one.head.ref,
        head_sha: one.head.sha,
        // Before the merge GitHub names a merge here that it only tries.
        merge_sha: one.merged_at ? one.merge_commit_sha : null,
        additions: one.additions,
        deletions: one.deletions,
        files_changed: one.changed_files,
        commit_count: one.commits,
        // Of the conversation: what is said about lines is counted differently by the two APIs, and stands in `reviews`.
        comment_count: one.comments,
        labels: one.labels.map(({ name }) => name).sort(),
        url: one.html_url,
        reverts: revertedBy(one, repository.full_name),
      }),
    ],
    ...(comesFromFiles(config) ? {} : { deployments: mergeRows(payload, null, config) }),
  }
}
