import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityViolations } from './browser.ts'
import { session } from './fake-figures.ts'
import { sessionMenu, stage } from './stage.ts'

const at = stage()

const links = (page: Page) => page.getByRole('navigation', { name: 'Account and organization' }).getByRole('link')
const open = async (options?: Parameters<typeof at.open>[1]) => {
  const page = await at.open('/', options)
  await page.locator('article').first().waitFor()
  await sessionMenu(page).click()
  return page
}
const EVERYTHING = [...session.rights, 'owner', 'superuser'] as const
const LONG = 'Bartholomäus-Maximilian von und zu Hohenstein-Wolkenkuckucksheim'

describe('the menu of the session', () => {
  test('says who one is and leads to what one may do', async () => {
    const page = await open()
    expect(await sessionMenu(page).getAttribute('aria-label')).toBe('Your session, Grace Hopper, GH')
    expect(await page.locator('.session-who p').allTextContents()).toEqual(['Grace Hopper', 'grace@acme.example', 'Admin'])
    expect(await links(page).allTextContents()).toEqual(['Account', 'Tokens', 'Members', 'Audit log', 'Organization', 'Settings'])
    expect(await page.locator('.session-organizations').count()).toBe(0)
  })

  test.each([
    ['a viewer', { role: 'viewer' as const, rights: ['read'] as const }, ['Account', 'Tokens', 'Settings']],
    ['who belongs to no organization any more', { role: null, rights: [] }, ['Account']],
    [
      'the one-time link',
      { user: null, role: null, rights: EVERYTHING },
      ['Tokens', 'Members', 'Audit log', 'Organization', 'Settings', 'Doctor'],
    ],
    ['a token that reads', { user: null, role: null, rights: ['read'] as const }, ['Settings']],
  ])('shows %s no link to what they may not do', async (_, given, expected) => {
    at.api.world.session = { ...session, ...given, rights: [...given.rights] }
    const page = await open()
    await page.locator('.session-who').waitFor()
    expect(await links(page).allTextContents()).toEqual(expected)
  })

  test('closes on Escape, with the focus back on its button, and on a press elsewhere', async () => {
    const page = await open()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Account')
    await page.keyboard.press('Escape')
    expect(await page.locator('.session-panel').count()).toBe(0)
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Your session, Grace Hopper, GH')
    await page.keyboard.press('Enter')
    await page.locator('.session-panel').waitFor()
    await page.locator('h1').click()
    expect(await page.locator('.session-panel').count()).toBe(0)
  })

  test('goes on in another organization, at the beginning', async () => {
    at.api.world.session = {
      ...session,
      organizations: [...session.organizations, { slug: 'other', name: 'Other Company', role: 'viewer' }],
    }
    const page = await open()
    expect(await page.locator('.session-organizations button[aria-current=true]').textContent()).toBe('Acme Payments')
    await page.goto(`${at.api.url}/gaps`)
    await sessionMenu(page).click()
    await page.getByRole('button', { name: 'Other Company' }).click()
    await page.locator('article').first().waitFor()
    expect(at.api.posted).toEqual([{ path: '/v1/session/organization', body: { slug: 'other' } }])
    expect(new URL(page.url()).pathname).toBe('/')
  })

  test('stays open and says why, when signing out fails', async () => {
    const page = await open()
    await page.route('**/v1/session/end', (route) => route.abort())
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('The Fairlead server did not answer.')
  })

  test.each([
    ['light', 1_280],
    ['dark', 1_280],
    ['light', 360],
  ] as const)('fits and is accessible with long names, %s at %i', async (colorScheme, width) => {
    at.api.world.session = {
      ...session,
      user: { id: session.organization.id, email: `${'very-long-address.'.repeat(6)}@example.com`, full_name: LONG, is_superuser: false },
      organizations: [...session.organizations, { slug: 'long', name: `${LONG} & Company`, role: 'viewer' }],
    }
    const page = await open({ colorScheme, viewport: { width, height: 740 } })
    await links(page).first().waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    const panel = await page.locator('.session-panel').boundingBox()
    expect(panel?.x).toBeGreaterThanOrEqual(0)
    expect((panel?.x ?? 0) + (panel?.width ?? 0)).toBeLessThanOrEqual(width)
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
  })
})
