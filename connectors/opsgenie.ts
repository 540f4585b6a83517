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
  type Ask,
  type Check,
  type Delivery,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { walkLists, type ListPage, type Range } from '../src/paging.ts'
import { isSecret, sentSecret } from '../src/signature.ts'

const docs = `Reads what Opsgenie was told of: its alerts, or its incidents, or both.

**Key.** The key of an API integration with the access rights Read and Configuration Access (the latter for the names of services). An account in the EU has the address \`https://api.eu.opsgenie.com\`.

**What counts.** \`count\` says whether alerts or incidents are incidents here. An Opsgenie incident raises alerts of its own, so counting both counts it twice. With alerts, say in \`priorities\` or \`tags\` which of them mean that users had trouble.

**Service.** An incident names its services. An alert has none: a tag such as \`service:checkout\` names it, or a rule in \`services\`, whose patterns are tried on each tag and then on the alias.

**Times.** Those of an alert come from its report. An incident tells no time of its resolution: the end of its impact stands for it or, where nobody said that, its last change.

Opsgenie is at the end of its life; what it has is worth pulling before it is switched off.`

const PRIORITIES = ['P1', 'P2', 'P3', 'P4', 'P5'] as const
const KINDS = ['alerts', 'incidents'] as const

const config = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .default('https://api.opsgenie.com')
    .describe('Address of the API'),
  token: secret()
    .optional()
    .describe('Key of an API integration that may read. Without one nothing is pulled, and alerts come by webhook only'),
  count: z.array(z.enum(KINDS)).min(1).default(['alerts']).describe('Whether alerts or incidents of Opsgenie are incidents here'),
  priorities: z.array(z.enum(PRIORITIES)).min(1).optional().describe('Count only those of these priorities; default: all'),
  tags: z.array(z.string().min(1)).min(1).optional().describe('Count only those with one of these tags; default: all'),
  services: serviceRules(),
  environment: incidentEnvironment(),
  webhook_secrets: webhookSecrets(),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const moment = z.iso.datetime({ offset: true })

/** Milliseconds, of at most thirty years. */
const span = z.number().min(0).max(1e12)

const alertPayload = z.object({
  id: z.string().min(1),
  message: z.string().nullish(),
  alias: z.string().nullish(),
  status: z.string(),
  priority: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  createdAt: moment,
  updatedAt: moment,
  /** Milliseconds since the alert was created. */
  report: z.object({ ackTime: span.nullish(), closeTime: span.nullish() }).nullish(),
})
type Alert = z.output<typeof alertPayload>

const epoch = z.number().min(0).max(8.64e15)

/** A webhook tells `createdAt` in milliseconds and `updatedAt` in nanoseconds, and of the alert neither status nor report. */
const deliveryPayload = z.object({
  action: z.string(),
  alert: z.object({
    alertId: z.string().min(1),
    message: z.string().nullish(),
    alias: z.string().nullish(),
    priority: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    createdAt: epoch,
    updatedAt: z.number().min(0).max(8.64e21),
  }),
})
type AlertDelivery = z.output<typeof deliveryPayload>

const alertsPayload = z.union([deliveryPayload, alertPayload])
type AlertsPayload = z.output<typeof alertsPayload>

const incidentPayload = z.object({
  incident: z.object({
    id: z.string().min(1),
    message: z.string().nullish(),
    status: z.string(),
    priority: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    createdAt: moment,
    updatedAt: moment,
    impactStartDate: moment.nullish(),
    impactEndDate: moment.nullish(),
    impactedServices: z.array(z.string()).nullish(),
    links: z.object({ web: z.string().nullish() }).nullish(),
  }),
  /** Names of the services that it names by id. */
  services: z.record(z.string(), z.string()),
})
type IncidentPayload = z.output<typeof incidentPayload>

// ---------------------------------------------------------------- rows

/** An alert with the times that are known of it. */
interface Told {
  readonly id: string
  readonly message: string | null | undefined
  readonly alias: string | null | undefined
  readonly priority: string | null | undefined
  readonly tags: readonly string[]
  readonly opened: string
  readonly acknowledged: string | null
  readonly closed: string | null
}

