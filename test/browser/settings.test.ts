import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { DoraReply } from '../../src/metric.ts'
import type { Page as ListPage } from '../../web/src/api/contract.ts'
import type { Band, Project, Setting } from '../../web/src/api/settings.ts'
import { expectSound, grounds } from './grounds.ts'

/** The settings of an organization with the real program. */
const at = grounds()
const LONG = `service-${'of-a-long-name-'.repeat(12)}`

test('a changed setting stands in the history with who changed it, and goes back to its default', async () => {
  const page = await at.open('/settings')
  const form = page.getByRole('form', { name: 'Samples for a level' })
  await form.getByText('default', { exact: true }).waitFor()
  expect(await form.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)

  await form.getByLabel('Samples for a level').fill('0')
  await form.getByRole('button', { name: 'Save' }).click()
  expect(await form.getByRole('alert').textContent()).toContain('level_min_samples cannot be 0')
  await form.getByLabel('Samples for a level').fill('many')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => form.getByRole('alert').textContent()).toContain('cannot be "many"')

  await form.getByLabel('Samples for a level').fill('8')
  await form.getByLabel('Samples for a level').press('Enter')
  const rows = page.getByRole('region', { name: 'Changes of settings' }).getByRole('row')
  await expect.poll(() => rows.count()).toBe(2)
  expect(await rows.nth(1).textContent()).toContain('Samples for a leveldefault (5) → 8one-time link')
  expect((await at.program.get<ListPage<Setting>>('/v1/settings')).items[0]).toMatchObject({ key: 'level_min_samples', value: 8 })

  await form.getByRole('button', { name: 'Back to the default, 5' }).click()
  await expect.poll(() => rows.count()).toBe(3)
  expect(await rows.nth(1).textContent()).toContain('8 → default (5)')
  expect(await form.getByLabel('Samples for a level').inputValue()).toBe('5')
})

test(
  'an edition of one’s own is made from a published one, chosen on the review, made the default, changed and removed',
  { timeout: 60_000 },
  async () => {
    await at.program.send('{"kind":"deploy","service":"api","git_sha":"4f2a9c1","id":"first"}')
    const page = await at.open('/settings/levels')
    await page.getByRole('button', { name: 'Add an edition' }).click()
    await page.getByLabel('Name').fill('2024')
    await page.getByText('There is an edition of that name.').waitFor()
    await page.getByLabel('Name').fill('acme')
    const lead = page.getByRole('group', { name: 'Change lead time' })
    expect(await lead.getByLabel('Elite, below').inputValue()).toBe('1')
    await lead.getByLabel('Counted in').selectOption('hours')
    expect(await lead.getByLabel('High, below').inputValue()).toBe('168')
    await lead.getByLabel('Elite, below').fill('2')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'acme' }).waitFor()
    expect(await page.getByRole('row', { name: 'Change lead time' }).textContent()).toContain('below 2 hbelow 7 dbelow 30 d30 d or more')

    await page.goto(`${at.program.url}/`)
    await page.locator('article').first().waitFor()
    expect(await page.getByLabel('Levels').locator('option').allTextContents()).toEqual([
      'DORA 2021',
      'DORA 2022',
      'DORA 2023',
      'DORA 2024',
      'acme',
    ])
    await page.getByLabel('Levels').selectOption('acme')
    const asked = await page.waitForResponse((answer) => answer.url().includes('edition=acme'))
    expect(((await asked.json()) as DoraReply).edition).toBe('acme')

    await page.goto(`${at.program.url}/settings`)
    const form = page.getByRole('form', { name: 'Edition of the levels' })
    await form.getByLabel('Edition of the levels').selectOption('acme')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByRole('button', { name: 'Back to the default, 2024' }).waitFor()

    await page.getByRole('link', { name: 'Levels' }).click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    expect(await page.getByRole('dialog').getByRole('alert').textContent()).toContain('is the default of the organization')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByRole('group', { name: 'Time to restore' }).getByLabel('Elite, below').fill('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('row', { name: 'Time to restore' }).getByText('no such level').waitFor()

    await at.post('/v1/settings', { key: 'default_edition', value: null })
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('heading', { name: 'DORA 20' }).waitFor()
    expect((await at.program.get<ListPage<Band>>('/v1/benchmarks')).items.some((band) => band.is_own)).toBe(false)
  },
)

test('a project is saved with what it is asked with, changed and removed', { timeout: 60_000 }, async () => {
  const page = await at.open('/settings/projects')
  await page.getByText('No projects yet').waitFor()
  await page.getByRole('button', { name: 'Add a project' }).click()
  await page.getByLabel('Name').fill('checkout')
  await page.getByRole('button', { name: 'Save' }).click()
  expect(await page.getByRole('alert').textContent()).toContain('has no repository and no service')
  await page.getByLabel('Services').fill(`api\n\n${LONG}`)
  const lead = page.getByRole('group', { name: 'Change lead time' })
  await lead.getByLabel('Window, in days').fill('28')
  await lead.getByLabel('Environment').selectOption('staging')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Change lead time: 28 days, Staging').waitFor()
  expect((await at.program.get<ListPage<Project>>('/v1/projects')).items).toEqual([
    {
      name: 'checkout',
      description: null,
      repositories: [],
      services: ['api', LONG],
      settings: [{ plugin: 'dora', options: { lead_time: { window_days: 28, environment: 'staging' } }, enabled: true }],
    },
  ])
  await page.getByRole('button', { name: 'Change checkout' }).click()
  await page.getByLabel('Repositories').fill('acme/shop')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('acme/shop').waitFor()

  await expectSound(at, '/settings/projects', (one) => one.getByText('acme/shop').waitFor())
  await page.getByRole('button', { name: 'Remove checkout' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('No projects yet').waitFor()
})

test('who may only read sees the settings and nothing to press', async () => {
  const { token } = await at.post<{ token: string }>('/v1/tokens', { name: 'reader', scopes: ['read'] })
  const page = await at.open('/settings', { storageState: { cookies: [], origins: [] } })
  await page.getByLabel('Access token').fill(token)
  await page.getByLabel('Access token').press('Enter')
  await page.getByText('You may look at the settings and not change them.').waitFor()
  expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0)
  expect(await page.getByRole('combobox', { name: 'What a first deployment ships' }).isDisabled()).toBe(true)
  await page.getByRole('link', { name: 'Projects' }).click()
  await page.getByText('You may look at the projects and not change them.').waitFor()
  expect(await page.getByRole('button', { name: 'Add a project' }).count()).toBe(0)
})

const PAGES: [what: string, path: string, ready: (page: Page) => Promise<void>][] = [
  ['the settings', '/settings', (page) => page.getByRole('heading', { name: 'History' }).waitFor()],
  ['the levels', '/settings/levels', (page) => page.getByRole('table').waitFor()],
  [
    'the form of an edition',
    '/settings/levels',
    async (page) => {
      await page.getByRole('button', { name: 'Add an edition' }).click()
      await page.getByLabel('Name').waitFor()
    },
  ],
]
test.each(PAGES)('%s: it fits, and axe objects to nothing', { timeout: 60_000 }, (_, path, ready) => expectSound(at, path, ready))
