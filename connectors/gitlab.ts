import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { build } from '../domain/build.ts'
import { changeCommits } from '../domain/change-commits.ts'
import { changeFiles } from '../domain/change-files.ts'
import { change, type Change } from '../domain/change.ts'
import { commit } from '../domain/commit.ts'
import { deploymentRules, matchRules, type Candidate } from '../domain/deployment-rule.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { knownTier, tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import { job } from '../domain/job.ts'
import { releaseOf } from '../domain/release-tag.ts'
import { release } from '../domain/release.ts'
import { repository } from '../domain/repository.ts'
import { review, type Review } from '../domain/review.ts'
import type { DomainRows } from '../domain/tables.ts'
import { transition } from '../domain/transition.ts'
import { workItem, type WorkItem } from '../domain/work-item.ts'
import {
  defineConnector,
  defineStream,
  pulled,
  secret,
  webhookSecrets,
  type Ask,
  type Check,
  type Delivery,
  type Http,
  type Page,
  type Pulled,
  type Raw,
  type Stream,
} from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { nextLink, walkLists, type List, type ListPage } from '../src/paging.ts'
import { Secret } from '../src/secret.ts'
import { isSecret } from '../src/signature.ts'

const docs = `Reads projects of GitLab, on gitlab.com or self-managed (15.7 or newer): merge requests with their commits, files, comments and approvals, pipelines with their jobs, deployments, releases, tags, issues and incidents.

**Token.** A personal, project or group access token with the scope \`read_api\` and the role Reporter. Public projects can be read without one. Name the projects, or a group for all its projects and those of its subgroups; a project that was renamed or moved is followed. Leave its former path in the list, or add it, and what was told under that name is its own.

**Deployments.** By default what GitLab itself calls so: jobs with an \`environment\`, and deployments that other tools report to it. The tier is the environment's own. A deployment that only waits for somebody to start it is not told. Rules can name pipelines (\`run\`), jobs, tags, releases or merges instead. A pipeline that is retried stays one build in GitLab; the jobs that were run again are attempts 2, 3 and so on. Which environment a job has is told by the webhook only, so name it in the rule. A tag or release rule without \`name\` takes versions and no pre-releases; with \`name\`, every match. A pipeline of a merge request has no branch for a rule: what it is called may be the branch of a fork.

**Incidents.** Issues of the type incident, and issues with one of \`incident_labels\`. A label such as \`service::api\` names the service.

**Webhook.** With projects or a group, a delivery makes that they are asked at once, because it tells less than the API does; deployments and comments are read from the delivery too. Without them nothing is asked and the deliveries are all there is: then the author of a merge request is known only while the author acts, and reviews have no requests.

The API asks the 30 days before the last pull again for commits, and 90 for tags and releases: what is older when it reaches the default branch is not seen.`

const line = () =>
  z
    .string()
    .trim()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}+$/u, 'must not hold control characters')
const path = () =>
  z
    .string()
    .trim()
    .regex(/^[\w.-]+(?:\/[\w.-]+)*$/, 'must be a path such as acme/shop')

const config = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .default('https://gitlab.com')
    .describe('Address of GitLab'),
  token: secret().optional().describe('Access token with the scope read_api'),
  projects: z.array(path()).default([]).describe('Paths of projects, such as acme/shop'),
  group: path().optional().describe('Path of a group: all its projects, and those of its subgroups'),
  webhook_secrets: webhookSecrets(),
  deployments: deploymentRules([{ from: 'deployment' }]),
  incident_labels: z
    .array(line())
    .default(['incident'])
    .describe('Issues with one of these labels are incidents, beside those of the type incident'),
  in_progress_labels: z
    .array(line())
    .default(['doing', 'in progress', 'in dev', 'in review'])
    .describe('Open issues with one of these labels are in progress; of a scoped label the part behind :: counts'),
})
type Config = z.output<typeof config>

/** Whether the API is asked at all: else the webhook alone tells. */
const isAsked = ({ projects, group }: Config) => projects.length > 0 || group !== undefined

// ---------------------------------------------------------------- payloads

/** What the store's instants can hold. A commit may claim any second at all. */
const LATEST = Date.UTC(2299, 11, 31, 23, 59, 59)

/** ISO, or as webhooks write it: `2026-01-15 10:00:00 UTC`, `2026-01-15 10:00:00 +0200`. Null for no moment, and for one without a zone. */
function moment(text: string): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(UTC|Z)|([+-]\d\d):?(\d\d))$/.exec(text)
  if (found === null) return null
  const ms = Date.parse(`${found[1]}T${found[2]}${found[3] === undefined ? `${found[4]}:${found[5]}` : 'Z'}`)
  return ms >= 0 ? new Date(Math.min(ms, LATEST)).toISOString() : null
}

const when = z.string().transform((text, context) => {
  const found = moment(text)
  if (found === null) context.addIssue({ code: 'custom', message: `${JSON.stringify(text.slice(0, 50))} is no moment with a zone` })
  return found ?? ''
})
const maybe = when.nullish().transform((found) => found ?? null)
const id = z.number().int().nonnegative()
const words = z.string().nullish()
const seconds = z.number().nullish()

const person = z.object({ id: id.nullish(), username: words, bot: z.boolean().nullish() }).nullish()
type Person = z.output<typeof person>
const label = z.union([z.string(), z.object({ title: z.string() }).transform(({ title }) => title)])
const place = z.object({ path_with_namespace: z.string().min(1), web_url: words })
const titled = z.object({ title: words }).nullish()

type Item = Record<string, unknown>
const part = (one: Item, field: string): Item => (typeof one[field] === 'object' && one[field] !== null ? (one[field] as Item) : {})

/** What the API gives, and the body of a webhook, told apart by `object_kind`: `bring` puts what it says where the API says it. */
function either<O>(bring: (body: Item) => Item, pull: z.ZodType<O>): z.ZodType<O> {
  return z.looseObject({}).transform((value, context): O => {
    const read = pull.safeParse('object_kind' in value ? bring(value) : value)
    if (read.success) return read.data
    for (const { path, message } of read.error.issues) context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  })
}

/** A webhook has the author's number, and names only who acts, who is assigned and who reviews. */
function authorIn(body: Item): unknown {
  const author = part(body, 'object_attributes')['author_id']
  const named = [body['user'], body['assignees'], body['reviewers']].flat() as (Item | null | undefined)[]
  return named.find((one) => typeof author === 'number' && one?.['id'] === author) ?? null
}

const projectPayload = z.object({
  id,
  path_with_namespace: z.string().min(1),
  /** The paths under which the settings ask for it: one that it no longer has is a former name. */
  asked: z.array(z.string()).nullish(),
  name: words,
  web_url: words,
  default_branch: words,
  updated_at: maybe,
  last_activity_at: maybe,
})
type Project = z.output<typeof projectPayload>

