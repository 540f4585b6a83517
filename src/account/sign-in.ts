import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { actorOf, type Access, type Origin, type Principal } from './access.ts'
import type { Audit } from './audit.ts'
import { createEntry } from './entry.ts'
import { logFailedSignIn } from './failed-sign-in.ts'
import type { Lockout } from './lockout.ts'
import { giveRole } from './members.ts'
import { checkNothing, checkPassword, hashPassword } from './password.ts'
import { ROLES, type Role } from './role.ts'
import { hashOf, randomCode } from './token-text.ts'
import { emailOf, insertAccount, replacePassword, shownUser, userById } from './users.ts'

/** How a person comes in: password, first account, invitation, reset. Each opens a session and says so in the audit log. */
export interface SignIn {
  byPassword(email: string, password: Secret, origin: Origin): Promise<Secret>
  /** The first account: superuser, and owner of the organization. Only while there is none. */
  setUp(principal: Principal, given: { email: string; full_name: string; password: Secret }, origin: Origin): Promise<Secret>
  changePassword(principal: Principal, current: Secret, next: Secret, origin: Origin): Promise<Secret>
  /** Ten days. A link that was made before for the same address ends. */
  invite(principal: Principal, email: string, role: Role, origin: Origin): Promise<{ id: string; email: string; code: Secret }>
  invitations(org: string): Promise<Invitation[]>
  revokeInvitation(principal: Principal, id: string, origin: Origin): Promise<void>
  invitationOf(code: string): Promise<Invited | null>
  accept(code: string, given: { full_name: string; password: Secret }, origin: Origin): Promise<Secret>
  /** An hour; made by an administrator for a person. */
  resetFor(principal: Principal, user: string, origin: Origin): Promise<{ email: string; code: Secret }>
  reset(code: string, password: Secret, origin: Origin): Promise<Secret>
}

export const INVITATION_DAYS = 10
export const RESET_MINUTES = 60

const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  invited_by: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
})
export type Invitation = z.infer<typeof invitation>
export const invited = z.object({
  id: z.string(),
  org_id: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  organization: z.string(),
  has_account: z.boolean(),
})
type Invited = z.infer<typeof invited>

const findHash = statement({
  name: 'signin.find',
  sql: 'SELECT id, password_hash FROM users WHERE email = {email:text} AND disabled_at IS NULL',
  row: z.object({ id: z.string(), password_hash: z.string().nullable() }),
})
const upgradeHash = statement({
  name: 'signin.upgrade',
  sql: 'UPDATE users SET password_hash = {hash:text} WHERE id = {id:uuid} AND password_hash = {before:text}',
  row: noRow,
})
const lockUsers = statement({
  name: 'signin.hold_organization',
  sql: 'SELECT (SELECT count(*)::integer FROM users) AS users FROM organizations WHERE id = {org:uuid} FOR UPDATE',
  row: z.object({ users: z.number() }),
})
const endInvitations = statement({
  name: 'signin.end_invitations',
  sql: `UPDATE invitations SET revoked_at = {now:timestamptz} WHERE org_id = {org:uuid} AND email = {email:text} AND accepted_at IS NULL AND revoked_at IS NULL`,
  row: noRow,
})
const insertInvitation = statement({
  name: 'signin.invite',
  sql: `INSERT INTO invitations (id, hash, org_id, email, role, invited_by, created_at, expires_at)
VALUES ({id:uuid}, {hash:text}, {org:uuid}, {email:text}, {role:text}, {by:text}, {now:timestamptz}, {expires:timestamptz})`,
  row: noRow,
})
export const OPEN = 'accepted_at IS NULL AND revoked_at IS NULL AND expires_at > {now:timestamptz}'
const listInvitations = statement({
  name: 'signin.invitations',
  sql: `SELECT ${Object.keys(invitation.shape).join(', ')} FROM invitations WHERE org_id = {org:uuid} AND ${OPEN} ORDER BY created_at DESC, id`,
  row: invitation,
})
const revokeInvitation = statement({
  name: 'signin.revoke_invitation',
  sql: `UPDATE invitations SET revoked_at = {now:timestamptz} WHERE org_id = {org:uuid} AND id = {id:uuid} AND ${OPEN} RETURNING email, role`,
  row: invitation.pick({ email: true, role: true }),
})
export const INVITED = `invitations.id, org_id, email, role, (SELECT name FROM organizations o WHERE o.id = org_id) AS organization,
  EXISTS (SELECT 1 FROM users u WHERE u.email = invitations.email) AS has_account`
