import { hostname } from 'node:os'
import { join } from 'node:path'
import { PROGRAM_ROOT, PROGRAM_VERSION } from '../program.ts'
import type { Analytics } from './analytics.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { leaseLock } from './lease.ts'
import { createMigrator, soleOwner, type Migrator, type Step } from './migrate.ts'
import type { Semantic } from './semantic.ts'

const MIGRATIONS = join(PROGRAM_ROOT, 'migrations')

export type StoreName = 'semantic' | 'analytics'

/**
 * The migrators of both stores. The lease that guards them is a row of the semantic store, which knows row locks; embedded stores belong to
 * one process, which holds the lock of the data directory.
 */
export function migratorsOf(
  { semantic, analytics, embedded }: { semantic: Semantic; analytics: Analytics; embedded: boolean },
  options: { actor: string; onStep?: (step: Step) => void; waitMs?: number },
): Record<StoreName, Migrator> {
  const common = {
    programVersion: PROGRAM_VERSION,
    actor: options.actor,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  }
  const lease = { owner: `${options.actor}@${hostname()}:${process.pid}`, leaseMs: 10_000, waitMs: options.waitMs ?? 120_000 }
  const lock = embedded ? soleOwner : leaseLock(postgresPort(semantic), lease)
  return {
    semantic: createMigrator({
      ...common,
      port: postgresPort(semantic),
      dialect: postgresDialect(semantic.version),
      directory: join(MIGRATIONS, 'postgres'),
      ...(embedded ? { lock } : {}),
    }),
    analytics: createMigrator({
      ...common,
      port: clickhousePort(analytics),
      dialect: clickhouseDialect({ cluster: null }),
      directory: join(MIGRATIONS, 'clickhouse'),
      lock,
    }),
  }
}
