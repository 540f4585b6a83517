import { afterAll, beforeAll, expect, test } from 'vitest'
import { examine } from '../src/operate/doctor/examine.ts'
import { notesOn, type Finding } from '../src/operate/doctor/finding.ts'
import { clockOf, postgresChecks } from '../src/operate/doctor/postgres.ts'
import type { Semantic } from '../src/store/semantic.ts'
import { noRow } from '../src/store/statement.ts'
import { openSemanticStore } from './semantic-store.ts'

/** The examination of the semantic store, on a real one in which things were made to be wrong. Also a file of the YugabyteDB mode. */
let store: Awaited<ReturnType<typeof openSemanticStore>>
let semantic: Semantic
beforeAll(async () => {
  store = await openSemanticStore()
  semantic = store.semantic
}, 60_000)
afterAll(() => store.close())

const run = (sql: string) => semantic.query({ name: 'test.run', sql, row: noRow })

async function examined(options: { limits?: Parameters<typeof postgresChecks>[0]; now?: () => number; of?: Semantic } = {}) {
  const notes = notesOn('semantic', semantic.describe)
  const findings: Finding[] = []
  await examine(options.of ?? semantic, notes, findings, {
    checks: postgresChecks(options.limits),
    clock: clockOf,
    now: options.now ?? Date.now,
    signal: new AbortController().signal,
  })
  const of = (check: string) => findings.filter((one) => one.check === `semantic.${check}`)
  return { notes, findings, of }
}

test('a store that is well: nothing worse than a note, every table of the schema with its size, every index with its use', async () => {
  await run(
    `insert into migration_history select 'filler', n, 'x', 'x', false, 1, 1, 1, 'x', 'x', 'done', now(), now() from generate_series(1, 500) as n`,
  )
  await run('analyze migration_history')
  const { findings, notes } = await examined()
  expect(findings.filter(({ level }) => level === 'failure' || level === 'warning')).toEqual([])
  expect(findings.filter(({ check }) => check.endsWith('untold'))).toEqual([])
  expect(notes).toMatchObject({ reached: true, pool: { most: 10 }, slow: { from: 'program' } })
  expect(notes.tables.map(({ table }) => table)).toEqual(expect.arrayContaining(['organizations', 'sources', 'audit_log']))
  await expect
    .poll(async () => (await examined()).notes.tables.find(({ table }) => table === 'migration_history')?.rows, { timeout: 20_000 })
    .toBeGreaterThanOrEqual(500)
  expect(notes.tables.every(({ bytes }) => bytes !== null)).toBe(true)
  expect(notes.indexes.find(({ index }) => index === 'organizations_slug_key')).toMatchObject({ table: 'organizations', columns: 'slug' })
  expect(notes.slow.statements.map(({ statement }) => statement)).toContain('test.run')
  // The examination itself is no news.
  expect(notes.slow.statements.some(({ statement }) => statement.startsWith('doctor.'))).toBe(false)
})

test('an index that stands twice, and one whose build was broken off, with the statement that mends it', async () => {
  await run('create table things (id int primary key, name text)')
  await run('create index things_name on things (name)')
  await run('create index things_name_too on things (name)')
  await run('create index things_name_down on things (name desc)')
  await run('create index things_name_part on things (name) where id > 7')
  await run(`insert into things values (1, 'x'), (2, 'x')`)
  await run('create unique index concurrently things_once on things (name)').catch(() => {})
  const { of } = await examined()
  expect(of('indexes').map(({ level, remedy }) => [level, remedy])).toEqual([
    ['failure', expect.stringMatching(/^(reindex index concurrently|drop index) things_once;/)],
    ['warning', expect.stringMatching(/: drop index (concurrently )?things_name_too;$/)],
  ])
  await run('drop table things')
})

test('dead rows that nobody clears away', async () => {
  await run('create table worn (id int primary key, n int) with (autovacuum_enabled = false)')
  await run('insert into worn select n, 0 from generate_series(1, 1000) as n')
  await run('update worn set n = 1')
  await run('update worn set n = 2')
  // PostgreSQL counts a moment later.
  await expect
    .poll(async () => (await examined({ limits: { deadRows: 500 } })).of('dead-rows').map(({ level, says }) => [level, says]), {
      timeout: 20_000,
    })
    .toEqual([['warning', expect.stringContaining('worn')]])
  expect((await examined()).of('dead-rows')).toEqual([])
  await run('drop table worn')
})

test('a transaction that is left open, and who waits for it', async () => {
  await run('create table held (id int primary key)')
  await run('insert into held values (1)')
  let release = () => {}
  const holding = new Promise<void>((resolve) => (release = resolve))
  let locked = () => {}
  const isLocked = new Promise<void>((resolve) => (locked = resolve))
  const holder = semantic.transaction(async (tx) => {
    await tx.query({ name: 'test.hold', sql: 'select id from held for update', row: noRow })
    locked()
    await holding
  })
  await isLocked
  const waiter = run('update held set id = 2')
  await expect.poll(async () => (await examined()).of('locks').map(({ level }) => level), { timeout: 20_000 }).toEqual(['warning'])
  const { of } = await examined({ limits: { idleTransactionSeconds: -1 } })
  expect(of('transactions')[0]).toMatchObject({ level: 'warning', says: expect.stringMatching(/^fairlead \(process \d+\)/) as string })
  expect(of('transactions')[0]?.remedy).toMatch(/select pg_terminate_backend\(\d+\);/)
  release()
  await Promise.all([holder, waiter])
  await run('drop table held')
})

test('clocks that are apart', async () => {
  const { of, notes } = await examined({ now: () => Date.now() - 3_000 })
  expect(of('clock')[0]).toMatchObject({ level: 'warning', says: expect.stringContaining('ahead of') as string })
  expect(notes.clock_skew_ms).toBeGreaterThan(0)
  expect((await examined({ now: () => Date.now() + 120_000 })).of('clock')[0]).toMatchObject({ level: 'failure' })
})

test('a catalog that is not there is told by name, and the rest is examined', async () => {
  const lacking: Semantic = {
    ...semantic,
    one: (statement, params) =>
      statement.name === 'doctor.postgres_database'
        ? semantic.one({ ...statement, sql: 'select * from pg_not_of_this_server' }, params)
        : semantic.one(statement, params),
  }
  const { of, findings } = await examined({ of: lacking })
  expect(of('untold').map(({ level, says }) => [level, says.split('.')[0]])).toEqual([
    ['note', 'Not told: use of indexes'],
    ...(semantic.version.includes('-YB-') ? [] : [['note', 'Not told: the age of the oldest transaction, deadlocks']]),
  ])
  expect(findings.some(({ level }) => level === 'failure')).toBe(false)
  expect(of('transactions')).toHaveLength(1)
})

test('every finding that is worse than a note has a remedy, at every limit', async () => {
  const all = {
    deadRows: -1,
    deadShare: -1,
    frozenWarning: -1,
    largeIndexBytes: 0,
    countedDays: -1,
    longTransactionSeconds: -1,
    idleTransactionSeconds: -1,
    scannedRows: -1,
  }
  const found = [...(await examined({ limits: all })).findings, ...(await examined({ limits: { ...all, frozenFailure: -1 } })).findings]
  const worse = found.filter(({ level }) => level === 'failure' || level === 'warning')
  expect(worse.length).toBeGreaterThan(1)
  expect(worse.filter(({ remedy }) => remedy === null)).toEqual([])
})
