import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Access, Origin } from './access.ts'
import type { Actor } from './audit.ts'

/** What every way in does once it knows who somebody is. */
export interface Entry {
  /** Opens a session: in `org`, else where the person belongs. */
  enter(user: string, origin: Origin, org?: string): Promise<Secret>
  /** The person as the audit log names them while they have no session yet. */
  personally(user: string, email: string, origin: Origin): Promise<Actor>
}

const noteSignIn = statement({
  name: 'signin.note',
  sql: 'UPDATE users SET last_signin_at = {now:timestamptz} WHERE id = {id:uuid}',
  row: noRow,
})
/** The first organization that they belong to; a superuser who belongs to none comes to the home. */
const placeOf = statement({
  name: 'signin.place',
  sql: `SELECT m.org_id FROM memberships m JOIN organizations o ON o.id = m.org_id WHERE m.user_id = {user:uuid} ORDER BY o.created_at, o.id LIMIT 1`,
  row: z.object({ org_id: z.string() }),
})

export function createEntry({ semantic, clock, access }: { semantic: Semantic; clock: Clock; access: Access }): Entry {
  const place = async (user: string) => (await semantic.one(placeOf, { user }))?.org_id ?? access.home.id
  return {
    async enter(user, origin, org) {
      const there = org ?? (await place(user))
      await semantic.query(noteSignIn, { id: user, now: instant(clock.now()) })
      return access.openSession({ user }, there, origin)
    },
    async personally(user, email, { address, agent }) {
      return { org: await place(user), type: 'user', id: user, name: email, address, agent: agent?.slice(0, 300) ?? null }
    },
  }
}
