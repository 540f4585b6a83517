import { asAppError } from '../../errors.ts'
import type { Migrator } from '../../store/migrate.ts'
import { countText, namesText, type Say } from './finding.ts'

/** Whether the schema is what the migrations make, and all of them were run. */
export async function saySchema(say: Say, migrator: Migrator, name: 'semantic' | 'analytics' | 'lake'): Promise<void> {
  try {
    const { pending, current } = await migrator.status()
    if (pending.length > 0) {
      const [level, remedy] =
        name === 'lake'
          ? (['note', 'The next `fairlead export lake` makes them, or `fairlead migrate lake`.'] as const)
          : (['failure', `Start the server again, which makes them; or stop it and run \`fairlead migrate ${name} plan\`.`] as const)
      say('migrations', level, `${countText(pending.length, 'migration')} pending: ${namesText(pending.map(({ file }) => file))}.`, remedy)
      // What they make is missing as long, and that is no drift.
      return
    }
    say('migrations', 'ok', `All migrations are applied, the last is ${current ?? 'none'}.`)
    const { matches, missing, unexpected } = await migrator.verify()
    if (matches) say('schema', 'ok', 'The schema is what the migrations make.')
    else
      say(
        'schema',
        'warning',
        `The schema differs from what the migrations make: ${[missing.length > 0 ? `${missing.length} missing` : '', unexpected.length > 0 ? `${unexpected.length} unexpected` : ''].filter(Boolean).join(', ')}.`,
        `\`fairlead migrate ${name} verify\` names each (with the server stopped${name === 'lake' ? ' or not' : ''}).`,
      )
  } catch (thrown) {
    const error = asAppError(thrown)
    // A store that is away says so elsewhere.
    if (error.code === 'store-unavailable') return
    say('migrations', 'failure', error.message, error.help ?? `fairlead migrate ${name} status`)
  }
}
