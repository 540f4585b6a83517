import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { DoraReply, MetricReply } from '../../src/metric.ts'
import { problem } from './fake-api.ts'
import { doraOf, status } from './fake-figures.ts'
import { search, sessionMenu, stage, text } from './stage.ts'

const at = stage()

/** What a reader sees on each tile, in the order of the page. */
async function tiles(page: Page): Promise<Record<string, string | string[] | null>[]> {
  await page.locator('article').first().waitFor()
  return page.evaluate(`[...document.querySelectorAll('article')].map((tile) => {
    const text = (selector) => tile.querySelector(selector)?.textContent.replace(/\\s+/g, ' ').trim() ?? null
    return {
      title: text('h2'), level: text('.level'), value: text('.tile-value'), reason: text('.tile-reason'),
      change: text('.change'), before: text('.spark-legend'), basis: text('.tile-basis'),
      gaps: [...tile.querySelectorAll('.gaps li')].map((gap) => gap.textContent.trim()),
    }
  })`)
}

function changed(id: string, change: Partial<MetricReply>): (days: number, offset: number, edition: string) => DoraReply {
  return (days, offset, edition) => {
    const reply = doraOf(days, offset, edition)
    const metric = reply.metrics[id]
    if (metric === undefined) throw new Error(`There is no ${id}.`)
    return { ...reply, metrics: { ...reply.metrics, [id]: { ...metric, ...change } } }
  }
}

test('shows the six metrics in their order, each with its figures in words', async () => {
  const page = await at.open()
  expect(await tiles(page)).toEqual([
    {
      title: 'Deployment frequency',
      level: 'Elite · 2024',
      value: '1.4 / day',
      reason: null,
      change: '+0.3 / day · no clear change',
      before: 'before: 1.1 / day',
      basis: 'n 10 deployments · coverage 100 %',
      gaps: [],
    },
    {
      title: 'Change lead time',
      level: 'Elite · 2024',
      value: '4 h 15 min',
      reason: null,
      change: '−1 h 45 min · better',
      before: 'before: 6 h',
      basis: 'n 42 commits · coverage 93 %',
      gaps: ['3 deployments whose commit is not known: no commit_at, and no commit graph that holds the revision'],
    },
    {
      title: 'Change fail rate',
      level: 'Low · 2024',
      value: '30 %',
      reason: null,
      change: '+25 points · worse',
      before: 'before: 5 %',
      basis: 'n 10 finished attempts · coverage 100 %',
      gaps: [],
    },
    {
      title: 'Failed deployment recovery time',
      level: null,
      value: '45 min',
      reason: null,
      change: 'nothing to compare with',
      before: 'before: no samples',
      basis: 'n 2 recovered failures · coverage 67 % · no level: too few samples',
      gaps: ['1 failed and have not recovered yet: kept apart, not counted as 0'],
    },
    {
      title: 'Deployment rework rate',
      level: null,
      value: '20 %',
      reason: null,
      change: 'same',
      before: 'before: 20 %',
      basis: 'n 10 finished attempts · coverage 100 % · not rated',
      gaps: [],
    },
    {
      title: 'Time to restore',
      level: null,
      value: null,
      reason: 'No source was watching',
      change: null,
      before: 'before: no source',
      basis: 'n 0 closed incidents · no level',
      gaps: [],
    },
  ])
})

test('each tile says what it answers, in the words of the catalogue', async () => {
  const page = await at.open()
  await page.locator('article').first().waitFor()
  await expect
    .poll(() => page.locator('.tile-question').allTextContents())
    .toEqual([
      'What is our deployment frequency?',
      'How long does a commit take to reach production?',
      'What is our change fail rate?',
      'What is our failed deployment recovery time?',
      'What is our deployment rework rate?',
      'What is our time to restore?',
    ])
})

