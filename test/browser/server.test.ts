import { createHash } from 'node:crypto'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DoraReply, MetricReply } from '../../src/metric.ts'
import type { DoctorReport } from '../../src/operate/doctor/finding.ts'
import type { Page as ListPage, SampleReply, Status } from '../../web/src/api/contract.ts'
import { count, figure, scaleFor } from '../../web/src/format/figure.ts'
import { reasonText } from '../../web/src/format/words.ts'
import { freshDirectory, removeDirectory } from '../server.ts'
import { accessibilityViolations, launch, visit, type Visit } from './browser.ts'
import { fairlead, paste, startProgram, type Program } from './program.ts'
import { search, sessionMenu, signOut, text } from './stage.ts'

/** The page and the real server together, as a person meets them: the program in a process of its own, and a browser. */
let browser: Browser
let home: string
let visits: Visit[] = []
beforeAll(async () => {
  browser = await launch()
  home = await freshDirectory()
})
afterEach(async () => {
  const complaints = visits.flatMap((one) => one.complaints)
  await Promise.all(visits.map((one) => one.close()))
  visits = []
  if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join('\n')}`)
})
afterAll(async () => {
  await browser.close()
  await removeDirectory(home)
})

async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const opened = await visit(browser, url, options)
  visits.push(opened)
  return opened.page
}

/** The cookies of someone who has signed in with the one-time link. */
async function signIn(program: Program): Promise<NonNullable<BrowserContextOptions['storageState']>> {
  const { page, close } = await visit(browser, program.signInLink)
  const state = await page.context().storageState()
  await close()
  return state
}

const tiles = (page: Page) => page.locator('article')
const dialog = (page: Page) => page.getByRole('dialog')

describe('a server that has just been started', () => {
  let program: Program
  let folder: string
  beforeAll(async () => {
    folder = join(home, 'first')
    program = await startProgram(folder)
  })
  afterAll(() => program.stop())

  test('from the sign-in link to the first event, and out again', async () => {
    const page = await open(program.url, { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()

    await page.goto(program.signInLink)
    await page.getByRole('heading', { name: 'Let us see the first delivery' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/')
    expect(await accessibilityViolations(page)).toEqual([])

    // The line works as it stands on the page, in the folder in which the server was started.
    await page.getByRole('button', { name: 'Copy: send a deployment with curl' }).click()
    const line = await page.evaluate<string>('navigator.clipboard.readText()')
    const { code, stdout } = await paste(folder, line)
    expect([code, JSON.parse(stdout)]).toEqual([0, { accepted: 1 }])

    // Nobody reloads: the page has been asking.
    await expect.poll(() => tiles(page).count(), { timeout: 20_000 }).toBe(6)
    expect(await text(page, '.tile-basis')).toBe('n 1 deployment · coverage 100 % · no level: too few samples')
    expect(await page.getByLabel('Service').locator('option').allTextContents()).toEqual(['All services', 'api'])
    expect(await page.getByText('Sample data').count()).toBe(0)

    const [cookie] = await page.context().cookies()
    const asSession = () => fetch(`${program.url}/v1/status`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } })
    expect((await asSession()).status).toBe(200)
    await signOut(page)
    await page.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
    expect((await asSession()).status).toBe(401)
    expect(await page.context().cookies()).toEqual([])
  })

  test('the link is spent; a token lets in', async () => {
    const page = await open(program.signInLink)
    expect(await page.getByRole('alert').textContent()).toContain('This sign-in link has been used or has expired.')
    expect(await accessibilityViolations(page)).toEqual([])
    await page.getByLabel('Access token').fill('flt_000000000000000000000000000000000000000000')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('.entry-form').getByRole('alert').waitFor()
    expect(await text(page, '.entry-form [role=alert]')).toContain('not known')
    await page.getByLabel('Access token').fill(program.token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await sessionMenu(page).waitFor()
  })

  test('an invitation leads in, and afterwards e-mail and password do', async () => {
    const invited = await fetch(`${program.url}/v1/invitations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${program.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'grace@example.com', role: 'viewer' }),
    })
    const { link } = (await invited.json()) as { link: string }
    const page = await open(link)
    await page.getByRole('heading', { name: 'Join Default' }).waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    await page.getByLabel('Your name').fill('Grace')
    await page.getByLabel('A new password').fill('short')
    await page.getByRole('button', { name: 'Join' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('shorter than 8 characters')
    await page.getByLabel('A new password').fill('correct horse')
    await page.getByRole('button', { name: 'Join' }).click()
    await signOut(page)

    await page.getByLabel('E-mail').fill('Grace@example.com')
    await page.getByLabel('Password').fill('wrong horse')
    await page.getByRole('button', { name: 'Continue' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('The e-mail or the password is wrong.')
    await page.getByLabel('Password').fill('correct horse')
    await page.getByRole('button', { name: 'Continue' }).click()
    await sessionMenu(page).waitFor()

    const spent = await open(link)
    await spent.getByRole('heading', { name: 'This invitation is not open' }).waitFor()
  })

  test('when it goes away its figures stay, marked as stale, and the page goes on when it is back', async () => {
    await program.send('{"kind":"deploy","service":"away","git_sha":"4f2a9c1","id":"away"}')
    const page = await open(`${program.url}/?service=away`)
    await page.getByLabel('Access token').fill(program.token)
    await page.getByLabel('Access token').press('Enter')
    await tiles(page).first().waitFor()
    await program.stop()
    await page.getByTitle('Refresh now').click()
    await page.getByRole('alert').waitFor()
    expect(await text(page, '.problem-detail')).toBe('The Fairlead server did not answer.')
    expect(await text(page, '.freshness')).toMatch(/^Stale: figures of \d\d:\d\d/)
    expect(await tiles(page).count()).toBe(6)
    expect(await accessibilityViolations(page)).toEqual([])

    program = await startProgram(folder, program.port)
    // Nobody presses anything: the page asks again by itself.
    await expect.poll(() => page.getByRole('alert').count(), { timeout: 20_000 }).toBe(0)
    expect(await text(page, '.freshness')).toMatch(/^Updated /)
    expect(await text(page, '.tile-basis')).toBe('n 1 deployment · coverage 100 % · no level: too few samples')
  })
})

