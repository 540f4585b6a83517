import { pulled, type Ask, type Page, type Pulled } from '../../src/connector.ts'
import { walkLists, type List, type Range } from '../../src/paging.ts'
import { list, momentOf, type Query } from './api.ts'
import type { Config } from './config.ts'
import type { Item } from './payload.ts'
import { contextOf, type Project, projectsOf } from './project.ts'

/** One list for each project. `query` says how it is asked, `read` what becomes of what it gives. */
export function lists(
  path: string,
  query: (range: Range) => Query,
  read: (ask: Ask<Config>, found: readonly Item[], project: Project) => Promise<readonly Pulled[]>,
  options: { more?: string; stop?: (found: readonly Item[], range: Range) => boolean } = {},
) {
  return (ask: Ask<Config>, projects: readonly Project[]): List[] =>
    projects.map((project) => ({
      key: `${project.id}${options.more ?? ''}`,
      async page(range, page) {
        const { found, next, total } = await list(ask, `/projects/${project.id}/${path}`, query(range), page)
        return { items: await read(ask, found, project), next: options.stop?.(found, range) === true ? null : next, total }
      },
    }))
}

export type Read = Parameters<typeof lists>[2]

export function pullLists(what: string, ...makers: readonly ReturnType<typeof lists>[]) {
  return async function* (ask: Ask<Config>): AsyncGenerator<Page> {
    const projects = await projectsOf(ask)
    yield* walkLists(
      ask,
      what,
      makers.flatMap((make) => make(ask, projects)),
    )
  }
}

export const updated = ({ since, until }: Range): Query => ({
  order_by: 'updated_at',
  sort: 'desc',
  updated_after: since ?? undefined,
  updated_before: until ?? undefined,
})

/** Each thing of a list as an item, with its project; `at` names the fields that may hold its moment. */
export const told =
  (idOf: (one: Item, project: Project) => string, ...at: string[]) =>
  async (_ask: Ask<Config>, found: readonly Item[], project: Project) =>
    found.map((one) => pulled(idOf(one, project), momentOf(one, ...at), { ...one, project: contextOf(project) }))
