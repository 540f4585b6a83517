import type { z } from 'zod'
import type { DomainRows, DomainTable } from '../domain/tables.ts'
import type { Log } from './log.ts'

/** One item as the tool gave it: its bytes, and the few facts that are needed to find it again. */
export interface Raw {
  /** The item's own id in the tool, stable over every delivery of it. With source and stream it names the item. */
  readonly id: string
  /** When the tool says that it happened or changed (RFC 3339 UTC); null when it does not say. */
  readonly at: string | null
  /** When Fairlead received it. */
  readonly received_at: string
  readonly payload: Uint8Array
}

/** What a pull gives: an item before the door has stamped it. */
export type Pulled = Omit<Raw, 'received_at'>

/** Runs git on a repository of the user's, read-only, and streams what it prints. Arguments are never a shell line. */
export interface Git {
  (repository: string, args: readonly string[], options?: { signal?: AbortSignal; input?: string }): AsyncIterable<Buffer>
}

/** What a connector is given to ask with. No database, no environment, no clock. */
export interface Ask<C> {
  readonly config: C
  /** Where the last complete pull ended, as the stream's own cursor; null for everything. */
  readonly cursor: string | null
  readonly git: Git
  readonly signal: AbortSignal
  readonly log: Log
  /** Called as often as one likes; drawn on a terminal. `total` is null while it is not known. */
  progress(done: number, total: number | null, what: string): void
}

export interface Page {
  readonly items: readonly Pulled[]
  /** A promise that everything up to here is in the pages so far; null when this page cannot be resumed after. */
  readonly cursor: string | null
}

export interface Stream<C, P> {
  /** Which tables it fills, and so which metrics light up. */
  readonly produces: readonly DomainTable[]
  /** May a half-finished pull resume, or must it restart? */
  readonly order: 'ascending' | 'unordered'
  /** True where an id never changes its content (pushed events): the first body wins, and another body under the same id is quarantined. */
  readonly immutable?: true
  /** Only the fields that are read; the rest stays in the raw item. */
  readonly payload: z.ZodType<P>
  /** Absent for a stream that is only pushed. */
  pull?(ask: Ask<C>): AsyncIterable<Page>
  /** Pure and synchronous: the same bytes give the same rows, today, in a test and in a replay next year. `config` only says how to read. */
  rows(payload: P, raw: Raw, config: C): DomainRows
}

export interface Hook<C> {
  readonly proof: 'signature' | 'token'
  /** Sees bytes, before any parsing. */
  verify(config: C, headers: Headers, body: Uint8Array): boolean
  read(headers: Headers, body: unknown): { stream: string; raw: Pulled } | null
}

export interface Check {
  readonly ok: boolean
  /** Each thing that is missing, as a sentence with its remedy. */
  readonly missing: readonly string[]
}

export interface Connector<C = unknown> {
  readonly title: string
  /** What an operator must know to connect it, in a paragraph or two of Markdown. */
  readonly docs: string
  readonly config: z.ZodType<C>
  readonly streams: Record<string, Stream<C, never>>
  readonly hook?: Hook<C>
  check(ask: Ask<C>): Promise<Check>
}

/** Types a stream against its own payload schema and forgets the payload type, so that a connector can hold several. */
export function defineStream<C, P>(stream: Stream<C, P>): Stream<C, never> {
  return stream as unknown as Stream<C, never>
}

export function defineConnector<C>(connector: Connector<C>): Connector<C> {
  return connector
}
