import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyOf } from '../domain/person.ts'
import type { Person } from '../src/people/people.ts'
import { independent } from '../src/people/mailmap-plan.ts'
import { openPeopleStore, type PeopleStore } from './people-store.ts'

let store: PeopleStore
beforeAll(async () => {
  store = await openPeopleStore()
})
afterAll(() => store.close())

const commit = (sha: string, author_name: string, author_email: string, more: Record<string, unknown> = {}) => ({
  repository: 'acme/shop',
  sha,
  subject: 'x',
  author_name,
  author_email,
  ...more,
})

async function listed(org: string, q?: string): Promise<Person[]> {
  await store.grow()
  await store.people.refresh(org)
  return store.people.page(org, { q, limit: 1_000 })
}
const known = (people: readonly Person[]) =>
  people.map((one) => [one.name, one.identities.map(({ provider, value }) => (provider === '' ? value : `${provider}:${value}`))])
const find = (people: readonly Person[], value: string) => {
  const found = people.find((one) => one.identities.some((identity) => identity.value === value))
  if (found === undefined) throw new Error(`nobody is ${value}`)
  return found
}

describe('who is seen', () => {
  test('authors, actors and assignees are people; an address that names an account is one with it', async () => {
    const org = await store.org()
    await store.world.tell(org, {
      commits: [
        commit('a1', 'Ada Lovelace', 'Ada@Example.org'),
        commit('a2', 'Ada', '7+AdaL@users.noreply.github.com', { authored_at: '2026-01-03T00:00:00.000Z' }),
        commit('a3', 'Grace Hopper', 'grace@example.org', { authored_at: '2299-01-01T00:00:00.000Z' }),
        commit('a4', 'Nobody at all', ''),
      ],
      changes: [
        { id: 'acme/shop#1', repository: 'acme/shop', author: 'AdaL', merged_by: 'ghopper' },
        { id: 'acme/shop#2', repository: 'acme/shop', author: 'tool', author_is_bot: true },
        { id: 'acme/shop#3', repository: 'acme/shop', author: 'renovate[bot]' },
      ],
      work_items: [
        { id: 'S-1', kind: 'task', status: 'todo', components: [], sprint_ids: [], fix_versions: [], assignee: 'adal', reporter: null },
      ],
    })
    const people = await listed(org)
    expect(known(people)).toEqual(
      [
        ['Ada', ['7+adal@users.noreply.github.com', 'github:adal']],
        ['Ada Lovelace', ['ada@example.org']],
        ['ghopper', ['github:ghopper']],
        ['Grace Hopper', ['grace@example.org']],
        ['Nobody at all', ['Nobody at all']],
        ['renovate[bot]', ['github:renovate[bot]']],
        ['tool', ['github:tool']],
      ].toSorted(([a = ''], [b = '']) => people.findIndex((one) => one.name === a) - people.findIndex((one) => one.name === b)),
    )
    expect(
      people
        .filter((one) => one.is_bot)
        .map((one) => one.name)
        .sort(),
    ).toEqual(['renovate[bot]', 'tool'])
    // A commit may claim any date.
    expect(find(people, 'grace@example.org').last_seen_at).toBe('2026-03-02T12:00:00.000Z')
    expect(known(await listed(org, 'ADAL'))).toEqual([['Ada', ['7+adal@users.noreply.github.com', 'github:adal']]])
  })

  test('a pass adds what is new and moves nobody; a name that is learned is shown', async () => {
    const org = await store.org()
    await store.world.tell(org, { changes: [{ id: 'acme/shop#1', repository: 'acme/shop', author: 'adal' }] })
    const [before] = await listed(org)
    await store.world.tell(org, { commits: [commit('b1', 'Ada Lovelace', '7+adal@users.noreply.github.com')] })
    const after = await listed(org)
    expect(after.map((one) => [one.id, one.name, one.identities.length])).toEqual([[before?.id, 'Ada Lovelace', 2]])
    await store.people.save(store.actor(org), org, before?.id ?? '', { name: 'Countess', is_bot: false })
    await store.world.tell(org, {
      commits: [commit('b2', 'Ada L.', '7+adal@users.noreply.github.com', { authored_at: '2026-02-01T00:00:00.000Z' })],
      changes: [{ id: 'acme/shop#2', repository: 'acme/shop', author: 'adal', author_is_bot: true }],
    })
    expect((await listed(org)).map((one) => [one.name, one.is_bot, one.last_seen_at])).toEqual([
      ['Countess', false, '2026-02-01T00:00:00.000Z'],
    ])
  })

  test('passes at the same time end in the same people', async () => {
    const org = await store.org()
    await store.world.tell(org, { commits: Array.from({ length: 50 }, (_, index) => commit(`c${index}`, `N${index}`, `n${index}@x.org`)) })
    await Promise.all(Array.from({ length: 6 }, () => store.people.refresh(org)))
    expect(await listed(org)).toHaveLength(50)
  })
})

