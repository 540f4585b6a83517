import { describe, expect, test } from 'vitest'
import type { Answer, Ask, Connector, Page, RequestOptions } from '../src/connector.ts'
import { silentLog } from '../src/log.ts'
import jenkins from './jenkins.ts'
import jira from './jira.ts'
import opsgenie from './opsgenie.ts'
import pagerduty from './pagerduty.ts'

/** Walks that a recording cannot hold: lists longer than a tool lets one page through, and the other edition of Jira. */
type Query = NonNullable<RequestOptions['query']>
type Server = (path: string, query: Query) => { status?: number; body: unknown }

const BEGUN = '2026-03-01T00:00:00.000Z'

async function pull(connector: Connector<never>, settings: unknown, stream: string, server: Server, cursor: string | null = null) {
  const asked: { path: string; query: Query }[] = []
  const http = {
    async get(path: string, { query = {}, allow = [] }: RequestOptions = {}): Promise<Answer> {
      asked.push({ path, query })
      const { status = 200, body } = server(path, query)
      if (status >= 300 && !allow.includes(status)) throw new Error(`${path} answered ${status}`)
      return { status, headers: new Headers(), body, url: path }
    },
  }
  const ask = {
    config: connector.config.parse(settings),
    cursor,
    since: null,
    until: null,
    begun: BEGUN,
    http,
    signal: new AbortController().signal,
    log: silentLog,
    progress() {},
  }
  const pages: Page[] = []
  for await (const page of connector.streams[stream]?.pull?.(ask as unknown as Ask<never>) ?? []) pages.push(page)
  return { asked, ids: pages.flatMap((page) => page.items.map(({ id }) => id)), items: pages.flatMap((page) => page.items), pages }
}

const settled = (since: string, key = 'account') => JSON.stringify({ [key]: { since } })

describe('PagerDuty', () => {
  const settings = { token: 'test-token' }
  const incident = (index: number, at: number) => ({
    id: `P${index}`,
    status: 'triggered',
    created_at: new Date(at).toISOString(),
    updated_at: new Date(at).toISOString(),
  })

  test('a window that holds more than the tool pages through is halved, and nothing is lost', async () => {
    // One a minute: 25,000 in 17 days, of which a list gives the first 10,000.
    const start = Date.parse('2026-01-01T00:00:00Z')
    const all = Array.from({ length: 25_000 }, (_, index) => incident(index, start + index * 60_000))
    const { ids, asked } = await pull(pagerduty as never, settings, 'incidents', (_path, query) => {
      const [offset, limit] = [Number(query['offset'] ?? 0), Number(query['limit'])]
      if (offset + limit > 10_000) return { status: 400, body: {} }
      const within = all.filter(
        ({ created_at }) => query['date_range'] === 'all' || (created_at >= String(query['since']) && created_at <= String(query['until'])),
      )
      return { body: { incidents: within.slice(offset, offset + limit), more: offset + limit < within.length } }
    })
    expect(new Set(ids).size).toBe(25_000)
    const spans = asked.flatMap(({ query }) =>
      query['since'] ? [Date.parse(String(query['until'])) - Date.parse(String(query['since']))] : [],
    )
    expect(Math.max(...spans)).toBeLessThan(180 * 86_400_000)
  })

  test('what changed since is found in the log, however long ago it was created', async () => {
    const old = { ...incident(7, Date.parse('2024-01-01T00:00:00Z')), status: 'resolved', updated_at: '2026-02-27T10:00:00Z' }
    const { items, asked } = await pull(
      pagerduty as never,
      settings,
      'incidents',
      () => ({
        body: {
          log_entries: [
            { type: 'resolve_log_entry', created_at: '2026-02-27T10:00:00Z', incident: old },
            { type: 'trigger_log_entry', created_at: '2026-02-27T09:00:00Z', incident: old },
            { type: 'notify_log_entry', created_at: '2026-02-27T09:00:00Z' },
          ],
          more: false,
        },
      }),
      settled('2026-02-27T00:00:00.000Z'),
    )
    expect(asked.map(({ path }) => path)).toEqual(['/log_entries'])
    expect(items.map(({ id, at }) => [id, at])).toEqual([['P7', '2026-02-27T10:00:00.000Z']])
  })

  test('an account without incidents is a list without end of nothing', async () => {
    const { ids, pages } = await pull(pagerduty as never, settings, 'incidents', () => ({ body: { incidents: [], more: false } }))
    expect(ids).toEqual([])
    expect(pages.at(-1)?.cursor).toBe(settled(BEGUN))
  })
})

