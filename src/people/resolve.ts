import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { email, isBotName, keyOf, login, nameOf, type Identity } from '../../domain/person.ts'
import { AppError } from '../errors.ts'
import type { Queries } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { insertPeople, mappingsOf, noteSeen } from './people-rows.ts'

/** Somebody whom a text names. */
export interface Resolved {
  readonly id: string
  readonly name: string
  /** Set where nobody was known under it: `addResolved` makes the person. */
  readonly fresh: Identity | null
}

const byLogin = statement({
  name: 'people.by_login',
  sql: `SELECT lower(i.value) AS login, p.id, p.name FROM identity_mappings AS i JOIN people AS p ON p.org_id = i.org_id AND p.id = i.person_id
WHERE i.org_id = {org:uuid} AND i.kind = 'login' AND lower(i.value) = ANY({logins:text[]}) GROUP BY 1, 2, 3`,
  row: z.object({ login: z.string(), id: z.string(), name: z.string() }),
})
const namesOf = statement({
  name: 'people.names',
  sql: 'SELECT id, name FROM people WHERE org_id = {org:uuid} AND id = ANY({ids:uuid[]})',
  row: z.object({ id: z.string(), name: z.string() }),
})

/** Null for a login without its tool, which says no identity by itself. */
function identityIn(text: string): Identity | null {
  const [, provider, rest] = /^([a-z][\w-]*):(.+)$/s.exec(text) ?? []
  if (provider !== undefined && rest !== undefined) return login(provider, rest)
  return text.includes('@') ? email(text) : null
}

/** People by e-mail, `github:login`, or a login that only one of them has. Whom nobody has seen yet is a person all the same. */
export async function resolvePeople(tx: Queries, org: string, texts: readonly string[]): Promise<ReadonlyMap<string, Resolved>> {
  const asked = new Map([...new Set(texts)].map((text) => [text, identityIn(text)]))
  const identities = [...asked.values()].filter((one) => one !== null)
  const mappings = await tx.query(mappingsOf, { org, rows: JSON.stringify(identities) })
  const owners = new Map(mappings.map((one) => [keyOf(one), one.person_id]))
  const names = new Map((await tx.query(namesOf, { org, ids: [...new Set(owners.values())] })).map((one) => [one.id, one.name]))
  const logins = [...asked].flatMap(([text, identity]) => (identity === null ? [text.toLowerCase()] : []))
  const found = await tx.query(byLogin, { org, logins })
  const fresh = new Map<string, Resolved>()
  return new Map(
    [...asked].map(([text, identity]) => {
      if (identity === null) {
        const [one, ...others] = found.filter((row) => row.login === text.toLowerCase())
        if (one === undefined)
          throw new AppError('not-found', `Nobody is known as ${JSON.stringify(text)}.`, {
            help: 'Name people by an e-mail or as github:LOGIN: then they need not have been seen yet.',
          })
        if (others.length > 0)
          throw new AppError('invalid-input', `${JSON.stringify(text)} may be ${[one, ...others].map((row) => row.name).join(' or ')}.`, {
            help: 'Name the person by an e-mail, or with the tool: github:LOGIN.',
          })
        return [text, { id: one.id, name: one.name, fresh: null }]
      }
      const key = keyOf(identity)
      const id = owners.get(key)
      if (id !== undefined) return [text, { id, name: names.get(id) ?? id, fresh: null }]
      const { name } = nameOf([{ ...identity, display: null, first_seen: null, last_seen: null, is_bot: false }])
      const made = fresh.get(key) ?? { id: randomUUID(), name, fresh: identity }
      fresh.set(key, made)
      return [text, made]
    }),
  )
}

/** Makes the people of whom nothing is known but what somebody wrote. */
export async function addResolved(
  tx: Queries,
  org: string,
  people: readonly Resolved[],
  now: string,
  origin: 'hand' | 'seen' = 'hand',
): Promise<void> {
  const fresh = [...new Map(people.filter((one) => one.fresh !== null).map((one) => [one.id, one])).values()]
  if (fresh.length === 0) return
  const rows = fresh.map(({ id, name, fresh: identity }) => ({
    id,
    name,
    name_origin: 'made',
    is_bot: identity !== null && isBotName(identity, null),
  }))
  await tx.query(insertPeople, { org, now, rows: JSON.stringify(rows) })
  const identities = fresh.map(({ id, fresh: identity }) => ({
    ...identity,
    person_id: id,
    display: null,
    first_seen: null,
    last_seen: null,
  }))
  await tx.query(noteSeen, { org, origin, rows: JSON.stringify(identities) })
}
