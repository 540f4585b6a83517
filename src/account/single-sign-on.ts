import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Secret } from '../secret.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { actorOf, type Access, type Origin, type Principal } from './access.ts'
import type { Actor, Audit } from './audit.ts'
import { createEntry } from './entry.ts'
import { giveRole } from './members.ts'
import { ssoRefusal, type ExternalIdentity } from './oidc.ts'
import type { Newcomers } from './oidc-settings.ts'
import type { Role } from './role.ts'
import { acceptInvitation, findInvitation, invited, INVITED, OPEN } from './sign-in.ts'
import { insertAccount, userById, type User } from './users.ts'

/** Whose account somebody whom a provider vouches for comes to, if to any. */
export interface SingleSignOn {
  /** `invitation` is the hash of the code of a link that the person followed. */
  signIn(identity: ExternalIdentity, invitation: string | null, origin: Origin): Promise<Secret>
  /** Takes the identities from an account, so that the next who proves its e-mail is linked; its sessions end. */
  unlink(principal: Principal, user: string, origin: Origin): Promise<{ unlinked: number }>
}

const findIdentity = statement({
  name: 'sso.find',
  sql: 'SELECT user_id FROM user_identities WHERE issuer = {issuer:text} AND subject = {subject:text}',
  row: z.object({ user_id: z.string() }),
})
const linkIdentity = statement({
  name: 'sso.link',
  sql: `INSERT INTO user_identities (issuer, subject, user_id, created_at) VALUES ({issuer:text}, {subject:text}, {user:uuid}, {now:timestamptz})
ON CONFLICT DO NOTHING RETURNING user_id`,
  row: z.object({ user_id: z.string() }),
})
const unlinkIdentities = statement({
  name: 'sso.unlink',
  sql: 'DELETE FROM user_identities WHERE user_id = {user:uuid} RETURNING issuer, subject',
  row: z.object({ issuer: z.string(), subject: z.string() }),
})
const endSessions = statement({ name: 'sso.end_sessions', sql: 'DELETE FROM sessions WHERE user_id = {user:uuid}', row: noRow })
const accountOf = statement({
  name: 'sso.account',
  sql: 'SELECT id FROM users WHERE email = {email:text}',
  row: z.object({ id: z.string() }),
})
const invitationTo = statement({
  name: 'sso.invitation_to',
  sql: `SELECT ${INVITED}, hash FROM invitations WHERE email = {email:text} AND ${OPEN} ORDER BY created_at DESC, id LIMIT 1`,
  row: invited.extend({ hash: z.string() }),
})

