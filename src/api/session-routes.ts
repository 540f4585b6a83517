import { z } from '@hono/zod-openapi'
import { actorOf } from '../account/access.ts'
import { logFailedSignIn } from '../account/failed-sign-in.ts'
import { requirePerson } from '../account/sign-in.ts'
import { RIGHTS, ROLES } from '../account/role.ts'
import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'
import { linkTo } from './address.ts'
import { clearSession, requireOwnPage, sessionOf, setSession } from './auth.ts'
import { notFound } from './problem.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const noContent = { 204: { description: 'Done; the session cookie is set.' } }
export const password = z
  .string()
  .min(1)
  .max(1_000)
  .transform((text) => new Secret(text))
  .openapi({ type: 'string', format: 'password' })
const email = z.string().min(3).max(254)
const code = z.string().min(1).max(100)

export const sessionReply = z
  .object({
    user: z.object({ id: z.string(), email: z.string(), full_name: z.string(), is_superuser: z.boolean() }).nullable(),
    via: z.enum(['session', 'token', 'process']),
    organization: z.object({ id: z.string(), slug: z.string(), name: z.string(), time_zone: z.string() }),
    role: z.enum(ROLES).nullable(),
    rights: z.array(z.enum(RIGHTS)),
    organizations: z.array(z.object({ slug: z.string(), name: z.string(), role: z.enum(ROLES).nullable() })),
  })
  .openapi('Session')

