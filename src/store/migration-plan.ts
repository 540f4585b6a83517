import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { madeTable } from './classify.ts'
import type { Dialect, LedgerRow, StepClass } from './dialect.ts'
import { FRAMEWORK, type Migration } from './migration-file.ts'

export interface PlannedMigration {
  module: string
  version: number
  name: string
  file: string
  why: string
  breaking: string | null
  destructive: string | null
  /** Statements that an interrupted run has already applied. */
  applied: number
  statements: number
  /** The statements that are still to run, and what each means for those who use the store meanwhile. */
  steps: PlannedStep[]
}

export interface PlannedStep extends StepClass {
  /** From 1. */
  statement: number
  /** Its first line. */
  text: string
}

export interface Plan {
  /** Bound to these very migrations, their contents and how far they are: what a confirmation confirms. */
  hash: string
  pending: PlannedMigration[]
  /** Those of `pending` that wait for a confirmation. */
  destructive: string[]
}

export interface Status extends Plan {
  /** The highest number of the program's own that is applied. */
  current: number | null
  history: LedgerRow[]
  /** Applied by a newer program; tolerated, since none of them is breaking. */
  unknown: LedgerRow[]
}

/** What is pending, or why it cannot be told. */
export function compare(
  migrations: Migration[],
  history: LedgerRow[],
  outOfOrder: 'refuse' | 'allow',
  dialect: Pick<Dialect, 'classify'>,
): Status {
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
        `The migration ${nameOf(migration)} is not what was applied (${fileOf(row)}, ${row.finished_at ?? row.started_at}).`,
        {
          help: `Put the file back as it was and add a new one with the change. If the change is harmless: fairlead migrate <store> repair --migration ${migration.version}${migration.module === FRAMEWORK ? '' : ` --module ${migration.module}`}`,
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
    throw new AppError('migration-drift', `The migration ${nameOf(late)} comes before number ${current}, which is already applied.`, {
      help: 'Give it the next free number, or allow migrations out of order if it does not matter to those after it.',
      detail: { file: late.file, current },
    })
  }
  const made = new Set<string>()
  const planned = pending.map(({ module, version, name, file, why, breaking, destructive, statements }) => {
    const applied = history.find((row) => row.version === version)?.statement_index ?? 0
    const steps = statements.map((sql, index) => {
      if (typeof sql !== 'string') return { statement: index + 1, text: sql.title, risk: sql.risk, because: sql.because }
      const table = madeTable(sql)
      const step = { statement: index + 1, text: firstLine(sql), ...dialect.classify(sql, made) }
      if (table !== null) made.add(table)
      return step
    })
    return { module, version, name, file, why, breaking, destructive, applied, statements: statements.length, steps: steps.slice(applied) }
  })
  const content = pending.map((each, index) => `${nameOf(each)} ${each.checksum} ${planned[index]?.applied}`).join('\n')
  return {
    hash: hashOf(content),
    pending: planned,
    // One that has begun was confirmed then, and standing half-way is worse than ending it.
    destructive: planned.filter(isWaiting).map(nameOf),
    current: current === 0 ? null : current,
    history,
    unknown,
  }
}

/** Modules together: one plan, one hash. */
export function together(parts: readonly Status[]): Status {
  const [own, ...others] = parts
  if (own === undefined || others.length === 0) return own as Status
  return {
    // What no plugin adds to does not change the hash.
    hash: others.every(({ pending }) => pending.length === 0) ? own.hash : hashOf(parts.map(({ hash }) => hash).join('\n')),
    pending: parts.flatMap(({ pending }) => pending),
    destructive: parts.flatMap(({ destructive }) => destructive),
    current: own.current,
    history: parts.flatMap(({ history }) => history),
    unknown: parts.flatMap(({ unknown }) => unknown),
  }
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16)
}

/** The file, with its module in front where that is not the program itself. */
export function nameOf({ module, file }: Pick<PlannedMigration, 'module' | 'file'>): string {
  return module === FRAMEWORK ? file : `${module}/${file}`
}

/** Whether it waits for a confirmation. */
export function isWaiting(each: PlannedMigration): boolean {
  return lossOf(each) !== null && each.applied === 0
}

/**
 * How many of the pending migrations are applied when nobody is there to confirm: those before the first that waits. All behind it must be
 * of the same kind, which only remove what the program does not use any more, so that it serves without them; null when one is not.
 */
export function unattended({ pending }: Plan): number | null {
  const first = pending.findIndex(isWaiting)
  if (first < 0) return pending.length
  return pending.slice(first).every((each) => isWaiting(each) && each.breaking === null) ? first : null
}

/** What a migration says of itself, or what its statements say for it: nothing is lost because somebody forgot a line in a header. */
function lossOf({ destructive, steps }: PlannedMigration): string | null {
  const lossy = steps.find((step) => step.risk === 'lossy')
  return destructive ?? (lossy === undefined ? null : `${lossy.because} (statement ${lossy.statement}).`)
}

function firstLine(sql: string): string {
  const line = sql.split('\n').find((each) => each.trim() !== '' && !each.trim().startsWith('--')) ?? ''
  return line.trim().slice(0, 120)
}

export function demandConfirmation(plan: Plan, confirm: string | undefined): void {
  if (plan.destructive.length === 0 || confirm === plan.hash) return
  const reasons = plan.pending.filter(isWaiting).map((each) => `${nameOf(each)}: ${lossOf(each)}`)
  throw new AppError(
    'schema-pending',
    `The pending migrations remove data, and wait for a confirmation of the plan ${plan.hash}. ${reasons.join(' ')}`,
    {
      help: `Make a backup, look at the plan, then: fairlead migrate up --confirm ${plan.hash}`,
      detail: { hash: plan.hash, destructive: plan.destructive },
    },
  )
}

export function find(migrations: Migration[], history: LedgerRow[], version: number): { migration: Migration; row: LedgerRow } {
  const migration = migrations.find((each) => each.version === version)
  const row = history.find((each) => each.version === version)
  if (!migration || !row) throw unknownVersion(version)
  return { migration, row }
}

export function unknownVersion(version: number): AppError {
  return new AppError('not-found', `There is no migration with the number ${version}.`, { help: '`fairlead migrate status` lists them.' })
}

/** The ledger does not keep what the file was written in. */
function fileOf(row: LedgerRow): string {
  return nameOf({ module: row.module, file: `${String(row.version).padStart(4, '0')}_${row.name}` })
}
