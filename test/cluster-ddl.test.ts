import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TABLES } from '../domain/tables.ts'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import { onCluster } from '../src/store/cluster.ts'
import { clickhouseDialect } from '../src/store/dialects/clickhouse.ts'
import { expandMacros, readMigrations } from '../src/store/migration-file.ts'
import { statement } from '../src/store/statement.ts'
import { migrateClickhouse } from './world.ts'

/** What every migration of the analytics store says to one node and to a cluster, from the same file. */
const CLUSTER = { name: 'main', database: 'fairlead' }
const TOPOLOGIES = {
  'one-node': (sql: string) => [sql.trim()],
  cluster: (sql: string) => onCluster(sql, CLUSTER),
}

let scratch: string
let analytics: Analytics
let files: { title: string; sql: string }[]
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-ddl-'))
  analytics = await openAnalytics({ kind: 'embedded', directory: join(scratch, 'chdb') })
  await migrateClickhouse(analytics)
  const own = clickhouseDialect.bookkeeping.map((sql) => ({ title: 'migration_history', sql }))
  const migrations = await readMigrations({ directory: resolve('migrations/clickhouse'), dialect: clickhouseDialect })
  const all = migrations.flatMap(({ file, statements }) =>
    // What a step in TypeScript says depends on the table that it finds; what it says goes the same way.
    statements.flatMap((sql, n) =>
      typeof sql === 'string'
        ? [{ title: `${file} ${n + 1} of ${statements.length}`, sql: expandMacros(sql, clickhouseDialect.macro, file) }]
        : [],
    ),
  )
  files = [...own, ...all]
})
afterAll(async () => {
  await analytics.close()
  rmSync(scratch, { recursive: true, force: true })
})

describe.each(Object.entries(TOPOLOGIES))('%s', (topology, said) => {
  test('is what the snapshot says (npx vitest run test/cluster-ddl.test.ts -u after a new migration)', async () => {
    const text = files
      .map(
        ({ title, sql }) =>
          `-- ${title}\n${said(sql)
            .map((one) => `${one};\n`)
            .join('')}`,
      )
      .join('\n')
    await expect(text).toMatchFileSnapshot(`cluster/${topology}.snapshot.sql`)
  })

  test('each statement is one that the engine can read', async () => {
    for (const { title, sql } of files)
      for (const one of said(sql)) await expect(analytics.run(`EXPLAIN AST ${one}`), `${title}: ${one}`).resolves.toBeUndefined()
  })
})

test('a table is sharded by organization, and has the organization in its key, exactly if its name begins with all_', async () => {
  const keys = statement({
    name: 'test.keys',
    sql: `SELECT t.name AS name, sorting_key, has(groupArray(c.name), 'org_id') AS of_org FROM system.tables AS t INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
WHERE t.database = currentDatabase() AND endsWith(engine, 'MergeTree') GROUP BY t.name, sorting_key ORDER BY name`,
    row: z.object({ name: z.string(), sorting_key: z.string(), of_org: z.coerce.boolean() }),
  })
  const found = await analytics.readAsWriter(keys)
  expect(found.map((one) => one.name)).toEqual(expect.arrayContaining(Object.keys(TABLES).map((name) => `all_${name}`)))
  for (const { name, sorting_key, of_org } of found) {
    expect([name, of_org], 'the organization').toEqual([name, name.startsWith('all_')])
    expect([name, sorting_key.split(', ').includes('org_id')]).toEqual([name, name.startsWith('all_')])
  }
})

const REPLICATED = (table: string) => `'/clickhouse/tables/{shard}/{database}/${table}', '{replica}'`
const OFF = 'SETTINGS replicated_deduplication_window = 0'
const WAY = (table: string) =>
  `CREATE TABLE IF NOT EXISTS ${table} ON CLUSTER \`main\` AS ${table}_local ENGINE = Distributed('main', 'fairlead', '${table}_local', sipHash64(org_id))`

