/** How connections are watched; milliseconds. */
export interface PoolLimits {
  /** Opening a connection, and waiting for one that others use. */
  readonly acquireMs: number
  /** One that was idle for longer is asked before it is lent. */
  readonly proveAfterMs: number
  /** How long it may take to answer that. */
  readonly proveMs: number
  /** By how much the program waits longer than the server lets a statement run: then the connection is dead, not slow. */
  readonly graceMs: number
}

export const POOL_LIMITS: PoolLimits = { acquireMs: 5_000, proveAfterMs: 10_000, proveMs: 2_000, graceMs: 5_000 }

/** A peer that is gone is noticed ten probes, a second each, after this. */
export const KEEPALIVE_MS = 10_000

/**
 * A driver notices a connection that the server closes, and replaces it. What it does not notice is one that a firewall or a failed machine
 * cut without a word: the next statement on it would hang for a quarter of an hour. So one that was idle is asked first.
 */
export interface Lending<C> {
  /** A connection that answered a moment ago, or is new. */
  lend(): Promise<C>
  /** `broken`: it goes, and the next is a new one. */
  giveBack(client: C, broken: boolean): void
}

/** What differs by driver. */
export interface Lent<C> {
  take(): Promise<C>
  /** What stays the same while a connection lives; the driver may wrap it anew each time. */
  below(client: C): object
  prove(client: C, ms: number): Promise<unknown>
  giveBack(client: C, broken: boolean): void
  /** Told of each that does not answer. */
  lost?(thrown: unknown): void
}

export function lending<C>(limits: PoolLimits, driver: Lent<C>): Lending<C> {
  const returned = new WeakMap<object, number>()
  const giveBack = (client: C, broken: boolean): void => {
    returned.set(driver.below(client), performance.now())
    driver.giveBack(client, broken)
  }
  const lend = async (): Promise<C> => {
    // Whatever took one took those that were idle for longer, too: they are not asked one after the other.
    let deadSince = -Infinity
    for (;;) {
      const client = await driver.take()
      const since = returned.get(driver.below(client))
      if (since === undefined || performance.now() - since < limits.proveAfterMs) return client
      if (since <= deadSince) {
        giveBack(client, true)
        continue
      }
      try {
        await driver.prove(client, limits.proveMs)
        return client
      } catch (thrown) {
        driver.lost?.(thrown)
        deadSince = since
        giveBack(client, true)
      }
    }
  }
  return { lend, giveBack }
}
