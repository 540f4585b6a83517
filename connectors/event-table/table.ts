import type { Ask } from '../../src/connector.ts'
import { openTables, type Tables } from '../../src/table-walk.ts'
import { FIELDS, type Config } from './config.ts'

/** The columns of the table that people know from the tutorials: those without which a row is no event, and the others. */
const NEEDED = ['id', 'kind', 'service', 'occurred_at'] as const
const KNOWN = [...NEEDED, 'git_sha', 'environment', 'succeeded', 'commit_at', 'ref_id'] as const

export interface EventTable {
  readonly tables: Tables
  readonly table: string
  /** Field of an event → column of the table; only those that are there. */
  readonly columnOf: ReadonlyMap<string, string>
  /** Columns that are no field of an event: they become attributes. */
  readonly others: readonly string[]
  readonly isThere: boolean
}

export async function openEventTable(ask: Pick<Ask<Config>, 'config' | 'database'>): Promise<EventTable> {
  const { uri, table: named, columns } = ask.config
  const [schema, table] = named.includes('.') ? (named.split('.') as [string, string]) : [null, named]
  const database = await ask.database(uri)
  // What there is must be known before it can be wanted.
  const looked = await openTables(database, 'event_table', {}, { schema })
  const there = looked.all.get(table) ?? []
  const columnOf = new Map(FIELDS.map((field) => [field, columns[field] ?? field] as const).filter(([, column]) => there.includes(column)))
  const [id = 'id', at = 'occurred_at'] = [columnOf.get('id'), columnOf.get('occurred_at')]
  const tables = await openTables(
    database,
    'event_table',
    { [table]: { key: [id], columns: there.filter((column) => column !== id), moments: [at], grows: at } },
    { schema },
  )
  // A number that is counted up tells what is new, also of what is told late; else the time at which it happened has to.
  const counts = /int/.test(tables.typeOf(table, id))
  const wanted = { ...tables.wanted(table), grows: counts ? id : at }
  const taken = new Set(columnOf.values())
  return {
    tables: { ...tables, wanted: () => wanted },
    table,
    columnOf,
    others: there.filter((column) => !taken.has(column)),
    isThere: there.length > 0,
  }
}

/** Why no row can be read; null where rows can be. */
export function refusalOf({ tables, table, columnOf, isThere }: EventTable, { columns }: Config): string | null {
  const { describe } = tables.database
  if (!isThere) return `${describe} has no table ${table}, or the user may not read it: name it with --table.`
  const absent = Object.entries(columns).filter(([field]) => !columnOf.has(field))
  if (absent.length > 0) return `${table} has no column ${absent.map(([, column]) => column).join(', ')}: correct --column.`
  const lacking = NEEDED.filter((field) => !columnOf.has(field))
  if (lacking.length === 0) return null
  return `${table} has no column ${lacking.join(', ')}: say which one it is, for example --column ${lacking[0]}=NAME.`
}

/** Columns of the usual table that this one lacks, and what is not known without them. */
export function missingOf({ table, columnOf }: EventTable): string[] {
  return KNOWN.filter((field) => !columnOf.has(field)).map((field) => `${table} has no ${field}: ${WITHOUT[field] ?? 'it is not known'}.`)
}

const WITHOUT: Readonly<Record<string, string>> = {
  environment: 'every row is taken for one of production',
  succeeded: 'every attempt is taken for a success',
  commit_at: 'lead times are known only where the commits are',
  git_sha: 'it is not known what was deployed',
  ref_id: 'an incident that is closed does not find the one that was opened',
}
