import { z } from 'zod'
import { compile, groupsOf, line, pattern } from '../domain/pattern.ts'
import { deployedImage, imageCommits, imageRules, type DeployedImage } from '../domain/deployed-image.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { environmentIn, tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import type { DomainRows } from '../domain/tables.ts'
import {
  defineConnector,
  defineStream,
  pulled,
  secret,
  webhookSecrets,
  type Ask,
  type Check,
  type Delivery,
  type Hook,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { repositoryOf } from '../src/git/refs.ts'
import { walkLists, type List } from '../src/paging.ts'
import { isSecret } from '../src/signature.ts'

const docs = `Reads every sync of the applications of an Argo CD server, and takes its notifications. Each sync is one deployment, whether it succeeded or failed: the running operation, the entry that it leaves in the history of the application (Argo CD keeps 10), and any number of notifications of it are known by the application and its start, and are one row. Retries belong to the sync that they repeat. A sync that failed leaves no entry in the history: without notifications it is missed when another one begins before the next pull.

**What does not count.** A dry run. A self-heal, which puts back what somebody changed in the cluster and deploys nothing. A sync of single resources, unless \`partial_syncs\` is on; Argo CD leaves it out of its own history as well. A sync of the revision that already runs is a re-deployment and counts. A rollback in Argo CD is a sync to an older revision: it is a deployment like any other, and Fairlead recognizes it by the commit that it puts back. A sync that somebody terminated is \`cancelled\`; one that ran into the time limit of the controller failed.

**Which commit.** The revision of a sync is a commit of the repository of manifests, and lead time needs the one of the code. \`commit_from\` names the rules, the first that answers wins, and the row says which:
- \`annotation\`: \`fairlead.dev/commit\` of the application, with \`fairlead.dev/repository\`.
- \`image_label\`: \`org.opencontainers.image.revision\` as a label or annotation of the application, with \`org.opencontainers.image.source\`.
- \`image_tag\`: a tag that is or contains a commit of 7 to 40 hexadecimal digits. Digits alone are taken for a date or a number. Of several images: the first that \`images\` names, else the one that is called like the service, else the only one with a commit. While two versions of an image run beside each other the commit is not known; the next pull tells it.
- \`source_revision\`: the one source of the application whose repository is not one of manifests (\`manifest_repositories\`).

\`images\` says from which repository an image is built; without it, and without an annotation, the commit has no repository. Entries of the history tell no images: there only images that the source itself sets (Kustomize images, Helm parameters that end in \`image.tag\`) are known, and the annotations are those of today, so they are used for the newest sync alone.

**Access.** A token of an account with \`apiKey\` and \`applications, get\`. **Health.** With \`health_incidents\`, an application that becomes Degraded opens an incident and the next Healthy closes it; times are Argo CD's \`lastTransitionTime\` (3.0 or later). What begins and ends between two pulls is not seen.`

const RULES = ['annotation', 'image_label', 'image_tag', 'source_revision'] as const
const PLACE = /^(?:(label|annotation):(\S+)|(name|namespace|project)(?::(.+))?)$/

/** Where the name of an environment or a service is read. */
const place = () =>
  line().superRefine((text, context) => {
    const found = PLACE.exec(text)
    const problem =
      found === null ? 'must be `label:<key>`, `annotation:<key>`, or `name`, `namespace` or `project`, with `:<pattern>`' : null
    const tried = found?.[4] === undefined ? null : pattern().safeParse(found[4])
    const message = problem ?? (tried?.success === false ? (tried.error.issues[0]?.message ?? 'is no pattern') : null)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of the Argo CD server, such as https://argocd.example.org'),
  token: secret().describe('Token of an account that may get applications'),
  applications: z.array(pattern()).default([]).describe('Patterns (RE2) for names of applications; none: all that the token sees'),
  exclude: z.array(pattern()).default([]).describe('Patterns for applications that are left out, such as an application of applications'),
  projects: z.array(line()).default([]).describe('Names of projects; none: all'),
  webhook_secrets: webhookSecrets(),
  environment_from: z
    .array(place())
    .default(['label:environment', 'namespace', 'name'])
    .describe(
      'Where the environment is read, in this order: `label:<key>`, `annotation:<key>`, or `namespace` (of the destination), `name` or `project`: its first or last part when that is a known environment (`shop-prod`), or with `:<pattern>` the group `environment` of the pattern',
    ),
  environment: line().default('production').describe('The environment of an application that none of these names'),
  service_from: z
    .array(place())
    .default(['label:app.kubernetes.io/name', 'name'])
    .describe('Where the service is read, in the same words; a pattern has the group `service`, such as `name:^(?P<service>.+)-prod$`'),
  images: imageRules(),
  image_commits: imageCommits(),
  commit_from: z
    .array(z.enum(RULES))
    .default([...RULES])
    .describe('How the commit of the code is found; the first that answers wins'),
  manifest_repositories: z
    .array(pattern())
    .default(['(?i)gitops|manifest|deploy|chart|helm|kustom|infra|cluster|environments|argo|config|k8s|kube'])
    .describe('Patterns (RE2) for repositories (owner/name) that hold manifests and no code'),
  partial_syncs: z.boolean().default(false).describe('Whether a sync of single resources counts as a deployment'),
  health_incidents: z.boolean().default(false).describe('Whether an application that becomes Degraded opens an incident'),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const optional = z.string().nullish()
/** 64 bits, which some gateways write as text. */
const count = z.union([z.number(), z.string()]).nullish()
const words = z.record(z.string(), z.string()).nullish()

type Parameter = { readonly name?: string | null | undefined; readonly value?: string | null | undefined }
const ofImages = (parameters: readonly Parameter[]) =>
  parameters.filter(({ name }) => /(?:^|\.)image\.?(?:tag|name|repository)$/i.test(name ?? ''))

const sourcePayload = z.object({
  repoURL: optional,
  path: optional,
  chart: optional,
  targetRevision: optional,
  helm: z
    .object({
      parameters: z
        .array(z.object({ name: optional, value: optional }))
        .transform(ofImages)
        .nullish(),
    })
    .nullish(),
  kustomize: z.object({ images: z.array(z.string()).nullish() }).nullish(),
})
const sourcesOf = {
  revision: optional,
  revisions: z.array(z.string()).nullish(),
  source: sourcePayload.nullish(),
  sources: z.array(sourcePayload).nullish(),
}

const operationPayload = z.object({
  phase: optional,
  message: optional,
  startedAt: optional,
  finishedAt: optional,
  retryCount: count,
  operation: z
    .object({
      sync: z
        .object({
          ...sourcesOf,
          dryRun: z.boolean().nullish(),
          resources: z.array(z.unknown()).nullish(),
          autoHealAttemptsCount: count,
        })
        .nullish(),
    })
    .nullish(),
  syncResult: z.object(sourcesOf).nullish(),
})
const entryPayload = z.object({ ...sourcesOf, id: count, deployedAt: optional, deployStartedAt: optional })

const summaryPayload = z.object({ images: z.array(z.string()).nullish() }).nullish()
const metadata = z.object({ name: z.string().min(1), labels: words, annotations: words })
/** The whole application once more. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const spec = z.object({ project: optional, destination: z.object({ namespace: optional }).nullish() })

/** An application of the API, narrowed to one sync: either the operation or one entry of the history, and the images only where they are of it. */
const applicationPayload = z.object({
  metadata,
  spec,
  status: z.object({
    operationState: operationPayload.nullish(),
    history: z.array(entryPayload).max(1).nullish(),
    summary: summaryPayload,
  }),
})

/** What a template leaves open arrives as `<no value>`, as an empty text or as another type: none of it costs the rest. */
const loose = z.unknown().optional().transform(known)
const looseList = z
  .unknown()
  .optional()
  .transform((value): string[] => {
    const list = Array.isArray(value) ? value : (known(value) ?? '').replaceAll(/[[\],]/g, ' ').split(/\s+/)
    return list.flatMap((one) => known(one) ?? [])
  })
const looseWords = z
  .unknown()
  .optional()
  .transform((value): Record<string, string> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
    return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (known(one) === null ? [] : [[key, known(one) as string]])))
  })