/** Signing in and out, and what a caller is. */
export function sessionRoutes(services: Services): Route[] {
  const { access, organizations, members, users, signIn, oidc, mail, forgotten, audit, log } = services
  return [
    route({
      method: 'get',
      path: '/signin/{code}',
      summary: 'Spend a one-time sign-in link',
      right: 'public',
      params: z.object({ code }),
      replies: { 302: { description: 'Signed in.' } },
      async handle({ params, context, origin }) {
        const session = await access.spendSigninCode(params.code, origin)
        if (session === null) {
          logFailedSignIn(log, { by: 'link', reason: 'stale', origin })
          return context.redirect('/?signin=stale')
        }
        const actor = { org: access.home.id, type: 'session' as const, id: null, name: 'one-time link', ...origin }
        await audit.note(actor, { action: 'session.opened', target: { type: 'link', id: 'one-time', name: 'one-time link' } })
        setSession(context, session)
        return context.redirect('/')
      },
    }),
    route({
      method: 'get',
      path: '/v1/signin/options',
      summary: 'How one can sign in here',
      right: 'public',
      replies: {
        200: {
          description: '`setup`: nobody has an account yet.',
          schema: z.object({ setup: z.boolean(), oidc: z.array(z.object({ id: z.string(), title: z.string() })), mail: z.boolean() }),
        },
      },
      handle: async () => ({ setup: await users.isEmpty(), oidc: oidc.providers, mail: mail.isSet }),
    }),
    route({
      method: 'get',
      path: '/v1/session',
      summary: 'Who is asking: the person, the organization, what they may do in it, and where else they belong',
      right: 'anyone',
      replies: { 200: { description: 'The caller.', schema: sessionReply } },
      async handle({ principal }) {
        const { user, via, role, rights } = principal
        const here = (await organizations.find(principal.org)) ?? access.home
        const own = user === null ? [] : await members.organizationsOf(user.id)
        const all = user?.is_superuser === true ? await organizations.list() : own
        return {
          user,
          via,
          organization: { id: here.id, slug: here.slug, name: here.name, time_zone: here.time_zone },
          role,
          rights,
          organizations: all.map(({ id, slug, name }) => ({ slug, name, role: own.find((one) => one.id === id)?.role ?? null })),
        }
      },
    }),
    route({
      method: 'post',
      path: '/v1/session',
      summary: 'Open a session: with e-mail and password, or with a token',
      right: 'public',
      body: z.union([z.object({ email, password }).strict(), z.object({ token: z.string().min(1).max(200) }).strict()]),
      replies: noContent,
      async handle({ body, context, origin }) {
        requireOwnPage(context)
        if ('email' in body) setSession(context, await signIn.byPassword(body.email, body.password, origin))
        else {
          const principal = await access.byToken(body.token.trim())
          if (principal === null) {
            logFailedSignIn(log, { by: 'token', reason: 'wrong', origin })
            throw new AppError('unauthenticated', 'This token is not known, or it has ended.', {
              help: 'Paste the whole token: it begins with `flt_`.',
            })
          }
          const of = principal.id === null ? 'operator' : { token: principal.id }
          setSession(context, await access.openSession(of, principal.org, origin))
          const target = { type: 'token', id: principal.id ?? 'process', name: principal.name }
          await audit.note(actorOf(principal, origin), { action: 'session.opened', target })
        }
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
    route({
      method: 'post',
      path: '/v1/session/organization',
      summary: 'Go on in another organization that one belongs to',
      right: 'anyone',
      body: z.object({ slug: z.string().min(1).max(63) }).strict(),
      replies: noContent,
      async handle({ principal, body, context }) {
        const person = requirePerson(principal)
        const target = await organizations.bySlug(body.slug)
        const own = await members.organizationsOf(person.id)
        // Not a member and not there: the same answer.
        if (target === null || (!person.is_superuser && !own.some((one) => one.id === target.id)))
          throw notFound(`organization ${JSON.stringify(body.slug)}`, 'GET /v1/session names those that you belong to.')
        const session = sessionOf(context)
        if (session !== undefined) await access.moveSession(session, target.id)
        return context.body(null, 204)
      },
    }),
    route({
      method: 'post',
      path: '/v1/setup',
      summary: 'Make the first account: it runs the installation and owns the organization. Only while there is none',
      right: 'superuser',
      body: z.object({ email, full_name: z.string().trim().min(1).max(200), password }).strict(),
      replies: noContent,
      async handle({ principal, body, context, origin }) {
        const before = sessionOf(context)
        setSession(context, await signIn.setUp(principal, body, origin))
        if (before !== undefined) await access.endSession(before)
        return context.body(null, 204)
      },
    }),
    route({
      method: 'get',
      path: '/v1/sessions',
      summary: 'One’s own sessions',
      right: 'anyone',
      replies: {
        200: {
          description: 'Newest use first.',
          schema: z.object({
            items: z.array(
              z.object({
                id: z.string(),
                organization: z.string(),
                created_at: z.string(),
                last_seen_at: z.string(),
                expires_at: z.string(),
                address: z.string().nullable(),
                agent: z.string().nullable(),
                is_current: z.boolean(),
              }),
            ),
            next: z.null(),
          }),
        },
      },
      async handle({ principal }) {
        const rows = await access.sessions(requirePerson(principal).id)
        return { items: rows.map((one) => ({ ...one, is_current: one.id === principal.id })), next: null }
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/revoke',
      summary: 'End one of one’s own sessions, or all others',
      right: 'anyone',
      body: z.union([z.object({ id: z.uuid() }).strict(), z.object({ others: z.literal(true) }).strict()]),
      replies: { 200: { description: 'How many ended.', schema: z.object({ revoked: z.number().int() }) } },
      async handle({ principal, body }) {
        const person = requirePerson(principal)
        const which = 'id' in body ? { id: body.id } : { allBut: principal.id }
        return { revoked: await access.endSessionsOf(person.id, which) }
      },
    }),
    route({
      method: 'post',
      path: '/v1/password',
      summary: 'Change one’s own password; every other session ends',
      right: 'anyone',
      body: z.object({ current: password, password }).strict(),
      replies: noContent,
      async handle({ principal, body, context, origin }) {
        setSession(context, await signIn.changePassword(principal, body.current, body.password, origin))
        return context.body(null, 204)
      },
    }),
    route({
      method: 'post',
      path: '/v1/password/forgot',
      summary: 'Mail a link that sets a new password, if there is such an account; the answer does not tell',
      right: 'public',
      body: z.object({ email }).strict(),
      replies: { 202: { description: 'Whether or not anybody has this e-mail.', schema: z.object({ asked: z.literal(true) }) } },
      async handle({ body, context, origin, request }) {
        requireOwnPage(context)
        await forgotten.ask(body.email, origin, (path) => linkTo(services, request, path))
        return context.json({ asked: true }, 202)
      },
    }),
    route({
      method: 'post',
      path: '/v1/password/reset',
      summary: 'A new password by a link that was mailed, or that an administrator made; every session ends',
      right: 'public',
      body: z.object({ code, password }).strict(),
      replies: noContent,
      async handle({ body, context, origin }) {
        requireOwnPage(context)
        setSession(context, await signIn.reset(body.code, body.password, origin))
        return context.body(null, 204)
      },
    }),
    route({
      method: 'get',
      path: '/v1/invitations/{code}',
      summary: 'What an invitation link is for',
      right: 'public',
      params: z.object({ code }),
      replies: {
        200: {
          description: 'The invitation.',
          schema: z.object({ email: z.string(), organization: z.string(), role: z.enum(ROLES), has_account: z.boolean() }),
        },
      },
      async handle({ params }) {
        const found = await signIn.invitationOf(params.code)
        if (found === null) throw notFound('such open invitation', 'Ask for another: links end after ten days, and when they were used.')
        const { email: to, organization, role, has_account } = found
        return { email: to, organization, role, has_account }
      },
    }),
    route({
      method: 'post',
      path: '/v1/invitations/accept',
      summary: 'Join an organization by its invitation: a new account with this password, or the password of the one that exists',
      right: 'public',
      body: z.object({ code, full_name: z.string().trim().max(200).default(''), password }).strict(),
      replies: noContent,
      async handle({ body, context, origin }) {
        requireOwnPage(context)
        setSession(context, await signIn.accept(body.code, body, origin))
        return context.body(null, 204)
      },
    }),
  ]
}
