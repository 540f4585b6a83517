import type { MetricReply } from '../api/contract.ts'

/**
 * The values of a series as they are drawn. A rate over the first ten minutes of a day (one deployment: 144 per day) would dwarf every
 * whole day, so an interval that the window covers only in part is drawn with what happened in it, at the rate of a whole one.
 */
export function plotted({ unit, series }: Pick<MetricReply, 'unit' | 'series'>): (number | null)[] {
  if (unit !== 'per_day') return series.map(({ value }) => value)
  const longest = Math.max(...series.map(days))
  return series.map((bucket) => {
    const { value, n, partial } = bucket
    return value === null || !partial || longest <= days(bucket) ? value : n / longest
  })
}

const DAY_MS = 86_400_000

function days({ from, to }: MetricReply['series'][number]): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS
}
