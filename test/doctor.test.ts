import { chmod } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DoctorReport, Finding } from '../src/operate/doctor/finding.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** `fairlead doctor` and `GET /v1/doctor`, as users have them. */
const of = (report: DoctorReport, check: string): Finding[] => report.findings.filter((one) => one.check === check)
const parsed = (stdout: string) => JSON.parse(stdout) as DoctorReport
/** How full the disk of this machine is, and how quick it is, is its own affair. */
const troubles = (report: DoctorReport) =>
  report.findings
    .filter(({ level, check }) => (level === 'failure' || level === 'warning') && !/\.(space|files|disk|reach)$/.test(check))
    .map(({ check }) => check)

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a server', () => {
  let data: string
  let server: Server
  const environment = { HOOK: 'hunter2-of-the-hook', FAIRLEAD_SECRET_KEY: 'a-key-of-forty-characters-that-is-kept-well' }
  beforeAll(async () => {
    data = await freshDirectory()
    server = await startServer(data, environment)
    const added = await fairlead(['sources', 'add', 'grafana', 'alerts', '--secret', 'webhook_secrets=env:HOOK', '--no-check'], {
      data,
      env: environment,
    })
    if (added.code !== 0) throw new Error(added.stderr)
  }, 120_000)
  afterAll(async () => {
    await server.stop()
    await removeDirectory(data)
  })

  test('that is well: every part is told, nothing is wrong, exit 0', { timeout: 120_000 }, async () => {
    const { code, stdout } = await fairlead(['doctor', '--json'], { data })
    const report = parsed(stdout)
    expect(troubles(report)).toEqual([])
    expect([code, report.holds]).toEqual([0, true])
    expect([...new Set(report.findings.map(({ store }) => store))].sort()).toEqual([
      'analytics',
      'disk',
      'journal',
      'key',
      'program',
      'semantic',
      'sources',
    ])
    for (const check of [
      'semantic.schema',
      'semantic.migrations',
      'analytics.schema',
      'analytics.migrations',
      'key.opens',
      'disk.permissions',
      'journal.lag',
    ])
      expect(of(report, check)).toMatchObject([{ level: 'ok' }])
    expect(report.stores.map(({ store, reached }) => [store, reached])).toEqual([
      ['semantic', true],
      ['analytics', true],
    ])
    expect(stdout).not.toContain('hunter2')
    expect(stdout).not.toContain(environment.FAIRLEAD_SECRET_KEY)
  })

  test('on a terminal: the parts with their tables, and the sum', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await fairlead(['doctor', '--all'], { data })
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Semantic store {2}embedded PostgreSQL/m)
    expect(stdout).toMatch(/^ {2}table +rows +size +indexes +dead$/m)
    expect(stdout).toMatch(/^ {2}all_raw +0 +0 bytes +0 bytes +0$/m)
    expect(stdout).toMatch(/^ {2}slowest statements \(this process\)/m)
    expect(stdout).toMatch(/^0 failures, \d+ warnings, \d+ notes; \d+ checks hold\.$/m)
    expect(stdout).not.toContain('with --all')
  })

  test('is asked by superusers only', { timeout: 120_000 }, async () => {
    const refused = await fetch(new URL('/v1/doctor', server.url), { headers: { authorization: `Bearer ${server.ingestToken}` } })
    expect(refused.status).toBe(403)
  })

  test('a source that fails is named with its organization', { timeout: 120_000 }, async () => {
    const added = await fairlead(
      [
        'sources',
        'add',
        'github',
        'away',
        '--set',
        'repositories=acme/shop',
        '--set',
        `url=http://127.0.0.1:${await closedPort()}`,
        '--secret',
        'token=env:HOOK',
        '--no-check',
      ],
      { data, env: environment },
    )
    expect([added.code, added.stderr]).toMatchObject([0, expect.anything()])
    await fairlead(['sync', 'all', '--source', 'away'], { data })
    const report = await server.get<DoctorReport>('/v1/doctor')
    expect(of(report, 'sources.health')).toMatchObject([
      {
        level: 'warning',
        says: expect.stringMatching(/^away of \S+ /) as string,
        remedy: expect.stringContaining('fairlead sources check away') as string,
      },
    ])
    expect((await fairlead(['doctor', '--json'], { data })).code).toBe(0)
    expect((await fairlead(['doctor', '--json', '--strict'], { data })).code).toBe(3)
    await fairlead(['sources', 'remove', 'away'], { data })
  })

  test('another key: the credentials that no longer open are named, exit 3', { timeout: 120_000 }, async () => {
    await server.stop()
    server = await startServer(data, { FAIRLEAD_SECRET_KEY: 'another-key-of-forty-characters-that-is-wrong' })
    const { code, stdout } = await fairlead(['doctor', '--json'], { data })
    expect(of(parsed(stdout), 'key.opens')).toMatchObject([
      { level: 'failure', says: expect.stringContaining('alerts (webhook_secrets)') as string },
    ])
    expect([code, parsed(stdout).holds]).toEqual([3, false])
    expect(parsed(stdout).findings[0]?.level).toBe('failure')
    await server.stop()
    server = await startServer(data, environment)
  })

  test('files that others can read', { timeout: 120_000 }, async () => {
    await chmod(data, 0o755)
    await chmod(join(data, 'ingest.token'), 0o644)
    const report = await server.get<DoctorReport>('/v1/doctor')
    expect(of(report, 'disk.permissions')).toMatchObject([{ level: 'failure', says: expect.stringContaining('ingest.token') as string }])
    await chmod(data, 0o700)
    expect(of(await server.get<DoctorReport>('/v1/doctor'), 'disk.permissions')).toMatchObject([{ level: 'ok' }])
  })
})

