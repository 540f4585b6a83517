import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { fixedClock } from '../clock.ts'
import type { Api, Http } from '../connector.ts'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import { addressRules, createDispatcher } from './http-address.ts'
import { createHttp, type Exchange, type HttpParts } from './http.ts'

type Reply = (request: IncomingMessage, response: ServerResponse, count: number) => void

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A tool that answers as it is told, and remembers who asked, with what, and when by the clock of the test. */
async function tool(reply: Reply, now: () => number = () => 0) {
  const asked: { url: string; headers: IncomingMessage['headers']; at: number }[] = []
  let connections = 0
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers, at: now() })
    reply(request, response, asked.length)
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  const { port } = server.address() as AddressInfo
  return { base: `http://127.0.0.1:${port}`, port, asked, connections: () => connections }
}

const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

const START = Date.parse('2026-03-01T00:00:00.000Z')

/** The client over a clock that sleeping moves on. */
function client(
  api: Partial<Api> & { base: string },
  options: { allowed?: readonly string[] } & Partial<HttpParts> = {},
): { http: Http; waits: number[]; clock: ReturnType<typeof fixedClock> } {
  const clock = fixedClock(START)
  const waits: number[] = []
  const rules = addressRules(options.allowed ?? ['127.0.0.1'])
  const http = createHttp({
    api: { headers: { authorization: 'Bearer test-token' }, ...api },
    dispatcher: createDispatcher(rules),
    rules,
    signal: new AbortController().signal,
    clock,
    log: silentLog,
    async sleep(ms) {
      waits.push(ms)
      clock.set(clock.now() + ms)
    },
    ...options,
  })
  return { http, waits, clock }
}

const codeOf = (thrown: unknown) => (thrown instanceof AppError ? thrown.code : thrown)

