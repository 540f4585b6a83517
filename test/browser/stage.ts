import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launch, visit, type Visit } from './browser.ts'
import { fakeApi, ordinaryWorld, type FakeApi } from './fake-api.ts'

export interface Stage {
  readonly api: FakeApi
  /** What the browser will rightly complain about in this test. */
  expected: RegExp | null
  open(path?: string, options?: BrowserContextOptions): Promise<Page>
}

/** A browser and a fake API for one test file. After each test: nothing was refused by the policy, nothing was said on the console. */
export function stage(): Stage {
  let browser: Browser | undefined
  let api: FakeApi | undefined
  let visits: Visit[] = []

  beforeAll(async () => {
    api = await fakeApi()
    browser = await launch()
  })
  afterEach(async () => {
    const expected = result.expected
    const complaints = visits.flatMap((one) => one.complaints).filter((complaint) => expected === null || !expected.test(complaint))
    result.expected = null
    await Promise.all(visits.map((one) => one.close()))
    visits = []
    if (api !== undefined) {
      api.world = ordinaryWorld()
      api.requests = []
      api.posted = []
    }
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await browser?.close()
    await api?.close()
  })

  const result: Stage = {
    expected: null,
    get api() {
      if (api === undefined) throw new Error('The fake API starts before the first test, not before that.')
      return api
    },
    async open(path = '/', options = {}) {
      if (browser === undefined) throw new Error('The browser starts before the first test, not before that.')
      const opened = await visit(browser, this.api.url + path, options)
      visits.push(opened)
      return opened.page
    },
  }
  return result
}

/** Signed in, one has this button; it opens to what belongs to the person rather than to the figures. */
export function sessionMenu(page: Page): Locator {
  return page.getByRole('button', { name: /^Your session/ })
}

export async function signOut(page: Page): Promise<void> {
  await sessionMenu(page).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
}

/** The visible text with its white space made single. */
export async function text(page: Page, selector: string): Promise<string> {
  return ((await page.locator(selector).first().textContent()) ?? '').replaceAll(/\s+/g, ' ').trim()
}

/** Waits until the address says so; a click's effect on it is not immediate. */
export async function search(page: Page, expected: string): Promise<void> {
  await expect.poll(() => new URL(page.url()).search).toBe(expected)
}
