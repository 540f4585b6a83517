import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { problem } from './fake-api.ts'
import { rawItemOf } from './fake-figures.ts'
import { search, stage, text } from './stage.ts'

const at = stage()

const focused = (page: Page) => page.evaluate<string>(`document.activeElement.textContent.trim() || document.activeElement.ariaLabel`)

async function opened(path = '/?metric=change_lead_time'): Promise<Page> {
  const page = await at.open(path)
  await page.locator('.row').first().waitFor()
  return page
}

const cells = (page: Page, row: number) =>
  page.evaluate(`[...document.querySelectorAll('.row')[${row}].cells].map((cell) => cell.textContent.replace(/\\s+/g, ' ').trim())`)

test('from the tile to the rows to the bytes that arrived', async () => {
  const page = await at.open()
  await page.getByRole('button', { name: 'Change lead time' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change lead time' })
  await search(page, '?metric=change_lead_time')

  await dialog.locator('.row').first().waitFor()
  expect(await text(page, '.detail-question')).toBe('How long does a commit take to reach production?')
  expect(await text(page, '.definition')).toContain('The median time from commit to running in production.')
  expect(await page.locator('.definition li').allTextContents()).toEqual([
    'Merge commits are not counted.',
    'The first deployment of a service ships only its own head commit.',
  ])
  expect(at.api.requests).toContain('GET /v1/metrics/change_lead_time?days=7&offset=0&by=service')
  expect(at.api.requests).toContain('GET /v1/metrics/change_lead_time/samples?days=7&offset=0&limit=50')
  expect(await cells(page, 0)).toEqual([
    '21 Nov, 08:30',
    '1 h',
    'Retry the payment webhook when the gateway answers 502 commit',
    'web',
    'commit time sent',
    'Counted',
  ])
  expect(await page.locator('.row time').first().getAttribute('title')).toBe('2025-11-21 07:30:00 UTC')
  expect(await dialog.getByRole('link', { name: /^Retry the payment/ }).getAttribute('href')).toBe(
    'https://git.example/acme/api/commit/4f2a9c10',
  )

  await page.locator('.row').first().locator('.row-service').click()
  await page.locator('.raw pre').waitFor()
  expect(at.api.requests).toContain('GET /v1/raw/1041')
  expect(await page.locator('.raw pre').textContent()).toBe(JSON.stringify(JSON.parse(rawItemOf('1041').payload), null, 2))
  expect(await text(page, '.raw dl')).toContain('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08')
  expect(await text(page, '.raw dl')).toContain('acme-ci (events, events)')
  expect(await text(page, '.raw dl')).toContain('Fri 21 Nov 2025, 08:30')
})

test('what can be pressed stays where it is while the rest arrives', async () => {
  const page = await at.open('/gaps')
  // The order in which everything that could push it away comes after it.
  for (const [late, wait] of [
    ['**/v1/metrics', 300],
    ['**/series-chart-*', 600],
    ['**/v1/metrics/*/samples*', 900],
  ] as const) {
    await page.route(late, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, wait))
      await route.continue()
    })
  }
  await page.goto(`${at.api.url}/?metric=change_lead_time`)
  const places = await page.evaluate<number[]>(`new Promise((resolve) => {
    const seen = new Set()
    const look = () => {
      const button = document.querySelector('.groups button')
      if (button !== null) seen.add(button.getBoundingClientRect().top)
      if (document.querySelector('.chart svg') !== null && document.querySelector('.row') !== null) resolve([...seen])
      else requestAnimationFrame(look)
    }
    look()
  })`)
  expect(places).toHaveLength(1)
})

test('the figures behind the figure', async () => {
  const page = await opened()
  expect(await text(page, '.facts-lead')).toBe('4 h 15 min−1 h 45 min · betterElite · 2024')
  const facts = await page.locator('.facts dl > div').allTextContents()
  expect(facts).toEqual([
    'Before6 h',
    'Samplesn 42 commits, before 39',
    'Interval3 h 20 min to 5 h 35 min',
    'Evidencep < 0.001',
    'Median4 h 15 min',
    'p7511 h 10 min',
    'p902 d 4 h',
    'Mean14 h 34 min',
    'Score8.1 of 10',
  ])
  expect(await page.locator('.groups tbody tr').allInnerTexts()).toEqual([
    expect.stringMatching(/^api\s+3 h 30 min\s+n 30$/),
    expect.stringMatching(/^web\s+8 h 30 min\s+n 11$/),
    expect.stringMatching(/^no service known\s+2 h\s+n 1$/),
  ])
  expect(await page.getByRole('region', { name: 'Coverage' }).textContent()).toContain('42 of 45 have a value (93 %).')
})

