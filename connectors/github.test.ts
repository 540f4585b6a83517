import { generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { Http, Page } from '../src/connector.ts'
import type { Exchange } from '../src/ingest/http.ts'
import { startFakeApi, type FakeApi } from '../test/fake-api.ts'
import { askOver, exchangesOf, pullStream } from '../test/fixtures.ts'
import connector from './github.ts'

let fake: FakeApi | null = null
afterEach(async () => {
  await fake?.close()
  fake = null
})

const get = (url: string, body: unknown, status = 200, headers: Record<string, string> = {}): Exchange => ({
  request: { method: 'GET', url },
  response: { status, headers, body },
})
const graph = (body: unknown, data: unknown, path = '/graphql'): Exchange => ({
  request: { method: 'POST', url: path, body },
  response: { status: 200, headers: {}, body: data },
})
const shop = { id: 1001, name: 'shop', full_name: 'acme/shop', default_branch: 'main', updated_at: '2026-01-20T12:00:00Z' }

type Settings = z.input<typeof connector.config>

async function asking(exchanges: readonly Exchange[], settings: Partial<Settings> = {}, path = '') {
  await fake?.close()
  fake = await startFakeApi(exchanges)
  const config = connector.config.parse({ repositories: ['acme/shop'], token: 'test-token', ...settings, url: fake.base + path })
  return (cursor: string | null = null) => askOver(connector, config, cursor)
}
const itemsOf = (pages: readonly Page[]) => pages.flatMap((page) => page.items)
const lastOf = (pages: readonly Page[]) => pages.at(-1)?.cursor ?? null

const sha = (letter: string) => letter.repeat(40)
const commit = (letter: string, at = '2026-01-01T00:00:00Z') => ({
  oid: sha(letter),
  message: `Commit ${letter}`,
  committedDate: at,
  author: { name: 'Alice', email: 'alice@example.org', date: at },
  committer: { name: 'Alice', email: 'alice@example.org', date: at },
  parents: { nodes: [] },
  additions: 1,
  deletions: 1,
  changedFilesIfAvailable: 1,
})

const TIPS = 'query Tips{r0:repository(owner:"acme",name:"shop"){defaultBranchRef{target{oid}}}}'
const tipOf = (letter: string) => graph({ query: TIPS }, { data: { r0: { defaultBranchRef: { target: { oid: sha(letter) } } } } })

/** The head of the default branch, and the history that each head has. */
const branch = (head: string, histories: Readonly<Record<string, string>>): Exchange[] => [
  get('/repos/acme/shop', shop),
  tipOf(head),
  ...Object.entries(histories).map(([one, letters]) =>
    graph(
      { variables: { head: sha(one), after: null } },
      {
        data: {
          repository: {
            object: { history: { pageInfo: { hasNextPage: false, endCursor: null }, nodes: Array.from(letters, (two) => commit(two)) } },
          },
        },
      },
    ),
  ),
]

describe('commits', () => {
  const whole = async () => {
    const ask = await asking(branch('b', { b: 'ba' }))
    return pullStream(connector, 'commits', ask())
  }

  test('of a new head, those that the last one does not reach are asked for, however old they are', async () => {
    const before = await whole()
    expect(itemsOf(before).map(({ id }) => id)).toEqual([`1001:${sha('b')}`, `1001:${sha('a')}`])
    const old = commit('c', '2025-01-01T00:00:00Z')
    const ask = await asking([
      get('/repos/acme/shop', shop),
      get(`/repos/acme/shop/compare/${sha('b')}...${sha('d')}?per_page=100`, {
        total_commits: 2,
        commits: [{ sha: sha('c') }, { sha: sha('d') }],
      }),
      tipOf('d'),
      graph({ query: '*', variables: { owner: 'acme', name: 'shop' } }, { data: { repository: { c0: old, c1: commit('d') } } }),
    ])
    const after = await pullStream(connector, 'commits', ask(lastOf(before)))
    expect(itemsOf(after).map(({ id, at }) => [id, at])).toEqual([
      [`1001:${sha('c')}`, '2025-01-01T00:00:00.000Z'],
      [`1001:${sha('d')}`, '2026-01-01T00:00:00.000Z'],
    ])
    expect(await pullStream(connector, 'commits', ask(lastOf(after)))).toEqual([])
  })

  test('a head that a force push threw away is no base: the history is read once more', async () => {
    const before = await whole()
    const ask = await asking([
      ...branch('e', { e: 'ea' }),
      get(`/repos/acme/shop/compare/${sha('b')}...${sha('e')}?per_page=100`, { message: 'Not Found' }, 404),
    ])
    const after = await pullStream(connector, 'commits', ask(lastOf(before)))
    expect(itemsOf(after).map(({ id }) => id)).toEqual([`1001:${sha('e')}`, `1001:${sha('a')}`])
  })

  test('a repository without commits has none', async () => {
    const ask = await asking([get('/repos/acme/shop', shop), graph({ query: '*' }, { data: { r0: { defaultBranchRef: null } } })])
    expect(await pullStream(connector, 'commits', ask())).toEqual([])
  })
})

describe('what may not be read', () => {
  const denied = { message: 'Resource not accessible by personal access token' }
  const api = { ...shop, id: 1002, full_name: 'acme/api', name: 'api' }
  const settings = { repositories: ['acme/shop', 'acme/api'] }
  const issue = { number: 1, title: 'One', state: 'open', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }
  const known = [get('/repos/acme/shop', shop), get('/repos/acme/api', api)]
  const issues = '?per_page=100&state=all&sort=updated&direction=desc&since=*'

  test('stops nothing else, and is asked for whole once it may be read', async () => {
    const answer = get(`/repos/acme/api/issues${issues}`, [issue])
    const without = await asking([...known, get(`/repos/acme/shop/issues${issues}`, denied, 403), answer], settings)
    const before = await pullStream(connector, 'issues', without())
    expect(itemsOf(before).map(({ id }) => id)).toEqual(['1002#1'])
    const allowed = await asking(
      [...known, get(`/repos/acme/shop/issues?per_page=100&state=all&sort=updated&direction=desc`, [issue]), answer],
      settings,
    )
    expect(itemsOf(await pullStream(connector, 'issues', allowed(lastOf(before)))).map(({ id }) => id)).toEqual(['1001#1'])
  })

  const refused = { data: { repository: null }, errors: [{ type: 'FORBIDDEN', message: denied.message }] }

  test('where all is forbidden, the stream says so', async () => {
    const ask = await asking([...known, graph({ query: '*' }, refused)], settings)
    await expect(pullStream(connector, 'reviews', ask())).rejects.toMatchObject({ code: 'source-refused' })
    await expect(pullStream(connector, 'commits', ask())).rejects.toMatchObject({ code: 'source-denied' })
  })

  test('what one query asks of several is asked of each where one of them is forbidden', async () => {
    const part = (name: string, index: number) => `r${index}:repository(owner:"acme",name:"${name}"){defaultBranchRef{target{oid}}}`
    const one = (name: string) => `query Tips{${part(name, 0)}}`
    const both = `query Tips{${part('shop', 0)} ${part('api', 1)}}`
    const tip = { data: { r0: { defaultBranchRef: { target: { oid: sha('b') } } } } }
    const exchanges = [graph({ query: one('shop') }, refused), graph({ query: one('api') }, tip), graph({ query: both }, refused)]
    const history = { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [commit('b')] }
    const answered = graph({ query: '*', variables: { head: sha('b'), after: null } }, { data: { repository: { object: { history } } } })
    const ask = await asking([...known, ...exchanges, answered], settings)
    expect(itemsOf(await pullStream(connector, 'commits', ask())).map(({ id }) => id)).toEqual([`1002:${sha('b')}`])
  })

  test('a fine-grained token is not asked for check runs', async () => {
    const ask = await asking(known, { ...settings, token: 'github_pat_test' })
    expect(await pullStream(connector, 'checks', ask())).toEqual([])
    expect(fake?.asked).toEqual([])
  })

  test('a credential that is not known fails', async () => {
    const ask = await asking([get('/repos/acme/shop', { message: 'Bad credentials' }, 401)])
    await expect(pullStream(connector, 'issues', ask())).rejects.toMatchObject({ code: 'source-denied' })
  })

  test('a repository that is gone fails nothing, and none at all fails', async () => {
    const gone = get('/repos/acme/api', { message: 'Not Found' }, 404)
    const ask = await asking([get('/repos/acme/shop', shop), gone], settings)
    expect(itemsOf(await pullStream(connector, 'repositories', ask())).map(({ id }) => id)).toEqual(['1001'])
    const none = await asking([gone], { repositories: ['acme/api'] })
    await expect(pullStream(connector, 'repositories', none())).rejects.toMatchObject({ code: 'source-failed' })
  })
})

const NEWEST =
  'query Newest{r0:repository(owner:"acme",name:"shop"){newest:pullRequests(first:1,orderBy:{field:UPDATED_AT,direction:DESC}){nodes{updatedAt}}}}'

describe('teams', () => {
  const team = { slug: 'pay', name: 'Pay' }
  const owned = get('/repos/acme/shop', { ...shop, owner: { login: 'acme', type: 'Organization' } })
  const lists = (status = 200) => [
    get('/orgs/acme/teams?per_page=100', [team]),
    get('/orgs/acme/teams/pay/members?per_page=100&role=member', [], status),
    get('/orgs/acme/teams/pay/members?per_page=100&role=maintainer', []),
    get('/orgs/acme/teams/pay/repos?per_page=100', []),
  ]
  const told = async (exchanges: readonly Exchange[], cursor: string | null = null) => {
    const ask = await asking(exchanges)
    const pages = await pullStream(connector, 'teams', ask(cursor))
    return { items: itemsOf(pages), cursor: lastOf(pages), asked: fake?.asked.length }
  }

  test('are asked for once a day', async () => {
    const first = await told([owned, ...lists()])
    expect(first.items).toHaveLength(1)
    expect(await told([owned, ...lists()], first.cursor)).toMatchObject({ items: [], asked: 1 })
    const older = first.cursor?.replaceAll(/2026-03-01/g, '2026-02-27') ?? null
    expect((await told([owned, ...lists()], older)).items).toHaveLength(1)
  })

  test('that may not be read are named by the check, with the permission', async () => {
    const parts = ['commits', 'pulls', 'issues', 'actions/runs', 'deployments', 'commits/HEAD/check-runs']
    const whole = [
      get('/rate_limit', {}),
      get('/orgs/acme/repos?per_page=5', [shop]),
      ...parts.map((part) => get(`/repos/acme/shop/${part}?per_page=1`, [])),
      graph({}, { data: { repository: { pullRequests: { nodes: [] } } } }),
    ]
    const checked = async (teams: Exchange) => {
      const ask = await asking([...whole, teams], { repositories: [], organization: 'acme' })
      return connector.check?.(ask() as never)
    }
    expect(await checked(get('/orgs/acme/teams?per_page=1', []))).toEqual({ ok: true, missing: [] })
    const refused = get('/orgs/acme/teams?per_page=1', {}, 403, { 'x-accepted-github-permissions': 'members=read' })
    expect(await checked(refused)).toEqual({
      ok: true,
      missing: ['The credential may not read the teams of acme: give it the permission members=read. All else works without.'],
    })
  })

  test('that may not be read stay unknown: neither a failure nor an organization without teams, or a team without members', async () => {
    expect(await told([owned, get('/orgs/acme/teams?per_page=100', {}, 403)])).toMatchObject({ items: [], cursor: null })
    expect(await told([owned, get('/orgs/acme/teams?per_page=100', {}, 404)])).toMatchObject({ items: [], cursor: null })
    expect(await told([owned, ...lists(404)])).toMatchObject({ items: [], cursor: null })
    // A person has no teams.
    expect(await told([get('/repos/acme/shop', { ...shop, owner: { login: 'acme', type: 'User' } })])).toMatchObject({
      items: [],
      asked: 1,
    })
  })
})

describe('pull requests', () => {
  const reviews = (updatedAt: string) => ({
    repository: {
      pullRequests: {
        pageInfo: { hasNextPage: false, endCursor: null },
        nodes: [{ number: 1, updatedAt, reviews: { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] } }],
      },
    },
  })
  const newest = (updatedAt: string) => graph({ query: NEWEST }, { data: { r0: { newest: { nodes: [{ updatedAt }] } } } })
  const listed = (updatedAt: string) =>
    graph({ query: '*', variables: { owner: 'acme', name: 'shop', first: 25 } }, { data: reviews(updatedAt) })

  test('of a repository in which none changed are not listed again', async () => {
    const ask = await asking([get('/repos/acme/shop', shop), newest('2026-01-01T00:00:00Z'), listed('2026-01-01T00:00:00Z')])
    const first = await pullStream(connector, 'reviews', ask())
    const graphs = () => fake?.asked.filter((one) => one.endsWith('/graphql')).length
    expect(graphs()).toBe(1)
    const second = await pullStream(connector, 'reviews', ask(lastOf(first)))
    expect(graphs()).toBe(2)
    expect(lastOf(second)).toBe(lastOf(first))
  })

  test('are asked for fewer at once where GitHub cannot finish a page of them', async () => {
    const timeout = {
      request: { method: 'POST', url: '/graphql', body: { variables: { first: 25 } } },
      response: { status: 502, headers: {}, body: {} },
    }
    const small = graph({ variables: { first: 5 } }, { data: reviews('2026-01-01T00:00:00Z') })
    const ask = await asking([get('/repos/acme/shop', shop), timeout, small])
    expect(await pullStream(connector, 'reviews', ask())).toHaveLength(1)
  })

  test('are listed where one did', async () => {
    const ask = await asking([get('/repos/acme/shop', shop), newest('2026-03-01T00:00:00Z'), listed('2026-03-01T00:00:00Z')])
    await pullStream(connector, 'reviews', ask(lastOf(await pullStream(connector, 'reviews', ask()))))
    expect(fake?.asked.filter((one) => one.endsWith('/graphql')).length).toBe(3)
  })
})

