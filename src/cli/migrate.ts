import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { openStores } from '../store/open-stores.ts'
import { openLake, requireLake } from '../lake/open-lake.ts'
import type { Step } from '../store/apply-migration.ts'
import type { Migrator } from '../store/migrate.ts'
import { nameOf } from '../store/migration-plan.ts'
import { lakeMigrator, schemaOfLake, type StoreName } from '../store/schema.ts'
import { runningServer } from './client.ts'
import { note, print, printJson, progress, table } from './output.ts'

const STORES: Record<string, StoreName | 'lake'> = {
  semantic: 'semantic',
  postgres: 'semantic',
  analytics: 'analytics',
  clickhouse: 'analytics',
  lake: 'lake',
  mysql: 'lake',
}
const ACTIONS = ['up', 'status', 'current', 'plan', 'verify', 'repair', 'baseline', 'mark-applied'] as const
type Action = (typeof ACTIONS)[number]

interface Options {
  confirm?: string
  migration?: string
  module?: string
  outOfOrder?: boolean
  json?: boolean
}

/** `migrate`, `migrate status`, `migrate postgres`, `migrate clickhouse status` … The stores belong to one process, so a running server migrates itself; a lake stands beside them. */
export async function run(config: Config, first: string | undefined, second: string, options: Options): Promise<number> {
  const [store, action] = first !== undefined && isAction(first) ? [undefined, first] : [first, second]
  if (!isAction(action)) throw new AppError('usage', `migrate ${action} is not known.`, { help: `Known: ${ACTIONS.join(', ')}.` })
  if (store !== undefined && STORES[store] === undefined)
    throw new AppError('usage', `There is no store ${store}.`, { help: `Known: ${Object.keys(STORES).join(', ')}.` })
  const log = createLog(config.FAIRLEAD_LOG)
  const common = { actor: 'cli', onStep: showSteps(), ...(options.outOfOrder === true ? { outOfOrder: 'allow' as const } : {}) }
  if (STORES[store ?? ''] === 'lake') {
    const mysql = await openLake(requireLake(config.MYSQL_URI?.reveal()), { log })
    try {
      return await actOn({ lake: lakeMigrator(mysql, common, (await schemaOfLake(mysql)) ?? 'reference') }, action, options)
    } finally {
      await mysql.close()
    }
  }
  const server = await runningServer(config.data)
  if (server !== null) {
    throw new AppError(
      'data-directory-in-use',
      `A server runs for ${config.data} (process ${server.pid}); it brought its schema up to date when it started.`,
      { help: 'Stop it first.' },
    )
  }
  const stores = await openStores(config, { ...common, log })
  try {
    const chosen = Object.entries(stores.migrators).filter(([name]) => store === undefined || STORES[store] === name)
    return await actOn(Object.fromEntries(chosen), action, options)
  } finally {
    await stores.close()
  }
}

async function actOn(migrators: Readonly<Record<string, Migrator>>, action: Action, options: Options): Promise<number> {
  let code = 0
  const replies: Record<string, unknown> = {}
  for (const [name, migrator] of Object.entries(migrators)) {
    const done = await act(migrator, action, options)
    replies[name] = done.reply
    code = Math.max(code, done.code)
    if (!options.json) print(`${name}: ${done.text}`)
  }
  if (options.json) printJson(replies)
  return code
}

/** A step that takes longer than a second says which it is, and one of many rows how far it is. */
function showSteps(): (step: Step) => void {
  let timer: NodeJS.Timeout | undefined
  let shown: ReturnType<typeof progress> | null = null
  return ({ phase, file, statement, statements, text, rows }) => {
    clearTimeout(timer)
    const label = `${file}, ${statement} of ${statements}`
    if (phase === 'before') timer = setTimeout(() => note(`${label}: ${text} …`), 1_000).unref()
    if (rows !== undefined) {
      shown ??= progress(label)
      shown.tick(rows.done, rows.of, 'rows')
    }
    if (phase === 'after') {
      shown?.end()
      shown = null
    }
  }
}

function isAction(text: string): text is Action {
  return ACTIONS.some((one) => one === text)
}

async function act(migrator: Migrator, action: Action, options: Options): Promise<{ reply: unknown; text: string; code: number }> {
  switch (action) {
    case 'up': {
      const done = await migrator.up(options.confirm === undefined ? {} : { confirm: options.confirm })
      return { reply: done, text: done.length === 0 ? 'nothing to do' : `applied ${done.map(nameOf).join(', ')}`, code: 0 }
    }
    case 'status':
    case 'current': {
      const status = await migrator.status()
      const history = table(
        ['module', 'version', 'name', 'state', 'finished'],
        status.history.map((one) => [one.module, String(one.version), one.name, one.state, one.finished_at ?? '']),
      )
      return {
        reply: status,
        text: `at ${status.current ?? 'nothing'}, ${status.pending.length} pending${action === 'status' && status.history.length > 0 ? `\n${history}` : ''}`,
        code: 0,
      }
    }
    case 'plan': {
      const plan = await migrator.plan()
      const lines = plan.pending.flatMap((one) => [
        `  ${nameOf(one)}: ${one.why}${one.destructive === null ? '' : ` DESTRUCTIVE: ${one.destructive}`}${one.breaking === null ? '' : ` BREAKING: ${one.breaking}`}`,
        ...one.steps.map((step) => `    ${step.risk.padEnd(8)} ${step.text}${step.risk === 'safe' ? '' : ` — ${step.because}`}`),
      ])
      return { reply: plan, text: plan.pending.length === 0 ? 'nothing pending' : `plan ${plan.hash}\n${lines.join('\n')}`, code: 0 }
    }
    case 'verify': {
      const found = await migrator.verify()
      for (const line of found.missing) note(`  missing    ${line}`)
      for (const line of found.unexpected) note(`  unexpected ${line}`)
      return {
        reply: found,
        text: found.matches ? 'the schema is what the migrations make' : 'the schema differs from what the migrations make',
        code: found.matches ? 0 : 3,
      }
    }
    case 'repair': {
      const row = await migrator.repair(versionOf(options), options.module)
      return { reply: row, text: `the present text of ${row.name} is accepted`, code: 0 }
    }
    case 'mark-applied': {
      const row = await migrator.markApplied(versionOf(options), options.module)
      return { reply: row, text: `${row.name} counts as applied`, code: 0 }
    }
    case 'baseline': {
      const rows = await migrator.baseline(versionOf(options), options.module)
      return { reply: rows, text: `${rows.length} migrations are recorded as applied`, code: 0 }
    }
  }
}

function versionOf(options: Options): number {
  const version = Number(options.migration)
  if (Number.isInteger(version) && version > 0) return version
  throw new AppError('usage', 'Which migration? Give the store, --migration and its number.', {
    help: 'For example: fairlead migrate analytics repair --migration 1',
  })
}
