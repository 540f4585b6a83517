import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAM_ROOT } from '../program.ts'

/** The clone when run from source, `dist/` when built: there the migrations in TypeScript lie as they are run. */
const HOME = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A lake in DevLake's form has tables of the reference's names with other columns, so a tree of its own. */
export type MigrationTree = 'postgres' | 'clickhouse' | 'mysql' | 'mysql-devlake'

/** The migrations of a store that ship. */
export function migrationFolder(store: MigrationTree): { directory: string; code: string } {
  return { directory: join(PROGRAM_ROOT, 'migrations', store), code: join(HOME, 'migrations', store) }
}
