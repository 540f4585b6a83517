import { z } from 'zod'
import type { Copying } from './copying.ts'
import type { Progress } from './migration-step.ts'
import type { Params, Statement } from './statement.ts'

/** The little that migrations need of a store. */
export interface SqlPort {
  /** One statement, as it stands where there are no parameters. */
  run(sql: string, params?: Params): Promise<void>
  rows<R>(statement: Statement<Params, R>, params?: Params): Promise<R[]>
  transaction?<T>(work: (port: SqlPort) => Promise<T>): Promise<T>
}

/** The right to migrate, while it lasts. The token grows with each holder. */
export interface Lease {
  readonly token: number
  /** Fails when somebody else has taken over. Inside a transaction of the locking store it also keeps others from taking over until the commit. */
  confirm(port?: SqlPort): Promise<void>
  release(): Promise<void>
}
/** Waits until the right is free, and takes it. */
export type Lock = (name: string) => Promise<Lease>

export const ledgerRow = z.object({
  module: z.string(),
  version: z.number(),
  name: z.string(),
  checksum: z.string(),
  breaking: z.boolean(),
  /** How many of its statements are applied. */
  statement_index: z.number(),
  statements: z.number(),
  duration_ms: z.number(),
  program_version: z.string(),
  actor: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  started_at: z.iso.datetime({ precision: 3 }),
  finished_at: z.iso.datetime({ precision: 3 }).nullable(),
})
export const progressRow = z.object({ position: z.string().nullable(), rows: z.coerce.number(), total: z.coerce.number() })
export type LedgerRow = z.infer<typeof ledgerRow>

/** What a store can do, for the migration runner, which names no database. */
export interface Dialect {
  /** A migration is one transaction with its row in the ledger. Otherwise each statement may be run twice, and says so with `if not exists`. */
  readonly transactionalDdl: boolean
  /** Statements that make the runner's own tables. Each may be run twice. */
  readonly bookkeeping: readonly string[]
  readonly ledger: {
    exists: Statement<Params, { found: boolean }>
    /** Of all modules, by module and version. */
    read: Statement<Params, LedgerRow>
    /** The row of the same module and version is replaced. */
    write(port: SqlPort, row: LedgerRow): Promise<void>
    /** How far a long step is. */
    readProgress: Statement<Params, Progress>
    writeProgress(port: SqlPort, at: StepPlace, progress: Progress): Promise<void>
  }
  /** How tables are made anew while they are used. */
  readonly copying: Copying
  /** A lock inside this store; null where a sound one cannot be made, so that the caller brings one. */
  readonly lock: ((port: SqlPort, options: LeaseOptions) => Lock) | null
  /**
   * Where a statement cannot say `if not exists`: whether this is the error of one that had been applied before. It is asked only about the
   * statement at which an earlier run was cut off.
   */
  saysApplied?(thrown: unknown): boolean
  /** What running a statement means for those who use the table meanwhile, and for what is in it. `made`: tables that the same plan makes. */
  classify(sql: string, made: ReadonlySet<string>): StepClass
  /** The text of a macro in this topology; null when there is no such macro. */
  macro(name: string, argument: string): string | null
  /** The schema as text: equal schemas give equal texts, whatever way led to them. */
  snapshot(port: SqlPort): Promise<string>
}

export interface StepPlace {
  readonly module: string
  readonly version: number
  /** From 1. */
  readonly statement: number
}

/** `safe`: others read and write on. `blocking`: somebody waits while it runs. `lossy`: something is gone afterwards. */
export interface StepClass {
  readonly risk: 'safe' | 'blocking' | 'lossy'
  readonly because: string
}

export interface LeaseOptions {
  /** Who asks: shown to the one that waits. */
  owner: string
  /** What for, where it is not to migrate: `exporting`. */
  doing?: string
  leaseMs: number
  waitMs: number
}
