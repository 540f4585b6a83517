import { z } from '@hono/zod-openapi'
import { mayDo } from '../account/access.ts'
import { isPulled } from '../connector.ts'
import { AppError } from '../errors.ts'
import { askOf } from '../ingest/asking.ts'
import { preview, previewReply } from '../ingest/preview.ts'
import { recordSource } from '../ingest/record.ts'
import { fieldsOf } from '../source/settings.ts'
import { connectorOf, health, unknownSource, type Source } from '../source/sources.ts'
import { STATES, stateOf } from '../source/state.ts'
import { withProgress } from './progress.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const sourceReply = z
  .object({
    name: z.string(),
    connector: z.string(),
    title: z.string(),
    state: z.enum(STATES),
    config: z.record(z.string(), z.unknown()).openapi({ description: 'Settings; credentials are not among them.' }),
    secrets: z.array(z.string()).openapi({ description: 'Fields that hold a credential.' }),
    pulls: z.boolean(),
    every_minutes: z.number().int().nullable(),
    hook_path: z.string().nullable().openapi({ description: 'Where the tool sends its webhooks.' }),
    last_attempt_at: z.string().nullable(),
    last_success_at: z.string().nullable(),
    last_error: z.string().nullable(),
    failures: z.number().int(),
    budget: health.shape.budget.unwrap().nullable(),
    deliveries: health.shape.deliveries.unwrap().nullable(),
  })
  .openapi('Source')
export type SourceReply = z.infer<typeof sourceReply>

const connectorReply = z.object({
  id: z.string(),
  title: z.string(),
  docs: z.string(),
  fields: z.array(z.object({ name: z.string(), secret: z.boolean(), required: z.boolean(), description: z.string() })),
  streams: z.array(z.object({ name: z.string(), produces: z.array(z.string()), pulled: z.boolean() })),
  hook: z.string().nullable().openapi({ description: 'How its webhook is set up.' }),
  schema: z.unknown().openapi({ description: 'JSON Schema of the settings.' }),
})
export type ConnectorReply = z.infer<typeof connectorReply>

const pullReply = z.object({
  source: z.string(),
  items: z.number().int(),
  streams: z.record(z.string(), z.number().int()),
  problems: z.record(z.string(), z.string()),
  seconds: z.number(),
})

const settings = z.record(z.string(), z.unknown())
const name = z.string().min(1).max(300)
const moment = z.iso.datetime({ offset: true })
const ndjson = 'With `Accept: application/x-ndjson` one line of progress after the other, and the result as the last.'

