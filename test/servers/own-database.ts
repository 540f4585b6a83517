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

/** A database of its own, made and dropped at the server itself. */
export async function makeDatabase(): Promise<{ name: string; drop(): Promise<void> }> {
  const name = `fairlead_yugabyte_${randomBytes(6).toString('hex')}`
  const onServer = async (sql: string) => {
    const semantic = await openSemantic({ uri: new Secret(givenServer()) }, { log: silentLog })
    await semantic.query({ name: 'test.database', sql, row: noRow })
    await semantic.close()
  }
  await onServer(`create database ${name}`)
  return { name, drop: () => onServer(`drop database ${name} with (force)`) }
}
