import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadRegistry } from '../src/registry.ts'
import { startFakeApi, type FakeApi } from './fake-api.ts'
import { exchangesOf, settingsOf } from './fixtures.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Connecting tools by the command line against the running program, each over a fake of its API. */
const registry = await loadRegistry()
const OVER_HTTP = [...registry.connectors].filter(([, { api }]) => api !== undefined).map(([id]) => id)
const CANARY = 'canary-credential-7Qx'

let data: string
let server: Server
const fakes = new Map<string, FakeApi>()
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data, { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
  for (const id of OVER_HTTP) fakes.set(id, await startFakeApi(exchangesOf(id)))
})
afterAll(async () => {
  await server.stop()
  for (const fake of fakes.values()) await fake.close()
  await removeDirectory(data)
})

const cli = (...args: string[]) => fairlead(args, { data, env: { CANARY } })
const baseOf = (id: string) => fakes.get(id)?.base ?? ''

/** The settings of the fixture in a file, and its credentials from the environment. */
function addArguments(id: string, name = id): string[] {
  const settings = settingsOf(id, baseOf(id))
  const parsed = registry.connectors.get(id)?.config.parse(settings) as Record<string, unknown>
  const isSecret = (value: unknown): boolean =>
    String(value) === '[secret]' || (Array.isArray(value) && value.length > 0 && value.every(isSecret))
  const secrets = Object.keys(settings).filter((field) => isSecret(parsed[field]))
  const file = join(data, `${name}.settings.json`)
  writeFileSync(file, JSON.stringify(Object.fromEntries(Object.entries(settings).filter(([field]) => !secrets.includes(field)))))
  return ['sources', 'add', id, name, '--config', file, '--every', '0', ...secrets.flatMap((field) => ['--secret', `${field}=env:CANARY`])]
}

describe.each(OVER_HTTP)('%s', (id) => {
  test('is connected, checked and pulled; its rows are there; again there is nothing new', { timeout: 90_000 }, async () => {
    const added = await cli(...addArguments(id))
    expect(added.code, added.stderr).toBe(0)
    expect(added.stdout).toContain('is connected')
    expect((await cli('sources', 'check', id)).code).toBe(0)
    const pulled = await cli('sync', 'all', '--source', id, '--json')
    expect(pulled.code, pulled.stderr).toBe(0)
    const { items, problems } = JSON.parse(pulled.stdout) as { items: number; problems: object }
    expect(problems).toEqual({})
    expect(items).toBeGreaterThan(3)
    const health = await server.get<{ state: string; unread: unknown[]; streams: unknown[]; coverage: unknown[] }>(
      `/v1/sources/health?name=${id}`,
    )
    expect(health.unread).toEqual([])
    expect(health.streams.length).toBeGreaterThan(0)
    expect(health.coverage.length).toBeGreaterThan(0)
    expect(fakes.get(id)?.unknown).toEqual([])
  })
})

test('what was pulled can be listed, page by page, and filtered', async () => {
  for (const path of [
    'changes',
    'reviews',
    'builds',
    'jobs',
    'checks',
    'releases',
    'work-items',
    'transitions',
    'sprints',
    'deployments',
    'incidents',
    'commits',
    'repositories',
    'services',
  ]) {
    const seen = new Set<string>()
    let total = 0
    for (let after = ''; ;) {
      const page = await server.get<{ items: Record<string, unknown>[]; next: string | null }>(`/v1/${path}?limit=5${after}`)
      for (const one of page.items) seen.add(JSON.stringify(one))
      total += page.items.length
      if (page.next === null) break
      after = `&after=${encodeURIComponent(page.next)}`
    }
    expect(total, path).toBeGreaterThan(0)
    expect(seen.size, path).toBe(total)
  }
  const merged = await server.get<{ items: { state: string }[] }>('/v1/changes?state=merged')
  expect(new Set(merged.items.map((one) => one.state))).toEqual(new Set(['merged']))
})

test('the data-gap report, the figures and the health answer over all of it', async () => {
  for (const args of [
    ['gaps', '--days', '3650'],
    ['metrics', 'dora', '--days', '3650'],
    ['sources', 'list'],
    ['sources', 'health', 'github'],
    ['sources', 'connectors'],
  ]) {
    const answer = await cli(...args)
    expect(answer.code, `${args.join(' ')}: ${answer.stderr}`).toBe(0)
    expect(answer.stdout.length, args.join(' ')).toBeGreaterThan(20)
  }
})

