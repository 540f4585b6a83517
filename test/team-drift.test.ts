import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownerOf } from '../domain/ownership.ts'
import { slugOf } from '../domain/team-drift.ts'
import { openPeopleStore, type PeopleStore } from './people-store.ts'

/** What a forge says of teams, told by a source that is a GitHub, against teams in a real PostgreSQL. */
let store: PeopleStore
beforeAll(async () => {
  store = await openPeopleStore()
})
afterAll(() => store.close())

const forge = (slug: string, more: Record<string, unknown> = {}) => ({
  id: `acme/${slug}`,
  name: slug,
  members: [],
  maintainers: [],
  repositories: [],
  ...more,
})
const texts = async (org: string) => (await store.drift.list(org)).map((one) => one.text)

async function shop(): Promise<string> {
  const org = await store.org()
  await store.world.tell(org, {
    changes: ['ada', 'bob', 'carol'].map((author, index) => ({ id: `r#${index}`, repository: 'r', author })),
    provider_teams: [
      forge('platform', { name: 'Platform' }),
      forge('pay', {
        name: 'Payments',
        parent: 'acme/platform',
        members: ['Ada', 'newcomer'],
        maintainers: ['Ada'],
        repositories: ['acme/pay', 'acme/both'],
      }),
      forge('web', { repositories: ['acme/web', 'acme/both'] }),
    ],
  })
  await store.grow()
  await store.people.refresh(org)
  return org
}
const person = async (org: string, name: string) => (await store.people.page(org, { q: name, limit: 1 }))[0]?.id ?? ''

test('each difference is said, nothing follows by itself, and what is accepted is as the forge says', async () => {
  const org = await shop()
  const actor = store.actor(org)
  await store.teams.save(org, { slug: 'pay', name: 'Pay' })
  await store.teams.save(org, { slug: 'web', name: 'web' })
  await store.teams.own(org, 'web', { kind: 'repository', pattern: 'acme/pay', precedence: 7 })
  await store.teams.own(org, 'web', { kind: 'repository', pattern: 'acme/w*', precedence: 0 })
  await store.teams.own(org, 'pay', { kind: 'repository', pattern: 'else/where', precedence: 0 })
  await store.members.add(actor, org, 'pay', { person_id: await person(org, 'bob'), role: null, valid_from: null, valid_to: null })
  const said = [
    'pay is called "Pay" here and "Payments" at told.',
    'Ada is in pay at told and not here.',
    'newcomer is in pay at told and not here.',
    'bob is in pay here and not at told.',
    'acme/both is of pay and web at told and of nobody here.',
    'acme/pay is of pay at told and of web here.',
    'acme/platform is a team of told and none here.',
    'acme/pay is of web here and of pay at told.',
  ]
  expect((await texts(org)).toSorted()).toEqual(said.toSorted())
  expect(await texts(org)).toEqual(await texts(org))
  expect((await store.teams.list(org)).map((one) => one.slug)).toEqual(['pay', 'web'])

  // One team: what is of the others stays.
  await store.drift.accept(actor, org, 'told', 'pay')
  expect(await texts(org)).toEqual(['acme/platform is a team of told and none here.'])
  await store.drift.accept(actor, org, 'told', undefined)
  expect(await texts(org)).toEqual([])
  expect((await store.teams.list(org)).map(({ slug, name, parent, origin, source }) => [slug, name, parent, origin, source])).toEqual([
    ['pay', 'Payments', 'platform', 'provider', 'told'],
    ['platform', 'Platform', null, 'provider', 'told'],
    ['web', 'web', null, 'hand', null],
  ])
  const now = '2026-03-02T12:00:00.000Z'
  expect((await store.members.of(org, 'pay')).map((one) => [one.name, one.role, one.valid_from, one.valid_to, one.origin])).toEqual([
    ['ada', 'maintainer', now, null, 'provider'],
    ['bob', null, null, now, 'hand'],
    ['newcomer', null, now, null, 'provider'],
  ])
  expect((await store.teams.mappings(org)).map((one) => `${one.team} ${one.pattern} ${one.origin}`).sort()).toEqual([
    'pay acme/both provider',
    'pay acme/pay provider',
    'pay else/where hand',
    'web acme/w* hand',
  ])
  const entries = (await store.audit.page(org, { limit: 20, action: 'team.drift_accepted' })).map((one) => one.target_id)
  expect(entries.sort()).toEqual(['pay', 'told'])
  // Accepted again it changes nothing, and notes nothing.
  expect(await store.drift.accept(actor, org, 'told', undefined)).toEqual([])
})

