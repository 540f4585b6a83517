import { AppError } from '../../errors.ts'
import type { Semantic } from '../../store/semantic.ts'
import { noteOwnTimings, saySlow, type Check } from './examine.ts'
import { bytesText, countText, namesText, secondsText } from './finding.ts'
import * as ask from './postgres-statements.ts'

/** The semantic store: PostgreSQL, embedded or a server, or YugabyteDB, which has some of these catalogs and answers others with nothing. */
const MIB = 1024 * 1024
/** From where on something is said. */
const LIMITS = {
  /** Below it PostgreSQL's own vacuum has done nothing wrong: it waits for a fifth of the rows. */
  deadRows: 10_000,
  deadShare: 0.4,
  /** At 2.1 thousand million PostgreSQL refuses to write; its vacuum begins at 0.2. */
  frozenWarning: 1_000_000_000,
  frozenFailure: 1_900_000_000,
  largeIndexBytes: 16 * MIB,
  /** Use of indexes is counted anew after a crash. */
  countedDays: 7,
  longTransactionSeconds: 300,
  idleTransactionSeconds: 60,
  retainedBytes: 1024 * MIB,
  scannedRows: 50_000,
}

type Limits = typeof LIMITS

const isYugabyte = (semantic: Semantic): boolean => semantic.version.includes('-YB-')

export const clockOf = async (semantic: Semantic): Promise<number> => (await semantic.one(ask.serverClock))?.ms ?? Number.NaN

const pool: Check<Semantic> = {
  about: 'the connections',
  async run(semantic, say, notes) {
    const use = semantic.poolUse()
    notes.pool = use
    const text = `${use.open} of ${use.most} connections are open, ${use.idle} idle`
    if (use.waiting > 0)
      say('pool', 'warning', `${text}; ${use.waiting} wait for one.`, 'Look for slow statements and long transactions below.')
    else say('pool', 'ok', `${text}.`)
    const { open } = (await semantic.one(ask.connectionCount)) ?? { open: 0 }
    const most = Number((await settingsOf(semantic)).get('max_connections') ?? Number.NaN)
    if (open >= 0.8 * most)
      say(
        'connections',
        'warning',
        `The server has ${open} of ${most} connections in use.`,
        'Raise max_connections, or put a pooler in front of it.',
      )
  },
}

async function settingsOf(semantic: Semantic): Promise<Map<string, string>> {
  return new Map((await semantic.query(ask.serverSettings)).map(({ name, setting }) => [name, setting]))
}

const durability: Check<Semantic> = {
  about: 'whether what is committed survives a power cut',
  async run(semantic, say) {
    if ((await semantic.one(ask.isStandby))?.standby === true) {
      say('writable', 'failure', 'It is a standby and takes no writes.', 'Point POSTGRES_URI at the primary server.')
      return
    }
    const settings = await settingsOf(semantic)
    const encoding = settings.get('server_encoding')
    if (encoding !== undefined && encoding !== 'UTF8')
      say(
        'encoding',
        'failure',
        `The database is in ${encoding}: names in other scripts are refused.`,
        `Make one with UTF8: create database fairlead encoding 'UTF8' template template0`,
      )
    if (isYugabyte(semantic)) {
      say('durability', 'note', 'Not told: YugabyteDB keeps what is committed in its own log, which these settings are not about.')
      return
    }
    const off = ['fsync', 'full_page_writes', 'synchronous_commit'].filter((name) => settings.get(name) === 'off')
    if (off.includes('fsync') || off.includes('full_page_writes'))
      say(
        'durability',
        'failure',
        `${off.join(' and ')} is off: a power cut may destroy the database.`,
        `alter system set ${off[0]} = on; select pg_reload_conf();`,
      )
    else if (off.length > 0)
      say(
        'durability',
        'warning',
        'synchronous_commit is off: what was acknowledged in the last moment is lost in a crash.',
        'alter system set synchronous_commit = on; select pg_reload_conf();',
      )
    else say('durability', 'ok', 'What is committed is on disk (fsync, full_page_writes, synchronous_commit).')
    if (settings.get('autovacuum') === 'off')
      say(
        'autovacuum',
        'warning',
        'autovacuum is off: dead rows stay, and one day it refuses to write.',
        'alter system set autovacuum = on; select pg_reload_conf();',
      )
  },
}