describe('rate limits', () => {
  test.each([
    ['Retry-After in seconds', 429, { 'retry-after': '17' }, 17_000],
    ['Retry-After as a date', 429, { 'retry-after': 'Sun, 01 Mar 2026 00:02:00 GMT' }, 120_000],
    [
      'a reset in seconds since 1970',
      403,
      { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(START / 1000 + 300) },
      300_000,
    ],
    ['a reset in seconds from now', 429, { 'ratelimit-limit': '900', 'ratelimit-remaining': '0', 'ratelimit-reset': '42' }, 42_000],
    [
      'a reset as a date',
      429,
      { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-03-01T00:00:30Z' },
      30_000,
    ],
    ['nothing at all', 429, {}, 60_000],
  ])('%s is waited for, and nothing is asked before', async (_, status, headers, expected) => {
    const clocked: { now(): number } = { now: () => 0 }
    const one = await tool(
      (_request, response, count) =>
        count === 1 ? json(response, { message: 'too many' }, status, headers as Record<string, string>) : json(response, { ok: true }),
      () => clocked.now(),
    )
    const { http, waits, clock } = client({ base: one.base })
    clocked.now = () => clock.now()
    expect((await http.get('/x')).body).toEqual({ ok: true })
    expect(waits).toEqual([expected])
    expect(one.asked.map(({ at }) => at - START)).toEqual([0, expected])
  })

  test('a secondary limit without a header waits at least a minute, and longer each time', async () => {
    const one = await tool((_request, response, count) =>
      count < 4 ? json(response, { message: 'You have exceeded a secondary rate limit' }, 403) : json(response, {}),
    )
    const { http, waits } = client({ base: one.base })
    await http.get('/x')
    expect(waits).toEqual([60_000, 120_000, 240_000])
  })

  test('a tenth of the budget is left to others', async () => {
    let remaining = 503
    const one = await tool((_request, response) =>
      json(response, {}, 200, {
        'x-ratelimit-limit': '5000',
        'x-ratelimit-remaining': String(--remaining),
        'x-ratelimit-reset': String(START / 1000 + 600),
      }),
    )
    const { http, waits } = client({ base: one.base })
    for (let count = 0; count < 4; count++) await http.get('/x')
    // The third answer says that 500 of 5,000 are left: the fourth question waits for the reset.
    expect(waits).toEqual([600_000])
  })

  test('a wait beyond the hour ends the pull, with what is kept', async () => {
    const one = await tool((_request, response) => json(response, {}, 429, { 'retry-after': '86400' }))
    const { http } = client({ base: one.base })
    await expect(http.get('/x')).rejects.toMatchObject({ code: 'source-limited', help: expect.stringContaining('is kept') })
  })
})

describe('what breaks on the way', () => {
  test('is asked again, and then given up with the host and the remedy', async () => {
    const one = await tool((_request, response) => json(response, { message: 'down' }, 502))
    const { http, waits } = client({ base: one.base })
    await expect(http.get('/x')).rejects.toMatchObject({ code: 'source-failed', message: expect.stringContaining('127.0.0.1') })
    expect(one.asked).toHaveLength(7)
    expect(waits).toHaveLength(6)
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60_000)
  })

  test('a port where nothing listens, and a name that is not known, say so', async () => {
    const { http } = client({ base: 'http://127.0.0.1:1' })
    await expect(http.get('/x')).rejects.toMatchObject({ code: 'source-failed', message: expect.stringContaining('nothing listens') })
    const other = client({ base: 'http://nowhere.invalid' })
    await expect(other.http.get('/x')).rejects.toMatchObject({
      code: 'source-failed',
      message: expect.stringContaining('name is not known'),
    })
  })

  test('HTML with 200 is no answer', async () => {
    const one = await tool((_request, response) => response.end('<html>Sign in</html>'))
    await expect(client({ base: one.base }).http.get('/x')).rejects.toMatchObject({
      code: 'source-failed',
      message: expect.stringContaining('no whole JSON'),
    })
  })

  test('a GraphQL query that failed inside is asked again; one that is refused is not', async () => {
    const one = await tool((_request, response, count) =>
      count === 1
        ? json(response, { errors: [{ message: 'Something went wrong while executing your query.' }] })
        : json(response, { data: { ok: 1 } }),
    )
    expect(await client({ base: one.base }).http.graphql('/graphql', 'query { ok }', {})).toEqual({ ok: 1 })
    const missing = await tool((_request, response) =>
      json(response, { data: { a: null }, errors: [{ type: 'NOT_FOUND', message: 'no such' }] }),
    )
    expect(await client({ base: missing.base }).http.graphql('/graphql', 'query { a }', {})).toEqual({ a: null })
    const refused = await tool((_request, response) => json(response, { errors: [{ message: 'Field does not exist' }] }))
    await expect(client({ base: refused.base }).http.graphql('/graphql', 'query { b }', {})).rejects.toMatchObject({
      code: 'source-refused',
    })
    expect(refused.asked).toHaveLength(1)
  })

  test('it ends at once when it is told to', async () => {
    const stop = new AbortController()
    const one = await tool(() => stop.abort(new Error('enough')))
    await expect(client({ base: one.base }, { signal: stop.signal }).http.get('/x')).rejects.toThrow()
    expect(one.asked).toHaveLength(1)
  })
})

