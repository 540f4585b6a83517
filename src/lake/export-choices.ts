import type { Band, LevelRules } from '../measure/levels.ts'
import type { Exporting, OtherTable } from './lake-schema.ts'
import { smallTable, type SmallTable } from './small-table.ts'

/** What an organization has chosen: options of its projects, and the bounds of the levels. */
export function exportChoices(exporting: Exporting): OtherTable[] {
  const { choices, org } = exporting
  return [
    smallTable(exporting, SETTINGS, async () =>
      (await choices.projects(org)).flatMap((project) =>
        project.settings.map(({ plugin, options, enabled }) => ({
          project_name: project.name,
          plugin_name: plugin,
          plugin_option: JSON.stringify(options),
          enable: enabled,
        })),
      ),
    ),
    smallTable(exporting, BENCHMARKS, async () => benchmarkRows(await choices.levels(org))),
  ]
}

const SETTINGS: SmallTable = {
  name: 'project_metric_settings',
  columns: { project_name: 'varchar', plugin_name: 'varchar', plugin_option: 'text', enable: 'bool' },
  key: ['project_name', 'plugin_name'],
}
const BENCHMARKS: SmallTable = {
  name: 'dora_benchmarks',
  columns: {
    metric_name: 'varchar',
    performance_level: 'varchar',
    min_value: 'decimal',
    max_value: 'decimal',
    unit: 'varchar',
    description: 'text',
  },
  key: ['metric_name', 'performance_level'],
}

/** The four metrics of the reference, by its names. */
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

interface BenchmarkRow {
  readonly [column: string]: string | number | null
  readonly metric_name: string
  readonly performance_level: string
}

/** Bands as half-open intervals: where a band names one bound, the other is that of its neighbour. */
export function benchmarkRows({ edition, bands }: LevelRules): BenchmarkRow[] {
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
      const scaled = (value: number | null) => (value === null ? null : Math.round(value * factor * 100) / 100)
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
