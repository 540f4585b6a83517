import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dialect } from '../src/store/dialect.ts'
import { clickhouseDialect } from '../src/store/dialects/clickhouse.ts'
import { mysqlDialect } from '../src/store/dialects/mysql.ts'
import { postgresDialect } from '../src/store/dialects/postgres.ts'
import { readMigrations, type Migration } from '../src/store/migration-file.ts'

export type TestedStore = 'postgres' | 'yugabyte' | 'clickhouse' | 'mysql'

/** What a version says that commits each statement of DDL by itself. */
export const YUGABYTE_LIKE = 'PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64'

const DIALECTS: Readonly<Record<TestedStore, Dialect>> = {
  postgres: postgresDialect('PostgreSQL 15'),
  yugabyte: postgresDialect(YUGABYTE_LIKE),
  clickhouse: clickhouseDialect,
  mysql: mysqlDialect,
}

export function migrationsIn(directory: string, store: TestedStore): Promise<Migration[]> {
  return readMigrations({ directory, dialect: DIALECTS[store] })
}

/** The statements that a migration has as SQL. */
export function sqlOf({ statements }: Migration): string[] {
  return statements.filter((step) => typeof step === 'string')
}

/** Files of a folder. Those in TypeScript have their built form beside them, as Node.js 20 runs none; so they are written without types. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(directory, file), text)
    if (file.endsWith('.ts')) writeFileSync(join(directory, file.replace(/\.ts$/, '.js')), text)
  }
}
