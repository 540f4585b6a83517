import { z } from '@hono/zod-openapi'
import { connectorOf } from '../source/sources.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const sourceReply = z
  .object({ name: z.string(), connector: z.string(), last_success_at: z.string().nullable(), last_error: z.string().nullable() })
  .openapi('Source')

const progressReply = z.object({
  source: z.string(),
  items: z.number().int(),
  streams: z.record(z.string(), z.number().int()),
  seconds: z.number(),
})

export function sourceRoutes(services: Services): Route[] {
  const { sources, registry, applier } = services
  return [
    route({
      method: 'get',
      path: '/v1/sources',
      summary: 'Connected tools',
      right: 'read',
      replies: { 200: { description: 'Every source.', schema: z.object({ items: z.array(sourceReply), next: z.null() }) } },
      async handle({ principal }) {
        const list = await sources.list(principal.org)
        return {
          items: list.map(({ name, connector, last_success_at, last_error }) => ({ name, connector, last_success_at, last_error })),
          next: null,
        }
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources',
      summary: 'Connect a tool, or change the settings of one',
      right: 'admin',
      body: z.object({ name: z.string().min(1).max(300), connector: z.string(), config: z.record(z.string(), z.unknown()) }).strict(),
      replies: { 200: { description: 'The source.', schema: sourceReply } },
      async handle({ principal, body }) {
        connectorOf(registry, body.connector)
        const { name, connector, last_success_at, last_error } = await sources.save(principal.org, body.name, body.connector, body.config)
        return { name, connector, last_success_at, last_error }
      },
    }),
    route({
      method: 'post',
      path: '/v1/sources/sync',
      summary: 'Pull what is new from a source; answers when it is on disk and visible',
      right: 'admin',
      body: z.object({ name: z.string(), full: z.boolean().default(false) }).strict(),
      replies: { 200: { description: 'What was pulled.', schema: progressReply } },
      async handle({ principal, body, request }) {
        const { last, ...reply } = await services.pull(principal.org, body.name, {
          full: body.full,
          signal: request.signal,
          progress: () => {},
        })
        await applier.visible(last, last, request.signal)
        return reply
      },
    }),
    route({
      method: 'post',
      path: '/v1/demo',
      summary: 'Load the seeded sample data, or remove it',
      right: 'admin',
      body: z.object({ remove: z.boolean().default(false) }).strict(),
      replies: { 200: { description: 'How many events.', schema: z.object({ events: z.number().int() }) } },
      async handle({ principal, body, request }) {
        return body.remove ? services.removeDemo(principal.org) : services.loadDemo(principal.org, request.signal)
      },
    }),
  ]
}
