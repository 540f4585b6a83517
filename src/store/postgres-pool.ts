import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { lending, type Lending, type PoolLimits } from './pool.ts'

/** A connection is closed after an hour, so that a server that was added behind a name gets its share. */
export const LIFETIME_SECONDS = 3_600

export function lendingFrom(pool: Pool, place: string, limits: PoolLimits, log: Log): Lending<PoolClient> {
  // Without a listener an error of a connection that is lent would end the process. The statement on it fails by itself.
  const lost = (thrown: unknown): void =>
    log.warn('store.connection_lost', { store: place, message: thrown instanceof Error ? thrown.message : String(thrown) })
  return lending<PoolClient>(limits, {
    async take() {
      const client = await pool.connect().catch((thrown: unknown) => {
        throw busy(pool, place, thrown) ?? thrown
      })
      return client.on('error', lost)
    },
    below: (client) => client,
    prove: (client, ms) => client.query(within('select 1', ms)),
    giveBack(client, broken) {
      client.removeListener('error', lost)
      // After `release`, which puts the pool's own listener back.
      client.release(broken)
      if (broken) client.on('error', () => {})
    },
    lost,
  })
}

/** A statement that the driver gives up on after so long; null for never. The types of the driver do not know that it may stand there. */
export function within(text: string, ms: number | null, values?: unknown[]): { text: string; values?: unknown[]; query_timeout?: number } {
  return { text, ...(values === undefined ? {} : { values }), ...(ms === null ? {} : { query_timeout: ms }) }
}

/** Whether nothing more will come over the connection on which this was thrown: the server did not say it itself, or said it as its last word. */
export function isConnectionLost(thrown: unknown): boolean {
  return !(thrown instanceof DatabaseError) || thrown.severity === 'FATAL' || thrown.severity === 'PANIC'
}

/** Waited for a connection, and all are in use: the server is well, this program is not. */
function busy(pool: Pool, place: string, thrown: unknown): AppError | null {
  const isTimeout = thrown instanceof Error && thrown.message.startsWith('timeout exceeded')
  if (!isTimeout || pool.totalCount < pool.options.max || pool.idleCount > 0) return null
  return new AppError('store-unavailable', `All ${pool.options.max} connections to ${place} are in use.`, {
    help: 'Try again. When it stays so, `fairlead doctor` names slow statements and long transactions.',
    detail: { waiting: pool.waitingCount },
    cause: thrown,
  })
}
