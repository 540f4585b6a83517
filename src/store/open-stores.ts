import { existsSync } from 'node:fs'
import { closing } from '../closing.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import { openAnalytics, type Analytics } from './analytics.ts'
import { bringUp } from './bring-up.ts'
import { openDataDirectory, type DataDirectory } from './data-directory.ts'
import type { Migrator } from './migrate.ts'
import { migratorsOf, ownMigrator, type MigrationOptions, type StoreName } from './schema.ts'
import { openSemantic, type Semantic } from './semantic.ts'
import { namedStores, storeTargets } from './store-targets.ts'

/** The stores of a data directory, open and locked, with their migrators. */
export interface Stores {
  readonly dataDirectory: DataDirectory
  readonly semantic: Semantic
  readonly analytics: Analytics
  readonly analyticsIsServer: boolean
  readonly migrators: Record<StoreName, Migrator>
  close(): Promise<void>
}

/** `beginNew`: an embedded analytics store that is new gets its tables while the semantic store, which takes as long, is made beside it. */
export async function openStores(config: Config, options: MigrationOptions & { log: Log; beginNew?: boolean }): Promise<Stores> {
  const { log, beginNew = false } = options
  const targets = namedStores(config)
  if (targets.analytics !== null && targets.analytics.ignored.length > 0)
    log.warn('config.ignored', { variable: targets.analytics.variable, parameters: targets.analytics.ignored })
  const dataDirectory = await openDataDirectory(config.data)
  const closers = closing(log)
  closers.add(() => dataDirectory.release())
  const opening = storeTargets(targets, dataDirectory)
  const isNew = targets.semantic === null && opening.analytics.kind === 'embedded' && !existsSync(opening.analytics.directory)
  const withTables = async (): Promise<Analytics> => {
    const opened = await openAnalytics(opening.analytics)
    // What fails here is tried again, and told, where the schema is brought up in any case.
    if (beginNew && isNew) await bringUp(ownMigrator(opened, options), log).catch(() => {})
    return opened
  }
  const [semantic, analytics] = await Promise.allSettled([openSemantic(opening.semantic, { log }), withTables()])
  for (const one of [semantic, analytics]) if (one.status === 'fulfilled') closers.add(() => one.value.close())
  for (const one of [semantic, analytics]) {
    if (one.status === 'rejected') {
      await closers.close()
      throw one.reason
    }
  }
  const opened = {
    semantic: (semantic as PromiseFulfilledResult<Semantic>).value,
    analytics: (analytics as PromiseFulfilledResult<Analytics>).value,
  }
  return {
    ...opened,
    dataDirectory,
    analyticsIsServer: targets.analytics !== null,
    migrators: migratorsOf({ ...opened, embedded: targets.semantic === null }, options),
    close: closers.close,
  }
}
