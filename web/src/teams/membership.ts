import type { Member } from '../api/teams.ts'
import { date } from '../format/moment.ts'

/** Days of membership are days of UTC, as in a file of teams: a day says no hour. */
const ZONE = 'UTC'
const DAY_MS = 86_400_000

export type When = 'now' | 'before' | 'later'

export function whenOf({ valid_from: from, valid_to: to }: Member, now: number): When {
  if (to !== null && Date.parse(to) <= now) return 'before'
  return from !== null && Date.parse(from) > now ? 'later' : 'now'
}

/** `since Thu 1 Jan 2026`, `from Fri 1 Jan 2027`, `Thu 1 Jan 2026 – Tue 30 Jun 2026`; null where nobody said. */
export function timeText(member: Member, now: number): string | null {
  const { valid_from: from, valid_to: to } = member
  const first = from === null ? null : date(from, ZONE)
  // Up to and without that moment.
  const last = to === null ? null : date(new Date(Date.parse(to) - 1).toISOString(), ZONE)
  if (first === null) return last === null ? null : `until ${last}`
  if (last === null) return `${whenOf(member, now) === 'later' ? 'from' : 'since'} ${first}`
  return first === last ? first : `${first} – ${last}`
}

/** The moment at which the day after this one begins, for a last day that is included. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString()
}
