import type { Analytics } from '../../store/analytics.ts'
import * as ask from './clickhouse-statements.ts'
import { noteOwnTimings, saySlow, type Check } from './examine.ts'
import { bytesText, countText, namesText, secondsText } from './finding.ts'

/** The oldest that has every function that the statements use was not looked for; the suites run on the engine of this. */
const TESTED_MAJOR = 26
const REPLICA_DELAY_S = 60
const DISK_WARNING = 0.1
/** From where on something is said. */
const LIMITS = { parts: 300, mutationSeconds: 600 }
type Limits = typeof LIMITS

export const clockOf = async (analytics: Analytics): Promise<number> => (await analytics.read(ask.serverClock))[0]?.ms ?? Number.NaN

const version: Check<Analytics> = {
  about: 'its version',
  async run(analytics, say, notes) {
    const [found] = await analytics.read(ask.serverClock)
    if (found === undefined) return
    notes.version = found.version
    const major = Number.parseInt(found.version, 10)
    if (major < TESTED_MAJOR)
      say(
        'version',
        'note',
        `It is ClickHouse ${found.version}; Fairlead is tested with ${TESTED_MAJOR}.`,
        `Upgrade it to ${TESTED_MAJOR} or newer.`,
      )
    else say('version', 'ok', `It is ClickHouse ${found.version}.`)
    if (!/^(Etc\/)?(UTC|GMT|Zulu)$/.test(found.zone))
      say('timezone', 'ok', `The server's own time zone is ${found.zone}; each session of Fairlead says UTC.`)
  },
}

const pool: Check<Analytics> = {
  about: 'its sessions',
  async run(analytics, say, notes) {
    const use = analytics.poolUse()
    notes.pool = use
    if (use === null) return
    const text = `${use.idle} of ${use.most} reading sessions are free`
    if (use.waiting > 0)
      say(
        'pool',
        'warning',
        `${text}; ${use.waiting} wait for one.`,
        'Ask for shorter windows, or use a ClickHouse server (CLICKHOUSE_URI).',
      )
    else if (use.open < use.most)
      say(
        'pool',
        'warning',
        `${use.most - use.open} of ${use.most} reading sessions could not be opened again.`,
        'Look at the log and at the memory of this machine; restart Fairlead if it stays so.',
      )
    else say('pool', 'ok', `${text}.`)
  },
}

const durability: Check<Analytics> = {
  about: 'whether what is inserted is on disk',
  async run(analytics, say) {
    const [settings] = await analytics.readAsWriter(ask.writerSettings)
    if (settings?.async_insert === 1) {
      say(
        'durability',
        'failure',
        'async_insert is on for the writer: what it acknowledges is in memory only.',
        'A profile of the server forces it: take it out for the user of CLICKHOUSE_URI.',
      )
      return
    }
    say('durability', 'ok', 'What is inserted is on disk when it is acknowledged (async_insert is off).')
  },
}

const tables = (limits: Limits): Check<Analytics> => ({
  about: 'sizes of tables and their parts',
  async run(analytics, say, notes) {
    const { database } = analytics
    const rows = await analytics.read(ask.tableSizes, { database })
    notes.tables = rows.map((one) => ({
      table: one.table,
      rows: one.rows ?? 0,
      bytes: one.bytes ?? 0,
      index_bytes: one.index_bytes ?? 0,
      dead_rows: null,
      parts: one.parts ?? 0,
    }))
    const bytes = rows.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
    say(
      'tables',
      'ok',
      `${countText(rows.length, 'table')}, ${bytesText(bytes)} in ${countText(
        rows.reduce((sum, one) => sum + (one.parts ?? 0), 0),
        'part',
      )}.`,
    )
    const [engine] = await analytics.read(ask.partLimits)
    const refused = engine?.refused || 3_000
    const most = Math.min(limits.parts, engine?.delayed || limits.parts)
    const many = rows.filter((one) => (one.most_parts ?? 0) > most)
    for (const one of many)
      say(
        'parts',
        (one.most_parts ?? 0) >= 0.9 * refused ? 'failure' : 'warning',
        `${one.table} has ${(one.most_parts ?? 0).toLocaleString('en')} parts in one partition; at ${refused.toLocaleString('en')} inserts are refused.`,
        `Merges do not keep up: look at the disk and at stuck mutations; then OPTIMIZE TABLE ${database}.${one.table} FINAL while little comes in.`,
      )
    if (many.length === 0) say('parts', 'ok', `At most ${Math.max(0, ...rows.map((one) => one.most_parts ?? 0))} parts in a partition.`)
    const soft = rows.filter((one) => one.durable === 0)
    if (soft.length > 0)
      say(
        'fsync',
        'warning',
        `Not synced to disk at an insert: ${namesText(soft.map((one) => one.table))}.`,
        'Were they changed by hand? `fairlead migrate analytics verify` tells the difference.',
      )
  },
})

