import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Actor, Audit } from './audit.ts'
import { mayGive, ROLES, type Right, type Role } from './role.ts'
import { userByEmail, type User } from './users.ts'

const memberRow = z.object({
  user_id: z.string(),
  email: z.string(),
  full_name: z.string(),
  role: z.enum(ROLES),
  created_at: z.string(),
  last_signin_at: z.string().nullable(),
  is_disabled: z.boolean(),
})
export type Member = z.infer<typeof memberRow>

/** Who changes a membership, and with which rights in that organization. */
export interface Giver {
  readonly actor: Actor
  readonly rights: readonly Right[]
}

/** Who belongs to an organization, and as what. */
export interface Members {
  list(org: string): Promise<Member[]>
  organizationsOf(user: string): Promise<{ id: string; slug: string; name: string; role: Role }[]>
  /** Adds a person who has an account, or gives a member another role. */
  set(giver: Giver, org: string, email: string, role: Role): Promise<Member>
  /** Takes a person out; their tokens and sessions in the organization end. */
  remove(giver: Giver, org: string, user: string): Promise<Member>
}

const listMembers = statement({
  name: 'members.list',
  sql: `SELECT m.user_id, u.email, u.full_name, m.role, m.created_at, u.last_signin_at, u.disabled_at IS NOT NULL AS is_disabled
FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.org_id = {org:uuid} ORDER BY u.email`,
  row: memberRow,
})
const listOrganizations = statement({
  name: 'members.organizations',
  sql: `SELECT o.id, o.slug, o.name, m.role FROM memberships m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = {user:uuid} ORDER BY o.created_at, o.id`,
  row: z.object({ id: z.string(), slug: z.string(), name: z.string(), role: z.enum(ROLES) }),
})
const setRole = statement({
  name: 'members.set',
  sql: `INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ({org:uuid}, {user:uuid}, {role:text}, {now:timestamptz})
ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role`,
  row: noRow,
})
const deleteMember = statement({
  name: 'members.remove',
  sql: 'DELETE FROM memberships WHERE org_id = {org:uuid} AND user_id = {user:uuid}',
  row: noRow,
})
const endTokens = statement({
  name: 'members.end_tokens',
  sql: 'UPDATE api_tokens SET revoked_at = {now:timestamptz} WHERE org_id = {org:uuid} AND user_id = {user:uuid} AND revoked_at IS NULL',
  row: noRow,
})
const endSessions = statement({
  name: 'members.end_sessions',
  sql: 'DELETE FROM sessions WHERE org_id = {org:uuid} AND user_id = {user:uuid}',
  row: noRow,
})
/** Two who take the last owners away at once wait for each other here. */
const holdOrganization = statement({
  name: 'members.hold',
  sql: 'SELECT id FROM organizations WHERE id = {org:uuid} FOR UPDATE',
  row: z.object({ id: z.string() }),
})

/** Gives the role, in a transaction of the caller's: an invitation that is accepted comes this way, too. */
export async function giveRole(tx: Queries, org: string, user: string, role: Role, now: string): Promise<void> {
  await tx.query(setRole, { org, user, role, now })
}

export function openMembers({ semantic, clock, audit }: { semantic: Semantic; clock: Clock; audit: Audit }): Members {
  const now = () => instant(clock.now())
  const held = async (tx: Queries, org: string) => {
    await tx.query(holdOrganization, { org })
    return tx.query(listMembers, { org })
  }
  const requireMay = (giver: Giver, role: Role | undefined) => {
    if (role !== undefined && !mayGive(giver.rights, role))
      throw new AppError('forbidden', 'Only an owner makes owners, or changes what an owner may do.', { help: 'Ask an owner.' })
  }
  const requireAnOwner = (members: readonly Member[], user: string) => {
    if (members.some((one) => one.role === 'owner' && one.user_id === user) && members.filter((one) => one.role === 'owner').length === 1)
      throw new AppError('conflict', 'That is the last owner of the organization.', { help: 'Make another member an owner first.' })
  }
  return {
    list: (org) => semantic.query(listMembers, { org }),
    organizationsOf: (user) => semantic.query(listOrganizations, { user }),
    set: (giver, org, email, role) =>
      semantic.transaction(async (tx) => {
        requireMay(giver, role)
        const user: User = await userByEmail(tx, email)
        const members = await held(tx, org)
        const before = members.find((one) => one.user_id === user.id)
        requireMay(giver, before?.role)
        if (role !== 'owner') requireAnOwner(members, user.id)
        await giveRole(tx, org, user.id, role, now())
        const after = (await tx.query(listMembers, { org })).find((one) => one.user_id === user.id)
        if (after === undefined) throw new AppError('internal', 'The membership could not be saved.')
        const target = { type: 'user', id: user.id, name: user.email }
        if (before === undefined) await audit.note(giver.actor, { action: 'member.added', target, after: { role } }, tx)
        else if (before.role !== role)
          await audit.note(giver.actor, { action: 'member.role_changed', target, before: { role: before.role }, after: { role } }, tx)
        return after
      }),
    remove: (giver, org, user) =>
      semantic.transaction(async (tx) => {
        const members = await held(tx, org)
        const before = members.find((one) => one.user_id === user)
        if (before === undefined)
          throw new AppError('not-found', 'There is no such member.', { help: 'List them with `fairlead admin members list`.' })
        requireMay(giver, before.role)
        requireAnOwner(members, user)
        await tx.query(deleteMember, { org, user })
        await tx.query(endTokens, { org, user, now: now() })
        await tx.query(endSessions, { org, user })
        await audit.note(
          giver.actor,
          { action: 'member.removed', target: { type: 'user', id: user, name: before.email }, before: { role: before.role } },
          tx,
        )
        return before
      }),
  }
}