const commitPayload = z.object({
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

const mergeRequestPull = z.object({
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
type MergeRequest = z.output<typeof mergeRequestPull>

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

const commitsPayload = z.object({
  iid: id,
  project: place,
  commits: z.array(z.object({ id: z.string(), title: words, authored_date: maybe, committed_date: maybe, created_at: maybe })),
})

const filesPayload = z.object({
  merge_request: mergeRequestPull,
  files: z.array(z.object({ old_path: words, new_path: words })),
})

const notePull = z.object({
  id,
  project: place,
  noteable_iid: id,
  body: z.string(),
  system: z.boolean().nullish(),
  author: person,
  created_at: when,
})
type Note = z.output<typeof notePull>

/** Who approved is told by the merge request's webhook: it becomes the note that GitLab writes beside it. */
function noteIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const about = { project: body['project'], author: body['user'] }
  if (body['object_kind'] === 'note') return { ...said, ...about, noteable_iid: part(body, 'merge_request')['iid'], body: said['note'] }
  const verb = String(said['action']).startsWith('un') ? 'unapproved' : 'approved'
  return { ...about, id: 0, noteable_iid: said['iid'], body: `${verb} this merge request`, system: true, created_at: said['updated_at'] }
}

const pipelinePull = z.object({
  id,
  iid: id.nullish(),
  project: place,
  name: words,
  ref: words,
  sha: words,
  source: words,
  status: z.string(),
  created_at: when,
  started_at: maybe,
  finished_at: maybe,
  user: person,
  web_url: words,
  title: words,
  /** Of a child: the pipeline that started it, and the job in which. */
  parent: id.nullish(),
  bridge: words,
})
type Pipeline = z.output<typeof pipelinePull>

function pipelineIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const { project, user } = body
  const parent = part(body, 'source_pipeline')['pipeline_id']
  return { ...said, project, user, parent, title: part(body, 'commit')['title'], web_url: said['url'] }
}

const jobPull = z.object({
  id,
  project: place,
  name: z.string(),
  status: z.string(),
  ref: words,
  /** 1 for the first run of its name in the pipeline. */
  attempt: id.nullish(),
  created_at: maybe,
  started_at: maybe,
  finished_at: maybe,
  queued_duration: seconds,
  user: person,
  commit: titled,
  pipeline: z.object({ id, sha: words, source: words }),
  environment: z.object({ name: words, deployment_tier: words }).nullish(),
  web_url: words,
})
type Job = z.output<typeof jobPull>

function jobIn(body: Item): Item {
  const { project, user, ref, environment } = body
  const retries = body['retries_count']
  const home = part(body, 'project')['web_url']
  return {
    project,
    user,
    ref,
    environment,
    id: body['build_id'],
    name: body['build_name'],
    status: body['build_status'],
    attempt: typeof retries === 'number' ? retries + 1 : 1,
    created_at: body['build_created_at'],
    started_at: body['build_started_at'],
    finished_at: body['build_finished_at'],
    queued_duration: body['build_queued_duration'],
    pipeline: { id: body['pipeline_id'], sha: body['sha'] },
    web_url: typeof home === 'string' ? `${home}/-/jobs/${String(body['build_id'])}` : null,
  }
}

const deploymentPull = z.object({
  id,
  project: place,
  status: z.string(),
  ref: words,
  sha: words,
  updated_at: when,
  user: person,
  environment: z.object({ name: z.string().min(1) }),
  environment_tier: words,
  deployable: z
    .object({
      started_at: maybe,
      finished_at: maybe,
      tag: z.boolean().nullish(),
      user: person,
      commit: titled,
      pipeline: z.object({ id }).nullish(),
      web_url: words,
    })
    .nullish(),
})
type DeploymentPull = z.output<typeof deploymentPull>

function deploymentIn(body: Item): Item {
  const { project, user, status, ref, environment_tier, deployable_id } = body
  // The whole commit stands in its address only.
  const [, sha] = /\/([0-9a-f]{40,64})$/.exec(String(body['commit_url'])) ?? []
  const made = { commit: { title: body['commit_title'] }, web_url: body['deployable_url'] }
  return {
    project,
    user,
    status,
    ref,
    environment_tier,
    id: body['deployment_id'],
    sha: sha ?? body['short_sha'],
    updated_at: body['status_changed_at'],
    environment: { name: body['environment'] },
    deployable: typeof deployable_id === 'number' ? made : null,
  }
}

const releasePull = z.object({
  tag_name: z.string().min(1),
  project: place,
  name: words,
  released_at: maybe,
  created_at: maybe,
  upcoming_release: z.boolean().nullish(),
  author: person,
  commit: z.object({ id: z.string() }).nullish(),
  _links: z.object({ self: words }).nullish(),
  action: words,
})
type ReleasePull = z.output<typeof releasePull>

const releaseIn = (body: Item): Item => ({ ...body, tag_name: body['tag'], _links: { self: body['url'] } })

const tagPayload = z.object({
  name: z.string().min(1),
  project: place,
  message: words,
  created_at: maybe,
  commit: z.object({ id: z.string(), committed_date: maybe, created_at: maybe, title: words }),
})

const issuePull = z.object({
  iid: id,
  project: place,
  title: z.string(),
  state: z.string(),
  issue_type: words,
  created_at: when,
  closed_at: maybe,
  due_date: words,
  severity: words,
  weight: z.number().nullish(),
  labels: z.array(label).nullish(),
  milestone: titled,
  moved_to_id: id.nullish(),
  author: person,
  assignees: z.array(person).nullish(),
  time_stats: z.object({ time_estimate: seconds, total_time_spent: seconds }).nullish(),
  web_url: words,
})
type Issue = z.output<typeof issuePull>

function issueIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const { time_estimate, total_time_spent } = said
  return {
    ...said,
    labels: said['labels'] ?? body['labels'],
    project: body['project'],
    issue_type: typeof said['type'] === 'string' ? said['type'].replaceAll(' ', '_') : null,
    closed_at: said['state'] === 'closed' ? (said['closed_at'] ?? said['updated_at']) : null,
    author: authorIn(body),
    assignees: body['assignees'],
    time_stats: { time_estimate, total_time_spent },
    web_url: said['url'],
  }
}

const stateEventPayload = z.object({
  id,
  iid: id,
  project: place,
  resource_type: z.string(),
  user: person,
  created_at: when,
  state: words,
  action: words,
  label: z.object({ name: words }).nullish(),
})

// ---------------------------------------------------------------- rows

const OUTCOMES = new Map<string, Deployment['outcome']>([
  ['success', 'success'],
  ['failed', 'failure'],
  ['canceled', 'cancelled'],
  ['skipped', 'skipped'],
  ['manual', 'skipped'],
  ...[
    'created',
    'waiting_for_resource',
    'waiting_for_callback',
    'preparing',
    'pending',
    'running',
    'scheduled',
    'canceling',
    'blocked',
  ].map((status): [string, Deployment['outcome']] => [status, 'running']),
])
const outcomeOf = (status: string) => OUTCOMES.get(status) ?? 'unknown'

/** Nobody and nothing has started it: no attempt yet, and perhaps never. */
const UNSTARTED = new Set(['created', 'manual', 'scheduled'])

const TRIGGERS = new Map([
  ['web', 'manual'],
  ['merge_request_event', 'pull_request'],
  ['external_pull_request_event', 'pull_request'],
])

const triggerOf = (source: string | null | undefined) => TRIGGERS.get(source ?? '') ?? orNull(source)

/** What a merge request runs on is named like any branch of any fork: no rule for a branch may take it for that branch. */
const branchFor = (trigger: string | null, ref: string | null | undefined) => (trigger === 'pull_request' ? null : orNull(ref))

/** What a deleted user leaves is put to the name of a user who is a ghost. */
function login(one: Person): string | null {
  const name = one?.username ?? ''
  return name === '' || /^ghost\d*$/.test(name) ? null : name
}

/** Access tokens act as `project_<id>_bot_<text>`, service accounts as `service_account_…`; others are named by custom. */
function isBot(one: Person): boolean {
  return one?.bot === true || /[-_]bot(?:_|$)|\[bot\]$|^service_account_/i.test(one?.username ?? '')
}

const orNull = (text: string | null | undefined) => (text === undefined || text === '' ? null : text)
const buildId = (pipeline: number) => `pipeline:${pipeline}`

/** The deployments that the rules make of something. Where they are several, service and environment are part of their ids. */
function deploymentsBy(
  { deployments: rules }: Config,
  candidate: Candidate,
  tier: string | null,
  known: Pick<Deployment, 'id' | 'at' | 'outcome'> & Partial<Deployment>,
): Deployment[] {
  // A rule that names no tag takes versions and no pre-releases, as the git connector does.
  const isVersion = !['tag', 'release'].includes(candidate.from) || releaseOf(candidate.name, candidate.repository ?? '') !== null
  const fitting = isVersion ? rules : rules.filter(({ name }) => name !== undefined)
  const matches = matchRules(fitting, candidate)
  return matches.map(({ service, environment, rule }) =>
    rowOf(deployment, {
      ...known,
      id: matches.length === 1 ? known.id : `${known.id}:${service}:${environment}`,
      kind: 'deploy',
      service,
      environment: (environment === candidate.environment ? knownTier(tier ?? '') : null) ?? tierOf(environment),
      environment_name: environment,
      repository: candidate.repository,
      ref: candidate.branch,
      rule,
    }),
  )
}

function repositoryRows({ path_with_namespace, asked, name, web_url, default_branch }: Project): DomainRows {
  return {
    repositories: [
      rowOf(repository, {
        id: path_with_namespace,
        title: name ?? path_with_namespace,
        url: web_url,
        default_branch,
        previous_names: (asked ?? []).filter((one) => one !== path_with_namespace),
      }),
    ],
  }
}

const REVERTS_COMMIT = /\bthis reverts commit\s+([0-9a-f]{7,64})\b/i

function commitRows(one: z.output<typeof commitPayload>): DomainRows {
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

const changeId = ({ project, iid }: Pick<MergeRequest, 'project' | 'iid'>) => `${project.path_with_namespace}!${iid}`
/** A merge of the merge request's own commits, one of what they were squashed to, or, where the target was only moved forward, the last of them. */
const mergeSha = (one: MergeRequest) =>
  one.state === 'merged' ? (orNull(one.merge_commit_sha) ?? orNull(one.squash_commit_sha) ?? orNull(one.sha)) : null

function reverted({ project, description }: MergeRequest): string | null {
  const found = /\bthis reverts merge request\s+([\w./-]*)!(\d+)/i.exec(description ?? '')
  return found === null ? null : `${found[1] || project.path_with_namespace}!${found[2]}`
}

/** Whether a rule asks what a merge touches: then it is read with its files, else with the merge request itself. */
const needsFiles = ({ deployments }: Config) => deployments.some(({ from, paths }) => from === 'merge' && paths !== undefined)

function mergeDeployments(one: MergeRequest, paths: readonly string[] | null, config: Config): Deployment[] {
  if (one.state !== 'merged' || one.merged_at === null) return []
  const candidate: Candidate = {
    from: 'merge',
    name: one.title,
    repository: one.project.path_with_namespace,
    branch: orNull(one.target_branch),
    paths,
  }
  return deploymentsBy(config, candidate, null, {
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

function mergeRequestRows(one: MergeRequest, _raw: Raw, config: Config): DomainRows {
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

function changeCommitsRows(one: z.output<typeof commitsPayload>): DomainRows {
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

function changeFilesRows({ merge_request: one, files }: z.output<typeof filesPayload>, _raw: Raw, config: Config): DomainRows {
  const paths = [
    ...new Set(files.flatMap(({ old_path, new_path }) => [orNull(new_path), orNull(old_path)]).filter((path) => path !== null)),
  ]
  return {
    change_files: [rowOf(changeFiles, { change_id: changeId(one), repository: one.project.path_with_namespace, paths })],
    deployments: needsFiles(config) ? mergeDeployments(one, paths, config) : [],
  }
}

const VERDICTS: readonly (readonly [RegExp, NonNullable<Review['state']>])[] = [
  [/^approved this merge request/i, 'approved'],
  [/^unapproved this merge request/i, 'dismissed'],
  [/^requested changes/i, 'changes_requested'],
]
const STEPS: readonly (readonly [RegExp, string, string, string])[] = [
  [/^marked (?:this merge request )?as (?:a )?\*\*(?:draft|work in progress)\*\*/i, 'draft', 'false', 'true'],
  [
    /^(?:marked this merge request as \*\*ready\*\*|unmarked (?:this merge request )?as a \*\*work in progress\*\*)/i,
    'draft',
    'true',
    'false',
  ],
  [/^closed(?: via | automatically|$)/i, 'state', 'open', 'closed'],
  [/^reopened(?: via |$)/i, 'state', 'closed', 'open'],
]
const namesIn = (text: string | undefined) => [...(text ?? '').matchAll(/@(\w(?:[\w.-]*\w)?)/g)].map((found) => found[1] as string)

function noteRows(note: Note): DomainRows {
  const { author, body, created_at: at } = note
  const repository = note.project.path_with_namespace
  const change_id = `${repository}!${note.noteable_iid}`
  const told = { change_id, repository, author: login(author), author_is_bot: isBot(author), at }
  const url =
    note.id === 0 || !note.project.web_url ? null : `${note.project.web_url}/-/merge_requests/${note.noteable_iid}#note_${note.id}`
  if (note.system !== true)
    return { reviews: [rowOf(review, { ...told, id: `note:${note.id}`, kind: 'comment', state: 'commented', url })] }
  const verdict = VERDICTS.find(([words]) => words.test(body))
  if (verdict !== undefined) {
    // A person has one verdict on a merge request, the last one. By name, so that the note and the webhook, which has no note, tell one row.
    const id = `verdict:${told.author ?? note.id}`
    return { reviews: [rowOf(review, { ...told, id, kind: 'review', state: verdict[1], url: null })] }
  }
  const reset = /^reset approvals from (.*) by pushing/is.exec(body)
  if (reset !== null) {
    const dismissed = (name: string) => ({ ...told, id: `verdict:${name}`, author: name, author_is_bot: isBot({ username: name }) })
    return {
      reviews: [...new Set(namesIn(reset[1]))].map((name) => rowOf(review, { ...dismissed(name), kind: 'review', state: 'dismissed' })),
    }
  }
  const step = (field: string, from_value: string | null, to_value: string | null, more = '') =>
    rowOf(transition, {
      id: `note:${note.id}${more}`,
      subject_type: 'change',
      subject_id: change_id,
      repository,
      at,
      field,
      from_value,
      to_value,
      actor: told.author,
    })
  const plain = STEPS.find(([words]) => words.test(body))
  if (plain !== undefined) return { transitions: [step(plain[1], plain[2], plain[3])] }
  const [asked, removed] = body.split(/\bremoved review request for\b/i)
  const names = /\brequested review from\b/i.test(asked ?? '') ? namesIn(asked) : []
  return {
    transitions: [
      ...[...new Set(names)].map((name) => step('reviewer', null, name, `:+${name}`)),
      ...[...new Set(namesIn(removed))].map((name) => step('reviewer', name, null, `:-${name}`)),
    ],
  }
}

function pipelineRows(one: Pipeline, _raw: Raw, config: Config): DomainRows {
  const workflow = orNull(one.name) ?? orNull(one.bridge) ?? 'pipeline'
  const trigger = triggerOf(one.source)
  const at = one.finished_at ?? one.started_at ?? one.created_at
  const { path_with_namespace: repository } = one.project
  const told = {
    at,
    outcome: outcomeOf(one.status),
    revision: orNull(one.sha),
    started_at: one.started_at,
    finished_at: one.finished_at,
    title: orNull(one.title),
    url: orNull(one.web_url),
    actor: login(one.user),
  }
  const candidate: Candidate = { from: 'run', name: workflow, repository, branch: branchFor(trigger, one.ref), trigger }
  return {
    builds: [
      rowOf(build, {
        ...told,
        id: buildId(one.id),
        workflow,
        repository,
        ref: orNull(one.ref),
        trigger,
        number: one.iid,
        attempt: 1,
        parent_id: one.parent === undefined || one.parent === null ? null : buildId(one.parent),
        queued_at: one.created_at,
      }),
    ],
    deployments: UNSTARTED.has(one.status)
      ? []
      : deploymentsBy(config, candidate, null, { ...told, id: buildId(one.id), build_id: buildId(one.id) }),
  }
}

function jobRows(one: Job, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const { started_at, finished_at, queued_duration } = one
  const environment = orNull(one.environment?.name)
  const outcome = outcomeOf(one.status)
  const trigger = triggerOf(one.pipeline.source)
  const at = finished_at ?? started_at ?? one.created_at
  const candidate: Candidate = { from: 'job', name: one.name, repository, branch: branchFor(trigger, one.ref), trigger, environment }
  return {
    jobs: [
      rowOf(job, {
        id: String(one.id),
        build_id: buildId(one.pipeline.id),
        name: one.name,
        outcome,
        repository,
        environment_name: environment,
        attempt: one.attempt ?? 1,
        // It is created with the pipeline, and queued when its turn has come.
        queued_at:
          started_at === null || queued_duration === undefined || queued_duration === null
            ? null
            : new Date(Date.parse(started_at) - Math.round(queued_duration * 1000)).toISOString(),
        started_at,
        finished_at,
        url: orNull(one.web_url),
      }),
    ],
    deployments:
      at === null || UNSTARTED.has(one.status)
        ? []
        : deploymentsBy(config, candidate, orNull(one.environment?.deployment_tier), {
            id: `job:${one.id}`,
            at,
            outcome,
            started_at,
            finished_at,
            revision: orNull(one.pipeline.sha),
            title: orNull(one.commit?.title),
            url: orNull(one.web_url),
            actor: login(one.user),
            build_id: buildId(one.pipeline.id),
          }),
  }
}

function deploymentRows(one: DeploymentPull, _raw: Raw, config: Config): DomainRows {
  if (UNSTARTED.has(one.status)) return {}
  const { deployable } = one
  const outcome = outcomeOf(one.status)
  const started_at = deployable?.started_at ?? null
  const finished_at = outcome === 'running' || outcome === 'unknown' ? null : (deployable?.finished_at ?? one.updated_at)
  const candidate: Candidate = {
    from: 'deployment',
    name: one.environment.name,
    repository: one.project.path_with_namespace,
    branch: orNull(one.ref),
    environment: one.environment.name,
  }
  return {
    deployments: deploymentsBy(config, candidate, orNull(one.environment_tier), {
      id: `deployment:${one.id}`,
      at: finished_at ?? started_at ?? one.updated_at,
      outcome,
      started_at,
      finished_at,
      revision: orNull(one.sha),
      version: deployable?.tag === true ? orNull(one.ref) : null,
      title: orNull(deployable?.commit?.title),
      url: orNull(deployable?.web_url),
      // Who started a manual job is the job's user; the deployment's is who made the pipeline.
      actor: login(deployable?.user ?? one.user),
      build_id: deployable?.pipeline === undefined || deployable.pipeline === null ? null : buildId(deployable.pipeline.id),
    }),
  }
}

function releaseRows(one: ReleasePull, raw: Raw, config: Config): DomainRows {
  if (one.action === 'delete') return {}
  const { path_with_namespace: repository } = one.project
  const released = one.released_at ?? one.created_at
  const upcoming = one.upcoming_release ?? (released !== null && released > raw.received_at)
  const published_at = upcoming ? null : released
  const told = { revision: orNull(one.commit?.id), url: orNull(one._links?.self) }
  return {
    releases: [
      rowOf(release, {
        ...told,
        id: `${repository}@${one.tag_name}`,
        repository,
        name: orNull(one.name) ?? one.tag_name,
        tag: one.tag_name,
        published_at,
        is_prerelease: false,
        is_draft: false,
        author: login(one.author),
      }),
    ],
    deployments:
      published_at === null
        ? []
        : deploymentsBy(config, { from: 'release', name: one.tag_name, repository, branch: one.tag_name }, null, {
            ...told,
            id: `release:${repository}@${one.tag_name}`,
            at: published_at,
            finished_at: published_at,
            outcome: 'success',
            version: one.tag_name,
            title: orNull(one.name),
            actor: login(one.author),
          }),
  }
}

const taggedAt = ({ created_at, commit }: z.output<typeof tagPayload>) => created_at ?? commit.committed_date ?? commit.created_at

function tagRows(one: z.output<typeof tagPayload>, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const at = taggedAt(one)
  if (at === null) return {}
  return {
    deployments: deploymentsBy(config, { from: 'tag', name: one.name, repository, branch: one.name }, null, {
      id: `tag:${repository}@${one.name}`,
      at,
      finished_at: at,
      outcome: 'success',
      revision: one.commit.id,
      version: one.name,
      title: orNull((one.message ?? '').split('\n', 1)[0]) ?? orNull(one.commit.title),
      url: one.project.web_url ? `${one.project.web_url}/-/tags/${encodeURIComponent(one.name)}` : null,
    }),
  }
}

const KINDS = new Map<string, WorkItem['kind']>([
  ['incident', 'incident'],
  ['task', 'subtask'],
  ['epic', 'epic'],
])
/** Of a scoped label (`workflow::in dev`) the part behind the colons. */
const plainLabel = (text: string) => (text.split('::').at(-1) ?? text).trim().toLowerCase()

/** GitLab's issues are of one type; what they are of is told by custom of labels. */
const kindBy = (has: (labels: readonly string[]) => boolean) =>
  has(['bug']) ? 'bug' : has(['feature', 'enhancement']) ? 'feature' : 'task'

function issueRows(one: Issue, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const id = `${repository}#${one.iid}`
  const labels = one.labels ?? []
  const plain = new Set(labels.map(plainLabel))
  const has = (list: readonly string[]) => list.some((name) => plain.has(plainLabel(name)))
  const type = (one.issue_type ?? 'issue').toLowerCase()
  const isIncident = type === 'incident' || has(config.incident_labels)
  const kind = isIncident ? 'incident' : type === 'issue' ? kindBy(has) : (KINDS.get(type) ?? 'other')
  const isClosed = one.state === 'closed'
  const severity =
    one.severity === undefined || one.severity === null || /^unknown$/i.test(one.severity) ? null : one.severity.toLowerCase()
  const service = labels.find((text) => /^service::/i.test(text))?.replace(/^service::\s*/i, '') ?? null
  const due = /^\d{4}-\d\d-\d\d$/.test(one.due_date ?? '') ? moment(`${one.due_date}T00:00:00Z`) : null
  const state = { id, service, repository, severity, title: one.title, url: orNull(one.web_url) }
  return {
    work_items: [
      rowOf(workItem, {
        id,
        project: repository,
        repository,
        kind,
        kind_name: type,
        title: one.title,
        status: isClosed ? 'done' : has(config.in_progress_labels) ? 'in_progress' : 'todo',
        status_name: one.state,
        resolution: one.moved_to_id === undefined || one.moved_to_id === null ? null : 'moved',
        created_at: one.created_at,
        resolved_at: isClosed ? one.closed_at : null,
        due_at: due,
        severity,
        estimate: one.weight,
        // 0 is GitLab's word for "none was given".
        estimated_seconds: one.time_stats?.time_estimate || null,
        spent_seconds: one.time_stats?.total_time_spent,
        assignee: login(one.assignees?.[0]),
        reporter: login(one.author),
        labels,
        components: service === null ? [] : [service],
        sprint_ids: [],
        fix_versions: orNull(one.milestone?.title) === null ? [] : [one.milestone?.title as string],
        url: orNull(one.web_url),
      }),
    ],
    incident_states: isIncident
      ? [
          rowOf(incidentState, { ...state, state: 'opened', at: one.created_at }),
          ...(isClosed && one.closed_at !== null ? [rowOf(incidentState, { ...state, state: 'closed', at: one.closed_at })] : []),
        ]
      : [],
  }
}

const STEPS_OF_CHANGE = new Map([
  ['closed', { from_value: 'open', to_value: 'closed' }],
  ['reopened', { from_value: 'closed', to_value: 'open' }],
  ['merged', { from_value: 'open', to_value: 'merged' }],
])
/** What an open issue was before, its labels tell. */
const STEPS_OF_ISSUE = new Map([
  ['closed', { from_value: 'opened', to_value: 'closed', to_category: 'done' as const }],
  ['reopened', { from_value: 'closed', to_value: 'opened', from_category: 'done' as const, to_category: 'todo' as const }],
])

function stateEventRows(one: z.output<typeof stateEventPayload>, raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const isIssue = one.resource_type === 'Issue'
  const name = one.label?.name ?? null
  const step =
    name === null
      ? (isIssue ? STEPS_OF_ISSUE : STEPS_OF_CHANGE).get(one.state ?? '')
      : !isIssue || !config.in_progress_labels.some((label) => plainLabel(label) === plainLabel(name))
        ? undefined
        : one.action === 'add'
          ? { to_value: name, to_category: 'in_progress' as const }
          : { from_value: name, from_category: 'in_progress' as const }
  if (step === undefined) return {}
  const known = { id: raw.id, repository, at: one.created_at, actor: login(one.user), ...step }
  return {
    transitions: [
      isIssue
        ? rowOf(transition, { ...known, subject_type: 'work_item', subject_id: `${repository}#${one.iid}`, field: 'status' })
        : rowOf(transition, { ...known, subject_type: 'change', subject_id: `${repository}!${one.iid}`, field: 'state' }),
    ],
  }
}

// ---------------------------------------------------------------- pulls

type Range = Parameters<List['page']>[0]
type Query = Record<string, string | number | boolean | undefined>
const DAY_MS = 86_400_000
const items = z.array(z.looseObject({}))
const textOf = (one: Item, field: string) => (typeof one[field] === 'string' ? one[field] : null)
const momentOf = (one: Item, ...fields: string[]) =>
  fields.reduce<string | null>((found, field) => found ?? moment(textOf(one, field) ?? ''), null)
const earlier = (moment: string, days: number) => new Date(Date.parse(moment) - days * DAY_MS).toISOString()

/** Asks for what may not be there. A 403 may be a limit that waiting mends, so the client judges it and not `allow`. */
async function get({ http }: Ask<Config>, path: string, query: Query = {}, refused: readonly number[] = [403]) {
  try {
    return await http.get(`/api/v4${path}`, { query, allow: [404, 410] })
  } catch (thrown) {
    const status = thrown instanceof AppError ? (thrown.detail as { status?: unknown } | null)?.status : null
    if (typeof status !== 'number' || !refused.includes(status)) throw thrown
    return { status, headers: new Headers(), body: null }
  }
}

/** Null for what is not there, not switched on, not allowed: `check` names it, and the rest is pulled all the same. */
async function find(ask: Ask<Config>, path: string, query?: Query) {
  const answer = await get(ask, path, query)
  return answer.status === 200 ? answer : null
}

function nextOf(headers: Headers, asked: Query): string | null {
  const link = nextLink(headers)
  if (link !== null) return new URL(link, 'http://gitlab').search.slice(1)
  const page = headers.get('x-next-page')
  if (!page) return null
  const said = Object.entries({ ...asked, page }).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))
  return new URLSearchParams(Object.fromEntries(said)).toString()
}

/** GitLab counts no further than 50,000 by page number. From page 400 on the walk goes on by time, with the last millisecond once more. */
const DEEPEST = 400

function withoutDepth(next: string | null, asked: Query, last: Item | undefined): string | null {
  const updated = last === undefined ? null : momentOf(last, 'updated_at')
  const query = new URLSearchParams(next ?? '')
  if (next === null || updated === null || asked['order_by'] !== 'updated_at' || !(Number(query.get('page')) > DEEPEST)) return next
  query.delete('page')
  query.set('updated_before', new Date(Date.parse(updated) + 1).toISOString())
  return query.toString()
}

/**
 * One page of a list. `page` is the query of the next page as GitLab links it, and not its address: behind a proxy GitLab often names
 * itself otherwise than it is reached.
 */
async function list(ask: Ask<Config>, path: string, query: Query, page: string | null) {
  const asked = page === null ? query : Object.fromEntries(new URLSearchParams(page))
  const answer = await find(ask, path, { per_page: 100, ...asked })
  if (answer === null) return { found: [], next: null, total: 0 }
  const found = items.parse(answer.body) as Item[]
  const total = Number(answer.headers.get('x-total') ?? Number.NaN)
  return { found, next: withoutDepth(nextOf(answer.headers, asked), asked, found.at(-1)), total: Number.isNaN(total) ? null : total }
}

async function whole(ask: Ask<Config>, path: string, query: Query): Promise<Item[]> {
  const all: Item[] = []
  for (let page: string | null = null; ;) {
    ask.signal.throwIfAborted()
    const { found, next } = await list(ask, path, query, page)
    all.push(...found)
    if (next === null) return all
    page = next
  }
}

/** In order, and a few at once: each costs a request. */
async function each<T>(list: readonly Item[], work: (one: Item) => Promise<T>): Promise<T[]> {
  const done: T[] = []
  for (let start = 0; start < list.length; start += 4) done.push(...(await Promise.all(list.slice(start, start + 4).map(work))))
  return done
}

/** The projects that are read. One that cannot be seen is left out: `check` names it. */
async function askProjects(ask: Ask<Config>): Promise<(Project & { raw: Item })[]> {
  const found = new Map<number, Item>()
  for (const path of ask.config.projects) {
    const answer = await find(ask, `/projects/${encodeURIComponent(path)}`)
    if (answer === null) {
      ask.log.warn('gitlab.project_missing', { project: path })
      continue
    }
    const { id } = projectPayload.parse(answer.body)
    const before = found.get(id)?.['asked'] as string[] | undefined
    found.set(id, { ...(answer.body as Item), asked: [...(before ?? []), path] })
  }
  if (ask.config.group !== undefined) {
    const query = { include_subgroups: true, with_shared: false, order_by: 'id', sort: 'desc' }
    for (const raw of await whole(ask, `/groups/${encodeURIComponent(ask.config.group)}/projects`, query)) {
      const { id } = projectPayload.parse(raw)
      if (!found.has(id)) found.set(id, raw)
    }
  }
  return [...found.values()].map((raw) => ({ ...projectPayload.parse(raw), raw }))
}

/** Every stream of a pull asks for them: the answer is kept for as long as the pull. */
const kept = new WeakMap<Http, { readonly begun: string; readonly projects: ReturnType<typeof askProjects> }>()

function projectsOf(ask: Ask<Config>): ReturnType<typeof askProjects> {
  const before = kept.get(ask.http)
  if (before?.begun === ask.begun) return before.projects
  const projects = askProjects(ask)
  kept.set(ask.http, { begun: ask.begun, projects })
  projects.catch(() => kept.delete(ask.http))
  return projects
}

const contextOf = ({ id, path_with_namespace, web_url }: Project) => ({ id, path_with_namespace, web_url })

async function* pullProjects(ask: Ask<Config>): AsyncGenerator<Page> {
  const projects = await projectsOf(ask)
  const page = async (): Promise<ListPage> => ({
    items: projects.map(({ id, updated_at, last_activity_at, raw }) => pulled(String(id), updated_at ?? last_activity_at, raw)),
    next: null,
    total: projects.length,
  })
  if (isAsked(ask.config)) yield* walkLists(ask, 'projects', [{ key: 'projects', page }])
}

/** One list for each project. `query` says how it is asked, `read` what becomes of what it gives. */
function lists(
  path: string,
  query: (range: Range) => Query,
  read: (ask: Ask<Config>, found: readonly Item[], project: Project) => Promise<readonly Pulled[]>,
  options: { more?: string; stop?: (found: readonly Item[], range: Range) => boolean } = {},
) {
  return (ask: Ask<Config>, projects: readonly Project[]): List[] =>
    projects.map((project) => ({
      key: `${project.id}${options.more ?? ''}`,
      async page(range, page) {
        const { found, next, total } = await list(ask, `/projects/${project.id}/${path}`, query(range), page)
        return { items: await read(ask, found, project), next: options.stop?.(found, range) === true ? null : next, total }
      },
    }))
}

function pullLists(what: string, ...makers: readonly ReturnType<typeof lists>[]) {
  return async function* (ask: Ask<Config>): AsyncGenerator<Page> {
    const projects = await projectsOf(ask)
    yield* walkLists(
      ask,
      what,
      makers.flatMap((make) => make(ask, projects)),
    )
  }
}

const updated = ({ since, until }: Range): Query => ({
  order_by: 'updated_at',
  sort: 'desc',
  updated_after: since ?? undefined,
  updated_before: until ?? undefined,
})
const told =
  (idOf: (one: Item, project: Project) => string, ...at: string[]) =>
  async (_ask: Ask<Config>, found: readonly Item[], project: Project) =>
    found.map((one) => pulled(idOf(one, project), momentOf(one, ...at), { ...one, project: contextOf(project) }))

const commitLists = lists(
  'repository/commits',
  // A branch brings commits that are older than its merge, so the days before are read again.
  ({ since, until }) => ({ with_stats: true, since: since === null ? undefined : earlier(since, 30), until: until ?? undefined }),
  told((one, project) => `${project.id}:${String(one['id'])}`, 'committed_date'),
)

const allMergeRequests = (range: Range) => ({ scope: 'all', state: 'all', ...updated(range) })
const iidsOf = (found: readonly Item[]) => found.map(({ iid }) => String(iid))

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

const mergeRequestId = (one: Item, project: Project) => `${project.id}!${String(one['iid'])}`

const mergeRequestLists = lists('merge_requests', allMergeRequests, async (ask, found, project) => {
  const known = await sizesOf(ask, found, project)
  return found.map((one) =>
    pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
      ...one,
      project: contextOf(project),
      size: known.get(String(one['iid'])) ?? null,
    }),
  )
})

const mergeRequestPath = (one: Item, project: Project) => `/projects/${project.id}/merge_requests/${String(one['iid'])}`

const mergeRequestCommitLists = lists('merge_requests', allMergeRequests, (ask, found, project) =>
  each(found, async (one) => {
    const commits = await whole(ask, `${mergeRequestPath(one, project)}/commits`, {})
    return pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
      iid: one['iid'],
      project: contextOf(project),
      // GitLab gives the newest first.
      commits: commits.toReversed(),
    })
  }),
)

const mergeRequestFileLists = lists('merge_requests', allMergeRequests, (ask, found, project) =>
  each(found, async (one) => {
    const files = await whole(ask, `${mergeRequestPath(one, project)}/diffs`, {})
    return pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
      merge_request: { ...one, project: contextOf(project) },
      // The names only: what stands in the files is nobody's business here.
      files: files.map(({ old_path, new_path, new_file, renamed_file, deleted_file }) => ({
        old_path,
        new_path,
        new_file,
        renamed_file,
        deleted_file,
      })),
    })
  }),
)

