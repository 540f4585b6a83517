import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { hash, verify } from '@node-rs/argon2'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'

/** OWASP Password Storage Cheat Sheet: Argon2id (2 to the library) with 19 MiB, two passes, one lane. 13 ms here. */
const OPTIONS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const CURRENT = '$argon2id$v=19$m=19456,t=2,p=1$'
const SHORTEST = 8
const LONGEST = 256
/** Iterations above which a foreign hash would hold the process up: 5 M take about a second and a half. */
const MOST_ITERATIONS = 5_000_000

const derive = promisify(pbkdf2)

export function hashPassword(password: Secret): Promise<string> {
  return hash(password.reveal(), OPTIONS)
}

/** `stale`: right, and to be hashed anew, because it came from elsewhere or with other parameters. */
export async function checkPassword(password: Secret, stored: string): Promise<'right' | 'stale' | 'wrong'> {
  if (stored.startsWith('$argon2')) {
    if (!(await verify(stored, password.reveal()).catch(() => false))) return 'wrong'
    return stored.startsWith(CURRENT) ? 'right' : 'stale'
  }
  const foreign = pbkdf2Of(stored)
  if (foreign === null) return 'wrong'
  const made = await derive(password.reveal(), foreign.salt, foreign.iterations, foreign.key.byteLength, 'sha256')
  return timingSafeEqual(made, foreign.key) ? 'stale' : 'wrong'
}

/** Spends the time of a check where there is nothing to check, so that an unknown e-mail is not told from a wrong password. */
export async function checkNothing(password: Secret): Promise<void> {
  await hashPassword(password)
}

interface Pbkdf2 {
  readonly iterations: number
  readonly salt: Buffer
  readonly key: Buffer
}

/** Django's `pbkdf2_sha256$iterations$salt$base64`, and passlib's `$pbkdf2-sha256$iterations$salt$key` with `.` for `+`. */
function pbkdf2Of(stored: string): Pbkdf2 | null {
  const django = /^pbkdf2_sha256\$(\d+)\$([^$]+)\$([A-Za-z0-9+/=]+)$/.exec(stored)
  if (django !== null) return pbkdf2From(django[1], Buffer.from(django[2] as string, 'utf8'), Buffer.from(django[3] as string, 'base64'))
  const passlib = /^\$pbkdf2-sha256\$(\d+)\$([A-Za-z0-9./]+)\$([A-Za-z0-9./]+)$/.exec(stored)
  if (passlib === null) return null
  const bytes = (text: string | undefined) => Buffer.from((text ?? '').replaceAll('.', '+'), 'base64')
  return pbkdf2From(passlib[1], bytes(passlib[2]), bytes(passlib[3]))
}

function pbkdf2From(count: string | undefined, salt: Buffer, key: Buffer): Pbkdf2 | null {
  const iterations = Number(count)
  return iterations < 1 || iterations > MOST_ITERATIONS || key.byteLength !== 32 ? null : { iterations, salt, key }
}

/** Whether a hash from elsewhere is one that a sign-in can check. */
export function isPasswordHash(stored: string): boolean {
  return /^\$argon2id?\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/.test(stored) || pbkdf2Of(stored) !== null
}

/** Of this program; the list of what is used most does not know it. */
const OWN = ['fairlead', 'fairlead1', 'fairlead123']

/**
 * The most used passwords, which whoever guesses tries first, in lower case: 49,233 of which 17,950 are long enough to matter. Read when it is
 * first needed, because unpacking the list takes a tenth of a second and most commands of the command line set no password.
 */
let common: Promise<ReadonlySet<string>> | null = null
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set([...OWN, ...dictionary['passwords-common'].filter((word) => word.length >= SHORTEST)]),
  )
  return common
}

/** ASVS 5.0, 6.2: length, and not among the most used; no rules of composition. */
export async function requireGoodPassword(password: Secret, email: string): Promise<void> {
  const text = password.reveal()
  const refuse = (what: string) =>
    new AppError('invalid-input', what, {
      help: `Take ${SHORTEST} characters or more; several words do well.`,
      detail: { field: 'password' },
    })
  if ([...text].length < SHORTEST) throw refuse(`The password is shorter than ${SHORTEST} characters.`)
  if (text.length > LONGEST) throw refuse(`The password is longer than ${LONGEST} characters.`)
  const plain = text.toLowerCase()
  if ((await commonPasswords()).has(plain) || /^(.)\1*$/.test(text)) throw refuse('The password is one of those that are guessed first.')
  if (plain === email || plain === email.split('@')[0]) throw refuse('The password is the e-mail address.')
}
