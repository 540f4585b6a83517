import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { rowOf, type Entity } from '../../domain/entity.ts'
import { TOLD, type DomainTable } from '../../domain/tables.ts'
import { instant } from '../../src/clock.ts'
import { exportLake } from '../../src/lake/export-lake.ts'
import type { ImportReport } from '../../src/lake/import.ts'
import type { Choices } from '../../src/lake/lake-schema.ts'
import { withRelations } from '../../src/measure/relations.ts'
import { openAnalytics, type Analytics } from '../../src/store/analytics.ts'
import { insertRows } from '../../src/store/rows.ts'
import { statement } from '../../src/store/statement.ts'
import { CONNECTORS } from '../fixtures.ts'
import { fairlead, freshDirectory, removeDirectory } from '../server.ts'
import { openWorld, type World } from '../world.ts'
import { EXCEPTIONS, LEFT_OUT, type Row } from './devlake-exceptions.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** The law of both directions: what `export lake --schema devlake` wrote, `import devlake` reads back as the same rows. */
const anything = z.record(z.string(), z.unknown())
const COMPARED = Object.keys(EXCEPTIONS) as DomainTable[]
let report: ImportReport

/** Everything that any connector tells in its fixtures, each as its own source. */
async function tellFixtures(world: World, org: string): Promise<void> {
  let seq = 1
  for (const folder of readdirSync(CONNECTORS)
    .filter((name) => name.endsWith('.fixture'))
    .sort()) {
    const source = folder.replace(/\.fixture$/, '')
    const own = new Map<DomainTable, Map<string, Row>>()
    for (const file of readdirSync(join(CONNECTORS, folder))
      .filter((name) => name.endsWith('.rows.json'))
      .sort()) {
      for (const rows of JSON.parse(readFileSync(join(CONNECTORS, folder, file), 'utf8')) as Partial<Record<DomainTable, Row[]>>[])
        for (const [table, list] of Object.entries(rows) as [DomainTable, Row[]][]) {
          const byId = own.get(table) ?? new Map<string, Row>()
          own.set(table, byId)
          for (const row of list) byId.set(JSON.stringify(TOLD[table].identity.map((column) => row[column])), row)
        }
    }
    for (const [table, rows] of own) {
      const stored = [...rows.values()].map((row) => ({
        ...rowOf(TOLD[table] as unknown as Entity, row),
        org_id: org,
        source,
        raw_seq: ++seq,
        received_at: instant(world.clock.now()),
        // Each is told a little later than the one before.
        seen_at: instant(world.clock.now() + seq),
        is_deleted: 0,
      }))
      await insertRows(world.analytics, table, stored as never)
    }
  }
  await world.rebuild(org)
}

const INCIDENT = ['id', 'opened_at', 'closed_at', 'service', 'environment', 'repository', 'severity', 'title', 'url']

/** The rows of a table without where they came from, the newest last; incidents as they are read together. */
async function rowsOf(analytics: Analytics, table: DomainTable, org: string): Promise<Row[]> {
  const sql =
    table === 'incident_states'
      ? `${withRelations(['incidents'])} SELECT ${INCIDENT.join(', ')} FROM incidents`
      : `SELECT ${Object.keys(TOLD[table].row.shape).join(', ')} FROM all_${table} FINAL WHERE org_id = {org:UUID} ORDER BY seen_at`
  return analytics.read(statement({ name: 'test.rows', sql, row: anything }), { org })
}

const organizations = statement({ name: 'test.org', sql: 'SELECT DISTINCT org_id AS org FROM all_raw', row: z.object({ org: z.string() }) })

const told = new Map<DomainTable, Row[]>()
const back = new Map<DomainTable, Row[]>()
let lake: OwnLake

beforeAll(async () => {
  lake = await makeLake()
  const world = await openWorld()
  const org = world.org()
  await tellFixtures(world, org)
  const mysql = await lake.open()
  const ids = readdirSync(CONNECTORS).flatMap((name) => (/^[^.]+\.ts$/.test(name) ? [name.slice(0, -3)] : []))
  const choices: Choices = {
    projects: async () => [{ name: 'Shop', description: 'Магазин', repositories: ['acme/shop'], services: ['checkout'], settings: [] }],
    roster: async () => ({ people: [], teams: [], providers: new Map(ids.map((id) => [id, id])) }),
  }
  const parts = { analytics: world.analytics, choices, clock: world.clock, head: () => 1 }
  await exportLake(parts, org, mysql, 'devlake', { full: false, signal: new AbortController().signal, progress() {} })
  for (const table of COMPARED) told.set(table, await rowsOf(world.analytics, table, org))
  await mysql.close()
  await world.close()

  const data = await freshDirectory()
  const done = await fairlead(['import', 'devlake', '--json'], { data, env: { MYSQL_URI: lake.uri } })
  if (done.code !== 0) throw new Error(done.stderr)
  report = JSON.parse(done.stdout) as ImportReport
  const theirs = await openAnalytics({ kind: 'embedded', directory: join(data, 'analytics') })
  const [there] = await theirs.read(organizations)
  for (const table of COMPARED) back.set(table, await rowsOf(theirs, table, there?.org ?? ''))
  await theirs.close()
  await removeDirectory(data)
}, 240_000)
afterAll(() => lake?.drop())

test.each(COMPARED)('%s are the same rows', (table) => {
  const { columns = {}, rows: isHeld = () => true, made = (row: Row) => row, newestBy, hasSuffix } = EXCEPTIONS[table] ?? {}
  const workItems = new Set(told.get('work_items')?.map((row) => row['id']))
  const plain = (row: Row) =>
    JSON.stringify(
      Object.fromEntries(
        Object.entries(row)
          .filter(([column]) => columns[column] === undefined)
          // Labels, parents and the like are sets there.
          .map(([column, value]) => [column, Array.isArray(value) && table !== 'change_commits' ? value.toSorted() : value]),
      ),
    )
  const given = told.get(table)?.filter((row) => isHeld(row, workItems)) ?? []
  const newest = new Map(
    given.map((row, index) => [newestBy === undefined ? index : JSON.stringify(newestBy.map((column) => row[column])), row]),
  )
  const here = [...newest.values()].map((row) => plain(made(row))).sort()
  const there = back.get(table)?.map((row) => plain(hasSuffix ? { ...row, id: String(row['id']).replace(/~[0-9a-f]{16}$/, '') } : row))
  expect(there?.sort()).toEqual(here)
})

test('every table that is told is compared, or named with the reason why DevLake has no place for it', () => {
  expect([...COMPARED, ...Object.keys(LEFT_OUT)].sort()).toEqual(Object.keys(TOLD).sort())
})

test('what the import refuses of it is what is no whole thing here either', () => {
  expect(report.missing).toEqual([])
  expect(Object.fromEntries(report.tables.flatMap((one) => one.reasons.map(({ reason, items }) => [reason, items])))).toEqual({
    'the incident has no date of creation': 2,
    'it belongs to an issue that `issues` does not have': 4,
  })
  expect(report.projects).toEqual([{ name: 'Shop', result: 'made' }])
})
