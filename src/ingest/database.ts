import { isIP } from 'node:net'
import { z } from 'zod'
import type { Database } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../secret.ts'
import { resolveDatabase, type NamedDatabase } from '../store/database-uri.ts'
import { openSemantic, type Queries } from '../store/semantic.ts'
import { resolveMysql, type DatabaseTarget } from '../store/store-uri.ts'
import { guardedLookup, refusedAddress, type AddressRules } from './http-address.ts'

/** Databases that sources read. */
export interface Databases {
  open(uri: Secret): Promise<Database>
  close(): Promise<void>
}

interface Pool extends Queries {
  readonly describe: string
  close(): Promise<void>
}

/** Columns differ from one database to the next: each payload is checked by the reader of its stream. */
const anyRow = z.custom<Readonly<Record<string, unknown>>>()

/** A stream reads one statement after the other, and several may run beside each other. */
const CONNECTIONS = 3
/** A page of a table without an index is sorted whole. */
const STATEMENT_MS = 300_000

/**
 * One pool for each address, made when it is first asked for. The address of a source is a setting, so it keeps to the rules of addresses; who
 * runs the server named `own` (MYSQL_URI), and what stands there may be anywhere. The semantic store is no such address: what it lets this server
 * read without a password, it must not let a source read.
 */
export function openDatabases(parts: { rules: AddressRules; own: Secret | null; log: Log }): Databases {
  const { rules, log } = parts
  const own = resolveMysql(parts.own?.reveal())
  const pools = new Map<string, Promise<{ pool: Pool; dialect: Database['dialect'] }>>()
  const isOwn = ({ dialect, target }: NamedDatabase) =>
    dialect === 'mysql' && own !== null && own.host === target.host && own.port === target.port && own.socket === target.socket

  const requireAllowed = (target: DatabaseTarget) => {
    if (target.socket !== null)
      throw new AppError('address-refused', 'A socket of the server’s machine is not asked unless MYSQL_URI names it.', {
        help: 'Give host and port, or start the server with that MYSQL_URI.',
      })
    if (isIP(target.host) !== 0 && !rules.mayAsk(target.host, target.host)) throw refusedAddress(target.host)
  }

  const openPool = async (uri: Secret): Promise<{ pool: Pool; dialect: Database['dialect'] }> => {
    const named = resolveDatabase(uri.reveal(), '--from', ['postgres', 'mysql'])
    if (named === null) throw new AppError('invalid-input', 'The address of the database is empty.')
    const { dialect, target } = named
    const guard = isOwn(named) ? {} : { lookup: guardedLookup(rules) }
    if ('lookup' in guard) requireAllowed(target)
    const options = { log, connections: CONNECTIONS }
    const pool =
      dialect === 'mysql'
        ? await (await import('../store/mysql.ts')).openMysql(target, { ...options, ...guard })
        : await openSemantic({ others: target, ...guard }, { ...options, statementTimeoutMs: STATEMENT_MS })
    return { pool, dialect }
  }

  return {
    async open(uri) {
      const key = uri.reveal()
      const opened = pools.get(key) ?? openPool(uri)
      pools.set(key, opened)
      // A server that was away is asked anew the next time.
      opened.catch(() => pools.delete(key))
      const { pool, dialect } = await opened
      return {
        dialect,
        describe: pool.describe,
        query: (name, sql, params = {}) => pool.query({ name, sql, row: anyRow }, params),
      }
    },
    async close() {
      const open = await Promise.allSettled(pools.values())
      pools.clear()
      await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.pool.close() : null)))
    },
  }
}