test('the chart is drawn, described in words and there as a table', async () => {
  const page = await opened()
  const chart = page.getByRole('img', { name: /^Change lead time over time/ })
  await chart.locator('svg').waitFor()
  expect(await chart.getAttribute('aria-label')).toBe(
    'Change lead time over time: lowest 2 h 30 min, highest 6 h, latest 2 h 30 min. The table below has every figure.',
  )
  await page.getByText('The same as a table').click()
  const rows = await page.locator('.series-table tbody tr').allInnerTexts()
  expect(rows[0]).toMatch(/^Fri 14 Nov \(in part\)\s+4 h\s+2$/)
  expect(rows[1]).toMatch(/^Sat 15 Nov\s+No samples in this window\s+0$/)
  await chart.hover({ position: { x: 400, y: 100 } })
  await page.getByText('5 h · n 2').waitFor()
})

test('the chart library comes only when a metric is opened', async () => {
  const page = await at.open()
  await page.locator('article').first().waitFor()
  const scripts = () =>
    page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('series-chart'))`)
  expect(await scripts()).toEqual([])
  await page.getByRole('button', { name: 'Change lead time' }).click()
  await page.locator('.chart svg').waitFor()
  expect(await scripts()).toHaveLength(1)
})

describe('the rows', () => {
  test('come page by page', async () => {
    const page = await opened()
    expect(await page.locator('.row').count()).toBe(50)
    expect(await text(page, '.rows-end')).toBe('The first 50 rows')
    await page.getByRole('button', { name: 'Show more rows' }).click()
    await expect.poll(() => page.locator('.row').count()).toBe(100)
    await page.getByRole('button', { name: 'Show more rows' }).click()
    await expect.poll(() => text(page, '.rows-end')).toBe('120 rows, all of them')
    expect(await page.getByRole('button', { name: 'Show more rows' }).count()).toBe(0)
    expect(at.api.requests).toContain('GET /v1/metrics/change_lead_time/samples?days=7&offset=0&limit=50&after=100')
  })

  test('say why one has no value', async () => {
    const page = await opened()
    expect(await cells(page, 2)).toMatchObject({ 1: '–', 5: 'Missing: no commit' })
    expect(await cells(page, 4)).toMatchObject({ 1: '9 h so far', 5: 'Still open: unrecovered' })
    expect(await cells(page, 6)).toMatchObject({ 1: '–', 5: 'Listed only: cancelled' })
  })

  test('narrow to one status, and the address keeps it', async () => {
    const page = await opened()
    await page.getByLabel('Show', { exact: true }).selectOption('censored')
    await search(page, '?metric=change_lead_time&status=censored')
    await expect.poll(() => page.locator('.row').count()).toBe(1)
    expect(at.api.requests).toContain('GET /v1/metrics/change_lead_time/samples?days=7&offset=0&limit=50&status=censored')
  })

  test('of a share say yes or no in its own words', async () => {
    const page = await opened('/?metric=change_fail_rate')
    expect(await cells(page, 0)).toMatchObject({ 1: 'failed' })
    expect(await cells(page, 1)).toMatchObject({ 1: 'fine' })
  })

  test('without a raw item say so', async () => {
    const page = await opened()
    await page.getByRole('button', { name: 'Raw item of Change number 8', exact: true }).click()
    expect(await text(page, '.row-raw')).toBe('No raw item is behind this row: it was computed from others.')
  })
})

describe('the raw item', () => {
  test('that is no text stays as it is', async () => {
    at.api.world.raw = (id) => ({ ...rawItemOf(id), payload: 'H4sIAAAAAAAAA6tWyk4tLVayAgA=', encoding: 'base64' })
    const page = await opened()
    await page.locator('.row-open').first().click()
    await page.locator('.raw pre').waitFor()
    expect(await page.locator('.raw pre').textContent()).toBe('H4sIAAAAAAAAA6tWyk4tLVayAgA=')
    expect(await text(page, '.raw')).toContain('base64')
  })

  test('is never changed by showing it: large numbers and markup stay', async () => {
    const payload = '{"id":12345678901234567890,"html":"<img src=x onerror=alert(1)>"}'
    at.api.world.raw = (id) => ({ ...rawItemOf(id), payload })
    const page = await opened()
    await page.locator('.row-open').first().click()
    await page.locator('.raw pre').waitFor()
    expect(await page.locator('.raw pre').textContent()).toBe(payload)
    expect(await page.locator('.raw img').count()).toBe(0)
  })

  test('that was not understood says so beside its bytes', async () => {
    at.api.world.raw = (id) => ({ ...rawItemOf(id), payload: '{"kind":"deplo', at: null, problem: 'The payload is not JSON.' })
    const page = await opened()
    await page.locator('.row-open').first().click()
    await page.locator('.raw pre').waitFor()
    expect(await page.locator('.raw pre').textContent()).toBe('{"kind":"deplo')
    expect(await text(page, '.raw-problem')).toBe('Not understood: The payload is not JSON.')
  })

  test('that cannot be fetched says why and can be asked for again', async () => {
    at.api.world.failing = { path: '/v1/raw/', problem: problem(404, 'not-found', 'This raw item was removed after 90 days.') }
    const page = await opened()
    await page.locator('.row-open').first().click()
    expect(await page.locator('.row-raw').getByRole('alert').textContent()).toContain('This raw item was removed after 90 days.')
    at.api.world.failing = null
    await page.locator('.row-raw').getByRole('button', { name: 'Try again' }).click()
    await page.locator('.raw pre').waitFor()
  })
})

describe('other readings', () => {
  test('of the same metric are asked for by name', async () => {
    const page = await opened()
    await page.getByLabel('One sample per').selectOption('deployment')
    await search(page, '?metric=change_lead_time&basis=deployment')
    await page.getByLabel('Counted as').selectOption('devlake')
    await search(page, '?metric=change_lead_time&basis=deployment&variant=devlake')
    await expect
      .poll(() => at.api.requests)
      .toContain('GET /v1/metrics/change_lead_time/samples?days=7&offset=0&basis=deployment&variant=devlake&limit=50')
    await page.getByRole('button', { name: 'Close' }).click()
    await search(page, '')
  })

  test('a service narrows the whole review', async () => {
    const page = await opened()
    await page.locator('.groups').getByRole('button', { name: 'api' }).click()
    await search(page, '?service=api&metric=change_lead_time')
    await expect.poll(() => at.api.requests).toContain('GET /v1/metrics/change_lead_time?days=7&offset=0&service=api&by=service')
    await expect.poll(() => at.api.requests).toContain('GET /v1/dora?days=7&offset=0&service=api')
  })
})

describe('with the keyboard alone', () => {
  test('from the tile to the raw payload and back', async () => {
    const page = await at.open()
    const tile = page.getByRole('button', { name: 'Change lead time' })
    await tile.waitFor()
    for (let presses = 0; presses < 30 && (await focused(page)) !== 'Change lead time'; presses++) await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Change lead time')

    await page.keyboard.press('Enter')
    await page.locator('.row').first().waitFor()
    expect(await focused(page)).toBe('Change lead time')
    expect(await page.evaluate('document.activeElement.id')).toBe('detail-title')
    for (let presses = 0; presses < 40 && !(await focused(page)).startsWith('Raw item of'); presses++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.raw pre').waitFor()
    expect(await page.evaluate('document.activeElement.ariaExpanded')).toBe('true')

    await page.keyboard.press('Escape')
    await search(page, '')
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await page.evaluate('document.activeElement.id')).toBe('tile-change_lead_time')
  })

  test('the focus stays inside while it is open', async () => {
    const page = await opened()
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Shift+Tab')
      const inside = await page.evaluate(`document.activeElement === document.body || document.activeElement.closest('dialog') !== null`)
      expect(inside).toBe(true)
    }
  })

  test('Back closes it, as it closes a page', async () => {
    const page = await at.open()
    await page.getByRole('button', { name: 'Change lead time' }).click()
    await page.getByRole('dialog').waitFor()
    await page.goBack()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
  })

  test('a press beside it closes it', async () => {
    const page = await opened()
    await page.mouse.click(20, 400)
    await search(page, '')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})

test('a metric that the server does not know is a message in its place', async () => {
  const page = await at.open('/?metric=nonsense')
  await page.getByRole('dialog').getByRole('alert').first().waitFor()
  expect(await text(page, '.side .problem-detail')).toBe('There is nothing at /v1/metrics/nonsense.')
})

test('of many services the first ten are shown, and the rest on demand', async () => {
  const groups = Array.from({ length: 14 }, (_, index) => ({ key: `service-${index}`, value: index / 7, n: index, why: null }))
  const { dora } = at.api.world
  at.api.world.dora = (days, offset, edition) => {
    const reply = dora(days, offset, edition)
    const metrics = Object.fromEntries(Object.entries(reply.metrics).map(([id, metric]) => [id, { ...metric, groups }]))
    return { ...reply, metrics }
  }
  const page = await opened()
  // The button is drawn with the rows: when it is there, so are they.
  const all = page.getByRole('button', { name: 'Show all 14 services' })
  await all.waitFor()
  expect(await page.locator('.groups tbody tr').count()).toBe(10)
  await all.click()
  await all.waitFor({ state: 'detached' })
  expect(await page.locator('.groups tbody tr').count()).toBe(14)
})
