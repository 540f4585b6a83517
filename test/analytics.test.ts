import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import { noRow, statement } from '../src/store/statement.ts'

/** The embedded engine: readers cannot do harm, cannot run for ever, and hold up nobody. */
let directory: string
let analytics: Analytics
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-analytics-'))
  analytics = await openAnalytics({ kind: 'embedded', directory: join(directory, 'store') }, { seconds: 2 })
  await analytics.run('CREATE TABLE numbers_kept (n UInt64, at DateTime64(3)) ENGINE = MergeTree ORDER BY n')
  await analytics.insert('numbers_kept', ['n', 'at'], [{ n: 1, at: '2026-01-01T00:00:00.000Z' }])
})
afterAll(async () => {
  await analytics.close()
  await rm(directory, { recursive: true, force: true })
})
const read = (sql: string) => analytics.read(statement({ name: 'test.read', sql, row: noRow }))
const LONG = 'SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) % 7 = 1'

test('no read can write, open a file, call out, or lift its limits', async () => {
  let calls = 0
  const canary = createServer((_request, response) => {
    calls++
    response.end('1\n')
  })
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  const { port } = canary.address() as AddressInfo
  const file = join(directory, 'written')
  for (const sql of [
    `INSERT INTO numbers_kept VALUES (2, now())`,
    `INSERT INTO FUNCTION file('${file}', 'CSV', 'n UInt64') VALUES (1)`,
    `SELECT 1 INTO OUTFILE '${file}'`,
    `SELECT * FROM file('/etc/passwd', 'LineAsString')`,
    `SELECT * FROM url('http://127.0.0.1:${port}/', 'LineAsString')`,
    `SELECT * FROM remote('127.0.0.1:${port}', system.one)`,
    `SELECT * FROM mysql('127.0.0.1:${port}', 'a', 'b', 'c', 'd')`,
    `SELECT * FROM s3('http://127.0.0.1:${port}/x')`,
    `SELECT * FROM executable('id', 'TSV', 'x String')`,
    `CREATE TABLE more (n UInt64) ENGINE = Memory`,
    `DROP TABLE numbers_kept`,
    `ALTER TABLE numbers_kept DELETE WHERE 1`,
    `SELECT 1; SELECT 1 INTO OUTFILE '${file}'`,
    `SYSTEM FLUSH LOGS`,
    `SET readonly = 0`,
    `SET max_execution_time = 0`,
    `SELECT 1 SETTINGS readonly = 0`,
    `SELECT 1; INSERT INTO numbers_kept VALUES (3, now())`,
  ]) {
    await expect(read(sql), sql).rejects.toThrow()
  }
  expect(await read('SELECT count() AS n FROM numbers_kept')).toEqual([{ n: '1' }])
  expect([calls, existsSync(file)]).toEqual([0, false])
  canary.close()
})

test('a query that takes too long is ended, with what to do', async () => {
  const started = performance.now()
  await expect(read(LONG)).rejects.toMatchObject({ code: 'query-too-heavy', help: expect.stringContaining('shorter window') as string })
  expect(performance.now() - started).toBeLessThan(4_000)
})

test('a query with too many rows is ended', async () => {
  await expect(read('SELECT number FROM numbers(3000000)')).rejects.toMatchObject({ code: 'query-too-heavy' })
})

test('what a failed query had put out already is never the answer to another one', async () => {
  for (let round = 0; round < 6; round++) {
    const failed = read('SELECT number AS secret_of_another FROM numbers(3000000)').catch((thrown: unknown) => thrown)
    const others = Array.from({ length: 8 }, (_, n) => read(`SELECT ${n} AS mine`))
    expect(await Promise.all(others)).toEqual(Array.from({ length: 8 }, (_, n) => [{ mine: n }]))
    expect(await failed).toMatchObject({ code: 'query-too-heavy' })
    expect(await read('SELECT 42 AS mine')).toEqual([{ mine: 42 }])
  }
})

test('long queries hold up neither a short one nor a write', async () => {
  const long = [read(LONG), read(LONG), read(LONG)].map((one) => one.catch((thrown: unknown) => thrown))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const started = performance.now()
  await read('SELECT 1')
  await analytics.insert('numbers_kept', ['n', 'at'], [{ n: 4, at: '2026-01-01T00:00:00.000Z' }])
  // The long ones run for two seconds; waiting behind one of them would show.
  expect(performance.now() - started).toBeLessThan(1_500)
  await Promise.all(long)
})

test('instants go in and come out as RFC 3339 with milliseconds; what does not fit is refused, not bent', async () => {
  const row = z.object({ at: z.string() })
  const echo = statement({ name: 'test.echo', sql: 'SELECT {at:DateTime64(3)} AS at', row })
  expect(await analytics.read(echo, { at: '2200-06-01T00:00:00.001Z' })).toEqual([{ at: '2200-06-01T00:00:00.001Z' }])
  await expect(analytics.insert('numbers_kept', ['n', 'at'], [{ n: 5, at: 'yesterday' }])).rejects.toThrow()
  await expect(analytics.insert('numbers_kept', ['n', 'at', 'x'], [{ n: 5, at: '2026-01-01T00:00:00.000Z', x: 1 }])).rejects.toThrow()
})

test('a parameter that is not given, and a row that does not fit, are named', async () => {
  const typed = statement({ name: 'test.typed', sql: 'SELECT {n:UInt8} AS n', row: z.object({ n: z.string() }) })
  await expect(analytics.read(typed)).rejects.toThrow(/test\.typed: parameter n/)
  await expect(analytics.read(typed, { n: 1 })).rejects.toThrow(/test\.typed does not fit its schema: n/)
})
