import { Readable } from 'node:stream'
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client'
import type { z } from 'zod'
import { AppError, systemCode } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { noRow, placeholders, type Param, type Params, type Statement } from './statement.ts'
import { createTimings, type PoolUse, type Timing } from './timings.ts'
import { clusterTopology, ONE_NODE, type Topology } from './topology.ts'

export type AnalyticsTarget =
  | { readonly kind: 'embedded'; readonly directory: string }
  | {
      readonly kind: 'server'
      readonly url: Secret
      readonly database: string
      readonly username: string
      readonly password: Secret
      readonly cluster: string | null
    }

/** Limits of a reading session. Without them the engine has none. */
export interface ReadLimits {
  readonly seconds: number
  readonly memoryBytes: number
  readonly resultRows: number
}

const READ_LIMITS: ReadLimits = { seconds: 30, memoryBytes: 2_000_000_000, resultRows: 2_000_000 }

/** ClickHouse, embedded (chDB) or a server over HTTP, behind one way to say SQL. */
export interface Analytics {
  /** Reads in a session that can neither write, nor open files or addresses, nor run without limits. Rows are parsed by the statement's schema. */
  read<R>(statement: Statement<Params, R>, params?: Params): Promise<R[]>
  /** Reads in the writer's session: for the one writer, which must not queue behind people's queries. */
  readAsWriter<R>(statement: Statement<Params, R>, params?: Params): Promise<R[]>
  /** DDL and other statements without rows, as one node would have them; as it stands where there are no parameters. */
  run(sql: string, params?: Params): Promise<void>
  /** Rows as JSON objects into the columns named. One insert is one part: give it many rows. */
  insert(table: string, columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>
  ping(): Promise<void>
  /** Of the reading sessions; null where a server lends as many as it likes. */
  poolUse(): PoolUse | null
  /** Of this process, the slowest first. */
  slowest(count: number): Timing[]
  close(): Promise<void>
  /** For people: `chDB 26.7 in <directory>` or `ClickHouse at host:8123/db`. Never a password. */
  readonly describe: string
  readonly database: string
  /** Null: one node. */
  readonly cluster: string | null
}

/** What both readers and the writer say at the start of a session, so that no default of a version or a server decides a number. */
const SESSION = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
  date_time_output_format: 'iso',
  date_time_input_format: 'best_effort',
  date_time_overflow_behavior: 'throw',
  input_format_skip_unknown_fields: 0,
  join_use_nulls: 1,
  session_timezone: 'UTC',
} as const

const WRITER = {
  ...SESSION,
  // 1 by default in 26.x: an acknowledged insert would only be in memory.
  async_insert: 0,
  // A git history of thirty years is one batch over many partitions; the default of 100 refuses it whole.
  max_partitions_per_insert_block: 0,
  // A mutation takes no parameters: the keys of what is removed with its source stand in its text. The default is 256 KiB.
  max_query_size: 4 * 1024 * 1024,
  mutations_sync: 1,
} as const

function readerSettings(limits: ReadLimits) {
  return {
    ...SESSION,
    max_execution_time: limits.seconds,
    max_memory_usage: limits.memoryBytes,
    max_result_rows: limits.resultRows,
    do_not_merge_across_partitions_select_final: 1,
  }
}

type Settings = Readonly<Record<string, string | number>>

/** How many reading sessions the embedded engine gets. Each runs one query at a time; three long ones leave a fourth free for the short ones. */
const EMBEDDED_READERS = 4
const DATABASE = 'fairlead'
/** Errors are translated and thrown; the client's own log would print them a second time, past ours. */
const SILENT = { level: ClickHouseLogLevel.OFF }

export async function openAnalytics(
  target: AnalyticsTarget,
  limits: Partial<ReadLimits> = {},
  { readers = EMBEDDED_READERS }: { readers?: number } = {},
): Promise<Analytics> {
  const readLimits = { ...READ_LIMITS, ...limits }
  return target.kind === 'embedded' ? openEmbedded(target.directory, readLimits, readers) : openServer(target, readLimits)
}