/** The template in deploy/argocd. */
const notificationPayload = z.object({
  application: z.string().min(1),
  phase: z.string(),
  namespace: loose,
  project: loose,
  revision: loose,
  revisions: looseList,
  started_at: loose,
  finished_at: loose,
  health: loose,
  repo_url: loose,
  images: looseList,
  labels: looseWords,
  annotations: looseWords,
  message: loose,
})

/** The template of Fawkes, as ours. */
const fawkesPayload = z
  .looseObject({ event_type: z.literal(['deployment', 'health_change']), application: z.string().min(1) })
  .transform((told) =>
    notificationPayload.parse({
      ...told,
      phase: told.event_type === 'deployment' ? (known(told['status']) ?? '') : '',
      revision: known(told['revision']) ?? told['commit_sha'],
      started_at: told['sync_started_at'],
      finished_at: told['sync_finished_at'],
      message: told['error_message'],
      labels: { environment: told['environment'], 'app.kubernetes.io/name': told['service_name'] },
    }),
  )

const pushedPayload = z.union([fawkesPayload, notificationPayload])
const syncPayload = z.union([applicationPayload, pushedPayload])
type SyncPayload = z.output<typeof syncPayload>

const healthPayload = z.object({
  metadata,
  spec,
  health: z.object({ message: optional }),
  degraded_at: z.iso.datetime({ precision: 3 }),
  healthy_at: z.iso.datetime({ precision: 3 }).nullable(),
})
type HealthPayload = z.output<typeof healthPayload>

