import { z } from 'zod'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import { nextLink, readCursor } from '../../src/paging.ts'
import { read } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { item, later, repositoryRef, time, type Named } from './payload.ts'
import { user } from './person.ts'

export const repositoryPayload = z.object({
  /** Names under which it was asked for before. */
  asked: z.array(z.string()).default([]),
  action: z.string().optional(),
  changes: z
    .object({
      repository: z.object({ name: z.object({ from: z.string() }) }).optional(),
      owner: z.object({ from: z.object({ user, organization: z.object({ login: z.string() }).nullish() }) }).optional(),
    })
    .optional(),
  repository: repositoryRef.extend({ html_url: z.string().nullish(), default_branch: z.string().nullish(), updated_at: time.nullish() }),
})

export const repositoryName = ({ repository }: z.output<typeof repositoryPayload>): Named => [
  String(repository.id),
  later(repository.updated_at),
]

export const listedRepository = z.looseObject({
  id: z.number(),
  full_name: z.string(),
  name: z.string(),
  fork: z.boolean().default(false),
  html_url: z.string().nullish(),
  default_branch: z.string().nullish(),
  updated_at: time.nullish(),
  has_issues: z.boolean().optional(),
})
export interface Repository extends z.output<typeof listedRepository> {
  /** The name of the settings; null for one of the organization's. */
  readonly asked: string | null
}

/** Each stream of a sync needs them, and one sync has 16 streams: they are asked for once in so many minutes. */
const KEPT_MS = 5 * 60_000
const kept = new WeakMap<Config, { until: number; repositories: Promise<Repository[]> }>()

export function repositoriesOf(ask: Ask<Config>, isFresh = false): Promise<Repository[]> {
  const now = Date.parse(ask.begun)
  const known = kept.get(ask.config)
  if (!isFresh && known !== undefined && now <= known.until) return known.repositories
  const repositories = askRepositories(ask)
  kept.set(ask.config, { until: now + KEPT_MS, repositories })
  repositories.catch(() => kept.delete(ask.config))
  return repositories
}

async function askRepositories({ config, http, log }: Ask<Config>): Promise<Repository[]> {
  const { rest } = placeOf(config)
  const found = new Map<number, Repository>()
  for (const asked of config.repositories) {
    const answer = await http.get(`${rest}/repos/${asked}`, { allow: [404, 451] })
    if (answer.status !== 200) log.warn('github.repository_missing', { repository: asked, status: answer.status })
    else {
      const one = { ...read(listedRepository, answer.body, asked), asked }
      found.set(one.id, one)
    }
  }
  for (
    let page: string | null =
      config.organization === undefined ? null : `${rest}/orgs/${config.organization}/repos?per_page=100&sort=full_name`;
    page !== null;
  ) {
    const answer = await http.get(page)
    for (const one of read(z.array(listedRepository), answer.body, 'the organization'))
      if (!one.fork && !found.has(one.id)) found.set(one.id, { ...one, asked: null })
    page = nextLink(answer.headers)
  }
  if (found.size === 0)
    throw new AppError('source-failed', 'GitHub shows none of the repositories.', {
      help: 'Are their names right, and may the credential read them? `fairlead sources check` says which are missing.',
    })
  return [...found.values()]
}

export async function* pullRepositories(ask: Ask<Config>): AsyncGenerator<Page> {
  // The names that each had before, by its id: of an organization's repositories nothing else tells of a rename.
  const names = readCursor(z.record(z.string(), z.array(z.string())), ask.cursor) ?? {}
  const all = await repositoriesOf(ask, true)
  for (let start = 0; start < all.length; start += 100) {
    const items = all.slice(start, start + 100).map(({ asked, id, full_name, html_url, default_branch, updated_at }) => {
      const known = [...new Set([...(names[id] ?? []), ...(asked === null ? [] : [asked])])]
      names[id] = [...new Set([...known, full_name])]
      const repository = { id, full_name, html_url, default_branch, updated_at }
      return item(repositoryName, repositoryPayload, { asked: known.filter((one) => one !== full_name), repository })
    })
    ask.progress(start + items.length, all.length, 'repositories')
    yield { items, cursor: JSON.stringify(names) }
  }
}

export function repositoryRows({ asked, action, changes, repository }: z.output<typeof repositoryPayload>): DomainRows {
  const { full_name, html_url, default_branch } = repository
  const [owner = '', name = full_name] = full_name.split('/')
  const renamed = action === 'renamed' ? changes?.repository?.name.from : undefined
  const from = action === 'transferred' ? changes?.owner?.from : undefined
  const before = [
    ...asked,
    ...(renamed === undefined ? [] : [`${owner}/${renamed}`]),
    ...[from?.user?.login, from?.organization?.login].flatMap((login) => (login ? [`${login}/${name}`] : [])),
  ]
  const previous_names = [...new Set(before)].filter((one) => one.toLowerCase() !== full_name.toLowerCase()).sort()
  return { repositories: [{ id: full_name, title: name, url: html_url ?? null, default_branch: default_branch ?? null, previous_names }] }
}
