import { z } from 'zod'
import { build } from '../domain/build.ts'
import { check } from '../domain/check.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { tierOf } from '../domain/environment.ts'
import { incidentState } from '../domain/incident-state.ts'
import { job } from '../domain/job.ts'
import { looseText, momentOf } from '../domain/loose.ts'
import { repository } from '../domain/repository.ts'
import type { DomainRows, DomainTable } from '../domain/tables.ts'
import { transition } from '../domain/transition.ts'
import { defineConnector, defineStream, type Raw } from '../src/connector.ts'

const docs = `[CDEvents](https://cdevents.dev) of the specification 0.3 to 0.5 over CloudEvents, sent to \`POST /v1/cdevents\` with a token of the scope \`ingest\`: structured (\`application/cloudevents+json\`), a batch (\`application/cloudevents-batch+json\`) or binary (\`ce-…\` headers). Nothing to connect: the first event makes the source \`cdevents\`. An event is known by its source and id; sending it again changes nothing.

| event | becomes |
|---|---|
| \`service.deployed\`, \`upgraded\` | a successful deployment of the subject into the environment |
| \`service.rolledback\` | a rollback |
| \`incident.detected\`, \`reported\`, \`resolved\` | an incident that opens and closes |
| \`pipelinerun.*\`, \`build.*\` | a build |
| \`taskrun.*\` | a job of its pipeline run |
| \`testsuiterun.*\` | a check |
| \`change.*\`, \`ticket.*\` | a transition of the change or ticket; a ticket of the type \`incident\` is an incident, too |
| \`repository.created\`, \`modified\` | a repository |
| anything else | kept, and read as nothing |

The artifact of a service is a package URL: its version is the version, and, where that is a commit, the revision; for a container image it is the image, and its \`tag\` the version. CDEvents names neither number nor author nor commit of a change, and not when a ticket was created once it has changed: connect the forge and the tracker for those. Start and end of a run are two events and a row says what the latest one told, so the length of a run is not known from CDEvents. Of an incident that is both detected and reported, the later of the two is the opening.`

const config = z.object({})
type Config = z.output<typeof config>

const reference = z.object({ id: looseText(), source: looseText() }).nullish()
const content = z.object({
  environment: reference,
  service: reference,
  artifactId: looseText(),
  description: looseText(),
  ticketURI: looseText(),
  repository: reference,
  pipelineName: looseText(),
  taskName: looseText(),
  pipelineRun: reference,
  uri: looseText(),
  url: looseText(),
  outcome: looseText(),
  testSuite: z.object({ id: looseText(), name: looseText() }).nullish(),
  summary: looseText(),
  ticketType: looseText(),
  priority: looseText(),
  updatedBy: looseText(),
  creator: looseText(),
  resolution: looseText(),
  name: looseText(),
  owner: looseText(),
  viewUrl: looseText(),
})

const event = z.object({
  context: z.object({
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.string().min(1),
    timestamp: looseText(),
  }),
  subject: z.object({ id: z.string().min(1), source: looseText(), content: content.nullish() }),
})
/** In a structured CloudEvent the event is `data`; in a binary one it is the body. */
const payload = z.union([z.object({ data: event }).transform(({ data }) => data), event])
type Event = z.output<typeof payload>

/** What an event says, with its place in the vocabulary. */
interface Told {
  readonly predicate: string
  readonly subject: string
  /** Unique beyond the event's own source: a subject's id is so only within its source. */
  readonly id: string
  readonly at: string
  readonly content: z.output<typeof content>
  readonly raw: Raw
}

const NOTHING: z.output<typeof content> = content.parse({})

