import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freshDirectory, removeDirectory } from '../server.ts'
import { accessibilityViolations, launch, visit, type Visit } from './browser.ts'
import { paste, startProgram, type Program } from './program.ts'
import { sessionMenu, signOut } from './stage.ts'

/** The pages of accounts with the real server: each test goes on where the one before ended, as an installation does. */
let browser: Browser
let home: string
let program: Program
let ada: Page
let grace: Page
let visits: Visit[] = []
beforeAll(async () => {
  browser = await launch()
  home = await freshDirectory()
  program = await startProgram(join(home, 'data'))
  ada = await enter(program.signInLink, { permissions: ['clipboard-read', 'clipboard-write'] })
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

async function enter(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const opened = await visit(browser, url, options)
  visits.push(opened)
  return opened.page
}

async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await sessionMenu(page).waitFor()
}

async function go(page: Page, link: string): Promise<void> {
  await sessionMenu(page).click()
  await page.getByRole('navigation', { name: 'Account and organization' }).getByRole('link', { name: link }).click()
  await page.getByRole('heading', { name: link, level: 1 }).waitFor()
}

const entry = (page: Page, name: string) => page.locator('.listed').filter({ hasText: name })
const focused = (page: Page) => page.evaluate<string>(`document.activeElement?.ariaLabel ?? document.activeElement?.textContent ?? ''`)
const asToken = (token: string, path: string) => fetch(`${program.url}${path}`, { headers: { authorization: `Bearer ${token}` } })

const PASSWORD = 'correct horse battery'
const ZONE = 'Europe/Berlin'

/** In both themes, on a wide and on a narrow screen. */
async function isSound(page: Page): Promise<void> {
  for (const [colorScheme, width] of [
    ['light', 1_280],
    ['dark', 360],
    ['dark', 1_280],
    ['light', 360],
  ] as const) {
    // Without motion: a colour on its way from one theme to the other is neither.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 800 })
    expect(await accessibilityViolations(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  }
  await page.setViewportSize({ width: 1_280, height: 900 })
}

describe('the first account', () => {
  test('is offered to who came by the one-time link, and can be put off', async () => {
    const notice = ada.getByRole('complementary', { name: 'First account' })
    await notice.waitFor()
    await isSound(ada)
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
    await isSound(ada)
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
    await signIn(ada, 'ada@example.com', PASSWORD)
  })
})

describe('members', () => {
  let link = ''

  test('are invited with a link that is shown once', async () => {
    await go(ada, 'Members')
    await entry(ada, 'Ada Lovelace').waitFor()
    await ada.getByRole('button', { name: 'Invite a person' }).click()
    await ada.getByLabel('E-mail').fill('grace')
    await ada.getByLabel('Role', { exact: true }).selectOption('viewer')
    await ada.keyboard.press('Enter')
    await ada.getByRole('button', { name: 'Invite', exact: true }).click()
    await ada.locator('.field-problem').waitFor()
    expect(await ada.locator('.field-problem').textContent()).toBe('"grace" is no e-mail address. For example ada@example.com.')
    expect(await ada.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true')
    await ada.getByLabel('E-mail').fill('grace@example.com')
    await ada.getByRole('button', { name: 'Invite', exact: true }).click()
    await ada.locator('.shown-once').waitFor()
    expect(await focused(ada)).toBe('The invitation of grace@example.com')
    expect(await ada.locator('.shown-once').textContent()).toContain('It was not mailed: pass it on yourself.')
    await ada.getByRole('button', { name: 'Copy: the link' }).click()
    link = await ada.evaluate<string>('navigator.clipboard.readText()')
    expect(link).toContain(`${program.url}/invitation/`)
    await ada.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => focused(ada)).toBe(' Invite a person')
    expect(await ada.content()).not.toContain(link.split('/').at(-1))
    expect(await entry(ada, 'grace@example.com').textContent()).toContain('by ada@example.com')
  })

  test('come in by it; a viewer is told who may see the members, and asks the server for nothing', async () => {
    grace = await enter(link)
    await grace.getByLabel('Your name').fill('Grace Hopper')
    await isSound(grace)
    await grace.getByLabel('A new password').fill(PASSWORD)
    await grace.getByRole('button', { name: 'Join' }).click()
    await sessionMenu(grace).click()
    await expect.poll(() => grace.locator('.session-panel a').allTextContents()).toEqual(['Account', 'Tokens', 'Settings'])
    const asked: string[] = []
    grace.on('request', (request) => asked.push(new URL(request.url()).pathname))
    for (const path of ['/members', '/audit']) {
      await grace.goto(program.url + path)
      await grace.locator('.notice').waitFor()
      expect(await grace.locator('.notice').textContent()).toContain(
        'is for the owners and administrators of the organization. You are a viewer here. Ask one of them.',
      )
      expect(await accessibilityViolations(grace)).toEqual([])
    }
    expect(asked.filter((path) => /^\/v1\/(members|invitations|audit)/.test(path))).toEqual([])
  })

  test('get another role, and with it what it may; an owner stays an owner', async () => {
    await ada.reload()
    await ada.getByLabel('Role of Grace Hopper').selectOption('admin')
    await ada.getByText('Grace Hopper is admin now.').waitFor({ state: 'attached' })
    await grace.goto(program.url)
    await go(grace, 'Members')
    expect(await grace.getByLabel('Role of Ada Lovelace').isDisabled()).toBe(true)
    expect(await grace.getByRole('button', { name: 'Remove Ada Lovelace' }).count()).toBe(0)
    expect(await grace.getByLabel('Role of Grace Hopper').locator('option').allTextContents()).toEqual(['admin', 'member', 'viewer'])
    await ada.getByLabel('Role of Ada Lovelace').selectOption('viewer')
    await ada.getByRole('alert').waitFor()
    expect(await entry(ada, 'ada@example.com').getByRole('alert').textContent()).toBe(
      'That is the last owner of the organization. Make another member an owner first.',
    )
    expect(await ada.getByLabel('Role of Ada Lovelace').inputValue()).toBe('owner')
  })

  test('get a link for a new password, which works', async () => {
    await ada.getByRole('button', { name: 'Reset password of Grace Hopper' }).click()
    const reset = (await entry(ada, 'grace@example.com').locator('pre').textContent()) ?? ''
    await entry(ada, 'grace@example.com').getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => focused(ada)).toBe('Reset password of Grace Hopper')
    await grace.goto(reset)
    await grace.getByLabel('A new password').fill(`${PASSWORD} 2`)
    await grace.getByRole('button', { name: 'Set the password' }).click()
    await sessionMenu(grace).waitFor()
  })
})

describe('a token', () => {
  test('is shown once, with an example that works; it ends when it is revoked', async () => {
    await go(grace, 'Tokens')
    await grace.getByRole('button', { name: 'Make a token' }).click()
    await grace.getByRole('textbox', { name: 'Name' }).fill('deploys of shop')
    await grace.getByRole('checkbox', { name: /^Read/ }).check()
    expect(await accessibilityViolations(grace)).toEqual([])
    await grace.getByRole('button', { name: 'Make it' }).click()
    await grace.locator('.shown-once').waitFor()
    await isSound(grace)
    const [token = '', example = ''] = await grace.locator('.shown-once pre').allTextContents()
    expect(token).toMatch(/^flt_/)
    expect(example).toContain('$FAIRLEAD_TOKEN')
    const pasted = await paste(home, `FAIRLEAD_TOKEN=${token}\n${example}`)
    expect([pasted.code, JSON.parse(pasted.stdout)]).toEqual([0, { accepted: 1 }])
    expect((await asToken(token, '/v1/status')).status).toBe(200)
    await grace.getByRole('button', { name: 'Done' }).click()
    expect(await grace.content()).not.toContain(token)
    expect(await entry(grace, 'deploys of shop').textContent()).toMatch(/ingest.*read.*by grace@example.com.*ends/)

    await grace.getByRole('button', { name: 'Revoke deploys of shop' }).click()
    await grace.keyboard.press('Escape')
    await expect.poll(() => focused(grace)).toBe('Revoke deploys of shop')
    await grace.getByRole('button', { name: 'Revoke deploys of shop' }).click()
    await grace.getByRole('button', { name: 'Revoke it' }).click()
    await grace.getByText('1 that has ended').waitFor()
    expect((await asToken(token, '/v1/status')).status).toBe(401)
  })
})

describe('one’s own account', () => {
  test('lists where one is signed in, and ends a session elsewhere', async () => {
    const elsewhere = await enter(program.url, {
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0',
    })
    await signIn(elsewhere, 'ada@example.com', PASSWORD)
    await go(ada, 'Account')
    await entry(ada, 'Firefox on Windows').waitFor()
    expect(await entry(ada, 'this one').textContent()).toContain('Chrome on Linux')
    await ada.getByRole('button', { name: /^End the session of Firefox on Windows/ }).click()
    await expect.poll(() => entry(ada, 'Firefox on Windows').count()).toBe(0)
    await elsewhere.goto(`${program.url}/account`)
    await elsewhere.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
    await signIn(elsewhere, 'ada@example.com', PASSWORD)
    await elsewhere.getByRole('heading', { name: 'Account', level: 1 }).waitFor()
  })

  test('takes another password, and says at the field what is wrong with it', async () => {
    const problem = ada.locator('.field-problem')
    await ada.getByLabel('Present password').fill('wrong horse')
    await ada.getByLabel('New password').fill('another horse battery')
    await ada.getByRole('button', { name: 'Change the password' }).click()
    await problem.waitFor()
    expect(await problem.textContent()).toBe('The present password is wrong.')
    expect(await ada.getByLabel('Present password').getAttribute('aria-invalid')).toBe('true')
    await ada.getByLabel('Present password').fill(PASSWORD)
    await ada.getByLabel('New password').fill('short')
    await ada.getByRole('button', { name: 'Change the password' }).click()
    await expect.poll(() => problem.textContent()).toContain('shorter than 8 characters')
    expect(await ada.getByLabel('New password').getAttribute('aria-invalid')).toBe('true')
    await ada.getByLabel('New password').fill('another horse battery')
    await ada.getByRole('button', { name: 'Change the password' }).click()
    await ada.getByText('The password is changed, and every other session has ended.').waitFor()
    await expect.poll(() => entry(ada, 'Firefox on Windows').count()).toBe(0)
  })
})

describe('the organization', () => {
  test('has a name and a time zone, which the page finds', async () => {
    await go(ada, 'Organization')
    await ada.getByLabel('Name').fill('Acme Payments')
    await ada.getByLabel('Time zone').fill('Berlin')
    await ada.getByRole('button', { name: 'Save' }).click()
    await ada.locator('.field-problem').waitFor()
    expect(await ada.locator('.field-problem').textContent()).toContain('"Berlin" is no time zone.')
    expect(await ada.locator('datalist option').evaluateAll((options) => options.length)).toBeGreaterThan(300)
    await ada.getByLabel('Time zone').fill(ZONE)
    await ada.getByText(/^There it is \d\d:\d\d now\.$/).waitFor()
    await ada.getByRole('button', { name: 'Save' }).click()
    await expect.poll(() => ada.locator('.organization').textContent()).toBe('Acme Payments')
    expect(await program.get('/v1/organization')).toMatchObject({ name: 'Acme Payments', time_zone: ZONE })
  })

  test('another is made, gone to and left', async () => {
    await ada.getByRole('button', { name: 'Make another' }).click()
    const form = ada.getByRole('form', { name: 'A new organization' })
    await form.getByLabel('Name', { exact: true }).fill('Bolt & Sons')
    await form.getByLabel('Short name').fill('default')
    await form.getByRole('button', { name: 'Make it' }).click()
    await form.locator('.field-problem').waitFor()
    expect(await form.getByLabel('Short name').getAttribute('aria-invalid')).toBe('true')
    await form.getByLabel('Short name').fill('')
    await form.getByLabel('Owner').fill('nobody@example.com')
    await form.getByRole('button', { name: 'Make it' }).click()
    await expect.poll(() => form.locator('.field-problem').textContent()).toContain('Nobody has an account with nobody@example.com.')
    expect(await form.getByLabel('Owner').getAttribute('aria-invalid')).toBe('true')
    await form.getByLabel('Owner').fill('')
    await form.getByRole('button', { name: 'Make it' }).click()
    await ada.getByText('Bolt & Sons is made.').waitFor()
    await sessionMenu(ada).click()
    await ada.locator('.session-organizations').getByRole('button', { name: 'Bolt & Sons' }).click()
    await expect.poll(() => ada.locator('.organization').textContent()).toBe('Bolt & Sons')
    expect(new URL(ada.url()).pathname).toBe('/')
    await sessionMenu(ada).click()
    await ada.locator('.session-organizations').getByRole('button', { name: 'Acme Payments' }).click()
    await expect.poll(() => ada.locator('.organization').textContent()).toBe('Acme Payments')
  })
})

describe('each page', () => {
  const CALLS = /\/v1\/(sessions|members|tokens|audit|organization)\b/
  const PAGES = ['/account', '/members', '/tokens', '/audit', '/organization']
  test.each(PAGES)('%s has nothing that axe objects to, and nothing wider than the screen', async (path) => {
    await ada.goto(program.url + path)
    await ada.locator('.card').first().waitFor()
    await expect.poll(() => ada.locator('[aria-busy=true]').count()).toBe(0)
    await isSound(ada)
  })

  test.each(PAGES)('%s says that it loads, and nothing jumps when it has', async (path) => {
    let release: () => void = () => {}
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    await ada.route(CALLS, async (route) => {
      await until
      await route.continue()
    })
    await ada.goto(program.url + path)
    await ada.locator('main [aria-busy=true]').first().waitFor()
    expect(await ada.locator('main [role=status]').first().textContent()).toMatch(/^Loading /)
    await ada.evaluate(`globalThis.shifted = 0
      new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { shifted += value })).observe({ type: 'layout-shift' })`)
    release()
    await ada.locator('main .card').first().waitFor()
    await expect.poll(() => ada.locator('[aria-busy=true]').count()).toBe(0)
    // Bones are as high as a card may be, not as this one is; what stands above them stays.
    expect(await ada.evaluate('shifted')).toBeLessThan(0.1)
    await ada.unroute(CALLS)
  })

  test.each(PAGES)('%s shows what failed, and trying again recovers', async (path) => {
    await ada.route(CALLS, (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          title: 'Not available now',
          status: 503,
          code: 'store-unavailable',
          detail: 'The store is away.',
          help: null,
        }),
      }),
    )
    await ada.goto(program.url + path)
    await ada.getByRole('alert').first().waitFor()
    expect(await ada.locator('.problem-detail').first().textContent()).toBe('The store is away.')
    await expect.poll(() => ada.locator('[aria-busy=true]').count()).toBe(0)
    await ada.unroute(CALLS)
    await ada.getByRole('button', { name: 'Try again' }).first().click()
    await ada.locator('.card').first().waitFor()
  })
})

