import { z } from 'zod'
import { TOLD, type DomainTable } from '../../domain/tables.ts'
import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { applyBatch, noChange, noteChange, rowKey, type Change, type ConfigOf, type Stored } from './apply.ts'
import type { JournalRecord } from './journal.ts'
import type { NamesOf } from './names.ts'

const KEPT = `duplicate_of = 0 AND payload != ''`
const page = statement({
  name: 'replay.page',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND ${KEPT} AND received_at <= {until:DateTime64(3)}
ORDER BY seq LIMIT {limit:UInt32}`,
  row: rawLogRow,
})
const pageOfSource = statement({
  name: 'replay.page_of_source',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND source = {source:String} AND ${KEPT}
ORDER BY seq LIMIT {limit:UInt32}`,
  row: rawLogRow,
})
const sizeOfSource = statement({
  name: 'replay.size_of_source',
  sql: `SELECT count() AS items FROM all_raw FINAL WHERE org_id = {org:UUID} AND source = {source:String} AND ${KEPT}`,
  row: z.object({ items: z.coerce.number() }),
})

const PAGE = 10_000

interface Parts {
  readonly analytics: Analytics
  readonly registry: Registry
  readonly configOf: ConfigOf
  readonly namesOf?: NamesOf
  readonly log: Log
}

function recordOf({ payload, encoding, ...row }: z.output<typeof rawLogRow>, org: string): JournalRecord {
  return { ...row, org, headers: null, payload: Buffer.from(payload, encoding) }
}

/** Reads the raw log again with today's code, up to a moment of receipt, into the domain of `into`. Returns what that changed. */
export async function replay(parts: Parts, from: { org: string; until: string }, into: string): Promise<Change[]> {
  const changes: Change[] = []
  const configOf: ConfigOf = (_org, source, connector) => parts.configOf(from.org, source, connector)
  const { namesOf } = parts
  const names = namesOf === undefined ? {} : { namesOf: () => namesOf(from.org) }
  for (let after = 0; ;) {
    const rows = await parts.analytics.readAsWriter(page, { org: from.org, after, until: from.until, limit: PAGE })
    const last = rows.at(-1)
    if (last === undefined) return changes
    const records = rows.map((row) => recordOf(row, into))
    const applied = await applyBatch({ ...parts, configOf, ...names, domainOnly: true }, records)
    changes.push(...applied.changes.values())
    after = last.seq
  }
}

export interface Replayed {
  readonly items: number
  readonly removed: number
  readonly unread: number
}

/**
 * Reads what is kept of a source again with today's code, settings and names, in its place: rows that it no longer tells are removed. `work` runs
 * each page by itself, and derives from what that changed, so that events go on being applied in between.
 */
export async function replaySource(
  parts: Parts,
  org: string,
  source: string,
  options: { signal: AbortSignal; run(page: () => Promise<Change>): Promise<void>; progress(done: number, total: number): void },
): Promise<Replayed> {
  const [size] = await parts.analytics.readAsWriter(sizeOfSource, { org, source })
  const total = size?.items ?? 0
  const done = { items: 0, removed: 0, unread: 0 }
  for (let after = 0; ;) {
    options.signal.throwIfAborted()
    const rows = await parts.analytics.readAsWriter(pageOfSource, { org, source, after, limit: PAGE })
    const last = rows.at(-1)
    if (last === undefined) return done
    await options.run(async () => {
      const records = rows.map((row) => recordOf(row, org))
      const applied = await applyBatch({ ...parts, domainOnly: true }, records)
      const change = applied.changes.get(org) ?? noChange()
      done.removed += await removeUntold(parts, org, source, records, applied.told, change)
      done.unread += applied.problems.size
      return change
    })
    done.items += rows.length
    options.progress(done.items, total)
    after = last.seq
  }
}

const anyRow = z.looseObject({ raw_seq: z.coerce.number() })

/** Rows that stand because of one of these items, and that it does not tell any more. */
async function removeUntold(
  { analytics, registry }: Parts,
  org: string,
  source: string,
  records: readonly JournalRecord[],
  told: ReadonlyMap<number, ReadonlySet<string>>,
  change: Change,
): Promise<number> {
  const first = records[0]?.seq ?? 0
  const last = records.at(-1)?.seq ?? 0
  const asked = new Set(records.map((record) => record.seq))
  const connectors = new Set(records.map((record) => record.connector))
  const tables = new Set(
    [...connectors].flatMap((id) => Object.values(registry.connectors.get(id)?.streams ?? {}).flatMap((one) => one.produces)),
  )
  let removed = 0
  for (const table of Object.keys(TOLD) as DomainTable[]) {
    if (!tables.has(table)) continue
    const standing = statement({
      name: `replay.standing_${table}`,
      sql: `SELECT * FROM all_${table} FINAL WHERE org_id = {org:UUID} AND source = {source:String} AND raw_seq BETWEEN {first:UInt64} AND {last:UInt64}`,
      row: anyRow,
    })
    const gone = (await analytics.readAsWriter(standing, { org, source, first, last }))
      .filter((row) => asked.has(row.raw_seq) && told.get(row.raw_seq)?.has(rowKey(table, row)) !== true)
      // At the same moment as the row: of two alike the one that was written last counts.
      .map((row): Stored => ({ ...(row as unknown as Stored), is_deleted: 1 }))
    for (const row of gone) noteChange(change, table, row)
    await insertRows(analytics, table, gone as never)
    removed += gone.length
  }
  return removed
}
