import { randomBytes } from 'node:crypto'
import { silentLog } from '../../src/log.ts'
import { quoted } from '../../src/store/mysql-name.ts'
import { openMysql, type Mysql } from '../../src/store/mysql.ts'
import { resolveMysql, type MysqlTarget } from '../../src/store/store-uri.ts'

/** MYSQL_URI of the suite: a MySQL 8 or a MariaDB 10.6+ whose user may create databases. */
export function givenMysql(): string {
  const uri = process.env['MYSQL_URI']
  if (uri === undefined || uri === '') throw new Error('MYSQL_URI is not set: this suite needs a MySQL or MariaDB server')
  return uri
}

export interface OwnLake {
  readonly uri: string
  readonly name: string
  open(): Promise<Mysql>
  drop(): Promise<void>
}

/** A database of its own, made and dropped at the server itself. */
export async function makeLake(): Promise<OwnLake> {
  const name = `lake_test_${randomBytes(6).toString('hex')}`
  const onServer = async (sql: string) => {
    const mysql = await openMysql(targetOf(givenMysql()), { log: silentLog, connections: 1 })
    await mysql.run(sql)
    await mysql.close()
  }
  await onServer(`create database ${quoted(name)} character set utf8mb4 collate utf8mb4_unicode_ci`)
  const uri = new URL(givenMysql())
  uri.pathname = `/${name}`
  return {
    uri: uri.href,
    name,
    open: () => openMysql(targetOf(uri.href), { log: silentLog }),
    drop: () => onServer(`drop database ${quoted(name)}`),
  }
}

export function targetOf(uri: string): MysqlTarget {
  const target = resolveMysql(uri)
  if (target === null) throw new Error('no address')
  return target
}
