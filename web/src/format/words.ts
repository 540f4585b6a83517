import type { MetricReply, SampleReply, SampleStatus, Why } from '../api/contract.ts'
import { count, figure, scaleFor } from './figure.ts'
import { leadingUnit } from './moment.ts'

const REASONS: Record<Why, string> = {
  no_source: 'No source was watching',
  not_collected: 'Not collected yet',
  no_samples: 'No samples in this window',
  too_few_samples: 'Too few samples',
}

/** Why there is no number, in words. */
export function reasonText(why: Why | null): string {
  return why === null ? 'Not known' : REASONS[why]
}

const REASON_HELP: Record<Why, string> = {
  no_source: 'Nothing that tells of it was connected for this service, environment and time. That is unknown, not zero.',
  not_collected: 'A source is connected, but it does not tell of this. That is unknown, not zero.',
  no_samples: 'A source was watching, and nothing of this kind happened. A median or a share of nothing is not zero.',
  too_few_samples: 'There is something, but too little to say a number.',
}

/** What the reason means, for the reader who wonders whether it is a zero. */
export function reasonHelp(why: Why | null): string | null {
  return why === null ? null : REASON_HELP[why]
}

const SHORT_REASONS: Record<Why, string> = {
  no_source: 'no source',
  not_collected: 'not collected',
  no_samples: 'no samples',
  too_few_samples: 'too few samples',
}

/** The same where the window is not this one, or room is scarce. */
export function shortReason(why: Why | null): string {
  return why === null ? 'not known' : SHORT_REASONS[why]
}

const LEVELS = { elite: 'Elite', high: 'High', medium: 'Medium', low: 'Low' } as const

export type LevelName = keyof typeof LEVELS

/** `High · 2024`, or why there is no level; that a metric without a value has none goes without saying why twice. */
export function levelText({ level, value }: Pick<MetricReply, 'level' | 'value'>): { name: LevelName | null; text: string } {
  if (level === null) return { name: null, text: 'no level in any edition' }
  if (level.name === null) return { name: null, text: value === null ? 'no level' : `no level: ${shortReason(level.why)}` }
  return { name: level.name, text: `${LEVELS[level.name]} · ${level.edition}` }
}

/** A published oddity is shown as published, and said to be one. */
export function levelNote({ id, level }: Pick<MetricReply, 'id' | 'level'>): string | null {
  if (id !== 'change_fail_rate' || level === null || level.name === null || level.edition !== '2024') return null
  return 'The 2024 edition publishes 10 % for Medium and 20 % for High, in this order; the level follows it as it stands.'
}

export interface TrendWords {
  tone: 'good' | 'bad' | 'neutral'
  /** False while nobody has tested whether the difference is more than chance: the page then shows a direction and claims no change. */
  tested: boolean
  icon: 'up' | 'down' | 'same' | 'unknown'
  text: string
}

/** The server's verdict decides the colour; the arrow says which way the number went. */
export function trendWords(metric: MetricReply): TrendWords {
  const { verdict, direction } = metric.trend
  const tested = isTested(metric)
  const rose = metric.value !== null && metric.baseline.value !== null && metric.value > metric.baseline.value
  const icon = rose ? 'up' : 'down'
  const moved = rose ? 'higher' : 'lower'
  if (!tested && looksSame(metric)) return { tone: 'neutral', tested: true, icon: 'same', text: 'about the same' }
  if (verdict === 'improved') return { tone: 'good', tested, icon, text: tested ? 'better' : `${moved}, leaning better` }
  if (verdict === 'regressed') return { tone: 'bad', tested, icon, text: tested ? 'worse' : `${moved}, leaning worse` }
  if (verdict === 'not enough data') {
    const text = metric.baseline.value === null ? 'nothing to compare with' : 'too few to compare'
    return { tone: 'neutral', tested: true, icon: 'unknown', text }
  }
  if (direction === 'same') return { tone: 'neutral', tested: true, icon: 'same', text: 'same' }
  return { tone: 'neutral', tested: true, icon: 'same', text: 'no clear change' }
}

/** A direction between two figures that read the same would only puzzle. */
function looksSame({ unit, value, baseline, trend }: MetricReply): boolean {
  if (value === null || baseline.value === null || value === baseline.value || trend.verdict === 'not enough data') return false
  const scale = scaleFor(unit, value, baseline.value)
  return figure(value, scale) === figure(baseline.value, scale)
}

