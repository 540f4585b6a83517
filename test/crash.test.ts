import { expect, test } from 'vitest'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** 100,000 events as NDJSON, the server killed in the middle, started again, the same input again: exactly 100,000, and none that was acknowledged is lost. */
const EVENTS = 100_000
const PER_REQUEST = 2_500

function lines(from: number): string {
  return Array.from({ length: PER_REQUEST }, (_, index) => {
    const n = from + index
    const at = new Date(Date.UTC(2026, 5, 1) + n * 60_000).toISOString()
    const kind = n % 50 === 49 ? 'rollback' : 'deploy'
    return `{"kind":"${kind}","service":"service-${n % 20}","git_sha":"${n.toString(16).padStart(10, '0')}","occurred_at":"${at}"}\n`
  }).join('')
}

/** Sends everything, several requests at a time; returns the batches that were acknowledged. Stops when the server is gone. */
async function sendAll(server: Server, onAcknowledged: (batch: number) => void): Promise<void> {
  const batches = Array.from({ length: EVENTS / PER_REQUEST }, (_, index) => index)
  const sender = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      try {
        const answer = await server.post('/v1/events', lines(batch * PER_REQUEST), { 'content-type': 'application/x-ndjson' })
        if (answer.status === 202) onAcknowledged(batch)
      } catch {
        return
      }
    }
  }
  await Promise.all([sender(), sender(), sender()])
}

async function idsOf(server: Server): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  for (let after: string | null = '0'; after !== null;) {
    const page: { items: { git_sha: string }[]; next: string | null } = await server.get(`/v1/events?limit=10000&after=${after}`)
    for (const one of page.items) seen.set(one.git_sha, (seen.get(one.git_sha) ?? 0) + 1)
    after = page.next
  }
  return seen
}

const settled = async (server: Server) =>
  expect
    .poll(async () => (await server.get<{ lag_seconds: number }>('/v1/status')).lag_seconds, { timeout: 120_000, interval: 250 })
    .toBe(0)

test('kill -9 in the middle of 100,000 events loses and doubles nothing', { timeout: 240_000 }, async () => {
  const data = await freshDirectory()
  const acknowledged = new Set<number>()
  const first = await startServer(data)
  const sending = sendAll(first, (batch) => acknowledged.add(batch))
  await expect.poll(() => acknowledged.size, { timeout: 60_000, interval: 10 }).toBeGreaterThan(14)
  await first.kill()
  await sending
  expect(acknowledged.size).toBeLessThan(EVENTS / PER_REQUEST)

  const second = await startServer(data)
  await settled(second)
  const survived = await idsOf(second)
  for (const batch of acknowledged) {
    for (let n = batch * PER_REQUEST; n < (batch + 1) * PER_REQUEST; n++) {
      if (survived.get(n.toString(16).padStart(10, '0')) !== 1)
        throw new Error(`event ${n} was acknowledged and is there ${survived.get(n.toString(16).padStart(10, '0')) ?? 0} times`)
    }
  }
  let repeated = 0
  await sendAll(second, () => repeated++)
  expect(repeated).toBe(EVENTS / PER_REQUEST)
  await settled(second)
  const all = await idsOf(second)
  expect(all.size).toBe(EVENTS)
  expect([...all.values()].every((count) => count === 1)).toBe(true)
  expect(await second.get('/v1/status')).toMatchObject({ events: EVENTS })
  const frequency = await second.get<{ n: number }>('/v1/metrics/deployment_frequency?from=2026-06-01T00:00:00Z&to=2026-09-30T00:00:00Z')
  expect(frequency.n).toBe(EVENTS * 0.98)
  await second.stop()
  expect((await fairlead(['verify'], { data })).code).toBe(0)
  await removeDirectory(data)
})
