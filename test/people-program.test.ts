import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonReply } from '../src/api/people-routes.ts'
import { newSandbox, removeSandboxes } from '../connectors/git.fixture/sandbox.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** People as a user has them: the program, its API and its command line. */
let data: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  const events = ['ada@example.org', 'ada@old.example', 'deployer'].map((actor, index) => ({
    id: `d${index}`,
    kind: 'deploy',
    service: 'shop',
    repo: 'acme/shop',
    git_sha: `${index}`.repeat(40),
    occurred_at: '2026-01-01T00:00:00Z',
    actor,
  }))
  const answer = await server.post('/v1/events?wait=visible', JSON.stringify(events))
  if (!answer.ok) throw new Error(await answer.text())
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
  removeSandboxes()
})

const people = (...args: string[]) => fairlead(['people', ...args], { data })
const admin = (path: string, body: unknown) => server.post(path, JSON.stringify(body), { authorization: `Bearer ${server.token}` })

test('people are listed, merged, split and named from the command line', { timeout: 120_000 }, async () => {
  const lines = (await people('list')).stdout.split('\n').map((line) => line.split(/ {2,}/))
  expect(lines.slice(1).sort()).toEqual([
    [''],
    ['ada', 'ada@example.org', '2026-01-01'],
    ['ada', 'ada@old.example', '2026-01-01'],
    ['deployer', 'events:deployer', '2026-01-01'],
  ])
  expect((await people('merge', 'ada@example.org', 'ada@old.example')).stdout).toContain('ada@old.example')
  const { items } = await server.get<{ items: PersonReply[] }>('/v1/people?q=old.example')
  expect(items.map((one) => one.identities.map(({ value }) => value))).toEqual([['ada@example.org', 'ada@old.example']])
  const split = await people('split', 'ada@example.org', 'ada@old.example', '--json')
  expect(JSON.parse(split.stdout)).toMatchObject({ made: { identities: [{ value: 'ada@old.example' }] } })
  expect((await people('save', 'events:deployer', '--bot', '--name', 'The robot')).stdout).toContain('The robot (bot)')
  expect((await people('save', 'deployer')).code).toBe(2)
  expect((await people('save', 'deployer', '--no-bot')).stdout).not.toContain('(bot)')
  expect((await people('merge', 'nobody', 'deployer')).stderr).toContain('Nobody is known as "nobody"')
  expect((await people('merge', 'deployer')).code).toBe(2)
})

test('a page begins where the one before ended; changes need an administrator', async () => {
  const names: string[] = []
  for (let next: string | null = ''; next !== null;) {
    const page: { items: PersonReply[]; next: string | null } = await server.get(
      `/v1/people?limit=1${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`,
    )
    names.push(...page.items.map((one) => one.name))
    next = page.next
  }
  expect(names.toSorted()).toEqual(['The robot', 'ada', 'ada'])
  const { items } = await server.get<{ items: PersonReply[] }>('/v1/people')
  expect((await server.post('/v1/people/save', JSON.stringify({ id: items[0]?.id, name: 'x' }))).status).toBe(403)
  expect((await admin('/v1/people/merge', { into: items[0]?.id, from: [crypto.randomUUID()] })).status).toBe(404)
  expect((await admin('/v1/people/merge', { into: 'x', from: [] })).status).toBe(422)
})

test(
  'a repository with two addresses of one person and a .mailmap: one person; what else fits is suggested',
  { timeout: 120_000 },
  async () => {
    const sandbox = newSandbox()
    sandbox.commit({ author: 'Grace <grace@old.example>', files: [{ write: 'a', content: '1' }] })
    sandbox.commit({ author: 'Grace Hopper <grace@example.org>', files: [{ write: 'a', content: '2' }] })
    sandbox.commit({ author: 'Grace Hopper <hopper@navy.example>', files: [{ write: 'a', content: '3' }] })
    sandbox.commit({
      author: 'dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>',
      files: [{ write: '.mailmap', content: 'Grace Hopper <grace@example.org> <grace@old.example>\n' }],
    })
    expect(await fairlead(['sync', 'git', '--repo-path', sandbox.path], { data })).toMatchObject({ code: 0 })
    const known = async () =>
      (await server.get<{ items: PersonReply[] }>('/v1/people?q=grace')).items.map((one) => one.identities.map(({ value }) => value)).sort()
    expect(await known()).toEqual([['grace@example.org', 'grace@old.example'], ['hopper@navy.example']])
    const { items } = await server.get<{ items: PersonReply[] }>('/v1/people?q=dependabot')
    expect(items).toMatchObject([{ is_bot: true, identities: [{ kind: 'email' }, { kind: 'login', provider: 'github' }] }])

    const suggested = (await people('suggest')).stdout
    expect(suggested).toContain('0.80 Both are called Grace Hopper.')
    const { items: left } = await server.get<{ items: { id: string }[] }>('/v1/people/suggestions')
    expect(left).toHaveLength(1)
    expect((await people('dismiss', left[0]?.id ?? '')).code).toBe(0)
    expect((await people('suggest')).stdout).toBe('Nobody seems to be two people.\n')
    const file = join(data, '.mailmap')
    await writeFile(file, 'Grace Brewster Hopper <grace@example.org> <hopper@navy.example>\n')
    expect((await people('import', file, '--dry-run')).stdout).toMatch(/is one with Grace Hopper[^]*Nothing was changed/)
    expect((await people('import', file)).code).toBe(0)
    expect((await people('import', file)).stdout).toBe('Nothing changes by that.\n')
    expect(await known()).toEqual([['grace@example.org', 'grace@old.example', 'hopper@navy.example']])
    expect((await admin('/v1/people/suggestions/dismiss', { id: `${crypto.randomUUID()}~${crypto.randomUUID()}` })).status).toBe(404)
    expect((await people('import', join(data, 'none'))).code).toBe(2)
  },
)
