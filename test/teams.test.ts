import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { fits, ownerOf } from '../domain/ownership.ts'
import { silentLog } from '../src/log.ts'
import { measure, samples, type Asked } from '../src/measure/measure.ts'
import { ownersOf } from '../src/measure/ownership.ts'
import { windowOf } from '../src/measure/window.ts'
import type { Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { readTeamsFile } from '../src/team/teams-file.ts'
import { openTeams, type Teams } from '../src/team/teams.ts'
import { generator } from './fake-api.ts'
import { addOrganization, openSemanticStore } from './semantic-store.ts'
import { openWorld, type World } from './world.ts'

/** Teams in a real PostgreSQL, their copy in the real analytics engine, and the figures that are asked of it. */
let store: Awaited<ReturnType<typeof openSemanticStore>>
let semantic: Semantic
let world: World
let teams: Teams
beforeAll(async () => {
  store = await openSemanticStore()
  semantic = store.semantic
  world = await openWorld()
  teams = openTeams({ semantic, analytics: world.analytics, clock: world.clock, log: silentLog })
})
afterAll(async () => {
  await teams.set.stop()
  await world.close()
  await store.close()
})

const newOrg = () => addOrganization(semantic, world.org())

const ask = async (org: string, id: string, more: Partial<Asked> = {}) => {
  const metric = world.registry.metrics.get(id)
  if (metric === undefined) throw new Error(id)
  const asked: Asked = { window: windowOf({ days: 14, tz: 'UTC' }, world.clock.now()), environment: 'production', ...more }
  return { metric, asked, reply: await measure(world.analytics, org, id, metric, asked) }
}
const groups = (reply: { groups: readonly { key: string | null; n: number }[] }) =>
  Object.fromEntries(reply.groups.map((one) => [String(one.key), one.n]))

let day = 0
const deploy = (service: string, repository: string, more: Record<string, unknown> = {}) => ({
  kind: 'deploy',
  service,
  repo: repository,
  git_sha: (++day).toString(16).padStart(7, 'a'),
  occurred_at: `2026-02-2${day % 8}T0${day % 10}:00:00Z`,
  commit_at: '2026-02-19T00:00:00Z',
  ...more,
})

/** Platform has two teams below it; nobody owns `stray`. */
async function shop(): Promise<string> {
  const org = await newOrg()
  await teams.save(org, { slug: 'platform', name: 'Platform' })
  await teams.save(org, { slug: 'pay', name: 'Payments', parent: 'platform' })
  await teams.save(org, { slug: 'web', name: 'Web', parent: 'platform' })
  await teams.save(org, { slug: 'idle', name: 'Idle' })
  await teams.own(org, 'pay', { kind: 'service', pattern: 'pay*', precedence: 0 })
  await teams.own(org, 'web', { kind: 'repository', pattern: 'acme/*', precedence: 0 })
  await teams.own(org, 'platform', { kind: 'service', pattern: 'gateway', precedence: 0 })
  await world.events(org, [
    deploy('payments', 'acme/shop'),
    deploy('payments', 'acme/shop', { succeeded: false }),
    deploy('shop', 'acme/shop'),
    deploy('gateway', 'acme/gateway'),
    deploy('gateway', 'acme/gateway'),
    deploy('gateway', 'acme/gateway'),
    deploy('stray', 'else/where'),
  ])
  return org
}

test(
  'figures by team, for every metric and both ways of computing: a parent holds its children, what nobody owns is null',
  { timeout: 120_000 },
  async () => {
    const org = await shop()
    const whole = await ask(org, 'change_fail_rate', { by: 'team' })
    expect(groups(whole.reply)).toEqual({ platform: 3, pay: 2, web: 1, null: 1 })
    expect((await ask(org, 'change_fail_rate', { team: 'pay' })).reply).toMatchObject({ value: 0.5, n: 2 })
    expect((await ask(org, 'change_fail_rate', { team: 'platform' })).reply.n).toBe(6)
    expect(groups((await ask(org, 'change_fail_rate', { team: 'platform', by: 'team' })).reply)).toEqual({ platform: 3, pay: 2, web: 1 })
    expect(groups((await ask(org, 'change_fail_rate', { team: 'platform', by: 'service' })).reply)).toEqual({
      gateway: 3,
      payments: 2,
      shop: 1,
    })
    for (const id of world.registry.metrics.keys()) {
      const all = (await ask(org, id)).reply
      const byTeam = (await ask(org, id, { by: 'team' })).reply
      expect([id, byTeam.value, byTeam.n]).toEqual([id, all.value, all.n])
      expect([id, byTeam.groups.reduce((sum, one) => sum + one.n, 0)]).toEqual([id, all.n])
      for (const slug of ['pay', 'web']) {
        const { reply, metric, asked } = await ask(org, id, { team: slug })
        expect([id, slug, reply.n]).toEqual([id, slug, byTeam.groups.find((one) => one.key === slug)?.n ?? 0])
        const { items } = await samples(world.analytics, org, id, metric, asked, { limit: 100, status: 'sample' })
        expect([id, items.map((one) => one.team)]).toEqual([id, Array.from({ length: reply.n }, () => slug)])
      }
    }
    for (const variant of ['incident_between_deploys'])
      expect((await ask(org, 'change_fail_rate', { variant, team: 'web' })).reply.n).toBe(1)
  },
)

test('samples tell their team without being asked for one', async () => {
  const org = await shop()
  const { metric, asked } = await ask(org, 'deployment_frequency')
  const { items } = await samples(world.analytics, org, 'deployment_frequency', metric, asked, { limit: 100 })
  const byService = new Map(items.map((one) => [one.service, one.team]))
  expect(byService).toEqual(
    new Map([
      ['payments', 'pay'],
      ['shop', 'web'],
      ['gateway', 'platform'],
      ['stray', null],
    ]),
  )
})

test('a team that owns nothing that is known is unknown, not zero', async () => {
  const org = await shop()
  expect((await ask(org, 'deployment_frequency', { team: 'idle' })).reply).toMatchObject({ value: null, n: 0 })
})

test('a service that appears is owned at once; a rule that changes, changes the past', async () => {
  const org = await shop()
  await world.events(org, [deploy('pay-new', 'else/new')])
  expect((await ask(org, 'deployment_frequency', { team: 'pay' })).reply.n).toBe(2)
  const rule = (await teams.mappings(org)).find((one) => one.team === 'pay')
  expect(await teams.disown(org, 'pay', rule?.id ?? '')).toBe(true)
  expect((await ask(org, 'deployment_frequency', { team: 'pay' })).reply.n).toBe(0)
  await teams.remove(org, 'platform')
  expect((await teams.list(org)).find((one) => one.slug === 'web')?.parent).toBeNull()
  expect(groups((await ask(org, 'deployment_frequency', { by: 'team' })).reply)).toMatchObject({ web: 5 })
})

test('one organization’s teams are not another’s', async () => {
  const org = await shop()
  const other = await newOrg()
  await world.events(other, [deploy('payments', 'acme/shop')])
  expect(groups((await ask(other, 'deployment_frequency', { by: 'team' })).reply)).toEqual({ null: 1 })
  const borrowed = await ask(other, 'deployment_frequency', { by: 'team', teamsOf: org })
  expect(groups(borrowed.reply)).toEqual({ pay: 1 })
})

test('the store and the function agree on who owns what, whatever the rules and names', async () => {
  const random = generator(20260302)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const letters = ['a', 'b', '/', '.', 'ä', '😀', '-', '(', '\\', '[', '$', "'"]
  const word = (more: readonly string[], most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick([...letters.slice(0, 4), ...letters, ...more])).join('')
  for (let round = 0; round < 8; round++) {
    const org = await newOrg()
    const slugs = ['one', 'two', 'three']
    const rules = new Map<string, { kind: 'repository' | 'service'; pattern: string; precedence: number; team: string }>()
    while (rules.size < 40) {
      const one = {
        team: pick(slugs),
        kind: pick(['repository', 'service'] as const),
        pattern: word(['*', '**', '?', '*'], 5),
        precedence: Math.floor(random() * 3),
      }
      rules.set(JSON.stringify([one.team, one.kind, one.pattern]), one)
    }
    const file = slugs.map((slug) => ({
      slug,
      owns: [...rules.values()]
        .filter((one) => one.team === slug)
        .map(({ kind, pattern, precedence }) =>
          kind === 'service' ? { service: pattern, precedence } : { repository: pattern, precedence },
        ),
    }))
    await teams.importFile(org, readTeamsFile(JSON.stringify({ teams: file })), false)
    const pairs = Array.from({ length: 300 }, () => ({
      service: random() < 0.1 ? null : random() < 0.2 ? pick([...rules.values()]).pattern : word([], 5),
      repository: random() < 0.1 ? null : word([], 6),
    }))
    const strongest = await teams.mappings(org)
    const asked = await ownersOf(world.analytics, org, pairs)
    const owned = pairs.map((pair) => [pair, asked(pair)])
    expect(owned).toEqual(pairs.map((pair) => [pair, ownerOf(strongest, pair)?.team ?? null]))
    expect(owned.filter(([, team]) => team !== null).length).toBeGreaterThan(20)
  }
})

test('many patterns over many names stay within the limit of a read', { timeout: 120_000 }, async () => {
  const org = await newOrg()
  const owns = Array.from({ length: 2_000 }, (_, index) => ({ service: `*x${index}*y*` }))
  await teams.importFile(org, readTeamsFile(JSON.stringify({ teams: [{ slug: 'all', owns }] })), false)
  const pairs = Array.from({ length: 2_000 }, (_, index) => ({ service: `x${index}-y`, repository: null }))
  // Compiled anew for each name, they would take longer than a read may.
  const asked = await ownersOf(world.analytics, org, pairs)
  expect(pairs.every((pair) => asked(pair) === 'all')).toBe(true)
})

const versions = statement({
  name: 'test.versions',
  sql: 'SELECT version FROM all_teams WHERE org_id = {org:UUID} GROUP BY version ORDER BY version',
  row: z.object({ version: z.coerce.number() }),
})

test('what a process left behind is mended at the next start; a copy that is newer than its source does not count', async () => {
  const org = await shop()
  const forget = statement({ name: 'test.behind', sql: `UPDATE team_sets SET version = version + 1 WHERE org_id = {org:uuid}`, row: noRow })
  const add = statement({
    name: 'test.crash',
    sql: `INSERT INTO team_mappings (id, org_id, team, kind, pattern, origin, created_at) VALUES (gen_random_uuid(), {org:uuid}, 'idle', 'service', 'stray', 'hand', now())`,
    row: noRow,
  })
  await semantic.query(add, { org })
  await semantic.query(forget, { org })
  await teams.set.mend()
  expect((await ask(org, 'deployment_frequency', { team: 'idle' })).reply.n).toBe(1)
  // From a backup: fewer changes than the copy has seen.
  await semantic.query(statement({ name: 'test.backup', sql: 'UPDATE team_sets SET version = 1 WHERE org_id = {org:uuid}', row: noRow }), {
    org,
  })
  await semantic.query(
    statement({ name: 'test.lost', sql: `DELETE FROM team_mappings WHERE org_id = {org:uuid} AND team = 'idle'`, row: noRow }),
    { org },
  )
  await teams.set.mend()
  expect((await ask(org, 'deployment_frequency', { team: 'idle' })).reply.n).toBe(0)
  const before = await world.analytics.read(versions, { org })
  await teams.set.mend()
  expect(await world.analytics.read(versions, { org })).toEqual(before)
})

test('changes at the same time end in a copy of what stands; old copies go', async () => {
  const org = await shop()
  await Promise.all(
    Array.from({ length: 30 }, (_, index) => teams.own(org, 'idle', { kind: 'service', pattern: `s${index}`, precedence: 0 })),
  )
  const asked = await ownersOf(world.analytics, org, [
    { service: 's0', repository: null },
    { service: 's29', repository: null },
  ])
  expect([asked({ service: 's0', repository: null }), asked({ service: 's29', repository: null })]).toEqual(['idle', 'idle'])
  expect((await world.analytics.read(versions, { org })).length).toBeLessThan(26)
})

const FILE = `teams:
  - slug: platform
    name: Platform
  - slug: pay
    name: Payments
    parent: platform
    owns:
      - service: pay*
        precedence: 5
      - repository: acme/payments
`

test('a file is imported once: again it changes nothing, and it takes back only what it gave', async () => {
  const org = await newOrg()
  const file = readTeamsFile(FILE)
  const texts = async (text: string, dryRun = false) => (await teams.importFile(org, readTeamsFile(text), dryRun)).map((one) => one.text)
  expect((await teams.importFile(org, file, true)).map((one) => one.text)).toEqual([
    'platform is added.',
    'pay is added.',
    'pay owns service pay* with precedence 5.',
    'pay owns repository acme/payments.',
  ])
  expect(await teams.list(org)).toEqual([])
  expect(await texts(FILE)).toHaveLength(4)
  expect(await texts(FILE)).toEqual([])
  await teams.own(org, 'pay', { kind: 'service', pattern: 'by-hand', precedence: 0 })
  expect(await texts(FILE.replace('      - repository: acme/payments\n', '').replace('Payments', 'Money'))).toEqual([
    'pay changes: name "Payments" → "Money".',
    'pay no longer owns repository acme/payments.',
  ])
  expect((await teams.mappings(org)).map((one) => one.pattern)).toEqual(['by-hand', 'pay*'])
})

test.each([
  ['a key that is none', 'teams:\n  - slug: a\n    owner: x\n', /^Line 2, teams\.0: .*owner/],
  ['a slug that is none', 'teams:\n  - slug: a\n  - slug: A b\n', /^Line 3, teams\.1\.slug: /],
  [
    'a rule of both kinds',
    'teams:\n  - slug: a\n    owns:\n      - service: x\n        repository: y\n',
    /^Line 4, teams\.0\.owns\.0: must name either/,
  ],
  ['a team twice', 'teams:\n  - slug: a\n  - slug: a\n', /^Line 3, teams\.1\.slug: a stands twice/],
  ['a broken file', 'teams:\n  - slug: "a\n', /^Line \d/],
  ['JSON that is broken', '{"teams": [\n{"slug": "a"},\n{"slug" "b"}]}', /^Line 3/],
  [
    'aliases without end',
    `a: &a [x]\n${Array.from({ length: 12 }, (_, index) => `${'abcdefghijklm'[index + 1]}: &${'abcdefghijklm'[index + 1]} [${`*${'abcdefghijklm'[index]},`.repeat(9)}]`).join('\n')}\n`,
    /^Line 1: /,
  ],
  ['nesting without end', '['.repeat(200_000), /^Line 1/],
])('a file is refused with its line: %s', (_, text, message) => {
  expect(() => readTeamsFile(text)).toThrow(message)
})

test('a tree that is none is refused, and nothing of it is kept', async () => {
  const org = await shop()
  await expect(teams.save(org, { slug: 'platform', name: 'Platform', parent: 'pay' })).rejects.toThrow('would stand below itself')
  await expect(teams.save(org, { slug: 'new', name: 'New', parent: 'nobody' })).rejects.toThrow('which is no team')
  await expect(teams.importFile(org, readTeamsFile('teams: [{slug: platform, parent: web}]'), false)).rejects.toThrow('below itself')
  await expect(teams.own(org, 'nobody', { kind: 'service', pattern: 'x', precedence: 0 })).rejects.toThrow('There is no team "nobody"')
  expect((await teams.list(org)).map((one) => [one.slug, one.parent])).toEqual([
    ['idle', null],
    ['pay', 'platform'],
    ['platform', null],
    ['web', 'platform'],
  ])
})

test('every name that is known, and who owns it', async () => {
  const org = await shop()
  await teams.own(org, 'idle', { kind: 'service', pattern: '*', precedence: -1 })
  const byName = new Map(
    (await teams.ownership(org)).map((one) => [`${one.kind} ${one.name}`, [one.team, one.rule?.pattern ?? null, one.others]]),
  )
  expect(byName.get('service payments')).toEqual(['pay', 'pay*', ['idle']])
  expect(byName.get('service shop')).toEqual(['idle', '*', []])
  expect(byName.get('repository acme/shop')).toEqual(['web', 'acme/*', []])
  expect(byName.get('repository else/where')).toEqual([null, null, []])
})

test('what a rule is tried to give is what it gives once it stands', async () => {
  const org = await shop()
  const owners = async (kind: string) =>
    new Map((await teams.ownership(org)).filter((one) => one.kind === kind).map((one) => [one.name, one.team]))
  const tries = [
    { team: 'idle', kind: 'service', pattern: 'pay*', precedence: 0 },
    { team: 'idle', kind: 'service', pattern: 'pay*', precedence: 9 },
    { team: 'web', kind: 'repository', pattern: 'else/where', precedence: 0 },
    { team: 'pay', kind: 'service', pattern: 'nothing-*', precedence: 0 },
    { team: 'web', kind: 'service', pattern: '**', precedence: 3 },
  ] as const
  for (const { team, ...rule } of tries) {
    const before = await owners(rule.kind)
    const tried = await teams.tried(org, { team, ...rule })
    expect(await owners(rule.kind)).toEqual(before)
    await teams.own(org, team, rule)
    const after = await owners(rule.kind)
    const fitting = [...after.keys()].filter((name) => fits(rule.pattern, name))
    expect(tried).toEqual(fitting.map((name) => ({ name, before: before.get(name), after: after.get(name) })))
  }
  await expect(teams.tried(org, { team: 'nobody', kind: 'service', pattern: '*', precedence: 0 })).rejects.toThrow('There is no team')
})
