import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityViolations } from './browser.ts'
import type { World } from './fake-api.ts'
import { healthOf, preview, sources } from './fake-sources.ts'
import { stage } from './stage.ts'

/** The pages of sources and gaps in every state that they have: what axe says of each, light and dark, and whether it fits a narrow screen. */
const at = stage()
const cards = (page: Page) => page.locator('.source-card')
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

const LONG = 'a-source-with-a-name-that-nobody-would-give-but-that-some-generator-did-'.repeat(2)

interface State {
  name: string
  path: string
  world: () => Partial<World>
  ready: (page: Page) => Promise<void>
}

const STATES: State[] = [
  { name: 'the list', path: '/sources', world: () => ({}), ready: (page) => cards(page).first().waitFor() },
  {
    name: 'the list with awkward names',
    path: '/sources',
    world: () => ({ sources: sources.map((one, index) => ({ ...one, name: LONG + index, last_error: LONG })), mayChange: false }),
    ready: (page) => cards(page).first().waitFor(),
  },
  { name: 'no sources', path: '/sources', world: () => ({ sources: [] }), ready: (page) => page.locator('.no-sources').waitFor() },
  {
    name: 'a source with an open raw item and its table',
    path: '/sources/detail?name=github',
    world: () => ({}),
    ready: async (page) => {
      await page.getByText('The same as a table').click()
      await button(page, 'Raw item 4711, run:88').click()
      await page.locator('.raw pre').waitFor()
    },
  },
  {
    name: 'a source with many streams',
    path: `/sources/detail?name=${LONG}`,
    world: () => ({
      sources: [{ ...sources[2]!, name: LONG }],
      health: (source) => ({
        ...healthOf(source),
        days: Array.from({ length: 16 }, (_, index) => ({
          day: new Date().toISOString().slice(0, 10),
          stream: `pull_request_files_${index}`,
          items: 10 ** index,
        })),
      }),
    }),
    ready: (page) => page.getByText('The same as a table').click(),
  },
  {
    name: 'the choice of a tool',
    path: '/sources/connect',
    world: () => ({}),
    ready: (page) => page.locator('.connector').first().waitFor(),
  },
  {
    name: 'the form with its preview',
    path: '/sources/connect?connector=forge',
    world: () => ({ check: { ok: true, missing: ['Something is missing.'] }, preview: { ...preview, removed: preview.added } }),
    ready: async (page) => {
      await page.getByText('What it needs, and what it tells').click()
      await page.getByText('What the fields of a rule mean').click()
      await button(page, 'Make one').click()
      await button(page, 'Check').click()
      await page.locator('.notice').waitFor()
      await button(page, 'Preview').click()
      await page.locator('.preview').waitFor()
    },
  },
  { name: 'settings', path: '/sources/settings?name=github', world: () => ({}), ready: (page) => page.locator('.settings').waitFor() },
  { name: 'the gaps', path: '/gaps', world: () => ({}), ready: (page) => page.locator('.tier-form').waitFor() },
  {
    name: 'loading',
    path: '/sources',
    world: () => ({ holding: { path: '/v1/sources', until: new Promise(() => {}) } }),
    ready: (page) => page.locator('.bone-card').first().waitFor(),
  },
]

describe.each(STATES)('$name', ({ path, world, ready }) => {
  test.each(['light', 'dark'] as const)('has nothing that axe objects to, %s', async (colorScheme) => {
    Object.assign(at.api.world, world())
    const page = await at.open(path, { colorScheme })
    await ready(page)
    expect(await accessibilityViolations(page)).toEqual([])
  })

  test('fits a screen of 360 pixels', async () => {
    Object.assign(at.api.world, world())
    const page = await at.open(path, { viewport: { width: 360, height: 740 } })
    await ready(page)
    expect(await accessibilityViolations(page)).toEqual([])
    expect(await page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`)).toBe(0)
  })
})

test('what is to be pressed is not printed', async () => {
  const page = await at.open('/sources/detail?name=github')
  await page.locator('.strip').waitFor()
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('.source-actions').isVisible()).toBe(false)
  expect(await page.locator('.strip').isVisible()).toBe(true)
})
