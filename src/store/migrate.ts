import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError, asAppError } from '../errors.ts'
import { instant, systemClock, type Clock } from '../clock.ts'
import type { Dialect, Lease, LedgerRow, Lock, SqlPort } from './dialect.ts'
import { ensure } from './lease.ts'
import { expandMacros, readMigrations, SNAPSHOT_FILE, type Migration } from './migration-file.ts'
import { compare, demandConfirmation, find, unknownVersion, type Plan, type PlannedMigration, type Status } from './migration-plan.ts'

export interface MigratorOptions {
  port: SqlPort
  dialect: Dialect
  /** `migrations/<dialect>`. */
  directory: string
  /** Whose folder it is: plugins bring their own, with numbers of their own. */
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

/** Progress: around each statement, and again when the ledger knows of it. */
export interface Step {
  phase: 'before' | 'after' | 'recorded'
  file: string
  /** From 1. */
  statement: number
  statements: number
}

interface Verification {
  matches: boolean
  /** Lines of the snapshot that the live schema does not have, and the other way round. */
  missing: string[]
  unexpected: string[]
}

export interface Migrator {
  status(): Promise<Status>
  plan(): Promise<Plan>
  /** Applies what is pending. `confirm` is the hash of the plan, needed when something destructive is in it. */
  up(options?: { confirm?: string }): Promise<PlannedMigration[]>
  verify(): Promise<Verification>
  /** Accepts the present text of one applied migration as what was applied. */
  repair(version: number): Promise<LedgerRow>
  /** Records everything up to `version` as applied without running it: for a schema that came another way. */
  baseline(version: number): Promise<LedgerRow[]>
  /** Records one pending migration as applied without running it: somebody did by hand what it does. */
  markApplied(version: number): Promise<LedgerRow>
  snapshot(): Promise<string>
}

const LEASE_MS = 10_000
const WAIT_MS = 120_000

export function createMigrator(options: MigratorOptions): Migrator {
  const { port, dialect } = options
  const module = options.module ?? 'fairlead'
  const clock = options.clock ?? systemClock
  const report = async (step: Step): Promise<void> => options.onStep?.(step)
  const expand = (sql: string, file: string): string => expandMacros(sql, dialect.macro, file)

  const readLedger = async (): Promise<LedgerRow[]> => {
    const [there] = await port.rows(dialect.ledger.exists)
    return there?.found ? port.rows(dialect.ledger.read, { module }) : []
  }

  const load = async (): Promise<{ migrations: Migration[]; history: LedgerRow[]; status: Status }> => {
    const [migrations, history] = [await readMigrations(options.directory), await readLedger()]
    return { migrations, history, status: compare(migrations, history, options.outOfOrder ?? 'refuse', dialect) }
  }

  const entry = (
    migration: Migration,
    state: LedgerRow['state'],
    progress: Pick<LedgerRow, 'statement_index' | 'duration_ms' | 'started_at'>,
  ): LedgerRow => ({
    module,
    version: migration.version,
    name: migration.name,
    checksum: migration.checksum,
    breaking: migration.breaking !== null,
    statements: migration.statements.length,
    program_version: options.programVersion,
    actor: options.actor,
    state,
    finished_at: state === 'running' ? null : instant(clock.now()),
    ...progress,
  })

  /** Fails itself only when the lock is lost, which then is the better explanation. A store that does not answer leaves the first error standing. */
  const recordFailure = async (lease: Lease, row: LedgerRow): Promise<void> => {
    try {
      await lease.confirm()
      await dialect.ledger.write(port, row)
    } catch (cause) {
      if (cause instanceof AppError && cause.code === 'schema-pending') throw cause
    }
  }

  /** One transaction: the statements, the ledger's row, and the proof that the lock is still ours. */
  const applyWhole = async (migration: Migration, lease: Lease, transaction: NonNullable<SqlPort['transaction']>): Promise<void> => {
    const [startedAt, begun] = [instant(clock.now()), performance.now()]
    const progress = (count: number) => ({
      statement_index: count,
      duration_ms: Math.round(performance.now() - begun),
      started_at: startedAt,
    })
    try {
      await transaction(async (tx) => {
        for (const [index, sql] of migration.statements.entries()) await step(tx, migration, index, sql)
        await dialect.ledger.write(tx, entry(migration, 'done', progress(migration.statements.length)))
        await lease.confirm(tx)
      })
    } catch (cause) {
      await recordFailure(lease, entry(migration, 'failed', progress(0)))
      throw cause
    }
    await report({
      phase: 'recorded',
      file: migration.file,
      statement: migration.statements.length,
      statements: migration.statements.length,
    })
  }

  /** Statement by statement, each recorded when it is done. After a crash in between, the same statement runs once more. */
  const applySteps = async (migration: Migration, lease: Lease, earlier: LedgerRow | undefined): Promise<void> => {
    // Only a run that was cut off may have applied one more statement than it could record; one that failed knows that it did not.
    const mayBeApplied = earlier?.state === 'running' ? earlier.statement_index : null
    const [startedAt, begun, from] = [earlier?.started_at ?? instant(clock.now()), performance.now(), earlier?.statement_index ?? 0]
    const progress = (count: number) => ({
      statement_index: count,
      duration_ms: (earlier?.duration_ms ?? 0) + Math.round(performance.now() - begun),
      started_at: startedAt,
    })
    let done = from
    try {
      for (const [index, sql] of migration.statements.entries()) {
        if (index < from) continue
        await lease.confirm()
        if (index === 0) await dialect.ledger.write(port, entry(migration, 'running', progress(0)))
        await step(port, migration, index, sql, index === mayBeApplied)
        done = index + 1
        await dialect.ledger.write(port, entry(migration, done === migration.statements.length ? 'done' : 'running', progress(done)))
        await report({ phase: 'recorded', file: migration.file, statement: done, statements: migration.statements.length })
      }
    } catch (cause) {
      // A store that went away may have ended the statement all the same.
      if (!(cause instanceof AppError && asAppError(cause.cause).retry))
        await recordFailure(lease, entry(migration, 'failed', progress(done)))
      throw cause
    }
  }

  const step = async (through: SqlPort, migration: Migration, index: number, sql: string, mayBeApplied = false): Promise<void> => {
    const at = { file: migration.file, statement: index + 1, statements: migration.statements.length }
    await report({ phase: 'before', ...at })
    await through.run(expand(sql, migration.file)).catch((cause: unknown) => {
      if (mayBeApplied && dialect.saysApplied?.(cause) === true) return
      const { message, help, detail } = asAppError(cause)
      throw new AppError(
        'migration-failed',
        `The migration ${migration.file} failed at statement ${at.statement} of ${at.statements}. ${message}`,
        {
          help: `${help ?? ''} After the cause is gone, run it again: it continues where it stood.`.trim(),
          detail: { ...at, store: detail },
          cause,
        },
      )
    })
    await report({ phase: 'after', ...at })
  }

  const locked = async <T>(work: (lease: Lease) => Promise<T>): Promise<T> => {
    for (const sql of dialect.bookkeeping) await ensure(port, expand(sql, 'migration_history'))
    const own = dialect.lock?.(port, {
      owner: `${hostname()}:${process.pid} ${options.actor}`,
      leaseMs: options.leaseMs ?? LEASE_MS,
      waitMs: options.waitMs ?? WAIT_MS,
    })
    const lock = options.lock ?? own
    if (!lock) throw new TypeError('this store has no lock of its own: give the migrator one')
    const lease = await lock(`migrate ${module}`)
    try {
      return await work(lease)
    } finally {
      await lease.release()
    }
  }

  const up: Migrator['up'] = async ({ confirm } = {}) => {
    // Nothing to do is the usual case at a start, and needs no lock. Whatever must be refused is refused before anything is written.
    if ((await load()).status.pending.length === 0) return []
    return locked(async (lease) => {
      const { migrations, history, status } = await load()
      demandConfirmation(status, confirm)
      for (const { version } of status.pending) {
        const migration = migrations.find((each) => each.version === version)
        if (!migration) continue
        if (dialect.transactionalDdl && port.transaction) await applyWhole(migration, lease, port.transaction.bind(port))
        else
          await applySteps(
            migration,
            lease,
            history.find((each) => each.version === version && (each.statement_index > 0 || each.state === 'running')),
          )
      }
      return status.pending
    })
  }

  const repair: Migrator['repair'] = (version) =>
    locked(async (lease) => {
      const { migration, row } = find(await readMigrations(options.directory), await readLedger(), version)
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

  const baseline: Migrator['baseline'] = (version) =>
    locked(async (lease) => {
      const [migrations, history] = [await readMigrations(options.directory), await readLedger()]
      if (history.length > 0) {
        throw new AppError('conflict', 'This store has a history of migrations already; a baseline is for one that has none.', {
          help: 'Use `fairlead migrate up`.',
        })
      }
      const rows = migrations
        .filter((each) => each.version <= version)
        .map((each) => entry(each, 'done', { statement_index: each.statements.length, duration_ms: 0, started_at: instant(clock.now()) }))
      if (rows.at(-1)?.version !== version) throw unknownVersion(version)
      for (const row of rows) {
        await lease.confirm()
        await dialect.ledger.write(port, row)
      }
      return rows
    })

  const markApplied: Migrator['markApplied'] = (version) =>
    locked(async (lease) => {
      const { migrations, history } = await load()
      const migration = migrations.find((each) => each.version === version)
      if (!migration) throw unknownVersion(version)
      if (history.some((each) => each.version === version && each.state === 'done')) {
        throw new AppError('conflict', `The migration ${migration.file} is applied already.`, {
          help: '`fairlead migrate status` lists them.',
        })
      }
      const row = entry(migration, 'done', {
        statement_index: migration.statements.length,
        duration_ms: 0,
        started_at: instant(clock.now()),
      })
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
    snapshot: () => dialect.snapshot(port),
  }
}

/** A lock for a store that a single process owns, as it owns the embedded ones through the lock of the data directory. */
export const soleOwner: Lock = () => Promise.resolve({ token: 1, confirm: () => Promise.resolve(), release: () => Promise.resolve() })

async function readSnapshot(directory: string): Promise<string> {
  return readFile(join(directory, SNAPSHOT_FILE), 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `There is no ${SNAPSHOT_FILE} in ${directory} to compare the schema with.`, {
      help: 'The installation is incomplete, or the migrations of this module come without one.',
      cause,
    })
  })
}

function difference(expected: string, live: string): Verification {
  const [wanted, found] = [linesOf(expected), linesOf(live)]
  const missing = wanted.filter((line) => !found.includes(line))
  const unexpected = found.filter((line) => !wanted.includes(line))
  return { matches: missing.length === 0 && unexpected.length === 0, missing, unexpected }
}

/** The lines of a snapshot, each with the head of its object in front, so that it means something alone. Objects are parted by an empty line. */
function linesOf(snapshot: string): string[] {
  return snapshot
    .trim()
    .split('\n\n')
    .flatMap((object) => {
      const [head = '', ...rest] = object.split('\n')
      return [head, ...rest.filter((line) => line !== ');').map((line) => `${head} ${line.trim().replace(/,$/, '')}`)]
    })
    .filter((line) => line !== '')
}
