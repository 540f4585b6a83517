/** What each statement took in this process, by its name: what a store that keeps no such figures cannot tell. */
export interface Timing {
  readonly name: string
  readonly calls: number
  readonly failed: number
  readonly total_ms: number
  readonly most_ms: number
}

export interface Timings {
  /** Runs it, and notes how long it took, from the wait for a connection to the last row. */
  timed<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Those whose slowest call took the longest. */
  slowest(count: number): Timing[]
}

/** Names are those of statements in the code, about 400 a store. Past this many, new ones are not noted. */
const NAMES = 1_000

export function createTimings(): Timings {
  const known = new Map<string, { calls: number; failed: number; total_ms: number; most_ms: number }>()
  const note = (name: string, ms: number, failed: boolean): void => {
    let timing = known.get(name)
    if (timing === undefined) {
      if (known.size >= NAMES) return
      timing = { calls: 0, failed: 0, total_ms: 0, most_ms: 0 }
      known.set(name, timing)
    }
    timing.calls++
    if (failed) timing.failed++
    timing.total_ms += ms
    timing.most_ms = Math.max(timing.most_ms, ms)
  }
  return {
    async timed(name, work) {
      const started = performance.now()
      let failed = true
      try {
        const result = await work()
        failed = false
        return result
      } finally {
        note(name, performance.now() - started, failed)
      }
    },
    slowest: (count) =>
      [...known]
        .map(([name, timing]) => ({ name, ...timing }))
        .sort((a, b) => b.most_ms - a.most_ms)
        .slice(0, count),
  }
}

/** How many connections there are, and who waits for one. */
export interface PoolUse {
  readonly most: number
  readonly open: number
  readonly idle: number
  readonly waiting: number
}
