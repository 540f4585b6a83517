import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freshDirectory, removeDirectory } from '../server.ts'
import { accessibilityViolations, launch, visit, type Visit } from './browser.ts'
import { startProgram, type Program } from './program.ts'
import { sessionMenu, signOut } from './stage.ts'

/** The pages of accounts with the real server: each test goes on where the one before ended, as an installation does. */
let browser: Browser
let home: string
let program: Program
let ada: Page
let visits: Visit[] = []
beforeAll(async () => {
  browser = await launch()
  home = await freshDirectory()
  program = await startProgram(join(home, 'data'))
  ada = (await enter(program.signInLink)).page
})
afterEach(() => {
  const complaints = visits.flatMap((one) => one.complaints)
  if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join('\n')}`)
})
afterAll(async () => {
  await Promise.all(visits.map((one) => one.close()))
  await browser.close()
  await program.stop()
  await removeDirectory(home)
})

async function enter(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const opened = await visit(browser, url, options)
  visits.push(opened)
  return opened
}

const PASSWORD = 'correct horse battery'

describe('the first account', () => {
  test('is offered to who came by the one-time link, and can be put off', async () => {
    const notice = ada.getByRole('complementary', { name: 'First account' })
    await notice.waitFor()
    expect(await accessibilityViolations(ada)).toEqual([])
    await ada.getByRole('button', { name: 'Not now' }).click()
    await ada.reload()
    await ada.locator('.beginnings').waitFor()
    expect(await notice.count()).toBe(0)
    await ada.evaluate('localStorage.clear()')
    await ada.reload()
    await ada.getByRole('link', { name: 'Make your account' }).click()
    await ada.getByRole('heading', { name: 'Make your account' }).waitFor()
    expect(await notice.count()).toBe(0)
  })

  test('is refused a weak password at the password, and a wrong e-mail at the e-mail', async () => {
    const button = ada.getByRole('button', { name: 'Make the account' })
    await ada.getByLabel('Your name').fill('Ada Lovelace')
    await ada.getByLabel('E-mail').fill('ada@example')
    await ada.getByLabel('A password').fill('password1')
    await ada.evaluate(`document.querySelector('form').noValidate = true`)
    await button.click()
    await ada.getByRole('alert').waitFor()
    expect(await ada.getByRole('alert').textContent()).toBe('"ada@example" is no e-mail address. For example ada@example.com.')
    expect(await ada.locator('[aria-invalid=true]').getAttribute('type')).toBe('email')
    await ada.getByLabel('E-mail').fill('Ada@example.com')
    await button.click()
    await expect.poll(() => ada.getByRole('alert').textContent()).toContain('The password is one of those that are guessed first.')
    expect(await ada.locator('[aria-invalid=true]').getAttribute('type')).toBe('password')
    expect(await accessibilityViolations(ada)).toEqual([])
  })

  test('is made, signed in, and is not offered again', async () => {
    await ada.getByLabel('A password').fill(PASSWORD)
    await ada.getByRole('button', { name: 'Make the account' }).click()
    await expect.poll(() => new URL(ada.url()).pathname).toBe('/')
    await sessionMenu(ada).click()
    await expect
      .poll(() => ada.locator('.session-who p').allTextContents())
      .toEqual(['Ada Lovelace', 'ada@example.com', 'Superuser, owner'])
    await ada.goto(`${program.url}/setup`)
    await ada.getByRole('heading', { name: 'There are accounts already' }).waitFor()
    await signOut(ada)
    await ada.getByLabel('E-mail').fill('ada@example.com')
    await ada.getByLabel('Password').fill(PASSWORD)
    await ada.getByRole('button', { name: 'Continue' }).click()
    await sessionMenu(ada).waitFor()
  })
})