describe('with the sample data', () => {
  let program: Program
  let storageState: NonNullable<BrowserContextOptions['storageState']>
  let loaded = ''
  const own = 'sample'
  beforeAll(async () => {
    program = await startProgram(join(home, own))
    loaded = (await fairlead(join(home, own), 'demo')).stdout
    storageState = await signIn(program)
  })
  afterAll(() => program.stop())

  const review = async (path = '/', options: BrowserContextOptions = {}) => {
    const page = await open(program.url + path, { storageState, ...options })
    await page.locator('.tile-question').nth(5).waitFor()
    return page
  }
  /** What the server says of the window that the page shows. */
  const shownBy = async (page: Page, query = ''): Promise<MetricReply[]> => {
    const [reply] = await Promise.all([
      page.waitForResponse((answer) => new URL(answer.url()).pathname === '/v1/dora' && answer.ok()),
      page.getByTitle('Refresh now').click(),
    ])
    const { from, to } = ((await reply.json()) as DoraReply).window
    const { metrics } = await program.get<DoraReply>(`/v1/dora?from=${from}&to=${to}${query}`)
    const order = await page.evaluate<string[]>(`[...document.querySelectorAll('article button')].map(({ id }) => id.replace('tile-', ''))`)
    return order.map((id) => metrics[id] as MetricReply)
  }

  // The first, while nothing but the sample data is there.
  test('looks as the picture in the README shows it', async () => {
    const page = await review('/', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    await page.getByRole('button', { name: 'Not now' }).click()
    const picture = await page.screenshot({ fullPage: true })
    const images =
      process.env['FAIRLEAD_WRITE_SCREENSHOT'] === undefined
        ? join(home, 'images')
        : fileURLToPath(new URL('../../docs/images', import.meta.url))
    await mkdir(images, { recursive: true })
    const path = join(images, 'weekly-review.png')
    await writeFile(path, picture)
    expect((await stat(path)).size).toBeLessThan(400_000)
    // Width and height stand at the beginning of a PNG.
    expect(picture.readUInt32BE(16)).toBe(1_280)
    expect(picture.readUInt32BE(20)).toBeGreaterThan(900)
    expect(picture.readUInt32BE(20)).toBeLessThan(1_400)
    expect(await coloursOf(picture)).toBeGreaterThan(100)
  })

  test('the banner names it, and six tiles say what the API says at that moment', async () => {
    expect(loaded).toMatch(/^[\d,]+ events of sample data are in: six services/)
    const page = await review()
    expect(await page.getByRole('complementary', { name: 'Sample data' }).textContent()).toContain('npx fairlead demo --remove')
    const metrics = await shownBy(page)
    expect(metrics).toHaveLength(6)
    for (const [index, metric] of metrics.entries()) {
      const tile = tiles(page).nth(index)
      const scale = scaleFor(metric.unit, metric.value, metric.baseline.value)
      expect(metric.n).toBeGreaterThanOrEqual(3)
      expect(await tile.locator('h2').textContent()).toBe(metric.title)
      await expect.poll(() => tile.locator('.tile-value').textContent()).toBe(figure(metric.value ?? Number.NaN, scale))
      expect(await tile.locator('.spark-legend').textContent()).toBe(`before: ${figure(metric.baseline.value ?? Number.NaN, scale)}`)
      expect(await tile.locator('.tile-basis').textContent()).toMatch(new RegExp(`^n ${count(metric.n)} `))
      const words = {
        improved: /(leaning better|about the same)$/,
        regressed: /(leaning worse|about the same)$/,
        'no clear change': /^(same|.*no clear change)$/,
        'not enough data': /too few to compare$/,
      }
      expect(await tile.locator('.change').textContent()).toMatch(words[metric.trend.verdict])
    }
    expect(await text(page, '.compared')).toContain('not tested yet')
  })

  test('a tile opens to its chart, its services and its rows', async () => {
    const page = await review('/?days=28')
    const before = await program.get<MetricReply>('/v1/metrics/change_lead_time?days=28&by=service')
    await page.getByRole('button', { name: 'Change lead time' }).click()
    await dialog(page).locator('.chart svg').waitFor()
    await dialog(page).locator('.row').first().waitFor()
    expect(await dialog(page).locator('.groups tbody th').allTextContents()).toEqual(before.groups.map(({ key }) => key))
    const { items } = await program.get<ListPage<SampleReply>>('/v1/metrics/change_lead_time/samples?days=28&limit=50')
    expect(await dialog(page).locator('.row').count()).toBe(items.length)
    expect(await dialog(page).locator('.row-subject').first().textContent()).toContain(items[0]?.subject.title)
    await dialog(page).getByRole('button', { name: 'Show more rows' }).click()
    await expect.poll(() => dialog(page).locator('.row').count()).toBe(100)
    await dialog(page).getByLabel('Show', { exact: true }).selectOption('missing')
    await expect.poll(() => dialog(page).locator('.row-status').first().textContent()).toMatch(/^Missing/)

    await page.reload()
    await dialog(page).locator('.row').first().waitFor()
    await search(page, '?days=28&metric=change_lead_time&status=missing')
    await page.keyboard.press('Escape')
    await search(page, '?days=28')
    expect(await dialog(page).count()).toBe(0)
  })

  test('a row leads to the very bytes that were sent', async () => {
    /** As a sender of one's own may write it: the bytes are odd on purpose. */
    const sent = `{ "kind":"deploy",\t"service":"raw-check", "git_sha":"4f2a9c1",  "title":"Grüße – “quoted” <b>",
  "attributes":{"build":12345678901234567890}}`
    await program.send(sent)
    const page = await review('/?service=raw-check', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('button', { name: 'Deployment frequency' }).click()
    await dialog(page).locator('.row-open').click()
    const payload = dialog(page).locator('.raw pre')
    await payload.waitFor()
    // A number beyond 2^53 would change by indenting, so these bytes are shown as they came.
    expect(await payload.textContent()).toBe(sent)
    expect(await text(page, '.raw dl')).toContain(createHash('sha256').update(sent).digest('hex'))
    await dialog(page).getByRole('button', { name: 'Copy: the payload as it arrived' }).click()
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(sent)
    expect(await accessibilityViolations(page)).toEqual([])
  })

  test('narrows to a service, an environment and a time, and a reload keeps them', async () => {
    const page = await review()
    await page.getByLabel('Service').selectOption('payments')
    await page.getByLabel('Environment').selectOption('staging')
    await page.getByLabel('28 days').check({ force: true })
    await page.getByRole('button', { name: 'One week back' }).click()
    await search(page, '?days=28&offset=7&service=payments&environment=staging')
    await page.reload()
    await page.locator('.tile-question').nth(5).waitFor()
    expect(await page.getByLabel('Service').inputValue()).toBe('payments')
    expect(await text(page, '.steps-label')).toBe('7 d back')
    const metrics = await shownBy(page, '&service=payments&environment=staging')
    expect(metrics[0]?.n).toBeGreaterThan(0)
    await expect.poll(() => tiles(page).nth(0).locator('.tile-basis').textContent()).toMatch(new RegExp(`^n ${metrics[0]?.n} `))
    const all = await program.get<DoraReply>('/v1/dora?days=28')
    expect(metrics[0]?.n).toBeLessThan(all.metrics['deployment_frequency']?.n ?? 0)
    expect(await tiles(page).nth(5).locator('.tile-reason').textContent()).toBe(reasonText('no_samples'))
  })

  test('tells of a service that does not exist that nobody watched it, and no zero', async () => {
    const page = await review('/?service=chekout')
    expect(await page.locator('.tile-reason').allTextContents()).toEqual(Array.from({ length: 6 }, () => reasonText('no_source')))
    expect(await page.locator('.tile-value').count()).toBe(0)
    expect(await text(page, '.headline')).toBe('Nothing is known of the service chekout in this window.')
    expect(await text(page, '.score')).toContain('None')
    expect(await page.getByLabel('Service').inputValue()).toBe('chekout')
  })

  test.each(['light', 'dark'] as const)('has nothing that axe objects to, %s', async (colorScheme) => {
    const page = await review('/?days=90', { colorScheme })
    expect(await accessibilityViolations(page)).toEqual([])
    await page.getByRole('button', { name: 'Change fail rate' }).click()
    await dialog(page).locator('.chart svg').waitFor()
    await dialog(page).locator('.row-open').first().click()
    await dialog(page).locator('.raw pre').waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    const docs = await open(`${program.url}/docs`, { colorScheme })
    expect(await accessibilityViolations(docs)).toEqual([])
  })

  test('the doctor shows the operator what `fairlead doctor` says', async () => {
    const page = await review('/')
    await page.getByRole('button', { name: /^Your session/ }).click()
    await page.getByRole('link', { name: 'Doctor' }).click()
    const sizes = page.getByRole('region', { name: 'Sizes of the tables: Analytics store' })
    await sizes.getByRole('row').nth(1).waitFor()
    const { stores } = await program.get<DoctorReport>('/v1/doctor')
    const known = new Set(stores.flatMap(({ tables }) => tables.map(({ table }) => table)))
    for (const name of await page
      .getByRole('region', { name: /^Sizes of the tables/ })
      .getByRole('rowheader')
      .allTextContents())
      expect(known).toContain(name)
  })

  test('the API is documented on a page that a person can read', async () => {
    const page = await open(`${program.url}/docs`, { viewport: { width: 360, height: 740 } })
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^API version \d/)
    await page.getByRole('navigation').getByRole('link', { name: 'POST /v1/events' }).click()
    const events = page.locator('section').filter({ has: page.getByRole('heading', { name: 'POST /v1/events' }) })
    expect(await events.getByRole('row', { name: /^git_sha / }).textContent()).toContain('The shipped commit, full or short.')
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
    await page.setViewportSize({ width: 1280, height: 900 })
    expect(await coloursOf(await page.screenshot())).toBeGreaterThan(20)
  })

  // The last, because it changes what is loaded.
  test('loading it again replaces it; removing it takes the banner and the figures away', async () => {
    await program.send('{"kind":"deploy","service":"api","git_sha":"4f2a9c1","id":"kept"}')
    const first = await program.get<Status>('/v1/status')
    const again = await fairlead(join(home, own), 'demo')
    expect(again.stdout).toContain('The sample data was there already; it is replaced')
    const second = await program.get<Status>('/v1/status')
    // The story ends now: a few minutes on, it may have gained or lost an event, and never doubled.
    expect(Math.abs(second.events - first.events)).toBeLessThan(20)

    const page = await review()
    expect((await fairlead(join(home, own), 'demo', '--remove')).stdout).toBe('The sample data is removed.\n')
    await page.reload()
    await page.locator('.tile-question').nth(5).waitFor()
    expect(await page.getByRole('complementary', { name: 'Sample data' }).count()).toBe(0)
    const { events } = await program.get<Status>('/v1/status')
    await expect.poll(() => text(page, '.colophon-end')).toMatch(new RegExp(`^${events} events? ·`))
    expect(await page.getByLabel('Service').locator('option').allTextContents()).not.toContain('payments')
    await page.getByLabel('Service').selectOption('api')
    await expect.poll(() => text(page, '.tile-basis')).toBe('n 1 deployment · coverage 100 % · no level: too few samples')
    expect(await page.locator('.colophon li').allTextContents()).toEqual([expect.stringMatching(/^events /)])
    expect((await fairlead(join(home, own), 'demo', '--remove')).stdout).toBe('There is no sample data; nothing is removed.\n')
  })
})

/** How many colours a picture has: a blank one has one. */
async function coloursOf(png: Buffer): Promise<number> {
  const page = await browser.newPage()
  try {
    return await page.evaluate(`(async () => {
      const image = new Image()
      image.src = 'data:image/png;base64,${png.toString('base64')}'
      await image.decode()
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')
      canvas.drawImage(image, 0, 0)
      return new Set(new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer)).size
    })()`)
  } finally {
    await page.close()
  }
}
