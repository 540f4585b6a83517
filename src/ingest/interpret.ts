import type { DomainRows } from '../../domain/tables.ts'
import type { Raw } from '../connector.ts'
import type { Registry } from '../registry.ts'

/** A raw item, with where it came from: what the journal, the raw log and a replay have in common. */
export interface Item extends Raw {
  readonly connector: string
  readonly stream: string
}

export type Reading = { readonly rows: DomainRows; readonly problem: null } | { readonly rows: null; readonly problem: string }

/** Reads one raw item with today's code. Never throws: what cannot be read is kept in the raw log with the reason, and a replay reads it again after the fix. */
export function interpret(registry: Registry, item: Item, config: unknown): Reading {
  const stream = registry.connectors.get(item.connector)?.streams[item.stream]
  if (stream === undefined) return { rows: null, problem: `no connector reads ${item.connector}/${item.stream}` }
  try {
    const { buffer, byteOffset, byteLength } = item.payload
    // Over the same bytes: `Buffer.from` of the array itself would copy them.
    const payload = stream.payload.safeParse(JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')))
    if (!payload.success) {
      const issue = payload.error.issues[0]
      return { rows: null, problem: `payload: ${issue?.path.join('.')}: ${issue?.message}`.slice(0, 500) }
    }
    // Each stream was typed against its own payload schema, which has just accepted this value.
    const read = stream.rows as (payload: unknown, raw: Raw, config: unknown) => DomainRows
    return { rows: read(payload.data, item, config), problem: null }
  } catch (thrown) {
    return { rows: null, problem: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 500) }
  }
}
