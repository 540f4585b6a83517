import { createHash } from 'node:crypto'
import { z } from 'zod'
import { pulled, utc, type Pulled } from '../../src/connector.ts'

/** What is pulled is wrapped as a webhook wraps it, so that both are read by one schema. */
export const repositoryRef = z.object({ id: z.number(), full_name: z.string() })

export type RepositoryRef = z.output<typeof repositoryRef>
export const time = z.string()
export const count = z.int().nonnegative().nullish()
export const labels = z.array(z.object({ name: z.string() })).default([])

export const changeId = (repository: RepositoryRef, number: number) => `${repository.full_name}#${number}`

export const isGone = (action: string | undefined) => action === 'deleted' || action === 'transferred'
export const later = (...moments: (string | null | undefined)[]) =>
  moments
    .flatMap((one) => (one ? [utc(one)] : []))
    .sort()
    .at(-1) ?? null

export type Named = readonly [id: string, at: string | null]

/** One of a shape that nobody has seen yet is kept all the same, under a name that its content gives it, and is shown as unread. */
export const item = <P>(name: (payload: P) => Named, schema: z.ZodType<P>, payload: unknown): Pulled => {
  const parsed = schema.safeParse(payload)
  if (!parsed.success)
    return pulled(`unread:${createHash('sha256').update(JSON.stringify(payload)).digest('hex').slice(0, 24)}`, null, payload)
  const [id, at] = name(parsed.data)
  return pulled(id, at, payload)
}

export const instantOf = (moment: string | null | undefined) => (moment ? utc(moment) : null)

/** What the store's instants can hold. A commit may claim any second at all. */
export const gitInstant = (moment: string) => new Date(Math.min(Math.max(Date.parse(moment), 0), Date.UTC(2299, 11, 31))).toISOString()
