import { z } from '@hono/zod-openapi'
import { mayDo } from '../account/access.ts'
import { takeDelivery } from '../ingest/hook.ts'
import { principalOf } from './auth.ts'
import { plainBodyOf } from './body.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

/** Where connected tools send their webhooks. No token is needed: the delivery proves itself. */
export function hookRoutes(services: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/hooks/{source}',
      summary: 'Webhooks of a connected tool; the signature is checked on the bytes, and the delivery is on disk before the answer',
      right: 'public',
      params: z.object({ source: z.string().min(1).max(300) }),
      rawBody: { 'application/json': z.unknown() },
      replies: {
        202: { description: 'On disk.', schema: z.object({ result: z.enum(['taken', 'ignored', 'unread']) }) },
      },
      async handle({ params, context, request }) {
        const body = await plainBodyOf(request)
        const principal = request.headers.has('authorization') ? await principalOf(services.access, context) : null
        const { result } = await takeDelivery(services.hooks, {
          name: params.source,
          headers: request.headers,
          body,
          tokenOf: principal !== null && principal.via !== 'session' && mayDo(principal, 'ingest') ? principal.org : null,
        })
        return context.json({ result }, 202)
      },
    }),
  ]
}