const tables = (limits: Limits): Check<Semantic> => ({
  about: 'sizes of tables, dead rows',
  async run(semantic, say, notes) {
    const rows = await semantic.query(ask.tableSizes)
    notes.tables = rows.map((one) => ({
      table: one.table,
      // The statistics of a server that crashed begin anew, and the planner's estimate stays.
      rows: one.live === null || one.live === 0 ? one.estimate : one.live,
      bytes: one.bytes,
      index_bytes: one.index_bytes,
      dead_rows: one.dead,
      parts: null,
    }))
    const bytes = rows.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
    say('tables', 'ok', `${countText(rows.length, 'table')}, ${bytesText(bytes)} with their indexes.`)
    const dead = rows.filter((one) => (one.dead ?? 0) > limits.deadRows && (one.dead ?? 0) > limits.deadShare * (one.live ?? 0))
    if (dead.length > 0)
      say(
        'dead-rows',
        'warning',
        `Dead rows are not cleared away in ${namesText(dead.map((one) => one.table))}.`,
        `vacuum (analyze) ${dead[0]?.table}; and look for the long transaction that keeps them.`,
      )
    const scanned = rows.filter(
      (one) =>
        (one.live ?? 0) > limits.scannedRows && (one.scans ?? 0) > 1_000 && (one.scanned ?? 0) > 0.5 * (one.live ?? 0) * (one.scans ?? 0),
    )
    if (scanned.length > 0)
      say(
        'scans',
        'note',
        `${namesText(scanned.map((one) => one.table))}: read from end to end more than a thousand times.`,
        'Please report it, with this list: a statement of Fairlead lacks an index.',
      )
  },
})

const indexes = (limits: Limits): Check<Semantic> => ({
  about: 'use of indexes',
  async run(semantic, say, notes) {
    const rows = await semantic.query(ask.indexUse)
    notes.indexes = rows.map(({ table, index, columns, bytes, uses }) => ({ table, index, columns, bytes, uses }))
    const invalid = rows.filter((one) => !one.is_valid)
    for (const one of invalid)
      say(
        'indexes',
        'failure',
        `The index ${one.index} is invalid: a build was broken off, and nothing uses it.`,
        isYugabyte(semantic) ? `drop index ${one.index}; and make it again.` : `reindex index concurrently ${one.index};`,
      )
    const twins = rows.filter((one) => one.twin !== null && !one.is_unique)
    for (const one of twins)
      say(
        'indexes',
        'warning',
        `The index ${one.index} is the same as ${one.twin}.`,
        `Each costs at every write. If it is none of Fairlead's (fairlead migrate semantic verify): drop index${isYugabyte(semantic) ? '' : ' concurrently'} ${one.index};`,
      )
    const { since } = (await semantic.one(ask.statisticsSince)) ?? { since: new Date().toISOString() }
    const days = (Date.now() - Date.parse(since)) / 86_400_000
    const unused = rows.filter((one) => one.uses === 0 && !one.is_unique && (one.bytes ?? 0) >= limits.largeIndexBytes)
    if (unused.length > 0 && days >= limits.countedDays)
      say(
        'unused-indexes',
        'note',
        `Not used in ${Math.floor(days)} days, and large: ${namesText(unused.map((one) => `${one.index} (${bytesText(one.bytes ?? 0)})`))}.`,
        'Replicas count for themselves. One that is none of Fairlead’s can go.',
      )
    if (invalid.length + twins.length === 0)
      say(
        'indexes',
        'ok',
        `${countText(rows.length, 'index', 'indexes')}, all valid, none twice; use is counted since ${since.slice(0, 10)}.`,
      )
  },
})

