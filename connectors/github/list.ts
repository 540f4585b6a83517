import { z } from 'zod'
import { utc, type Ask, type Page, type Pulled } from '../../src/connector.ts'
import { answeredStatus, type AppError } from '../../src/errors.ts'
import { nextLink, walkLists, type List } from '../../src/paging.ts'
import { askEach, isRefusal, read } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { time } from './payload.ts'
import { repositoriesOf, type Repository } from './repository.ts'

/** What GraphQL lists by its last change. */
export type Changing = 'pullRequests' | 'issues'

/**
 * Each list for itself, so that one that is refused stays where it stood and does not stop the others. Where all are forbidden the stream has
 * seen nothing, and says so.
 */
async function* walk(ask: Ask<Config>, what: string, lists: readonly List[]): AsyncGenerator<Page> {
  let { cursor } = ask
  let forbidden: AppError | null = null
  let isRead = false
  for (const list of lists) {
    try {
      for await (const page of walkLists({ ...ask, cursor }, what, [list])) {
        cursor = page.cursor
        yield page
      }
      isRead = true
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      // 410: switched off, as issues are where they are kept elsewhere.
      if (answeredStatus(thrown) === 410) continue
      ask.log.warn('github.unreadable', { list: list.key, what, reason: thrown.message })
      if (answeredStatus(thrown) === 403) forbidden = thrown
    }
  }
  if (forbidden !== null && !isRead) throw forbidden
}

export const isWithin = (moment: string, { since, until }: { readonly since: string | null; readonly until: string | null }) =>
  (since === null || utc(moment) >= since) && (until === null || utc(moment) <= until)
export const DAY_MS = 86_400_000
export const daysBefore = (moment: string | null, days: number) =>
  moment === null ? null : new Date(Date.parse(moment) - days * DAY_MS).toISOString()

/** Of what is rare, and whose list is cheap. */
export const LATE_DAYS = 30

interface RestList<T> {
  readonly key: string
  readonly path: string
  readonly query?: (since: string | null) => Record<string, string | undefined>
  readonly perPage?: number
  readonly entries: z.ZodType<T[]>
  /** By what the list is ordered, newest first. */
  readonly moment: (entry: T) => string
  /** How much older than `since` an entry may be and still have changed. */
  readonly lateDays?: number
  readonly items: (entry: T, range: { since: string | null; until: string | null }) => Pulled[] | Promise<Pulled[]>
}

export function restList<T>({ http, config }: Ask<Config>, list: RestList<T>): List {
  return {
    key: list.key,
    async page(range, page) {
      const first = { query: { per_page: list.perPage ?? 100, ...list.query?.(range.since) } }
      const answer = page === null ? await http.get(`${placeOf(config).rest}${list.path}`, first) : await http.get(page)
      const entries = read(list.entries, answer.body, list.path)
      const earliest = daysBefore(range.since, list.lateDays ?? 0)
      const wanted = entries.filter((entry) => isWithin(list.moment(entry), { since: earliest, until: range.until }))
      const items: Pulled[] = []
      for (const entry of wanted) items.push(...(await list.items(entry, range)))
      const oldest = entries.at(-1)
      const isEnd = earliest !== null && oldest !== undefined && utc(list.moment(oldest)) < earliest
      return { items, next: isEnd ? null : nextLink(answer.headers) }
    },
  }
}

/** The lists of each repository. With `of`, they are told when its last change was, where that is known. */
export async function* eachRepository(
  ask: Ask<Config>,
  what: string,
  lists: (repository: Repository, newest: string | undefined) => readonly List[],
  of: Changing | null = null,
): AsyncGenerator<Page> {
  const repositories = await repositoriesOf(ask)
  // Most repositories are still between two pulls: one query says of 50 which are not.
  const newest = of === null || (ask.cursor === null && ask.since === null) ? null : await askNewest(ask, repositories, of)
  yield* walk(
    ask,
    what,
    repositories.flatMap((repository) => lists(repository, newest?.get(repository.id))),
  )
}

async function askNewest(ask: Ask<Config>, repositories: readonly Repository[], of: Changing): Promise<Map<number, string>> {
  const fields = `newest:${of}(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){nodes{updatedAt}}`
  const node = z.object({ newest: z.object({ nodes: z.array(z.object({ updatedAt: time })) }) })
  const found = await askEach(ask, repositories, { query: 'Newest', fields }, node)
  // Where there is none at all, there is none that is new.
  return new Map([...found].map(([id, { newest }]) => [id, newest.nodes[0]?.updatedAt ?? new Date(0).toISOString()]))
}

/** Of a list that REST orders by the last change. */
export const changed = (since: string | null) => ({ sort: 'updated', direction: 'desc', since: since ?? undefined })
