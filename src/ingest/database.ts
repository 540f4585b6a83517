import { isIP } from 'node:net'
import { z } from 'zod'
import type { Database } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secret } from '../secret.ts'
import { openMysql, type Mysql } from '../store/mysql.ts'
import { resolveMysql, type MysqlTarget } from '../store/store-uri.ts'
import { guardedLookup, refusedAddress, type AddressRules } from './http-address.ts'

/** Databases that sources read. */
export interface Databases {
  open(uri: Secret): Promise<Database>
  close(): Promise<void>
}

/** Columns differ from one database to the next: each payload is checked by the reader of its stream. */
const anyRow = z.custom<Readonly<Record<string, unknown>>>()

/** A stream reads one statement after the other, and several may run beside each other. */
const CONNECTIONS = 3

/**
 * One pool for each address, made when it is first asked for. The address of a source is a setting, so it keeps to the rules of addresses; who
 * runs the server named `own` (MYSQL_URI), and what stands there may be anywhere.
 */
export function openDatabases(parts: { rules: AddressRules; own: Secret | null; log: Log }): Databases {
  const { rules, log } = parts
  const own = resolveMysql(parts.own?.reveal())
  const pools = new Map<string, Promise<Mysql>>()
  const isOwn = (target: MysqlTarget) =>
    own !== null && own.host === target.host && own.port === target.port && own.socket === target.socket

  const openPool = async (uri: Secret): Promise<Mysql> => {
    const target = resolveMysql(uri.reveal(), '--from')
    if (target === null) throw new AppError('invalid-input', 'The address of the database is empty.')
    if (isOwn(target)) return openMysql(target, { log, connections: CONNECTIONS })
    if (target.socket !== null)
      throw new AppError('address-refused', 'A socket of the server’s machine is not asked unless MYSQL_URI names it.', {
        help: 'Give host and port, or start the server with that MYSQL_URI.',
      })
    if (isIP(target.host) !== 0 && !rules.mayAsk(target.host, target.host)) throw refusedAddress(target.host)
    return openMysql(target, { log, connections: CONNECTIONS, lookup: guardedLookup(rules) })
  }

  return {
    async open(uri) {
      const key = uri.reveal()
      const pool = pools.get(key) ?? openPool(uri)
      pools.set(key, pool)
      // A server that was away is asked anew the next time.
      pool.catch(() => pools.delete(key))
      const mysql = await pool
      return {
        describe: mysql.describe,
        query: (name, sql, params = {}) => mysql.query({ name, sql, row: anyRow }, params),
      }
    },
    async close() {
      const open = await Promise.allSettled(pools.values())
      pools.clear()
      await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.close() : null)))
    },
  }
}
