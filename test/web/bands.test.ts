import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bandsOfEdition, EDITIONS, RATED_METRICS } from '../../src/measure/levels.ts'
import { requireWhole } from '../../src/settings/benchmarks.ts'
import type { BenchmarkRow } from '../../src/settings/benchmarks.ts'
import { bandText, limitsOf, plain, rowsOf, writingFor, writingsOf, type Limits } from '../../web/src/settings/bands.ts'
import type { Unit } from '../../web/src/api/contract.ts'

const unit = fc.constantFrom<Unit>('per_day', 'seconds', 'share')
const metricOf = (of: Unit) => Object.entries(RATED_METRICS).find(([, one]) => one === of)?.[0] ?? ''
const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 3 })
const limitsFrom = (values: number[]): Limits =>
  Object.fromEntries(values.map((value, index) => [(['elite', 'high', 'medium'] as const)[index], value]))

describe('the bands between limits', () => {
  test('are whole to the server, and give the limits back', () => {
    fc.assert(
      fc.property(unit, distinct, (of, values) => {
        const limits = limitsFrom(values)
        const rows = rowsOf(metricOf(of), of, limits)
        expect(() => requireWhole(rows as BenchmarkRow[])).not.toThrow()
        const bands = rows.map((row) => ({ ...row, edition: 'own', is_own: true }))
        expect(limitsOf(bands, metricOf(of))).toEqual(limits)
      }),
    )
  })

  test('are none without a limit', () => {
    expect(rowsOf('change_lead_time', 'seconds', {})).toEqual([])
  })

  test.each(EDITIONS)('of the edition %s are written by hand in whole numbers', (edition) => {
    for (const [metric, bands] of Object.entries(bandsOfEdition(edition))) {
      const of = RATED_METRICS[metric] as Unit
      const limits: Limits = Object.fromEntries(
        bands.flatMap(({ name, at_least, below, at_most }) => {
          const limit = at_least ?? below ?? at_most
          return limit === undefined ? [] : [[name, limit]]
        }),
      )
      const writing = writingFor(of, limits)
      for (const limit of Object.values(limits)) {
        const written = plain(writing.write(limit))
        expect(written).toMatch(/^\d+$/)
        expect(writing.read(Number(written))).toBeCloseTo(limit, 12)
      }
    }
  })
})

test('every way of writing a limit reads what it wrote', () => {
  fc.assert(
    fc.property(unit, fc.integer({ min: 1, max: 10_000 }), (of, limit) => {
      for (const { read, write } of writingsOf(of)) expect(read(Number(plain(write(limit)))) / limit).toBeCloseTo(1, 10)
    }),
  )
})

const band = { metric: 'm', level: 'high', edition: 'e', includes_max: false, is_own: false } as const
test.each([
  [{ ...band, unit: 'per_day', min: 1, max: null }, 'once a day or more'],
  [{ ...band, unit: 'per_day', min: 2.5, max: null }, '2.5 a day or more'],
  [{ ...band, unit: 'per_day', min: 1 / 7, max: 1 }, '1 in 7 days or more'],
  [{ ...band, unit: 'per_day', min: null, max: 1 / 182 }, 'less than 1 in 182 days'],
  [{ ...band, unit: 'seconds', min: null, max: 3_600 }, 'below 1 h'],
  [{ ...band, unit: 'seconds', min: 604_800, max: null }, '7 d or more'],
  [{ ...band, unit: 'share', min: 0.05, max: 0.1, includes_max: true }, 'at most 10 %'],
  [{ ...band, unit: 'share', min: 0.15, max: null }, 'above 15 %'],
  [{ ...band, unit: 'share', min: 0.15, max: null, is_own: true }, '15 % or more'],
] as const)('%o is said as %s', (one, words) => {
  expect(bandText(one)).toBe(words)
})
