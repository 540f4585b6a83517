import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

let data: string
let server: Server
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  const at = (minute: number) => new Date(Date.UTC(2026, 1, 24, 10, minute)).toISOString()
  const events = [
    // Several of one moment: a page may end between them.
    ...Array.from({ length: 7 }, (_, n) => ({
      id: `d${n}`,
      kind: 'deploy',
      service: n % 2 === 0 ? 'api' : 'web',
      git_sha: `abc123${n}`,
      occurred_at: at(n < 4 ? 0 : n),
    })),
    { id: 'r1', kind: 'rollback', service: 'api', ref_id: 'd6', occurred_at: at(20) },
    { id: 'o1', kind: 'incident_opened', service: 'web', ref_id: 'i1', occurred_at: at(10), severity: 'high' },
  ]
  await server.post('/v1/events?wait=visible', JSON.stringify(events))
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

async function pages(path: string): Promise<Record<string, unknown>[][]> {
  const found: Record<string, unknown>[][] = []
  for (let after = ''; ;) {
    const page = await server.get<{ items: Record<string, unknown>[]; next: string | null }>(`${path}&limit=3${after}`)
    found.push(page.items)
    if (page.next === null) return found
    after = `&after=${encodeURIComponent(page.next)}`
  }
}

test('every list pages newest first and gives each row once', async () => {
  const found = await pages('/v1/deployments?environment=production')
  expect(found.map((page) => page.length)).toEqual([3, 3, 2])
  expect(found.flat().map((row) => row['id'])).toEqual(['r1', 'd6', 'd5', 'd4', 'd3', 'd2', 'd1', 'd0'])
  expect((await pages('/v1/attempts?service=web')).flat().map((row) => row['deployment_id'])).toEqual(['d5', 'd3', 'd1'])
})

test('an attempt says what became of it, an incident what it is laid to', async () => {
  const attempts = (await pages('/v1/attempts?service=api')).flat()
  expect(attempts.find((row) => row['deployment_id'] === 'd6')).toMatchObject({
    failed: true,
    failed_rule: 'rollback_event',
    failed_by: 'r1',
    recovery_rule: 'rollback',
  })
  expect((await pages('/v1/incidents?service=web')).flat()).toMatchObject([
    { id: 'i1', severity: 'high', closed_at: null, linked_deployment_id: 'd5', link_rule: 'latest_in_service' },
  ])
})

test('services are listed with what is known of them; repositories and commits are empty without a history', async () => {
  expect((await pages('/v1/services?')).flat()).toMatchObject([
    { id: 'api', deployments: 5 },
    { id: 'web', deployments: 3 },
  ])
  expect([await pages('/v1/commits?'), await pages('/v1/repositories?')]).toEqual([[[]], [[]]])
})

test('a filter that a list does not know is refused', async () => {
  const answer = await fetch(`${server.url}/v1/commits?service=api`, { headers: { authorization: `Bearer ${server.token}` } })
  expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([422, expect.stringContaining('service')])
})