function later(from: string, milliseconds: number): string {
  return new Date(Date.parse(from) + milliseconds).toISOString()
}

function toldOf(payload: AlertsPayload): Told {
  if ('alert' in payload) {
    const { alert, action } = payload
    const at = updatedAt(payload)
    return {
      id: alert.alertId,
      message: alert.message,
      alias: alert.alias,
      priority: alert.priority,
      tags: alert.tags ?? [],
      opened: new Date(alert.createdAt).toISOString(),
      acknowledged: action === 'Acknowledge' ? at : null,
      closed: action === 'Close' ? at : null,
    }
  }
  return {
    id: payload.id,
    message: payload.message,
    alias: payload.alias,
    priority: payload.priority,
    tags: payload.tags ?? [],
    opened: utc(payload.createdAt),
    acknowledged: acknowledgedAt(payload),
    closed: payload.status === 'closed' ? closedAt(payload) : null,
  }
}

function updatedAt({ alert }: AlertDelivery): string {
  return new Date(Math.floor(alert.updatedAt / 1e6 + 0.001)).toISOString()
}

function acknowledgedAt({ createdAt, report }: Alert): string | null {
  return report?.ackTime ? later(createdAt, report.ackTime) : null
}

function closedAt({ createdAt, updatedAt, report }: Alert): string {
  return report?.closeTime ? later(createdAt, report.closeTime) : utc(updatedAt)
}

function isCounted(kind: (typeof KINDS)[number], priority: string | null | undefined, tags: readonly string[], config: Config): boolean {
  return (
    config.count.includes(kind) &&
    (config.priorities === undefined || config.priorities.some((one) => one === priority)) &&
    (config.tags === undefined || config.tags.some((tag) => tags.includes(tag)))
  )
}

function about(told: Told, config: Config) {
  const tagged = told.tags.flatMap((tag) => /^service[:=]\s*(.+)$/i.exec(tag)?.[1] ?? [])[0] ?? null
  return {
    id: told.id,
    ...placeOf(config.services, [...told.tags, told.alias], { service: tagged, environment: config.environment }),
    severity: told.priority,
    title: told.message,
    // The pages for people are beside the API: api.eu.opsgenie.com and app.eu.opsgenie.com.
    url: config.url.includes('//api.')
      ? `${baseOf(config).replace('//api.', '//app.')}/alert/detail/${encodeURIComponent(told.id)}/details`
      : null,
  }
}

function alertRows(payload: AlertsPayload, config: Config): DomainRows {
  const told = toldOf(payload)
  const isGone = 'alert' in payload && payload.action === 'Delete'
  if (isGone || !isCounted('alerts', told.priority, told.tags, config)) return {}
  return { incident_states: incidentStates(about(told, config), told.opened, told.closed) }
}

function acknowledgementRows(payload: AlertsPayload, config: Config): DomainRows {
  const told = toldOf(payload)
  if (told.acknowledged === null || !isCounted('alerts', told.priority, told.tags, config)) return {}
  return { incident_states: [rowOf(incidentState, { ...about(told, config), state: 'acknowledged', at: told.acknowledged })] }
}

function incidentRows({ incident, services }: IncidentPayload, config: Config): DomainRows {
  if (!isCounted('incidents', incident.priority, incident.tags ?? [], config)) return {}
  const ids = incident.impactedServices ?? []
  const names = ids.map((id) => services[id] ?? id)
  const told = {
    id: incident.id,
    ...placeOf(config.services, [...names, ...ids, ...(incident.tags ?? [])], {
      service: names[0] ?? null,
      environment: config.environment,
    }),
    severity: incident.priority,
    title: incident.message,
    url: incident.links?.web,
  }
  const isOver = incident.status === 'resolved' || incident.status === 'closed'
  const closed = isOver ? utc(incident.impactEndDate ?? incident.updatedAt) : null
  return { incident_states: incidentStates(told, utc(incident.impactStartDate ?? incident.createdAt), closed) }
}

// ---------------------------------------------------------------- asking

const PER_PAGE = 100
const DAY_MS = 86_400_000
/** Opsgenie refuses what lies beyond; then the list begins again below the oldest that was seen. */
const OFFSET_LIMIT = 20_000

