import { describe, expect, test } from 'vitest'
import { problem, TOKEN } from './fake-api.ts'
import { status } from './fake-figures.ts'
import { sessionMenu, signOut, stage, text } from './stage.ts'

const at = stage()

describe('signed out', () => {
  test('names both ways in', async () => {
    at.api.world.signedIn = false
    const page = await at.open()
    await page.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
    expect(await text(page, 'main')).toContain('fairlead up prints a link that works once.')
    expect(await page.getByLabel('Access token').getAttribute('type')).toBe('password')
    expect(await page.getByRole('button', { name: 'Sign in' }).isDisabled()).toBe(true)
    expect(await sessionMenu(page).count()).toBe(0)
  })

  test('a wrong token is told, a right one lets in', async () => {
    at.api.world.signedIn = false
    const page = await at.open('/?days=14')
    const token = page.getByLabel('Access token')
    await token.fill('flt_wrong')
    await token.press('Enter')
    expect(await page.getByRole('alert').textContent()).toBe(
      'This token is not known or has expired. Make a new one with fairlead admin tokens create.',
    )
    expect(await token.getAttribute('aria-invalid')).toBe('true')
    await token.fill(` ${TOKEN} `)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('article').first().waitFor()
    expect(await text(page, 'h1')).toBe('Delivery review, 14 days')
  })

  test('says that a sign-in link was spent', async () => {
    at.api.world.signedIn = false
    const page = await at.open('/?signin=stale')
    expect(await page.getByRole('alert').textContent()).toContain('This sign-in link has been used or has expired.')
  })

  test('leads to the single sign-on, and back to the page that was wanted', async () => {
    Object.assign(at.api.world, { signedIn: false, signIn: { setup: false, oidc: [{ id: 'sso', title: 'Acme' }], mail: false } })
    const page = await at.open('/gaps?days=7&signin=sso-cancelled')
    expect(await page.getByRole('link', { name: 'Acme' }).getAttribute('href')).toBe('/v1/signin/oidc/sso?to=%2Fgaps%3Fdays%3D7')
    expect(await page.getByRole('alert').textContent()).toContain('The single sign-on did not let you in')
    const invitation = await at.open('/invitation/abc')
    expect(await invitation.getByRole('link', { name: 'Acme' }).getAttribute('href')).toBe('/v1/signin/oidc/sso?invitation=abc')
  })

  test('who forgot the password asks for a link, where the server sends mail', async () => {
    Object.assign(at.api.world, { signedIn: false, signIn: { setup: false, oidc: [], mail: true } })
    const page = await at.open()
    await page.getByRole('button', { name: 'Forgotten the password?' }).click()
    expect(await page.getByLabel('Password').count()).toBe(0)
    await page.locator('input[type=email]:focus').waitFor()
    await page.getByLabel('E-mail').fill(' ada@example.com ')
    await page.getByRole('button', { name: 'Send the link' }).click()
    expect(await page.getByRole('status').textContent()).toContain('If there is an account with this e-mail, a link is on its way.')
    expect(at.api.posted).toEqual([{ path: '/v1/password/forgot', body: { email: 'ada@example.com' } }])
    at.api.world.signIn.mail = false
    const without = await at.open()
    await without.getByLabel('E-mail').waitFor()
    expect(await without.getByRole('button', { name: 'Forgotten the password?' }).count()).toBe(0)
  })

  test('signing out ends the session', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    await signOut(page)
    await page.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
    expect(at.api.requests).toContain('POST /v1/session/end')
  })

  test('a session that ends while the page is open leads to the same place', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    at.api.world.signedIn = false
    await page.getByTitle('Refresh now').click()
    await page.getByRole('heading', { name: 'Sign in to Fairlead' }).waitFor()
    expect(await page.locator('article').count()).toBe(0)
  })
})

