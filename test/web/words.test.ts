import { expect, test } from 'vitest'
import type { MetricReply } from '../../src/metric.ts'
import { levelNote, reasonHelp, ruleText, sampleValueText, samplesText, trendWords } from '../../web/src/format/words.ts'
import { plotted } from '../../web/src/format/plotted.ts'
import { withMoments } from '../../web/src/format/moment.ts'
import { doraOf, samplesOf } from '../browser/fake-figures.ts'

const leadTime = doraOf().metrics['change_lead_time'] as MetricReply
const moved = (verdict: MetricReply['trend']['verdict'], p_value: number | null, value: number) =>
  trendWords({ ...leadTime, value, trend: { ...leadTime.trend, verdict, p_value } })

test.each([
  ['improved', 0.001, 20_000, { tone: 'good', tested: true, icon: 'down', text: 'better' }],
  ['regressed', 0.001, 30_000, { tone: 'bad', tested: true, icon: 'up', text: 'worse' }],
  ['improved', null, 20_000, { tone: 'good', tested: false, icon: 'down', text: 'lower, leaning better' }],
  ['regressed', null, 30_000, { tone: 'bad', tested: false, icon: 'up', text: 'higher, leaning worse' }],
  ['regressed', null, 21_601, { tone: 'neutral', tested: true, icon: 'same', text: 'about the same' }],
  ['regressed', 0.001, 21_601, { tone: 'bad', tested: true, icon: 'up', text: 'worse' }],
  ['no clear change', 0.4, 20_000, { tone: 'neutral', tested: true, icon: 'same', text: 'no clear change' }],
  ['not enough data', null, 20_000, { tone: 'neutral', tested: true, icon: 'unknown', text: 'too few to compare' }],
] as const)('the verdict %s with p %s', (verdict, p, value, words) => {
  expect(moved(verdict, p, value)).toEqual(words)
})

test.each([
  [{ id: 'change_lead_time', basis: 'commit', variant: null }, 1, 'n 1 commit'],
  [{ id: 'change_lead_time', basis: 'change', variant: null }, 1_200, 'n 1,200 changes'],
  [{ id: 'time_to_restore', basis: null, variant: null }, 0, 'n 0 closed incidents'],
  [{ id: 'change_fail_rate', basis: null, variant: 'devlake' }, 3, 'n 3 samples'],
  [{ id: 'of_tomorrow', basis: null, variant: null }, 1, 'n 1 sample'],
])('what n counts: %o', (metric, n, text) => {
  expect(samplesText(metric, n)).toBe(text)
})

test('a rule is said in words, and one that is not known by its code', () => {
  expect(ruleText('rollback_inferred')).toBe('older revision put back')
  expect(ruleText('some_new_rule')).toBe('some new rule')
})

test('a reason says that it is no zero', () => {
  expect(reasonHelp('no_source')).toContain('not zero')
  expect(reasonHelp(null)).toBeNull()
})

test('the oddity of the 2024 edition is named where it shows', () => {
  const level = { edition: '2024', name: 'high', why: null } as const
  expect(levelNote({ id: 'change_fail_rate', level })).toContain('20 % for High')
  expect(levelNote({ id: 'change_fail_rate', level: { ...level, edition: '2023' } })).toBeNull()
  expect(levelNote({ id: 'change_lead_time', level })).toBeNull()
})

test('what is still open has an age in the place of a value', () => {
  const open = samplesOf('failed_deployment_recovery_time').find(({ status }) => status === 'censored')
  expect(open && sampleValueText('failed_deployment_recovery_time', 'seconds', open)).toBe('9 h so far')
})

test('a rate over part of a day is drawn with what happened in it', () => {
  const bucket = (from: string, to: string, value: number | null, n: number, partial: boolean) => ({
    from,
    to,
    value,
    n,
    partial,
    why: null,
  })
  const series = [
    bucket('2026-01-01T23:50:00.000Z', '2026-01-02T00:00:00.000Z', 144, 1, true),
    bucket('2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z', 3, 3, false),
    bucket('2026-01-03T00:00:00.000Z', '2026-01-03T12:00:00.000Z', null, 0, true),
  ]
  expect(plotted({ unit: 'per_day', series })).toEqual([1, 3, null])
  expect(plotted({ unit: 'seconds', series })).toEqual([144, 3, null])
})

test('moments in a sentence are written in the zone of the window', () => {
  expect(withMoments('nothing before 2026-01-01T23:50:00.000Z.', 'Europe/Berlin')).toBe('nothing before Fri 2 Jan 2026, 00:50.')
})
