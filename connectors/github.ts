import { createHash, createPrivateKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { build } from '../domain/build.ts'
import { changeCommits } from '../domain/change-commits.ts'
import { change } from '../domain/change.ts'
import { check as checkEntity } from '../domain/check.ts'
import { commit as commitEntity } from '../domain/commit.ts'
import { deploymentRules, matchRules, type Candidate, type DeploymentRule } from '../domain/deployment-rule.ts'
import { deployment as deploymentEntity, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { knownTier, tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import { job as jobEntity } from '../domain/job.ts'
import { releaseOf } from '../domain/release-tag.ts'
import { release as releaseEntity } from '../domain/release.ts'
import { review as reviewEntity, type Review } from '../domain/review.ts'
import type { DomainRows } from '../domain/tables.ts'
import { transition, type Transition } from '../domain/transition.ts'
import { workItem, type WorkItem } from '../domain/work-item.ts'
import {
  defineConnector,
  defineStream,
  pulled,
  secret,
  utc,
  webhookSecrets,
  type Api,
  type Ask,
  type Check,
  type Delivery,
  type Http,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { nextLink, walkLists, type List } from '../src/paging.ts'
import { isSigned } from '../src/signature.ts'

const docs = `Reads GitHub: repositories, commits of the default branch, tags, pull requests with their commits, files, reviews, comments and history, issues, releases, Actions runs and jobs, check runs, deployments. Pulls find everything; the webhook tells it at once.

**Credential.** One of
- a fine-grained token with read access to *Metadata, Contents, Pull requests, Issues, Actions, Deployments*; GitHub lets none of these read check runs;
- a classic token with \`repo\` (\`public_repo\` for public repositories);
- a GitHub App with the permissions of a fine-grained token and *Checks*: \`app_id\`, \`installation_id\` and \`private_key\`, as GitHub gave them. It has the largest budget and does not end with somebody's account.

What the credential may not read stays unknown and fails nothing; \`check\` names it with its remedy, and once it may be read the whole of it is pulled.

**GitHub Enterprise.** \`url\` is \`https://HOST/api/v3\`; GraphQL is then asked at \`https://HOST/api/graphql\`. It needs Enterprise Server 3.12 or newer. On a data-residency cloud it is \`https://api.SUBDOMAIN.ghe.com\`.

**Repositories.** \`repositories\` by name, or all of an \`organization\` but its forks. After a rename leave the old name in the list: GitHub still answers to it, and so it is known that both are one.

**Deployments.** Each deployment that GitHub knows, by default. Other rules make deployments of runs, jobs, tags, releases or merged pull requests. A tag or release rule without \`name\` takes versions and no pre-releases; with \`name\`, every match. A run for a pull request has no branch for a rule: the one that GitHub names may be that of a fork. A job does not say what started it, so let a rule name one that runs on the branch only. A job that was skipped is a skipped deployment and no success. The time of a tag without a tagger is that of its commit: GitHub keeps no other.

**Incidents.** An issue with one of \`incident_labels\` is an incident from its opening to its closing, of its repository or of the service that a label such as \`service: api\` names; \`severity: high\` or \`sev1\` is its severity.

Commits are those of the default branch; the others are known through their pull requests. Runs are asked for again for 3 days after their start, deployments, tags and releases for 30: what becomes of older ones only the webhook tells, or a full sync.

**Cost.** A sync in which nothing happened asks 7 requests and 3 GraphQL queries for each repository, and 8 more queries for every 50; GitHub allows 5,000 of each in an hour, an App up to 12,500. The first sync asks one request for each run and each deployment besides.`

const label = () => z.string().trim().min(1).max(100)

const config = z
  .object({
    url: z
      .url({ protocol: /^https?$/ })
      .default('https://api.github.com')
      .describe('Address of the API; GitHub Enterprise: https://HOST/api/v3'),
    token: secret().optional().describe('Access token, fine-grained or classic; not needed for a GitHub App'),
    app_id: z.string().regex(/^\w+$/).optional().describe('Id or client id of a GitHub App'),
    installation_id: z.string().regex(/^\d+$/).optional().describe('Id of the installation of the GitHub App'),
    private_key: secret().optional().describe('Private key of the GitHub App, the whole PEM file'),
    repositories: z
      .array(z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'is written owner/name'))
      .max(1_000)
      .default([])
      .describe('Repositories, each as owner/name'),
    organization: z
      .string()
      .regex(/^[\w-]+$/)
      .optional()
      .describe('Organization: all its repositories but forks'),
    deployments: deploymentRules([{ from: 'deployment' }]),
    incident_labels: z.array(label()).default(['incident']).describe('Issues with one of these labels are incidents'),
    webhook_secrets: webhookSecrets(),
  })
  .refine(({ repositories, organization }) => repositories.length > 0 || organization !== undefined, {
    path: ['repositories'],
    message: 'name a repository or an organization',
  })
  .refine(
    (one) =>
      (one.app_id === undefined) === (one.private_key === undefined) && (one.app_id === undefined) === (one.installation_id === undefined),
    {
      path: ['app_id'],
      message: 'a GitHub App needs app_id, installation_id and private_key',
    },
  )
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

/** What is pulled is wrapped as a webhook wraps it, so that both are read by one schema. */
const repositoryRef = z.object({ id: z.number(), full_name: z.string() })
const user = z.object({ login: z.string(), type: z.string().optional() }).nullish()
const time = z.string()
const count = z.int().nonnegative().nullish()
const labels = z.array(z.object({ name: z.string() })).default([])

const repositoryPayload = z.object({
  /** Names under which it was asked for before. */
  asked: z.array(z.string()).default([]),
  action: z.string().optional(),
  changes: z
    .object({
      repository: z.object({ name: z.object({ from: z.string() }) }).optional(),
      owner: z.object({ from: z.object({ user, organization: z.object({ login: z.string() }).nullish() }) }).optional(),
    })
    .optional(),
  repository: repositoryRef.extend({ html_url: z.string().nullish(), default_branch: z.string().nullish(), updated_at: time.nullish() }),
})

const gitActor = z.object({ name: z.string().nullish(), email: z.string().nullish(), date: time.nullish() }).nullish()
const commitNode = z.looseObject({
  oid: z.string(),
  message: z.string(),
  committedDate: time,
  author: gitActor,
  committer: gitActor,
  parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
  additions: count,
  deletions: count,
  changedFilesIfAvailable: count,
})
const commitPayload = z.object({ repository: repositoryRef, commit: commitNode })

const tagTarget = z.object({ oid: z.string(), committedDate: time.optional() })
const tagNode = z.looseObject({
  name: z.string(),
  target: z.looseObject({
    oid: z.string(),
    committedDate: time.optional(),
    tagger: gitActor,
    message: z.string().nullish(),
    target: tagTarget.optional(),
  }),
})
const tagPayload = z.object({ repository: repositoryRef, tag: tagNode })

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
const changePayload = z.object({ repository: repositoryRef, pull_request: pullRequest })
const filesPayload = changePayload.extend({ files: z.array(z.object({ path: z.string() })) })

const changeCommit = z.looseObject({ oid: z.string(), authoredDate: time, committedDate: time, messageHeadline: z.string() })
const changeCommitsPayload = z.object({
  repository: repositoryRef,
  number: z.int(),
  commits: z.array(z.object({ commit: changeCommit })),
})

const reviewPayload = z.object({
  action: z.string().optional(),
  repository: repositoryRef,
  pull_request: z.object({ number: z.int(), updated_at: time.nullish() }),
  review: z.object({
    id: z.union([z.number(), z.string()]),
    user,
    state: z.string(),
    submitted_at: time.nullish(),
    updated_at: time.nullish(),
    html_url: z.string().nullish(),
  }),
})

const commentPayload = z.object({
  action: z.string().optional(),
  repository: repositoryRef,
  pull_request: z.object({ updated_at: time.nullish() }).optional(),
  issue: z.object({ updated_at: time.nullish() }).optional(),
  comment: z.object({ id: z.number(), user, created_at: time, updated_at: time, html_url: z.string() }),
})

const eventNode = z.looseObject({
  __typename: z.string(),
  id: z.string(),
  createdAt: time,
  actor: user,
  beforeCommit: z.object({ oid: z.string() }).nullish(),
  afterCommit: z.object({ oid: z.string() }).nullish(),
  /** Without a login where it is a team. */
  requestedReviewer: z.object({ login: z.string().optional() }).nullish(),
  assignee: z.object({ login: z.string().optional() }).nullish(),
})
type EventNode = z.output<typeof eventNode>
const timelinePayload = z.object({
  repository: repositoryRef,
  number: z.int(),
  merged_at: time.nullish(),
  timeline: z.array(eventNode),
})

const issue = z.object({
  number: z.int(),
  title: z.string(),
  /** Not in every delivery. */
  state: z.string().nullish(),
  state_reason: z.string().nullish(),
  user,
  assignee: user,
  labels,
  type: z.object({ name: z.string() }).nullish(),
  milestone: z.object({ title: z.string(), due_on: time.nullish() }).nullish(),
  created_at: time,
  updated_at: time,
  closed_at: time.nullish(),
  html_url: z.string().nullish(),
})
const issuePayload = z.object({ action: z.string().optional(), repository: repositoryRef, issue })

const releaseNode = z.looseObject({
  databaseId: z.number(),
  name: z.string().nullish(),
  tagName: z.string(),
  tagCommit: z.object({ oid: z.string() }).nullish(),
  createdAt: time,
  publishedAt: time.nullish(),
  updatedAt: time,
  isDraft: z.boolean(),
  isPrerelease: z.boolean(),
  author: user,
  url: z.string().nullish(),
})
const releaseDeleted = z.object({ action: z.literal('deleted'), release: z.object({ id: z.number(), updated_at: time.nullish() }) })
const releasePayload = z.union([z.object({ repository: repositoryRef, release: releaseNode }), releaseDeleted])

const run = z.object({
  id: z.number(),
  name: z.string().nullish(),
  path: z.string().nullish(),
  display_title: z.string().nullish(),
  event: z.string(),
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
  head_branch: z.string().nullish(),
  head_sha: z.string(),
  run_number: count,
  run_attempt: z.int().positive().default(1),
  created_at: time,
  run_started_at: time.nullish(),
  updated_at: time,
  html_url: z.string().nullish(),
  actor: user,
  triggering_actor: user,
})
const runPayload = z.object({ repository: repositoryRef, workflow_run: run })

const job = z.object({
  id: z.number(),
  run_id: z.number(),
  run_attempt: z.int().positive().default(1),
  workflow_name: z.string().nullish(),
  name: z.string(),
  head_branch: z.string().nullish(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  created_at: time.nullish(),
  started_at: time.nullish(),
  completed_at: time.nullish(),
  html_url: z.string().nullish(),
})
const jobPayload = z.object({ repository: repositoryRef, workflow_job: job })

const checkRun = z.object({
  id: z.number(),
  name: z.string(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  started_at: time.nullish(),
  completed_at: time.nullish(),
  details_url: z.string().nullish(),
})
const checkPayload = z.object({ repository: repositoryRef, check_run: checkRun })

const deployed = z.object({
  id: z.number(),
  sha: z.string(),
  ref: z.string().nullish(),
  environment: z.string(),
  description: z.string().nullish(),
  production_environment: z.boolean().nullish(),
  creator: user,
  created_at: time,
})
const deploymentStatus = z.object({
  id: z.number(),
  state: z.string(),
  environment: z.string().nullish(),
  environment_url: z.string().nullish(),
  log_url: z.string().nullish(),
  target_url: z.string().nullish(),
  created_at: time,
})
const deploymentPayload = z.object({
  repository: repositoryRef,
  deployment: deployed,
  deployment_status: deploymentStatus.optional(),
})

// ---------------------------------------------------------------- items: what a thing is called, and which version of it this is

const changeId = (repository: z.output<typeof repositoryRef>, number: number) => `${repository.full_name}#${number}`

/** GitHub's times are whole seconds; the milliseconds tell versions of one second apart. */
const inSecond = <T extends string | null>(at: T, rank: number) =>
  at === null ? at : new Date(Math.floor(Date.parse(at) / 1000) * 1000 + rank).toISOString()
const stageOf = (status: string | null | undefined) => (status === 'completed' ? 2 : status === 'in_progress' ? 1 : 0)

interface Stages {
  readonly created_at?: string | null | undefined
  readonly started_at?: string | null | undefined
  readonly completed_at?: string | null | undefined
}
const stateAt = (status: string, { created_at, started_at, completed_at }: Stages) =>
  later(created_at, started_at, status === 'completed' ? completed_at : null)
const isGone = (action: string | undefined) => action === 'deleted' || action === 'transferred'
const later = (...moments: (string | null | undefined)[]) =>
  moments
    .flatMap((one) => (one ? [utc(one)] : []))
    .sort()
    .at(-1) ?? null

type Named = readonly [id: string, at: string | null]
const named = {
  repository: ({ repository }: z.output<typeof repositoryPayload>): Named => [String(repository.id), later(repository.updated_at)],
  // By repository and number: GraphQL has no id of a pull request that every version of the API has.
  change: ({ repository, pull_request: { number, updated_at } }: z.output<typeof changePayload>): Named => [
    `${repository.id}#${number}`,
    utc(updated_at),
  ],
  review: ({ action, review, pull_request }: z.output<typeof reviewPayload>): Named => [
    String(review.id),
    later(review.updated_at ?? (action === undefined || action === 'submitted' ? review.submitted_at : pull_request.updated_at)),
  ],
  comment: ({ action, comment, pull_request, issue }: z.output<typeof commentPayload>): Named => [
    commentId(comment),
    isGone(action) ? later(comment.updated_at, pull_request?.updated_at, issue?.updated_at) : utc(comment.updated_at),
  ],
  issue: ({ repository, issue: { number, updated_at } }: z.output<typeof issuePayload>): Named => [
    `${repository.id}#${number}`,
    utc(updated_at),
  ],
  run: ({ workflow_run: { id, run_attempt, updated_at, status } }: z.output<typeof runPayload>): Named => [
    `${id}:${run_attempt}`,
    inSecond(updated_at, stageOf(status)),
  ],
  // It has no time of its last change; each of its states has its own. Of the copies that a re-run makes, the last one wins.
  job: ({ workflow_job: one }: z.output<typeof jobPayload>): Named => [
    String(one.id),
    inSecond(stateAt(one.status, one), stageOf(one.status) * 100 + Math.min(one.run_attempt, 99)),
  ],
  check: ({ check_run: one }: z.output<typeof checkPayload>): Named => [
    String(one.id),
    inSecond(stateAt(one.status, one), stageOf(one.status)),
  ],
  /** A deployment and each of its statuses are items that tell one row, and often fall into one second: the further one wins. */
  deployment: ({ deployment, deployment_status: status }: z.output<typeof deploymentPayload>): Named =>
    status === undefined
      ? [String(deployment.id), inSecond(deployment.created_at, 0)]
      : [`status:${status.id}`, inSecond(status.created_at, { queued: 1, pending: 1, waiting: 1, in_progress: 2 }[status.state] ?? 3)],
}

/** One of a shape that nobody has seen yet is kept all the same, under a name that its content gives it, and is shown as unread. */
const item = <P>(name: (payload: P) => Named, schema: z.ZodType<P>, payload: unknown): Pulled => {
  const parsed = schema.safeParse(payload)
  if (!parsed.success)
    return pulled(`unread:${createHash('sha256').update(JSON.stringify(payload)).digest('hex').slice(0, 24)}`, null, payload)
  const [id, at] = name(parsed.data)
  return pulled(id, at, payload)
}

// ---------------------------------------------------------------- rows

type User = z.output<typeof user>

/** `ghost` stands where an account was deleted. */
const loginOf = (one: User) => (one === null || one === undefined || one.login === 'ghost' ? null : one.login)
const isBot = (one: User) => one?.type === 'Bot' || one?.login.endsWith('[bot]') === true
const instantOf = (moment: string | null | undefined) => (moment ? utc(moment) : null)

/** What the store's instants can hold. A commit may claim any second at all. */
const gitInstant = (moment: string) => new Date(Math.min(Math.max(Date.parse(moment), 0), Date.UTC(2299, 11, 31))).toISOString()

const CONCLUSION: Record<string, Deployment['outcome']> = {
  success: 'success',
  failure: 'failure',
  timed_out: 'failure',
  startup_failure: 'failure',
  cancelled: 'cancelled',
  skipped: 'skipped',
  // It ran and gave no verdict.
  neutral: 'skipped',
  // `action_required` waits for somebody, `stale` was given up by GitHub: neither says how it went.
}

function outcomeOf(status: string | null | undefined, conclusion: string | null | undefined): Deployment['outcome'] {
  if (status?.toLowerCase() !== 'completed') return 'running'
  return CONCLUSION[conclusion?.toLowerCase() ?? ''] ?? 'unknown'
}

/** Rows of a candidate. The id tells the matches apart only where there are several. */
function deploymentsOf(
  rules: readonly DeploymentRule[],
  candidate: Candidate,
  facts: Pick<Deployment, 'id' | 'at' | 'outcome'> & Partial<Deployment> & { isProduction?: boolean },
): Deployment[] {
  const { isProduction = false, ...known } = facts
  const matches = matchRules(rules, candidate)
  return matches.map(({ service, environment, rule }) =>
    rowOf(deploymentEntity, {
      ...known,
      id: matches.length > 1 ? `${facts.id} ${service} ${environment}` : facts.id,
      kind: 'deploy',
      service,
      // GitHub's own word for an environment whose name says nothing.
      environment:
        isProduction && environment === candidate.environment && knownTier(environment) === null ? 'production' : tierOf(environment),
      environment_name: environment,
      finished_at: facts.outcome === 'running' || facts.outcome === 'unknown' ? null : facts.at,
      repository: candidate.repository,
      rule,
    }),
  )
}

function repositoryRows({ asked, action, changes, repository }: z.output<typeof repositoryPayload>): DomainRows {
  const { full_name, html_url, default_branch } = repository
  const [owner = '', name = full_name] = full_name.split('/')
  const renamed = action === 'renamed' ? changes?.repository?.name.from : undefined
  const from = action === 'transferred' ? changes?.owner?.from : undefined
  const before = [
    ...asked,
    ...(renamed === undefined ? [] : [`${owner}/${renamed}`]),
    ...[from?.user?.login, from?.organization?.login].flatMap((login) => (login ? [`${login}/${name}`] : [])),
  ]
  const previous_names = [...new Set(before)].filter((one) => one.toLowerCase() !== full_name.toLowerCase()).sort()
  return { repositories: [{ id: full_name, title: name, url: html_url ?? null, default_branch: default_branch ?? null, previous_names }] }
}

function commitRows({ repository, commit }: z.output<typeof commitPayload>): DomainRows {
  const { author, committer, message, parents, additions, deletions, changedFilesIfAvailable } = commit
  const committed_at = gitInstant(committer?.date ?? commit.committedDate)
  // What GitHub counts for a merge is what the branch brought: those lines are its commits'.
  const isMerge = parents.nodes.length > 1
  return {
    commits: [
      rowOf(commitEntity, {
        repository: repository.full_name,
        sha: commit.oid,
        parents: parents.nodes.map(({ oid }) => oid),
        author_name: author?.name ?? author?.email ?? 'unknown',
        author_email: author?.email ?? 'unknown',
        authored_at: author?.date ? gitInstant(author.date) : committed_at,
        committer_name: committer?.name ?? committer?.email ?? 'unknown',
        committer_email: committer?.email ?? 'unknown',
        committed_at,
        subject: message.split('\n', 1)[0] ?? '',
        reverts: /\bthis reverts commit\s+([0-9a-f]{7,64})\b/i.exec(message)?.[1]?.toLowerCase(),
        additions: isMerge ? 0 : additions,
        deletions: isMerge ? 0 : deletions,
        files_changed: isMerge ? 0 : changedFilesIfAvailable,
      }),
    ],
  }
}

/** A rule that names no tag takes versions, no pre-releases, as the git connector does. */
function tagRules(config: Config, from: 'tag' | 'release', isVersion: boolean): DeploymentRule[] {
  return config.deployments.filter((rule) => rule.from === from && (isVersion || rule.name !== undefined))
}

function partOf(tag: string, repository: string): string | null {
  const part = releaseOf(tag, repository)
  return part === null || part === '' ? null : `${repository}/${part}`
}

function tagRows({ repository: { id, full_name }, tag: { name, target } }: z.output<typeof tagPayload>, config: Config): DomainRows {
  const committed = target.committedDate ?? target.target?.committedDate
  const moment = target.tagger?.date ?? committed
  // A tag of a tree or a file is no release.
  if (moment === undefined || moment === null || committed === undefined) return { deployments: [] }
  const at = gitInstant(moment)
  const candidate: Candidate = { from: 'tag', name, repository: full_name, branch: name, service: partOf(name, full_name) }
  return {
    deployments: deploymentsOf(tagRules(config, 'tag', releaseOf(name, full_name) !== null), candidate, {
      id: `tag:${id}@${name}`,
      at,
      outcome: 'success',
      revision: target.target?.oid ?? target.oid,
      ref: `refs/tags/${name}`,
      version: name,
      title: target.message?.split('\n', 1)[0] || name,
      actor: target.tagger?.name ?? null,
    }),
  }
}

/** The change that this one undoes: GitHub's button names the branch `revert-<n>-…` and writes `Reverts owner/name#n`. */
function revertedBy({ body, head }: PullRequest, repository: string): string | null {
  const said = /^\s*reverts\s+(?:([\w.-]+\/[\w.-]+))?#(\d+)\b/im.exec(body ?? '')
  if (said !== null) return `${said[1] ?? repository}#${said[2]}`
  const number = /^revert-(\d+)-/.exec(head.ref)?.[1]
  return number === undefined ? null : `${repository}#${number}`
}

const comesFromFiles = (config: Config) => config.deployments.some((rule) => rule.from === 'merge' && rule.paths !== undefined)

function mergeRows(
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

function changeRows(payload: z.output<typeof changePayload>, config: Config): DomainRows {
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

function filesRows(payload: z.output<typeof filesPayload>, config: Config): DomainRows {
  const { repository, pull_request, files } = payload
  const paths = [...new Set(files.map(({ path }) => path))]
  return {
    change_files: [{ change_id: changeId(repository, pull_request.number), repository: repository.full_name, paths }],
    ...(comesFromFiles(config) ? { deployments: mergeRows(payload, paths, config) } : {}),
  }
}

function changeCommitsRows({ repository, number, commits }: z.output<typeof changeCommitsPayload>): DomainRows {
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

const VERDICT: Record<string, Review['state']> = {
  approved: 'approved',
  changes_requested: 'changes_requested',
  commented: 'commented',
  dismissed: 'dismissed',
}

function reviewRows({ repository, pull_request, review: one }: z.output<typeof reviewPayload>): DomainRows {
  // One that is still being written has no time, and nobody else sees it.
  if (!one.submitted_at) return { reviews: [] }
  return {
    reviews: [
      rowOf(reviewEntity, {
        id: `review:${one.id}`,
        change_id: changeId(repository, pull_request.number),
        repository: repository.full_name,
        kind: 'review',
        state: VERDICT[one.state.toLowerCase()],
        author: loginOf(one.user),
        author_is_bot: isBot(one.user),
        at: utc(one.submitted_at),
        url: one.html_url,
      }),
    ],
  }
}

/** Both kinds of comments count from 1, each for itself; their addresses tell them apart, on issues from those on pull requests, too. */
function commentId({ id, html_url }: { readonly id: number; readonly html_url: string }): string {
  return `${html_url.includes('#discussion_') ? 'line' : 'issue'}:${id}`
}
const pullOf = (address: string) => /\/pull\/(\d+)(?:\/\w+)?#/.exec(address)?.[1]

function commentRows({ action, repository, comment: one }: z.output<typeof commentPayload>): DomainRows {
  const number = pullOf(one.html_url)
  if (number === undefined || isGone(action)) return { reviews: [] }
  return {
    reviews: [
      rowOf(reviewEntity, {
        id: `comment:${commentId(one)}`,
        change_id: changeId(repository, Number(number)),
        repository: repository.full_name,
        kind: 'comment',
        author: loginOf(one.user),
        author_is_bot: isBot(one.user),
        at: utc(one.created_at),
        url: one.html_url,
      }),
    ],
  }
}

type Step = Pick<Transition, 'field' | 'from_value' | 'to_value'>

function stepOfChange(event: EventNode, mergedAt: string | null | undefined): Step | null {
  switch (event.__typename) {
    case 'ReadyForReviewEvent':
      return { field: 'draft', from_value: 'true', to_value: 'false' }
    case 'ConvertToDraftEvent':
      return { field: 'draft', from_value: 'false', to_value: 'true' }
    case 'ClosedEvent':
      return { field: 'state', from_value: 'open', to_value: mergedAt && utc(mergedAt) === utc(event.createdAt) ? 'merged' : 'closed' }
    case 'ReopenedEvent':
      return { field: 'state', from_value: 'closed', to_value: 'open' }
    case 'HeadRefForcePushedEvent':
      return { field: 'head_sha', from_value: event.beforeCommit?.oid ?? null, to_value: event.afterCommit?.oid ?? null }
    case 'ReviewRequestedEvent':
      return { field: 'reviewer', from_value: null, to_value: event.requestedReviewer?.login ?? null }
    default:
      return null
  }
}

function stepOfIssue(event: EventNode): Step | null {
  const assignee = event.assignee?.login ?? null
  switch (event.__typename) {
    case 'ClosedEvent':
      return { field: 'status', from_value: 'open', to_value: 'closed' }
    case 'ReopenedEvent':
      return { field: 'status', from_value: 'closed', to_value: 'open' }
    case 'AssignedEvent':
      return { field: 'assignee', from_value: null, to_value: assignee }
    case 'UnassignedEvent':
      return { field: 'assignee', from_value: assignee, to_value: null }
    default:
      return null
  }
}

function timelineRows(payload: z.output<typeof timelinePayload>, subject_type: Transition['subject_type']): DomainRows {
  const { repository, number, merged_at, timeline } = payload
  const category = (step: Step, value: string | null) => (step.field !== 'status' ? null : value === 'open' ? 'todo' : 'done')
  return {
    transitions: timeline.flatMap((event) => {
      const step = subject_type === 'change' ? stepOfChange(event, merged_at) : stepOfIssue(event)
      if (step === null) return []
      return rowOf(transition, {
        id: event.id,
        subject_type,
        subject_id: changeId(repository, number),
        repository: repository.full_name,
        at: utc(event.createdAt),
        ...step,
        from_category: category(step, step.from_value),
        to_category: category(step, step.to_value),
        actor: loginOf(event.actor),
      })
    }),
  }
}

const KINDS: readonly (readonly [RegExp, WorkItem['kind']])[] = [
  [/^(?:type[:/ ]\s*)?(?:bug|defect|regression)$/i, 'bug'],
  [/^(?:type[:/ ]\s*)?(?:feature|enhancement|story)$/i, 'feature'],
  [/^(?:type[:/ ]\s*)?(?:task|chore)$/i, 'task'],
  [/^(?:type[:/ ]\s*)?epic$/i, 'epic'],
]

function issueRows({ action, repository, issue: one }: z.output<typeof issuePayload>, config: Config): DomainRows {
  if (isGone(action)) return { work_items: [], incident_states: [] }
  const id = changeId(repository, one.number)
  const names = one.labels.map(({ name }) => name).sort()
  const wanted = new Set(config.incident_labels.map((name) => name.toLowerCase()))
  const incident = names.find((name) => wanted.has(name.toLowerCase()))
  const kinds = [one.type?.name, ...names].flatMap((name) => {
    const kind = KINDS.find(([pattern]) => name !== undefined && pattern.test(name))?.[1]
    return kind === undefined || name === undefined ? [] : [{ kind, name }]
  })
  const severity = names.flatMap((name) => /^severity[:/ ]\s*(.+)$|^(sev-?\d)$/i.exec(name)?.slice(1).filter(Boolean) ?? [])[0] ?? null
  const service = names.flatMap((name) => /^service[:/]\s*(.+)$/i.exec(name)?.[1] ?? [])[0] ?? repository.full_name
  const isOpen = one.state ? one.state === 'open' : !one.closed_at
  const told = { id, service, repository: repository.full_name, severity, title: one.title, url: one.html_url }
  return {
    work_items: [
      rowOf(workItem, {
        id,
        project: repository.full_name,
        repository: repository.full_name,
        kind: incident === undefined ? (kinds[0]?.kind ?? 'other') : 'incident',
        kind_name: one.type?.name ?? incident ?? kinds[0]?.name,
        title: one.title,
        status: isOpen ? 'todo' : 'done',
        status_name: one.state,
        resolution: isOpen ? null : one.state_reason,
        created_at: utc(one.created_at),
        resolved_at: isOpen ? null : instantOf(one.closed_at),
        due_at: instantOf(one.milestone?.due_on),
        severity,
        assignee: loginOf(one.assignee),
        reporter: loginOf(one.user),
        labels: names,
        components: [],
        sprint_ids: [],
        fix_versions: one.milestone ? [one.milestone.title] : [],
        url: one.html_url,
      }),
    ],
    incident_states:
      incident === undefined
        ? []
        : [
            rowOf(incidentState, { ...told, state: 'opened', at: utc(one.created_at) }),
            ...(isOpen || !one.closed_at ? [] : [rowOf(incidentState, { ...told, state: 'closed', at: utc(one.closed_at) })]),
          ],
  }
}

function releaseRows(payload: z.output<typeof releasePayload>, config: Config): DomainRows {
  if ('action' in payload) return { releases: [], deployments: [] }
  const { repository, release: one } = payload
  const published_at = one.isDraft ? null : instantOf(one.publishedAt)
  const facts = { revision: one.tagCommit?.oid ?? null, url: one.url ?? null }
  const isVersion = !one.isPrerelease && releaseOf(one.tagName, repository.full_name) !== null
  const service = partOf(one.tagName, repository.full_name)
  return {
    releases: [
      rowOf(releaseEntity, {
        ...facts,
        id: String(one.databaseId),
        repository: repository.full_name,
        name: one.name || one.tagName,
        tag: one.tagName,
        published_at,
        is_prerelease: one.isPrerelease,
        is_draft: one.isDraft,
        author: loginOf(one.author),
      }),
    ],
    deployments:
      published_at === null
        ? []
        : deploymentsOf(
            tagRules(config, 'release', isVersion),
            { from: 'release', name: one.tagName, repository: repository.full_name, branch: one.tagName, service },
            {
              ...facts,
              id: `release:${one.databaseId}`,
              at: published_at,
              outcome: 'success',
              ref: `refs/tags/${one.tagName}`,
              version: one.tagName,
              title: one.name || one.tagName,
              actor: loginOf(one.author),
            },
          ),
  }
}

function runRows({ repository, workflow_run: one }: z.output<typeof runPayload>, config: Config): DomainRows {
  const outcome = outcomeOf(one.status, one.conclusion)
  const started_at = instantOf(one.run_started_at)
  // GitHub does not say when a run ended; nothing changes it afterwards.
  const finished_at = outcome === 'running' ? null : utc(one.updated_at)
  const trigger = one.event === 'workflow_dispatch' ? 'manual' : one.event
  const workflow = one.name || one.path || 'unknown'
  const facts = {
    id: `run:${one.id}:${one.run_attempt}`,
    at: finished_at ?? started_at ?? utc(one.created_at),
    outcome,
    started_at,
    revision: one.head_sha,
    ref: one.head_branch ?? null,
    title: one.display_title ?? null,
    url: one.html_url ?? null,
    actor: loginOf(one.triggering_actor ?? one.actor),
  }
  return {
    builds: [
      rowOf(build, {
        ...facts,
        workflow,
        repository: repository.full_name,
        trigger,
        number: one.run_number,
        attempt: one.run_attempt,
        // A re-run keeps the moment at which the first was made.
        queued_at: one.run_attempt > 1 ? null : utc(one.created_at),
        finished_at,
      }),
    ],
    deployments: deploymentsOf(
      config.deployments,
      // The branch of a run for a pull request may be the fork's, which may call it `main`, too.
      {
        from: 'run',
        name: workflow,
        repository: repository.full_name,
        branch: one.event.startsWith('pull_request') ? null : (one.head_branch ?? null),
        trigger,
      },
      { ...facts, build_id: facts.id },
    ),
  }
}

function jobRows({ repository, workflow_job: one }: z.output<typeof jobPayload>, config: Config): DomainRows {
  const outcome = outcomeOf(one.status, one.conclusion)
  const begun_at = instantOf(one.started_at)
  // One that waits or was skipped has a moment there, too, and never began.
  const started_at = outcome === 'skipped' || !['in_progress', 'completed'].includes(one.status) ? null : begun_at
  const finished_at = outcome === 'running' ? null : instantOf(one.completed_at)
  const build_id = `run:${one.run_id}:${one.run_attempt}`
  const at = finished_at ?? begun_at
  return {
    jobs: [
      rowOf(jobEntity, {
        id: String(one.id),
        build_id,
        name: one.name,
        outcome,
        repository: repository.full_name,
        attempt: one.run_attempt,
        queued_at: instantOf(one.created_at),
        started_at,
        finished_at,
        url: one.html_url,
      }),
    ],
    deployments:
      at === null || (outcome === 'running' && one.status !== 'in_progress')
        ? []
        : deploymentsOf(
            config.deployments,
            { from: 'job', name: one.name, repository: repository.full_name, branch: one.head_branch ?? null },
            {
              // Not by its own id: a re-run of the failed jobs lists those that succeeded once more, under new ids and with their old times.
              id: `job:${one.run_id}:${one.name}@${begun_at ?? at}`,
              at,
              outcome,
              started_at,
              revision: one.head_sha,
              ref: one.head_branch ?? null,
              title: one.workflow_name ? `${one.workflow_name} / ${one.name}` : one.name,
              url: one.html_url ?? null,
              build_id,
            },
          ),
  }
}

function checkRows({ repository, check_run: one }: z.output<typeof checkPayload>): DomainRows {
  const at = instantOf(one.completed_at ?? one.started_at)
  if (at === null) return { checks: [] }
  return {
    checks: [
      rowOf(checkEntity, {
        id: String(one.id),
        kind: 'check',
        name: one.name,
        at,
        outcome: outcomeOf(one.status, one.conclusion),
        repository: repository.full_name,
        revision: one.head_sha,
        started_at: instantOf(one.started_at),
        url: one.details_url,
      }),
    ],
  }
}

const STATE: Record<string, Deployment['outcome']> = {
  success: 'success',
  failure: 'failure',
  error: 'failure',
  in_progress: 'running',
  queued: 'running',
  pending: 'running',
  waiting: 'running',
}

function deploymentRows(
  { repository, deployment, deployment_status: status }: z.output<typeof deploymentPayload>,
  config: Config,
): DomainRows {
  // That a newer deployment took its place changes nothing in how this one went.
  if (status?.state === 'inactive') return { deployments: [] }
  const environment = status?.environment || deployment.environment
  return {
    deployments: deploymentsOf(
      config.deployments,
      { from: 'deployment', name: environment, repository: repository.full_name, branch: deployment.ref ?? null, environment },
      {
        id: `deployment:${deployment.id}`,
        at: utc(status?.created_at ?? deployment.created_at),
        // Without a status nobody has said that it runs.
        outcome: status === undefined ? 'unknown' : (STATE[status.state] ?? 'unknown'),
        started_at: utc(deployment.created_at),
        revision: deployment.sha,
        ref: deployment.ref ?? null,
        title: deployment.description || null,
        url: status?.log_url || status?.target_url || status?.environment_url || null,
        actor: loginOf(deployment.creator),
        isProduction: deployment.production_environment === true,
      },
    ),
  }
}

// ---------------------------------------------------------------- asking

/** `https://HOST/api/v3` is one half of an Enterprise server, `https://HOST/api/graphql` the other: the base is what they share. */
function placeOf({ url }: Config): { base: string; rest: string; graphql: string } {
  const plain = url.replace(/\/+$/, '')
  return plain.endsWith('/api/v3')
    ? { base: plain.slice(0, -'/api/v3'.length), rest: '/api/v3', graphql: '/api/graphql' }
    : { base: plain, rest: '', graphql: '/graphql' }
}

const grant = z.object({ token: z.string(), expires_at: time })

function api(config: Config): Api {
  const { base, rest } = placeOf(config)
  const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' }
  const { app_id, installation_id, private_key, token } = config
  if (app_id === undefined || private_key === undefined)
    return { base, headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token.reveal()}` } }
  return {
    base,
    headers,
    async authorize(http: Http, now: number) {
      const seconds = Math.floor(now / 1000)
      // A minute back, since GitHub refuses what its own clock has not reached; 10 minutes are the most that it takes.
      const jwt = new SignJWT()
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(app_id)
        .setIssuedAt(seconds - 60)
        .setExpirationTime(seconds + 540)
      const signed = await jwt.sign(keyOf(private_key.reveal()))
      const asked = `${rest}/app/installations/${installation_id}/access_tokens`
      const answer = await http.post(asked, {}, { headers: { ...headers, authorization: `Bearer ${signed}` } })
      const { token: granted, expires_at } = grant.parse(answer.body)
      return { headers: { authorization: `Bearer ${granted}` }, expires_at }
    },
  }
}

/** GitHub gives the key as PKCS #1; a form may have made one line of it. */
function keyOf(pem: string) {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch (cause) {
    throw new AppError('invalid-input', 'The private key of the GitHub App cannot be read.', {
      help: 'Paste the whole .pem file that GitHub gave, from BEGIN to END.',
      cause,
    })
  }
}

const listedRepository = z.looseObject({
  id: z.number(),
  full_name: z.string(),
  name: z.string(),
  fork: z.boolean().default(false),
  html_url: z.string().nullish(),
  default_branch: z.string().nullish(),
  updated_at: time.nullish(),
  has_issues: z.boolean().optional(),
})
interface Repository extends z.output<typeof listedRepository> {
  /** The name of the settings; null for one of the organization's. */
  readonly asked: string | null
}

/** Each stream of a sync needs them, and one sync has 16 streams: they are asked for once in so many minutes. */
const KEPT_MS = 5 * 60_000
const kept = new WeakMap<Config, { until: number; repositories: Promise<Repository[]> }>()

function repositoriesOf(ask: Ask<Config>, isFresh = false): Promise<Repository[]> {
  const now = Date.parse(ask.begun)
  const known = kept.get(ask.config)
  if (!isFresh && known !== undefined && now <= known.until) return known.repositories
  const repositories = askRepositories(ask)
  kept.set(ask.config, { until: now + KEPT_MS, repositories })
  repositories.catch(() => kept.delete(ask.config))
  return repositories
}

async function askRepositories({ config, http, log }: Ask<Config>): Promise<Repository[]> {
  const { rest } = placeOf(config)
  const found = new Map<number, Repository>()
  for (const asked of config.repositories) {
    const answer = await http.get(`${rest}/repos/${asked}`, { allow: [404, 451] })
    if (answer.status !== 200) log.warn('github.repository_missing', { repository: asked, status: answer.status })
    else {
      const one = { ...read(listedRepository, answer.body, asked), asked }
      found.set(one.id, one)
    }
  }
  for (
    let page: string | null =
      config.organization === undefined ? null : `${rest}/orgs/${config.organization}/repos?per_page=100&sort=full_name`;
    page !== null;
  ) {
    const answer = await http.get(page)
    for (const one of read(z.array(listedRepository), answer.body, 'the organization'))
      if (!one.fork && !found.has(one.id)) found.set(one.id, { ...one, asked: null })
    page = nextLink(answer.headers)
  }
  if (found.size === 0)
    throw new AppError('source-failed', 'GitHub shows none of the repositories.', {
      help: 'Are their names right, and may the credential read them? `fairlead sources check` says which are missing.',
    })
  return [...found.values()]
}

function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AppError('source-failed', `GitHub’s answer about ${what} has another shape: ${issue?.path.join('.')}: ${issue?.message}.`, {
    help: 'Is the address that of a GitHub API? Enterprise Server must be 3.12 or newer.',
  })
}

/** What the credential may not read, what is switched off or not there: it is asked again the next time, from where it stood. */
function isRefusal(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && [403, 404, 409, 410, 451].includes(statusOf(thrown) ?? 0)
}
const statusOf = ({ detail }: AppError) => (detail as { status?: number } | null)?.status

/**
 * Each list for itself, so that one that is refused stays where it stood and does not stop the others. Where all are forbidden the stream has
 * seen nothing, and says so.
 */
async function* walk(ask: Ask<Config>, what: string, lists: readonly List[]): AsyncGenerator<Page> {
  let { cursor } = ask
  let forbidden: AppError | null = null
  let isRead = false
  for (const list of lists) {
    try {
      for await (const page of walkLists({ ...ask, cursor }, what, [list])) {
        cursor = page.cursor
        yield page
      }
      isRead = true
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      // 410: switched off, as issues are where they are kept elsewhere.
      if (statusOf(thrown) === 410) continue
      ask.log.warn('github.unreadable', { list: list.key, what, reason: thrown.message })
      if (statusOf(thrown) === 403) forbidden = thrown
    }
  }
  if (forbidden !== null && !isRead) throw forbidden
}

const isWithin = (moment: string, { since, until }: { readonly since: string | null; readonly until: string | null }) =>
  (since === null || utc(moment) >= since) && (until === null || utc(moment) <= until)
const DAY_MS = 86_400_000
const daysBefore = (moment: string | null, days: number) =>
  moment === null ? null : new Date(Date.parse(moment) - days * DAY_MS).toISOString()

/** How long after its start a run may still change, and a pull sees it: some wait for an approval over a weekend. */
const RUN_DAYS = 3
/** Of what is rare, and whose list is cheap. */
const LATE_DAYS = 30

interface RestList<T> {
  readonly key: string
  readonly path: string
  readonly query?: (since: string | null) => Record<string, string | undefined>
  readonly perPage?: number
  readonly entries: z.ZodType<T[]>
  /** By what the list is ordered, newest first. */
  readonly moment: (entry: T) => string
  /** How much older than `since` an entry may be and still have changed. */
  readonly lateDays?: number
  readonly items: (entry: T, range: { since: string | null; until: string | null }) => Pulled[] | Promise<Pulled[]>
}

function restList<T>({ http, config }: Ask<Config>, list: RestList<T>): List {
  return {
    key: list.key,
    async page(range, page) {
      const first = { query: { per_page: list.perPage ?? 100, ...list.query?.(range.since) } }
      const answer = page === null ? await http.get(`${placeOf(config).rest}${list.path}`, first) : await http.get(page)
      const entries = read(list.entries, answer.body, list.path)
      const earliest = daysBefore(range.since, list.lateDays ?? 0)
      const wanted = entries.filter((entry) => isWithin(list.moment(entry), { since: earliest, until: range.until }))
      const items: Pulled[] = []
      for (const entry of wanted) items.push(...(await list.items(entry, range)))
      const oldest = entries.at(-1)
      const isEnd = earliest !== null && oldest !== undefined && utc(list.moment(oldest)) < earliest
      return { items, next: isEnd ? null : nextLink(answer.headers) }
    },
  }
}

const refOf = ({ id, full_name }: Repository) => ({ id, full_name })

const variablesOf = ({ full_name }: Repository) => {
  const [owner = '', name = ''] = full_name.split('/')
  return { owner, name }
}

async function askGraph<T>(
  { http, config }: Ask<Config>,
  query: string,
  variables: Record<string, unknown>,
  schema: z.ZodType<T>,
): Promise<T> {
  try {
    return read(schema, await http.graphql(placeOf(config).graphql, query, variables), 'a query')
  } catch (thrown) {
    // GraphQL says no without a status.
    if (!(thrown instanceof AppError) || thrown.code !== 'source-refused' || statusOf(thrown) !== undefined) throw thrown
    throw new AppError(thrown.code, thrown.message, { help: thrown.help ?? '', detail: { status: 403 }, cause: thrown })
  }
}

const AT_ONCE = 50

/** A few fields of every repository, many in one query; those that are refused are left out. */
async function askEach<T>(
  ask: Ask<Config>,
  repositories: readonly Repository[],
  { query, fields }: { readonly query: string; readonly fields: string },
  schema: z.ZodType<T>,
): Promise<Map<number, T>> {
  const found = new Map<number, T>()
  for (let start = 0; start < repositories.length; start += AT_ONCE) {
    const some = repositories.slice(start, start + AT_ONCE)
    const asked = some.map((repository, index) => {
      const { owner, name } = variablesOf(repository)
      return `r${index}:repository(owner:${JSON.stringify(owner)},name:${JSON.stringify(name)}){${fields}}`
    })
    try {
      const answer = await askGraph(ask, `query ${query}{${asked.join(' ')}}`, {}, z.record(z.string(), schema.nullable()))
      some.forEach(({ id }, index) => {
        const one = answer[`r${index}`]
        if (one !== null && one !== undefined) found.set(id, one)
      })
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      // One that is forbidden fails the query of all.
      const alone = some.length === 1 ? [] : some
      if (alone.length === 0) ask.log.warn('github.unreadable', { list: some[0]?.full_name, what: query, reason: thrown.message })
      for (const one of alone) for (const [id, told] of await askEach(ask, [one], { query, fields }, schema)) found.set(id, told)
    }
  }
  return found
}

const connectionOf = <T extends z.ZodType>(node: T) =>
  z.object({
    totalCount: z.number().optional(),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    nodes: z.array(node.nullable()).transform((nodes) => nodes.filter((one) => one !== null)),
  })
const nextOf = ({ pageInfo }: { pageInfo: { hasNextPage: boolean; endCursor: string | null } }) =>
  pageInfo.hasNextPage ? pageInfo.endCursor : null

const PAGE = 'pageInfo{hasNextPage endCursor}'
const ACTOR = 'login type:__typename'
const anything = z.looseObject({})
type Anything = z.output<typeof anything>

/** A list inside of each pull request or issue, whole: what does not fit into the first answer is asked for. */
interface Inner {
  readonly field: string
  readonly nodes: string
  readonly types?: string
}
const innerOf = ({ field, nodes, types }: Inner, after: string) =>
  `${field}(first:100${after}${types === undefined ? '' : `,itemTypes:[${types}]`}){${PAGE} nodes{${nodes}}}`

interface GraphList {
  readonly of: 'pullRequests' | 'issues'
  readonly query: string
  readonly first: number
  readonly fields?: string
  readonly inner?: Inner
  readonly lateDays?: number
  /** When the last change was, where that is known. */
  readonly newest?: string | undefined
  readonly items: (node: Anything & { number: number; updatedAt: string }, inner: Anything[]) => Pulled[]
}

/**
 * A page that GitHub cannot finish in its 10 seconds fails however often it is asked: then smaller ones are asked for, down to one thing at once.
 * `http` has repeated each of them before.
 */
async function ofSize<T>(size: number, asked: (first: number) => Promise<T>): Promise<T> {
  for (let first = size; ; first = Math.ceil(first / 5)) {
    try {
      return await asked(first)
    } catch (thrown) {
      if (first === 1 || !(thrown instanceof AppError) || thrown.code !== 'source-failed') throw thrown
    }
  }
}

/** Pull requests or issues, last changed first. */
function graphList(ask: Ask<Config>, repository: Repository, list: GraphList): List {
  const { of, query, fields = '', inner } = list
  const node = z.looseObject({ number: z.int(), updatedAt: time })
  const answer = z.object({ repository: z.object({ [of]: connectionOf(node) }).nullable() })
  const text = `query ${query}($owner:String!,$name:String!,$first:Int!,$after:String){repository(owner:$owner,name:$name){${of}(first:$first,after:$after,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount ${PAGE} nodes{number updatedAt ${fields} ${inner === undefined ? '' : innerOf(inner, '')}}}}}`
  return {
    key: String(repository.id),
    async page(range, page) {
      const since = daysBefore(range.since, list.lateDays ?? 0)
      if (page === null && since !== null && list.newest !== undefined && utc(list.newest) < since) return { items: [], next: null }
      const answered = await ofSize(list.first, (first) => askGraph(ask, text, { ...variablesOf(repository), first, after: page }, answer))
      const found = answered.repository?.[of]
      if (found === undefined) return { items: [], next: null }
      const items: Pulled[] = []
      for (const one of found.nodes)
        if (isWithin(one.updatedAt, { since, until: range.until }))
          items.push(...list.items(one, inner === undefined ? [] : await wholeOf(ask, repository, list, one, inner)))
      const oldest = found.nodes.at(-1)
      const isEnd = since !== null && oldest !== undefined && utc(oldest.updatedAt) < since
      return { items, next: isEnd ? null : nextOf(found), total: range.since === null ? (found.totalCount ?? null) : null }
    },
  }
}

async function wholeOf(
  ask: Ask<Config>,
  repository: Repository,
  { of, query }: GraphList,
  node: Anything & { number: number },
  inner: Inner,
): Promise<Anything[]> {
  const connection = connectionOf(anything)
  const single = of === 'issues' ? 'issue' : 'pullRequest'
  const text = `query ${query}More($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){${single}(number:$number){${innerOf(inner, ',after:$after')}}}}`
  const answer = z.object({ repository: z.object({ [single]: z.object({ [inner.field]: connection }) }) })
  // A change whose files are too many for GitHub to tell has none.
  let page = read(connection.nullable(), node[inner.field] ?? null, inner.field)
  const whole = [...(page?.nodes ?? [])]
  for (let after = page === null ? null : nextOf(page); after !== null; after = page === null ? null : nextOf(page)) {
    const found = await askGraph(ask, text, { ...variablesOf(repository), number: node.number, after }, answer)
    page = found.repository[single]?.[inner.field] ?? null
    whole.push(...(page?.nodes ?? []))
  }
  return whole
}

// ---------------------------------------------------------------- pulls

async function* pullRepositories(ask: Ask<Config>): AsyncGenerator<Page> {
  // The names that each had before, by its id: of an organization's repositories nothing else tells of a rename.
  const names = parsedCursor(z.record(z.string(), z.array(z.string())), ask.cursor) ?? {}
  const all = await repositoriesOf(ask, true)
  for (let start = 0; start < all.length; start += 100) {
    const items = all.slice(start, start + 100).map(({ asked, id, full_name, html_url, default_branch, updated_at }) => {
      const known = [...new Set([...(names[id] ?? []), ...(asked === null ? [] : [asked])])]
      names[id] = [...new Set([...known, full_name])]
      const repository = { id, full_name, html_url, default_branch, updated_at }
      return item(named.repository, repositoryPayload, { asked: known.filter((one) => one !== full_name), repository })
    })
    ask.progress(start + items.length, all.length, 'repositories')
    yield { items, cursor: JSON.stringify(names) }
  }
}

function parsedCursor<T>(schema: z.ZodType<T>, cursor: string | null): T | null {
  try {
    return cursor === null ? null : (schema.safeParse(JSON.parse(cursor)).data ?? null)
  } catch {
    return null
  }
}

const HASH = /^[0-9a-f]{40,64}$/
const commitPlaces = z.record(
  z.string(),
  z.object({
    /** All that this commit reaches is stored. */
    tip: z.string().regex(HASH).nullable(),
    /** A walk that was stopped: from which commit, down to which one, and the page at which it goes on. */
    walk: z.object({ head: z.string().regex(HASH), base: z.string().regex(HASH).nullable(), page: z.string() }).optional(),
  }),
)
const COMMIT = `fragment commit on Commit{oid message committedDate author{name email date} committer{name email date} parents(first:20){nodes{oid}} additions deletions changedFilesIfAvailable}`
const TIPS = { query: 'Tips', fields: 'defaultBranchRef{target{oid}}' }
const tipNode = z.object({ defaultBranchRef: z.object({ target: z.object({ oid: z.string() }).nullable() }).nullable() })
const HISTORY = `query History($owner:String!,$name:String!,$head:GitObjectID!,$first:Int!,$after:String,$since:GitTimestamp,$until:GitTimestamp){repository(owner:$owner,name:$name){object(oid:$head){...on Commit{history(first:$first,after:$after,since:$since,until:$until){totalCount ${PAGE} nodes{...commit}}}}}} ${COMMIT}`

/**
 * Of a new head, what the last one does not reach: dates are no help, since a merge brings commits that are older than the last pull.
 * A head that was thrown away by a force push is no base any more; then the history is read once more.
 */
async function* pullCommits(ask: Ask<Config>): AsyncGenerator<Page> {
  const places = parsedCursor(commitPlaces, ask.cursor) ?? {}
  let done = 0
  const repositories = await repositoriesOf(ask)
  const tips = await askEach(ask, repositories, TIPS, tipNode)
  for (const repository of repositories) {
    const place = places[repository.id] ?? { tip: null }
    const head = place.walk?.head ?? tips.get(repository.id)?.defaultBranchRef?.target?.oid ?? null
    if (head === null || (place.walk === undefined && head === place.tip && ask.since === null)) continue
    let base = place.walk === undefined ? (ask.since === null ? place.tip : null) : place.walk.base
    let page = place.walk?.page ?? null
    do {
      ask.signal.throwIfAborted()
      let found: { commits: Anything[]; next: string | null; total: number | null } | null =
        base === null ? await historyPage(ask, repository, head, page) : await comparedPage(ask, repository, base, head, page)
      if (found === null) {
        base = null
        found = await historyPage(ask, repository, head, null)
      }
      page = found.next
      done += found.commits.length
      places[repository.id] = page === null ? { tip: head } : { tip: place.tip, walk: { head, base, page } }
      ask.progress(done, found.total, 'commits')
      const items = found.commits.map((commit) => {
        const { oid, committedDate } = read(commitNode, commit, 'a commit')
        return pulled(`${repository.id}:${oid}`, gitInstant(committedDate), { repository: refOf(repository), commit })
      })
      yield { items, cursor: JSON.stringify(places) }
    } while (page !== null)
  }
  if (tips.size === 0)
    throw new AppError('source-denied', 'The credential may not read the commits of any repository.', {
      help: 'It needs the permission to read contents.',
    })
}

async function historyPage(ask: Ask<Config>, repository: Repository, head: string, after: string | null) {
  const answer = z.object({ repository: z.object({ object: z.object({ history: connectionOf(anything) }).nullable() }).nullable() })
  const variables = { ...variablesOf(repository), head, after, since: ask.since, until: ask.until }
  const answered = await ofSize(100, (first) => askGraph(ask, HISTORY, { ...variables, first }, answer))
  const history = answered.repository?.object?.history
  return { commits: history?.nodes ?? [], next: history === undefined ? null : nextOf(history), total: history?.totalCount ?? null }
}

async function comparedPage(ask: Ask<Config>, repository: Repository, base: string, head: string, page: string | null) {
  const path = `${placeOf(ask.config).rest}/repos/${repository.full_name}/compare/${base}...${head}`
  // Beside the commits its first page has the whole difference, over which GitHub fails where it is too large: then there is no base either.
  const asked = await (
    page === null ? ask.http.get(path, { query: { per_page: 100 }, allow: [404, 422] }) : ask.http.get(page, { allow: [404] })
  ).catch((thrown: unknown) => {
    if (page === null && thrown instanceof AppError && thrown.code === 'source-failed') return null
    throw thrown
  })
  if (asked === null || asked.status !== 200) return null
  const compared = read(
    z.object({ total_commits: z.number(), commits: z.array(z.object({ sha: z.string().regex(HASH) })) }),
    asked.body,
    'new commits',
  )
  const objects = compared.commits.map(({ sha }, index) => `c${index}:object(oid:"${sha}"){...commit}`).join(' ')
  const text = `query Commits($owner:String!,$name:String!){repository(owner:$owner,name:$name){${objects}}} ${COMMIT}`
  const answer = z.object({ repository: z.record(z.string(), anything.nullable()) })
  const found = objects === '' ? { repository: {} } : await askGraph(ask, text, variablesOf(repository), answer)
  const commits = Object.values(found.repository).filter((one): one is Anything => one !== null)
  return { commits, next: nextLink(asked.headers), total: compared.total_commits }
}

const NAMED_TAG =
  'name target{oid ...on Commit{committedDate} ...on Tag{message tagger{name email date} target{oid ...on Commit{committedDate}}}}'
const RELEASE = 'databaseId name tagName tagCommit{oid} createdAt publishedAt updatedAt isDraft isPrerelease author{login} url'

/** Tags or releases, newest first. All of them, not only those of a rule: another rule then needs a replay and no pull. */
function refList(ask: Ask<Config>, repository: Repository, of: 'refs' | 'releases'): List {
  const node: z.ZodType<Anything> = of === 'refs' ? tagNode : releaseNode
  const answer = z.object({ repository: z.object({ [of]: connectionOf(node) }).nullable() })
  const order =
    of === 'refs' ? 'refPrefix:"refs/tags/",orderBy:{field:TAG_COMMIT_DATE,direction:DESC}' : 'orderBy:{field:CREATED_AT,direction:DESC}'
  const text = `query ${of === 'refs' ? 'Tags' : 'Releases'}($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){${of}(first:100,after:$after,${order}){totalCount ${PAGE} nodes{${of === 'refs' ? NAMED_TAG : RELEASE}}}}}`
  const ref = refOf(repository)
  return {
    key: String(repository.id),
    async page({ since, until }, page) {
      const found = (await askGraph(ask, text, { ...variablesOf(repository), after: page }, answer)).repository?.[of]
      if (found === undefined) return { items: [], next: null }
      const dated = found.nodes.map((one) => {
        if (of === 'releases') {
          const { databaseId, createdAt, publishedAt, updatedAt } = releaseNode.parse(one)
          return {
            id: String(databaseId),
            at: utc(updatedAt),
            moment: later(createdAt, publishedAt),
            payload: { repository: ref, release: one },
          }
        }
        const { name, target } = tagNode.parse(one)
        const moment = target.tagger?.date ?? target.committedDate ?? target.target?.committedDate ?? null
        const at = moment === null ? null : gitInstant(moment)
        return { id: `${repository.id}:${name}`, at, moment: at, payload: { repository: ref, tag: one } }
      })
      const earliest = daysBefore(since, LATE_DAYS)
      const isOld = ({ moment }: { moment: string | null }) => earliest !== null && moment !== null && moment < earliest
      const items = dated.filter((one) => !isOld(one) && (until === null || one.moment === null || one.moment <= until))
      const oldest = dated.at(-1)
      const next = oldest !== undefined && isOld(oldest) ? null : nextOf(found)
      return {
        items: items.map(({ id, at, payload }) => pulled(id, at, payload)),
        next,
        total: since === null ? (found.totalCount ?? null) : null,
      }
    },
  }
}

async function* eachRepository(
  ask: Ask<Config>,
  what: string,
  lists: (repository: Repository, newest: string | undefined) => readonly List[],
  of: GraphList['of'] | null = null,
): AsyncGenerator<Page> {
  const repositories = await repositoriesOf(ask)
  // Most repositories are still between two pulls: one query says of 50 which are not.
  const newest = of === null || (ask.cursor === null && ask.since === null) ? null : await askNewest(ask, repositories, of)
  yield* walk(
    ask,
    what,
    repositories.flatMap((repository) => lists(repository, newest?.get(repository.id))),
  )
}

async function askNewest(ask: Ask<Config>, repositories: readonly Repository[], of: GraphList['of']): Promise<Map<number, string>> {
  const fields = `newest:${of}(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){nodes{updatedAt}}`
  const node = z.object({ newest: z.object({ nodes: z.array(z.object({ updatedAt: time })) }) })
  const found = await askEach(ask, repositories, { query: 'Newest', fields }, node)
  // Where there is none at all, there is none that is new.
  return new Map([...found].map(([id, { newest }]) => [id, newest.nodes[0]?.updatedAt ?? new Date(0).toISOString()]))
}

const PULL_REQUEST = `title body state isDraft createdAt mergedAt closedAt author{${ACTOR}} mergedBy{${ACTOR}} baseRefName headRefName headRefOid mergeCommit{oid} additions deletions changedFiles commits{totalCount} comments{totalCount} labels(first:100){nodes{name}} url`

type Actor = User
/** REST calls a bot `renovate[bot]` what GraphQL calls `renovate`. */
const actorOf = (one: Actor) =>
  one === null || one === undefined
    ? null
    : one.type === 'Bot' && !one.login.endsWith('[bot]')
      ? { ...one, login: `${one.login}[bot]` }
      : one
const actorNode = z.object({ login: z.string(), type: z.string().optional() }).nullish().transform(actorOf)
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
function pullRequestOf(node: Anything): PullRequest {
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

const pullChanges = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'pull requests',
    (repository, newest) => [
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'PullRequests',
        first: 50,
        fields: PULL_REQUEST,
        items: (node) => [item(named.change, changePayload, { repository: refOf(repository), pull_request: pullRequestOf(node) })],
      }),
    ],
    'pullRequests',
  )

const pullFiles = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'files of pull requests',
    (repository, newest) => [
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'PullRequestFiles',
        first: 25,
        fields: PULL_REQUEST,
        inner: { field: 'files', nodes: 'path' },
        items: (node, files) => [
          item(named.change, filesPayload, { repository: refOf(repository), pull_request: pullRequestOf(node), files }),
        ],
      }),
    ],
    'pullRequests',
  )

const pullChangeCommits = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'commits of pull requests',
    (repository, newest) => [
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'PullRequestCommits',
        first: 25,
        inner: { field: 'commits', nodes: 'commit{oid authoredDate committedDate messageHeadline}' },
        items: ({ number, updatedAt }, commits) => [
          pulled(`${repository.id}#${number}`, updatedAt, { repository: refOf(repository), number, commits }),
        ],
      }),
    ],
    'pullRequests',
  )

const reviewNode = z.object({
  fullDatabaseId: z.union([z.string(), z.number()]),
  state: z.string(),
  submittedAt: time.nullish(),
  updatedAt: time,
  author: actorNode,
  url: z.string(),
})

const pullReviews = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'reviews',
    (repository, newest) => [
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'Reviews',
        first: 25,
        inner: { field: 'reviews', nodes: `fullDatabaseId state submittedAt updatedAt author{${ACTOR}} url` },
        items: ({ number }, reviews) =>
          reviews.flatMap((node) => {
            const one = read(reviewNode, node, 'a review')
            if (!one.submittedAt) return []
            const { fullDatabaseId: id, author, state, submittedAt, updatedAt, url } = one
            const review = {
              id: String(id),
              user: author,
              state: state.toLowerCase(),
              submitted_at: submittedAt,
              updated_at: updatedAt,
              html_url: url,
            }
            return item(named.review, reviewPayload, { repository: refOf(repository), pull_request: { number }, review })
          }),
      }),
    ],
    'pullRequests',
  )