const indexes: Check<Analytics> = {
  about: 'skipping indexes',
  async run(analytics, say, notes) {
    const { database } = analytics
    const rows = await analytics.read(ask.skippingIndexes, { database })
    notes.indexes = rows.map(({ table, index, type, columns, bytes }) => ({
      table,
      index,
      columns: `${columns} (${type})`,
      bytes,
      uses: null,
    }))
    if (rows.length > 0)
      say(
        'indexes',
        'ok',
        `${countText(rows.length, 'skipping index', 'skipping indexes')}, ${bytesText(rows.reduce((sum, one) => sum + one.bytes, 0))}. ClickHouse does not count their use.`,
      )
    const detached = await analytics.read(ask.detachedParts, { database })
    for (const one of detached.filter(({ reasons }) => reasons.some((reason) => /broken|unexpected|noquorum/.test(reason))))
      say(
        'detached',
        'warning',
        `${one.table} has ${countText(one.parts, 'part')} set aside as broken (${bytesText(one.bytes)}).`,
        'A disk or a crash damaged them. `fairlead verify` tells what is missing; `fairlead replay` makes rows anew from the log.',
      )
  },
}

const mutationsAndReplicas = (limits: Limits): Check<Analytics> => ({
  about: 'mutations and replicas',
  async run(analytics, say) {
    const { database } = analytics
    const open = await analytics.read(ask.mutations, { database })
    const failing = open.filter((one) => one.failed === 1)
    for (const one of failing)
      say(
        'mutations',
        'failure',
        `A mutation of ${one.table} fails (${one.reason || 'without a code'}) and is tried again and again.`,
        `The server's log tells why. To give it up: KILL MUTATION WHERE database = '${database}' AND mutation_id = '${one.id}'`,
      )
    const stuck = open.filter((one) => one.failed === 0 && one.seconds > limits.mutationSeconds)
    for (const one of stuck)
      say(
        'mutations',
        'warning',
        `A mutation of ${one.table} runs for ${secondsText(one.seconds)}, ${countText(one.parts, 'part')} to do.`,
        'Look at the load and the free space of its disk.',
      )
    if (failing.length + stuck.length === 0)
      say('mutations', 'ok', open.length === 0 ? 'No mutation waits.' : `${countText(open.length, 'mutation')} under way.`)
    const rows = await analytics.read(ask.replicas, { database })
    for (const one of rows.filter(({ is_readonly }) => is_readonly === 1))
      say(
        'replicas',
        'failure',
        `The replica of ${one.table} is read-only: it has no session with Keeper.`,
        'Look at ClickHouse Keeper (or ZooKeeper) and the network to it.',
      )
    for (const one of rows.filter(({ delay, is_readonly }) => is_readonly === 0 && delay > REPLICA_DELAY_S))
      say(
        'replicas',
        'warning',
        `The replica of ${one.table} is ${secondsText(one.delay)} behind, ${one.queue} in its queue.`,
        'Look at the load of the replica and the network between them.',
      )
    for (const one of rows.filter(({ active, total }) => active < total))
      say(
        'replicas',
        'warning',
        `${one.total - one.active} of ${one.total} replicas of ${one.table} are away.`,
        'Start them, or take them out of the cluster.',
      )
  },
})

const disk: Check<Analytics> = {
  about: 'the free space of its disks',
  async run(analytics, say, notes) {
    const rows = await analytics.read(ask.disks)
    for (const { name, free, total } of rows) {
      notes.free_bytes = Math.min(notes.free_bytes ?? Infinity, free)
      const text = `The disk ${name} has ${bytesText(free)} of ${bytesText(total)} free.`
      if (free < DISK_WARNING * total) say('disk', 'warning', text, 'Enlarge it: a merge needs room for the parts that it makes.')
      else say('disk', 'ok', text)
    }
  },
}

const queries: Check<Analytics> = {
  about: 'what runs now',
  async run(analytics, say) {
    for (const one of await analytics.read(ask.running, { database: analytics.database }))
      say('running', 'note', `A ${one.kind} runs for ${secondsText(one.seconds)} with ${bytesText(Math.max(0, one.memory))} of memory.`)
  },
}

const slow: Check<Analytics> = {
  about: 'slow statements as the server counts them',
  async run(analytics, say, notes) {
    noteOwnTimings(analytics.slowest(30), notes)
    if (((await analytics.read(ask.hasQueryLog))[0]?.found ?? 0) === 0) {
      saySlow(say, notes, 'in this process since its start')
      if (!analytics.describe.startsWith('chDB'))
        say(
          'slow-statements',
          'note',
          'Not told by the server: it keeps no system.query_log; the times are those of this process.',
          'Turn query_log on in its configuration.',
        )
      return
    }
    const statements = await analytics.read(ask.slowStatements, { database: analytics.database, limit: 10 })
    notes.slow = { from: 'system.query_log', statements }
    saySlow(say, notes, 'in a day, as system.query_log counts')
  },
}

export function clickhouseChecks(changed: Partial<Limits> = {}): readonly Check<Analytics>[] {
  const limits = { ...LIMITS, ...changed }
  return [version, pool, durability, tables(limits), indexes, mutationsAndReplicas(limits), disk, queries, slow]
}
