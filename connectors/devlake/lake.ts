import { z } from 'zod'
import { pulled, type Ask, type Database, type Page } from '../../src/connector.ts'
import { readCursor } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { WANTED, wantedOf, type TableName } from './tables.ts'
import { fairleadMark, marked } from './fairlead.ts'
import { dateOf } from './value.ts'

export type Row = Readonly<Record<string, unknown>>

/** A DevLake database, with what it has of the tables and columns that are wanted. */
export interface Lake {
  readonly database: Database
  has(table: TableName): boolean
  /** Tables and columns that are wanted and not there. */
  readonly missing: readonly { readonly table: TableName; readonly columns: readonly string[] | null }[]
  /** Every table of the database. */
  readonly all: readonly string[]
  /** The wanted columns of rows that are named by a column, in order of their key. Nothing where the table or the column is not there. */
  rows(table: TableName, column: string, values: Iterable<unknown>): Promise<Row[]>
  /** The same, by the value of that column. */
  groups(table: TableName, column: string, values: Iterable<unknown>): Promise<Map<string, Row[]>>
  /** The whole of a small table. */
  whole(table: TableName): Promise<Row[]>
  moment(table: TableName): Promise<string | null>
  selected(table: TableName, alias: string): string
  hasColumn(table: TableName, column: string): boolean
}

/** `in (…)` of so many values is one statement: MySQL takes 65,535 parameters. */
const VALUES_AT_ONCE = 10_000
const quoted = (name: string) => `\`${name}\``

