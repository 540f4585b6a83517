import fc from 'fast-check'
import { expect, test } from 'vitest'
import { email, login, named } from './person.ts'
import { MOST_ALIKE, suggest, suggestionId, type Suggestible } from './person-suggestion.ts'

type Known = { readonly kind: 'email' | 'login' | 'name'; readonly provider: string; readonly value: string; readonly display?: string }
const person = (id: string, name: string, identities: readonly Known[], is_bot = false): Suggestible => ({
  id,
  name,
  is_bot,
  identities: identities.map((one) => ({ ...one, display: one.display ?? null })),
})
const said = (people: readonly Suggestible[]) => suggest(people).map((one) => [one.people.join(), one.score, one.reason])

test('what people have in common is said in words, and the more the stronger', () => {
  const ada = person('1', 'Ada Lovelace', [email('ada.lovelace@example.org')])
  expect(said([ada, person('2', 'Lovelace, Ada', [email('al@old.example')])])).toEqual([['1,2', 0.8, 'Both are called Ada Lovelace.']])
  expect(said([ada, person('2', 'adal', [login('github', 'ada-lovelace')])])).toEqual([
    ['1,2', 0.6, 'One is called Ada Lovelace, the other signs in as ada-lovelace.'],
  ])
  expect(said([person('1', 'ada', [email('adal@x.org')]), person('2', 'adal', [login('gitlab', 'adal')])])).toEqual([
    ['1,2', 0.6, 'One writes as adal@, the other signs in as adal.'],
  ])
  expect(said([person('1', 'adal', [login('github', 'adal')]), person('2', 'adal', [login('gitlab', 'adal')])])[0]?.[0]).toBe('1,2')
  expect(said([person('1', 'Zoë Müller', [login('jira', 'Zoë Müller')]), person('2', 'zoe muller', [named('zoe muller')])])[0]?.[1]).toBe(
    0.8,
  )
  const both = said([person('1', 'Ada Lovelace', [email('adal@x.org')]), person('2', 'Ada Lovelace', [login('github', 'adal')])])
  expect(both).toEqual([['1,2', 0.92, 'Both are called Ada Lovelace; one writes as adal@, the other signs in as adal.']])
})

test('desks, programs, made-up addresses and short names say nothing', () => {
  expect(said([person('1', 'A', [email('info@a.org')]), person('2', 'B', [email('info@b.org')])])).toEqual([])
  expect(
    said([person('1', 'renovate', [login('github', 'renovate')], true), person('2', 'renovate', [login('gitlab', 'renovate')], true)]),
  ).toEqual([])
  expect(said([person('1', 'X', [email('12345+q@users.noreply.github.com')]), person('2', 'Y', [email('12345-q@x.org')])])).toEqual([])
})

test('a name that many have suggests nobody, and the work stays bounded', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => person(String(index).padStart(5, '0'), 'John Smith', []))
  expect(suggest(many(MOST_ALIKE))).toHaveLength((MOST_ALIKE * (MOST_ALIKE - 1)) / 2)
  expect(suggest(many(MOST_ALIKE + 1))).toEqual([])
  const started = performance.now()
  suggest([
    ...many(20_000),
    ...Array.from({ length: 20_000 }, (_, index) => person(`p${index}`, `Name ${index % 5_000} Last`, [email(`n${index}@x.org`)])),
  ])
  // All pairs would be 800 million.
  expect(performance.now() - started).toBeLessThan(10_000)
})

test('each pair once, the strongest first, whatever the order of the people', () => {
  const name = fc.constantFrom('Ada Lovelace', 'ada lovelace', 'Ada', 'Grace Hopper', 'x')
  const identity = fc.constantFrom<Known>(email('ada@x.org'), email('ada@y.org'), login('github', 'ada'), {
    ...email('g@x.org'),
    display: 'Ada Lovelace',
  })
  const people = fc
    .array(fc.tuple(name, fc.array(identity, { maxLength: 3 })), { maxLength: 10 })
    .map((all) => all.map(([called, identities], index) => person(`p${index}`, called, identities)))
  fc.assert(
    fc.property(people, (all) => {
      const found = suggest(all)
      expect(new Set(found.map((one) => one.id)).size).toBe(found.length)
      expect(found.map((one) => one.score)).toEqual(found.map((one) => one.score).toSorted((a, b) => b - a))
      for (const { id, people: pair, score } of found) {
        expect(id).toBe(suggestionId(...pair))
        expect(pair[0] < pair[1]).toBe(true)
        expect(score > 0 && score <= 1).toBe(true)
      }
      expect(suggest(all.toReversed()).map((one) => [one.id, one.score])).toEqual(found.map((one) => [one.id, one.score]))
    }),
  )
})
