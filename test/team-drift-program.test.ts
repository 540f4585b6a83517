import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFakeApi, type FakeApi } from './fake-api.ts'
import { exchangesOf, settingsOf } from './fixtures.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Teams of forges as a user has them: pulled by the program from a fake of each API, looked at, accepted. */
let data: string
let server: Server
const fakes = new Map<string, FakeApi>()
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data, { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
  for (const id of ['github', 'gitlab']) {
    const fake = await startFakeApi(exchangesOf(id))
    fakes.set(id, fake)
    const body = JSON.stringify({ name: id, connector: id, config: settingsOf(id, fake.base), every_minutes: 0 })
    const answer = await server.post('/v1/sources', body, { authorization: `Bearer ${server.token}` })
    if (!answer.ok) throw new Error(await answer.text())
  }
})
afterAll(async () => {
  await server.stop()
  for (const fake of fakes.values()) await fake.close()
  await removeDirectory(data)
})

const cli = (...args: string[]) => fairlead(args, { data })

test('teams of both forges are pulled at once when asked, told as drift, and accepted', { timeout: 120_000 }, async () => {
  for (const provider of ['github', 'gitlab']) {
    const pulled = await cli('sync', 'teams', '--provider', provider)
    expect([pulled.code, pulled.stderr]).toEqual([0, ''])
    expect(fakes.get(provider)?.unknown).toEqual([])
  }
  // Asked for by hand they are not a day old: each time the forge is asked again.
  const before = fakes.get('github')?.asked.filter((one) => one.includes('/orgs/acme/teams')).length ?? 0
  expect((await cli('sync', 'teams', '--provider', 'github')).code).toBe(0)
  expect(fakes.get('github')?.asked.filter((one) => one.includes('/orgs/acme/teams'))).toHaveLength(2 * before)

  const drift = await cli('teams', 'drift')
  expect(drift.stdout.trimEnd().split('\n')).toEqual([
    'acme/payments is a team of github and none here.',
    'acme/platform is a team of github and none here.',
    'acme/platform is a team of gitlab and none here.',
    'acme/platform/tools is a team of gitlab and none here.',
  ])
  const accepted = await cli('teams', 'drift', '--accept', '--source', 'github')
  expect(accepted.stdout).toContain('accepted: acme/payments is a team of github and none here.')
  expect((await cli('teams', 'members', 'list', 'payments')).stdout).toMatch(/alice +maintainer +\S+ +provider/)
  expect((await cli('teams', 'show', 'payments')).stdout).toMatch(/repository +acme\/shop/)
  const payments = await server.get<{ parent: string; origin: string; source: string }>('/v1/teams/payments')
  expect(payments).toMatchObject({ parent: 'platform', origin: 'provider', source: 'github' })
  expect((await cli('teams', 'drift', '--source', 'github')).stdout).toMatch(/^Nothing differs/)
  expect((await cli('teams', 'drift', '--accept', '--source', 'github')).stdout).toBe('Nothing changes by that.\n')

  // What somebody changes here stays, and is told.
  expect((await cli('teams', 'members', 'remove', 'payments', 'github:bob')).code).toBe(0)
  const { items } = await server.get<{ items: object[] }>('/v1/teams/drift')
  expect(items).toContainEqual({
    team: 'payments',
    kind: 'member',
    what: 'only_at_provider',
    subject: 'bob',
    source: 'github',
    text: 'bob is in payments at github and not here.',
  })
  const refused = await server.post('/v1/teams/drift/accept', JSON.stringify({ source: 'github' }))
  expect(refused.status).toBe(403)
  expect((await cli('teams', 'drift', '--accept', '--source', 'nothing')).stderr).toContain('No source "nothing" has told of teams.')
})
