import { z } from 'zod'

/**
 * The one way to say SQL, in both stores: a name (it appears in logs and as a comment in front of the SQL), the SQL with
 * `{name:type}` parameters that the server binds, and the schema of a row, which every row is parsed with.
 * A parameter's type is the store's own (`{id:uuid}` in PostgreSQL, `{id:UUID}` in ClickHouse).
 */
export interface Statement<P extends Params = Params, R = unknown> {
  readonly name: string
  readonly sql: string
  readonly row: z.ZodType<R>
  /** Only for the type of the parameters. */
  readonly params?: P
}

export type Param = string | number | boolean | null | readonly string[] | readonly number[]
export type Params = Readonly<Record<string, Param>>

export function statement<R>(definition: { name: string; sql: string; row: z.ZodType<R> }): Statement<Params, R> {
  return definition
}

/** For statements that return nothing that is read. */
export const noRow = z.unknown()

export const PLACEHOLDER = /\{([a-z_][a-z0-9_]*):([^{}]+)\}/gi

/** The parameters that a statement's SQL names, with their types. */
export function placeholders(sql: string): Map<string, string> {
  return new Map([...sql.matchAll(PLACEHOLDER)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

/** Rewrites `{name:type}` to `$n::type` for PostgreSQL; a name that occurs twice is bound once. */
export function toPositional(sql: string, params: Params): { text: string; values: Param[] } {
  const order: string[] = []
  const text = sql.replace(PLACEHOLDER, (_all, name: string, type: string) => {
    if (!(name in params)) throw new TypeError(`parameter ${name} is not given`)
    if (!order.includes(name)) order.push(name)
    return `$${order.indexOf(name) + 1}::${type}`
  })
  return { text, values: order.map((name) => params[name] ?? null) }
}
