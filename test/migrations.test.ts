import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../src/log.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { SNAPSHOT_FILE, type Migration } from '../src/store/migration-file.ts'
import { openSemantic } from '../src/store/semantic.ts'
import { Secret } from '../src/secret.ts'
import { openAnalytics } from '../src/store/analytics.ts'
import { noRow as anything } from '../src/store/statement.ts'
import { bundle, linkPackages } from './bundle.ts'
import { KEY_CHANGE_ROWS, KEY_CHANGE_WAYS, keyChangeFiles } from './key-change.ts'
import { migrationsIn, sqlOf, writeFiles } from './migration-files.ts'

/**
 * The migrations that ship, and the runner's promise on them: whenever it is killed, running it again leads to the same schema.
 * `yugabyte` are the PostgreSQL migrations on a server that cannot undo DDL. `made up` adds a second file, in which a crash is worse.
 */
const STORES = [
  { store: 'postgres', folder: 'migrations/postgres' },
  { store: 'yugabyte', folder: 'migrations/postgres' },
  { store: 'clickhouse', folder: 'migrations/clickhouse' },
] as const

const SECOND: Record<(typeof STORES)[number]['store'], string> = {
  postgres: `-- why: a change of what is there\n\nalter table settings add column if not exists note text\n--next\ncreate index if not exists settings_note on settings (note)\n`,
  yugabyte: `-- why: a change of what is there\n\nalter table settings add column if not exists note text\n--next\ncreate index if not exists settings_note on settings (note)\n`,
  clickhouse: `-- why: a change of what is there\n\nalter table all_raw add column if not exists note String\n--next\ncreate table if not exists made_up (id String) engine = {{engine:ReplacingMergeTree}} order by id\n`,
}

/** What is there is left alone or replaced, or a value is set that does not depend on the one before. */
const REPEATABLE = /\bif (not )?exists\b|\bor replace\b|\bon conflict\b.*\bdo nothing\b|^update \w+ set \w+ = '[^']*' where\b/im

let scratch: string
let child: string
let server: EmbeddedPostgres
let databases = 0

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-migrations-'))
  child = await bundle('test/migrate-child.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
  server = await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog })
})
afterAll(async () => {
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
})

async function freshTarget(store: string): Promise<string> {
  if (store === 'clickhouse') return mkdtempSync(join(scratch, 'chdb-'))
  const name = `run_${++databases}`
  const owner = await openSemantic({ uri: new Secret(uri(server.database)) }, { log: silentLog })
  await owner.query({ name: 'test.create', sql: `create database ${name}`, row: anything })
  await owner.close()
  return uri(name)
}

function uri(database: string): string {
  return `postgresql://${server.user}@/${database}?host=${server.host}`
}

async function usersOf(store: string, target: string): Promise<unknown[]> {
  const users = { name: 'test.users', row: anything }
  if (store === 'clickhouse') {
    const analytics = await openAnalytics({ kind: 'embedded', directory: target })
    const rows = await analytics.read({ ...users, sql: 'select id, name from users final order by id' })
    await analytics.close()
    return rows
  }
  const semantic = await openSemantic({ uri: new Secret(target) }, { log: silentLog })
  const rows = await semantic.query({ ...users, sql: 'select id, name from users order by id collate "C"' })
  await semantic.close()
  return rows
}

function run(store: string, target: string, folder: string, moment = ''): { killed: boolean; output: string } {
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, [child, store, target, folder, moment], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (signal !== 'SIGKILL' && status !== 0) throw new Error(`the child failed ${moment}: ${stderr}`)
  return { killed: signal === 'SIGKILL', output: stdout }
}

