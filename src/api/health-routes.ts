import { z } from '@hono/zod-openapi'
import { NAME_KINDS } from '../source/names.ts'
import { unknownSource } from '../source/sources.ts'
import { STATES, stateOf } from '../source/state.ts'
import { findGaps, gap } from '../measure/gaps.ts'
import { windowOf } from '../measure/window.ts'
import { statement } from '../store/statement.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const streamActivity = statement({
  name: 'health.streams',
  sql: `SELECT stream, count() AS items, countIf(duplicate_of != 0) AS repeated, countIf(problem IS NOT NULL AND NOT startsWith(problem, 'removed:')) AS unread, max(received_at) AS last_at
FROM all_raw WHERE org_id = {org:UUID} AND source = {source:String} GROUP BY stream ORDER BY stream`,
  row: z.object({
    stream: z.string(),
    items: z.coerce.number(),
    repeated: z.coerce.number(),
    unread: z.coerce.number(),
    last_at: z.string(),
  }),
})
const dailyActivity = statement({
  name: 'health.days',
  sql: `SELECT toString(toDate(coalesce(at, received_at), {tz:String})) AS day, stream, count() AS items FROM all_raw
WHERE org_id = {org:UUID} AND source = {source:String} AND duplicate_of = 0 AND coalesce(at, received_at) >= {from:DateTime64(3)} GROUP BY day, stream ORDER BY day, stream`,
  row: z.object({ day: z.string(), stream: z.string(), items: z.coerce.number() }),
})
const unreadItems = statement({
  name: 'health.unread',
  sql: `SELECT seq, stream, id, received_at, assumeNotNull(problem) AS reason FROM all_raw FINAL
WHERE org_id = {org:UUID} AND source = {source:String} AND problem IS NOT NULL AND NOT startsWith(problem, 'removed:') ORDER BY seq DESC LIMIT 50`,
  row: z.object({ seq: z.coerce.number(), stream: z.string(), id: z.string(), received_at: z.string(), reason: z.string() }),
})
const spans = statement({
  name: 'health.coverage',
  sql: 'SELECT table, from_at, to_at, open FROM all_coverage FINAL WHERE org_id = {org:UUID} AND source = {source:String} ORDER BY table',
  row: z.object({ table: z.string(), from_at: z.string(), to_at: z.string(), open: z.boolean() }),
})

const DAYS = 35
const healthReply = z.object({
  name: z.string(),
  state: z.enum(STATES),
  lag_seconds: z.number().nullable().openapi({ description: 'Since the last good pull began, or the last delivery came; null for never.' }),
  credentials: z
    .array(z.object({ field: z.string(), set_at: z.string(), set_by: z.string().nullable() }))
    .openapi({ description: 'Which are kept, since when, and who gave each. What they hold is told by nothing.' }),
  streams: z.array(z.object({ stream: z.string(), items: z.number(), repeated: z.number(), unread: z.number(), last_at: z.string() })),
  coverage: z.array(z.object({ table: z.string(), from_at: z.string(), to_at: z.string(), open: z.boolean() })),
  days: z.array(z.object({ day: z.string(), stream: z.string(), items: z.number() })),
  unread: z.array(z.object({ seq: z.number(), stream: z.string(), id: z.string(), received_at: z.string(), problem: z.string() })),
  quarantined: z.array(z.object({ seq: z.number(), stream: z.string(), id: z.string(), received_at: z.string(), reason: z.string() })),
})
export type HealthReply = z.infer<typeof healthReply>

export function healthRoutes(services: Services): Route[] {
  const { analytics, sources, clock, names } = services
  return [
    route({
      method: 'get',
      path: '/v1/sources/health',
      summary: 'How one source is: its streams, what it covered by day, what could not be read and why',
      right: 'read',
      query: z.object({ name: z.string().min(1).max(300) }).strict(),
      replies: {
        200: {
          description: 'The health of the source.',
          schema: healthReply,
        },
      },
      async handle({ principal, query }) {
        const { org } = principal
        const source = await sources.find(org, query.name)
        const params = { org, source: query.name }
        const from = new Date(clock.now() - DAYS * 86_400_000).toISOString()
        const [streams, coverage, days, unread, quarantined, credentials] = await Promise.all([
          analytics.read(streamActivity, params),
          analytics.read(spans, params),
          analytics.read(dailyActivity, { ...params, from, tz: await services.organizations.timeZoneOf(org) }),
          analytics.read(unreadItems, params),
          services.quarantine.of(org, query.name),
          source === null ? [] : sources.credentialsOf(org, source),
        ])
        if (source === null && streams.length === 0) throw unknownSource(query.name)
        const pulls = source !== null && (await sources.pulls(org, source))
        const last = [
          source?.last_success_at,
          source?.health.deliveries?.last_at,
          pulls
            ? null
            : streams
                .map((one) => one.last_at)
                .sort()
                .at(-1),
        ]
          .filter((one) => one !== null && one !== undefined)
          .sort()
          .at(-1)
        return {
          name: query.name,
          state: source === null ? 'pushed' : stateOf(source, pulls, clock.now()),
          lag_seconds: last === undefined ? null : Math.max(0, (clock.now() - Date.parse(last)) / 1000),
          credentials,
          streams,
          coverage,
          days,
          unread: unread.map(({ reason, ...one }) => ({ ...one, problem: reason })),
          quarantined,
        }
      },
    }),
    route({
      method: 'get',
      path: '/v1/gaps',
      summary: 'The data-gap report: what the figures of a window do not know, with examples and remedies',
      right: 'read',
      query: z
        .object({
          days: z.coerce.number().positive().max(36_600).default(28),
          offset: z.coerce.number().nonnegative().max(36_600).default(0),
          from: z.iso.datetime({ offset: true }).optional(),
          to: z.iso.datetime({ offset: true }).optional(),
        })
        .strict(),
      replies: {
        200: {
          description: 'Every gap that there is; none when the list is empty.',
          schema: z.object({
            window: z.object({ from: z.string(), to: z.string(), tz: z.string() }),
            items: z.array(gap),
            next: z.null(),
          }),
        },
      },
      async handle({ principal, query }) {
        const window = windowOf({ ...query, tz: await services.organizations.timeZoneOf(principal.org) }, clock.now())
        return { window, items: await findGaps(analytics, principal.org, window), next: null }
      },
    }),
    route({
      method: 'get',
      path: '/v1/names',
      summary: 'Names of environments and repositories that are read as another',
      right: 'read',
      replies: {
        200: {
          description: 'Every name.',
          schema: z.object({
            items: z.array(z.object({ kind: z.enum(NAME_KINDS), name: z.string(), canonical: z.string() })),
            next: z.null(),
          }),
        },
      },
      handle: async ({ principal }) => ({ items: await names.list(principal.org), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/names',
      summary:
        'Read a name as another: an environment as a tier, an old name of a repository as its present one. What is kept is read again.',
      right: 'admin',
      body: z
        .object({
          kind: z.enum(NAME_KINDS),
          name: z.string().min(1).max(300),
          canonical: z.string().min(1).max(300).nullable().openapi({ description: 'Null takes the name back.' }),
        })
        .strict(),
      replies: { 200: { description: 'Whether that changed anything.', schema: z.object({ changed: z.boolean() }) } },
      async handle({ principal, actor, body }) {
        const { kind, name, canonical } = body
        const audited = services.audit.by(actor)
        const change = () =>
          canonical === null ? names.remove(principal.org, kind, name, audited) : names.set(principal.org, kind, name, canonical, audited)
        return { changed: await services.reread.after(principal.org, null, change) }
      },
    }),
  ]
}
