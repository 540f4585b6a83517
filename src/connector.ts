import { z } from 'zod'
import type { DomainRows, DomainTable } from '../domain/tables.ts'
import type { Log } from './log.ts'
import { Secret } from './secret.ts'

/** One item as the tool gave it: its bytes, and the few facts that are needed to find it again. */
export interface Raw {
  /**
   * The item's own id in the tool, stable over every delivery of it, pulled or pushed. With source and stream it names the item; the rows of
   * an item are those of its newest version, so a version that tells a row less than the one before removes that row.
   */
  readonly id: string
  /** When the tool says that it happened or changed (RFC 3339 UTC, milliseconds); null when it does not say. Of two versions the later one is the newer. */
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

/** A database of the user's, which is only read. All times are UTC. */
export interface Database {
  readonly dialect: 'postgres' | 'mysql'
  /**
   * A SELECT in its language; `{name:type}` stands for a value of `params`, `{names:type[]}` for a list: in MySQL to stand in `in (…)`, in
   * PostgreSQL an array. Rows by the names of their columns.
   */
  query(
    name: string,
    sql: string,
    params?: Readonly<Record<string, string | number | null | readonly string[]>>,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** `MariaDB 10.11.6 at host:3306/lake`; never the password. */
  readonly describe: string
}

export interface RequestOptions {
  /** Added to the path; a value that is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses beside 2xx that are an answer and no failure, such as 404 for something that may not be there. */
  readonly allow?: readonly number[]
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The parsed JSON; text, where it is no JSON and the status is allowed. */
  readonly body: unknown
  /** The address that answered, after redirects. */
  readonly url: string
}

/**
 * Asks the tool. Paths are relative to the base of `api`; an absolute address, such as a link to the next page, must be of the same origin.
 * Repeats what failed on the way (dropped, cut off, 5xx, 429), waits where the tool says so, keeps a tenth of the rate budget free,
 * refuses private addresses unless they are allowed, and can record. What cannot be mended by waiting throws an AppError.
 */
export interface Http {
  get(path: string, options?: RequestOptions): Promise<Answer>
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>
  /** One GraphQL query to `path`; the `data` of the answer. Errors of the query throw, save for nodes that are not found. */
  graphql(path: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<unknown>
}

/** Where, and as whom, `ask.http` asks. */
export interface Api {
  /** `https://api.github.com`, without a slash at its end. */
  readonly base: string
  /** Sent with each request to the base's origin, and to no other. */
  readonly headers: Readonly<Record<string, string>>
  /** For credentials that end: asked before the first request and again when they are about to end. `http` asks with `headers` only. */
  authorize?(http: Http, now: number): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly expires_at: string }>
}

/** What a connector is given to ask with. No database, no environment, no clock, no retry. */
export interface Ask<C> {
  readonly config: C
  /** Where the last complete pull ended, as the stream's own cursor; null for everything. */
  readonly cursor: string | null
  /** The range that is asked for by hand, RFC 3339; null when the cursor says it. */
  readonly since: string | null
  readonly until: string | null
  /** The moment at which this pull began, RFC 3339. */
  readonly begun: string
  readonly git: Git
  readonly http: Http
  /**
   * The database at an address such as mysql://user:password@host:3306/lake or postgresql://user:password@host:5432/name. Of private addresses
   * only those that are allowed, and the server's own MYSQL_URI.
   */
  database(uri: Secret): Promise<Database>
  readonly signal: AbortSignal
  readonly log: Log
  /** Called as often as one likes; drawn on a terminal. `total` is null while it is not known. */
  progress(done: number, total: number | null, what: string): void
}

export interface Page {
  readonly items: readonly Pulled[]
  /** A promise that everything up to here is in the pages so far; null when this page cannot be resumed after. */
  readonly cursor: string | null
  /** The oldest moment that its items tell of, where their `at` does not say it: from there on the source has seen everything. */
  readonly oldest?: string | null
}

export interface Stream<C, P> {
  /** Which tables it fills, and so which metrics light up. */
  readonly produces: readonly DomainTable[]
  /** True where it fills none: its items are kept word for word, for readers of what the tool said. */
  readonly rawOnly?: true
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

/** What a delivery is: an item of a stream, or only a sign that some streams have news. The whole body is the item's payload. */
export interface Delivery {
  readonly item: { readonly stream: string; readonly id: string; readonly at: string | null } | null
  /** Streams to pull soon, because the delivery says that something changed and not all of what. */
  readonly pull?: readonly string[]
}

export interface Hook<C> {
  readonly proof: 'signature' | 'token'
  /** What the operator does in the tool, in a sentence or two of Markdown; `{url}` is the address of the hook. */
  readonly docs: string
  /** Headers that are kept beside the body, lower-case; never one that holds a secret. */
  readonly headers: readonly string[]
  /** Sees bytes, before any parsing. A source without a secret verifies nothing. */
  verify(config: C, headers: Headers, body: Uint8Array): boolean
  /** The body is parsed JSON. Null for a delivery that is of no use here (a ping, a star). May throw: then the delivery is kept unread. */
  read(headers: Headers, body: unknown, config: C): Delivery | null
}

export interface Check {
  readonly ok: boolean
  /** Each thing that is missing, as a sentence with its remedy. */
  readonly missing: readonly string[]
}

/** What a database holds, table by table, and what of it is taken. */
export interface Inventory {
  readonly from: string
  readonly tables: readonly {
    readonly table: string
    readonly rows: number
    /** The stream that reads it, row by row or beside another table; null where nothing does. */
    readonly stream: string | null
    /** Whether each row of it is an item of that stream. */
    readonly walked: boolean
    /** Why it is not taken, or how it is taken with another. */
    readonly why: string | null
  }[]
  /** Tables and columns that are not there, and what is therefore not known, each a sentence. */
  readonly missing: readonly string[]
  readonly projects: readonly {
    readonly name: string
    readonly description: string | null
    readonly repositories: readonly string[]
    readonly services: readonly string[]
  }[]
}

/** What a database knows beside its rows: the tools that it was connected to, the webhooks that it has, and the keys of those who send to them. */
export interface Handover {
  /** Whether the secret opened anything; null where nothing is sealed with it, or none was given. */
  readonly proved: boolean | null
  readonly connections: readonly {
    /** As the other tool calls it. */
    readonly kind: string
    readonly name: string
    /** What it becomes; null where there is no connector for it, or its credential cannot be opened. Credentials stand in `config` as they are. */
    readonly source: { readonly name: string; readonly connector: string; readonly config: Readonly<Record<string, unknown>> } | null
    /** Why it becomes nothing. */
    readonly why: 'unsupported' | 'sealed' | 'undecryptable' | null
    /** What of it is not taken, or is to be looked at, each a sentence. */
    readonly notes: readonly string[]
  }[]
  readonly keys: readonly {
    readonly name: string
    /** HMAC-SHA-256 of the key under the secret, in hexadecimal. */
    readonly digest: string
    /** Pattern (RE2) of the paths that it opens. */
    readonly path: string
    readonly expires_at: string | null
    /** Why it is of no use here; null where it is. */
    readonly why: string | null
  }[]
}

export interface Connector<C = unknown> {
  readonly title: string
  /** What an operator must know to connect it, in a paragraph or two of Markdown. */
  readonly docs: string
  /** An object of fields; `secret()` fields are encrypted, masked and never given back. */
  readonly config: z.ZodType<C>
  /** Absent for a connector that asks nothing over HTTP. */
  api?(config: C): Api
  /** False where these settings give nothing to ask a stream with, so that it is only pushed to; true when absent. */
  canPull?(config: C, stream: string): boolean
  readonly streams: Record<string, Stream<C, never>>
  readonly hook?: Hook<C>
  /** Names each missing permission. Absent for one that is only pushed to. */
  check?(ask: Ask<C>): Promise<Check>
  /** For a source that is imported from: what there is, before and after. */
  inventory?(ask: Ask<C>): Promise<Inventory>
  /** The same for what it is connected to. `secret` is what it seals credentials with; without it they are named and not opened. */
  handover?(ask: Ask<C>, secret: Secret | null): Promise<Handover>
}

/** Types a stream against its own payload schema and forgets the payload type, so that a connector can hold several. */
export function defineStream<C, P>(stream: Stream<C, P>): Stream<C, never> {
  return stream as unknown as Stream<C, never>
}

export function defineConnector<C>(connector: Connector<C>): Connector<C> {
  return connector
}

/** Whether a stream can be pulled with these settings, or is only told by who pushes. */
export function isPulled(connector: Connector, config: unknown, stream: string): boolean {
  return connector.streams[stream]?.pull !== undefined && connector.canPull?.(config, stream) !== false
}

/** An address of the settings as `Api.base` and links are built on it: without a slash at its end. */
export function baseOf({ url }: { readonly url: string }): string {
  return url.replace(/\/+$/, '')
}

/** A field of the settings that is a credential: stored encrypted, printed as `[secret]`, read with `.reveal()` where it is sent. */
export function secret() {
  return z
    .string()
    .min(1)
    .max(20_000)
    .transform((value) => new Secret(value))
    .meta({ secret: true })
}

/** The secrets of a webhook: two may be valid while one takes the place of the other. */
export function webhookSecrets() {
  return z
    .array(secret())
    .max(2)
    .default([])
    .describe('Secret of the webhook; while it is changed, the old and the new one')
    .meta({ secret: true })
}

/** An item whose payload is a value that was made from an answer. */
export function pulled(id: string, at: string | null, payload: unknown): Pulled {
  return { id, at: at === null ? null : utc(at), payload: Buffer.from(JSON.stringify(payload)) }
}

/** RFC 3339 with any offset and precision, as the one form in which instants travel here. Throws where it is no moment. */
export function utc(moment: string): string {
  return new Date(moment).toISOString()
}
