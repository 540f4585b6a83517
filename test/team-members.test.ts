import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAt } from '../domain/membership.ts'
import type { Person } from '../src/people/people.ts'
import { readTeamsFile } from '../src/team/teams-file.ts'
import { openPeopleStore, type PeopleStore } from './people-store.ts'

/** The clock of the store stands at 2026-03-02T12:00. */
let store: PeopleStore
beforeAll(async () => {
  store = await openPeopleStore()
})
afterAll(() => store.close())

const day = (text: string) => `2026-${text}T00:00:00.000Z`
async function crew(): Promise<{ org: string; ada: Person; bob: Person }> {
  const org = await store.org()
  await store.world.tell(org, {
    commits: ['ada', 'bob'].map((name) => ({
      repository: 'r',
      sha: name,
      subject: 'x',
      author_name: name,
      author_email: `${name}@example.org`,
    })),
    changes: [{ id: 'r#1', repository: 'r', author: 'adal' }],
  })
  await store.grow()
  await store.people.refresh(org)
  await store.teams.save(org, { slug: 'pay', name: 'Pay' })
  const people = await store.people.page(org, { limit: 10 })
  const found = (name: string) => people.find((one) => one.name === name) as Person
  return { org, ada: found('ada'), bob: found('bob') }
}
const spans = async (org: string, team = 'pay') =>
  (await store.members.of(org, team)).map((one) => [one.name, one.role, one.valid_from, one.valid_to, one.origin])

describe('by hand', () => {
  test('somebody comes, goes and comes back; the past stays known, and each change is in the audit log', async () => {
    const { org, ada } = await crew()
    const actor = store.actor(org)
    const person = { person_id: ada.id, role: 'lead' }
    await store.members.add(actor, org, 'pay', { ...person, valid_from: day('01-01'), valid_to: null })
    expect((await store.people.find(org, ada.id)).teams).toEqual(['pay'])
    expect(await store.members.counts(org)).toEqual(new Map([['pay', 1]]))
    expect(await store.members.remove(actor, org, 'pay', ada.id, day('02-01'))).toBe(true)
    expect(await store.members.remove(actor, org, 'pay', ada.id, undefined)).toBe(false)
    expect((await store.people.find(org, ada.id)).teams).toEqual([])
    await store.members.add(actor, org, 'pay', { ...person, role: null, valid_from: day('02-01'), valid_to: null })
    expect(await spans(org)).toEqual([
      ['ada', 'lead', day('01-01'), day('02-01'), 'hand'],
      ['ada', null, day('02-01'), null, 'hand'],
    ])
    // What begins only then never was.
    expect(await store.members.remove(actor, org, 'pay', ada.id, day('02-01'))).toBe(true)
    expect(await spans(org)).toEqual([['ada', 'lead', day('01-01'), day('02-01'), 'hand']])
    const actions = (await store.audit.page(org, { limit: 10 })).map((one) => one.action)
    expect(actions.sort()).toEqual(['team.member_added', 'team.member_added', 'team.member_removed', 'team.member_removed'])
  })

  test('nobody is twice in a team at one moment, and what is of others is not there', async () => {
    const { org, ada } = await crew()
    const actor = store.actor(org)
    const add = (valid_from: string | null, valid_to: string | null, person_id = ada.id, team = 'pay') =>
      store.members.add(actor, org, team, { person_id, role: null, valid_from, valid_to })
    await add(day('01-10'), day('01-20'))
    await expect(add(day('01-19'), null)).rejects.toThrow('ada is in pay already, from 2026-01-10')
    await expect(add(null, null)).rejects.toThrow('already')
    await expect(add(day('02-01'), day('02-01'))).rejects.toThrow('cannot end')
    await add(day('01-20'), null)
    const other = await crew()
    await expect(add(null, null, other.ada.id)).rejects.toThrow('There is no person')
    await expect(add(null, null, ada.id, 'none')).rejects.toThrow('There is no team')
    await expect(store.members.remove(store.actor(other.org), other.org, 'pay', ada.id, undefined)).rejects.toThrow('There is no person')
  })

  test('two at once: one of them is refused', async () => {
    const { org, ada } = await crew()
    const add = () => store.members.add(store.actor(org), org, 'pay', { person_id: ada.id, role: null, valid_from: null, valid_to: null })
    const done = await Promise.allSettled([add(), add(), add(), add()])
    expect(done.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(await spans(org)).toHaveLength(1)
  })

  const step = fc.record({
    who: fc.constantFrom('ada', 'bob'),
    do: fc.constantFrom('add', 'remove'),
    from: fc.option(fc.integer({ min: 1, max: 26 })),
    length: fc.option(fc.integer({ min: 1, max: 9 })),
  })
  test(
    'at every moment a membership is unambiguous, also of people who are merged; a split gives it back',
    { timeout: 120_000 },
    async () => {
      const at = (of: number) => day(`01-${String(of).padStart(2, '0')}`)
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
          const { org, ada, bob } = await crew()
          const actor = store.actor(org)
          for (const { who, do: action, from, length } of steps) {
            const person_id = who === 'ada' ? ada.id : bob.id
            const valid_from = from === null ? null : at(from)
            const valid_to = length === null ? null : at((from ?? 1) + Math.min(length, 27 - (from ?? 1)))
            if (action === 'add')
              await store.members.add(actor, org, 'pay', { person_id, role: null, valid_from, valid_to }).catch((error: unknown) => {
                if (!/already|cannot end/.test(String(error))) throw error
              })
            else await store.members.remove(actor, org, 'pay', person_id, at(from ?? 1))
          }
          const before = await store.members.of(org, 'pay')
          const check = (all: typeof before) => {
            for (let of = 1; of < 31; of++) {
              const now = all.filter((one) => isAt(one, at(of))).map((one) => one.person_id)
              expect(new Set(now).size).toBe(now.length)
            }
          }
          check(before)
          await store.people.merge(actor, org, ada.id, [bob.id])
          const merged = await store.members.of(org, 'pay')
          check(merged)
          for (let of = 1; of < 31; of++) expect(merged.some((one) => isAt(one, at(of)))).toBe(before.some((one) => isAt(one, at(of))))
          await store.people.split(actor, org, ada.id, bob.identities)
          expect(await store.members.of(org, 'pay')).toEqual(before)
        }),
        { numRuns: 25 },
      )
    },
  )
})

