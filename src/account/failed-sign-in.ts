import type { Log } from '../log.ts'
import type { Origin } from './access.ts'
import { hashOf } from './token-text.ts'

/**
 * One line in the log for each sign-in that failed. The e-mail is not in it: people type their password there by mistake. The same e-mail has
 * the same `account`, so that a series of guesses is seen as one.
 */
export function logFailedSignIn(
  log: Log,
  { by, reason, email, origin, why }: { by: string; reason: string; email?: string; origin: Origin; why?: string },
): void {
  log.warn('signin.failed', {
    by,
    reason,
    address: origin.address,
    ...(email === undefined ? {} : { account: hashOf(`account ${email}`).slice(0, 12) }),
    ...(why === undefined ? {} : { why }),
  })
}
