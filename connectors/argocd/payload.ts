import { z } from 'zod'

export const optional = z.string().nullish()

/** 64 bits, which some gateways write as text. */
export const count = z.union([z.number(), z.string()]).nullish()

export const words = z.record(z.string(), z.string()).nullish()

export function known(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : ''
  return ['', '<no value>', '<nil>', 'null', 'map[]', '[]'].includes(text) ? null : text
}

/** RFC 3339, or a time as Go prints it (`2026-01-15 10:00:00.123 +0000 UTC m=+0.1`); null for anything else and for Go's zero time. */
export function moment(value: unknown): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,3})\d*)?\s*(?:Z|([+-]\d\d):?(\d\d))/.exec(known(value) ?? '')
  if (found === null) return null
  const [, day, time, fraction = '', hours = '+00', minutes = '00'] = found
  const at = Date.parse(`${day}T${time}.${fraction.padEnd(3, '0')}${hours}:${minutes}`)
  return at >= Date.UTC(2000, 0, 1) ? new Date(at).toISOString() : null
}
