import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { count, figure, machine, median, options, print, type Figure } from './figures.ts'
import { openReference, type Reference } from './postgres.ts'
import { load, startServer, type RunningServer } from './server.ts'

/** The embedded PostgreSQL lets in 30 connections, three of them reserved: 24 clients are what both sides get. */
const DEFAULTS = { seconds: '4', runs: '3', clients: '24', bulk: '100k', services: '20', json: 'false' }

/** Durable events a second: single-row autocommit INSERTs into the reference table against `POST /v1/events`; then bulk and the time to be seen. */
export async function run(args: string[]): Promise<void> {
  const asked = options(args, DEFAULTS)
  const before = machine()
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-bench-'))
  try {
    const report = await measureBoth(directory, {
      seconds: count(asked['seconds']),
      runs: count(asked['runs']),
      clients: count(asked['clients']),
      bulk: count(asked['bulk']),
      services: count(asked['services']),
    })
    process.stdout.write(asked['json'] === 'true' ? `${JSON.stringify({ machine: before, ...report })}\n` : `${print(report, before)}\n`)
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

interface Sizes {
  readonly seconds: number
  readonly runs: number
  readonly clients: number
  readonly bulk: number
  readonly services: number
}

async function measureBoth(directory: string, sizes: Sizes) {
  const reference = await openReference(join(directory, 'reference'))
  const server = await startServer(join(directory, 'fairlead'))
  try {
    const one: number[] = []
    const many: number[] = []
    const ours = {
      one: [] as number[],
      p50: [] as number[],
      p99: [] as number[],
      many: [] as number[],
      lone: [] as number[],
      cpu: [] as number[],
    }
    let refused = 0
    // The two take turns, so that a change of the machine's load meets both.
    for (let run = 0; run < sizes.runs; run++) {
      one.push(await insertRows(reference, 1, sizes))
      const lone = await load(orderOf(server, sizes, { clients: 1, run: `lone${run}` }))
      ours.one.push(lone.events / lone.seconds)
      ours.lone.push(lone.p50)
      await settled(server)
      many.push(await insertRows(reference, sizes.clients, sizes))
      const crowd = await load(orderOf(server, sizes, { clients: sizes.clients, run: `crowd${run}` }))
      ours.many.push(crowd.events / crowd.seconds)
      ours.p50.push(crowd.p50)
      ours.p99.push(crowd.p99)
      ours.cpu.push(crowd.cpu)
      refused += crowd.refused + lone.refused
      await settled(server)
    }
    const base = figure('PostgreSQL: INSERT, 1 connection', 'per second', one)
    const baseMany = figure(`PostgreSQL: INSERT, ${sizes.clients} connections`, 'per second', many)
    const single = figure(`Fairlead: POST /v1/events, one event each, ${sizes.clients} clients`, 'per second', ours.many, base)
    const figures: Figure[] = [
      base,
      baseMany,
      figure('Fairlead: POST /v1/events, one event each, 1 client', 'per second', ours.one, base),
      single,
      figure('  the same against as many connections', 'per second', ours.many, baseMany),
      figure('  latency p50', 'ms', ours.p50),
      figure('  latency p99', 'ms', ours.p99),
      figure('  latency p50, 1 client', 'ms', ours.lone),
      ...(await measureVisible(server)),
      ...(await measureBulk(server, sizes, base)),
    ]
    return {
      bench: 'ingest: durable events',
      setup: {
        baseline: reference.describe,
        ours: 'fairlead up, embedded stores',
        seconds_a_run: sizes.seconds,
        services: sizes.services,
        refused,
      },
      figures,
      notes: [
        'Baseline: prepared single-row INSERT into the reference table, each its own transaction, acknowledged after the WAL is on disk; driver pg over a Unix socket.',
        'Fairlead: one HTTP request an event over kept-open connections, answered after fdatasync of the journal; the applier works behind it at the same time, in the same process.',
        `The load generator is a process of its own (${Math.round(median(ours.cpu) * 100)} % of a core).`,
      ],
    }
  } finally {
    await server.stop()
    await reference.close()
  }
}

function orderOf(
  server: RunningServer,
  sizes: Sizes,
  more: { clients: number; run: string; perRequest?: number; events?: number; seconds?: number },
) {
  const { host, port, ingestToken: token } = server
  return { host, port, token, seconds: sizes.seconds, services: sizes.services, perRequest: 1, events: Number.MAX_SAFE_INTEGER, ...more }
}

/** Rows a second, each connection waiting for its own commit. */
async function insertRows(reference: Reference, connections: number, { seconds, services }: Sizes): Promise<number> {
  const clients = await Promise.all(Array.from({ length: connections }, () => reference.connect()))
  let done = 0
  const started = performance.now()
  const until = started + seconds * 1000
  await Promise.all(
    clients.map(async (client: Client) => {
      while (performance.now() < until) {
        const n = done++
        const at = Date.UTC(2025, 0, 1) + n * 500
        await client.query({
          name: 'insert_event',
          text: `INSERT INTO deploy_events (kind, service, git_sha, environment, succeeded, commit_at, occurred_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
          values: [
            'deploy',
            `service-${n % services}`,
            (n + 0x1000000000).toString(16),
            'prod',
            n % 20 !== 0,
            new Date(at - 7_200_000).toISOString(),
            new Date(at).toISOString(),
          ],
        })
      }
    }),
  )
  const rate = done / ((performance.now() - started) / 1000)
  await Promise.all(clients.map((client) => client.end()))
  return rate
}

async function settled(server: RunningServer): Promise<void> {
  for (;;) {
    if ((await server.get<{ lag_seconds: number }>('/v1/status')).lag_seconds === 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** From the first byte sent to the answer that every read shows it. */
async function measureVisible(server: RunningServer): Promise<Figure[]> {
  const event = (n: number, service: string) =>
    `{"id":"visible-${service}-${n}","kind":"deploy","service":"${service}","git_sha":"${(n + 0x1000000000).toString(16)}"}`
  const post = async (body: string) => {
    const started = performance.now()
    const answer = await server.post('/v1/events?wait=visible', body)
    if (answer.status !== 200) throw new Error(`wait=visible: ${answer.status} ${await answer.text()}`)
    return performance.now() - started
  }
  const lone: number[] = []
  for (let n = 0; n < 12; n++) lone.push(await post(event(n, 'seen')))
  const crowd: number[] = []
  for (let n = 0; n < 3; n++) crowd.push(await post(`[${Array.from({ length: 100 }, (_, index) => event(n, `seen-${index}`)).join()}]`))
  return [
    figure('Fairlead: one event until every read shows it', 'ms', lone.slice(2)),
    figure('Fairlead: 100 events of 100 services until every read shows them', 'ms', crowd),
  ]
}

async function measureBulk(server: RunningServer, sizes: Sizes, base: Figure): Promise<Figure[]> {
  const accepted: number[] = []
  const visible: number[] = []
  for (let run = 0; run < Math.min(2, sizes.runs); run++) {
    const started = performance.now()
    const result = await load(
      orderOf(server, sizes, { clients: 3, run: `bulk${run}`, perRequest: 2_500, events: sizes.bulk, seconds: 600 }),
    )
    accepted.push(result.events / result.seconds)
    await settled(server)
    visible.push(result.events / ((performance.now() - started) / 1000))
  }
  return [
    figure(`Fairlead: NDJSON bulk of ${sizes.bulk}, accepted`, 'per second', accepted, base),
    figure(`Fairlead: NDJSON bulk of ${sizes.bulk}, seen by every read`, 'per second', visible, base),
  ]
}