describe.each(STORES)('$store', ({ store, folder }) => {
  let migrations: Migration[]
  let together: string

  beforeAll(async () => {
    together = join(scratch, `files-${store}`)
    mkdirSync(together)
    for (const { file } of await migrationsIn(resolve(folder), store)) cpSync(join(folder, file), join(together, file))
    writeFileSync(join(together, '0999_change_more.sql'), SECOND[store])
    migrations = await migrationsIn(together, store)
  })

  test('a clean run makes the schema of the snapshot (npx vitest run test/migrations.test.ts -u after a change)', async () => {
    const { output } = run(store, await freshTarget(store), resolve(folder))
    await expect(output).toMatchFileSnapshot(resolve(folder, SNAPSHOT_FILE))
  })

  // One schema is driven through all moments: each process takes up what the last one left, and is killed a little later.
  test('killed before and after every statement, it ends with the schema of an undisturbed run', { timeout: 900_000 }, async () => {
    const undisturbed = run(store, await freshTarget(store), together).output
    const target = await freshTarget(store)
    for (const { file, statements } of migrations) {
      for (const number of statements.keys()) {
        // In one transaction, before a statement and after the one before it are the same moment.
        for (const phase of store === 'postgres' && number > 0 ? ['after'] : ['before', 'after']) {
          expect(run(store, target, together, `${phase} ${file} ${number + 1}`).killed, `${phase} ${file} ${number + 1}`).toBe(true)
        }
      }
      expect(run(store, target, together, `recorded ${file} ${statements.length}`).killed).toBe(true)
    }
    const last = run(store, target, together)
    expect(last.killed).toBe(false)
    expect(last.output).toBe(undisturbed)
    expect(last.output).toContain('note')
  })

  // `transformTable` takes the steps of `changeColumnType`, and is killed in test/transform.test.ts.
  test.each(KEY_CHANGE_WAYS.filter((way) => way !== 'transformTable'))(
    'a primary key from int to varchar(255), by %s, killed before and after every statement: no row is lost',
    { timeout: 900_000 },
    async (way) => {
      const files = join(scratch, `key-${store}-${way}`)
      mkdirSync(files)
      writeFiles(files, keyChangeFiles(store, way))
      const undisturbed = run(store, await freshTarget(store), files).output
      const target = await freshTarget(store)
      for (const { file, statements, stepwise } of await migrationsIn(files, store)) {
        for (const number of statements.keys()) {
          for (const phase of store === 'postgres' && !stepwise && number > 0 ? ['after'] : ['before', 'after'])
            expect(run(store, target, files, `${phase} ${file} ${number + 1}`).killed, `${phase} ${file} ${number + 1}`).toBe(true)
        }
      }
      expect(run(store, target, files).output).toBe(undisturbed)
      expect(await usersOf(store, target)).toEqual(KEY_CHANGE_ROWS)
    },
  )

  test('each statement may run twice, so that a store without transactions for DDL can take up where it was killed', () => {
    const careless = migrations.flatMap((each) =>
      sqlOf(each)
        .filter((sql) => !REPEATABLE.test(sql))
        .map((sql) => `${each.file}: ${sql}`),
    )
    expect(careless).toEqual([])
  })

  test('what removes data says so in its header', () => {
    const silent = migrations.filter((each) => each.destructive === null && /\b(drop|truncate|delete from)\b/i.test(sqlOf(each).join('\n')))
    expect(silent.map((each) => each.file)).toEqual([])
  })
})

/** Their suite on a server is test/servers/lake-migrations.test.ts. MySQL says neither `create index` nor `add column` twice, and answers by a number that the runner knows. */
test('the migrations of the lake, too, may be cut off anywhere, and say in their header what they remove', async () => {
  const migrations = await migrationsIn(resolve('migrations/mysql'), 'mysql')
  const known = /^(create (unique )?index|alter table \w+ (add|drop) (column|index|primary key)|rename table)\b/i
  const careless = migrations.flatMap((each) => sqlOf(each).filter((sql) => !REPEATABLE.test(sql) && !known.test(sql)))
  expect(careless).toEqual([])
  expect(migrations.filter((each) => each.destructive === null && /^(drop|truncate|delete)\b/im.test(sqlOf(each).join('\n')))).toEqual([])
})
