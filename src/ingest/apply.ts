import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TABLES, type DomainRows, type DomainTable } from '../../domain/tables.ts'
import { instant } from '../clock.ts'
import { isPulled } from '../connector.ts'
import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows, type Envelope } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { interpret } from './interpret.ts'
import type { JournalRecord } from './journal.ts'
import { applyNames, NO_NAMES, type Names, type NamesOf } from './names.ts'

/** The configuration of a source, which says how its items are read. */
export type ConfigOf = (org: string, source: string, connector: string) => Promise<unknown>

interface Parts {
  readonly analytics: Analytics
  readonly registry: Registry
  readonly configOf: ConfigOf
  readonly namesOf?: NamesOf
  readonly log: Log
  /** For a replay: the raw log has the items already. */
  readonly domainOnly?: boolean
}

export interface Place {
  readonly environment: string
  readonly service: string
  /** The earliest moment of what changed here; `ALL_TIME` when that is not known. */
  readonly from: string
}
/** Before every instant, as text. */
export const ALL_TIME = ''

/** What an applied batch changed, by organization. */
export interface Change {
  readonly scopes: Map<string, Place>
  readonly repositories: Set<string>
  unplacedIncidents: boolean
  /** Names that repositories had before, as their tools told: old → new. */
  readonly renames: Map<string, string>
}

export function noChange(): Change {
  return { scopes: new Map(), repositories: new Set(), unplacedIncidents: false, renames: new Map() }
}

export interface Applied {
  /** Items that changed nothing: repetitions, and versions of an item that came after a newer one. */
  readonly duplicates: ReadonlySet<number>
  /** The keys of all rows that were told, by journal number; only for who asks (a replay). */
  readonly told: ReadonlyMap<number, ReadonlySet<string>>
  /** Items kept in the raw log that could not be read, by journal number. */
  readonly problems: ReadonlyMap<number, string>
  readonly changes: ReadonlyMap<string, Change>
}

const knownKeys = statement({
  name: 'apply.known_keys',
  sql: `SELECT key, max(seq) AS first_seq, argMax(lower(hex(digest)), seq) AS digest, argMax(place, seq) AS place, argMax(seen_at, seq) AS seen
FROM all_keys WHERE org_id = {org:UUID} AND key IN {keys:Array(UUID)} GROUP BY key`,
  row: z.object({ key: z.string(), first_seq: z.coerce.number(), digest: z.string(), place: z.string(), seen: z.string() }),
})

const RAW_COLUMNS = [
  'org_id',
  'seq',
  'source',
  'connector',
  'stream',
  'id',
  'at',
  'received_at',
  'headers',
  'payload',
  'encoding',
  'digest_hex',
  'chain_hex',
  'duplicate_of',
  'problem',
] as const
const KEY_COLUMNS = ['org_id', 'key', 'seq', 'digest_hex', 'place', 'seen_at'] as const

/** How many keys one look-up names: 5,000 are 190 kB of URL, and a server takes 1 MB. */
const KEYS_PER_LOOKUP = 5_000

interface Known {
  seq: number
  digest: string
  place: string
  seen_at: string
}

export type Stored = Record<string, unknown> & Envelope

/**
 * Applies journal records to the analytics store: raw first, then the domain, then the keys. Doing it again changes nothing, so whoever
 * calls may repeat a batch after a crash at any point; the checkpoint comes after all three.
 */
export async function applyBatch(parts: Parts, records: readonly JournalRecord[]): Promise<Applied> {
  const duplicates = new Set<number>()
  const problems = new Map<number, string>()
  const told = new Map<number, Set<string>>()
  const changes = new Map<string, Change>()
  for (const [org, own] of groupBy(records, (record) => record.org)) {
    const change = await applyOrganization(parts, org, own, { duplicates, problems, told })
    changes.set(org, change)
  }
  return { duplicates, problems, told, changes }
}

