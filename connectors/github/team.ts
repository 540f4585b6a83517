import { z } from 'zod'
import { providerTeam } from '../../domain/provider-team.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page } from '../../src/connector.ts'
import { nextLink, readCursor } from '../../src/paging.ts'
import { isRefusal, read } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { DAY_MS } from './list.ts'
import { user } from './person.ts'
import { repositoriesOf } from './repository.ts'

const listedTeam = z.looseObject({ slug: z.string() })
const listedUser = z.object({ id: z.number(), login: z.string(), type: z.string().optional() })
const listedRepository = z.object({
  id: z.number(),
  full_name: z.string(),
  permissions: z
    .object({ admin: z.boolean().default(false), maintain: z.boolean().default(false) })
    .default({ admin: false, maintain: false }),
})

/** All teams of an organization in one item: a team that is gone is in the newest no longer. */
export const teamsPayload = z.object({
  organization: z.string().min(1),
  teams: z.array(
    z.object({
      slug: z.string().min(1),
      name: z.string(),
      description: z.string().nullish(),
      html_url: z.string().nullish(),
      parent: z.object({ slug: z.string() }).nullish(),
      members: z.array(user),
      maintainers: z.array(user),
      repositories: z.array(listedRepository),
    }),
  ),
})

/** Teams change seldom, and each costs three requests: the schedule asks for them once a day, `sync teams` at once. */
const ASKED_EVERY_MS = DAY_MS

export async function* pullTeams(ask: Ask<Config>): AsyncGenerator<Page> {
  const asked = readCursor(z.record(z.string(), z.iso.datetime()), ask.cursor) ?? {}
  const organizations = await organizationsOf(ask)
  for (const [index, organization] of organizations.entries()) {
    const before = asked[organization]
    if (before !== undefined && Date.parse(ask.begun) - Date.parse(before) < ASKED_EVERY_MS) continue
    try {
      const teams = await askTeams(ask, organization)
      asked[organization] = ask.begun
      ask.progress(index + 1, organizations.length, 'organizations')
      yield { items: [pulled(organization, null, { organization, teams })], cursor: JSON.stringify(asked) }
    } catch (thrown) {
      // Most credentials may not read teams, and nothing else needs them: they stay unknown.
      if (!isRefusal(thrown)) throw thrown
      ask.log.warn('github.unreadable', { list: organization, what: 'teams', reason: thrown.message })
    }
  }
}

/** That of the settings, and those that own the repositories of the settings. */
async function organizationsOf(ask: Ask<Config>): Promise<string[]> {
  const owner = z.object({ owner: z.object({ login: z.string(), type: z.literal('Organization') }) })
  const owners = (await repositoriesOf(ask)).flatMap((one) => owner.safeParse(one).data?.owner.login ?? [])
  return [...new Set([...(ask.config.organization === undefined ? [] : [ask.config.organization]), ...owners])]
}

/** All pages. What is not there is a refusal: a list that may not be read is not an empty one. */
async function listed<T>({ http, config, signal }: Ask<Config>, path: string, entries: z.ZodType<T[]>): Promise<T[]> {
  const whole: T[] = []
  for (let page: string | null = `${placeOf(config).rest}${path}`; page !== null;) {
    signal.throwIfAborted()
    const answer = await http.get(page)
    whole.push(...read(entries, answer.body, path))
    page = nextLink(answer.headers)
  }
  return whole
}

async function askTeams(ask: Ask<Config>, organization: string): Promise<unknown[]> {
  const teams: unknown[] = []
  for (const team of await listed(ask, `/orgs/${organization}/teams?per_page=100`, z.array(listedTeam))) {
    const path = `/orgs/${organization}/teams/${team.slug}`
    const members = await listed(ask, `${path}/members?per_page=100&role=member`, z.array(listedUser))
    const maintainers = await listed(ask, `${path}/members?per_page=100&role=maintainer`, z.array(listedUser))
    const repositories = await listed(ask, `${path}/repos?per_page=100`, z.array(listedRepository))
    teams.push({ ...team, members, maintainers, repositories })
  }
  return teams
}

/** Whoever may merge may do so in many repositories; whose it is, is who administers or maintains it. */
export function teamsRows({ organization, teams }: z.output<typeof teamsPayload>): DomainRows {
  const logins = (users: readonly z.output<typeof user>[]) => users.flatMap((one) => (one?.login ? [one.login] : [])).sort()
  return {
    provider_teams: teams.map(({ slug, name, description, html_url, parent, members, maintainers, repositories }) =>
      rowOf(providerTeam, {
        id: `${organization}/${slug}`,
        name,
        description: description || null,
        parent: parent ? `${organization}/${parent.slug}` : null,
        members: [...new Set(logins([...members, ...maintainers]))],
        maintainers: logins(maintainers),
        repositories: repositories.flatMap((one) => (one.permissions.admin || one.permissions.maintain ? [one.full_name] : [])).sort(),
        url: html_url ?? null,
      }),
    ),
  }
}