describe('one person and several', () => {
  async function three(): Promise<{ org: string; all: Person[] }> {
    const org = await store.org()
    await store.world.tell(org, { commits: ['a', 'b', 'c'].map((name) => commit(`d-${name}`, name.toUpperCase(), `${name}@x.org`)) })
    return { org, all: await listed(org) }
  }

  test('a merge keeps the one, is in the audit log with before and after, and a split undoes it', async () => {
    const { org, all } = await three()
    const [a, b] = all as [Person, Person, Person]
    const merged = await store.people.merge(store.actor(org), org, a.id, [b.id])
    expect(merged.identities.map((one) => [one.value, one.origin])).toEqual([
      ['a@x.org', 'seen'],
      ['b@x.org', 'hand'],
    ])
    await expect(store.people.find(org, b.id)).rejects.toThrow('There is no person')
    await store.world.tell(org, { commits: [commit('d-b2', 'B', 'b@x.org')] })
    expect(await listed(org)).toHaveLength(2)
    const { made } = await store.people.split(store.actor(org), org, a.id, b.identities)
    expect([made.id, made.name]).toEqual([b.id, b.name])
    const entries = await store.audit.page(org, { limit: 10 })
    expect(entries.map((one) => one.action).sort()).toEqual(['person.merged', 'person.split'])
    expect(entries.find((one) => one.action === 'person.merged')).toMatchObject({
      before: { into: { id: a.id }, from: [{ id: b.id }] },
      after: { id: a.id },
    })
    // What is seen later does not bring together what somebody took apart.
    await store.world.tell(org, { commits: [commit('d-b', 'B', 'b@x.org')] })
    expect(known(await listed(org))).toEqual(known(all))
  })

  test('nobody is left without an identity, and nothing is taken from whom it is not', async () => {
    const { org, all } = await three()
    const [a, b] = all as [Person, Person, Person]
    const actor = store.actor(org)
    await expect(store.people.split(actor, org, a.id, a.identities)).rejects.toThrow('no identity left')
    await expect(store.people.split(actor, org, a.id, b.identities)).rejects.toThrow('email b@x.org is no identity of A')
    await expect(store.people.merge(actor, org, a.id, [a.id])).rejects.toThrow('merged with others')
    const other = await three()
    await expect(store.people.merge(actor, org, a.id, [other.all[0]?.id ?? ''])).rejects.toThrow('There is no person')
    await expect(store.people.save(actor, org, other.all[0]?.id ?? '', { name: 'x' })).rejects.toThrow('There is no person')
  })

  type Step =
    | { readonly do: 'merge'; readonly into: number; readonly from: number }
    | { readonly do: 'split'; readonly of: number; readonly take: number }
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant('merge' as const), into: fc.nat(7), from: fc.nat(7) }),
    fc.record({ do: fc.constant('split' as const), of: fc.nat(7), take: fc.integer({ min: 1, max: 3 }) }),
  )
  const partition = (people: readonly Person[]) => people.map((one) => one.identities.map(keyOf).sort().join()).sort()

  test(
    'identities are a partition, whatever is merged and split; a split of what a merge brought restores it',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const org = await store.org()
          const actor = store.actor(org)
          await store.world.tell(org, {
            commits: Array.from({ length: 6 }, (_, index) => commit(`e${index}`, `P${index}`, `p${index}@x.org`)),
          })
          let people = await listed(org)
          const whole = people.flatMap((one) => one.identities.map(keyOf)).sort()
          for (const each of steps) {
            const before = people
            if (each.do === 'merge') {
              const [into, from] = [people[each.into % people.length], people[each.from % people.length]] as [Person, Person]
              if (into.id === from.id) continue
              await store.people.merge(actor, org, into.id, [from.id])
              const { made } = await store.people.split(actor, org, into.id, from.identities)
              people = await listed(org)
              expect(partition(people)).toEqual(partition(before))
              expect([made.id, made.name]).toEqual([from.id, from.name])
              await store.people.merge(actor, org, into.id, [from.id])
            } else {
              const of = people[each.of % people.length] as Person
              if (of.identities.length <= each.take) continue
              await store.people.split(actor, org, of.id, of.identities.slice(0, each.take))
            }
            people = await listed(org)
            expect(people.flatMap((one) => one.identities.map(keyOf)).sort()).toEqual(whole)
            expect(people.every((one) => one.identities.length > 0)).toBe(true)
          }
        }),
        { numRuns: 25 },
      )
    },
  )
})

