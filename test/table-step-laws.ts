import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { noRow, statement } from '../src/store/statement.ts'
import { createMigrator, soleOwner, type Migrator, type MigratorOptions } from '../src/store/migrate.ts'
import { KEY_CHANGE_ROWS, KEY_CHANGE_WAYS, keyChangeFiles } from './key-change.ts'
import { writeFiles, type TestedStore } from './migration-files.ts'
import { refusal, type Place } from './migrator-laws.ts'

/** How each store says the same table, which has a key of two columns. */
const TABLE: Readonly<Record<TestedStore, (table: string, value: string) => string>> = {
  postgres: (table, value) => `create table if not exists ${table} (place text, n integer, v ${value}, primary key (place, n))`,
  get yugabyte() {
    return this.postgres
  },
  mysql: (table, value) =>
    `create table if not exists ${table} (place varchar(20) not null, n int not null, v ${value}, primary key (place, n)) engine = InnoDB default charset utf8mb4 collate utf8mb4_bin`,
  clickhouse: (table, value) =>
    `create table if not exists ${table} (place String, n Int32, v ${value}) engine = {{engine:ReplacingMergeTree}} order by (place, n)`,
}
const ROWS = Array.from({ length: 1_500 }, (_, index) => ({ place: `place ${index % 3}`, n: index, v: index * 2 }))
const VALUES = `values ${ROWS.map((row) => `('${row.place}', ${row.n}, ${row.v})`).join(', ')}`
const WORDS: Readonly<Record<TestedStore, { text: string; whole: string; toText: string; rows: string }>> = {
  postgres: { text: 'text', whole: 'integer', toText: 'v::text', rows: VALUES },
  yugabyte: { text: 'text', whole: 'integer', toText: 'v::text', rows: VALUES },
  mysql: { text: 'varchar(20)', whole: 'int', toText: 'cast(v as char)', rows: VALUES },
  clickhouse: {
    text: 'String',
    whole: 'Int32',
    toText: 'toString(v)',
    rows: `select 'place ' || toString(number % 3), number, number * 2 from numbers(${ROWS.length})`,
  },
}

