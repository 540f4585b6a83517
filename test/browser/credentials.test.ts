import { expect, test } from 'vitest'
import type { SourceHealth } from '../../web/src/api/contract.ts'
import { expectSound, grounds } from './grounds.ts'

/** That a credential is kept, since when and from whom, and nothing else of it. */
const at = grounds()
const SECRET = 'canary-of-the-first-secret-0123456789'
const OTHER = 'canary-of-another-secret-9876543210'

test('a credential is said to be kept, by whom and since when, is replaced, and is shown to nobody', { timeout: 60_000 }, async () => {
  await at.post('/v1/sources', { name: 'calls', connector: 'pagerduty', config: {} })
  const page = await at.open('/sources/detail?name=calls')
  await page.getByRole('heading', { name: 'Credentials' }).waitFor()
  await page.getByText('None is kept.').waitFor()
  await page.getByRole('link', { name: 'Give one in the settings' }).click()
  const field = page.getByLabel('Webhook secrets')
  await field.last().fill(SECRET)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('link', { name: 'Go to the source' }).click()
  const kept = page.getByRole('list', { name: 'Credentials that are kept' })
  await kept.waitFor()
  expect(await kept.textContent()).toMatch(/^Webhook secretskept since \w{3} \d+ \w{3} \d{4}, given by one-time link$/)
  const health = () => at.program.get<SourceHealth>('/v1/sources/health?name=calls')
  const first = (await health()).credentials
  expect(first).toEqual([{ field: 'webhook_secrets', set_at: expect.any(String) as string, set_by: 'one-time link' }])

  // Given by the machine now: the same again changes nothing, another one does.
  const give = (secret: string) => at.post('/v1/sources', { name: 'calls', connector: 'pagerduty', config: { webhook_secrets: [secret] } })
  await give(SECRET)
  expect((await health()).credentials).toEqual(first)
  await give(OTHER)
  const [second] = (await health()).credentials
  expect(second?.set_by).toBe('this machine')
  expect(Date.parse(second?.set_at ?? '')).toBeGreaterThan(Date.parse(first[0]?.set_at ?? ''))

  await page.reload()
  await kept.getByText('given by this machine').waitFor()
  await page.getByRole('link', { name: 'Replace one in the settings' }).click()
  await field.last().waitFor()
  expect(await field.last().inputValue()).toBe('')
  expect(await field.last().getAttribute('placeholder')).toBe('Kept unless given again')
  for (const secret of [SECRET, OTHER]) expect(await page.content()).not.toContain(secret)
  await expectSound(at, '/sources/detail?name=calls', (one) => one.getByRole('heading', { name: 'Credentials' }).waitFor())
})
