import { randomUUID, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { hashOf, looksLikeToken, newToken, randomCode } from './token-text.ts'

export const SCOPES = ['ingest', 'read', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who is asking, and what for: made from a token or a session, and the only thing that says which organization. */
export interface Principal {
  readonly org: string
  readonly scopes: readonly Scope[]
  readonly via: 'token' | 'session' | 'process'
}

export interface Organization {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly time_zone: string
}

/** Tokens, sessions and one-time sign-in links. Secrets are stored as SHA-256: 178 bits and more need no slow hash. */
export interface Access {
  readonly organization: Organization
  /** Who a bearer token is; null when nobody. Answers are remembered for some seconds, so that ingest goes on while the semantic store restarts. */
  byToken(token: string): Promise<Principal | null>
  bySession(id: string): Promise<Principal | null>
  createToken(name: string, scopes: readonly Scope[]): Promise<Secret>
  /** A link that signs its first visitor in, within the hour. */
  createSigninCode(): Promise<Secret>
  /** Spends a code and opens a session; null when the code is unknown, spent or stale. */
  signIn(code: string): Promise<Secret | null>
  openSession(principal: Principal): Promise<Secret>
  endSession(id: string): Promise<void>
}

const SESSION_DAYS = 30
const CODE_MINUTES = 60
const REMEMBERED_MS = 15_000

const scopes = z.array(z.enum(SCOPES))
const organizationRow = z.object({ id: z.string(), slug: z.string(), name: z.string(), time_zone: z.string() })
const firstOrganization = statement({
  name: 'access.organization',
  sql: 'SELECT id, slug, name, time_zone FROM organizations ORDER BY created_at, id LIMIT 1',
  row: organizationRow,
})
const insertOrganization = statement({
  name: 'access.create_organization',
  sql: `INSERT INTO organizations (id, slug, name, time_zone, created_at) VALUES ({id:uuid}, {slug:text}, {name:text}, {time_zone:text}, {now:timestamptz})
ON CONFLICT (slug) DO NOTHING`,
  row: noRow,
})
const findToken = statement({
  name: 'access.find_token',
  sql: `SELECT org_id, scopes FROM api_tokens WHERE hash = {hash:text} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now:timestamptz})`,
  row: z.object({ org_id: z.string(), scopes }),
})
const insertToken = statement({
  name: 'access.create_token',
  sql: `INSERT INTO api_tokens (id, org_id, name, prefix, hash, scopes, created_at)
VALUES ({id:uuid}, {org:uuid}, {name:text}, {prefix:text}, {hash:text}, {scopes:text[]}, {now:timestamptz})`,
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
  sql: `INSERT INTO sessions (id, org_id, scopes, created_at, last_seen_at, expires_at)
VALUES ({hash:text}, {org:uuid}, {scopes:text[]}, {now:timestamptz}, {now:timestamptz}, {expires:timestamptz})`,
  row: noRow,
})
const findSession = statement({
  name: 'access.find_session',
  sql: 'SELECT org_id, scopes FROM sessions WHERE id = {hash:text} AND expires_at > {now:timestamptz}',
  row: z.object({ org_id: z.string(), scopes }),
})
const deleteSession = statement({ name: 'access.end_session', sql: 'DELETE FROM sessions WHERE id = {hash:text}', row: noRow })

/** `processToken` is the administrator's token of this process, the one in server.json: it lives as long as the process and stands in no table. */
export async function openAccess({
  semantic,
  clock,
  processToken,
  timeZone,
}: {
  semantic: Semantic
  clock: Clock
  processToken: Secret
  timeZone: string
}): Promise<Access> {
  const organization = await ensureOrganization(semantic, clock, timeZone)
  const remembered = new Map<string, { principal: Principal | null; until: number }>()
  const now = () => instant(clock.now())
  const later = (ms: number) => instant(clock.now() + ms)

  const remember = async (key: string, find: () => Promise<Principal | null>): Promise<Principal | null> => {
    const known = remembered.get(key)
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

  const openSession = async (principal: Principal): Promise<Secret> => {
    const id = randomCode()
    await semantic.query(insertSession, {
      hash: hashOf(id.reveal()),
      org: principal.org,
      scopes: principal.scopes,
      now: now(),
      expires: later(SESSION_DAYS * 86_400_000),
    })
    return id
  }

  return {
    organization,
    async byToken(token) {
      if (sameText(token, processToken.reveal())) return { org: organization.id, scopes: ['admin'], via: 'process' }
      if (!looksLikeToken(token)) return null
      const hash = hashOf(token)
      return remember(`token ${hash}`, async () => {
        const row = await semantic.one(findToken, { hash, now: now() })
        return row === null ? null : { org: row.org_id, scopes: row.scopes, via: 'token' }
      })
    },
    async bySession(id) {
      const hash = hashOf(id)
      return remember(`session ${hash}`, async () => {
        const row = await semantic.one(findSession, { hash, now: now() })
        return row === null ? null : { org: row.org_id, scopes: row.scopes, via: 'session' }
      })
    },
    async createToken(name, wanted) {
      const token = newToken()
      const prefix = token.reveal().slice(0, 8)
      await semantic.query(insertToken, {
        id: randomUUID(),
        org: organization.id,
        name,
        prefix,
        hash: hashOf(token.reveal()),
        scopes: wanted,
        now: now(),
      })
      return token
    },
    async createSigninCode() {
      const code = randomCode()
      await semantic.query(insertCode, {
        hash: hashOf(code.reveal()),
        org: organization.id,
        now: now(),
        expires: later(CODE_MINUTES * 60_000),
      })
      return code
    },
    async signIn(code) {
      const spent = await semantic.one(spendCode, { hash: hashOf(code), now: now() })
      return spent === null ? null : openSession({ org: spent.org_id, scopes: ['admin'], via: 'session' })
    },
    openSession,
    async endSession(id) {
      remembered.delete(`session ${hashOf(id)}`)
      await semantic.query(deleteSession, { hash: hashOf(id) })
    },
  }
}

async function ensureOrganization(semantic: Semantic, clock: Clock, timeZone: string): Promise<Organization> {
  const existing = await semantic.one(firstOrganization)
  if (existing !== null) return existing
  await semantic.query(insertOrganization, {
    id: randomUUID(),
    slug: 'default',
    name: 'Default',
    time_zone: timeZone,
    now: instant(clock.now()),
  })
  const made = await semantic.one(firstOrganization)
  if (made === null) throw new AppError('internal', 'The first organization could not be made.')
  return made
}

export function mayDo(principal: Principal, right: Scope): boolean {
  return principal.scopes.includes(right) || principal.scopes.includes('admin')
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(hashOf(a))
  const right = Buffer.from(hashOf(b))
  return timingSafeEqual(left, right)
}
