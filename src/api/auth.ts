import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Access, Principal } from '../account/access.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'

const COOKIE = 'fairlead_session'

/**
 * A bearer token, else the session of the cookie. A cookie that changes something must come from our own pages. `headers` names others in
 * which a route's senders put the token, as they did for the tool that they were made for.
 */
export async function principalOf(access: Access, context: Context, headers: readonly string[] = []): Promise<Principal | null> {
  for (const name of headers) {
    const token = context.req.header(name)?.trim()
    if (token) return access.byToken(token)
  }
  const header = context.req.header('authorization')
  if (header !== undefined) {
    const token = /^bearer\s+(\S+)$/i.exec(header)?.[1]
    return token === undefined ? null : access.byToken(token)
  }
  const id = getCookie(context, COOKIE)
  if (id === undefined) return null
  if (context.req.method !== 'GET' && context.req.method !== 'HEAD') requireOwnPage(context)
  return access.bySession(id)
}

/** Fetch metadata where the browser sends it, else the Origin; a request with neither is no browser of ours. */
export function requireOwnPage(context: Context): void {
  const site = context.req.header('sec-fetch-site')
  const origin = context.req.header('origin')
  const own =
    site === undefined
      ? origin !== undefined && new URL(origin).host === context.req.header('host')
      : site === 'same-origin' || site === 'none'
  if (!own) {
    throw new AppError('forbidden', 'This request comes from another site.', {
      help: 'Programs send a bearer token instead of the session cookie.',
    })
  }
}

export function setSession(context: Context, id: Secret): void {
  setCookie(context, COOKIE, id.reveal(), {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    maxAge: 30 * 86_400,
    secure: new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https',
  })
}

export function clearSession(context: Context): string | undefined {
  const id = getCookie(context, COOKIE)
  deleteCookie(context, COOKIE, { path: '/' })
  return id
}
