import type { StoryEnd } from '../bench/transform-story.ts'

/** What is judged at the end, on every store. How long anybody waited is for the benchmark to say: here the machine may be busy. */
export function factsOf(end: StoryEnd): {
  kills: number
  midway: boolean
  wentOn: boolean
  checksums: string
  refused: string[]
  lost: string[]
} {
  return {
    kills: end.killed.length,
    midway: typeof end.killed[0]?.done === 'number',
    wentOn: end.killed.every(({ first }, index) => first === null || first > (end.killed[index - 1]?.done ?? 0)),
    checksums: end.before === end.after ? 'equal' : `${end.before} became ${end.after}`,
    refused: end.written.flatMap(({ failures }) => failures).slice(0, 3),
    lost: end.lost.slice(0, 3),
  }
}

export const KILLS = [0.2, 0.5, 0.8]
export const ENDS_WELL = { kills: KILLS.length, midway: true, wentOn: true, checksums: 'equal', refused: [], lost: [] }
