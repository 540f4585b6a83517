import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bandsOfEdition, EDITIONS, levelOf, scoreOf, SCORED } from './levels.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

describe('levels', () => {
  test('the published bounds, and what lies on them', () => {
    expect([1, 0.99, 1 / 7, 1 / 30, 0].map((value) => levelOf('deployment_frequency', value, bandsOfEdition('2024')))).toEqual([
      'elite',
      'high',
      'high',
      'medium',
      'low',
    ])
    expect([1, 0.99, 1 / 30, 1 / 182, 1 / 200].map((value) => levelOf('deployment_frequency', value, bandsOfEdition('2021')))).toEqual([
      'elite',
      'high',
      'high',
      'medium',
      'low',
    ])
    expect([1, 0.5].map((value) => levelOf('deployment_frequency', value, bandsOfEdition('2022')))).toEqual(['high', 'medium'])
    expect([DAY - 1, DAY, 7 * DAY, 30 * DAY].map((value) => levelOf('change_lead_time', value, bandsOfEdition('2023')))).toEqual([
      'elite',
      'high',
      'medium',
      'low',
    ])
    expect([HOUR - 1, HOUR, 7 * DAY, 182 * DAY].map((value) => levelOf('change_lead_time', value, bandsOfEdition('2021')))).toEqual([
      'elite',
      'high',
      'medium',
      'low',
    ])
    expect([0.05, 0.06, 0.15, 0.16].map((value) => levelOf('change_fail_rate', value, bandsOfEdition('2023')))).toEqual([
      'elite',
      'high',
      'medium',
      'low',
    ])
    expect([HOUR - 1, HOUR, DAY, 7 * DAY].map((value) => levelOf('time_to_restore', value, bandsOfEdition('2024')))).toEqual([
      'elite',
      'high',
      'medium',
      'low',
    ])
  })

  test('2024 publishes a better level for a worse share; it is shown as published', () => {
    expect([0.05, 0.1, 0.2, 0.21].map((value) => levelOf('change_fail_rate', value, bandsOfEdition('2024')))).toEqual([
      'elite',
      'medium',
      'high',
      'low',
    ])
  })

  test('every value has a level in every edition, and rework has none', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constantFrom(...EDITIONS), (value, edition) => {
        for (const id of [
          'deployment_frequency',
          'change_lead_time',
          'change_fail_rate',
          'failed_deployment_recovery_time',
          'time_to_restore',
        ]) {
          expect(levelOf(id, id === 'change_fail_rate' ? Math.min(value, 1) : value, bandsOfEdition(edition))).not.toBeNull()
        }
        expect(levelOf('deployment_rework_rate', Math.min(value, 1), bandsOfEdition(edition))).toBeNull()
      }),
    )
  })
})

describe('the continuous score', () => {
  test('answers of the quick check at their bounds', () => {
    expect([HOUR, DAY, 7 * DAY, 30 * DAY, 182 * DAY, 6 * 182 * DAY, 1e12].map((value) => scoreOf('change_lead_time', value))).toEqual([
      10, 8, 6, 4, 2, 0, 0,
    ])
    expect([48, 24, 1, 1 / 7, 1 / 30, 1 / 182, 0].map((value) => Number(scoreOf('deployment_frequency', value)?.toFixed(9)))).toEqual([
      10, 10, 8, 6, 4, 2, 0,
    ])
    expect([0, 0.05, 0.3, 1].map((value) => scoreOf('change_fail_rate', value))).toEqual([10, 9.5, 7, 0])
  })

  test('lies in 0–10, and never rises as things get worse', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e10, noNaN: true }), fc.double({ min: 0, max: 1e10, noNaN: true }), (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        for (const id of SCORED) {
          const share = id.endsWith('rate')
          const [low, high] = [less, more].map((value) => scoreOf(id, share ? value / 1e10 : value) as number) as [number, number]
          expect(Math.min(low, high)).toBeGreaterThanOrEqual(0)
          expect(Math.max(low, high)).toBeLessThanOrEqual(10)
          if (id === 'deployment_frequency') expect(high).toBeGreaterThanOrEqual(low)
          else expect(low).toBeGreaterThanOrEqual(high)
        }
      }),
    )
  })

  test('what the quick check does not ask has none', () => {
    expect(scoreOf('throughput', 3)).toBeNull()
  })
})
