import type { Log } from '../log.ts'
import type { Migrator } from './migrate.ts'

/**
 * The schema as a program needs it to serve. What only removes things that no program reads any more is left, when it waits for a
 * confirmation: an upgrade does not keep a server from starting because an old table still lies there.
 */
export async function bringUp(migrator: Migrator, log: Log): Promise<void> {
  await migrator.up({ unattended: true })
  const { destructive, hash } = await migrator.plan()
  if (destructive.length > 0) log.warn('migration.waiting', { files: destructive, confirm: `fairlead migrate up --confirm ${hash}` })
}
