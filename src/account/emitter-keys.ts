import { createHmac, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../secret.ts'
import type { Vault } from '../source/vault.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Note } from './audit.ts'

/**
 * Keys that another tool gave to those who send to it. They are rows among the tokens, with the scope `ingest`, and open the doors of that tool only,
 * where their path allows it. Neither tool knows the key: what is kept is its HMAC, and sealed the secret of the HMAC. So finding one takes no
 * comparison of secrets, and its time tells nothing.
 */
export interface EmitterKeys {
  /** Takes them over, in one transaction; one that is here already, ended or not, stays as it is. */
  takeOver(org: string, secret: Secret, keys: readonly EmitterKey[], audited: Note): Promise<('taken' | 'exists')[]>
  /** Which of these are here. */
  known(digests: readonly string[]): Promise<ReadonlySet<string>>
  find(key: string): Promise<FoundKey | null>
}

export interface EmitterKey {
  readonly name: string
  readonly digest: string
  readonly path: string
  readonly expires_at: string | null
}

const foundKey = z.object({ id: z.string(), org_id: z.string(), name: z.string(), allowed_path: z.string() })
export type FoundKey = z.infer<typeof foundKey>

const listSecrets = statement({
  name: 'emitter_keys.secrets',
  sql: 'SELECT id, org_id AS org, sealed FROM emitter_key_secrets ORDER BY created_at, id',
  row: z.object({ id: z.string(), org: z.string(), sealed: z.string() }),
})
const insertSecret = statement({
  name: 'emitter_keys.add_secret',
  sql: 'INSERT INTO emitter_key_secrets (id, org_id, sealed, created_at) VALUES ({id:uuid}, {org:uuid}, {sealed:text}, {now:timestamptz})',
  row: noRow,
})
const insertKey = statement({
  name: 'emitter_keys.take_over',
  sql: `INSERT INTO api_tokens (id, org_id, name, prefix, hash, scopes, created_at, expires_at, secret_id, allowed_path)
VALUES ({id:uuid}, {org:uuid}, {name:text}, '', {hash:text}, {scopes:text[]}, {now:timestamptz}, {expires:timestamptz}, {secret:uuid}, {path:text})
ON CONFLICT (hash) DO NOTHING RETURNING id`,
  row: z.object({ id: z.string() }),
})
const knownHashes = statement({
  name: 'emitter_keys.known',
  sql: 'SELECT hash FROM api_tokens WHERE hash = ANY ({hashes:text[]})',
  row: z.object({ hash: z.string() }),
})
/** Both must fit: a hash is worth something only under the secret that it was made with. */
const findKey = statement({
  name: 'emitter_keys.find',
  sql: `SELECT id, org_id, name, allowed_path FROM api_tokens
WHERE hash = {hash:text} AND secret_id = {secret:uuid} AND allowed_path IS NOT NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now:timestamptz})`,
  row: foundKey,
})
const dropSecrets = statement({
  name: 'emitter_keys.drop_secrets',
  sql: `DELETE FROM emitter_key_secrets AS kept WHERE org_id = {org:uuid}
  AND NOT EXISTS (SELECT 1 FROM api_tokens AS t WHERE t.secret_id = kept.id AND t.revoked_at IS NULL)`,
  row: noRow,
})

/** DevLake's are 128 letters; anything that is shorter was made by hand and could be guessed. */
export const looksLikeEmitterKey = (text: string) => /^[A-Za-z0-9]{64,256}$/.test(text)
const digestOf = (secret: Secret, key: string) => createHmac('sha256', secret.reveal()).update(key).digest('hex')
/** No token of ours has such a hash. */
const hashOf = (digest: string) => `devlake ${digest}`
/** As the rotation of keys has it, too (src/source/credentials.ts). */
const placeOf = (org: string, id: string) => `${org} ${id} emitter-keys`

/** Another server of the same stores may have taken over keys: for so long this one does not know their secret. */
const REMEMBERED_MS = 15_000

/** A secret that no key needs any more is not kept. */
export async function dropUnneededSecrets(tx: Queries, org: string): Promise<void> {
  await tx.query(dropSecrets, { org })
}

export function openEmitterKeys(parts: { semantic: Semantic; vault: Vault; clock: Clock; log: Log }): EmitterKeys {
  const { semantic, vault, clock, log } = parts
  const now = () => instant(clock.now())
  let remembered: { secrets: readonly { id: string; secret: Secret }[]; until: number } | null = null
  const secrets = async () => {
    if (remembered === null || remembered.until <= clock.now()) {
      const rows = await semantic.query(listSecrets)
      const opened = rows.flatMap(({ id, org, sealed }) => {
        try {
          return [{ id, secret: vault.open(sealed, placeOf(org, id)) }]
        } catch (thrown) {
          // The keys of the others still open.
          log.warn('emitter-keys.sealed', { org, reason: asAppError(thrown).message })
          return []
        }
      })
      remembered = { secrets: opened, until: clock.now() + REMEMBERED_MS }
    }
    return remembered.secrets
  }
  return {
    async takeOver(org, secret, keys, audited) {
      const results = await semantic.transaction(async (tx) => {
        const standing = (await tx.query(listSecrets)).filter((one) => one.org === org)
        const same = standing.find(({ id, sealed }) => vault.open(sealed, placeOf(org, id)).reveal() === secret.reveal())
        const id = same?.id ?? randomUUID()
        if (same === undefined) await tx.query(insertSecret, { id, org, sealed: vault.seal(secret.reveal(), placeOf(org, id)), now: now() })
        const told: ('taken' | 'exists')[] = []
        for (const { name, digest, path, expires_at } of keys) {
          const key = { id: randomUUID(), org, name, hash: hashOf(digest), scopes: ['ingest'], now: now(), expires: expires_at }
          const made = await tx.one(insertKey, { ...key, secret: id, path })
          told.push(made === null ? 'exists' : 'taken')
          const after = { name, scopes: ['ingest'], expires_at, allowed_path: path, taken_over: true }
          if (made !== null) await audited({ action: 'token.created', target: { type: 'token', id: made.id, name }, after }, tx)
        }
        await dropUnneededSecrets(tx, org)
        return told
      })
      remembered = null
      return results
    },
    async known(digests) {
      const rows = await semantic.query(knownHashes, { hashes: digests.map(hashOf) })
      const hashes = new Set(rows.map(({ hash }) => hash))
      return new Set(digests.filter((one) => hashes.has(hashOf(one))))
    },
    async find(key) {
      for (const { id, secret } of await secrets()) {
        const found = await semantic.one(findKey, { hash: hashOf(digestOf(secret, key)), secret: id, now: now() })
        if (found !== null) return found
      }
      return null
    },
  }
}
