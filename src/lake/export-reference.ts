import { hostname } from 'node:os'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Lease } from '../store/dialect.ts'
import { mysqlDialect, mysqlPort } from '../store/dialects/mysql.ts'
import { quoted, type Mysql } from '../store/mysql.ts'
import { lakeMigrator } from '../store/schema.ts'
import { noRow, statement } from '../store/statement.ts'
import { exportChoices, type Choices } from './export-choices.ts'
import { exportRaw } from './export-raw.ts'
import { REFERENCE_TABLES, rowsOf, type ReferenceTable } from './reference-tables.ts'

export interface ExportedTable {
  readonly table: string
  /** How many rows of ours it holds now. */
  readonly rows: number
  readonly written: number
  readonly removed: number
}

export interface ExportParts {
  readonly analytics: Analytics
  readonly choices: Choices
  readonly clock: Clock
  /** The last item that reads show: how fresh the lake is afterwards. */
  head(): number
}

export interface ExportOptions {
  /** Write every row again, also where the lake should have it: somebody changed it there. */
  readonly full: boolean
  readonly signal: AbortSignal
  /** Rows a look: their keys and digests are held at once. */
  readonly page?: number
  progress(done: number, total: number, what: string): void
}

/** One that was killed is waited out: nobody need know of it. */
const LEASE = { doing: 'exporting', leaseMs: 10_000, waitMs: 12_000 }
const PAGE = 20_000

const claimed = statement({
  name: 'lake.claimed',
  sql: 'select distinct org_id as org from fairlead_exports',
  row: z.object({ org: z.string() }),
})
const begin = statement({
  name: 'lake.begin',
  sql: `insert into fairlead_exports (table_name, org_id, through, row_count, started_at, finished_at)
values ({table:varchar}, {org:char}, 0, 0, {now:datetime}, null)
on duplicate key update started_at = values(started_at), finished_at = null`,
  row: noRow,
})
const finish = statement({
  name: 'lake.finish',
  sql: `update fairlead_exports set through = {through:bigint}, row_count = {rows:bigint}, finished_at = {now:datetime} where table_name = {table:varchar}`,
  row: noRow,
})
const forget = statement({
  name: 'lake.forget',
  sql: `update fairlead_export_rows set digest = '' where table_name = {table:varchar}`,
  row: noRow,
})
const forgetMonths = statement({
  name: 'lake.forget_months',
  sql: `delete from fairlead_export_months where table_name = {table:varchar}`,
  row: noRow,
})
const month = z.object({ month: z.string(), row_count: z.coerce.number(), digest: z.string() })
type Month = z.infer<typeof month>
const monthsThere = statement({
  name: 'lake.months',
  sql: 'select month, row_count, digest from fairlead_export_months where table_name = {table:varchar}',
  row: month,
})
/** Also those months of which an export that was broken off has written some rows. */
const monthsBegun = statement({
  name: 'lake.months_begun',
  sql: 'select distinct month as month from fairlead_export_rows where table_name = {table:varchar}',
  row: z.object({ month: z.string() }),
})
const rowsThere = statement({
  name: 'lake.rows',
  sql: `select id, digest from fairlead_export_rows
where table_name = {table:varchar} and month = {month:char} and id > {after:varchar} and ({open:bool} or id <= {up_to:varchar}) order by id`,
  row: z.object({ id: z.string(), digest: z.string() }),
})
const forgetRows = statement({
  name: 'lake.forget_rows',
  sql: 'delete from fairlead_export_rows where table_name = {table:varchar} and id in ({ids:varchar[]})',
  row: noRow,
})
const count = statement({
  name: 'lake.count',
  sql: 'select count(*) as n from fairlead_export_rows where table_name = {table:varchar}',
  row: z.object({ n: z.number() }),
})

/**
 * Fills a lake with the reference schema, and changes only what changed. The analytics store has no time of writing to go by: rows are
 * read again, removed with their source, moved by a rule. So both sides are compared, first by the sum of digests a month, then in the
 * months that differ row by row. What was written is recorded in the same transaction, so it can be broken off at any point. Rows of
 * others in the same tables are not touched.
 */
