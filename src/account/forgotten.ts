import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import type { Access, Origin } from './access.ts'
import type { Audit } from './audit.ts'
import { noPasswordLetter, resetLetter } from './letters.ts'
import type { Lockout } from './lockout.ts'
import { noMail, type Mail } from './mail.ts'
import { insertReset, RESET_MINUTES } from './sign-in.ts'
import { hashOf, randomCode } from './token-text.ts'

/** A person who forgot their password asks for a link by mail. */
export interface Forgotten {
  /** Returns before anything is looked up: neither the answer nor its time tells whether there is such an account. `linkTo` makes a path an address. */
  ask(email: string, origin: Origin, linkTo: (path: string) => string): Promise<void>
  /** When what was asked for so far has been done. */
  settled(): Promise<void>
}

const findAccount = statement({
  name: 'forgotten.find',
  sql: 'SELECT id, email, password_hash IS NOT NULL AS has_password FROM users WHERE email = {email:text} AND disabled_at IS NULL',
  row: z.object({ id: z.string(), email: z.string(), has_password: z.boolean() }),
})

export function openForgotten(parts: {
  semantic: Semantic
  clock: Clock
  audit: Audit
  access: Access
  lockout: Lockout
  mail: Mail
  /** What stands on the buttons of the single sign-on. */
  providers: readonly string[]
  log: Log
}): Forgotten {
  const { semantic, clock, audit, access, lockout, mail, providers, log } = parts
  const underWay = new Set<Promise<void>>()
  const send = async (email: string, { address, agent }: Origin, linkTo: (path: string) => string): Promise<void> => {
    const account = await semantic.one(findAccount, { email })
    if (account === null) return
    const target = { type: 'user', id: account.id, name: account.email }
    const actor = {
      org: access.home.id,
      type: 'system' as const,
      id: null,
      name: 'forgotten password',
      address,
      agent: agent?.slice(0, 300) ?? null,
    }
    if (!account.has_password) {
      await mail.deliver(account.email, noPasswordLetter({ link: linkTo('/'), providers }))
      return
    }
    const code = randomCode()
    await semantic.transaction(async (tx) => {
      const expires = instant(clock.now() + RESET_MINUTES * 60_000)
      await tx.query(insertReset, { hash: hashOf(code.reveal()), user: account.id, now: instant(clock.now()), expires })
      await audit.note(actor, { action: 'user.reset_link_mailed', target }, tx)
    })
    await mail.deliver(account.email, resetLetter({ by: null, link: linkTo(`/reset/${code.reveal()}`), minutes: RESET_MINUTES }))
  }
  return {
    async ask(given, origin, linkTo) {
      if (!mail.isSet) throw noMail()
      const email = given.trim().toLowerCase()
      await lockout.require(email, origin.address)
      await lockout.failed(email, origin.address)
      const work = send(email, origin, linkTo)
        .catch((thrown: unknown) => log.warn('forgotten.failed', { reason: asAppError(thrown).message }))
        .finally(() => underWay.delete(work))
      underWay.add(work)
    },
    settled: async () => {
      await Promise.all(underWay)
    },
  }
}
