import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { silentLog } from '../src/log.ts'
import { openStores } from '../src/store/open-stores.ts'
import { noRow } from '../src/store/statement.ts'
import { environmentOf, fairlead, freshDirectory, removeDirectory, startServer, type Finished } from './server.ts'

/** What goes wrong at a user's: one clear message with the remedy, exit code 1 or 2, never a stack trace. */
let data: string
beforeAll(async () => {
  data = await freshDirectory()
})
afterAll(() => removeDirectory(data))

function expectMessage({ code, stdout, stderr }: Finished, expected: { code: number; says: RegExp; help: RegExp }): void {
  expect(stderr).toMatch(expected.says)
  expect(stderr).toMatch(/help {2}\S/)
  expect(stderr).toMatch(expected.help)
  expect(`${stdout}${stderr}`).not.toMatch(/\n\s+at \S+ ?\(|node:internal|UnhandledPromise/)
  expect(code).toBe(expected.code)
}

test('the port is in use', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  expectMessage(await fairlead(['up', '--port', String(port)], { data }), {
    code: 1,
    says: new RegExp(`Port ${port} is in use`),
    help: /--port/,
  })
  other.close()
})

test('the data directory cannot be written', async () => {
  await writeFile(join(data, 'a-file'), '')
  for (const path of [join(data, 'a-file'), join(data, 'a-file', 'below')]) {
    expectMessage(await fairlead(['up', '--port', '0'], { data: path }), {
      code: 1,
      says: /data directory/,
      help: /FAIRLEAD_DATA|directory/,
    })
  }
})

test('a store address of an unknown kind', async () => {
  for (const [name, value] of [
    ['POSTGRES_URI', 'mysql://u:s3cret-pw@h/db'],
    ['CLICKHOUSE_URI', 'mongodb://u:s3cret-pw@h/db'],
    ['CLICKHOUSE_URI', 'clickhouse+native://u:s3cret-pw@h:9000/db'],
    ['DATABASE_URI', 'sqlite+aiosqlite:///x.db'],
  ] as const) {
    const result = await fairlead(['metrics', 'dora'], { data, env: { [name]: value } })
    expectMessage(result, { code: 2, says: new RegExp(name), help: /clickhouse|postgresql/ })
    expect(result.stderr).not.toContain('s3cret-pw')
  }
})

test('a store that does not answer', async () => {
  const result = await fairlead(['metrics', 'dora'], { data, env: { POSTGRES_URI: 'postgresql://u:s3cret-pw@127.0.0.1:9/db' } })
  expectMessage(result, { code: 1, says: /PostgreSQL/, help: /POSTGRES_URI|running/ })
  expect(result.stderr).not.toContain('s3cret-pw')
})

test('settings that mean nothing', async () => {
  expectMessage(await fairlead(['up'], { data, env: { PORT: 'http' } }), { code: 2, says: /PORT/, help: /listens/ })
  expectMessage(await fairlead(['up', '--port', '99999'], { data }), { code: 2, says: /99999/, help: /--port/ })
  expectMessage(await fairlead(['up', '--host', '0.0.0.0'], { data }), { code: 2, says: /0\.0\.0\.0/, help: /127\.0\.0\.1/ })
  await writeFile(join(data, 'fairlead.config.json'), '{"PORTT": 1}')
  expectMessage(await fairlead(['config'], { data, cwd: data }), { code: 2, says: /PORTT/, help: /Known/ })
  await writeFile(join(data, 'fairlead.config.json'), '{nonsense')
  expectMessage(await fairlead(['config'], { data, cwd: data }), { code: 2, says: /not valid JSON/, help: /environment variable/ })
})

test('wrong usage is exit code 2', async () => {
  for (const args of [
    ['nonsense'],
    ['metrics'],
    ['up', '--nonsense'],
    ['emit', 'deployed', '--service', 'x'],
    ['metrics', 'dora', '--days', 'many'],
    ['sync', 'nonsense'],
  ]) {
    const { code, stderr } = await fairlead(args, { data })
    expect([args.join(' '), code, /\n\s+at /.test(stderr)]).toEqual([args.join(' '), 2, false])
  }
})

