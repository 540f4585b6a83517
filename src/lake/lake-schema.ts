import type { Clock } from '../clock.ts'
import type { Project } from '../settings/projects.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Lease } from '../store/dialect.ts'
import type { Mysql } from '../store/mysql.ts'
import type { LakeSchemaName } from '../store/schema.ts'
import type { Params } from '../store/statement.ts'
import type { Roster } from './roster.ts'

/** A table of a lake that is kept equal to a SELECT of the analytics store, however many rows it has. */
export interface LakeTable {
  readonly name: string
  /** The column that holds `lake_key`: by it a row is found again. */
  readonly key: string
  /** The other columns that are written, and how MySQL takes them: of each the SELECT has `lake_<column>`. */
  readonly columns: Readonly<Record<string, string>>
  /** SELECT of `lake_key`, `month`, `hash` over what is written, `digest` in hex, and the columns. */
  readonly rows: string
}

export interface Written {
  /** How many rows of ours it holds now. */
  readonly rows: number
  readonly written: number
  readonly removed: number
}

/** A table that is filled another way. */
export interface OtherTable {
  readonly table: string
  write(): Promise<Written>
}

/** What an organization has chosen, and a lake shows: its projects, and who people are. */
export interface Choices {
  projects(org: string): Promise<readonly Project[]>
  roster(org: string): Promise<Roster>
}

export interface Exporting {
  readonly analytics: Analytics
  readonly choices: Choices
  readonly clock: Clock
  readonly org: string
  readonly mysql: Mysql
  readonly lease: Lease
  readonly signal: AbortSignal
  /** Write every row again, also where the lake should have it: somebody changed it there. */
  readonly full: boolean
  progress(done: number, total: number, what: string): void
}

/** Which tables a lake has, and what fills them. Everything else is the same for each of them. */
export interface LakeSchema {
  readonly name: LakeSchemaName
  open(exporting: Exporting): Promise<{
    readonly tables: readonly LakeTable[]
    /** What their SQL takes beside {org:UUID}. */
    readonly params: Params
    readonly others: readonly OtherTable[]
  }>
}
