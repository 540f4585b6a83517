import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { IncomingMessage } from 'node:http'
import { mayDo, type Access, type Emitter, type Origin, type Principal } from '../account/access.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'

const COOKIE = 'fairlead_session'

/** Where a request came from. A proxy's word counts only when the proxy is on this machine, and of a list only what that proxy itself saw. */
export function originOf(context: Context): Origin {
  const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage }
  const peer = incoming?.socket.remoteAddress?.replace(/^::ffff:/, '') ?? null
  const isLocal = peer === '127.0.0.1' || peer === '::1'
  const forwarded = isLocal ? context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return { address: forwarded?.slice(0, 60) || peer, agent: context.req.header('user-agent') ?? null }
}

/**
 * A bearer token, else the session of the cookie. A cookie that changes something must come from our own pages. `headers` names others in
 * which a route's senders put the token, as they did for the tool that they were made for.
 */
export async function principalOf(access: Access, context: Context, headers: readonly string[] = []): Promise<Principal | null> {
  const named = namedToken(context, headers)
  if (named !== null) return access.byToken(named)
  if (context.req.header('authorization') !== undefined) {
    const token = bearerOf(context)
    return token === null ? null : inOrganization(access, context, await access.byToken(token))
  }
  const id = getCookie(context, COOKIE)
  if (id === undefined) return null
  if (context.req.method !== 'GET' && context.req.method !== 'HEAD') requireOwnPage(context)
  return access.bySession(id)
}

function namedToken(context: Context, headers: readonly string[]): string | null {
  for (const name of headers) {
    const token = context.req.header(name)?.trim()
    if (token) return token
  }
  return null
}

const bearerOf = (context: Context): string | null => /^bearer\s+(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? null

/** Somebody who sends with a key that another tool gave. Apart from `principalOf`, so that no route takes such a key without having said so. */
export async function emitterOf(access: Access, context: Context, headers: readonly string[] = []): Promise<Emitter | null> {
  const key = namedToken(context, headers) ?? bearerOf(context)
  return key === null ? null : access.byEmitterKey(key)
}

/** This machine's own process may speak for any organization: the command line does, with `--org`. A token has its own, and no other. */
async function inOrganization(access: Access, context: Context, principal: Principal | null): Promise<Principal | null> {
  const slug = context.req.header('fairlead-organization')
  if (slug === undefined || principal === null) return principal
  if (principal.via !== 'process' || !mayDo(principal, 'superuser'))
    throw new AppError('forbidden', 'A token speaks for its own organization only.', { help: 'Leave out FAIRLEAD_ORG.' })
  const found = await access.within(principal, slug)
  if (found !== null) return found
  throw new AppError('not-found', `There is no organization ${JSON.stringify(slug)}.`, {
    help: 'List them with `fairlead admin list-orgs`.',
  })
}

/** Fetch metadata where the browser sends it, else the Origin; a request with neither is no browser of ours. */
export function requireOwnPage(context: Context): void {
  const site = context.req.header('sec-fetch-site')
  const origin = context.req.header('origin')
  const own =
    site === undefined
      ? origin !== undefined && URL.canParse(origin) && new URL(origin).host === context.req.header('host')
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

export function sessionOf(context: Context): string | undefined {
  return getCookie(context, COOKIE)
}

export function clearSession(context: Context): string | undefined {
  const id = getCookie(context, COOKIE)
  deleteCookie(context, COOKIE, { path: '/' })
  return id
}
