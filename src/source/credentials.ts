import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Vault } from './vault.ts'

/** The credentials of sources: one row for each field of the settings that holds one, sealed, and bound to organization, source and field. */
export interface Credentials {
  /** What `SEALED_TEXTS` has told of a source, opened. */
  open(org: string, source: string, sealed: Readonly<Record<string, string>>): Record<string, unknown>
  /** Since when each credential of a source is kept, and who gave it; null where nobody noted that. Never what it holds. */
  told(org: string, source: string): Promise<CredentialTold[]>
  /** Seals these fields; the others of the source are left as they are. */
  save(tx: Queries, given: { org: string; source: string; secrets: Readonly<Record<string, unknown>>; now: string }): Promise<void>
  /** How many there are in every organization, and which do not open with the present keys. */
  unopened(): Promise<{ credentials: number; unopened: { source: string; field: string }[] }>
  /** Seals all of them, of every organization, under a new key. Interrupted at any point everything can be opened, and the next call goes on. */
  rotateKeys(progress: (done: number, total: number) => void): Promise<{ resealed: number; credentials: number }>
}

const credentialTold = z.object({ field: z.string(), set_at: z.string(), set_by: z.string().nullable() })
export type CredentialTold = z.infer<typeof credentialTold>

/** Expressions for statements over `sources`: the names of the fields, and their sealed texts by name. */
export const SEALED_FIELDS = `ARRAY(SELECT field FROM integration_credentials WHERE source_id = sources.id ORDER BY field COLLATE "C")`
export const SEALED_TEXTS = `(SELECT coalesce(jsonb_object_agg(field, sealed), '{}'::jsonb) FROM integration_credentials WHERE source_id = sources.id)`
export const sealedTexts = z.record(z.string(), z.string())

/** With the secrets of emitters' keys, which are sealed likewise, each in the place of its own row. */
const everyCredential = statement({
  name: 'credentials.all',
  sql: `SELECT id, org_id AS org, source_id AS source, field, sealed FROM integration_credentials
UNION ALL SELECT id, org_id, id, 'emitter-keys', sealed FROM emitter_key_secrets ORDER BY org, source, field`,
  row: z.object({ id: z.string(), org: z.string(), source: z.string(), field: z.string(), sealed: z.string() }),
})
const putCredential = statement({
  name: 'credentials.put',
  sql: `INSERT INTO integration_credentials (id, org_id, source_id, field, sealed, created_at, updated_at)
VALUES ({id:uuid}, {org:uuid}, {source:uuid}, {field:text}, {sealed:text}, {now:timestamptz}, {now:timestamptz})
ON CONFLICT (source_id, field) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`,
  row: noRow,
})
/** Who gave it stands in the audit log, where the same transaction wrote it a moment later. */
const tellCredentials = statement({
  name: 'credentials.told',
  sql: `SELECT field, updated_at AS set_at, (
  SELECT actor_name FROM audit_log AS entry
  WHERE entry.org_id = credential.org_id AND entry.at >= credential.updated_at AND entry.at < credential.updated_at + interval '10 minutes'
    AND entry.action = 'source.saved' AND entry.target_id = credential.source_id::text AND entry.after->'given' @> jsonb_build_array(credential.field)
  ORDER BY entry.at, entry.id LIMIT 1
) AS set_by FROM integration_credentials AS credential
WHERE org_id = {org:uuid} AND source_id = {source:uuid} ORDER BY field`,
  row: credentialTold,
})
const reseal = (table: 'integration_credentials' | 'emitter_key_secrets') =>
  statement({
    name: `credentials.reseal_in_${table}`,
    sql: `UPDATE ${table} SET sealed = {after:text} WHERE org_id = {org:uuid} AND id = {id:uuid} AND sealed = {before:text}`,
    row: noRow,
  })
const resealCredential = reseal('integration_credentials')
const resealSecret = reseal('emitter_key_secrets')

export function openCredentials({ semantic, vault }: { semantic: Semantic; vault: Vault }): Credentials {
  const placeOf = (org: string, source: string, field: string) => `${org} ${source} ${field}`
  return {
    open: (org, source, sealed) =>
      Object.fromEntries(
        Object.entries(sealed).map(([field, text]) => [
          field,
          JSON.parse(vault.open(text, placeOf(org, source, field)).reveal()) as unknown,
        ]),
      ),
    told: (org, source) => semantic.query(tellCredentials, { org, source }),
    async save(tx, { org, source, secrets, now }) {
      for (const [field, value] of Object.entries(secrets)) {
        const sealed = vault.seal(JSON.stringify(value), placeOf(org, source, field))
        await tx.query(putCredential, { id: randomUUID(), org, source, field, sealed, now })
      }
    },
    async unopened() {
      const rows = await semantic.query(everyCredential)
      const unopened = rows.filter(({ org, source, field, sealed }) => {
        try {
          vault.open(sealed, placeOf(org, source, field))
          return false
        } catch {
          return true
        }
      })
      return { credentials: rows.length, unopened: unopened.map(({ source, field }) => ({ source, field })) }
    },
    async rotateKeys(progress) {
      await vault.beginRotation()
      const rows = await semantic.query(everyCredential)
      let resealed = 0
      for (const [index, { id, org, source, field, sealed }] of rows.entries()) {
        if (!vault.isCurrent(sealed)) {
          const again = vault.reseal(sealed, placeOf(org, source, field))
          // Not where it was given anew meanwhile: that is under the new key already.
          await semantic.query(field === 'emitter-keys' ? resealSecret : resealCredential, { org, id, before: sealed, after: again })
          resealed++
        }
        progress(index + 1, rows.length)
      }
      const left = await semantic.query(everyCredential)
      const old = left.filter(({ sealed }) => !vault.isCurrent(sealed)).length
      if (old > 0) throw new AppError('conflict', `${old} credentials changed while keys were rotated.`, { help: 'Run it again.' })
      await vault.endRotation()
      return { resealed, credentials: left.length }
    },
  }
}
