import { z } from 'zod'
import { LATEST_MS } from '../domain/entity.ts'
import { pulled, type Ask, type Database, type Page } from './connector.ts'
import { readCursor } from './paging.ts'

/** Tables of a database of others: by the names of their columns, in pages, and what is new in them. For every dialect that `ask.database` opens. */

export type Row = Readonly<Record<string, unknown>>

/** A table that is read. `key` is what rows are walked by, `moments` what dates a row, the first that is said. */
export interface Wanted {
  readonly key: readonly string[]
  readonly columns: readonly string[]
  readonly moments?: readonly string[]
  /** Columns of which only the beginning is read, and how much. */
  readonly cut?: Readonly<Record<string, number>>
  /** The column that grows with each row that is written: a time, or a number that is counted up. `updated_at` when absent. */
  readonly grows?: string
}

/** What is selected beside the wanted columns of a table that has this one, and what a row becomes with it. */
export interface Beside {
  readonly column: string
  selected(alias: string): string
  said(row: Row): Row
}

/** A database, with what it has of the tables and columns that are wanted. */
export interface Tables<T extends string = string> {
  readonly database: Database
  has(table: T): boolean
  hasColumn(table: T, column: string): boolean
  /** Tables and columns that are wanted and not there. */
  readonly missing: readonly { readonly table: T; readonly columns: readonly string[] | null }[]
  /** Every table of the database, with all of its columns. */
  readonly all: ReadonlyMap<string, readonly string[]>
  /** The wanted columns of rows that are named by a column, in order of their key. Nothing where the table or the column is not there. */
  rows(table: T, column: string, values: Iterable<unknown>): Promise<Row[]>
  /** The same, by the value of that column. */
  groups(table: T, column: string, values: Iterable<unknown>): Promise<Map<string, Row[]>>
  /** The whole of a small table. */
  whole(table: T): Promise<Row[]>
  /** These columns of a small table that is not among the wanted, those that it has; no rows where it is not there. */
  others(table: string, columns: readonly string[]): Promise<readonly Row[]>
  count(table: string): Promise<number>
  wanted(table: T): Wanted
  selected(table: T, alias: string): string
  /** A row of such a SELECT as it is told on. */
  said(row: Row): Row
  quoted(name: string): string
  /** The type of a column, as a parameter beside it has it. */
  typeOf(table: T, column: string): string
}

/** `in (…)` of so many values is one statement: MySQL takes 65,535 parameters. */
const VALUES_AT_ONCE = 10_000

const COLUMNS = {
  mysql:
    'select table_name as t, column_name as c, data_type as k from information_schema.columns where table_schema = {schema:text} or ({schema:text} is null and table_schema = database()) order by table_name, ordinal_position',
  postgres:
    'select table_name as t, column_name as c, udt_name as k from information_schema.columns where table_schema = coalesce({schema:text}, current_schema()) order by table_name, ordinal_position',
} as const

