import { z } from 'zod'
import { build } from '../domain/build.ts'
import { change } from '../domain/change.ts'
import { check } from '../domain/check.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { knownTier, tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import { job } from '../domain/job.ts'
import { looseFlag, looseNumber, looseText, moment, requiredText } from '../domain/loose.ts'
import type { DomainRows } from '../domain/tables.ts'
import { defineConnector, defineStream, webhookSecrets, type Raw } from '../src/connector.ts'
import { repositoryOf } from '../src/git/refs.ts'

const docs = `What the emitters of a Fawkes platform send to \`/api/plugins/webhook/<id>/{commits|cicd|deployments|incidents|quality}\`: the Jenkins library, ArgoCD's notifications, GitHub's webhook. Put Fairlead's address in place of DevLake's, and add the header \`X-API-Key\` with a token of the scope \`ingest\`. Nothing to connect: a connection id that was not seen before becomes the source \`fawkes-<id>\`.

**GitHub** cannot send a token. Give the source its webhook's secret (\`webhook_secrets\`): what the secret signs is taken, anything else is refused. A pull request becomes a change; a push names no parents of its commits, so it is kept and not read: connect the repository for those.

**Jenkins.** Every stage reports on its build and is a job of it; the latest word on a build is its outcome, \`unstable\` is a failure. A retry (\`is_retry\`) counts as the second attempt, because the library says no number. Quality gates, test results and accessibility checks become checks.

**ArgoCD.** One sync is one deployment, however often it is notified: the same application, revision and start. The service is the label \`app.kubernetes.io/name\`, else the application; the environment is its label, else the last part of the application's or the namespace's name (\`shop-prod\`), else the setting. The revision is that of the repository that ArgoCD deploys from. A degraded application is an incident only with \`degraded_is_incident\`, because nothing ever reports the end of one.

**Not readable.** A notification whose error message breaks its JSON is kept in the raw log, unread and with its reason, and answered as taken, so that no emitter stops.`