export async function exportReference(parts: ExportParts, org: string, mysql: Mysql, options: ExportOptions): Promise<ExportedTable[]> {
  await lakeMigrator(mysql, { actor: 'export' }).up({ unattended: true })
  const port = mysqlPort(mysql)
  const lease = await mysqlDialect.lock?.(port, { owner: `${hostname()}:${process.pid} export`, ...LEASE })('export reference')
  if (!lease) throw new TypeError('the lake has no lock')
  try {
    const other = (await mysql.query(claimed)).find((one) => one.org !== org)
    if (other !== undefined) {
      throw new AppError(
        'conflict',
        `The lake ${mysql.database} holds the rows of another organization; its tables have no column that would part two.`,
        {
          help: 'Give each organization a database of its own.',
        },
      )
    }
    const through = parts.head()
    const done: ExportedTable[] = []
    for (const table of REFERENCE_TABLES) {
      done.push(
        await recorded(mysql, parts, org, through, table.name, async () => {
          if (options.full) for (const each of [forget, forgetMonths]) await mysql.query(each, { table: table.name })
          return exportTable(parts, org, mysql, lease, table, options)
        }),
      )
    }
    const { analytics, clock } = parts
    const { signal, full } = options
    const raw = {
      analytics,
      clock,
      mysql,
      lease,
      signal,
      full,
      progress: (seen: number, what: string) => options.progress(seen, seen, what),
    }
    if (full) for (const table of ['project_metric_settings', 'dora_benchmarks']) await mysql.query(forget, { table })
    for (const each of [...exportRaw(raw, org), ...exportChoices(parts.choices, parts.clock, org, mysql)]) {
      await lease.confirm()
      done.push(await recorded(mysql, parts, org, through, each.table, each.write))
    }
    return done
  } finally {
    await lease.release()
  }
}

/** Around the work on a table: its row in the lake says how far it came. */
async function recorded(
  mysql: Mysql,
  { clock }: ExportParts,
  org: string,
  through: number,
  table: string,
  work: () => Promise<Omit<ExportedTable, 'table'>>,
): Promise<ExportedTable> {
  await mysql.query(begin, { table, org, now: instant(clock.now()) })
  const found = await work()
  await mysql.query(finish, { table, through, rows: found.rows, now: instant(clock.now()) })
  return { table, ...found }
}

async function exportTable(
  { analytics, clock }: ExportParts,
  org: string,
  mysql: Mysql,
  lease: Lease,
  table: ReferenceTable,
  options: ExportOptions,
): Promise<Omit<ExportedTable, 'table'>> {
  const rowsSql = rowsOf(table)
  const here = await analytics.read(
    statement({
      name: `lake.months.${table.name}`,
      sql: `SELECT month, count() AS row_count, lower(hex(sum(hash))) AS digest FROM (${rowsSql}) GROUP BY month ORDER BY month`,
      row: month,
    }),
    { org },
  )
  const there = new Map((await mysql.query(monthsThere, { table: table.name })).map((one) => [one.month, one]))
  const changed = here.filter((one) => there.get(one.month)?.digest !== one.digest || there.get(one.month)?.row_count !== one.row_count)
  const gone = (await mysql.query(monthsBegun, { table: table.name })).filter((one) => !here.some((known) => known.month === one.month))
  const total = changed.reduce((sum, one) => sum + one.row_count, 0)
  const size = options.page ?? PAGE
  // Each look computes the keys of the whole table anew, so there are few and large ones, over the ends of months.
  const page = statement({
    name: `lake.page.${table.name}`,
    sql: `SELECT * FROM (${rowsSql})
WHERE month IN {months:Array(String)} AND (month, lake_key) > ({month:String}, {key:String}) ORDER BY month, lake_key LIMIT ${size}`,
    row: z.looseObject({ lake_key: z.string(), month: z.string(), digest: z.string() }),
  })
  const wholeOf = new Map(changed.map((one) => [one.month, one]))
  const months = [...wholeOf.keys()]
  let [seen, written, removed] = [0, 0, 0]
  const take = async (portion: Portion) => {
    options.signal.throwIfAborted()
    await lease.confirm()
    const done = await converge(mysql, clock, table, portion, portion.isLast ? (wholeOf.get(portion.month) ?? null) : null)
    written += done.written
    removed += done.removed
    seen += portion.source.length
    options.progress(seen, total, table.name)
  }
  let open: { month: string; key: string } | null = null
  for (let isEnd = months.length === 0; !isEnd;) {
    const rows = (await analytics.read(page, { org, months, month: open?.month ?? '', key: open?.key ?? '' })) as SourceRow[]
    isEnd = rows.length < size
    // The page before ended with the last row of its month.
    if (open !== null && rows[0]?.month !== open.month) await take({ month: open.month, after: open.key, isLast: true, source: [] })
    let from = 0
    while (from < rows.length) {
      const month = rows[from]?.month ?? ''
      const next = rows.findIndex((row, index) => index > from && row.month !== month)
      const source = rows.slice(from, next === -1 ? undefined : next)
      await take({ month, after: month === open?.month ? open.key : '', isLast: next !== -1 || isEnd, source })
      from = next === -1 ? rows.length : next
    }
    const last = rows.at(-1)
    open = last === undefined || isEnd ? null : { month: last.month, key: last.lake_key }
  }
  for (const each of gone) {
    await lease.confirm()
    const done = await converge(
      mysql,
      clock,
      table,
      { month: each.month, after: '', isLast: true, source: [] },
      { ...each, row_count: 0, digest: '0' },
    )
    removed += done.removed
  }
  return { rows: (await mysql.one(count, { table: table.name }))?.n ?? 0, written, removed }
}

