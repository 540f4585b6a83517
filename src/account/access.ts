import { randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Actor } from './audit.ts'
import { looksLikeEmitterKey, type EmitterKeys } from './emitter-keys.ts'
import type { Organization, Organizations } from './organizations.ts'
import { RIGHTS_OF, rightsOfToken, ROLES, SCOPES, SUPERUSER_RIGHTS, type Right, type Role } from './role.ts'
import { hashOf, looksLikeToken, randomCode } from './token-text.ts'

/** Who is asking, and what for: made from a token or a session, and the only thing that says which organization. */
export interface Principal {
  readonly org: string
  readonly rights: readonly Right[]
  readonly via: 'token' | 'session' | 'process'
  /** Of the token, or of the session as lists show it. */
  readonly id: string | null
  /** The person of a session; a token speaks for no one. */
  readonly user: Person | null
  readonly role: Role | null
  /** For the audit log. */
  readonly name: string
}

export interface Person {
  readonly id: string
  readonly email: string
  readonly full_name: string
  readonly is_superuser: boolean
}

/** From where a request came. */
export interface Origin {
  readonly address: string | null
  readonly agent: string | null
}

/** Whose session it is: a person's, a token's, or that of the one-time link, which stands for this machine's operator. */
export type SessionOf = { readonly user: string } | { readonly token: string } | 'operator'

/** Tokens, sessions and one-time sign-in links, and who they stand for at this moment. */
/** Who sends with a key that another tool gave: only where its path, a pattern (RE2), allows it. */
export interface Emitter extends Principal {
  readonly allowed_path: string
}

export interface Access {
  /** The organization that this process itself speaks for. */
  readonly home: Organization
  /** Who a bearer token is; null when nobody. Answers are remembered for some seconds, so that ingest goes on while the semantic store restarts. */
  byToken(token: string): Promise<Principal | null>
  bySession(code: string): Promise<Principal | null>
  /** Whose key of another tool it is. Such a key opens that tool's doors only, so nothing else asks this. */
  byEmitterKey(key: string): Promise<Emitter | null>
  /** This process's own principal in another organization; null where there is none of that slug. */
  within(principal: Principal, slug: string): Promise<Principal | null>
  /** A link that signs its first visitor in as the operator, within the hour. */
  createSigninCode(): Promise<Secret>
  /** Spends a code and opens a session; null when the code is unknown, spent or stale. */
  spendSigninCode(code: string, origin: Origin): Promise<Secret | null>
  openSession(of: SessionOf, org: string, origin: Origin): Promise<Secret>
  endSession(code: string): Promise<void>
  /** Own sessions of a person. */
  sessions(user: string): Promise<SessionRow[]>
  /** Ends one of a person's sessions, or all but one. */
  endSessionsOf(user: string, which: { id: string } | { allBut: string | null }): Promise<number>
  moveSession(code: string, org: string): Promise<void>
  /** What a token or a session may do has changed: ask again. Other servers of the same store know within 15 seconds. */
  forget(): void
}

