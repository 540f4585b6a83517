import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import { Secret } from '../secret.ts'
import { openAnalytics, type Analytics } from './analytics.ts'
import type { Dialect, SqlPort } from './dialect.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts'
import { leaseLock } from './lease.ts'
import { expandMacros, parseMigration, readMigrations, SNAPSHOT_FILE } from './migration-file.ts'
import { createMigrator, soleOwner, type Migrator, type MigratorOptions } from './migrate.ts'
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

interface Place {
  port: SqlPort
  dialect: Dialect
  create(table: string): string
  close(): Promise<void>
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
    port: { run: (sql) => inside(() => port.run(sql)), rows: (each, params) => inside(() => port.rows(each, params)) },
    dialect: clickhouseDialect({ cluster: null }),
    create: (table) => `create table if not exists ${table} {{on_cluster}} (id String) engine = {{engine:ReplacingMergeTree}} order by id`,
    close: () => analytics.run(`drop database ${name} sync`),
  }
}

const PLACES = [
  { name: 'PostgreSQL', open: () => postgres() },
  { name: 'PostgreSQL without transactions for DDL', open: () => postgres('PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64') },
  { name: 'ClickHouse', open: clickhouse },
]

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (thrown instanceof AppError) return thrown
  throw new Error('it was not refused as it should be', { cause: thrown })
}

function file(header: string, ...statements: string[]): string {
  return `${header}\n\n${statements.join('\n--next\n')}\n`
}