test('a file that is not there, a repository that is none', async () => {
  expectMessage(await fairlead(['ingest', join(data, 'none.ndjson')], { data }), { code: 2, says: /none\.ndjson/, help: /NDJSON/ })
  expectMessage(await fairlead(['scan', data], { data }), { code: 1, says: /git/i, help: /\S/ })
  expectMessage(await fairlead(['scan', join(data, 'nowhere')], { data }), { code: 1, says: /nowhere/, help: /\S/ })
})

describe('while a server runs', () => {
  test('a second server is refused, naming the first; a third party gets no events in when the disk is nearly full', async () => {
    const own = await freshDirectory()
    const server = await startServer(own, { FAIRLEAD_DISK_RESERVE: String(Number.MAX_SAFE_INTEGER) })
    expectMessage(await fairlead(['up', '--port', '0'], { data: own }), {
      code: 1,
      says: new RegExp(`process ${server.pid}`),
      help: /FAIRLEAD_DATA/,
    })
    const answer = await server.post('/v1/events', '{"kind":"deploy","service":"api"}')
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toMatchObject([503, '2', { code: 'disk-full' }])
    expectMessage(await fairlead(['ingest', '-'], { data: own, input: '{"kind":"deploy","service":"api"}\n' }), {
      code: 1,
      says: /disk|free/i,
      help: /space|free/i,
    })
    expect(await server.get('/v1/status')).toMatchObject({ events: 0 })
    await server.stop()
    await removeDirectory(own)
  })

  test('what cannot be delivered waits in the spool, and goes with the next call', async () => {
    const own = await freshDirectory()
    const spool = join(own, 'spool')
    const first = await fairlead(['emit', 'deploy', '--service', 'api', '--sha', 'abc1234', '--spool', spool, '--json'], {
      env: { FAIRLEAD_URL: 'http://127.0.0.1:9' },
    })
    expect([first.code, JSON.parse(first.stdout)]).toMatchObject([0, { delivered: 0, spooled: 1 }])
    const server = await startServer(own)
    const second = await fairlead(['emit', 'rollback', '--service', 'api', '--spool', spool, '--json'], {
      env: { FAIRLEAD_URL: server.url, FAIRLEAD_TOKEN: server.ingestToken },
    })
    expect([second.code, JSON.parse(second.stdout)]).toMatchObject([0, { delivered: 2, spooled: 0 }])
    await expect
      .poll(async () => (await server.get<{ items: { kind: string }[] }>('/v1/events')).items.map((one) => one.kind))
      .toEqual(['deploy', 'rollback'])
    await server.stop()
    await removeDirectory(own)
  })
})

test('a schema that is newer than the program', async () => {
  const own = await freshDirectory()
  const config = loadConfig(await environmentOf(own), own)
  const stores = await openStores(config, { log: silentLog, actor: 'test' })
  await stores.migrators.semantic.up()
  await stores.semantic.query({
    name: 'test.newer',
    sql: `insert into migration_history select (jsonb_populate_record(h, '{"version": 9999, "name": "of_the_future", "breaking": true}')).* from migration_history h limit 1`,
    row: noRow,
  })
  await stores.close()
  expectMessage(await fairlead(['metrics', 'dora'], { data: own }), { code: 1, says: /newer/, help: /\S/ })
  await removeDirectory(own)
})

test('two commands without a server wait for each other: nobody sees a locked database', async () => {
  const own = await freshDirectory()
  const results = await Promise.all(
    [1, 2, 3].map((n) => fairlead(['emit', 'deploy', '--service', 'api', '--sha', `abc123${n}`], { data: own })),
  )
  expect(results.map((one) => [one.code, one.stderr])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ])
  const listed = await fairlead(['metrics', 'deployment_frequency', '--json'], { data: own })
  expect((JSON.parse(listed.stdout) as { n: number }).n).toBe(3)
  await removeDirectory(own)
})
