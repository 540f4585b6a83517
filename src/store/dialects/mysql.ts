import { z } from 'zod'
import { classifyBy } from '../classify.ts'
import { ledgerRow, progressRow, type Dialect, type LedgerRow, type SqlPort } from '../dialect.ts'
import { leaseHolder, leaseLock, type LeaseSql } from '../lease.ts'
import type { Mysql, MysqlQueries } from '../mysql.ts'
import { errnoOf } from '../mysql-error.ts'
import { noRow, statement } from '../statement.ts'
import { mysqlCopying } from './mysql-copying.ts'

/** Migrations over a lake. */
export function mysqlPort(mysql: Mysql): SqlPort {
  const portOf = (queries: MysqlQueries): SqlPort => ({
    run: async (sql, params) => {
      if (params === undefined) await queries.run(sql)
      else await queries.query({ name: 'migration', sql, row: noRow }, params)
    },
    rows: (each, params) => queries.query(each, params),
  })
  return { ...portOf(mysql), transaction: (work) => mysql.transaction((tx) => work(portOf(tx))) }
}

/** Table, column, index or primary key is there already; column, index or table is not there any more. MariaDB has no number of its own for a foreign key. */
const APPLIED = new Set([1050, 1060, 1061, 1068, 1091, 1051])

const ledgerExists = statement({
  name: 'migration.ledger_exists',
  sql: `select count(*) as found from information_schema.tables where table_schema = database() and table_name = 'migration_history'`,
  row: z.object({ found: z.number().transform((count) => count > 0) }),
})

const readLedger = statement({
  name: 'migration.read_ledger',
  sql: `select module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state, started_at, finished_at
from migration_history order by module, version`,
  row: ledgerRow,
})

const writeLedger = statement({
  name: 'migration.write_ledger',
  sql: `insert into migration_history
  (module, version, name, checksum, breaking, statement_index, statements, duration_ms, program_version, actor, state, started_at, finished_at)
values
  ({module:varchar}, {version:int}, {name:varchar}, {checksum:char}, {breaking:bool}, {statement_index:int}, {statements:int},
   {duration_ms:bigint}, {program_version:varchar}, {actor:varchar}, {state:varchar}, {started_at:datetime}, {finished_at:datetime})
on duplicate key update
  name = values(name), checksum = values(checksum), breaking = values(breaking), statement_index = values(statement_index),
  statements = values(statements), duration_ms = values(duration_ms), program_version = values(program_version), actor = values(actor),
  state = values(state), started_at = values(started_at), finished_at = values(finished_at)`,
  row: noRow,
})

const readProgress = statement({
  name: 'migration.read_progress',
  sql: `select position, row_count as \`rows\`, total from migration_progress
where module = {module:varchar} and version = {version:int} and statement = {statement:int}`,
  row: progressRow,
})

const writeProgress = statement({
  name: 'migration.write_progress',
  sql: `insert into migration_progress (module, version, statement, position, row_count, total)
values ({module:varchar}, {version:int}, {statement:int}, {position:text}, {rows:bigint}, {total:bigint})
on duplicate key update position = values(position), row_count = values(row_count), total = values(total)`,
  row: noRow,
})

/** `expires_at` last: MySQL assigns from left to right, and what stands after an assignment sees the new value. */
const takeLease = statement({
  name: 'migration.take_lock',
  sql: `insert into migration_lock (name, owner, token, heartbeat_at, expires_at)
values ({name:varchar}, {owner:varchar}, 1, now(3), now(3) + interval {microseconds:bigint} microsecond)
on duplicate key update
  token = if(expires_at < now(3), token + 1, token), owner = if(expires_at < now(3), values(owner), owner),
  heartbeat_at = if(expires_at < now(3), now(3), heartbeat_at), expires_at = if(expires_at < now(3), values(expires_at), expires_at)`,
  row: noRow,
})
/** An owner takes a lease once: each try has a name of its own. */
const tokenOf = statement({
  name: 'migration.lock_token',
  sql: `select token from migration_lock where name = {name:varchar} and owner = {owner:varchar} and expires_at > '1971-01-01'`,
  row: z.object({ token: z.number() }),
})
const keepLease = statement({
  name: 'migration.keep_lock',
  sql: `update migration_lock set heartbeat_at = now(3), expires_at = now(3) + interval {microseconds:bigint} microsecond
where name = {name:varchar} and owner = {owner:varchar} and token = {token:int} and expires_at > '1971-01-01'`,
  row: noRow,
})
const releaseLease = statement({
  name: 'migration.release_lock',
  sql: `update migration_lock set expires_at = '1970-01-01 00:00:01' where name = {name:varchar} and owner = {owner:varchar} and token = {token:int}`,
  row: noRow,
})
const leaseOf = statement({
  name: 'migration.lock_holder',
  sql: `select owner, heartbeat_at from migration_lock where name = {name:varchar}`,
  row: leaseHolder,
})

