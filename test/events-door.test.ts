import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** The door for pushed events and the server around it, as a stranger meets them: over HTTP, against the program itself. */
let server: Server
let data: string
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const deploy = (more: Record<string, unknown> = {}) => ({ kind: 'deploy', service: 'api', git_sha: '4f2a9c1', ...more })
const total = async () => (await server.get<{ events: number }>('/v1/status')).events
interface Problem {
  status: number
  code: string
  detail: string
  help: string | null
  errors?: { index: number; reasons: string[] }[]
}

test('the server says where it is and how to send; server.json is for its owner only', async () => {
  const line = /curl -X POST (\S+) -H '(.+?)' -H '(.+?)' -d '(.+)'/.exec(server.output())
  expect(line?.[1]).toBe(`${server.url}/v1/events`)
  expect((await stat(join(data, 'server.json'))).mode & 0o777).toBe(0o600)
  const [name = '', value = ''] = (line?.[2] ?? '').split(': ')
  const answer = await fetch(line?.[1] ?? '', {
    method: 'POST',
    headers: { [name]: value, 'content-type': 'application/json' },
    body: line?.[4] ?? '',
  })
  expect(answer.status).toBe(202)
  expect(await answer.json()).toEqual({ accepted: 1 })
})

test('the one-time link signs in once; the cookie opens the API and nothing else does', async () => {
  const link = /(\S+\/signin\/\S+)/.exec(server.output())?.[1] ?? ''
  const first = await fetch(link, { redirect: 'manual' })
  expect([first.status, first.headers.get('location')]).toEqual([302, '/'])
  const cookie = first.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/HttpOnly.*SameSite=Lax/)
  const again = await fetch(link, { redirect: 'manual' })
  expect([again.headers.get('location'), again.headers.get('set-cookie')]).toEqual(['/?signin=stale', null])
  const session = { cookie: cookie.split(';')[0] ?? '' }
  expect((await fetch(`${server.url}/v1/dora`, { headers: session })).status).toBe(200)
  expect((await fetch(`${server.url}/v1/dora`)).status).toBe(401)
  const foreign = await fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: { ...session, 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
    body: '{}',
  })
  expect(foreign.status).toBe(403)
})

test('an ingest token may send and not read; a made-up token may nothing', async () => {
  const as = (token: string) => fetch(`${server.url}/v1/dora`, { headers: { authorization: `Bearer ${token}` } })
  expect((await as(server.ingestToken)).status).toBe(403)
  expect((await as('flt_000000000000000000000000000000000000000000')).status).toBe(401)
  expect((await as('Basic x')).status).toBe(401)
})

test('one event, an array and NDJSON are taken, and are in every read when it says so', async () => {
  // The event of the test before was only taken: from here on it is in every read, too.
  await server.post('/v1/events?wait=visible', JSON.stringify(deploy({ id: 'zero' })))
  const before = await total()
  const one = await server.post('/v1/events?wait=visible', JSON.stringify(deploy({ id: 'one' })))
  expect([one.status, await one.json()]).toEqual([200, { accepted: 1, duplicates: 0 }])
  const array = await server.post('/v1/events?wait=visible', JSON.stringify([deploy({ id: 'two' }), deploy({ id: 'three' })], null, 2))
  expect(await array.json()).toEqual({ accepted: 2, duplicates: 0 })
  const lines = `${JSON.stringify(deploy({ id: 'four' }))}\r\n\n${JSON.stringify(deploy({ id: 'one' }))}\n`
  const ndjson = await server.post('/v1/events?wait=visible', lines, { 'content-type': 'application/x-ndjson' })
  expect(await ndjson.json()).toEqual({ accepted: 2, duplicates: 1 })
  expect(await total()).toBe(before + 4)
  const pretty = await server.post('/v1/events?wait=visible', JSON.stringify(deploy({ id: 'five' }), null, 2))
  expect(await pretty.json()).toEqual({ accepted: 1, duplicates: 0 })
})

