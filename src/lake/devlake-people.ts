import { z } from 'zod'
import type { Identity } from '../../domain/person.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement, type Params } from '../store/statement.ts'
import { accountId, emailAccountId, id, markedTable, TOLD } from './devlake-table.ts'
import type { Roster } from './roster.ts'
import type { SmallRow } from './small-table.ts'

/** Where rows name somebody by what a tool calls them. */
const NAMED = [
  ['changes', 'author'],
  ['changes', 'merged_by'],
  ['reviews', 'author'],
  ['releases', 'author'],
  ['work_items', 'assignee'],
  ['work_items', 'reporter'],
  ['transitions', 'actor'],
  ['worklogs', 'author'],
] as const

/** Everybody whom rows name, as these name them. */
const accountsNamed = statement({
  name: 'lake.devlake.accounts',
  sql: `SELECT id, max(user_name) AS user_name, max(email) AS email, max(full_name) AS full_name FROM (
  ${NAMED.map(
    ([table, column]) =>
      `SELECT DISTINCT ${id(accountId(column, 'source'))[1]} AS id, toString(${column}) AS user_name, '' AS email, '' AS full_name FROM all_${table} WHERE org_id = {org:UUID} AND is_deleted = 0 AND ifNull(toString(${column}), '') != ''`,
  ).join('\n  UNION ALL ')}
  UNION ALL SELECT DISTINCT ${id(emailAccountId('author_email'))[1]}, '', lowerUTF8(author_email), author_name FROM all_commits WHERE org_id = {org:UUID} AND is_deleted = 0 AND author_email != ''
) GROUP BY id ORDER BY id`,
  row: z.object({ id: z.string(), user_name: z.string(), email: z.string(), full_name: z.string() }),
})

export const ACCOUNTS = markedTable('accounts', ['id'], { id: 'varchar', email: 'varchar', full_name: 'varchar', user_name: 'varchar' })
export const USERS = markedTable('users', ['id'], { id: 'varchar', email: 'varchar', name: 'varchar' })
export const USER_ACCOUNTS = markedTable('user_accounts', ['account_id'], { user_id: 'varchar', account_id: 'varchar' })
export const TEAMS = markedTable('teams', ['id'], {
  id: 'varchar',
  name: 'varchar',
  alias: 'varchar',
  parent_id: 'varchar',
  sorting_index: 'bigint',
})
export const TEAM_USERS = markedTable('team_users', ['team_id', 'user_id'], { team_id: 'varchar', user_id: 'varchar' })

/** Identities that the same tool calls the same are one account, as in the SQL above. */
const accountOf = ({ kind, provider, value }: Identity) => `fairlead:${kind}:${provider}:${value}`.slice(0, 255)
const cut = (value: string) => value.slice(0, 255)

export interface Staff {
  readonly accounts: readonly SmallRow[]
  readonly users: readonly SmallRow[]
  readonly links: readonly SmallRow[]
  readonly teams: readonly SmallRow[]
  readonly members: readonly SmallRow[]
}

/** Accounts are whom rows name and whom people are known as; a user is a person, with the accounts that are theirs. */
export async function readStaff(analytics: Analytics, org: string, roster: Roster, params: Params): Promise<Staff> {
  const accounts = new Map<string, SmallRow>()
  for (const one of await analytics.read(accountsNamed, { ...params, org }))
    accounts.set(one.id, {
      id: one.id,
      email: cut(one.email),
      full_name: cut(one.full_name),
      user_name: cut(one.user_name),
      _raw_data_table: TOLD,
    })
  const users: SmallRow[] = []
  const links: SmallRow[] = []
  for (const { id: user, name, identities } of roster.people) {
    const email = identities.find((one) => one.kind === 'email')?.value ?? ''
    users.push({ id: user, email: cut(email), name: cut(name), _raw_data_table: TOLD })
    for (const identity of identities) {
      const account = accountOf(identity)
      if (!accounts.has(account)) {
        const as = (kind: Identity['kind']) => (identity.kind === kind ? cut(identity.value) : '')
        accounts.set(account, { id: account, email: as('email'), full_name: as('name'), user_name: as('login'), _raw_data_table: TOLD })
      }
      links.push({ user_id: user, account_id: account, _raw_data_table: TOLD })
    }
  }
  const teamId = (slug: string) => cut(`fairlead:team:${slug}`)
  return {
    accounts: [...accounts.values()],
    users,
    links,
    teams: roster.teams.map(({ slug, name, parent }, index) => ({
      id: teamId(slug),
      name: cut(name),
      alias: cut(slug),
      parent_id: parent === null ? '' : teamId(parent),
      sorting_index: index,
      _raw_data_table: TOLD,
    })),
    members: roster.teams.flatMap(({ slug, members }) =>
      members.map((user) => ({ team_id: teamId(slug), user_id: user, _raw_data_table: TOLD })),
    ),
  }
}