/** `schema`: where the tables are, when not where a name without one leads. */
export async function openTables<T extends string>(
  database: Database,
  tool: string,
  tables: Readonly<Record<T, Wanted>>,
  { schema = null, beside }: { readonly schema?: string | null; readonly beside?: Beside } = {},
): Promise<Tables<T>> {
  const isMysql = database.dialect === 'mysql'
  const quoted = (name: string) => (isMysql ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`)
  const placed = (table: string) => (schema === null ? quoted(table) : `${quoted(schema)}.${quoted(table)}`)
  const wantedOf = (table: T): Wanted => tables[table]
  const all = new Map<string, Map<string, string>>()
  for (const { t, c, k } of await database.query(`${tool}.columns`, COLUMNS[database.dialect], { schema }))
    all.set(String(t), (all.get(String(t)) ?? new Map<string, string>()).set(String(c), String(k)))
  const hasColumn = (table: T, column: string) => all.get(table)?.has(column) === true
  // Without its key a table cannot be walked.
  const has = (table: T) => wantedOf(table).key.every((column) => hasColumn(table, column))
  const typeOf = (table: T, column: string) => (isMysql ? MYSQL_TYPE(all.get(table)?.get(column)) : (all.get(table)?.get(column) ?? 'text'))
  const keyOf = (table: T) =>
    wantedOf(table)
      .key.map((one) => `t.${quoted(one)}`)
      .join(', ')

  const said = beside?.said ?? ((row: Row) => row)
  const selected = (table: T, alias: string): string => {
    const { key, columns: wanted, cut = {} } = wantedOf(table)
    const columns = [...new Set([...key, ...wanted])]
      .filter((column) => hasColumn(table, column))
      .map((column) =>
        cut[column] === undefined ? `${alias}.${quoted(column)}` : `left(${alias}.${quoted(column)}, ${cut[column]}) as ${quoted(column)}`,
      )
    return [...columns, ...(beside !== undefined && hasColumn(table, beside.column) ? [beside.selected(alias)] : [])].join(', ')
  }
  const rows: Tables<T>['rows'] = async (table, column, values) => {
    if (!has(table) || !hasColumn(table, column)) return []
    const asked = [...new Set([...values].filter((value): value is string => typeof value === 'string' && value !== ''))]
    const list = isMysql ? 'in ({values:text[]})' : `= any({values:${typeOf(table, column)}[]})`
    const told: Row[] = []
    for (let start = 0; start < asked.length; start += VALUES_AT_ONCE) {
      const some = asked.slice(start, start + VALUES_AT_ONCE)
      const sql = `select ${selected(table, 't')} from ${placed(table)} t where t.${quoted(column)} ${list} order by ${keyOf(table)}`
      for (const row of await database.query(`${tool}.${table}`, sql, { values: some })) told.push(said(row))
    }
    return told
  }
  return {
    database,
    has,
    hasColumn,
    quoted: (name) => (all.has(name) ? placed(name) : quoted(name)),
    selected,
    said,
    rows,
    typeOf,
    wanted: wantedOf,
    all: new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([table, found]) => [table, [...found.keys()]])),
    missing: (Object.keys(tables) as T[]).flatMap((table): Tables<T>['missing'][number][] => {
      const { key, columns: wanted } = wantedOf(table)
      if (!all.has(table)) return [{ table, columns: null }]
      const absent = [...key, ...wanted].filter((column) => !hasColumn(table, column))
      return absent.length === 0 ? [] : [{ table, columns: absent }]
    }),
    async groups(table, column, values) {
      const groups = new Map<string, Row[]>()
      for (const row of await rows(table, column, values)) {
        const key = String(row[column])
        const group = groups.get(key)
        if (group === undefined) groups.set(key, [row])
        else group.push(row)
      }
      return groups
    },
    async whole(table) {
      if (!has(table)) return []
      const sql = `select ${selected(table, 't')} from ${placed(table)} t order by ${keyOf(table)}`
      return (await database.query(`${tool}.${table}`, sql)).map(said)
    },
    async others(table, columns) {
      const there = columns.filter((column) => all.get(table)?.has(column) === true)
      if (there.length === 0) return []
      const listed = there.map((column) => `t.${quoted(column)}`).join(', ')
      const order = there.map((_one, at) => at + 1).join(', ')
      return database.query(`${tool}.${table}`, `select ${listed} from ${placed(table)} t order by ${order}`)
    },
    async count(table) {
      const [counted] = await database.query(`${tool}.count`, `select count(*) as n from ${placed(table)}`)
      return Number(counted?.['n'] ?? 0)
    },
  }
}

const MYSQL_TYPE = (type = 'text') => (/int/.test(type) ? 'bigint' : /^(?:datetime|timestamp|date)/.test(type) ? 'datetime' : 'text')

const place = z.object({
  /** What this walk reads: rows that were written since; null for all. */
  since: z.string().nullable(),
  /** The key behind which it goes on; null when it is at its end, and the next one reads what was written since `since`. */
  after: z.array(z.string()).nullable(),
  /** What had been written last when it began. */
  high: z.string().nullable(),
})

export interface Walk<T extends string> {
  readonly table: T
  /** Rows a page. */
  readonly size?: number
  /** Tables whose rows belong to those of this one: `columns` of them name `own` of this one. A change there is a change here. */
  readonly watch?: readonly { readonly table: T; readonly columns: readonly string[]; readonly own: readonly string[] }[]
  /** How far before the last row that was seen it looks again: in time, and in numbers that are counted up. */
  readonly back?: number
  /** What dates a row, where that is not a column of its own. */
  moment?(payload: Row): unknown
  /** What belongs to these rows, as the payloads of their items. */
  payloads(rows: readonly Row[]): Promise<Row[]>
}

const ROWS_A_PAGE = 2_000
/** A row is dated before it is written, with others; and a number is taken before it is seen. */
const BACK_MS = 5 * 60_000
const BACK_NUMBERS = 1_000

/**
 * Every row of a table in order of its key, page by page, or those that were written since the last walk. The key orders the walk and not
 * `updated_at`: there is no index on that, and a row that is written again meanwhile would move.
 */
export async function* walkTable<T extends string>(
  ask: Pick<Ask<unknown>, 'cursor' | 'since' | 'progress' | 'signal'>,
  tool: string,
  tables: Tables<T>,
  { table, size = ROWS_A_PAGE, watch = [], back = BACK_MS, moment, payloads }: Walk<T>,
): AsyncGenerator<Page> {
  if (!tables.has(table)) return
  const { key, moments = [], grows } = tables.wanted(table)
  const standing = readCursor(place, ask.cursor)
  const watched = watch.filter((one) => one.columns.every((column) => tables.hasColumn(one.table, column)))
  const growing = growthOf(tables, table, grows ?? 'updated_at')
  const high = standing?.after == null ? await highest(tool, tables, [table, ...watched.map((one) => one.table)], growing) : standing.high
  // A time that is asked for by hand says nothing of numbers.
  const since = (growing?.isNumber === true ? null : ask.since) ?? standing?.since ?? null
  const names = key.map((column) => `t.${tables.quoted(column)}`)
  const types = key.map((column) => tables.typeOf(table, column))
  const changed = since === null || growing === null ? null : writtenSince(tables, table, growing, watched)
  let after = standing?.after ?? null
  let done = 0
  for (;;) {
    const behind = after === null ? null : behindKey(names, types)
    const where = [changed, behind].filter((one) => one !== null).join(' and ')
    const rows = await tables.database.query(
      `${tool}.${table}.walk`,
      `select ${tables.selected(table, 't')} from ${tables.quoted(table)} t ${where === '' ? '' : `where ${where}`} order by ${names.join(', ')} limit {size:int}`,
      {
        size,
        ...(changed === null || since === null ? {} : { since: before(since, growing?.isNumber === true, back) }),
        ...(after === null ? {} : Object.fromEntries(after.map((value, index) => [`key${index}`, value]))),
      },
    )
    const isLast = rows.length < size
    after = isLast ? null : key.map((column) => String(rows.at(-1)?.[column]))
    const told = rows.length === 0 ? [] : await payloads(rows.map(tables.said))
    const items = told.map((payload, index) => pulled(key.map((column) => String(rows[index]?.[column])).join(' '), null, payload))
    done += rows.length
    ask.progress(done, null, table.replaceAll('_', ' '))
    yield {
      items,
      cursor: JSON.stringify(isLast ? { since: high ?? since, after: null, high: null } : { since, after, high }),
      oldest: oldestOf(told, moment ?? ((row) => row[moments.find((one) => dateOf(row[one]) !== null) ?? ''])),
    }
    if (isLast) return
    ask.signal.throwIfAborted()
  }
}

interface Growth {
  readonly column: string
  readonly isNumber: boolean
}

function growthOf<T extends string>(tables: Tables<T>, table: T, column: string): Growth | null {
  return tables.hasColumn(table, column) ? { column, isNumber: /int/.test(tables.typeOf(table, column)) } : null
}

async function highest<T extends string>(
  tool: string,
  tables: Tables<T>,
  of: readonly T[],
  growing: Growth | null,
): Promise<string | null> {
  if (growing === null) return null
  const found: string[] = []
  for (const table of of) {
    if (!tables.hasColumn(table, growing.column)) continue
    const sql = `select max(${tables.quoted(growing.column)}) as high from ${tables.quoted(table)}`
    const [row] = await tables.database.query(`${tool}.${table}.newest`, sql)
    const high = row?.['high']
    const told = growing.isNumber ? (high === null || high === undefined ? null : String(high)) : dateOf(high)
    if (told !== null) found.push(told)
  }
  return growing.isNumber ? (found[0] ?? null) : (found.sort().at(-1) ?? null)
}

function before(since: string, isNumber: boolean, back: number): string {
  return isNumber ? String(BigInt(since) - BigInt(BACK_NUMBERS)) : new Date(Date.parse(since) - back).toISOString()
}

function writtenSince<T extends string>(tables: Tables<T>, table: T, { column }: Growth, watched: NonNullable<Walk<T>['watch']>): string {
  const { quoted } = tables
  const own = `t.${quoted(column)} >= {since:${tables.typeOf(table, column)}} or t.${quoted(column)} is null`
  const others = watched
    .filter((one) => tables.hasColumn(one.table, column))
    .map((one) => {
      const list = (alias: string, names: readonly string[]) => names.map((name) => `${alias}.${quoted(name)}`).join(', ')
      return `(${list('t', one.own)}) in (select ${list('w', one.columns)} from ${quoted(one.table)} w where w.${quoted(column)} >= {since:${tables.typeOf(one.table, column)}})`
    })
  return `(${[own, ...others].join(' or ')})`
}

/** `(a, b) > (…)` in the form that uses the index of the key. */
function behindKey(names: readonly string[], types: readonly string[]): string {
  const value = (index: number) => `{key${index}:${types[index]}}`
  const alternatives = names.map((name, index) =>
    [...names.slice(0, index).map((one, at) => `${one} = ${value(at)}`), `${name} > ${value(index)}`].join(' and '),
  )
  return `${names[0]} >= ${value(0)} and (${alternatives.join(' or ')})`
}

function oldestOf(rows: readonly Row[], moment: (row: Row) => unknown): string | null {
  let oldest: string | null = null
  for (const row of rows) {
    const at = dateOf(moment(row))
    if (at !== null && (oldest === null || at < oldest)) oldest = at
  }
  return oldest
}

/** The moment of a column. One without a zone is UTC; zero dates (`0000-00-00 00:00:00`), the year 1 that is Go's word for no time, and garbage are none. */
export function dateOf(value: unknown): string | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[T ]/.test(value)) return null
  const at = Date.parse(value[10] === ' ' ? `${value.replace(' ', 'T')}Z` : value)
  return at >= 0 && at <= LATEST_MS ? new Date(at).toISOString() : null
}
