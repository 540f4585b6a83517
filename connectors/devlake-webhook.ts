import { z } from 'zod'
import { change, CHANGE_STATES, type Change } from '../domain/change.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import { looseFlag, looseKeys, looseMoment, looseNumber, looseText, requiredText } from '../domain/loose.ts'
import type { DomainRows } from '../domain/tables.ts'
import { transition } from '../domain/transition.ts'
import { workItem, type WorkItem } from '../domain/work-item.ts'
import { defineConnector, defineStream, type Raw } from '../src/connector.ts'
import { repositoryOf } from '../src/git/refs.ts'
import { CATEGORY, KIND } from './devlake/words.ts'

const docs = `What is sent to the webhook of Apache DevLake, sent here instead: put Fairlead's address in place of DevLake's and a token with the scope \`ingest\` in place of its API key. Nothing to connect: a connection id, a connection name or a project that was not seen before becomes a source (\`devlake-webhook-<id>\`, or the source whose \`connection\` is that id; the name; \`<project>_deployments\`). Figures follow at once, without a pipeline run.

**Deployments.** One for each commit of \`deploymentCommits\`, with the commit's own result where it has one. The service is the path of its repository (\`owner/name\`), or the setting \`service\`. The older payload in snake_case is read, too.

**Pull requests** become changes. Their repository is read from their address.

**Issues** become work items, and those of the type INCIDENT incidents, too. \`component\` is the service of an incident; without one it is laid to the deployments of the repository that its address names. Closing an issue sets its end to the date in the body, else to the moment of receipt.

Sending something again under its id replaces what was sent before.`

