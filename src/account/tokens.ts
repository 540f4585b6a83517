import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import type { Actor, Audit } from './audit.ts'
import { dropUnneededSecrets } from './emitter-keys.ts'
import { SCOPES, type Scope } from './role.ts'
import { hashOf, newToken } from './token-text.ts'

const scopes = z.array(z.enum(SCOPES))
export const tokenRow = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes,
  created_by: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  /** Of a key that was taken over from another tool: the pattern of the paths that it opens. Null for a token of ours. */
  allowed_path: z.string().nullable(),
  last_used_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
})
export type Token = z.infer<typeof tokenRow>

/** Tokens for programs, of one organization. The token itself is shown once and stored as SHA-256: 214 bits need no slow hash. */
export interface Tokens {
  /** Of everybody, or only what one person made. */
  list(org: string, user: string | null): Promise<Token[]>
  create(actor: Actor, org: string, given: NewToken): Promise<{ row: Token; token: Secret }>
  /** `user`: only one that this person made. */
  revoke(actor: Actor, org: string, id: string, user: string | null): Promise<Token>
}

export interface NewToken {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expires_at: string | null
  /** Who makes it; null for this machine's own process. */
  readonly user: string | null
}

const COLUMNS =
  'id, name, prefix, scopes, (SELECT email FROM users WHERE users.id = user_id) AS created_by, created_at, expires_at, allowed_path, last_used_at, revoked_at'

const listTokens = statement({
  name: 'tokens.list',
  sql: `SELECT ${COLUMNS} FROM api_tokens WHERE org_id = {org:uuid} AND ({user:uuid} IS NULL OR user_id = {user:uuid}) ORDER BY created_at DESC, id`,
  row: tokenRow,
})
const insertToken = statement({
  name: 'tokens.create',
  sql: `INSERT INTO api_tokens (id, org_id, user_id, name, prefix, hash, scopes, created_at, expires_at)
VALUES ({id:uuid}, {org:uuid}, {user:uuid}, {name:text}, {prefix:text}, {hash:text}, {scopes:text[]}, {now:timestamptz}, {expires:timestamptz}) RETURNING ${COLUMNS}`,
  row: tokenRow,
})
const revokeToken = statement({
  name: 'tokens.revoke',
  sql: `UPDATE api_tokens SET revoked_at = coalesce(revoked_at, {now:timestamptz})
WHERE org_id = {org:uuid} AND id = {id:uuid} AND ({user:uuid} IS NULL OR user_id = {user:uuid}) RETURNING ${COLUMNS}`,
  row: tokenRow,
})

export function openTokens({ semantic, clock, audit }: { semantic: Semantic; clock: Clock; audit: Audit }): Tokens {
  const now = () => instant(clock.now())
  const shown = ({ name, scopes: given, expires_at }: Token) => ({ name, scopes: given, expires_at })
  return {
    list: (org, user) => semantic.query(listTokens, { org, user }),
    async create(actor, org, { name, scopes: given, expires_at, user }) {
      if (expires_at !== null && Date.parse(expires_at) <= clock.now())
        throw new AppError('invalid-input', 'The token would have ended already.', { help: 'Give a moment in the future, or none.' })
      const token = newToken()
      const text = token.reveal()
      const values = { id: randomUUID(), org, user, name, prefix: text.slice(0, 8), hash: hashOf(text), scopes: given, now: now() }
      return semantic.transaction(async (tx) => {
        const row = await tx.one(insertToken, { ...values, expires: expires_at })
        if (row === null) throw new AppError('internal', 'The token could not be saved.')
        await audit.note(actor, { action: 'token.created', target: { type: 'token', id: row.id, name }, after: shown(row) }, tx)
        return { row, token }
      })
    },
    revoke: (actor, org, id, user) =>
      semantic.transaction(async (tx) => {
        const row = await tx.one(revokeToken, { org, id, user, now: now() })
        if (row === null)
          throw new AppError('not-found', 'There is no such token.', { help: 'List them with `fairlead admin tokens list`.' })
        await dropUnneededSecrets(tx, org)
        await audit.note(actor, { action: 'token.revoked', target: { type: 'token', id, name: row.name }, before: shown(row) }, tx)
        return row
      }),
  }
}
