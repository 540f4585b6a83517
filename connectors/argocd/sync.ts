import { z } from 'zod'
import { deployedImage } from '../../domain/deployed-image.ts'
import { deployment, type Deployment } from '../../domain/deployment.ts'
import { rowOf } from '../../domain/entity.ts'
import { tierOf } from '../../domain/environment.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Pulled, type Raw } from '../../src/connector.ts'
import { walkLists, type List } from '../../src/paging.ts'
import { API, keyOf, listByProject, type Listed } from './application-list.ts'
import { type Application, environmentOf, idOf, LAST_APPLIED, metadata, readApplication, serviceOf, spec, urlOf } from './application.ts'
import { commitOf } from './commit.ts'
import type { Config } from './config.ts'
import { notificationPayload, pushedPayload } from './notification.ts'
import { isHarmless, operationPayload, outcomeOf } from './operation.ts'
import { count, known, moment, optional } from './payload.ts'
import { imagesSet, isHash, type Origin, originsOf, sourcesOf } from './source.ts'

const entryPayload = z.object({ ...sourcesOf, id: count, deployedAt: optional, deployStartedAt: optional })
const summaryPayload = z.object({ images: z.array(z.string()).nullish() }).nullish()

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

export const syncPayload = z.union([applicationPayload, pushedPayload])
type SyncPayload = z.output<typeof syncPayload>

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

export async function* pullSyncs(ask: Ask<Config>): AsyncGenerator<Page> {
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

export function syncRows(payload: SyncPayload, _raw: Raw, config: Config): DomainRows {
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
