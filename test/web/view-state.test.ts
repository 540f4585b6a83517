import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { metricQuery, narrowedText, readView, windowQuery, writeView } from '../../web/src/view-state.ts'

const read = (search: string) => readView(new URLSearchParams(search))

test('the plain address is the plain view, and back', () => {
  expect(read('')).toEqual({
    days: 7,
    offset: 0,
    service: null,
    team: null,
    environment: null,
    edition: null,
    tz: null,
    metric: null,
    basis: null,
    variant: null,
    status: null,
    by: 'service',
  })
  expect(writeView(read('')).toString()).toBe('')
})

test('what cannot be read falls back to the default', () => {
  expect(read('days=-1&offset=1.5&service=&status=odd')).toEqual(read(''))
  expect(read('days=0')).toEqual(read(''))
})

test('what is written is read again as the same view', () => {
  const word = fc.option(fc.string({ minLength: 1 }).filter((text) => text !== 'production' && text !== '2024'))
  const view = fc.record({
    days: fc.integer({ min: 1, max: 3660 }),
    offset: fc.integer({ min: 0, max: 36600 }),
    service: word,
    team: word,
    environment: word,
    edition: word,
    tz: word,
    metric: fc.string({ minLength: 1 }),
    basis: word,
    variant: word,
    status: fc.option(fc.constantFrom('sample', 'missing', 'censored', 'listed')),
    by: fc.constantFrom('service', 'team'),
  })
  fc.assert(
    fc.property(view, (one) => {
      expect(read(writeView(one).toString())).toEqual(one)
    }),
  )
})

test('closing a metric takes what belongs to it out of the address', () => {
  const open = read('service=api&metric=change_lead_time&basis=change&status=missing')
  expect(writeView({ ...open, metric: null }).toString()).toBe('service=api')
})

test('the API is asked for what the view says and no more', () => {
  const view = read('days=28&service=a%20b&team=pay&metric=x&basis=change&variant=devlake&status=missing')
  expect(windowQuery(view).toString()).toBe('days=28&offset=0&service=a+b&team=pay')
  expect(metricQuery(view).toString()).toBe('days=28&offset=0&service=a+b&team=pay&basis=change&variant=devlake')
})

test.each([
  ['', null],
  ['service=api', 'the service api'],
  ['team=pay', 'the team pay'],
  ['service=api&team=pay', 'the service api of the team pay'],
])('%s is narrowed to %s', (search, words) => {
  expect(narrowedText(read(search))).toBe(words)
})
