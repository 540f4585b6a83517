import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

/** The headless shell first: the same engine without the rest of a desktop browser. A fresh page is there after 0.6 s instead of 1.8 s. */
const USUAL_PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The browser is a need of these tests, not an option: without one they fail and say so. */
function executablePath(): string {
  const chosen = process.env['CHROMIUM_PATH']
  if (chosen !== undefined) {
    if (existsSync(chosen)) return chosen
    throw new Error(`CHROMIUM_PATH names ${chosen}, which does not exist.`)
  }
  const found = USUAL_PLACES.find((place) => existsSync(place))
  if (found !== undefined) return found
  throw new Error(
    `The browser tests need Chromium and found none in ${USUAL_PLACES.join(', ')}. Install it (Debian: apt install chromium-headless-shell) or set CHROMIUM_PATH.`,
  )
}

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath(),
    args: [
      '--no-sandbox',
      '--headless',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

export interface Visit {
  page: Page
  /** Console errors and warnings, uncaught exceptions and refusals by the content security policy, so far. */
  complaints: string[]
  close(): Promise<void>
}

/** A fresh visitor: nothing stored, and everything that the browser complains about is remembered. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  page.on('console', (message) => {
    const text = message.text()
    // A refused call is what some tests are about; the browser logs every 4xx and 5xx by itself.
    if (text.startsWith('Failed to load resource')) return
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${text}`)
  })
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  await page.addInitScript(
    `document.addEventListener('securitypolicyviolation', (event) =>
      console.error('refused by policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber))`,
  )
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

/** What axe-core objects to, as short lines. */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  // The protocol's evaluation is not bound by the page's content security policy, a script element would be.
  await page.evaluate(axe.source)
  return page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary)))`,
  )
}
