import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { postgresDialect, postgresPort } from '../src/store/dialects/postgres.ts'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { createMigrator, soleOwner } from '../src/store/migrate.ts'
import { openSemantic, type Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { environmentOf } from './server.ts'

/** An organization in it, by an id of the caller's. */
export async function addOrganization(semantic: Semantic, org: string): Promise<string> {
  const sql = `INSERT INTO organizations (id, slug, name, created_at) VALUES ({org:uuid}, {org:text}, 'O', now())`
  await semantic.query(statement({ name: 'test.org', sql, row: noRow }), { org })
  return org
}

/** A semantic store for a test, migrated: a real PostgreSQL of its own, or what the suite runs on. */
export async function openSemanticStore(): Promise<{ semantic: Semantic; close(): Promise<void> }> {
  const scratch = mkdtempSync(join(tmpdir(), 'fairlead-semantic-'))
  const given = (await environmentOf(scratch))['POSTGRES_URI']
  const server = given === undefined ? await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog }) : null
  const uri = server === null ? (given as string) : `postgresql://${server.user}@/${server.database}?host=${server.host}`
  const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
  await createMigrator({
    directory: join(import.meta.dirname, '..', 'migrations', 'postgres'),
    programVersion: '0',
    actor: 'test',
    lock: soleOwner,
    port: postgresPort(semantic),
    dialect: postgresDialect(semantic.version),
  }).up()
  return {
    semantic,
    async close() {
      await semantic.close()
      await server?.stop()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}