const noteLists = lists('merge_requests', allMergeRequests, async (ask, found, project) => {
  const notes = await each(found, (one) => whole(ask, `${mergeRequestPath(one, project)}/notes`, { order_by: 'created_at', sort: 'asc' }))
  return notes
    .flat()
    .map((one) => pulled(`note:${String(one['id'])}`, momentOf(one, 'updated_at'), { ...one, project: contextOf(project) }))
})

const pipelinePath = (one: Item, project: Project) => `/projects/${project.id}/pipelines/${String(one['id'])}`

/** The list tells neither when a pipeline started and finished nor who started it. */
async function readPipelines(ask: Ask<Config>, found: readonly Item[], project: Project): Promise<Pulled[]> {
  const parents = await parentsOf(
    ask,
    found.filter(({ source }) => source === 'parent_pipeline'),
    project,
  )
  return each(found, async (one) => {
    const answer = await find(ask, pipelinePath(one, project))
    const whole = { ...one, ...(answer?.body as Item | undefined), project: contextOf(project), ...parents.get(one['id']) }
    return pulled(String(one['id']), momentOf(whole, 'updated_at'), whole)
  })
}

/** A child pipeline does not tell its parent: of the earlier pipelines of the same commit, it is the one that has a bridge to it. */
async function parentsOf(ask: Ask<Config>, children: readonly Item[], project: Project): Promise<Map<unknown, Item>> {
  const parents = new Map<unknown, Item>()
  const path = `/projects/${project.id}/pipelines`
  for (const sha of new Set(children.map((child) => textOf(child, 'sha') ?? ''))) {
    const same = [...(await whole(ask, path, { sha })), ...(await whole(ask, path, { sha, source: 'parent_pipeline' }))]
    const candidates = same.map((one) => Number(one['id'])).sort((a, b) => b - a)
    const looked = new Set<number>()
    for (const child of children.filter((one) => textOf(one, 'sha') === sha)) {
      for (const candidate of candidates) {
        if (parents.has(child['id'])) break
        if (candidate >= Number(child['id']) || looked.has(candidate)) continue
        looked.add(candidate)
        for (const bridge of await whole(ask, `${path}/${candidate}/bridges`, {}))
          parents.set(part(bridge, 'downstream_pipeline')['id'], { parent: candidate, bridge: bridge['name'] })
      }
    }
  }
  return parents
}

