/**
 * The worked example of the reference: the primary key of `users` from int to varchar(255), with its rows, in the words of each store. The
 * old table stays beside the other until all is copied, and every statement may be the one before which, or behind which, the power went.
 */
export const KEY_CHANGE: Readonly<
  Record<'postgres' | 'yugabyte' | 'clickhouse' | 'mysql', { readonly before: string; readonly change: string }>
> = {
  postgres: {
    before: `create table if not exists users (id integer primary key, name text)
--next
insert into users (id, name) select n, 'user ' || n from generate_series(1, 500) as n on conflict do nothing`,
    change: `create table if not exists users_20221018 (id varchar(255) primary key, name text)
--next
insert into users_20221018 (id, name) select id::text, name from users on conflict (id) do update set name = excluded.name
--next
alter table if exists users rename to users_before
--next
alter table if exists users_20221018 rename to users
--next
drop table if exists users_before`,
  },
  get yugabyte() {
    return this.postgres
  },
  clickhouse: {
    before: `create table if not exists users (id Int32, name String) engine = {{engine:ReplacingMergeTree}} order by id
--next
insert into users select number + 1, 'user ' || toString(number + 1) from numbers(500)`,
    change: `create table if not exists users_20221018 (id String, name String) engine = {{engine:ReplacingMergeTree}} order by id
--next
insert into users_20221018 select toString(id), name from users final
--next
rename table if exists users to users_before
--next
rename table if exists users_20221018 to users
--next
drop table if exists users_before`,
  },
  mysql: {
    before: `create table if not exists users (id int not null primary key, name varchar(255)) engine = InnoDB default charset utf8mb4
--next
insert ignore into users (id, name) with recursive n (i) as (select 1 union all select i + 1 from n where i < 500) select i, concat('user ', i) from n`,
    // Both names in one statement, which is atomic; said a second time it answers that the table is there.
    change: `create table if not exists users_20221018 (id varchar(255) not null primary key, name varchar(255)) engine = InnoDB default charset utf8mb4
--next
insert into users_20221018 (id, name) select cast(id as char), name from users on duplicate key update name = values(name)
--next
rename table users to users_before, users_20221018 to users
--next
drop table if exists users_before`,
  },
}

/** The ways to say it: in SQL by hand, by the step that is made for it, and by the one that makes any table anew. */
export const KEY_CHANGE_WAYS = ['sql', 'changeColumnType', 'transformTable'] as const

const TEXT: Readonly<Record<keyof typeof KEY_CHANGE, { readonly type: string; readonly table: string; readonly id: string }>> = {
  postgres: { type: 'varchar(255)', table: 'create table {{table}} (id varchar(255) primary key, name text)', id: 'id::text' },
  yugabyte: { type: 'varchar(255)', table: 'create table {{table}} (id varchar(255) primary key, name text)', id: 'id::text' },
  clickhouse: {
    type: 'String',
    table: 'create table {{table}} (id String, name String) engine = {{engine:ReplacingMergeTree}} order by id',
    id: 'toString(id)',
  },
  mysql: {
    type: 'varchar(255) not null',
    table: 'create table {{table}} (id varchar(255) not null primary key, name varchar(255)) engine = InnoDB default charset utf8mb4',
    id: 'cast(id as char)',
  },
}

/** Both as files of a folder of migrations. In TypeScript the old table goes in a migration of its own. */
export function keyChangeFiles(store: keyof typeof KEY_CHANGE, way: (typeof KEY_CHANGE_WAYS)[number]): Readonly<Record<string, string>> {
  const { before, change } = KEY_CHANGE[store]
  const { type, table, id } = TEXT[store]
  const first = { '0001_create_users.sql': `-- why: users as they were\n\n${before}\n` }
  if (way === 'sql') {
    return {
      ...first,
      '0002_change_key.sql': `-- why: keys of users are texts\n-- destructive: the table of users under numbers\n\n${change}\n`,
    }
  }
  const step =
    way === 'changeColumnType'
      ? `changeColumnType({ table: 'users', column: 'id', type: '${type}' })`
      : `transformTable({ table: 'users', to: '${table}', columns: { id: '${id}' } })`
  return {
    ...first,
    '0002_change_key.ts': `// why: keys of users are texts\n\nexport default ({ ${way} }) => [...${step}]\n`,
    '0003_drop_old.ts': `// why: nobody went back\n// destructive: the table of users under numbers\n\nexport default ({ finalize }) => [...finalize({ table: 'users', version: 2 })]\n`,
  }
}

/** What must be true of `users` afterwards, whatever happened on the way: as many rows, each with its name, under a text. */
export const KEY_CHANGE_ROWS = Array.from({ length: 500 }, (_, n) => ({ id: String(n + 1), name: `user ${n + 1}` })).toSorted((a, b) =>
  a.id < b.id ? -1 : 1,
)