describe.each(PLACES)('$name', ({ open }) => {
  let place: Place
  let directory: string
  const write = (files: Record<string, string>): void => {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory)
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  }
  const migrator = (more: Partial<MigratorOptions> = {}): Migrator =>
    createMigrator({
      port: place.port,
      dialect: place.dialect,
      directory,
      programVersion: '1.2.3',
      actor: `o'brien`,
      lock: soleOwner,
      ...more,
    })

  beforeEach(async () => {
    place = await open()
    directory = join(scratch, `files-${++count}`)
    return () => place.close()
  })

  test('a plan writes nothing; up applies it, records it, and has nothing left to do', async () => {
    write({
      '0001_create_a.sql': file('-- why: a', place.create('a'), place.create('b')),
      '0002_create_c.sql': file('-- why: c\n-- breaking: readers of c', place.create('c')),
    })
    const plan = await migrator().plan()
    expect(plan.pending.map((each) => [each.file, each.why, each.breaking, each.statements])).toEqual([
      ['0001_create_a.sql', 'a', null, 2],
      ['0002_create_c.sql', 'c', 'readers of c', 1],
    ])
    expect((await place.port.rows(place.dialect.ledger.exists))[0]?.found).toBe(false)
    const steps: string[] = []
    expect(
      await migrator({ onStep: (step) => void steps.push(`${step.phase} ${step.file} ${step.statement}/${step.statements}`) }).up(),
    ).toEqual(plan.pending)
    expect(steps).toContain('before 0001_create_a.sql 2/2')
    expect(steps.at(-1)).toBe('recorded 0002_create_c.sql 1/1')
    const status = await migrator().status()
    expect(status.current).toBe(2)
    expect(status.history).toMatchObject([
      {
        module: 'fairlead',
        version: 1,
        name: 'create_a',
        statement_index: 2,
        statements: 2,
        state: 'done',
        breaking: false,
        actor: `o'brien`,
      },
      {
        module: 'fairlead',
        version: 2,
        name: 'create_c',
        statement_index: 1,
        statements: 1,
        state: 'done',
        breaking: true,
        program_version: '1.2.3',
      },
    ])
    expect(await migrator().up()).toEqual([])
  })

  test('a file that changed after it was applied is named; repair accepts it', async () => {
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
    await migrator().up()
    write({ '0001_create_a.sql': file('-- why: another reason', place.create('a')) })
    const refused = await refusal(migrator().up())
    expect([refused.code, refused.message.includes('0001_create_a.sql')]).toEqual(['migration-drift', true])
    await migrator().repair(1)
    expect((await migrator().status()).pending).toEqual([])
    expect((await refusal(migrator().repair(7))).code).toBe('not-found')
  })

  test('line ends of another system are no change', async () => {
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
    await migrator().up()
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')).replaceAll('\n', '\r\n') })
    expect((await migrator().plan()).pending).toEqual([])
  })

  test('a schema of a newer program is tolerated, unless what it added is breaking', async () => {
    const first = file('-- why: a', place.create('a'))
    write({ '0001_create_a.sql': first, '0002_create_b.sql': file('-- why: b', place.create('b')) })
    await migrator().up()
    write({ '0001_create_a.sql': first })
    expect((await migrator().status()).unknown.map((row) => row.name)).toEqual(['create_b'])
    write({ '0001_create_a.sql': first, '0003_create_c.sql': file('-- why: c\n-- breaking: c', place.create('c')) })
    await migrator().up()
    write({ '0001_create_a.sql': first })
    const refused = await refusal(migrator().up())
    expect([refused.code, refused.message.includes('0003_create_c.sql'), refused.help?.includes('1.2.3')]).toEqual([
      'schema-newer',
      true,
      true,
    ])
  })

  test('a number below what is applied is refused, or allowed by policy', async () => {
    const second = file('-- why: b', place.create('b'))
    write({ '0002_create_b.sql': second })
    await migrator().up()
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')), '0002_create_b.sql': second })
    const refused = await refusal(migrator().plan())
    expect([refused.code, refused.message.includes('0001_create_a.sql')]).toEqual(['migration-drift', true])
    expect((await migrator({ outOfOrder: 'allow' }).up()).map((each) => each.version)).toEqual([1])
  })

  test('what removes data waits for the hash of the very plan', async () => {
    const first = file('-- why: a', place.create('a'))
    write({
      '0001_create_a.sql': first,
      '0002_drop_a.sql': file('-- why: nobody reads it\n-- destructive: table a', 'drop table if exists a'),
    })
    const before = await migrator().plan()
    expect(before.destructive).toEqual(['0002_drop_a.sql'])
    for (const confirm of [undefined, '', 'yes']) {
      const refused = await refusal(migrator().up(confirm === undefined ? {} : { confirm }))
      expect([refused.code, refused.help?.includes(before.hash)]).toEqual(['schema-pending', true])
    }
    write({ '0001_create_a.sql': first, '0002_drop_a.sql': file('-- why: changed\n-- destructive: table a', 'drop table if exists a') })
    expect((await refusal(migrator().up({ confirm: before.hash }))).code).toBe('schema-pending')
    const { hash } = await migrator().plan()
    expect(await migrator().up({ confirm: hash })).toHaveLength(2)
  })

  test('a statement that fails is named; when its cause is gone, it goes on there', async () => {
    const text = (second: string): string => file('-- why: a', place.create('a'), second, place.create('c'))
    write({ '0001_create_a.sql': text('create rubbish') })
    const refused = await refusal(migrator().up())
    expect(refused.code).toBe('migration-failed')
    expect(refused.message).toContain('0001_create_a.sql failed at statement 2 of 3')
    const { history } = await migrator()
      .status()
      .catch(() => ({ history: [] }))
    const applied = place.dialect.transactionalDdl ? 0 : 1
    expect(history).toMatchObject([{ state: 'failed', statement_index: applied }])
    write({ '0001_create_a.sql': text(place.create('b')) })
    // What is half applied is not quietly taken for another text; what left nothing behind is simply tried again.
    const again = await migrator()
      .plan()
      .then(
        () => 'pending',
        (cause: unknown) => (cause instanceof AppError ? cause.code : cause),
      )
    expect(again).toBe(applied > 0 ? 'migration-drift' : 'pending')
    await migrator().repair(1)
    const steps: number[] = []
    await migrator({ onStep: (step) => void (step.phase === 'before' && steps.push(step.statement)) }).up()
    expect(steps).toEqual(applied > 0 ? [2, 3] : [1, 2, 3])
    expect((await migrator().status()).history).toMatchObject([{ state: 'done', statement_index: 3 }])
  })

  test('verify tells the live schema from the snapshot, in both directions', async () => {
    write({ '0001_create_a.sql': file('-- why: a', place.create('a'), place.create('b')) })
    await migrator().up()
    expect((await refusal(migrator().verify())).code).toBe('not-found')
    const text = await migrator().snapshot()
    writeFileSync(join(directory, SNAPSHOT_FILE), text)
    expect(await migrator().verify()).toEqual({ matches: true, missing: [], unexpected: [] })
    await place.port.run('drop table b')
    await place.port.run(`alter table a add column extra ${place.dialect.lock ? 'text' : 'String'}`)
    const { matches, missing, unexpected } = await migrator().verify()
    expect(matches).toBe(false)
    expect(missing.some((line) => line.startsWith('create table b'))).toBe(true)
    expect(unexpected).toHaveLength(1)
    expect(unexpected[0]).toMatch(/^create table a \( extra (text|String)$/)
  })

  test('baseline records without running, once', async () => {
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')), '0002_create_b.sql': file('-- why: b', place.create('b')) })
    expect((await refusal(migrator().baseline(3))).code).toBe('not-found')
    expect((await migrator().baseline(1)).map((row) => row.version)).toEqual([1])
    expect((await migrator().plan()).pending.map((each) => each.version)).toEqual([2])
    expect((await refusal(migrator().baseline(2))).code).toBe('conflict')
  })

  test('a module has numbers of its own', async () => {
    write({ '0001_create_a.sql': file('-- why: a', place.create('a')) })
    await migrator().up()
    write({ '0001_create_b.sql': file('-- why: b', place.create('b')) })
    expect(await migrator({ module: 'plugin' }).up()).toHaveLength(1)
    expect(await migrator({ module: 'plugin' }).up()).toEqual([])
  })
})

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
    await port.run(
      `insert into migration_lock values ('migrate fairlead', 'elsewhere:1 server x', 4, now(), now() + interval '400 milliseconds')`,
    )
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

  test('topology is a matter of macros', () => {
    const sql = 'create table t {{on_cluster}} engine = {{engine:ReplacingMergeTree(seen_at, is_deleted)}}'
    const [one, many] = [null, 'main'].map((cluster) => expandMacros(sql, clickhouseDialect({ cluster }).macro, 'f'))
    expect(one).toBe('create table t  engine = ReplacingMergeTree(seen_at, is_deleted)')
    expect(many).toBe(
      "create table t on cluster `main` engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', seen_at, is_deleted)",
    )
    expect(() => expandMacros('{{engin}}', clickhouseDialect({ cluster: null }).macro, '0001_x_y.sql')).toThrow(
      '0001_x_y.sql uses {{engin}}',
    )
  })

  test('a folder is read in the order of the numbers, and a number that is taken twice is refused', async () => {
    const directory = join(scratch, `files-${++count}`)
    mkdirSync(directory)
    for (const file of ['0010_create_b.sql', '0002_create_a.sql', SNAPSHOT_FILE])
      writeFileSync(join(directory, file), '-- why: x\nselect 1')
    expect((await readMigrations(directory)).map((each) => each.version)).toEqual([2, 10])
    writeFileSync(join(directory, '0010_create_c.sql'), '-- why: x\nselect 1')
    await expect(readMigrations(directory)).rejects.toThrow('0010_create_c.sql has the number of 0010_create_b.sql')
    await expect(readMigrations(join(directory, 'missing'))).rejects.toMatchObject({ code: 'migration-failed' })
  })
})
