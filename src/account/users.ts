import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Actor, Audit } from './audit.ts'
import { hashPassword, isPasswordHash, requireGoodPassword } from './password.ts'

const userRow = z.object({
  id: z.string(),
  email: z.string(),
  full_name: z.string(),
  is_superuser: z.boolean(),
  has_password: z.boolean(),
  created_at: z.string(),
  last_signin_at: z.string().nullable(),
  disabled_at: z.string().nullable(),
})
export type User = z.infer<typeof userRow>
const COLUMNS = 'id, email, full_name, is_superuser, password_hash IS NOT NULL AS has_password, created_at, last_signin_at, disabled_at'

/** Accounts of people, of the whole installation; what one may do in an organization is its membership. */
export interface Users {
  list(): Promise<(User & { organizations: { slug: string; role: string }[] })[]>
  /** Whether nobody has an account yet. */
  isEmpty(): Promise<boolean>
  /** Whether somebody could run this installation from elsewhere: a superuser who can sign in. */
  hasSuperuser(): Promise<boolean>
  create(actor: Actor, given: NewUser): Promise<User>
  setDisabled(actor: Actor, id: string, disabled: boolean): Promise<User>
  setPassword(actor: Actor, id: string, password: Secret): Promise<void>
}

export interface NewUser {
  readonly email: string
  readonly full_name: string
  /** `hash`: as another program stored it, checked as such and upgraded at the first sign-in. Null: cannot sign in with a password. */
  readonly password: Secret | { readonly hash: string } | null
  readonly is_superuser: boolean
}

const listUsers = statement({
  name: 'users.list',
  sql: `SELECT ${COLUMNS}, (SELECT coalesce(jsonb_agg(jsonb_build_object('slug', o.slug, 'role', m.role) ORDER BY o.slug), '[]'::jsonb)
  FROM memberships m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = users.id) AS organizations
FROM users ORDER BY email`,
  row: userRow.extend({ organizations: z.array(z.object({ slug: z.string(), role: z.string() })) }),
})
const countUsers = statement({
  name: 'users.count',
  sql: `SELECT count(*)::integer AS all_users, (count(*) FILTER (WHERE is_superuser AND disabled_at IS NULL AND password_hash IS NOT NULL))::integer AS superusers FROM users`,
  row: z.object({ all_users: z.number(), superusers: z.number() }),
})
const byEmail = statement({ name: 'users.by_email', sql: `SELECT ${COLUMNS} FROM users WHERE email = {email:text}`, row: userRow })
const byId = statement({ name: 'users.by_id', sql: `SELECT ${COLUMNS} FROM users WHERE id = {id:uuid}`, row: userRow })
const insertUser = statement({
  name: 'users.create',
  sql: `INSERT INTO users (id, email, full_name, password_hash, is_superuser, created_at)
VALUES ({id:uuid}, {email:text}, {full_name:text}, {hash:text}, {is_superuser:boolean}, {now:timestamptz}) ON CONFLICT (email) DO NOTHING RETURNING ${COLUMNS}`,
  row: userRow,
})
const setDisabled = statement({
  name: 'users.set_disabled',
  sql: `UPDATE users SET disabled_at = {at:timestamptz} WHERE id = {id:uuid} RETURNING ${COLUMNS}`,
  row: userRow,
})
const setPassword = statement({
  name: 'users.set_password',
  sql: 'UPDATE users SET password_hash = {hash:text} WHERE id = {id:uuid}',
  row: noRow,
})
const endSessions = statement({ name: 'users.end_sessions', sql: 'DELETE FROM sessions WHERE user_id = {id:uuid}', row: noRow })

/** The form in which e-mail addresses are kept and compared. */
export function emailOf(text: string): string {
  const email = text.trim().toLowerCase()
  if (!z.email().max(254).safeParse(email).success)
    throw new AppError('invalid-input', `${JSON.stringify(text)} is no e-mail address.`, {
      help: 'For example ada@example.com.',
      detail: { field: 'email' },
    })
  return email
}

