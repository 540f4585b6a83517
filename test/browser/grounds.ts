import type { BrowserContextOptions, Page } from 'playwright-core'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { freshDirectory, removeDirectory } from '../server.ts'
import { accessibilityViolations, launch, visit, type Visit } from './browser.ts'
import { startProgram, type Program } from './program.ts'

export interface Grounds {
  readonly program: Program
  /** As the one who signed in with the link of the start. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>
  /** Asks the API as the administrator. */
  post<T>(path: string, body: object): Promise<T>
}

/** The real program with a browser before it, for one test file. After each test: the browser complained of nothing. */
export function grounds(settings: Readonly<Record<string, string>> = {}): Grounds {
  let browser: Browser | undefined
  let program: Program | undefined
  let home = ''
  let signedIn: NonNullable<BrowserContextOptions['storageState']>
  let visits: Visit[] = []
  beforeAll(async () => {
    browser = await launch()
    home = await freshDirectory()
    program = await startProgram(join(home, 'data'), 0, settings)
    const { page, close } = await visit(browser, program.signInLink)
    signedIn = await page.context().storageState()
    await close()
  })
  afterEach(async () => {
    const complaints = visits.flatMap((one) => one.complaints)
    await Promise.all(visits.map((one) => one.close()))
    visits = []
    expect(complaints).toEqual([])
  })
  afterAll(async () => {
    await program?.stop()
    await browser?.close()
    await removeDirectory(home)
  })
  const result: Grounds = {
    get program() {
      if (program === undefined) throw new Error('The program starts before the first test, not before that.')
      return program
    },
    async open(path, options = {}) {
      if (browser === undefined) throw new Error('The browser starts before the first test, not before that.')
      const opened = await visit(browser, result.program.url + path, { storageState: signedIn, ...options })
      visits.push(opened)
      return opened.page
    },
    async post<T>(path: string, body: object) {
      const { url, token } = result.program
      const answer = await fetch(new URL(path, url), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
  }
  return result
}

/** In both themes nothing that axe objects to, and nothing wider than a small or a usual screen. */
export async function expectSound(at: Grounds, path: string, ready: (page: Page) => Promise<void>): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280]) {
      const page = await at.open(path, { colorScheme, viewport: { width, height: 800 } })
      await ready(page)
      expect(await accessibilityViolations(page), `${path}, ${colorScheme}, ${width}`).toEqual([])
      const wide = await page.evaluate(`[document.documentElement, ...document.querySelectorAll('dialog')]
        .map((box) => box.scrollWidth - box.clientWidth)`)
      expect(wide, `${path}, ${width}`).toEqual((wide as number[]).map(() => 0))
      await page.close()
    }
}
