import { z } from 'zod'
import { classifyBy } from '../classify.ts'
import { ledgerRow, progressRow, type Dialect, type LedgerRow, type SqlPort, type StepPlace } from '../dialect.ts'
import type { Progress } from '../migration-step.ts'
import type { Analytics } from '../analytics.ts'
import { statement } from '../statement.ts'
import { clickhouseCopying } from './clickhouse-copying.ts'

/** Reads and inserts go on beside a mutation; what waits is the migration, and merges. */
const classify = classifyBy([
  {
    shape: /^alter table\b.*\b(delete where|(drop|detach|clear|replace) (part|partition|column)\b|modify ttl)/,
    risk: 'lossy',
    because: 'rows or values go',
  },
  { shape: /^create table\b.*\bttl\b/, risk: 'safe', because: 'the table is new' },
  {
    shape: /^alter table\b.*\b(modify column|update|materialize)\b/,
    risk: 'blocking',
    because: 'parts are rewritten, and the start waits for it',
    unlessNew: true,
  },
])

/** Migrations over the analytics store. */
export function clickhousePort(analytics: Pick<Analytics, 'run' | 'readAsWriter'>): SqlPort {
  return { run: (sql, params) => analytics.run(sql, params), rows: (each, params) => analytics.readAsWriter(each, params) }
}

/** Files may mark where a cluster matters, by `{{on_cluster}}` and `{{engine:…}}`; what stands there is for one node, as everything in them. */
const macro: Dialect['macro'] = (name, argument) => {
  if (name === 'on_cluster') return ''
  return name === 'engine' && /^\w*MergeTree(\(.*\))?$/.test(argument) ? argument : null
}

/** Without these a power cut left tables that refused to load, 6 of 6 times. */
const DURABLE = 'fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1'

const BOOKKEEPING = [
  `create table if not exists migration_history (
  module String,
  version UInt32,
  name String,
  checksum String,
  breaking Bool,
  statement_index UInt32,
  statements UInt32,
  duration_ms UInt32,
  program_version String,
  actor String,
  state String,
  started_at DateTime64(3, 'UTC'),
  finished_at Nullable(DateTime64(3, 'UTC')),
  revision UInt64
) engine = ReplacingMergeTree(revision) order by (module, version) settings ${DURABLE}`,
  `create table if not exists migration_progress (
  module String,
  version UInt32,
  statement UInt32,
  position Nullable(String),
  rows UInt64,
  total UInt64,
  revision UInt64
) engine = ReplacingMergeTree(revision) order by (module, version, statement) settings ${DURABLE}`,
]

const readProgress = statement({
  name: 'migration.read_progress',
  sql: `select position, rows, total from migration_progress final
where module = {module:String} and version = {version:UInt32} and statement = {statement:UInt32} settings select_sequential_consistency = 1`,
  row: progressRow,
})

/** As with the ledger. */
async function writeProgress(port: SqlPort, at: StepPlace, { position, rows, total }: Progress): Promise<void> {
  await port.run(
    `insert into migration_progress (module, version, statement, position, rows, total, revision)
select {module:String}, {version:UInt32}, {statement:UInt32}, {position:Nullable(String)}, {rows:UInt64}, {total:UInt64},
  (select max(revision) + 1 from migration_progress)`,
    { ...at, position, rows, total },
  )
}

const ledgerExists = statement({
  name: 'migration.ledger_exists',
  sql: `select count() > 0 as found from system.tables where database = currentDatabase() and name = 'migration_history'`,
  row: z.object({ found: z.union([z.boolean(), z.number().transform((value) => value > 0)]) }),
})

const readLedger = statement({
  name: 'migration.read_ledger',
  sql: `select module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state,
  formatDateTime(started_at, '%Y-%m-%dT%H:%i:%S') || '.' || leftPad(toString(toUnixTimestamp64Milli(started_at) % 1000), 3, '0') || 'Z' as started_at,
  if(isNull(finished_at), null, formatDateTime(assumeNotNull(finished_at), '%Y-%m-%dT%H:%i:%S') || '.'
    || leftPad(toString(toUnixTimestamp64Milli(assumeNotNull(finished_at)) % 1000), 3, '0') || 'Z') as finished_at
from migration_history final order by module, version settings select_sequential_consistency = 1`,
  row: ledgerRow,
})

/**
 * Rows are never changed: the one with the highest revision counts. Under the lock, so the next revision is nobody else's. On a cluster a
 * majority of the nodes has the row when this returns, and one that has not does not answer `readLedger`; elsewhere both settings mean nothing.
 */
async function writeLedger(port: SqlPort, row: LedgerRow): Promise<void> {
  const instantOf = (text: string): string => `parseDateTime64BestEffort(${literal(text)}, 3, 'UTC')`
  await port.run(`insert into migration_history
  (module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state, started_at, finished_at, revision)
settings insert_quorum = 'auto', insert_quorum_parallel = 0
select ${literal(row.module)}, ${row.version}, ${literal(row.name)}, ${literal(row.checksum)}, ${row.breaking}, ${row.statement_index}, ${row.statements},
  ${row.duration_ms}, ${literal(row.program_version)}, ${literal(row.actor)}, ${literal(row.state)}, ${instantOf(row.started_at)},
  ${row.finished_at === null ? 'null' : instantOf(row.finished_at)}, (select max(revision) + 1 from migration_history settings select_sequential_consistency = 1)`)
}

