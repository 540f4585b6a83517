import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asAppError } from '../src/errors.ts'
import { Secret } from '../src/secret.ts'
import { openAnalytics, type Analytics, type AnalyticsTarget } from '../src/store/analytics.ts'
import { statement } from '../src/store/statement.ts'
import { resolveStores } from '../src/store/store-uri.ts'
import { createClickHouse, type ClickHouseProcess } from './clickhouse-process.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { fairlead, freshDirectory, removeDirectory, startServer } from './server.ts'
import { migrateClickhouse } from './world.ts'

let clickhouse: ClickHouseProcess
beforeAll(async () => {
  clickhouse = await createClickHouse()
})
afterAll(() => clickhouse.remove())

function targetOf(uri: string): AnalyticsTarget {
  const target = resolveStores({ CLICKHOUSE_URI: uri }).analytics
  if (target === null) throw new Error('no target')
  return { kind: 'server', ...target }
}

describe('the client of a ClickHouse server', () => {
  let analytics: Analytics
  beforeAll(async () => {
    analytics = await openAnalytics(targetOf(clickhouse.uri), { seconds: 5 })
    await migrateClickhouse(analytics)
  })
  afterAll(() => analytics.close())
  const asked = <R>(sql: string, row: z.ZodType<R>) => statement({ name: 'test.asked', sql, row })

  test('binds parameters on the server, whatever they hold', async () => {
    const echo = asked(
      'SELECT {text:String} AS text, {list:Array(String)} AS list, {maybe:Nullable(String)} AS maybe, {at:DateTime64(3)} AS at',
      z.object({ text: z.string(), list: z.array(z.string()), maybe: z.string().nullable(), at: z.string() }),
    )
    const hostile = `'; DROP TABLE all_raw; -- \\ " {x:String} \n\t`
    expect(await analytics.read(echo, { text: hostile, list: [hostile, ''], maybe: null, at: '2026-01-31T09:00:00.123Z' })).toEqual([
      { text: hostile, list: [hostile, ''], maybe: null, at: '2026-01-31T09:00:00.123Z' },
    ])
  })

  test('writes rows and reads them back through their schema', async () => {
    await analytics.insert(
      'all_repositories',
      ['org_id', 'id', 'title', 'source', 'raw_seq', 'received_at', 'seen_at', 'is_deleted'],
      [
        {
          org_id: '00000000-0000-4000-8000-000000000001',
          id: 'a/b',
          title: 'Grüße\n"x"',
          source: 's',
          raw_seq: 9_007_199_254_740_991,
          received_at: '2026-01-01T00:00:00.000Z',
          seen_at: '2026-01-01T00:00:00.000Z',
          is_deleted: 0,
        },
      ],
    )
    const rows = await analytics.read(
      asked('SELECT title, raw_seq FROM all_repositories', z.object({ title: z.string(), raw_seq: z.coerce.number() })),
    )
    expect(rows).toEqual([{ title: 'Grüße\n"x"', raw_seq: 9_007_199_254_740_991 }])
  })

  test('a reader can neither write, nor open files or addresses, nor lift its limits', async () => {
    for (const sql of [
      "INSERT INTO all_repositories (org_id, id, title) VALUES (generateUUIDv4(), 'x', 'x')",
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
      'DROP TABLE all_raw',
      'SELECT 1 SETTINGS readonly = 0',
      'SELECT 1 SETTINGS max_execution_time = 0',
    ]) {
      await expect(analytics.read(asked(sql, z.unknown())), sql).rejects.toMatchObject({ code: 'store-refused' })
    }
  })

  test('a server that stops answering is given up on, and asked again when it is back', { timeout: 60_000 }, async () => {
    const { hostname, port } = new URL(clickhouse.uri.replace('clickhouse:', 'http:'))
    const proxy = await startFaultProxy(hostname, Number(port))
    const uri = clickhouse.uri.replace(`:${port}/`, `:${proxy.port}/`)
    const behind = await openAnalytics(targetOf(uri), { seconds: 1 })
    try {
      await behind.ping()
      proxy.silence()
      await expect(behind.ping()).rejects.toMatchObject({
        code: 'store-unavailable',
        help: expect.stringMatching(/CLICKHOUSE_URI/) as string,
      })
      proxy.stop()
      await expect(behind.ping()).rejects.toMatchObject({ code: 'store-unavailable' })
      proxy.restart()
      await behind.ping()
    } finally {
      await behind.close()
      await proxy.close()
    }
  })

  test('a wrong password and a dead server are told apart, without the password', async () => {
    const wrong = await openAnalytics(targetOf(clickhouse.wrongPasswordUri))
    const refused = asAppError(await wrong.ping().catch((thrown: unknown) => thrown))
    expect([refused.code, JSON.stringify(refused).includes('wr0ng-pass'), refused.message.includes('wr0ng-pass')]).toEqual([
      'store-credentials',
      false,
      false,
    ])
    await wrong.close()
    const nobody = await openAnalytics({
      kind: 'server',
      url: new Secret('http://127.0.0.1:9'),
      database: 'x',
      username: 'x',
      password: new Secret('x'),
      cluster: null,
    })
    await expect(nobody.ping()).rejects.toMatchObject({ code: 'store-unavailable', retry: true })
    await nobody.close()
  })
})

