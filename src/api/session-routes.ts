import { z } from '@hono/zod-openapi'
import { AppError } from '../errors.ts'
import { clearSession, requireOwnPage, setSession } from './auth.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

export function sessionRoutes({ access }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/signin/{code}',
      summary: 'Spend a one-time sign-in link',
      right: 'public',
      params: z.object({ code: z.string().max(100) }),
      replies: { 302: { description: 'Signed in.' } },
      async handle({ params, context }) {
        const session = await access.signIn(params.code)
        if (session === null) return context.redirect('/?signin=stale')
        setSession(context, session)
        return context.redirect('/')
      },
    }),
    route({
      method: 'post',
      path: '/v1/session',
      summary: 'Open a session with a token',
      right: 'public',
      body: z.object({ token: z.string().min(1).max(200) }).strict(),
      replies: { 204: { description: 'The session cookie is set.' } },
      async handle({ body, context }) {
        requireOwnPage(context)
        const principal = await access.byToken(body.token.trim())
        if (principal === null) {
          throw new AppError('unauthenticated', 'This token is not known, or it has ended.', {
            help: 'Paste the whole token: it begins with `flt_`.',
          })
        }
        setSession(context, await access.openSession(principal))
        return context.body(null, 204)
      },
    }),
    route({
      method: 'post',
      path: '/v1/session/end',
      summary: 'Sign out',
      right: 'public',
      replies: { 204: { description: 'The session has ended.' } },
      async handle({ context }) {
        requireOwnPage(context)
        const id = clearSession(context)
        if (id !== undefined) await access.endSession(id)
        return context.body(null, 204)
      },
    }),
  ]
}