test('what has another shape is kept, unread, and stops nothing', async () => {
  const issue = { number: 1, title: 'One', state: 'open', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }
  const answer = get('/repos/acme/shop/issues?per_page=100&state=all&sort=updated&direction=desc', [{ ...issue, title: null }, issue])
  const ask = await asking([get('/repos/acme/shop', shop), answer])
  const items = itemsOf(await pullStream(connector, 'issues', ask()))
  expect(items.map(({ id }) => id)).toEqual([expect.stringMatching(/^unread:[0-9a-f]{24}$/), '1001#1'])
})

describe('repositories', () => {
  const ofOrganization = (...names: string[]) =>
    get(
      '/orgs/acme/repos?per_page=100&sort=full_name',
      names.map((name, index) => ({ ...shop, id: index + 1, name, full_name: `acme/${name}`, fork: name === 'fork' })),
    )

  test('those of an organization but forks; a rename is seen by their id', async () => {
    const settings = { repositories: [], organization: 'acme' }
    const before = await pullStream(connector, 'repositories', (await asking([ofOrganization('shop', 'fork')], settings))())
    const after = await pullStream(connector, 'repositories', (await asking([ofOrganization('store', 'fork')], settings))(lastOf(before)))
    const told = itemsOf(after).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as unknown)
    expect(told).toMatchObject([{ asked: ['acme/shop'], repository: { full_name: 'acme/store' } }])
  })

  test('one or an organization must be named', () => {
    expect(connector.config.safeParse({ token: 'test-token' }).error?.issues[0]?.message).toBe('name a repository or an organization')
  })
})