export function openSingleSignOn(parts: {
  semantic: Semantic
  clock: Clock
  audit: Audit
  access: Access
  newcomers: Newcomers | null
}): SingleSignOn {
  const { semantic, clock, audit, access, newcomers } = parts
  const { enter, personally } = createEntry(parts)
  const now = () => instant(clock.now())
  const targetOf = ({ id, email }: { id: string; email: string }) => ({ type: 'user', id, name: email })
  const actorIn = (org: string, { id, email }: User, { address, agent }: Origin): Actor => ({
    org,
    type: 'user',
    id,
    name: email,
    address,
    agent: agent?.slice(0, 300) ?? null,
  })

  /** Spends the invitation and gives its role. */
  const join = async (tx: Queries, hash: string, user: User, origin: Origin): Promise<string> => {
    const accepted = await tx.one(acceptInvitation, { hash, now: now() })
    if (accepted === null) throw ssoRefusal('sso-invitation', 'The invitation was used or has ended.')
    return add(tx, accepted.org_id, accepted.role, user, origin)
  }
  const add = async (tx: Queries, org: string, role: Role, user: User, origin: Origin): Promise<string> => {
    await giveRole(tx, org, user.id, role, now())
    await audit.note(actorIn(org, user, origin), { action: 'member.added', target: targetOf(user), after: { role } }, tx)
    return org
  }
  const link = async (tx: Queries, { issuer, subject }: ExternalIdentity, user: User, actor: Actor): Promise<void> => {
    if ((await tx.one(linkIdentity, { issuer, subject, user: user.id, now: now() })) === null)
      throw ssoRefusal('sso-other-identity', 'The account is linked to another identity of this provider.')
    await audit.note(actor, { action: 'user.identity_linked', target: targetOf(user), after: { issuer, subject } }, tx)
  }
  const requireEnabled = (user: User): User => {
    if (user.disabled_at !== null) throw ssoRefusal('sso-disabled', 'The account is disabled.')
    return user
  }
  const newAccount = (tx: Queries, email: string, name: string): Promise<User> =>
    insertAccount(tx, { email, full_name: name, password: null, is_superuser: false }, now())

  /** Who it is, and in which organization they come in when that was decided here. */
  const settle = async (
    tx: Queries,
    identity: ExternalIdentity,
    code: string | null,
    origin: Origin,
  ): Promise<{ user: User; org?: string }> => {
    const { issuer, subject, verifiedEmail, name } = identity
    const asked = code === null ? null : await tx.one(findInvitation, { hash: code, now: now() })
    if (code !== null && asked === null) throw ssoRefusal('sso-invitation', 'The invitation is not known, was used, or has ended.')
    const known = await tx.one(findIdentity, { issuer, subject })
    const account = known?.user_id ?? (verifiedEmail === null ? null : ((await tx.one(accountOf, { email: verifiedEmail }))?.id ?? null))
    if (account !== null) {
      const user = requireEnabled(await userById(tx, account))
      if (asked !== null && asked.email !== user.email)
        throw ssoRefusal('sso-invitation', 'The invitation is to another address than the account has.')
      if (known === null) await link(tx, identity, user, await personally(user.id, user.email, origin))
      return { user, ...(code === null ? {} : { org: await join(tx, code, user, origin) }) }
    }
    // From here on the account is a new one: by the link that was followed, which proves as much here as with a password …
    if (code !== null && asked !== null) {
      if (verifiedEmail !== null && verifiedEmail !== asked.email)
        throw ssoRefusal('sso-invitation', 'The invitation is to another address than the provider tells.')
      if (asked.has_account)
        throw ssoRefusal('sso-unverified', 'The invited address has an account, and the provider does not say that it is theirs.')
      const user = await newAccount(tx, asked.email, name)
      const org = await join(tx, code, user, origin)
      await link(tx, identity, user, actorIn(org, user, origin))
      return { user, org }
    }
    if (verifiedEmail === null) throw ssoRefusal('sso-unverified', 'The provider does not say that the e-mail address is theirs.')
    // … or by an invitation that waits for this address, or because whoever the provider vouches for may come in.
    const waiting = await tx.one(invitationTo, { email: verifiedEmail, now: now() })
    const isWelcome =
      newcomers !== null && (newcomers.domains.length === 0 || newcomers.domains.includes(verifiedEmail.split('@').at(-1) ?? ''))
    if (waiting === null && !isWelcome) throw ssoRefusal('sso-unknown', 'Nobody invited this person, and there is no account.')
    const user = await newAccount(tx, verifiedEmail, name)
    const org =
      waiting !== null
        ? await join(tx, waiting.hash, user, origin)
        : await add(tx, access.home.id, newcomers?.role ?? 'viewer', user, origin)
    await link(tx, identity, user, actorIn(org, user, origin))
    return { user, org }
  }

  return {
    async signIn(identity, invitation, origin) {
      const { user, org } = await semantic.transaction((tx) => settle(tx, identity, invitation, origin))
      access.forget()
      const session = await enter(user.id, origin, org)
      const actor = await personally(user.id, user.email, origin)
      await audit.note(actor, { action: 'session.opened', target: targetOf(user), after: { by: identity.issuer } })
      return session
    },
    unlink: async (principal, id, origin) => {
      const gone = await semantic.transaction(async (tx) => {
        const user = await userById(tx, id)
        const before = await tx.query(unlinkIdentities, { user: id })
        if (before.length === 0) return before
        await tx.query(endSessions, { user: id })
        await audit.note(actorOf(principal, origin), { action: 'user.identity_unlinked', target: targetOf(user), before }, tx)
        return before
      })
      access.forget()
      return { unlinked: gone.length }
    },
  }
}