export function sourceRoutes(services: Services): Route[] {
  const { sources, registry, applier, analytics, asking, clock } = services

  const shown = async (org: string, source: Source): Promise<SourceReply> => {
    const connector = registry.connectors.get(source.connector)
    const { failures = 0, budget: left = null, deliveries: told = null } = source.health
    const pulls = await sources.pulls(org, source)
    return {
      name: source.name,
      connector: source.connector,
      title: connector?.title ?? source.connector,
      state: stateOf(source, pulls, clock.now()),
      config: source.config,
      secrets: [...source.sealed],
      pulls,
      every_minutes: source.every_minutes,
      hook_path: connector?.hook === undefined ? null : `/hooks/${encodeURIComponent(source.name)}`,
      last_attempt_at: source.last_attempt_at,
      last_success_at: source.last_success_at,
      last_error: source.last_error,
      failures,
      budget: left,
      deliveries: told,
    }
  }

  const found = async (org: string, source: string): Promise<Source> => {
    const one = await sources.find(org, source)
    if (one === null) throw unknownSource(source)
    return one
  }

  return [
    route({
      method: 'get',
      path: '/v1/connectors',
      summary: 'What can be connected, and the settings of each',
      right: 'read',
      replies: {
        200: {
          description: 'Every connector.',
          schema: z.object({
            items: z.array(connectorReply),
            next: z.null(),
          }),
        },
      },
      handle: () => ({
        items: [...registry.connectors].map(([id, connector]) => ({
          id,
          title: connector.title,
          docs: connector.docs,
          fields: fieldsOf(connector),
          streams: Object.entries(connector.streams).map(([stream, { produces, pull }]) => ({
            name: stream,
            produces: [...produces],
            pulled: pull !== undefined,
          })),
          hook: connector.hook?.docs ?? null,
          schema: z.toJSONSchema(connector.config as never, { io: 'input', unrepresentable: 'any' }),
        })),
        next: null,
      }),
    }),
    route({
      method: 'get',
      path: '/v1/sources',
      summary: 'Connected tools, and how their pulls and hooks go',
      right: 'read',
      replies: {
        200: {
          description: 'Every source.',
          schema: z.object({
            items: z.array(sourceReply),
            next: z.null(),
            may_change: z.boolean().openapi({ description: 'Whether whoever asks may connect, change and remove them.' }),
          }),
        },
      },
      handle: async ({ principal }) => ({
        items: await Promise.all((await sources.list(principal.org)).map((one) => shown(principal.org, one))),
        next: null,
        may_change: mayDo(principal, 'admin'),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/sources',
      summary: 'Connect a tool, or change the settings of one; what is kept is read again with them',
      right: 'admin',
      body: z
        .object({ name, connector: z.string(), config: settings, every_minutes: z.number().int().min(0).max(10_080).nullable().optional() })
        .strict(),
      replies: { 200: { description: 'The source.', schema: sourceReply } },
      async handle({ principal, actor, body }) {
        connectorOf(registry, body.connector)
        await services.reread.after(principal.org, body.name, async () => {
          const before = await sources.find(principal.org, body.name)
          const { name: called, connector, config, every_minutes = null } = body
          const saved = await sources.save(principal.org, called, connector, config, every_minutes, services.audit.by(actor))
          return before !== null && JSON.stringify(before.config) !== JSON.stringify(saved.config)
        })
        return shown(principal.org, await found(principal.org, body.name))
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources/check',
      summary: 'Ask the tool whether the source can work, naming each missing permission; with settings, before they are saved',
      right: 'admin',
      body: z.object({ name, connector: z.string().optional(), config: settings.optional() }).strict(),
      replies: { 200: { description: 'What is missing.', schema: z.object({ ok: z.boolean(), missing: z.array(z.string()) }) } },
      async handle({ principal, body, request }) {
        const source = body.connector === undefined ? await found(principal.org, body.name) : null
        const id = body.connector ?? source?.connector ?? ''
        const connector = connectorOf(registry, id)
        const config =
          body.config === undefined
            ? await sources.configOf(principal.org, body.name, id)
            : await sources.draft(principal.org, body.name, id, body.config)
        // Only pushed to: there is nothing to ask.
        const asks = Object.keys(connector.streams).some((stream) => isPulled(connector, config, stream))
        if (connector.check === undefined || !asks) return { ok: true, missing: [] }
        return connector.check(askOf(asking, connector, config, { signal: request.signal, isHasty: true }) as never)
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources/preview',
      summary: 'What settings would make of what a source tells: the deployments that its rules match, before they are saved',
      right: 'admin',
      body: z.object({ name, connector: z.string().optional(), config: settings }).strict(),
      replies: { 200: { description: 'What would match.', schema: previewReply } },
      async handle({ principal, body, request }) {
        const source = await sources.find(principal.org, body.name)
        const id = body.connector ?? source?.connector
        if (id === undefined) throw unknownSource(body.name)
        const draft = await sources.draft(principal.org, body.name, id, body.config)
        const standing = source === null ? null : await sources.configOf(principal.org, body.name, id)
        const asked = { source: body.name, id, connector: connectorOf(registry, id), standing, draft, signal: request.signal }
        return preview({ analytics, registry, asking }, principal.org, asked)
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources/sync',
      summary: `Pull what is new from a source; answers when it is on disk and visible. ${ndjson}`,
      right: 'admin',
      body: z
        .object({
          name,
          full: z.boolean().default(false),
          streams: z.array(z.string()).optional(),
          since: moment
            .optional()
            .openapi({ description: 'With `until` a range by hand, which leaves the place of the usual pulls as it is.' }),
          until: moment.optional(),
        })
        .strict(),
      replies: { 200: { description: 'What was pulled.', schema: pullReply } },
      handle: ({ principal, body, context }) =>
        withProgress(context, async (progress, signal) => {
          const { last, ...reply } = await services.pull(principal.org, body.name, {
            ...utcRange(body),
            full: body.full,
            streams: body.streams,
            signal,
            progress,
          })
          await applier.visible(last, last, signal)
          return reply
        }),
    }),
    route({
      method: 'post',
      path: '/v1/sources/replay',
      summary: `Read what is kept of a source again, with today's code, settings and names. ${ndjson}`,
      right: 'admin',
      body: z.object({ name }).strict(),
      replies: {
        200: {
          description: 'What was read.',
          schema: z.object({ items: z.number().int(), removed: z.number().int(), unread: z.number().int() }),
        },
      },
      handle: ({ principal, body, context }) =>
        withProgress(context, (progress, signal) => services.replay(principal.org, body.name, { signal, progress })),
    }),
    route({
      method: 'post',
      path: '/v1/sources/record',
      summary: 'Pull a source without keeping anything, and give what was asked and answered, scrubbed: the fixture of its connector',
      right: 'admin',
      body: z
        .object({
          name,
          streams: z.array(z.string()).optional(),
          since: moment.optional(),
          pages: z.number().int().min(1).max(50).default(2),
        })
        .strict(),
      replies: { 200: { description: 'The exchanges.', schema: z.object({ exchanges: z.array(z.unknown()) }) } },
      async handle({ principal, body, context }) {
        const source = await found(principal.org, body.name)
        const connector = connectorOf(registry, source.connector)
        const config = await sources.configOf(principal.org, source.name, source.connector)
        return withProgress(context, async (progress, signal) => ({
          exchanges: await recordSource(asking, source, connector, config, {
            ...utcRange(body),
            streams: body.streams,
            pages: body.pages,
            signal,
            progress,
          }),
        }))
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources/remove',
      summary: 'Disconnect a tool; with `data`, everything that it told goes, too',
      right: 'admin',
      body: z.object({ name, data: z.boolean().default(false) }).strict(),
      replies: { 200: { description: 'It is gone.', schema: z.object({ removed: z.string() }) } },
      async handle({ principal, actor, body }) {
        await services.removeSource(principal.org, body.name, body.data, services.audit.by(actor))
        return { removed: body.name }
      },
    }),
    route({
      method: 'post',
      path: '/v1/keys/rotate',
      summary: `Seal every credential under a new key, and forget the old one. ${ndjson}`,
      right: 'superuser',
      replies: {
        200: { description: 'How many were sealed anew.', schema: z.object({ resealed: z.number().int(), credentials: z.number().int() }) },
      },
      handle: ({ context, actor }) =>
        withProgress(context, async (progress) => {
          const rotated = await sources.rotateKeys((done, total) => progress(done, total, 'credentials'))
          await services.audit.note(actor, { action: 'key.rotated', target: { type: 'key', id: 'root' }, after: rotated })
          return rotated
        }),
    }),
    route({
      method: 'post',
      path: '/v1/demo',
      summary: 'Load the seeded sample data, or remove it',
      right: 'admin',
      body: z.object({ remove: z.boolean().default(false) }).strict(),
      replies: { 200: { description: 'How many events.', schema: z.object({ events: z.number().int() }) } },
      async handle({ principal, actor, body, request }) {
        const done = await (body.remove ? services.removeDemo(principal.org) : services.loadDemo(principal.org, request.signal))
        await services.audit.note(actor, { action: body.remove ? 'demo.removed' : 'demo.loaded', target: { type: 'demo', id: 'demo' } })
        return done
      },
    }),
  ]
}

function utcRange({ since, until }: { since?: string | undefined; until?: string | undefined }): { since?: string; until?: string } {
  if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until))
    throw new AppError('invalid-input', '`since` must lie before `until`.', {
      help: 'Give a range such as 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z.',
    })
  return {
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  }
}
