import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { DoraReply } from '../../src/metric.ts'
import type { TeamDetail } from '../../web/src/api/teams.ts'
import { freshDirectory, removeDirectory } from '../server.ts'
import { expectSound, grounds } from './grounds.ts'
import { search, text } from './stage.ts'

/** The pages of teams with the real program. */
const at = grounds()
const LONG = `a-service-with-a-long-name-${'and-longer-'.repeat(15)}`
const detail = (slug: string) => at.program.get<TeamDetail>(`/v1/teams/${slug}`)
const deploymentsOf = async (query: string) =>
  (await at.program.get<DoraReply>(`/v1/dora?days=7${query}`)).metrics['deployment_frequency']?.n

beforeAll(async () => {
  const services = ['payments', 'payments', 'pay-gate', 'shop', LONG]
  const events = services.map((service, index) => ({
    id: `d${index}`,
    kind: 'deploy',
    service,
    repo: `acme/${service.slice(0, 20)}`,
    git_sha: `${index}`.repeat(40),
    occurred_at: new Date(Date.now() - (index + 1) * 3_600_000).toISOString(),
  }))
  await at.program.send(JSON.stringify(events))
})

const FILE = `teams:
  - slug: platform
    name: Platform
    description: What others build on
  - slug: pay
    name: Payments
    parent: platform
    owns:
      - service: payments
`

test('a file is looked at, imported, and shows who owns what and what nobody owns', async () => {
  const page = await at.open('/teams')
  await page.getByRole('heading', { name: 'No teams yet' }).waitFor()
  expect(await text(page, '#unowned + p')).toBe('4 of 4 services and 4 of 4 repositories are in the figures of no team.')
  await page.getByRole('link', { name: 'import them from a file' }).click()

  await page.getByLabel('The file').fill('teams:\n  - slug: web\n    owns:\n      - repo: acme/*\n')
  await page.getByRole('button', { name: 'What would it change?' }).click()
  expect(await page.getByRole('alert').textContent()).toContain('line 4, teams.0.owns.0: Unrecognized key: "repo"')

  const folder = await freshDirectory()
  const file = join(folder, 'teams.yaml')
  await writeFile(file, FILE)
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByRole('heading', { name: '3 changes' }).waitFor()
  expect(await page.getByRole('list', { name: 'What would change' }).getByRole('listitem').allTextContents()).toEqual([
    'platform is added.',
    'pay is added.',
    'pay owns service payments.',
  ])
  expect((await at.program.get<{ items: unknown[] }>('/v1/teams')).items).toEqual([])
  await page.getByRole('button', { name: 'Make these changes' }).click()
  await page.getByText('3 changes made.').waitFor()
  await page.getByRole('link', { name: 'Go to the teams' }).click()

  await expect.poll(() => page.locator('.team-line').allTextContents()).toEqual(['Platformowns nothing yet', 'Payments1 service, 1 rule'])
  expect(await page.locator('.team-tree .team-tree .team-name').allTextContents()).toEqual(['Payments'])
  await page.getByRole('list', { name: 'Services without an owner' }).waitFor()
  expect(await page.getByRole('list', { name: 'Services without an owner' }).getByRole('listitem').allTextContents()).toEqual([
    LONG,
    'pay-gate',
    'shop',
  ])

  await page.getByRole('link', { name: 'Import' }).click()
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByText('Nothing would change.').waitFor()
  await removeDirectory(folder)
})

test('a rule shows what it would fit, is added and removed, and the review is narrowed by it', async () => {
  const page = await at.open('/teams/detail?slug=pay')
  const form = page.getByRole('form', { name: 'Add a rule' })
  await form.getByLabel('Name or pattern').fill('*a*')
  await expect.poll(() => text(page, '.fits p')).toBe('Fits 3 known services, 2 of them new to this team.')
  expect(await page.locator('.fits li').allTextContents()).toEqual([
    `${LONG} had no owner`,
    'pay-gate had no owner',
    'payments is theirs already',
  ])
  await form.getByLabel('Name or pattern').fill('x-*')
  await expect.poll(() => text(page, '.fits p')).toBe('Fits 0 known services. It counts for those that appear.')
  await form.getByLabel('Name or pattern').fill('*'.repeat(3) + 'a*'.repeat(11))
  await expect.poll(() => form.getByRole('alert').textContent()).toContain('must not have more than 10 wildcards')
  await form.getByLabel('Name or pattern').fill('pay-*')
  await form.getByLabel('Precedence').fill('5')
  await form.getByRole('button', { name: 'Add' }).click()
  const rules = page.getByRole('region', { name: 'Rules of the team' }).locator('tbody tr')
  await expect.poll(() => rules.allTextContents()).toEqual(['paymentsService0from a file', 'pay-*Service5by hand'])
  await expect.poll(() => page.getByRole('list', { name: 'Services' }).textContent()).toBe('pay-gatepayments')

  await page.getByRole('link', { name: 'Its figures' }).click()
  await page.locator('article').first().waitFor()
  expect(await page.getByLabel('Team').locator('option').allTextContents()).toEqual(['All teams', 'Platform', '\u2003Payments'])
  expect([await deploymentsOf('&team=pay'), await deploymentsOf('')]).toEqual([3, 5])
  await expect.poll(() => text(page, '.tile-basis')).toMatch(/^n 3 /)
  await page.getByLabel('Team').selectOption('')
  await expect.poll(() => text(page, '.tile-basis')).toMatch(/^n 5 /)
  await search(page, '')
  await page.getByLabel('Team').selectOption('platform')
  await expect.poll(() => text(page, '.tile-basis')).toMatch(/^n 3 /)
  await search(page, '?team=platform')

  await page.goto(`${at.program.url}/?metric=deployment_frequency`)
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Team' }).check({ force: true })
  await expect.poll(() => dialog.locator('.groups tbody th').allTextContents()).toEqual(['Payments', 'owned by no team'])
  await dialog.getByRole('button', { name: 'Payments' }).click()
  await search(page, '?team=pay&metric=deployment_frequency&by=team')

  await page.goto(`${at.program.url}/teams/detail?slug=pay`)
  await page.getByRole('button', { name: 'Remove the rule service pay-*' }).click()
  await expect.poll(() => rules.count()).toBe(1)
  expect(await deploymentsOf('&team=pay')).toBe(2)
})

