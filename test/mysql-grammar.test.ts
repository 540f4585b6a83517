import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** MySQL 8 and MariaDB 10.6 both run our statements; so none says what only one of them knows. Each construct stands here with an example, which the judge must see. */
const REFUSED: readonly (readonly [pattern: RegExp, example: string, why: string])[] = [
  [/\bcreate (?:unique )?index if not exists\b/, 'create index if not exists a on t (b)', 'MariaDB'],
  [/\badd (?:column|index|key|constraint|foreign key)? ?if not exists\b/, 'alter table t add column if not exists a int', 'MariaDB'],
  [
    /\b(?:drop|modify|change|alter)(?: column| index| key| foreign key| primary key| constraint)? if exists\b(?! *\w+ *$)/,
    'alter table t drop column if exists a, add b int',
    'MariaDB',
  ],
  [/\b(?:drop|modify|change) (?:column|index|key|foreign key|constraint) if exists\b/, 'alter table t drop column if exists a', 'MariaDB'],
  [/\balter table if exists\b/, 'alter table if exists t add a int', 'MariaDB'],
  [/\brename table if exists\b/, 'rename table if exists a to b', 'MariaDB'],
  [/\bcreate or replace (?!view\b|(?:algorithm|definer|sql security)\b)/, 'create or replace table t (a int)', 'MariaDB'],
  [/\b(?:md5|sha1?)\(/, 'select md5(a) from t', 'MariaDB, and MySQL before 9.6: sha2 is everywhere'],
  [/\breturning\b/, 'delete from t returning id', 'MariaDB'],
  [/\bcreate sequence\b|\bnext value for\b|\bnextval\(/, 'create sequence s', 'MariaDB'],
  [/\bset statement\b.*\bfor\b/, 'set statement max_statement_time=1 for select 1', 'MariaDB'],
  [/\bfetch (?:first|next)\b/, 'select a from t offset 1 rows fetch first 2 rows only', 'MariaDB'],
  [/\blimit rows examined\b/, 'select a from t limit rows examined 10', 'MariaDB'],
  [/\bfor update wait\b|\block in share mode (?:wait|nowait)\b/, 'select a from t for update wait 3', 'MariaDB'],
  [/\bsystem versioning\b|\bsystem_time\b|\bwithout overlaps\b/, 'create table t (a int) with system versioning', 'MariaDB'],
  [/\bengine ?= ?(?!innodb\b)\w/, 'create table t (a int) engine = Aria', 'the reference says InnoDB'],
  [/uca1400|_nopad_/, 'a varchar(9) collate utf8mb4_uca1400_ai_ci', 'MariaDB'],
  [/\butf8mb4_0900/, 'a varchar(9) collate utf8mb4_0900_ai_ci', 'MySQL'],
  [/^ *\w+ (?:uuid|inet[46]|vector)\b/m, 'create table t (\n  id uuid\n)', 'a type of one of them'],
  [/^ *\w+ json\b/m, 'create table t (\n  data json\n)', 'longtext on MariaDB, and other bytes'],
  [/(?:text|blob) (?:not null )?default (?!null\b)/, "a mediumtext default ''", 'MariaDB'],
  [/\bdefault (?!null\b|true\b|false\b|now\(|current_timestamp|localtime)\w+\(/, 'id char(36) default uuid()', 'MySQL wants parentheses'],
  [/\bpersistent\b/, 'b int as (a + 1) persistent', 'MariaDB'],
  [/\bjson_(?:query|exists|detailed|compact|loose|normalize)\(/, "json_query(a, '$')", 'MariaDB'],
  [/->>?\s*'\$/, "select a->>'$.b' from t", 'MySQL'],
  [/\b(?:median|percentile_cont|percentile_disc|to_char|sformat|natural_sort_key)\(/, 'select median(a) over () from t', 'MariaDB'],
  [/\bgroup_concat\([^)]*\blimit\b/, 'select group_concat(a limit 3) from t', 'MariaDB'],
  [/\b(?:intersect|except)\b/, 'select a from t intersect select a from u', 'MySQL 8.0.31'],
  [/\blateral\b|\btable\s*\(|\bvalues row\(/, 'select * from t, lateral (select 1) x', 'MySQL'],
  [/\)\s*as new\b/, 'insert into t (a) values (1) as new on duplicate key update a = new.a', 'MySQL'],
  [/'0000-00-00/, "update t set a = '0000-00-00'", 'NO_ZERO_DATE of MySQL'],
  [/\b(?:get_lock|release_lock)\(|\block tables?\b/, "select get_lock('a', 1)", 'the lock is a row'],
  [/\bset (?:session |global )?sql_mode\b/, "set sql_mode = ''", 'what holds, holds under the strict mode'],
]

const root = join(import.meta.dirname, '..')
const filesOf = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending) && !entry.name.includes('.test.') && !entry.name.includes('snapshot'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

/** Statements of MySQL begin in small letters; those of ClickHouse beside them do not. */
const STATEMENT = /^\s*(?:select|insert|update|delete|replace|create|alter|drop|rename|truncate|set|kill|show|with)\s/
const textsIn = (code: string) =>
  [...code.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '').matchAll(/`((?:[^`\\]|\\.)*)`|'((?:[^'\\\n]|\\.)*)'/gs)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((text) => STATEMENT.test(text))
const migrations = filesOf('migrations/mysql', '.sql').flatMap((file) =>
  readFileSync(join(root, file), 'utf8')
    .replaceAll(/^-- .*$/gm, '')
    .split(/^--next$/m)
    .map((sql) => ({ file, sql })),
)
const ours = ['src/lake', 'connectors/devlake', 'src/store'].flatMap((folder) => filesOf(folder, '.ts'))
const statements = ours
  .filter((file) => !file.startsWith('src/store') || /mysql/.test(file))
  .flatMap((file) => textsIn(readFileSync(join(root, file), 'utf8')).map((sql) => ({ file, sql })))

const faultsOf = (sql: string) =>
  REFUSED.flatMap(([pattern, , why]) => (new RegExp(pattern, `${pattern.flags}i`).test(sql) ? [`${pattern}: ${why}`] : []))

test('there is something to judge', () => {
  expect(migrations.length).toBeGreaterThan(20)
  expect(statements.length).toBeGreaterThan(25)
})

test.each(REFUSED)('%s is seen', (pattern, example) => {
  expect(new RegExp(pattern, `${pattern.flags}i`).test(example)).toBe(true)
})

test('no migration of the lake and no statement says what only one of the two knows', () => {
  const found = [...migrations, ...statements].flatMap(({ file, sql }) =>
    faultsOf(sql).map((fault) => `${file}: ${fault}: ${sql.trim().slice(0, 80)}`),
  )
  expect(found).toEqual([])
})

describe('the catalogue answers in capital letters on MySQL', () => {
  const asked = statements.flatMap(({ file, sql }) => {
    const [, list] = /^\s*select (?:distinct )?([^]*?)\sfrom information_schema\./i.exec(sql) ?? []
    return list === undefined ? [] : [{ file, list }]
  })
  test('so what is asked of it has a name of ours', () => {
    expect(asked.length).toBeGreaterThan(3)
    for (const { file, list } of asked) {
      let plain = list
      while (plain.includes('(')) plain = plain.replaceAll(/\([^()]*\)/g, '')
      for (const column of plain.split(',')) expect(column.trim(), file).toMatch(/ as \w+$/i)
    }
  })
})
