import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { openSemantic } from '../../src/store/semantic.ts'
import { noRow } from '../../src/store/statement.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'

/** The whole program on a PostgreSQL server that POSTGRES_URI names, and on a disk that really is full. */
const uri = process.env['POSTGRES_URI']
if (uri === undefined || uri === '') throw new Error('POSTGRES_URI is not set: this suite needs a PostgreSQL server')

describe('on a PostgreSQL server', () => {
  const database = `fairlead_program_${process.pid}`
  const own = new URL(uri)
  own.pathname = `/${database}`
  let data: string
  let server: Server
  const onServer = async (sql: string) => {
    const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
    await semantic.query({ name: 'test.database', sql, row: noRow })
    await semantic.close()
  }
  beforeAll(async () => {
    await onServer(`create database ${database}`)
    data = await freshDirectory()
    server = await startServer(data, { POSTGRES_URI: own.href })
  })
  afterAll(async () => {
    await server.stop()
    await onServer(`drop database ${database} with (force)`)
    await removeDirectory(data)
  })

  test('an event becomes a figure', async () => {
    const answer = await server.post('/v1/events?wait=visible', '{"kind":"deploy","service":"api","git_sha":"abc1234"}')
    expect(await answer.json()).toEqual({ accepted: 1, duplicates: 0 })
    expect(await server.get('/v1/metrics/deployment_frequency')).toMatchObject({ n: 1 })
    expect((await server.get<{ stores: string[] }>('/v1/status')).stores[0]).toMatch(/^PostgreSQL \S+ at .*fairlead_program_/)
  })

  test('started again, it knows its tokens and events', async () => {
    const token = server.ingestToken
    await server.stop()
    server = await startServer(data, { POSTGRES_URI: own.href })
    expect(server.ingestToken).toBe(token)
    const ready = Number(/is ready in (\d+) ms/.exec(server.output())?.[1])
    process.stdout.write(`warm start: ready in ${ready} ms\n`)
    // About a second with nothing beside it; on a busy machine the figure says more about that.
    expect(ready).toBeLessThan(20_000)
    expect(await server.get('/v1/status')).toMatchObject({ events: 1 })
    expect((await server.post('/v1/events', '{"kind":"deploy","service":"api"}')).status).toBe(202)
  })

  test('the schema is at the newest migration and equals its snapshot', async () => {
    await server.stop()
    const { code, stdout } = await fairlead(['migrate', 'postgres', 'verify', '--json'], { data, env: { POSTGRES_URI: own.href } })
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { semantic: { matches: true } }])
    server = await startServer(data, { POSTGRES_URI: own.href })
  })
})

test(
  'a disk that is full: events are refused before anything is half written, reads go on, and it recovers by itself',
  { timeout: 120_000 },
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'fairlead-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', disk])
    let server: Server | null = null
    try {
      server = await startServer(disk, { FAIRLEAD_DISK_RESERVE: String(32 * 1024 * 1024) })
      let acknowledged = 0
      const send = async () => {
        const answer = await (server as Server).post('/v1/events', '{"kind":"deploy","service":"api"}')
        if (answer.status === 202) acknowledged++
        return answer
      }
      const shown = async () => (await (server as Server).get<{ events: number }>('/v1/status')).events
      expect((await send()).status).toBe(202)
      await expect.poll(shown).toBe(1)
      const { bavail, bsize } = statfsSync(disk)
      const filler = join(disk, 'filler')
      writeFileSync(filler, Buffer.alloc(bavail * bsize - 4 * 1024 * 1024, 1))
      await expect.poll(async () => (await send()).status, { timeout: 10_000 }).toBe(503)
      const refused = await send()
      expect(await refused.json()).toMatchObject({ code: 'disk-full', help: expect.stringMatching(/\S/) as string })
      expect((await server.get<{ n: number }>('/v1/metrics/deployment_frequency')).n).toBeGreaterThan(0)
      rmSync(filler)
      await expect.poll(async () => (await send()).status, { timeout: 10_000 }).toBe(202)
      await expect.poll(async () => (await shown()) === acknowledged, { timeout: 10_000 }).toBe(true)
      await server.stop()
      expect((await fairlead(['verify'], { data: disk })).code).toBe(0)
    } finally {
      await server?.kill()
      execFileSync('umount', ['-l', disk])
      rmSync(disk, { recursive: true, force: true })
    }
  },
)
