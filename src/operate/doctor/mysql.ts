import type { Mysql } from '../../store/mysql.ts'
import type { Check } from './examine.ts'
import { bytesText, countText, namesText, secondsText } from './finding.ts'
import * as ask from './mysql-statements.ts'

/** The lake of MYSQL_URI: a MySQL 8 or MariaDB that Fairlead fills and others read. */
const MIB = 1024 * 1024
const SMALL_PACKET = 16 * MIB
const LARGE_HOLE = 256 * MIB

export const clockOf = async (mysql: Mysql): Promise<number> => (await mysql.one(ask.serverClock))?.ms ?? Number.NaN

const durability: Check<Mysql> = {
  about: 'its settings: durability, character set, size of packets',
  async run(mysql, say) {
    const found = await mysql.one(ask.serverSettings)
    if (found === null) return
    if (found.is_read_only === 1) say('writable', 'failure', 'It is read-only, as a replica is.', 'Point MYSQL_URI at the primary server.')
    if (found.flush_log !== 1)
      say(
        'durability',
        'warning',
        `innodb_flush_log_at_trx_commit is ${found.flush_log}: an export that said that it was done may lose its end in a crash.`,
        'set global innodb_flush_log_at_trx_commit = 1; or run the export with --full after a crash.',
      )
    else say('durability', 'ok', 'What is committed is on disk (innodb_flush_log_at_trx_commit = 1).')
    if (found.has_binlog === 1 && found.sync_binlog !== 1)
      say(
        'binlog',
        'note',
        `sync_binlog is ${found.sync_binlog}: after a crash a replica may have more than the primary, or less.`,
        'set global sync_binlog = 1;',
      )
    if (found.packet < SMALL_PACKET)
      say(
        'packet',
        'warning',
        `max_allowed_packet is ${bytesText(found.packet)}: raw rows of that size are refused.`,
        'set global max_allowed_packet = 67108864; and in its configuration.',
      )
    const charset = await mysql.one(ask.databaseCharset)
    if (charset !== null && charset.charset !== 'utf8mb4')
      say(
        'charset',
        'warning',
        `The database makes tables in ${charset.charset}: others’ tables in it cannot hold every name.`,
        `alter database ${mysql.database} character set utf8mb4 collate utf8mb4_unicode_ci;`,
      )
    else if (charset !== null) say('charset', 'ok', `The database is in utf8mb4 (${charset.collation}).`)
    const zone = await mysql.one(ask.serverClock)
    say(
      'timezone',
      'ok',
      `The server's own time zone is ${zone?.zone ?? 'not told'}; each session of Fairlead says UTC, as the columns are.`,
    )
  },
}

const tables: Check<Mysql> = {
  about: 'sizes of tables',
  async run(mysql, say, notes) {
    const rows = await mysql.query(ask.tableSizes)
    notes.tables = rows.map(({ table, rows: many, bytes, index_bytes }) => ({
      table,
      rows: many,
      bytes,
      index_bytes,
      dead_rows: null,
      parts: null,
    }))
    say(
      'tables',
      'ok',
      `${countText(rows.length, 'table')}, ${bytesText(rows.reduce((sum, one) => sum + (one.bytes ?? 0), 0))} with their indexes; numbers of rows are the server's estimates.`,
    )
    const others = rows.filter((one) => one.engine !== 'InnoDB')
    if (others.length > 0)
      say(
        'engine',
        'warning',
        `Not InnoDB, and so without transactions: ${namesText(others.map((one) => `${one.table} (${one.engine ?? 'unknown'})`))}.`,
        `alter table ${others[0]?.table} engine = InnoDB;`,
      )
    const narrow = rows.filter((one) => one.collation !== null && !one.collation.startsWith('utf8mb4'))
    if (narrow.length > 0)
      say(
        'table-charset',
        'warning',
        `Not in utf8mb4: ${namesText(narrow.map((one) => `${one.table} (${one.collation})`))}.`,
        `alter table ${narrow[0]?.table} convert to character set utf8mb4 collate utf8mb4_unicode_ci;`,
      )
    const holes = rows.filter((one) => (one.free_bytes ?? 0) > LARGE_HOLE && (one.free_bytes ?? 0) > (one.bytes ?? 0))
    if (holes.length > 0)
      say(
        'holes',
        'note',
        `More free than used inside of ${namesText(holes.map((one) => one.table))}.`,
        `optimize table ${holes[0]?.table}; gives it back.`,
      )
  },
}