describe('a difference that nobody has tested', () => {
  const untested = { p_value: null, effect: null, interval: null }

  test('is a direction and no verdict, in the tile, in the headline and in the details', async () => {
    at.api.world.dora = (days, offset, edition) => {
      const reply = doraOf(days, offset, edition)
      const metrics = Object.entries(reply.metrics).map(([id, metric]) => [id, { ...metric, trend: { ...metric.trend, ...untested } }])
      return { ...reply, metrics: Object.fromEntries(metrics) as DoraReply['metrics'] }
    }
    const page = await at.open()
    const shown = await tiles(page)
    expect(shown[1]).toMatchObject({ change: '−1 h 45 min · lower, leaning better' })
    expect(shown[2]).toMatchObject({ change: '+25 points · higher, leaning worse' })
    expect(await text(page, '.headline')).toBe('Leaning worse: change fail rate. Leaning better: change lead time.')
    expect(await text(page, '.compared')).toMatch(/Whether a difference is more than chance is not tested yet\.$/)
    await page.getByRole('button', { name: 'Change lead time' }).click()
    await page.locator('.facts').waitFor()
    expect(await text(page, '.facts')).toContain(
      'It is lower that is better here. Whether the difference is more than chance is not tested yet.',
    )
    expect(await text(page, '.facts dl')).toContain('Evidencenot tested yet')
  })

  test('is a verdict once it is tested', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    expect(await text(page, '.compared')).not.toContain('not tested')
    expect(await page.locator('.change.is-untested').count()).toBe(0)
  })
})

test('when no source was watching at all, the headline says so', async () => {
  at.api.world.dora = (days, offset, edition) => {
    const reply = doraOf(days, offset, edition)
    const nothing = { value: null, n: 0, why: 'no_source' as const, score: null }
    const metrics = Object.entries(reply.metrics).map(([id, metric]) => [id, { ...metric, ...nothing }])
    return { ...reply, metrics: Object.fromEntries(metrics) as DoraReply['metrics'], score: { value: null, of: 0 } }
  }
  const page = await at.open('/?service=misspelt')
  expect((await tiles(page)).map(({ value, reason }) => [value, reason])).toEqual(
    Array.from({ length: 6 }, () => [null, 'No source was watching']),
  )
  expect(await text(page, '.headline')).toBe('Nothing is known of the service misspelt in this window.')
})

test.each([
  ['no_source', 'No source was watching'],
  ['not_collected', 'Not collected yet'],
  ['no_samples', 'No samples in this window'],
  ['too_few_samples', 'Too few samples'],
] as const)('a value that is null for %s says "%s" and no number', async (why, words) => {
  at.api.world.dora = changed('change_fail_rate', { value: null, n: 0, why, score: null })
  const page = await at.open()
  const tile = (await tiles(page))[2]
  expect(tile).toMatchObject({ title: 'Change fail rate', value: null, reason: words })
})

test('a true zero is a number', async () => {
  at.api.world.dora = changed('deployment_frequency', { value: 0, n: 0 })
  const page = await at.open()
  expect((await tiles(page))[0]).toMatchObject({ value: '0 / day', reason: null })
})

test('a rare event is told per week or month, and the window before on the same scale', async () => {
  at.api.world.dora = changed('deployment_frequency', { value: 3 / 7 })
  const page = await at.open()
  expect((await tiles(page))[0]).toMatchObject({ value: '3 / week', before: 'before: 8 / week', change: '−5 / week · no clear change' })
})

test('the sparkline has a gap where a value is unknown and a line where it is zero', async () => {
  const page = await at.open()
  await page.locator('article').first().waitFor()
  const marks = (tile: number) =>
    page.evaluate(`[...document.querySelectorAll('article')[${tile}].querySelectorAll('.spark svg > :not(.spark-before)')]
      .map((mark) => mark.getAttribute('class').replace('spark-', ''))`)
  expect(await marks(1)).toEqual(['bar is-partial', 'unknown', 'unknown', 'bar', 'bar', 'bar', 'bar', 'bar is-partial'])
  expect(await marks(0)).toEqual(['bar is-partial', 'zero', 'zero', 'bar', 'bar', 'bar', 'bar', 'bar is-partial'])
  const label = await page.getByRole('img', { name: /^Change lead time/ }).getAttribute('aria-label')
  expect(label).toBe('Change lead time: 8 intervals, 2 of them without a value; between 2 h 30 min and 6 h')
})

test('an interval that is only begun is drawn by what happened in it, not by its rate', async () => {
  const { from, to } = { from: '2025-11-20T23:00:00.000Z', to: '2025-11-20T23:10:00.000Z' }
  const day = doraOf().metrics['deployment_frequency']?.series.slice(1, 7) ?? []
  at.api.world.dora = changed('deployment_frequency', { series: [...day, { from, to, value: 144, n: 1, why: null, partial: true }] })
  const page = await at.open()
  await page.locator('article').first().waitFor()
  const heights = (await page.evaluate(`[...document.querySelector('article').querySelectorAll('.spark-bar')]
    .map((bar) => Math.round(bar.getBoundingClientRect().height))`)) as number[]
  expect(Math.max(...heights.slice(0, -1))).toBeGreaterThan(heights.at(-1) ?? 0)
})

