/**
 * Levels by edition and the continuous score (definitions §6). Durations in seconds, shares 0–1, frequency per day. Every table is
 * half-open and covers every value; where the published table leaves a gap, the next better bound reaches to it.
 */
export const EDITIONS = ['2021', '2022', '2023', '2024'] as const
export type Edition = (typeof EDITIONS)[number]
export const DEFAULT_EDITION: Edition = '2024'
export type LevelName = 'elite' | 'high' | 'medium' | 'low'

/** No level below this many samples. */
export const LEVEL_MIN_SAMPLES = 5

const HOUR = 3_600
const DAY = 24 * HOUR

export interface Band {
  readonly name: LevelName
  /** `at_least` for frequency, `below` (exclusive) for durations, `at_most` (inclusive) for shares. */
  readonly at_least?: number
  readonly below?: number
  readonly at_most?: number
}

type Rated = 'deployment_frequency' | 'change_lead_time' | 'change_fail_rate' | 'recovery'

const least = (name: LevelName, at_least: number): Band => ({ name, at_least })
const below = (name: LevelName, limit: number): Band => ({ name, below: limit })
const most = (name: LevelName, at_most: number): Band => ({ name, at_most })
const rest = (name: LevelName): Band => ({ name })

const RECOVERY_FOUR = [below('elite', HOUR), below('high', DAY), below('medium', 7 * DAY), rest('low')]
const LEAD_2023 = [below('elite', DAY), below('high', 7 * DAY), below('medium', 30 * DAY), rest('low')]
const FREQUENCY_2023 = [least('elite', 1), least('high', 1 / 7), least('medium', 1 / 30), rest('low')]

export const LEVELS: Readonly<Record<Edition, Readonly<Record<Rated, readonly Band[]>>>> = {
  '2021': {
    deployment_frequency: [least('elite', 1), least('high', 1 / 30), least('medium', 1 / 182), rest('low')],
    change_lead_time: [below('elite', HOUR), below('high', 7 * DAY), below('medium', 182 * DAY), rest('low')],
    change_fail_rate: [most('elite', 0.15), most('high', 0.2), most('medium', 0.3), rest('low')],
    recovery: RECOVERY_FOUR,
  },
  // 2022 knows no elite.
  '2022': {
    deployment_frequency: [least('high', 1), least('medium', 1 / 30), rest('low')],
    change_lead_time: [below('high', 7 * DAY), below('medium', 30 * DAY), rest('low')],
    change_fail_rate: [most('high', 0.15), most('medium', 0.45), rest('low')],
    recovery: [below('high', DAY), below('medium', 7 * DAY), rest('low')],
  },
  '2023': {
    deployment_frequency: FREQUENCY_2023,
    change_lead_time: LEAD_2023,
    change_fail_rate: [most('elite', 0.05), most('high', 0.1), most('medium', 0.15), rest('low')],
    recovery: RECOVERY_FOUR,
  },
  // 2024 publishes 10 % for medium and 20 % for high: an oddity, shown as published.
  '2024': {
    deployment_frequency: FREQUENCY_2023,
    change_lead_time: LEAD_2023,
    change_fail_rate: [most('elite', 0.05), most('medium', 0.1), most('high', 0.2), rest('low')],
    recovery: RECOVERY_FOUR,
  },
}

const RATED_AS: Readonly<Record<string, Rated>> = {
  deployment_frequency: 'deployment_frequency',
  change_lead_time: 'change_lead_time',
  change_fail_rate: 'change_fail_rate',
  failed_deployment_recovery_time: 'recovery',
  time_to_restore: 'recovery',
}

/** The metrics that have levels, and what they are counted in. */
export const RATED_METRICS: Readonly<Record<string, 'per_day' | 'seconds' | 'share'>> = {
  deployment_frequency: 'per_day',
  change_lead_time: 'seconds',
  change_fail_rate: 'share',
  failed_deployment_recovery_time: 'seconds',
  time_to_restore: 'seconds',
}

/** What rates the figures of an organization: a published edition or one of its own, and the least number of samples. */
export interface LevelRules {
  readonly edition: string
  readonly minSamples: number
  readonly bands: Readonly<Record<string, readonly Band[]>>
}

export function bandsOfEdition(edition: Edition): LevelRules['bands'] {
  return Object.fromEntries(Object.entries(RATED_AS).map(([metric, rated]) => [metric, LEVELS[edition][rated]]))
}

export function levelRules(edition: Edition = DEFAULT_EDITION): LevelRules {
  return { edition, minSamples: LEVEL_MIN_SAMPLES, bands: bandsOfEdition(edition) }
}

export function levelOf(metric: string, value: number, bands: LevelRules['bands']): LevelName | null {
  const band = bands[metric]?.find(
    ({ at_least, below: limit, at_most }) =>
      (at_least === undefined || value >= at_least) &&
      (limit === undefined || value < limit) &&
      (at_most === undefined || value <= at_most),
  )
  return band?.name ?? null
}

/**
 * The bounds between the six answers of the DORA quick check, best first; a bound scores 10, 8, 6, 4, 2, and the outermost 0. The worst
 * answer ("more than six months") has no far end; it is given the width of its neighbour (a factor of six).
 */
const DURATION_BOUNDS = [HOUR, DAY, 7 * DAY, 30 * DAY, 182 * DAY, 6 * 182 * DAY]
const FREQUENCY_BOUNDS = [24, 1, 1 / 7, 1 / 30, 1 / 182, 1 / (6 * 182)]

/** 0–10, the continuous form of the quick check: (answer − 1) × 2, log-linear inside an answer; shares 10 − percent ÷ 10. Null for what it does not ask. */
export function scoreOf(metric: string, value: number): number | null {
  switch (metric) {
    case 'deployment_frequency':
      return value <= 0
        ? 0
        : interpolate(
            FREQUENCY_BOUNDS.map((bound) => -Math.log(bound)),
            -Math.log(value),
          )
    case 'change_lead_time':
    case 'failed_deployment_recovery_time':
    case 'time_to_restore':
      return interpolate(DURATION_BOUNDS.map(Math.log), Math.log(Math.max(value, 1)))
    case 'change_fail_rate':
    case 'deployment_rework_rate':
      return 10 - value * 10
    default:
      return null
  }
}

/** The quick check's overall score is over these five; `time_to_restore` stands beside them. */
export const SCORED = [
  'deployment_frequency',
  'change_lead_time',
  'change_fail_rate',
  'failed_deployment_recovery_time',
  'deployment_rework_rate',
] as const

/** Ascending bounds, worth 10, 8, 6 … 0. */
function interpolate(bounds: readonly number[], at: number): number {
  const first = bounds[0] as number
  if (at <= first) return 10
  for (let i = 1; i < bounds.length; i++) {
    const low = bounds[i - 1] as number
    const high = bounds[i] as number
    if (at <= high) return 10 - 2 * (i - 1) - (2 * (at - low)) / (high - low)
  }
  return 0
}
