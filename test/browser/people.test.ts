import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page as ListPage } from '../../web/src/api/contract.ts'
import type { Person } from '../../web/src/api/people.ts'
import type { TeamDetail } from '../../web/src/api/teams.ts'
import { freshDirectory, removeDirectory } from '../server.ts'
import { expectSound, grounds } from './grounds.ts'
import { text } from './stage.ts'

/** The pages of people and of the members of teams with the real program, and the people of a real repository. */
const at = grounds()
let folder = ''
const LONG = 'Konstantin-Maximilian von und zu Hohenlohe-Langenburg-Schillingsfürst'
beforeAll(async () => {
  folder = await freshDirectory()
  const repository = join(folder, 'shop')
  await mkdir(repository)
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: repository })
  await git('init', '-q', '-b', 'main')
  const authors = [
    ['Ada Lovelace', 'ada@example.org'],
    ['Ada Lovelace', 'ada@old.example'],
    ['Lovelace, Ada', '12+adal@users.noreply.github.com'],
    ['Grace Hopper', 'grace@example.org'],
    ['ghopper', 'hopper@navy.example'],
    ['dependabot[bot]', '49699333+dependabot[bot]@users.noreply.github.com'],
    [LONG, `${'konstantin.maximilian.'.repeat(6)}x@example.org`],
  ] as const
  for (const [name, email] of authors)
    await git('-c', `user.name=${name}`, '-c', `user.email=${email}`, 'commit', '-q', '--allow-empty', '-m', 'A change')
  await at.post('/v1/sources', { name: 'shop', connector: 'git', config: { path: repository }, every_minutes: 0 })
  await at.post('/v1/sources/sync', { name: 'shop' })
  await at.post('/v1/teams', { slug: 'pay', name: 'Payments' })
})
afterAll(() => removeDirectory(folder))

const names = (page: Page) => page.locator('.person .person-name').allTextContents()
const people = async (q = '') => (await at.program.get<ListPage<Person>>(`/v1/people${q}`)).items
const identitiesOf = (page: Page, name: string) => page.getByRole('list', { name: `Identities of ${name}` })

test('people are listed and found by a part of a login; bots are marked; no figure is of a person', async () => {
  const page = await at.open('/people')
  await expect.poll(() => names(page)).toEqual((await people()).map(({ name }) => name))
  expect(await page.locator('.person').filter({ hasText: 'dependabot[bot]' }).getByText('bot', { exact: true }).count()).toBe(1)
  expect(await page.locator('.pages [aria-current=true]').allTextContents()).toEqual(['Teams'])
  await page.getByLabel('Search').fill('ADAL')
  await expect.poll(() => names(page)).toEqual(['Lovelace, Ada'])
  expect(await identitiesOf(page, 'Lovelace, Ada').last().getByRole('listitem').allTextContents()).toEqual([
    '12+adal@users.noreply.github.com',
    'adal at github',
  ])
  expect(new URL(page.url()).search).toBe('?q=ADAL')
  await page.getByLabel('Search').fill('zzz')
  await page.getByText('Nobody is found for “zzz”.').waitFor()
})

test('a suggestion is confirmed, another is dismissed and not made again', async () => {
  const page = await at.open('/people')
  const sames = page.getByRole('list').filter({ has: page.locator('.suggestion') })
  const both = sames.getByRole('listitem', { name: 'Ada Lovelace and Ada Lovelace', exact: true })
  await both.getByRole('button', { name: 'One person' }).click()
  await both.waitFor({ state: 'detached' })
  expect((await people('?q=ada@old')).map(({ name, identities }) => [name, identities.map(({ value }) => value).toSorted()])).toEqual([
    ['Ada Lovelace', ['ada@example.org', 'ada@old.example']],
  ])
  const other = page.locator('.suggestion').filter({ hasText: 'adal at github' })
  await other.getByRole('button', { name: 'Two people' }).click()
  await other.waitFor({ state: 'detached' })
  await page.reload()
  await page.locator('.person').first().waitFor()
  expect(await page.locator('.suggestion').filter({ hasText: 'adal at github' }).count()).toBe(0)
})