describe('Enterprise', () => {
  test('REST and GraphQL are two halves of one host', async () => {
    const exchanges = [
      get('/api/v3/repos/acme/shop', shop),
      graph(
        { query: '*' },
        { data: { repository: { refs: { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] } } } },
        '/api/graphql',
      ),
      get('/api/v3/repos/acme/shop/deployments?per_page=100', []),
    ]
    const ask = await asking(exchanges, {}, '/api/v3/')
    await pullStream(connector, 'tags', ask())
    await pullStream(connector, 'deployments', ask())
    expect(fake?.unknown).toEqual([])
  })
})

describe('a GitHub App', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const configOf = (key: string) =>
    connector.config.parse({ repositories: ['acme/shop'], app_id: 'Iv1abc', installation_id: '42', private_key: key })
  const now = Date.parse('2026-01-01T00:00:00Z')

  test.each([pem, pem.replaceAll('\n', '\\n')])('signs for a token of its installation', async (key) => {
    const asked: { path: string; authorization: string }[] = []
    const http = {
      async post(path: string, _: unknown, options?: { headers?: Record<string, string> }) {
        asked.push({ path, authorization: options?.headers?.['authorization'] ?? '' })
        return { status: 201, headers: new Headers(), url: '', body: { token: 'test-installation', expires_at: '2026-01-01T01:00:00Z' } }
      },
    } as unknown as Http
    const api = connector.api?.(configOf(key))
    expect(api?.headers).not.toHaveProperty('authorization')
    expect(await api?.authorize?.(http, now)).toEqual({
      headers: { authorization: 'Bearer test-installation' },
      expires_at: '2026-01-01T01:00:00Z',
    })
    expect(asked[0]?.path).toBe('/app/installations/42/access_tokens')
    const jwt = asked[0]?.authorization.slice('Bearer '.length) ?? ''
    const { payload } = await jwtVerify(jwt, publicKey, { algorithms: ['RS256'], currentDate: new Date(now) })
    expect(payload).toEqual({ iss: 'Iv1abc', iat: now / 1000 - 60, exp: now / 1000 + 540 })
  })

  test('a key that is none is said so, and is not shown', async () => {
    const failure = await connector
      .api?.(configOf('no key at all'))
      ?.authorize?.({} as Http, now)
      .catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({ code: 'invalid-input' })
    expect(String(failure)).not.toContain('no key at all')
  })

  test('it needs all of its three settings', () => {
    const parsed = connector.config.safeParse({ repositories: ['acme/shop'], app_id: '1' })
    expect(parsed.error?.issues[0]?.path).toEqual(['app_id'])
  })
})