export const findInvitation = statement({
  name: 'signin.invitation',
  sql: `SELECT ${INVITED} FROM invitations WHERE hash = {hash:text} AND ${OPEN}`,
  row: invited,
})
export const acceptInvitation = statement({
  name: 'signin.accept',
  sql: `UPDATE invitations SET accepted_at = {now:timestamptz} WHERE hash = {hash:text} AND ${OPEN} RETURNING ${INVITED}`,
  row: invited,
})
export const insertReset = statement({
  name: 'signin.create_reset',
  sql: `INSERT INTO password_resets (hash, user_id, created_at, expires_at) VALUES ({hash:text}, {user:uuid}, {now:timestamptz}, {expires:timestamptz})`,
  row: noRow,
})
const spendReset = statement({
  name: 'signin.spend_reset',
  sql: `UPDATE password_resets SET used_at = {now:timestamptz} WHERE hash = {hash:text} AND used_at IS NULL AND expires_at > {now:timestamptz} RETURNING user_id`,
  row: z.object({ user_id: z.string() }),
})

export function openSignIn(parts: { semantic: Semantic; clock: Clock; audit: Audit; access: Access; lockout: Lockout; log: Log }): SignIn {
  const { semantic, clock, audit, access, lockout, log } = parts
  const at = (ms: number) => instant(clock.now() + ms)
  const now = () => at(0)
  const { enter, personally } = createEntry(parts)
  /** A password that is tried: refused alike whether it is wrong or the wait is not over, each with a line in the log. */
  const requirePassword = async (by: string, email: string, password: Secret, origin: Origin, refusal: () => AppError): Promise<string> => {
    await lockout.require(email, origin.address).catch((thrown: unknown) => {
      logFailedSignIn(log, { by, reason: 'locked', email, origin })
      throw thrown
    })
    const user = await rightPassword(email, password)
    if (user !== null) return user
    await lockout.failed(email, origin.address)
    logFailedSignIn(log, { by, reason: 'wrong', email, origin })
    throw refusal()
  }
  const rightPassword = async (email: string, password: Secret): Promise<string | null> => {
    const found = await semantic.one(findHash, { email })
    if (found?.password_hash == null) {
      await checkNothing(password)
      return null
    }
    const verdict = await checkPassword(password, found.password_hash)
    if (verdict === 'stale')
      await semantic.query(upgradeHash, { id: found.id, before: found.password_hash, hash: await hashPassword(password) })
    return verdict === 'wrong' ? null : found.id
  }
  return {
    async byPassword(given, password, origin) {
      const email = given.trim().toLowerCase()
      const refusal = () =>
        new AppError('unauthenticated', 'The e-mail or the password is wrong.', {
          help: 'An administrator can make a link that resets it.',
        })
      const user = await requirePassword('password', email, password, origin, refusal)
      await lockout.succeeded(email)
      const session = await enter(user, origin)
      await audit.note(await personally(user, email, origin), { action: 'session.opened', target: { type: 'user', id: user, name: email } })
      return session
    },
    async setUp(principal, { email, full_name, password }, origin) {
      const user = await semantic.transaction(async (tx) => {
        // Two who set up at once: the second finds the first's account.
        const held = await tx.one(lockUsers, { org: principal.org })
        if (held === null || held.users > 0)
          throw new AppError('conflict', 'There are accounts already.', {
            help: 'Sign in with one, or make another with `fairlead admin create-user`.',
          })
        const made = await insertAccount(tx, { email, full_name, password, is_superuser: true }, now())
        await giveRole(tx, principal.org, made.id, 'owner', now())
        await audit.note(
          actorOf(principal, origin),
          { action: 'user.created', target: { type: 'user', id: made.id, name: made.email }, after: { ...shownUser(made), role: 'owner' } },
          tx,
        )
        return made
      })
      return enter(user.id, origin)
    },
    async changePassword(principal, current, next, origin) {
      const person = requirePerson(principal)
      const refusal = () => new AppError('forbidden', 'The present password is wrong.', { detail: { field: 'current' } })
      await requirePassword('change', person.email, current, origin, refusal)
      await semantic.transaction(async (tx) => {
        await replacePassword(tx, await userById(tx, person.id), next)
        await audit.note(
          actorOf(principal, origin),
          { action: 'user.password_changed', target: { type: 'user', id: person.id, name: person.email } },
          tx,
        )
      })
      access.forget()
      return access.openSession({ user: person.id }, principal.org, origin)
    },
    async invite(principal, given, role, origin) {
      const email = emailOf(given)
      const code = randomCode()
      const id = randomUUID()
      await semantic.transaction(async (tx) => {
        const { org } = principal
        await tx.query(endInvitations, { org, email, now: now() })
        const expires = at(INVITATION_DAYS * 86_400_000)
        await tx.query(insertInvitation, { id, hash: hashOf(code.reveal()), org, email, role, by: principal.name, now: now(), expires })
        const target = { type: 'invitation', id, name: email }
        await audit.note(actorOf(principal, origin), { action: 'member.invited', target, after: { email, role } }, tx)
      })
      return { id, email, code }
    },
    invitations: (org) => semantic.query(listInvitations, { org, now: now() }),
    revokeInvitation: (principal, id, origin) =>
      semantic.transaction(async (tx) => {
        const gone = await tx.one(revokeInvitation, { org: principal.org, id, now: now() })
        if (gone === null) throw new AppError('not-found', 'There is no such open invitation.')
        const target = { type: 'invitation', id, name: gone.email }
        await audit.note(actorOf(principal, origin), { action: 'invitation.revoked', target, before: gone }, tx)
      }),
    invitationOf: (code) => semantic.one(findInvitation, { hash: hashOf(code), now: now() }),
    async accept(code, { full_name, password }, origin) {
      const standing = await semantic.one(findInvitation, { hash: hashOf(code), now: now() })
      if (standing === null) {
        logFailedSignIn(log, { by: 'invitation', reason: 'stale', origin })
        throw staleLink('invitation')
      }
      // An account that exists proves itself; the link alone would let its finder in as somebody else.
      const { email: to } = standing
      const refusal = () => new AppError('unauthenticated', `${to} has an account, and this is not its password.`)
      const user = standing.has_account ? await requirePassword('invitation', to, password, origin, refusal) : null
      const joined = await semantic.transaction(async (tx) => {
        const accepted = await tx.one(acceptInvitation, { hash: hashOf(code), now: now() })
        if (accepted === null) throw staleLink('invitation')
        const { org_id: org, email, role } = accepted
        const id = user ?? (await insertAccount(tx, { email, full_name, password, is_superuser: false }, now())).id
        await giveRole(tx, org, id, role, now())
        const actor = { org, type: 'user' as const, id, name: email, ...origin }
        await audit.note(actor, { action: 'member.added', target: { type: 'user', id, name: email }, after: { role } }, tx)
        return { org, id }
      })
      return enter(joined.id, origin, joined.org)
    },
    async resetFor(principal, user, origin) {
      const code = randomCode()
      return semantic.transaction(async (tx) => {
        const person = await userById(tx, user)
        await tx.query(insertReset, { hash: hashOf(code.reveal()), user, now: now(), expires: at(RESET_MINUTES * 60_000) })
        const target = { type: 'user', id: user, name: person.email }
        await audit.note(actorOf(principal, origin), { action: 'user.reset_link_made', target }, tx)
        return { email: person.email, code }
      })
    },
    async reset(code, password, origin) {
      const user = await semantic.transaction(async (tx) => {
        const spent = await tx.one(spendReset, { hash: hashOf(code), now: now() })
        const person = spent === null ? null : await userById(tx, spent.user_id)
        if (person === null || person.disabled_at !== null) {
          logFailedSignIn(log, { by: 'reset', reason: 'stale', origin })
          throw staleLink('reset')
        }
        await replacePassword(tx, person, password)
        const actor = await personally(person.id, person.email, origin)
        await audit.note(actor, { action: 'user.password_reset', target: { type: 'user', id: person.id, name: person.email } }, tx)
        return person
      })
      access.forget()
      await lockout.succeeded(user.email)
      return enter(user.id, origin)
    },
  }
}

export function requirePerson(principal: Principal): NonNullable<Principal['user']> {
  if (principal.user !== null) return principal.user
  throw new AppError('forbidden', 'This is for people who are signed in.', {
    help: 'Sign in with e-mail and password; a token speaks for no one.',
  })
}

function staleLink(what: string): AppError {
  return new AppError('not-found', `This ${what} link is not known, was used, or has ended.`, { help: 'Ask an administrator for another.' })
}