/** A port binds parameters where rows come back, and an insert has none. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll(`'`, `\\'`)}'`
}

const tables = statement({
  name: 'migration.snapshot_tables',
  sql: `select name, engine, engine_full, as_select from system.tables
where database = currentDatabase() and name not in ('migration_history', 'migration_progress') and not startsWith(name, '.') and is_temporary = 0 order by name`,
  row: z.object({ name: z.string(), engine: z.string(), engine_full: z.string(), as_select: z.string() }),
})

const columns = statement({
  name: 'migration.snapshot_columns',
  sql: `select table as table_name, name, type, default_kind, default_expression, compression_codec, comment from system.columns
where database = currentDatabase() and table not in ('migration_history', 'migration_progress') and not startsWith(table, '.') order by table, name`,
  row: z.object({
    table_name: z.string(),
    name: z.string(),
    type: z.string(),
    default_kind: z.string(),
    default_expression: z.string(),
    compression_codec: z.string(),
    comment: z.string(),
  }),
})

const skippingIndexes = statement({
  name: 'migration.snapshot_indexes',
  sql: `select table as table_name, name, expr, type_full, toUInt32(granularity) as granularity from system.data_skipping_indices
where database = currentDatabase() and table not in ('migration_history', 'migration_progress') order by table, name`,
  row: z.object({ table_name: z.string(), name: z.string(), expr: z.string(), type_full: z.string(), granularity: z.number() }),
})

const databaseName = statement({
  name: 'migration.snapshot_database',
  sql: `select currentDatabase() as name`,
  row: z.object({ name: z.string() }),
})

/** What a table is given on a cluster beside the settings of its file. */
const OF_CLUSTER = /(?<=SETTINGS )replicated_deduplication_window = 0, | SETTINGS replicated_deduplication_window = 0$/

/**
 * Columns are sorted by name, since their order means nothing. The replicated form of an engine reads as its plain form, and a table that is
 * reached through a distributed one by the name of that: one text serves every topology.
 */
async function snapshot(port: SqlPort): Promise<string> {
  const [database] = await port.rows(databaseName)
  const unqualified = (text: string): string =>
    text.replaceAll(`${database?.name ?? ''}.`, '').replaceAll(`\`${database?.name ?? ''}\`.`, '')
  const [all, ofColumns, ofIndexes] = [await port.rows(tables), await port.rows(columns), await port.rows(skippingIndexes)]
  const distributed = new Set(all.filter((table) => table.engine === 'Distributed').map((table) => table.name))
  const typesOf = (name: string): string[] =>
    ofColumns.filter((each) => each.table_name === name).map((each) => `${each.name} ${each.type}`)
  const texts = all.flatMap((table) => {
    if (distributed.has(table.name)) return []
    const name = distributed.has(table.name.replace(/_local$/, '')) ? table.name.replace(/_local$/, '') : table.name
    const lines = ofColumns
      .filter((each) => each.table_name === table.name)
      .map((each) =>
        [
          `${each.name} ${each.type}`,
          ...(each.default_kind === '' ? [] : [`${each.default_kind.toLowerCase()} ${each.default_expression}`]),
          ...(each.compression_codec === '' ? [] : [each.compression_codec]),
          ...(each.comment === '' ? [] : [`comment '${each.comment}'`]),
        ].join(' '),
      )
    if (name !== table.name && typesOf(name).join() !== typesOf(table.name).join()) lines.push(`-- ${table.name} has other columns`)
    for (const each of ofIndexes.filter((index) => index.table_name === table.name)) {
      lines.push(`index ${each.name} ${each.expr} type ${each.type_full} granularity ${each.granularity}`)
    }
    const engine = table.engine_full === '' ? table.engine : table.engine_full
    const plain = engine
      .replace(/^Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?/, '$1(')
      .replace(/^(\w+MergeTree|MergeTree)\(\)/, '$1')
      .replace(OF_CLUSTER, '')
    const select = table.as_select === '' ? '' : ` as\n${unqualified(table.as_select)}`
    const head = `create ${table.engine.endsWith('View') ? 'view' : 'table'} ${name}`
    return [{ name, text: `${head} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n) engine = ${unqualified(plain)}${select};` }]
  })
  return `${texts
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => each.text)
    .join('\n\n')}\n`
}

/**
 * ClickHouse, as a server or embedded. It has no transactions for DDL, and no row that two clients could fight for, so there is no lock
 * here: the lease in the semantic store guards this store too, and the embedded one belongs to a single process. That there may be several
 * nodes it does not know: what a statement is on them, the store says that runs it (`cluster.ts`).
 */
export const clickhouseDialect: Dialect = {
  transactionalDdl: false,
  bookkeeping: BOOKKEEPING,
  ledger: { exists: ledgerExists, read: readLedger, write: writeLedger, readProgress, writeProgress },
  copying: clickhouseCopying,
  lock: null,
  classify,
  macro,
  snapshot,
}
