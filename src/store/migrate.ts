import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError, asAppError } from '../errors.ts'
import { instant, systemClock, type Clock } from '../clock.ts'
import type { Dialect, Lease, LedgerRow, Lock, SqlPort } from './dialect.ts'
import { ensure } from './lease.ts'
import { expandMacros, readMigrations, SNAPSHOT_FILE, type Migration } from './migration-file.ts'

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

export interface PlannedMigration {
  version: number
  name: string
  file: string
  why: string
  breaking: string | null
  destructive: string | null
  /** Statements that an interrupted run has already applied. */
  applied: number
  statements: number
}

export interface Plan {
  /** Bound to these very migrations, their contents and how far they are: what a confirmation confirms. */
  hash: string
  pending: PlannedMigration[]
  /** Those of `pending` that wait for a confirmation. */
  destructive: string[]
}

export interface Status extends Plan {
  current: number | null
  history: LedgerRow[]
  /** Applied by a newer program; tolerated, since none of them is breaking. */
  unknown: LedgerRow[]
}

export interface Verification {
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
    return { migrations, history, status: compare(migrations, history, options.outOfOrder ?? 'refuse') }
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
        await step(port, migration, index, sql)
        done = index + 1
        await dialect.ledger.write(port, entry(migration, done === migration.statements.length ? 'done' : 'running', progress(done)))
        await report({ phase: 'recorded', file: migration.file, statement: done, statements: migration.statements.length })
      }
    } catch (cause) {
      await recordFailure(lease, entry(migration, 'failed', progress(done)))
      throw cause
    }
  }

  const step = async (through: SqlPort, migration: Migration, index: number, sql: string): Promise<void> => {
    const at = { file: migration.file, statement: index + 1, statements: migration.statements.length }
    await report({ phase: 'before', ...at })
    await through.run(expand(sql, migration.file)).catch((cause: unknown) => {
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
            history.find((each) => each.version === version && each.statement_index > 0),
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

  return {
    status: async () => (await load()).status,
    plan: async () => {
      const { hash, pending, destructive } = (await load()).status
      return { hash, pending, destructive }
    },
    up,
    verify: async () => difference(await readFile(join(options.directory, SNAPSHOT_FILE), 'utf8'), await dialect.snapshot(port)),
    repair,
    baseline,
    snapshot: () => dialect.snapshot(port),
  }
}

/** A lock for a store that a single process owns, as it owns the embedded ones through the lock of the data directory. */
export const soleOwner: Lock = () => Promise.resolve({ token: 1, confirm: () => Promise.resolve(), release: () => Promise.resolve() })

/** What is pending, or why it cannot be told. */
function compare(migrations: Migration[], history: LedgerRow[], outOfOrder: 'refuse' | 'allow'): Status {
  const known = new Map(migrations.map((each) => [each.version, each]))
  const unknown = history.filter((row) => !known.has(row.version))
  const newer = unknown.find((row) => row.breaking)
  if (newer) {
    throw new AppError(
      'schema-newer',
      `The schema has the migration ${fileOf(newer)} of Fairlead ${newer.program_version}, which this program does not know and may not run with.`,
      {
        help: `Start Fairlead ${newer.program_version} or newer.`,
        detail: { version: newer.version, name: newer.name, program_version: newer.program_version },
      },
    )
  }
  for (const row of history) {
    const migration = known.get(row.version)
    // Of a migration that left nothing behind, the text may be put right.
    if (!migration || row.statement_index === 0) continue
    if (row.checksum !== migration.checksum || row.name !== migration.name) {
      throw new AppError(
        'migration-drift',
        `The migration ${migration.file} is not what was applied (${fileOf(row)}, ${row.finished_at ?? row.started_at}).`,
        {
          help: `Put the file back as it was and add a new one with the change. If the change is harmless: fairlead migrate repair ${migration.version}`,
          detail: { file: migration.file, version: row.version },
        },
      )
    }
  }
  const finished = new Map(history.filter((row) => row.state === 'done').map((row) => [row.version, row]))
  const current = Math.max(0, ...finished.keys())
  const pending = migrations.filter((each) => !finished.has(each.version))
  const late = pending.find((each) => each.version < current)
  if (late && outOfOrder === 'refuse') {
    throw new AppError('migration-drift', `The migration ${late.file} comes before number ${current}, which is already applied.`, {
      help: 'Give it the next free number, or allow migrations out of order if it does not matter to those after it.',
      detail: { file: late.file, current },
    })
  }
  const planned = pending.map(({ version, name, file, why, breaking, destructive, statements }) => {
    const applied = history.find((row) => row.version === version)?.statement_index ?? 0
    return { version, name, file, why, breaking, destructive, applied, statements: statements.length }
  })
  const content = pending.map((each, index) => `${each.file} ${each.checksum} ${planned[index]?.applied}`).join('\n')
  return {
    hash: createHash('sha256').update(content).digest('hex').slice(0, 16),
    pending: planned,
    // One that has begun was confirmed then, and standing half-way is worse than ending it.
    destructive: planned.filter((each) => each.destructive !== null && each.applied === 0).map((each) => each.file),
    current: current === 0 ? null : current,
    history,
    unknown,
  }
}

function demandConfirmation(plan: Plan, confirm: string | undefined): void {
  if (plan.destructive.length === 0 || confirm === plan.hash) return
  const reasons = plan.pending.filter((each) => plan.destructive.includes(each.file)).map((each) => `${each.file}: ${each.destructive}`)
  throw new AppError(
    'schema-pending',
    `The pending migrations remove data, and wait for a confirmation of the plan ${plan.hash}. ${reasons.join(' ')}`,
    {
      help: `Make a backup, look at the plan, then: fairlead migrate up --confirm ${plan.hash}`,
      detail: { hash: plan.hash, destructive: plan.destructive },
    },
  )
}

function find(migrations: Migration[], history: LedgerRow[], version: number): { migration: Migration; row: LedgerRow } {
  const migration = migrations.find((each) => each.version === version)
  const row = history.find((each) => each.version === version)
  if (!migration || !row) throw unknownVersion(version)
  return { migration, row }
}

function unknownVersion(version: number): AppError {
  return new AppError('not-found', `There is no migration with the number ${version}.`, { help: '`fairlead migrate status` lists them.' })
}

function fileOf(row: LedgerRow): string {
  return `${String(row.version).padStart(4, '0')}_${row.name}.sql`
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
