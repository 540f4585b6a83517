import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mysqlDialect, mysqlPort } from '../../src/store/dialects/mysql.ts'
import { SNAPSHOT_FILE, type Migration } from '../../src/store/migration-file.ts'
import { lakeMigrator } from '../../src/store/schema.ts'
import { statement } from '../../src/store/statement.ts'
import { bundle, linkPackages } from '../bundle.ts'
import { KEY_CHANGE_ROWS, KEY_CHANGE_WAYS, keyChangeFiles } from '../key-change.ts'
import { migrationsIn, writeFiles } from '../migration-files.ts'
import { migratorLaws, type Place } from '../migrator-laws.ts'
import { tableStepLaws } from '../table-step-laws.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** The migrations of the lake on a real MySQL or MariaDB, and what the runner promises there. */
const folder = resolve('migrations/mysql')
/** Forms that MySQL cannot say twice: a run that was cut off behind one of them hears that it was applied. */
const SECOND = `-- why: a change of what is there

alter table commits add column note text
--next
create index idx_commits_note on commits (note(20))
--next
alter table incidents drop index idx_status
--next
create table made_up (id varchar(255) not null primary key) engine = InnoDB default charset = utf8mb4
--next
alter table made_up modify id varchar(100) not null
`
let scratch: string
let child: string
const lakes: OwnLake[] = []

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-lake-'))
  child = await bundle('test/migrate-child.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
})
afterAll(async () => {
  for (const lake of lakes) await lake.drop()
  rmSync(scratch, { recursive: true, force: true })
})

async function freshLake(): Promise<OwnLake> {
  const lake = await makeLake()
  lakes.push(lake)
  return lake
}

async function place(): Promise<Place> {
  const lake = await freshLake()
  const mysql = await lake.open()
  return {
    port: mysqlPort(mysql),
    dialect: mysqlDialect,
    create: (table) => `create table if not exists ${table} (id varchar(64) primary key)`,
    close: mysql.close,
  }
}
migratorLaws('MySQL or MariaDB', place)
tableStepLaws('MySQL or MariaDB', 'mysql', place)

function run(lake: OwnLake, directory: string, moment = ''): { killed: boolean; output: string } {
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, [child, 'mysql', lake.uri, directory, moment], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (signal !== 'SIGKILL' && status !== 0) throw new Error(`the child failed ${moment}: ${stderr}`)
  return { killed: signal === 'SIGKILL', output: stdout }
}

describe.each(['mysql', 'mysql-devlake'])('the migrations of %s', (tree) => {
  const folder = resolve('migrations', tree)
  let together: string
  let migrations: Migration[]
  beforeAll(async () => {
    together = join(scratch, `files-${tree}`)
    mkdirSync(together)
    for (const { file } of await migrationsIn(folder, 'mysql')) cpSync(join(folder, file), join(together, file))
    if (tree === 'mysql') writeFileSync(join(together, '0999_change_more.sql'), SECOND)
    migrations = await migrationsIn(together, 'mysql')
  })

  test('a clean run makes the schema of the snapshot', async () => {
    await expect(run(await freshLake(), folder).output).toMatchFileSnapshot(join(folder, SNAPSHOT_FILE))
  })

  test('killed before and after every statement, it ends with the schema of an undisturbed run', { timeout: 900_000 }, async () => {
    const undisturbed = run(await freshLake(), together).output
    const lake = await freshLake()
    for (const { file, statements } of migrations) {
      for (const number of statements.keys()) {
        for (const phase of ['before', 'after'])
          expect(run(lake, together, `${phase} ${file} ${number + 1}`).killed, `${phase} ${file} ${number + 1}`).toBe(true)
      }
      expect(run(lake, together, `recorded ${file} ${statements.length}`).killed).toBe(true)
    }
    const last = run(lake, together)
    expect(last.killed).toBe(false)
    expect(last.output).toBe(undisturbed)
    expect(last.output.includes('idx_commits_note (note(20))')).toBe(tree === 'mysql')
  })
})

describe('the migrations that ship', () => {
  test.each(KEY_CHANGE_WAYS)(
    'a primary key from int to varchar(255), by %s, killed before and after every statement: no row is lost',
    { timeout: 900_000 },
    async (way) => {
      const files = join(scratch, `key-${way}`)
      mkdirSync(files)
      writeFiles(files, keyChangeFiles('mysql', way))
      const undisturbed = run(await freshLake(), files).output
      const lake = await freshLake()
      for (const { file, statements } of await migrationsIn(files, 'mysql')) {
        for (const number of statements.keys()) {
          for (const phase of ['before', 'after'])
            expect(run(lake, files, `${phase} ${file} ${number + 1}`).killed, `${phase} ${file} ${number + 1}`).toBe(true)
        }
      }
      expect(run(lake, files).output).toBe(undisturbed)
      const mysql = await lake.open()
      const users = statement({ name: 'test.users', sql: 'select id, name from users order by binary id', row: z.unknown() })
      expect(await mysql.query(users)).toEqual(KEY_CHANGE_ROWS)
      await mysql.close()
    },
  )

  test('a table of that name that was there before is no crash of ours: it is said, and said again', async () => {
    const lake = await freshLake()
    const mysql = await lake.open()
    await mysql.run('create table made_up (other int)')
    const directory = join(scratch, 'collision')
    mkdirSync(directory)
    writeFileSync(join(directory, '0001_create_made.sql'), '-- why: x\n\ncreate table made_up (id int)\n')
    for (const _time of [1, 2]) expect(() => run(lake, directory)).toThrow('0001_create_made.sql failed at statement 1 of 1')
    await mysql.close()
  })

  test('two that start at once migrate it once; the other waits and then finds nothing to do', async () => {
    const lake = await freshLake()
    const [one, two] = [await lake.open(), await lake.open()]
    const applied = await Promise.all([one, two].map((each) => lakeMigrator(each, { actor: 'test' }).up()))
    expect(applied.map((each) => each.length).sort()).toEqual([0, (await migrationsIn(folder, 'mysql')).length])
    expect(await lakeMigrator(one, { actor: 'test' }).verify()).toEqual({ matches: true, missing: [], unexpected: [] })
    await Promise.all([one.close(), two.close()])
  })

  test('a holder that was taken over stops at its next statement, and the lock tells who holds it', async () => {
    const mysql = await (await freshLake()).open()
    const steal = statement({ name: 'test.steal', sql: `update migration_lock set owner = 'another', token = token + 1`, row: z.unknown() })
    const stolen = lakeMigrator(mysql, {
      actor: 'test',
      onStep: async ({ phase, statement: number }) => {
        if (phase === 'recorded' && number === 3) await mysql.query(steal)
      },
    }).up()
    await expect(stolen).rejects.toMatchObject({ code: 'schema-pending' })
    const tables = statement({
      name: 'test.tables',
      sql: `select count(*) as n from information_schema.tables where table_schema = database() and table_name like '\\_raw%'`,
      row: z.object({ n: z.number() }),
    })
    expect(await mysql.one(tables)).toEqual({ n: 3 })
    const refused = lakeMigrator(mysql, { actor: 'late', waitMs: 300 }).up()
    await expect(refused).rejects.toMatchObject({ code: 'schema-pending' })
    await mysql.close()
  })
})
