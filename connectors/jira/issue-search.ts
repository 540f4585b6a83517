import { z } from 'zod'
import type { Ask, Pulled } from '../../src/connector.ts'
import type { List, ListPage, Range } from '../../src/paging.ts'
import { isCloud, PER_PAGE, rest } from './api.ts'
import type { Config } from './config.ts'
import { moment } from './payload.ts'

/** A number without quotes is milliseconds since 1970; a text would be read in the time zone of the account, to the minute. */
function jqlOf({ jql }: Config, project: string | null, { since, until }: Range): string {
  const conditions = [
    project === null ? null : `project = "${project}"`,
    // Cloud refuses a search without any condition.
    since === null ? (project === null ? 'created >= "1970-01-01"' : null) : `updated >= ${Date.parse(since)}`,
    until === null ? null : `updated <= ${Date.parse(until)}`,
    jql === undefined ? null : `(${jql})`,
  ]
  return `${conditions.filter((one) => one !== null).join(' AND ')} ORDER BY updated DESC`
}

const foundIssue = z.looseObject({ id: z.string(), key: z.string(), fields: z.looseObject({ updated: moment }) })
export type FoundIssue = z.output<typeof foundIssue>

const foundPage = z.object({
  issues: z.array(foundIssue),
  nextPageToken: z.string().nullish(),
  startAt: z.number().nullish(),
  total: z.number().nullish(),
})

interface Search {
  readonly fields: readonly string[]
  readonly expand?: string | undefined
}

interface Found {
  readonly issues: FoundIssue[]
  readonly next: string | null
  readonly total: number | null
}

async function search(ask: Ask<Config>, jql: string, { fields, expand }: Search, page: string | null): Promise<Found> {
  const asked = { jql, maxResults: PER_PAGE, fields: fields.join(','), expand }
  if (isCloud(ask.config)) {
    const query = { ...asked, nextPageToken: page ?? undefined }
    const { status, body } = await ask.http.get(rest(ask.config, '/search/jql'), { query, allow: page === null ? [] : [400] })
    // A place in a list holds for seven days: a walk that rested longer begins again.
    if (status === 400) return search(ask, jql, { fields, expand }, null)
    const { issues, nextPageToken } = foundPage.parse(body)
    return { issues, next: nextPageToken ?? null, total: null }
  }
  const startAt = Number(page ?? 0)
  const { body } = await ask.http.get(rest(ask.config, '/search'), { query: { ...asked, startAt } })
  const { issues, total } = foundPage.parse(body)
  const end = startAt + issues.length
  return { issues, next: issues.length > 0 && end < (total ?? 0) ? String(end) : null, total: total ?? null }
}

/** One list of issues for each project, or one of all; an issue that changed becomes the items that `read` makes of it. */
export function issueLists(ask: Ask<Config>, asked: Search, read: (one: FoundIssue) => Pulled[] | Promise<Pulled[]>): List[] {
  const { projects } = ask.config
  return (projects.length > 0 ? projects : [null]).map((project) => ({
    key: project ?? 'all',
    async page(range, page): Promise<ListPage> {
      const { issues, next, total } = await search(ask, jqlOf(ask.config, project, range), asked, page)
      const items: Pulled[] = []
      for (const one of issues) items.push(...(await read(one)))
      return { items, next, total }
    },
  }))
}
