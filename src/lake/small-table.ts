import { createHash } from 'node:crypto'
import { z } from 'zod'
import { instant } from '../clock.ts'
import { quoted } from '../store/mysql-name.ts'
import type { MysqlQueries } from '../store/mysql.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Exporting, OtherTable, Written } from './lake-schema.ts'

/** A table of a few rows that no SELECT of the analytics store gives: compared as they are, by what names a row. */
export interface SmallTable {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  readonly key: readonly string[]
  /** The column that holds what names a row, where there is one: keys may be long. */
  readonly marked?: string
  /** Whether it has `created_at` and `updated_at`. */
  readonly isDated?: boolean
}

export type SmallRow = Readonly<Record<string, string | number | boolean | null>>

const oursOf = statement({
  name: 'lake.choices',
  sql: 'select id, digest from fairlead_export_rows where table_name = {table:varchar}',
  row: z.object({ id: z.string(), digest: z.string() }),
})
const forgetOne = statement({
  name: 'lake.forget_choice',
  sql: 'delete from fairlead_export_rows where table_name = {table:varchar} and id = {id:varchar}',
  row: noRow,
})

export function smallTable(
  exporting: Exporting,
  table: SmallTable,
  wanted: () => Promise<readonly SmallRow[]> | readonly SmallRow[],
): OtherTable {
  return { table: table.name, write: async () => converge(exporting, table, await wanted()) }
}

function converge({ mysql, clock, full }: Exporting, table: SmallTable, wanted: readonly SmallRow[]): Promise<Written> {
  const now = instant(clock.now())
  const { name, marked, key, isDated = true } = table
  const dates = isDated ? { created_at: 'datetime', updated_at: 'datetime' } : {}
  const columns = { ...table.columns, ...dates, ...(marked === undefined ? {} : { [marked]: 'varchar' }) }
  return mysql.transaction(async (tx) => {
    const known = new Map((await tx.query(oursOf, { table: name })).map((one) => [one.id, one.digest]))
    const all = new Map(
      wanted.map((row) => {
        const id = idOf(key.map((column) => row[column]))
        return [id, { id, row, digest: digestOf(row) }]
      }),
    )
    const changed = [...all.values()].filter((one) => full || known.get(one.id) !== one.digest)
    await tx.write(
      { name, columns, keep: ['created_at'] },
      changed.map((one) => ({ ...one.row, created_at: now, updated_at: now, ...(marked === undefined ? {} : { [marked]: one.id }) })),
    )
    await tx.write(
      { name: 'fairlead_export_rows', columns: { table_name: 'varchar', id: 'varchar', month: 'char', digest: 'char' } },
      changed.map((one) => ({ table_name: name, id: one.id, month: '', digest: one.digest })),
    )
    const gone = [...known.keys()].filter((id) => !all.has(id))
    for (const id of gone) await removeOne(tx, table, id)
    return { rows: all.size, written: changed.length, removed: gone.length }
  })
}

async function removeOne(tx: MysqlQueries, { name, key, marked }: SmallTable, id: string): Promise<void> {
  const columns = marked === undefined ? key : [marked]
  const values = marked === undefined ? (JSON.parse(id) as (string | number)[]) : [id]
  const remove = statement({
    name: `lake.remove.${name}`,
    sql: `delete from ${quoted(name)} where ${columns.map((column, index) => `${quoted(column)} = {key${index}:varchar}`).join(' and ')}`,
    row: noRow,
  })
  await tx.query(remove, Object.fromEntries(values.map((value, index) => [`key${index}`, String(value)])))
  await tx.query(forgetOne, { table: name, id })
}

function idOf(key: readonly unknown[]): string {
  const text = JSON.stringify(key)
  return text.length <= 255 ? text : `${text.slice(0, 200)}~${digestOf(text)}`
}

function digestOf(row: unknown): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16)
}
