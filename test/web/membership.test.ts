import { expect, test } from 'vitest'
import type { Member, Team } from '../../web/src/api/teams.ts'
import { dayAfter, timeText, whenOf } from '../../web/src/teams/membership.ts'
import { aboveOf, linesOf, treeOf, withBelow } from '../../web/src/teams/tree.ts'

const NOW = Date.parse('2026-06-15T12:00:00.000Z')
const member = (valid_from: string | null, valid_to: string | null): Member => ({
  person_id: 'p',
  name: 'Ada',
  role: null,
  valid_from,
  valid_to,
  origin: 'hand',
})

test.each([
  [null, null, 'now', null],
  ['2026-01-01T00:00:00.000Z', null, 'now', 'since Thu 1 Jan 2026'],
  ['2027-01-01T00:00:00.000Z', null, 'later', 'from Fri 1 Jan 2027'],
  [null, '2026-07-01T00:00:00.000Z', 'now', 'until Tue 30 Jun 2026'],
  ['2026-01-01T00:00:00.000Z', '2026-06-15T12:00:00.000Z', 'before', 'Thu 1 Jan 2026 – Mon 15 Jun 2026'],
  ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', 'before', 'Thu 1 Jan 2026'],
] as const)('a membership from %s to %s is %s: %s', (from, to, when, words) => {
  expect([whenOf(member(from, to), NOW), timeText(member(from, to), NOW)]).toEqual([when, words])
})

test('a last day is included: the membership ends when the next day begins', () => {
  expect(dayAfter('2026-12-31')).toBe('2027-01-01T00:00:00.000Z')
  expect(timeText(member(null, dayAfter('2026-02-28')), NOW)).toBe('until Sat 28 Feb 2026')
})

const team = (slug: string, parent: string | null): Team => ({
  slug,
  name: slug.toUpperCase(),
  description: null,
  parent,
  origin: 'hand',
  source: null,
  members: 0,
  owns: 0,
  repositories: 0,
  services: 0,
})
const TEAMS = [team('z', null), team('b', 'a'), team('a', null), team('c', 'b'), team('orphan', 'gone')]

test('a tree has every team once, below its parent; one whose parent is not there stands at the top', () => {
  expect(linesOf(treeOf(TEAMS)).map((one) => `${one.depth} ${one.team.slug}`)).toEqual(['0 a', '1 b', '2 c', '0 orphan', '0 z'])
  expect(withBelow(TEAMS, 'a')).toEqual(['a', 'b', 'c'])
  expect(aboveOf(TEAMS, 'b').map(({ slug }) => slug)).toEqual(['a', 'b'])
})
