import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { mailmapEntry } from '../../domain/mailmap-entry.ts'
import { providerTeam } from '../../domain/provider-team.ts'
import { looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { wholeOf, type Lake, type Row } from './lake.ts'
import { account } from './value.ts'

/** Accounts by their ids, as they stand in a payload. */
export async function accountsOf(lake: Lake, ids: Iterable<unknown>): Promise<(id: unknown) => Row | null> {
  const found = new Map((await lake.rows('accounts', 'id', ids)).map(({ id, ...rest }) => [id, rest]))
  return (id) => found.get(id) ?? null
}

const user = z.object({ id: z.string(), name: looseText(), email: looseText(), accounts: z.array(account) })
export const usersPayload = z.object({ users: z.array(user) })
const team = z.object({ id: z.string(), name: looseText(), alias: looseText(), parent_id: looseText(), members: z.array(user) })
export const teamsPayload = z.object({ teams: z.array(team) })

/** Users with the accounts that somebody said are theirs. */
async function usersOf(lake: Lake): Promise<Row[]> {
  const [users, links] = await Promise.all([lake.whole('users'), lake.whole('user_accounts')])
  const known = await accountsOf(
    lake,
    links.map((row) => row['account_id']),
  )
  const byUser = new Map<unknown, (Row | null)[]>()
  for (const { user_id, account_id } of links) byUser.set(user_id, [...(byUser.get(user_id) ?? []), known(account_id)])
  return users.map((row) => ({ ...row, accounts: (byUser.get(row['id']) ?? []).filter((one) => one !== null) }))
}

export const pullUsers = (ask: Ask<Config>): AsyncIterable<Page> =>
  wholeOf(ask, 'users', async (lake) => (lake.has('users') ? { users: await usersOf(lake) } : null))

export const pullTeams = (ask: Ask<Config>): AsyncIterable<Page> =>
  wholeOf(ask, 'teams', async (lake) => {
    if (!lake.has('teams')) return null
    const [teams, members, users] = await Promise.all([lake.whole('teams'), lake.whole('team_users'), usersOf(lake)])
    const byId = new Map(users.map((row) => [row['id'], row]))
    return {
      teams: teams.map((row) => ({
        ...row,
        members: members.filter((one) => one['team_id'] === row['id']).flatMap((one) => byId.get(one['user_id']) ?? []),
      })),
    }
  })

/** That several addresses are one person's is said as a `.mailmap` says it, and read by the same rules. */
export function userRows({ users }: z.output<typeof usersPayload>): DomainRows {
  const entries = new Map<string, { old_email: string; name: string | null; email: string }>()
  for (const { name, email, accounts } of users) {
    const own = [email, ...accounts.map((one) => one?.email ?? null)].filter((one) => one !== null)
    const [first] = own
    if (first === undefined) continue
    for (const address of own) {
      const old = address.toLowerCase()
      if (!entries.has(old)) entries.set(old, { old_email: old, name, email: first })
    }
  }
  return { mailmap_entries: [...entries.values()].map((one) => rowOf(mailmapEntry, { repository: 'DevLake', old_name: '', ...one })) }
}

/** A member without any login is named all the same, so that it shows that somebody is missing. */
function loginsOf({ id, name, email, accounts }: z.output<typeof user>): readonly string[] {
  const logins = accounts.flatMap((known) => known?.user_name ?? [])
  return logins.length > 0 ? logins : [email ?? name ?? id]
}

export function teamRows({ teams }: z.output<typeof teamsPayload>): DomainRows {
  // Two teams may have one name.
  const names = new Map<string, string>()
  for (const one of teams) {
    const name = `devlake/${one.alias ?? one.name ?? one.id}`
    names.set(one.id, [...names.values()].includes(name) ? `devlake/${one.id}` : name)
  }
  return {
    provider_teams: teams.map((one) =>
      rowOf(providerTeam, {
        id: names.get(one.id) ?? one.id,
        name: one.name ?? one.alias ?? one.id,
        parent: one.parent_id === null ? null : (names.get(one.parent_id) ?? null),
        members: [...new Set(one.members.flatMap(loginsOf))].sort(),
        maintainers: [],
        repositories: [],
      }),
    ),
  }
}