test('a team is added below another, changed, and removed', async () => {
  const page = await at.open('/teams')
  await page.getByRole('button', { name: 'Add a team' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Réfunds & more')
  expect(await page.getByLabel('Short name').inputValue()).toBe('refunds-more')
  await page.getByLabel('Short name').fill('pay')
  await page.getByText('There is a team of that short name.').waitFor()
  await page.getByLabel('Short name').fill('refunds')
  await page.getByLabel('Below').selectOption('pay')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'Réfunds & more' }).waitFor()
  expect(await text(page, '.page-above')).toBe('Teams / Platform / Payments')
  expect(await detail('refunds')).toMatchObject({ parent: 'pay', origin: 'hand', description: null })

  await page.goto(`${at.program.url}/teams/detail?slug=pay`)
  await page.getByRole('button', { name: 'Change' }).click()
  // A circle cannot be chosen.
  expect(await page.getByLabel('Below').locator('option[disabled]').allTextContents()).toEqual([
    '\u2003Payments',
    '\u2003\u2003Réfunds & more',
  ])
  await page.getByLabel('Description').fill('Checkout and invoices')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Checkout and invoices').waitFor()

  await page.getByRole('button', { name: 'Remove', exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'Teams', exact: true }).waitFor()
  await expect.poll(() => page.locator('.team-name').allTextContents()).toEqual(['Platform', 'Réfunds & more'])
  expect(await detail('refunds')).toMatchObject({ parent: 'platform' })
})

test('a team that there is not is said with those that there are', async () => {
  const page = await at.open('/teams/detail?slug=nobody')
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toContain('There is no team "nobody".')
  expect(await page.getByRole('alert').textContent()).toContain('platform')
})

test('who may only read sees the teams and nothing to press', async () => {
  const { token } = await at.post<{ token: string }>('/v1/tokens', { name: 'reader', scopes: ['read'] })
  const page = await at.open('/teams', { storageState: { cookies: [], origins: [] } })
  await page.getByLabel('Access token').fill(token)
  await page.getByLabel('Access token').press('Enter')
  await page.getByText('You may look at the teams and not change them.').waitFor()
  expect(await page.getByRole('button', { name: 'Add a team' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Platform' }).click()
  await page.getByRole('heading', { name: 'Rules' }).waitFor()
  expect(await page.getByRole('form').count()).toBe(0)
  expect(await page.getByRole('button', { name: 'Remove' }).count()).toBe(0)
})

describe('the pages fit, and axe objects to nothing', () => {
  beforeAll(async () => {
    const name = 'A team with a name that is far longer than any ought to be '.repeat(4).trim()
    await at.post('/v1/teams', { slug: 'long', name, parent: 'platform' })
    await at.post('/v1/teams/owns', { slug: 'long', kind: 'service', pattern: `${LONG}*` })
  })
  const PAGES: [what: string, path: string, ready: (page: Page) => Promise<void>][] = [
    ['the tree', '/teams', (page) => page.getByRole('heading', { name: 'Owned by nobody' }).waitFor()],
    [
      'a team, and what a pattern fits',
      '/teams/detail?slug=long',
      async (page) => {
        await page.getByLabel('Name or pattern').fill('*')
        await page.locator('.fits').waitFor()
      },
    ],
    [
      'the form of a team',
      '/teams/detail?slug=long',
      async (page) => {
        await page.getByRole('button', { name: 'Change' }).click()
        await page.getByLabel('Below').waitFor()
      },
    ],
    [
      'an import',
      '/teams/import',
      async (page) => {
        await page.getByLabel('The file').fill(FILE)
        await page.getByRole('button', { name: 'What would it change?' }).click()
        await page.getByRole('list', { name: 'What would change' }).waitFor()
      },
    ],
    ['the review of a team', '/?team=long', (page) => page.locator('article').first().waitFor()],
  ]
  test.each(PAGES)('%s', { timeout: 60_000 }, (_, path, ready) => expectSound(at, path, ready))
})