// ---------------------------------------------------------------- reading

function known(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : ''
  return ['', '<no value>', '<nil>', 'null', 'map[]', '[]'].includes(text) ? null : text
}

/** RFC 3339, or a time as Go prints it (`2026-01-15 10:00:00.123 +0000 UTC m=+0.1`); null for anything else and for Go's zero time. */
function moment(value: unknown): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?\s*(?:Z|([+-]\d\d):?(\d\d))/.exec(known(value) ?? '')
  if (found === null) return null
  const [, day, time, fraction = '', hours = '+00', minutes = '00'] = found
  const at = Date.parse(`${day}T${time}.${fraction.padEnd(3, '0')}${hours}:${minutes}`)
  return at >= Date.UTC(2000, 0, 1) ? new Date(at).toISOString() : null
}

interface Application {
  readonly name: string
  readonly project: string
  readonly namespace: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Origin {
  readonly repository: string | null
  readonly isChart: boolean
  readonly revision: string
}

/** One sync, whoever told it. */
interface Sync extends Application {
  readonly started_at: string
  readonly finished_at: string | null
  readonly outcome: Deployment['outcome']
  readonly origins: readonly Origin[]
  /** Null where it is not known what ran. */
  readonly images: readonly string[] | null
  /** Whether the application's annotations and labels are those of this sync. */
  readonly isNewest: boolean
  readonly message: string | null
  readonly kind: 'sync' | 'partial sync' | 'none'
}

const isHash = (text: string) => /^[0-9a-f]{7,64}$/i.test(text)
const TERMINATED = /^operation terminated(?!.*triggered by controller sync timeout)/i

function outcomeOf(phase: string | null, message: string | null): Deployment['outcome'] {
  switch (phase?.toLowerCase()) {
    case 'succeeded':
    case 'success':
      return 'success'
    case 'failed':
    case 'error':
    case 'failure':
      return message !== null && TERMINATED.test(message) ? 'cancelled' : 'failure'
    case 'running':
    case 'terminating':
      return 'running'
    default:
      return 'unknown'
  }
}

type Origins = { [K in keyof typeof sourcesOf]?: z.output<(typeof sourcesOf)[K]> }

function originsOf({ revision, revisions, source, sources }: Origins): Origin[] {
  const pairs = revisions?.length ? revisions.map((one, index) => [one, sources?.[index]] as const) : [[revision, source] as const]
  return pairs.flatMap(([one, from]) => {
    const sha = known(one)
    return sha === null
      ? []
      : [{ revision: sha, repository: repositoryOf(from?.repoURL ?? ''), isChart: (known(from?.chart) ?? '') !== '' }]
  })
}

/** The images that a source itself sets, as the image updater does. */
function imagesSet({ source, sources }: Origins): string[] {
  return [source, ...(sources ?? [])].flatMap((one) => {
    const parameters = new Map((one?.helm?.parameters ?? []).map(({ name, value }) => [name ?? '', value ?? '']))
    const charted = [...parameters].flatMap(([name, tag]) => {
      if (!/(?:^|\.)image\.?tag$/i.test(name) || tag === '') return []
      const stem = name.replace(/\.?tag$/i, '')
      return [`${parameters.get(`${stem}.repository`) ?? parameters.get(`${stem}.name`) ?? ''}:${tag}`]
    })
    return [...(one?.kustomize?.images ?? []).map((image) => image.slice(image.indexOf('=') + 1)), ...charted]
  })
}

function readApplication(payload: { metadata: z.output<typeof metadata>; spec: z.output<typeof spec> }): Application {
  return {
    name: payload.metadata.name,
    project: known(payload.spec.project) ?? 'default',
    namespace: known(payload.spec.destination?.namespace),
    labels: payload.metadata.labels ?? {},
    annotations: payload.metadata.annotations ?? {},
  }
}

/** A dry run, or what put the same revision back. */
function isHarmless(operation: z.output<typeof operationPayload> | null | undefined): boolean {
  const sync = operation?.operation?.sync
  return operation === null || operation === undefined || sync?.dryRun === true || Number(sync?.autoHealAttemptsCount ?? 0) > 0
}

function readSync(payload: SyncPayload): Sync | null {
  if ('application' in payload) return readNotification(payload)
  const application = readApplication(payload)
  const { operationState: operation, history, summary } = payload.status
  const entry = history?.[0]
  if (operation !== null && operation !== undefined) {
    const started_at = moment(operation.startedAt)
    if (started_at === null) return null
    const sync = operation.operation?.sync
    const isPartial = (sync?.resources?.length ?? 0) > 0
    const told = originsOf(operation.syncResult ?? {})
    const outcome = outcomeOf(operation.phase ?? null, known(operation.message))
    return {
      ...application,
      started_at,
      finished_at: outcome === 'running' ? null : moment(operation.finishedAt),
      outcome,
      origins: told.length > 0 ? told : originsOf(sync ?? {}),
      images: outcome === 'success' ? (summary?.images ?? null) : null,
      isNewest: true,
      message: known(operation.message),
      kind: isHarmless(operation) ? 'none' : isPartial ? 'partial sync' : 'sync',
    }
  }
  const finished_at = moment(entry?.deployedAt)
  if (entry === undefined || finished_at === null) return null
  const images = summary?.images ?? null
  return {
    ...application,
    started_at: moment(entry.deployStartedAt) ?? finished_at,
    finished_at,
    outcome: 'success',
    origins: originsOf(entry),
    images: images ?? imagesSet(entry),
    isNewest: images !== null,
    message: null,
    kind: 'sync',
  }
}

function readNotification(told: z.output<typeof notificationPayload>): Sync | null {
  const started_at = moment(told.started_at)
  if (started_at === null) return null
  const outcome = outcomeOf(known(told.phase), told.message)
  // Of several sources the template tells each revision, and the repository of the first.
  const first = { repoURL: told.repo_url }
  return {
    name: told.application,
    project: told.project ?? 'default',
    namespace: told.namespace,
    labels: told.labels,
    annotations: told.annotations,
    started_at,
    finished_at: outcome === 'running' ? null : moment(told.finished_at),
    outcome,
    origins: originsOf({ ...told, source: first, sources: [first] }),
    images: outcome === 'success' ? told.images : null,
    isNewest: true,
    message: told.message,
    kind: 'sync',
  }
}

// ---------------------------------------------------------------- rows

/** The sync's own id, in the tool and here: no two syncs of an application start at once. */
const idOf = (application: Pick<Application, 'project' | 'name'>, started_at: string) =>
  `${application.project}/${application.name}@${started_at}`

function wordAt(
  places: readonly string[],
  group: string,
  application: Application,
  plain: (value: string) => string | null,
): string | null {
  for (const one of places) {
    const [, map, key, kind, search] = PLACE.exec(one) ?? []
    const value = map === undefined ? application[kind as 'name'] : application[map === 'label' ? 'labels' : 'annotations'][key ?? '']
    if (value === null || value === undefined || value === '') continue
    const word = kind === undefined ? value : search === undefined ? plain(value) : (groupsOf(search, value)?.[group] ?? null)
    if (word !== null && word !== '') return word
  }
  return null
}

const serviceOf = (application: Application, config: Config) =>
  wordAt(config.service_from, 'service', application, (value) => value) ?? application.name
const environmentOf = (application: Application, config: Config) =>
  wordAt(config.environment_from, 'environment', application, environmentIn) ?? config.environment

interface Commit {
  readonly revision: string | null
  readonly revision_rule: string | null
  readonly repository: string | null
}

function commitOf(sync: Sync, built: DeployedImage, config: Config): Commit {
  const said = (key: string) => (sync.isNewest ? (sync.annotations[key] ?? sync.labels[key] ?? null) : null)
  const named = said('fairlead.dev/repository')
  const repository =
    (named === null ? null : (repositoryOf(named) ?? named)) ??
    built.repository ??
    repositoryOf(said('org.opencontainers.image.source') ?? '')
  const codes = sync.origins.filter(
    (one) => one.repository !== null && !one.isChart && isHash(one.revision) && !fits(config.manifest_repositories, one.repository),
  )
  const code = codes.length === 1 ? codes[0] : undefined
  for (const rule of config.commit_from) {
    if (rule === 'source_revision') {
      if (code !== undefined) return { revision: code.revision.toLowerCase(), revision_rule: rule, repository: code.repository }
      continue
    }
    const found =
      rule === 'image_tag' ? built.commit : said(rule === 'annotation' ? 'fairlead.dev/commit' : 'org.opencontainers.image.revision')
    if (found !== null && isHash(found))
      return { revision: found.toLowerCase(), revision_rule: rule, repository: repository ?? code?.repository ?? null }
  }
  return { revision: null, revision_rule: null, repository }
}

function syncRows(payload: SyncPayload, config: Config): DomainRows {
  const sync = readSync(payload)
  if (sync === null) throw new Error('the sync has no start that can be read')
  if (sync.kind === 'none' || (sync.kind === 'partial sync' && !config.partial_syncs)) return { deployments: [] }
  const service = serviceOf(sync, config)
  const environment = environmentOf(sync, config)
  const built = deployedImage(sync.images ?? [], [service, sync.name], config.images, config.image_commits)
  const commit = commitOf(sync, built, config)
  const manifests = sync.origins.find((one) => !one.isChart && isHash(one.revision) && one.revision.toLowerCase() !== commit.revision)
  return {
    deployments: [
      rowOf(deployment, {
        id: idOf(sync, sync.started_at),
        kind: 'deploy',
        service,
        environment: tierOf(environment),
        environment_name: environment,
        at: sync.finished_at ?? sync.started_at,
        started_at: sync.started_at,
        finished_at: sync.finished_at,
        outcome: sync.outcome,
        ...commit,
        manifest_revision: manifests?.revision.toLowerCase(),
        image: built.image,
        version: sync.origins.find((one) => !isHash(one.revision))?.revision,
        title: sync.outcome === 'failure' || sync.outcome === 'cancelled' ? sync.message?.slice(0, 500) : null,
        url: urlOf(sync, config),
        rule: sync.kind,
      }),
    ],
  }
}

const urlOf = ({ name }: Application, config: Config) => `${baseOf(config)}/applications/${encodeURIComponent(name)}`
const baseOf = ({ url }: Config) => url.replace(/\/+$/, '')

function healthRows(payload: HealthPayload, config: Config): DomainRows {
  if (!config.health_incidents) return { incident_states: [] }
  const application = readApplication(payload)
  const environment = environmentOf(application, config)
  const row = (state: 'opened' | 'closed', at: string) =>
    rowOf(incidentState, {
      id: `health:${idOf(application, payload.degraded_at)}`,
      state,
      at,
      service: serviceOf(application, config),
      environment: tierOf(environment),
      environment_name: environment,
      title: [`${application.name} is degraded`, known(payload.health.message)]
        .filter((one) => one !== null)
        .join(': ')
        .slice(0, 500),
      url: urlOf(application, config),
    })
  return {
    incident_states: [row('opened', payload.degraded_at), ...(payload.healthy_at === null ? [] : [row('closed', payload.healthy_at)])],
  }
}

// ---------------------------------------------------------------- asking Argo CD

const API = '/api/v1/applications'
/** The few fields by which the list of applications tells what changed; the list knows no history and no operation. */
const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.labels',
  'metadata.annotations',
  'spec.destination',
  'spec.project',
  'status.health',
  'status.operationState.phase',
  'status.operationState.startedAt',
  'status.operationState.finishedAt',
]

