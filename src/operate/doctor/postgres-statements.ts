import { z } from 'zod'
import { statement } from '../../store/statement.ts'

/** What the catalogs of PostgreSQL and YugabyteDB tell. Never the text of anybody's statement: it may hold what only they may see. */
const count = z.coerce.number()

export const serverClock = statement({
  name: 'doctor.postgres_clock',
  sql: 'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
  row: z.object({ ms: count }),
})

export const serverSettings = statement({
  name: 'doctor.postgres_settings',
  sql: `select name, setting from pg_settings where name in
  ('fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding', 'max_connections', 'log_timezone', 'autovacuum', 'data_checksums')`,
  row: z.object({ name: z.string(), setting: z.string() }),
})

export const isStandby = statement({
  name: 'doctor.postgres_standby',
  sql: 'select pg_is_in_recovery() as standby',
  row: z.object({ standby: z.boolean() }),
})

export const tableSizes = statement({
  name: 'doctor.postgres_tables',
  sql: `select c.relname as table, case when c.reltuples < 0 then null else c.reltuples::float8 end as estimate, s.n_live_tup as live, s.n_dead_tup as dead,
  pg_total_relation_size(c.oid) as bytes, pg_indexes_size(c.oid) as index_bytes, s.seq_scan as scans, s.seq_tup_read as scanned,
  greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at, greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at
from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace
order by pg_total_relation_size(c.oid) desc nulls last, c.relname`,
  row: z.object({
    table: z.string(),
    estimate: z.number().nullable(),
    live: count.nullable(),
    dead: count.nullable(),
    bytes: count.nullable(),
    index_bytes: count.nullable(),
    scans: count.nullable(),
    scanned: count.nullable(),
    vacuumed_at: z.string().nullable(),
    analyzed_at: z.string().nullable(),
  }),
})

/** `twin`: an index before it by name over the same columns, with the same method, operators and condition. */
export const indexUse = statement({
  name: 'doctor.postgres_indexes',
  sql: `select c.relname as table, i.relname as index, pg_relation_size(i.oid) as bytes, s.idx_scan as uses, x.indisunique as is_unique, x.indisvalid as is_valid,
  (select string_agg(pg_get_indexdef(x.indexrelid, n, true), ', ' order by n) from generate_series(1, x.indnkeyatts) as n) as columns,
  (select min(t.relname) from pg_index y join pg_class t on t.oid = y.indexrelid
   where y.indrelid = x.indrelid and t.relname < i.relname and t.relam = i.relam and y.indkey::text = x.indkey::text and y.indclass::text = x.indclass::text
     and y.indoption::text = x.indoption::text and coalesce(pg_get_expr(y.indexprs, y.indrelid), '') = coalesce(pg_get_expr(x.indexprs, x.indrelid), '')
     and coalesce(pg_get_expr(y.indpred, y.indrelid), '') = coalesce(pg_get_expr(x.indpred, x.indrelid), '')) as twin
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
left join pg_stat_user_indexes s on s.indexrelid = x.indexrelid
where c.relnamespace = current_schema()::regnamespace
order by pg_relation_size(i.oid) desc nulls last, i.relname`,
  row: z.object({
    table: z.string(),
    index: z.string(),
    bytes: count.nullable(),
    uses: count.nullable(),
    is_unique: z.boolean(),
    is_valid: z.boolean(),
    columns: z.string(),
    twin: z.string().nullable(),
  }),
})

export const statisticsSince = statement({
  name: 'doctor.postgres_database',
  sql: `select coalesce(stats_reset, pg_postmaster_start_time()) as since, deadlocks, blks_hit as hit, blks_read as read,
  age((select datfrozenxid from pg_database where datname = current_database()))::float8 as frozen_age
from pg_stat_database where datname = current_database()`,
  row: z.object({ since: z.string(), deadlocks: count, hit: count, read: count, frozen_age: z.number() }),
})

/** Others' connections, too: whoever holds a transaction open keeps dead rows for all. */
export const connections = statement({
  name: 'doctor.postgres_connections',
  sql: `select pid, coalesce(nullif(application_name, ''), 'a program without a name') as program, coalesce(state, 'unknown') as state,
  extract(epoch from clock_timestamp() - xact_start)::float8 as transaction_seconds, extract(epoch from clock_timestamp() - state_change)::float8 as state_seconds,
  cardinality(pg_blocking_pids(pid)) as blocked_by
from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
  row: z.object({
    pid: z.number(),
    program: z.string(),
    state: z.string(),
    transaction_seconds: z.number().nullable(),
    state_seconds: z.number().nullable(),
    blocked_by: count,
  }),
})

export const connectionCount = statement({
  name: 'doctor.postgres_connection_count',
  sql: 'select count(*) as open from pg_stat_activity',
  row: z.object({ open: count }),
})

export const replicationSlots = statement({
  name: 'doctor.postgres_slots',
  sql: `select slot_name as name, active, case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 end as retained
from pg_replication_slots`,
  row: z.object({ name: z.string(), active: z.boolean(), retained: z.number().nullable() }),
})

export const hasStatementStatistics = statement({
  name: 'doctor.postgres_has_statements',
  sql: `select to_regclass('pg_stat_statements') is not null as found`,
  row: z.object({ found: z.boolean() }),
})

/** Only ours, which begin with their name; the text behind it is not read. */
export const slowStatements = statement({
  name: 'doctor.postgres_statements',
  sql: `select substring(query from '^/\\* ([a-z0-9_. ]+) \\*/') as statement, sum(calls)::float8 as calls,
  (sum(total_exec_time) / sum(calls))::float8 as mean_ms, max(max_exec_time)::float8 as most_ms, sum(total_exec_time)::float8 as total_ms
from pg_stat_statements
where dbid = (select oid from pg_database where datname = current_database()) and query like '/* %' and query not like '/* doctor.%'
group by 1 having substring(min(query) from '^/\\* ([a-z0-9_. ]+) \\*/') is not null order by most_ms desc limit {limit:int}`,
  row: z.object({ statement: z.string(), calls: z.number(), mean_ms: z.number(), most_ms: z.number(), total_ms: z.number() }),
})