test.each<[string, string[]]>([
  [
    "create table if not exists all_x (org_id UUID, a String default ')') engine = ReplacingMergeTree(seen_at, is_deleted) order by org_id settings index_granularity = 1",
    [
      `CREATE TABLE IF NOT EXISTS all_x_local ON CLUSTER \`main\`\n(org_id UUID, a String default ')') ENGINE = ReplicatedReplacingMergeTree(${REPLICATED('all_x')}, seen_at, is_deleted) order by org_id ${OFF}, index_granularity = 1`,
      WAY('all_x'),
    ],
  ],
  [
    'create table book (a String) engine = MergeTree order by a',
    [
      `CREATE TABLE book ON CLUSTER \`main\`\n(a String) ENGINE = ReplicatedMergeTree('/clickhouse/tables/every-node/{database}/book', '{shard}-{replica}') order by a ${OFF}`,
    ],
  ],
  ['-- a view\ncreate view if not exists v as select 1', ['CREATE VIEW IF NOT EXISTS v ON CLUSTER `main` as select 1']],
  ['create or replace view v as select 1', ['CREATE OR REPLACE VIEW v ON CLUSTER `main` as select 1']],
  [
    "alter table all_x add column if not exists b String, modify column c Enum('a, b' = 1)",
    ['_local', ''].map(
      (end) => `ALTER TABLE all_x${end} ON CLUSTER \`main\` add column if not exists b String, modify column c Enum('a, b' = 1)`,
    ),
  ],
  ['alter table all_x drop column b', ['', '_local'].map((end) => `ALTER TABLE all_x${end} ON CLUSTER \`main\` drop column b`)],
  [
    `ALTER TABLE all_x DELETE WHERE a IN ('x, drop column', 'y')`,
    [`ALTER TABLE all_x_local ON CLUSTER \`main\` DELETE WHERE a IN ('x, drop column', 'y')`],
  ],
  ['alter table book modify ttl a', ['ALTER TABLE book ON CLUSTER `main` modify ttl a']],
  ['alter table all_x add index i a type set(0)', ['ALTER TABLE all_x_local ON CLUSTER `main` add index i a type set(0)']],
  [
    'rename table if exists all_x to all_y',
    [
      'RENAME TABLE IF EXISTS all_x_local TO all_y_local ON CLUSTER `main`',
      'DROP TABLE IF EXISTS all_x ON CLUSTER `main` SYNC',
      WAY('all_y'),
    ],
  ],
  ['rename table a to b, c to d', ['RENAME TABLE a TO b, c TO d ON CLUSTER `main`']],
  ['drop table if exists all_x', ['', '_local'].map((end) => `DROP TABLE IF EXISTS all_x${end} ON CLUSTER \`main\` SYNC`)],
  ['drop view v', ['DROP VIEW v ON CLUSTER `main` SYNC']],
  ['truncate table if exists all_x', ['TRUNCATE TABLE IF EXISTS all_x_local ON CLUSTER `main`']],
  ['optimize table all_x final', ['OPTIMIZE TABLE all_x_local ON CLUSTER `main` final']],
  ['delete from all_x where a = 1', ['DELETE FROM all_x_local ON CLUSTER `main` where a = 1']],
  ['insert into all_x select 1', ['insert into all_x select 1']],
])('%s', async (sql, expected) => {
  const said = onCluster(sql, CLUSTER)
  expect(said).toEqual(expected)
  for (const one of said) await expect(analytics.run(`EXPLAIN AST ${one}`), one).resolves.toBeUndefined()
})

test.each([
  ['create table all_x engine = MergeTree order by a as select 1', 'does not name its columns'],
  ['create table all_x (a String) engine = Log', 'an engine of the MergeTree family'],
  ['create materialized view v to t as select 1', 'nobody has said'],
  ['alter table all_x add column b String, modify ttl a', 'make it two'],
  ['rename table all_x to x', 'each other’s name'],
])('%s is refused: it would be something else there', (sql, why) => {
  expect(() => onCluster(sql, CLUSTER)).toThrow(why)
})
