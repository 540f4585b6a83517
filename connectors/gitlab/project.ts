import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { repository } from '../../domain/repository.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Http, type Page } from '../../src/connector.ts'
import { walkLists, type ListPage } from '../../src/paging.ts'
import { find, whole } from './api.ts'
import { type Config, isAsked } from './config.ts'
import { id, type Item, maybe, words } from './payload.ts'

export const projectPayload = z.object({
  id,
  path_with_namespace: z.string().min(1),
  /** The paths under which the settings ask for it: one that it no longer has is a former name. */
  asked: z.array(z.string()).nullish(),
  name: words,
  web_url: words,
  default_branch: words,
  updated_at: maybe,
  last_activity_at: maybe,
})

export type Project = z.output<typeof projectPayload>

export function projectRows({ path_with_namespace, asked, name, web_url, default_branch }: Project): DomainRows {
  return {
    repositories: [
      rowOf(repository, {
        id: path_with_namespace,
        title: name ?? path_with_namespace,
        url: web_url,
        default_branch,
        previous_names: (asked ?? []).filter((one) => one !== path_with_namespace),
      }),
    ],
  }
}

/** The projects that are read. One that cannot be seen is left out: `check` names it. */
async function askProjects(ask: Ask<Config>): Promise<(Project & { raw: Item })[]> {
  const found = new Map<number, Item>()
  for (const path of ask.config.projects) {
    const answer = await find(ask, `/projects/${encodeURIComponent(path)}`)
    if (answer === null) {
      ask.log.warn('gitlab.project_missing', { project: path })
      continue
    }
    const { id } = projectPayload.parse(answer.body)
    const before = found.get(id)?.['asked'] as string[] | undefined
    found.set(id, { ...(answer.body as Item), asked: [...(before ?? []), path] })
  }
  if (ask.config.group !== undefined) {
    const query = { include_subgroups: true, with_shared: false, order_by: 'id', sort: 'desc' }
    for (const raw of await whole(ask, `/groups/${encodeURIComponent(ask.config.group)}/projects`, query)) {
      const { id } = projectPayload.parse(raw)
      if (!found.has(id)) found.set(id, raw)
    }
  }
  return [...found.values()].map((raw) => ({ ...projectPayload.parse(raw), raw }))
}

/** Every stream of a pull asks for them: the answer is kept for as long as the pull. */
const kept = new WeakMap<Http, { readonly begun: string; readonly projects: ReturnType<typeof askProjects> }>()

export function projectsOf(ask: Ask<Config>): ReturnType<typeof askProjects> {
  const before = kept.get(ask.http)
  if (before?.begun === ask.begun) return before.projects
  const projects = askProjects(ask)
  kept.set(ask.http, { begun: ask.begun, projects })
  projects.catch(() => kept.delete(ask.http))
  return projects
}

export const contextOf = ({ id, path_with_namespace, web_url }: Project) => ({ id, path_with_namespace, web_url })

export async function* pullProjects(ask: Ask<Config>): AsyncGenerator<Page> {
  const projects = await projectsOf(ask)
  const page = async (): Promise<ListPage> => ({
    items: projects.map(({ id, updated_at, last_activity_at, raw }) => pulled(String(id), updated_at ?? last_activity_at, raw)),
    next: null,
    total: projects.length,
  })
  if (isAsked(ask.config)) yield* walkLists(ask, 'projects', [{ key: 'projects', page }])
}