const CHANGE_EVENTS =
  'READY_FOR_REVIEW_EVENT,CONVERT_TO_DRAFT_EVENT,CLOSED_EVENT,REOPENED_EVENT,HEAD_REF_FORCE_PUSHED_EVENT,REVIEW_REQUESTED_EVENT'
const ISSUE_EVENTS = 'CLOSED_EVENT,REOPENED_EVENT,ASSIGNED_EVENT,UNASSIGNED_EVENT'
const step = (type: string, more = '') => `...on ${type}{id createdAt actor{${ACTOR}} ${more}}`
// No field of a team: one alone needs a scope that a token for repositories does not have, and fails the whole query.
const CHANGE_NODES = `__typename ${['ReadyForReviewEvent', 'ConvertToDraftEvent', 'ClosedEvent', 'ReopenedEvent'].map((type) => step(type)).join(' ')} ${step('HeadRefForcePushedEvent', 'beforeCommit{oid} afterCommit{oid}')} ${step('ReviewRequestedEvent', 'requestedReviewer{...on User{login} ...on Bot{login} ...on Mannequin{login}}')}`
const ASSIGNEE = 'assignee{...on User{login} ...on Bot{login} ...on Mannequin{login}}'
const ISSUE_NODES = `__typename ${step('ClosedEvent')} ${step('ReopenedEvent')} ${step('AssignedEvent', ASSIGNEE)} ${step('UnassignedEvent', ASSIGNEE)}`

