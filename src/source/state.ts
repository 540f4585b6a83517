import { DEFAULT_MINUTES } from './schedule.ts'
import type { Source } from './sources.ts'

export const STATES = ['fine', 'late', 'failing', 'needs_attention', 'waiting', 'pushed'] as const

/** In a word, how a source is: what a list shows. `late` is more than two of its turns without a good pull. */
export function stateOf(source: Source, pulls: boolean, now: number): (typeof STATES)[number] {
  if (!pulls || source.every_minutes === 0) return source.last_error === null ? 'pushed' : 'needs_attention'
  if (source.last_error !== null) return source.health.error_code === 'source-denied' ? 'needs_attention' : 'failing'
  if (source.last_success_at === null) return 'waiting'
  const minutes = source.every_minutes ?? DEFAULT_MINUTES
  return Date.parse(source.last_success_at) + 2 * minutes * 60_000 < now ? 'late' : 'fine'
}
