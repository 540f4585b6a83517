import mysql2, { type FieldPacket, type TypedParameterValue } from 'mysql2'
import { readNumber } from './postgres-value.ts'
import { PLACEHOLDER, type Param, type Params } from './statement.ts'

/** The package is CommonJS, of which Node.js finds no names by itself. */
const { TypedParameter, Types } = mysql2

export type MysqlValue = string | number | null | TypedParameterValue

const INTEGER = /^(?:tiny|small|medium|big)?int(?:eger)?\b|^(?:un)?signed\b/
const TIME = /^(?:datetime|timestamp)\b/
const TRUTH = /^bool/
const NUMBER = /^(?:double|float|decimal)/

/** A value as the server shall see it. Without a type of ours the driver would send every number as a double, which `limit` refuses. */
export function bindValue(type: string, value: Exclude<Param, readonly unknown[]>): MysqlValue {
  if (value === null) return null
  if (TRUTH.test(type)) return TypedParameter.TINY(value === true || value === 1 ? 1 : 0)
  if (INTEGER.test(type)) return TypedParameter.LONGLONG(value)
  if (NUMBER.test(type)) return typeof value === 'number' ? TypedParameter.DOUBLE(value) : String(value)
  // The session's zone is UTC, and DATETIME knows none.
  if (TIME.test(type)) return new Date(String(value)).toISOString().slice(0, 23).replace('T', ' ')
  return String(value)
}

/** Rewrites `{name:type}` to `?`; `{names:type[]}` to as many as there are values, to stand in `in (…)`. */
export function toMarks(sql: string, params: Params): { text: string; values: MysqlValue[] } {
  const values: MysqlValue[] = []
  const text = sql.replace(PLACEHOLDER, (_all, name: string, type: string) => {
    const value = params[name]
    if (value === undefined) throw new TypeError(`parameter ${name} is not given`)
    const list = type.endsWith('[]') ? (value as readonly (string | number)[]) : [value as Exclude<Param, readonly unknown[]>]
    for (const one of list) values.push(bindValue(type, one))
    return list.length === 0 ? 'null' : list.map(() => '?').join(', ')
  })
  return { text, values }
}

const INSTANT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/

/** `0000-00-00 00:00:00`, which old databases hold, stays as it is and fails the row's schema. */
function readInstant(text: string): string {
  const [all, date = '', time, fraction = ''] = INSTANT.exec(text) ?? []
  return all === undefined || date.endsWith('-00') ? text : `${date}T${time}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
}

/** Instants as RFC 3339 text in UTC with milliseconds, `tinyint(1)` as what it is for, decimals as numbers where that loses nothing. */
export function readRow(fields: readonly FieldPacket[], row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const read: Record<string, unknown> = { ...row }
  for (const { name, columnType, columnLength } of fields) {
    const value = row[name]
    if (typeof value === 'string' && (columnType === Types.DATETIME || columnType === Types.TIMESTAMP)) read[name] = readInstant(value)
    else if (typeof value === 'string' && columnType === Types.NEWDECIMAL) read[name] = readNumber(value)
    else if (typeof value === 'number' && columnType === Types.TINY && columnLength === 1) read[name] = value !== 0
  }
  return read
}