const pullTimeline = (ask: Ask<Config>, of: GraphList['of']) =>
  eachRepository(
    ask,
    of === 'issues' ? 'history of issues' : 'history of pull requests',
    (repository, newest) => [
      graphList(ask, repository, {
        of,
        newest,
        query: of === 'issues' ? 'IssueTimeline' : 'Timeline',
        first: 25,
        fields: of === 'issues' ? '' : 'mergedAt',
        inner: {
          field: 'timelineItems',
          nodes: of === 'issues' ? ISSUE_NODES : CHANGE_NODES,
          types: of === 'issues' ? ISSUE_EVENTS : CHANGE_EVENTS,
        },
        items: ({ number, updatedAt, mergedAt = null }, timeline) =>
          timeline.length === 0
            ? []
            : [
                pulled(`${repository.id}#${number}`, updatedAt, {
                  repository: refOf(repository),
                  number,
                  ...(of === 'issues' ? {} : { merged_at: mergedAt }),
                  timeline: timeline.map((one) => ({ ...one, actor: actorOf(one['actor'] as Actor) })),
                }),
              ],
      }),
    ],
    of,
  )

const changed = (since: string | null) => ({ sort: 'updated', direction: 'desc', since: since ?? undefined })
const comments = z.array(z.looseObject({ updated_at: time, html_url: z.string() }))