const given = z.looseObject({ id: z.string().min(1), createdAt: moment, updatedAt: moment })
type Given = z.output<typeof given>
const listed = z.object({ data: z.array(given), paging: z.object({ next: z.string().nullish() }).nullish() })

const place = z.object({ sort: z.enum(['createdAt', 'updatedAt']), before: z.number().nullable(), offset: z.number().int() })
type Place = z.output<typeof place>

/** One page, newest first. Alerts can be asked by their last change; incidents only by their creation, so they are all asked each time. */
async function readPage(
  ask: Ask<Config>,
  path: '/v2/alerts' | '/v1/incidents',
  range: Range,
  token: string | null,
  item: (one: Given) => Pulled | null,
): Promise<ListPage> {
  const first: Place =
    path === '/v2/alerts'
      ? { sort: range.since === null ? 'createdAt' : 'updatedAt', before: null, offset: 0 }
      : // A list of incidents must have a query.
        { sort: 'createdAt', before: Date.parse(ask.begun) + DAY_MS, offset: 0 }
  const at = token === null ? first : place.parse(JSON.parse(token))
  const query = {
    query: at.before === null ? undefined : `createdAt < ${at.before}`,
    sort: at.sort,
    order: 'desc',
    limit: PER_PAGE,
    offset: at.offset,
  }
  const { status, body } = await ask.http.get(path, { query, allow: path === '/v1/incidents' ? [402, 403, 404] : [] })
  // Incidents are not part of every plan; `check` says so.
  if (status >= 300) return { items: [], next: null }
  const { data, paging } = listed.parse(body)
  const since = range.since === null ? Number.NEGATIVE_INFINITY : Date.parse(range.since)
  const until = range.until === null ? Number.POSITIVE_INFINITY : Date.parse(range.until)
  const changed = data.filter((one) => Date.parse(one.updatedAt) >= since && Date.parse(one.updatedAt) <= until)
  const isPastSince = at.sort === 'updatedAt' && data.some((one) => Date.parse(one.updatedAt) < since)
  const next = paging?.next && data.length > 0 && !isPastSince ? placeAfter(at, data) : null
  return { items: changed.flatMap((one) => item(one) ?? []), next: next === null ? null : JSON.stringify(next) }
}

function placeAfter(at: Place, data: readonly Given[]): Place | null {
  if (at.offset + 2 * PER_PAGE <= OFFSET_LIMIT) return { ...at, offset: at.offset + PER_PAGE }
  // So many changes at once are all of them.
  if (at.sort === 'updatedAt') return { sort: 'createdAt', before: null, offset: 0 }
  // Others may have been created in the millisecond of the last one.
  const before = Math.min(...data.map((one) => Date.parse(one.createdAt))) + 1
  return before === at.before ? null : { ...at, before, offset: 0 }
}

function pullOf(what: string, path: '/v2/alerts' | '/v1/incidents', item: (one: Given) => Pulled | null) {
  return (ask: Ask<Config>): AsyncGenerator<Page> =>
    walkLists(ask, what, [{ key: 'account', page: (range, token) => readPage(ask, path, range, token, item) }])
}

function acknowledgementOf(one: Given): Pulled | null {
  const alert = alertPayload.safeParse(one).data
  const at = alert === undefined ? null : acknowledgedAt(alert)
  return at === null ? null : pulled(one.id, at, one)
}

async function* pullIncidents(ask: Ask<Config>): AsyncGenerator<Page> {
  if (!ask.config.count.includes('incidents')) return
  const services = await serviceNames(ask)
  const item = (incident: Given) => pulled(incident.id, incident.updatedAt, { incident, services })
  yield* pullOf('incidents', '/v1/incidents', item)(ask)
}

async function* onlyAlerts(ask: Ask<Config>, pull: (ask: Ask<Config>) => AsyncGenerator<Page>): AsyncGenerator<Page> {
  if (ask.config.count.includes('alerts')) yield* pull(ask)
}

const servicesPage = z.object({
  data: z.array(z.object({ id: z.string(), name: z.string() })),
  paging: z.object({ next: z.string().nullish() }).nullish(),
})

