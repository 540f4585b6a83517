import { z } from 'zod'
import { instant } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'

/** A half-open span `[from, to)`, and the zone in which its days are cut. */
export interface Window {
  readonly from: string
  readonly to: string
  readonly tz: string
}

export const BUCKETS = ['day', 'week', 'month'] as const
export type Bucket = (typeof BUCKETS)[number]

const DAY_MS = 86_400_000
/** Longer spans answer from rollups, which come with another issue; the clock of no repository reaches further back. */
const MOST_DAYS = 36_600

export interface WindowAsked {
  readonly days?: number | undefined
  readonly offset?: number | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly tz: string
}

/** `days` + `offset` roll: `to` = now − offset days, `from` = `to` − days. `from`/`to` are taken as given. */
export function windowOf(asked: WindowAsked, now: number): Window {
  const zone = zoneOf(asked.tz)
  const to = asked.to === undefined ? now - (asked.offset ?? 0) * DAY_MS : Date.parse(asked.to)
  const from = asked.from === undefined ? to - (asked.days ?? 7) * DAY_MS : Date.parse(asked.from)
  if (!(from < to)) {
    throw new AppError('invalid-input', 'The window is empty: `from` must lie before `to`.', {
      help: 'Give `from` and `to`, or `days` and `offset`.',
    })
  }
  if (to - from > MOST_DAYS * DAY_MS) throw new AppError('invalid-input', `The window is longer than ${MOST_DAYS} days.`)
  return { from: instant(from), to: instant(to), tz: zone }
}

/** The window of equal length that ends where this one begins: the two never share a sample. */
export function baselineOf(window: Window): Window {
  const from = Date.parse(window.from)
  return { from: instant(from - (Date.parse(window.to) - from)), to: window.from, tz: window.tz }
}

export function daysIn(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS
}

export function bucketFor(window: Window): Bucket {
  const days = daysIn(window.from, window.to)
  return days <= 31 ? 'day' : days <= 400 ? 'week' : 'month'
}

/** An IANA zone that this runtime knows, in its canonical spelling. */
export function zoneOf(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch (cause) {
    throw new AppError('invalid-input', `The time zone ${JSON.stringify(name)} is not known.`, {
      help: 'Use an IANA name such as `Europe/Berlin` or `UTC`.',
      cause,
    })
  }
}

/** SQL for the first day of the bucket that holds `at`, in the zone: days, weeks from Monday, months. */
export function bucketDay(bucket: Bucket): string {
  return { day: 'toDate(at, {tz:String})', week: 'toMonday(at, {tz:String})', month: 'toStartOfMonth(at, {tz:String})' }[bucket]
}

/** SQL for the instant at which a day begins in the zone. */
export function bucketStart(day: string): string {
  return `toUnixTimestamp(toStartOfDay(toDateTime(${day}, {tz:String}), {tz:String}))`
}

const boundsOf = Object.fromEntries(
  BUCKETS.map((bucket) => [
    bucket,
    statement({
      name: `window.bounds_${bucket}`,
      sql: `SELECT ${bucketStart(bucketDay(bucket))} AS start FROM (
  SELECT toDateTime64({from:DateTime64(3)}, 3) + toIntervalHour(number * 12) AS at
  FROM numbers(toUInt64(ceil(dateDiff('second', {from:DateTime64(3)}, {to:DateTime64(3)}) / 43200)) + 1)
  WHERE at < {to:DateTime64(3)}
) GROUP BY start ORDER BY start`,
      row: z.object({ start: z.coerce.number() }),
    }),
  ]),
) as unknown as Record<Bucket, ReturnType<typeof statement<{ start: number }>>>

/** The buckets that a window touches; the engine knows the zones' rules. `partial` where the window covers one only in part. */
export async function bucketsOf(
  analytics: Analytics,
  window: Window,
  bucket: Bucket,
): Promise<{ start: number; from: string; to: string; partial: boolean }[]> {
  // The end of the last bucket is the start of the one after the window.
  const beyond = instant(Date.parse(window.to) + 32 * DAY_MS)
  const all = (await analytics.read(boundsOf[bucket], { from: window.from, to: beyond, tz: window.tz })).map((row) => row.start)
  const end = Date.parse(window.to) / 1000
  const starts = all.filter((start) => start < end)
  const ends = starts.map((_, index) => all[index + 1] ?? end)
  return starts.map((start, index) => {
    const whole = { from: instant(start * 1000), to: instant((ends[index] as number) * 1000) }
    const from = whole.from < window.from ? window.from : whole.from
    const to = whole.to > window.to ? window.to : whole.to
    return { start, from, to, partial: from !== whole.from || to !== whole.to }
  })
}
