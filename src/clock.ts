/** The present moment, injected, so that tests and `as_of` can hold it still. Milliseconds since the epoch. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

export function fixedClock(at: string | number): Clock & { set(at: string | number): void } {
  let now = typeof at === 'number' ? at : Date.parse(at)
  return {
    now: () => now,
    set(next) {
      now = typeof next === 'number' ? next : Date.parse(next)
    },
  }
}

/** RFC 3339 UTC with milliseconds: the one form in which instants travel. */
export function instant(ms: number): string {
  return new Date(ms).toISOString()
}