test('a team that the forge has no longer is told, and goes when that is accepted; a person who is merged is who they are', async () => {
  const org = await shop()
  const actor = store.actor(org)
  await store.drift.accept(actor, org, 'told', undefined)
  await store.people.merge(actor, org, await person(org, 'carol'), [await person(org, 'ada')])
  expect(await texts(org)).toEqual([])
  await store.world.tell(org, {
    provider_teams: [forge('web'), forge('pay', { name: 'Payments', parent: 'acme/platform', members: ['ada'] })],
  })
  await store.world.analytics.run(`ALTER TABLE all_provider_teams DELETE WHERE org_id = '${org}' AND id = 'acme/platform'`)
  expect((await texts(org)).toSorted()).toEqual(
    [
      'acme/both is of pay here and of nobody at told.',
      'acme/pay is of pay here and of nobody at told.',
      'acme/web is of web here and of nobody at told.',
      'newcomer is in pay here and not at told.',
      'platform came from told and is no team there any more.',
    ].toSorted(),
  )
  await store.drift.accept(actor, org, 'told', undefined)
  expect(await texts(org)).toEqual([])
  expect((await store.teams.list(org)).map((one) => [one.slug, one.parent])).toEqual([
    ['pay', null],
    ['web', null],
  ])
})

test('what is of another organization, or of a source that told nothing, is not there', async () => {
  const org = await shop()
  const other = await store.org()
  expect(await store.drift.list(other)).toEqual([])
  await expect(store.drift.accept(store.actor(other), other, 'told', undefined)).rejects.toThrow('No source "told" has told of teams.')
  await expect(store.drift.accept(store.actor(org), org, 'told', 'nothing')).rejects.toThrow('There is no team "nothing"')
})

test.each([
  ['acme/payments', 'payments'],
  ['acme/platform/tools', 'platform-tools'],
  ['acme/Platform Tools!', 'platform-tools'],
  ['acme/a..b__c', 'a.b_c'],
  ['acme/ü', 'team'],
  ['acme', 'acme'],
])('%s is %s here', (id, slug) => expect(slugOf(id)).toBe(slug))

const SLUGS = ['a', 'b', 'c']
const some = <T>(...all: readonly T[]) => fc.subarray([...all])
test(
  'whatever stands and whatever a forge says: accepted, nothing differs, and what it says nothing of is untouched',
  { timeout: 180_000 },
  async () => {
    const told = fc.array(
      fc.record({
        slug: fc.constantFrom(...SLUGS),
        name: fc.constantFrom('One', 'Two'),
        parent: fc.option(fc.constantFrom(...SLUGS)),
        members: some('ada', 'bob', 'newcomer'),
        repositories: some('acme/x', 'acme/y', 'acme/z'),
      }),
      { maxLength: 3 },
    )
    const here = fc.record({
      teams: some(...SLUGS, 'own'),
      members: fc.array(fc.tuple(fc.constantFrom(...SLUGS, 'own'), fc.constantFrom('ada', 'bob', 'carol')), { maxLength: 4 }),
      rules: fc.array(fc.tuple(fc.constantFrom(...SLUGS, 'own'), fc.constantFrom('acme/x', 'acme/y', 'acme/*', 'else/where'), fc.nat(2)), {
        maxLength: 5,
      }),
    })
    await fc.assert(
      fc.asyncProperty(told, here, async (teams, standing) => {
        const org = await store.org()
        const actor = store.actor(org)
        await store.world.tell(org, {
          changes: ['ada', 'bob', 'carol'].map((author, index) => ({ id: `r#${index}`, repository: 'r', author })),
        })
        await store.grow()
        await store.people.refresh(org)
        for (const slug of standing.teams) await store.teams.save(org, { slug, name: 'One' })
        for (const [slug, name] of standing.members)
          if (standing.teams.includes(slug))
            await store.members
              .add(actor, org, slug, { person_id: await person(org, name), role: null, valid_from: null, valid_to: null })
              .catch((error: unknown) => {
                if (!String(error).includes('already')) throw error
              })
        for (const [slug, pattern, precedence] of standing.rules)
          if (standing.teams.includes(slug)) await store.teams.own(org, slug, { kind: 'repository', pattern, precedence })
        const unique = [...new Map(teams.map((one) => [one.slug, one])).values()]
        // A forge has no circles.
        const above = (slug: string, parent: string | null) => (parent !== null && parent < slug ? `acme/${parent}` : null)
        const rows = unique.map(({ slug, parent, ...more }) => forge(slug, { ...more, parent: above(slug, parent) }))
        await store.world.tell(org, { provider_teams: rows })
        const members = async () => (standing.teams.includes('own') ? store.members.of(org, 'own') : [])
        const before = await members()
        if (rows.length === 0) {
          expect(await store.drift.list(org)).toEqual([])
          return
        }
        await store.drift.accept(actor, org, 'told', undefined)
        expect(await texts(org)).toEqual([])
        const after = await store.teams.mappings(org)
        for (const { repositories } of unique)
          for (const repository of repositories) {
            const owners = unique.filter((one) => one.repositories.includes(repository)).map((one) => one.slug)
            expect(owners).toContain(ownerOf(after, { repository })?.team)
          }
        expect(await members()).toEqual(before)
        const patterns = after.map((one) => `${one.team} ${one.pattern}`)
        for (const [slug, pattern] of standing.rules)
          if (standing.teams.includes(slug) && /[*]|^else/.test(pattern)) expect(patterns).toContain(`${slug} ${pattern}`)
      }),
      { numRuns: 30 },
    )
  },
)