test('people are merged by choosing them, named, and split again', async () => {
  const page = await at.open('/people')
  await page.getByLabel('Choose Grace Hopper').check()
  expect(await text(page, '.merge-bar p')).toBe('1 person chosen: Grace Hopper. Choose whoever is the same person.')
  await page.getByLabel('Search').fill('navy')
  await page.getByLabel('Choose ghopper').check()
  await page.getByLabel('Who stays').selectOption('Grace Hopper')
  await page.getByRole('button', { name: 'They are one person' }).click()
  await page.getByText('They are one person now').waitFor()
  const [one] = await people('?q=navy')
  expect([one?.name, one?.identities.map(({ value }) => value).toSorted()]).toEqual([
    'Grace Hopper',
    ['grace@example.org', 'hopper@navy.example'],
  ])

  await page.getByRole('button', { name: 'Change Grace Hopper' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Rear Admiral Hopper')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => names(page)).toEqual(['Rear Admiral Hopper'])

  await page.getByRole('button', { name: 'Change Rear Admiral Hopper' }).click()
  const split = page.getByRole('form', { name: 'Split Rear Admiral Hopper' })
  await split.getByLabel('hopper@navy.example').check()
  await split.getByLabel('grace@example.org').check()
  expect(await split.getByRole('button').isDisabled()).toBe(true)
  await split.getByLabel('grace@example.org').uncheck()
  await split.getByRole('button', { name: 'Make them another person' }).click()
  await expect.poll(() => names(page)).toEqual(['ghopper'])
  expect((await people('?q=grace@')).map(({ name }) => name)).toEqual(['Rear Admiral Hopper'])
})

test('a .mailmap is looked at and imported', async () => {
  const page = await at.open('/people/mailmap')
  await page.getByLabel('The file').fill('Grace Brewster Hopper <new@example.org> <hopper@navy.example>\n')
  await page.getByRole('button', { name: 'What would it change?' }).click()
  await page.getByRole('list', { name: 'What would change' }).waitFor()
  expect((await people('?q=new@example.org')).length).toBe(0)
  await page.getByRole('button', { name: /^Make th/ }).click()
  await page.getByRole('link', { name: 'Go to the people' }).click()
  await page.getByLabel('Search').fill('new@example.org')
  await expect.poll(() => names(page)).toEqual(['Grace Brewster Hopper'])
})

test('somebody is in a team from a day to a day, and leaves it', async () => {
  const page = await at.open('/teams/detail?slug=pay')
  await page.getByText('Nobody is in it now.').waitFor()
  const add = async (q: string, fill: (form: ReturnType<Page['getByRole']>) => Promise<void>) => {
    await page.getByRole('button', { name: 'Add a member' }).click()
    const form = page.getByRole('form', { name: 'Add a member' })
    await form.getByLabel('Find a person').fill(q)
    await expect.poll(() => form.getByLabel('Person', { exact: true }).locator('option').count()).toBe(1)
    await fill(form)
    await form.getByRole('button', { name: 'Add' }).click()
  }
  await add('ada@example.org', async (form) => {
    await form.getByLabel('Role').fill('lead')
    await form.getByLabel('First day').fill('2026-01-01')
  })
  const now = page.getByRole('list', { name: 'Members now' })
  await expect.poll(() => now.getByRole('listitem').allTextContents()).toEqual(['Ada Lovelaceleadsince Thu 1 Jan 2026, by handEnd'])
  await add('Rear Admiral', async (form) => {
    await form.getByLabel('First day').fill('2025-01-01')
    await form.getByLabel('Last day').fill('2025-06-30')
  })
  await page.getByText('Before (1)').click()
  expect(await page.getByRole('list', { name: 'Members before' }).textContent()).toBe(
    'Rear Admiral HopperWed 1 Jan 2025 – Mon 30 Jun 2025, by hand',
  )
  await add('Konstantin', (form) => form.getByLabel('First day').fill('2999-01-01'))
  await page.getByRole('list', { name: 'Members from a later day' }).getByText('from Tue 1 Jan 2999').waitFor()

  // Twice at one moment is refused, with when they were.
  await add('ada@example.org', async () => {})
  expect(await page.getByRole('form', { name: 'Add a member' }).getByRole('alert').textContent()).toContain('is in pay already')
  await page.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('link', { name: 'Teams', exact: true }).first().click()
  await expect.poll(() => text(page, '.team-owns')).toBe('1 member')
  await page.getByRole('link', { name: 'People' }).click()
  await page.locator('.person').filter({ hasText: 'ada@example.org' }).getByRole('link', { name: 'Payments' }).click()

  await page.getByRole('button', { name: 'End the membership of Ada Lovelace' }).click()
  await page.getByLabel('Last day').fill('2026-02-28')
  await page.getByRole('button', { name: 'End it' }).click()
  await page.getByText('Before (2)').waitFor()
  await page.getByRole('button', { name: `End the membership of ${LONG}` }).click()
  await page.getByRole('button', { name: 'It never begins' }).click()
  await page.getByRole('list', { name: 'Members from a later day' }).waitFor({ state: 'detached' })
  expect(
    (await at.program.get<TeamDetail>('/v1/teams/pay')).members.map(({ name, valid_from, valid_to }) => [name, valid_from, valid_to]),
  ).toEqual(
    expect.arrayContaining([
      ['Ada Lovelace', '2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
      ['Rear Admiral Hopper', '2025-01-01T00:00:00.000Z', '2025-07-01T00:00:00.000Z'],
    ]),
  )
})

const PAGES: [what: string, path: string, ready: (page: Page) => Promise<void>][] = [
  [
    'the people, some of them chosen',
    '/people',
    async (page) => {
      await page.getByLabel(`Choose ${LONG}`).check()
      await page.getByLabel('Choose dependabot[bot]').check()
      await page.getByRole('button', { name: 'Change dependabot[bot]' }).click()
      await page.getByRole('form', { name: 'Split dependabot[bot]' }).waitFor()
    },
  ],
  ['the import of a .mailmap', '/people/mailmap', (page) => page.getByLabel('The file').waitFor()],
  [
    'the members of a team',
    '/teams/detail?slug=pay',
    async (page) => {
      await page.getByText('Before (2)').click()
      await page.getByRole('button', { name: 'Add a member' }).click()
      await page.getByRole('option').nth(5).waitFor({ state: 'attached' })
    },
  ],
]
test.each(PAGES)('%s: it fits, and axe objects to nothing', { timeout: 60_000 }, (_, path, ready) => expectSound(at, path, ready))

test('who may only read sees the people and nothing to press', async () => {
  const { token } = await at.post<{ token: string }>('/v1/tokens', { name: 'reader', scopes: ['read'] })
  const page = await at.open('/people', { storageState: { cookies: [], origins: [] } })
  await page.getByLabel('Access token').fill(token)
  await page.getByLabel('Access token').press('Enter')
  await page.locator('.person').first().waitFor()
  await page.getByText('You may look at the people and not change them.').waitFor()
  expect(await page.getByRole('checkbox').count()).toBe(0)
  expect(await page.locator('main').getByRole('button').count()).toBe(0)
})
