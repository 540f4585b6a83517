import type { Config } from '../config.ts'
import type { AnalyticsTarget } from './analytics.ts'
import type { DataDirectory } from './data-directory.ts'
import type { SemanticTarget } from './semantic.ts'
import { resolveStores, type StoreTargets } from './store-uri.ts'

/** Which stores the settings name; null for the embedded one. */
export function namedStores(config: Config): StoreTargets {
  return resolveStores({
    POSTGRES_URI: config.POSTGRES_URI?.reveal(),
    CLICKHOUSE_URI: config.CLICKHOUSE_URI?.reveal(),
    DATABASE_URI: config.DATABASE_URI?.reveal(),
    DATABASE_URL: config.DATABASE_URL?.reveal(),
  })
}

/** What is opened for them: where none is named, that of the data directory. */
export function storeTargets(
  { semantic, analytics }: StoreTargets,
  directory: Pick<DataDirectory, 'postgres' | 'analytics'>,
): { semantic: SemanticTarget; analytics: AnalyticsTarget } {
  return {
    semantic: semantic === null ? { embedded: directory.postgres } : { uri: semantic.uri },
    analytics: analytics === null ? { kind: 'embedded', directory: directory.analytics } : { kind: 'server', ...analytics },
  }
}
