import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityViolations } from './browser.ts'
import { problem } from './fake-api.ts'
import { wellDoctor } from './fake-doctor.ts'
import { session } from './fake-figures.ts'
import { stage, text } from './stage.ts'

const at = stage()

function asOperator(): void {
  at.api.world.session = { ...session, rights: [...session.rights, 'owner', 'superuser'] }
}

async function opened(options: Parameters<typeof at.open>[1] = {}): Promise<Page> {
  asOperator()
  const page = await at.open('/doctor', options)
  await page.locator('.doctor-table').first().waitFor()
  return page
}

test('what is wrong stands first, the worst first, each with what to do about it', async () => {
  const page = await opened()
  expect(await text(page, '.notice')).toBe('1 failure, 1 warning. 4 checks hold.')
  const open = page.getByRole('region', { name: 'To look at' })
  expect(await open.locator('li').evaluateAll((items) => items.map((item) => (item as { className: string }).className))).toEqual([
    'is-failure',
    'is-warning',
    'is-note',
  ])
  expect((await open.locator('li').first().innerText()).replaceAll(/\n+/g, '\n')).toBe(
    'Failure Lake\nMySQL at lake.acme.example:3306/lake does not answer (ECONNREFUSED).\nStart it, or take MYSQL_URI out of the settings.',
  )
})

test('a store shows the sizes of its tables, the largest first; what it does not tell is a dash, and what was not reached says so', async () => {
  const page = await opened()
  const semantic = page.getByRole('region', { name: /^Semantic store PostgreSQL at/ })
  const rows = semantic.locator('.doctor-table').first().locator('tbody tr')
  expect(await rows.count()).toBe(8)
  expect(await rows.nth(1).locator('th, .is-number').allInnerTexts()).toEqual(['table_1', '43 MiB', '8.0 KiB', '20,000', '0'])
  expect(await rows.nth(3).locator('.is-number').allInnerTexts()).toEqual(['11 MiB', '8.0 KiB', '–', '0'])
  await semantic.getByRole('button', { name: 'Show all 12 tables' }).click()
  expect(await rows.count()).toBe(12)
  await semantic.getByText('Slowest statements, by pg_stat_statements').click()
  expect(await semantic.locator('details[open] tbody tr').allInnerTexts()).toEqual(['organizations.list\t3\t35.4 ms\t–'])
  expect(await page.getByRole('region', { name: /^Lake/ }).innerText()).toContain('It was not reached')
})

test('an examination is made when somebody asks for one', async () => {
  const page = await opened()
  const asked = () => at.api.requests.filter((request) => request === 'GET /v1/doctor').length
  const before = asked()
  at.api.world.doctor = wellDoctor
  await page.getByRole('button', { name: 'Examine again' }).click()
  await page.getByText('Nothing is wrong.').waitFor()
  expect(asked()).toBe(before + 1)
  expect(await page.getByRole('region', { name: 'To look at' }).count()).toBe(0)
})

test('who may not is told who may, and nothing is asked', async () => {
  const page = await at.open('/doctor')
  await page.getByText('How the installation is, is for those who operate it.').waitFor()
  expect(at.api.requests).not.toContain('GET /v1/doctor')
})

test('an examination that fails says why and can be asked for again', async () => {
  asOperator()
  at.api.world.failing = { path: '/v1/doctor', problem: problem(503, 'store-unavailable', 'The semantic store does not answer.') }
  const page = await at.open('/doctor')
  expect(await page.getByRole('alert').textContent()).toContain('The semantic store does not answer.')
  at.api.world.failing = null
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.locator('.doctor-table').first().waitFor()
})

describe('for everyone', () => {
  test.each(['light', 'dark'] as const)('axe objects to nothing, %s', async (colorScheme) => {
    const page = await opened({ colorScheme })
    await page.evaluate(`document.querySelectorAll('details').forEach((more) => (more.open = true))`)
    expect(await accessibilityViolations(page)).toEqual([])
  })

  test('it fits a screen of 360 pixels', async () => {
    const page = await opened({ viewport: { width: 360, height: 740 } })
    expect(await page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`)).toBe(0)
    expect(await accessibilityViolations(page)).toEqual([])
  })
})
