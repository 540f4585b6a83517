import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { MetricReply } from '../src/metric.ts'
import { requireWhole, type BenchmarkRow } from '../src/settings/benchmarks.ts'
import { fairlead, freshDirectory, plainEnvironment, removeDirectory, startServer, type Server } from './server.ts'

/** Settings change figures, say who changed them, and go back; an organization's own levels rate as the published ones do. */
let data: string
let server: Server
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()
const post = async (path: string, body: unknown) => {
  const answer = await server.post(path, JSON.stringify(body), { authorization: `Bearer ${server.token}` })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const set = (key: string, value: unknown) => post('/v1/settings', { key, value })
const metric = (id: string, query = '') => server.get<MetricReply>(`/v1/metrics/${id}?days=28${query}`)

beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  const deploy = (n: number, hours: number) => ({
    id: `d${n}`,
    kind: 'deploy',
    service: 'api',
    deployment_id: `d${n}`,
    git_sha: `${n}`.repeat(7),
    occurred_at: ago(hours),
    commit_at: ago(hours + 2),
    succeeded: true,
  })
  const events = [
    ...[1, 2, 3, 4].map((n) => deploy(n, 300 - n)),
    // 30 hours after the last deployment: outside the usual 24.
    { id: 'i1', kind: 'incident_opened', service: 'api', ref_id: 'i1', occurred_at: ago(266) },
  ]
  await server.post('/v1/events', JSON.stringify(events))
  const arrive = async () => {
    if ((await metric('deployment_frequency')).n < 4) throw new Error('the deployments are not there yet')
  }
  await vi.waitFor(arrive, { timeout: 20_000, interval: 200 })
}, 120_000)
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

test('below the least number of samples there is no level; another number gives one, at once', async () => {
  expect((await metric('change_lead_time')).level).toMatchObject({ edition: '2024', name: null, why: 'too_few_samples' })
  expect((await set('level_min_samples', 4)).body).toMatchObject({ value: 4, default: 5, is_default: false, updated_by: 'this machine' })
  expect((await metric('change_lead_time')).level).toMatchObject({ name: 'elite', why: null })
  expect((await set('level_min_samples', 4)).status).toBe(200)
  expect((await set('level_min_samples', null)).body).toMatchObject({ value: 5, is_default: true })
  const { items } = await server.get<{ items: unknown[] }>('/v1/settings/history?key=level_min_samples')
  // What changed nothing is no change.
  expect(items).toMatchObject([
    { before: 4, after: null, by: 'this machine' },
    { before: null, after: 4 },
  ])
})

test('what a setting does not take is refused, naming it; so is one that nobody knows', async () => {
  for (const value of [0, 2.5, '5', 1_001]) {
    const { status, body } = await set('level_min_samples', value)
    expect([status, body['detail']]).toEqual([422, expect.stringContaining('level_min_samples')])
  }
  expect((await set('nothing', 1)).status).toBe(422)
  expect((await set('default_edition', '1999')).body['detail']).toContain('1999')
})

test('a wider window links an incident to a deployment that is longer ago, and back', async () => {
  const failed = async () => (await metric('change_fail_rate')).value
  expect(await failed()).toBe(0)
  await set('incident_link_window_hours', 48)
  await expect.poll(failed, { timeout: 20_000 }).toBe(0.25)
  await set('incident_link_window_hours', null)
  await expect.poll(failed, { timeout: 20_000 }).toBe(0)
})

test('an edition of one’s own rates where it is asked for, and everywhere once it is the default', async () => {
  const row = (level: string, min: number | null, max: number | null) => ({ metric: 'change_lead_time', level, min, max, unit: 'seconds' })
  const own = { edition: 'ours', rows: [row('elite', null, 3_600), row('low', 3_600, null)] }
  expect((await post('/v1/benchmarks', own)).status).toBe(200)
  await set('level_min_samples', 1)
  expect((await metric('change_lead_time', '&edition=ours')).level).toMatchObject({ edition: 'ours', name: 'low' })
  expect((await metric('change_lead_time')).level?.name).toBe('elite')
  await set('default_edition', 'ours')
  expect((await metric('change_lead_time')).level?.name).toBe('low')
  expect(await server.get('/v1/dora?days=28')).toMatchObject({ edition: 'ours' })
  expect((await post('/v1/benchmarks/remove', { edition: 'ours' })).status).toBe(422)
  await set('default_edition', null)
  const { items } = await server.get<{ items: unknown[] }>('/v1/benchmarks?edition=ours')
  expect(items).toHaveLength(2)
  expect((await post('/v1/benchmarks/remove', { edition: 'ours' })).body).toEqual({ removed: true })
  expect((await post('/v1/benchmarks', { ...own, edition: '2024' })).status).toBe(422)
})