const pullComments = (ask: Ask<Config>) =>
  eachRepository(ask, 'comments', (repository) =>
    (['pulls', 'issues'] as const).map((kind) =>
      restList(ask, {
        key: `${repository.id}/${kind}`,
        path: `/repos/${repository.full_name}/${kind}/comments`,
        query: changed,
        entries: comments,
        moment: (one) => one.updated_at,
        items: (one) =>
          pullOf(one.html_url) === undefined ? [] : [item(named.comment, commentPayload, { repository: refOf(repository), comment: one })],
      }),
    ),
  )

const pullIssues = (ask: Ask<Config>) =>
  eachRepository(ask, 'issues', (repository) => [
    restList(ask, {
      key: String(repository.id),
      path: `/repos/${repository.full_name}/issues`,
      query: (since) => ({ state: 'all', ...changed(since) }),
      entries: z.array(z.looseObject({ updated_at: time })),
      moment: (one) => one.updated_at,
      // A pull request is an issue, too.
      items: (one) =>
        one['pull_request'] === undefined ? [item(named.issue, issuePayload, { repository: refOf(repository), issue: one })] : [],
    }),
  ])

const listedRuns = z
  .object({
    workflow_runs: z.array(z.looseObject({ id: z.number(), run_attempt: z.int().default(1), created_at: time, updated_at: time })),
  })
  .transform(({ workflow_runs }) => workflow_runs)