describe('who may be one', () => {
  test('is suggested until it is done or dismissed; who was taken apart is not suggested again', async () => {
    const org = await store.org()
    const actor = store.actor(org)
    const pairs = async () => {
      const { suggestions, person } = await store.people.suggestions(org)
      return suggestions.map((one) => one.people.map((id) => person(id).identities[0]?.value).sort())
    }
    await store.world.tell(org, {
      commits: [
        commit('f1', 'Ada Lovelace', 'ada@x.org'),
        commit('f2', 'Ada Lovelace', 'ada@y.org'),
        commit('f3', 'Ada Lovelace', 'al@z.org'),
      ],
    })
    const people = await listed(org)
    expect((await pairs()).sort()).toEqual([
      ['ada@x.org', 'ada@y.org'],
      ['ada@x.org', 'al@z.org'],
      ['ada@y.org', 'al@z.org'],
    ])
    const { suggestions } = await store.people.suggestions(org)
    expect(suggestions[0]).toMatchObject({ score: 0.9, reason: 'Both are called Ada Lovelace; both write as ada@.' })
    const x = find(people, 'ada@x.org')
    await store.people.merge(actor, org, x.id, [find(people, 'ada@y.org').id])
    expect(await pairs()).toEqual([['ada@x.org', 'al@z.org']])
    const id = (await store.people.suggestions(org)).suggestions[0]?.id ?? ''
    expect([await store.people.dismiss(actor, org, id), await store.people.dismiss(actor, org, id)]).toEqual([true, false])
    expect(await pairs()).toEqual([])
    await store.people.split(actor, org, x.id, [{ kind: 'email', provider: '', value: 'ADA@y.org' }])
    expect(await pairs()).toEqual([['ada@y.org', 'al@z.org']])
    await expect(store.people.dismiss(actor, await store.org(), id)).rejects.toThrow('There is no person')
  })
})