const listed = z.object({
  items: z
    .array(
      z.object({
        metadata: metadata.extend({ namespace: optional }),
        spec,
        status: z
          .object({
            health: z.object({ status: optional, message: optional, lastTransitionTime: optional }).nullish(),
            operationState: z.object({ phase: optional, startedAt: optional, finishedAt: optional }).nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
})
type Listed = NonNullable<z.output<typeof listed>['items']>[number]

const keyOf = ({ metadata: { namespace, name } }: Listed) => `${namespace ?? ''}/${name}`

const fits = (patterns: readonly string[], text: string) => patterns.some((one) => compile(one).matcher(text).find())

const isWanted = ({ applications, exclude, projects }: Config, name: string, project: string | null) =>
  (projects.length === 0 || project === null || projects.includes(project)) &&
  (applications.length === 0 || fits(applications, name)) &&
  !fits(exclude, name)

/** The applications by project. One request, and no page: Argo CD has none. */
async function listByProject({ http, config }: Ask<Config>): Promise<Map<string, Listed[]>> {
  const { body } = await http.get(API, { query: { fields: FIELDS.map((field) => `items.${field}`).join() } })
  const projects = new Map<string, Listed[]>()
  for (const one of listed.parse(body).items ?? []) {
    const project = known(one.spec.project) ?? 'default'
    if (!isWanted(config, one.metadata.name, project)) continue
    const list = projects.get(project) ?? []
    list.push(one)
    projects.set(project, list)
  }
  for (const one of projects.values()) one.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return new Map([...projects].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What is kept of an application: sources may hold passwords among their values, so only what is read. */
const detailed = z.object({
  metadata,
  spec,
  status: z
    .object({ history: z.array(entryPayload).nullish(), operationState: operationPayload.nullish(), summary: summaryPayload })
    .nullish(),
})

/** Each sync of an application as an item of its own. */
function syncsOf({ metadata: { name, labels, annotations }, spec, status }: z.output<typeof detailed>): Pulled[] {
  const { operationState: operation, history, summary } = status ?? {}
  const { [LAST_APPLIED]: _, ...kept } = annotations ?? {}
  const narrowed = (status: z.input<typeof applicationPayload>['status']) =>
    ({ metadata: { name, labels, annotations: kept }, spec, status }) satisfies z.input<typeof applicationPayload>
  const about = { project: known(spec.project) ?? 'default', name }
  const items: Pulled[] = []
  const running = moment(operation?.startedAt)
  if (running !== null)
    items.push(pulled(idOf(about, running), moment(operation?.finishedAt) ?? running, narrowed({ operationState: operation, summary })))
  // What runs now is of the newest entry, unless an operation since then has changed it.
  const newest = isHarmless(operation) ? history?.at(-1) : undefined
  for (const entry of history ?? []) {
    const deployed = moment(entry.deployedAt)
    if (deployed === null) continue
    const started = moment(entry.deployStartedAt) ?? deployed
    if (started === running) continue
    // It knows less than the operation that it is the trace of, whose end is of the same second: it must not take its place.
    const at = new Date(Date.parse(deployed) - 1).toISOString()
    items.push(pulled(idOf(about, started), at, narrowed({ history: [entry], summary: entry === newest ? summary : undefined })))
  }
  return items
}

const APPLICATIONS_A_PAGE = 25

async function* pullSyncs(ask: Ask<Config>): AsyncGenerator<Page> {
  const lists = [...(await listByProject(ask))].map(([project, applications]): List => ({
    key: project,
    async page({ since, until }, page) {
      const changed = applications.filter((one) => since === null || lastChangeOf(one) >= since)
      const ahead = changed.filter((one) => page === null || keyOf(one) > page)
      const items: Pulled[] = []
      for (const { metadata } of ahead.slice(0, APPLICATIONS_A_PAGE)) {
        const { body, status } = await ask.http.get(`${API}/${encodeURIComponent(metadata.name)}`, {
          query: { appNamespace: metadata.namespace ?? undefined, project },
          allow: [403, 404],
        })
        // Deleted since the list was read; Argo CD says 403 of what is not there.
        if (status === 200) items.push(...syncsOf(detailed.parse(body)))
      }
      const last = ahead[APPLICATIONS_A_PAGE - 1]
      return {
        items: items.filter(({ at }) => at === null || ((since === null || at >= since) && (until === null || at < until))),
        next: last !== undefined && ahead.length > APPLICATIONS_A_PAGE ? keyOf(last) : null,
      }
    },
  }))
  yield* walkLists(ask, 'applications', lists)
}

/** Later than any moment while it runs: it changes without a trace. */
function lastChangeOf({ status }: Listed): string {
  const operation = status?.operationState
  if (operation === null || operation === undefined) return ''
  if (outcomeOf(operation.phase ?? null, null) === 'running') return '9999'
  return moment(operation.finishedAt) ?? moment(operation.startedAt) ?? '9999'
}

/** The applications that were degraded when the last pull ended, with the moment at which they became so. */
const healthCursor = z.object({ degraded: z.record(z.string(), z.object({ at: z.string(), message: optional })) })
type Degraded = z.output<typeof healthCursor>['degraded']

/** Argo CD tells the health of now and since when; from one pull to the next that makes an episode with a beginning and an end. */
async function* pullHealth(ask: Ask<Config>): AsyncGenerator<Page> {
  const degraded = readCursor(ask.cursor)
  let done = 0
  for (const applications of (await listByProject(ask)).values()) {
    const items: Pulled[] = []
    for (const one of applications) {
      const { status, message, lastTransitionTime } = one.status?.health ?? {}
      const since = moment(lastTransitionTime)
      const begun = degraded[keyOf(one)]
      if (since === null || (begun === undefined ? status !== 'Degraded' : status !== 'Healthy')) continue
      const { name, labels, annotations } = one.metadata
      const { at: degraded_at, message: why } = begun ?? { at: since, message }
      const healthy_at = begun === undefined ? null : since
      if (healthy_at === null) degraded[keyOf(one)] = { at: degraded_at, message: why }
      else delete degraded[keyOf(one)]
      const payload = { metadata: { name, labels, annotations }, spec: one.spec, health: { message: why }, degraded_at, healthy_at }
      const id = idOf({ name, project: known(one.spec.project) ?? 'default' }, degraded_at)
      items.push(pulled(id, healthy_at ?? degraded_at, payload satisfies HealthPayload))
    }
    done += applications.length
    ask.progress(done, null, 'applications')
    yield { items, cursor: JSON.stringify({ degraded } satisfies z.output<typeof healthCursor>) }
  }
}

function readCursor(cursor: string | null): Degraded {
  if (cursor === null) return {}
  try {
    return healthCursor.safeParse(JSON.parse(cursor)).data?.degraded ?? {}
  } catch {
    return {}
  }
}

// ---------------------------------------------------------------- hook

const hook: Hook<Config> = {
  proof: 'token',
  docs: 'Apply `deploy/argocd/fairlead-notifications.yaml`, which sends each sync and each change of health to {url}, and put the secret into `argocd-notifications-secret`; it travels in the header `X-Fairlead-Token`. An installation that sends the template of Fawkes needs only the address and `Authorization: Bearer <secret>`. A notification is answered at once and asked for again with the next pull, which knows dry runs, single resources and the images that run in the end.',
  headers: [],
  verify: ({ webhook_secrets }, headers) =>
    isSecret(webhook_secrets, headers.get('x-fairlead-token') ?? /^Bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]),
  read(_, body, config): Delivery | null {
    const told = pushedPayload.parse(body)
    if (!isWanted(config, told.application, told.project)) return null
    // Neither template tells since when the health is what it is.
    const pull = told.phase === '' ? ['health'] : told.health === 'Degraded' || told.health === 'Healthy' ? ['syncs', 'health'] : ['syncs']
    const started = moment(told.started_at)
    if (started === null || told.project === null || told.phase === '') return { item: null, pull }
    const id = idOf({ name: told.application, project: told.project }, started)
    return { item: { stream: 'syncs', id, at: moment(told.finished_at) ?? started }, pull }
  },
}

// ---------------------------------------------------------------- check

async function check(ask: Ask<Config>): Promise<Check> {
  try {
    const { body } = await ask.http.get('/api/v1/session/userinfo')
    if (!z.object({ loggedIn: z.literal(true) }).safeParse(body).success)
      return {
        ok: false,
        missing: ['Argo CD does not know the token: make a new one with `argocd account generate-token --account <name>`.'],
      }
    const seen = await listByProject({ ...ask, config: { ...ask.config, applications: [], exclude: [], projects: [] } })
    const all = [...seen].flatMap(([project, list]) =>
      list.map((one) => ({ project, name: one.metadata.name, health: one.status?.health })),
    )
    if (all.length === 0)
      return {
        ok: false,
        missing: ['The token sees no application: give its account `p, <account>, applications, get, */*, allow` in `argocd-rbac-cm`.'],
      }
    const missing: string[] = []
    if (!all.some(({ project, name }) => isWanted(ask.config, name, project)))
      missing.push(
        `None of the ${all.length} applications that the token sees fits \`applications\`, \`exclude\` and \`projects\`: change these settings.`,
      )
    if (ask.config.health_incidents && !all.some(({ health }) => moment(health?.lastTransitionTime) !== null))
      missing.push('Argo CD does not say since when an application is healthy or not, so no incident is opened: update it to 3.0 or later.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return { ok: false, missing: [`${thrown.message} ${thrown.help ?? ''}`.trim()] }
  }
}

export default defineConnector<Config>({
  title: 'Argo CD',
  docs,
  config,
  api: (config) => ({ base: baseOf(config), headers: { authorization: `Bearer ${config.token.reveal()}` } }),
  streams: {
    syncs: defineStream<Config, SyncPayload>({
      produces: ['deployments'],
      order: 'unordered',
      payload: syncPayload,
      pull: pullSyncs,
      rows: (payload, _, config) => syncRows(payload, config),
    }),
    health: defineStream<Config, HealthPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: healthPayload,
      pull: pullHealth,
      rows: (payload, _, config) => healthRows(payload, config),
    }),
  },
  hook,
  check,
})
