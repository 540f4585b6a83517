import { z } from 'zod'

/**
 * An entity of the domain: its columns are said here once. The physical table is `all_<table>`; it has these columns and the
 * envelope (`org_id`, `source`, `raw_seq`, `received_at`, `seen_at`, `is_deleted`), which the applier fills. A test compares
 * each entity with the migrated table, column by column.
 */
export interface Entity<S extends z.ZodRawShape = z.ZodRawShape> {
  readonly table: string
  readonly row: z.ZodObject<S>
  /** The columns that, behind `org_id`, order and name a row: two rows with one key are one row, and the newer `seen_at` wins. `source` is the envelope's. */
  readonly key: readonly Key<S>[]
  /** The columns that name the thing itself, when `key` also holds what may change (its time, its service): the applier then removes the row at the old place. */
  readonly identity: readonly Key<S>[]
  /** Computed by Fairlead from other rows, and rebuildable from them. */
  readonly derived: boolean
}

type Key<S> = (keyof S & string) | 'source'

export function entity<const S extends z.ZodRawShape>(
  table: string,
  shape: S,
  key: readonly Key<S>[],
  options: { identity?: readonly Key<S>[]; derived?: boolean } = {},
): Entity<S> {
  return { table, row: z.object(shape), key, identity: options.identity ?? key, derived: options.derived ?? false }
}

/** What is known of a row: every column that may be null may be left out. */
type Known<S extends z.ZodRawShape> = {
  [K in keyof S as null extends z.infer<S[K]> ? never : K]: z.infer<S[K]>
} & { [K in keyof S as null extends z.infer<S[K]> ? K : never]?: z.infer<S[K]> | undefined }

/** A row of the entity out of what is known: a column that is not said is null, in the order of the entity. */
export function rowOf<S extends z.ZodRawShape>(entity: Entity<S>, known: Known<S>): z.infer<z.ZodObject<S>> {
  const said = known as Record<string, unknown>
  const row: Record<string, unknown> = {}
  for (const column of Object.keys(entity.row.shape)) row[column] = said[column] ?? null
  return row as z.infer<z.ZodObject<S>>
}

/** Column kinds. `.nullable()` where the tool may not know; unknown is null, never '' and never 0. */
export const text = () => z.string().meta({ column: 'text' })
export const texts = () => z.array(z.string()).meta({ column: 'texts' })
export const choice = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values).meta({ column: 'text' })
export const count = () => z.number().int().nonnegative().meta({ column: 'count' })
/** Any finite number: points, percent. */
export const number = () => z.number().meta({ column: 'number' })
export const flag = () => z.boolean().meta({ column: 'flag' })
/** RFC 3339 UTC with milliseconds (`2026-01-31T09:00:00.000Z`): sorts as text, keeps no zone. */
export const instant = () => z.iso.datetime({ precision: 3 }).meta({ column: 'instant' })
/** The last moment that the columns of instants hold, in milliseconds since 1970. A commit may claim any second at all. */
export const LATEST_MS = Date.UTC(2299, 11, 31, 23, 59, 59)
export const instants = () => z.array(z.iso.datetime({ precision: 3 })).meta({ column: 'instants' })