type ListedRun = z.output<typeof listedRuns>[number]

/** Unfiltered: with a filter GitHub gives the first thousand and no more. */
const runList = (ask: Ask<Config>, repository: Repository, perPage: number, items: (run: ListedRun) => Promise<Pulled[]>): List =>
  restList(ask, {
    key: String(repository.id),
    path: `/repos/${repository.full_name}/actions/runs`,
    perPage,
    entries: listedRuns,
    moment: (one) => one.created_at,
    lateDays: RUN_DAYS,
    items: async (one, { since }) => (since !== null && utc(one.updated_at) < since ? [] : items(one)),
  })

const pullRuns = (ask: Ask<Config>) =>
  eachRepository(ask, 'runs', (repository) => [
    runList(ask, repository, 100, async (last) => {
      const attempts: Anything[] = [last]
      // The list has the last attempt of each run; those before stand behind it.
      for (let attempt = last.run_attempt - 1; attempt > 0; attempt--) {
        const path = `${placeOf(ask.config).rest}/repos/${repository.full_name}/actions/runs/${last.id}/attempts/${attempt}`
        const answer = await ask.http.get(path, { allow: [404] })
        if (answer.status === 200) attempts.push(read(anything, answer.body, 'a run'))
      }
      return attempts.map(({ repository: _own, head_repository: _head, ...one }) =>
        item(named.run, runPayload, { repository: refOf(repository), workflow_run: one }),
      )
    }),
  ])

