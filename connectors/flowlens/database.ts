import type { Ask, Page } from '../../src/connector.ts'
import { openTables, walkTable, type Row, type Tables, type Walk, type Wanted } from '../../src/table-walk.ts'
import type { Config } from './config.ts'
import { MORE, WANTED, type TableName } from './tables.ts'

export interface FlowLens extends Tables<TableName> {
  /** Rows of `table` for the pull requests of these rows, by `pullOf`. */
  beside(table: 'pipeline_runs', rows: readonly Row[]): Promise<ReadonlyMap<string, Row>>
  /** The names of the repositories of these rows, by their ids. */
  repositories(rows: readonly Row[]): Promise<(id: unknown) => Row | null>
}

/** Which pull request a row is of. */
export const pullOf = (row: Row) => `${String(row['repo_id'])} ${String(row['pr_number'])}`

export async function openFlowLens(ask: Pick<Ask<Config>, 'config' | 'database'>): Promise<FlowLens> {
  const known = Object.fromEntries(
    Object.entries(WANTED).map(([table, wanted]): [string, Wanted] => [
      table,
      { ...wanted, columns: [...wanted.columns, ...MORE[table as TableName]] },
    ]),
  ) as Record<TableName, Wanted>
  const tables = await openTables<TableName>(await ask.database(ask.config.uri), 'flowlens', known)
  return {
    ...tables,
    // What only the program adds is not missed.
    missing: tables.missing.flatMap(({ table, columns }) => {
      const absent = columns?.filter((column) => !MORE[table].includes(column)) ?? null
      return absent?.length === 0 ? [] : [{ table, columns: absent }]
    }),
    async beside(table, rows) {
      const found = await tables.rows(
        table,
        'repo_id',
        rows.map((row) => row['repo_id']),
      )
      return new Map(found.map((row) => [pullOf(row), row]))
    },
    async repositories(rows) {
      const found = await tables.rows(
        'repositories',
        'id',
        rows.map((row) => row['repo_id']),
      )
      const names = new Map(found.map((row) => [row['id'], { full_name: row['full_name'] }]))
      return (id) => names.get(id) ?? null
    },
  }
}

/** The rows of a table, each as it stands save for what says only when it was written. */
export async function* walk(
  ask: Ask<Config>,
  { payloads, ...walked }: Omit<Walk<TableName>, 'payloads'> & { payloads?(flowlens: FlowLens, rows: readonly Row[]): Promise<Row[]> },
): AsyncGenerator<Page> {
  const flowlens = await openFlowLens(ask)
  yield* walkTable(ask, 'flowlens', flowlens, {
    ...walked,
    payloads: payloads === undefined ? async (rows) => [...rows] : (rows) => payloads(flowlens, rows),
  })
}

/** With the name of their repository. */
export async function named(flowlens: FlowLens, rows: readonly Row[]): Promise<Row[]> {
  const repository = await flowlens.repositories(rows)
  return rows.map((row) => ({ ...row, repository: repository(row['repo_id']) }))
}
