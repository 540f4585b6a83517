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