async function readJobs(ask: Ask<Config>, found: readonly Item[], project: Project): Promise<Pulled[]> {
  const jobs = await each(found, async (pipeline) => {
    const attempts = new Map<unknown, number>()
    const runs = await whole(ask, `${pipelinePath(pipeline, project)}/jobs`, { include_retried: true })
    return runs
      .toSorted((a, b) => Number(a['id']) - Number(b['id']))
      .map((one) => {
        const attempt = (attempts.get(one['name']) ?? 0) + 1
        attempts.set(one['name'], attempt)
        // Not how the pipeline fares: that changes, and the job with it would be another item each time.
        const { id, iid, sha, ref, source } = { ...pipeline, ...part(one, 'pipeline') }
        return pulled(String(one['id']), momentOf(one, 'finished_at', 'started_at', 'created_at'), {
          ...one,
          attempt,
          pipeline: { id, iid, sha, ref, source },
          project: contextOf(project),
        })
      })
  })
  return jobs.flat()
}

type Read = Parameters<typeof lists>[2]
/** Child pipelines are in a list of their own. */
const pipelineLists = (read: Read) => [
  lists('pipelines', updated, read),
  lists('pipelines', (range) => ({ source: 'parent_pipeline', ...updated(range) }), read, { more: ' children' }),
]