/** All pages of a list that belongs to one thing. */
async function allOf<T>(ask: Ask<Config>, path: string, entries: z.ZodType<T[]>): Promise<T[]> {
  const whole: T[] = []
  for (let page: string | null = `${placeOf(ask.config).rest}${path}`; page !== null;) {
    const answer = await ask.http.get(page, { allow: [404] })
    if (answer.status === 404) return whole
    whole.push(...read(entries, answer.body, path))
    page = nextLink(answer.headers)
  }
  return whole
}

const listedJobs = z.object({ jobs: z.array(anything) }).transform(({ jobs }) => jobs)

/** One request for each run: GitHub has no list of all jobs. */
const pullJobs = (ask: Ask<Config>) =>
  eachRepository(ask, 'jobs', (repository) => [
    runList(ask, repository, 30, async ({ id }) => {
      const jobs = await allOf(ask, `/repos/${repository.full_name}/actions/runs/${id}/jobs?filter=all&per_page=100`, listedJobs)
      return jobs.map((one) => item(named.job, jobPayload, { repository: refOf(repository), workflow_job: one }))
    }),
  ])

const pullDeployments = (ask: Ask<Config>) =>
  eachRepository(ask, 'deployments', (repository) => [
    restList(ask, {
      key: String(repository.id),
      path: `/repos/${repository.full_name}/deployments`,
      entries: z.array(z.looseObject({ id: z.number(), created_at: time, updated_at: time })),
      moment: (one) => one.created_at,
      lateDays: LATE_DAYS,
      items: async (deployment, { since }) => {
        // A status moves it, too.
        if (since !== null && utc(deployment.updated_at) < since) return []
        const path = `/repos/${repository.full_name}/deployments/${deployment.id}/statuses?per_page=100`
        const statuses = await allOf(ask, path, z.array(anything))
        const told = { repository: refOf(repository), deployment }
        return [told, ...statuses.map((status) => ({ ...told, deployment_status: status }))].map((one) =>
          item(named.deployment, deploymentPayload, one),
        )
      },
    }),
  ])

