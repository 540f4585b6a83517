import { z } from '@hono/zod-openapi'
import { mayDo, type Principal } from '../account/access.ts'
import { invitationLetter, resetLetter, testLetter } from '../account/letters.ts'
import { noMail } from '../account/mail.ts'
import { mayGive, ROLES, SCOPES } from '../account/role.ts'
import { INVITATION_DAYS, requirePerson, RESET_MINUTES } from '../account/sign-in.ts'
import { tokenRow } from '../account/tokens.ts'
import { AppError } from '../errors.ts'
import { linkTo } from './address.ts'
import { notFound } from './problem.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'
import { password } from './session-routes.ts'

const email = z.string().min(3).max(254)
const id = z.uuid()
const role = z.enum(ROLES)
const moment = z.iso.datetime({ offset: true })
const list = <S extends z.ZodType>(schema: S) => z.object({ items: z.array(schema), next: z.null() })
const memberReply = z.object({
  user_id: z.string(),
  email: z.string(),
  full_name: z.string(),
  role,
  created_at: z.string(),
  last_signin_at: z.string().nullable(),
  is_disabled: z.boolean(),
})
const userReply = z.object({
  id: z.string(),
  email: z.string(),
  full_name: z.string(),
  is_superuser: z.boolean(),
  has_password: z.boolean(),
  created_at: z.string(),
  last_signin_at: z.string().nullable(),
  disabled_at: z.string().nullable(),
})
const organizationReply = z.object({ id: z.string(), slug: z.string(), name: z.string(), time_zone: z.string(), created_at: z.string() })
const mailReply = z.object({ mailed: z.boolean(), mail_error: z.string().nullable() })
const linkReply = z.object({ link: z.string().openapi({ description: 'Shown once.' }), ...mailReply.shape })