test('a repetition is harmless by id, by Idempotency-Key and by content that says when it happened', async () => {
  const send = async (body: object, headers = {}) =>
    (await (await server.post('/v1/events?wait=visible', JSON.stringify(body), headers)).json()) as object
  const key = { 'idempotency-key': 'run-17' }
  expect(await send(deploy({ title: 'by key' }), key)).toEqual({ accepted: 1, duplicates: 0 })
  expect(await send(deploy({ title: 'by key' }), key)).toEqual({ accepted: 1, duplicates: 1 })
  const dated = deploy({ occurred_at: '2026-01-05T10:00:00+01:00' })
  expect(await send(dated)).toEqual({ accepted: 1, duplicates: 0 })
  expect(await send(dated)).toEqual({ accepted: 1, duplicates: 1 })
  expect(await send(deploy({ title: 'undated' }))).toEqual({ accepted: 1, duplicates: 0 })
  expect(await send(deploy({ title: 'undated' }))).toEqual({ accepted: 1, duplicates: 0 })
})

test('the same id with another content: the first one counts, the other is kept and marked', async () => {
  await server.post(
    '/v1/events?wait=visible',
    JSON.stringify(deploy({ id: 'conflict', service: 'first', occurred_at: '2026-01-05T11:00:00Z' })),
  )
  await server.post(
    '/v1/events?wait=visible',
    JSON.stringify(deploy({ id: 'conflict', service: 'second', occurred_at: '2026-01-05T11:00:00Z' })),
  )
  const { items } = await server.get<{ items: { service: string }[] }>('/v1/events?from=2026-01-05T10:30:00Z&to=2026-01-05T11:30:00Z')
  expect(items.map((one) => one.service)).toEqual(['first'])
  const { sources } = await server.get<{ sources: { name: string; unread: number }[] }>('/v1/status')
  expect(sources.find((one) => one.name === 'events')?.unread).toBe(1)
})