const CHECKS = `oid checkSuites(first:20){nodes{checkRuns(first:100){nodes{databaseId name status conclusion startedAt completedAt detailsUrl}}}}`
const checkedCommit = z.object({
  oid: z.string(),
  checkSuites: z
    .object({
      nodes: z.array(
        z
          .object({
            checkRuns: z
              .object({
                nodes: z.array(
                  z.object({
                    databaseId: z.number(),
                    name: z.string(),
                    status: z.string(),
                    conclusion: z.string().nullish(),
                    startedAt: time.nullish(),
                    completedAt: time.nullish(),
                    detailsUrl: z.string().nullish(),
                  }),
                ),
              })
              .nullish(),
          })
          .nullable(),
      ),
    })
    .nullish(),
})

function checkItems(repository: Repository, node: unknown): Pulled[] {
  const { oid, checkSuites } = read(checkedCommit, node, 'checks')
  return (checkSuites?.nodes ?? []).flatMap((suite) =>
    (suite?.checkRuns?.nodes ?? []).map((one) =>
      item(named.check, checkPayload, {
        repository: refOf(repository),
        check_run: {
          id: one.databaseId,
          name: one.name,
          head_sha: oid,
          status: one.status.toLowerCase(),
          conclusion: one.conclusion?.toLowerCase() ?? null,
          started_at: one.startedAt,
          completed_at: one.completedAt,
          details_url: one.detailsUrl,
        },
      }),
    ),
  )
}

/** Each may have 2,000 check runs in the answer: more commits at once time out. */
const CHECKED_AT_ONCE = 10
const CHECKED = `query Checks($owner:String!,$name:String!,$first:Int!,$after:String,$since:GitTimestamp){repository(owner:$owner,name:$name){defaultBranchRef{target{...on Commit{history(first:$first,after:$after,since:$since){${PAGE} nodes{${CHECKS}}}}}}}}`
const checkedBranch = z.object({
  repository: z
    .object({ defaultBranchRef: z.object({ target: z.object({ history: connectionOf(anything).optional() }).nullable() }).nullable() })
    .nullable(),
})

/** GitHub has no permission by which such a token could read check runs. */
const isFineGrained = ({ token, app_id }: Config) => app_id === undefined && token?.reveal().startsWith('github_pat_') === true

async function* nothing(): AsyncGenerator<Page> {}

/** Of the default branch and of the heads of pull requests. A check that ends moves neither, so each is looked at for a day longer. */
const pullChecks = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'checks',
    (repository, newest) => [
      {
        key: `${repository.id}/branch`,
        async page({ since }, page) {
          const variables = { ...variablesOf(repository), after: page, since: daysBefore(since, 1) }
          const answered = await ofSize(CHECKED_AT_ONCE, (first) => askGraph(ask, CHECKED, { ...variables, first }, checkedBranch))
          const history = answered.repository?.defaultBranchRef?.target?.history
          if (history === undefined) return { items: [], next: null }
          return { items: history.nodes.flatMap((node) => checkItems(repository, node)), next: nextOf(history) }
        },
      },
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'PullRequestChecks',
        first: CHECKED_AT_ONCE,
        fields: `heads:commits(last:1){nodes{commit{${CHECKS}}}}`,
        lateDays: 1,
        items: (node) =>
          read(z.object({ nodes: z.array(z.object({ commit: anything })) }), node['heads'], 'checks').nodes.flatMap(({ commit }) =>
            checkItems(repository, commit),
          ),
      }),
    ],
    'pullRequests',
  )

// ---------------------------------------------------------------- webhook

const HOOK_DOCS = `In the repository, the organization or the GitHub App: *Settings → Webhooks → Add webhook*. Payload URL \`{url}\`, content type \`application/json\`, the secret that stands here, SSL verification on. Choose *Let me select individual events*: Branch or tag creation, Check runs, Deployments, Deployment statuses, Issue comments, Issues, Pull requests, Pull request reviews, Pull request review comments, Pushes, Releases, Repositories, Workflow jobs, Workflow runs. GitHub does not send again what did not arrive; the next pull finds it.`

const hookBody = z.looseObject({ action: z.string().optional() })
const pushed = z.object({
  ref: z.string(),
  deleted: z.boolean().optional(),
  repository: z.object({ default_branch: z.string().nullish() }),
})

function readHook(headers: Headers, body: unknown): Delivery | null {
  const { action = '' } = hookBody.parse(body)
  const deliver = <P>(stream: string, name: (payload: P) => Named, schema: z.ZodType<P>, pull: readonly string[] = []): Delivery => {
    const [id, at] = name(schema.parse(body))
    return { item: { stream, id, at }, ...(pull.length === 0 ? {} : { pull }) }
  }
  const hint = (...pull: string[]): Delivery => ({ item: null, pull })
  switch (headers.get('x-github-event')) {
    case 'push': {
      const { ref, deleted, repository } = pushed.parse(body)
      if (deleted === true) return null
      if (ref.startsWith('refs/tags/')) return hint('tags')
      return ref === `refs/heads/${repository.default_branch}` ? hint('commits') : null
    }
    // It names neither the commit nor the moment.
    case 'create':
      return (body as { ref_type?: unknown }).ref_type === 'tag' ? hint('tags') : null
    // It does not name the commit of its tag.
    case 'release': {
      if (action !== 'deleted') return hint('releases', 'tags')
      const { release } = releaseDeleted.parse(body)
      return { item: { stream: 'releases', id: String(release.id), at: later(release.updated_at) } }
    }
    // It tells what the change is now, and not how it came there.
    case 'pull_request':
      return deliver('pull_requests', named.change, changePayload, [
        ...(['opened', 'synchronize', 'reopened', 'edited', 'closed'].includes(action)
          ? ['pull_request_commits', 'pull_request_files']
          : []),
        ...(['synchronize', 'reopened', 'closed', 'ready_for_review', 'converted_to_draft', 'review_requested'].includes(action)
          ? ['timeline']
          : []),
      ])
    case 'pull_request_review':
      return deliver('reviews', named.review, reviewPayload)
    case 'pull_request_review_comment':
      return deliver('review_comments', named.comment, commentPayload)
    case 'issue_comment':
      return pullOf(commentPayload.parse(body).comment.html_url) === undefined
        ? null
        : deliver('review_comments', named.comment, commentPayload)
    case 'issues':
      return deliver(
        'issues',
        named.issue,
        issuePayload,
        ['closed', 'reopened', 'assigned', 'unassigned'].includes(action) ? ['issue_timeline'] : [],
      )
    case 'workflow_run':
      return deliver('runs', named.run, runPayload)
    case 'workflow_job':
      return deliver('jobs', named.job, jobPayload)
    case 'check_run':
      return deliver('checks', named.check, checkPayload)
    case 'deployment':
    case 'deployment_status':
      return deliver('deployments', named.deployment, deploymentPayload)
    case 'repository':
      return deliver('repositories', named.repository, repositoryPayload)
    // ping; delete: what was deployed from a tag stays so; check_suite: its runs say all; merge_group: what the queue merges arrives as pull_request.
    default:
      return null
  }
}