test('a moment in a sentence of the server is written as the page writes moments', async () => {
  const gap = {
    code: 'window_begins_before_data',
    count: 1,
    text: 'nothing is known before 2025-11-14T11:05:00.000Z; the window begins earlier',
  }
  at.api.world.dora = changed('deployment_frequency', { gaps: [gap] })
  const page = await at.open()
  expect((await tiles(page))[0]).toMatchObject({ gaps: ['Nothing is known before Fri 14 Nov 2025, 12:05; the window begins earlier'] })
})

test('the organization of a fresh installation has no name worth showing', async () => {
  at.api.world.status = { ...status, organization: { ...status.organization, slug: 'default', name: 'Default' } }
  const page = await at.open()
  await page.locator('article').first().waitFor()
  expect(await page.title()).toBe('Weekly delivery review · Fairlead')
  expect(await page.locator('.organization').count()).toBe(0)
})

test('begins with a sentence, the windows and the score', async () => {
  const page = await at.open()
  await page.locator('article').first().waitFor()
  expect(await text(page, 'h1')).toBe('Weekly delivery review')
  expect(await text(page, '.scope')).toBe('Fri 14 Nov, 09:30 – Fri 21 Nov 2025, 09:30 Europe/Berlin')
  expect(await text(page, '.headline')).toBe('Change fail rate got worse; change lead time got better.')
  expect(await text(page, '.compared')).toBe('Compared with Fri 7 Nov, 09:30 – Fri 14 Nov 2025, 09:30.')
  expect(await text(page, '.score-value')).toBe('7.5 of 10')
  expect(await text(page, '.score-basis')).toBe('mean of 3 metrics')
  expect(await page.title()).toBe('Weekly delivery review · Acme Payments · Fairlead')
})

test('a score that is null is no zero', async () => {
  at.api.world.dora = (days, offset, edition) => ({ ...doraOf(days, offset, edition), score: { value: null, of: 0 } })
  const page = await at.open()
  expect(await text(page, '.score')).toBe('Overall scoreNone: no metric could be scored')
})

describe('the address', () => {
  test('follows every choice, and the server is asked for it', async () => {
    const page = await at.open()
    await page.getByLabel('28 days').check({ force: true })
    await search(page, '?days=28')
    await page.getByLabel('Service').selectOption('web')
    await search(page, '?days=28&service=web')
    await page.getByLabel('Environment').selectOption('staging')
    await search(page, '?days=28&service=web&environment=staging')
    await page.getByLabel('Levels').selectOption('2021')
    await search(page, '?days=28&service=web&environment=staging&edition=2021')
    await page.getByRole('button', { name: 'One week back' }).click()
    await search(page, '?days=28&offset=7&service=web&environment=staging&edition=2021')
    await expect.poll(() => at.api.requests.at(-1)).toBe('GET /v1/dora?days=28&offset=7&service=web&environment=staging&edition=2021')
    await expect.poll(() => text(page, '.level')).toBe('Elite · 2021')
    expect(await text(page, 'h1')).toBe('Delivery review, 28 days')
  })

  test('brings a shared view back, and Back walks through it', async () => {
    const page = await at.open('/?days=14&offset=14&service=api&tz=Europe/Berlin')
    await page.locator('article').first().waitFor()
    expect(at.api.requests).toContain('GET /v1/dora?days=14&offset=14&service=api&tz=Europe%2FBerlin')
    expect(await page.getByLabel('Service').inputValue()).toBe('api')
    expect(await page.getByLabel('14 days').isChecked()).toBe(true)
    await page.getByRole('button', { name: 'One week forward' }).click()
    await search(page, '?days=14&offset=7&service=api&tz=Europe%2FBerlin')
    await page.goBack()
    await search(page, '?days=14&offset=14&service=api&tz=Europe/Berlin')
    await page.getByRole('button', { name: 'Now', exact: true }).click()
    await search(page, '?days=14&service=api&tz=Europe%2FBerlin')
    expect(await page.getByRole('button', { name: 'One week forward' }).isDisabled()).toBe(true)
  })

  test('with what nobody knows falls back or stays visible', async () => {
    const page = await at.open('/?days=-3&offset=x&service=gone&edition=2030')
    await page.locator('article').first().waitFor()
    expect(at.api.requests).toContain('GET /v1/dora?days=7&offset=0&service=gone&edition=2030')
    expect(await page.getByLabel('Service').inputValue()).toBe('gone')
    expect(await page.getByLabel('Levels').inputValue()).toBe('2030')
  })
})