describe('Opsgenie', () => {
  const settings = { token: 'test-token' }
  const start = Date.parse('2026-02-01T00:00:00Z')
  // Two in each second, newest first.
  const alerts = Array.from({ length: 25_000 }, (_, index) => {
    const at = new Date(start - Math.floor(index / 2) * 1_000).toISOString()
    return { id: `a${index}`, status: 'open', createdAt: at, updatedAt: at }
  })
  const server: Server = (_path, query) => {
    const [offset, limit] = [Number(query['offset']), Number(query['limit'])]
    if (offset + limit > 20_000) return { status: 422, body: {} }
    const before = /createdAt < (\d+)/.exec(String(query['query'] ?? ''))?.[1]
    const within = alerts.filter(({ createdAt }) => before === undefined || Date.parse(createdAt) < Number(before))
    const paging = offset + limit < within.length ? { next: 'https://api.opsgenie.example.com/next' } : {}
    return { body: { data: within.slice(offset, offset + limit), paging } }
  }

  test('a list that is longer than the tool pages through begins again below, and nothing is lost', async () => {
    const { ids } = await pull(opsgenie as never, settings, 'alerts', server)
    expect(new Set(ids).size).toBe(25_000)
  })

  test('what changed since stops where it was', async () => {
    const { ids, asked } = await pull(opsgenie as never, settings, 'alerts', server, settled('2026-01-31T23:59:00.000Z'))
    expect(asked.map(({ query }) => query['sort'])).toEqual(Array.from({ length: 14 }, () => 'updatedAt'))
    // Ten minutes of overlap and one, of two in each second, both ends included.
    expect(ids.length).toBe((11 * 60 + 1) * 2)
  })
})

describe('Jira Data Center', () => {
  const settings = { url: 'https://jira.example.org', token: 'test-token', projects: ['SHOP'], jql: 'labels = web' }
  const issues = Array.from({ length: 130 }, (_, index) => ({
    id: String(index),
    key: `SHOP-${index}`,
    fields: { updated: '2026-02-01T10:00:00.000+0100', worklog: { total: 0, worklogs: [] } },
    changelog: { total: index === 0 ? 2 : 0, histories: [] },
  }))
  const history = (id: string) => ({ id, created: '2026-02-01T10:00:00.000+0100', items: [] })
  const server: Server = (path, query) => {
    if (path === '/rest/api/2/field' || path === '/rest/api/2/status') return { status: 403, body: {} }
    if (path === '/rest/api/2/worklog/deleted') return { body: { values: [], lastPage: true } }
    if (path === '/rest/api/2/issue/0')
      return { body: { ...issues[0], changelog: { total: 2, histories: [history('h1'), history('h2')] } } }
    if (path !== '/rest/api/2/search') throw new Error(`not asked for: ${path}`)
    const startAt = Number(query['startAt'])
    // A server may give fewer than it is asked for.
    return { body: { startAt, maxResults: 50, total: issues.length, issues: issues.slice(startAt, startAt + 50) } }
  }

  test('is searched by version 2, a page after the other, and needs no list of fields', async () => {
    const { ids, asked } = await pull(jira as never, settings, 'issues', server)
    expect(new Set(ids).size).toBe(130)
    expect(asked.filter(({ path }) => path === '/rest/api/2/search').map(({ query }) => query['startAt'])).toEqual([0, 50, 100])
    expect(asked[1]?.query['jql']).toBe('project = "SHOP" AND (labels = web) ORDER BY updated DESC')
  })

  test('what changed since is asked by milliseconds, which have no time zone', async () => {
    const { asked } = await pull(jira as never, settings, 'issues', server, settled('2026-02-01T00:10:00.000Z', 'SHOP'))
    expect(asked[1]?.query['jql']).toBe(
      `project = "SHOP" AND updated >= ${Date.parse('2026-02-01T00:00:00Z')} AND (labels = web) ORDER BY updated DESC`,
    )
  })

  test('a history that is cut is asked for by the issue', async () => {
    expect((await pull(jira as never, settings, 'changelogs', server)).ids).toEqual(['h1', 'h2'])
  })

  test('the token is sent as it is; with an e-mail address, as its password', () => {
    const headers = (config: unknown) => jira.api?.(jira.config.parse(config)).headers['authorization']
    expect(headers(settings)).toBe('Bearer test-token')
    expect(headers({ ...settings, email: 'bot@example.org' })).toBe(`Basic ${Buffer.from('bot@example.org:test-token').toString('base64')}`)
  })
})

