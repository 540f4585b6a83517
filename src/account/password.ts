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

/** The most used passwords of eight and more characters, which whoever guesses tries first. Compared in lower case. */
const COMMON = new Set(
  (
    '12345678 123456789 1234567890 password password1 password12 password123 qwertyuiop qwerty123 1q2w3e4r 1q2w3e4r5t iloveyou sunshine princess ' +
    'football baseball superman trustno1 welcome1 welcome123 letmein1 admin123 administrator 11111111 00000000 87654321 88888888 123123123 12341234 ' +
    'abcd1234 abc12345 a1b2c3d4 asdfghjk asdfghjkl zxcvbnm1 1qaz2wsx qazwsxedc q1w2e3r4 passw0rd p@ssw0rd p@ssword changeme changeme1 changeme123 ' +
    'computer internet whatever michelle jennifer starwars corvette mercedes maverick secret123 testtest test1234 default1 startrek dragon123 ' +
    'monkey123 master123 shadow123 charlie1 football1 baseball1 liverpool chelsea1 arsenal1 manchester fairlead fairlead1 fairlead123'
  ).split(' '),
)

/** ASVS 5.0, 6.2: length, and not among the most used; no rules of composition. */
export function requireGoodPassword(password: Secret, email: string): void {
  const text = password.reveal()
  const refuse = (what: string) =>
    new AppError('invalid-input', what, {
      help: `Take ${SHORTEST} characters or more; several words do well.`,
      detail: { field: 'password' },
    })
  if ([...text].length < SHORTEST) throw refuse(`The password is shorter than ${SHORTEST} characters.`)
  if (text.length > LONGEST) throw refuse(`The password is longer than ${LONGEST} characters.`)
  const plain = text.toLowerCase()
  if (COMMON.has(plain) || /^(.)\1*$/.test(text)) throw refuse('The password is one of those that are guessed first.')
  if (plain === email || plain === email.split('@')[0]) throw refuse('The password is the e-mail address.')
}