test('ingest is answered while the analytics store is stopped, and it catches up', { timeout: 180_000 }, async () => {
  const seconds = Number(process.env['FAIRLEAD_TEST_OUTAGE_SECONDS'] ?? 5)
  const data = await freshDirectory()
  const server = await startServer(data, { CLICKHOUSE_URI: clickhouse.uri })
  const send = async (id: string) => {
    const started = performance.now()
    const answer = await server.post('/v1/events', JSON.stringify({ id, kind: 'deploy', service: 'api', git_sha: 'abc1234' }))
    return { status: answer.status, ms: performance.now() - started }
  }
  expect((await server.post('/v1/events?wait=visible', '{"id":"before","kind":"deploy","service":"api"}')).status).toBe(200)
  await clickhouse.stop()
  const until = Date.now() + seconds * 1000
  let sent = 0
  let slowest = 0
  while (Date.now() < until) {
    const { status, ms } = await send(`during-${sent}`)
    expect(status).toBe(202)
    slowest = Math.max(slowest, ms)
    sent++
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(slowest).toBeLessThan(2_000)
  expect((await fetch(`${server.url}/v1/dora`, { headers: { authorization: `Bearer ${server.token}` } })).status).toBe(503)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  await clickhouse.start()
  const back = Date.now()
  await expect
    .poll(async () => (await server.get<{ events: number }>('/v1/status').catch(() => ({ events: -1 }))).events, {
      timeout: 60_000,
      interval: 200,
    })
    .toBe(sent + 1)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  process.stdout.write(
    `outage of ${seconds} s: ${sent} events answered, slowest ${slowest.toFixed(0)} ms, all visible ${Date.now() - back} ms after the store was back\n`,
  )
  await server.stop()
  await removeDirectory(data)
})

test('a server whose analytics store is away at the start takes events, and goes on by itself', { timeout: 120_000 }, async () => {
  const own = await createClickHouse()
  await own.stop()
  const data = await freshDirectory()
  const server = await startServer(data, { CLICKHOUSE_URI: own.uri })
  expect((await server.post('/v1/events', '{"id":"early","kind":"deploy","service":"early"}')).status).toBe(202)
  await own.start()
  const services = async () => (await server.get<{ services: string[] }>('/v1/status').catch(() => ({ services: [] }))).services
  await expect.poll(services, { timeout: 30_000 }).toContain('early')
  await server.stop()

  // A second server, or one whose journal was lost, would write its own numbers over the rows that are there.
  const other = await freshDirectory()
  const { code, stderr } = await fairlead(['up', '--port', '0'], { data: other, env: { CLICKHOUSE_URI: own.uri } })
  expect([code, stderr]).toEqual([1, expect.stringMatching(/not the journal of this store[^]*help {2}/)])
  await own.remove()
  await removeDirectory(other)
  await removeDirectory(data)
})

test('a wrong password at the start is one message with the remedy', async () => {
  const data = await freshDirectory()
  const { code, stderr } = await fairlead(['up', '--port', '0'], { data, env: { CLICKHOUSE_URI: clickhouse.wrongPasswordUri } })
  expect(code).toBe(1)
  expect(stderr).toMatch(/password/)
  expect(stderr).toMatch(/CLICKHOUSE_URI/)
  expect(stderr).not.toMatch(/wr0ng-pass|\n\s+at /)
  await removeDirectory(data)
})
