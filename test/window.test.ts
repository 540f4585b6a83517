import { afterAll, beforeAll, expect, test } from 'vitest'
import { bucketsOf, windowOf } from '../src/measure/window.ts'
import { openWorld, type World } from './world.ts'

/** Days, weeks and months are cut in the organization's zone, whatever that zone does to its clocks. */
let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const NOW = Date.parse('2026-06-15T10:30:00Z')

test('a rolling window has exactly its length, and its first and last day are partial', async () => {
  const window = windowOf({ days: 7, offset: 0, tz: 'Europe/Berlin' }, NOW)
  expect(window).toEqual({ from: '2026-06-08T10:30:00.000Z', to: '2026-06-15T10:30:00.000Z', tz: 'Europe/Berlin' })
  const days = await bucketsOf(world.analytics, window, 'day')
  expect(days.map((day) => day.partial)).toEqual([true, false, false, false, false, false, false, true])
  expect([days[0]?.from, days[0]?.to, days.at(-1)?.to]).toEqual([window.from, '2026-06-08T22:00:00.000Z', window.to])
})

test('the day in which a window ends is there, however early in it', async () => {
  for (const minute of [1, 185, 700, 1_439]) {
    const to = new Date(Date.UTC(2026, 5, 15) + minute * 60_000).toISOString()
    const days = await bucketsOf(world.analytics, windowOf({ from: '2026-06-13T23:50:00Z', to, tz: 'UTC' }, NOW), 'day')
    expect(days.map((day) => [day.from.slice(0, 10), day.to])).toEqual([
      ['2026-06-13', '2026-06-14T00:00:00.000Z'],
      ['2026-06-14', '2026-06-15T00:00:00.000Z'],
      ['2026-06-15', to],
    ])
  }
})

test.each([
  // The clocks change on 29 March and 25 October 2026 in Berlin, on 5 April in Lord Howe (by half an hour), never in Kathmandu (UTC+5:45).
  ['Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-30T22:00:00Z', [23, 24]],
  ['Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-26T23:00:00Z', [25, 24]],
  ['Australia/Lord_Howe', '2026-04-04T13:00:00Z', '2026-04-05T13:30:00Z', [24.5]],
  ['Asia/Kathmandu', '2026-03-28T18:15:00Z', '2026-03-30T18:15:00Z', [24, 24]],
  ['America/Sao_Paulo', '2018-11-03T03:00:00Z', '2018-11-05T02:00:00Z', [24, 23]],
])('days in %s from %s', async (tz, from, to, hours) => {
  const days = await bucketsOf(world.analytics, windowOf({ from, to, tz }, NOW), 'day')
  expect(days.map((day) => (Date.parse(day.to) - Date.parse(day.from)) / 3_600_000)).toEqual(hours)
  expect(days.every((day) => !day.partial)).toBe(true)
})

test.each(['day', 'week', 'month'] as const)('%s buckets join without gap or overlap and cover the window', async (bucket) => {
  for (const tz of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia', 'Australia/Lord_Howe']) {
    const window = windowOf({ from: '2025-09-17T03:21:00Z', to: '2026-05-02T19:47:00Z', tz }, NOW)
    const buckets = await bucketsOf(world.analytics, window, bucket)
    expect([buckets[0]?.from, buckets.at(-1)?.to]).toEqual([window.from, window.to])
    for (let i = 1; i < buckets.length; i++) expect(buckets[i]?.from).toBe(buckets[i - 1]?.to)
    expect(buckets.slice(1, -1).some((one) => one.partial)).toBe(false)
  }
})

test('weeks begin on Monday', async () => {
  const weeks = await bucketsOf(
    world.analytics,
    windowOf({ from: '2026-06-01T00:00:00Z', to: '2026-06-29T00:00:00Z', tz: 'UTC' }, NOW),
    'week',
  )
  expect(weeks.map((week) => new Date(week.from).getUTCDay())).toEqual([1, 1, 1, 1])
})

test('an empty, an endless and an unknown one are refused with the remedy', () => {
  for (const asked of [
    { from: '2026-02-02T00:00:00Z', to: '2026-02-02T00:00:00Z', tz: 'UTC' },
    { days: 40_000, tz: 'UTC' },
    { days: 7, tz: 'Mars/Olympus' },
  ]) {
    expect(() => windowOf(asked, NOW)).toThrow(expect.objectContaining({ code: 'invalid-input' }))
  }
})
