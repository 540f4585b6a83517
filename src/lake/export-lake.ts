import { hostname } from 'node:os'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Analytics } from '../store/analytics.ts'
import { mysqlDialect, mysqlPort } from '../store/dialects/mysql.ts'
import type { Mysql } from '../store/mysql.ts'
import { lakeMigrator, schemaOfLake, type LakeSchemaName } from '../store/schema.ts'
import { noRow, statement } from '../store/statement.ts'
import { devlakeSchema } from './devlake-schema.ts'
import { exportTable } from './export-table.ts'
import type { Choices, Exporting, LakeSchema, Written } from './lake-schema.ts'
import { referenceSchema } from './reference-tables.ts'

export interface ExportedTable extends Written {
  readonly table: string
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
const SCHEMAS: Readonly<Record<LakeSchemaName, LakeSchema>> = { reference: referenceSchema, devlake: devlakeSchema }

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

/** Fills a lake with a schema, table by table, and changes only what changed. Whoever comes second waits. */
export async function exportLake(
  parts: ExportParts,
  org: string,
  mysql: Mysql,
  name: LakeSchemaName,
  options: ExportOptions,
): Promise<ExportedTable[]> {
  const standing = await schemaOfLake(mysql)
  if (standing !== null && standing !== name) {
    throw new AppError(
      'conflict',
      `The lake ${mysql.database} has the schema ${standing}, whose tables have the names of ${name} and other columns.`,
      {
        help: `Give each schema a database of its own, or run \`fairlead export lake --schema ${standing}\`.`,
      },
    )
  }
  await lakeMigrator(mysql, { actor: 'export' }, name).up({ unattended: true })
  const port = mysqlPort(mysql)
  const lease = await mysqlDialect.lock?.(port, { owner: `${hostname()}:${process.pid} export`, ...LEASE })(`export ${name}`)
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
    const { signal, full, progress, page } = options
    const exporting: Exporting = { ...parts, org, mysql, lease, signal, full, progress }
    const { tables, params, others } = await SCHEMAS[name].open(exporting)
    const done: ExportedTable[] = []
    for (const table of tables) done.push(await recorded(exporting, through, table.name, () => exportTable(exporting, table, params, page)))
    for (const each of others) {
      signal.throwIfAborted()
      await lease.confirm()
      done.push(await recorded(exporting, through, each.table, () => each.write()))
    }
    return done
  } finally {
    await lease.release()
  }
}

/** Around the work on a table: its row in the lake says how far it came. */
async function recorded(
  { mysql, clock, org }: Exporting,
  through: number,
  table: string,
  work: () => Promise<Written>,
): Promise<ExportedTable> {
  await mysql.query(begin, { table, org, now: instant(clock.now()) })
  const found = await work()
  await mysql.query(finish, { table, through, rows: found.rows, now: instant(clock.now()) })
  return { table, ...found }
}
