import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../src/errors.ts'
import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { openMysql } from '../../src/store/mysql.ts'
import type { PoolLimits } from '../../src/store/pool.ts'
import { openSemantic, type Queries } from '../../src/store/semantic.ts'
import { noRow, statement } from '../../src/store/statement.ts'
import { startFaultProxy, type FaultProxy } from '../fault-proxy.ts'
import { freshDirectory, removeDirectory, startServer } from '../server.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { givenMysql, targetOf } from './own-lake.ts'

/** What networks and servers do to the connections of a pool, and that none of it lasts longer than itself. The same laws for both drivers. */
interface Store extends Queries {
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>
  close(): Promise<void>
}
const MOST = 4
const QUICK: PoolLimits = { acquireMs: 3_000, proveAfterMs: 0, proveMs: 1_500, graceMs: 1_000 }
const LONGEST_MS = 7_000

const KINDS: readonly {
  readonly kind: string
  address(): URL
  open(uri: string, pool: PoolLimits): Promise<Store>
  readonly slow: string
  readonly own: string
  readonly kill: (id: number) => string
}[] = [
  {
    kind: 'PostgreSQL',
    address: () => new URL(givenServer()),
    open: (uri, pool) =>
      openSemantic({ uri: new Secret(uri) }, { log: silentLog, connections: MOST, statementTimeoutMs: LONGEST_MS - pool.graceMs, pool }),
    slow: 'select pg_sleep(0.3)',
    own: 'select pg_backend_pid() as id',
    kill: (id) => `select pg_terminate_backend(${id})`,
  },
  {
    kind: 'MySQL',
    address: () => new URL(givenMysql()),
    open: (uri, pool) => openMysql(targetOf(uri), { log: silentLog, connections: MOST, pool, longestStatementMs: LONGEST_MS }),
    slow: 'select sleep(0.3)',
    own: 'select connection_id() as id',
    kill: (id) => `kill ${id}`,
  },
]