const config = z.object({
  service: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe('The service of every deployment and incident of this connection; default: the repository, for an incident its component'),
  repository: z.string().trim().min(1).optional().describe('The repository of pull requests whose address names none, as owner/name'),
  connection: z
    .string()
    .regex(/^\d+$/, 'must be the number of a connection')
    .optional()
    .describe('Number of the connection in DevLake: what is sent to `/connections/<number>/…` belongs to this source'),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const loosely = <T extends z.ZodRawShape>(shape: T) => z.preprocess(looseKeys, z.object(shape))

const deploymentCommit = loosely({
  repourl: requiredText(),
  commitsha: requiredText(),
  starteddate: looseMoment(),
  finisheddate: looseMoment(),
  name: looseText(),
  displaytitle: looseText(),
  refname: looseText(),
  commitmsg: looseText(),
  result: looseText(),
  status: looseText(),
  url: looseText(),
})

const deploymentPayload = z.preprocess(
  looseKeys,
  z
    .object({
      id: looseText(),
      result: looseText(),
      environment: looseText(),
      originalenvironment: looseText(),
      name: looseText(),
      displaytitle: looseText(),
      url: looseText(),
      starteddate: looseMoment(),
      finisheddate: looseMoment(),
      deploymentcommits: z.array(deploymentCommit).optional(),
      // As sent before May 2024.
      pipelineid: looseText(),
      starttime: looseMoment(),
      endtime: looseMoment(),
      repourl: looseText(),
      commitsha: looseText(),
      refname: looseText(),
      commitmsg: looseText(),
    })
    .superRefine((sent, context) => {
      const missing = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
      if ((sent.deploymentcommits ?? []).length === 0 && (sent.repourl === null || sent.commitsha === null))
        missing('deploymentCommits', 'is required and must hold a commit with repoUrl and commitSha')
      if ((sent.starteddate ?? sent.starttime) === null && (sent.deploymentcommits ?? []).every((one) => one.starteddate === null))
        missing('startedDate', 'is required')
    }),
)
type DeploymentPayload = z.output<typeof deploymentPayload>

const pullRequestPayload = loosely({
  pullrequestkey: requiredText().refine((key) => /^\d+$/.test(key), 'must be a whole number'),
  displaytitle: looseText(),
  title: looseText(),
  createddate: looseMoment().refine((value) => value !== null, 'is required'),
  mergeddate: looseMoment(),
  closeddate: looseMoment(),
  status: looseText(),
  isdraft: looseFlag(),
  url: looseText(),
  authorname: looseText(),
  mergedbyname: looseText(),
  mergecommitsha: looseText(),
  headref: looseText(),
  baseref: looseText(),
  headcommitsha: looseText(),
  additions: looseNumber(),
  deletions: looseNumber(),
})
type PullRequestPayload = z.output<typeof pullRequestPayload>

const issuePayload = loosely({
  issuekey: requiredText(),
  title: requiredText(),
  type: looseText(),
  status: looseText(),
  originalstatus: looseText(),
  url: looseText(),
  createddate: looseMoment().refine((value) => value !== null, 'is required'),
  updateddate: looseMoment(),
  resolutiondate: looseMoment(),
  priority: looseText(),
  severity: looseText(),
  component: looseText(),
  storypoint: looseNumber(),
  originalestimateminutes: looseNumber(),
  timespentminutes: looseNumber(),
  creatorname: looseText(),
  assigneename: looseText(),
  parentissuekey: looseText(),
  epickey: looseText(),
})
type IssuePayload = z.output<typeof issuePayload>

/** A close has its key in the path and often no body: the door writes both down, with the issue as it was last sent, where it knows it. */
const closePayload = z.object({
  issueKey: requiredText(),
  body: loosely({ resolutiondate: looseMoment(), closeddate: looseMoment(), resolveddate: looseMoment() }).nullish(),
  issue: issuePayload.nullish(),
})
type ClosePayload = z.output<typeof closePayload>

// ---------------------------------------------------------------- rows

const OUTCOME: Record<string, Deployment['outcome']> = {
  SUCCESS: 'success',
  FAILURE: 'failure',
  FAILED: 'failure',
  ABORT: 'cancelled',
  ABORTED: 'cancelled',
  CANCELLED: 'cancelled',
  // A step that waits for somebody to start it.
  MANUAL: 'skipped',
  SKIPPED: 'skipped',
}

/** DevLake takes a missing result for a success, and a missing environment for production: its users rely on both. */
function deploymentRows(sent: DeploymentPayload, raw: Raw, config: Config): DomainRows {
  const listed = sent.deploymentcommits ?? []
  const commits: z.output<typeof deploymentCommit>[] =
    listed.length > 0
      ? listed
      : [
          {
            repourl: sent.repourl ?? '',
            commitsha: sent.commitsha ?? '',
            refname: sent.refname,
            commitmsg: sent.commitmsg,
            starteddate: null,
            finisheddate: null,
            name: null,
            displaytitle: null,
            result: null,
            status: null,
            url: null,
          },
        ]
  const rows = new Map<string, Deployment>()
  for (const commit of commits) {
    const repository = repositoryOf(commit.repourl) ?? commit.repourl
    const id = commits.length === 1 ? raw.id : `${raw.id}:${repository}:${commit.commitsha}`
    const started = commit.starteddate ?? sent.starteddate ?? sent.starttime
    const finished = commit.finisheddate ?? sent.finisheddate ?? sent.endtime
    const running = commit.status?.toUpperCase() === 'IN_PROGRESS'
    const result = (commit.result ?? sent.result ?? 'SUCCESS').toUpperCase()
    const environment = sent.environment ?? 'PRODUCTION'
    rows.set(
      id,
      rowOf(deployment, {
        id,
        kind: 'deploy',
        service: config.service ?? repository,
        environment: tierOf(environment),
        environment_name: sent.originalenvironment ?? environment,
        at: (running ? started : finished) ?? started ?? raw.received_at,
        started_at: started,
        finished_at: running ? null : finished,
        outcome: running ? 'running' : (OUTCOME[result] ?? 'unknown'),
        repository,
        revision: commit.commitsha,
        ref: commit.refname,
        title: commit.displaytitle ?? sent.displaytitle ?? commit.name ?? sent.name ?? commit.commitmsg?.split('\n', 1)[0],
        url: commit.url ?? sent.url,
      }),
    )
  }
  return { deployments: [...rows.values()] }
}

function changeRows(sent: PullRequestPayload, _raw: Raw, config: Config): DomainRows {
  const repository = repositoryOfPage(sent.url) ?? config.repository
  if (repository === undefined)
    throw new Error('the address of the pull request names no repository: set `repository` in the settings of its source')
  const number = Number(sent.pullrequestkey)
  const said = sent.status?.toLowerCase()
  const state: Change['state'] =
    CHANGE_STATES.find((one) => one === said) ?? (sent.mergeddate !== null ? 'merged' : sent.closeddate !== null ? 'closed' : 'open')
  const row = rowOf(change, {
    id: `${repository}${sent.url?.includes('/merge_requests/') ? '!' : '#'}${number}`,
    repository,
    number,
    title: sent.displaytitle ?? sent.title ?? `#${number}`,
    state,
    is_draft: sent.isdraft ?? false,
    author: sent.authorname,
    author_is_bot: sent.authorname?.endsWith('[bot]') ?? false,
    created_at: sent.createddate as string,
    merged_at: sent.mergeddate,
    closed_at: sent.closeddate ?? sent.mergeddate,
    merged_by: sent.mergedbyname,
    base_ref: sent.baseref,
    head_ref: sent.headref,
    head_sha: sent.headcommitsha,
    merge_sha: state === 'merged' ? sent.mergecommitsha : null,
    additions: countOf(sent.additions),
    deletions: countOf(sent.deletions),
    labels: [],
    url: sent.url,
  })
  return { changes: [row] }
}

const isIncident = (sent: IssuePayload) => sent.type?.toUpperCase() === 'INCIDENT'
const statusOf = (sent: IssuePayload) => CATEGORY[sent.status?.toUpperCase() ?? ''] ?? (sent.resolutiondate === null ? 'todo' : 'done')

function workItemRow(sent: IssuePayload, closedAt: string | null): WorkItem {
  return rowOf(workItem, {
    id: sent.issuekey,
    repository: repositoryOfPage(sent.url),
    kind: KIND[sent.type?.toUpperCase() ?? ''] ?? 'other',
    kind_name: sent.type,
    title: sent.title,
    status: closedAt === null ? statusOf(sent) : 'done',
    status_name: closedAt === null ? sent.originalstatus : null,
    created_at: sent.createddate as string,
    resolved_at: closedAt ?? sent.resolutiondate,
    priority: sent.priority,
    severity: sent.severity,
    estimate: sent.storypoint,
    // The form of DevLake sends 0 for what nobody said.
    estimated_seconds: secondsOf(sent.originalestimateminutes),
    spent_seconds: secondsOf(sent.timespentminutes),
    assignee: sent.assigneename,
    reporter: sent.creatorname,
    parent_id: sent.parentissuekey ?? sent.epickey,
    labels: [],
    components: sent.component === null ? [] : [sent.component],
    sprint_ids: [],
    fix_versions: [],
    url: sent.url,
  })
}

function incidentRow(sent: IssuePayload, state: 'opened' | 'closed', at: string, config: Config) {
  return rowOf(incidentState, {
    id: sent.issuekey,
    state,
    at,
    service: config.service ?? sent.component,
    repository: repositoryOfPage(sent.url),
    severity: sent.severity ?? sent.priority,
    title: sent.title,
    url: sent.url,
  })
}

function issueRows(sent: IssuePayload, raw: Raw, config: Config): DomainRows {
  const work_items = [workItemRow(sent, null)]
  if (!isIncident(sent)) return { work_items }
  const incident_states = [incidentRow(sent, 'opened', sent.createddate as string, config)]
  if (statusOf(sent) === 'done')
    incident_states.push(incidentRow(sent, 'closed', sent.resolutiondate ?? sent.updateddate ?? raw.received_at, config))
  return { work_items, incident_states }
}

/** Of an issue that was never sent here nothing is known but its end; the webhook's main use are incidents, so it is read as the end of one. */
function closeRows({ issueKey, body, issue }: ClosePayload, raw: Raw, config: Config): DomainRows {
  const at = body?.resolutiondate ?? body?.closeddate ?? body?.resolveddate ?? raw.received_at
  const transitions = [
    rowOf(transition, {
      id: raw.id,
      subject_type: 'work_item',
      subject_id: issueKey,
      at,
      field: 'status',
      from_value: issue?.originalstatus,
      from_category: issue === null || issue === undefined ? null : statusOf(issue),
      to_value: 'DONE',
      to_category: 'done',
    }),
  ]
  if (issue === null || issue === undefined) {
    const closed = rowOf(incidentState, { id: issueKey, state: 'closed', at, service: config.service })
    return { transitions, incident_states: [closed] }
  }
  const work_items = [workItemRow(issue, at)]
  return isIncident(issue)
    ? { transitions, work_items, incident_states: [incidentRow(issue, 'closed', at, config)] }
    : { transitions, work_items }
}

/** The repository of the page of a pull request or an issue: `https://host/owner/name/pull/5` → `owner/name`. */
function repositoryOfPage(url: string | null): string | undefined {
  const page = /^(https?:\/\/[^/]+\/.+?)(?:\/-)?\/(?:pull|pulls|pull-requests|pullrequest|merge_requests|issues)\/\d+/.exec(url ?? '')?.[1]
  return page === undefined ? undefined : (repositoryOf(page) ?? undefined)
}

const countOf = (value: number | null) => (value === null || value < 0 ? null : Math.round(value))
const secondsOf = (minutes: number | null) => (minutes === null || minutes === 0 ? null : minutes * 60)

export default defineConnector<Config>({
  title: 'DevLake webhook',
  docs,
  config,
  streams: {
    deployments: defineStream<Config, DeploymentPayload>({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      rows: deploymentRows,
    }),
    pull_requests: defineStream<Config, PullRequestPayload>({
      produces: ['changes'],
      order: 'unordered',
      payload: pullRequestPayload,
      rows: changeRows,
    }),
    issues: defineStream<Config, IssuePayload>({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      rows: issueRows,
    }),
    closes: defineStream<Config, ClosePayload>({
      produces: ['work_items', 'incident_states', 'transitions'],
      order: 'unordered',
      payload: closePayload,
      rows: closeRows,
    }),
  },
})