describe('the theme', () => {
  test('follows the system until the reader chooses, and the choice lasts', async () => {
    const page = await at.open('/', { colorScheme: 'dark' })
    const theme = () => page.evaluate(`document.documentElement.dataset.theme + ' ' + getComputedStyle(document.body).backgroundColor`)
    expect(await theme()).toBe('dark rgb(12, 19, 18)')
    await page.emulateMedia({ colorScheme: 'light' })
    await expect.poll(theme).toBe('light rgb(243, 245, 244)')
    await sessionMenu(page).click()
    await page.getByRole('button', { name: 'Use the dark theme' }).click()
    await expect.poll(theme).toBe('dark rgb(12, 19, 18)')
    await page.reload()
    await page.locator('article').first().waitFor()
    expect(await theme()).toBe('dark rgb(12, 19, 18)')
  })
})

describe('sample data', () => {
  test('is named, with the command that removes it', async () => {
    at.api.world.status = { ...status, demo: true }
    const page = await at.open('/', { permissions: ['clipboard-read', 'clipboard-write'] })
    const banner = page.getByRole('complementary', { name: 'Sample data' })
    expect(await banner.textContent()).toContain('Sample data.')
    expect(await banner.locator('code').textContent()).toBe('npx fairlead demo --remove')
    await banner.getByRole('button').click()
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe('npx fairlead demo --remove')
    await expect.poll(() => banner.getByRole('button').textContent()).toBe('Copied')
  })

  test('is not claimed of real data', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    expect(await page.getByText('Sample data').count()).toBe(0)
  })
})

describe('freshness', () => {
  test('the figures come again each half minute', async () => {
    const page = await at.open()
    await page.clock.install()
    await page.reload()
    await page.locator('article').first().waitFor()
    at.api.requests = []
    const asked = () => at.api.requests.filter((request) => request.startsWith('GET /v1/dora')).length
    // The next half minute begins when the answer is there, which the clock of the page does not wait for.
    const answered = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/v1/dora')
    await page.clock.runFor(31_000)
    await (await answered).finished()
    await expect.poll(asked).toBe(1)
    await page.clock.runFor(31_000)
    await expect.poll(asked).toBe(2)
  })

  test('a failed refresh keeps the figures and says that they are stale', async () => {
    const page = await at.open()
    await page.locator('article').first().waitFor()
    at.api.world.failing = { path: '/v1/dora', problem: problem(503, 'store-unavailable', 'The analytics store does not answer.') }
    await page.getByTitle('Refresh now').click()
    await page.getByRole('alert').waitFor()
    expect(await text(page, '.freshness')).toMatch(/^Stale: figures of \d\d:\d\d/)
    expect(await page.locator('article').count()).toBe(6)
    at.api.world.failing = null
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => text(page, '.freshness')).toMatch(/^Updated /)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  test('says when events are behind', async () => {
    at.api.world.status = { ...status, lag_seconds: 150 }
    const page = await at.open()
    await page.locator('article').first().waitFor()
    expect(await text(page, '.freshness')).toContain('events 2 min behind')
  })
})

test('lists the sources and when each was last heard', async () => {
  at.api.world.status = {
    ...status,
    sources: [
      { name: 'acme-ci', connector: 'events', last_at: new Date(Date.now() - 3 * 60_000).toISOString(), items: 1_200, unread: 3 },
      { name: 'pagerduty', connector: 'pagerduty', last_at: null, items: 0, unread: 0 },
      { name: 'demo', connector: 'events', last_at: new Date().toISOString(), items: 9, unread: 9 },
    ],
  }
  const page = await at.open()
  await page.locator('article').first().waitFor()
  const sources = await page.locator('.colophon li').allTextContents()
  // What was removed on purpose is no source any more.
  expect(sources).toEqual(['acme-ci (events) 3 min ago · 3 of 1,200 not understood', 'pagerduty not heard yet'])
})

test('many gaps do not fill the tile, and names between backticks are set as code', async () => {
  const gaps = ['no `commit_at`', 'second', 'third', 'fourth'].map((words, index) => ({ code: `gap_${index}`, count: 1, text: words }))
  const coverage = { population: 9, samples: 4, share: 4 / 9, reasons: { gap_1: 5 } }
  at.api.world.dora = changed('change_lead_time', { gaps, coverage })
  const page = await at.open()
  expect((await tiles(page))[1]).toMatchObject({ gaps: ['No commit_at', '1 second', '2 more in the details'] })
  expect(await text(page, '.gaps code')).toBe('commit_at')
})
