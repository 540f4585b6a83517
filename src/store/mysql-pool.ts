import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolConnection } from 'mysql2/promise'
import { AppError } from '../errors.ts'
import { lending, type Lending, type PoolLimits } from './pool.ts'

/** An import reads tables of any size in one statement, so that only what answers never is given up on. */
export const LONGEST_STATEMENT_MS = 600_000

/** As for PostgreSQL. This driver has no limit on how long one waits for a connection. */
export function lendingFrom(pool: Pool, place: { readonly describe: string }, limits: PoolLimits, most: number): Lending<PoolConnection> {
  return lending<PoolConnection>(limits, {
    take: () => taken(pool, place, limits.acquireMs, most),
    // What is lent is wrapped anew each time.
    below: (client) => client.connection,
    prove: (client, ms) => client.query({ sql: 'select 1', timeout: ms }),
    giveBack: (client, broken) => (broken ? client.destroy() : client.release()),
  })
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
