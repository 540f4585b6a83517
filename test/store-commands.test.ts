import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fairlead, freshDirectory, removeDirectory, startServer } from './server.ts'

/** The table of store addresses (interfaces §2), as the commands and the server keep to it: the wrong kind of store is refused with the remedy. */
let data: string
beforeAll(async () => void (data = await freshDirectory()))
afterAll(() => removeDirectory(data))

const POSTGRES = 'postgresql://ada:hunter2@127.0.0.1:9/x'
const CLICKHOUSE = 'clickhouse://ada:hunter2@127.0.0.1:9/x'
const MYSQL = 'mysql://ada:hunter2@127.0.0.1:9/x'
const SQLITE = 'sqlite+aiosqlite:///hunter2.db'

describe('a store of the wrong kind: exit 2, the remedy, and no password', () => {
  test.each<[string, Record<string, string>, string]>([
    ['migrate postgres', { POSTGRES_URI: CLICKHOUSE }, 'CLICKHOUSE_URI'],
    ['migrate postgres current', { POSTGRES_URI: SQLITE }, 'unset POSTGRES_URI'],
    ['migrate clickhouse', { CLICKHOUSE_URI: POSTGRES }, 'POSTGRES_URI'],
    ['migrate clickhouse status', { CLICKHOUSE_URI: 'clickhouse+native://ada:hunter2@127.0.0.1:9000/x' }, '8123'],
    ['migrate mysql', { MYSQL_URI: POSTGRES }, 'mysql://'],
    ['migrate mysql', {}, 'MYSQL_URI'],
    ['migrate lake', { DATABASE_URL: MYSQL }, 'MYSQL_URI'],
    ['migrate', { DATABASE_URI: MYSQL }, 'MYSQL_URI'],
    ['migrate', { DATABASE_URL: SQLITE }, 'the embedded ones need no server'],
    ['up', { DATABASE_URI: 'mongodb://ada:hunter2@127.0.0.1:9/x' }, 'postgresql://'],
    ['up', { POSTGRES_URI: SQLITE }, 'embedded'],
    ['admin users list', { POSTGRES_URI: CLICKHOUSE }, 'CLICKHOUSE_URI'],
    ['metrics dora', { CLICKHOUSE_URI: POSTGRES }, 'POSTGRES_URI'],
    ['doctor', { CLICKHOUSE_URI: MYSQL }, 'MYSQL_URI'],
    ['sync all', { DATABASE_URI: SQLITE }, 'unset DATABASE_URI'],
    ['export lake', {}, 'MYSQL_URI'],
    [`export lake --to ${POSTGRES}`, {}, 'mysql://'],
    [`export lake --to ${CLICKHOUSE}`, {}, 'CLICKHOUSE_URI'],
    [`import devlake --from ${POSTGRES}`, {}, 'mysql://'],
    [`import devlake --from ${SQLITE}`, {}, 'mysql://'],
  ])('%s with %j', { timeout: 120_000 }, async (line, env, remedy) => {
    const { code, stdout, stderr } = await fairlead(line.split(' '), { data, env: { FAIRLEAD_DATA: data, ...env } })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(remedy)
    expect(stderr).toMatch(/^help/m)
    expect(stderr).not.toMatch(/hunter2|\n\s+at /)
  })
})

test('each store by its own name: migrate postgres [current], migrate clickhouse [status]', { timeout: 120_000 }, async () => {
  const run = async (...args: string[]) => fairlead(args, { data })
  expect(await run('migrate', 'postgres')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^semantic: (applied|nothing to do)/) as string,
  })
  expect(await run('migrate', 'postgres', 'current')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^semantic: at \d+, 0 pending\n$/) as string,
  })
  expect(await run('migrate', 'clickhouse')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^analytics: (applied|nothing to do)/) as string,
  })
  const { code, stdout } = await run('migrate', 'clickhouse', 'status', '--json')
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { analytics: { pending: [] } }])
})

test('a fallback serves the store whose scheme it has, and the other one is embedded', { timeout: 120_000 }, async () => {
  const own = await freshDirectory()
  const server = await startServer(own, { DATABASE_URI: CLICKHOUSE, DATABASE_URL: 'clickhouse://other@127.0.0.1:9/other' })
  try {
    expect(server.output()).toMatch(/Stores +embedded PostgreSQL/)
    expect(server.output()).toMatch(/ClickHouse at 127\.0\.0\.1:9\/x/)
    expect(server.output()).not.toContain('hunter2')
  } finally {
    await server.stop()
    await removeDirectory(own)
  }
})
