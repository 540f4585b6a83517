import { hostname } from 'node:os'
import { AppError } from '../errors.ts'
import { instant, systemClock, type Clock } from '../clock.ts'
import { applyMigration, ledgerEntry, type Applying, type Step } from './apply-migration.ts'
import type { Dialect, Lease, LedgerRow, Lock, SqlPort } from './dialect.ts'
import { ensure } from './lease.ts'
import { expandMacros, FRAMEWORK, readModules, type Migration } from './migration-file.ts'
import {
  compare,
  demandConfirmation,
  find,
  nameOf,
  together,
  unattended,
  unknownVersion,
  type Plan,
  type PlannedMigration,
  type Status,
} from './migration-plan.ts'
import { difference, readSnapshot, SNAPSHOT_HEAD, type Verification } from './schema-difference.ts'

export interface MigratorOptions {
  port: SqlPort
  dialect: Dialect
  /** `migrations/<dialect>`. A folder in it holds the migrations of the module of that name, with numbers of their own. */
  directory: string
  /** Where migrations in TypeScript lie as they are run, when that is not beside their source. */
  code?: string
  /** Whose the files of the folder itself are. */
  module?: string
  programVersion: string
  /** Who runs it: `server`, `cli`, a name. */
  actor: string
  /** Where the dialect has no lock of its own. */
  lock?: Lock
  leaseMs?: number
  waitMs?: number
  /** Whether a migration may run whose number is below one that is already applied, as happens when branches are merged. */
  outOfOrder?: 'refuse' | 'allow'
  onStep?: (step: Step) => void | Promise<void>
  clock?: Clock
}

export interface UpOptions {
  /** The hash of the plan, needed when something destructive is in it. */
  confirm?: string
  /** Nobody is there to confirm: what waits for it is left for later, as long as a program can serve without it. */
  unattended?: boolean
}

export interface Migrator {
  status(): Promise<Status>
  plan(): Promise<Plan>
  /** Applies what is pending; gives what was applied. */
  up(options?: UpOptions): Promise<PlannedMigration[]>
  verify(): Promise<Verification>
  /** Accepts the present text of one applied migration as what was applied. */
  repair(version: number, module?: string): Promise<LedgerRow>
  /** Records everything of a module up to `version` as applied without running it: for a schema that came another way. */
  baseline(version: number, module?: string): Promise<LedgerRow[]>
  /** Records one pending migration as applied without running it: somebody did by hand what it does. */
  markApplied(version: number, module?: string): Promise<LedgerRow>
  snapshot(): Promise<string>
}

const LEASE_MS = 10_000
const WAIT_MS = 120_000