describe('the end', () => {
  test('a removed member is told what ends, and is out at once', async () => {
    await go(grace, 'Tokens')
    await grace.getByRole('button', { name: 'Make a token' }).click()
    await grace.getByRole('textbox', { name: 'Name' }).fill('laptop of Grace')
    await grace.getByRole('button', { name: 'Make it' }).click()
    const token = (await grace.locator('.shown-once pre').first().textContent()) ?? ''
    await ada.goto(`${program.url}/members`)
    const remove = ada.getByRole('button', { name: 'Remove Grace Hopper' })
    await remove.click()
    const dialog = ada.getByRole('dialog')
    await dialog.getByText('laptop of Grace').waitFor()
    await isSound(ada)
    expect(await focused(ada)).toBe('Keep')
    await ada.keyboard.press('Escape')
    await expect.poll(() => focused(ada)).toBe('Remove Grace Hopper')
    await remove.click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await expect.poll(() => remove.count()).toBe(0)
    await expect.poll(async () => (await asToken(token, '/v1/status')).status).toBe(401)
    await grace.goto(`${program.url}/account`)
    await grace.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
  })

  test('who belongs to no organization any more still has an account, and is told so', async () => {
    await signIn(grace, 'grace@example.com', `${PASSWORD} 2`)
    await grace.getByRole('heading', { name: 'Account', level: 1 }).waitFor()
    await entry(grace, 'this one').waitFor()
    await isSound(grace)
    await sessionMenu(grace).click()
    expect(await grace.locator('.session-who p').last().textContent()).toBe('Of no organization')
    expect(await grace.locator('.session-panel a').allTextContents()).toEqual(['Account'])
    for (const path of ['/members', '/tokens', '/audit', '/organization']) {
      await grace.goto(program.url + path)
      await grace.getByText('You do not belong to Acme Payments. Ask one of them for an invitation.').waitFor()
    }
    await grace.goto(program.url)
    await grace.getByRole('heading', { name: 'Fairlead could not be read' }).waitFor()
    await signOut(grace)
    await grace.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
  })

  test('all of it stands in the audit log, and is exported', async () => {
    await go(ada, 'Audit log')
    await ada.locator('.audit-entry').first().waitFor()
    const told = (await ada.locator('.audit-entry').allTextContents()).map((text) => text.replaceAll(/\s+/g, ' '))
    for (const line of [
      'ada@example.com removed the member grace@example.com',
      'ada@example.com changed the organization default',
      'ada@example.com changed the password of their own account',
      'grace@example.com revoked the token deploys of shop',
      'grace@example.com made the token deploys of shop',
      'grace@example.com set a new password by a link for their own account',
      'ada@example.com made a link to reset the password of grace@example.com',
      'ada@example.com changed the role of grace@example.com',
      'grace@example.com added the member their own account',
      'ada@example.com invited grace@example.com',
      'one-time link made the account ada@example.com',
    ])
      expect(told.filter((text) => text.includes(line)).length, line).toBeGreaterThan(0)
    expect(told.find((text) => text.includes('changed the role of'))).toMatch(/Role ?viewer → admin/)
    expect(told.find((text) => text.includes('changed the organization'))).toContain('UTC → Europe/Berlin')
    expect(told[0]).toMatch(/from 127\.0\.0\.1, Chrome on Linux$/)

    await ada.getByLabel('What was done').selectOption('token.revoked')
    await expect.poll(() => ada.locator('.audit-entry').count()).toBe(1)
    await ada.getByRole('button', { name: 'Show all' }).click()
    await ada.getByLabel('Who did it').fill('one-time link')
    await ada.getByRole('button', { name: 'Show', exact: true }).click()
    await expect
      .poll(async () => (await ada.locator('.audit-actor').allTextContents()).every((name) => name === 'one-time link'))
      .toBe(true)
    expect(new URL(ada.url()).search).toBe('?actor=one-time+link')
    const [download] = await Promise.all([ada.waitForEvent('download'), ada.getByRole('link', { name: 'Export as NDJSON' }).click()])
    expect(download.suggestedFilename()).toBe('audit.ndjson')
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { action: string }).action)).toEqual(['user.created', 'session.opened'])
  })

  test('of which older entries come when they are asked for', async () => {
    for (let number = 0; number < 50; number++) {
      const answer = await fetch(`${program.url}/v1/organization`, {
        method: 'POST',
        headers: { authorization: `Bearer ${program.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `Acme ${number}` }),
      })
      expect(answer.status).toBe(200)
    }
    await ada.goto(`${program.url}/audit`)
    await expect.poll(() => ada.locator('.audit-entry').count()).toBe(50)
    await ada.getByRole('button', { name: 'Show older' }).click()
    await expect.poll(() => ada.locator('.audit-entry').count()).toBeGreaterThan(60)
    expect(await ada.locator('.audit-entry').last().textContent()).toContain('this machine made the token ingest')
    expect(await ada.getByRole('button', { name: 'Show older' }).count()).toBe(0)
  })
})
