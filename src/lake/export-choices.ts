import { createHash } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Mysql, MysqlQueries } from '../store/mysql.ts'
import { noRow, statement } from '../store/statement.ts'

interface Written {
  readonly rows: number
  readonly written: number
  readonly removed: number
}

/** A few rows each, by a key that is not the table's own number: compared as they are. */
export function exportChoices(
  analytics: Analytics,
  clock: Clock,
  org: string,
  mysql: Mysql,
): { table: string; write: () => Promise<Written> }[] {
  return [SETTINGS, BENCHMARKS].map((table) => {
    const columns = Object.keys(table.columns)
    const chosen = statement({
      name: `lake.choices.${table.name}`,
      sql: `SELECT ${columns.join(', ')} FROM ${table.name} WHERE org_id = {org:UUID} ORDER BY ${table.key.join(', ')}`,
      row: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    })
    return {
      table: table.name,
      async write() {
        const rows = await analytics.read(chosen, { org })
        const keyOf = (row: (typeof rows)[number]) => table.key.map((column) => String(row[column])) as [string, string]
        return converge(
          mysql,
          clock,
          table,
          rows.map((row) => ({ key: keyOf(row), row })),
        )
      },
    }
  })
}

interface Small {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  readonly key: readonly [string, string]
}
const SETTINGS: Small = {
  name: 'project_metric_settings',
  columns: { project_name: 'varchar', plugin_name: 'varchar', plugin_option: 'text', enable: 'bool' },
  key: ['project_name', 'plugin_name'],
}
const BENCHMARKS: Small = {
  name: 'dora_benchmarks',
  columns: {
    metric_name: 'varchar',
    performance_level: 'varchar',
    min_value: 'decimal',
    max_value: 'decimal',
    unit: 'varchar',
    description: 'text',
  },
  key: ['metric_name', 'performance_level'],
}

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

type Wanted = readonly {
  readonly key: readonly [string, string]
  readonly row: Readonly<Record<string, string | number | null>>
}[]

function converge(mysql: Mysql, clock: Clock, table: Small, wanted: Wanted): Promise<Written> {
  const now = instant(clock.now())
  return mysql.transaction(async (tx) => {
    const known = new Map((await tx.query(oursOf, { table: table.name })).map((one) => [one.id, one.digest]))
    const idOf = (key: readonly [string, string]) => JSON.stringify(key).slice(0, 255)
    const all = wanted.map(({ key, row }) => ({ id: idOf(key), row, digest: digestOf(row) }))
    const changed = all.filter((one) => known.get(one.id) !== one.digest)
    await tx.write(
      { name: table.name, columns: { ...table.columns, created_at: 'datetime', updated_at: 'datetime' }, keep: ['created_at'] },
      changed.map((one) => ({ ...one.row, created_at: now, updated_at: now })),
    )
    await tx.write(
      { name: 'fairlead_export_rows', columns: { table_name: 'varchar', id: 'varchar', month: 'char', digest: 'char' } },
      changed.map((one) => ({ table_name: table.name, id: one.id, month: '', digest: one.digest })),
    )
    const gone = [...known.keys()].filter((id) => !all.some((one) => one.id === id))
    for (const id of gone) await removeOne(tx, table, id)
    return { rows: all.length, written: changed.length, removed: gone.length }
  })
}

async function removeOne(tx: MysqlQueries, { name, key }: Small, id: string): Promise<void> {
  const [first = '', second = ''] = JSON.parse(id) as string[]
  const remove = statement({
    name: `lake.remove.${name}`,
    sql: `delete from ${name} where ${key[0]} = {first:varchar} and ${key[1]} = {second:varchar}`,
    row: noRow,
  })
  await tx.query(remove, { first, second })
  await tx.query(forgetOne, { table: name, id })
}

function digestOf(row: unknown): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16)
}