test('a rename that the tool tells is learned, and nothing stands under the old name', { timeout: 60_000 }, async () => {
  await eventually(async () => {
    const { items } = await server.get<{ items: { kind: string; name: string; canonical: string }[] }>('/v1/names')
    expect(items).toContainEqual({ kind: 'repository', name: 'acme/old-api', canonical: 'acme/api' })
    for (const path of ['commits', 'changes', 'deployments', 'builds']) {
      const listed = await server.get<{ items: { repository: string | null }[] }>(`/v1/${path}?limit=1000`)
      expect(
        listed.items.filter((one) => one.repository === 'acme/old-api'),
        path,
      ).toEqual([])
    }
  })
})

describe('rules', () => {
  const frequency = async () => (await server.get<{ items: unknown[] }>('/v1/deployments?limit=1000')).items.length

  test(
    'a preview says what other rules would match and saves nothing; saving reads what is kept again, and back',
    { timeout: 60_000 },
    async () => {
      const before = await frequency()
      const preview = await cli('sources', 'preview', 'github', '--set', 'deployments=[]', '--json')
      expect(preview.code, preview.stderr).toBe(0)
      const found = JSON.parse(preview.stdout) as {
        from: string
        before: number
        after: number
        removed: unknown[]
        unmatched: { workflow: string }[]
      }
      expect(found).toMatchObject({ from: 'kept', after: 0 })
      expect(found.before).toBeGreaterThan(0)
      expect(found.removed.length).toBeGreaterThan(0)
      expect(found.unmatched.length).toBeGreaterThan(0)
      expect(await frequency()).toBe(before)

      const settings = JSON.parse(readFileSync(join(data, 'github.settings.json'), 'utf8')) as Record<string, unknown>
      writeFileSync(join(data, 'none.json'), JSON.stringify({ ...settings, deployments: [] }))
      // The credentials are kept: the address is the same.
      expect((await cli('sources', 'add', 'github', 'github', '--config', join(data, 'none.json'))).code).toBe(0)
      await eventually(async () => expect(await frequency()).toBe(before - found.before))
      expect((await cli('sources', 'add', 'github', 'github', '--config', join(data, 'github.settings.json'))).code).toBe(0)
      await eventually(async () => expect(await frequency()).toBe(before))
    },
  )

  test('before anything is kept, the preview looks at the tool', async () => {
    const settings = settingsOf('github', baseOf('github'))
    const answer = await fetch(new URL('/v1/sources/preview', server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'not-yet', connector: 'github', config: settings }),
    })
    const found = (await answer.json()) as { from: string; after: number; matched: unknown[] }
    expect(found).toMatchObject({ from: 'tool' })
    expect(found.after).toBeGreaterThan(0)
    expect((await server.get<{ items: { name: string }[] }>('/v1/sources')).items.map((one) => one.name)).not.toContain('not-yet')
  })
})

