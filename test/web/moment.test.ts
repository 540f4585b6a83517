import { expect, test } from 'vitest'
import { ago, bucketText, leadingUnit, moment, shortMoment, utc, windowText } from '../../web/src/format/moment.ts'

test('a moment is told in its zone, and in UTC for those who compare with a log', () => {
  expect(moment('2025-11-14T08:30:00.000Z', 'Europe/Berlin')).toBe('Fri 14 Nov 2025, 09:30')
  expect(shortMoment('2025-09-01T22:05:00.000Z', 'Asia/Tokyo')).toBe('2 Sep, 07:05')
  expect(utc('2025-11-14T08:30:05.123Z')).toBe('2025-11-14 08:30:05 UTC')
})

test('midnight is 00:00 and never 24:00', () => {
  expect(shortMoment('2025-11-14T00:00:00.000Z', 'UTC')).toBe('14 Nov, 00:00')
})

test('a rolling window has its clock, a window of whole days has none', () => {
  expect(windowText({ from: '2025-11-14T08:30:00.000Z', to: '2025-11-21T08:30:00.000Z', tz: 'Europe/Berlin' })).toBe(
    'Fri 14 Nov, 09:30 – Fri 21 Nov 2025, 09:30',
  )
  expect(windowText({ from: '2025-11-09T23:00:00.000Z', to: '2025-11-16T23:00:00.000Z', tz: 'Europe/Berlin' })).toBe(
    'Mon 10 Nov – Sun 16 Nov 2025',
  )
})

test('a bucket of a day is that day, also across the change to winter time', () => {
  expect(bucketText('2025-10-25T22:00:00.000Z', '2025-10-26T23:00:00.000Z', 'Europe/Berlin')).toBe('Sun 26 Oct')
  expect(bucketText('2025-10-19T22:00:00.000Z', '2025-10-26T23:00:00.000Z', 'Europe/Berlin')).toBe('Mon 20 Oct – Sun 26 Oct')
})

test('a zone that this browser does not know falls back to UTC', () => {
  expect(shortMoment('2025-11-14T08:30:00.000Z', 'Mars/Olympus')).toBe('14 Nov, 08:30')
})

test('how long ago has one unit', () => {
  const now = Date.parse('2025-11-21T12:00:00.000Z')
  expect(ago('2025-11-21T11:59:58.000Z', now)).toBe('just now')
  expect(ago('2025-11-21T11:59:48.000Z', now)).toBe('12 s ago')
  expect(ago('2025-11-21T08:30:00.000Z', now)).toBe('3 h ago')
  expect(ago('2025-11-21T12:00:30.000Z', now)).toBe('just now')
  expect(leadingUnit(150)).toBe('2 min')
})