const transactions = (limits: Limits): Check<Semantic> => ({
  about: 'long transactions and who waits',
  async run(semantic, say) {
    const rows = await semantic.query(ask.connections)
    const long = rows.filter((one) => (one.transaction_seconds ?? 0) > limits.longTransactionSeconds)
    const idle = rows.filter(
      (one) => one.state.startsWith('idle in transaction') && (one.state_seconds ?? 0) > limits.idleTransactionSeconds,
    )
    for (const one of new Set([...long, ...idle]))
      say(
        'transactions',
        'warning',
        `${one.program} (process ${one.pid}) has a transaction open for ${secondsText(one.transaction_seconds ?? 0)}, ${one.state}.`,
        `It keeps dead rows and may hold locks. To end it: select pg_terminate_backend(${one.pid});`,
      )
    const blocked = rows.filter((one) => one.blocked_by > 0)
    if (blocked.length > 0)
      say(
        'locks',
        'warning',
        `${countText(blocked.length, 'connection')} wait for a lock.`,
        'select pid, pg_blocking_pids(pid) from pg_stat_activity; tells who holds it.',
      )
    if (long.length + idle.length + blocked.length === 0)
      say('transactions', 'ok', 'No transaction is open for long, and nobody waits for a lock.')
  },
})

const vacuum = (limits: Limits): Check<Semantic> => ({
  about: 'the age of the oldest transaction, deadlocks',
  async run(semantic, say) {
    if (isYugabyte(semantic)) return
    const found = await semantic.one(ask.statisticsSince)
    if (found === null) throw new AppError('not-found', 'pg_stat_database has no row for this database.')
    const { frozen_age: age, deadlocks, hit, read, since } = found
    const text = `The oldest transaction number is ${Math.round(age / 1e6).toLocaleString('en')} million old`
    const remedy =
      'vacuum (freeze); as the owner of the database, and look why autovacuum does not: a long transaction, a replication slot.'
    if (age > limits.frozenFailure) say('vacuum', 'failure', `${text}; at 2,100 it refuses to write.`, remedy)
    else if (age > limits.frozenWarning) say('vacuum', 'warning', `${text}; at 2,100 it refuses to write.`, remedy)
    else say('vacuum', 'ok', `${text}, of 2,100.`)
    if (deadlocks > 0)
      say('deadlocks', 'note', `${countText(deadlocks, 'deadlock')} since ${since.slice(0, 10)}; what was given up on was done again.`)
    if (hit + read > 100_000 && read > 0.2 * (hit + read))
      say(
        'cache',
        'note',
        `${Math.round((100 * read) / (hit + read))} % of the pages read were not in its memory.`,
        'A larger shared_buffers helps, where the machine has the memory.',
      )
  },
})

const replication = (limits: Limits): Check<Semantic> => ({
  about: 'replication slots',
  async run(semantic, say) {
    const rows = await semantic.query(ask.replicationSlots)
    for (const one of rows.filter((slot) => !slot.active && (slot.retained ?? 0) > limits.retainedBytes))
      say(
        'replication',
        'warning',
        `The replication slot ${one.name} is not read and keeps ${bytesText(one.retained ?? 0)} of log on the disk.`,
        `Start its reader, or: select pg_drop_replication_slot('${one.name}');`,
      )
    if (rows.length > 0 && rows.every((one) => one.active))
      say('replication', 'ok', `${countText(rows.length, 'replication slot')}, all read.`)
  },
})

const slow: Check<Semantic> = {
  about: 'slow statements as the server counts them',
  async run(semantic, say, notes) {
    noteOwnTimings(semantic.slowest(30), notes)
    if ((await semantic.one(ask.hasStatementStatistics))?.found !== true) {
      saySlow(say, notes, 'in this process since its start')
      if (!semantic.describe.startsWith('embedded'))
        say(
          'slow-statements',
          'note',
          'Not told by the server: pg_stat_statements is not installed; the times are those of this process.',
          `Add it to shared_preload_libraries, restart, and: create extension pg_stat_statements;`,
        )
      return
    }
    const statements = await semantic.query(ask.slowStatements, { limit: 10 })
    notes.slow = { from: 'pg_stat_statements', statements: statements.map((one) => ({ ...one, failed: null })) }
    saySlow(say, notes, 'as pg_stat_statements counts')
  },
}

export function postgresChecks(changed: Partial<Limits> = {}): readonly Check<Semantic>[] {
  const limits = { ...LIMITS, ...changed }
  return [pool, durability, tables(limits), indexes(limits), transactions(limits), vacuum(limits), replication(limits), slow]
}
