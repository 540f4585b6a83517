import { z } from 'zod'
import { classifyBy } from '../classify.ts'
import { ledgerRow, progressRow, type Dialect, type SqlPort } from '../dialect.ts'
import { leaseLock } from '../lease.ts'
import type { Queries, Semantic } from '../semantic.ts'
import { noRow, statement } from '../statement.ts'
import { postgresCopying } from './postgres-copying.ts'

/** PostgreSQL 14 and newer, and YugabyteDB, which is told from what `select version()` says. */
export function postgresDialect(version: string): Dialect {
  return {
    // YugabyteDB commits each DDL statement by itself, whatever transaction it stands in.
    transactionalDdl: !version.includes('-YB-'),
    bookkeeping: BOOKKEEPING,
    ledger: {
      exists: ledgerExists,
      read: readLedger,
      write: async (port, row) => void (await port.rows(writeLedger, row)),
      readProgress,
      writeProgress: async (port, at, progress) => void (await port.rows(writeProgress, { ...at, ...progress })),
    },
    copying: postgresCopying,
    lock: leaseLock,
    classify,
    macro: () => null,
    snapshot,
  }
}

const REWRITES = 'the table is rewritten, and reads and writes wait'
const CHECKS = 'all rows are checked, and writes wait'
const classify = classifyBy([
  { shape: /^create (unique )?index (?!concurrently)/, risk: 'blocking', because: 'writes wait while the index is built', unlessNew: true },
  { shape: /^alter table\b.*\balter (column )?\S+ (set data )?type\b/, risk: 'blocking', because: REWRITES, unlessNew: true },
  {
    shape: /^alter table\b.*\badd (column )?.*\bdefault (gen_random_uuid|random|clock_timestamp|nextval)\b/,
    risk: 'blocking',
    because: REWRITES,
    unlessNew: true,
  },
  {
    shape: /^alter table\b.*\b(set not null|references|unique|check|exclude|primary key|foreign key)\b/,
    risk: 'blocking',
    because: CHECKS,
    unlessNew: true,
  },
  { shape: /^update\b/, risk: 'blocking', because: 'rows are rewritten, and who wants to change them waits' },
  { shape: /^(vacuum full|cluster|refresh materialized view|lock)\b/, risk: 'blocking', because: REWRITES },
])

/** Migrations over the semantic store. */
export function postgresPort(semantic: Semantic): SqlPort {
  const transaction = <T>(work: (port: SqlPort) => Promise<T>): Promise<T> =>
    semantic.transaction(
      async (tx) => {
        const port = queriesPort(tx)
        // An index on a large table takes as long as it takes. Waiting for a lock is different: everybody else queues behind us.
        await port.run('set local statement_timeout = 0')
        await port.run(`set local lock_timeout = '10s'`)
        return work(port)
      },
      { patient: true },
    )
  return { ...queriesPort(semantic), run: (sql, params) => transaction((port) => port.run(sql, params)), transaction }
}

function queriesPort(queries: Queries): SqlPort {
  return {
    run: async (sql, params) => {
      await queries.query({ name: 'migration', sql, row: noRow }, params)
    },
    rows: (each, params) => queries.query(each, params),
  }
}

const BOOKKEEPING = [
  `create table if not exists migration_history (
  module text not null,
  version integer not null,
  name text not null,
  checksum text not null,
  breaking boolean not null,
  statement_index integer not null,
  statements integer not null,
  duration_ms integer not null,
  program_version text not null,
  actor text not null,
  state text not null check (state in ('running', 'done', 'failed')),
  started_at timestamptz not null,
  finished_at timestamptz,
  primary key (module, version)
)`,
  `create table if not exists migration_progress (
  module text not null,
  version integer not null,
  statement integer not null,
  position text,
  rows bigint not null,
  total bigint not null,
  primary key (module, version, statement)
)`,
]

const readProgress = statement({
  name: 'migration.read_progress',
  sql: `select position, rows, total from migration_progress
where module = {module:text} and version = {version:integer} and statement = {statement:integer}`,
  row: progressRow,
})

const writeProgress = statement({
  name: 'migration.write_progress',
  sql: `insert into migration_progress (module, version, statement, position, rows, total)
values ({module:text}, {version:integer}, {statement:integer}, {position:text}, {rows:bigint}, {total:bigint})
on conflict (module, version, statement) do update set position = excluded.position, rows = excluded.rows, total = excluded.total`,
  row: noRow,
})

const ledgerExists = statement({
  name: 'migration.ledger_exists',
  sql: `select to_regclass('migration_history') is not null as found`,
  row: z.object({ found: z.boolean() }),
})

const readLedger = statement({
  name: 'migration.read_ledger',
  sql: `select module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state, started_at, finished_at
from migration_history order by module collate "C", version`,
  row: ledgerRow,
})

