import type { TimeWindow } from '../api/contract.ts'
import { duration } from './figure.ts'

/** Moments and spans of time. English month names and a 24-hour clock, whatever the browser's language: the whole page is in English. */
const LOCALE = 'en-GB'

type Zone = string | undefined

function formatter(options: Intl.DateTimeFormatOptions, zone: Zone): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zone })
  } catch {
    // The server may know a zone that this browser does not.
    return new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: 'UTC' })
  }
}

/** `Fri 14 Nov 2025, 09:30`; without a zone in the reader's own. */
export function moment(at: string, zone?: Zone): string {
  return `${longDay(at, zone)} ${year(at, zone)}, ${clock(at, zone)}`
}

/** `Fri 14 Nov 2025` */
export function date(at: string, zone?: Zone): string {
  return `${longDay(at, zone)} ${year(at, zone)}`
}

/** `14 Nov, 09:30` */
export function shortMoment(at: string, zone?: Zone): string {
  return `${day(at, zone)}, ${clock(at, zone)}`
}

/** `14 Nov` */
export function day(at: string, zone?: Zone): string {
  return dated({ day: 'numeric', month: 'short' }, at, zone)
}

/** `09:30` */
export function clock(at: string, zone?: Zone): string {
  return formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, zone).format(new Date(at))
}

/** Moments inside a sentence of the server, as the page writes them. */
export function withMoments(text: string, zone?: Zone): string {
  return text.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (at) => moment(at, zone))
}

/** `2025-11-14 08:30:00 UTC`, for those who compare with a log. */
export function utc(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `Fri 14 Nov, 09:30 – Fri 21 Nov 2025, 09:30`; a window of whole days is said by its first and last day. */
export function windowText({ from, to, tz }: TimeWindow): string {
  const fromMidnight = clock(from, tz) === '00:00'
  const toMidnight = clock(to, tz) === '00:00'
  if (fromMidnight && toMidnight) {
    const last = new Date(new Date(to).getTime() - 1).toISOString()
    return `${longDay(from, tz)} – ${longDay(last, tz)} ${year(last, tz)}`
  }
  return `${longDay(from, tz)}, ${clock(from, tz)} – ${longDay(to, tz)} ${year(to, tz)}, ${clock(to, tz)}`
}

/** One bucket of a series: a day by its name, longer ones by both ends. */
export function bucketText(from: string, to: string, zone: Zone): string {
  const last = new Date(new Date(to).getTime() - 1).toISOString()
  const first = longDay(from, zone)
  const end = longDay(last, zone)
  return first === end ? first : `${first} – ${end}`
}

/** `12 s ago`, `4 min ago`, `3 d ago`: one unit is enough to know whether to worry. */
export function ago(at: string | number, now: number): string {
  const seconds = Math.max(0, (now - new Date(at).getTime()) / 1000)
  if (seconds < 5) return 'just now'
  return `${leadingUnit(seconds)} ago`
}

/** `3 d`, `4 min` */
export function leadingUnit(seconds: number): string {
  return duration(seconds).split(' ').slice(0, 2).join(' ')
}

function longDay(at: string, zone: Zone): string {
  return dated({ weekday: 'short', day: 'numeric', month: 'short' }, at, zone)
}

/** Browsers disagree on a comma after the weekday and on `Sept`; the page says one thing. */
function dated(options: Intl.DateTimeFormatOptions, at: string, zone: Zone): string {
  return formatter(options, zone).format(new Date(at)).replace(',', '').replace('Sept', 'Sep')
}

function year(at: string, zone: Zone): string {
  return formatter({ year: 'numeric' }, zone).format(new Date(at))
}
