import { types } from 'pg'

/** Type numbers of pg_type that this store reads in its own way. */
const INT8 = 20
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMPTZ = 1184
const NUMERIC = 1700

/** Instants as RFC 3339 text in UTC with milliseconds, whatever the zone of the session; dates as text; numbers as numbers where that loses nothing. */
export function readPostgresValue(type: number): (text: string) => unknown {
  if (type === TIMESTAMPTZ) return readInstant
  if (type === INT8 || type === NUMERIC) return readNumber
  if (type === DATE || type === TIMESTAMP) return (text) => text
  return types.getTypeParser(type, 'text')
}

const INSTANT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-]\d\d)(?::(\d\d))?$/

/** `infinity` and years before Christ stay as they are, and fail the row's schema. */
export function readInstant(text: string): string {
  const [all, date, time, fraction = '', hours = '', minutes = '00'] = INSTANT.exec(text) ?? []
  if (all === undefined) return text
  return new Date(`${date}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}${hours}:${minutes}`).toISOString()
}

/** 15 significant digits survive a double; a longer number, `NaN` and `Infinity` stay text. */
export function readNumber(text: string): number | string {
  const digits = /^-?0*(\d*)\.?(\d*)$/.exec(text)
  if (!digits) return text
  const significant = `${digits[1]}${digits[2]}`.replace(/^0+/, '')
  const value = Number(text)
  return significant.length <= 15 || (digits[2] === '' && Number.isSafeInteger(value)) ? value : text
}
