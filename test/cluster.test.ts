import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { demoStory } from '../src/ingest/demo-story.ts'
import { removeSourceRows } from '../src/ingest/remove.ts'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import { clickhouseDialect, clickhousePort } from '../src/store/dialects/clickhouse.ts'
import { createMigrator, soleOwner, type Migrator } from '../src/store/migrate.ts'
import { requireSameTopology } from '../src/store/same-topology.ts'
import { statement } from '../src/store/statement.ts'
import { resolveStores } from '../src/store/store-uri.ts'
import { startCluster, type TestCluster } from './cluster/cluster.ts'
import { metricCases, metricsWithCases } from './metric-cases.ts'
import { freshDirectory, removeDirectory, startServer, type Server } from './server.ts'
import { openWorld, worldOn, type World } from './world.ts'

/**
 * Two shards in two processes, which ask each other by ClickHouse's own protocol. Sharding, joins and views are the engine's; replicas and
 * `ON CLUSTER`, which need Keeper, are not here (test/cluster/node.ts).
 */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 })
/** All of them take five minutes on two cores: `CLUSTER_CASES=1000 npx vitest run test/cluster.test.ts`. */
const CASES_OF_EACH = Number(process.env['CLUSTER_CASES'] ?? 1)
let cluster: TestCluster
let nodes: [Analytics, Analytics]
let data: string
let server: Server
beforeAll(async () => {
  cluster = await startCluster()
  data = await freshDirectory()
  server = await startServer(data, { CLICKHOUSE_URI: cluster.uris[0] as string })
  const [one, two] = await Promise.all(cluster.uris.map((uri) => openAnalytics(targetOf(uri))))
  nodes = [one as Analytics, two as Analytics]
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
  for (const node of nodes) await node.close()
  await cluster.close()
})

function targetOf(uri: string): Parameters<typeof openAnalytics>[0] {
  const target = resolveStores({ CLICKHOUSE_URI: uri }).analytics
  if (target === null) throw new Error('no target')
  return { kind: 'server', ...target }
}

const rowsOf = (analytics: Analytics, sql: string, params: Record<string, string> = {}) =>
  analytics.read(statement({ name: 'test.rows', sql, row: z.record(z.string(), z.unknown()) }), params)
const localRows = (table: string, org: string) =>
  Promise.all(
    nodes.map(async (node) =>
      Number((await rowsOf(node, `SELECT count() AS n FROM ${table}_local WHERE org_id = {org:UUID}`, { org }))[0]?.['n']),
    ),
  )
const migratorOf = (node: Analytics): Migrator =>
  createMigrator({
    port: clickhousePort(node),
    dialect: clickhouseDialect,
    directory: resolve('migrations/clickhouse'),
    programVersion: '0',
    actor: 'test',
    lock: soleOwner,
  })

test('the program has made its tables on the cluster, and answers from it by whatever node', async () => {
  const event = { id: 'one', kind: 'deploy', service: 'api', environment: 'production', succeeded: true }
  expect((await server.post('/v1/events?wait=visible', JSON.stringify(event))).status).toBe(200)
  expect(await server.get('/v1/status')).toMatchObject({ events: 1, services: ['api'] })
  await server.stop()
  server = await startServer(data, { CLICKHOUSE_URI: cluster.uris[1] as string })
  expect((await server.post('/v1/events?wait=visible', JSON.stringify({ ...event, id: 'two' }))).status).toBe(200)
  expect(await server.get('/v1/status')).toMatchObject({ events: 2, services: ['api'] })
  await server.stop()
  await expect(startServer(data, { CLICKHOUSE_URI: (cluster.uris[0] as string).replace('?cluster=main', '') })).rejects.toThrow(
    'are made for a cluster, and the address names none',
  )
})

test('every node knows what was migrated, and has the schema of one node', async () => {
  const snapshot = await readFile('migrations/clickhouse/schema.snapshot.sql', 'utf8')
  for (const node of nodes) {
    const migrator = migratorOf(node)
    expect((await migrator.status()).pending).toEqual([])
    expect(await migrator.up()).toEqual([])
    expect(await migrator.snapshot()).toBe(snapshot)
  }
})

test('a table takes another’s name with its rows, however often each statement is run', async () => {
  const [node] = nodes
  const org = crypto.randomUUID()
  const run = async (sql: string) => {
    for (let n = 0; n < 2; n++) await node.run(sql)
  }
  await run('create table if not exists all_made (org_id UUID, id UInt32) engine = ReplacingMergeTree order by (org_id, id)')
  await node.insert('all_made', ['org_id', 'id'], [{ org_id: org, id: 1 }])
  await run('create table if not exists all_made_anew (org_id UUID, id String) engine = ReplacingMergeTree order by (org_id, id)')
  await node.run('insert into all_made_anew select org_id, toString(id) from all_made final')
  await run('rename table if exists all_made to all_made_before')
  await run('rename table if exists all_made_anew to all_made')
  await run('alter table all_made add column if not exists note String')
  await run('drop table if exists all_made_before')
  for (const each of nodes)
    expect(await rowsOf(each, 'SELECT id, note FROM all_made FINAL WHERE org_id = {org:UUID}', { org })).toEqual([{ id: '1', note: '' }])
  await run('drop table if exists all_made')
})

test('tables of one node are not taken for those of a cluster', async () => {
  const world = await openWorld()
  await expect(requireSameTopology({ ...world.analytics, cluster: 'main' })).rejects.toMatchObject({ code: 'config' })
  await expect(requireSameTopology(world.analytics)).resolves.toBeUndefined()
  await world.close()
})

