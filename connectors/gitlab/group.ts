import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { providerTeam } from '../../domain/provider-team.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page } from '../../src/connector.ts'
import { readCursor } from '../../src/paging.ts'
import { each, find, textOf, wholeOrNull } from './api.ts'
import type { Config } from './config.ts'
import { id, type Item, words } from './payload.ts'
import { projectsOf } from './project.ts'

const MAINTAINER = 40
const member = z.object({ id, username: z.string(), state: words, access_level: z.number().nullish() })

/** A group and all below it in one item: a group that is gone is in the newest no longer. */
export const groupsPayload = z.object({
  group: z.string().min(1),
  groups: z.array(
    z.object({
      full_path: z.string().min(1),
      name: z.string(),
      description: words,
      web_url: words,
      members: z.array(member),
      projects: z.array(z.string()),
    }),
  ),
})

/** Groups change seldom, and each costs a request: the schedule asks for them once a day, `sync teams` at once. */
const ASKED_EVERY_MS = 86_400_000

export async function* pullGroups(ask: Ask<Config>): AsyncGenerator<Page> {
  const { group } = ask.config
  const before = readCursor(z.object({ group: z.string(), at: z.iso.datetime() }), ask.cursor)
  if (group === undefined) return
  if (before?.group === group && Date.parse(ask.begun) - Date.parse(before.at) < ASKED_EVERY_MS) return
  const path = `/groups/${encodeURIComponent(group)}`
  const top = await find(ask, path)
  if (top === null) return
  const below = await wholeOrNull(ask, `${path}/descendant_groups`, { order_by: 'id', sort: 'asc' })
  if (below === null) return
  const projects = (await projectsOf(ask)).map((one) => one.path_with_namespace)
  const groups = await each([top.body as Item, ...below], async (one) => {
    const full_path = textOf(one, 'full_path') ?? ''
    const members = await wholeOrNull(ask, `/groups/${String(one['id'])}/members`, {})
    if (members === null) return null
    const { name, description, web_url } = one
    const own = projects.filter((project) => project.slice(0, project.lastIndexOf('/')) === full_path)
    const people = members.map(({ id: of, username, state, access_level }) => ({ id: of, username, state, access_level }))
    return { id: one['id'], full_path, name, description, web_url, members: people, projects: own }
  })
  // Of a group whose members may not be read it would seem that it has none.
  if (groups.includes(null)) return
  ask.progress(groups.length, groups.length, 'groups')
  yield { items: [pulled(group, null, { group, groups })], cursor: JSON.stringify({ group, at: ask.begun }) }
}

export function groupsRows({ groups }: z.output<typeof groupsPayload>): DomainRows {
  const paths = new Set(groups.map((one) => one.full_path))
  return {
    provider_teams: groups.map(({ full_path, name, description, web_url, members, projects }) => {
      const active = members.filter((one) => one.state !== 'blocked' && one.state !== 'deactivated')
      const above = full_path.slice(0, full_path.lastIndexOf('/'))
      const logins = (people: typeof active) => [...new Set(people.map((one) => one.username))].sort()
      return rowOf(providerTeam, {
        id: full_path,
        name,
        description: description || null,
        parent: paths.has(above) ? above : null,
        members: logins(active),
        maintainers: logins(active.filter((one) => (one.access_level ?? 0) >= MAINTAINER)),
        repositories: projects.toSorted(),
        url: web_url ?? null,
      })
    }),
  }
}
