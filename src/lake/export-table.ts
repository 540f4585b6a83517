import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { quoted } from '../store/mysql-name.ts'
import type { Mysql } from '../store/mysql.ts'
import { noRow, statement, type Params } from '../store/statement.ts'
import type { Exporting, LakeTable, Written } from './lake-schema.ts'

const PAGE = 20_000

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
 * Makes a table of the lake equal to its SELECT, and changes only what changed. The analytics store has no time of writing to go by: rows are
 * read again, removed with their source, moved by a rule. So both sides are compared, first by the sum of digests a month, then in the
 * months that differ row by row. What was written is recorded in the same transaction, so it can be broken off at any point. Rows of
 * others in the same table are not touched.
 */
export async function exportTable(exporting: Exporting, table: LakeTable, params: Params, size = PAGE): Promise<Written> {
  const { analytics, clock, org, mysql, lease, signal, full } = exporting
  if (full) for (const each of [forget, forgetMonths]) await mysql.query(each, { table: table.name })
  const rowsSql = table.rows
  const here = await analytics.read(
    statement({
      name: `lake.months.${table.name}`,
      sql: `SELECT month, count() AS row_count, lower(hex(sum(hash))) AS digest FROM (${rowsSql}) GROUP BY month ORDER BY month`,
      row: month,
    }),
    { ...params, org },
  )
  const there = new Map((await mysql.query(monthsThere, { table: table.name })).map((one) => [one.month, one]))
  const changed = here.filter((one) => there.get(one.month)?.digest !== one.digest || there.get(one.month)?.row_count !== one.row_count)
  const gone = (await mysql.query(monthsBegun, { table: table.name })).filter((one) => !here.some((known) => known.month === one.month))
  const total = changed.reduce((sum, one) => sum + one.row_count, 0)
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
    signal.throwIfAborted()
    await lease.confirm()
    const done = await converge(mysql, clock, table, portion, portion.isLast ? (wholeOf.get(portion.month) ?? null) : null)
    written += done.written
    removed += done.removed
    seen += portion.source.length
    exporting.progress(seen, total, table.name)
  }
  let open: { month: string; key: string } | null = null
  for (let isEnd = months.length === 0; !isEnd;) {
    const rows = (await analytics.read(page, { ...params, org, months, month: open?.month ?? '', key: open?.key ?? '' })) as SourceRow[]
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
  table: LakeTable,
  portion: Portion,
  whole: Month | null,
): Promise<{ written: number; removed: number }> {
  const { month, after, isLast, source } = portion
  const columns = Object.keys(table.columns)
  const now = instant(clock.now())
  const target = {
    name: table.name,
    columns: {
      [table.key]: 'varchar',
      ...table.columns,
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
      ...Object.fromEntries(columns.map((name) => [name, row[`lake_${name}`] ?? null])),
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

function removeRows({ name, key }: LakeTable) {
  return statement({
    name: `lake.remove.${name}`,
    sql: `delete from ${quoted(name)} where ${quoted(key)} in ({ids:varchar[]})`,
    row: noRow,
  })
}
