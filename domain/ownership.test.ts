import { expect, test } from 'vitest'
import { lineageOf, ownedPattern, ownerOf, strongestFirst, type OwnershipRule } from './ownership.ts'

const rule = (team: string, kind: OwnershipRule['kind'], pattern: string, precedence = 0): OwnershipRule => ({
  team,
  kind,
  pattern,
  precedence,
})
const owner = (rules: readonly OwnershipRule[], names: { service?: string; repository?: string }) =>
  ownerOf(strongestFirst(rules), names)?.team ?? null

test.each([
  [
    'a plain name beats a pattern, whatever its precedence',
    [rule('a', 'service', 'pay*', 99), rule('b', 'service', 'payments')],
    { service: 'payments' },
    'b',
  ],
  [
    'of two patterns the higher precedence wins',
    [rule('a', 'service', 'pay*'), rule('b', 'service', '*', 5)],
    { service: 'payments' },
    'b',
  ],
  ['then the longer literal', [rule('a', 'service', 'p*'), rule('b', 'service', 'pay*')], { service: 'payments' }, 'b'],
  ['then the name of the team', [rule('b', 'service', 'pay*'), rule('a', 'service', '*pay')], { service: 'pay' }, 'a'],
  [
    'a service before its repository',
    [rule('a', 'repository', 'acme/shop'), rule('b', 'service', '*')],
    { service: 'cart', repository: 'acme/shop' },
    'b',
  ],
  [
    'a service that nobody owns is its repository’s',
    [rule('a', 'repository', 'acme/*'), rule('b', 'service', 'x')],
    { service: 'cart', repository: 'acme/shop' },
    'a',
  ],
  ['`*` ends at a slash', [rule('a', 'repository', 'acme/*')], { repository: 'acme/group/shop' }, null],
  ['`**` does not', [rule('a', 'repository', 'acme/**')], { repository: 'acme/group/shop' }, 'a'],
  ['a slash at the end means all below', [rule('a', 'repository', 'acme/')], { repository: 'acme/group/shop' }, 'a'],
  ['a dot is a dot', [rule('a', 'service', 'a.c*')], { service: 'abc' }, null],
  ['upper and lower case are two names', [rule('a', 'service', 'Api')], { service: 'api' }, null],
  ['what has no name is nobody’s', [rule('a', 'service', '**'), rule('a', 'repository', '**')], {}, null],
])('%s', (_, rules, names, wanted) => {
  expect(owner(rules, names)).toBe(wanted)
  expect(owner(rules.toReversed(), names)).toBe(wanted)
})

test('a team and all above it; a circle ends', () => {
  const parents = new Map([
    ['a', 'b'],
    ['b', 'c'],
    ['c', null],
    ['x', 'y'],
    ['y', 'x'],
  ])
  expect(lineageOf(parents, 'a')).toEqual(['a', 'b', 'c'])
  expect(lineageOf(parents, 'x')).toEqual(['x', 'y'])
})

test('a pattern cannot be made to hang the matcher', () => {
  const hostile = `${'*a'.repeat(10)}b`
  expect(ownedPattern().safeParse(hostile).success).toBe(true)
  expect(ownedPattern().safeParse('*a'.repeat(11)).success).toBe(false)
  const started = Date.now()
  expect(owner([rule('a', 'service', hostile)], { service: 'a'.repeat(300) })).toBeNull()
  expect(Date.now() - started).toBeLessThan(1_000)
})
