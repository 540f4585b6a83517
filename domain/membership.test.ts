import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAt, joined, overlaps, type Interval } from './membership.ts'

const at = (day: number) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString()
const interval: fc.Arbitrary<Interval & { readonly role: number }> = fc
  .record({ from: fc.option(fc.nat(20)), length: fc.option(fc.integer({ min: 1, max: 8 })), role: fc.nat(3) })
  .map(({ from, length, role }) => ({
    role,
    valid_from: from === null ? null : at(from),
    valid_to: length === null ? null : at((from ?? 0) + length),
  }))

test('the begin belongs to it and the end does not', () => {
  const one = { valid_from: at(1), valid_to: at(2) }
  expect([isAt(one, at(0)), isAt(one, at(1)), isAt(one, at(2))]).toEqual([false, true, false])
  expect(overlaps(one, { valid_from: at(2), valid_to: null })).toBe(false)
  expect(overlaps(one, { valid_from: null, valid_to: at(1) })).toBe(false)
  expect(overlaps({ valid_from: null, valid_to: null }, one)).toBe(true)
})

test('joined intervals cover what they covered, and at each moment there is at most one', () => {
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 8 }), (intervals) => {
      const found = joined(intervals)
      for (let day = -2; day < 32; day++) {
        const moment = at(day)
        const now = found.filter((one) => isAt(one, moment))
        expect(now.length).toBe(intervals.some((one) => isAt(one, moment)) ? 1 : 0)
      }
      expect(joined(found)).toEqual(found)
      expect(joined(intervals.toReversed()).map((one) => [one.valid_from, one.valid_to])).toEqual(
        found.map((one) => [one.valid_from, one.valid_to]),
      )
    }),
  )
})