/** The tier of an environment is told by the environment alone. Those of reviews are many, and development by GitLab's own rule. */
function tiers() {
  const known = new Map<unknown, Promise<string | null>>()
  return (ask: Ask<Config>, environment: Item | null | undefined, project: Project): Promise<string | null> => {
    const id = environment?.['id']
    if (typeof id !== 'number') return Promise.resolve(null)
    if (/^review\//i.test(textOf(environment ?? {}, 'name') ?? '')) return Promise.resolve('development')
    const asked =
      known.get(id) ??
      find(ask, `/projects/${project.id}/environments/${id}`).then((answer) =>
        answer === null ? null : textOf(answer.body as Item, 'tier'),
      )
    known.set(id, asked)
    return asked
  }
}

async function* pullDeployments(ask: Ask<Config>): AsyncGenerator<Page> {
  const tierOfEnvironment = tiers()
  const deploymentLists = lists(
    'deployments',
    // GitLab wants the order and the range by `updated_at` together.
    (range) => ({ ...updated(range), updated_after: range.since ?? '2000-01-01T00:00:00.000Z' }),
    (ask, found, project) =>
      each(found, async (one) =>
        pulled(String(one['id']), momentOf(one, 'updated_at'), {
          ...one,
          project: contextOf(project),
          environment_tier: await tierOfEnvironment(ask, one['environment'] as Item | null, project),
        }),
      ),
  )
  yield* pullLists('deployments', deploymentLists)(ask)
}

/** The last of a page that is newest first is older than what can have news. */
const isPast = (at: string | null | undefined, { since }: Range) =>
  since !== null && at !== null && at !== undefined && at < earlier(since, 90)

const releaseLists = lists(
  'releases',
  () => ({ order_by: 'released_at', sort: 'desc' }),
  told((one, project) => `${project.id}@${String(one['tag_name'])}`, 'released_at', 'created_at'),
  { stop: (found, range) => isPast(momentOf(found.at(-1) ?? {}, 'released_at'), range) },
)

const dateOfTag = (one: Item) =>
  momentOf(one, 'created_at') ?? momentOf((one['commit'] as Item | null) ?? {}, 'committed_date', 'created_at')

const tagLists = lists(
  'repository/tags',
  () => ({ order_by: 'updated', sort: 'desc' }),
  async (_ask, found, project) =>
    found.map((one) => pulled(`${project.id}@${String(one['name'])}`, dateOfTag(one), { ...one, project: contextOf(project) })),
  { stop: (found, range) => isPast(dateOfTag(found.at(-1) ?? {}), range) },
)

/** Tags are of use as deployments only. */
async function* pullTags(ask: Ask<Config>): AsyncGenerator<Page> {
  if (ask.config.deployments.some(({ from }) => from === 'tag')) yield* pullLists('tags', tagLists)(ask)
}

const allIssues = (range: Range) => ({ scope: 'all', ...updated(range) })
const issueLists = lists(
  'issues',
  allIssues,
  told((one, project) => `${project.id}#${String(one['iid'])}`, 'updated_at'),
)

const stateEvents =
  (of: 'issues' | 'merge_requests', ...kinds: readonly ('state' | 'label')[]): Read =>
  async (ask, found, project) => {
    const events = await each(found, async ({ iid }) => {
      const path = `/projects/${project.id}/${of}/${String(iid)}/resource_`
      const lists = kinds.map(async (kind) => (await whole(ask, `${path}${kind}_events`, {})).map((one) => ({ ...one, iid, kind })))
      return (await Promise.all(lists)).flat() as Item[]
    })
    return events
      .flat()
      .map(({ kind, ...one }) =>
        pulled(`${String(kind)}:${String(one['id'])}`, momentOf(one, 'created_at'), { ...one, project: contextOf(project) }),
      )
  }

const stateEventLists = [
  lists('merge_requests', allMergeRequests, stateEvents('merge_requests', 'state')),
  lists('issues', allIssues, stateEvents('issues', 'state', 'label'), { more: ' issues' }),
]

// ---------------------------------------------------------------- hook

/** How far the clocks of a signed delivery may differ is not judged here: a delivery that comes twice changes nothing. */
function isSigned(secrets: readonly Secret[], headers: Headers, body: Uint8Array): boolean {
  const [messageId, timestamp, given] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers.get(name) ?? '')
  if (!messageId || !timestamp || !given) return false
  const expected = secrets.map((one) => {
    const text = one.reveal()
    const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text)
    return new Secret(`v1,${createHmac('sha256', key).update(`${messageId}.${timestamp}.`).update(body).digest('base64')}`)
  })
  return given.split(' ').some((signature) => isSecret(expected, signature))
}