type SourceRow = { readonly month: string; readonly lake_key: string; readonly digest: string } & Readonly<
  Record<string, string | number | null>
>
interface Portion {
  readonly month: string
  readonly after: string
  /** Nothing of the month comes behind it. */
  readonly isLast: boolean
  readonly source: readonly SourceRow[]
}

/** Makes the lake's rows of a portion equal to the source's, in one transaction with the record of it. */
function converge(
  mysql: Mysql,
  clock: Clock,
  table: ReferenceTable,
  portion: Portion,
  whole: Month | null,
): Promise<{ written: number; removed: number }> {
  const { month, after, isLast, source } = portion
  const columns = Object.entries(table.columns)
  const now = instant(clock.now())
  const target = {
    name: table.name,
    columns: {
      [table.key]: 'varchar',
      ...Object.fromEntries(columns.map(([name, [type]]) => [name, type])),
      created_at: 'datetime',
      updated_at: 'datetime',
    },
    keep: ['created_at'],
  }
  return mysql.transaction(async (tx) => {
    const found = await tx.query(rowsThere, { table: table.name, month, after, open: isLast, up_to: source.at(-1)?.lake_key ?? '' })
    const known = new Map(found.map((one) => [one.id, one.digest]))
    const changed = source.filter((row) => known.get(row.lake_key) !== row.digest)
    const told = new Set(source.map((row) => row.lake_key))
    const gone = found.filter((one) => !told.has(one.id)).map((one) => one.id)
    for (let from = 0; from < gone.length; from += 1_000) {
      const ids = gone.slice(from, from + 1_000)
      await tx.query(removeRows(table), { ids })
      await tx.query(forgetRows, { table: table.name, ids })
    }
    const rows = changed.map((row) => ({
      [table.key]: row.lake_key,
      ...Object.fromEntries(columns.map(([name]) => [name, row[`lake_${name}`] ?? null])),
      created_at: now,
      updated_at: now,
    }))
    await tx.write(target, rows)
    await tx.write(
      { name: 'fairlead_export_rows', columns: { table_name: 'varchar', id: 'varchar', month: 'char', digest: 'char' } },
      changed.map((row) => ({ table_name: table.name, id: row.lake_key, month, digest: row.digest })),
    )
    if (whole !== null) {
      const record = { table_name: table.name, month, row_count: whole.row_count, digest: whole.digest }
      await tx.write(
        { name: 'fairlead_export_months', columns: { table_name: 'varchar', month: 'char', row_count: 'bigint', digest: 'char' } },
        [record],
      )
    }
    return { written: changed.length, removed: gone.length }
  })
}

function removeRows({ name, key }: ReferenceTable) {
  return statement({
    name: `lake.remove.${name}`,
    sql: `delete from ${quoted(name)} where ${quoted(key)} in ({ids:varchar[]})`,
    row: noRow,
  })
}