describe('check', () => {
  const limits = (headers: Record<string, string> = {}, remaining = 4000) =>
    get('/rate_limit', { resources: { core: { limit: 5000, remaining, reset: 1_772_400_000 } } }, 200, headers)
  const content = exchangesOf('github').filter(({ request }) => request.url !== '/rate_limit')
  const checked = async (exchanges: readonly Exchange[], settings: Partial<Settings> = {}) =>
    connector.check?.((await asking(exchanges, settings))() as never)

  test('no credential', async () => {
    expect(await checked([], { token: undefined })).toMatchObject({
      ok: false,
      missing: [expect.stringContaining('There is no credential')],
    })
  })

  test('one that has ended', async () => {
    const ended = get('/rate_limit', { message: 'Bad credentials' }, 401)
    expect(await checked([ended])).toMatchObject({ ok: false, missing: [expect.stringContaining('make a new one')] })
  })

  test('scopes, an end that is near, a budget that is spent, a name that is wrong', async () => {
    const soon = { 'x-oauth-scopes': 'public_repo', 'github-authentication-token-expiration': '2026-03-03 12:00:00 UTC' }
    const gone = get('/repos/acme/none', { message: 'Not Found' }, 404)
    const found = await checked([limits(soon, 100), gone, ...content], { repositories: ['acme/none', 'acme/shop'] })
    expect(found?.ok).toBe(true)
    expect(found?.missing).toEqual([
      expect.stringContaining('`public_repo`'),
      expect.stringContaining('2026-03-03T12:00:00.000Z'),
      expect.stringContaining('100 of 5000'),
      expect.stringContaining('acme/none'),
    ])
  })

  test('a permission that is missing, as GitHub names it', async () => {
    const needs = { 'x-accepted-github-permissions': 'actions=read' }
    const runs = get('/repos/acme/shop/actions/runs?per_page=1', { message: 'Resource not accessible' }, 403, needs)
    const rest = content.filter(({ request }) => request.url !== runs.request.url)
    expect(await checked([limits(), runs, ...rest])).toEqual({
      ok: true,
      missing: ['The credential may not read Actions of acme/shop: give it the permission actions=read.'],
    })
  })
})

