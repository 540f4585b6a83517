import { createDecipheriv, createHash } from 'node:crypto'

/** What stands behind each text that DevLake seals; by it a wrong secret is known. */
const ENDING = Buffer.from('{nddtf}')

/**
 * What DevLake sealed with its ENCRYPTION_SECRET; null where the secret is another or the text was changed. AES-256-CBC: the key is the SHA-256 of
 * the secret, its first half the initialization vector of everything, and nothing authenticates the text. A changed block opens as 16 bytes of
 * noise, so what is no printable text is taken for changed.
 */
export function opened(sealed: string, secret: string): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length === 0 || bytes.length % 16 !== 0) return null
  try {
    const key = createHash('sha256').update(secret).digest()
    const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16))
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()])
    if (!plain.subarray(-ENDING.length).equals(ENDING)) return null
    const text = new TextDecoder('utf-8', { fatal: true }).decode(plain.subarray(0, -ENDING.length))
    return /^(?:\P{Cc}|[\t\r\n])*$/u.test(text) ? text : null
  } catch {
    return null
  }
}
