import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { examineInstallation } from '../../src/operate/doctor/doctor.ts'
import type { DoctorReport } from '../../src/operate/doctor/finding.ts'
import { hasStatementStatistics } from '../../src/operate/doctor/postgres-statements.ts'
import { indexUse, slowStatements } from '../../src/operate/doctor/mysql-statements.ts'
import { Secret } from '../../src/secret.ts'
import { lakeMigrator } from '../../src/store/schema.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { openSemantic } from '../../src/store/semantic.ts'
import { noRow } from '../../src/store/statement.ts'
import { freshDirectory, removeDirectory } from '../server.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** The examination of servers: a PostgreSQL and a lake on MySQL or MariaDB, in which things were made to be wrong. */
let data: string
let database: Awaited<ReturnType<typeof makeDatabase>>
let lake: OwnLake
let mysql: Mysql
beforeAll(async () => {
  data = await freshDirectory()
  database = await makeDatabase()
  lake = await makeLake()
  mysql = await lake.open()
})
afterAll(async () => {
  await mysql.close()
  await lake.drop()
  await database.drop()
  await removeDirectory(data)
})

async function examined(): Promise<DoctorReport> {
  const uri = new URL(givenServer())
  uri.pathname = `/${database.name}`
  const semantic = await openSemantic({ uri: new Secret(uri.href) }, { log: silentLog })
  try {
    return await examineInstallation({
      version: 'test',
      clock: systemClock,
      log: silentLog,
      directory: data,
      reserveBytes: 0,
      lake: new Secret(lake.uri),
      semantic,
      analytics: { thrown: new Error('not of this test'), describe: 'none' },
      migrators: null,
      running: null,
    })
  } finally {
    await semantic.close()
  }
}
const of = (report: DoctorReport, check: string) => report.findings.filter((one) => one.check === check)
const onPostgres = async (sql: string) => {
  const semantic = await openSemantic({ uri: new Secret(givenServer()) }, { log: silentLog })
  await semantic.query({ name: 'test.run', sql, row: noRow })
  await semantic.close()
}

test('a lake that nothing was exported to, then one with the reference schema', async () => {
  expect(of(await examined(), 'lake.migrations')).toMatchObject([
    { level: 'note', says: expect.stringContaining('0001_create_lake.sql') as string },
  ])
  await lakeMigrator(mysql, { actor: 'test' }).up()
  const report = await examined()
  expect(report.findings.filter(({ store, level }) => store === 'lake' && (level === 'failure' || level === 'warning'))).toEqual([])
  expect(of(report, 'lake.schema')).toMatchObject([{ level: 'ok' }])
  expect(of(report, 'lake.charset')).toMatchObject([{ level: 'ok' }])
  const told = report.stores.find(({ store }) => store === 'lake')
  expect(told?.tables.map(({ table }) => table)).toEqual(expect.arrayContaining(['commits', 'deployments', 'incidents']))
  expect(told?.tables.every(({ bytes, index_bytes }) => bytes !== null && index_bytes !== null)).toBe(true)
  expect(told?.indexes.find(({ table, index }) => table === 'commits' && index === 'PRIMARY')?.columns).toMatch(/\S/)
  expect([told?.reached, told?.version]).toEqual([true, expect.stringMatching(/^(MariaDB|MySQL) \d/)])
})

test('tables of others in a lake: without transactions, in a narrow character set, with an index that is the beginning of another', async () => {
  await mysql.run('create table loose (id int primary key) engine = MyISAM')
  await mysql.run(
    'create table narrow (id int primary key, a varchar(10), b varchar(10), key first_a (a), key a_and_b (a, b)) engine = InnoDB default charset latin1',
  )
  const report = await examined()
  expect(of(report, 'lake.engine')).toMatchObject([{ level: 'warning', says: expect.stringContaining('loose (MyISAM)') as string }])
  expect(of(report, 'lake.table-charset')).toMatchObject([
    { level: 'warning', remedy: expect.stringContaining('alter table narrow convert') as string },
  ])
  expect(of(report, 'lake.indexes')).toMatchObject([{ says: expect.stringContaining('narrow.first_a (of a_and_b)') as string }])
  await mysql.run('drop table loose')
  await mysql.run('drop table narrow')
})

test('use of indexes and slow statements: told where the server counts, else said not to be', async () => {
  const report = await examined()
  const counted = of(report, 'lake.index-use')[0]?.level === 'ok'
  const told = report.stores.find(({ store }) => store === 'lake')
  expect(told?.indexes.every(({ uses }) => (uses === null) === !counted)).toBe(true)
  if (!counted)
    expect(of(report, 'lake.index-use')).toMatchObject([{ level: 'note', remedy: expect.stringContaining('userstat') as string }])
  // The statements are ones that the server takes, whether it counts or not.
  expect(await mysql.query(indexUse)).toBeInstanceOf(Array)
  expect(await mysql.query(slowStatements)).toBeInstanceOf(Array)
})

test('a PostgreSQL that acknowledges before it is on disk; one whose statistics are installed and not loaded', async () => {
  await onPostgres(`alter database ${database.name} set synchronous_commit = off`)
  expect(of(await examined(), 'semantic.durability')).toMatchObject([
    { level: 'warning', remedy: expect.stringContaining('synchronous_commit = on') as string },
  ])
  await onPostgres(`alter database ${database.name} reset synchronous_commit`)
  const report = await examined()
  expect(of(report, 'semantic.durability')).toMatchObject([{ level: 'ok' }])
  const uri = new URL(givenServer())
  uri.pathname = `/${database.name}`
  const semantic = await openSemantic({ uri: new Secret(uri.href) }, { log: silentLog })
  const isInstalled = (await semantic.one(hasStatementStatistics))?.found === true
  await semantic.close()
  expect(of(report, 'semantic.slow-statements').length).toBe(isInstalled ? 0 : 1)
})

test('nothing of the address but host, port and database is told', async () => {
  const text = JSON.stringify(await examined())
  for (const uri of [givenServer(), lake.uri]) {
    const { username, password } = new URL(uri)
    if (password !== '') expect(text).not.toContain(`${username}:${password}`)
  }
  expect(text).not.toContain('IDENTIFIED')
})
