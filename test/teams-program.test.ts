import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DoraReply, MetricReply, SampleReply } from '../src/metric.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Teams as a user has them: the program, its API and its command line. */
let data: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  const events = ['payments', 'payments', 'shop'].map((service, index) => ({
    id: `d${index}`,
    kind: 'deploy',
    service,
    repo: `acme/${service}`,
    git_sha: `${index}`.repeat(40),
    occurred_at: new Date(Date.now() - (index + 1) * 3_600_000).toISOString(),
  }))
  const answer = await server.post('/v1/events?wait=visible', JSON.stringify(events))
  if (!answer.ok) throw new Error(await answer.text())
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const teams = (...args: string[]) => fairlead(['teams', ...args], { data })
const admin = (path: string, body: unknown) => server.post(path, JSON.stringify(body), { authorization: `Bearer ${server.token}` })

test('from the command line to the figures', { timeout: 120_000 }, async () => {
  expect((await teams('save', 'platform', '--name', 'Platform')).code).toBe(0)
  expect((await teams('save', 'pay', '--parent', 'platform')).code).toBe(0)
  expect((await teams('own', 'pay', 'service', 'pay*')).stdout).toContain('pay owns service pay*.')
  expect((await teams('show', 'pay')).stdout).toContain('services: payments')
  expect((await teams('list')).stdout).toMatch(/pay +pay +platform +0 +1 +0 +1/)
  expect((await teams('ownership')).stdout).toMatch(/service +payments +pay +pay\*/)
  const grouped = await fairlead(['metrics', 'deployment_frequency', '--by', 'team', '--json'], { data })
  const { groups } = JSON.parse(grouped.stdout) as MetricReply
  expect(groups.map((one) => [one.key, one.n])).toEqual([
    ['pay', 2],
    [null, 1],
  ])
  const dora = await fairlead(['metrics', 'dora', '--team', 'platform', '--json'], { data })
  expect((JSON.parse(dora.stdout) as DoraReply).metrics['deployment_frequency']?.n).toBe(2)
  const explained = await fairlead(['explain', 'deployment_frequency', '--json'], { data })
  const { samples } = JSON.parse(explained.stdout) as { samples: SampleReply[] }
  expect(samples.map((one) => one.team).toSorted()).toEqual([null, 'pay', 'pay'].toSorted())
  const asOf = await server.get<MetricReply>(`/v1/metrics/deployment_frequency?team=pay&as_of=${new Date().toISOString()}`)
  expect(asOf.n).toBe(2)
  expect((await teams('disown', 'pay', 'service', 'pay*')).code).toBe(0)
  expect((await server.get<MetricReply>('/v1/metrics/deployment_frequency?team=pay')).n).toBe(0)
})

test('a file is told, imported, and imported again; what is wrong has its line', { timeout: 120_000 }, async () => {
  const file = join(data, 'teams.yaml')
  await writeFile(file, 'teams:\n  - slug: web\n    owns:\n      - repository: acme/*\n')
  expect((await teams('import', file, '--dry-run')).stdout).toMatch(/web is added\.\nweb owns repository acme\/\*\.\nNothing was changed/)
  expect((await teams('show', 'web')).code).toBe(1)
  expect((await teams('import', file)).code).toBe(0)
  expect((await teams('import', file)).stdout).toBe('Nothing changes by that.\n')
  expect((await server.get<MetricReply>('/v1/metrics/deployment_frequency?team=web')).n).toBe(3)
  await writeFile(file, 'teams:\n  - slug: web\n    owns:\n      - repo: acme/*\n')
  const wrong = await teams('import', file)
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Line 4')])
})

test('a team that there is not is named with those that there are; changes need an administrator', async () => {
  const unknown = await fetch(new URL('/v1/dora?team=nobody', server.url), { headers: { authorization: `Bearer ${server.token}` } })
  expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('platform')])
  expect((await server.post('/v1/teams', JSON.stringify({ slug: 'x', name: 'X' }))).status).toBe(403)
  expect((await admin('/v1/teams', { slug: 'No slug', name: 'X' })).status).toBe(422)
  expect((await admin('/v1/teams/owns', { slug: 'platform', kind: 'service', pattern: '*a'.repeat(11) })).status).toBe(422)
  expect((await teams('own', 'platform')).code).toBe(2)
})

test('members come and go from the command line, with their time', { timeout: 120_000 }, async () => {
  const file = join(data, 'members.yaml')
  await writeFile(file, 'teams:\n  - slug: web\n    members:\n      - person: ada@example.org\n        from: 2026-01-01\n')
  expect((await teams('import', file)).stdout).toContain('ada is in web from 2026-01-01T00:00:00.000Z.')
  await admin('/v1/teams', { slug: 'crew', name: 'Crew' })
  expect((await teams('members', 'add', 'crew', 'ada@example.org', '--role', 'lead', '--from', '2026-02-01')).stdout).toBe(
    'ada is in crew from 2026-02-01T00:00:00.000Z.\n',
  )
  expect((await teams('members', 'add', 'crew', 'ada@example.org')).stderr).toContain('ada is in crew already')
  expect((await teams('members', 'list', 'crew')).stdout).toMatch(/ada +lead +2026-02-01T00:00:00.000Z +hand/)
  expect((await teams('show', 'crew')).stdout).toContain('members: ada (lead)')
  expect((await teams('members', 'remove', 'crew', 'ada@example.org', '--at', '2026-03-01')).stdout).toBe('ada is no longer in crew.\n')
  const crew = await server.get<{ members: unknown[] }>('/v1/teams/crew')
  expect(crew.members).toMatchObject([{ name: 'ada', role: 'lead', valid_to: '2026-03-01T00:00:00.000Z', origin: 'hand' }])
  expect((await teams('members', 'add', 'crew')).code).toBe(2)
  expect((await fairlead(['people', 'list', 'ada'], { data })).stdout).toMatch(/ada +ada@example.org +web/)
})
