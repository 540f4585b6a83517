import { z } from 'zod'
import type { Ask } from '../../src/connector.ts'
import type { List, ListPage } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { numbered } from './payload.ts'

export const PER_PAGE = 100

/** Not there, not in this edition, or not for this account: an empty list; `check` names it. A kanban board has no sprints and says 400. */
export const ABSENT = [400, 403, 404]

export function isCloud({ email }: Config): boolean {
  return email !== undefined
}

/** The path of the platform's API: Cloud has taken the search of version 2 away. */
export function rest(config: Config, path: string): string {
  return `/rest/api/${isCloud(config) ? 3 : 2}${path}`
}

const valuesPage = z.object({
  values: z.array(z.looseObject({ id: numbered })),
  isLast: z.boolean().nullish(),
  total: z.number().nullish(),
})

/** One page of a list that Jira gives by `startAt`; null where there is none for this account. */
export async function readValues({ http }: Ask<Config>, path: string, page: string | null, query: Record<string, string | undefined> = {}) {
  const startAt = Number(page ?? 0)
  const { status, body } = await http.get(path, { query: { ...query, startAt, maxResults: 50 }, allow: ABSENT })
  if (status >= 300) return null
  const { values, isLast, total } = valuesPage.parse(body)
  const end = startAt + values.length
  const isEnd = isLast ?? end >= (total ?? end)
  return { values, next: isEnd || values.length === 0 ? null : String(end) }
}

export type Values = z.output<typeof valuesPage>['values']

export async function readAll(ask: Ask<Config>, path: string, query?: Record<string, string | undefined>): Promise<Values | null> {
  const all: Values = []
  let at: string | null = null
  do {
    const found: Awaited<ReturnType<typeof readValues>> = await readValues(ask, path, at, query)
    if (found === null) return null
    all.push(...found.values)
    at = found.next
  } while (at !== null)
  return all
}

/** These lists are short, and do not say what changed: they are asked whole, each time. */
export function listOf(key: string, page: (page: string | null) => Promise<ListPage>): List {
  return { key, page: (_range, at) => page(at) }
}

const fieldList = z.array(z.object({ id: z.string(), name: z.string(), schema: z.object({ custom: z.string().nullish() }).nullish() }))

export async function readFields({ http, config }: Ask<Config>) {
  const { status, body } = await http.get(rest(config, '/field'), { allow: ABSENT })
  return status < 300 ? fieldList.parse(body) : []
}

const projectList = z.array(z.looseObject({ key: z.string() }))

export async function projectKeys(ask: Ask<Config>): Promise<string[]> {
  if (ask.config.projects.length > 0) return ask.config.projects
  const path = rest(ask.config, isCloud(ask.config) ? '/project/search' : '/project')
  const found = isCloud(ask.config) ? await readAll(ask, path) : (await ask.http.get(path)).body
  return projectList.parse(found ?? []).map(({ key }) => key)
}
