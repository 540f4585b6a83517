import { Socket, type LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, type PoolClient, type PoolConfig, type QueryResultRow } from 'pg'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { Secret } from '../secret.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { isUnreachable, sqlStateOf, translatePostgresError, type PostgresPlace } from './postgres-error.ts'
import { KEEPALIVE_MS, POOL_LIMITS, type PoolLimits } from './pool.ts'
import { isConnectionLost, lendingFrom, LIFETIME_SECONDS, within } from './postgres-pool.ts'
import { readPostgresValue } from './postgres-value.ts'
import { statement, toPositional, type Params, type Statement } from './statement.ts'
import { resolveStores, type DatabaseTarget } from './store-uri.ts'
import { createTimings, type PoolUse, type Timing } from './timings.ts'
import { attempted } from './transaction.ts'
import { untilTaken } from './until-taken.ts'

export interface Queries {
  /** Rows parsed by the statement's schema. Without parameters the SQL goes as it stands. */
  query<R>(statement: Statement<Params, R>, params?: Params): Promise<R[]>
  /** The first row, or null. */
  one<R>(statement: Statement<Params, R>, params?: Params): Promise<R | null>
}

/** The store of people, settings, credentials, sources and rules: PostgreSQL 14 or newer, or YugabyteDB. */
export interface Semantic extends Queries {
  /** Outside a transaction a statement that the server gives up on (40001, 40P01) is asked again: nothing of it was done. */
  query<R>(statement: Statement<Params, R>, params?: Params): Promise<R[]>
  /** One transaction in the default isolation. When the server gives up on it (40001, 40P01) `work` runs again: it has no effects outside. */
  transaction<T>(work: (tx: Queries) => Promise<T>, options?: TransactionOptions): Promise<T>
  ping(): Promise<void>
  poolUse(): PoolUse
  /** Of this process, the slowest first. */
  slowest(count: number): Timing[]
  close(): Promise<void>
  /** `embedded PostgreSQL 18.4 in <directory>` or `PostgreSQL 15.18 at host:5432/db`; never the password. */
  readonly describe: string
  /** What `select version()` says. */
  readonly version: string
}

export interface TransactionOptions {
  /** Its statements may take as long as they take: those of a migration. */
  readonly patient?: boolean
}

/** `others`: a database of theirs that is only read, wherever its address leads. */
export type SemanticTarget = { uri: Secret } | { embedded: string } | { readonly others: DatabaseTarget; readonly lookup?: LookupFunction }

export interface SemanticOptions {
  log: Log
  /** Connections at most. The embedded server allows 30. */
  connections?: number
  statementTimeoutMs?: number
  pool?: Partial<PoolLimits>
}

const STATEMENT_MS = 30_000
const CLOSE_MS = 5_000
/** Serialization failure, deadlock: nothing was done. */
const GIVEN_UP = new Set(['40001', '40P01'])
const isGivenUp = (thrown: unknown): boolean => GIVEN_UP.has(sqlStateOf(thrown) ?? '')
const OLDEST_MAJOR = 14

export async function openSemantic(target: SemanticTarget, options: SemanticOptions): Promise<Semantic> {
  if ('embedded' in target) {
    const server = await startEmbeddedPostgres({ directory: target.embedded, log: options.log })
    const { host, port, user, database } = server
    const place = { describe: `embedded PostgreSQL ${server.version} in ${target.embedded}`, variable: 'POSTGRES_URI', readOnly: false }
    // Every setting that the driver would otherwise take from PG… variables of the environment is given.
    const config = { host, port, user, database, password: '', ssl: false, max: options.connections ?? 10 }
    return connect(config, place, options, server.stop).catch(async (cause: unknown) => {
      await server.stop()
      throw cause
    })
  }
  if ('others' in target) {
    const { others, lookup } = target
    if (others.ignored.length > 0) options.log.warn('config.ignored', { variable: others.variable, parameters: others.ignored })
    const place = { describe: `PostgreSQL at ${others.describe}`, variable: others.variable, readOnly: true }
    return connect({ ...configOf(others, lookup), max: options.connections ?? 3 }, place, options, async () => {})
  }
  const resolved = resolveStores({ POSTGRES_URI: target.uri.reveal() }).semantic
  if (!resolved) throw new AppError('config', 'POSTGRES_URI is empty.')
  const config = { connectionString: resolved.uri.reveal(), max: options.connections ?? 10 }
  const place = { describe: `PostgreSQL at ${resolved.describe}`, variable: 'POSTGRES_URI', readOnly: false }
  return connect(config, place, options, async () => {})
}

