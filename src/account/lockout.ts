import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { hashOf } from './token-text.ts'

/**
 * Slows down guessing: after so many failures in a row every further one doubles the wait, from half a minute to an hour. By e-mail, known or
 * not (an unknown one is not told from a known one), and more generously by address, behind which many people may sit.
 */
export interface Lockout {
  /** Throws while one of them has to wait. */
  require(email: string, address: string | null): Promise<void>
  failed(email: string, address: string | null): Promise<void>
  /** Forgets the e-mail's failures; the address keeps its own, or one good account would free it for guessing. */
  succeeded(email: string): Promise<void>
}

/** What is slowed down; each counts for itself, so that asking for mails keeps nobody from signing in. */
const KINDS = {
  signin: { prefix: '', byEmail: 5, byAddress: 50, what: 'Too many failed sign-ins.', remedy: ', or have the password reset' },
  forgotten: { prefix: 'forgotten ', byEmail: 3, byAddress: 20, what: 'Too many links were asked for.', remedy: '' },
} as const
const FIRST_WAIT_SECONDS = 30
const LONGEST_WAIT_SECONDS = 3_600

const find = statement({
  name: 'lockout.find',
  sql: 'SELECT max(locked_until) AS locked_until FROM signin_failures WHERE subject = ANY ({subjects:text[]}) AND locked_until > {now:timestamptz}',
  row: z.object({ locked_until: z.string().nullable() }),
})
const count = statement({
  name: 'lockout.count',
  sql: `INSERT INTO signin_failures AS kept (subject, failures, last_at) VALUES ({subject:text}, 1, {now:timestamptz})
ON CONFLICT (subject) DO UPDATE SET
  failures = CASE WHEN kept.last_at < {now:timestamptz} - interval '1 day' THEN 1 ELSE kept.failures + 1 END, last_at = {now:timestamptz}
RETURNING failures`,
  row: z.object({ failures: z.number() }),
})
const lock = statement({
  name: 'lockout.lock',
  sql: 'UPDATE signin_failures SET locked_until = {until:timestamptz} WHERE subject = {subject:text}',
  row: noRow,
})
const forget = statement({ name: 'lockout.forget', sql: 'DELETE FROM signin_failures WHERE subject = {subject:text}', row: noRow })
const tidy = statement({
  name: 'lockout.tidy',
  sql: `DELETE FROM signin_failures WHERE last_at < {now:timestamptz} - interval '1 day'`,
  row: noRow,
})

export function openLockout({ semantic, clock }: { semantic: Semantic; clock: Clock }, kind: keyof typeof KINDS = 'signin'): Lockout {
  const { prefix, byEmail: freeByEmail, byAddress: freeByAddress, what, remedy } = KINDS[kind]
  const now = () => instant(clock.now())
  const byEmail = (email: string) => hashOf(`${prefix}email ${email}`)
  const byAddress = (address: string) => hashOf(`${prefix}address ${address}`)
  const note = async (subject: string, free: number): Promise<void> => {
    const failures = (await semantic.one(count, { subject, now: now() }))?.failures ?? 1
    if (failures < free) return
    const seconds = Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** Math.min(failures - free, 12))
    await semantic.query(lock, { subject, until: instant(clock.now() + seconds * 1000) })
  }
  return {
    async require(email, address) {
      const subjects = [byEmail(email), ...(address === null ? [] : [byAddress(address)])]
      const until = (await semantic.one(find, { subjects, now: now() }))?.locked_until
      if (until === null || until === undefined) return
      const seconds = Math.ceil((Date.parse(until) - clock.now()) / 1000)
      throw new AppError('rate-limited', what, {
        help: `Wait ${seconds} seconds${remedy}.`,
        detail: { retry_after_seconds: seconds },
      })
    },
    async failed(email, address) {
      await note(byEmail(email), freeByEmail)
      if (address !== null) await note(byAddress(address), freeByAddress)
      await semantic.query(tidy, { now: now() })
    },
    async succeeded(email) {
      await semantic.query(forget, { subject: byEmail(email) })
    },
  }
}