const hookBody = z.looseObject({
  object_kind: words,
  event_name: words,
  project: z.looseObject({ id, default_branch: words }).nullish(),
  ref: words,
  action: words,
  object_attributes: z
    .looseObject({
      id: id.nullish(),
      iid: id.nullish(),
      action: words,
      state: words,
      status: words,
      updated_at: words,
      created_at: words,
      finished_at: words,
    })
    .nullish(),
  merge_request: z.looseObject({ iid: id.nullish() }).nullish(),
})

/** Of pipelines and jobs: no news before it runs. */
const WAITING = new Set(['created', 'waiting_for_resource', 'preparing', 'pending', 'scheduled'])
const APPROVALS = new Set(['approved', 'approval', 'unapproved', 'unapproval'])

/** A delivery that does not name its thing cannot be an item: it is kept unread. */
function numberOf(value: unknown): string {
  if (typeof value !== 'number') throw new Error('The delivery does not say the number of what it is about.')
  return String(value)
}

/** Webhooks count whole seconds: of two states of one second the later stage is the newer one. */
function inSecond(at: string | null, status: unknown): string | null {
  const stage = UNSTARTED.has(String(status)) ? 0 : WAITING.has(String(status)) ? 1 : status === 'running' ? 2 : 3
  return at === null ? null : new Date(Date.parse(at) + stage).toISOString()
}