describe.each(KINDS)('$kind', ({ address, open, slow, own, kill }) => {
  const one = statement({ name: 'test.one', sql: 'select 1 as one', row: z.object({ one: z.number() }) })
  const wait = statement({ name: 'test.slow', sql: slow, row: noRow })
  const connection = statement({ name: 'test.id', sql: own, row: z.object({ id: z.coerce.number() }) })
  const killing = (id: number) => ({ name: 'test.kill', sql: kill(id), row: noRow })
  let proxy: FaultProxy
  let store: Store
  let direct: Store
  const through = () => {
    const uri = address()
    uri.hostname = '127.0.0.1'
    uri.port = String(proxy.port)
    return uri.href
  }
  beforeAll(async () => {
    direct = await open(address().href, QUICK)
  })
  afterAll(() => direct.close())
  beforeEach(async () => {
    const { hostname, port, protocol } = address()
    proxy = await startFaultProxy(hostname, Number(port || (protocol === 'mysql:' ? 3306 : 5432)))
    store = await open(through(), QUICK)
  })
  afterEach(async () => {
    await store.close()
    await proxy.close()
  })

  /** Every connection of the pool in use at once; the ids of them. */
  async function warm(): Promise<number[]> {
    const ids = await Promise.all(
      Array.from({ length: MOST }, () =>
        store.transaction(async (tx) => {
          await tx.query(wait)
          return (await tx.one(connection))?.id ?? 0
        }),
      ),
    )
    expect(new Set(ids).size).toBe(MOST)
    return ids
  }
  const works = async () => {
    const answers = await Promise.all(Array.from({ length: 2 * MOST }, () => store.one(one)))
    expect(answers).toEqual(Array.from({ length: 2 * MOST }, () => ({ one: 1 })))
    expect(await store.transaction((tx) => tx.one(one))).toEqual({ one: 1 })
  }
  const failure = async (work: Promise<unknown>): Promise<AppError> => {
    const thrown = await work.then(
      () => null,
      (cause: unknown) => cause,
    )
    if (thrown instanceof AppError) return thrown
    throw new Error('it did not fail in our words', { cause: thrown })
  }

  test('connections that were killed while idle are replaced, and nobody notices', async () => {
    const ids = await warm()
    expect(ids).toHaveLength(MOST)
    for (const id of ids) await direct.query(killing(id)).catch(() => {})
    await works()
  })

  test.each(['under way', 'between two statements'])(
    'one that is killed in a transaction, %s, fails that alone, with the remedy',
    async (when) => {
      let tell = (_id: number) => {}
      const told = new Promise<number>((resolve) => (tell = resolve))
      let go = () => {}
      const killed = new Promise<void>((resolve) => (go = resolve))
      const failed = failure(
        store.transaction(async (tx) => {
          tell((await tx.one(connection))?.id ?? 0)
          // Without a listener the driver would end the process here.
          if (when !== 'under way') await killed
          for (let count = 0; count < 60; count++) await tx.query(wait)
        }),
      )
      await direct.query(killing(await told)).catch(() => {})
      await expect.poll(() => proxy.open(), { timeout: 20_000 }).toBeLessThanOrEqual(1)
      go()
      expect(await failed).toMatchObject({ code: 'store-unavailable', retry: true, help: expect.stringMatching(/\S/) as string })
      await works()
    },
  )

  test('connections that a firewall forgot are found out before a statement goes over them', async () => {
    await warm()
    const before = proxy.open()
    proxy.forget()
    await works()
    expect(before).toBeGreaterThanOrEqual(MOST)
  })

  test('a statement that is under way when the network goes ends, and so does its transaction', async () => {
    await warm()
    let tell = () => {}
    const told = new Promise<void>((resolve) => (tell = resolve))
    const failed = failure(
      store.transaction(async (tx) => {
        await tx.one(one)
        tell()
        for (let count = 0; count < 60; count++) await tx.query(wait)
      }),
    )
    await told
    proxy.silence()
    expect(await failed).toMatchObject({ code: 'store-unavailable', retry: true })
    expect(await failure(store.one(one))).toMatchObject({ code: 'store-unavailable' })
    proxy.restart()
    await works()
  })

  test('a server that is stopped and started again', async () => {
    await warm()
    proxy.stop()
    expect(await failure(store.one(one))).toMatchObject({ code: 'store-unavailable', help: expect.stringMatching(/_URI|server/) as string })
    proxy.restart()
    await works()
  })

  test('all connections in use: who waits too long is told so, and is not let down later', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const holders = Array.from({ length: MOST }, () => store.transaction(async (tx) => void (await tx.one(one), await held)))
    const late = await failure(store.one(one))
    expect(late).toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/All 4 connections .* are in use|there are 4 at most/) as string,
    })
    release()
    await Promise.all(holders)
    await works()
  })
})

test('/readyz says that the semantic store does not answer, soon, and when it does again', { timeout: 180_000 }, async () => {
  const [database, data] = [await makeDatabase(), await freshDirectory()]
  const given = new URL(givenServer())
  const proxy = await startFaultProxy(given.hostname, Number(given.port || 5432))
  const uri = new URL(given)
  uri.hostname = '127.0.0.1'
  uri.port = String(proxy.port)
  uri.pathname = `/${database.name}`
  const server = await startServer(data, { POSTGRES_URI: uri.href })
  try {
    const ready = async () => {
      const answer = await fetch(new URL('/readyz', server.url))
      return { ...((await answer.json()) as { reasons: string[] }), status: answer.status }
    }
    expect(await ready()).toMatchObject({ status: 200, reasons: [] })
    for (const fault of ['silence', 'stop'] as const) {
      proxy[fault]()
      expect(await ready()).toMatchObject({
        status: 503,
        reasons: [expect.stringMatching(/PostgreSQL .*(does not answer|cannot be reached)/)],
      })
      proxy.restart()
      await expect.poll(async () => (await ready()).status, { timeout: 60_000 }).toBe(200)
    }
  } finally {
    await server.stop()
    await proxy.close()
    await database.drop()
    await removeDirectory(data)
  }
})
