import { join } from 'node:path'
import { PROGRAM_HOME, PROGRAM_ROOT } from '../program.ts'

/** A lake in DevLake's form has tables of the reference's names with other columns, so a tree of its own. */
export type MigrationTree = 'postgres' | 'clickhouse' | 'mysql' | 'mysql-devlake'

/** The migrations of a store that ship, and where those in TypeScript lie as they are run. */
export function migrationFolder(store: MigrationTree): { directory: string; code: string } {
  return { directory: join(PROGRAM_ROOT, 'migrations', store), code: join(PROGRAM_HOME, 'migrations', store) }
}