async function openEmbedded(directory: string, limits: ReadLimits, readerCount: number): Promise<Analytics> {
  // The engine is an optional dependency of half a gigabyte: only the embedded way loads it. The connection hook is called experimental upstream; it is touched here only.
  const { createChdbConnection } = await import('chdb/connection').catch((cause: unknown) => {
    throw new AppError('store-unavailable', 'The embedded analytics engine (chdb) is not installed for this platform.', {
      help: 'Install with optional dependencies (`npm ci` without `--omit=optional`), or set CLICKHOUSE_URI to a ClickHouse server.',
      cause,
    })
  })
  type Hook = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>
  // Same interface in two copies of the type declarations; `exactOptionalPropertyTypes` tells them apart.
  const open = () => createClient({ connection: createChdbConnection({ path: directory }) as unknown as Hook, log: SILENT })
  const session = async (settings: Settings, readonly: boolean): Promise<ClickHouseClient> => {
    const client = open()
    // One statement: said one by one, for five sessions, they took a tenth of a second of each start.
    const all = Object.entries(settings).map(([name, value]) => `${name} = ${literal(value)}`)
    await client.command({ query: `SET ${all.join(', ')}` })
    await client.command({ query: `USE ${DATABASE}` })
    // Last: after it nothing can be set again, and the engine refuses every write, file() and url().
    if (readonly) await client.command({ query: 'SET readonly = 1' })
    return client
  }
  try {
    const first = open()
    await first.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic` })
    await first.close()
    const writer = await pool(1, () => session(WRITER, false), null)
    const readers = await pool(readerCount, () => session(readerSettings(limits), true), 2 * limits.seconds * 1_000)
    const describe = `chDB (embedded) in ${directory}`
    // The embedded engine keeps no log of queries, and a reading session can set nothing.
    return build({ writer, readers, named: () => ({}), describe, database: DATABASE, cluster: null, topology: ONE_NODE })
  } catch (thrown) {
    throw translate(thrown, 'analytics.open')
  }
}

async function openServer(target: Extract<AnalyticsTarget, { kind: 'server' }>, limits: ReadLimits): Promise<Analytics> {
  const { cluster, database } = target
  const topology = cluster === null ? ONE_NODE : clusterTopology({ name: cluster, database })
  const client = (settings: Settings) =>
    createClient({
      url: target.url.reveal(),
      database,
      username: target.username,
      password: target.password.reveal(),
      application: 'fairlead',
      log: SILENT,
      request_timeout: (limits.seconds + 10) * 1000,
      max_open_connections: 8,
      clickhouse_settings: { ...settings },
    })
  const host = new URL(target.url.reveal()).host
  return build({
    writer: shared(client({ ...WRITER, ...topology.writer })),
    readers: shared(client({ ...readerSettings(limits), ...topology.reader, readonly: 1 })),
    named: (name) => ({ clickhouse_settings: { log_comment: `fairlead ${name}` } }),
    describe: `ClickHouse at ${host}/${database}${cluster === null ? '' : `, cluster ${cluster}`}`,
    database,
    cluster,
    topology,
  })
}

/** Lends clients: an embedded session runs one query at a time, a server's client as many as it has connections. */
interface Lender {
  use<T>(work: (client: ClickHouseClient) => Promise<T>): Promise<T>
  poolUse(): PoolUse | null
  close(): Promise<void>
}

function shared(client: ClickHouseClient): Lender {
  return { use: (work) => work(client), poolUse: () => null, close: () => client.close() }
}

/**
 * Sessions of the embedded engine. One whose query failed is closed and replaced: what a query had put out before it failed (a limit on rows,
 * for one) stays in its session and would come back as the answer to the next query, which may be another organization's.
 */
async function pool(size: number, open: () => Promise<ClickHouseClient>, patienceMs: number | null): Promise<Lender> {
  const free = await Promise.all(Array.from({ length: size }, open))
  const waiting: { take: (client: ClickHouseClient) => void; fail: (thrown: unknown) => void }[] = []
  const lend = (client: ClickHouseClient) => {
    const next = waiting.shift()
    if (next) next.take(client)
    else free.push(client)
  }
  /** The writer's turn comes when it comes; a reader's is over after twice the time that a query may take. */
  const turn = () =>
    new Promise<ClickHouseClient>((take, fail) => {
      const mine = { take, fail }
      waiting.push(mine)
      if (patienceMs === null) return
      const timer = setTimeout(() => {
        const place = waiting.indexOf(mine)
        if (place === -1) return
        waiting.splice(place, 1)
        fail(allBusy(size, patienceMs))
      }, patienceMs).unref()
      mine.take = (client) => {
        clearTimeout(timer)
        take(client)
      }
    })
  let missing = 0
  /** Also fills places that an earlier attempt could not fill. */
  const replace = async () => {
    missing++
    while (missing > 0) {
      missing--
      try {
        lend(await open())
      } catch (thrown) {
        missing++
        waiting.shift()?.fail(thrown)
        return
      }
    }
  }
  return {
    async use(work) {
      if (free.length === 0 && missing > 0) {
        missing--
        await replace()
      }
      const client = free.pop() ?? (await turn())
      try {
        const answer = await work(client)
        lend(client)
        return answer
      } catch (thrown) {
        await client.close().catch(() => {})
        await replace()
        throw thrown
      }
    },
    poolUse: () => ({ most: size, open: size - missing, idle: free.length, waiting: waiting.length }),
    async close() {
      for (const client of free.splice(0)) await client.close()
    },
  }
}

function allBusy(size: number, ms: number): AppError {
  return new AppError('store-unavailable', `All ${size} reading sessions of the analytics store were busy for ${ms / 1_000} s.`, {
    help: 'Ask for shorter windows, or use a ClickHouse server (CLICKHOUSE_URI).',
  })
}

/** Line by line into one text: a list of 20,000 lines, each with its own line end, is twice the garbage. */
function linesOf(rows: readonly Readonly<Record<string, unknown>>[]): Buffer {
  let text = ''
  for (const row of rows) text += `${JSON.stringify(row)}\n`
  return Buffer.from(text)
}

interface Parts extends Pick<Analytics, 'describe' | 'database' | 'cluster'> {
  readonly topology: Topology
  readonly writer: Lender
  readonly readers: Lender
  /** How the engine's own log of queries learns the name of a statement. */
  named(name: string): { clickhouse_settings?: { log_comment: string } }
}

/** Of DDL and mutations: what is done to which table, without what is compared with. */
function nameOf(sql: string): string {
  const bare = sql
    .replaceAll(/^(?:\s*--[^\n]*\n)+/g, '')
    .trim()
    .replaceAll(/\s+/g, ' ')
  return bare.split(/ (?:WHERE|ON|VALUES|SETTINGS|AS) | ?[(,=`'"]/)[0]?.slice(0, 60) ?? 'statement'
}

function build(parts: Parts): Analytics {
  const timings = createTimings()
  const rowsFrom =
    (lender: Lender) =>
    async <R>(statement: Statement<Params, R>, params: Params = {}): Promise<R[]> => {
      const sql = `/* ${statement.name} */ ${statement.sql}`
      // The embedded engine is server and client in one, and writes files as a client does, `readonly` or not.
      if (/\boutfile\b/i.test(statement.sql)) throw new AppError('store-refused', `${statement.name} would write a file.`)
      const bound = bind(statement.name, sql, params)
      const rows = await timings
        .timed(statement.name, () =>
          lender.use(async (client) =>
            (
              await client.query({ query: sql, format: 'JSONEachRow', query_params: bound, ...parts.named(statement.name) })
            ).json<unknown>(),
          ),
        )
        .catch((thrown: unknown) => {
          throw translate(thrown, statement.name)
        })
      return rows.map((row) => parseRow(statement, row))
    }
  return {
    read: rowsFrom(parts.readers),
    readAsWriter: rowsFrom(parts.writer),
    async run(sql, params) {
      const name = nameOf(sql)
      const bound = params === undefined ? {} : { query_params: bind(name, sql, params) }
      for (const query of parts.topology.statements(sql)) {
        await timings
          .timed(name, () => parts.writer.use((client) => client.command({ query, ...bound, ...parts.named(name) })))
          .catch((thrown: unknown) => {
            throw translate(thrown, sql.slice(0, 60))
          })
      }
    },
    async insert(table, columns, rows) {
      if (rows.length === 0) return
      const body = linesOf(rows)
      const name = `insert ${table}`
      await timings
        .timed(name, () =>
          parts.writer.use((client) =>
            client.exec({
              query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT JSONEachRow`,
              values: Readable.from([body], { objectMode: false }),
              ...parts.named(name),
            }),
          ),
        )
        .catch((thrown: unknown) => {
          throw translate(thrown, name)
        })
    },
    async ping() {
      await rowsFrom(parts.readers)({ name: 'analytics.ping', sql: 'SELECT 1', row: noRow })
    },
    poolUse: parts.readers.poolUse,
    slowest: timings.slowest,
    async close() {
      await parts.readers.close()
      await parts.writer.close()
    },
    describe: parts.describe,
    database: parts.database,
    cluster: parts.cluster,
  }
}

/** Instants travel as RFC 3339; the parser of DateTime64 parameters wants no `T` and no `Z` (the session's zone is UTC). */
function bind(name: string, sql: string, params: Params): Record<string, Param> {
  const bound: Record<string, Param> = {}
  for (const [key, type] of placeholders(sql)) {
    const value = params[key]
    if (value === undefined) throw new TypeError(`${name}: parameter ${key} is not given`)
    bound[key] = type.startsWith('DateTime64') && typeof value === 'string' ? value.replace('T', ' ').replace('Z', '') : value
  }
  return bound
}

function parseRow<R>(statement: Statement<Params, R>, row: unknown): R {
  const parsed = (statement.row as z.ZodType<R>).safeParse(row)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AppError('internal', `A row of ${statement.name} does not fit its schema: ${issue?.path.join('.')}: ${issue?.message}`, {
    help: 'The schema of the store and this program differ: run `fairlead migrate verify`.',
  })
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** ClickHouse error numbers that mean something to the reader; all others are `store-refused` with the engine's own words. */
const MEANING: Record<string, { code: ConstructorParameters<typeof AppError>[0]; message: string; help: string }> = {
  '76': {
    code: 'data-directory-in-use',
    message: 'Another process has the analytics store open.',
    help: 'Stop the other Fairlead process, or use another FAIRLEAD_DATA.',
  },
  '159': {
    code: 'query-too-heavy',
    message: 'The query took longer than the time limit.',
    help: 'Ask for a shorter window or fewer services.',
  },
  '241': {
    code: 'query-too-heavy',
    message: 'The query needed more memory than the limit.',
    help: 'Ask for a shorter window or fewer services.',
  },
  '243': { code: 'disk-full', message: 'The disk of the analytics store is full.', help: 'Free some space; Fairlead goes on by itself.' },
  '396': {
    code: 'query-too-heavy',
    message: 'The result has more rows than the limit.',
    help: 'Ask for a shorter window, or page with `limit` and `after`.',
  },
  '193': { code: 'store-credentials', message: 'ClickHouse refused the password.', help: 'Check user and password in CLICKHOUSE_URI.' },
  '194': { code: 'store-credentials', message: 'ClickHouse wants a password.', help: 'Put user and password into CLICKHOUSE_URI.' },
  '516': {
    code: 'store-credentials',
    message: 'ClickHouse refused the user or the password.',
    help: 'Check user and password in CLICKHOUSE_URI.',
  },
  '81': {
    code: 'store-refused',
    message: 'The database named in CLICKHOUSE_URI does not exist.',
    help: 'Create it (`CREATE DATABASE …`) or name another in CLICKHOUSE_URI.',
  },
}

/** What a cluster answers while a part of it is away: it is asked again, and nothing is wrong with the rows. */
const CLUSTER_AWAY = new Set(['198', '203', '209', '210', '225', '242', '279', '285', '286', '289', '319', '369', '999'])

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN'])

function isClusterAway({ code, message }: ClickHouseError): boolean {
  // A statement that not all nodes have done in time, and a node that ended while another talked to it.
  return (
    CLUSTER_AWAY.has(code) || (code === '159' && /distributed ddl/i.test(message)) || (code === '32' && /receiving packet/.test(message))
  )
}

function clusterAway(thrown: ClickHouseError, name: string): AppError {
  return new AppError('store-unavailable', `A part of the ClickHouse cluster does not answer: ${thrown.message.slice(0, 200).trim()}`, {
    help: 'Are all its nodes, and Keeper, running and reachable from each other? Events are kept in the journal meanwhile.',
    cause: thrown,
    detail: { statement: name },
  })
}

function translate(thrown: unknown, name: string): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof ClickHouseError) {
    const known = MEANING[thrown.code]
    if (isClusterAway(thrown)) return clusterAway(thrown, name)
    if (known) return new AppError(known.code, known.message, { help: known.help, cause: thrown, detail: { statement: name } })
    return new AppError('store-refused', `The analytics store refused ${name}: ${thrown.message.slice(0, 300).trim()}`, {
      help: 'Is its schema behind? `fairlead migrate analytics status` says so, `fairlead migrate analytics up` mends it.',
      cause: thrown,
    })
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  // The embedded engine's errors are of another copy of the class: their number is what they share.
  const own = systemCode(thrown)
  const number = own !== null && /^\d+$/.test(own) ? own : /Code: (\d+)/.exec(message)?.[1]
  const known = number === undefined ? undefined : MEANING[number]
  if (known) return new AppError(known.code, known.message, { help: known.help, cause: thrown, detail: { statement: name } })
  const code = systemCode(thrown)
  if ((code !== null && UNREACHABLE.has(code)) || /socket hang up|Timeout error|ECONN/i.test(message)) {
    return new AppError('store-unavailable', 'The analytics store does not answer.', {
      help: 'Is the ClickHouse server of CLICKHOUSE_URI running and reachable? Events are kept in the journal meanwhile.',
      cause: thrown,
    })
  }
  return new AppError('store-refused', `The analytics store failed at ${name}: ${message.slice(0, 300)}`, { cause: thrown })
}
