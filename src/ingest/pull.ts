import { z } from 'zod'
import { instant } from '../clock.ts'
import { isPulled, type Connector, type Http } from '../connector.ts'
import { AppError, asAppError } from '../errors.ts'
import type { Registry } from '../registry.ts'
import { connectorOf, type Source, type Sources } from '../source/sources.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { askOf, httpOf, type Asking } from './asking.ts'
import type { Budget } from './http-limits.ts'
import type { Journal } from './journal.ts'

export interface PullOptions {
  /** From the beginning, not from where the last pull ended. */
  readonly full: boolean
  /** Only these streams; all when absent. */
  readonly streams?: readonly string[] | undefined
  /** A range by hand, RFC 3339. It has a place of its own, so what the usual pulls have seen stays as it is. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly signal: AbortSignal
  progress(done: number, total: number | null, what: string): void
}

export interface Pull {
  readonly source: string
  readonly items: number
  readonly streams: Readonly<Record<string, number>>
  /** Streams that the tool refuses, with the reason; the others were pulled. */
  readonly problems: Readonly<Record<string, string>>
  readonly seconds: number
  /** The journal number of the last item; what was pulled is visible when the applier has come this far. */
  readonly last: number
}

interface Parts {
  readonly registry: Registry
  readonly sources: Sources
  readonly journal: Journal
  readonly analytics: Analytics
  readonly asking: Asking
}

const watched = statement({
  name: 'pull.watched',
  sql: 'SELECT table, from_at FROM all_coverage FINAL WHERE org_id = {org:UUID} AND source = {source:String}',
  row: z.object({ table: z.string(), from_at: z.string() }),
})

/** Pulls streams of a source into the journal. A cursor is saved only after the items before it are on disk. */
export async function pullSource(parts: Parts, org: string, source: Source, options: PullOptions): Promise<Pull> {
  const { registry, sources, analytics, asking } = parts
  const { clock } = asking
  const started = clock.now()
  const connector = connectorOf(registry, source.connector)
  const config = await sources.configOf(org, source.name, source.connector)
  const wanted = pulledStreams(source, connector, config, options.streams)
  const streams: Record<string, number> = {}
  const problems: Record<string, string> = {}
  const oldest = new Map<string, string>()
  let isDenied = false
  let last = parts.journal.stats().head
  let budget: Budget | null = null
  const noteBudget = async () => {
    if (budget === null) return
    const { limit, remaining, resetAt } = budget
    await sources.noteHealth(org, source.name, { budget: { limit, remaining, reset_at: instant(resetAt) } })
  }
  await sources.attempted(org, source)
  // One for all streams: a token that it was granted, and the budget that it is told, are those of the source.
  const http = httpOf(asking, connector, config, { signal: options.signal, progress: options.progress, onBudget: (one) => (budget = one) })
  try {
    for (const name of wanted) {
      streams[name] = 0
      try {
        for await (const page of pagesOf(parts, org, source, { connector, config, name, options, http })) {
          last = Math.max(last, page.last)
          streams[name] += page.items
          if (page.oldest !== null) oldest.set(name, least(oldest.get(name), page.oldest))
        }
      } catch (thrown) {
        const error = asAppError(thrown)
        // One thing that the credential may not see does not keep the others away.
        if (error.code !== 'source-denied' && error.code !== 'source-refused') throw thrown
        isDenied ||= error.code === 'source-denied'
        problems[name] = [error.message, error.help].filter(Boolean).join(' ')
      }
    }
    const good = wanted.filter((name) => !(name in problems))
    const code = isDenied ? 'source-denied' : 'source-refused'
    if (good.length === 0) throw new AppError(code, Object.values(problems)[0] ?? '')
    await noteCoverage(analytics, org, source, connector, {
      streams: good,
      oldest,
      since: options.since,
      to: options.until ?? instant(started),
    })
    const items = Object.values(streams).reduce((sum, count) => sum + count, 0)
    const seconds = (clock.now() - started) / 1000
    if (Object.keys(problems).length === 0) await sources.succeeded(org, source, { seconds, items })
    else
      await sources.failed(org, source, {
        code,
        message: Object.entries(problems)
          .map(([name, reason]) => `${name}: ${reason}`)
          .join(' '),
      })
    return { source: source.name, items, streams, problems, seconds, last }
  } catch (thrown) {
    await sources.failed(org, source, asAppError(thrown))
    throw thrown
  } finally {
    await noteBudget()
  }
}

