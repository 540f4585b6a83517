import { expect, test } from 'vitest'
import { search, stage, text } from './stage.ts'

const at = stage()

test('each with its number, remedy and examples; the window is in the address', async () => {
  const page = await at.open('/gaps')
  await page.locator('.gap').first().waitFor()
  expect(await page.getByRole('heading', { level: 2 }).first().textContent()).toBe(
    '1,204 Successful production deployments do not say which commit they shipped, so they have no lead time',
  )
  expect(await text(page, '.gap-more')).toBe('and 1,202 more, older')
  expect(await page.getByRole('link', { name: 'Deploy api' }).getAttribute('href')).toBe('https://forge.example/acme/api/runs/1')
  expect(at.api.requests).toContain('GET /v1/gaps?days=28&offset=0')
  await page.getByLabel('90 days').check()
  await search(page, '?days=90')
  await expect.poll(() => at.api.requests.includes('GET /v1/gaps?days=90&offset=0')).toBe(true)
  await page.getByRole('button', { name: 'One week back', exact: true }).click()
  await search(page, '?days=90&offset=7')
})

test('none is said plainly', async () => {
  at.api.world.gaps = (days, offset) => ({ window: gapWindow(days, offset), items: [], next: null })
  const page = await at.open('/gaps')
  await page.getByText('No gaps in this window.').waitFor()
  expect(await page.locator('.gap').count()).toBe(0)
})

test('the review leads there, with the same window', async () => {
  const page = await at.open('/?days=14')
  await page.getByRole('link', { name: 'What these figures do not know, with examples and remedies' }).click()
  await page.getByRole('heading', { name: 'Data gaps' }).waitFor()
  expect(new URL(page.url()).search).toBe('?days=14')
})

test('an environment can be said to be a tier', async () => {
  const page = await at.open('/gaps')
  const form = page.getByRole('form', { name: 'Say which tier an environment is' })
  await form.getByLabel('Environment').selectOption('eu-1')
  await form.getByLabel('is', { exact: true }).selectOption('staging')
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByText('What is kept is being read again.').waitFor()
  expect(at.api.posted).toEqual([{ path: '/v1/names', body: { kind: 'environment', name: 'eu-1', canonical: 'staging' } }])
})

test('who may not change names is not asked', async () => {
  at.api.world.mayChange = false
  const page = await at.open('/gaps')
  await page.locator('.gap').first().waitFor()
  await page.waitForLoadState('networkidle')
  expect(await page.locator('.tier-form').count()).toBe(0)
})

function gapWindow(days: number, offset: number) {
  const to = Date.parse('2025-11-21T08:30:00.000Z') - offset * 86_400_000
  return { from: new Date(to - days * 86_400_000).toISOString(), to: new Date(to).toISOString(), tz: 'Europe/Berlin' }
}
