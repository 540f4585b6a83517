import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Git } from '../connector.ts'
import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import { connectorOf, type Source, type Sources } from '../source/sources.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import type { Journal } from './journal.ts'

export interface PullOptions {
  /** From the beginning, not from where the last pull ended. */
  readonly full: boolean
  readonly signal: AbortSignal
  progress(done: number, total: number | null, what: string): void
}

export interface Pull {
  readonly source: string
  readonly items: number
  readonly streams: Readonly<Record<string, number>>
  readonly seconds: number
  /** The journal number of the last item; what was pulled is visible when the applier has come this far. */
  readonly last: number
}

const watched = statement({
  name: 'pull.watched',
  sql: 'SELECT table, from_at FROM all_coverage FINAL WHERE org_id = {org:UUID} AND source = {source:String}',
  row: z.object({ table: z.string(), from_at: z.string() }),
})

/** Pulls every stream of a source into the journal. A cursor is saved only after the items before it are on disk. */
export async function pullSource(
  parts: { registry: Registry; sources: Sources; journal: Journal; analytics: Analytics; git: Git; clock: Clock; log: Log },
  org: string,
  source: Source,
  options: PullOptions,
): Promise<Pull> {
  const { registry, sources, journal, analytics, git, clock, log } = parts
  const started = clock.now()
  const connector = connectorOf(registry, source.connector)
  const config = await sources.configOf(org, source.name, source.connector)
  const streams: Record<string, number> = {}
  let oldest: string | null = null
  let last = journal.stats().head
  try {
    for (const [name, stream] of Object.entries(connector.streams)) {
      if (stream.pull === undefined) continue
      streams[name] = 0
      const cursor = options.full ? null : (source.cursors[name] ?? null)
      const ask = { config, cursor, git, signal: options.signal, log, progress: options.progress }
      for await (const page of stream.pull(ask as never)) {
        if (page.items.length > 0) {
          const received_at = instant(clock.now())
          const appended = await journal.append(
            page.items.map((item) => ({
              org,
              source: source.name,
              connector: source.connector,
              stream: name,
              ...item,
              received_at,
              headers: null,
            })),
          )
          last = appended.last
          streams[name] += page.items.length
        }
        for (const { at } of page.items) if (at !== null && (oldest === null || at < oldest)) oldest = at
        if (page.cursor !== null) await sources.saveCursor(org, source, name, page.cursor)
      }
    }
    await noteCoverage(analytics, org, source, connector.streams, oldest, instant(started))
    await sources.succeeded(org, source)
  } catch (thrown) {
    await sources.failed(org, source, asAppError(thrown).message)
    throw thrown
  }
  const items = Object.values(streams).reduce((sum, count) => sum + count, 0)
  return { source: source.name, items, streams, seconds: (clock.now() - started) / 1000, last }
}

/** A pull has seen everything from the oldest thing that the source told (a repository’s first commit), up to the moment at which it began. */
async function noteCoverage(
  analytics: Analytics,
  org: string,
  source: Source,
  streams: Readonly<Record<string, { readonly pull?: unknown; readonly produces: readonly string[] }>>,
  oldest: string | null,
  to_at: string,
): Promise<void> {
  const standing = new Map((await analytics.readAsWriter(watched, { org, source: source.name })).map((one) => [one.table, one.from_at]))
  const tables = new Set(Object.values(streams).flatMap((stream) => (stream.pull === undefined ? [] : stream.produces)))
  const rows = [...tables].map((table) => {
    const known = [standing.get(table), oldest].filter((one) => one !== undefined && one !== null).sort()
    const from_at = known[0] ?? to_at
    return {
      org_id: org,
      source: source.name,
      table,
      from_at,
      to_at,
      open: false,
      raw_seq: 0,
      received_at: to_at,
      seen_at: to_at,
      is_deleted: 0 as const,
    }
  })
  await insertRows(analytics, 'coverage', rows)
}
