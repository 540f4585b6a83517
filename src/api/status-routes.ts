import { z } from '@hono/zod-openapi'
import { Gauge, Registry as Prometheus, collectDefaultMetrics } from 'prom-client'
import { SCORED } from '../measure/levels.ts'
import { measure } from '../measure/measure.ts'
import { windowOf } from '../measure/window.ts'
import { DEMO_SOURCE } from '../ingest/demo.ts'
import { statement } from '../store/statement.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const overview = statement({
  name: 'status.overview',
  sql: `SELECT
  (SELECT count() FROM all_raw WHERE org_id = {org:UUID} AND duplicate_of = 0 AND problem IS NULL) AS events,
  (SELECT arraySort(groupUniqArray(500)(toString(service))) FROM all_deployments WHERE org_id = {org:UUID}) AS services,
  (SELECT arraySort(groupUniqArray(toString(environment))) FROM all_deployments WHERE org_id = {org:UUID}) AS environments`,
  row: z.object({ events: z.coerce.number(), services: z.array(z.string()), environments: z.array(z.string()) }),
})
const sourceActivity = statement({
  name: 'status.sources',
  sql: `SELECT source AS name, any(connector) AS connector, max(received_at) AS last_at, count() AS items, countIf(problem IS NOT NULL) AS unread, countIf(problem IS NULL AND duplicate_of = 0) AS live
FROM all_raw WHERE org_id = {org:UUID} GROUP BY source ORDER BY source`,
  row: z.object({
    name: z.string(),
    connector: z.string(),
    last_at: z.string(),
    items: z.coerce.number(),
    unread: z.coerce.number(),
    live: z.coerce.number(),
  }),
})

const statusReply = z
  .object({
    version: z.string(),
    organization: z.object({ slug: z.string(), name: z.string(), time_zone: z.string() }),
    demo: z.boolean(),
    events: z.number().int(),
    services: z.array(z.string()),
    environments: z.array(z.string()),
    sources: z.array(
      z.object({
        name: z.string(),
        connector: z.string(),
        last_at: z.string().nullable(),
        items: z.number().int(),
        unread: z.number().int(),
      }),
    ),
    lag_seconds: z.number(),
    stores: z.array(z.string()),
  })
  .openapi('Status')

export function statusRoutes(services: Services): Route[] {
  const { access, analytics, organizations, semantic } = services
  const gauges = processGauges(services)
  return [
    route({
      method: 'get',
      path: '/v1/status',
      summary: 'What this server holds and how fresh it is',
      right: 'read',
      replies: { 200: { description: 'The status.', schema: statusReply } },
      async handle({ principal }) {
        const [[found], sources] = await Promise.all([
          analytics.read(overview, { org: principal.org }),
          analytics.read(sourceActivity, { org: principal.org }),
        ])
        const { slug, name, time_zone } = (await organizations.find(principal.org)) ?? access.home
        return {
          version: services.version,
          organization: { slug, name, time_zone },
          demo: sources.some((source) => source.name === DEMO_SOURCE && source.live > 0),
          events: found?.events ?? 0,
          services: found?.services ?? [],
          environments: found?.environments ?? [],
          sources,
          lag_seconds: services.lagSeconds(),
          stores: [semantic.describe, analytics.describe],
        }
      },
    }),
    route({
      method: 'get',
      path: '/healthz',
      summary: 'Alive',
      right: 'public',
      replies: { 200: { description: 'Alive.', schema: z.object({ status: z.literal('ok') }) } },
      handle: () => ({ status: 'ok' }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      summary: 'Ready, or the reasons why not',
      right: 'public',
      replies: {
        200: { description: 'Ready.', schema: z.object({ status: z.literal('ready'), reasons: z.array(z.string()) }) },
        503: {
          description: 'Not ready; events are taken as long as the journal takes them.',
          schema: z.object({ status: z.literal('not ready'), reasons: z.array(z.string()) }),
        },
      },
      async handle({ context }) {
        const reasons = await services.readiness()
        return context.json({ status: reasons.length === 0 ? 'ready' : 'not ready', reasons }, reasons.length === 0 ? 200 : 503)
      },
    }),
    route({
      method: 'get',
      path: '/v1/verify',
      summary: 'Walk the hash chain over the whole journal and the raw log, of every organization',
      right: 'superuser',
      replies: {
        200: {
          description: 'What was walked, and each problem.',
          schema: z.object({ records: z.number().int(), journal: z.object({ records: z.number().int() }), problems: z.array(z.string()) }),
        },
      },
      handle: () => services.verify(),
    }),
    route({
      method: 'get',
      path: '/metrics',
      summary: 'Prometheus figures',
      right: 'read',
      replies: { 200: { description: 'Text exposition format.', type: 'text/plain', schema: z.string() } },
      async handle({ principal, context }) {
        const [own, dora] = await Promise.all([gauges.text(), doraFigures(services, principal.org)])
        return context.text(`${own}${dora}`, 200, { 'content-type': gauges.type })
      },
    }),
  ]
}

/** Of this process, the same for every caller. */
function processGauges({ applier, journal }: Services) {
  const registry = new Prometheus()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const head = gauge('fairlead_journal_head', 'The last journal number that is on disk')
  const visible = gauge('fairlead_journal_visible', 'The last journal number that every read shows')
  const pending = gauge('fairlead_journal_pending_bytes', 'Bytes that wait for the analytics store')
  const quarantined = gauge('fairlead_quarantined_items', 'Items that the analytics store refused since the start')
  return {
    type: registry.contentType,
    text() {
      const stats = journal.stats()
      head.set(stats.head)
      visible.set(applier.stats().visible)
      pending.set(stats.pendingBytes)
      quarantined.set(applier.stats().quarantined)
      return registry.metrics()
    },
  }
}

/** Of the caller's organization, in a registry of its own: two organizations that ask at once must not see each other's figures. */
async function doraFigures({ analytics, registry: plugins, clock, organizations }: Services, org: string): Promise<string> {
  const registry = new Prometheus()
  const window = windowOf({ days: 7, tz: await organizations.timeZoneOf(org) }, clock.now())
  for (const id of [...SCORED, 'time_to_restore']) {
    const metric = plugins.metrics.get(id)
    const help = `${metric?.title ?? id} of the last 7 days; absent while it is not known`
    const gauge = new Gauge({ name: `dora_${id}`, help, registers: [registry] })
    gauge.remove()
    if (metric === undefined) continue
    const { value } = await measure(analytics, org, id, metric, { window, environment: 'production' })
    if (value !== null) gauge.set(value)
  }
  return registry.metrics()
}
