import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Copy, CopyColumn, Copying } from '../copying.ts'
import type { SqlPort } from '../dialect.ts'
import { sqlStateOf } from '../postgres-error.ts'
import { statement } from '../statement.ts'

/** Everybody queues behind one that waits for a lock on a table, so it gives up soon and comes again. */
const LOCK_MS = 300
const TRIES = 200
const LOCK_NOT_AVAILABLE = '55P03'

const quote = (name: string): string => `"${name}"`
const INTEGER = /^(small|big)?int(eger|2|4|8)?$/i

const columns = statement({
  name: 'migration.columns',
  sql: `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, coalesce(array_position(k.conkey, a.attnum), 0) as key,
  a.attgenerated = '' as given, null as charset, null as collation
from pg_attribute a left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
where a.attrelid = to_regclass({table:text}) and a.attnum > 0 and not a.attisdropped order by a.attnum`,
  row: z.object({ name: z.string(), type: z.string(), key: z.number(), given: z.boolean(), charset: z.null(), collation: z.null() }),
})

/** Foreign keys and views stay with the table, whatever its name is. */
const obstacles = statement({
  name: 'migration.obstacles',
  sql: `select 'the foreign key ' || conname || ' of ' || conrelid::regclass as what from pg_constraint
where contype = 'f' and (confrelid = to_regclass({table:text}) or ({like:boolean} and conrelid = to_regclass({table:text})))
union select 'the view ' || r.ev_class::regclass from pg_depend d join pg_rewrite r on r.oid = d.objid
where d.classid = 'pg_rewrite'::regclass and d.refobjid = to_regclass({table:text}) and r.ev_class <> d.refobjid
union select 'the trigger ' || tgname from pg_trigger where tgrelid = to_regclass({table:text}) and not tgisinternal and tgname <> {carry:text}
union select 'the sequence of ' || a.attname from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
where {like:boolean} and d.adrelid = to_regclass({table:text}) and pg_get_expr(d.adbin, d.adrelid) like 'nextval(%'`,
  row: z.object({ what: z.string() }),
})

const key = (copy: Copy): readonly CopyColumn[] => copy.columns.filter((each) => each.key > 0)
const list = (copy: Copy): string => copy.columns.map(({ name }) => quote(name)).join(', ')
const expressions = (copy: Copy): string => copy.columns.map(({ expression }) => expression).join(', ')
const stored = ({ expression, type }: CopyColumn): string => `cast(${expression} as ${type})`

/** Its rights and its path are those of who migrates: a writer needs neither on the copy. */
function carryBegin(copy: Copy): string[] {
  const name = quote(`${copy.to}_carry`)
  const keyOf = (row: 'old' | 'new') => `(select row(${key(copy).map(stored).join(', ')}) from (select ${row}.*) as ${quote(copy.from)})`
  const matches = key(copy).map((each) => `${quote(each.name)} = (select ${stored(each)} from (select old.*) as ${quote(copy.from)})`)
  const changes = copy.columns.filter((each) => each.key === 0).map((each) => `${quote(each.name)} = excluded.${quote(each.name)}`)
  return [
    `create or replace function ${name}() returns trigger language plpgsql security definer set search_path from current as $carry$
begin
  if tg_op = 'DELETE' or (tg_op = 'UPDATE' and ${keyOf('old')} is distinct from ${keyOf('new')}) then
    delete from ${quote(copy.to)} where ${matches.join(' and ')};
  end if;
  if tg_op <> 'DELETE' then
    insert into ${quote(copy.to)} (${list(copy)}) overriding system value select ${expressions(copy)} from (select new.*) as ${quote(copy.from)}
    on conflict (${key(copy)
      .map((each) => quote(each.name))
      .join(', ')}) do ${changes.length === 0 ? 'nothing' : `update set ${changes.join(', ')}`};
  end if;
  return null;
end $carry$`,
    `create or replace trigger ${name} after insert or update or delete on ${quote(copy.from)} for each row execute function ${name}()`,
  ]
}

async function patient<T>(port: SqlPort, work: (port: SqlPort) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await (port.transaction as NonNullable<SqlPort['transaction']>)(async (inside) => {
        await inside.run(`set local lock_timeout = ${LOCK_MS}`)
        return work(inside)
      })
    } catch (cause) {
      if (tries >= TRIES || sqlStateOf(cause) !== LOCK_NOT_AVAILABLE) throw cause
      await sleep(100 + Math.random() * 400)
    }
  }
}

/**
 * A trigger carries each change over in its own transaction, so both tables agree at every moment once all is copied. The rows of a range
 * are locked against changes while they are copied: one that is removed meanwhile would otherwise come back.
 */
export const postgresCopying: Copying = {
  quote,
  columns,
  obstacles,
  like: async (_port, { table, copy, column, type }) => [
    `create table ${quote(copy)} (like ${quote(table)} including all)`,
    ...(INTEGER.test(type) ? [] : [`alter table ${quote(copy)} alter column ${quote(column)} drop identity if exists`]),
    `alter table ${quote(copy)} alter column ${quote(column)} type ${type}`,
  ],
  carry: {
    begin: carryBegin,
    end: ({ from, to }) => [
      `drop trigger if exists ${quote(`${to}_carry`)} on ${quote(from)}`,
      `drop function if exists ${quote(`${to}_carry`)}()`,
    ],
  },
  copyRange: (copy, condition) => `insert into ${quote(copy.to)} (${list(copy)}) overriding system value
select ${expressions(copy)} from (select * from ${quote(copy.from)} where ${condition} order by ${copy.key.map(({ name }) => quote(name)).join(', ')} for share) as ${quote(copy.from)}
on conflict (${key(copy)
    .map((each) => quote(each.name))
    .join(', ')}) do nothing`,
  compareKey: (columnsOfKey, operator, prefix) =>
    `(${columnsOfKey.map(({ name }) => quote(name)).join(', ')}) ${operator} (${columnsOfKey.map(({ type }, index) => `{${prefix}${index}:${type}}`).join(', ')})`,
  keyText: (column) => `${column}::text`,
  digest: (values) => `coalesce(sum(hashtextextended(row(${values.join(', ')})::text, 0)::numeric), 0)::text`,
  stored,
  comparable: stored,
  settled: '',
  renames: (pairs) => pairs.map(([from, to]) => `alter table ${quote(from)} rename to ${quote(to)}`),
  // An identity column goes on behind the largest value.
  afterSwap: (table) => [
    `do $next$ declare c name; s text; begin
  for c in select attname from pg_attribute where attrelid = to_regclass('${table}') and attidentity <> '' and not attisdropped loop
    s := pg_get_serial_sequence('${table}', c);
    execute format('select setval(%L, coalesce(max(%I), 1), max(%I) is not null) from %I', s, c, c, '${table}');
  end loop;
end $next$`,
  ],
  patient,
}