describe('from a file', () => {
  const FILE = `teams:
  - slug: pay
    members:
      - person: ada@example.org
        role: lead
        from: 2026-01-01
      - person: github:newcomer
      - person: bob@example.org
        to: 2026-02-01T09:00:00+01:00
`
  const imported = async (org: string, text: string, dryRun = false) =>
    (await store.teams.importFile(org, readTeamsFile(text), dryRun)).map((one) => one.text)

  test('members are told, imported once, changed, and leave when they are gone from it; who was added by hand stays', async () => {
    const { org, ada } = await crew()
    const carol = await store.teams.importFile(org, readTeamsFile('teams: [{slug: other, members: [{person: carol@example.org}]}]'), false)
    expect(carol.map((one) => one.text)).toEqual(['other is added.', 'carol is in other.'])
    const texts = [
      'pay changes: name "Pay" → "pay", it is kept in the file from now on.',
      'ada is in pay as lead from 2026-01-01T00:00:00.000Z.',
      'newcomer is in pay.',
      'bob is in pay to 2026-02-01T08:00:00.000Z.',
    ]
    expect(await imported(org, FILE, true)).toEqual(texts)
    expect(await spans(org)).toEqual([])
    expect(await imported(org, FILE)).toEqual(texts)
    expect(await imported(org, FILE)).toEqual([])
    expect(await spans(org)).toEqual([
      ['ada', 'lead', day('01-01'), null, 'file'],
      ['bob', null, null, '2026-02-01T08:00:00.000Z', 'file'],
      ['newcomer', null, null, null, 'file'],
    ])
    const people = await store.people.page(org, { q: 'carol', limit: 5 })
    await store.members.add(store.actor(org), org, 'pay', { person_id: people[0]?.id ?? '', role: null, valid_from: null, valid_to: null })
    expect(await imported(org, FILE.replace('role: lead', 'role: expert').replace('      - person: github:newcomer\n', ''))).toEqual([
      'ada is in pay as expert from 2026-01-01T00:00:00.000Z, which is new.',
      'newcomer is no longer in pay.',
    ])
    expect(await spans(org)).toEqual([
      ['ada', 'expert', day('01-01'), null, 'file'],
      ['bob', null, null, '2026-02-01T08:00:00.000Z', 'file'],
      ['carol', null, null, null, 'hand'],
      ['newcomer', null, null, '2026-03-02T12:00:00.000Z', 'file'],
    ])
    // A file that says nothing of members leaves them.
    expect(await imported(org, 'teams: [{slug: pay}]')).toEqual([])
    expect((await store.people.find(org, ada.id)).teams).toEqual(['pay'])
    // Whom the file alone named is the same person when they are seen.
    await store.world.tell(org, { changes: [{ id: 'r#2', repository: 'r', author: 'Newcomer' }] })
    await store.grow()
    await store.people.refresh(org)
    expect(await store.people.page(org, { q: 'newcomer', limit: 5 })).toHaveLength(1)
  })

  test('a login without its tool is whose it is; one that nobody or that several have is refused, and so is a time that is none', async () => {
    const { org } = await crew()
    const one = (member: string) => imported(org, `teams:\n  - slug: pay\n    name: Pay\n    members: [${member}]\n`)
    expect((await one('{person: adal, role: x}')).at(-1)).toBe('adal is in pay as x.')
    await expect(one('{person: nobody}')).rejects.toThrow('Nobody is known as "nobody"')
    await expect(one('{person: ada@example.org}, {person: ada@example.org, from: 2026-02-01}')).rejects.toThrow('is in pay already')
    await expect(one('{person: ada@example.org, from: 2026-02-01, to: 2026-01-01}')).rejects.toThrow('cannot end')
    await expect(one('{person: ada@example.org, from: yesterday}')).rejects.toThrow(/^Line 4, teams\.0\.members\.0\.from/)
    expect(await spans(org)).toEqual([['adal', 'x', null, null, 'file']])
  })
})
