import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Ask, Page, Pulled } from './connector.ts'

/**
 * How a connector walks the paged lists of a stream so that it can be stopped after any page and goes on from there, and asks the next time only for what
 * changed since. A stream may have several lists (one for each repository); each has its own place in the cursor.
 */
export interface List {
  /** Names the list in the cursor: the repository, the project. */
  readonly key: string
  /**
   * One page. `since` is the moment from which changes are wanted, null for all; `until` likewise. `page` is what the page before gave as
   * `next`, null for the first. A list that is asked by page number must be newest first: an item that changes meanwhile then moves to where
   * it is seen again, and never past the reader.
   */
  page(range: Range, page: string | null): Promise<ListPage>
}

/** What is asked for, RFC 3339; null for no bound. */
export interface Range {
  readonly since: string | null
  readonly until: string | null
}

export interface ListPage {
  readonly items: readonly Pulled[]
  readonly next: string | null
  /** How many the list has in all, where the tool says. */
  readonly total?: number | null
}

/** What changed while a pull ran, or on a server whose clock is behind, is asked for again. */
export const OVERLAP_MS = 10 * 60_000

const place = z.object({
  /** All changes up to here are stored; null for none yet. */
  since: z.string().nullable(),
  /** A walk that was stopped: where it goes on, when it began, and from when it asks. */
  walk: z.object({ page: z.string(), begun: z.string(), since: z.string().nullable() }).optional(),
})
const cursor = z.record(z.string(), place)

export async function* walkLists<C>(ask: Ask<C>, what: string, lists: readonly List[]): AsyncGenerator<Page> {
  const places = readCursor(cursor, ask.cursor) ?? {}
  let done = 0
  let total: number | null = 0
  for (const list of lists) {
    const standing = places[list.key] ?? { since: null }
    const begun = standing.walk?.begun ?? ask.begun
    const since = standing.walk === undefined ? (ask.since ?? overlapped(standing.since)) : standing.walk.since
    let page: string | null = standing.walk?.page ?? null
    let counted = false
    do {
      ask.signal.throwIfAborted()
      const found: ListPage = await list.page({ since, until: ask.until }, page)
      if (!counted) {
        counted = true
        total = total === null || found.total === undefined || found.total === null ? null : total + found.total
      }
      page = found.next
      done += found.items.length
      places[list.key] = page === null ? { since: begun } : { since: standing.since, walk: { page, begun, since } }
      ask.progress(done, total, what)
      yield { items: found.items, cursor: JSON.stringify(places) }
    } while (page !== null)
  }
}

const seen = z.record(z.string(), z.string())
const CHANGED_A_PAGE = 200

/**
 * A list that the tool gives whole each time and without a time of change: told is what is not as it was when the last pull saw it. The cursor
 * keeps a short digest of each, so that nothing is kept twice.
 */
export async function* walkChanged<C>(ask: Ask<C>, what: string, all: readonly Pulled[]): AsyncGenerator<Page> {
  const before = readCursor(seen, ask.cursor) ?? {}
  const digests = new Map(all.map(({ id, payload }) => [id, createHash('sha256').update(payload).digest('hex').slice(0, 16)]))
  const changed = all.filter(({ id }) => before[id] !== digests.get(id))
  const pending = new Set(changed.map(({ id }) => id))
  for (let from = 0; from === 0 || from < changed.length; from += CHANGED_A_PAGE) {
    ask.signal.throwIfAborted()
    const items = changed.slice(from, from + CHANGED_A_PAGE)
    for (const { id } of items) pending.delete(id)
    ask.progress(from + items.length, changed.length, what)
    // What is gone is forgotten; should it come back, it is told again.
    const told = [...digests].flatMap(([id, digest]) => {
      const known = pending.has(id) ? before[id] : digest
      return known === undefined ? [] : [[id, known]]
    })
    yield { items, cursor: JSON.stringify(Object.fromEntries(told)) }
  }
}

function overlapped(since: string | null): string | null {
  return since === null ? null : new Date(Date.parse(since) - OVERLAP_MS).toISOString()
}

/** A cursor that cannot be read starts from nothing: everything is pulled once more, and means the same. */
export function readCursor<T>(schema: z.ZodType<T>, text: string | null): T | null {
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/** The address of the next page in a `Link` header (RFC 8288), or null. */
export function nextLink(headers: Headers): string | null {
  for (const link of (headers.get('link') ?? '').split(/,(?=\s*<)/)) {
    const found = /<([^>]*)>(.*)/.exec(link)
    if (found !== null && /;\s*rel="?next"?/i.test(found[2] ?? '')) return found[1] ?? null
  }
  return null
}