function readHook(_headers: Headers, given: unknown, config: Config): Delivery | null {
  const body = hookBody.parse(given)
  const { object_attributes: said, project } = body
  const asks = isAsked(config)
  const hint = (...pull: string[]): Delivery | null => (asks ? { item: null, pull } : null)
  const first = (...texts: unknown[]) => {
    const text = texts.find((one) => typeof one === 'string' && one !== '')
    return typeof text === 'string' ? moment(text) : null
  }
  const item = (stream: string, id: string, at: string | null): Delivery => ({ item: { stream, id, at } })
  switch (body.object_kind ?? body.event_name) {
    case 'push':
      return body.ref === `refs/heads/${project?.default_branch ?? ''}` ? hint('commits') : null
    case 'tag_push':
      return config.deployments.some(({ from }) => from === 'tag') ? hint('tags') : null
    case 'merge_request': {
      if (APPROVALS.has(said?.action ?? '')) {
        if (asks) return hint('merge_requests', 'notes')
        const at = first(said?.updated_at)
        const user = (given as { user?: { username?: unknown } }).user?.username
        return item('notes', `approval:${numberOf(project?.id)}!${numberOf(said?.iid)}:${String(user)}:${at}`, at)
      }
      if (asks) return hint('merge_requests', 'merge_request_commits', 'merge_request_files', 'notes', 'state_events')
      // What is edited after the end would take back when the end was.
      if (said?.action === 'update' && said.state !== 'opened') return null
      return item('merge_requests', `${numberOf(project?.id)}!${numberOf(said?.iid)}`, first(said?.updated_at))
    }
    case 'note':
      return body.merge_request ? item('notes', `note:${numberOf(said?.id)}`, first(said?.updated_at, said?.created_at)) : null
    case 'issue':
    case 'incident':
    case 'work_item':
      if (said?.iid === undefined || project === undefined || project === null) return null
      return asks
        ? hint('issues', 'state_events')
        : item('issues', `${project.id}#${numberOf(said.iid)}`, first(said.updated_at, said.created_at))
    case 'pipeline':
      if (asks) return WAITING.has(String(said?.status)) ? null : hint('pipelines', 'jobs')
      return item('pipelines', numberOf(said?.id), inSecond(first(said?.finished_at, said?.created_at), said?.status))
    case 'build':
      if (asks) return WAITING.has(String(body['build_status'])) ? null : hint('jobs')
      return item(
        'jobs',
        numberOf(body['build_id']),
        inSecond(first(body['build_finished_at'], body['build_started_at'], body['build_created_at']), body['build_status']),
      )
    case 'deployment': {
      const at = first(body['status_changed_at'])
      const told = item('deployments', numberOf(body['deployment_id']), asks ? at : inSecond(at, body['status']))
      return asks ? { ...told, pull: ['deployments'] } : told
    }
    case 'release': {
      const release = `${numberOf(project?.id)}@${String(body['tag'])}`
      // What was deleted is in no list: no pull would take its rows back.
      if (body.action === 'delete') return item('releases', release, null)
      return asks ? hint('releases') : item('releases', release, first(body['released_at'], body['created_at']))
    }
    case 'project_create':
    case 'project_rename':
    case 'project_transfer':
      return hint('repositories')
    default:
      return null
  }
}