/** The streams of a source that its settings let it ask for; `only`: those of them. Throws where that is none. */
export function pulledStreams(
  { name, connector: id }: Pick<Source, 'name' | 'connector'>,
  connector: Connector,
  config: unknown,
  only: readonly string[] | undefined,
): string[] {
  const pulled = Object.entries(connector.streams).flatMap(([stream, { pull }]) => (pull === undefined ? [] : [stream]))
  const unknown = only?.filter((stream) => !pulled.includes(stream)) ?? []
  if (unknown.length > 0)
    throw new AppError('invalid-input', `${id} has no stream ${unknown.join(', ')} that can be pulled.`, {
      help: `It has ${pulled.join(', ') || 'none'}.`,
    })
  const found = pulled.filter((stream) => (only === undefined || only.includes(stream)) && isPulled(connector, config, stream))
  if (found.length === 0)
    throw new AppError('invalid-input', `${name} is only pushed to: its settings give nothing to ask with.`, {
      help: `docs/reference/connectors.md says what ${id} needs to be pulled.`,
    })
  return found
}

/** The pages of a stream, each on disk before its cursor is saved. */
async function* pagesOf(
  { sources, journal, asking }: Parts,
  org: string,
  source: Source,
  parts: { connector: Connector; config: unknown; name: string; options: PullOptions; http: Http },
): AsyncGenerator<{ items: number; last: number; oldest: string | null }> {
  const { connector, config, name, options, http } = parts
  const { since = null, until = null, signal, progress, full } = options
  const ranged = since !== null || until !== null
  const place = ranged ? `${name} ${since ?? ''}..${until ?? ''}` : name
  const cursor = full ? null : (source.cursors[place] ?? null)
  const ask = askOf(asking, connector, config, { cursor, since, until, signal, progress, http })
  for await (const page of connector.streams[name]?.pull?.(ask as never) ?? []) {
    let last = 0
    if (page.items.length > 0) {
      const received_at = instant(asking.clock.now())
      const stamped = page.items.map((item) => ({
        org,
        source: source.name,
        connector: source.connector,
        stream: name,
        ...item,
        received_at,
        headers: null,
      }))
      last = (await journal.append(stamped)).last
    }
    if (page.cursor !== null) await sources.saveCursor(org, source, place, page.cursor)
    yield {
      items: page.items.length,
      last,
      oldest: page.oldest ?? page.items.reduce<string | null>((found, { at }) => (at === null ? found : least(found, at)), null),
    }
  }
  if (ranged) await sources.saveCursor(org, source, place, null)
}

function least(a: string | null | undefined, b: string): string {
  return a === null || a === undefined || b < a ? b : a
}

/**
 * A pull has seen everything from the oldest thing that its stream told up to the moment at which it began. Where a stream does not date its
 * things, it is the oldest that the source told at all (a repository's first commit).
 */
async function noteCoverage(
  analytics: Analytics,
  org: string,
  source: Source,
  connector: Connector,
  seen: { streams: readonly string[]; oldest: ReadonlyMap<string, string>; since: string | undefined; to: string },
): Promise<void> {
  const standing = new Map((await analytics.readAsWriter(watched, { org, source: source.name })).map((one) => [one.table, one.from_at]))
  const ever = [...seen.oldest.values()].sort()[0]
  const from = new Map<string, string | undefined>()
  for (const name of seen.streams) {
    const oldest = [seen.oldest.get(name) ?? ever, seen.since].filter((one) => one !== undefined).sort()[0]
    for (const table of connector.streams[name]?.produces ?? [])
      from.set(table, oldest === undefined ? from.get(table) : least(from.get(table), oldest))
  }
  const rows = [...from].map(([table, oldest]) => {
    const known = [standing.get(table), oldest].filter((one) => one !== undefined).sort()
    return {
      org_id: org,
      source: source.name,
      table,
      from_at: known[0] ?? seen.to,
      to_at: seen.to,
      open: false,
      raw_seq: 0,
      received_at: seen.to,
      seen_at: seen.to,
      is_deleted: 0 as const,
    }
  })
  await insertRows(analytics, 'coverage', rows)
}
