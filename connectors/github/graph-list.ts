import { z } from 'zod'
import { pulled, utc, type Ask, type Page, type Pulled } from '../../src/connector.ts'
import type { List } from '../../src/paging.ts'
import { anything, askGraph, connectionOf, nextOf, ofSize, PAGE, read, variablesOf, type Anything } from './ask.ts'
import type { Config } from './config.ts'
import { daysBefore, eachRepository, isWithin, LATE_DAYS, type Changing } from './list.ts'
import { time } from './payload.ts'
import type { Repository } from './repository.ts'

/** A list inside of each pull request or issue, whole: what does not fit into the first answer is asked for. */
interface Inner {
  readonly field: string
  readonly nodes: string
  readonly types?: string
}
const innerOf = ({ field, nodes, types }: Inner, after: string) =>
  `${field}(first:100${after}${types === undefined ? '' : `,itemTypes:[${types}]`}){${PAGE} nodes{${nodes}}}`

interface GraphList {
  readonly of: Changing
  readonly query: string
  readonly first: number
  readonly fields?: string
  readonly inner?: Inner
  readonly lateDays?: number
  /** When the last change was, where that is known. */
  readonly newest?: string | undefined
  readonly items: (node: Anything & { number: number; updatedAt: string }, inner: Anything[]) => Pulled[]
}

/** Pull requests or issues, last changed first. */
export function graphList(ask: Ask<Config>, repository: Repository, list: GraphList): List {
  const { of, query, fields = '', inner } = list
  const node = z.looseObject({ number: z.int(), updatedAt: time })
  const answer = z.object({ repository: z.object({ [of]: connectionOf(node) }).nullable() })
  const text = `query ${query}($owner:String!,$name:String!,$first:Int!,$after:String){repository(owner:$owner,name:$name){${of}(first:$first,after:$after,orderBy:{field:UPDATED_AT,direction:DESC}){totalCount ${PAGE} nodes{number updatedAt ${fields} ${inner === undefined ? '' : innerOf(inner, '')}}}}}`
  return {
    key: String(repository.id),
    async page(range, page) {
      const since = daysBefore(range.since, list.lateDays ?? 0)
      if (page === null && since !== null && list.newest !== undefined && utc(list.newest) < since) return { items: [], next: null }
      const answered = await ofSize(list.first, (first) => askGraph(ask, text, { ...variablesOf(repository), first, after: page }, answer))
      const found = answered.repository?.[of]
      if (found === undefined) return { items: [], next: null }
      const items: Pulled[] = []
      for (const one of found.nodes)
        if (isWithin(one.updatedAt, { since, until: range.until }))
          items.push(...list.items(one, inner === undefined ? [] : await wholeOf(ask, repository, list, one, inner)))
      const oldest = found.nodes.at(-1)
      const isEnd = since !== null && oldest !== undefined && utc(oldest.updatedAt) < since
      return { items, next: isEnd ? null : nextOf(found), total: range.since === null ? (found.totalCount ?? null) : null }
    },
  }
}

async function wholeOf(
  ask: Ask<Config>,
  repository: Repository,
  { of, query }: GraphList,
  node: Anything & { number: number },
  inner: Inner,
): Promise<Anything[]> {
  const connection = connectionOf(anything)
  const single = of === 'issues' ? 'issue' : 'pullRequest'
  const text = `query ${query}More($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){${single}(number:$number){${innerOf(inner, ',after:$after')}}}}`
  const answer = z.object({ repository: z.object({ [single]: z.object({ [inner.field]: connection }) }) })
  // A change whose files are too many for GitHub to tell has none.
  let page = read(connection.nullable(), node[inner.field] ?? null, inner.field)
  const whole = [...(page?.nodes ?? [])]
  for (let after = page === null ? null : nextOf(page); after !== null; after = page === null ? null : nextOf(page)) {
    const found = await askGraph(ask, text, { ...variablesOf(repository), number: node.number, after }, answer)
    page = found.repository[single]?.[inner.field] ?? null
    whole.push(...(page?.nodes ?? []))
  }
  return whole
}

/** One such list of each repository. */
export const graphLists = (
  ask: Ask<Config>,
  what: string,
  of: Changing,
  listOf: (repository: Repository) => Omit<GraphList, 'of' | 'newest'>,
): AsyncGenerator<Page> =>
  eachRepository(ask, what, (repository, newest) => [graphList(ask, repository, { ...listOf(repository), of, newest })], of)

interface RefList<T> {
  readonly of: 'refs' | 'releases'
  readonly query: string
  readonly order: string
  readonly node: z.ZodType<T>
  readonly fields: string
  readonly entry: (node: T) => {
    readonly id: string
    readonly at: string | null
    /** By what the list is ordered. */
    readonly moment: string | null
    readonly payload: unknown
  }
}

/** Tags or releases, newest first. All of them, not only those of a rule: another rule then needs a replay and no pull. */
export function refList<T>(ask: Ask<Config>, repository: Repository, { of, query, order, node, fields, entry }: RefList<T>): List {
  const answer = z.object({ repository: z.object({ [of]: connectionOf(node) }).nullable() })
  const text = `query ${query}($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){${of}(first:100,after:$after,${order}){totalCount ${PAGE} nodes{${fields}}}}}`
  return {
    key: String(repository.id),
    async page({ since, until }, page) {
      const found = (await askGraph(ask, text, { ...variablesOf(repository), after: page }, answer)).repository?.[of]
      if (found === undefined) return { items: [], next: null }
      const dated = found.nodes.map(entry)
      const earliest = daysBefore(since, LATE_DAYS)
      const isOld = ({ moment }: { moment: string | null }) => earliest !== null && moment !== null && moment < earliest
      const items = dated.filter((one) => !isOld(one) && (until === null || one.moment === null || one.moment <= until))
      const oldest = dated.at(-1)
      const next = oldest !== undefined && isOld(oldest) ? null : nextOf(found)
      return {
        items: items.map(({ id, at, payload }) => pulled(id, at, payload)),
        next,
        total: since === null ? (found.totalCount ?? null) : null,
      }
    },
  }
}
