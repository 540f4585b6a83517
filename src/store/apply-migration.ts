import { AppError, asAppError } from '../errors.ts'
import { instant, type Clock } from '../clock.ts'
import type { Dialect, Lease, LedgerRow, SqlPort } from './dialect.ts'
import { expandMacros, type Migration } from './migration-file.ts'
import { nameOf } from './migration-plan.ts'

/** Progress: around each statement, within a long one, and again when the ledger knows of it. */
export interface Step {
  phase: 'before' | 'within' | 'after' | 'recorded'
  file: string
  /** From 1. */
  statement: number
  statements: number
  /** What it does. */
  text: string
  /** Within: how many rows are done, of how many. */
  rows?: { done: number; of: number }
}

export interface Applying {
  port: SqlPort
  dialect: Dialect
  programVersion: string
  actor: string
  clock: Clock
  report(step: Step): Promise<void>
}

export async function applyMigration(parts: Applying, migration: Migration, lease: Lease, earlier: LedgerRow | undefined): Promise<void> {
  const { port, dialect } = parts
  if (dialect.transactionalDdl && port.transaction && !migration.stepwise)
    await applyWhole(parts, migration, lease, port.transaction.bind(port))
  else await applySteps(parts, migration, lease, earlier)
}

type Done = Pick<LedgerRow, 'statement_index' | 'duration_ms' | 'started_at'>

export function ledgerEntry(parts: Applying, migration: Migration, state: LedgerRow['state'], progress: Done): LedgerRow {
  return {
    module: migration.module,
    version: migration.version,
    name: migration.name,
    checksum: migration.checksum,
    breaking: migration.breaking !== null,
    statements: migration.statements.length,
    program_version: parts.programVersion,
    actor: parts.actor,
    state,
    finished_at: state === 'running' ? null : instant(parts.clock.now()),
    ...progress,
  }
}

/** Fails itself only when the lock is lost, which then is the better explanation. A store that does not answer leaves the first error standing. */
async function recordFailure({ dialect, port }: Applying, lease: Lease, row: LedgerRow): Promise<void> {
  try {
    await lease.confirm()
    await dialect.ledger.write(port, row)
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'schema-pending') throw cause
  }
}

/** One transaction: the statements, the ledger's row, and the proof that the lock is still ours. */
async function applyWhole(
  parts: Applying,
  migration: Migration,
  lease: Lease,
  transaction: NonNullable<SqlPort['transaction']>,
): Promise<void> {
  const { clock, dialect } = parts
  const [startedAt, begun] = [instant(clock.now()), performance.now()]
  const progress = (count: number): Done => ({
    statement_index: count,
    duration_ms: Math.round(performance.now() - begun),
    started_at: startedAt,
  })
  const count = migration.statements.length
  try {
    await transaction(async (tx) => {
      for (const index of migration.statements.keys()) await runStep({ ...parts, port: tx }, migration, index, lease)
      await dialect.ledger.write(tx, ledgerEntry(parts, migration, 'done', progress(count)))
      await lease.confirm(tx)
    })
  } catch (cause) {
    await recordFailure(parts, lease, ledgerEntry(parts, migration, 'failed', progress(0)))
    throw cause
  }
  await parts.report({ phase: 'recorded', ...placeOf(migration, count - 1) })
}

/** Statement by statement, each recorded when it is done. After a crash in between, the same statement runs once more. */
async function applySteps(parts: Applying, migration: Migration, lease: Lease, earlier: LedgerRow | undefined): Promise<void> {
  const { clock, dialect, port } = parts
  // Only a run that was cut off may have applied one more statement than it could record; one that failed knows that it did not.
  const mayBeApplied = earlier?.state === 'running' ? earlier.statement_index : null
  const [startedAt, begun, from] = [earlier?.started_at ?? instant(clock.now()), performance.now(), earlier?.statement_index ?? 0]
  const progress = (count: number): Done => ({
    statement_index: count,
    duration_ms: (earlier?.duration_ms ?? 0) + Math.round(performance.now() - begun),
    started_at: startedAt,
  })
  let done = from
  try {
    for (const index of migration.statements.keys()) {
      if (index < from) continue
      await lease.confirm()
      if (index === 0) await dialect.ledger.write(port, ledgerEntry(parts, migration, 'running', progress(0)))
      await runStep(parts, migration, index, lease, index === mayBeApplied)
      done = index + 1
      const state = done === migration.statements.length ? 'done' : 'running'
      await dialect.ledger.write(port, ledgerEntry(parts, migration, state, progress(done)))
      await parts.report({ phase: 'recorded', ...placeOf(migration, index) })
    }
  } catch (cause) {
    // A store that went away may have ended the statement all the same.
    if (!(cause instanceof AppError && asAppError(cause.cause).retry))
      await recordFailure(parts, lease, ledgerEntry(parts, migration, 'failed', progress(done)))
    throw cause
  }
}

async function runStep(parts: Applying, migration: Migration, index: number, lease: Lease, mayBeApplied = false): Promise<void> {
  const at = placeOf(migration, index)
  await parts.report({ phase: 'before', ...at })
  await perform(parts, migration, index, lease).catch((cause: unknown) => {
    if (mayBeApplied && parts.dialect.saysApplied?.(cause) === true) return
    if (cause instanceof AppError && cause.code === 'schema-pending') throw cause
    const { message, help, detail } = asAppError(cause)
    throw new AppError('migration-failed', `The migration ${at.file} failed at statement ${at.statement} of ${at.statements}. ${message}`, {
      help: `${help ?? ''} After the cause is gone, run it again: it continues where it stood.`.trim(),
      detail: { ...at, store: detail },
      cause,
    })
  })
  await parts.report({ phase: 'after', ...at })
}

async function perform(parts: Applying, migration: Migration, index: number, lease: Lease): Promise<void> {
  const { dialect } = parts
  const port = expanding(parts.port, (sql) => expandMacros(sql, dialect.macro, migration.file))
  const step = migration.statements[index] as Migration['statements'][number]
  if (typeof step === 'string') return port.run(step)
  const place = { module: migration.module, version: migration.version, statement: index + 1 }
  await step.run({
    port,
    transactional: dialect.transactionalDdl,
    // A store without a lock of its own is guarded by one elsewhere.
    confirm: (inside) => lease.confirm(dialect.lock === null ? undefined : inside),
    progress: {
      read: async () => (await port.rows(dialect.ledger.readProgress, { ...place }))[0] ?? null,
      write: (inside, progress) => dialect.ledger.writeProgress(inside, place, progress),
    },
    report: (done, of) => parts.report({ phase: 'within', ...placeOf(migration, index), rows: { done, of } }),
  })
}

function expanding(port: SqlPort, expand: (sql: string) => string): SqlPort {
  const { transaction } = port
  return {
    run: (sql, params) => port.run(expand(sql), params),
    rows: (each, params) => port.rows(each, params),
    ...(transaction === undefined
      ? {}
      : {
          transaction: <T>(work: (inside: SqlPort) => Promise<T>) =>
            transaction.call(port, (inside) => work(expanding(inside, expand))) as Promise<T>,
        }),
  }
}

function placeOf(migration: Migration, index: number): Omit<Step, 'phase' | 'rows'> {
  const step = migration.statements[index] ?? ''
  const text =
    typeof step === 'string' ? (step.split('\n').find((line) => !/^\s*(--|$)/.test(line)) ?? '').trim().slice(0, 120) : step.title
  return { file: nameOf(migration), statement: index + 1, statements: migration.statements.length, text }
}
