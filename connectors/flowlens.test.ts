import { expect, test } from 'vitest'
import flowlens from './flowlens.ts'
import { pathsOf } from './flowlens/pull-request.ts'
import { history, namedBy, outcomeOf } from './flowlens/value.ts'

/** What the words of a FlowLens database mean, one by one. What whole rows become is in its fixtures, and a whole import in test/servers. */

test.each([
  ['passed', 'success'],
  ['buildPassed', 'success'],
  ['approved', 'success'],
  ['buildFailed', 'failure'],
  ['changes_requested', 'failure'],
  ['running', 'running'],
  ['building', 'running'],
  ['cancelled', 'cancelled'],
  ['pending', null],
  [null, null],
  ['perhaps', 'unknown'],
])('a stage that is %s says %s', (status, outcome) => expect(outcomeOf(status)).toBe(outcome))

test('files are paths, and no patches; what FlowLens made up is none', () => {
  expect(pathsOf([{ filename: 'b.ts', patch: '@@' }, { filename: 'a.ts' }, 'a.ts', {}, 7])).toEqual(['7', 'a.ts', 'b.ts'])
  expect(pathsOf([{ filename: 'file_1.js', _fallback: true }])).toBeNull()
  for (const none of [[], null, undefined, 'a.ts', {}]) expect(pathsOf(none)).toBeNull()
})

test('a history has the steps that say what and when; the others are passed over', () => {
  expect(
    history().parse([
      { field: 'status_merge', value: 'Merged', at: '2026-02-01T10:00:00Z' },
      { state: 'buildPassed', at: '2026-02-01T11:00:00.5Z', meta: { source: 'x' } },
      { state: 'open' },
      { at: '2026-02-01T11:00:00Z' },
      null,
      'merged',
    ]),
  ).toEqual([
    { field: 'status_merge', value: 'merged', at: '2026-02-01T10:00:00.000Z', meta: {} },
    { field: 'state', value: 'buildpassed', at: '2026-02-01T11:00:00.500Z', meta: { source: 'x' } },
  ])
  expect([history().parse(null), history().parse({}), history().parse(undefined)]).toEqual([[], [], []])
})

test('a pull request is called as GitHub’s own connector calls it', () => {
  expect(namedBy({ pr_number: 5, repository: { full_name: 'acme/shop' } }).change_id).toBe('acme/shop#5')
  expect(() => namedBy({ pr_number: 5, repository: null })).toThrow(/`repositories` does not have/)
  expect(() => namedBy({ pr_number: null, repository: { full_name: 'acme/shop' } })).toThrow(/no number/)
})

test('an address must be one of a PostgreSQL, and is never printed', () => {
  expect(String((flowlens.config.parse({ uri: 'postgresql+asyncpg://a:b@h/x' }) as { uri: unknown }).uri)).toBe('[secret]')
  expect(flowlens.config.safeParse({ uri: 'mysql://h/x' }).success).toBe(false)
  expect(flowlens.config.safeParse({}).success).toBe(false)
})
