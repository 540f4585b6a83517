import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from './secret.ts'

/** Whether one of the secrets signs the bytes: HMAC in hexadecimal, compared in constant time. No secret, no proof. */
export function isSigned(
  secrets: readonly Secret[],
  body: Uint8Array,
  hex: string | null | undefined,
  algorithm: 'sha256' | 'sha1' = 'sha256',
): boolean {
  let good = false
  for (const secret of secrets) {
    const expected = createHmac(algorithm, secret.reveal()).update(body).digest('hex')
    good = isSame(expected, (hex ?? '').toLowerCase()) || good
  }
  return good
}

/** Whether a text that was sent is one of the secrets. */
export function isSecret(secrets: readonly Secret[], given: string | null | undefined): boolean {
  let good = false
  for (const secret of secrets) good = isSame(secret.reveal(), given ?? '') || good
  return good && given !== null && given !== undefined && given !== ''
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * The secret that a tool sends which cannot sign: in `X-Fairlead-Token`, or in `Authorization` as bearer token or as the password of `Basic`. Null where
 * there is none.
 */
export function sentSecret(headers: Headers): string | null {
  const own = headers.get('x-fairlead-token')
  if (own !== null) return own
  const [, scheme, credentials] = /^(bearer|basic)\s+(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '') ?? []
  if (scheme === undefined || credentials === undefined) return null
  if (scheme.toLowerCase() === 'bearer') return credentials
  const pair = Buffer.from(credentials, 'base64').toString('utf8')
  // Decoding forgives what is cut off; a proof does not.
  if (Buffer.from(pair).toString('base64') !== credentials || !pair.includes(':')) return null
  return pair.slice(pair.indexOf(':') + 1)
}
