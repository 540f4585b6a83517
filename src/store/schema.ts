import { hostname } from 'node:os'
import { PROGRAM_VERSION } from '../program.ts'
import type { Analytics } from './analytics.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { leaseLock } from './lease.ts'
import { mysqlDialect, mysqlPort } from './dialects/mysql.ts'
import type { Mysql } from './mysql.ts'
import { migrationFolder } from './migration-folder.ts'
import { createMigrator, soleOwner, type Migrator, type MigratorOptions } from './migrate.ts'
import type { SqlPort } from './dialect.ts'
import { requireSameTopology } from './same-topology.ts'
import type { Semantic } from './semantic.ts'

export type MigrationOptions = Pick<MigratorOptions, 'actor' | 'onStep' | 'outOfOrder' | 'waitMs'>
export type StoreName = 'semantic' | 'analytics'

/** The migrator of a lake: the lease that guards it is a row in the lake itself, as others may fill it from elsewhere. */
export function lakeMigrator(mysql: Mysql, options: MigrationOptions): Migrator {
  const { actor, onStep, outOfOrder, waitMs } = options
  return createMigrator({
    actor,
    ...(onStep === undefined ? {} : { onStep }),
    ...(outOfOrder === undefined ? {} : { outOfOrder }),
    ...(waitMs === undefined ? {} : { waitMs }),
    port: mysqlPort(mysql),
    dialect: mysqlDialect,
    ...migrationFolder('mysql'),
    programVersion: PROGRAM_VERSION,
  })
}

/**
 * The migrators of both stores. The lease that guards them is a row of the semantic store, which knows row locks; embedded stores belong to
 * one process, which holds the lock of the data directory.
 */
export function migratorsOf(
  { semantic, analytics, embedded }: { semantic: Semantic; analytics: Analytics; embedded: boolean },
  options: MigrationOptions,
): Record<StoreName, Migrator> {
  const common = {
    programVersion: PROGRAM_VERSION,
    actor: options.actor,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
    ...(options.outOfOrder === undefined ? {} : { outOfOrder: options.outOfOrder }),
  }
  const lease = { owner: `${options.actor}@${hostname()}:${process.pid}`, leaseMs: 10_000, waitMs: options.waitMs ?? 120_000 }
  const lock = embedded ? soleOwner : leaseLock(postgresPort(semantic), lease)
  return {
    semantic: createMigrator({
      ...common,
      port: postgresPort(semantic),
      dialect: postgresDialect(semantic.version),
      ...migrationFolder('postgres'),
      ...(embedded ? { lock } : {}),
    }),
    analytics: createMigrator({
      ...common,
      port: ofItsTopology(analytics),
      dialect: clickhouseDialect,
      ...migrationFolder('clickhouse'),
      lock,
    }),
  }
}

/** Nothing is asked of the analytics store before its tables are known to be of the kind that the address says. */
function ofItsTopology(analytics: Analytics): SqlPort {
  const port = clickhousePort(analytics)
  let checked: Promise<void> | null = null
  const check = () =>
    (checked ??= requireSameTopology(analytics).catch((thrown: unknown) => {
      checked = null
      throw thrown
    }))
  return {
    run: (sql, params) => check().then(() => port.run(sql, params)),
    rows: (each, params) => check().then(() => port.rows(each, params)),
  }
}