const LEASE: LeaseSql = {
  table: `create table if not exists migration_lock (
  name varchar(255) not null primary key,
  owner varchar(255) not null,
  token int not null,
  heartbeat_at datetime(3) not null,
  expires_at datetime(3) not null
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin`,
  async take(port, { name, owner, seconds }) {
    await port.rows(takeLease, { name, owner, microseconds: Math.round(seconds * 1_000_000) })
    return (await port.rows(tokenOf, { name, owner }))[0]?.token ?? null
  },
  async keep(port, { name, owner, seconds, token }) {
    await port.rows(keepLease, { name, owner, token, microseconds: Math.round(seconds * 1_000_000) })
    return (await port.rows(tokenOf, { name, owner })).some((one) => one.token === token)
  },
  release: async (port, { name, owner, token }) => void (await port.rows(releaseLease, { name, owner, token })),
  holder: async (port, name) => (await port.rows(leaseOf, { name }))[0] ?? null,
}

const OURS = `('migration_history', 'migration_lock', 'migration_progress')`

const tables = statement({
  name: 'migration.snapshot_tables',
  sql: `select table_name as name, engine as engine, table_collation as collation_name, table_type as kind
from information_schema.tables where table_schema = database() and table_name not in ${OURS} order by binary table_name`,
  row: z.object({ name: z.string(), engine: z.string().nullable(), collation_name: z.string().nullable(), kind: z.string() }),
})

const columns = statement({
  name: 'migration.snapshot_columns',
  sql: `select table_name as table_name, column_name as name, column_type as type, is_nullable as nullable, column_default as default_value,
  extra as extra, collation_name as collation_name
from information_schema.columns where table_schema = database() and table_name not in ${OURS} order by binary table_name, binary column_name`,
  row: z.object({
    table_name: z.string(),
    name: z.string(),
    type: z.string(),
    nullable: z.string(),
    default_value: z.string().nullable(),
    extra: z.string(),
    collation_name: z.string().nullable(),
  }),
})

const indexes = statement({
  name: 'migration.snapshot_indexes',
  sql: `select table_name as table_name, index_name as name, min(non_unique) as non_unique,
  group_concat(concat(column_name, if(sub_part is null, '', concat('(', sub_part, ')'))) order by seq_in_index separator ', ') as columns
from information_schema.statistics where table_schema = database() and table_name not in ${OURS}
group by table_name, index_name order by binary table_name, binary index_name`,
  row: z.object({ table_name: z.string(), name: z.string(), non_unique: z.number(), columns: z.string() }),
})

const views = statement({
  name: 'migration.snapshot_views',
  sql: `select table_name as name, view_definition as definition, database() as place from information_schema.views where table_schema = database() order by binary table_name`,
  row: z.object({ name: z.string(), definition: z.string(), place: z.string() }),
})

