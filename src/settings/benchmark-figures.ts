import type { Band, LevelRules } from '../measure/levels.ts'

/** The four metrics of the reference schema, by its names. */
const NAMES: Readonly<Record<string, string>> = {
  deployment_frequency: 'deployment_frequency',
  change_lead_time: 'lead_time',
  change_fail_rate: 'change_failure_rate',
  time_to_restore: 'mttr',
}
/** A rate in the largest unit in which it is at least one: the table keeps two decimals. */
const RATES = [
  ['per_day', 1],
  ['per_week', 7],
  ['per_month', 30],
  ['per_half_year', 182],
] as const
/** What `decimal(10,2)` can hold. */
const LARGEST = 99_999_999.99

export interface BenchmarkFigure {
  readonly metric_name: string
  readonly performance_level: string
  readonly min_value: number
  readonly max_value: number | null
  readonly unit: string
  readonly description: string
}

/** Bands as half-open intervals, as the reference schema writes them: where a band names one bound, the other is that of its neighbour. */
export function benchmarkFigures({ edition, bands }: Pick<LevelRules, 'edition' | 'bands'>): BenchmarkFigure[] {
  return Object.entries(NAMES).flatMap(([metric, metric_name]) => {
    const own = bands[metric] ?? []
    return own.map((band, index) => {
      const [min, max] = intervalOf(band, own[index - 1])
      const [unit, factor] =
        metric === 'deployment_frequency'
          ? (RATES.find(([, days]) => (min ?? max ?? 0) * days >= 0.999) ?? (['per_half_year', 182] as const))
          : metric === 'change_fail_rate'
            ? (['percent', 100] as const)
            : (['minutes', 1 / 60] as const)
      const scaled = (value: number | null) => (value === null ? null : Math.min(Math.round(value * factor * 100) / 100, LARGEST))
      const description = `Edition ${edition}: ${scaled(min) ?? 0} ${max === null ? 'and more' : `to ${scaled(max)}`}, ${unit.replaceAll('_', ' ')}`
      return { metric_name, performance_level: band.name, min_value: scaled(min) ?? 0, max_value: scaled(max), unit, description }
    })
  })
}

function intervalOf(band: Band, before: Band | undefined): [min: number | null, max: number | null] {
  if (band.at_least !== undefined) return [band.at_least, band.below ?? before?.at_least ?? null]
  const max = band.below ?? band.at_most ?? (before?.at_least === undefined ? null : before.at_least)
  return [before?.below ?? before?.at_most ?? null, max]
}