describe('a hook', () => {
  const read = (event: string, body: unknown) =>
    connector.hook?.read(new Headers({ 'x-github-event': event }), body, connector.config.parse({ repositories: ['acme/shop'] }))
  const repository = { ...shop }

  test('tells what to pull where it does not tell all', () => {
    expect(read('push', { ref: 'refs/tags/v1', repository })).toEqual({ item: null, pull: ['tags'] })
    expect(read('push', { ref: 'refs/heads/main', deleted: true, repository })).toBeNull()
    expect(read('release', { action: 'published', repository })).toEqual({ item: null, pull: ['releases', 'tags'] })
    expect(read('release', { action: 'deleted', release: { id: 7 }, repository })).toEqual({
      item: { stream: 'releases', id: '7', at: null },
    })
  })

  test('two statuses of one second are told apart: the further one is the newer', () => {
    const deployment = { id: 1, sha: sha('a'), environment: 'production', created_at: '2026-01-01T00:00:00Z' }
    const at = (state: string) => {
      const deployment_status = { id: 2, state, created_at: '2026-01-01T00:00:00Z' }
      return read('deployment_status', { deployment, deployment_status, repository })?.item?.at ?? ''
    }
    const moments = [read('deployment', { deployment, repository })?.item?.at ?? '', at('queued'), at('in_progress'), at('success')]
    expect(moments).toEqual(moments.toSorted())
    expect(new Set(moments).size).toBe(4)
  })
})