export function createMigrator(options: MigratorOptions): Migrator {
  const { port, dialect } = options
  const own = options.module ?? FRAMEWORK
  const clock = options.clock ?? systemClock
  const parts: Applying = {
    port,
    dialect,
    programVersion: options.programVersion,
    actor: options.actor,
    clock,
    report: async (step) => options.onStep?.(step),
  }

  const readLedger = async (): Promise<LedgerRow[]> => {
    const [there] = await port.rows(dialect.ledger.exists)
    return there?.found ? port.rows(dialect.ledger.read) : []
  }

  const load = async (): Promise<{ migrations: Migration[]; history: LedgerRow[]; status: Status }> => {
    const [modules, history] = [await readModules(options), await readLedger()]
    const ofModule = (module: string) => history.filter((row) => row.module === module)
    const statuses = modules.map(({ module, migrations }) => compare(migrations, ofModule(module), options.outOfOrder ?? 'refuse', dialect))
    return { migrations: modules.flatMap(({ migrations }) => migrations), history, status: together(statuses) }
  }

  const readModule = async (module: string): Promise<{ migrations: Migration[]; history: LedgerRow[] }> => {
    const found = (await readModules(options)).find((each) => each.module === module)
    if (found !== undefined) return { migrations: found.migrations, history: (await readLedger()).filter((row) => row.module === module) }
    throw new AppError('not-found', `There is no module ${module}.`, { help: '`fairlead migrate status` lists them.' })
  }

  const locked = async <T>(work: (lease: Lease) => Promise<T>): Promise<T> => {
    for (const sql of dialect.bookkeeping) await ensure(port, expandMacros(sql, dialect.macro, 'migration_history'))
    const ofStore = dialect.lock?.(port, {
      owner: `${hostname()}:${process.pid} ${options.actor}`,
      leaseMs: options.leaseMs ?? LEASE_MS,
      waitMs: options.waitMs ?? WAIT_MS,
    })
    const lock = options.lock ?? ofStore
    if (!lock) throw new TypeError('this store has no lock of its own: give the migrator one')
    const lease = await lock(`migrate ${own}`)
    try {
      return await work(lease)
    } finally {
      await lease.release()
    }
  }

  /** What is to be applied now, or why that is refused. */
  const due = (status: Status, { confirm, unattended: alone }: UpOptions): PlannedMigration[] => {
    const count = alone === true && confirm === undefined ? unattended(status) : null
    if (count !== null) return status.pending.slice(0, count)
    demandConfirmation(status, confirm)
    return status.pending
  }

  const up: Migrator['up'] = async (how = {}) => {
    // Nothing to do is the usual case at a start, and needs no lock. Whatever must be refused is refused before anything is written.
    if (due((await load()).status, how).length === 0) return []
    return locked(async (lease) => {
      const { migrations, history, status } = await load()
      const pending = due(status, how)
      for (const { module, version } of pending) {
        const migration = migrations.find((each) => each.module === module && each.version === version)
        if (!migration) continue
        const earlier = history.find(
          (each) => each.module === module && each.version === version && (each.statement_index > 0 || each.state === 'running'),
        )
        await applyMigration(parts, migration, lease, earlier)
      }
      return pending
    })
  }

  const repair: Migrator['repair'] = (version, module = own) =>
    locked(async (lease) => {
      const { migrations, history } = await readModule(module)
      const { migration, row } = find(migrations, history, version)
      await lease.confirm()
      const statements = migration.statements.length
      const repaired: LedgerRow = {
        ...row,
        checksum: migration.checksum,
        name: migration.name,
        breaking: migration.breaking !== null,
        statements,
        statement_index: row.state === 'done' ? statements : Math.min(row.statement_index, statements),
        actor: options.actor,
        program_version: options.programVersion,
      }
      await dialect.ledger.write(port, repaired)
      return repaired
    })

  const recorded = (each: Migration): LedgerRow =>
    ledgerEntry(parts, each, 'done', { statement_index: each.statements.length, duration_ms: 0, started_at: instant(clock.now()) })

  const baseline: Migrator['baseline'] = (version, module = own) =>
    locked(async (lease) => {
      const { migrations, history } = await readModule(module)
      if (history.length > 0) {
        throw new AppError('conflict', 'This store has a history of migrations already; a baseline is for one that has none.', {
          help: 'Use `fairlead migrate up`.',
        })
      }
      const rows = migrations.filter((each) => each.version <= version).map(recorded)
      if (rows.at(-1)?.version !== version) throw unknownVersion(version)
      for (const row of rows) {
        await lease.confirm()
        await dialect.ledger.write(port, row)
      }
      return rows
    })

  const markApplied: Migrator['markApplied'] = (version, module = own) =>
    locked(async (lease) => {
      // What is wrong with the order or the texts is told before anything is recorded.
      await load()
      const { migrations, history } = await readModule(module)
      const migration = migrations.find((each) => each.version === version)
      if (!migration) throw unknownVersion(version)
      if (history.some((each) => each.version === version && each.state === 'done')) {
        throw new AppError('conflict', `The migration ${nameOf(migration)} is applied already.`, {
          help: '`fairlead migrate status` lists them.',
        })
      }
      const row = recorded(migration)
      await lease.confirm()
      await dialect.ledger.write(port, row)
      return row
    })

  return {
    status: async () => (await load()).status,
    plan: async () => {
      const { hash, pending, destructive } = (await load()).status
      return { hash, pending, destructive }
    },
    up,
    verify: async () => difference(await readSnapshot(options.directory), await dialect.snapshot(port)),
    repair,
    baseline,
    markApplied,
    snapshot: async () => SNAPSHOT_HEAD + (await dialect.snapshot(port)),
  }
}

/** A lock for a store that a single process owns, as it owns the embedded ones through the lock of the data directory. */
export const soleOwner: Lock = () => Promise.resolve({ token: 1, confirm: () => Promise.resolve(), release: () => Promise.resolve() })