function read(produces: readonly DomainTable[], rows: (told: Told, subject: string) => DomainRows) {
  return defineStream<Config, Event>({
    produces,
    order: 'unordered',
    payload,
    rows({ context, subject }, raw) {
      const [, kind = '', predicate = ''] = /^dev\.cdevents\.([a-z]+)\.([a-z]+)(?:\.|$)/i.exec(context.type) ?? []
      const at = (context.timestamp === null ? null : momentOf(context.timestamp)) ?? raw.received_at
      const id = `${subject.source ?? context.source}#${subject.id}`
      return rows(
        { predicate: predicate.toLowerCase(), subject: subject.id, id, at, content: subject.content ?? NOTHING, raw },
        kind.toLowerCase(),
      )
    },
  })
}

interface Artifact {
  readonly image: string | null
  readonly version: string | null
  readonly revision: string | null
}

/** A package URL, `pkg:type/namespace/name@version?qualifiers`, as far as it says what runs. */
function artifactOf(purl: string | null): Artifact {
  const found = /^pkg:([a-z0-9.+-]+)\/([^@?#]+)(?:@([^?#]*))?(?:\?([^#]*))?/i.exec(purl ?? '')
  if (found === null) return { image: null, version: null, revision: null }
  const [, type = '', , encoded = '', qualifiers = ''] = found
  const version = decoded(encoded)
  const qualifier = new URLSearchParams(qualifiers)
  const commit = /@([0-9a-f]{7,40})(?:#|$)/.exec(qualifier.get('vcs_url') ?? '')?.[1] ?? (/^[0-9a-f]{40}$/.test(version) ? version : null)
  const isImage = ['oci', 'docker'].includes(type.toLowerCase())
  return {
    image: isImage ? purl : null,
    version:
      (isImage ? (qualifier.get('tag') ?? (version.startsWith('sha256:') ? null : version)) : version === commit ? null : version) || null,
    revision: commit,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function serviceRows({ predicate, subject, at, content, raw }: Told): DomainRows {
  if (!['deployed', 'upgraded', 'rolledback'].includes(predicate)) return {}
  const environment = content.environment?.id ?? 'production'
  const { image, version, revision } = artifactOf(content.artifactId)
  const row = rowOf(deployment, {
    id: raw.id,
    kind: predicate === 'rolledback' ? 'rollback' : 'deploy',
    service: subject,
    environment: tierOf(environment),
    environment_name: environment,
    at,
    finished_at: at,
    outcome: 'success',
    revision,
    revision_rule: revision === null ? null : 'artifact',
    image,
    version,
  })
  return { deployments: [row] }
}

const INCIDENT: Record<string, 'opened' | 'closed'> = { detected: 'opened', reported: 'opened', resolved: 'closed' }

function incidentRows({ predicate, id, at, content }: Told): DomainRows {
  const state = INCIDENT[predicate]
  if (state === undefined) return {}
  const environment = content.environment?.id ?? null
  const { version, revision } = artifactOf(content.artifactId)
  const row = rowOf(incidentState, {
    id,
    state,
    at,
    service: content.service?.id,
    environment: environment === null ? null : tierOf(environment),
    environment_name: environment,
    title: content.description,
    url: content.ticketURI,
    // The artifact of a resolution is the one that mended it.
    revision: state === 'opened' ? (revision ?? version) : null,
  })
  return { incident_states: [row] }
}

const OUTCOME: Record<string, Deployment['outcome']> = {
  success: 'success',
  failure: 'failure',
  fail: 'failure',
  error: 'failure',
  cancel: 'cancelled',
}

/** What a run has come to, and the one moment of it that its event tells. */
function runOf({ predicate, at, content }: Told) {
  const finished = predicate === 'finished'
  return {
    outcome: finished ? (OUTCOME[content.outcome?.toLowerCase() ?? ''] ?? 'unknown') : ('running' as const),
    queued_at: predicate === 'queued' ? at : null,
    started_at: predicate === 'started' ? at : null,
    finished_at: finished ? at : null,
    url: content.uri ?? content.url,
  }
}

const isRun = ({ predicate }: Told) => ['queued', 'started', 'finished'].includes(predicate)

function buildRows(told: Told, kind: string): DomainRows {
  if (!isRun(told)) return {}
  const { content, id, at } = told
  const run = runOf(told)
  // A build says what it made and not how it went: one that made an artifact succeeded.
  const made = kind === 'build' && told.predicate === 'finished' && content.artifactId !== null
  const row = rowOf(build, {
    id,
    workflow: content.pipelineName ?? kind,
    at,
    ...run,
    outcome: made ? 'success' : run.outcome,
    revision: artifactOf(content.artifactId).revision,
    attempt: 1,
  })
  return { builds: [row] }
}

function taskRows(told: Told): DomainRows {
  const run = told.content.pipelineRun
  if (!isRun(told) || run?.id === null || run?.id === undefined) return {}
  const source = run.source ?? told.id.slice(0, -told.subject.length - 1)
  const row = rowOf(job, {
    id: told.subject,
    build_id: `${source}#${run.id}`,
    name: told.content.taskName ?? told.subject,
    ...runOf(told),
    attempt: 1,
  })
  return { jobs: [row] }
}

function testRows(told: Told): DomainRows {
  if (!isRun(told)) return {}
  const run = runOf(told)
  const row = rowOf(check, {
    id: told.id,
    kind: 'tests',
    name: told.content.testSuite?.name ?? told.content.testSuite?.id ?? told.subject,
    at: told.at,
    outcome: run.outcome,
    started_at: run.started_at,
    url: run.url,
  })
  return { checks: [row] }
}

const CHANGE_STATE: Record<string, string> = { created: 'open', merged: 'merged', abandoned: 'closed' }

function changeRows({ predicate, id, at, content, raw }: Told): DomainRows {
  const state = CHANGE_STATE[predicate]
  if (state === undefined) return {}
  const row = rowOf(transition, {
    id: raw.id,
    subject_type: 'change',
    subject_id: id,
    repository: content.repository?.id,
    at,
    field: 'state',
    to_value: state,
  })
  return { transitions: [row] }
}

function ticketRows({ predicate, subject, id, at, content, raw }: Told): DomainRows {
  if (predicate !== 'created' && predicate !== 'closed') return {}
  const closed = predicate === 'closed'
  const row = rowOf(transition, {
    id: raw.id,
    subject_type: 'work_item',
    subject_id: subject,
    at,
    field: 'status',
    to_value: closed ? (content.resolution ?? 'closed') : 'created',
    to_category: closed ? 'done' : 'todo',
    actor: closed ? content.updatedBy : content.creator,
  })
  if (content.ticketType?.toLowerCase() !== 'incident') return { transitions: [row] }
  const incident = rowOf(incidentState, {
    id,
    state: closed ? 'closed' : 'opened',
    at,
    severity: content.priority,
    title: content.summary,
    url: content.uri,
  })
  return { transitions: [row], incident_states: [incident] }
}

/** A repository's events, and whatever else there is: kept, and read as nothing. */
function otherRows({ predicate, subject, content }: Told, kind: string): DomainRows {
  if (kind !== 'repository' || (predicate !== 'created' && predicate !== 'modified')) return {}
  const id = content.name === null ? subject : content.owner === null ? content.name : `${content.owner}/${content.name}`
  return { repositories: [rowOf(repository, { id, title: content.name ?? id, url: content.viewUrl ?? content.uri, previous_names: [] })] }
}

export default defineConnector<Config>({
  title: 'CDEvents',
  docs,
  config,
  streams: {
    services: read(['deployments'], serviceRows),
    incidents: read(['incident_states'], incidentRows),
    builds: read(['builds'], buildRows),
    tasks: read(['jobs'], taskRows),
    test_suites: read(['checks'], testRows),
    changes: read(['transitions'], changeRows),
    tickets: read(['transitions', 'incident_states'], ticketRows),
    others: read(['repositories'], otherRows),
  },
})
