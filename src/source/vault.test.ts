import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Secret } from '../secret.ts'
import { openVault, vaultOf } from './vault.ts'

const ROOT = new Secret('a root key of some length for the tests')
const PLACE = 'org-1 source-1 token'
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'fairlead-vault-'))
  folders.push(made)
  return made
}

describe('sealing', () => {
  const vault = vaultOf(ROOT)

  test('what is sealed opens, and does not show', () => {
    for (const text of ['x', 'a token with "quotes" and ü', '', 'k'.repeat(20_000)]) {
      const sealed = vault.seal(text, PLACE)
      expect(vault.open(sealed, PLACE).reveal()).toBe(text)
      if (text.length > 1) expect(sealed).not.toContain(text)
      expect(sealed).not.toBe(vault.seal(text, PLACE))
    }
    expect(String(vault.open(vault.seal('x', PLACE), PLACE))).toBe('[secret]')
  })

  test('it opens at its place only, and with its key only', () => {
    const sealed = vault.seal('token', PLACE)
    for (const place of ['org-2 source-1 token', 'org-1 source-2 token', 'org-1 source-1 other', ''])
      expect(() => vault.open(sealed, place)).toThrow(/changed, or copied/)
    expect(() => vaultOf(new Secret('another root key of some length')).open(sealed, PLACE)).toThrow(/another key/)
  })

  test('no byte of it can be changed, none left out', () => {
    const sealed = vault.seal('token', PLACE)
    for (let index = 0; index < sealed.length; index++) {
      const other = sealed[index] === 'A' ? 'B' : 'A'
      const changed = sealed.slice(0, index) + other + sealed.slice(index + 1)
      // The last letter of base64 holds bits that mean nothing: a change there may decode to the same bytes.
      const same = changed
        .split('.')
        .every((part, place) => Buffer.from(part, 'base64url').equals(Buffer.from(sealed.split('.')[place] as string, 'base64url')))
      if (!same || index < 12) expect(() => vault.open(changed, PLACE), `letter ${index}`).toThrow()
      expect(() => vault.open(sealed.slice(0, index), PLACE), `cut at ${index}`).toThrow()
    }
  })
})

describe('the key file', () => {
  test('is made once, readable by its user only, and used again', async () => {
    const directory = folder()
    const sealed = (await openVault(directory, null)).seal('token', PLACE)
    const path = join(directory, 'secret.key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const before = readFileSync(path, 'utf8')
    expect((await openVault(directory, null)).open(sealed, PLACE).reveal()).toBe('token')
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test('of several first starts one makes it', async () => {
    const directory = folder()
    const vaults = await Promise.all(Array.from({ length: 8 }, () => openVault(directory, null)))
    const sealed = vaults[0]?.seal('token', PLACE) ?? ''
    for (const vault of vaults) expect(vault.open(sealed, PLACE).reveal()).toBe('token')
  })

  test('a given key takes its place; a broken file is refused, not replaced', async () => {
    const directory = folder()
    const given = await openVault(directory, ROOT)
    expect(vaultOf(ROOT).open(given.seal('token', PLACE), PLACE).reveal()).toBe('token')
    writeFileSync(join(directory, 'secret.key'), 'short')
    await expect(openVault(directory, null)).rejects.toMatchObject({ code: 'config' })
    expect(readFileSync(join(directory, 'secret.key'), 'utf8')).toBe('short')
  })
})