/** What the steps of a migration in TypeScript promise, whatever the store. */
export function tableStepLaws(name: string, store: TestedStore, open: () => Promise<Place>): void {
  describe(`${name}, tables made anew`, () => {
    let place: Place
    let directory: string
    const migrator = (more: Partial<MigratorOptions> = {}): Migrator =>
      createMigrator({ port: place.port, dialect: place.dialect, directory, programVersion: '1', actor: 'test', lock: soleOwner, ...more })
    /** A folder of its own: a module of TypeScript is loaded once for each path. */
    const write = (files: Readonly<Record<string, string>>): void => {
      directory = mkdtempSync(join(directory, 'files-'))
      mkdirSync(directory, { recursive: true })
      writeFiles(directory, files)
    }
    const rows = (sql: string): Promise<unknown[]> => place.port.rows(statement({ name: 'test.rows', sql, row: noRow }))
    const code = (step: string): string => `// why: a test\n\nexport default (steps) => [...${step}]\n`
    const { text, whole, toText } = WORDS[store]
    const filled = (table: string): string =>
      `-- why: rows\n\n${TABLE[store](table, whole)}\n--next\ninsert into ${table} (place, n, v) ${WORDS[store].rows}\n`

    beforeEach(async () => {
      place = await open()
      const scratch = mkdtempSync(join(tmpdir(), 'fairlead-steps-'))
      directory = scratch
      return async () => {
        rmSync(scratch, { recursive: true, force: true })
        await place.close()
      }
    })

    test.each(KEY_CHANGE_WAYS)('the worked example by %s: as many rows, each with its name, under a text', async (way) => {
      write(keyChangeFiles(store, way))
      const { hash, destructive } = await migrator().plan()
      expect(destructive).toEqual([way === 'sql' ? '0002_change_key.sql' : '0003_drop_old.ts'])
      await migrator().up({ confirm: hash })
      const final = store === 'clickhouse' ? ' final' : ''
      const found = (await rows(`select id, name from users${final}`)) as { id: string; name: string }[]
      expect(found.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(KEY_CHANGE_ROWS)
      expect(await migrator().snapshot()).not.toMatch(/create table users_/)
    })

    test('a key of two columns, in ranges that are told while they are copied; the old table stays until a later migration drops it', async () => {
      write({
        '0001_create_things.sql': filled('things'),
        '0002_change_value.ts': code(
          `steps.transformTable({ table: 'things', to: ${JSON.stringify(TABLE[store]('{{table}}', text))}, columns: { v: '${toText}' } })`,
        ),
      })
      const told: string[] = []
      await migrator({ onStep: ({ rows: at, text: what }) => void (at && told.push(`${what}: ${at.done} of ${at.of}`)) }).up()
      expect(told.length).toBeGreaterThan(1)
      expect(told.at(-1)).toBe('copy things into things_copy_0002, in ranges: 1500 of 1500')
      const found = (await rows('select place, n, v from things order by n')) as typeof ROWS
      expect(found).toEqual(ROWS.map((row) => ({ ...row, v: String(row.v) })))
      expect(await rows('select count(*) as n from things_before_0002')).toHaveLength(1)
      await place.port.run(`insert into things (place, n, v) select 'later', 1, 'a text'`)

      write({ '0002_change_value.ts': code(`steps.finalize({ table: 'things', version: 2 })`) })
      expect((await refusal(migrator().plan())).message).toContain('finalizes number 2, which is not before it')
    })

    test('what is written while it is copied, also under another key, is in the new table; where nothing carries it over, no table takes the name', async () => {
      write({
        '0001_create_things.sql': filled('things'),
        '0002_change_value.ts': code(`steps.changeColumnType({ table: 'things', column: 'v', type: '${text}', using: '${toText}' })`),
      })
      // The first range, which is copied, is of place 0; the last rows of place 2 are not.
      const writes =
        place.dialect.copying.carry === null
          ? [`insert into things (place, n, v) select 'place 0', -1, -3`]
          : [
              ...[0, 1499].map((n) => `update things set n = n + 10000, v = -1 where n = ${n}`),
              ...[3, 1496].map((n) => `delete from things where n = ${n}`),
              ...[6, 1493].map((n) => `update things set v = -2 where n = ${n}`),
              `insert into things (place, n, v) select 'place 1', 20000, -3`,
            ]
      const onStep: MigratorOptions['onStep'] = async ({ phase }) => {
        if (phase === 'within') for (const sql of writes.splice(0)) await place.port.run(sql)
      }
      const ended = await migrator({ onStep })
        .up()
        .then(
          () => 'done',
          (cause: unknown) => (cause as Error).message,
        )
      if (place.dialect.copying.carry === null) {
        expect(ended).toContain('things_copy_0002 is not what things is: 1500 rows of 1501')
        return
      }
      const gone = new Set([0, 1499, 3, 1496, 6, 1493])
      const expected = [
        ...ROWS.filter(({ n }) => !gone.has(n)).map((row) => ({ ...row, v: String(row.v) })),
        ...[6, 1493].map((n) => ({ place: `place ${n % 3}`, n, v: '-2' })),
        ...[0, 1499].map((n) => ({ place: `place ${n % 3}`, n: n + 10_000, v: '-1' })),
        { place: 'place 1', n: 20_000, v: '-3' },
      ].toSorted((one, other) => one.n - other.n)
      expect(await rows('select place, n, v from things order by n')).toEqual(expected)
    })

    test('two rows that would become one are told before the tables change places, and the old one is as it was', async () => {
      write({
        '0001_create_things.sql': filled('things'),
        '0002_change_value.ts': code(
          `steps.transformTable({ table: 'things', to: ${JSON.stringify(TABLE[store]('{{table}}', whole))}, columns: { n: 'n % 100' } })`,
        ),
      })
      const refused = await refusal(migrator().up())
      expect([refused.code, refused.message]).toEqual([
        'migration-failed',
        expect.stringContaining('things_copy_0002 is not what things is'),
      ])
      expect(await rows('select n from things where n = 1499')).toEqual([{ n: 1499 }])
      expect((await migrator().status()).history.at(-1)).toMatchObject({ version: 2, state: 'failed' })
    })

    test('rows are copied into a table that has others; a table is renamed; both may be said twice', async () => {
      write({
        '0001_create_things.sql': filled('things'),
        '0002_create_more.sql': `-- why: more\n\n${TABLE[store]('more', text)}\n--next\ninsert into more (place, n, v) select 'elsewhere', 1, 'x'\n`,
        '0003_copy_values.ts': code(
          `steps.copyColumns({ from: 'things', to: 'more', columns: { place: 'place', n: 'n', v: '${toText}' } }), ...steps.renameTable({ from: 'more', to: 'most' })`,
        ),
      })
      await migrator().up()
      expect(await rows(`select v from most where n in (1, 700) order by v`)).toEqual([{ v: '1400' }, { v: '2' }, { v: 'x' }])
      expect(((await rows('select place from most')) as unknown[]).length).toBe(1_501)
    })

    test('what stays with the old table, whatever its name, is told before anything is made', async () => {
      const holder = {
        postgres: 'create view seen as select * from things',
        yugabyte: 'create view seen as select * from things',
        mysql: 'create trigger seen before insert on things for each row set new.v = new.v',
        clickhouse: 'create materialized view seen engine = MergeTree order by n as select n from things',
      }[store]
      write({
        '0001_create_things.sql': `${filled('things')}--next\n${holder}\n`,
        '0002_change_value.ts': code(`steps.changeColumnType({ table: 'things', column: 'v', type: '${text}' })`),
      })
      const refused = await refusal(migrator().up())
      expect(refused.message).toMatch(/The table things cannot be made anew: it has the (view|trigger) seen/)
      expect(await migrator().snapshot()).not.toContain('things_copy')
    })
  })
}
