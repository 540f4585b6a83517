import { z } from 'zod'
import type { Ask } from '../../src/connector.ts'
import { answeredStatus } from '../../src/errors.ts'
import { nextLink } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { type Item, moment } from './payload.ts'

export type Query = Record<string, string | number | boolean | undefined>
const DAY_MS = 86_400_000
const items = z.array(z.looseObject({}))
export const textOf = (one: Item, field: string) => (typeof one[field] === 'string' ? one[field] : null)

export const momentOf = (one: Item, ...fields: string[]) =>
  fields.reduce<string | null>((found, field) => found ?? moment(textOf(one, field) ?? ''), null)

export const earlier = (moment: string, days: number) => new Date(Date.parse(moment) - days * DAY_MS).toISOString()

/** Asks for what may not be there. A 403 may be a limit that waiting mends, so the client judges it and not `allow`. */
export async function get({ http }: Ask<Config>, path: string, query: Query = {}, refused: readonly number[] = [403]) {
  try {
    return await http.get(`/api/v4${path}`, { query, allow: [404, 410] })
  } catch (thrown) {
    const status = answeredStatus(thrown)
    if (status === null || !refused.includes(status)) throw thrown
    return { status, headers: new Headers(), body: null }
  }
}

/** Null for what is not there, not switched on, not allowed: `check` names it, and the rest is pulled all the same. */
export async function find(ask: Ask<Config>, path: string, query?: Query) {
  const answer = await get(ask, path, query)
  return answer.status === 200 ? answer : null
}

function nextOf(headers: Headers, asked: Query): string | null {
  const link = nextLink(headers)
  if (link !== null) return new URL(link, 'http://gitlab').search.slice(1)
  const page = headers.get('x-next-page')
  if (!page) return null
  const said = Object.entries({ ...asked, page }).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const]))
  return new URLSearchParams(Object.fromEntries(said)).toString()
}

/** GitLab counts no further than 50,000 by page number. From page 400 on the walk goes on by time, with the last millisecond once more. */
const DEEPEST = 400

function withoutDepth(next: string | null, asked: Query, last: Item | undefined): string | null {
  const updated = last === undefined ? null : momentOf(last, 'updated_at')
  const query = new URLSearchParams(next ?? '')
  if (next === null || updated === null || asked['order_by'] !== 'updated_at' || !(Number(query.get('page')) > DEEPEST)) return next
  query.delete('page')
  query.set('updated_before', new Date(Date.parse(updated) + 1).toISOString())
  return query.toString()
}

/**
 * One page of a list. `page` is the query of the next page as GitLab links it, and not its address: behind a proxy GitLab often names
 * itself otherwise than it is reached.
 */
export async function list(ask: Ask<Config>, path: string, query: Query, page: string | null) {
  const asked = page === null ? query : Object.fromEntries(new URLSearchParams(page))
  const answer = await find(ask, path, { per_page: 100, ...asked })
  if (answer === null) return { found: [], next: null, total: 0, isRefused: true }
  const found = items.parse(answer.body) as Item[]
  const total = Number(answer.headers.get('x-total') ?? Number.NaN)
  return {
    found,
    next: withoutDepth(nextOf(answer.headers, asked), asked, found.at(-1)),
    total: Number.isNaN(total) ? null : total,
    isRefused: false,
  }
}

export async function whole(ask: Ask<Config>, path: string, query: Query): Promise<Item[]> {
  return (await wholeOrNull(ask, path, query)) ?? []
}

/** Null where it may not be read: that is not the same as empty. */
export async function wholeOrNull(ask: Ask<Config>, path: string, query: Query): Promise<Item[] | null> {
  const all: Item[] = []
  for (let page: string | null = null; ;) {
    ask.signal.throwIfAborted()
    const { found, next, isRefused } = await list(ask, path, query, page)
    if (isRefused) return null
    all.push(...found)
    if (next === null) return all
    page = next
  }
}

/** In order, and a few at once: each costs a request. */
export async function each<T>(list: readonly Item[], work: (one: Item) => Promise<T>): Promise<T[]> {
  const done: T[] = []
  for (let start = 0; start < list.length; start += 4) done.push(...(await Promise.all(list.slice(start, start + 4).map(work))))
  return done
}
