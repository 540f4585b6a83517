import { z } from '@hono/zod-openapi'
import { EVENT_KINDS, eventInput } from '../../domain/event.ts'
import { AppError } from '../errors.ts'
import { acceptEvents, EVENTS_SOURCE } from '../ingest/door.ts'
import { keptHeaders } from '../ingest/kept-headers.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { statement } from '../store/statement.ts'
import { bodyOf } from './body.ts'
import { notFound } from './problem.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const itemError = z.object({ index: z.number().int(), reasons: z.array(z.string()) })
const postReply = z.object({ accepted: z.number().int(), rejected: z.array(itemError).optional() })
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1')

const logRow = z.object({
  seq: z.coerce.number(),
  id: z.string(),
  payload: z.string(),
  received_at: z.string(),
  happened_at: z.string().nullable(),
})

const eventReply = z
  .looseObject({
    seq: z.number().int(),
    id: z.string(),
    kind: z.enum(EVENT_KINDS),
    service: z.string(),
    occurred_at: z.string(),
    received_at: z.string(),
  })
  .openapi('Event')

const rawItem = statement({
  name: 'raw.item',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL WHERE org_id = {org:UUID} AND seq = {seq:UInt64}`,
  row: rawLogRow,
})
const rawReply = rawLogRow
  .omit({ org: true, chain: true, duplicate_of: true })
  .extend({ id: z.string(), seq: z.number(), external_id: z.string() })
  .openapi('Raw')

/** The versions of an imported row are ordered by their arrival, so the item itself is not dated. */
const HAPPENED_AT = "coalesce(at, parseDateTime64BestEffortOrNull(JSONExtractString(payload, 'occurred_at'), 3, 'UTC'))"

/** How long `?wait=visible` waits. The events are on disk long before. */
const WAIT_MS = 30_000

export function eventRoutes(services: Services): Route[] {
  const { journal, applier, analytics, clock } = services
  return [
    route({
      method: 'post',
      path: '/v1/events',
      summary: 'Send one event, an array, or NDJSON; answered after the events are on disk',
      right: 'ingest',
      query: z
        .object({
          partial: flag.optional().openapi({ description: 'Store the valid events of a batch and name the others.' }),
          wait: z.enum(['visible']).optional().openapi({ description: 'Answer 200 once every read shows the events.' }),
        })
        .strict(),
      rawBody: { 'application/json': z.union([eventInput, z.array(eventInput)]), 'application/x-ndjson': z.string() },
      replies: {
        200: { description: 'Visible in every read (`wait=visible`).', schema: postReply.extend({ duplicates: z.number().int() }) },
        202: { description: 'On disk; visible within 2 seconds.', schema: postReply },
      },
      async handle({ query, principal, request, context }) {
        requireJson(request.headers.get('content-type'))
        const body = await bodyOf(request)
        const result = await acceptEvents(
          { journal, clock },
          {
            org: principal.org,
            body,
            partial: query.partial ?? false,
            idempotencyKey: request.headers.get('idempotency-key'),
            headers: keptHeaders(request.headers, KEPT),
          },
        )
        const { accepted, rejected, first, last } = result
        const reply = { accepted, ...(rejected.length > 0 ? { rejected } : {}) }
        if (query.wait !== 'visible') return context.json(reply, 202)
        const { duplicates } = last === 0 ? { duplicates: 0 } : await visible(first, last)
        return { ...reply, duplicates }
      },
    }),
    route({
      method: 'get',
      path: '/v1/events',
      summary: 'The append-only log of events, sent or imported, in the order of their receipt',
      right: 'read',
      query: z
        .object({
          kind: z.enum(EVENT_KINDS).optional(),
          service: z.string().min(1).max(200).optional(),
          environment: z.string().min(1).max(100).optional(),
          from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'By the time at which they occurred.' }),
          to: z.iso.datetime({ offset: true }).optional(),
          after: z.coerce.number().int().nonnegative().optional().openapi({ description: '`next` of the page before.' }),
          limit: z.coerce.number().int().min(1).max(10_000).default(100),
        })
        .strict(),
      replies: {
        200: { description: 'A page of the log.', schema: z.object({ items: z.array(eventReply), next: z.string().nullable() }) },
      },
      async handle({ query, principal }) {
        const { kind, service, environment, from, to, after, limit } = query
        const log = statement({
          name: 'events.log',
          sql: `SELECT seq, id, payload, received_at, ${HAPPENED_AT} AS happened_at FROM all_raw FINAL
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND (source = {source:String} OR connector = 'event-table') AND stream = 'events' AND duplicate_of = 0 AND problem IS NULL
  ${kind === undefined ? '' : "AND JSONExtractString(payload, 'kind') = {kind:String}"}
  ${service === undefined ? '' : "AND JSONExtractString(payload, 'service') = {service:String}"}
  ${environment === undefined ? '' : "AND if(JSONHas(payload, 'environment'), JSONExtractString(payload, 'environment'), 'prod') = {environment:String}"}
  ${from === undefined ? '' : 'AND happened_at >= {from:DateTime64(3)}'} ${to === undefined ? '' : 'AND happened_at < {to:DateTime64(3)}'}
ORDER BY seq LIMIT {limit:UInt32}`,
          row: logRow,
        })
        const rows = await analytics.read(log, {
          org: principal.org,
          source: EVENTS_SOURCE,
          after: after ?? 0,
          limit: limit + 1,
          ...(kind === undefined ? {} : { kind }),
          ...(service === undefined ? {} : { service }),
          ...(environment === undefined ? {} : { environment }),
          ...(from === undefined ? {} : { from: new Date(from).toISOString() }),
          ...(to === undefined ? {} : { to: new Date(to).toISOString() }),
        })
        const shown = rows.slice(0, limit)
        return {
          items: shown.map(({ seq, id, payload, received_at, happened_at }) => ({
            environment: 'prod',
            succeeded: true,
            ...(JSON.parse(payload) as object),
            seq,
            id,
            occurred_at: happened_at ?? received_at,
            received_at,
          })),
          next: rows.length > limit ? String(shown.at(-1)?.seq) : null,
        }
      },
    }),
    route({
      method: 'get',
      path: '/v1/raw/{id}',
      summary: 'One raw item, as it came: what stands behind a sample',
      right: 'read',
      params: z.object({ id: z.string().regex(/^\d{1,15}$/) }),
      replies: {
        200: {
          description: 'The item.',
          schema: rawReply,
        },
      },
      async handle({ params, principal }) {
        const [item] = await analytics.read(rawItem, { org: principal.org, seq: params.id })
        if (item === undefined) throw notFound(`raw item ${params.id}`, 'Take the id from `raw_id` of a sample.')
        const { id, seq, org: _org, chain: _chain, duplicate_of: _duplicate, ...rest } = item
        return { id: String(seq), seq, external_id: id, ...rest }
      },
    }),
  ]

  async function visible(first: number, last: number): Promise<{ duplicates: number }> {
    try {
      return await applier.visible(first, last, AbortSignal.timeout(WAIT_MS))
    } catch (cause) {
      throw new AppError('store-unavailable', 'The events are on disk, but the analytics store does not show them yet.', {
        help: 'Do not send them again; they appear when the store is back.',
        cause,
      })
    }
  }
}

const JSON_TYPES = new Set([
  'application/json',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-seq',
])

function requireJson(type: string | null): void {
  const media = type?.split(';', 1)[0]?.trim().toLowerCase()
  if (media === undefined || !JSON_TYPES.has(media)) {
    throw new AppError('unsupported-media', `The content type ${type === null ? 'is missing' : `is ${media}`}.`, {
      help: "Send `Content-Type: application/json` (with curl: -H 'content-type: application/json').",
    })
  }
}

const KEPT = ['user-agent', 'content-type', 'idempotency-key', 'x-request-id']
