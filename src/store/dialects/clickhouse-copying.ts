import { z } from 'zod'
import { compareKeyInWords, type Copy, type CopyColumn, type Copying, type TableColumn } from '../copying.ts'
import type { SqlPort } from '../dialect.ts'
import { AppError } from '../../errors.ts'
import { statement } from '../statement.ts'

const quote = (name: string): string => `\`${name}\``
const flag = z.union([z.boolean(), z.number().transform((value) => value > 0)])

const columns = statement({
  name: 'migration.columns',
  sql: `select name, type, toUInt32(if(is_in_sorting_key, indexOf(arrayMap(one -> trim(both ' \`' from one), splitByChar(',', t.sorting_key)), name), 0)) as key,
  default_kind not in ('MATERIALIZED', 'ALIAS') as given, null as charset, null as collation
from system.columns c join (select name as table_name, sorting_key from system.tables where database = currentDatabase()) t on t.table_name = c.table
where c.database = currentDatabase() and c.table = {table:String} order by position`,
  row: z.object({ name: z.string(), type: z.string(), key: z.number(), given: flag, charset: z.null(), collation: z.null() }),
})

/** Ordinary views are by name and read the new table. */
const obstacles = statement({
  name: 'migration.obstacles',
  sql: `select 'the view ' || arrayJoin(dependencies_table) as what from system.tables
where database = currentDatabase() and name = {table:String} and {carry:String} != '' and {like:Bool} in (true, false)`,
  row: z.object({ what: z.string() }),
})

const definition = statement({
  name: 'migration.definition',
  sql: `select name, type, default_kind, default_expression, compression_codec, comment from system.columns
where database = currentDatabase() and table = {table:String} order by position`,
  row: z.object({
    name: z.string(),
    type: z.string(),
    default_kind: z.string(),
    default_expression: z.string(),
    compression_codec: z.string(),
    comment: z.string(),
  }),
})
const indexes = statement({
  name: 'migration.definition_indexes',
  sql: `select name, expr, type_full, toUInt32(granularity) as granularity from system.data_skipping_indices
where database = currentDatabase() and table = {table:String} order by name`,
  row: z.object({ name: z.string(), expr: z.string(), type_full: z.string(), granularity: z.number() }),
})
const engine = statement({
  name: 'migration.definition_engine',
  sql: `select engine_full from system.tables where database = currentDatabase() and name = {table:String}`,
  row: z.object({ engine_full: z.string() }),
})

async function like(
  port: SqlPort,
  { table, copy, column, type }: { table: string; copy: string; column: string; type: string },
): Promise<string[]> {
  const [all, ofIndexes, [made]] = [
    await port.rows(definition, { table }),
    await port.rows(indexes, { table }),
    await port.rows(engine, { table }),
  ]
  // A replicated table has a place of its own, which no other may have.
  if (made === undefined || made.engine_full.startsWith('Replicated')) {
    throw new AppError('migration-failed', `The definition of ${table} cannot be taken over.`, {
      help: 'Give it in full, with transformTable.',
    })
  }
  const lines = all.map((each) =>
    [
      quote(each.name),
      each.name === column ? type : each.type,
      ...(each.default_kind === '' ? [] : [each.default_kind, each.default_expression]),
      ...(each.compression_codec === '' ? [] : [each.compression_codec]),
      ...(each.comment === '' ? [] : [`comment '${each.comment.replaceAll('\\', '\\\\').replaceAll(`'`, `\\'`)}'`]),
    ].join(' '),
  )
  for (const each of ofIndexes) lines.push(`index ${quote(each.name)} ${each.expr} type ${each.type_full} granularity ${each.granularity}`)
  return [`create table ${quote(copy)} {{on_cluster}} (${lines.join(', ')}) engine = ${made.engine_full}`]
}

const key = (copy: Copy): readonly CopyColumn[] => copy.columns.filter((each) => each.key > 0)
const typeOfKey = ({ type }: TableColumn): string => /^LowCardinality\((.*)\)$/.exec(type)?.[1] ?? type
/** An ordinary conversion would let a number that is too large turn round. */
const stored = ({ expression, type }: CopyColumn): string => `accurateCast(${expression}, '${type.replaceAll(`'`, `\\'`)}')`

/**
 * Nothing carries over: the one writer of this store is the program that migrates it, before it writes. A row that came from elsewhere makes
 * the comparison fail. A range may be there in part after a crash, so what is behind the last whole one is removed before it goes on.
 */
export const clickhouseCopying: Copying = {
  quote,
  columns,
  obstacles,
  like,
  carry: null,
  copyRange: (copy, condition) => `insert into ${quote(copy.to)} (${copy.columns.map(({ name }) => quote(name)).join(', ')})
select ${copy.columns.map(stored).join(', ')} from ${quote(copy.from)} where ${condition}`,
  doubtful: (copy, condition) => {
    const names = key(copy).map(({ name }) => quote(name))
    const mapped = key(copy).map(stored).join(', ')
    const behind = condition === null ? '' : ` where ${condition}`
    return `(${names.join(', ')}) in (select ${mapped} from ${quote(copy.from)}${behind})`
  },
  compareKey: compareKeyInWords(quote, typeOfKey),
  keyText: (column) => `toString(${column})`,
  digest: (values) => `toString(sum(cityHash64(toString(tuple(${values.join(', ')})))))`,
  stored,
  comparable: stored,
  // Versions of a row that a merge has yet to join count once on both sides.
  settled: ' settings final = 1',
  renames: (pairs) =>
    pairs.length === 0 ? [] : [`rename table ${pairs.map(([from, to]) => `${quote(from)} to ${quote(to)}`).join(', ')} {{on_cluster}}`],
  afterSwap: () => [],
  patient: (port, work) => work(port),
}