const config = z.object({
  webhook_secrets: webhookSecrets(),
  environment: z.string().trim().min(1).default('production').describe('The environment of what names none'),
  degraded_is_incident: z
    .boolean()
    .default(false)
    .describe('Whether a degraded application opens an incident; it stays open until something closes it'),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const buildPayload = z.object({
  service: requiredText(),
  commit_sha: looseText(),
  branch: looseText(),
  build_number: looseText(),
  status: looseText(),
  duration_ms: looseNumber(),
  stage: looseText(),
  is_retry: looseFlag(),
  timestamp: moment(),
  url: looseText(),
})
type BuildPayload = z.output<typeof buildPayload>

const gatePayload = z.object({
  service: requiredText(),
  commit_sha: looseText(),
  build_number: looseText(),
  quality_gate_passed: looseFlag(),
  coverage_percent: looseNumber(),
  timestamp: moment(),
  url: looseText(),
})
type GatePayload = z.output<typeof gatePayload>

const testsPayload = z.object({
  service: requiredText(),
  commit_sha: looseText(),
  build_number: looseText(),
  total_tests: looseNumber(),
  passed_tests: looseNumber(),
  failed_tests: looseNumber(),
  skipped_tests: looseNumber(),
  flaky_tests: looseNumber(),
  duration_ms: looseNumber(),
  timestamp: moment(),
})
type TestsPayload = z.output<typeof testsPayload>

const accessibilityPayload = z.object({
  service: requiredText(),
  commit_sha: looseText(),
  build_number: looseText(),
  axe_core_passed: looseFlag(),
  lighthouse_passed: looseFlag(),
  timestamp: moment(),
  url: looseText(),
})
type AccessibilityPayload = z.output<typeof accessibilityPayload>

const syncPayload = z.object({
  application: requiredText(),
  namespace: looseText(),
  status: looseText(),
  revision: looseText(),
  commit_sha: looseText(),
  sync_started_at: moment(),
  sync_finished_at: moment(),
  error_message: looseText(),
  repo_url: looseText(),
  environment: looseText(),
  service_name: looseText(),
  timestamp: moment(),
})
type SyncPayload = z.output<typeof syncPayload>

const healthPayload = z.object({
  application: requiredText(),
  namespace: looseText(),
  current_health: looseText(),
  health_message: looseText(),
  environment: looseText(),
  service_name: looseText(),
  timestamp: moment(),
})
type HealthPayload = z.output<typeof healthPayload>

const deploymentPayload = z
  .object({
    project: looseText(),
    service: looseText(),
    commit_sha: looseText(),
    deployment_id: looseText(),
    status: looseText(),
    environment: looseText(),
    timestamp: moment(),
    duration_seconds: looseNumber(),
    lead_time_ms: looseNumber(),
  })
  .refine(({ project, service }) => project !== null || service !== null, { path: ['project'], message: 'is required' })
type DeploymentPayload = z.output<typeof deploymentPayload>

/** The playbook's `/metrics/failure` and `/incidents/resolve` have words of their own for the same. */
const incidentPayload = z
  .object({
    id: looseText(),
    incident_id: looseText(),
    title: looseText(),
    type: looseText(),
    service: looseText(),
    severity: looseText(),
    status: looseText(),
    createdDate: moment(),
    detected_at: moment(),
    resolvedDate: moment(),
    resolved_at: moment(),
    environment: looseText(),
    url: looseText(),
    timestamp: moment(),
  })
  .refine(({ id, incident_id, service }) => (id ?? incident_id ?? service) !== null, { path: ['id'], message: 'is required' })
type IncidentPayload = z.output<typeof incidentPayload>

const login = z.object({ login: z.string(), type: z.string().nullish() }).nullish()
const githubPayload = z.object({
  repository: z.object({ full_name: z.string().min(1) }),
  pull_request: z
    .object({
      number: z.number().int().positive(),
      title: z.string(),
      state: z.string(),
      draft: z.boolean().nullish(),
      merged: z.boolean().nullish(),
      user: login,
      merged_by: login,
      created_at: z.iso.datetime({ offset: true }),
      merged_at: z.iso.datetime({ offset: true }).nullish(),
      closed_at: z.iso.datetime({ offset: true }).nullish(),
      base: z.object({ ref: z.string() }).nullish(),
      head: z.object({ ref: z.string(), sha: z.string() }).nullish(),
      merge_commit_sha: z.string().nullish(),
      additions: z.number().int().nonnegative().nullish(),
      deletions: z.number().int().nonnegative().nullish(),
      changed_files: z.number().int().nonnegative().nullish(),
      commits: z.number().int().nonnegative().nullish(),
      comments: z.number().int().nonnegative().nullish(),
      labels: z.array(z.object({ name: z.string() })).nullish(),
      html_url: z.string().nullish(),
    })
    .optional(),
})
type GithubPayload = z.output<typeof githubPayload>

// ---------------------------------------------------------------- rows

const OUTCOME: Record<string, Deployment['outcome']> = {
  success: 'success',
  succeeded: 'success',
  failure: 'failure',
  failed: 'failure',
  error: 'failure',
  unstable: 'failure',
  aborted: 'cancelled',
  cancelled: 'cancelled',
  skipped: 'skipped',
  not_built: 'skipped',
  running: 'running',
  in_progress: 'running',
}
const outcomeOf = (status: string | null) => OUTCOME[status?.toLowerCase() ?? ''] ?? 'unknown'
const passed = (flag: boolean | null) => (flag === null ? 'unknown' : flag ? 'success' : 'failure')
const before = (at: string, ms: number | null) => (ms === null || ms <= 0 ? null : new Date(Date.parse(at) - ms).toISOString())

const LAST_STAGE = 'pipeline-complete'

/** Each stage tells how its build stands so far, and the newest word counts. Jenkins gives 0 as the length of what still runs. */
function buildRows(sent: BuildPayload, raw: Raw): DomainRows {
  const at = sent.timestamp ?? raw.received_at
  // The library sends 0 where it does not know the number.
  const number = sent.build_number === '0' ? null : sent.build_number
  const id = number === null ? raw.id : `${sent.service}${sent.branch === null ? '' : `@${sent.branch}`}#${number}`
  const outcome = outcomeOf(sent.status)
  const attempt = sent.is_retry === true ? 2 : 1
  const started_at = before(at, sent.duration_ms)
  const row = rowOf(build, {
    id,
    workflow: sent.service,
    at,
    outcome,
    service: sent.service,
    revision: sent.commit_sha,
    ref: sent.branch,
    number: number !== null && /^\d{1,15}$/.test(number) ? Number(number) : null,
    attempt,
    started_at,
    finished_at: at,
    url: sent.url,
  })
  if (sent.stage === null || sent.stage === LAST_STAGE) return { builds: [row] }
  const stage = rowOf(job, { id: sent.stage, build_id: id, name: sent.stage, outcome, attempt, finished_at: at, url: sent.url })
  return { builds: [row], jobs: [stage] }
}

const countOf = (value: number | null) => (value === null || value < 0 ? null : Math.round(value))

function gateRows(sent: GatePayload, raw: Raw): DomainRows {
  const row = rowOf(check, {
    id: `quality_gate:${raw.id}`,
    kind: 'quality_gate',
    name: 'Quality gate',
    at: sent.timestamp ?? raw.received_at,
    outcome: passed(sent.quality_gate_passed),
    service: sent.service,
    revision: sent.commit_sha,
    coverage_percent: sent.coverage_percent,
    url: sent.url,
  })
  return { checks: [row] }
}

function testRows(sent: TestsPayload, raw: Raw): DomainRows {
  const at = sent.timestamp ?? raw.received_at
  const total = countOf(sent.total_tests)
  const failed = countOf(sent.failed_tests)
  const row = rowOf(check, {
    id: `tests:${raw.id}`,
    kind: 'tests',
    name: 'Tests',
    at,
    outcome: failed === null || total === null || total === 0 ? 'unknown' : failed > 0 ? 'failure' : 'success',
    service: sent.service,
    revision: sent.commit_sha,
    started_at: before(at, sent.duration_ms),
    total,
    passed: countOf(sent.passed_tests),
    failed,
    skipped: countOf(sent.skipped_tests),
    flaky: countOf(sent.flaky_tests),
  })
  return { checks: [row] }
}

function accessibilityRows(sent: AccessibilityPayload, raw: Raw): DomainRows {
  const flags = [sent.axe_core_passed, sent.lighthouse_passed].filter((one) => one !== null)
  const row = rowOf(check, {
    id: `accessibility:${raw.id}`,
    kind: 'accessibility',
    name: 'Accessibility',
    at: sent.timestamp ?? raw.received_at,
    outcome: flags.length === 0 ? 'unknown' : passed(flags.every(Boolean)),
    service: sent.service,
    revision: sent.commit_sha,
    url: sent.url,
  })
  return { checks: [row] }
}

/** The label, else the last part of a name that is one of an environment, else the setting. */
function environmentOf(sent: { environment: string | null; application: string; namespace: string | null }, config: Config): string {
  if (sent.environment !== null) return sent.environment
  for (const name of [sent.application, sent.namespace ?? '']) {
    const part = name.split(/[-_.]/).at(-1) ?? ''
    if (knownTier(part) !== null) return part
  }
  return config.environment
}

function syncRows(sent: SyncPayload, raw: Raw, config: Config): DomainRows {
  const environment = environmentOf(sent, config)
  const outcome = outcomeOf(sent.status)
  const finished = outcome === 'running' ? null : (sent.sync_finished_at ?? sent.timestamp)
  const row = rowOf(deployment, {
    id: raw.id,
    kind: 'deploy',
    service: sent.service_name ?? sent.application,
    environment: tierOf(environment),
    environment_name: environment,
    at: finished ?? sent.sync_started_at ?? raw.received_at,
    started_at: sent.sync_started_at,
    finished_at: finished,
    outcome,
    repository: sent.repo_url === null ? null : (repositoryOf(sent.repo_url) ?? sent.repo_url),
    revision: sent.commit_sha ?? sent.revision,
    title: sent.error_message?.split('\n', 1)[0]?.slice(0, 300) ?? sent.application,
  })
  return { deployments: [row] }
}

function healthRows(sent: HealthPayload, raw: Raw, config: Config): DomainRows {
  if (!config.degraded_is_incident || sent.current_health?.toLowerCase() !== 'degraded') return {}
  const environment = environmentOf(sent, config)
  const row = rowOf(incidentState, {
    id: raw.id,
    state: 'opened',
    at: sent.timestamp ?? raw.received_at,
    service: sent.service_name ?? sent.application,
    environment: tierOf(environment),
    environment_name: environment,
    title: sent.health_message ?? `${sent.application} is degraded`,
  })
  return { incident_states: [row] }
}

function deploymentRows(sent: DeploymentPayload, raw: Raw, config: Config): DomainRows {
  const environment = sent.environment ?? config.environment
  const at = sent.timestamp ?? raw.received_at
  const outcome = outcomeOf(sent.status)
  const row = rowOf(deployment, {
    id: raw.id,
    kind: 'deploy',
    service: sent.service ?? sent.project ?? '',
    environment: tierOf(environment),
    environment_name: environment,
    at,
    started_at: sent.duration_seconds === null ? null : before(at, sent.duration_seconds * 1000),
    finished_at: outcome === 'running' ? null : at,
    outcome,
    revision: sent.commit_sha,
    commit_at: before(at, sent.lead_time_ms),
  })
  return { deployments: [row] }
}

const CLOSED = new Set(['resolved', 'closed', 'done', 'fixed'])

/**
 * An incident that is sent as resolved tells its opening only when it also tells its end: the library fills `createdDate` with the present
 * moment when nobody gave it, and that would move the opening.
 */
function incidentRows(sent: IncidentPayload, raw: Raw): DomainRows {
  const state = (state: 'opened' | 'closed', at: string) =>
    rowOf(incidentState, {
      id: sent.id ?? sent.incident_id ?? raw.id,
      state,
      at,
      service: sent.service,
      environment: sent.environment === null ? null : tierOf(sent.environment),
      environment_name: sent.environment,
      severity: sent.severity,
      title: sent.title ?? sent.type,
      url: sent.url,
    })
  const created = sent.createdDate ?? sent.detected_at
  const resolved = sent.resolvedDate ?? sent.resolved_at
  if (resolved !== null) return { incident_states: [...(created === null ? [] : [state('opened', created)]), state('closed', resolved)] }
  const at = created ?? sent.timestamp ?? raw.received_at
  return { incident_states: [state(CLOSED.has(sent.status?.toLowerCase() ?? '') ? 'closed' : 'opened', at)] }
}

function githubRows({ repository, pull_request: pull }: GithubPayload): DomainRows {
  if (pull === undefined) return {}
  const time = (value: string | null | undefined) => (value === null || value === undefined ? null : new Date(value).toISOString())
  const merged_at = time(pull.merged_at)
  const state = pull.merged === true || merged_at !== null ? 'merged' : pull.state === 'closed' ? 'closed' : 'open'
  const row = rowOf(change, {
    id: `${repository.full_name}#${pull.number}`,
    repository: repository.full_name,
    number: pull.number,
    title: pull.title,
    state,
    is_draft: pull.draft ?? false,
    author: pull.user?.login,
    author_is_bot: pull.user?.type === 'Bot' || (pull.user?.login.endsWith('[bot]') ?? false),
    created_at: new Date(pull.created_at).toISOString(),
    merged_at,
    closed_at: time(pull.closed_at),
    merged_by: pull.merged_by?.login,
    base_ref: pull.base?.ref,
    head_ref: pull.head?.ref,
    head_sha: pull.head?.sha,
    merge_sha: state === 'merged' ? pull.merge_commit_sha : null,
    additions: pull.additions,
    deletions: pull.deletions,
    files_changed: pull.changed_files,
    commit_count: pull.commits,
    comment_count: pull.comments,
    labels: (pull.labels ?? []).map((label) => label.name),
    url: pull.html_url,
  })
  return { changes: [row] }
}

export default defineConnector<Config>({
  title: 'Fawkes emitters',
  docs,
  config,
  streams: {
    builds: defineStream<Config, BuildPayload>({
      produces: ['builds', 'jobs'],
      order: 'unordered',
      payload: buildPayload,
      rows: buildRows,
    }),
    quality_gates: defineStream<Config, GatePayload>({ produces: ['checks'], order: 'unordered', payload: gatePayload, rows: gateRows }),
    tests: defineStream<Config, TestsPayload>({ produces: ['checks'], order: 'unordered', payload: testsPayload, rows: testRows }),
    accessibility: defineStream<Config, AccessibilityPayload>({
      produces: ['checks'],
      order: 'unordered',
      payload: accessibilityPayload,
      rows: accessibilityRows,
    }),
    syncs: defineStream<Config, SyncPayload>({ produces: ['deployments'], order: 'unordered', payload: syncPayload, rows: syncRows }),
    health: defineStream<Config, HealthPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: healthPayload,
      rows: healthRows,
    }),
    deployments: defineStream<Config, DeploymentPayload>({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      rows: deploymentRows,
    }),
    incidents: defineStream<Config, IncidentPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: incidentPayload,
      rows: incidentRows,
    }),
    github: defineStream<Config, GithubPayload>({ produces: ['changes'], order: 'unordered', payload: githubPayload, rows: githubRows }),
  },
})
