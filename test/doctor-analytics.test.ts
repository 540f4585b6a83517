import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clickhouseChecks, clockOf } from '../src/operate/doctor/clickhouse.ts'
import { examine } from '../src/operate/doctor/examine.ts'
import { notesOn, type Finding } from '../src/operate/doctor/finding.ts'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import { migrateClickhouse } from './world.ts'

/** The examination of the analytics store, on the real engine in which things were made to be wrong. */
const scratch = mkdtempSync(join(tmpdir(), 'fairlead-doctor-'))
let analytics: Analytics
beforeAll(async () => {
  analytics = await openAnalytics({ kind: 'embedded', directory: scratch })
  await migrateClickhouse(analytics)
}, 60_000)
afterAll(async () => {
  await analytics.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function examined(limits?: Parameters<typeof clickhouseChecks>[0]) {
  const notes = notesOn('analytics', analytics.describe)
  const findings: Finding[] = []
  await examine(analytics, notes, findings, {
    checks: clickhouseChecks(limits),
    clock: clockOf,
    now: Date.now,
    signal: new AbortController().signal,
  })
  return { notes, findings, of: (check: string) => findings.filter((one) => one.check === `analytics.${check}`) }
}

test('a store that is well: every table with its size and parts, skipping indexes, free disk', async () => {
  const now = new Date().toISOString()
  await analytics.insert(
    'all_repositories',
    ['org_id', 'id', 'title', 'source', 'raw_seq', 'received_at', 'seen_at', 'is_deleted'],
    [
      {
        org_id: '00000000-0000-4000-8000-000000000001',
        id: 'a/b',
        title: 'b',
        source: 's',
        raw_seq: 1,
        received_at: now,
        seen_at: now,
        is_deleted: 0,
      },
    ],
  )
  const { findings, notes } = await examined()
  // How full the disk of this machine is, is its own affair.
  expect(findings.filter(({ level, check }) => level !== 'ok' && check !== 'analytics.disk')).toEqual([])
  expect(notes).toMatchObject({
    reached: true,
    pool: { most: 4, idle: 4, waiting: 0 },
    version: expect.stringMatching(/^\d+\.\d+/) as string,
  })
  expect(notes.free_bytes).toBeGreaterThan(0)
  expect(notes.tables.find(({ table }) => table === 'all_repositories')).toMatchObject({ rows: 1, parts: 1 })
  expect(notes.tables.find(({ table }) => table === 'all_raw')).toMatchObject({ rows: 0, bytes: 0, parts: 0 })
  expect(notes.tables.every(({ table }) => table !== 'deployments')).toBe(true)
  expect(notes.slow).toMatchObject({
    from: 'program',
    statements: expect.arrayContaining([expect.objectContaining({ statement: 'insert all_repositories', calls: 1 })]) as unknown,
  })
  // Of DDL only what is done to which table is a name.
  expect(notes.slow.statements.filter(({ statement }) => !/^[\w. ]{1,60}$/.test(statement))).toEqual([])
})

test('parts that are not merged, one that is set aside, a table that is not synced, a skipping index', async () => {
  await analytics.run(
    'CREATE TABLE pieces (id Int64, name String, INDEX by_name name TYPE bloom_filter GRANULARITY 1) ENGINE = MergeTree ORDER BY id',
  )
  await analytics.run('SYSTEM STOP MERGES pieces')
  for (let count = 0; count < 6; count++) await analytics.insert('pieces', ['id', 'name'], [{ id: count, name: 'x' }])
  const { of, notes } = await examined({ parts: 5 })
  expect(of('parts')).toEqual([
    expect.objectContaining({
      level: 'warning',
      says: expect.stringContaining('pieces has 6 parts') as string,
      remedy: expect.stringContaining('OPTIMIZE TABLE') as string,
    }),
  ])
  expect(of('fsync')).toMatchObject([{ level: 'warning', says: expect.stringContaining('pieces') as string }])
  expect(notes.indexes).toMatchObject([{ table: 'pieces', index: 'by_name', uses: null, columns: 'name (bloom_filter)' }])
  await analytics.run('DROP TABLE pieces')
})

test('a mutation that fails again and again, without what it says', async () => {
  await analytics.run('CREATE TABLE changed (id Int64, n Int64) ENGINE = MergeTree ORDER BY id SETTINGS fsync_after_insert = 1')
  await analytics.insert('changed', ['id', 'n'], [{ id: 1, n: 1 }])
  await analytics.run(`ALTER TABLE changed UPDATE n = throwIf(id = 1, 'a word that nobody sees') WHERE 1`).catch(() => {})
  await expect.poll(async () => (await examined()).of('mutations').map(({ level }) => level), { timeout: 20_000 }).toEqual(['failure'])
  const [found] = (await examined()).of('mutations')
  expect(found).toMatchObject({
    says: expect.stringContaining('(Code: 395)') as string,
    remedy: expect.stringContaining('KILL MUTATION') as string,
  })
  expect(JSON.stringify(found)).not.toContain('nobody sees')
  await analytics.run('DROP TABLE changed')
  expect((await examined()).of('mutations')).toMatchObject([{ level: 'ok' }])
})