describe('a store that is away is a finding', () => {
  let data: string
  beforeAll(async () => void (data = await freshDirectory()))
  afterAll(() => removeDirectory(data))

  test('the semantic store: the program does not start, and the other store is examined', { timeout: 120_000 }, async () => {
    const port = await closedPort()
    const { code, stdout, stderr } = await fairlead(['doctor', '--json'], {
      data,
      env: { POSTGRES_URI: `postgresql://ada:hunter2@127.0.0.1:${port}/fairlead` },
    })
    const report = parsed(stdout)
    expect([code, stderr]).toEqual([3, ''])
    expect(report.findings.filter(({ level }) => level === 'failure').map(({ check, remedy }) => [check, (remedy ?? '') !== ''])).toEqual([
      ['program.start', true],
      ['semantic.reach', true],
    ])
    expect(report.stores.map(({ store, reached }) => [store, reached])).toEqual([
      ['semantic', false],
      ['analytics', true],
    ])
    expect(stdout).not.toContain('hunter2')
  })

  test('the analytics store: the server takes events, and the doctor says that they wait', { timeout: 120_000 }, async () => {
    const environment = { CLICKHOUSE_URI: `clickhouse://ada:hunter2@127.0.0.1:${await closedPort()}/fairlead` }
    const server = await startServer(data, environment)
    try {
      expect((await server.post('/v1/events', '{"kind":"deploy","service":"api"}')).status).toBe(202)
      const { code, stdout } = await fairlead(['doctor', '--json'], { data, env: environment })
      const report = parsed(stdout)
      expect(code).toBe(3)
      expect(report.findings.filter(({ level }) => level === 'failure').map(({ check }) => check)).toEqual([
        'analytics.reach',
        'journal.applier',
      ])
      expect(of(report, 'semantic.schema')).toMatchObject([{ level: 'ok' }])
      expect(stdout).not.toContain('hunter2')
    } finally {
      await server.stop()
    }
  })

  test('the lake; one of another kind is refused as for any command', { timeout: 120_000 }, async () => {
    const own = await freshDirectory()
    const { code, stdout } = await fairlead(['doctor', '--json'], {
      data: own,
      env: { MYSQL_URI: `mysql://ada:hunter2@127.0.0.1:${await closedPort()}/lake` },
    })
    expect([code, of(parsed(stdout), 'lake.reach').map(({ level }) => level)]).toEqual([3, ['failure']])
    expect(stdout).not.toContain('hunter2')
    const wrong = await fairlead(['doctor', '--json'], { data: own, env: { MYSQL_URI: 'postgresql://ada:hunter2@127.0.0.1/lake' } })
    expect([wrong.code, wrong.stdout]).toEqual([2, ''])
    expect(wrong.stderr).toContain('mysql://')
    expect(wrong.stderr).not.toContain('hunter2')
    await removeDirectory(own)
  })
})
