import { z } from 'zod'
import { baseOf } from '../../src/connector.ts'
import type { Config } from './config.ts'

/** `2026-01-15T10:00:00.000+0100`: Jira's offsets have no colon. */
export const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/)
  .refine((at) => !Number.isNaN(Date.parse(at)), 'is no moment')

export const date = z.iso.date()
export const named = z.object({ name: z.string() })
export const numbered = z.union([z.string().min(1), z.number().int()])

export const user = z.object({
  accountId: z.string().nullish(),
  displayName: z.string().nullish(),
  name: z.string().nullish(),
})

type User = z.output<typeof user>

/** An account that was deleted is called so by Cloud, and is nobody here. */
export function nameOf(one: User | null | undefined): string | null {
  if (!one || one.accountId === 'unknown' || one.displayName === 'Former user') return null
  return one.displayName || one.name || one.accountId || null
}

/** A day without a time is its first moment in UTC. */
export function dayOf(day: string | null | undefined): string | null {
  return day ? `${day}T00:00:00.000Z` : null
}

/** The address of a page for people; none where the API is asked through Atlassian's gateway. */
export function pageOf(config: Config, path: string): string | null {
  return config.url.includes('//api.atlassian.com/') ? null : `${baseOf(config)}${path}`
}

/** What a custom field says, whatever its kind: a text, a choice, an object of Assets, the first of several. */
export function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null
  if (Array.isArray(value)) return textIn(value[0])
  if (typeof value !== 'object' || value === null) return null
  const { value: choice, name, label } = value as Record<string, unknown>
  return textIn(choice ?? name ?? label ?? null)
}

/** A list that grew while its pages were read gives some of it twice. */
export function distinct<T extends { readonly id: string }>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}
