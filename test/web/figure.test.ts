import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, difference, duration, figure, percentOf, scaleFor } from '../../web/src/format/figure.ts'

test.each([
  [0, '0 s'],
  [1e-9, '< 0.1 s'],
  [0.25, '0.3 s'],
  [1, '1 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [90, '1 min 30 s'],
  [599.7, '10 min'],
  [2_700, '45 min'],
  [3_599, '1 h'],
  [3_600, '1 h'],
  [15_300, '4 h 15 min'],
  [86_399, '1 d'],
  [86_400, '1 d'],
  [187_000, '2 d 4 h'],
  [863_999, '10 d'],
  [12 * 86_400, '12 d'],
  [1_500 * 86_400, '1,500 d'],
  [-5_400, '−1 h 30 min'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words)
})

test('a duration never has a full smaller unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (seconds) => {
      expect(duration(seconds)).not.toMatch(/\b60 (s|min)|\b24 h/)
    }),
  )
})

test.each([
  [0, '0'],
  [0.0004, '< 0.1'],
  [0.05, '5'],
  [0.075, '7.5'],
  [0.3, '30'],
  [0.333, '33'],
  [0.9999, '> 99.9'],
  [0.9995, '> 99.9'],
  [0.999, '99.9'],
  [0.9949, '99.4'],
  [0.9901, '99'],
  [0.9899, '99'],
  [1, '100'],
])('the share %d is %s per cent', (share, words) => {
  expect(percentOf(share)).toBe(words)
})

test('only a whole share is shown as whole, only an empty one as empty', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
      expect(percentOf(share) === '100').toBe(share === 1)
      expect(percentOf(share) === '0').toBe(share === 0)
    }),
  )
})

test.each([
  [1.43, '1.4 / day'],
  [1, '1 / day'],
  [3 / 7, '3 / week'],
  [1 / 7, '1 / week'],
  [2 / 30, '2 / month'],
  [0, '0 / day'],
  [1_234.4, '1,234 / day'],
])('%d per day is %s', (value, words) => {
  expect(figure(value, scaleFor('per_day', value))).toBe(words)
})

test('a scale is taken from the first figure that is known and not zero', () => {
  expect(scaleFor('per_day', null, 2 / 7).per).toBe('week')
  expect(scaleFor('per_day', 0, 2 / 30).per).toBe('month')
  expect(scaleFor('per_day', null, null).per).toBe('day')
})

test('a difference carries its sign, and shares differ by points', () => {
  const share = scaleFor('share', 0.3)
  expect(difference(0.25, share)).toBe('+25 points')
  expect(difference(-0.01, share)).toBe('−1 point')
  expect(difference(-6_300, scaleFor('seconds', 15_300))).toBe('−1 h 45 min')
  expect(difference(2 / 7, scaleFor('per_day', 10 / 7))).toBe('+0.3 / day')
  expect(difference(0, share)).toBe('±0 points')
})

test('a decimal that tells nothing is left out, and a small figure is not rounded away', () => {
  expect(decimal(2)).toBe('2')
  expect(decimal(2.04)).toBe('2')
  expect(decimal(2.06)).toBe('2.1')
  expect(decimal(0.04)).toBe('0.04')
  expect(decimal(1e-9)).toBe('< 0.001')
  expect(decimal(100)).toBe('100')
  expect(decimal(99.96)).toBe('100')
})
