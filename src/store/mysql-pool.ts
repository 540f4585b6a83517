import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolConnection } from 'mysql2/promise'
import { AppError } from '../errors.ts'
import type { Lending, PoolLimits } from './pool.ts'

/** An import reads tables of any size in one statement, so that only what answers never is given up on. */
export const LONGEST_STATEMENT_MS = 600_000

/** As for PostgreSQL. This driver has no limit on how long one waits for a connection. */
export function lendingFrom(pool: Pool, place: { readonly describe: string }, limits: PoolLimits, most: number): Lending<PoolConnection> {
  const returned = new WeakMap<object, number>()
  // What is lent is wrapped anew each time; the connection below stays the same.
  const giveBack = (client: PoolConnection, broken: boolean): void => {
    returned.set(client.connection, performance.now())
    if (broken) client.destroy()
    else client.release()
  }
  const lend = async (): Promise<PoolConnection> => {
    // Whatever took one took those that were idle for longer, too: they are not asked one after the other.
    let deadSince = -Infinity
    for (;;) {
      const client = await taken(pool, place, limits.acquireMs, most)
      const since = returned.get(client.connection)
      if (since === undefined || performance.now() - since < limits.proveAfterMs) return client
      if (since <= deadSince) {
        giveBack(client, true)
        continue
      }
      try {
        await client.query({ sql: 'select 1', timeout: limits.proveMs })
        return client
      } catch {
        deadSince = since
        giveBack(client, true)
      }
    }
  }
  return { lend, giveBack }
}

async function taken(pool: Pool, place: { readonly describe: string }, ms: number, most: number): Promise<PoolConnection> {
  const taking = pool.getConnection()
  const patience = new AbortController()
  const late = sleep(ms, null, { signal: patience.signal }).catch(() => null)
  try {
    const client = await Promise.race([taking, late])
    if (client !== null) return client
  } finally {
    patience.abort()
  }
  // It comes when nobody waits for it any more.
  void taking.then(
    (client) => client.release(),
    () => {},
  )
  throw new AppError(
    'store-unavailable',
    `No connection to ${place.describe} became free within ${ms / 1_000} s; there are ${most} at most.`,
    {
      help: 'Try again. When it stays so, look for long statements (show processlist), or whether the server answers at all.',
    },
  )
}
