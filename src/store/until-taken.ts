import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 8
const LONGEST_PAUSE_MS = 500

/** Again and again while the server gives up on it, which it may do with any statement, and at the end of a transaction. */
export async function untilTaken<T>(work: () => Promise<T>, isGivenUp: (thrown: unknown) => boolean): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await work()
    } catch (cause) {
      if (count >= ATTEMPTS || !isGivenUp(cause)) throw cause
      // Full jitter: two that met once shall not meet again.
      await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, 20 * 2 ** count))
    }
  }
}
