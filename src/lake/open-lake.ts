import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Mysql, MysqlOptions } from '../store/mysql.ts'
import { statement } from '../store/statement.ts'
import { resolveMysql, type MysqlTarget } from '../store/store-uri.ts'

/** The address of the lake: what was said with the command, else MYSQL_URI. */
export function requireLake(text: string | undefined, variable = 'MYSQL_URI'): MysqlTarget {
  const target = resolveMysql(text, variable)
  if (target !== null) return target
  throw new AppError('config', 'It is not said where the lake is.', {
    help: 'Set MYSQL_URI=mysql://user:password@host:3306/lake: a MySQL 8 or MariaDB 10.6+, with a database that is empty at first.',
  })
}

const devlakeTables = statement({
  name: 'lake.of_devlake',
  sql: `select count(*) as found from information_schema.tables where table_schema = database() and table_name = '_devlake_migration_history'`,
  row: z.object({ found: z.number() }),
})

/** A lake of our own. DevLake's has tables of the same names with other columns, and is no place for ours. */
export async function openLake(target: MysqlTarget, options: MysqlOptions): Promise<Mysql> {
  const { openMysql } = await import('../store/mysql.ts')
  const mysql = await openMysql(target, options)
  try {
    if (((await mysql.one(devlakeTables))?.found ?? 0) === 0) return mysql
    throw new AppError(
      'conflict',
      `The database ${mysql.database} is DevLake's own: its tables have the names of ours and other columns.`,
      {
        help: 'Make one for Fairlead (create database fairlead_lake character set utf8mb4) and name that. DevLake’s own is read with `fairlead import devlake`.',
      },
    )
  } catch (thrown) {
    await mysql.close()
    throw thrown
  }
}
