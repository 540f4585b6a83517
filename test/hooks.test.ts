import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settingsOf } from './fixtures.ts'
import { freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Webhooks against the running program, as tools send them. */
const SECRET = 'test-webhook-secret'
let data: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  await admin('/v1/sources', {
    name: 'forge',
    connector: 'github',
    config: { ...settingsOf('github', 'https://api.example.org'), deployments: [{ from: 'deployment' }] },
    every_minutes: 0,
  })
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const admin = (path: string, body: unknown) =>
  fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

function deliver(
  event: string,
  body: string | Buffer,
  options: { source?: string; secret?: string | null; headers?: Record<string, string> } = {},
): Promise<Response> {
  const { source = 'forge', secret = SECRET, headers = {} } = options
  const signature = secret === null ? {} : { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
  return fetch(new URL(`/hooks/${source}`, server.url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': '00000000-0000-0000-0000-000000000000',
      ...signature,
      ...headers,
    },
    body: body as string,
  })
}

function statusOf(id: number, state: string, at: string): string {
  return JSON.stringify({
    action: 'created',
    deployment_status: {
      id: id * 10,
      node_id: `DS_${id}`,
      state,
      created_at: at,
      updated_at: at,
      environment: 'production',
      target_url: '',
      log_url: '',
      description: '',
      creator: { login: 'alice', type: 'User' },
    },
    deployment: {
      id,
      node_id: `DE_${id}`,
      sha: 'a'.repeat(40),
      ref: 'main',
      task: 'deploy',
      environment: 'production',
      original_environment: 'production',
      created_at: at,
      updated_at: at,
      creator: { login: 'alice', type: 'User' },
      production_environment: true,
      transient_environment: false,
      payload: {},
    },
    repository: {
      id: 1,
      node_id: 'R_1',
      name: 'shop',
      full_name: 'acme/shop',
      html_url: 'https://github.example.org/acme/shop',
      default_branch: 'main',
    },
    sender: { login: 'alice', type: 'User' },
  })
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z')
const frequency = async () =>
  (await server.get<{ metrics: Record<string, { n: number }> }>('/v1/dora?days=7')).metrics['deployment_frequency']?.n ?? 0

describe('who is let in', () => {
  test('a delivery with the right signature, and its effect is in /v1/dora within 2 s', async () => {
    const before = await frequency()
    const started = performance.now()
    const answer = await deliver('deployment_status', statusOf(1, 'success', minutesAgo(5)))
    expect(answer.status).toBe(202)
    expect(await answer.json()).toEqual({ result: 'taken' })
    while ((await frequency()) === before && performance.now() - started < 10_000) await new Promise((resolve) => setTimeout(resolve, 50))
    const seconds = (performance.now() - started) / 1000
    console.log(`effect of a delivery in /v1/dora after ${seconds.toFixed(2)} s`)
    expect(await frequency()).toBe(before + 1)
    expect(seconds).toBeLessThan(2)
  })

  test('no signature, a wrong one, another source, another method: refused, and nothing is kept', async () => {
    const body = statusOf(2, 'success', minutesAgo(4))
    const before = await frequency()
    expect((await deliver('deployment_status', body, { secret: null })).status).toBe(401)
    expect((await deliver('deployment_status', body, { secret: 'wrong' })).status).toBe(401)
    expect((await deliver('deployment_status', body, { source: 'nobody' })).status).toBe(404)
    expect((await deliver('deployment_status', body, { headers: { 'x-hub-signature-256': 'sha256=' } })).status).toBe(401)
    expect((await deliver('deployment_status', body, { headers: { 'content-encoding': 'gzip' } })).status).toBe(415)
    expect((await fetch(new URL('/hooks/forge', server.url))).status).toBe(404)
    expect(await frequency()).toBe(before)
  })

  test('a token with the scope ingest is a proof, too; a wrong one is none', async () => {
    const body = statusOf(3, 'success', minutesAgo(3))
    expect(
      (await deliver('deployment_status', body, { secret: null, headers: { authorization: `Bearer ${server.ingestToken}` } })).status,
    ).toBe(202)
    expect(
      (await deliver('deployment_status', body, { secret: null, headers: { authorization: `Bearer flt_${'0'.repeat(42)}` } })).status,
    ).toBe(401)
  })

  test('that a source does not exist takes as long to say as that a signature is wrong', async () => {
    const body = statusOf(4, 'success', minutesAgo(2))
    const times: Record<'unknown' | 'wrong', number[]> = { unknown: [], wrong: [] }
    for (let round = 0; round < 150; round++) {
      for (const [kind, options] of [
        ['unknown', { source: `nobody-${round}` }],
        ['wrong', { secret: `wrong-${round}` }],
      ] as const) {
        const started = performance.now()
        await (await deliver('deployment_status', body, options)).text()
        times[kind].push(performance.now() - started)
      }
    }
    const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] as number
    const [unknown, wrong] = [median(times.unknown), median(times.wrong)]
    console.log(`unknown source ${unknown.toFixed(2)} ms, wrong signature ${wrong.toFixed(2)} ms`)
    expect(Math.abs(unknown - wrong)).toBeLessThan(Math.max(1, 0.5 * Math.min(unknown, wrong)))
  })
})

describe('what cannot be read', () => {
  test.each([
    ['broken JSON', '{"action":'],
    ['no object', '[1,2]'],
    ['another shape', '{"deployment_status": 7}'],
    ['nothing', ''],
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
    ['nested a thousand deep', `${'['.repeat(1000)}${']'.repeat(1000)}`],
  ])('%s: proved, so it is kept and answered like any other', async (_, body) => {
    const answer = await deliver('deployment_status', body)
    expect(answer.status).toBe(202)
    expect(['unread', 'taken', 'ignored']).toContain(((await answer.json()) as { result: string }).result)
  })

  test('the health of the source names them, with the reason', async () => {
    const health = async () => server.get<{ unread: { problem: string; seq: number }[] }>('/v1/sources/health?name=forge')
    for (let tries = 0; tries < 40 && (await health()).unread.length < 4; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
    const { unread } = await health()
    expect(unread.length).toBeGreaterThanOrEqual(4)
    for (const one of unread) expect(one.problem).toMatch(/./)
    const raw = await server.get<{ payload: string }>(`/v1/raw/${unread.at(-1)?.seq}`)
    expect(raw.payload).toBe('{"action":')
  })

  test('more than 25 MB is refused', async () => {
    expect((await deliver('push', Buffer.alloc(26 * 1024 * 1024, 0x20))).status).toBe(413)
  })

  test('a ping is ignored, and counted', async () => {
    expect(await (await deliver('ping', '{"zen":"Keep it simple.","hook_id":1}')).json()).toEqual({ result: 'ignored' })
  })

  test('GitHub’s form encoding is JSON all the same', async () => {
    const form = new URLSearchParams({ payload: statusOf(5, 'failure', minutesAgo(1)) }).toString()
    const answer = await deliver('deployment_status', form, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(await answer.json()).toEqual({ result: 'taken' })
  })
})

test('with 50 in flight a delivery is answered in less than a second at p99, and each counts once', { timeout: 120_000 }, async () => {
  const bodies = Array.from({ length: 1_000 }, (_, index) =>
    statusOf(1_000 + index, index % 5 === 0 ? 'failure' : 'success', minutesAgo(60 + (index % 600))),
  )
  const before = await frequency()
  const times: number[] = []
  const queue = [...bodies, ...bodies.slice(0, 200)]
  const worker = async () => {
    for (let body = queue.pop(); body !== undefined; body = queue.pop()) {
      const started = performance.now()
      const answer = await deliver('deployment_status', body)
      await answer.text()
      times.push(performance.now() - started)
      expect(answer.status).toBe(202)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: 50 }, worker))
  const took = (performance.now() - begun) / 1000
  times.sort((a, b) => a - b)
  const p99 = times[Math.floor(times.length * 0.99)] as number
  const acknowledged = performance.now()
  while ((await frequency()) < before + 800 && performance.now() - acknowledged < 20_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  const visible = (performance.now() - acknowledged) / 1000
  console.log(
    `50 in flight: ${Math.round(times.length / took)} deliveries/s, p50 ${times[times.length >> 1]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; all in /v1/dora ${visible.toFixed(2)} s after the last answer`,
  )
  expect(p99).toBeLessThan(1_000)
  expect(visible).toBeLessThan(2)
  expect(await frequency()).toBe(before + 800)
})

test('what was refused is counted, and no secret is in the log, the answers or the stores’ lists', async () => {
  for (let tries = 0; tries < 60; tries++) {
    const { items } = await server.get<{ items: { deliveries: { refused: number; taken: number } | null }[] }>('/v1/sources')
    if ((items[0]?.deliveries?.refused ?? 0) > 100) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const listed = await server.get<{
    items: { deliveries: { refused: number; taken: number; unread: number; ignored: number }; secrets: string[] }[]
  }>('/v1/sources')
  expect(listed.items[0]?.deliveries).toMatchObject({ refused: expect.any(Number), ignored: expect.any(Number) })
  expect(listed.items[0]?.deliveries.refused).toBeGreaterThan(100)
  expect(listed.items[0]?.secrets).toEqual(['token', 'webhook_secrets'])
  expect(JSON.stringify(listed)).not.toMatch(/test-webhook-secret|test-token/)
  expect(server.output()).not.toMatch(/test-webhook-secret|test-token/)
})
