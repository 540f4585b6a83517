import type { MetricReply, SampleReply, SampleStatus, Why } from '../api/contract.ts'
import { figure, scaleFor } from './figure.ts'

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

export interface TrendWords {
  tone: 'good' | 'bad' | 'neutral'
  icon: 'up' | 'down' | 'same' | 'unknown'
  text: string
}

/** The server's verdict decides the colour; the arrow says which way the number went. */
export function trendWords(metric: MetricReply): TrendWords {
  const { verdict, direction } = metric.trend
  const rose = metric.value !== null && metric.baseline.value !== null && metric.value > metric.baseline.value
  const arrow = rose ? 'up' : 'down'
  if (verdict === 'improved') return { tone: 'good', icon: arrow, text: 'better' }
  if (verdict === 'regressed') return { tone: 'bad', icon: arrow, text: 'worse' }
  if (verdict === 'not enough data') return { tone: 'neutral', icon: 'unknown', text: 'not enough data' }
  if (direction === 'same') return { tone: 'neutral', icon: 'same', text: 'same' }
  return { tone: 'neutral', icon: 'same', text: 'no clear change' }
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

const YES_NO: Record<string, readonly [yes: string, no: string]> = {
  change_fail_rate: ['failed', 'fine'],
  deployment_rework_rate: ['rework', 'planned'],
}

/** The value of one row. A row of a share is a yes or a no, and a row of a count is simply there. */
export function sampleValueText(id: string, unit: MetricReply['unit'], sample: SampleReply): string | null {
  if (sample.value === null) return null
  if (unit === 'share') {
    const [yes, no] = YES_NO[id] ?? ['yes', 'no']
    return sample.value === 1 ? yes : sample.value === 0 ? no : figure(sample.value, scaleFor(unit, sample.value))
  }
  if (unit === 'per_day' || unit === 'days_per_week') return String(sample.value)
  return figure(sample.value, scaleFor(unit, sample.value))
}
