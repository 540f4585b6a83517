import type { Unit } from '../api/contract.ts'
import type { Band, LEVEL_NAMES } from '../api/settings.ts'
import { count, duration, percentOf } from '../format/figure.ts'

type Level = (typeof LEVEL_NAMES)[number]
/** The levels that have a limit; low is the rest. */
export const LIMITED = ['elite', 'high', 'medium'] as const
export type Limits = Partial<Record<Level, number>>
export type BandRow = Pick<Band, 'metric' | 'level' | 'min' | 'max' | 'unit'>

/** Of a frequency the higher is the better, of all else the lower. */
const isHigherBetter = (unit: Unit): boolean => unit === 'per_day'

/** What a level asks for: `1 in 7 days or more`, `below 1 h`, `at most 5 %`. */
export function bandText({ min, max, includes_max: includesMax, unit, is_own: isOwn }: Band): string {
  if (min === null && max === null) return 'everything'
  if (isHigherBetter(unit)) return min === null ? `less than ${amount(max ?? 0, unit)}` : `${amount(min, unit)} or more`
  if (max !== null) return `${includesMax ? 'at most' : 'below'} ${amount(max, unit)}`
  // The published shares say “at most”, so that the rest begins above.
  return unit === 'share' && !isOwn ? `above ${amount(min ?? 0, unit)}` : `${amount(min ?? 0, unit)} or more`
}

function amount(value: number, unit: Unit): string {
  if (unit === 'seconds') return duration(value)
  if (unit === 'share') return `${percentOf(value)} %`
  if (value >= 1) return value === 1 ? 'once a day' : `${plain(value)} a day`
  return `1 in ${count(Math.round(1 / value))} days`
}

/** Where each level of a metric begins to be worse than the next better one. */
export function limitsOf(bands: readonly Omit<Band, 'includes_max'>[], metric: string): Limits {
  const limits: Limits = {}
  for (const { metric: of, level, min, max, unit } of bands) {
    const limit = isHigherBetter(unit) ? min : max
    if (of === metric && limit !== null) limits[level] = limit
  }
  return limits
}

/** The bands between the limits, so that every value has one level; none where no limit is said. */
export function rowsOf(metric: string, unit: Unit, limits: Limits): BandRow[] {
  const said = Object.entries(limits) as [Level, number][]
  if (said.length === 0) return []
  const rising = said.toSorted(([, a], [, b]) => a - b)
  const edges = [null, ...rising.map(([, limit]) => limit), null]
  const levels = rising.map(([level]) => level)
  const inOrder: Level[] = isHigherBetter(unit) ? ['low', ...levels] : [...levels, 'low']
  return inOrder.map((level, index) => ({ metric, level, min: edges[index] ?? null, max: edges[index + 1] ?? null, unit }))
}

/** How a limit is written by hand. */
export interface Writing {
  readonly id: string
  readonly text: string
  readonly read: (written: number) => number
  readonly write: (limit: number) => number
}

const times = (id: string, text: string, factor: number): Writing => ({
  id,
  text,
  read: (written) => written * factor,
  write: (limit) => limit / factor,
})
const WRITINGS: Record<Unit, readonly Writing[]> = {
  per_day: [{ id: 'every', text: 'days between two', read: (days) => 1 / days, write: (limit) => 1 / limit }, times('per_day', 'a day', 1)],
  seconds: [times('days', 'days', 86_400), times('hours', 'hours', 3_600), times('minutes', 'minutes', 60)],
  share: [times('percent', '%', 0.01)],
  days_per_week: [times('days', 'days a week', 1)],
}

export const writingsOf = (unit: Unit): readonly Writing[] => WRITINGS[unit]

/** The largest unit in which every limit is a whole number, else the last. */
export function writingFor(unit: Unit, limits: Limits): Writing {
  const all = WRITINGS[unit]
  const said = Object.values(limits)
  return (all.find((writing) => said.every((limit) => Number.isInteger(Number(plain(writing.write(limit)))))) ?? all.at(-1)) as Writing
}

/** Without what binary fractions add. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(12)))
}