export async function openLake(ask: Pick<Ask<Config>, 'config' | 'mysql'>): Promise<Lake> {
  const database = await ask.mysql(ask.config.uri)
  const found = await database.query(
    'devlake.columns',
    'select table_name as t, column_name as c from information_schema.columns where table_schema = database()',
  )
  const columns = new Map<string, Set<string>>()
  for (const { t, c } of found) columns.set(String(t), (columns.get(String(t)) ?? new Set()).add(String(c)))
  const hasColumn = (table: TableName, column: string) => columns.get(table)?.has(column) === true
  // Without its key a table cannot be walked.
  const has = (table: TableName) => wantedOf(table).key.every((column) => hasColumn(table, column))

  const selected = (table: TableName, alias: string): string => {
    const { key, columns: wanted, cut = {} } = wantedOf(table)
    const columns = [...key, ...wanted]
      .filter((column) => hasColumn(table, column))
      .map((column) =>
        cut[column] === undefined ? `${alias}.${quoted(column)}` : `left(${alias}.${quoted(column)}, ${cut[column]}) as ${quoted(column)}`,
      )
    return [...columns, ...(hasColumn(table, '_raw_data_table') ? [fairleadMark(alias)] : [])].join(', ')
  }
  const rows: Lake['rows'] = async (table, column, values) => {
    if (!has(table) || !hasColumn(table, column)) return []
    const asked = [...new Set([...values].filter((value): value is string => typeof value === 'string' && value !== ''))]
    const order = wantedOf(table).key.map((one) => `t.${quoted(one)}`)
    const told: Row[] = []
    for (let start = 0; start < asked.length; start += VALUES_AT_ONCE) {
      const some = asked.slice(start, start + VALUES_AT_ONCE)
      const sql = `select ${selected(table, 't')} from ${quoted(table)} t where t.${quoted(column)} in ({values:text[]}) order by ${order.join(', ')}`
      for (const row of await database.query(`devlake.${table}`, sql, { values: some })) told.push(marked(row))
    }
    return told
  }
  return {
    database,
    has,
    hasColumn,
    selected,
    rows,
    all: [...columns.keys()].sort(),
    missing: (Object.keys(WANTED) as TableName[]).flatMap((table): Lake['missing'][number][] => {
      const { key, columns: wanted } = wantedOf(table)
      if (!columns.has(table)) return [{ table, columns: null }]
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
      const order = wantedOf(table)
        .key.map((one) => `t.${quoted(one)}`)
        .join(', ')
      const rows = await database.query(`devlake.${table}`, `select ${selected(table, 't')} from ${quoted(table)} t order by ${order}`)
      return rows.map(marked)
    },
    async moment(table) {
      if (!hasColumn(table, 'updated_at')) return null
      const [newest] = await database.query(`devlake.${table}.newest`, `select max(updated_at) as newest from ${quoted(table)}`)
      return dateOf(newest?.['newest'])
    },
  }
}

const place = z.object({
  /** What this walk reads: rows that changed since; null for all. */
  since: z.string().nullable(),
  /** The key behind which it goes on; null when it is at its end, and the next one reads what changed since `since`. */
  after: z.array(z.string()).nullable(),
  /** What DevLake had written last when it began. */
  high: z.string().nullable(),
})

export interface Walk {
  readonly table: TableName
  /** Rows a page. */
  readonly size?: number
  /** Tables whose rows belong to those of this one: `column` of them names `own` of this one. A change there is a change here. */
  readonly watch?: readonly { readonly table: TableName; readonly column: string; readonly own: string }[]
  /** What dates a row, where that is not a column of its own. */
  moment?(payload: Row): unknown
  /** What belongs to these rows, as the payloads of their items. */
  payloads(lake: Lake, rows: readonly Row[]): Promise<Row[]>
}

const ROWS_A_PAGE = 2_000
/** DevLake dates a row before it writes it, with up to some hundred others. */
const OVERLAP_MS = 5 * 60_000

/**
 * Every row of a table in order of its key, page by page, or those that changed since the last walk. The key orders the walk and not `updated_at`:
 * there is no index on that, and a row that is written again meanwhile would move.
 */
export async function* walk(ask: Ask<Config>, { table, size = ROWS_A_PAGE, watch = [], moment, payloads }: Walk): AsyncGenerator<Page> {
  const lake = await openLake(ask)
  if (!lake.has(table)) return
  const standing = readCursor(place, ask.cursor)
  const watched = watch.filter((one) => lake.hasColumn(one.table, one.column))
  const high =
    standing?.after == null
      ? ((await Promise.all([table, ...watched.map((one) => one.table)].map(lake.moment)))
          .filter((one) => one !== null)
          .sort()
          .at(-1) ?? null)
      : standing.high
  const since = ask.since ?? standing?.since ?? null
  const { key, moments = [] } = wantedOf(table)
  const names = key.map((column) => `t.${quoted(column)}`)
  const changed = since === null ? null : changedSince(lake, table, watched)
  let after = standing?.after ?? null
  let done = 0
  for (;;) {
    const behind = after === null ? null : behindKey(names)
    const where = [changed, behind].filter((one) => one !== null).join(' and ')
    const rows = await lake.database.query(
      `devlake.${table}.walk`,
      `select ${lake.selected(table, 't')} from ${quoted(table)} t ${where === '' ? '' : `where ${where}`} order by ${names.join(', ')} limit {size:int}`,
      { size, since: since === null ? null : new Date(Date.parse(since) - OVERLAP_MS).toISOString(), ...keyParams(after ?? []) },
    )
    const isLast = rows.length < size
    after = isLast ? null : key.map((column) => String(rows.at(-1)?.[column]))
    const told = rows.length === 0 ? [] : await payloads(lake, rows.map(marked))
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

/** One item that is the whole of some tables, so that what is gone from them is gone. */
export async function* wholeOf(ask: Ask<Config>, id: string, tell: (lake: Lake) => Promise<Row | null>): AsyncGenerator<Page> {
  const payload = await tell(await openLake(ask))
  yield {
    items: payload === null ? [] : [pulled(id, null, payload)],
    cursor: JSON.stringify({ since: null, after: null, high: null }),
    oldest: null,
  }
}

function changedSince(lake: Lake, table: TableName, watched: NonNullable<Walk['watch']>): string | null {
  if (!lake.hasColumn(table, 'updated_at')) return null
  const own = 't.updated_at >= {since:datetime} or t.updated_at is null'
  const others = watched
    .filter((one) => lake.hasColumn(one.table, 'updated_at'))
    .map(
      (one) =>
        `t.${quoted(one.own)} in (select w.${quoted(one.column)} from ${quoted(one.table)} w where w.updated_at >= {since:datetime})`,
    )
  return `(${[own, ...others].join(' or ')})`
}

/** `(a, b) > (…)` in the form that uses the index of the key. */
function behindKey(names: readonly string[]): string {
  const alternatives = names.map((name, index) =>
    [...names.slice(0, index).map((before, at) => `${before} = {key${at}:text}`), `${name} > {key${index}:text}`].join(' and '),
  )
  return `${names[0]} >= {key0:text} and (${alternatives.join(' or ')})`
}

const keyParams = (after: readonly string[]) => Object.fromEntries(after.map((value, index) => [`key${index}`, value]))

function oldestOf(rows: readonly Row[], moment: (row: Row) => unknown): string | null {
  let oldest: string | null = null
  for (const row of rows) {
    const at = dateOf(moment(row))
    if (at !== null && (oldest === null || at < oldest)) oldest = at
  }
  return oldest
}
