import { connect, type LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql2, { type FieldPacket } from 'mysql2'
import type { PoolConnection } from 'mysql2/promise'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { errnoOf, isUnreachable, translateMysqlError } from './mysql-error.ts'
import { lendingFrom, LONGEST_STATEMENT_MS } from './mysql-pool.ts'
import { quoted } from './mysql-name.ts'
import { bindValue, readRow, toMarks, type MysqlValue } from './mysql-value.ts'
import { KEEPALIVE_MS, POOL_LIMITS, type Lending, type PoolLimits } from './pool.ts'
import type { Queries } from './semantic.ts'
import { statement, type Param, type Params, type Statement } from './statement.ts'
import type { MysqlTarget } from './store-uri.ts'
import { attempted } from './transaction.ts'
import { untilTaken } from './until-taken.ts'

export interface MysqlQueries extends Queries {
  /** One statement as it stands. */
  run(sql: string): Promise<void>
  /** Rows into a table, in as many statements as they need; one whose key is there already replaces it, or is left as it is. */
  write(table: WrittenTable, rows: readonly Readonly<Record<string, Exclude<Param, readonly unknown[]>>>[]): Promise<void>
}

/** Names and types of the columns that are written, as `{name:type}` would say them. */
export interface WrittenTable {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  /** Columns that stay as they are in a row that is there already; its key needs not be named. */
  readonly keep?: readonly string[]
}

/** A MySQL 8 or MariaDB 10.6+ that Fairlead reads from or writes to. All times are UTC. */
export interface Mysql extends MysqlQueries {
  /** One transaction. When the server gives up on it (deadlock, a lock that is waited for too long) `work` runs again: it has no effects outside. */
  transaction<T>(work: (tx: MysqlQueries) => Promise<T>): Promise<T>
  ping(): Promise<void>
  close(): Promise<void>
  /** `MariaDB 10.11.19 at host:3306/lake`; never the password. */
  readonly describe: string
  readonly database: string
}

export interface MysqlOptions {
  log: Log
  /** Connections at most. */
  connections?: number
  /** How a name becomes an address, for addresses that are not trusted: it may refuse. */
  lookup?: LookupFunction
  pool?: Partial<PoolLimits>
  /** What has not answered by then is dead. */
  longestStatementMs?: number
}

const CONNECTIONS = 4
const CONNECT_MS = 5_000
/** Several streams of an import share few connections, and each statement may read a large table. */
const ACQUIRE_MS = 120_000
/** A connection into nothing cannot say goodbye. */
const CLOSE_MS = 5_000
/** Deadlock, and a lock that others held for too long: nothing was done. */
const GIVEN_UP = new Set([1213, 1205])
const isGivenUp = (thrown: unknown): boolean => GIVEN_UP.has(errnoOf(thrown) ?? 0)
/** A statement takes 65,535 parameters at most; fewer rows a statement are slower, more are not faster. */
const ROWS_AT_ONCE = 500
const PARAMETERS_AT_ONCE = 60_000

/** What every session says first, so that no default of a server decides what a row means. */
const SESSION = `set time_zone = '+00:00',
  sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
  innodb_lock_wait_timeout = 10, lock_wait_timeout = 10`

export async function openMysql(target: MysqlTarget, options: MysqlOptions): Promise<Mysql> {
  if (target.ignored.length > 0) options.log.warn('config.ignored', { variable: target.variable, parameters: target.ignored })
  const limits = { ...POOL_LIMITS, acquireMs: ACQUIRE_MS, ...options.pool }
  const most = options.connections ?? CONNECTIONS
  const longest = options.longestStatementMs ?? LONGEST_STATEMENT_MS
  const connections = mysql2.createPool({
    ...(target.socket === null ? { host: target.host, port: target.port } : { socketPath: target.socket }),
    user: target.username,
    password: target.password.reveal(),
    database: target.database,
    ...(target.tls === null ? {} : { ssl: { rejectUnauthorized: target.tls === 'verify' } }),
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    connectTimeout: Math.min(CONNECT_MS, limits.acquireMs),
    connectionLimit: most,
    ...(options.lookup === undefined ? {} : { stream: guardedStream(target, options.lookup) }),
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEPALIVE_MS,
    // Each open statement costs the server memory, and batches of rows have many lengths.
    maxPreparedStatements: 50,
  })
  // The commands of a connection run in order: this one is before whatever it was opened for.
  connections.on('connection', (connection) => {
    connection.query(SESSION, (error) => {
      if (error) connection.destroy()
    })
  })
  const pool = connections.promise()
  const place = { describe: `MySQL at ${target.describe}`, variable: target.variable }
  const lending = lendingFrom(pool, place, limits, most)
  const onPool = on(lending, null, place, longest)
  try {
    const version = (await onPool.one(readVersion))?.version ?? ''
    const product = productOf(version)
    refuseTooOld(product, place)
    place.describe = `${product} at ${target.describe}`
  } catch (thrown) {
    await pool.end().catch(() => {})
    throw translateMysqlError(thrown, place, 'mysql.open')
  }

  const attempt = async <T>(work: (tx: MysqlQueries) => Promise<T>): Promise<T> => {
    const connection = await lending.lend().catch((cause: unknown) => {
      throw translateMysqlError(cause, place, 'begin')
    })
    return attempted({
      begin: 'start transaction',
      send: (sql) =>
        connection.query({ sql, timeout: longest }).catch((cause: unknown) => {
          throw translateMysqlError(cause, place, sql)
        }),
      work: () => work(on(lending, connection, place, longest)),
      isLost: isUnreachable,
      release: (broken) => lending.giveBack(connection, broken),
    })
  }

  let closing: Promise<void> | null = null
  return {
    ...onPool,
    transaction: (work) => untilTaken(() => attempt(work), isGivenUp),
    ping: async () => void (await onPool.query({ name: 'mysql.ping', sql: 'select 1 as one', row: z.unknown() })),
    close: () => (closing ??= Promise.race([pool.end(), sleep(CLOSE_MS, undefined, { ref: false })])),
    describe: place.describe,
    database: target.database,
  }
}

/** On a connection of its own for each statement, or on that of a transaction. */
function on(
  lending: Lending<PoolConnection>,
  own: PoolConnection | null,
  place: { describe: string; variable: string },
  longest: number,
): MysqlQueries {
  const onConnection = async (client: PoolConnection, sql: string, values: MysqlValue[] | null) => {
    const [rows, fields] = await (values === null
      ? client.query({ sql, timeout: longest })
      : client.execute({ sql, values, timeout: longest }))
    return Array.isArray(rows)
      ? (rows as Record<string, unknown>[]).map((row) => readRow((fields ?? []) as readonly FieldPacket[], row))
      : []
  }
  const onAnyConnection = async (sql: string, values: MysqlValue[] | null) => {
    const client = await lending.lend()
    let broken = true
    try {
      const rows = await onConnection(client, sql, values)
      broken = false
      return rows
    } catch (thrown) {
      broken = isUnreachable(translateMysqlError(thrown, place, ''))
      throw thrown
    } finally {
      lending.giveBack(client, broken)
    }
  }
  const ask = async (name: string, sql: string, values: MysqlValue[] | null): Promise<readonly Record<string, unknown>[]> => {
    const tagged = `/* ${name} */ ${sql}`
    const once = () =>
      (own === null ? onAnyConnection(tagged, values) : onConnection(own, tagged, values)).catch((cause: unknown) => {
        throw translateMysqlError(cause, place, name)
      })
    // In a transaction the whole of it is run again, by who began it.
    return own === null ? untilTaken(once, isGivenUp) : once()
  }
  const query = async <R>(each: Statement<Params, R>, params?: Params): Promise<R[]> => {
    const { text, values } = params ? toMarks(each.sql, params) : { text: each.sql, values: null }
    return (await ask(each.name, text, values)).map((row) => parseRow(each, row))
  }
  return {
    query,
    one: async (each, params) => (await query(each, params))[0] ?? null,
    run: async (sql) => void (await ask(sql.trim().slice(0, 60), sql, null)),
    async write({ name, columns, keep = [] }, rows) {
      const names = Object.keys(columns)
      const size = Math.max(1, Math.min(ROWS_AT_ONCE, Math.floor(PARAMETERS_AT_ONCE / names.length)))
      const updates = names.filter((one) => !keep.includes(one)).map((one) => `${quoted(one)} = values(${quoted(one)})`)
      for (let from = 0; from < rows.length; from += size) {
        const some = rows.slice(from, from + size)
        const marks = `(${names.map(() => '?').join(', ')})`
        const values = some.flatMap((row) => names.map((one) => bindValue(columns[one] ?? 'text', row[one] ?? null)))
        // `values(c)` is what both MySQL and MariaDB understand.
        const sql = `insert into ${quoted(name)} (${names.map(quoted).join(', ')}) values ${some.map(() => marks).join(', ')} on duplicate key update ${updates.join(', ')}`
        await ask(`write ${name}`, sql, values)
      }
    },
  }
}

/** The connection goes to just the address that the look-up allowed; a name that resolves differently the second time gains nothing. */
function guardedStream({ host, port }: MysqlTarget, lookup: LookupFunction) {
  return () => connect({ host, port, lookup })
}

const readVersion = statement({ name: 'mysql.open', sql: 'select version() as version', row: z.object({ version: z.string() }) })

/** `MariaDB 10.11.19` for `10.11.19-MariaDB-0+deb12u1`, `MySQL 8.0.36` for `8.0.36`. Some servers put `5.5.5-` in front. */
export function productOf(version: string): string {
  const [number = ''] = /\d+(?:\.\d+)+/.exec(version.replace(/^5\.5\.5-/, '')) ?? []
  return `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}`
}

function refuseTooOld(product: string, place: { describe: string; variable: string }): void {
  const [name, number = ''] = product.split(' ')
  const [major = 0, minor = 0] = number.split('.').map(Number)
  const isOld = name === 'MariaDB' ? major < 10 || (major === 10 && minor < 6) : major < 8
  if (!isOld) return
  throw new AppError('store-refused', `${place.describe} is ${product}; Fairlead needs MySQL 8 or MariaDB 10.6, or newer.`, {
    help: `Upgrade the server, or name another in ${place.variable}.`,
  })
}

/** Names the statement and the column, never the value. */
function parseRow<R>(each: Statement<Params, R>, row: unknown): R {
  const parsed = each.row.safeParse(row)
  if (parsed.success) return parsed.data
  const columns = parsed.error.issues.map((issue) => ({ column: issue.path.map(String).join('.'), problem: issue.code }))
  throw new AppError(
    'store-refused',
    `The statement ${each.name} returned a row whose ${columns[0]?.column || 'columns'} is not what is expected.`,
    {
      help: 'The schema and the program do not agree: run `fairlead migrate mysql verify`.',
      detail: { statement: each.name, columns },
    },
  )
}
