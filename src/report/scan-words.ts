import type { Attempt } from '../../domain/attempt.ts'
import type { ScanReport } from './scan.ts'

/** What the terminal and the page say alike. */
export function count(value: number): string {
  return value.toLocaleString('en')
}

export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

export function day(at: string): string {
  return at.slice(0, 10)
}

export function summary(report: ScanReport): string {
  if (report.commits === 0 || report.first_commit_at === null || report.last_commit_at === null) return 'No commits yet'
  const span = `${day(report.first_commit_at)} to ${day(report.last_commit_at)}`
  const people = `${counted(report.commits, 'commit')} by ${counted(report.authors, 'author')}`
  return `${people}, ${span} · ${counted(report.releases, 'release')} (${report.rule})`
}

/** The window in days, and what it is compared with. */
export function windowText({ window, bucket, metrics }: ScanReport): string {
  if (window === null) return ''
  const days = Math.round((Date.parse(window.to) - Date.parse(window.from)) / 86_400_000)
  const edition = metrics.find((one) => one.level !== null)?.level?.edition
  const levels = edition === undefined ? '' : `, levels of DORA ${edition}`
  return `${day(window.from)} to ${day(window.to)} by ${bucket}, against the ${days} days before${levels}`
}

export function span({ window }: ScanReport): string {
  return window === null ? '' : `${day(window.from)} to ${day(window.to)}`
}

/** A commit is known by its first letters; a release by its whole name. */
export function shortName(name: string): string {
  return /^[0-9a-f]{40,64}$/.test(name) ? name.slice(0, 9) : name
}

const RULES: Readonly<Record<NonNullable<Attempt['failed_rule']>, string>> = {
  outcome: 'it did not succeed',
  rollback_event: 'it was rolled back',
  rollback_inferred: 'an older revision was released after it',
  incident: 'an incident is linked to it',
  revert: 'a later release ships its revert',
}

export function ruleWords(rule: string): string {
  return RULES[rule as keyof typeof RULES] ?? rule
}