test('Jira Cloud: a walk that rested for longer than its place holds begins again', async () => {
  const settings = { url: 'https://jira.example.org', email: 'bot@example.org', token: 'test-token', projects: ['shop'] }
  const one = { id: '1', key: 'SHOP-1', fields: { updated: '2026-02-01T10:00:00.000+0100' } }
  const server: Server = (path, query) => {
    if (path === '/rest/api/3/field') return { body: [] }
    if (query['nextPageToken'] !== undefined) return { status: 400, body: { errorMessages: ['The token is expired.'] } }
    return { body: { issues: [one] } }
  }
  const rested = JSON.stringify({ SHOP: { since: null, walk: { page: 'old', begun: '2026-02-01T00:00:00.000Z', since: null } } })
  expect((await pull(jira as never, settings, 'issues', server, rested)).ids).toEqual(['1'])
})

describe('check names what is missing, with its remedy', () => {
  const refused = async (connector: Connector<never>, settings: unknown, statusOf: (path: string) => number) => {
    const http = { get: async (path: string) => ({ status: statusOf(path), headers: new Headers(), body: [], url: path }) }
    return connector.check?.({ config: connector.config.parse(settings), http, begun: BEGUN } as unknown as Ask<never>)
  }

  test.each([
    [pagerduty, { token: 'x' }],
    [opsgenie, { token: 'x' }],
    [jira, { url: 'https://jira.example.org', token: 'x' }],
  ])('a token that is not valid', async (connector, settings) => {
    const found = await refused(connector as never, settings, () => 401)
    expect(found?.ok).toBe(false)
    expect(found?.missing.length).toBe(1)
    expect(found?.missing[0]).toMatch(/token|key/)
  })

  test('a permission that is not there', async () => {
    const noLog = await refused(pagerduty as never, { token: 'x' }, (path) => (path === '/log_entries' ? 403 : 200))
    expect(noLog).toEqual({ ok: false, missing: [expect.stringMatching(/log entries.*REST API key/) as string] })
    const noIncidents = await refused(opsgenie as never, { token: 'x', count: ['alerts', 'incidents'] }, (path) =>
      path === '/v2/alerts' ? 200 : 403,
    )
    expect(noIncidents).toEqual({
      ok: true,
      missing: [expect.stringMatching(/incidents/), expect.stringMatching(/Configuration Access/)] as string[],
    })
    const noProject = await refused(jira as never, { url: 'https://jira.example.org', token: 'x', projects: ['SHOP'] }, (path) =>
      /project|agile/.test(path) ? 404 : 200,
    )
    expect(noProject).toEqual({
      ok: false,
      missing: [expect.stringMatching(/SHOP.*Browse Projects/), expect.stringMatching(/boards.*Jira Software/)] as string[],
    })
  })
})

describe('a list that a tool gives whole', () => {
  const settings = { url: 'https://jenkins.example.org', user: 'fairlead', token: 'test-token' }
  const job = (index: number, color = 'blue') => ({ fullName: `job-${String(index).padStart(4, '0')}`, color, lastBuild: null })
  const all = Array.from({ length: 450 }, (_, index) => job(index))
  const listed = (jobs: readonly unknown[], cursor: string | null) =>
    pull(jenkins as never, settings, 'jobs', () => ({ body: { jobs } }), cursor)

  test('is told item by item, once; then what is new or changed, and what came back', async () => {
    const first = await listed(all, null)
    expect([first.ids.length, first.pages.length, first.asked.length]).toEqual([450, 3, 1])
    const end = first.pages.at(-1)?.cursor ?? null
    expect((await listed(all, end)).ids).toEqual([])
    // One that runs is no other job.
    expect((await listed([job(0, 'blue_anime'), ...all.slice(1)], end)).ids).toEqual([])
    const changed = await listed([job(0, 'red'), ...all.slice(2), job(450)], end)
    expect(changed.ids).toEqual(['job-0000', 'job-0450'])
    expect((await listed([job(0, 'red'), ...all.slice(1), job(450)], changed.pages.at(-1)?.cursor ?? null)).ids).toEqual(['job-0001'])
  })

  test('stopped after any page it goes on with the rest', async () => {
    const { pages, ids } = await listed(all, null)
    for (const [index, { cursor }] of pages.entries()) expect((await listed(all, cursor)).ids).toEqual(ids.slice((index + 1) * 200))
  })
})
