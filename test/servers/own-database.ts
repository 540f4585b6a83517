import { randomBytes } from 'node:crypto'
import { silentLog } from '../../src/log.ts'
import { Secret } from '../../src/secret.ts'
import { openSemantic } from '../../src/store/semantic.ts'
import { noRow } from '../../src/store/statement.ts'

/** POSTGRES_URI of the suite: a PostgreSQL whose user may create databases. */
export function givenServer(): string {
  const uri = process.env['POSTGRES_URI']
  if (uri === undefined || uri === '') throw new Error('POSTGRES_URI is not set: this suite needs a PostgreSQL server')
  return uri
}

export interface OwnDatabase {
  readonly name: string
  readonly uri: string
  /** Statements as they stand, parted by semicolons. */
  run(sql: string): Promise<void>
  drop(): Promise<void>
}

/** A database of its own, made and dropped at the server itself. */
export async function makeDatabase(): Promise<OwnDatabase> {
  const name = `fairlead_test_${randomBytes(6).toString('hex')}`
  const own = new URL(givenServer())
  own.pathname = `/${name}`
  const runAt = async (uri: string, sql: string) => {
    const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog, connections: 1 })
    await semantic.query({ name: 'test.database', sql, row: noRow })
    await semantic.close()
  }
  await runAt(givenServer(), `create database ${name}`)
  return {
    name,
    uri: own.href,
    run: (sql) => runAt(own.href, sql),
    drop: () => runAt(givenServer(), `drop database ${name} with (force)`),
  }
}
