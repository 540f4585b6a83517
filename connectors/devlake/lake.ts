import { pulled, type Ask, type Page } from '../../src/connector.ts'
import { openTables, walkTable, type Beside, type Row, type Tables, type Walk as TableWalk } from '../../src/table-walk.ts'
import type { Config } from './config.ts'
import { fairleadMark, marked } from './fairlead.ts'
import { WANTED, type TableName } from './tables.ts'

export type { Row }

/** A DevLake database, with what it has of the tables and columns that are wanted. */
export type Lake = Tables<TableName>

const MARK: Beside = { column: '_raw_data_table', selected: fairleadMark, said: marked }

export async function openLake(ask: Pick<Ask<Config>, 'config' | 'database'>): Promise<Lake> {
  return openTables<TableName>(await ask.database(ask.config.uri), 'devlake', WANTED, { beside: MARK })
}

interface Walk extends Omit<TableWalk<TableName>, 'payloads' | 'watch'> {
  readonly watch?: readonly { readonly table: TableName; readonly column: string; readonly own: string }[]
  payloads(lake: Lake, rows: readonly Row[]): Promise<Row[]>
}

/** DevLake dates a row before it writes it, with up to some hundred others: that is what the walk looks back for. */
export async function* walk(ask: Ask<Config>, { payloads, watch = [], ...walked }: Walk): AsyncGenerator<Page> {
  const lake = await openLake(ask)
  yield* walkTable(ask, 'devlake', lake, {
    ...walked,
    watch: watch.map(({ table, column, own }) => ({ table, columns: [column], own: [own] })),
    payloads: (rows) => payloads(lake, rows),
  })
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
