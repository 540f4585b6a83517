import { pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { Secret } from '../secret.ts'
import { checkPassword, hashPassword, isPasswordHash, requireGoodPassword } from './password.ts'

const right = new Secret('correct horse battery')
const wrong = new Secret('correct horse batterz')

test('a hash of ours is Argon2id at 19 MiB and two passes, and tells right from wrong', async () => {
  const stored = await hashPassword(right)
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await checkPassword(right, stored)).toBe('right')
  expect(await checkPassword(wrong, stored)).toBe('wrong')
})

test('PBKDF2-SHA256 of Django and of passlib is checked, and is to be hashed anew', async () => {
  const salt = 'aSaltOfDjango'
  const key = (bytes: string | Buffer) => pbkdf2Sync(right.reveal(), bytes, 600_000, 32, 'sha256').toString('base64')
  const bytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  const adapted = (text: string) => text.replaceAll('+', '.').replaceAll('=', '')
  const hashes = [
    `pbkdf2_sha256$600000$${salt}$${key(salt)}`,
    `$pbkdf2-sha256$600000$${adapted(bytes.toString('base64'))}$${adapted(key(bytes))}`,
  ]
  for (const stored of hashes) {
    expect(isPasswordHash(stored)).toBe(true)
    expect(await checkPassword(right, stored)).toBe('stale')
    expect(await checkPassword(wrong, stored)).toBe('wrong')
  }
})

test('what is no hash opens nothing', async () => {
  for (const stored of ['', 'correct horse battery', '$argon2id$v=19$broken', 'pbkdf2_sha256$999999999$salt$AAAA']) {
    expect(isPasswordHash(stored)).toBe(false)
    expect(await checkPassword(right, stored)).toBe('wrong')
  }
})

test('short, endless and first-guessed passwords are refused; composition is free', async () => {
  const take = (text: string) => requireGoodPassword(new Secret(text), 'ada@example.com')
  const bad = [
    'short',
    'Password123',
    'aaaaaaaaaaaa',
    'x'.repeat(257),
    'ada@example.com',
    'trustno1',
    'Fairlead123',
    'changeme1',
    '1qaz2wsx3edc',
  ]
  for (const one of bad) await expect(take(one), one).rejects.toMatchObject({ code: 'invalid-input' })
  for (const good of ['secretpass', 'ключ от дома', '        a', 'x y'.repeat(60)]) await expect(take(good), good).resolves.toBeUndefined()
})

test('more than 3,000 of the most used are known', async () => {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  const long = dictionary['passwords-common'].filter((word) => word.length >= 8).slice(0, 3_000)
  expect(long).toHaveLength(3_000)
  const taken: string[] = []
  for (const one of long)
    await requireGoodPassword(new Secret(one), 'ada@example.com').then(
      () => taken.push(one),
      () => {},
    )
  expect(taken).toEqual([])
})