const sessionRow = z.object({
  id: z.string(),
  organization: z.string(),
  created_at: z.string(),
  last_seen_at: z.string(),
  expires_at: z.string(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
})
export type SessionRow = z.infer<typeof sessionRow>

const SESSION_DAYS = 30
/** A session that nobody used for so long has ended. */
const IDLE_DAYS = 7
const SEEN_EVERY_MS = 5 * 60_000
const CODE_MINUTES = 60
const REMEMBERED_MS = 15_000
const DAY_MS = 86_400_000

const standing = z.object({
  user_id: z.string().nullable(),
  email: z.string().nullable(),
  full_name: z.string().nullable(),
  is_superuser: z.boolean().nullable(),
  role: z.enum(ROLES).nullable(),
})
const tokenFound = standing.extend({ id: z.string(), org_id: z.string(), name: z.string(), scopes: z.array(z.enum(SCOPES)) })
const tokenBy = (key: 'hash' | 'id', type: 'text' | 'uuid') =>
  statement({
    name: `access.token_by_${key}`,
    sql: `SELECT t.id, t.org_id, t.name, t.scopes, t.user_id, u.email, u.full_name, u.is_superuser, m.role
FROM api_tokens t LEFT JOIN users u ON u.id = t.user_id LEFT JOIN memberships m ON m.user_id = t.user_id AND m.org_id = t.org_id
WHERE t.${key} = {key:${type}} AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > {now:timestamptz})
  AND (t.user_id IS NULL OR u.disabled_at IS NULL)`,
    row: tokenFound,
  })
const tokenByHash = tokenBy('hash', 'text')
const tokenById = tokenBy('id', 'uuid')
const useToken = statement({
  name: 'access.use_token',
  sql: `UPDATE api_tokens SET last_used_at = {now:timestamptz} WHERE id = {id:uuid} AND (last_used_at IS NULL OR last_used_at < {before:timestamptz})`,
  row: noRow,
})
const findSession = statement({
  name: 'access.find_session',
  sql: `SELECT s.public_id, s.org_id, s.scopes, s.token_id, s.last_seen_at, s.user_id, u.email, u.full_name, u.is_superuser, m.role
FROM sessions s LEFT JOIN users u ON u.id = s.user_id LEFT JOIN memberships m ON m.user_id = s.user_id AND m.org_id = s.org_id
WHERE s.id = {hash:text} AND s.expires_at > {now:timestamptz} AND s.last_seen_at > {idle:timestamptz} AND (s.user_id IS NULL OR u.disabled_at IS NULL)`,
  row: standing.extend({
    public_id: z.string().nullable(),
    org_id: z.string(),
    scopes: z.array(z.string()),
    token_id: z.string().nullable(),
    last_seen_at: z.string(),
  }),
})
const seeSession = statement({
  name: 'access.see_session',
  sql: 'UPDATE sessions SET last_seen_at = {now:timestamptz} WHERE id = {hash:text}',
  row: noRow,
})
const insertCode = statement({
  name: 'access.create_code',
  sql: `INSERT INTO signin_links (hash, org_id, created_at, expires_at) VALUES ({hash:text}, {org:uuid}, {now:timestamptz}, {expires:timestamptz})`,
  row: noRow,
})
const spendCode = statement({
  name: 'access.spend_code',
  sql: `UPDATE signin_links SET used_at = {now:timestamptz} WHERE hash = {hash:text} AND used_at IS NULL AND expires_at > {now:timestamptz} RETURNING org_id`,
  row: z.object({ org_id: z.string() }),
})
const insertSession = statement({
  name: 'access.create_session',
  sql: `INSERT INTO sessions (id, public_id, org_id, user_id, token_id, scopes, created_at, last_seen_at, expires_at, address, agent)
VALUES ({hash:text}, {id:uuid}, {org:uuid}, {user:uuid}, {token:uuid}, {scopes:text[]}, {now:timestamptz}, {now:timestamptz}, {expires:timestamptz}, {address:text}, {agent:text})`,
  row: noRow,
})
const deleteSession = statement({ name: 'access.end_session', sql: 'DELETE FROM sessions WHERE id = {hash:text}', row: noRow })
const tidySessions = statement({
  name: 'access.tidy_sessions',
  sql: 'DELETE FROM sessions WHERE expires_at < {now:timestamptz} OR last_seen_at < {idle:timestamptz}',
  row: noRow,
})
const moveSession = statement({
  name: 'access.move_session',
  sql: 'UPDATE sessions SET org_id = {org:uuid} WHERE id = {hash:text}',
  row: noRow,
})
const listSessions = statement({
  name: 'access.sessions',
  sql: `SELECT s.public_id AS id, o.slug AS organization, s.created_at, s.last_seen_at, s.expires_at, s.address, s.agent
FROM sessions s JOIN organizations o ON o.id = s.org_id WHERE s.user_id = {user:uuid} AND s.expires_at > {now:timestamptz} AND s.last_seen_at > {idle:timestamptz}
ORDER BY s.last_seen_at DESC`,
  row: sessionRow,
})
const deleteSessions = statement({
  name: 'access.end_sessions',
  sql: `DELETE FROM sessions WHERE user_id = {user:uuid} AND ({id:uuid} IS NULL OR public_id = {id:uuid}) AND ({but:uuid} IS NULL OR public_id != {but:uuid}) RETURNING id`,
  row: z.object({ id: z.string() }),
})

/** `processToken` is the administrator's token of this process, the one in server.json: it lives as long as the process and stands in no table. */
export function openAccess({
  semantic,
  clock,
  processToken,
  home,
  organizations,
  emitterKeys,
}: {
  semantic: Semantic
  clock: Clock
  processToken: Secret
  home: Organization
  organizations: Organizations
  emitterKeys: EmitterKeys
}): Access {
  const remembered = new Map<string, { principal: Principal | null; until: number }>()
  const at = (ms: number) => instant(clock.now() + ms)
  const now = () => at(0)
  const idle = () => at(-IDLE_DAYS * DAY_MS)
  const remember = async <P extends Principal>(key: string, find: () => Promise<P | null>): Promise<P | null> => {
    // A key begins with its kind, and each kind has one type.
    const known = remembered.get(key) as { principal: P | null; until: number } | undefined
    if (known !== undefined && known.until > clock.now()) return known.principal
    try {
      const principal = await find()
      if (remembered.size > 10_000) remembered.clear()
      remembered.set(key, { principal, until: clock.now() + REMEMBERED_MS })
      return principal
    } catch (thrown) {
      // The store is away: whoever was let in before still is, so that no event is refused for a restart of PostgreSQL.
      if (known?.principal && thrown instanceof AppError && thrown.retry) return known.principal
      throw thrown
    }
  }
  const tokenPrincipal = (row: z.infer<typeof tokenFound> | null): Principal | null => {
    if (row === null) return null
    const rights = rightsOfToken(row.scopes, row.user_id === null ? SUPERUSER_RIGHTS : rightsOf(row))
    return rights.length === 0 ? null : { org: row.org_id, rights, via: 'token', id: row.id, user: null, role: null, name: row.name }
  }
  const access: Access = {
    home,
    async byToken(token) {
      if (sameText(token, processToken.reveal()))
        return { org: home.id, rights: SUPERUSER_RIGHTS, via: 'process', id: null, user: null, role: null, name: 'this machine' }
      if (!looksLikeToken(token)) return null
      const hash = hashOf(token)
      return remember(`token ${hash}`, async () => {
        const found = tokenPrincipal(await semantic.one(tokenByHash, { key: hash, now: now() }))
        if (found?.id) await semantic.query(useToken, { id: found.id, now: now(), before: at(-SEEN_EVERY_MS) })
        return found
      })
    },
    async byEmitterKey(key) {
      if (!looksLikeEmitterKey(key)) return null
      return remember(`emitter ${hashOf(key)}`, async () => {
        const found = await emitterKeys.find(key)
        if (found === null) return null
        const { id, org_id: org, name, allowed_path } = found
        await semantic.query(useToken, { id, now: now(), before: at(-SEEN_EVERY_MS) })
        return { org, rights: ['ingest'], via: 'token', id, user: null, role: null, name, allowed_path } satisfies Emitter
      })
    },
    async bySession(code) {
      const hash = hashOf(code)
      return remember(`session ${hash}`, async () => {
        const row = await semantic.one(findSession, { hash, now: now(), idle: idle() })
        if (row === null) return null
        if (Date.parse(row.last_seen_at) < clock.now() - SEEN_EVERY_MS) await semantic.query(seeSession, { hash, now: now() })
        const { org_id: org, public_id: id } = row
        if (row.token_id !== null) {
          const token = tokenPrincipal(await semantic.one(tokenById, { key: row.token_id, now: now() }))
          return token === null ? null : { ...token, via: 'session', id }
        }
        const { user_id, email, full_name, is_superuser } = row
        if (user_id === null || email === null) {
          const rights = row.scopes.includes('superuser') ? SUPERUSER_RIGHTS : SCOPES.filter((one) => row.scopes.includes(one))
          return { org, rights, via: 'session', id, user: null, role: null, name: 'one-time link' }
        }
        const user = { id: user_id, email, full_name: full_name ?? '', is_superuser: is_superuser === true }
        // Without a right it is still a person, who may look for another organization and sign out.
        return { org, rights: rightsOf(row), via: 'session', id, user, role: row.role, name: email }
      })
    },
    async within(principal, slug) {
      const found = await organizations.bySlug(slug)
      return found === null ? null : { ...principal, org: found.id }
    },
    async createSigninCode() {
      const code = randomCode()
      await semantic.query(insertCode, { hash: hashOf(code.reveal()), org: home.id, now: now(), expires: at(CODE_MINUTES * 60_000) })
      return code
    },
    async spendSigninCode(code, origin) {
      const spent = await semantic.one(spendCode, { hash: hashOf(code), now: now() })
      return spent === null ? null : access.openSession('operator', spent.org_id, origin)
    },
    async openSession(of, org, { address, agent }) {
      const code = randomCode()
      await semantic.query(tidySessions, { now: now(), idle: idle() })
      await semantic.query(insertSession, {
        hash: hashOf(code.reveal()),
        id: randomUUID(),
        org,
        user: of !== 'operator' && 'user' in of ? of.user : null,
        token: of !== 'operator' && 'token' in of ? of.token : null,
        scopes: of === 'operator' ? ['superuser'] : [],
        now: now(),
        expires: at(SESSION_DAYS * DAY_MS),
        address,
        agent: agent?.slice(0, 300) ?? null,
      })
      return code
    },
    async endSession(code) {
      remembered.delete(`session ${hashOf(code)}`)
      await semantic.query(deleteSession, { hash: hashOf(code) })
    },
    sessions: (user) => semantic.query(listSessions, { user, now: now(), idle: idle() }),
    async endSessionsOf(user, which) {
      const [id, but] = 'id' in which ? [which.id, null] : [null, which.allBut]
      const ended = await semantic.query(deleteSessions, { user, id, but })
      remembered.clear()
      return ended.length
    },
    async moveSession(code, org) {
      await semantic.query(moveSession, { hash: hashOf(code), org })
      remembered.delete(`session ${hashOf(code)}`)
    },
    forget: () => remembered.clear(),
  }
  return access
}

/** What a person may do in the organization of the row. */
function rightsOf({ is_superuser, role }: { is_superuser: boolean | null; role: Role | null }): readonly Right[] {
  return is_superuser === true ? SUPERUSER_RIGHTS : role === null ? [] : RIGHTS_OF[role]
}

export function mayDo(principal: Principal, right: Right): boolean {
  return principal.rights.includes(right)
}

export function actorOf(principal: Principal, { address, agent }: Origin): Actor {
  const { org, via, user, id, name } = principal
  return { org, type: user === null ? via : 'user', id: user?.id ?? id, name, address, agent: agent?.slice(0, 300) ?? null }
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(hashOf(a))
  const right = Buffer.from(hashOf(b))
  return timingSafeEqual(left, right)
}
