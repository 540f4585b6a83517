import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { hooksOf } from '../test/fixtures.ts'
import type { Answer, Ask, Http, RequestOptions } from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import connector from './gitlab.ts'

/** What the fixture folder cannot show: what is missing, what is only pushed, and what is asked the next time. */
type Settings = Record<string, unknown>
type Config = z.output<typeof connector.config>

interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** Answers by path; 404 to all else. Judges statuses as the client does. */
function fakeHttp(replies: Readonly<Record<string, Reply>>): Http & { readonly asked: string[] } {
  const asked: string[] = []
  const answer = (path: string, { query = {}, allow = [] }: RequestOptions = {}): Answer => {
    const search = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${String(value)}`]))
    asked.push(`${path}?${search.sort().join('&')}`)
    const { status = 200, headers = {}, body = [] } = replies[path.replace('/api/v4', '')] ?? { status: 404 }
    if (status >= 300 && !allow.includes(status)) throw new AppError('source-denied', `answered ${status}`, { detail: { status } })
    return { status, headers: new Headers(headers), body, url: path }
  }
  return {
    asked,
    get: async (path, options) => answer(path, options),
    post: async (path, _body, options) => answer(path, options),
    graphql: async () => {
      throw new AppError('source-refused', 'Field is not known')
    },
  }
}

function askOf(settings: Settings, http: Http, more: Partial<Ask<Config>> = {}): Ask<Config> {
  const config = connector.config.parse(settings)
  const git = async function* () {}
  return askWith({ config, http, git, signal: new AbortController().signal, log: silentLog, begun: '2026-03-01T00:00:00.000Z', ...more })
}

async function pull(stream: string, ask: Ask<Config>) {
  const pages = []
  for await (const page of connector.streams[stream]?.pull?.(ask) ?? []) pages.push(page)
  const items = pages.flatMap((page) => page.items)
  return {
    items,
    payloads: items.map((item) => JSON.parse(Buffer.from(item.payload).toString()) as Record<string, unknown>),
    cursor: pages.at(-1)?.cursor ?? null,
  }
}

const shop = {
  id: 101,
  path_with_namespace: 'acme/shop',
  name: 'Shop',
  web_url: 'https://gitlab.example.org/acme/shop',
  visibility: 'private',
}
const PARTS = ['repository/commits', 'merge_requests', 'pipelines', 'deployments', 'releases', 'issues']
const complete: Record<string, Reply> = {
  '/projects/acme%2Fshop': { body: { ...shop, permissions: { project_access: { access_level: 20 }, group_access: null } } },
  '/personal_access_tokens/self': { body: { scopes: ['read_api'] } },
  ...Object.fromEntries(PARTS.map((part) => [`/projects/101/${part}`, {}])),
}
const settings: Settings = { token: 'test-token', projects: ['acme/shop'] }

describe('check', () => {
  const check = (given: Settings, replies: Record<string, Reply>) => connector.check?.(askOf(given, fakeHttp(replies)))

  test('is content where nothing is missing, and with a webhook alone', async () => {
    expect(await check(settings, complete)).toEqual({ ok: true, missing: [] })
    expect(await check({ webhook_secrets: ['s'] }, {})).toEqual({ ok: true, missing: [] })
  })

  test.each<[string, Settings, Record<string, Reply>, boolean, RegExp]>([
    ['nothing to read', {}, {}, false, /Neither projects nor a group/],
    [
      'a token that is not known',
      settings,
      { ...complete, '/personal_access_tokens/self': { status: 401 } },
      false,
      /does not know the token/,
    ],
    [
      'a token with another scope',
      settings,
      { ...complete, '/personal_access_tokens/self': { body: { scopes: ['read_user'] } } },
      false,
      /read_user and not read_api/,
    ],
    ['a project that is not seen', settings, { '/personal_access_tokens/self': { body: {} } }, false, /acme\/shop cannot be seen \(404\)/],
    [
      'a group that is not seen',
      { ...settings, group: 'acme' },
      { ...complete, '/groups/acme': { status: 403 } },
      true,
      /group acme cannot be seen \(403\)/,
    ],
    [
      'a guest',
      settings,
      { ...complete, '/projects/acme%2Fshop': { body: { ...shop, permissions: { project_access: { access_level: 10 } } } } },
      true,
      /guest of acme\/shop.*Reporter/,
    ],
    [
      'a part that is refused',
      settings,
      { ...complete, '/projects/101/deployments': { status: 403 } },
      true,
      /deployments of acme\/shop cannot be read \(403\).*Reporter/,
    ],
  ])('names %s', async (_name, given, replies, ok, words) => {
    expect(await check(given, replies)).toEqual({ ok, missing: [expect.stringMatching(words)] })
  })
})

describe('pull', () => {
  test('what is refused or switched off is empty; a token that is not known and a limit are no such case', async () => {
    for (const status of [403, 404])
      expect((await pull('issues', askOf(settings, fakeHttp({ ...complete, '/projects/101/issues': { status } })))).items).toEqual([])
    for (const status of [401, 429])
      await expect(pull('issues', askOf(settings, fakeHttp({ ...complete, '/projects/101/issues': { status } })))).rejects.toThrow(
        String(status),
      )
  })

  test('a project that is gone does not stop the others', async () => {
    const http = fakeHttp({ ...complete, '/projects/101/issues': { body: [{ iid: 1, updated_at: '2026-01-01T00:00:00Z' }] } })
    const { items } = await pull('issues', askOf({ ...settings, projects: ['acme/gone', 'acme/shop'] }, http))
    expect(items.map(({ id }) => id)).toEqual(['101#1'])
  })

  test('a project that is asked for by its former path and by the present one is one', async () => {
    const http = fakeHttp({ ...complete, '/projects/acme%2Fstore': { body: shop } })
    const { payloads } = await pull('repositories', askOf({ ...settings, projects: ['acme/store', 'acme/shop'] }, http))
    expect(payloads).toEqual([expect.objectContaining({ id: 101, asked: ['acme/store', 'acme/shop'] })])
  })

  test('the next time only what changed is asked for; commits from 30 days before', async () => {
    const first = fakeHttp(complete)
    const { cursor } = await pull('issues', askOf(settings, first))
    expect(first.asked.at(-1)).not.toContain('updated_after')
    const next = fakeHttp(complete)
    await pull('issues', askOf(settings, next, { cursor, begun: '2026-03-02T00:00:00.000Z' }))
    expect(next.asked.at(-1)).toContain('updated_after=2026-02-28T23:50:00.000Z')
    await pull('commits', askOf(settings, next, { cursor: (await pull('commits', askOf(settings, first))).cursor }))
    expect(next.asked.at(-1)).toContain('since=2026-01-29T23:50:00.000Z')
    await pull('deployments', askOf(settings, first))
    expect(first.asked.at(-1)).toMatch(/order_by=updated_at.*updated_after=2000/)
  })

  test('a link is followed by its query, whatever GitLab thinks its own name is', async () => {
    const link = '<http://gitlab.internal.example.org/api/v4/projects/101/issues?cursor=x&per_page=100>; rel="next"'
    const http = fakeHttp({ ...complete, '/projects/101/issues': { headers: { link } } })
    const pages = connector.streams['issues']?.pull?.(askOf(settings, http))[Symbol.asyncIterator]()
    await pages?.next()
    await pages?.next()
    expect(http.asked.at(-1)).toBe('/api/v4/projects/101/issues?cursor=x&per_page=100')
  })

  test('a list that is longer than GitLab counts goes on by time', async () => {
    const body = [{ iid: 1, updated_at: '2026-01-01T00:00:00.123Z' }]
    const http = fakeHttp({ ...complete, '/projects/101/issues': { headers: { 'x-next-page': '401' }, body } })
    const pages = connector.streams['issues']?.pull?.(askOf(settings, http))[Symbol.asyncIterator]()
    await pages?.next()
    await pages?.next()
    expect(http.asked.at(-1)).toBe(
      '/api/v4/projects/101/issues?order_by=updated_at&per_page=100&scope=all&sort=desc&updated_before=2026-01-01T00:00:00.124Z',
    )
  })

  test('sizes that GraphQL does not give are unknown', async () => {
    const http = fakeHttp({ ...complete, '/projects/101/merge_requests': { body: [{ iid: 1, updated_at: '2026-01-01T00:00:00Z' }] } })
    expect((await pull('merge_requests', askOf(settings, http))).payloads).toEqual([expect.objectContaining({ iid: 1, size: null })])
  })

  test('groups are asked for once a day; members that may not be read are no group without members', async () => {
    const of = { ...settings, projects: [], group: 'acme' }
    const replies = {
      '/groups/acme': { body: { id: 1, full_path: 'acme', name: 'Acme' } },
      '/groups/acme/descendant_groups': { body: [] },
      '/groups/acme/projects': { body: [] },
      '/groups/1/members': { body: [{ id: 7, username: 'alice', state: 'active', access_level: 50 }] },
    }
    const first = await pull('groups', askOf(of, fakeHttp(replies)))
    expect(first.payloads).toMatchObject([{ group: 'acme', groups: [{ full_path: 'acme', members: [{ username: 'alice' }] }] }])
    const again = fakeHttp(replies)
    expect((await pull('groups', askOf(of, again, { cursor: first.cursor }))).items).toEqual([])
    expect(again.asked).toEqual([])
    const tomorrow = askOf(of, fakeHttp(replies), { cursor: first.cursor, begun: '2026-03-02T00:00:00.000Z' })
    expect((await pull('groups', tomorrow)).items).toHaveLength(1)
    for (const path of Object.keys(replies).filter((one) => !one.endsWith('/projects'))) {
      const refused = { ...replies, [path]: { status: 403 } }
      expect([path, (await pull('groups', askOf(of, fakeHttp(refused)))).items]).toEqual([path, []])
    }
  })

  test('without projects and group nothing is asked', async () => {
    const http = fakeHttp({})
    for (const stream of Object.keys(connector.streams)) expect((await pull(stream, askOf({}, http))).items).toEqual([])
    expect(http.asked).toEqual([])
  })
})

describe('hook', () => {
  const hook = connector.hook as NonNullable<typeof connector.hook>
  const alone = connector.config.parse({ webhook_secrets: ['s'], deployments: [{ from: 'deployment' }, { from: 'tag' }] })

  test('with no projects a delivery is the item itself, where it has one', () => {
    const read = hooksOf('gitlab').map(({ name, headers, text }) => {
      const delivery = hook.read(new Headers(headers), JSON.parse(text), alone)
      return [name, delivery === null ? null : `${delivery.item?.stream} ${delivery.item?.id} ${delivery.item?.at}`]
    })
    expect(Object.fromEntries(read)).toEqual({
      'push to the default branch': null,
      'push to another branch': null,
      tag: null,
      'merge request opened': 'merge_requests 101!4 2026-01-13T17:30:00.000Z',
      'merge request approved': 'notes approval:101!6:bob:2026-01-14T09:06:00.000Z 2026-01-14T09:06:00.000Z',
      'comment on a merge request': 'notes note:9601 2026-01-14T09:05:00.000Z',
      'comment on an issue': null,
      'incident closed': 'issues 101#23 2026-01-14T10:55:00.000Z',
      'pipeline succeeded': 'pipelines 801 2026-01-14T10:20:00.003Z',
      'job waits': 'jobs 7005 2026-01-14T10:00:05.001Z',
      'job started': 'jobs 7005 2026-01-14T10:15:00.002Z',
      'deployment by the API succeeded, with an offset': 'deployments 506 2026-01-14T21:00:00.003Z',
      'deployment started, and nothing else is known of it': 'deployments 508 2026-01-15T03:00:00.002Z',
      release: 'releases 101@v1.1.0 2026-01-12T10:00:00.000Z',
      emoji: null,
      'wiki page': null,
      'group member': null,
    })
  })

  test('a release that was deleted is told, for no pull takes it back', () => {
    const body = { object_kind: 'release', action: 'delete', tag: 'v1', project: { id: 101 } }
    const asked = connector.config.parse(settings)
    expect(hook.read(new Headers(), body, asked)).toEqual({ item: { stream: 'releases', id: '101@v1', at: null } })
  })

  test('an edit after the end of a merge request does not take back when it ended', () => {
    const body = {
      object_kind: 'merge_request',
      project: { id: 101 },
      object_attributes: { iid: 1, action: 'update', state: 'merged', updated_at: '2026-01-01 00:00:00 UTC' },
    }
    expect(hook.read(new Headers(), body, alone)).toBeNull()
  })

  test('a signing token is a key in base64, and one of several signatures is enough', () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef')
    const config = connector.config.parse({ webhook_secrets: ['old', `whsec_${key.toString('base64')}`] })
    const body = Buffer.from('{"object_kind":"push"}')
    const signature = createHmac('sha256', key).update('id-1.1768471200.').update(body).digest('base64')
    const signed = (value: string) => new Headers({ 'webhook-id': 'id-1', 'webhook-timestamp': '1768471200', 'webhook-signature': value })
    expect(hook.verify(config, signed(`v1,${signature}`), body)).toBe(true)
    expect(hook.verify(config, signed(`v1a,other v1,${signature}`), body)).toBe(true)
    expect(hook.verify(config, signed(signature), body)).toBe(false)
    expect(hook.verify(config, signed(`v1,${signature}`), Buffer.from('{}'))).toBe(false)
    expect(hook.verify(config, new Headers({ 'x-gitlab-token': 'old' }), body)).toBe(true)
    expect(hook.verify(config, new Headers({ 'x-gitlab-token': '' }), body)).toBe(false)
  })
})

describe('times', () => {
  const rows = (status_changed_at: string) => {
    const payload = connector.streams['deployments']?.payload.safeParse({
      object_kind: 'deployment',
      deployment_id: 1,
      status: 'success',
      status_changed_at,
      environment: 'production',
      project: { path_with_namespace: 'acme/shop' },
    }) as { success: boolean; data?: { updated_at: string } }
    return payload.success ? payload.data?.updated_at : null
  }

  test.each([
    ['2026-01-15 10:00:00 UTC', '2026-01-15T10:00:00.000Z'],
    ['2026-01-15 10:00:00 +0200', '2026-01-15T08:00:00.000Z'],
    ['2026-01-15 10:00:00 -0530', '2026-01-15T15:30:00.000Z'],
    ['2026-01-15T10:00:00.123456+02:00', '2026-01-15T08:00:00.123Z'],
    ['2026-01-15T10:00:00Z', '2026-01-15T10:00:00.000Z'],
    ['9999-01-15T10:00:00Z', '2299-12-31T23:59:59.000Z'],
    ['2026-01-15 10:00:00', null],
    ['2026-13-15 10:00:00 UTC', null],
    ['yesterday', null],
  ])('%s is %s', (text, moment) => {
    expect(rows(text)).toBe(moment)
  })
})
