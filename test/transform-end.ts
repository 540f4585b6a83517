import { expect } from 'vitest'
import type { StoryEnd } from '../bench/transform-story.ts'

/** What holds at the end, on every store. How long anybody waited is for the benchmark to say: here the machine may be busy. */
export function endsWell(end: StoryEnd, kills: number): void {
  expect(end.killed).toHaveLength(kills)
  expect(end.killed.toSorted((a, b) => a - b)).toEqual(end.killed)
  expect(end.after).toBe(end.before)
  expect(end.written.flatMap(({ failures }) => failures).slice(0, 3)).toEqual([])
  expect(end.lost.slice(0, 3)).toEqual([])
}
