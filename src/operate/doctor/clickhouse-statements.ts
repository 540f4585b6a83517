import { z } from 'zod'
import { statement } from '../../store/statement.ts'

/** What ClickHouse tells of itself, embedded or a server. `{database:String}` is ours: a server may hold others'. */
const count = z.coerce.number()

export const serverClock = statement({
  name: 'doctor.clickhouse_clock',
  sql: 'SELECT toUnixTimestamp64Milli(now64(3)) AS ms, version() AS version, timezone() AS zone',
  row: z.object({ ms: count, version: z.string(), zone: z.string() }),
})

/** How the writer's session is set, and what the engine answers for it. */
export const writerSettings = statement({
  name: 'doctor.clickhouse_writer',
  sql: `SELECT toUInt8(getSetting('async_insert')) AS async_insert`,
  row: z.object({ async_insert: count }),
})

export const tableSizes = statement({
  name: 'doctor.clickhouse_tables',
  sql: `SELECT t.name AS table, t.engine AS engine, position(t.engine_full, 'fsync_after_insert = 1') > 0 AS durable,
  p.rows AS rows, p.bytes AS bytes, p.index_bytes AS index_bytes, p.parts AS parts, p.most AS most_parts
FROM system.tables AS t
LEFT JOIN (
  SELECT one.table AS table, sum(one.held) AS rows, sum(one.size) AS bytes, sum(one.indexed) AS index_bytes, sum(one.pieces) AS parts, max(one.pieces) AS most FROM (
    SELECT table, partition_id, sum(rows) AS held, sum(bytes_on_disk) AS size, sum(primary_key_size + secondary_indices_compressed_bytes) AS indexed, count() AS pieces
    FROM system.parts WHERE database = {database:String} AND active GROUP BY table, partition_id
  ) AS one GROUP BY one.table
) AS p ON p.table = t.name
WHERE t.database = {database:String} AND endsWith(t.engine, 'MergeTree')
ORDER BY bytes DESC NULLS LAST, table`,
  row: z.object({
    table: z.string(),
    engine: z.string(),
    durable: count,
    rows: count.nullable(),
    bytes: count.nullable(),
    index_bytes: count.nullable(),
    parts: count.nullable(),
    most_parts: count.nullable(),
  }),
})

export const partLimits = statement({
  name: 'doctor.clickhouse_limits',
  sql: `SELECT toUInt64(max(if(name = 'parts_to_delay_insert', toUInt64OrZero(value), 0))) AS delayed, toUInt64(max(if(name = 'parts_to_throw_insert', toUInt64OrZero(value), 0))) AS refused
FROM system.merge_tree_settings WHERE name IN ('parts_to_delay_insert', 'parts_to_throw_insert')`,
  row: z.object({ delayed: count, refused: count }),
})

export const skippingIndexes = statement({
  name: 'doctor.clickhouse_indexes',
  sql: `SELECT table, name AS index, type_full AS type, expr AS columns, data_compressed_bytes AS bytes
FROM system.data_skipping_indices WHERE database = {database:String} ORDER BY bytes DESC, table, index`,
  row: z.object({ table: z.string(), index: z.string(), type: z.string(), columns: z.string(), bytes: count }),
})

export const detachedParts = statement({
  name: 'doctor.clickhouse_detached',
  sql: `SELECT table, count() AS parts, sum(bytes_on_disk) AS bytes, groupUniqArray(coalesce(reason, '')) AS reasons
FROM system.detached_parts WHERE database = {database:String} GROUP BY table ORDER BY table`,
  row: z.object({ table: z.string(), parts: count, bytes: count, reasons: z.array(z.string()) }),
})

/** The command of a mutation names what is removed: it is not read. */
export const mutations = statement({
  name: 'doctor.clickhouse_mutations',
  sql: `SELECT table, mutation_id AS id, toFloat64(dateDiff('second', create_time, now())) AS seconds, parts_to_do AS parts, latest_fail_reason != '' AS failed,
  extract(latest_fail_reason, 'Code: \\\\d+') AS reason
FROM system.mutations WHERE database = {database:String} AND NOT is_done ORDER BY create_time`,
  row: z.object({ table: z.string(), id: z.string(), seconds: z.number(), parts: count, failed: count, reason: z.string() }),
})

export const replicas = statement({
  name: 'doctor.clickhouse_replicas',
  sql: `SELECT table, is_readonly, absolute_delay AS delay, queue_size AS queue, active_replicas AS active, total_replicas AS total
FROM system.replicas WHERE database = {database:String} ORDER BY table`,
  row: z.object({ table: z.string(), is_readonly: count, delay: count, queue: count, active: count, total: count }),
})

export const disks = statement({
  name: 'doctor.clickhouse_disks',
  sql: 'SELECT name, free_space AS free, total_space AS total FROM system.disks WHERE total_space > 0 AND total_space < 9e18',
  row: z.object({ name: z.string(), free: count, total: count }),
})

export const running = statement({
  name: 'doctor.clickhouse_running',
  sql: `SELECT query_kind AS kind, elapsed AS seconds, memory_usage AS memory FROM system.processes WHERE elapsed > 30 AND current_database = {database:String} ORDER BY elapsed DESC`,
  row: z.object({ kind: z.string(), seconds: z.number(), memory: count }),
})

export const hasQueryLog = statement({
  name: 'doctor.clickhouse_has_log',
  sql: `SELECT count() AS found FROM system.tables WHERE database = 'system' AND name = 'query_log'`,
  row: z.object({ found: count }),
})

/** By the names that our statements give themselves; the texts of statements are not read. */
export const slowStatements = statement({
  name: 'doctor.clickhouse_statements',
  sql: `SELECT substring(log_comment, 10) AS statement, count() AS calls, countIf(type != 'QueryFinish') AS failed, avg(query_duration_ms) AS mean_ms,
  toFloat64(max(query_duration_ms)) AS most_ms, toFloat64(sum(query_duration_ms)) AS total_ms
FROM system.query_log
WHERE event_date >= today() - 1 AND event_time >= now() - INTERVAL 1 DAY AND type != 'QueryStart' AND startsWith(log_comment, 'fairlead ')
  AND current_database = {database:String} AND NOT startsWith(log_comment, 'fairlead doctor.')
GROUP BY statement ORDER BY most_ms DESC LIMIT {limit:UInt32}`,
  row: z.object({
    statement: z.string(),
    calls: count,
    failed: count,
    mean_ms: z.number(),
    most_ms: z.number(),
    total_ms: z.number(),
  }),
})