export async function userByEmail(through: Queries, text: string): Promise<User> {
  const email = emailOf(text)
  const user = await through.one(byEmail, { email })
  if (user === null)
    throw new AppError('not-found', `Nobody has an account with ${email}.`, {
      help: `Make one with \`fairlead admin create-user --email ${email}\`, or invite them on the members page.`,
      detail: { field: 'email' },
    })
  return user
}

export async function userById(through: Queries, id: string): Promise<User> {
  const user = await through.one(byId, { id })
  if (user === null) throw new AppError('not-found', 'There is no such account.', { help: 'List them with `fairlead admin list-users`.' })
  return user
}

/** Inserts the account; its audit entry is the caller's, who knows why it is made. */
export async function insertAccount(through: Queries, given: NewUser, now: string): Promise<User> {
  const email = emailOf(given.email)
  const made = await through.one(insertUser, {
    id: randomUUID(),
    email,
    full_name: given.full_name.trim(),
    hash: given.password === null ? null : await storedHash(given.password, email),
    is_superuser: given.is_superuser,
    now,
  })
  if (made === null)
    throw new AppError('conflict', `${email} has an account already.`, {
      help: 'Change its password or its role instead.',
      detail: { field: 'email' },
    })
  return made
}

async function storedHash(password: Secret | { readonly hash: string }, email: string): Promise<string> {
  if ('hash' in password) {
    if (isPasswordHash(password.hash)) return password.hash
    throw new AppError('invalid-input', 'That is no password hash that can be checked here.', {
      help: 'Argon2 in its usual form, `pbkdf2_sha256$…` (Django) or `$pbkdf2-sha256$…` (passlib).',
    })
  }
  await requireGoodPassword(password, email)
  return hashPassword(password)
}

/** A new password ends every session: whoever knew the old one is out. */
export async function replacePassword(through: Queries, user: User, password: Secret): Promise<void> {
  await requireGoodPassword(password, user.email)
  await through.query(setPassword, { id: user.id, hash: await hashPassword(password) })
  await through.query(endSessions, { id: user.id })
}

/** What the log keeps of an account. */
export function shownUser(user: User): Record<string, unknown> {
  return { email: user.email, full_name: user.full_name, is_superuser: user.is_superuser, disabled: user.disabled_at !== null }
}

export function openUsers({ semantic, clock, audit }: { semantic: Semantic; clock: Clock; audit: Audit }): Users {
  const now = () => instant(clock.now())
  return {
    list: () => semantic.query(listUsers),
    isEmpty: async () => (await semantic.one(countUsers))?.all_users === 0,
    hasSuperuser: async () => ((await semantic.one(countUsers))?.superusers ?? 0) > 0,
    create: (actor, given) =>
      semantic.transaction(async (tx) => {
        const user = await insertAccount(tx, given, now())
        await audit.note(
          actor,
          { action: 'user.created', target: { type: 'user', id: user.id, name: user.email }, after: shownUser(user) },
          tx,
        )
        return user
      }),
    setDisabled: (actor, id, disabled) =>
      semantic.transaction(async (tx) => {
        const before = await userById(tx, id)
        if (disabled && actor.id === id)
          throw new AppError('conflict', 'That is the account you are signed in with.', { help: 'Another superuser can disable it.' })
        const after = (await tx.one(setDisabled, { id, at: disabled ? now() : null })) ?? before
        if (disabled) await tx.query(endSessions, { id })
        const target = { type: 'user', id, name: after.email }
        const action = disabled ? 'user.disabled' : 'user.enabled'
        await audit.note(actor, { action, target, before: shownUser(before), after: shownUser(after) }, tx)
        return after
      }),
    setPassword: (actor, id, password) =>
      semantic.transaction(async (tx) => {
        const user = await userById(tx, id)
        await replacePassword(tx, user, password)
        await audit.note(actor, { action: 'user.password_set', target: { type: 'user', id, name: user.email } }, tx)
      }),
  }
}