test('a project narrows figures to what it holds, and its options say what the question does not', async () => {
  const other = { id: 'w1', kind: 'deploy', service: 'web', deployment_id: 'w1', git_sha: 'abcdef0', occurred_at: ago(3), succeeded: true }
  expect((await server.post('/v1/events', JSON.stringify([other]))).status).toBe(202)
  const count = async (query = '') => (await metric('deployment_frequency', query)).n
  await expect.poll(() => count(), { timeout: 20_000 }).toBe(5)
  expect((await post('/v1/projects', { name: 'shop', services: [] })).status).toBe(422)
  expect((await post('/v1/projects', { name: 'shop', services: ['web', 'other'], repositories: [] })).body).toMatchObject({
    services: ['web', 'other'],
    settings: [],
  })
  expect(await count('&project=shop')).toBe(1)
  expect(await count('&project=shop&service=api')).toBe(0)
  const samples = await server.get<{ items: { service: string }[] }>('/v1/metrics/deployment_frequency/samples?days=28&project=shop')
  expect(samples.items.map((one) => one.service)).toEqual(['web'])
  expect(await server.get('/v1/dora?days=28&project=shop')).toMatchObject({ metrics: { deployment_frequency: { n: 1 } } })

  await post('/v1/projects', { name: 'all', services: ['web', 'api'] })
  const options = { deployment_frequency: { window_days: 2, environment: 'production' } }
  const choose = (enabled: boolean) => post('/v1/projects/settings', { name: 'all', plugin: 'dora', options, enabled })
  expect((await choose(true)).body).toMatchObject({ settings: [{ plugin: 'dora', options, enabled: true }] })
  const asked = async (query = '') => (await server.get<MetricReply>(`/v1/metrics/deployment_frequency?project=all${query}`)).n
  expect([await asked(), await asked('&days=28'), await asked('&environment=staging')]).toEqual([1, 5, 0])
  await choose(false)
  await post('/v1/projects/settings', { name: 'all', plugin: 'dora', options: { deployment_frequency: { window_days: 28 } } })
  expect(await asked()).toBe(5)

  for (const [unknown, name] of [
    [{ cfr: { stages: ['review'] } }, 'cfr.stages'],
    [{ speed: {} }, 'speed'],
    [{ cfr: { environment: 'moon' } }, 'cfr.environment'],
  ] as const)
    expect((await post('/v1/projects/settings', { name: 'all', plugin: 'dora', options: unknown })).body['detail']).toContain(name)
  expect((await post('/v1/projects/settings', { name: 'none', plugin: 'dora', options })).status).toBe(404)
  expect((await post('/v1/projects/remove', { name: 'all' })).body).toEqual({ removed: true })
  await expect(asked()).rejects.toThrow('404')
  const { stdout } = await fairlead(['projects', 'list', '--json'], { data })
  expect(stdout).toContain('"shop"')
})

test('a first deployment ships its head, or the whole history where the organization says so', { timeout: 60_000 }, async () => {
  const repository = await freshDirectory()
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd: repository, env: plainEnvironment() })
  git('init', '-q')
  for (const name of ['one', 'two', 'three']) git('commit', '-q', '--allow-empty', '-m', name)
  git('-c', 'tag.gpgSign=false', 'tag', 'v1')
  const synced = await fairlead(['sync', 'git', '--repo-path', repository, '--service', 'tool'], { data })
  expect(synced.code, synced.stderr).toBe(0)
  const shipped = async () => (await metric('change_lead_time', '&service=tool')).n
  await expect.poll(shipped, { timeout: 20_000 }).toBe(1)
  await set('first_deployment', 'whole_history')
  await expect.poll(shipped, { timeout: 20_000 }).toBe(3)
  await set('first_deployment', null)
  await expect.poll(shipped, { timeout: 20_000 }).toBe(1)
  await removeDirectory(repository)
})

test('the command line says the same', { timeout: 60_000 }, async () => {
  const { stdout } = await fairlead(['settings', 'set', 'level_min_samples', '7'], { data })
  expect(stdout).toBe('level_min_samples is 7.\n')
  expect((await fairlead(['settings', 'get', 'level_min_samples', '--json'], { data })).stdout).toContain('"value": 7')
  expect((await fairlead(['settings', 'history'], { data })).stdout).toContain('level_min_samples')
  expect((await fairlead(['settings', 'unset', 'level_min_samples'], { data })).stdout).toBe('level_min_samples is 5, the default.\n')
  expect((await fairlead(['settings', 'set', 'level_min_samples', 'many'], { data })).code).toBe(2)
})

test('law: levels that are taken cover every value exactly once; with a bound moved they are refused', () => {
  const names = ['elite', 'high', 'medium', 'low'] as const
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 3 }),
      fc.nat(2_000_000),
      (cuts, value) => {
        const bounds = [null, ...cuts.toSorted((a, b) => a - b), null]
        const rows: BenchmarkRow[] = bounds.slice(1).map((max, index) => ({
          metric: 'change_lead_time',
          level: names[index] as BenchmarkRow['level'],
          min: bounds[index] ?? null,
          max,
          unit: 'seconds',
        }))
        requireWhole(rows.toReversed())
        expect(rows.filter(({ min, max }) => value >= (min ?? 0) && (max === null || value < max))).toHaveLength(1)
        for (const by of [-0.5, 0.5])
          expect(() => requireWhole(rows.map((one, index) => (index === 1 ? { ...one, min: (one.min ?? 0) + by } : one)))).toThrow(/level/)
        expect(() => requireWhole(rows.slice(1))).toThrow(/no level/)
        expect(() => requireWhole(rows.slice(0, -1))).toThrow(/no level|needs rows/)
      },
    ),
  )
})
