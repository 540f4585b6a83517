import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { compareKeyInWords, type Copy, type CopyColumn, type Copying, type TableColumn } from '../copying.ts'
import type { SqlPort } from '../dialect.ts'
import { errnoOf } from '../mysql-error.ts'
import { quoted as quote } from '../mysql-name.ts'
import { statement } from '../statement.ts'

/** Waited too long for a lock, and a deadlock. */
const GIVEN_UP = new Set([1205, 1213])
const TRIES = 100

const columns = statement({
  name: 'migration.columns',
  sql: `select c.column_name as name, c.column_type as type, coalesce(k.ordinal_position, 0) as key_position, c.extra as extra,
  c.character_set_name as charset, c.collation_name as collation_name
from information_schema.columns c left join information_schema.key_column_usage k
  on k.table_schema = c.table_schema and k.table_name = c.table_name and k.column_name = c.column_name and k.constraint_name = 'PRIMARY'
where c.table_schema = database() and c.table_name = {table:varchar} order by c.ordinal_position`,
  row: z
    .object({
      name: z.string(),
      type: z.string(),
      key_position: z.number(),
      extra: z.string(),
      charset: z.string().nullable(),
      collation_name: z.string().nullable(),
    })
    .transform((row): TableColumn => ({
      name: row.name,
      type: row.type,
      key: row.key_position,
      given: !/\bgenerated\b/i.test(row.extra) || /default_generated/i.test(row.extra),
      charset: row.charset,
      collation: row.collation_name,
    })),
})

/** Views are by name and read the new table. */
const obstacles = statement({
  name: 'migration.obstacles',
  sql: `select concat('the foreign key ', constraint_name, ' of ', table_name) as what from information_schema.key_column_usage
where referenced_table_name is not null and referenced_table_schema = database()
  and (referenced_table_name = {table:varchar} or ({like:bool} and table_schema = database() and table_name = {table:varchar}))
union select concat('the trigger ', trigger_name) from information_schema.triggers
where trigger_schema = database() and event_object_table = {table:varchar} and trigger_name not like concat({carry:varchar}, '%')`,
  row: z.object({ what: z.string() }),
})

const key = (copy: Copy): readonly CopyColumn[] => copy.columns.filter((each) => each.key > 0)
const list = (copy: Copy): string => copy.columns.map(({ name }) => quote(name)).join(', ')
const expressions = (copy: Copy): string => copy.columns.map(({ expression }) => expression).join(', ')
const comparable = ({ expression, charset, collation }: CopyColumn): string =>
  charset === null || collation === null ? expression : `convert(${expression} using ${charset}) collate ${collation}`

function carryBegin(copy: Copy): string[] {
  const [from, to] = [quote(copy.from), quote(copy.to)]
  const row = (which: 'old' | 'new') =>
    `(select ${copy.source.map(({ name }) => `${which}.${quote(name)} as ${quote(name)}`).join(', ')}) as ${from}`
  // Into variables of the very types: what the server cannot know beforehand it compares with every row (5 million: 30 s for one removal).
  const variables = (which: 'old' | 'new') =>
    key(copy).map((each, index) => ({
      declare: `declare ${which}_k${index} ${each.type}${each.charset === null ? '' : ` character set ${each.charset} collate ${each.collation}`}; `,
      set: `set ${which}_k${index} = (select ${each.expression} from ${row(which)}); `,
    }))
  const [before, after] = [variables('old'), variables('new')]
  const words = (...list: { declare: string; set: string }[]) =>
    `${list.map(({ declare }) => declare).join('')}${list.map(({ set }) => set).join('')}`
  const remove = `delete from ${to} where ${key(copy)
    .map((each, index) => `${quote(each.name)} = old_k${index}`)
    .join(' and ')}`
  const others = copy.columns.filter((each) => each.key === 0)
  const set = (others.length === 0 ? key(copy) : others).map(({ name }) => `${quote(name)} = values(${quote(name)})`).join(', ')
  const put = `insert into ${to} (${list(copy)}) select ${expressions(copy)} from ${row('new')} on duplicate key update ${set}`
  // Only when the key changes: to remove what is not there locks the gap, where two that write would meet.
  const moved = key(copy)
    .map((_each, index) => `not (old_k${index} <=> new_k${index})`)
    .join(' or ')
  const events: [string, string][] = [
    ['insert', put],
    ['delete', `begin ${words(...before)}${remove}; end`],
    ['update', `begin ${words(...before, ...after)}if ${moved} then ${remove}; end if; ${put}; end`],
  ]
  // `or replace` is of MariaDB alone.
  return events.flatMap(([event, body]) => {
    const name = quote(`${copy.to}_carry_${event}`)
    return [`drop trigger if exists ${name}`, `create trigger ${name} after ${event} on ${from} for each row ${body}`]
  })
}

/** The server counts in seconds: one is the least. Who waits for a lock on a table keeps everybody waiting who comes after. */
async function patient<T>(port: SqlPort, work: (port: SqlPort) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await (port.transaction as NonNullable<SqlPort['transaction']>)(async (inside) => {
        await inside.run('set innodb_lock_wait_timeout = 1, lock_wait_timeout = 1')
        try {
          return await work(inside)
        } finally {
          await inside.run('set innodb_lock_wait_timeout = 10, lock_wait_timeout = 10').catch(() => {})
        }
      })
    } catch (cause) {
      if (tries >= TRIES || !GIVEN_UP.has(errnoOf(cause) ?? 0)) throw cause
      await sleep(100 + Math.random() * 400)
    }
  }
}

const typeOfKey = ({ type }: TableColumn): string => (/int\b/.test(type) ? 'bigint' : 'varchar')

/** As in PostgreSQL: triggers carry over, and `insert … select` locks what it reads. Both names change in one statement, which is atomic. */
export const mysqlCopying: Copying = {
  quote,
  columns,
  obstacles,
  like: async (_port, { table, copy, column, type }) => [
    `create table ${quote(copy)} like ${quote(table)}`,
    `alter table ${quote(copy)} modify ${quote(column)} ${type}`,
  ],
  carry: {
    begin: carryBegin,
    end: ({ to }) => ['insert', 'delete', 'update'].map((event) => `drop trigger if exists ${quote(`${to}_carry_${event}`)}`),
  },
  copyRange: (copy, condition) => {
    const [first] = key(copy).map(({ name }) => quote(name))
    return `insert into ${quote(copy.to)} (${list(copy)}) select ${expressions(copy)} from ${quote(copy.from)} where ${condition} lock in share mode
on duplicate key update ${first} = ${quote(copy.to)}.${first}`
  },
  compareKey: compareKeyInWords(quote, typeOfKey),
  keyText: (column) => `cast(${column} as char)`,
  digest: (values) =>
    `coalesce(sum(cast(conv(left(sha2(concat_ws(char(31), ${values.map((value) => `ifnull(${value}, char(30))`).join(', ')}), 256), 15), 16, 10) as unsigned)), 0)`,
  stored: ({ expression }) => expression,
  comparable,
  settled: '',
  renames: (pairs) =>
    pairs.length === 0 ? [] : [`rename table ${pairs.map(([from, to]) => `${quote(from)} to ${quote(to)}`).join(', ')}`],
  afterSwap: () => [],
  patient,
}
