import { createHash, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Secret } from '../secret.ts'

/**
 * `flt_` + 36 letters and digits (214 bits) + 6 of their CRC-32 in the same alphabet: a scanner finds it in a paste, a typing slip is told
 * from a revoked token, and only its SHA-256 is stored.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX = 'flt_'

export function newToken(): Secret {
  const random = randomText(36)
  return new Secret(`${PREFIX}${random}${checksum(random)}`)
}

export function looksLikeToken(text: string): boolean {
  const match = /^flt_([0-9A-Za-z]{36})([0-9A-Za-z]{6})$/.exec(text)
  return match !== null && checksum(match[1] as string) === match[2]
}

/** A one-time code or a session id: 30 letters and digits, 178 bits. */
export function randomCode(): Secret {
  return new Secret(randomText(30))
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

function checksum(text: string): string {
  let value = crc32(text)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = ALPHABET[value % 62] + digits
    value = Math.floor(value / 62)
  }
  return digits
}
