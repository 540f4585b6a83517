import { z } from 'zod'
import { statement } from '../../store/statement.ts'

/** What MySQL 8 and MariaDB tell of a lake. Names in lower case by `as`: MySQL 8 answers in capitals. */
const count = z.coerce.number()

export const serverClock = statement({
  name: 'doctor.mysql_clock',
  sql: 'select cast(unix_timestamp(now(6)) * 1000 as double) as ms, @@global.time_zone as zone',
  row: z.object({ ms: count, zone: z.string() }),
})

export const serverSettings = statement({
  name: 'doctor.mysql_settings',
  sql: `select cast(@@innodb_flush_log_at_trx_commit as signed) as flush_log, cast(@@global.log_bin as signed) as has_binlog, cast(@@global.sync_binlog as signed) as sync_binlog,
  cast(@@global.read_only as signed) as is_read_only, cast(@@global.max_allowed_packet as signed) as packet, cast(@@global.max_connections as signed) as connections,
  cast(@@global.innodb_buffer_pool_size as signed) as buffer, cast(@@global.slow_query_log as signed) as slow_log, cast(@@performance_schema as signed) as statistics`,
  row: z.object({
    flush_log: count,
    has_binlog: count,
    sync_binlog: count,
    is_read_only: count,
    packet: count,
    connections: count,
    buffer: count,
    slow_log: count,
    statistics: count,
  }),
})

export const databaseCharset = statement({
  name: 'doctor.mysql_charset',
  sql: `select default_character_set_name as charset, default_collation_name as collation from information_schema.schemata where schema_name = database()`,
  row: z.object({ charset: z.string(), collation: z.string() }),
})

export const tableSizes = statement({
  name: 'doctor.mysql_tables',
  sql: `select table_name as \`table\`, engine as engine, table_collation as collation, cast(table_rows as signed) as \`rows\`, cast(data_length + index_length as signed) as bytes,
  cast(index_length as signed) as index_bytes, cast(data_free as signed) as free_bytes
from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE' order by data_length + index_length desc, table_name`,
  row: z.object({
    table: z.string(),
    engine: z.string().nullable(),
    collation: z.string().nullable(),
    rows: count.nullable(),
    bytes: count.nullable(),
    index_bytes: count.nullable(),
    free_bytes: count.nullable(),
  }),
})

export const indexes = statement({
  name: 'doctor.mysql_indexes',
  sql: `select table_name as \`table\`, index_name as \`index\`, group_concat(concat(coalesce(column_name, 'an expression'), coalesce(concat('(', sub_part, ')'), '')) order by seq_in_index separator ', ') as \`columns\`,
  min(non_unique) as non_unique, max(cardinality) as cardinality
from information_schema.statistics where table_schema = database() group by table_name, index_name order by table_name, index_name`,
  row: z.object({ table: z.string(), index: z.string(), columns: z.string(), non_unique: count, cardinality: count.nullable() }),
})

/** MySQL, and a MariaDB with performance_schema. */
export const indexUse = statement({
  name: 'doctor.mysql_index_use',
  sql: `select object_name as \`table\`, index_name as \`index\`, cast(count_star as signed) as uses
from performance_schema.table_io_waits_summary_by_index_usage where object_schema = database() and index_name is not null`,
  row: z.object({ table: z.string(), index: z.string(), uses: count }),
})

/** MariaDB and Percona with `userstat`. An index that was never used has no row. */
export const hasUserStatistics = statement({
  name: 'doctor.mysql_has_userstat',
  sql: `select @@global.userstat as is_on`,
  row: z.object({ is_on: count }),
})
export const userIndexUse = statement({
  name: 'doctor.mysql_userstat',
  sql: `select table_name as \`table\`, index_name as \`index\`, cast(rows_read as signed) as uses from information_schema.index_statistics where table_schema = database()`,
  row: z.object({ table: z.string(), index: z.string(), uses: count }),
})

/** The digest has a mark in place of each value. Times are in picoseconds. */
export const slowStatements = statement({
  name: 'doctor.mysql_statements',
  sql: `select left(digest_text, 100) as statement, cast(count_star as signed) as calls, cast(sum_errors as signed) as failed, cast(avg_timer_wait / 1e9 as double) as mean_ms,
  cast(max_timer_wait / 1e9 as double) as most_ms, cast(sum_timer_wait / 1e9 as double) as total_ms
from performance_schema.events_statements_summary_by_digest where schema_name = database() and digest_text is not null order by max_timer_wait desc limit 10`,
  row: z.object({ statement: z.string(), calls: count, failed: count, mean_ms: count, most_ms: count, total_ms: count }),
})

export const transactions = statement({
  name: 'doctor.mysql_transactions',
  sql: `select trx_mysql_thread_id as thread, timestampdiff(second, trx_started, now()) as seconds, trx_state as state
from information_schema.innodb_trx where trx_started < now() - interval 300 second order by trx_started`,
  row: z.object({ thread: count, seconds: count, state: z.string() }),
})

export const exports = statement({
  name: 'doctor.mysql_exports',
  sql: `select count(*) as tables_filled, cast(sum(finished_at is null or finished_at < started_at) as signed) as unfinished, max(finished_at) as last from fairlead_exports`,
  row: z.object({ tables_filled: count, unfinished: count.nullable(), last: z.string().nullable() }),
})
export const hasExports = statement({
  name: 'doctor.mysql_has_exports',
  sql: `select count(*) as found from information_schema.tables where table_schema = database() and table_name = 'fairlead_exports'`,
  row: z.object({ found: count }),
})
