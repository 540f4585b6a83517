import { afterAll, beforeAll, expect, test } from 'vitest'
import { findGaps } from '../src/measure/gaps.ts'
import { openWorld, type World } from './world.ts'

/** The data-gap report says just what is not known: one case for each gap, and none where all is known. */
let world: World
beforeAll(async () => {
  world = await openWorld('2026-03-02T12:00:00.000Z')
})
afterAll(() => world.close())

const WINDOW = { from: '2026-02-01T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' }
const gaps = async (org: string) => Object.fromEntries((await findGaps(world.analytics, org, WINDOW)).map((gap) => [gap.code, gap]))
const day = (number: number, hour = 12) => `2026-02-${String(number).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00.000Z`
const sha = (letter: string) => letter.repeat(40)
const commit = (letter: string, number: number, parents: string[] = []) => ({
  repository: 'acme/shop',
  sha: sha(letter),
  parents,
  authored_at: day(number),
  committed_at: day(number),
  subject: `Commit ${letter}`,
})

test('nothing told, nothing missing', async () => {
  expect(await findGaps(world.analytics, world.org(), WINDOW)).toEqual([])
})

test('deployments: without a commit, and of one that nobody holds; failed and other environments do not count', async () => {
  const org = world.org()
  await world.events(org, [
    { id: 'a', kind: 'deploy', service: 'api', occurred_at: day(3) },
    { id: 'b', kind: 'deploy', service: 'api', git_sha: sha('b'), occurred_at: day(4), title: 'Bee' },
    { id: 'c', kind: 'deploy', service: 'api', git_sha: sha('c'), occurred_at: day(5), commit_at: day(4) },
    { id: 'd', kind: 'deploy', service: 'api', occurred_at: day(6), succeeded: false },
    { id: 'e', kind: 'deploy', service: 'api', occurred_at: day(6), environment: 'staging' },
    { id: 'f', kind: 'deploy', service: 'api', occurred_at: '2026-01-05T00:00:00Z' },
  ])
  const found = await gaps(org)
  expect(found['deployment_without_revision']).toMatchObject({ count: 1, items: [{ id: 'a', service: 'api', source: 'events' }] })
  expect(found['deployment_of_unknown_commit']).toMatchObject({ count: 1, items: [{ id: 'b', title: 'Bee' }] })
  expect(Object.keys(found)).toHaveLength(2)
  expect(found['deployment_without_revision']?.text).toMatch(/^1 successful production deployment does not/)
})

test('commits that never reached production, of a repository others of which did', async () => {
  const org = world.org()
  await world.tell(org, { commits: [commit('a', 2), commit('b', 3, [sha('a')]), commit('c', 4, [sha('b')]), commit('d', 27, [sha('c')])] })
  await world.events(org, [
    { id: 'x', kind: 'deploy', service: 'api', repo: 'acme/shop', git_sha: sha('a'), occurred_at: day(2, 13) },
    { id: 'y', kind: 'deploy', service: 'api', repo: 'acme/shop', git_sha: sha('b'), occurred_at: day(3, 13) },
  ])
  // c waits since the fourth; d is younger than a week.
  expect((await gaps(org))['commit_never_deployed']).toMatchObject({
    count: 1,
    items: [{ id: sha('c'), title: 'Commit c', repository: 'acme/shop' }],
  })
  const other = world.org()
  await world.tell(other, { commits: [commit('a', 2), commit('b', 3, [sha('a')])] })
  expect(await gaps(other)).toEqual({})
})

test('incidents: of no service, and of a service that was not deployed shortly before', async () => {
  const org = world.org()
  await world.events(org, [
    { id: 'd', kind: 'deploy', service: 'api', git_sha: sha('a'), occurred_at: day(3), commit_at: day(2) },
    { id: 'i', kind: 'incident_opened', service: 'api', ref_id: 'near', occurred_at: day(3, 14) },
    { id: 'j', kind: 'incident_opened', service: 'api', ref_id: 'far', occurred_at: day(20), title: 'Far' },
  ])
  await world.tell(org, { incident_states: [{ id: 'nowhere', state: 'opened', at: day(7), title: 'Nobody’s' }] })
  const found = await gaps(org)
  expect(found['incident_without_deployment']).toMatchObject({ count: 1, items: [{ id: 'far', title: 'Far' }] })
  expect(found['incident_without_service']).toMatchObject({ count: 1, items: [{ id: 'nowhere' }] })
})

test('runs that no rule takes, by workflow, and environments that nobody knows', async () => {
  const org = world.org()
  const build = (id: string, workflow: string, number: number) => ({
    id,
    workflow,
    at: day(number),
    outcome: 'success',
    repository: 'acme/shop',
    attempt: 1,
  })
  const deployment = { kind: 'deploy', service: 'api', outcome: 'success', repository: 'acme/shop' }
  await world.tell(org, {
    builds: [
      build('1', 'Deploy production', 3),
      build('2', 'Deploy production', 4),
      build('3', 'CI', 4),
      build('4', 'Release it', 5),
      build('5', 'Publish', 6),
    ],
    deployments: [
      { ...deployment, id: 'd4', environment: 'production', environment_name: 'prod', at: day(5), build_id: '4', commit_at: day(4) },
      { ...deployment, id: 'd6', environment: 'other', environment_name: 'eu-west', at: day(6) },
      { ...deployment, id: 'd7', environment: 'other', environment_name: 'eu-west', at: day(7) },
      { ...deployment, id: 'd8', environment: 'other', environment_name: 'other', at: day(8) },
    ],
  })
  const found = await gaps(org)
  expect(found['run_without_rule']?.items.map((one) => one.title)).toEqual(['Publish, 1 run', 'Deploy production, 2 runs'])
  expect(found['environment_unknown']).toMatchObject({ count: 1, items: [{ id: 'eu-west', title: '2 deployments' }] })
})

test('of many the newest ten are shown, and all are counted', async () => {
  const org = world.org()
  await world.events(
    org,
    Array.from({ length: 25 }, (_, index) => ({ id: `d${index}`, kind: 'deploy', service: 'api', occurred_at: day(1 + index) })),
  )
  const found = (await gaps(org))['deployment_without_revision']
  expect(found?.count).toBe(25)
  expect(found?.items.map((one) => one.id)).toEqual(Array.from({ length: 10 }, (_, index) => `d${24 - index}`))
})
