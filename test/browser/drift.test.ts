import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page as ListPage } from '../../web/src/api/contract.ts'
import type { Drift, TeamDetail } from '../../web/src/api/teams.ts'
import { startFakeApi, type FakeApi } from '../fake-api.ts'
import { exchangesOf, settingsOf } from '../fixtures.ts'
import { expectSound, grounds } from './grounds.ts'
import { text } from './stage.ts'

/** What a forge says of teams, with the real program and a fake of the forge's API. */
const at = grounds({ FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
let forge: FakeApi
beforeAll(async () => {
  forge = await startFakeApi(exchangesOf('github'))
})
afterAll(() => forge.close())
const drift = async () => (await at.program.get<ListPage<Drift>>('/v1/teams/drift')).items

test('what a forge says is shown by team, and accepted by a person', { timeout: 60_000 }, async () => {
  const page = await at.open('/teams/drift')
  await page.getByText('Nothing differs.').waitFor()
  await at.post('/v1/sources', { name: 'github', connector: 'github', config: settingsOf('github', forge.base), every_minutes: 0 })
  await at.post('/v1/sources/sync', { name: 'github', streams: ['teams'] })
  await page.reload()
  await page.getByRole('heading', { name: 'github' }).waitFor()
  expect(await page.locator('.drift-team li').allTextContents()).toEqual([
    ' acme/payments is a team of github and none here.',
    ' acme/platform is a team of github and none here.',
  ])
  await expectSound(at, '/teams/drift', (one) => one.locator('.drift-team').first().waitFor())

  await page.getByRole('button', { name: 'Accept what github says of platform' }).click()
  await page.getByRole('button', { name: 'Accept what github says of platform' }).waitFor({ state: 'detached' })
  expect((await drift()).map((one) => one.team)).toEqual(['payments'])
  await page.getByRole('button', { name: 'Accept all' }).click()
  expect(await text(page, 'dialog p')).toBe('1 difference is settled as github says, and those that follow from them.')
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click()
  await page.getByText('Nothing differs.').waitFor()
  expect(await at.program.get<TeamDetail>('/v1/teams/payments')).toMatchObject({ parent: 'platform', origin: 'provider', source: 'github' })

  // What somebody changes here stays, and is told.
  await page.goto(`${at.program.url}/teams/detail?slug=payments`)
  const members = page.getByRole('list', { name: 'Members now' })
  await members.waitFor()
  expect(await text(page, '.scope .quiet')).toBe('payments · github')
  const before = await members.getByRole('listitem').count()
  await members.getByRole('button').first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await expect.poll(() => members.getByRole('listitem').count()).toBe(before - 1)
  await page.getByRole('link', { name: 'Teams', exact: true }).first().click()
  await page.getByRole('link', { name: 'Drift' }).click()
  await expect
    .poll(() => page.locator('.drift-team li').allTextContents())
    .toEqual([expect.stringMatching(/^ \S+ is in payments at github and not here\.$/)])
})
