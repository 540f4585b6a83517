import { z } from 'zod'
import { change, type Change } from '../../domain/change.ts'
import type { Candidate } from '../../domain/deployment-rule.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Raw } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import type { Range } from '../../src/paging.ts'
import { momentOf } from './api.ts'
import type { Config } from './config.ts'
import { either, id, type Item, label, maybe, orNull, part, place, when, words } from './payload.ts'
import { authorIn, isBot, login, person } from './person.ts'
import { lists, pullLists, updated } from './project-list.ts'
import { contextOf, type Project } from './project.ts'

export const pulledMergeRequest = z.object({
  iid: id,
  project: place,
  title: z.string(),
  description: words,
  state: z.string(),
  draft: z.boolean().nullish(),
  author: person,
  merge_user: person,
  merged_by: person,
  created_at: when,
  merged_at: maybe,
  closed_at: maybe,
  target_branch: words,
  source_branch: words,
  sha: words,
  merge_commit_sha: words,
  squash_commit_sha: words,
  user_notes_count: id.nullish(),
  labels: z.array(label).nullish(),
  web_url: words,
  /** Of the GraphQL API; the lists of the other one do not tell sizes. */
  size: z
    .object({
      commitCount: id.nullish(),
      diffStatsSummary: z.object({ additions: id, deletions: id, fileCount: id }).nullish(),
    })
    .nullish(),
})

type MergeRequest = z.output<typeof pulledMergeRequest>

function mergeRequestIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const done = (action: string) => (said['action'] === action ? said['updated_at'] : null)
  return {
    ...said,
    labels: said['labels'] ?? body['labels'],
    project: body['project'],
    author: authorIn(body),
    merge_user: said['action'] === 'merge' ? body['user'] : null,
    merged_at: done('merge'),
    closed_at: done('close'),
    sha: part(said, 'last_commit')['id'],
    web_url: said['url'],
  }
}

export const mergeRequestPayload = either(mergeRequestIn, pulledMergeRequest)

export const allMergeRequests = (range: Range) => ({ scope: 'all', state: 'all', ...updated(range) })
const iidsOf = (found: readonly Item[]) => found.map(({ iid }) => String(iid))
export const mergeRequestId = (one: Item, project: Project) => `${project.id}!${String(one['iid'])}`
export const mergeRequestPath = (one: Item, project: Project) => `/projects/${project.id}/merge_requests/${String(one['iid'])}`

const SIZES = `query ($project: ID!, $iids: [String!]) {
  project(fullPath: $project) { mergeRequests(iids: $iids) { nodes { iid commitCount diffStatsSummary { additions deletions fileCount } } } }
}`

const sizes = z.object({
  project: z.object({ mergeRequests: z.object({ nodes: z.array(z.looseObject({ iid: z.string() }).nullable()) }).nullable() }).nullable(),
})

/** How many lines, files and commits, of all that stand on a page, by one query. Without an answer they are unknown. */
async function sizesOf({ http, log }: Ask<Config>, found: readonly Item[], project: Project): Promise<Map<string, Item>> {
  if (found.length === 0) return new Map()
  try {
    const answer = await http.graphql('/api/graphql', SIZES, { project: project.path_with_namespace, iids: iidsOf(found) })
    const nodes = sizes.parse(answer).project?.mergeRequests?.nodes ?? []
    return new Map(nodes.flatMap((node) => (node === null ? [] : [[node.iid, node]])))
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.retry) throw thrown
    log.warn('gitlab.sizes_unknown', { project: project.path_with_namespace, reason: thrown.message })
    return new Map()
  }
}

export const pullMergeRequests = pullLists(
  'merge requests',
  lists('merge_requests', allMergeRequests, async (ask, found, project) => {
    const known = await sizesOf(ask, found, project)
    return found.map((one) =>
      pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
        ...one,
        project: contextOf(project),
        size: known.get(String(one['iid'])) ?? null,
      }),
    )
  }),
)

export const changeId = ({ project, iid }: Pick<MergeRequest, 'project' | 'iid'>) => `${project.path_with_namespace}!${iid}`

/** A merge of the merge request's own commits, one of what they were squashed to, or, where the target was only moved forward, the last of them. */
const mergeSha = (one: MergeRequest) =>
  one.state === 'merged' ? (orNull(one.merge_commit_sha) ?? orNull(one.squash_commit_sha) ?? orNull(one.sha)) : null

function reverted({ project, description }: MergeRequest): string | null {
  const found = /\bthis reverts merge request\s+([\w./-]*)!(\d+)/i.exec(description ?? '')
  return found === null ? null : `${found[1] || project.path_with_namespace}!${found[2]}`
}

/** Whether a rule asks what a merge touches: then it is read with its files, else with the merge request itself. */
export const needsFiles = ({ deployments }: Config) => deployments.some(({ from, paths }) => from === 'merge' && paths !== undefined)

export function mergeDeployments(one: MergeRequest, paths: readonly string[] | null, config: Config): Deployment[] {
  if (one.state !== 'merged' || one.merged_at === null) return []
  const candidate: Candidate = {
    from: 'merge',
    name: one.title,
    repository: one.project.path_with_namespace,
    branch: orNull(one.target_branch),
    paths,
  }
  return deploymentsByRule(config.deployments, candidate, {
    id: `merge:${changeId(one)}`,
    at: one.merged_at,
    finished_at: one.merged_at,
    outcome: 'success',
    revision: mergeSha(one),
    title: one.title,
    url: orNull(one.web_url),
    actor: login(one.merge_user ?? one.merged_by),
  })
}

const STATES = new Map<string, Change['state']>([
  ['merged', 'merged'],
  ['closed', 'closed'],
])

export function mergeRequestRows(one: MergeRequest, _raw: Raw, config: Config): DomainRows {
  return {
    changes: [
      rowOf(change, {
        id: changeId(one),
        repository: one.project.path_with_namespace,
        number: one.iid,
        title: one.title,
        // `locked` is open while it is being merged.
        state: STATES.get(one.state) ?? 'open',
        is_draft: one.draft ?? false,
        author: login(one.author),
        author_is_bot: isBot(one.author),
        created_at: one.created_at,
        merged_at: one.state === 'merged' ? one.merged_at : null,
        closed_at: one.state === 'closed' ? one.closed_at : null,
        merged_by: one.state === 'merged' ? login(one.merge_user ?? one.merged_by) : null,
        base_ref: orNull(one.target_branch),
        head_ref: orNull(one.source_branch),
        head_sha: orNull(one.sha),
        merge_sha: mergeSha(one),
        additions: one.size?.diffStatsSummary?.additions,
        deletions: one.size?.diffStatsSummary?.deletions,
        files_changed: one.size?.diffStatsSummary?.fileCount,
        commit_count: one.size?.commitCount,
        comment_count: one.user_notes_count,
        labels: one.labels ?? [],
        url: orNull(one.web_url),
        reverts: reverted(one),
      }),
    ],
    deployments: needsFiles(config) ? [] : mergeDeployments(one, null, config),
  }
}