async function serviceNames({ http }: Ask<Config>): Promise<Record<string, string>> {
  const names: Record<string, string> = {}
  for (let offset = 0, more = true; more && offset < OFFSET_LIMIT; offset += PER_PAGE) {
    const { status, body } = await http.get('/v1/services', { query: { limit: PER_PAGE, offset }, allow: [402, 403, 404] })
    if (status >= 300) return names
    const page = servicesPage.parse(body)
    for (const { id, name } of page.data) names[id] = name
    more = Boolean(page.paging?.next) && page.data.length > 0
  }
  return names
}

// ---------------------------------------------------------------- the hook

/** What changes an alert in a way that the body does not tell in full. */
const NEWS = new Set(['UpdateMessage', 'UpdatePriority', 'AddTags', 'RemoveTags', 'UnAcknowledge'])

function read(_headers: Headers, body: unknown): Delivery | null {
  const { action } = z.object({ action: z.string() }).parse(body)
  if (NEWS.has(action)) return { item: null, pull: ['alerts', 'acknowledgements'] }
  if (action !== 'Create' && action !== 'Acknowledge' && action !== 'Close' && action !== 'Delete') return null
  const delivery = deliveryPayload.parse(body)
  const stream = action === 'Acknowledge' ? 'acknowledgements' : 'alerts'
  return { item: { stream, id: delivery.alert.alertId, at: updatedAt(delivery) } }
}

// ---------------------------------------------------------------- check

async function check({ http, config }: Ask<Config>): Promise<Check> {
  const asked = async (path: string) => (await http.get(path, { query: { limit: 1 }, allow: [401, 402, 403, 404, 422] })).status
  const path = config.count.includes('alerts') ? '/v2/alerts' : '/v1/incidents'
  const status = await asked(path)
  if (status === 401 || status === 422)
    return { ok: false, missing: ['The key is not valid: use the key of an API integration, and mind the region of the address.'] }
  const missing: string[] = []
  let ok = true
  const refuse = (sentence: string, isFatal: boolean) => {
    missing.push(sentence)
    if (isFatal) ok = false
  }
  if (status >= 300) refuse(`The key may not read ${path.slice(4)}: give its API integration the access right Read.`, true)
  if (config.count.includes('incidents')) {
    if (path !== '/v1/incidents' && (await asked('/v1/incidents')) >= 300)
      refuse('The key may not read incidents: give it the access right Read; the plan must have incidents, too.', false)
    if ((await asked('/v1/services')) >= 300)
      refuse('The key may not read services, so incidents have their ids for names: give it the access right Configuration Access.', false)
  }
  return { ok, missing }
}

export default defineConnector<Config>({
  title: 'Opsgenie',
  docs,
  config,
  canPull: ({ token }) => token !== undefined,
  api: (config) => ({
    base: baseOf(config),
    headers: config.token === undefined ? {} : { authorization: `GenieKey ${config.token.reveal()}` },
  }),
  streams: {
    alerts: defineStream<Config, AlertsPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: alertsPayload,
      pull: (ask) =>
        onlyAlerts(
          ask,
          pullOf('alerts', '/v2/alerts', (one) => pulled(one.id, one.updatedAt, one)),
        ),
      rows: (payload, _raw, config) => alertRows(payload, config),
    }),
    acknowledgements: defineStream<Config, AlertsPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: alertsPayload,
      pull: (ask) => onlyAlerts(ask, pullOf('acknowledgements', '/v2/alerts', acknowledgementOf)),
      rows: (payload, _raw, config) => acknowledgementRows(payload, config),
    }),
    incidents: defineStream<Config, IncidentPayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: incidentPayload,
      pull: pullIncidents,
      rows: (payload, _raw, config) => incidentRows(payload, config),
    }),
  },
  hook: {
    proof: 'token',
    docs: 'Opsgenie does not sign. Add an integration of the kind Webhook with the address `{url}` and a custom header `X-Fairlead-Token` that holds one of `webhook_secrets`; let it send the actions Create, Acknowledge, UnAcknowledge, Close, Delete and the updates of message, priority and tags.',
    headers: [],
    verify: ({ webhook_secrets }, headers) => isSecret(webhook_secrets, sentSecret(headers)),
    read,
  },
  check,
})