// ---------------------------------------------------------------- check

/** What is looked at in the first few repositories: a permission is seldom given for one and not for another. */
const PROBED = 5
const PROBES = [
  { what: 'the contents', path: '/commits?per_page=1', permission: 'Contents: read' },
  { what: 'pull requests', path: '/pulls?per_page=1', permission: 'Pull requests: read' },
  { what: 'issues', path: '/issues?per_page=1', permission: 'Issues: read' },
  { what: 'Actions', path: '/actions/runs?per_page=1', permission: 'Actions: read' },
  { what: 'deployments', path: '/deployments?per_page=1', permission: 'Deployments: read' },
  { what: 'checks', path: '/commits/HEAD/check-runs?per_page=1', permission: 'Checks: read' },
] as const
const PROBE = `query Probe($owner:String!,$name:String!){repository(owner:$owner,name:$name){pullRequests(first:1){nodes{number reviews(first:1){nodes{fullDatabaseId}}}}}}`
const rateLimit = z.object({ resources: z.object({ core: z.object({ limit: z.number(), remaining: z.number(), reset: z.number() }) }) })

async function check(ask: Ask<Config>): Promise<Check> {
  const { config, http } = ask
  const { rest, graphql } = placeOf(config)
  const missing: string[] = []
  const isApp = config.app_id !== undefined
  if (config.token === undefined && !isApp)
    return {
      ok: false,
      missing: ['There is no credential: make a token at GitHub (Settings → Developer settings) and set `token`, or connect a GitHub App.'],
    }
  try {
    // An Enterprise server that limits nobody has no such list.
    const budget = await http.get(`${rest}/rate_limit`, { allow: [404] })
    const scopes = budget.headers.get('x-oauth-scopes')
    const held = new Set((scopes ?? '').split(',').map((one) => one.trim()))
    if (scopes !== null && !isApp && !held.has('repo'))
      missing.push(
        held.has('public_repo')
          ? 'The token has the scope `public_repo` and sees no private repositories: give it `repo` if there are any.'
          : 'The token lacks the scope `repo`: add it, or make a fine-grained token.',
      )
    const ends = endOf(budget.headers)
    if (ends - Date.parse(ask.begun) < 7 * DAY_MS) missing.push(`The token ends at ${new Date(ends).toISOString()}: make a new one before.`)
    const { core } = rateLimit.safeParse(budget.body).data?.resources ?? {}
    if (core !== undefined && core.remaining < core.limit / 10)
      missing.push(
        `Only ${core.remaining} of ${core.limit} requests are left until ${new Date(core.reset * 1000).toISOString()}: a sync waits until then; a GitHub App has a budget of its own.`,
      )

    const readable: Repository[] = []
    for (const name of config.repositories) {
      const answer = await http.get(`${rest}/repos/${name}`, { allow: [403, 404, 451] })
      if (answer.status === 200) readable.push({ ...read(listedRepository, answer.body, name), asked: name })
      else
        missing.push(
          `${name} cannot be read (${answer.status}): check its name, and let the credential see it${remedyOf(answer.headers, 'Metadata: read')}.`,
        )
    }
    if (config.organization !== undefined) {
      const answer = await http.get(`${rest}/orgs/${config.organization}/repos`, { query: { per_page: PROBED }, allow: [403, 404] })
      if (answer.status === 200)
        readable.push(...read(z.array(listedRepository), answer.body, 'the organization').map((one) => ({ ...one, asked: null })))
      else
        missing.push(
          `The organization ${config.organization} cannot be read (${answer.status}): check its name, and let the credential see it.`,
        )
    }
    for (const { full_name, has_issues } of readable.slice(0, PROBED))
      for (const { what, path, permission } of PROBES) {
        if (what === 'issues' && has_issues === false) continue
        // 409: a repository without commits. 410: switched off. 422: no HEAD.
        const answer = await http.get(`${rest}/repos/${full_name}${path}`, { allow: [403, 404, 409, 410, 422] })
        if (answer.status === 403 && what === 'checks' && isFineGrained(config))
          missing.push(
            `A fine-grained token may not read check runs, whatever its permissions: connect a GitHub App or use a classic token if they are wanted. All else works without.`,
          )
        else if (answer.status === 403 || answer.status === 404)
          missing.push(`The credential may not read ${what} of ${full_name}${remedyOf(answer.headers, permission)}.`)
      }
    const [first] = readable
    if (first !== undefined) {
      const refused = await ask.http.graphql(graphql, PROBE, variablesOf(first)).then(() => null, refusalOf)
      if (refused !== null) missing.push(`GraphQL does not answer about pull requests: ${refused} Enterprise Server must be 3.12 or newer.`)
    }
    return { ok: readable.length > 0, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code === 'internal') throw thrown
    const isUnknown = statusOf(thrown) === 401
    const sentence = isUnknown
      ? 'GitHub does not know the credential; it was revoked or has ended: make a new one.'
      : `${thrown.message} ${thrown.help ?? ''}`.trim()
    return { ok: false, missing: [...missing, sentence] }
  }
}

/** Written as `2026-03-03 12:00:00 UTC` or with `-0700`. */
function endOf(headers: Headers): number {
  const [day, clock, zone = ''] = (headers.get('github-authentication-token-expiration') ?? '').split(' ')
  return Date.parse(`${day}T${clock}${zone === 'UTC' ? 'Z' : zone.replace(/(\d\d)$/, ':$1')}`)
}

function refusalOf(thrown: unknown): string {
  if (!(thrown instanceof AppError) || !thrown.code.startsWith('source-')) throw thrown
  return thrown.message
}

/** GitHub names the permission that would have done, as `actions=read`. */
function remedyOf(headers: Headers, permission: string): string {
  const accepted = headers.get('x-accepted-github-permissions')
  return `: give it the permission ${accepted === null || accepted === '' ? permission : accepted}`
}

export default defineConnector<Config>({
  title: 'GitHub',
  docs,
  config,
  api,
  streams: {
    repositories: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: repositoryPayload,
      pull: pullRepositories,
      rows: repositoryRows,
    }),
    commits: defineStream({ produces: ['commits'], order: 'unordered', payload: commitPayload, pull: pullCommits, rows: commitRows }),
    tags: defineStream<Config, z.output<typeof tagPayload>>({
      produces: ['deployments'],
      order: 'unordered',
      payload: tagPayload,
      pull: (ask) => eachRepository(ask, 'tags', (repository) => [refList(ask, repository, 'refs')]),
      rows: (payload, _, config) => tagRows(payload, config),
    }),
    pull_requests: defineStream<Config, z.output<typeof changePayload>>({
      produces: ['changes', 'deployments'],
      order: 'unordered',
      payload: changePayload,
      pull: pullChanges,
      rows: (payload, _, config) => changeRows(payload, config),
    }),
    pull_request_commits: defineStream({
      produces: ['change_commits'],
      order: 'unordered',
      payload: changeCommitsPayload,
      pull: pullChangeCommits,
      rows: changeCommitsRows,
    }),
    pull_request_files: defineStream<Config, z.output<typeof filesPayload>>({
      produces: ['change_files', 'deployments'],
      order: 'unordered',
      payload: filesPayload,
      pull: pullFiles,
      rows: (payload, _, config) => filesRows(payload, config),
    }),
    reviews: defineStream({ produces: ['reviews'], order: 'unordered', payload: reviewPayload, pull: pullReviews, rows: reviewRows }),
    review_comments: defineStream({
      produces: ['reviews'],
      order: 'unordered',
      payload: commentPayload,
      pull: pullComments,
      rows: commentRows,
    }),
    timeline: defineStream<Config, z.output<typeof timelinePayload>>({
      produces: ['transitions'],
      order: 'unordered',
      payload: timelinePayload,
      pull: (ask) => pullTimeline(ask, 'pullRequests'),
      rows: (payload) => timelineRows(payload, 'change'),
    }),
    issues: defineStream<Config, z.output<typeof issuePayload>>({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      pull: pullIssues,
      rows: (payload, _, config) => issueRows(payload, config),
    }),
    issue_timeline: defineStream<Config, z.output<typeof timelinePayload>>({
      produces: ['transitions'],
      order: 'unordered',
      payload: timelinePayload,
      pull: (ask) => pullTimeline(ask, 'issues'),
      rows: (payload) => timelineRows(payload, 'work_item'),
    }),
    releases: defineStream<Config, z.output<typeof releasePayload>>({
      produces: ['releases', 'deployments'],
      order: 'unordered',
      payload: releasePayload,
      pull: (ask) => eachRepository(ask, 'releases', (repository) => [refList(ask, repository, 'releases')]),
      rows: (payload, _, config) => releaseRows(payload, config),
    }),
    runs: defineStream<Config, z.output<typeof runPayload>>({
      produces: ['builds', 'deployments'],
      order: 'unordered',
      payload: runPayload,
      pull: pullRuns,
      rows: (payload, _, config) => runRows(payload, config),
    }),
    jobs: defineStream<Config, z.output<typeof jobPayload>>({
      produces: ['jobs', 'deployments'],
      order: 'unordered',
      payload: jobPayload,
      pull: pullJobs,
      rows: (payload, _, config) => jobRows(payload, config),
    }),
    deployments: defineStream<Config, z.output<typeof deploymentPayload>>({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      pull: pullDeployments,
      rows: (payload, _, config) => deploymentRows(payload, config),
    }),
    checks: defineStream({
      produces: ['checks'],
      order: 'unordered',
      payload: checkPayload,
      pull: (ask: Ask<Config>) => (isFineGrained(ask.config) ? nothing() : pullChecks(ask)),
      rows: checkRows,
    }),
  },
  hook: {
    proof: 'signature',
    docs: HOOK_DOCS,
    headers: ['x-github-event', 'x-github-delivery'],
    verify: ({ webhook_secrets }, headers, body) =>
      isSigned(webhook_secrets, body, /^sha256=([0-9a-f]{64})$/i.exec(headers.get('x-hub-signature-256') ?? '')?.[1]),
    read: readHook,
  },
  check,
})