describe('credentials', () => {
  test('a refused one is said, and is not tried again', async () => {
    const one = await tool((_request, response) => json(response, { message: 'Bad credentials' }, 401))
    await expect(client({ base: one.base }).http.get('/x')).rejects.toMatchObject({
      code: 'source-denied',
      message: expect.stringContaining('Bad credentials'),
    })
    expect(one.asked).toHaveLength(1)
  })

  test('one that ends is asked for before it does, and once more when it is refused', async () => {
    let grants = 0
    const one = await tool((request, response) => {
      if (request.url === '/grant') return json(response, { token: `grant-${++grants}` })
      return request.headers.authorization === 'Bearer grant-2' ? json(response, { ok: true }) : json(response, {}, 401)
    })
    const { http } = client({
      base: one.base,
      headers: {},
      async authorize(plain, now) {
        const { body } = await plain.get('/grant')
        return {
          headers: { authorization: `Bearer ${(body as { token: string }).token}` },
          expires_at: new Date(now + 3_600_000).toISOString(),
        }
      },
    })
    expect((await http.get('/x')).body).toEqual({ ok: true })
    expect((await http.get('/y')).body).toEqual({ ok: true })
    expect(one.asked.map(({ url }) => url)).toEqual(['/grant', '/x', '/grant', '/x', '/y'])
  })

  test('they do not follow a redirect to another host, and do on their own', async () => {
    const other = await tool((_request, response) => json(response, { other: true }))
    const one = await tool((request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: `http://127.0.0.1:${other.port}/there` }).end()
      else if (request.url === '/renamed') response.writeHead(301, { location: '/repositories/1' }).end()
      else json(response, { own: true })
    })
    const { http } = client({ base: one.base })
    expect((await http.get('/away')).body).toEqual({ other: true })
    expect(other.asked[0]?.headers.authorization).toBeUndefined()
    expect((await http.get('/renamed')).url).toBe(`${one.base}/repositories/1`)
    expect(one.asked.at(-1)?.headers.authorization).toBe('Bearer test-token')
  })

  test('a next page on another host is refused', async () => {
    const one = await tool((_request, response) => json(response, {}))
    await expect(client({ base: one.base }).http.get('http://127.0.0.1:9/page2')).rejects.toMatchObject({
      code: 'source-failed',
      message: expect.stringContaining('another host'),
    })
    expect(one.asked).toEqual([])
  })

  test('they are in no recorded exchange', async () => {
    const one = await tool((_request, response) =>
      json(response, { fine: true }, 200, { 'set-cookie': 'session=secret', link: '<x>; rel="next"' }),
    )
    const exchanges: Exchange[] = []
    const { http } = client({ base: `${one.base}/prefix` }, { onExchange: (exchange) => exchanges.push(exchange) })
    await http.post('/q', { ask: 1 }, { query: { page: 2 } })
    expect(exchanges).toEqual([
      {
        request: { method: 'POST', url: '/q?page=2', body: { ask: 1 } },
        response: { status: 200, headers: { link: '<x>; rel="next"', 'content-type': 'application/json' }, body: { fine: true } },
      },
    ])
    expect(JSON.stringify(exchanges)).not.toMatch(/test-token|secret/)
  })
})

describe('private addresses', () => {
  test.each([
    'http://127.0.0.1',
    'http://localhost',
    'http://LOCALHOST',
    'http://127.1',
    'http://0x7f.1',
    'http://2130706433',
    'http://017700000001',
    'http://0.0.0.0',
    'http://[::1]',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[64:ff9b::7f00:1]',
    'http://１２７.０.０.１',
    'http://127。0。0。1',
  ])('%s is refused, and the listener there sees no connection', async (address) => {
    const canary = await tool((_request, response) => json(response, { leaked: true }))
    const { http } = client({ base: `${address}:${canary.port}` }, { allowed: [] })
    const thrown = await http.get('/x').then(
      () => 'answered',
      (error: unknown) => codeOf(error),
    )
    expect(thrown).toBe('address-refused')
    expect(canary.connections()).toBe(0)
  })

  test.each([
    'http://10.0.0.1',
    'http://172.16.0.1',
    'http://192.168.1.1',
    'http://169.254.169.254',
    'http://100.64.0.1',
    'http://[fd00::1]',
    'http://[fe80::1]',
  ])('%s is refused', async (address) => {
    await expect(client({ base: address }, { allowed: [] }).http.get('/x')).rejects.toMatchObject({
      code: 'address-refused',
      help: expect.stringContaining('FAIRLEAD_ALLOW_ADDRESSES'),
    })
  })

  test.each(['ftp://git.example.org', 'file:///etc/passwd', 'http://user:password@git.example.org', 'gopher://127.0.0.1'])(
    '%s is refused',
    async (address) => {
      await expect(client({ base: address }, { allowed: ['all'] }).http.get('/x')).rejects.toMatchObject({ code: 'address-refused' })
    },
  )

  test('a redirect to one is refused, too', async () => {
    const canary = await tool((_request, response) => json(response, {}))
    const one = await tool((_request, response) => response.writeHead(302, { location: `http://[::1]:${canary.port}/` }).end())
    await expect(client({ base: one.base }).http.get('/x')).rejects.toMatchObject({ code: 'address-refused' })
    expect(canary.connections()).toBe(0)
  })

  test.each([['127.0.0.1'], ['127.0.0.0/8'], ['all']])('allowed by %s it is asked', async (allowed) => {
    const one = await tool((_request, response) => json(response, { ok: true }))
    expect((await client({ base: one.base }, { allowed: [allowed] }).http.get('/x')).body).toEqual({ ok: true })
  })

  test('a name is allowed by its name', async () => {
    const one = await tool((_request, response) => json(response, { ok: true }))
    expect((await client({ base: `http://localhost:${one.port}` }, { allowed: ['localhost'] }).http.get('/x')).body).toEqual({ ok: true })
  })
})