const indexes: Check<Mysql> = {
  about: 'indexes',
  async run(mysql, say, notes) {
    const rows = await mysql.query(ask.indexes)
    const uses = await useOf(mysql)
    notes.indexes = rows.map(({ table, index, columns }) => ({
      table,
      index,
      columns,
      bytes: null,
      // Where use is counted, an index without a count was not used.
      uses: uses === null ? null : (uses.get(`${table} ${index}`) ?? 0),
    }))
    const covered = rows.flatMap((one) => {
      const wider = rows.find(
        (other) =>
          other.table === one.table &&
          other.index !== one.index &&
          one.non_unique === 1 &&
          (other.columns.startsWith(`${one.columns}, `) || (other.columns === one.columns && other.index < one.index)),
      )
      return wider === undefined ? [] : [{ ...one, wider: wider.index }]
    })
    if (covered.length > 0)
      say(
        'indexes',
        'note',
        `The beginning of another index: ${namesText(
          covered.map((one) => `${one.table}.${one.index} (of ${one.wider})`),
          Infinity,
        )}.`,
        'The reference schema names some; those that are none of Fairlead’s (fairlead migrate mysql verify) can be dropped.',
      )
    if (uses === null)
      say(
        'index-use',
        'note',
        'Not told: how often an index is used.',
        'Turn on performance_schema (a restart), or in MariaDB: set global userstat = 1;',
      )
    else
      say(
        'index-use',
        'ok',
        `${countText(rows.length, 'index', 'indexes')}, ${[...uses.values()].filter((many) => many > 0).length} used since the server counts.`,
      )
  },
}

async function useOf(mysql: Mysql): Promise<Map<string, number> | null> {
  const { statistics = 0 } = (await mysql.one(ask.serverSettings)) ?? {}
  if (statistics === 1) return mapOf(await mysql.query(ask.indexUse))
  // MySQL has no such setting.
  const counted = await mysql.one(ask.hasUserStatistics).catch(() => null)
  return counted?.is_on === 1 ? mapOf(await mysql.query(ask.userIndexUse)) : null
}

function mapOf(rows: readonly { table: string; index: string; uses: number }[]): Map<string, number> {
  return new Map(rows.map(({ table, index, uses }) => [`${table} ${index}`, uses]))
}

const slow: Check<Mysql> = {
  about: 'slow statements',
  async run(mysql, say, notes) {
    const found = await mysql.one(ask.serverSettings)
    if (found?.statistics !== 1) {
      const log = found?.slow_log === 1 ? 'Its slow query log is on.' : 'Its slow query log is off.'
      say(
        'slow-statements',
        'note',
        `Not told: performance_schema is off. ${log}`,
        'Turn on performance_schema (a restart), or: set global slow_query_log = 1; set global long_query_time = 2;',
      )
      return
    }
    const statements = await mysql.query(ask.slowStatements)
    notes.slow = { from: 'performance_schema', statements }
    const [worst] = statements
    say(
      'slow',
      'ok',
      worst === undefined
        ? 'No statement was counted yet.'
        : `The slowest statement on this database took ${(worst.most_ms / 1_000).toFixed(1)} s.`,
    )
  },
}

const transactions: Check<Mysql> = {
  about: 'long transactions (the user needs the right PROCESS)',
  async run(mysql, say) {
    const rows = await mysql.query(ask.transactions)
    for (const one of rows)
      say(
        'transactions',
        'warning',
        `A transaction of thread ${one.thread} is open for ${secondsText(one.seconds)}, ${one.state.toLowerCase()}.`,
        `It keeps old rows and may hold locks. To end it: kill ${one.thread};`,
      )
    if (rows.length === 0) say('transactions', 'ok', 'No transaction is open for long.')
  },
}

const exports: Check<Mysql> = {
  about: 'how far it is filled',
  async run(mysql, say) {
    if (((await mysql.one(ask.hasExports))?.found ?? 0) === 0) {
      say('export', 'note', 'Nothing was exported to it yet.', 'fairlead export lake')
      return
    }
    const found = await mysql.one(ask.exports)
    if ((found?.unfinished ?? 0) > 0)
      say(
        'export',
        'warning',
        `An export was broken off at ${countText(found?.unfinished ?? 0, 'table')}.`,
        'Run `fairlead export lake` again: it goes on there.',
      )
    else say('export', 'ok', found?.last ? `Last filled at ${found.last}.` : 'Nothing was exported to it yet.')
  },
}

export const mysqlChecks: readonly Check<Mysql>[] = [durability, tables, indexes, slow, transactions, exports]