test('the log pages by cursor, filters, and gives each event once', async () => {
  const seen: number[] = []
  for (let after = ''; ;) {
    const page = await server.get<{ items: { seq: number }[]; next: string | null }>(`/v1/events?limit=3${after}`)
    seen.push(...page.items.map((one) => one.seq))
    if (page.next === null) break
    after = `&after=${page.next}`
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
  expect(seen).toHaveLength(await total())
  await server.post('/v1/events?wait=visible', JSON.stringify({ kind: 'incident_opened', service: 'log-test', ref_id: 'i9' }))
  const { items } = await server.get<{ items: object[] }>('/v1/events?kind=incident_opened&service=log-test')
  expect(items).toMatchObject([{ kind: 'incident_opened', service: 'log-test', ref_id: 'i9', environment: 'prod' }])
})

test('a sample leads to the bytes that were sent', async () => {
  const sent = `{"kind":"deploy",  "service":"raw-test","git_sha":"4f2a9c1","commit_at":"2026-03-01T09:00:00Z","occurred_at":"2026-03-01T13:15:00Z"}`
  await server.post('/v1/events?wait=visible', sent)
  const query = 'service=raw-test&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'
  const { items } = await server.get<{ items: { value: number; raw_id: string; method: string }[] }>(
    `/v1/metrics/change_lead_time/samples?${query}`,
  )
  expect(items).toMatchObject([{ value: 15_300, method: 'event' }])
  const raw = await server.get<{ payload: string; digest: string }>(`/v1/raw/${items[0]?.raw_id}`)
  expect(raw.payload).toBe(sent)
})

const future = new Date(Date.now() + 25 * 3_600_000).toISOString()
const BAD: { what: string; body: string | Uint8Array; status: number; code: string; says: RegExp; type?: string }[] = [
  { what: 'wrong kind', body: JSON.stringify(deploy({ kind: 'deployed' })), status: 422, code: 'invalid-input', says: /kind/ },
  { what: 'missing service', body: '{"kind":"deploy"}', status: 422, code: 'invalid-input', says: /service/ },
  { what: 'a service of spaces', body: JSON.stringify(deploy({ service: '  ' })), status: 422, code: 'invalid-input', says: /service/ },
  {
    what: 'more than 24 h ahead',
    body: JSON.stringify(deploy({ occurred_at: future })),
    status: 422,
    code: 'invalid-input',
    says: /future/,
  },
  { what: '1970', body: JSON.stringify(deploy({ occurred_at: '1970-01-01T00:00:00Z' })), status: 422, code: 'invalid-input', says: /2000/ },
  {
    what: 'no such day',
    body: JSON.stringify(deploy({ occurred_at: '2026-02-30T00:00:00Z' })),
    status: 422,
    code: 'invalid-input',
    says: /occurred_at/,
  },
  {
    what: 'a time without a zone',
    body: JSON.stringify(deploy({ occurred_at: '2026-02-03T00:00:00' })),
    status: 422,
    code: 'invalid-input',
    says: /occurred_at/,
  },
  {
    what: 'wrong types',
    body: JSON.stringify(deploy({ succeeded: 'yes', service: 7 })),
    status: 422,
    code: 'invalid-input',
    says: /succeeded/,
  },
  {
    what: 'unknown fields',
    body: JSON.stringify(deploy({ comit_at: '2026-02-03T00:00:00Z' })),
    status: 422,
    code: 'invalid-input',
    says: /comit_at/,
  },
  { what: 'null', body: 'null', status: 422, code: 'invalid-input', says: /object/i },
  { what: 'no JSON', body: '{"kind":"deploy"', status: 400, code: 'malformed-body', says: /JSON/ },
  { what: 'nothing', body: '', status: 400, code: 'malformed-body', says: /empty/ },
  { what: 'two arrays', body: '[] []', status: 400, code: 'malformed-body', says: /JSON/ },
  {
    what: 'invalid UTF-8',
    body: Buffer.concat([Buffer.from('{"kind":"deploy","service":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    status: 400,
    code: 'malformed-body',
    says: /UTF-8/,
  },
  {
    what: 'deep nesting',
    body: `{"kind":"deploy","service":"api","attributes":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    status: 400,
    code: 'malformed-body',
    says: /deeper than 64/,
  },
  { what: '26 MB', body: `{"kind":"deploy","service":"${'x'.repeat(26 * 1024 * 1024)}"}`, status: 413, code: 'too-large', says: /larger/ },
  {
    what: 'another content type',
    body: JSON.stringify(deploy()),
    status: 415,
    code: 'unsupported-media',
    says: /content type/,
    type: 'text/plain',
  },
  {
    what: '__proto__',
    body: '{"kind":"deploy","service":"api","__proto__":{"x":1}}',
    status: 422,
    code: 'invalid-input',
    says: /__proto__|nrecognized/,
  },
]
describe('bad input gets a problem document, and nothing is stored', () => {
  for (const { what, body, status, code, says, type } of BAD) {
    test(what, async () => {
      const before = await total()
      const answer = await server.post('/v1/events', body, type === undefined ? {} : { 'content-type': type })
      const problem = (await answer.json()) as Problem
      expect([answer.status, problem.code, answer.headers.get('content-type')]).toEqual([status, code, 'application/problem+json'])
      expect(JSON.stringify([problem.detail, problem.errors])).toMatch(says)
      const after = await server.post('/v1/events?wait=visible', JSON.stringify(deploy({ title: `after ${what}` })))
      expect(after.status).toBe(200)
      expect(await total()).toBe(before + 1)
    })
  }
})

test('one bad event refuses the batch and names every bad index; partial takes the others', async () => {
  const batch = [deploy({ id: 'p1' }), { kind: 'nonsense' }, deploy({ id: 'p2' }), deploy({ extra: 1 })]
  const before = await total()
  const refused = (await (await server.post('/v1/events', JSON.stringify(batch))).json()) as Problem
  expect(refused.errors?.map((one) => one.index)).toEqual([1, 3])
  expect(await total()).toBe(before)
  const partial = await server.post('/v1/events?partial=true&wait=visible', JSON.stringify(batch))
  expect(await partial.json()).toMatchObject({ accepted: 2, duplicates: 0, rejected: [{ index: 1 }, { index: 3 }] })
  expect(await total()).toBe(before + 2)
  const ndjson = `${JSON.stringify(deploy({ id: 'p3' }))}\nthis is no JSON\n{"kind":"deploy","service":"x"} trailing\n`
  const mixed = (await (await server.post('/v1/events', ndjson, { 'content-type': 'application/x-ndjson' })).json()) as Problem
  expect(mixed.errors?.map((one) => one.index)).toEqual([1, 2])
})

test('a read that is not valid says which parameter; an unknown path and an unknown metric are 404', async () => {
  const ask = async (path: string) => {
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${server.token}` } })
    const problem = (await answer.json()) as Problem
    return `${answer.status} ${problem.code} ${problem.detail}`
  }
  expect(await ask('/v1/dora?days=-1')).toMatch(/^422 invalid-input .*days/)
  expect(await ask('/v1/dora?dayz=7')).toMatch(/^422 invalid-input .*dayz/)
  expect(await ask('/v1/dora?days=7&days=8')).toMatch(/^422 invalid-input .*days/)
  expect(await ask('/v1/dora?tz=Mars/Olympus')).toMatch(/^422 invalid-input .*Mars/)
  expect(await ask('/v1/dora?from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z')).toMatch(/^422 invalid-input .*empty/)
  expect(await ask('/v1/metrics/change_lead_time?basis=nonsense')).toMatch(/^422 invalid-input .*basis/)
  expect(await ask('/v1/metrics/nonsense')).toMatch(/^404 not-found/)
  expect(await ask('/v1/raw/999999999')).toMatch(/^404 not-found/)
  expect(await ask('/v1/nothing')).toMatch(/^404 not-found/)
  expect(await ask('/v1/dora?service=%27%3B%20DROP%20TABLE%20all_raw%20--')).toMatch(/undefined undefined|^200/)
})

