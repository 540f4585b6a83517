import { hostname } from 'node:os'
import { join } from 'node:path'
import { PROGRAM_ROOT, PROGRAM_VERSION } from '../program.ts'
import type { Analytics } from './analytics.ts'
import { clickhouseDialect, clickhousePort } from './dialects/clickhouse.ts'
import { postgresDialect, postgresPort } from './dialects/postgres.ts'
import { leaseLock } from './lease.ts'
import { createMigrator, type Migrator, type Step } from './migrate.ts'
import type { Semantic } from './semantic.ts'

export type StoreName = 'semantic' | 'analytics'

/** The migrators of both stores. The lease that guards them is a row of the semantic store, which knows row locks. */
export function migratorsOf(
  { semantic, analytics }: { semantic: Semantic; analytics: Analytics },
  options: { actor: string; onStep?: (step: Step) => void; waitMs?: number },
): Record<StoreName, Migrator> {
  const common = {
    programVersion: PROGRAM_VERSION,
    actor: options.actor,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  }
  const lease = { owner: `${options.actor}@${hostname()}:${process.pid}`, leaseMs: 10_000, waitMs: options.waitMs ?? 120_000 }
  const folder = (dialect: string) => join(PROGRAM_ROOT, 'migrations', dialect)
  return {
    semantic: createMigrator({
      ...common,
      port: postgresPort(semantic),
      dialect: postgresDialect(semantic.version),
      directory: folder('postgres'),
    }),
    analytics: createMigrator({
      ...common,
      port: clickhousePort(analytics),
      dialect: clickhouseDialect({ cluster: null }),
      directory: folder('clickhouse'),
      lock: leaseLock(postgresPort(semantic), lease),
    }),
  }
}