interface Reading {
  readonly record: JournalRecord
  readonly rows: DomainRows
  readonly seen_at: string
  /** Rows that an older version of the item told and this one does not. */
  readonly gone: DomainRows
  /** The tables that its source watches by being told: all that the stream can tell, unless it is pulled. */
  readonly watched: readonly DomainTable[]
}

async function applyOrganization(
  parts: Parts,
  org: string,
  records: readonly JournalRecord[],
  { duplicates, problems, told }: { duplicates: Set<number>; problems: Map<number, string>; told: Map<number, Set<string>> },
): Promise<Change> {
  const { analytics, registry, configOf, log, domainOnly = false } = parts
  const rawKey = new Map(records.map((record) => [record.seq, itemKey(record.source, record.stream, record.id)]))
  const known = await lookUp(analytics, org, [...new Set(rawKey.values())])
  const older = await olderVersions(parts, org, records, known, rawKey)
  const raws: Record<string, unknown>[] = []
  const keys: Record<string, unknown>[] = []
  const readings: Reading[] = []

  for (const record of records) {
    const key = rawKey.get(record.seq) as string
    const earlier = known.get(key)
    const stream = registry.connectors.get(record.connector)?.streams[record.stream]
    const immutable = stream?.immutable === true
    const seen_at = immutable ? record.received_at : (record.at ?? record.received_at)
    // The same bytes of a later moment are a newer version all the same: what lies between the two moments is older.
    const isLater = !immutable && record.at !== null && earlier !== undefined && record.at > earlier.seen_at
    // The same number is this very record, applied before a crash: not a repetition.
    const repeated = earlier !== undefined && earlier.seq < record.seq && earlier.digest === record.digest && !isLater
    // An item is what its newest version says: one that comes late is kept, and tells no rows.
    const superseded = earlier !== undefined && earlier.seq !== record.seq && !immutable && seen_at < earlier.seen_at
    let problem: string | null = null
    if (repeated || superseded) duplicates.add(record.seq)
    else if (earlier !== undefined && earlier.seq < record.seq && immutable) {
      problem = `conflict: item ${record.id} was received before with another content (journal number ${earlier.seq}); the first one counts`
    } else {
      const config = await configOf(org, record.source, record.connector)
      const reading = interpret(registry, record, config)
      problem = reading.problem
      if (reading.rows !== null) {
        const rows = named(reading.rows, await namesIn(parts, org))
        readings.push({ record, rows, seen_at, gone: without(older.get(key), rows), watched: watchedBy(registry, record, config) })
        older.set(key, rows)
      }
      known.set(key, { seq: record.seq, digest: record.digest, place: '', seen_at })
      keys.push({ org_id: org, key, seq: record.seq, digest_hex: record.digest, place: '', seen_at })
    }
    if (problem !== null) {
      problems.set(record.seq, problem)
      log.warn('item.unread', { source: record.source, stream: record.stream, id: record.id, seq: record.seq, problem })
    }
    raws.push(rawRow(record, repeated && earlier !== undefined ? earlier.seq : 0, problem))
  }
  if (domainOnly) for (const { record, rows } of readings) told.set(record.seq, rowKeys(rows))

  const { rows, placeKeys, change } = await placeRows(analytics, org, readings)
  if (!domainOnly) await analytics.insert('all_raw', RAW_COLUMNS, raws)
  for (const [table, stored] of rows) await insertRows(analytics, table, stored as never)
  await analytics.insert('all_keys', KEY_COLUMNS, [...keys, ...placeKeys])
  return change
}

