import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { migratorLaws, refusal, type Place } from '../../test/migrator-laws.ts'
import { tableStepLaws } from '../../test/table-step-laws.ts'
import { silentLog } from '../log.ts'
import { Secret } from '../secret.ts'
import { openAnalytics, type Analytics } from './analytics.ts'
import { bringUp } from './bring-up.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts'
import { leaseLock } from './lease.ts'
import { expandMacros, parseMigration, readMigrations, SNAPSHOT_FILE } from './migration-file.ts'
import { createMigrator, type Migrator, type MigratorOptions } from './migrate.ts'
import { openSemantic, type Semantic } from './semantic.ts'
import { noRow, statement } from './statement.ts'

let scratch: string
let server: EmbeddedPostgres
let owner: Semantic
let analytics: Analytics
let count = 0

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-migrate-'))
  server = await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog })
  owner = await openSemantic({ uri: new Secret(uri(server.database)) }, { log: silentLog })
  analytics = await openAnalytics({ kind: 'embedded', directory: join(scratch, 'chdb') })
})
afterAll(async () => {
  await analytics.close()
  await owner.close()
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
})

function uri(database: string): string {
  return `postgresql://${server.user}@/${database}?host=${server.host}`
}

async function freshDatabase(): Promise<string> {
  const name = `m${++count}`
  await owner.query({ name: 'test.create', sql: `create database ${name}`, row: noRow })
  return uri(name)
}

const postgres = async (version?: string): Promise<Place> => {
  const semantic = await openSemantic({ uri: new Secret(await freshDatabase()) }, { log: silentLog })
  return {
    port: postgresPort(semantic),
    dialect: postgresDialect(version ?? semantic.version),
    create: (table) => `create table if not exists ${table} (id text primary key)`,
    close: semantic.close,
  }
}

/** One engine per process: a fresh store is a fresh database in it. A session whose statement failed is replaced, so each one is told where it is. */
const clickhouse = async (): Promise<Place> => {
  const name = `m${++count}`
  await analytics.run(`create database ${name} engine = Atomic`)
  const port = clickhousePort(analytics)
  const inside = async <T>(work: () => Promise<T>): Promise<T> => {
    await analytics.run(`use ${name}`)
    return work()
  }
  return {
    port: { run: (sql, params) => inside(() => port.run(sql, params)), rows: (each, params) => inside(() => port.rows(each, params)) },
    dialect: clickhouseDialect,
    create: (table) => `create table if not exists ${table} {{on_cluster}} (id String) engine = {{engine:ReplacingMergeTree}} order by id`,
    close: () => analytics.run(`drop database ${name} sync`),
  }
}

const PLACES = [
  { name: 'PostgreSQL', store: 'postgres', open: () => postgres() },
  { name: 'PostgreSQL without transactions for DDL', store: 'yugabyte', open: () => postgres('PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64') },
  { name: 'ClickHouse', store: 'clickhouse', open: clickhouse },
] as const

for (const { name, store, open } of PLACES) {
  migratorLaws(name, open)
  tableStepLaws(name, store, open)
}