/** Columns are sorted by name, and what MySQL and MariaDB write differently is written one way, so that one text serves both. */
async function snapshot(port: SqlPort): Promise<string> {
  const [all, ofColumns, ofIndexes] = [await port.rows(tables), await port.rows(columns), await port.rows(indexes)]
  const texts = all
    .filter((table) => table.kind === 'BASE TABLE')
    .map((table) => {
      const lines = ofColumns
        .filter((each) => each.table_name === table.name)
        .map((each) =>
          [
            each.name,
            // MySQL 8 has no display widths any more, except the one that means a truth value.
            each.type.replace(/\b((?!tinyint\(1\))(?:tiny|small|medium|big)?int)\(\d+\)/, '$1'),
            ...(each.collation_name === null || each.collation_name === table.collation_name ? [] : [`collate ${each.collation_name}`]),
            ...(each.nullable === 'YES' ? [] : ['not null']),
            ...(each.default_value === null || each.default_value === 'NULL'
              ? []
              : [`default ${each.default_value.replace(/^'(.*)'$/, '$1')}`]),
            ...(each.extra.includes('auto_increment') ? ['auto_increment'] : []),
          ].join(' '),
        )
      for (const each of ofIndexes.filter((index) => index.table_name === table.name)) {
        const head = each.name === 'PRIMARY' ? 'primary key' : `${each.non_unique === 0 ? 'unique ' : ''}index ${each.name}`
        lines.push(`${head} (${each.columns})`)
      }
      return `create table ${table.name} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n) engine = ${table.engine} collate = ${table.collation_name};`
    })
  const viewTexts = (await port.rows(views)).map((each) => `create view ${each.name} as\n${plain(each.definition, each.place)};`)
  return `${[...texts, ...viewTexts].join('\n\n')}\n`
}

/** Both keep a view as they would say it: with every name in full, and with other parentheses, blanks and introducers. */
function plain(definition: string, database: string): string {
  return definition
    .replaceAll(`\`${database}\`.`, '')
    .replaceAll(/`|\b_utf8mb4(?=')/g, '')
    .replaceAll(/\\'/g, "'")
    .replaceAll(/\s*[()]\s*/g, ' ')
    .replaceAll(/\s*,\s*/g, ', ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/'[^']*'|[^']+/g, (part) => (part.startsWith("'") ? part : part.toLowerCase()))
}

/**
 * MySQL 8 and MariaDB 10.6 or newer. Each statement of DDL commits by itself and is whole or not there. Neither has all of the other's
 * `if not exists`, so a statement at which a run was cut off may answer that it was applied before.
 */
export const mysqlDialect: Dialect = {
  transactionalDdl: false,
  bookkeeping: [
    `create table if not exists migration_history (
  module varchar(64) not null,
  version int not null,
  name varchar(255) not null,
  checksum char(64) not null,
  breaking tinyint(1) not null,
  statement_index int not null,
  statements int not null,
  duration_ms bigint not null,
  program_version varchar(64) not null,
  actor varchar(255) not null,
  state varchar(16) not null,
  started_at datetime(3) not null,
  finished_at datetime(3),
  primary key (module, version)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin`,
    `create table if not exists migration_progress (
  module varchar(64) not null,
  version int not null,
  statement int not null,
  position text,
  row_count bigint not null,
  total bigint not null,
  primary key (module, version, statement)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin`,
  ],
  ledger: {
    exists: ledgerExists,
    read: readLedger,
    write: async (port: SqlPort, row: LedgerRow) => void (await port.rows(writeLedger, row)),
    readProgress,
    writeProgress: async (port, at, progress) => void (await port.rows(writeProgress, { ...at, ...progress })),
  },
  copying: mysqlCopying,
  lock: (port, options) => leaseLock(port, options, LEASE),
  saysApplied: (thrown) => APPLIED.has(errnoOf(thrown) ?? 0),
  // InnoDB adds columns and indexes while others read and write; what changes a type or the primary key copies the table.
  classify: classifyBy([
    {
      shape: /^alter table\b.*\b(modify|change|convert to|engine)\b/,
      risk: 'blocking',
      because: 'the table is copied, and writes wait',
      unlessNew: true,
    },
    {
      shape: /^alter table\b.*\b(add|drop) primary key\b/,
      risk: 'blocking',
      because: 'the table is copied, and writes wait',
      unlessNew: true,
    },
    {
      shape: /^alter table\b.*\badd (constraint|foreign key)\b/,
      risk: 'blocking',
      because: 'all rows are checked, and writes wait',
      unlessNew: true,
    },
    { shape: /\b(fulltext|spatial) (index|key)\b/, risk: 'blocking', because: 'writes wait while the index is built', unlessNew: true },
    { shape: /^update\b/, risk: 'blocking', because: 'rows are rewritten, and who wants to change them waits' },
  ]),
  macro: () => null,
  snapshot,
}