describe('rows', () => {
  const COLUMNS = ['org_id', 'id', 'title', 'source', 'raw_seq', 'received_at', 'seen_at', 'is_deleted']
  const repository = (org_id: string, id: string, title: string, seen_at: string) => {
    return { org_id, id, title, source: 's', raw_seq: 1, received_at: seen_at, seen_at, is_deleted: 0 }
  }

  test('of an organization lie on one shard, of many on both; the newest of a key counts, by whatever node it came', async () => {
    const orgs = Array.from({ length: 16 }, () => crypto.randomUUID())
    for (const [n, node] of nodes.entries()) {
      const rows = orgs.flatMap((org) => ['a', 'b'].map((id) => repository(org, id, `by node ${n}`, `2026-01-0${n + 1}T00:00:00.000Z`)))
      await node.insert('all_repositories', COLUMNS, rows)
    }
    const where = await Promise.all(orgs.map((org) => localRows('all_repositories', org)))
    expect(where.every((one) => one.includes(0) && one.includes(4))).toBe(true)
    expect(new Set(where.map((one) => one.indexOf(4)))).toEqual(new Set([0, 1]))
    for (const node of nodes)
      for (const org of orgs.slice(0, 4)) {
        expect(await rowsOf(node, 'SELECT id, title FROM all_repositories FINAL WHERE org_id = {org:UUID} ORDER BY id', { org })).toEqual([
          { id: 'a', title: 'by node 1' },
          { id: 'b', title: 'by node 1' },
        ])
      }
  })

  test('are removed where they lie, and may come again as they were', async () => {
    const org = crypto.randomUUID()
    const rows = [repository(org, 'a', 'A', '2026-01-01T00:00:00.000Z')]
    for (const [writer, remover] of [nodes, nodes.toReversed()] as [Analytics, Analytics][]) {
      await writer.insert('all_repositories', COLUMNS, rows)
      expect((await localRows('all_repositories', org)).toSorted()).toEqual([0, 1])
      await removeSourceRows(remover, org, 's')
      expect(await localRows('all_repositories', org)).toEqual([0, 0])
    }
  })

  test('bring their hash, which is made of a text on the way', async () => {
    const org = crypto.randomUUID()
    await nodes[0].insert(
      'all_keys',
      ['org_id', 'key', 'seq', 'digest_hex', 'place', 'seen_at'],
      [{ org_id: org, key: org, seq: 1, digest_hex: 'ab'.repeat(32), place: '', seen_at: '1900-01-01T00:00:00.000Z' }],
    )
    const [found] = await rowsOf(nodes[1], 'SELECT lower(hex(digest)) AS digest, seen_at FROM all_keys FINAL WHERE org_id = {org:UUID}', {
      org,
    })
    expect(found).toEqual({ digest: 'ab'.repeat(32), seen_at: '1900-01-01T00:00:00.000Z' })
  })
})

/** Written by one node and asked by the other. */
const acrossNodes = (): Analytics => ({ ...nodes[0], read: (each, params) => nodes[1].read(each, params), close: async () => {} })

describe('the views of the reference schema', () => {
  const VIEWS = [
    'deploy_events',
    'deployments',
    'commits',
    'incidents',
    'cicd_deployments',
    'v_dora_deployment_frequency',
    'v_dora_lead_time',
    'v_dora_cfr',
    'v_dora_mttr',
  ]
  let [here, there]: World[] = []
  let org: string
  beforeAll(async () => {
    here = await openWorld()
    there = await worldOn(acrossNodes())
    org = here.org()
    const story = demoStory(here.clock.now()).slice(0, 60) as unknown as Record<string, unknown>[]
    for (const world of [here, there]) await world.events(org, story)
    // Others lie on both shards, and are nobody's business.
    for (let n = 0; n < 4; n++) await there.events(there.org(), story.slice(0, 2))
  })
  afterAll(() => here?.close())

  test.each(VIEWS)('%s is what it is on one node', async (view) => {
    const sql = `SELECT * EXCEPT (org_id) FROM ${view} WHERE org_id = {org:UUID}`
    const [wanted, found] = await Promise.all([here, there].map(async (world) => rowsOf((world as World).analytics, sql, { org })))
    const sorted = (rows: Record<string, unknown>[]) =>
      rows.map((row) => JSON.stringify({ ...row, created_at: null, updated_at: null })).toSorted()
    expect(wanted?.length).toBeGreaterThan(0)
    expect(sorted(found ?? [])).toEqual(sorted(wanted ?? []))
  })
})

describe('every metric', () => {
  let world: World
  beforeAll(async () => {
    world = await worldOn(acrossNodes())
    await cluster.asked()
  })

  metricCases(() => world, CASES_OF_EACH)

  test('was asked of the shard that has the organization, and of it alone', async () => {
    const asked = await cluster.asked()
    const orgsOf = (node: number) =>
      new Set((asked[node] ?? []).flatMap(({ sql }) => /`?org_id`? = _CAST\('([\w-]{36})'/.exec(sql)?.slice(1) ?? []))
    const [one, two] = [orgsOf(0), orgsOf(1)]
    expect(one.size + two.size).toBeGreaterThanOrEqual(metricsWithCases.length)
    expect([...one].filter((org) => two.has(org))).toEqual([])
    expect(asked.flat().filter(({ sql, stage }) => sql.includes('org_id` = _CAST') && stage !== 2)).toEqual([])
  })
})