/** Every setting that the driver would otherwise take from PG… variables or files of this machine is given: they are no secrets of others. */
function configOf(target: DatabaseTarget, lookup: LookupFunction | undefined): PoolConfig {
  return {
    host: target.socket ?? target.host,
    port: target.port,
    user: target.username,
    password: () => target.password.reveal(),
    database: target.database,
    ssl: target.tls === null ? false : { rejectUnauthorized: target.tls === 'verify' },
    ...(lookup === undefined ? {} : { stream: () => guardedSocket(lookup) }),
  }
}

/** Connects to just the address that the look-up allowed; a name that resolves differently the second time gains nothing. */
function guardedSocket(lookup: LookupFunction): Socket {
  const socket = new Socket()
  const connectTo = socket.connect.bind(socket)
  return Object.assign(socket, { connect: (port: number, host: string) => connectTo({ port, host, lookup }) })
}

async function connect(
  config: PoolConfig,
  place: PostgresPlace,
  options: SemanticOptions,
  afterClose: () => Promise<void>,
): Promise<Semantic> {
  const timings = createTimings()
  const limits = { ...POOL_LIMITS, ...options.pool }
  const statementMs = options.statementTimeoutMs ?? STATEMENT_MS
  const session = [`statement_timeout=${statementMs}`, `timezone='UTC'`, `datestyle='ISO'`]
  if (place.readOnly) session.push('default_transaction_read_only=on')
  const pool = new Pool({
    ...config,
    connectionTimeoutMillis: limits.acquireMs,
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    application_name: 'fairlead',
    types: { getTypeParser: readPostgresValue },
    // Statements, because a connection pooler in between may refuse them as options of the connection.
    onConnect: (client) => client.query(within(session.map((setting) => `set ${setting}`).join('; '), limits.acquireMs)),
  })
  pool.on('error', (error) => {
    // While we close it ourselves, a connection that ends is no news.
    if (closing === null) options.log.warn('store.connection_lost', { store: place.describe, message: error.message })
  })

  const { lend, giveBack } = lendingFrom(pool, place.describe, limits, options.log)
  const longest = statementMs + limits.graceMs

  /** On a connection of its own, or on that of a transaction. */
  const on = (own: PoolClient | null, patienceMs: number | null): Queries => {
    const onConnection = async (client: PoolClient, text: string, values: unknown[] | undefined): Promise<QueryResultRow[]> => {
      const result = await client.query<QueryResultRow>(within(text, patienceMs, values))
      return Array.isArray(result) ? [] : result.rows
    }
    const onAnyConnection = async (text: string, values: unknown[] | undefined): Promise<QueryResultRow[]> => {
      const client = await lend()
      try {
        const rows = await onConnection(client, text, values)
        giveBack(client, false)
        return rows
      } catch (thrown) {
        giveBack(client, isConnectionLost(thrown))
        throw thrown
      }
    }
    const query = async <R>(statement: Statement<Params, R>, params?: Params): Promise<R[]> => {
      const { text, values } = params ? toPositional(statement.sql, params) : { text: statement.sql, values: undefined }
      const tagged = `/* ${statement.name} */ ${text}`
      const ask = () =>
        (own === null ? onAnyConnection(tagged, values) : onConnection(own, tagged, values)).catch((cause: unknown) => {
          throw translatePostgresError(cause, place, statement.name)
        })
      // In a transaction the whole of it is run again, by who began it.
      const rows = await timings.timed(statement.name, () => (own === null ? untilTaken(ask, isGivenUp) : ask()))
      return rows.map((row) => parseRow(statement, row))
    }
    return { query, one: async (statement, params) => (await query(statement, params))[0] ?? null }
  }
  const onPool = on(null, longest)

  const attempt = async <T>(work: (tx: Queries) => Promise<T>, patienceMs: number | null): Promise<T> => {
    const client = await lend().catch((cause: unknown) => {
      throw translatePostgresError(cause, place, 'begin')
    })
    return attempted({
      begin: 'begin',
      send: (sql) =>
        client.query(within(sql, longest)).catch((cause: unknown) => {
          throw translatePostgresError(cause, place, sql)
        }),
      work: () => work(on(client, patienceMs)),
      isLost: isUnreachable,
      release: (broken) => giveBack(client, broken),
    })
  }

  const transaction: Semantic['transaction'] = (work, { patient = false } = {}) =>
    untilTaken(() => attempt(work, patient ? null : longest), isGivenUp)

  let closing: Promise<void> | null = null
  const close = (): Promise<void> => (closing ??= ended(pool).then(afterClose))

  let version: string
  try {
    version = (await onPool.one(readVersion))?.version ?? ''
    refuseTooOld(version, place)
  } catch (cause) {
    await pool.end()
    throw translatePostgresError(cause, place, 'store.open')
  }
  return {
    ...onPool,
    transaction,
    ping: async () => {
      await onPool.query({ name: 'store.ping', sql: 'select 1 as one', row: z.unknown() })
    },
    poolUse: () => ({ most: pool.options.max, open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    slowest: timings.slowest,
    close,
    describe: place.describe.startsWith('embedded') ? place.describe : place.describe.replace('PostgreSQL', productOf(version)),
    version,
  }
}

/** A connection into nothing cannot say goodbye. */
async function ended(pool: Pool): Promise<void> {
  await Promise.race([pool.end(), sleep(CLOSE_MS, undefined, { ref: false })])
}

const readVersion = statement({ name: 'store.open', sql: 'select version() as version', row: z.object({ version: z.string() }) })

/** `PostgreSQL 15.18`, or `YugabyteDB 2.25.0.0-b0` for `PostgreSQL 15.2-YB-2.25.0.0-b0 on …`. */
export function productOf(version: string): string {
  const [, postgres = '', yugabyte] = /^PostgreSQL ([\d.]+\w*)(?:-YB-(\S+))?/.exec(version) ?? []
  return yugabyte === undefined ? `PostgreSQL ${postgres}`.trim() : `YugabyteDB ${yugabyte}`
}

function refuseTooOld(version: string, { describe, variable, readOnly }: PostgresPlace): void {
  const product = productOf(version)
  const major = Number.parseInt(product.replace('PostgreSQL ', ''), 10)
  if (!product.startsWith('PostgreSQL') || !(major < OLDEST_MAJOR)) return
  throw new AppError('store-refused', `${describe} is ${product}; Fairlead needs PostgreSQL ${OLDEST_MAJOR} or newer.`, {
    help: readOnly ? `Name another in ${variable}.` : `Upgrade the server, or unset ${variable} for the embedded PostgreSQL.`,
  })
}

/** Names the statement and the column, never the value. */
function parseRow<R>(statement: Statement<Params, R>, row: unknown): R {
  const parsed = statement.row.safeParse(row)
  if (parsed.success) return parsed.data
  const columns = parsed.error.issues.map((issue) => ({ column: issue.path.map(String).join('.'), problem: issue.code }))
  throw new AppError(
    'store-refused',
    `The statement ${statement.name} returned a row whose ${columns[0]?.column || 'columns'} is not what is expected.`,
    {
      help: 'The schema and the program do not agree: run `fairlead migrate semantic verify`.',
      detail: { statement: statement.name, columns },
    },
  )
}
