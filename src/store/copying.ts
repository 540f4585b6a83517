import type { SqlPort } from './dialect.ts'
import type { Params, Statement } from './statement.ts'

export interface TableColumn {
  readonly name: string
  readonly type: string
  /** Its place in the primary key (ClickHouse: the sorting key), from 1; 0 when it is in none. */
  readonly key: number
  /** Whether a statement may give it a value. */
  readonly given: boolean
  /** Where texts of different collations do not compare. */
  readonly charset: string | null
  readonly collation: string | null
}

/** The rows of one table into another. */
export interface Copy {
  readonly from: string
  readonly to: string
  readonly source: readonly TableColumn[]
  /** Columns of `from` by which ranges are cut. */
  readonly key: readonly TableColumn[]
  /** Columns of `to` that are filled, each with its expression over `from`. */
  readonly columns: readonly CopyColumn[]
}

export interface CopyColumn extends TableColumn {
  readonly expression: string
}

/** How a store copies a table while others use it. */
export interface Copying {
  quote(name: string): string
  /** No row: there is no such table. */
  readonly columns: Statement<Params, TableColumn>
  /** What would break, or be left behind, when another table takes the name. `{like}`: also what `like` does not take along. */
  readonly obstacles: Statement<Params, { what: string }>
  /** Statements that make an empty table like another, but for the type of one column. */
  like(port: SqlPort, names: { table: string; copy: string; column: string; type: string }): Promise<string[]>
  /** Keeps `to` abreast of every change of `from`, in the change's own transaction. Null: nobody writes while a migration runs. */
  readonly carry: {
    begin(copy: Copy): string[]
    /** `from` has the name that it has by then. */
    end(names: { from: string; to: string }): string[]
  } | null
  /** Copies the range that the condition tells; a row that is there already is left as it is. */
  copyRange(copy: Copy, condition: string): string
  /** Where a range may be there in part: the rows of `to` that come from behind the last whole one, or from anywhere. */
  doubtful?(copy: Copy, condition: string | null): string
  /** Behind or up to a key; its values are bound as `<prefix>0`, `<prefix>1` … */
  compareKey(key: readonly TableColumn[], operator: '>' | '<=', prefix: string): string
  keyText(column: string): string
  /** One sum over all rows, whatever their order. */
  digest(values: readonly string[]): string
  /** What an expression is once it stands in the column. */
  stored(column: CopyColumn): string
  /** An expression that compares with the column itself. */
  comparable(column: CopyColumn): string
  /** Behind the statement that compares. */
  readonly settled: string
  renames(pairs: readonly (readonly [string, string])[]): string[]
  /** After the new table took the name. */
  afterSwap(table: string): string[]
  /** In a transaction, where there are any, that waits for others only so briefly that nobody waits long for it, and then tries again. */
  patient<T>(port: SqlPort, work: (port: SqlPort) => Promise<T>): Promise<T>
}

/** The words of `compareKey` for a store whose optimizer sees no range in a row of values. */
export function compareKeyInWords(quote: Copying['quote'], typeOf: (column: TableColumn) => string): Copying['compareKey'] {
  return (key, operator, prefix) => {
    const bound = (column: TableColumn, place: number, sign: string) =>
      `${quote(column.name)} ${sign} {${prefix}${place}:${typeOf(column)}}`
    const parts = key.map((column, index) => {
      const equal = key.slice(0, index).map((each, place) => bound(each, place, '='))
      const isLast = index === key.length - 1
      return [...equal, bound(column, index, operator === '>' ? '>' : isLast ? '<=' : '<')].join(' and ')
    })
    return `(${parts.join(' or ')})`
  }
}
