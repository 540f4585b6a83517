import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { postgresDialect, postgresPort } from '../../src/store/dialects/postgres.ts'
import { createMigrator, type Migrator } from '../../src/store/migrate.ts'
import { openSemantic, type Semantic } from '../../src/store/semantic.ts'
import { noRow, statement } from '../../src/store/statement.ts'
import { resolveStores } from '../../src/store/store-uri.ts'

/** POSTGRES_URI names a PostgreSQL 14 or newer, or a YugabyteDB, whose user may create databases. Each run makes its own and drops it. */
const database = `fairlead_test_${randomBytes(6).toString('hex')}`
const folder = resolve('migrations/postgres')
let owner: Semantic
let semantic: Semantic

function given(): string {
  const uri = resolveStores({ POSTGRES_URI: process.env['POSTGRES_URI'] }).semantic?.uri.reveal()
  if (uri === undefined) throw new Error('POSTGRES_URI is not set: this suite needs a PostgreSQL server')
  return uri
}

function ownDatabase(): string {
  const uri = new URL(given())
  uri.pathname = `/${database}`
  return uri.href
}

beforeAll(async () => {
  owner = await openSemantic({ uri: new Secret(given()) }, { log: silentLog })
  await owner.query({ name: 'test.create', sql: `create database ${database}`, row: noRow })
  semantic = await openSemantic({ uri: new Secret(ownDatabase()) }, { log: silentLog })
})
afterAll(async () => {
  await semantic?.close()
  await owner?.query({ name: 'test.drop', sql: `drop database if exists ${database}`, row: noRow })
  await owner?.close()
})

function migrator(through: Semantic, directory = folder): Migrator {
  return createMigrator({
    port: postgresPort(through),
    dialect: postgresDialect(through.version),
    directory,
    programVersion: 'test',
    actor: 'test',
  })
}

test('the server is one that Fairlead supports', () => {
  expect(semantic.describe).toMatch(/^(PostgreSQL (1[4-9]|[2-9]\d)|YugabyteDB )/)
})

test('two that start at once migrate it once, to the schema of the snapshot', async () => {
  const other = await openSemantic({ uri: new Secret(ownDatabase()) }, { log: silentLog })
  const applied = await Promise.all([migrator(semantic).up(), migrator(other).up()])
  await other.close()
  const files = (await readdir(folder)).filter((file) => /^\d/.test(file))
  expect(applied.flat().map((each) => each.file)).toEqual(files)
  expect(await migrator(semantic).verify()).toEqual({ matches: true, missing: [], unexpected: [] })
  expect((await migrator(semantic).status()).history.every((row) => row.state === 'done')).toBe(true)
})

test('a migration that fails leaves nothing of itself', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-server-'))
  for (const file of await readdir(folder)) await writeFile(join(directory, file), await readFile(join(folder, file)))
  await writeFile(
    join(directory, '9001_create_half.sql'),
    '-- why: half\n\ncreate table if not exists half (id int)\n--next\nselect 1 / 0\n',
  )
  await expect(migrator(semantic, directory).up()).rejects.toMatchObject({ code: 'migration-failed', detail: { statement: 2 } })
  const left = statement({ name: 'test.left', sql: `select to_regclass('half') is null as gone`, row: z.object({ gone: z.boolean() }) })
  expect(await semantic.one(left)).toEqual({ gone: postgresDialect(semantic.version).transactionalDdl })
  await rm(directory, { recursive: true })
})

describe('values', () => {
  test('come back as they went in', async () => {
    const at = '2026-03-29T01:30:00.007Z'
    const kinds = statement({
      name: 'test.kinds',
      sql: `select {at:timestamptz} as at, {big:int8} as big, {names:text[]} as names, {config:jsonb} as config, sum(n) as total from generate_series(1, 3) as n`,
      row: noRow,
    })
    expect(await semantic.one(kinds, { at, big: 2 ** 50, names: ['a', '"'], config: '{"a":[null]}' })).toEqual({
      at,
      big: 2 ** 50,
      names: ['a', '"'],
      config: { a: [null] },
      total: 6,
    })
  })

  test('one counter, written by many transactions at once, loses no increment', async () => {
    await semantic.query({ name: 'test.table', sql: 'create table if not exists counter (id int primary key, n int not null)', row: noRow })
    await semantic.query({ name: 'test.zero', sql: 'insert into counter values (1, 0)', row: noRow })
    const read = statement({ name: 'test.count', sql: 'select n from counter where id = 1 for update', row: z.object({ n: z.number() }) })
    const write = statement({ name: 'test.set', sql: 'update counter set n = {n:int} where id = 1', row: noRow })
    await Promise.all(
      Array.from({ length: 20 }, () =>
        semantic.transaction(async (tx) => {
          const row = await tx.one(read)
          await tx.query(write, { n: (row?.n ?? 0) + 1 })
        }),
      ),
    )
    expect((await semantic.one(read))?.n).toBe(20)
  })
})

test('a database that is not there', async () => {
  const uri = new URL(given())
  uri.pathname = '/no_such_database'
  await expect(openSemantic({ uri: new Secret(uri.href) }, { log: silentLog })).rejects.toMatchObject({ code: 'store-unavailable' })
})
