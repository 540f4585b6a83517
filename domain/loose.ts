import { z } from 'zod'
import { OLDEST } from './event.ts'

/**
 * Fields as scripts and templates send them: keys in any case and with or without underscores, numbers as text, times in several layouts, and
 * `<no value>` where a Go template found nothing. What says nothing is null.
 */

/** `deploymentCommits`, `deployment_commits` and `DeploymentCommits` are one key: `deploymentcommits`. Of an object only, one level deep. */
export function looseKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase().replaceAll('_', ''), inner]))
}

const NOTHING = new Set(['', '<no value>', '<nil>', 'null'])

/** A field as text, whatever its type; null where it says nothing. */
export function textOf(value: unknown): string | null {
  const text = ['string', 'number', 'boolean'].includes(typeof value) ? String(value).trim() : ''
  return NOTHING.has(text) ? null : text
}

/** A text, or a number or flag as text. */
export const looseText = () => z.union([z.string(), z.number(), z.boolean(), z.null()]).optional().transform(textOf)

/** The same, where there must be one. */
export const requiredText = () =>
  looseText().transform((value, context) => {
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: 'is required' })
    return z.NEVER
  })

export const looseNumber = () =>
  looseText().transform((value, context) => {
    if (value === null) return null
    const number = Number(value)
    if (Number.isFinite(number)) return number
    context.addIssue({ code: 'custom', message: 'is no number' })
    return z.NEVER
  })

export const looseFlag = () => looseText().transform((value) => (value === null ? null : /^(true|1|yes)$/i.test(value)))

/** A time that is refused when it cannot be read. */
export const looseMoment = () =>
  looseText().transform((value, context) => {
    if (value === null) return null
    const moment = momentOf(value)
    if (moment !== null) return moment
    context.addIssue({ code: 'custom', message: 'is no time: send RFC 3339, for example 2026-01-31T09:00:00Z' })
    return z.NEVER
  })

/** A time that is unknown when it cannot be read. */
export const moment = () => looseText().transform((value) => (value === null ? null : momentOf(value)))

const LAYOUT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?(?: [A-Z+-][A-Za-z0-9+-]{0,5})?(?: m=[+-][\d.]+)?)?$/
const NEWEST = Date.UTC(2200, 0, 1)

/**
 * RFC 3339, the same with a space or without the colon of the zone, a date alone, and Go's own (`2026-01-31 09:00:00.5 +0000 UTC m=+4.2`). A time
 * without a zone is UTC. Null for anything else, and for the year 1 that is Go's word for no time.
 */
export function momentOf(text: string): string | null {
  const found = LAYOUT.exec(text)
  if (found === null) return null
  const [, date, clock = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = found
  const offset = zone === 'Z' || zone === 'UTC' ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}`
  const at = Date.parse(`${date}T${clock}${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`)
  return at >= OLDEST && at < NEWEST ? new Date(at).toISOString() : null
}