/** Whether the verdict rests on a statistical test. Without one it is only the direction. */
export function isTested({ trend }: MetricReply): boolean {
  return trend.p_value !== null
}

/** What the samples of a number are, so that `n` explains itself; one and many. */
const SAMPLES: Record<string, readonly [one: string, many: string]> = {
  deployment_frequency: ['deployment', 'deployments'],
  change_fail_rate: ['finished attempt', 'finished attempts'],
  failed_deployment_recovery_time: ['recovered failure', 'recovered failures'],
  deployment_rework_rate: ['finished attempt', 'finished attempts'],
  time_to_restore: ['closed incident', 'closed incidents'],
}
const BASES: Record<string, readonly [one: string, many: string]> = {
  commit: ['commit', 'commits'],
  change: ['change', 'changes'],
  deployment: ['deployment', 'deployments'],
}

/** `n 42 commits`, `n 1 closed incident` */
export function samplesText({ id, basis, variant }: Pick<MetricReply, 'id' | 'basis' | 'variant'>, n: number): string {
  const [one, many] = (variant === null ? (SAMPLES[id] ?? BASES[basis ?? '']) : undefined) ?? ['sample', 'samples']
  return `n ${count(n)} ${n === 1 ? one : many}`
}

const STATUSES: Record<SampleStatus, string> = {
  sample: 'Counted',
  missing: 'Missing',
  censored: 'Still open',
  listed: 'Listed only',
}

export function statusText(status: SampleStatus): string {
  return STATUSES[status]
}

/** What each status means, for the reader who meets it the first time. */
export const STATUS_MEANINGS: Record<SampleStatus, string> = {
  sample: 'It is one of the samples that make the number.',
  missing: 'It belongs to the population but has no value; it lowers the coverage.',
  censored: 'It is not over yet, so its value is not known.',
  listed: 'It is shown for completeness and not counted, like a cancelled attempt.',
}

/** Codes of the server (`no_commit_time`) as words, where the server sent no sentence for them. */
export function codeText(code: string): string {
  const words = code.replaceAll(/[_-]+/g, ' ').trim()
  return words === '' ? '' : words[0]?.toUpperCase() + words.slice(1)
}

/** The rules by which a row was matched, as a reader would say them; the code is in the title beside it. */
const RULES: Record<string, string> = {
  ancestry: 'commit graph',
  change: 'pull request',
  event: 'commit time sent',
  deployment: 'each success counts',
  outcome: 'reported as failed',
  rollback_event: 'rolled back',
  rollback_inferred: 'older revision put back',
  incident: 'incident linked to it',
  revert: 'reverted',
  not_failed: 'nothing went wrong',
  next_success: 'next success',
  rollback: 'rollback',
  incident_closed: 'incident closed',
  revert_shipped: 'revert shipped',
  emitter: 'sent as unplanned',
  hotfix: 'hotfix by its name',
  recovers_failure: 'mends a failure',
  planned: 'planned',
  deployment_id: 'names its deployment',
  revision: 'names its revision',
  latest_in_service: 'latest deployment before it',
  latest_in_repository: 'latest of its repository',
  unlinked: 'no deployment linked',
}

export function ruleText(method: string): string {
  return RULES[method] ?? codeText(method).toLowerCase()
}

const YES_NO: Record<string, readonly [yes: string, no: string]> = {
  change_fail_rate: ['failed', 'fine'],
  deployment_rework_rate: ['rework', 'planned'],
}

/** The value of one row. A row of a share is a yes or a no, and a row of a count is simply there. */
export function sampleValueText(id: string, unit: MetricReply['unit'], sample: SampleReply): string | null {
  if (sample.value === null) return typeof sample.age === 'number' ? `${leadingUnit(sample.age)} so far` : null
  if (unit === 'share') {
    const [yes, no] = YES_NO[id] ?? ['yes', 'no']
    return sample.value === 1 ? yes : sample.value === 0 ? no : figure(sample.value, scaleFor(unit, sample.value))
  }
  if (unit === 'per_day' || unit === 'days_per_week') return String(sample.value)
  return figure(sample.value, scaleFor(unit, sample.value))
}