describe('.mailmap', () => {
  const FILE = 'Ada Lovelace <ada@x.org> <ada@old.org>\nAda Lovelace <ada@x.org> <ada@never.org>\nGrace Hopper <grace@x.org>\n'
  async function two(): Promise<string> {
    const org = await store.org()
    await store.world.tell(org, {
      commits: [commit('g1', 'ada', 'ada@x.org'), commit('g2', 'Countess', 'ada@old.org'), commit('g3', 'grace', 'grace@x.org')],
    })
    await listed(org)
    return org
  }

  test('is told, imported, and imported again; it makes one person of the addresses that it names', async () => {
    const org = await two()
    const actor = store.actor(org)
    const texts = [
      'Countess (ada@old.org) is one with ada (ada@x.org).',
      'ada@never.org is ada.',
      'ada is called Ada Lovelace.',
      'grace is called Grace Hopper.',
    ]
    const before = known(await listed(org))
    expect(await store.people.importMailmap(actor, org, FILE, true)).toEqual(texts)
    expect(known(await listed(org))).toEqual(before)
    expect(await store.people.importMailmap(actor, org, FILE, false)).toEqual(texts)
    expect(await store.people.importMailmap(actor, org, FILE, false)).toEqual([])
    const people = await listed(org)
    expect(known(people)).toEqual([
      ['Ada Lovelace', ['ada@never.org', 'ada@old.org', 'ada@x.org']],
      ['Grace Hopper', ['grace@x.org']],
    ])
    expect(people[0]?.identities.map((one) => one.origin)).toEqual(['mailmap', 'mailmap', 'seen'])
    // What is seen under a name that only the file named is that person's.
    await store.world.tell(org, { commits: [commit('g4', 'Ada', 'ada@never.org')] })
    expect(await listed(org)).toHaveLength(2)
  })

  test('a long file is imported in few statements, so that it gets through where each may be given up on', async () => {
    const org = await store.org()
    const people = Array.from({ length: 200 }, (_, index) => index)
    await store.world.tell(org, {
      commits: people.flatMap((n) => [commit(`a${n}`, `p${n}`, `p${n}@x.org`), commit(`b${n}`, `P${n}`, `p${n}@old.org`)]),
    })
    expect(await listed(org)).toHaveLength(400)
    const text = people.map((n) => `Person ${n} <p${n}@x.org> <p${n}@old.org>`).join('\n')
    expect(await store.people.importMailmap(store.actor(org), org, text, false)).toHaveLength(400)
    expect(new Set(known(await listed(org)).map(([name]) => name))).toEqual(new Set(people.map((n) => `Person ${n}`)))
  })

  test('somebody who is kept and then gone is merged in the order of the file', () => {
    const merge = (gone: string, kept: string) => ({ gone, kept })
    expect(independent([merge('b', 'a'), merge('c', 'a'), merge('a', 'd'), merge('e', 'd')])).toEqual([
      [merge('b', 'a'), merge('c', 'a')],
      [merge('a', 'd'), merge('e', 'd')],
    ])
    expect(independent([])).toEqual([])
  })

  test('what is said of a person and is so already leaves no entry in the audit log', async () => {
    const org = await two()
    const actor = store.actor(org)
    const { id } = find(await listed(org), 'ada@x.org')
    const entries = async () => (await store.audit.page(org, { limit: 100 })).map(({ action }) => action)
    for (let again = 0; again < 2; again++) await store.people.save(actor, org, id, { name: 'Ada King', is_bot: false })
    expect(await entries()).toEqual(['person.saved'])
  })

  test('does not join what somebody took apart, and says so', async () => {
    const org = await two()
    const actor = store.actor(org)
    await store.people.importMailmap(actor, org, FILE, false)
    const ada = find(await listed(org), 'ada@old.org')
    await store.people.split(actor, org, ada.id, [{ kind: 'email', provider: '', value: 'ada@old.org' }])
    expect(await store.people.importMailmap(actor, org, FILE, false)).toEqual([
      'ada@old.org stays apart from ada@x.org: somebody said whose they are.',
    ])
    expect(await listed(org)).toHaveLength(3)
  })

  test('of a repository is read when it is new, and joins without renaming; a change of its own is in the audit log', async () => {
    const org = await two()
    await store.world.tell(org, {
      mailmap_entries: [{ repository: 'acme/shop', old_email: 'ada@old.org', old_name: '', name: 'Ada Lovelace', email: 'ada@x.org' }],
      commits: [commit('g5', 'ada', 'ada@x.org')],
    })
    expect(known(await listed(org))).toEqual([
      ['ada', ['ada@old.org', 'ada@x.org']],
      ['grace', ['grace@x.org']],
    ])
    expect((await store.audit.page(org, { limit: 5 })).map((one) => [one.action, one.actor_type])).toEqual([
      ['person.mailmap_read', 'system'],
    ])
  })
})
