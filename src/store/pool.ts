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
