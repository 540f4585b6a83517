import { z } from 'zod'
import { id, type Item, part, words } from './payload.ts'

export const person = z.object({ id: id.nullish(), username: words, bot: z.boolean().nullish() }).nullish()
type Person = z.output<typeof person>

/** What a deleted user leaves is put to the name of a user who is a ghost. */
export function login(one: Person): string | null {
  const name = one?.username ?? ''
  return name === '' || /^ghost\d*$/.test(name) ? null : name
}

/** Access tokens act as `project_<id>_bot_<text>`, service accounts as `service_account_…`; others are named by custom. */
export function isBot(one: Person): boolean {
  return one?.bot === true || /[-_]bot(?:_|$)|\[bot\]$|^service_account_/i.test(one?.username ?? '')
}

/** A webhook has the author's number, and names only who acts, who is assigned and who reviews. */
export function authorIn(body: Item): unknown {
  const author = part(body, 'object_attributes')['author_id']
  const named = [body['user'], body['assignees'], body['reviewers']].flat() as (Item | null | undefined)[]
  return named.find((one) => typeof author === 'number' && one?.['id'] === author) ?? null
}
