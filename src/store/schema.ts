import { hostname } from 'node:os'
import { z } from 'zod'
import { PROGRAM_VERSION } from '../program.ts'
import type { Analytics } from './analytics.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { leaseLock } from './lease.ts'
import { mysqlDialect, mysqlPort } from './dialects/mysql.ts'
import type { Mysql } from './mysql.ts'
import { migrationFolder, type MigrationTree } from './migration-folder.ts'
import { createMigrator, soleOwner, type Migrator, type MigratorOptions } from './migrate.ts'
import type { SqlPort } from './dialect.ts'
import { requireSameTopology } from './same-topology.ts'
import type { Semantic } from './semantic.ts'
import { statement } from './statement.ts'

export type MigrationOptions = Pick<MigratorOptions, 'actor' | 'onStep' | 'outOfOrder' | 'waitMs'>
export type StoreName = 'semantic' | 'analytics'

/** The schemas that a lake may have: each is a module of its own, with a folder and numbers of its own. */
export const LAKE_SCHEMAS = ['reference', 'devlake'] as const
export type LakeSchemaName = (typeof LAKE_SCHEMAS)[number]
const LAKES: Readonly<Record<LakeSchemaName, { readonly module: string; readonly folder: MigrationTree }>> = {
  reference: { module: 'fairlead', folder: 'mysql' },
  devlake: { module: 'devlake', folder: 'mysql-devlake' },
}

const modulesThere = statement({
  name: 'lake.modules',
  sql: 'select distinct module as module from migration_history',
  row: z.object({ module: z.string() }),
})

/** Which schema a lake has; null for one that is empty. */
export async function schemaOfLake(mysql: Mysql): Promise<LakeSchemaName | null> {
  const [ledger] = await mysqlPort(mysql).rows(mysqlDialect.ledger.exists)
  const modules = ledger?.found ? (await mysql.query(modulesThere)).map((one) => one.module) : []
  return LAKE_SCHEMAS.find((name) => modules.includes(LAKES[name].module)) ?? null
}

/** The migrator of a lake: the lease that guards it is a row in the lake itself, as others may fill it from elsewhere. */
export function lakeMigrator(mysql: Mysql, options: MigrationOptions, schema: LakeSchemaName = 'reference'): Migrator {
  const { module, folder } = LAKES[schema]
  const { waitMs } = options
  return createMigrator({
    ...commonOf(options),
    ...(waitMs === undefined ? {} : { waitMs }),
    port: mysqlPort(mysql),
    dialect: mysqlDialect,
    ...migrationFolder(folder),
    module,
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
  const common = commonOf(options)
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
    analytics: analyticsMigrator(analytics, common, lock),
  }
}

/** The migrator of an analytics store that belongs to this process alone. */
export function ownMigrator(analytics: Analytics, options: MigrationOptions): Migrator {
  return analyticsMigrator(analytics, commonOf(options), soleOwner)
}

type Common = Pick<MigratorOptions, 'programVersion' | 'actor' | 'onStep' | 'outOfOrder'>

function commonOf({ actor, onStep, outOfOrder }: MigrationOptions): Common {
  return {
    programVersion: PROGRAM_VERSION,
    actor,
    ...(onStep === undefined ? {} : { onStep }),
    ...(outOfOrder === undefined ? {} : { outOfOrder }),
  }
}

function analyticsMigrator(analytics: Analytics, common: Common, lock: NonNullable<MigratorOptions['lock']>): Migrator {
  return createMigrator({
    ...common,
    port: ofItsTopology(analytics),
    dialect: clickhouseDialect,
    ...migrationFolder('clickhouse'),
    lock,
  })
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