const writeLedger = statement({
  name: 'migration.write_ledger',
  sql: `insert into migration_history
  (module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state, started_at, finished_at)
values
  ({module:text}, {version:integer}, {name:text}, {checksum:text}, {breaking:boolean}, {statement_index:integer}, {statements:integer},
   {duration_ms:integer}, {program_version:text}, {actor:text}, {state:text}, {started_at:timestamptz}, {finished_at:timestamptz})
on conflict (module, version) do update set
  name = excluded.name, checksum = excluded.checksum, breaking = excluded.breaking, statement_index = excluded.statement_index,
  statements = excluded.statements, duration_ms = excluded.duration_ms, program_version = excluded.program_version, actor = excluded.actor,
  state = excluded.state, started_at = excluded.started_at, finished_at = excluded.finished_at`,
  row: noRow,
})

const columns = statement({
  name: 'migration.snapshot_columns',
  sql: `select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
  pg_get_expr(d.adbin, d.adrelid) as default_value
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace and c.relname not in ('migration_history', 'migration_lock', 'migration_progress')
order by c.relname collate "C", a.attname collate "C"`,
  row: z.object({
    table_name: z.string(),
    column_name: z.string(),
    type: z.string(),
    not_null: z.boolean(),
    default_value: z.string().nullable(),
  }),
})

/** Keys and unique constraints by their columns, because YugabyteDB writes its own words (`HASH`, `lsm`) into the definitions. */
const constraints = statement({
  name: 'migration.snapshot_constraints',
  sql: `select c.relname as table_name, k.conname as name,
  case k.contype
    when 'p' then 'primary key'
    when 'u' then 'unique'
    else pg_get_constraintdef(k.oid, true)
  end as definition,
  case when k.contype in ('p', 'u') then (
    select string_agg(a.attname, ', ' order by position.n)
    from unnest(k.conkey) with ordinality as position (attnum, n)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = position.attnum
  ) end as columns
from pg_constraint k
join pg_class c on c.oid = k.conrelid
where k.contype in ('p', 'u', 'f', 'c', 'x') and c.relnamespace = current_schema()::regnamespace
  and c.relname not in ('migration_history', 'migration_lock', 'migration_progress')
order by c.relname collate "C", k.conname collate "C"`,
  row: z.object({ table_name: z.string(), name: z.string(), definition: z.string(), columns: z.string().nullable() }),
})

const indexes = statement({
  name: 'migration.snapshot_indexes',
  sql: `select c.relname as table_name, i.relname as name, x.indisunique as is_unique, x.indisvalid as is_valid,
  (select string_agg(pg_get_indexdef(x.indexrelid, n, true), ', ' order by n) from generate_series(1, x.indnkeyatts) as n) as columns,
  pg_get_expr(x.indpred, x.indrelid, true) as predicate
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class c on c.oid = x.indrelid
where c.relnamespace = current_schema()::regnamespace and c.relname not in ('migration_history', 'migration_lock', 'migration_progress')
  and not exists (select 1 from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
order by c.relname collate "C", i.relname collate "C"`,
  row: z.object({
    table_name: z.string(),
    name: z.string(),
    is_unique: z.boolean(),
    is_valid: z.boolean(),
    columns: z.string(),
    predicate: z.string().nullable(),
  }),
})

const views = statement({
  name: 'migration.snapshot_views',
  sql: `select c.relname as name, pg_get_viewdef(c.oid, true) as definition
from pg_class c where c.relkind in ('v', 'm') and c.relnamespace = current_schema()::regnamespace order by c.relname collate "C"`,
  row: z.object({ name: z.string(), definition: z.string() }),
})

/** Columns are sorted by name: a column that a later migration added stands last in the table, and means the same. */
async function snapshot(port: SqlPort): Promise<string> {
  const parts = new Map<string, string[]>()
  const add = (table: string, line: string): void => void parts.set(table, [...(parts.get(table) ?? []), line])
  for (const each of await port.rows(columns)) {
    const rest = `${each.not_null ? ' not null' : ''}${each.default_value === null ? '' : ` default ${each.default_value}`}`
    add(each.table_name, `${each.column_name} ${each.type}${rest}`)
  }
  for (const each of await port.rows(constraints)) {
    add(each.table_name, `constraint ${each.name} ${each.definition}${each.columns === null ? '' : ` (${each.columns})`}`)
  }
  const tables = [...parts].map(([table, lines]) => `create table ${table} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n);`)
  const indexLines = (await port.rows(indexes)).map((each) => {
    const predicate = each.predicate === null ? '' : ` where ${each.predicate}`
    return `create ${each.is_unique ? 'unique ' : ''}index ${each.name} on ${each.table_name} (${each.columns})${predicate};${each.is_valid ? '' : ' -- invalid'}`
  })
  const viewTexts = (await port.rows(views)).map((each) => `create view ${each.name} as\n${unqualified(each.definition)}`)
  return `${[...tables, ...indexLines, ...viewTexts].join('\n\n')}\n`
}

/** PostgreSQL 16 and newer leave out the table in front of a column where they can, older ones never. */
function unqualified(definition: string): string {
  return definition.replaceAll(/\b[a-z_]\w*\.(?=[a-z_"])/g, '')
}
