import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { logFailedSignIn } from '../account/failed-sign-in.ts'
import { ATTEMPT_MINUTES, ssoReasonOf } from '../account/oidc.ts'
import type { AppError } from '../errors.ts'
import { linkTo } from './address.ts'
import { originOf, setSession } from './auth.ts'
import { logFailure, problem } from './problem.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'
import { isPage } from './static-files.ts'

const COOKIE = 'fairlead_oidc'
const PATH = '/v1/signin/oidc'
const id = z.string().min(1).max(60)

/** Sign-in with a provider of identities: a browser goes there and comes back, so what fails is said by the page, and why by the log. */
export function ssoRoutes(services: Services): Route[] {
  const { oidc, singleSignOn, log } = services
  const redirectUri = (request: Request, provider: string) => linkTo(services, request, `${PATH}/${encodeURIComponent(provider)}/callback`)
  const reject = (error: AppError, context: Context): Response => {
    deleteCookie(context, COOKIE, { path: PATH })
    if (error.code === 'not-found' || error.code === 'invalid-input') return problem(error)
    const reason = ssoReasonOf(error)
    logFailedSignIn(log, { by: 'sso', reason, origin: originOf(context), why: error.message })
    // What is not about this sign-in is ours to mend.
    if (error.code !== 'source-failed') logFailure(log, context, error)
    return context.redirect(`/?signin=${reason}`)
  }
  return [
    route({
      method: 'get',
      path: `${PATH}/{id}`,
      summary: 'Sign in with a provider: leads to it. `to` is a page to go to afterwards, `invitation` the code of a link to join by',
      right: 'public',
      params: z.object({ id }),
      query: z.object({ to: z.string().max(2_000).optional(), invitation: z.string().min(1).max(100).optional() }),
      replies: { 302: { description: 'To the provider; to our own page with the reason where it is away.' } },
      reject,
      async handle({ params, query, context, request }) {
        const invitation = query.invitation ?? null
        // A link from elsewhere must not make somebody join: what they join, they see first. Our own page says so where the browser can.
        if (invitation !== null && context.req.header('sec-fetch-site') !== 'same-origin')
          return context.redirect(`/invitation/${encodeURIComponent(invitation)}`)
        const begun = await oidc.begin(params.id, { redirectUri: redirectUri(request, params.id), invitation, to: pageOf(query.to) })
        setCookie(context, COOKIE, begun.browser.reveal(), {
          httpOnly: true,
          // Strict would keep it back on the way home from the provider.
          sameSite: 'Lax',
          path: PATH,
          maxAge: ATTEMPT_MINUTES * 60,
          secure: redirectUri(request, params.id).startsWith('https:'),
        })
        return context.redirect(begun.location)
      },
    }),
    route({
      method: 'get',
      path: `${PATH}/{id}/callback`,
      summary: 'The way back from the provider',
      right: 'public',
      params: z.object({ id }),
      replies: { 302: { description: 'Signed in; or to our own page with the reason.' } },
      reject,
      async handle({ params, context, request, origin }) {
        const { identity, invitation, to } = await oidc.finish(params.id, {
          redirectUri: redirectUri(request, params.id),
          search: new URL(request.url).search,
          browser: getCookie(context, COOKIE),
        })
        const session = await singleSignOn.signIn(identity, invitation, origin)
        deleteCookie(context, COOKIE, { path: PATH })
        setSession(context, session)
        return context.redirect(to)
      },
    }),
  ]
}

/** Only a page of ours: any other address could be somebody's who made the link. */
export function pageOf(to: string | undefined): string {
  if (to === undefined || !URL.canParse(to, 'http://here')) return '/'
  const { origin, pathname, search } = new URL(to, 'http://here')
  return origin === 'http://here' && isPage(pathname) ? `${pathname}${search}` : '/'
}
