import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RIGHTS, type Right, type Scope } from '../src/account/role.ts'
import { createProgram, run } from '../src/cli/program.ts'
import { freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/**
 * The command line of somebody with a token, against the real server: which command needs which right, cell by cell; and that a name or id of
 * another organization is answered as one that was never there. The commands run in this process, as `bin/fairlead.mjs` runs them.
 */
const data = await freshDirectory()
let server: Server
const tokens = {} as Record<Scope, string>
/** What the other organization, bolt, has. Every name in it holds `bolt`. */
const theirs = { person: '', token: '', member: '', suggestion: '' }
const ours = { ...theirs }
const file = (name: string) => join(data, name)

async function post<T>(org: string | null, path: string, body: unknown): Promise<T> {
  const answer = await server.post(path, JSON.stringify(body), {
    authorization: `Bearer ${server.token}`,
    ...(org === null ? {} : { 'fairlead-organization': org }),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

beforeAll(async () => {
  server = await startServer(data)
  for (const slug of ['acme', 'bolt']) await post(null, '/v1/organizations', { name: slug, slug })
  for (const scope of ['ingest', 'read', 'admin'] as const)
    tokens[scope] = (await post<{ token: string }>('acme', '/v1/tokens', { name: scope, scopes: [scope] })).token
  await fill('acme')
  await fill('bolt')
  writeFileSync(file('teams.yaml'), 'teams:\n  - slug: mine\n    owns: []\n')
  writeFileSync(file('events.ndjson'), '{"kind":"deploy","service":"api"}\n')
  writeFileSync(file('.mailmap'), 'Ada <ada@acme.example> <ada@old.example>\n')
}, 60_000)
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

/** The same things in each organization, under its own name. */
async function fill(org: string): Promise<void> {
  const token = await post<{ token: string; id: string }>(org, '/v1/tokens', { name: `${org}-token`, scopes: ['ingest'] })
  const events = ['ada', 'grace'].map((name) => ({
    kind: 'deploy',
    service: `${org}-service`,
    repo: `${org}/repository`,
    environment: `${org}-place`,
    actor: `${name}@${org}.example`,
    deployment_id: `${org}-${name}`,
  }))
  const sent = await server.post('/v1/events?wait=visible', JSON.stringify(events), { authorization: `Bearer ${token.token}` })
  expect(sent.status).toBe(200)
  await post(org, '/v1/teams', { slug: `${org}-team`, name: `The team of ${org}` })
  await post(org, '/v1/projects', { name: `${org}-project`, services: [`${org}-service`] })
  await post(org, '/v1/names', { kind: 'environment', name: `${org}-place`, canonical: 'production' })
  await post(org, '/v1/sources', { name: `${org}-hook`, connector: 'grafana', config: { webhook_secrets: ['a-secret-that-nobody-sees'] } })
  await post(org, '/v1/sources', {
    name: `${org}-forge`,
    connector: 'github',
    config: { repositories: [`${org}/repository`], token: 'another-secret-that-nobody-sees' },
    every_minutes: 0,
  })
  await post(org, '/v1/teams/owns', { slug: `${org}-team`, kind: 'service', pattern: 'x' })
  await post(org, '/v1/benchmarks', {
    edition: `${org}-levels`,
    rows: [{ metric: 'change_fail_rate', level: 'elite', min: null, max: null, unit: 'share' }],
  })
  await post(null, '/v1/users', { email: `owner@${org}.example` })
  const member = await post<{ user_id: string }>(org, '/v1/members', { email: `owner@${org}.example`, role: 'owner' })
  const people = await fetch(new URL('/v1/people', server.url), {
    headers: { authorization: `Bearer ${server.token}`, 'fairlead-organization': org },
  })
  const { items } = (await people.json()) as { items: { id: string }[] }
  expect(items).toHaveLength(2)
  Object.assign(org === 'bolt' ? theirs : ours, { person: items[0]?.id, token: token.id, member: member.user_id, suggestion: 'none' })
}

interface Said {
  readonly code: number
  readonly text: string
}

/** One command line as it is run in a terminal of its own, by somebody who has this token and no other way to the server. */
async function say(args: readonly string[], token: string): Promise<Said> {
  const before = { ...process.env }
  const [out, error] = [process.stdout.write, process.stderr.write]
  let text = ''
  const take = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
    const done = rest.at(-1)
    if (typeof done === 'function') (done as () => void)()
    return true
  }) as typeof process.stdout.write
  Object.assign(process.env, { FAIRLEAD_URL: server.url, FAIRLEAD_TOKEN: token, FAIRLEAD_DATA: join(data, 'elsewhere') })
  process.stdout.write = take
  process.stderr.write = take
  try {
    await run(args)
    return { code: Number(process.exitCode ?? 0), text }
  } finally {
    process.stdout.write = out
    process.stderr.write = error
    process.exitCode = 0
    for (const name of ['FAIRLEAD_URL', 'FAIRLEAD_TOKEN', 'FAIRLEAD_DATA']) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

/** What asks no server, and so knows nothing of organizations. */
const LOCAL = new Set(['up', 'scan', 'migrate', 'config', 'docs'])

/** `right` as the command needs it, null where a token may not at all; `of` is where the name of something stands. */
const LINES: readonly {
  readonly right: Right | null
  readonly line: (of: (name: string) => string, id: (name: keyof typeof theirs) => string) => readonly string[]
}[] = [
  { right: 'read', line: () => ['sources', 'list'] },
  { right: 'read', line: (of) => ['sources', 'health', of('hook')] },
  { right: 'admin', line: (of) => ['sources', 'check', of('hook')] },
  { right: 'admin', line: (of) => ['sources', 'remove', of('hook'), '--data'] },
  { right: 'admin', line: (of) => ['record', of('hook')] },
  { right: 'admin', line: (of) => ['replay', of('hook')] },
  { right: 'admin', line: (of) => ['sync', 'all', '--source', of('forge')] },
  { right: 'superuser', line: () => ['export', 'lake', '--to', 'mysql://nobody@127.0.0.1:9/none'] },
  { right: 'admin', line: (of) => ['import', 'devlake', '--source', of('forge')] },
  { right: 'admin', line: () => ['import', 'flowlens', '--from', 'postgresql://nobody@127.0.0.1:9/none'] },
  { right: 'admin', line: () => ['import', 'events', '--from', 'postgresql://nobody@127.0.0.1:9/none'] },
  { right: 'read', line: () => ['names', 'list'] },
  { right: 'admin', line: (of) => ['names', 'remove', 'environment', of('place')] },
  { right: 'read', line: () => ['settings', 'list'] },
  { right: 'read', line: () => ['settings', 'history'] },
  { right: 'admin', line: (of) => ['settings', 'set', 'default_edition', of('levels')] },
  { right: 'admin', line: () => ['settings', 'unset', 'level_min_samples'] },
  { right: 'read', line: () => ['projects', 'list'] },
  { right: 'admin', line: (of) => ['projects', 'settings', of('project'), '{}'] },
  { right: 'admin', line: (of) => ['projects', 'remove', of('project')] },
  { right: 'read', line: () => ['teams', 'list'] },
  { right: 'read', line: () => ['teams', 'ownership'] },
  { right: 'read', line: (of) => ['teams', 'show', of('team')] },
  { right: 'read', line: (of) => ['teams', 'members', 'list', of('team')] },
  { right: 'admin', line: (of) => ['teams', 'own', of('team'), 'service', 'x'] },
  { right: 'admin', line: (of) => ['teams', 'disown', of('team'), 'service', 'x'] },
  { right: 'admin', line: (of, id) => ['teams', 'members', 'add', of('team'), id('person')] },
  { right: 'admin', line: (_of, id) => ['teams', 'members', 'add', 'acme-team', id('person')] },
  { right: 'admin', line: (of, id) => ['teams', 'members', 'remove', of('team'), id('person')] },
  { right: 'admin', line: (of) => ['teams', 'save', 'acme-team', '--parent', of('team')] },
  { right: 'admin', line: (of) => ['teams', 'remove', of('team')] },
  { right: 'admin', line: () => ['teams', 'import', file('teams.yaml'), '--dry-run'] },
  { right: 'read', line: () => ['teams', 'drift'] },
  { right: 'admin', line: (of) => ['teams', 'drift', '--accept', '--source', of('forge')] },
  { right: 'read', line: () => ['people', 'list'] },
  { right: 'read', line: (of) => ['people', 'list', `ada@${of('')}.example`] },
  { right: 'read', line: () => ['people', 'suggest'] },
  { right: 'admin', line: (_of, id) => ['people', 'merge', 'ada@acme.example', id('person')] },
  { right: 'admin', line: (_of, id) => ['people', 'split', id('person'), 'ada@acme.example'] },
  { right: 'admin', line: (_of, id) => ['people', 'save', id('person'), '--name', 'Mine'] },
  { right: 'admin', line: (_of, id) => ['people', 'dismiss', id('suggestion')] },
  { right: 'admin', line: () => ['people', 'import', file('.mailmap'), '--dry-run'] },
  { right: 'admin', line: () => ['admin', 'members', 'list'] },
  { right: 'admin', line: (of) => ['admin', 'members', 'remove', '--email', `owner@${of('')}.example`] },
  { right: null, line: (of) => ['admin', 'members', 'list', '--org', of('')] },
  { right: null, line: (of) => ['admin', 'tokens', 'list', '--org', of('')] },
  { right: 'read', line: () => ['admin', 'tokens', 'list'] },
  { right: 'read', line: (_of, id) => ['admin', 'tokens', 'revoke', id('token')] },
  { right: 'superuser', line: () => ['admin', 'users', 'list'] },
  { right: 'superuser', line: () => ['admin', 'orgs', 'list'] },
  { right: 'superuser', line: (of) => ['admin', 'users', 'disable', '--email', `owner@${of('')}.example`] },
  { right: 'superuser', line: () => ['keys', 'rotate'] },
  { right: 'superuser', line: () => ['verify'] },
  { right: 'superuser', line: () => ['doctor'] },
  { right: 'read', line: () => ['gaps'] },
  { right: 'read', line: (of) => ['metrics', 'dora', '--service', of('service')] },
  { right: 'read', line: (of) => ['metrics', 'deployment_frequency', '--repo', `${of('')}/repository`] },
  { right: 'read', line: (of) => ['metrics', 'deployment_frequency', '--team', of('team')] },
  { right: 'read', line: (of) => ['metrics', 'deployment_frequency', '--project', of('project')] },
  { right: 'read', line: (of) => ['metrics', 'deployment_frequency', '--edition', of('levels')] },
  { right: 'read', line: (of) => ['explain', 'deployment_frequency', '--service', of('service'), '--raw'] },
  { right: 'ingest', line: () => ['emit', 'deploy', '--service', 'api', '--sha', 'abc1234'] },
  { right: 'ingest', line: () => ['ingest', file('events.ndjson')] },
]
const nowhere = { person: randomUUID(), token: randomUUID(), member: randomUUID(), suggestion: 'none' }
const named = (org: string) => (name: string) => (name === '' ? org : `${org}-${name}`)

test('every command that asks a server is here', () => {
  const commands = createProgram().commands.map((one: Command) => one.name())
  const here = new Set(LINES.map(({ line }) => line(named('x'), () => 'x')[0]))
  expect(commands.filter((name) => !here.has(name) && !LOCAL.has(name) && name !== 'demo')).toEqual([])
})

const ASKED = LINES.flatMap(({ right, line }) => (right === null ? [] : [{ right, line }]))
const REFUSED = /This token may not do that: it needs/
describe('a token may what its scope says, and nothing else', () => {
  test.each(ASKED.map(({ right, line }) => ({ right, line, text: line(named('none'), (name) => nowhere[name]).join(' ') })))(
    '$text needs $right',
    async ({ right, line }) => {
      // Refused on what is there, so that nothing else can be the reason; not refused on what is not there, so that nothing happens.
      const wrong: string[] = []
      for (const scope of ['ingest', 'read', 'admin'] as const) {
        const may = right === scope || (scope === 'admin' && RIGHTS.indexOf(right) <= RIGHTS.indexOf('admin'))
        const names = (name: string) => (name === '' ? 'acme' : may ? `none-${name}` : `acme-${name}`)
        const { code, text } = await say(
          line(names, (name) => (may ? nowhere : ours)[name]),
          tokens[scope],
        )
        if (REFUSED.test(text) === may || (!may && code !== 1)) wrong.push(`${scope}: ${code} ${text}`)
      }
      expect(wrong).toEqual([])
    },
  )
})

test('sample data needs admin, whose loading takes too long to be asked here', async () => {
  for (const scope of ['ingest', 'read'] as const) expect((await say(['demo'], tokens[scope])).text).toMatch(REFUSED)
})

describe('what another organization has is answered as what was never there', () => {
  // What the commands before sent is in every read, so that two answers differ in nothing but the names.
  beforeAll(async () => {
    const sent = await server.post('/v1/events?wait=visible', '{"kind":"deploy","service":"api"}', {
      authorization: `Bearer ${tokens.ingest}`,
    })
    if (sent.status !== 200) throw new Error(await sent.text())
  })

  test.each(LINES.map(({ line }) => ({ line, text: line(named('bolt'), () => 'ID').join(' ') })))('$text', async ({ line }) => {
    const asked = await say(
      line(named('bolt'), (name) => theirs[name]),
      tokens.admin,
    )
    const never = await say(
      line(named('none'), (name) => nowhere[name]),
      tokens.admin,
    )
    const plain = ({ code, text }: Said) => {
      let shown = text
      for (const known of [theirs, nowhere]) for (const one of Object.values(known)) if (one !== 'none') shown = shown.replaceAll(one, 'ID')
      // Moments and widths of tables are not what is asked about.
      return { code, text: shown.replaceAll(/bolt|none/g, 'NAME').replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\d+ (ms|s)\b/g, 'T') }
    }
    expect(plain(asked)).toEqual(plain(never))
    expect(asked.text.replaceAll(line(named('bolt'), (name) => theirs[name]).join('|'), '')).not.toMatch(/The team of bolt|a-secret-that/)
  })

  test('and is there as before', async () => {
    const list = async (path: string) => {
      const answer = await fetch(new URL(path, server.url), {
        headers: { authorization: `Bearer ${server.token}`, 'fairlead-organization': 'bolt' },
      })
      return JSON.stringify(await answer.json())
    }
    for (const [path, name] of [
      ['/v1/sources', 'bolt-hook'],
      ['/v1/teams', 'bolt-team'],
      ['/v1/projects', 'bolt-project'],
      ['/v1/names', 'bolt-place'],
      ['/v1/benchmarks', 'bolt-levels'],
      ['/v1/members', 'owner@bolt.example'],
      ['/v1/tokens', 'bolt-token'],
      ['/v1/people', theirs.person],
      ['/v1/metrics/deployment_frequency?by=service', 'bolt-service'],
    ] as const)
      expect(await list(path), path).toContain(name)
  })
})