// ---------------------------------------------------------------- check

const GUEST = 10
const REFUSALS = [401, 403] as const
const access = z.object({ access_level: z.number().nullish() }).nullish()
const seen = z.looseObject({
  id,
  visibility: words,
  permissions: z.object({ project_access: access, group_access: access }).nullish(),
})
const own = z.looseObject({ scopes: z.array(z.string()).nullish() })

async function check(ask: Ask<Config>): Promise<Check> {
  const { config } = ask
  const missing: string[] = []
  if (!isAsked(config)) {
    if (config.webhook_secrets.length === 0)
      return {
        ok: false,
        missing: ['Neither projects nor a group is named, and the webhook has no secret: name what to read, or set webhook_secrets.'],
      }
    return { ok: true, missing }
  }
  if (config.token !== undefined) {
    const { status, body } = await get(ask, '/personal_access_tokens/self', {}, REFUSALS)
    if (status === 401)
      return { ok: false, missing: ['GitLab does not know the token, or it has expired: make a new one and set it as token.'] }
    const scopes = status === 200 ? own.parse(body).scopes : null
    if (scopes && !scopes.includes('read_api') && !scopes.includes('api'))
      return { ok: false, missing: [`The token has the scopes ${scopes.join(', ')} and not read_api: make one that has it.`] }
  }
  let readable = 0
  for (const project of config.projects) {
    const { status, body } = await get(ask, `/projects/${encodeURIComponent(project)}`, {}, REFUSALS)
    if (status !== 200) {
      missing.push(`The project ${project} cannot be seen (${status}): check its path, and give the token's user the role Reporter there.`)
      continue
    }
    readable++
    missing.push(...(await missingIn(ask, project, seen.parse(body))))
  }
  if (config.group !== undefined) {
    const { status } = await get(ask, `/groups/${encodeURIComponent(config.group)}`, {}, REFUSALS)
    if (status === 200) readable++
    else
      missing.push(
        `The group ${config.group} cannot be seen (${status}): check its path, and give the token's user the role Reporter there.`,
      )
  }
  return { ok: readable > 0, missing }
}

const PARTS = [
  ['repository/commits', 'commits'],
  ['merge_requests', 'merge requests'],
  ['pipelines', 'pipelines'],
  ['deployments', 'deployments'],
  ['releases', 'releases'],
  ['issues', 'issues'],
] as const

async function missingIn(ask: Ask<Config>, name: string, { id, visibility, permissions }: z.output<typeof seen>): Promise<string[]> {
  const levels = [permissions?.project_access, permissions?.group_access].flatMap((one) => one?.access_level ?? [])
  if (visibility !== 'public' && levels.length > 0 && Math.max(...levels) <= GUEST)
    return [`The token's user is a guest of ${name}: the role Reporter is needed to read its code, pipelines and deployments.`]
  const missing: string[] = []
  for (const [part, words] of PARTS) {
    const { status } = await get(ask, `/projects/${id}/${part}`, { per_page: 1 }, REFUSALS)
    if (status !== 200)
      missing.push(
        `The ${words} of ${name} cannot be read (${status}): they are switched off there, or the token's user lacks the role Reporter.`,
      )
  }
  return missing
}

const base = ({ url }: Config) => url.replace(/\/+$/, '')

function stream<P>(
  produces: Stream<Config, P>['produces'],
  payload: z.ZodType<P>,
  pull: (ask: Ask<Config>) => AsyncIterable<Page>,
  rows: Stream<Config, P>['rows'],
) {
  return defineStream<Config, P>({ produces, order: 'unordered', payload, pull, rows })
}

export default defineConnector<Config>({
  title: 'GitLab',
  docs,
  config,
  api: (config) => ({ base: base(config), headers: config.token === undefined ? {} : { 'private-token': config.token.reveal() } }),
  streams: {
    repositories: stream(['repositories'], projectPayload, pullProjects, repositoryRows),
    commits: stream(['commits'], commitPayload, pullLists('commits', commitLists), commitRows),
    merge_requests: stream(
      ['changes', 'deployments'],
      either(mergeRequestIn, mergeRequestPull),
      pullLists('merge requests', mergeRequestLists),
      mergeRequestRows,
    ),
    merge_request_commits: stream(
      ['change_commits'],
      commitsPayload,
      pullLists('commits of merge requests', mergeRequestCommitLists),
      changeCommitsRows,
    ),
    merge_request_files: stream(
      ['change_files', 'deployments'],
      filesPayload,
      pullLists('files of merge requests', mergeRequestFileLists),
      changeFilesRows,
    ),
    notes: stream(['reviews', 'transitions'], either(noteIn, notePull), pullLists('comments and approvals', noteLists), noteRows),
    pipelines: stream(
      ['builds', 'deployments'],
      either(pipelineIn, pipelinePull),
      pullLists('pipelines', ...pipelineLists(readPipelines)),
      pipelineRows,
    ),
    jobs: stream(['jobs', 'deployments'], either(jobIn, jobPull), pullLists('jobs', ...pipelineLists(readJobs)), jobRows),
    deployments: stream(['deployments'], either(deploymentIn, deploymentPull), pullDeployments, deploymentRows),
    releases: stream(['releases', 'deployments'], either(releaseIn, releasePull), pullLists('releases', releaseLists), releaseRows),
    tags: stream(['deployments'], tagPayload, pullTags, tagRows),
    issues: stream(['work_items', 'incident_states'], either(issueIn, issuePull), pullLists('issues', issueLists), issueRows),
    state_events: stream(['transitions'], stateEventPayload, pullLists('closings and labels', ...stateEventLists), stateEventRows),
  },
  hook: {
    proof: 'token',
    docs: `In the project or group, **Settings → Webhooks → Add new webhook**: URL \`{url}\`, one of the source's secrets as secret token or as signing token, and the events push, tag, comments, issues, merge requests, jobs, pipelines, deployments and releases.`,
    headers: ['x-gitlab-event', 'x-gitlab-event-uuid', 'idempotency-key'],
    verify: ({ webhook_secrets }, headers, body) =>
      isSecret(webhook_secrets, headers.get('x-gitlab-token')) || isSigned(webhook_secrets, headers, body),
    read: readHook,
  },
  check,
})
