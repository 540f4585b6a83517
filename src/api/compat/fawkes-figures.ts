import type { MetricReply } from '../../metric.ts'

/** Figures in the shape and the units that Fawkes documents. */
type Why = MetricReply['why']
type Level = 'elite' | 'high' | 'medium' | 'low' | null

export function figure(value: number | null, unit: string, level: Level, why: Why, description: string) {
  return value === null
    ? unknown(unit, why ?? 'no_samples', description)
    : { value, unit, level, rating: level ?? 'N/A', why: null, description }
}

export function unknown(unit: string, why: Why, description: string) {
  return { value: null, unit, level: null, rating: 'N/A', why, description: `N/A: ${WORDS[why ?? 'no_samples']}. ${description}` }
}

const WORDS: Record<NonNullable<Why>, string> = {
  no_source: 'no source tells this',
  not_collected: 'this was not collected',
  no_samples: 'there is nothing to measure in this time range',
  too_few_samples: 'there are too few samples',
}

export const levelOf = (reply: MetricReply): Level => reply.level?.name ?? null
export const shareOf = (reply: MetricReply, description: string) =>
  figure(percent(reply.value), 'percent', levelOf(reply), reply.why, description)

export function durationOf(reply: MetricReply, values: readonly number[] | null, description: string) {
  return {
    ...figure(minutes(reply.mean), 'minutes', levelOf(reply), reply.why, description),
    p50: minutes(reply.percentiles.p50),
    p95: minutes(values === null ? null : quantile(values, 0.95)),
  }
}

/** How many of the samples of a share it is true of. */
export const countOf = ({ value, n }: MetricReply) => Math.round((value ?? 0) * n)
export const failuresOf = (reply: MetricReply) => ({ total_deployments: reply.n, failed_deployments: countOf(reply) })

export const round = (value: number | null) => (value === null ? null : Math.round(value * 10_000) / 10_000)
export const percent = (share: number | null) => round(share === null ? null : share * 100)
export const minutes = (seconds: number | null) => round(seconds === null ? null : seconds / 60)
export const meanOf = (values: readonly number[]) =>
  values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length

/** Interpolated between the two nearest, as everywhere else. */
export function quantile(sorted: readonly number[], share: number): number | null {
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at))
}

export const GRADES = ['low', 'medium', 'high', 'critical']

/** Severities as tools write them, 1 (low) to 4; 0 for one that is not known. */
export function gradeOf(severity: string | null): number {
  const plain = severity?.trim().toLowerCase() ?? ''
  const number = /^(?:sev|p|s)?-?([1-5])$/.exec(plain)?.[1]
  if (number !== undefined) return Math.max(1, 5 - Number(number))
  return { low: 1, minor: 1, medium: 2, moderate: 2, warning: 2, high: 3, major: 3, critical: 4, blocker: 4 }[plain] ?? 0
}
