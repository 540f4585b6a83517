import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { readCursor, writeCursor } from '../measure/cursor.ts'
import { EDITIONS } from '../measure/levels.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { lockOrganization } from './lock.ts'
import { SETTINGS, SETTING_KEYS, type SettingKey, type SettingValues } from './settings.ts'

export interface SettingItem {
  readonly key: SettingKey
  readonly value: unknown
  readonly is_default: boolean
  readonly updated_at: string | null
  readonly updated_by: string | null
}

export interface SettingChange {
  readonly key: string
  readonly at: string
  readonly by: string
  readonly before: unknown
  readonly after: unknown
}

/** The settings of each organization, and who changed them when. */
export interface SettingBook {
  /** Every value, remembered for a few seconds. */
  of(org: string): Promise<SettingValues>
  list(org: string): Promise<SettingItem[]>
  /** Null takes it back to the default. Returns whether that changed anything. */
  set(org: string, key: SettingKey, value: unknown, by: string, audited: Note): Promise<boolean>
  /** Newest first. */
  history(
    org: string,
    page: { key?: SettingKey | undefined; after?: string | undefined; limit: number },
  ): Promise<{ items: SettingChange[]; next: string | null }>
}

const REMEMBERED_MS = 5_000

const storedRow = z.object({ key: z.string(), value: z.unknown() })
const readAll = statement({ name: 'settings.all', sql: 'SELECT key, value FROM settings WHERE org_id = {org:uuid}', row: storedRow })
const lastChanges = statement({
  name: 'settings.last_changes',
  sql: 'SELECT DISTINCT ON (key) key, at, by FROM settings_history WHERE org_id = {org:uuid} ORDER BY key, at DESC, id DESC',
  row: z.object({ key: z.string(), at: z.string(), by: z.string() }),
})
const store = statement({
  name: 'settings.set',
  sql: `INSERT INTO settings (org_id, key, value, updated_at) VALUES ({org:uuid}, {key:text}, {value:jsonb}, {now:timestamptz})
ON CONFLICT (org_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
  row: noRow,
})
const unset = statement({
  name: 'settings.unset',
  sql: 'DELETE FROM settings WHERE org_id = {org:uuid} AND key = {key:text}',
  row: noRow,
})
const note = statement({
  name: 'settings.note',
  sql: `INSERT INTO settings_history (id, org_id, key, at, by, before, after)
VALUES ({id:uuid}, {org:uuid}, {key:text}, {now:timestamptz}, {by:text}, {before:jsonb}, {after:jsonb})`,
  row: noRow,
})
const readHistory = statement({
  name: 'settings.history',
  sql: `SELECT id, key, at, by, before, after FROM settings_history
WHERE org_id = {org:uuid} AND ({key:text} IS NULL OR key = {key:text}) AND ({at:timestamptz} IS NULL OR (at, id) < ({at:timestamptz}, {id:uuid}))
ORDER BY at DESC, id DESC LIMIT {limit:int}`,
  row: z.object({ id: z.string(), key: z.string(), at: z.string(), by: z.string(), before: z.unknown(), after: z.unknown() }),
})
const ownEdition = statement({
  name: 'settings.own_edition',
  sql: 'SELECT edition FROM dora_benchmarks WHERE org_id = {org:uuid} AND edition = {edition:text} LIMIT 1',
  row: z.object({ edition: z.string() }),
})

interface SettingParts {
  readonly semantic: Semantic
  readonly clock: Clock
  /** Told of each change when it stands. */
  readonly changed?: ((org: string) => Promise<void>) | undefined
}

export function openSettings({ semantic, clock, changed: told }: SettingParts): SettingBook {
  const known = new Map<string, { values: Promise<SettingValues>; until: number }>()

  const read = async (org: string): Promise<SettingValues> => {
    const stored = new Map((await semantic.query(readAll, { org })).map((one) => [one.key, one.value]))
    return Object.fromEntries(SETTING_KEYS.map((key) => [key, valueOf(key, stored.get(key))])) as SettingValues
  }
  const remembered = (org: string): Promise<SettingValues> => {
    const standing = known.get(org)
    if (standing !== undefined && standing.until > clock.now()) return standing.values
    const values = read(org)
    known.set(org, { values, until: clock.now() + REMEMBERED_MS })
    values.catch(() => known.delete(org))
    return values
  }

  return {
    of: remembered,
    async list(org) {
      const [stored, changes] = await Promise.all([semantic.query(readAll, { org }), semantic.query(lastChanges, { org })])
      const values = new Map(stored.map((one) => [one.key, one.value]))
      const changed = new Map(changes.map((one) => [one.key, one]))
      return SETTING_KEYS.map((key) => ({
        key,
        value: valueOf(key, values.get(key)),
        is_default: !values.has(key),
        updated_at: changed.get(key)?.at ?? null,
        updated_by: changed.get(key)?.by ?? null,
      }))
    },
    async set(org, key, value, by, audited) {
      if (value !== null) requireValid(key, value)
      const changed = await semantic.transaction(async (tx) => {
        // Two that change the same setting stand one behind the other, so that each `before` is the `after` of the one before.
        await tx.query(lockOrganization, { org })
        if (key === 'default_edition' && value !== null && !EDITIONS.some((one) => one === value)) {
          if ((await tx.one(ownEdition, { org, edition: String(value) })) === null)
            throw new AppError('invalid-input', `There is no edition ${JSON.stringify(value)}.`, {
              help: `Published: ${EDITIONS.join(', ')}. An edition of your own is saved with POST /v1/benchmarks.`,
            })
        }
        const before = (await tx.query(readAll, { org })).find((one) => one.key === key)?.value ?? null
        if (isDeepStrictEqual(before, value)) return false
        const now = instant(clock.now())
        if (value === null) await tx.query(unset, { org, key })
        else await tx.query(store, { org, key, value: JSON.stringify(value), now })
        await tx.query(note, { id: randomUUID(), org, key, now, by, before: jsonOf(before), after: jsonOf(value) })
        const [was, is] = [before, value].map((one) => ({ value: valueOf(key, one ?? undefined) }))
        await audited({ action: 'setting.changed', target: { type: 'setting', id: key }, before: was, after: is }, tx)
        return true
      })
      known.delete(org)
      if (changed) await told?.(org)
      return changed
    },
    async history(org, { key, after, limit }) {
      const cursor = after === undefined ? null : readCursor(after)
      const rows = await semantic.query(readHistory, {
        org,
        key: key ?? null,
        at: cursor === null ? null : instant(cursor.at),
        id: cursor === null ? null : cursor.id,
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map((one) => ({ key: one.key, at: one.at, by: one.by, before: one.before ?? null, after: one.after ?? null })),
        next: rows.length > limit && last !== undefined ? writeCursor({ at: Date.parse(last.at), id: last.id }) : null,
      }
    },
  }
}

const jsonOf = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

/** What an older program stored and this one does not take counts as not said. */
function valueOf(key: SettingKey, stored: unknown): unknown {
  const parsed = SETTINGS[key].schema.safeParse(stored)
  return parsed.success ? parsed.data : SETTINGS[key].default
}

function requireValid(key: SettingKey, value: unknown): void {
  const parsed = SETTINGS[key].schema.safeParse(value)
  if (parsed.success) return
  throw new AppError('invalid-input', `${key} cannot be ${JSON.stringify(value)}: ${parsed.error.issues[0]?.message}`, {
    help: SETTINGS[key].description,
  })
}