test('a second command works through the running server', async () => {
  const line = JSON.stringify(deploy({ id: 'through', service: 'through' }))
  const sent = await fairlead(['ingest', '-', '--json'], { data, input: `${line}\n` })
  expect([sent.code, JSON.parse(sent.stdout)]).toEqual([0, { accepted: 1, rejected: [] }])
  const emitted = await fairlead(['emit', 'deploy', '--service', 'through', '--sha', 'abc1234', '--id', 'through-2'], { data })
  expect([emitted.code, emitted.stderr]).toEqual([0, ''])
  await expect.poll(async () => (await server.get<{ items: object[] }>('/v1/events?service=through')).items.length).toBe(2)
  const metrics = await fairlead(['metrics', 'dora', '--json', '--service', 'through'], { data })
  expect((JSON.parse(metrics.stdout) as { metrics: Record<string, { n: number }> }).metrics['deployment_frequency']?.n).toBe(2)
  const verified = await fairlead(['verify', '--json'], { data })
  expect([verified.code, (JSON.parse(verified.stdout) as { problems: string[] }).problems]).toEqual([0, []])
})

test('OpenAPI names every route, and the docs page shows them', async () => {
  const document = await server.get<{ openapi: string; paths: Record<string, unknown> }>('/v1/openapi.json')
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/v1/events', '/v1/dora', '/v1/metrics/{id}/samples', '/healthz']))
  const docs = await (await fetch(`${server.url}/docs`)).text()
  for (const path of Object.keys(document.paths)) expect(docs).toContain(path)
})

test('sample data is marked and can be taken out again, with the chain whole', async () => {
  const before = await total()
  const loaded = await fairlead(['demo', '--json'], { data })
  const { events } = JSON.parse(loaded.stdout) as { events: number }
  expect(events).toBeGreaterThan(200)
  expect(await server.get('/v1/status')).toMatchObject({ demo: true, events: before + events })
  expect((await fairlead(['demo', '--remove'], { data })).code).toBe(0)
  expect(await server.get('/v1/status')).toMatchObject({ demo: false, events: before })
  expect((await fairlead(['verify'], { data })).code).toBe(0)
})