describe('a failure', () => {
  test('shows what the problem document says, and trying again recovers', async () => {
    const refused = problem(503, 'store-unavailable', 'The analytics store does not answer.')
    at.api.world.failing = { path: '/v1/dora', problem: { ...refused, help: 'Wait a moment, or look at `fairlead doctor`.' } }
    const page = await at.open()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await text(page, '.problem-text')).toBe(
      'The analytics store does not answer.Wait a moment, or look at fairlead doctor.503 · store-unavailable',
    )
    expect(await page.locator('article').count()).toBe(0)
    at.api.world.failing = null
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => page.locator('article').count()).toBe(6)
    expect(await alert.count()).toBe(0)
  })

  test('of the very first call has a page of its own', async () => {
    at.api.world.failing = { path: '/v1/status', problem: problem(503, 'schema-pending', 'The store is being migrated.') }
    const page = await at.open()
    await page.getByRole('heading', { name: 'Fairlead could not be read' }).waitFor()
    expect(await text(page, '.problem-detail')).toBe('The store is being migrated.')
    at.api.world.failing = null
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => page.locator('article').count()).toBe(6)
  })

  test('of the network names the server, after one more try', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    await page.route('**/v1/**', (route) => route.abort())
    await page.getByTitle('Refresh now').click()
    await page.getByRole('alert').waitFor()
    expect(await text(page, '.problem-detail')).toBe('The Fairlead server did not answer.')
    expect(await page.locator('article').count()).toBe(6)
  })
})

describe('the first run', () => {
  test('offers three ways to begin, each to copy', async () => {
    at.api.world.status = { ...status, events: 0, services: [], environments: [], sources: [] }
    const page = await at.open('/', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.locator('.beginnings').waitFor()
    const commands = await page.locator('.beginnings code').filter({ hasText: / / }).allTextContents()
    expect(commands[0]).toBe('npx fairlead demo')
    expect(commands[1]).toBe('npx fairlead scan PATH')
    expect(commands.at(-1)).toContain(`curl -X POST ${at.api.url}/v1/events`)
    expect(commands.at(-1)).toContain(`-H "authorization: Bearer $(cat .fairlead/ingest.token)"`)
    expect(commands.at(-1)).toMatch(
      /-d '\{"kind":"deploy","service":"api","git_sha":"4f2a9c1","commit_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}'$/,
    )
    expect(at.api.requests.some((request) => request.startsWith('GET /v1/dora'))).toBe(false)
    await page.getByRole('button', { name: 'Copy: scan a repository' }).click()
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe('npx fairlead scan PATH')
  })

  test('becomes the review by itself when data has come', async () => {
    at.api.world.status = { ...status, events: 0 }
    const page = await at.open()
    await page.getByText('Waiting for the first event').waitFor()
    at.api.world.status = status
    await expect.poll(() => page.locator('article').count(), { timeout: 10_000 }).toBe(6)
  })
})

test('a page that does not exist says so and leads on', async () => {
  const page = await at.open('/dashboards/nope')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  expect(await text(page, 'main')).toContain('Nothing is at /dashboards/nope.')
  expect(at.api.requests).toEqual([])
  await page.getByRole('link', { name: 'The delivery review' }).click()
  await page.locator('article').first().waitFor()
})

test('while loading the page has its shape and says that it loads', async () => {
  let release: (() => void) | undefined
  const until = new Promise<void>((resolve) => {
    release = resolve
  })
  at.api.world.holding = { path: '/v1/dora', until }
  const page = await at.open()
  await page.locator('.tile-bones').first().waitFor()
  expect(await page.locator('.tile-bones').count()).toBe(6)
  release?.()
  await page.locator('article').first().waitFor()
  expect(await page.locator('.tile-bones').count()).toBe(0)
})

describe('a part of the page that is gone after an upgrade', () => {
  test('the chart: the table and the rows are still there', async () => {
    at.expected = /series-chart|Failed to fetch dynamically imported module/
    const page = await at.open()
    await page.route('**/series-chart-*.js', (route) => route.abort())
    await page.getByRole('button', { name: 'Change lead time' }).click()
    await page.getByText('The chart could not be loaded; the table has every figure.').waitFor()
    await page.locator('.row').first().waitFor()
    expect(await page.getByText('The same as a table').isVisible()).toBe(true)
  })

  test('the details: the figures stay, and loading the page again mends it', async () => {
    at.expected = /detail-drawer|Failed to fetch dynamically imported module/
    const page = await at.open()
    await page.route('**/detail-drawer-*.js', (route) => route.abort())
    await page.getByRole('button', { name: 'Change lead time' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.locator('article').count()).toBe(6)
    await page.unroute('**/detail-drawer-*.js')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('dialog', { name: 'Change lead time' }).waitFor()
  })
})