const rawItems = statement({
  name: 'apply.older_versions',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL WHERE org_id = {org:UUID} AND seq IN {seqs:Array(UInt64)}`,
  row: rawLogRow,
})

/**
 * What the stored versions of these items told, by the item's key. Reading is pure, so it is read again rather than looked for in the domain:
 * a look-up by number instead of a search of every table.
 */
async function olderVersions(
  parts: Parts,
  org: string,
  records: readonly JournalRecord[],
  known: ReadonlyMap<string, Known>,
  rawKey: ReadonlyMap<number, string>,
): Promise<Map<string, DomainRows>> {
  const { analytics, registry, configOf } = parts
  const wanted = new Map<number, string>()
  for (const record of records) {
    const key = rawKey.get(record.seq) as string
    const earlier = known.get(key)
    const isMutable = registry.connectors.get(record.connector)?.streams[record.stream]?.immutable !== true
    if (earlier !== undefined && isMutable && earlier.seq !== record.seq && earlier.digest !== record.digest) wanted.set(earlier.seq, key)
  }
  const older = new Map<string, DomainRows>()
  const seqs = [...wanted.keys()]
  for (let start = 0; start < seqs.length; start += KEYS_PER_LOOKUP) {
    for (const { payload, encoding, ...item } of await analytics.readAsWriter(rawItems, {
      org,
      seqs: seqs.slice(start, start + KEYS_PER_LOOKUP),
    })) {
      const config = await configOf(org, item.source, item.connector)
      const { rows } = interpret(registry, { ...item, payload: Buffer.from(payload, encoding) }, config)
      if (rows !== null) older.set(wanted.get(item.seq) as string, named(rows, await namesIn(parts, org)))
    }
  }
  return older
}

/** A pushing source watches all that its stream can tell from the first thing that it told, until it is removed; a pull says itself what it has seen. */
function watchedBy(registry: Registry, record: JournalRecord, config: unknown): readonly DomainTable[] {
  const connector = registry.connectors.get(record.connector)
  const stream = connector?.streams[record.stream]
  if (connector === undefined || stream === undefined) return []
  return isPulled(connector, config, record.stream) ? [] : stream.produces
}

async function namesIn({ namesOf }: Parts, org: string): Promise<Names> {
  return namesOf === undefined ? NO_NAMES : namesOf(org)
}

function named(rows: DomainRows, names: Names): DomainRows {
  for (const [table, list] of Object.entries(rows) as [DomainTable, Record<string, unknown>[]][])
    for (const row of list) applyNames(table, row, names)
  return rows
}

/** The name of a row within its source: which thing of which table it is. */
export function rowKey(table: DomainTable, row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([table, ...TABLES[table].identity.map((column) => (column === 'source' ? null : (row[column] ?? null)))])
}

function rowKeys(rows: DomainRows): Set<string> {
  return new Set(
    (Object.entries(rows) as [DomainTable, Record<string, unknown>[]][]).flatMap(([table, list]) => list.map((row) => rowKey(table, row))),
  )
}

function without(older: DomainRows | undefined, newer: DomainRows): DomainRows {
  if (older === undefined) return {}
  const standing = rowKeys(newer)
  const gone = (Object.entries(older) as [DomainTable, Record<string, unknown>[]][]).map(([table, list]) => [
    table,
    list.filter((row) => !standing.has(rowKey(table, row))),
  ])
  return Object.fromEntries(gone) as DomainRows
}

/**
 * Gives every row its envelope and finds its place. Where an entity's key holds what may change (a deployment's time, its service), the row
 * at the old place gets a tombstone; a row that is older than what stands is left out.
 */
async function placeRows(analytics: Analytics, org: string, readings: readonly Reading[]) {
  const rows = new Map<DomainTable | 'coverage', Stored[]>()
  const placeKeys: Record<string, unknown>[] = []
  const change = noChange()
  const coverage = new Map<string, { source: string; table: string; from_at: string; seen_at: string }>()
  const all: { table: DomainTable; row: Stored; key: string | null }[] = []

  for (const { record, rows: read, seen_at, gone, watched } of readings) {
    const envelope = {
      org_id: org,
      source: record.source,
      raw_seq: record.seq,
      received_at: record.received_at,
      seen_at,
      is_deleted: 0 as const,
    }
    for (const [name, list] of Object.entries(gone)) {
      const table = name as DomainTable
      for (const one of list) {
        const row: Stored = { ...one, ...envelope, is_deleted: 1 }
        all.push({ table, row, key: placeKey(table, row) })
      }
    }
    for (const [name, list] of Object.entries(read)) {
      const table = name as DomainTable
      for (const one of list) {
        // In place: the connector made the row for us, and a copy of its 27 columns is 7 µs of the 55 that an event costs here.
        const row: Stored = Object.assign(one, envelope)
        all.push({ table, row, key: placeKey(table, row) })
        for (const watchedTable of watched) cover(coverage, record.source, watchedTable, String(row['at'] ?? seen_at), seen_at)
      }
    }
  }

  const movableKeys = [...new Set(all.flatMap(({ key }) => key ?? []))]
  const standing = await lookUp(analytics, org, movableKeys)
  const before = new Map(standing)
  const pending = new Map<string, { table: DomainTable; row: Stored }>()
  for (const { table, row, key } of all) {
    noteChange(change, table, row)
    if (key === null) {
      push(rows, table, row)
      continue
    }
    const columns = TABLES[table].key
    const current = standing.get(key)
    if (current !== undefined && current.seen_at > row.seen_at) continue
    // What is gone is gone from where it stands, wherever its old version would have put it.
    const place = row.is_deleted === 1 && current !== undefined ? current.place : JSON.stringify(columns.map((column) => row[column]))
    if (row.is_deleted === 1) moveTo(table, row, place)
    standing.set(key, { seq: row.raw_seq, digest: '', place, seen_at: row.seen_at })
    pending.set(key, { table, row })
  }
  for (const [key, { table, row }] of pending) {
    const place = standing.get(key)?.place ?? ''
    const old = before.get(key)
    if (old !== undefined && old.place !== place) {
      const grave: Stored = { ...row, is_deleted: 1 }
      moveTo(table, grave, old.place)
      noteChange(change, table, grave)
      // What it did where it was can reach back before it, and is no longer told by any row there.
      if (grave['service'] !== row['service'] || grave['environment'] !== row['environment']) {
        noteChange(change, table, { ...grave, at: ALL_TIME })
        noteChange(change, table, { ...row, at: ALL_TIME })
      }
      push(rows, table, grave)
    }
    push(rows, table, row)
    placeKeys.push({ org_id: org, key, seq: row.raw_seq, digest_hex: '0'.repeat(64), place, seen_at: row.seen_at })
  }
  await widenCoverage(analytics, org, coverage, rows)
  return { rows, placeKeys, change }
}

/** The key by which a movable row's place is kept; null for a row that cannot move. */
export function placeKey(table: DomainTable, row: Stored): string | null {
  const { identity, key } = TABLES[table]
  return identity.length === key.length ? null : keyOf(table, ...identity.map((column) => String(row[column])))
}

function moveTo(table: DomainTable, row: Stored, place: string): void {
  const values = JSON.parse(place) as unknown[]
  TABLES[table].key.forEach((column, index) => Object.assign(row, { [column]: values[index] }))
}

const standingCoverage = statement({
  name: 'apply.coverage',
  sql: `SELECT source, table, from_at, seen_at FROM all_coverage FINAL WHERE org_id = {org:UUID} AND open`,
  row: z.object({ source: z.string(), table: z.string(), from_at: z.string(), seen_at: z.string() }),
})

type Spans = Map<string, { source: string; table: string; from_at: string; seen_at: string }>

function cover(coverage: Spans, source: string, table: string, at: string, seen_at: string): void {
  const key = `${source} ${table}`
  const span = coverage.get(key)
  if (span === undefined || at < span.from_at) coverage.set(key, { source, table, from_at: at, seen_at })
}

async function widenCoverage(
  analytics: Analytics,
  org: string,
  coverage: Spans,
  rows: Map<DomainTable | 'coverage', Stored[]>,
): Promise<void> {
  if (coverage.size === 0) return
  const standing = new Map((await analytics.readAsWriter(standingCoverage, { org })).map((one) => [`${one.source} ${one.table}`, one]))
  for (const [key, span] of coverage) {
    const before = standing.get(key)
    if (before !== undefined && before.from_at <= span.from_at) continue
    // The wider span must win, whenever what widened it was received.
    const after = before === undefined ? '' : instant(Date.parse(before.seen_at) + 1)
    const seen_at = span.seen_at > after ? span.seen_at : after
    push(rows, 'coverage', {
      org_id: org,
      source: span.source,
      table: span.table,
      from_at: span.from_at,
      to_at: span.from_at,
      open: true,
      raw_seq: 0,
      received_at: span.seen_at,
      seen_at,
      is_deleted: 0,
    })
  }
}

/** What says which commits a deployment ships. */
const GRAPH_TABLES: ReadonlySet<DomainTable> = new Set(['commits', 'commit_files', 'changes', 'change_commits', 'change_files'])

export function noteChange(change: Change, table: DomainTable, row: Stored): void {
  const place = { environment: String(row['environment']), service: String(row['service']), from: String(row['at']) }
  if (table === 'deployments') notePlace(change.scopes, place)
  else if (GRAPH_TABLES.has(table)) change.repositories.add(String(row['repository']))
  else if (table === 'repositories') {
    // Its default branch says which merges count where no commits are known.
    change.repositories.add(String(row['id']))
    for (const name of row['previous_names'] as string[])
      if (name !== row['id'] && row.is_deleted === 0) change.renames.set(name, String(row['id']))
  } else if (table === 'incident_states') {
    if (row['service'] === null) change.unplacedIncidents = true
    else {
      const environment = row['environment'] === null ? 'production' : place.environment
      notePlace(change.scopes, { ...place, environment })
    }
  }
}

/** The earliest change of a place is the one that counts. */
export function notePlace(scopes: Map<string, Place>, place: Place): void {
  const key = `${place.environment} ${place.service}`
  const noted = scopes.get(key)
  if (noted === undefined || place.from < noted.from) scopes.set(key, place)
}

function rawRow(record: JournalRecord, duplicateOf: number, problem: string | null): Record<string, unknown> {
  const text = duplicateOf === 0 ? textOf(record.payload) : { payload: '', encoding: 'utf8' }
  return {
    org_id: record.org,
    seq: record.seq,
    source: record.source,
    connector: record.connector,
    stream: record.stream,
    id: record.id,
    at: record.at,
    received_at: record.received_at,
    headers: record.headers === null ? '' : JSON.stringify(record.headers),
    ...text,
    digest_hex: record.digest,
    chain_hex: record.chain,
    duplicate_of: duplicateOf,
    problem,
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that are no UTF-8 are kept as base64, and say so: what comes out again is what came in. */
function textOf(payload: Uint8Array): { payload: string; encoding: 'utf8' | 'base64' } {
  try {
    return { payload: strictUtf8.decode(payload), encoding: 'utf8' }
  } catch {
    return { payload: Buffer.from(payload).toString('base64'), encoding: 'base64' }
  }
}

async function lookUp(analytics: Analytics, org: string, keys: readonly string[]): Promise<Map<string, Known>> {
  const found = new Map<string, Known>()
  for (let start = 0; start < keys.length; start += KEYS_PER_LOOKUP) {
    for (const row of await analytics.readAsWriter(knownKeys, { org, keys: keys.slice(start, start + KEYS_PER_LOOKUP) })) {
      found.set(row.key, { seq: row.first_seq, digest: row.digest, place: row.place, seen_at: row.seen })
    }
  }
  return found
}

export function itemKey(source: string, stream: string, id: string): string {
  return keyOf('raw', source, stream, id)
}

/** The name of a thing in 128 bits, so that a look-up reads a few bytes a key. */
function keyOf(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

function groupBy<T>(list: readonly T[], keyFrom: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) push(groups, keyFrom(one), one)
  return groups
}

function push<K, T>(map: Map<K, T[]>, key: K, one: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [one])
  else list.push(one)
}