test('without a server, settings that are saved are read with before the command ends', { timeout: 90_000 }, async () => {
  const alone = await freshDirectory()
  try {
    const here = (...args: string[]) => fairlead(args, { data: alone, env: { CANARY, FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' } })
    expect((await here(...addArguments('github'))).code).toBe(0)
    expect((await here('sync', 'all', '--source', 'github')).code).toBe(0)
    const settings = JSON.parse(readFileSync(join(data, 'github.settings.json'), 'utf8')) as Record<string, unknown>
    writeFileSync(join(alone, 'none.json'), JSON.stringify({ ...settings, deployments: [] }))
    expect((await here('sources', 'add', 'github', 'github', '--config', join(alone, 'none.json'))).code).toBe(0)
    const again = await startServer(alone)
    expect((await again.get<{ items: unknown[] }>('/v1/deployments')).items).toEqual([])
    expect((await again.get<{ items: unknown[] }>('/v1/builds')).items.length).toBeGreaterThan(0)
    await again.stop()
  } finally {
    await removeDirectory(alone)
  }
})

test('of settings that give nothing to ask with, a preview and a record ask nothing and say so', async () => {
  expect((await cli('sources', 'add', 'opsgenie', 'mute', '--no-check')).code).toBe(0)
  const record = await cli('record', 'mute')
  expect(record.code).toBe(2)
  expect(record.stderr).toContain('only pushed to')
  const preview = await cli('sources', 'preview', 'mute', '--json')
  expect(preview.code, preview.stderr).toBe(0)
  expect(JSON.parse(preview.stdout)).toMatchObject({ items: 0, after: 0 })
  expect((await cli('sources', 'remove', 'mute')).code).toBe(0)
})

describe('ranges, replay, record, removal', () => {
  test('a range by hand leaves the place of the usual pulls as it is', async () => {
    const answer = await cli('sync', 'prs', '--source', 'github', '--since', '2020-01-01', '--json')
    expect(answer.code, answer.stderr).toBe(0)
    expect((await cli('sync', 'prs', '--source', 'github', '--since', 'yesterday')).code).toBe(2)
  })

  test('replay reads everything again and changes nothing', async () => {
    const before = await server.get('/v1/deployments?limit=1000')
    const answer = await cli('replay', 'github', '--json')
    expect(JSON.parse(answer.stdout)).toMatchObject({ removed: 0, unread: 0 })
    expect(await server.get('/v1/deployments?limit=1000')).toEqual(before)
    expect((await cli('replay', 'nothing-of-the-kind', '--json')).stdout).toContain('"items": 0')
  })

  test('record writes a fixture without the credential and without people', async () => {
    const file = join(data, 'recorded.ndjson')
    const answer = await cli('record', 'github', '--stream', 'pull_requests', '--out', file)
    expect(answer.code, answer.stderr).toBe(0)
    const text = readFileSync(file, 'utf8')
    expect(text.split('\n').filter(Boolean).length).toBeGreaterThan(0)
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain(baseOf('github'))
    expect(text).not.toMatch(/"login":"(?!person-)/)
  })

  test('removed with its data, nothing of it is left, and the others stay', { timeout: 60_000 }, async () => {
    const before = await server.get<{ items: { source: string }[] }>('/v1/work-items?limit=1000')
    expect(before.items.some((one) => one.source === 'jira')).toBe(true)
    expect((await cli('sources', 'remove', 'jira', '--data')).code).toBe(0)
    await eventually(async () => {
      const { items } = await server.get<{ items: { source: string }[] }>('/v1/work-items?limit=1000')
      expect(items).toEqual(before.items.filter((one) => one.source !== 'jira'))
    })
    expect((await cli('verify')).code).toBe(0)
    expect((await cli('sources', 'remove', 'jira')).code).toBe(1)
    // Broken off between the two, it is asked for again.
    expect((await cli('sources', 'remove', 'jira', '--data')).code).toBe(0)
    expect((await cli('sources', 'remove', 'nobody', '--data')).code).toBe(1)
  })
})

test(
  'killed in the middle of a sync and started again, it goes on, and the rows are those of an undisturbed one',
  { timeout: 120_000 },
  async () => {
    const listed = async (from: Server) => {
      const found: Record<string, string[]> = {}
      for (const path of ['commits', 'changes', 'reviews', 'builds', 'jobs', 'deployments', 'releases', 'work-items', 'transitions']) {
        const { items } = await from.get<{ items: Record<string, unknown>[] }>(`/v1/${path}?limit=1000`)
        found[path] = items
          .filter((one) => one['source'] === 'gitlab')
          .map(({ raw_seq: _seq, ...row }) => JSON.stringify(row))
          .sort()
      }
      return found
    }
    const fake = fakes.get('gitlab') as FakeApi
    const elsewhere = await freshDirectory()
    let second = await startServer(elsewhere, { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
    try {
      const run = (...args: string[]) => fairlead(args, { data: elsewhere, env: { CANARY } })
      expect((await run(...addArguments('gitlab'))).code).toBe(0)
      for (const pauseMs of [400, 900]) {
        fake.delay(25)
        const before = fake.asked.length
        const syncing = run('sync', 'all', '--source', 'gitlab')
        while (fake.asked.length < before + pauseMs / 50) await new Promise((resolve) => setTimeout(resolve, 20))
        await second.kill()
        expect((await syncing).code).toBe(1)
        second = await startServer(elsewhere, { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
      }
      fake.delay(0)
      expect((await run('sync', 'all', '--source', 'gitlab')).code).toBe(0)
      await eventually(async () => expect(await listed(second)).toEqual(await listed(server)))
    } finally {
      fake.delay(0)
      await second.stop()
      await removeDirectory(elsewhere)
    }
  },
)

describe('a credential that is asked for', () => {
  const asking = (name: string) => addArguments('github', name).map((word) => (word === 'token=env:CANARY' ? 'token' : word))

  test('is taken from what is piped in, and used', async () => {
    const added = await fairlead(asking('asked'), { data, env: { CANARY }, input: `${CANARY}\n` })
    expect(added.code, added.stderr).toBe(0)
    expect(added.stdout).toContain('is connected')
    expect(added.stdout + added.stderr).not.toContain(CANARY)
    expect((await cli('sources', 'check', 'asked')).code).toBe(0)
  })

  test('and not given, is a refusal that says so, and nothing is saved', async () => {
    const answer = await fairlead(asking('unasked'), { data, env: { CANARY }, input: '' })
    expect(answer.code).toBe(2)
    expect(answer.stderr).toContain('No token was given')
    expect((await server.get<{ items: { name: string }[] }>('/v1/sources')).items.map((one) => one.name)).not.toContain('unasked')
  })
})

describe('what is refused', () => {
  test.each([
    [['sources', 'add', 'nothing'], 2, 'no connector'],
    [['sources', 'add', 'github', '--set', 'token=x'], 2, 'credential'],
    [['sources', 'add', 'github', '--secret', 'token=x'], 2, 'command line'],
    [['sources', 'add', 'github', '--secret', 'token=env:NOT_SET_AT_ALL'], 2, 'not set'],
    [['sources', 'add', 'github', '--set', 'repositoris=acme/shop'], 2, 'no setting repositoris'],
    [
      [
        'sources',
        'add',
        'github',
        'elsewhere',
        '--set',
        'url=http://169.254.169.254',
        '--set',
        'repositories=acme/shop',
        '--secret',
        'token=env:CANARY',
      ],
      3,
      'private address',
    ],
    [['sources', 'health', 'nobody'], 1, 'no source'],
    [['sync', 'all', '--source', 'nobody'], 1, 'no source'],
    [['sync', 'everything'], 2, 'not known'],
    [['names', 'set', 'environment', 'eu', 'heaven'], 2, 'no tier'],
  ] as const)('%j', async (args, code, words) => {
    const answer = await cli(...args)
    expect(answer.code, answer.stderr).toBe(code)
    expect(answer.stderr).toContain(words)
    expect(answer.stderr).not.toMatch(/\n\s+at /)
  })

  test('a new address is not given the old credential', async () => {
    const other = await startFakeApi([])
    try {
      const settings = JSON.parse(readFileSync(join(data, 'github.settings.json'), 'utf8')) as Record<string, unknown>
      const file = join(data, 'moved.json')
      writeFileSync(file, JSON.stringify({ ...settings, url: other.base }))
      const answer = await cli('sources', 'add', 'github', 'github', '--config', file)
      expect(answer.code).toBe(2)
      expect(answer.stderr).toContain('credential was given for the old one')
      expect(other.asked).toEqual([])
    } finally {
      await other.close()
    }
  })

  test('a wrong credential is told by check, and nothing is saved', async () => {
    const refusing = createServer((_request, response) =>
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"message":"Bad credentials"}'),
    )
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`
      const answer = await cli(
        'sources',
        'add',
        'github',
        'refusing',
        '--set',
        `url=${url}`,
        '--set',
        'repositories=acme/shop',
        '--secret',
        'token=env:CANARY',
      )
      expect(answer.code).toBe(3)
      expect(answer.stderr).toContain('Nothing was saved')
      expect((await server.get<{ items: { name: string }[] }>('/v1/sources')).items.map((one) => one.name)).not.toContain('refusing')
    } finally {
      refusing.close()
    }
  })
})

test('no credential is in the data directory, the log, or any answer', async () => {
  const answers = await Promise.all(
    ['/v1/sources', '/v1/status', '/v1/connectors', '/v1/sources/health?name=github'].map((path) => server.get(path)),
  )
  expect(JSON.stringify(answers)).not.toContain(CANARY)
  expect(server.output()).not.toContain(CANARY)
  await server.stop()
  const forms = [
    CANARY,
    Buffer.from(CANARY).toString('base64').replaceAll('=', ''),
    encodeURIComponent(CANARY),
    Buffer.from(CANARY).toString('hex'),
  ].map((form) => Buffer.from(form))
  let files = 0
  for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
    const content = read(join(data, name))
    if (content === null) continue
    files++
    for (const form of forms) expect(content.includes(form), name).toBe(false)
  }
  expect(files).toBeGreaterThan(50)
  // And it is there: the server opens it again after a restart.
  server = await startServer(data, { FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })
  expect((await cli('sources', 'check', 'github')).code).toBe(0)
})

function read(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check()
    } catch (thrown) {
      if (tries > 100) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}
