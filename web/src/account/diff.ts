import { moment } from '../format/moment.ts'

export interface DiffLine {
  key: string
  before: string | null
  after: string | null
}

/** Two values as lines, a field each: of what is on both sides only what differs, else all that there is. */
export function diffOf(before: unknown, after: unknown, zone: string): DiffLine[] {
  const left = flat(before, zone)
  const right = flat(after, zone)
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const line = { key, before: left.get(key) ?? null, after: right.get(key) ?? null }
    return line.before === line.after ? [] : [line]
  })
}

function flat(value: unknown, zone: string, prefix = ''): Map<string, string> {
  if (value === null || value === undefined) return new Map(prefix === '' ? [] : [[prefix, 'none']])
  if (typeof value === 'object' && !Array.isArray(value)) {
    const parts = Object.entries(value).flatMap(([key, part]) => [...flat(part, zone, prefix === '' ? key : `${prefix}.${key}`)])
    return new Map(parts.length === 0 && prefix !== '' ? [[prefix, 'nothing']] : parts)
  }
  return new Map([[prefix === '' ? 'value' : prefix, said(value, zone)]])
}

function said(value: unknown, zone: string): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) {
    if (value.length === 0) return 'none'
    return value.every((part) => typeof part !== 'object') ? value.map((part) => said(part, zone)).join(', ') : JSON.stringify(value)
  }
  const text = String(value)
  if (text === '') return 'empty'
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) ? moment(text, zone) : text
}
