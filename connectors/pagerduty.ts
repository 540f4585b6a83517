import { z } from 'zod'
import { rowOf } from '../domain/entity.ts'
import { incidentState, incidentStates } from '../domain/incident-state.ts'
import { incidentEnvironment, placeOf, serviceRules } from '../domain/service-rule.ts'
import type { DomainRows } from '../domain/tables.ts'
import {
  baseOf,
  defineConnector,
  defineStream,
  pulled,
  secret,
  utc,
  webhookSecrets,
  type Answer,
  type Ask,
  type Check,
  type Delivery,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { walkLists, type ListPage } from '../src/paging.ts'
import { isSigned } from '../src/signature.ts'

const docs = `Reads the incidents of a PagerDuty account: when each was triggered, first acknowledged and resolved. One that is reopened is open again.

**Token.** A REST API key (Integrations → API Access Keys), read-only is enough. An account in the EU region has the address \`https://api.eu.pagerduty.com\`.

**Service.** Incidents are laid to deployments by the name of the service. Where PagerDuty's service is called otherwise than what is deployed, say so in \`services\`; patterns are tried on its name, then on its id.

**Severity.** The priority of the incident (\`P1\`), where the account has priorities; else its urgency.

**What is asked.** The first pull lists all incidents by the time of their creation. Since PagerDuty cannot be asked which incidents changed, later pulls read the log of the account and take the incidents that it names. The log is asked once more for each incident that was acknowledged, since an incident keeps no word of it once it is resolved.`

const config = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .default('https://api.pagerduty.com')
    .describe('Address of the REST API'),
  token: secret()
    .optional()
    .describe('REST API key; read-only is enough. Without one nothing is pulled, and incidents come by webhook only'),
  services: serviceRules(),
  environment: incidentEnvironment(),
  urgencies: z
    .array(z.enum(['high', 'low']))
    .min(1)
    .optional()
    .describe('Count only incidents of these urgencies; default: all'),
  webhook_secrets: webhookSecrets(),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const moment = z.iso.datetime({ offset: true })

const incidentPayload = z.object({
  id: z.string().min(1),
  title: z.string().nullish(),
  status: z.string(),
  urgency: z.string().nullish(),
  priority: z.object({ summary: z.string().nullish(), name: z.string().nullish() }).nullish(),
  created_at: moment,
  updated_at: moment.nullish(),
  last_status_change_at: moment.nullish(),
  resolved_at: moment.nullish(),
  /** Gone when the service was deleted. */
  service: z.object({ id: z.string(), summary: z.string().nullish() }).nullish(),
  html_url: z.string().nullish(),
})
type Incident = z.output<typeof incidentPayload>

/** A webhook (V3) holds the incident as it stands, and when the event was; it has no `updated_at`. */
const deliveryPayload = z.object({
  event: z.object({ event_type: z.string(), occurred_at: moment, data: incidentPayload }),
})

const incidentsPayload = z.union([deliveryPayload, incidentPayload])
type IncidentsPayload = z.output<typeof incidentsPayload>

const acknowledgementsPayload = z.union([deliveryPayload, z.object({ incident: incidentPayload, acknowledged_at: z.array(moment).min(1) })])
type AcknowledgementsPayload = z.output<typeof acknowledgementsPayload>

// ---------------------------------------------------------------- rows

/** PagerDuty's API tells whole seconds, its webhooks milliseconds: of the same moment. */
function second(at: string): string {
  return `${utc(at).slice(0, 19)}.000Z`
}

function about(incident: Incident, config: Config) {
  const name = incident.service?.summary ?? incident.service?.id ?? null
  return {
    id: incident.id,
    ...placeOf(config.services, [incident.service?.summary, incident.service?.id], { service: name, environment: config.environment }),
    severity: incident.priority?.summary ?? incident.priority?.name ?? incident.urgency,
    title: incident.title,
    url: incident.html_url,
  }
}

function isCounted({ urgency }: Incident, { urgencies }: Config): boolean {
  return urgencies === undefined || urgencies.some((one) => one === urgency)
}

function incidentRows(payload: IncidentsPayload, config: Config): DomainRows {
  const incident = 'event' in payload ? payload.event.data : payload
  if (!isCounted(incident, config)) return {}
  const told = incident.resolved_at ?? ('event' in payload ? payload.event.occurred_at : incident.last_status_change_at)
  const closed = incident.status === 'resolved' && told ? second(told) : null
  return { incident_states: incidentStates(about(incident, config), second(incident.created_at), closed) }
}

/** The first acknowledgement is the one that tells how long nobody looked. */
function acknowledgementRows(payload: AcknowledgementsPayload, config: Config): DomainRows {
  const { incident, times } =
    'event' in payload
      ? { incident: payload.event.data, times: [payload.event.occurred_at] }
      : { incident: payload.incident, times: payload.acknowledged_at }
  if (!isCounted(incident, config)) return {}
  const first = times.map(utc).sort()[0] as string
  return { incident_states: [rowOf(incidentState, { ...about(incident, config), state: 'acknowledged', at: second(first) })] }
}

// ---------------------------------------------------------------- asking

const DAY_MS = 86_400_000
/** A request may span six months of creation; the log is denser. */
const WINDOW_MS = { created: 150 * DAY_MS, changed: 30 * DAY_MS }
const PER_PAGE = 100
/** PagerDuty refuses what lies beyond: a window that holds more is halved. */
const OFFSET_LIMIT = 10_000

/** An incident as the API gives it, with all that it holds; only what tells its version is looked at. */
const givenIncident = z.looseObject({
  id: z.string().min(1),
  status: z.string(),
  created_at: moment,
  updated_at: moment.nullish(),
  last_status_change_at: moment.nullish(),
})
type GivenIncident = z.output<typeof givenIncident>

const listed = z.object({ more: z.boolean().nullish(), incidents: z.array(givenIncident) })
const logged = z.object({
  more: z.boolean().nullish(),
  log_entries: z.array(z.object({ type: z.string(), created_at: moment, incident: z.unknown().optional() })),
})

const place = z.object({ by: z.enum(['created', 'changed']), from: moment, to: moment, offset: z.number().int() })
type Place = z.output<typeof place>

function itemOf(incident: GivenIncident): Pulled {
  return pulled(incident.id, incident.updated_at ?? incident.last_status_change_at ?? incident.created_at, incident)
}

/** When the account's first incident was; null when there is none. */
async function firstCreated({ http }: Ask<Config>): Promise<string | null> {
  const { body } = await http.get('/incidents', { query: { date_range: 'all', sort_by: 'created_at:asc', limit: 1 } })
  return listed.parse(body).incidents[0]?.created_at ?? null
}

/** Walks windows of time, oldest first, and the pages of each; a window that is too full is halved and read again. */
async function walkWindows(
  ask: Ask<Config>,
  range: { readonly since: string | null; readonly until: string | null },
  token: string | null,
  by: Place['by'],
  read: (at: Place) => Promise<{ items: Pulled[]; more: boolean }>,
): Promise<ListPage> {
  const end = Date.parse(range.until ?? ask.begun)
  const windowFrom = (from: number): Place => {
    const to = new Date(Math.min(from + WINDOW_MS[by], end)).toISOString()
    return { by, from: new Date(from).toISOString(), to, offset: 0 }
  }
  let at: Place
  if (token === null) {
    const start = range.since ?? (await firstCreated(ask))
    if (start === null || Date.parse(start) >= end) return { items: [], next: null }
    at = windowFrom(Date.parse(start))
  } else at = place.parse(JSON.parse(token))

  const { items, more } = await read(at)
  const [from, to] = [Date.parse(at.from), Date.parse(at.to)]
  let next: Place | null
  if (more && at.offset + 2 * PER_PAGE <= OFFSET_LIMIT) next = { ...at, offset: at.offset + PER_PAGE }
  // Nothing can be told apart within a second.
  else if (more && to - from > 1_000) next = { ...at, to: new Date(Math.floor((from + to) / 2)).toISOString(), offset: 0 }
  else next = to < end ? windowFrom(to) : null
  return { items, next: next === null ? null : JSON.stringify(next) }
}

/** With all that happened (a change of priority is no part of the overview), or only with what matters most, which is a tenth of it. */
async function readLog({ http }: Ask<Config>, at: Place, which: 'all' | 'overview') {
  const is_overview = which === 'overview' ? true : undefined
  const query = { since: at.from, until: at.to, is_overview, 'include[]': 'incidents', limit: PER_PAGE, offset: at.offset }
  const { log_entries, more } = logged.parse((await http.get('/log_entries', { query })).body)
  return { entries: log_entries, more: more === true }
}

function pullIncidents(ask: Ask<Config>): AsyncGenerator<Page> {
  const byCreation = async (at: Place) => {
    const query = { since: at.from, until: at.to, sort_by: 'created_at:asc', limit: PER_PAGE, offset: at.offset }
    const { incidents, more } = listed.parse((await ask.http.get('/incidents', { query })).body)
    return { items: incidents.map(itemOf), more: more === true }
  }
  const byChange = async (at: Place) => {
    const { entries, more } = await readLog(ask, at, 'all')
    const incidents = new Map(entries.flatMap(({ incident }) => asIncident(incident)).map((incident) => [incident.id, incident]))
    return { items: [...incidents.values()].map(itemOf), more }
  }
  return walkLists(ask, 'incidents', [
    {
      key: 'account',
      page: (range, token) => {
        const by = range.since === null ? 'created' : 'changed'
        return walkWindows(ask, range, token, by, by === 'created' ? byCreation : byChange)
      },
    },
  ])
}

/** The incident that a log entry includes; none where it is only referred to, because the token may not see it. */
function asIncident(included: unknown): GivenIncident[] {
  const read = givenIncident.safeParse(included)
  return read.success ? [read.data] : []
}

const ACKNOWLEDGED = 'acknowledge_log_entry'

function pullAcknowledgements(ask: Ask<Config>): AsyncGenerator<Page> {
  const read = async (at: Place) => {
    const { entries, more } = await readLog(ask, at, 'overview')
    const acknowledged = entries.filter(({ type }) => type === ACKNOWLEDGED).flatMap(({ incident }) => asIncident(incident))
    const items: Pulled[] = []
    for (const incident of new Map(acknowledged.map((one) => [one.id, one])).values()) {
      const times = await acknowledgedAt(ask, incident.id)
      if (times.length > 0) items.push(pulled(incident.id, times.at(-1) as string, { incident, acknowledged_at: times }))
    }
    return { items, more }
  }
  return walkLists(ask, 'acknowledgements', [{ key: 'account', page: (range, token) => walkWindows(ask, range, token, 'changed', read) }])
}

/** Oldest first. */
async function acknowledgedAt({ http }: Ask<Config>, incident: string): Promise<string[]> {
  const times: string[] = []
  for (let offset = 0, more = true; more && offset + PER_PAGE <= OFFSET_LIMIT; offset += PER_PAGE) {
    const query = { is_overview: true, limit: PER_PAGE, offset }
    const { status, body } = await http.get(`/incidents/${encodeURIComponent(incident)}/log_entries`, { query, allow: [404] })
    if (status === 404) return []
    const page = logged.parse(body)
    for (const { type, created_at } of page.log_entries) if (type === ACKNOWLEDGED) times.push(utc(created_at))
    more = page.more === true
  }
  return times.sort()
}

// ---------------------------------------------------------------- the hook

const envelope = z.object({ event: z.object({ event_type: z.string(), data: z.object({ type: z.unknown().optional() }).nullish() }) })
const incidentEvent = z.object({ event: z.object({ occurred_at: moment, data: z.object({ id: z.string().min(1), status: z.string() }) }) })

/** `v1=<hex>,v1=<hex>`: one for each secret that is valid while it is changed. */
function verify({ webhook_secrets }: Config, headers: Headers, body: Uint8Array): boolean {
  let good = false
  for (const part of (headers.get('x-pagerduty-signature') ?? '').split(',').slice(0, 10)) {
    const found = /^v1=(.+)$/.exec(part.trim())
    if (found !== null) good = isSigned(webhook_secrets, body, found[1]) || good
  }
  return good
}

function read(_headers: Headers, body: unknown): Delivery | null {
  const { event_type, data: told } = envelope.parse(body).event
  // Notes, status updates and responders carry something else; `pagey.ping` is a trial.
  if (!event_type.startsWith('incident.') || told?.type !== 'incident') return null
  const { occurred_at, data } = incidentEvent.parse(body).event
  if (event_type === 'incident.acknowledged')
    return { item: { stream: 'acknowledgements', id: data.id, at: second(occurred_at) }, pull: ['acknowledgements'] }
  // What happens to an incident after it is resolved does not say when it was.
  if (data.status === 'resolved' && event_type !== 'incident.resolved') return { item: null, pull: ['incidents'] }
  return { item: { stream: 'incidents', id: data.id, at: utc(occurred_at) } }
}

// ---------------------------------------------------------------- check

async function check(ask: Ask<Config>): Promise<Check> {
  const asked = (path: string) => ask.http.get(path, { query: { limit: 1 }, allow: [401, 402, 403, 404] })
  const incidents = await asked('/incidents')
  if (incidents.status === 401)
    return {
      ok: false,
      missing: ['The token is not valid: make a REST API key under Integrations → API Access Keys, and mind the region of the address.'],
    }
  const missing = [
    ...refused(incidents, 'incidents', 'the incidents'),
    ...refused(await asked('/log_entries'), 'log entries', 'what changed'),
  ]
  return { ok: missing.length === 0, missing }
}

function refused({ status }: Answer, what: string, use: string): string[] {
  return status < 300
    ? []
    : [
        `The token may not read ${what}, without which ${use} cannot be pulled: use a REST API key of an account administrator, read-only is enough.`,
      ]
}

export default defineConnector<Config>({
  title: 'PagerDuty',
  docs,
  config,
  canPull: ({ token }) => token !== undefined,
  api: ({ url, token }) => ({
    base: baseOf({ url }),
    headers: {
      ...(token === undefined ? {} : { authorization: `Token token=${token.reveal()}` }),
      accept: 'application/vnd.pagerduty+json;version=2',
    },
  }),
  streams: {
    incidents: defineStream<Config, IncidentsPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: incidentsPayload,
      pull: pullIncidents,
      rows: (payload, _raw, config) => incidentRows(payload, config),
    }),
    acknowledgements: defineStream<Config, AcknowledgementsPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: acknowledgementsPayload,
      pull: pullAcknowledgements,
      rows: (payload, _raw, config) => acknowledgementRows(payload, config),
    }),
  },
  hook: {
    proof: 'signature',
    docs: 'Under Integrations → Generic Webhooks (v3), add a webhook for the account with the address `{url}` and all events whose names begin with `incident.`. PagerDuty shows its secret once: put it in `webhook_secrets`.',
    headers: ['x-webhook-id', 'x-webhook-subscription'],
    verify,
    read,
  },
  check,
})
