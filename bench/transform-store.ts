import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { openAnalytics } from '../src/store/analytics.ts'
import type { Dialect, Lock, SqlPort } from '../src/store/dialect.ts'
import { clickhouseDialect, clickhousePort } from '../src/store/dialects/clickhouse.ts'
import { mysqlDialect, mysqlPort } from '../src/store/dialects/mysql.ts'
import { postgresDialect, postgresPort } from '../src/store/dialects/postgres.ts'
import { soleOwner } from '../src/store/migrate.ts'
import { openMysql } from '../src/store/mysql.ts'
import { openSemantic } from '../src/store/semantic.ts'
import { resolveMysql } from '../src/store/store-uri.ts'

export type StoreKind = 'postgres' | 'mysql' | 'clickhouse'

export interface OpenStore {
  readonly port: SqlPort
  readonly dialect: Dialect
  /** Where the store has none of its own. */
  readonly lock?: Lock
  readonly describe: string
  close(): Promise<void>
}

/** A database by its address, or the folder of an embedded analytics store. */
export async function openStore(kind: StoreKind, target: string): Promise<OpenStore> {
  if (kind === 'clickhouse') {
    const analytics = await openAnalytics({ kind: 'embedded', directory: target })
    const { describe, close } = analytics
    return { port: clickhousePort(analytics), dialect: clickhouseDialect, lock: soleOwner, describe, close }
  }
  if (kind === 'mysql') {
    const where = resolveMysql(target)
    if (where === null) throw new Error('no address')
    const mysql = await openMysql(where, { log: silentLog })
    return { port: mysqlPort(mysql), dialect: mysqlDialect, describe: mysql.describe, close: mysql.close }
  }
  const semantic = await openSemantic({ uri: new Secret(target) }, { log: silentLog })
  return {
    port: postgresPort(semantic),
    dialect: postgresDialect(semantic.version),
    describe: semantic.describe,
    close: semantic.close,
  }
}

/** Chosen by the words of each store. */
export interface StoryWords {
  readonly create: string
  /** Rows `from` (exclusive) to `to`. */
  fill(from: number, to: number): string
  readonly newType: string
  readonly number: string
}

const ROW = { customer: 'customer ', amount: 'n % 100000' }

export const WORDS: Readonly<Record<StoreKind, StoryWords>> = {
  postgres: {
    create: 'create table if not exists orders (id bigint primary key, customer text not null, amount integer, placed_on date)',
    fill: (from, to) =>
      `insert into orders select n, '${ROW.customer}' || n % 1000, ${ROW.amount}, date '2026-01-01' + (n % 300)::integer from generate_series(${from + 1}, ${to}) as n`,
    newType: 'varchar(255)',
    number: 'id::bigint',
  },
  mysql: {
    create:
      'create table if not exists orders (id bigint not null primary key, customer varchar(100) not null, amount int, placed_on date) engine = InnoDB default charset utf8mb4',
    fill: (from, to) => {
      const digits = [0, 1, 2, 3, 4].map((place) => `d${place}.i * ${10 ** place}`).join(' + ')
      const tables = [0, 1, 2, 3, 4].map((place) => `d d${place}`).join(', ')
      return `insert into orders with d (i) as (${Array.from({ length: 10 }, (_, i) => `select ${i}`).join(' union all ')}),
s (n) as (select ${from} + 1 + ${digits} from ${tables})
select n, concat('${ROW.customer}', n % 1000), ${ROW.amount}, date '2026-01-01' + interval n % 300 day from s where n <= ${to}`
    },
    newType: 'varchar(255) not null',
    number: 'cast(id as signed)',
  },
  clickhouse: {
    create:
      'create table if not exists orders (id Int64, customer String, amount Nullable(Int32), placed_on Date) engine = {{engine:ReplacingMergeTree}} order by id',
    fill: (from, to) =>
      `insert into orders select number + 1 as n, '${ROW.customer}' || toString(n % 1000), ${ROW.amount}, toDate('2026-01-01') + n % 300 from numbers(${from}, ${to - from})`,
    newType: 'String',
    number: 'toInt64(id)',
  },
}
