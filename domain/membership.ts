/** From when to when somebody belongs to a team: from `valid_from` (null: ever since) up to and without `valid_to` (null: still). RFC 3339 in UTC, so that texts sort. */
export interface Interval {
  readonly valid_from: string | null
  readonly valid_to: string | null
}

const begin = ({ valid_from }: Interval) => valid_from ?? ''
/** Behind every moment. */
const end = ({ valid_to }: Interval) => valid_to ?? '~'

export function isAt(interval: Interval, moment: string): boolean {
  return begin(interval) <= moment && moment < end(interval)
}

export function overlaps(a: Interval, b: Interval): boolean {
  return begin(a) < end(b) && begin(b) < end(a)
}

/** In order of their begin; what overlaps is one, from the first begin to the last end, and what else it says is what the part that begins last says. */
export function joined<T extends Interval>(intervals: readonly T[]): T[] {
  const found: T[] = []
  for (const one of intervals.toSorted((a, b) => (begin(a) === begin(b) ? 0 : begin(a) < begin(b) ? -1 : 1))) {
    const last = found.at(-1)
    if (last === undefined || !overlaps(last, one)) found.push(one)
    else found[found.length - 1] = { ...one, valid_from: last.valid_from, valid_to: end(last) > end(one) ? last.valid_to : one.valid_to }
  }
  return found
}