/** Members, tokens and organizations; and, for who runs the installation, its accounts. */
export function accountRoutes(services: Services): Route[] {
  const { access, mail, members, organizations, signIn, singleSignOn, tokens, users } = services
  /** Whose tokens a caller sees: everybody's for an administrator, else one's own. */
  const tokensOf = (principal: Principal): string | null => (mayDo(principal, 'admin') ? null : requirePerson(principal).id)
  /** Whom a mail names as the one who caused it. */
  const nameOf = ({ user }: Principal) =>
    user === null ? 'An administrator' : user.full_name === '' ? user.email : `${user.full_name} (${user.email})`
  const requireMayGive = (principal: Principal, given: z.infer<typeof role>) => {
    if (!mayGive(principal.rights, given)) throw new AppError('forbidden', 'Only an owner makes owners.', { help: 'Ask an owner.' })
  }
  return [
    route({
      method: 'get',
      path: '/v1/members',
      summary: 'Who belongs to the organization, and as what',
      right: 'admin',
      replies: { 200: { description: 'Every member.', schema: list(memberReply) } },
      handle: async ({ principal }) => ({ items: await members.list(principal.org), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/members',
      summary: 'Add a person who has an account, or give a member another role',
      right: 'admin',
      body: z.object({ email, role }).strict(),
      replies: { 200: { description: 'The member.', schema: memberReply } },
      async handle({ principal, actor, body }) {
        const member = await members.set({ actor, rights: principal.rights }, principal.org, body.email, body.role)
        access.forget()
        return member
      },
    }),
    route({
      method: 'post',
      path: '/v1/members/remove',
      summary: 'Take a person out of the organization; their tokens and sessions in it end',
      right: 'admin',
      body: z.object({ user_id: id }).strict(),
      replies: { 200: { description: 'The e-mail of who is gone.', schema: z.object({ removed: z.string() }) } },
      async handle({ principal, actor, body }) {
        const gone = await members.remove({ actor, rights: principal.rights }, principal.org, body.user_id)
        access.forget()
        return { removed: gone.email }
      },
    }),
    route({
      method: 'post',
      path: '/v1/members/reset-password',
      summary: 'Make a link by which a member sets a new password, within the hour',
      right: 'admin',
      body: z.object({ user_id: id }).strict(),
      replies: { 200: { description: 'The link.', schema: linkReply } },
      async handle({ principal, body, origin, request }) {
        await requireOwnMember(services, principal, body.user_id)
        const { code, email: to } = await signIn.resetFor(principal, body.user_id, origin)
        const link = linkTo(services, request, `/reset/${code.reveal()}`)
        return { link, ...(await mail.deliver(to, resetLetter({ by: nameOf(principal), link, minutes: RESET_MINUTES }))) }
      },
    }),
    route({
      method: 'get',
      path: '/v1/invitations',
      summary: 'Invitations that are open',
      right: 'admin',
      replies: {
        200: {
          description: 'Newest first.',
          schema: list(
            z.object({ id: z.string(), email: z.string(), role, invited_by: z.string(), created_at: z.string(), expires_at: z.string() }),
          ),
        },
      },
      handle: async ({ principal }) => ({ items: await signIn.invitations(principal.org), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/invitations',
      summary: 'Invite a person; an older open invitation to the same address ends',
      right: 'admin',
      body: z.object({ email, role }).strict(),
      replies: { 200: { description: 'The link, for ten days.', schema: linkReply.extend({ id: z.string() }) } },
      async handle({ principal, body, origin, request }) {
        requireMayGive(principal, body.role)
        const { id: made, email: to, code } = await signIn.invite(principal, body.email, body.role, origin)
        const link = linkTo(services, request, `/invitation/${code.reveal()}`)
        const { name } = (await organizations.find(principal.org)) ?? access.home
        const letter = invitationLetter({ organization: name, role: body.role, by: nameOf(principal), link, days: INVITATION_DAYS })
        return { id: made, link, ...(await mail.deliver(to, letter)) }
      },
    }),
    route({
      method: 'post',
      path: '/v1/invitations/revoke',
      summary: 'End an open invitation',
      right: 'admin',
      body: z.object({ id }).strict(),
      replies: { 200: { description: 'It has ended.', schema: z.object({ revoked: z.string() }) } },
      async handle({ principal, body, origin }) {
        await signIn.revokeInvitation(principal, body.id, origin)
        return { revoked: body.id }
      },
    }),
    route({
      method: 'get',
      path: '/v1/tokens',
      summary: 'Tokens of the organization: all for an administrator, else one’s own',
      right: 'read',
      replies: { 200: { description: 'Newest first; never the token itself.', schema: list(tokenRow) } },
      handle: async ({ principal }) => ({ items: await tokens.list(principal.org, tokensOf(principal)), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/tokens',
      summary: 'Make a token; it is shown once, and never may more than its maker',
      right: 'read',
      body: z
        .object({
          name: z.string().trim().min(1).max(100),
          scopes: z.array(z.enum(SCOPES)).min(1),
          expires_at: moment.nullable().default(null),
        })
        .strict(),
      replies: { 200: { description: 'The token.', schema: tokenRow.extend({ token: z.string() }) } },
      async handle({ principal, actor, body }) {
        // A token makes no other, not even through a session that it opened: whoever finds one must not be able to outlive its end.
        if (principal.user === null && !mayDo(principal, 'superuser'))
          throw new AppError('forbidden', 'A token makes no tokens.', { help: 'Sign in, or use the command line on the server.' })
        const beyond = body.scopes.filter((scope) => !mayDo(principal, scope))
        if (beyond.length > 0)
          throw new AppError('forbidden', `You may not give what you do not have: ${beyond.join(', ')}.`, { help: 'An administrator can.' })
        const expires_at = body.expires_at === null ? null : new Date(body.expires_at).toISOString()
        const { row, token } = await tokens.create(actor, principal.org, { ...body, expires_at, user: principal.user?.id ?? null })
        return { ...row, token: token.reveal() }
      },
    }),
    route({
      method: 'post',
      path: '/v1/tokens/revoke',
      summary: 'End a token',
      right: 'read',
      body: z.object({ id }).strict(),
      replies: { 200: { description: 'The token that has ended.', schema: tokenRow } },
      async handle({ principal, actor, body }) {
        const gone = await tokens.revoke(actor, principal.org, body.id, tokensOf(principal))
        access.forget()
        return gone
      },
    }),
    route({
      method: 'get',
      path: '/v1/organization',
      summary: 'The organization',
      right: 'read',
      replies: { 200: { description: 'The organization.', schema: organizationReply } },
      handle: async ({ principal }) => (await organizations.find(principal.org)) ?? access.home,
    }),
    route({
      method: 'post',
      path: '/v1/organization',
      summary: 'Change its name, or the time zone in which its days and weeks are cut',
      right: 'admin',
      body: z.object({ name: z.string().trim().min(1).max(200).optional(), time_zone: z.string().max(64).optional() }).strict(),
      replies: { 200: { description: 'The organization.', schema: organizationReply } },
      handle: ({ principal, actor, body }) => organizations.change(actor, principal.org, body),
    }),
    route({
      method: 'get',
      path: '/v1/organizations',
      summary: 'Every organization of the installation',
      right: 'superuser',
      replies: { 200: { description: 'Oldest first.', schema: list(organizationReply) } },
      handle: async () => ({ items: await organizations.list(), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/organizations',
      summary: 'Make an organization',
      right: 'superuser',
      body: z
        .object({
          name: z.string().trim().min(1).max(200),
          slug: z.string().max(63).optional(),
          owner_email: email.optional(),
          time_zone: z.string().max(64).default('UTC'),
        })
        .strict(),
      replies: { 200: { description: 'The organization.', schema: organizationReply } },
      async handle({ actor, body }) {
        const made = await organizations.create(actor, body)
        access.forget()
        return made
      },
    }),
    route({
      method: 'get',
      path: '/v1/users',
      summary: 'Every account of the installation',
      right: 'superuser',
      replies: {
        200: {
          description: 'By e-mail.',
          schema: list(userReply.extend({ organizations: z.array(z.object({ slug: z.string(), role: z.string() })) })),
        },
      },
      handle: async () => ({ items: await users.list(), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/users',
      summary: 'Make an account',
      right: 'superuser',
      body: z
        .object({
          email,
          full_name: z.string().trim().max(200).default(''),
          password: password.optional(),
          password_hash: z
            .string()
            .max(500)
            .optional()
            .openapi({ description: 'As another program stored it: Argon2, or PBKDF2-SHA256 of Django or passlib.' }),
          is_superuser: z.boolean().default(false),
        })
        .strict(),
      replies: { 200: { description: 'The account.', schema: userReply } },
      handle: ({ actor, body }) =>
        users.create(actor, {
          ...body,
          password: body.password_hash === undefined ? (body.password ?? null) : { hash: body.password_hash },
        }),
    }),
    route({
      method: 'post',
      path: '/v1/users/disable',
      summary: 'Keep an account from signing in, or let it again; its sessions and tokens rest',
      right: 'superuser',
      body: z.object({ id, disabled: z.boolean() }).strict(),
      replies: { 200: { description: 'The account.', schema: userReply } },
      async handle({ actor, body }) {
        const user = await users.setDisabled(actor, body.id, body.disabled)
        access.forget()
        return user
      },
    }),
    route({
      method: 'post',
      path: '/v1/users/password',
      summary: 'Set the password of an account; its sessions end',
      right: 'superuser',
      body: z.object({ id, password }).strict(),
      replies: { 200: { description: 'Whose it was.', schema: z.object({ id: z.string() }) } },
      async handle({ actor, body }) {
        await users.setPassword(actor, body.id, body.password)
        access.forget()
        return { id: body.id }
      },
    }),
    route({
      method: 'post',
      path: '/v1/mail/test',
      summary: 'Send a mail, to see that it arrives',
      right: 'superuser',
      body: z.object({ to: z.email().max(254) }).strict(),
      replies: { 200: { description: 'Whether the mail server took it.', schema: mailReply } },
      async handle({ body, request }) {
        if (!mail.isSet) throw noMail()
        return mail.deliver(body.to, testLetter(linkTo(services, request, '/')))
      },
    }),
    route({
      method: 'post',
      path: '/v1/users/unlink',
      summary: 'Part an account from its identity at the single sign-on; its sessions end, and the next who proves its e-mail is linked',
      right: 'superuser',
      body: z.object({ id }).strict(),
      replies: { 200: { description: 'How many identities it had.', schema: z.object({ unlinked: z.number().int() }) } },
      handle: ({ principal, body, origin }) => singleSignOn.unlink(principal, body.id, origin),
    }),
  ]
}

/**
 * Whoever resets a password can sign in as that person: so an administrator resets it only for those over whom the organization alone decides. A
 * superuser, an owner (for who is none) and a person who belongs elsewhere, too, are for a superuser to reset.
 */
async function requireOwnMember({ members, users }: Services, principal: Principal, user: string): Promise<void> {
  if (mayDo(principal, 'superuser')) return
  const member = (await members.list(principal.org)).find((one) => one.user_id === user)
  if (member === undefined) throw notFound('such member', 'GET /v1/members lists them.')
  const account = (await users.list()).find((one) => one.id === user)
  if (!mayGive(principal.rights, member.role) || account?.is_superuser !== false || account.organizations.length > 1)
    throw new AppError('forbidden', 'This password is not for you to reset.', {
      help: 'It belongs to an owner, a superuser, or a person of several organizations: a superuser resets it with `fairlead admin users set-password`.',
    })
}