describe('the lock', () => {
  const slow = { name: 'count', sql: 'select count(*) as n from hits', row: z.object({ n: z.number() }) }

  test('of several that start at once, one migrates and the others wait for it', async () => {
    const database = await freshDatabase()
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    // A statement that is no longer harmless twice, to see that it runs once.
    writeFileSync(
      join(directory, '0001_create_hits.sql'),
      '-- why: hits\n\ncreate table hits (id int)\n--next\nselect pg_sleep(0.3)\n--next\ninsert into hits values (1)\n',
    )
    const all = await Promise.all([1, 2, 3].map(() => openSemantic({ uri: new Secret(database) }, { log: silentLog })))
    const applied = await Promise.all(
      all.map((each) =>
        createMigrator({
          port: postgresPort(each),
          dialect: postgresDialect(each.version),
          directory,
          programVersion: '1',
          actor: 'test',
        }).up(),
      ),
    )
    expect(applied.map((each) => each.length).sort()).toEqual([0, 0, 1])
    expect(await all[0]?.one(slow)).toEqual({ n: 1 })
    await Promise.all(all.map((each) => each.close()))
  })

  test('a dead holder is waited for no longer than its lease; one that slept is stopped, and changes nothing', async () => {
    const semantic = await openSemantic({ uri: new Secret(await freshDatabase()) }, { log: silentLog })
    const dialect = postgresDialect(semantic.version)
    const port = postgresPort(semantic)
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    writeFileSync(join(directory, '0001_create_hits.sql'), '-- why: hits\n\ncreate table hits (id int)\n')
    const migrator = (more: Partial<MigratorOptions>): Migrator =>
      createMigrator({ port, dialect, directory, programVersion: '1', actor: 'test', ...more })
    await leaseLock(port, { owner: 'x', leaseMs: 1, waitMs: 0 })('another').then((lease) => lease.release())
    await port.run(`insert into migration_lock values ('migrate fairlead', 'elsewhere:1 server x', 4, now(), now() + interval '3 seconds')`)
    const refused = await refusal(migrator({ waitMs: 50 }).up())
    expect([refused.code, refused.message.includes('elsewhere:1 server')]).toEqual(['schema-pending', true])

    // The first is taken over in the middle of its migration, as if it had been asleep.
    const stolen = refusal(
      migrator({
        onStep: async ({ phase }) => {
          if (phase === 'before')
            await port.run(`update migration_lock set owner = 'another', token = token + 1 where name = 'migrate fairlead'`)
        },
      }).up(),
    )
    expect((await stolen).code).toBe('schema-pending')
    expect(await port.rows(statement({ name: 'tables', sql: `select to_regclass('hits') is null as gone`, row: noRow }))).toEqual([
      { gone: true },
    ])
    expect(
      await port.rows(
        statement({ name: 'token', sql: `select token, owner from migration_lock where name = 'migrate fairlead'`, row: noRow }),
      ),
    ).toEqual([{ token: 6, owner: 'another' }])
    await semantic.close()
  })

  test('a server that comes up leaves what waits for a confirmation, and says in the log how to give it', async () => {
    const place = await postgres()
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    writeFileSync(join(directory, '0001_create_a.sql'), `-- why: a\n\n${place.create('a')}\n`)
    writeFileSync(join(directory, '0002_drop_a.sql'), '-- why: nobody reads it\n-- destructive: a\n\ndrop table if exists a\n')
    const migrator = createMigrator({ ...place, directory, programVersion: '1', actor: 'server' })
    const warned: unknown[] = []
    for (const _start of [1, 2]) await bringUp(migrator, { ...silentLog, warn: (event, fields) => void warned.push([event, fields]) })
    const said = [
      'migration.waiting',
      { files: ['0002_drop_a.sql'], confirm: `fairlead migrate up --confirm ${(await migrator.plan()).hash}` },
    ]
    expect(warned).toEqual([said, said])
    expect((await migrator.status()).current).toBe(1)
    await place.close()
  })

  test('a store without a lock of its own is not migrated without one', async () => {
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    writeFileSync(join(directory, '0001_create_a.sql'), '-- why: a\n\nselect 1\n')
    const place = await clickhouse()
    const migrator = createMigrator({ port: place.port, dialect: place.dialect, directory, programVersion: '1', actor: 'test' })
    await expect(migrator.up()).rejects.toThrow('give the migrator one')
    await place.close()
  })
})

describe('files', () => {
  test.each([
    ['1_a_b.sql', '-- why: x\nselect 1', 'NNNN_verb_noun'],
    ['0001_create.sql', '-- why: x\nselect 1', 'NNNN_verb_noun'],
    ['0001_create_a.sql', 'select 1', 'does not say why'],
    ['0001_create_a.sql', '-- why:\nselect 1', 'does not say why'],
    ['0001_create_a.sql', '-- why: x\n-- nothing else', 'no statement'],
  ])('%s %j is refused', (file, text, message) => {
    expect(() => parseMigration(file, text)).toThrow(message)
  })

  test('statements are parted by --next alone; a semicolon, a comment or a longer line is text', () => {
    const { statements, why, destructive } = parseMigration(
      '0001_create_a.sql',
      `-- why: one\n--   and two\n-- destructive: all\n\n-- comment\ncreate function f() as $$ a; b $$\n--next\n-- only a comment\n--next\nselect '--next step'\n--next line\n`,
    )
    expect(statements).toHaveLength(2)
    expect([why, destructive]).toEqual(['one and two', 'all'])
  })

  test('a macro is replaced by what the dialect says, and one that it does not know is refused', () => {
    const sql = 'create table t {{on_cluster}} engine = {{engine:ReplacingMergeTree(seen_at, is_deleted)}}'
    expect(expandMacros(sql, clickhouseDialect.macro, 'f')).toBe('create table t  engine = ReplacingMergeTree(seen_at, is_deleted)')
    expect(() => expandMacros('{{engin}}', clickhouseDialect.macro, '0001_x_y.sql')).toThrow('0001_x_y.sql uses {{engin}}')
  })

  test('a folder is read in the order of the numbers, and a number that is taken twice is refused', async () => {
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    for (const file of ['0010_create_b.sql', '0002_create_a.sql', SNAPSHOT_FILE])
      writeFileSync(join(directory, file), '-- why: x\nselect 1')
    const dialect = clickhouseDialect
    expect((await readMigrations({ directory, dialect })).map((each) => each.version)).toEqual([2, 10])
    writeFileSync(join(directory, '0010_create_c.sql'), '-- why: x\nselect 1')
    await expect(readMigrations({ directory, dialect })).rejects.toThrow('0010_create_c.sql has the number of 0010_create_b.sql')
    await expect(readMigrations({ directory: join(directory, 'missing'), dialect })).rejects.toMatchObject({ code: 'migration-failed' })
  })
})
