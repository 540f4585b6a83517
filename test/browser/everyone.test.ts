import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityViolations } from './browser.ts'
import { problem, type World } from './fake-api.ts'
import { awkwardDora, awkwardStatus, status } from './fake-figures.ts'
import { stage } from './stage.ts'

const at = stage()

interface State {
  name: string
  path: string
  world: Partial<World>
  ready: (page: Page) => Promise<void>
}

const STATES: State[] = [
  { name: 'the review', path: '/', world: {}, ready: (page) => page.locator('article').first().waitFor() },
  {
    name: 'the review of sample data',
    path: '/?days=90&offset=14&service=api',
    world: { status: { ...status, demo: true, lag_seconds: 150 } },
    ready: (page) => page.locator('article').first().waitFor(),
  },
  {
    name: 'the details with a raw item',
    path: '/?metric=change_lead_time',
    world: {},
    ready: async (page) => {
      await page.locator('.row-open').first().click()
      await page.locator('.raw pre').waitFor()
      await page.getByText('The same as a table').click()
      await page.locator('.chart svg').waitFor()
    },
  },
  {
    name: 'the details without a value',
    path: '/?metric=time_to_restore',
    world: {},
    ready: (page) => page.locator('.chart svg').waitFor(),
  },
  {
    name: 'a failure',
    path: '/',
    world: { failing: { path: '/v1/dora', problem: problem(503, 'store-unavailable', 'The analytics store does not answer.') } },
    ready: (page) => page.getByRole('alert').waitFor(),
  },
  { name: 'the first run', path: '/', world: { status: { ...status, events: 0 } }, ready: (page) => page.locator('.beginnings').waitFor() },
  { name: 'signed out', path: '/', world: { signedIn: false }, ready: (page) => page.getByLabel('Access token').waitFor() },
  {
    name: 'signed out, with single sign-on, after a failure',
    path: '/gaps?days=7&signin=sso-unverified',
    world: { signedIn: false, signIn: { setup: false, oidc: [{ id: 'sso', title: 'Acme' }], mail: true } },
    ready: (page) => page.getByRole('link', { name: 'Acme' }).waitFor(),
  },
  {
    name: 'an invitation, with single sign-on',
    path: '/invitation/abc',
    world: { signedIn: false, signIn: { setup: false, oidc: [{ id: 'sso', title: 'Acme' }], mail: true } },
    ready: (page) => page.getByRole('link', { name: 'Acme' }).waitFor(),
  },
  {
    name: 'awkward figures and names',
    path: `/?service=${encodeURIComponent(awkwardStatus().services[0] ?? '')}`,
    world: { dora: awkwardDora, status: awkwardStatus() },
    ready: (page) => page.locator('.tile-question').first().waitFor(),
  },
  {
    name: 'the details of awkward figures and names',
    path: '/?metric=change_lead_time',
    world: { dora: awkwardDora, status: awkwardStatus() },
    ready: (page) => page.locator('.chart svg').waitFor(),
  },
  {
    name: 'a page that does not exist',
    path: '/nowhere',
    world: {},
    ready: (page) => page.getByRole('heading', { name: 'There is no such page' }).waitFor(),
  },
  {
    name: 'loading',
    path: '/',
    world: { holding: { path: '/v1/status', until: new Promise(() => {}) } },
    ready: (page) => page.locator('.tile-bones').first().waitFor(),
  },
]

describe.each(STATES)('$name', ({ path, world, ready }) => {
  test.each(['light', 'dark'] as const)('has nothing that axe objects to, %s', async (colorScheme) => {
    Object.assign(at.api.world, world)
    const page = await at.open(path, { colorScheme })
    await ready(page)
    expect(await accessibilityViolations(page)).toEqual([])
  })

  test('fits a screen of 360 pixels', async () => {
    Object.assign(at.api.world, world)
    const page = await at.open(path, { viewport: { width: 360, height: 740 } })
    await ready(page)
    expect(await accessibilityViolations(page)).toEqual([])
    // Nothing wider than the screen, in the page or in the dialog; a scrolling box of its own is fine.
    const wide = await page.evaluate(`[document.documentElement, ...document.querySelectorAll('dialog')]
      .map((box) => box.scrollWidth - box.clientWidth)`)
    expect(wide).toEqual((wide as number[]).map(() => 0))
  })
})

test('the review prints on one page, in light colours, without what is to be pressed', async () => {
  const page = await at.open('/', { colorScheme: 'dark' })
  await page.locator('article').first().waitFor()
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true })
  expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1)
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('.controls').isVisible()).toBe(false)
  expect(await page.locator('article').count()).toBe(6)
})

test('motion is left out for those who asked for less', async () => {
  const page = await at.open('/?metric=change_lead_time', { reducedMotion: 'reduce' })
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate(`getComputedStyle(document.querySelector('dialog')).animationName`)).toBe('none')
})

test('large text at 200 % still fits', async () => {
  const page = await at.open('/', { viewport: { width: 720, height: 900 } })
  await page.locator('article').first().waitFor()
  await page.evaluate(`document.documentElement.style.fontSize = '200%'`)
  const wide = await page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`)
  expect(wide).toBe(0)
})
