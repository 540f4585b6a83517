import { z } from 'zod'
import { LATEST_MS } from '../../domain/entity.ts'

export const id = z.number().int().nonnegative()
export const words = z.string().nullish()
export const seconds = z.number().nullish()

/** ISO, or as webhooks write it: `2026-01-15 10:00:00 UTC`, `2026-01-15 10:00:00 +0200`. Null for no moment, and for one without a zone. */
export function moment(text: string): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(?:(UTC|Z)|([+-]\d\d):?(\d\d))$/.exec(text)
  if (found === null) return null
  const ms = Date.parse(`${found[1]}T${found[2]}${found[3] === undefined ? `${found[4]}:${found[5]}` : 'Z'}`)
  return ms >= 0 ? new Date(Math.min(ms, LATEST_MS)).toISOString() : null
}

export const when = z.string().transform((text, context) => {
  const found = moment(text)
  if (found === null) context.addIssue({ code: 'custom', message: `${JSON.stringify(text.slice(0, 50))} is no moment with a zone` })
  return found ?? ''
})

export const maybe = when.nullish().transform((found) => found ?? null)
export const label = z.union([z.string(), z.object({ title: z.string() }).transform(({ title }) => title)])
export const place = z.object({ path_with_namespace: z.string().min(1), web_url: words })
export const titled = z.object({ title: words }).nullish()
export type Item = Record<string, unknown>
export const part = (one: Item, field: string): Item => (typeof one[field] === 'object' && one[field] !== null ? (one[field] as Item) : {})

/** What the API gives, and the body of a webhook, told apart by `object_kind`: `bring` puts what it says where the API says it. */
export function either<O>(bring: (body: Item) => Item, pull: z.ZodType<O>): z.ZodType<O> {
  return z.looseObject({}).transform((value, context): O => {
    const read = pull.safeParse('object_kind' in value ? bring(value) : value)
    if (read.success) return read.data
    for (const { path, message } of read.error.issues) context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  })
}

export const orNull = (text: string | null | undefined) => (text === undefined || text === '' ? null : text)
