import type { SqlPort, StepClass } from './dialect.ts'

/** A statement as it stands, or work that one statement cannot do. Both are numbered, and recorded when they are done. */
export type MigrationStep = string | Work

export interface Work extends StepClass {
  /** What the plan shows. */
  readonly title: string
  /** May be cut off anywhere, and is begun again then. */
  run(place: WorkPlace): Promise<void>
}

/** Where work is done. */
export interface WorkPlace {
  readonly port: SqlPort
  /** Whether several statements of DDL may stand in one transaction. */
  readonly transactional: boolean
  /** Fails when somebody else has taken over. */
  confirm(port: SqlPort): Promise<void>
  /** How far this very step is: written together with what it tells of, where the store has transactions. */
  readonly progress: { read(): Promise<Progress | null>; write(port: SqlPort, progress: Progress): Promise<void> }
  report(done: number, of: number): Promise<void>
}

export interface Progress {
  /** The key of the last row that is done, as JSON. */
  readonly position: string | null
  readonly rows: number
  readonly total: number
}

/** The default export of `NNNN_verb_noun.ts`: the steps, in their order. It says the same whenever it is asked, and asks nothing itself. */
export type MigrationCode = (steps: TableSteps) => readonly MigrationStep[]

/** Expressions are SQL of the store, over the columns of the table that is read. `NNNN` is the number of the migration. */
export interface TableSteps {
  /**
   * Makes a table anew with its rows, beside the old one, while both are read and written; then it takes the name. The old one stays, as
   * `<table>_before_NNNN`, until a later migration finalizes it.
   */
  transformTable(change: TransformTable): MigrationStep[]
  /** The same, where only the type of one column changes. */
  changeColumnType(change: ChangeColumnType): MigrationStep[]
  /** The rows of one table into another that is there already, which may hold rows of its own. */
  copyColumns(change: CopyColumns): MigrationStep[]
  renameTable(change: { from: string; to: string }): MigrationStep[]
  /** Drops the table that an earlier migration kept. It loses rows, so the plan waits for a confirmation. */
  finalize(change: { table: string; version: number }): MigrationStep[]
}

export interface TransformTable {
  readonly table: string
  /** Statements that make the new table and its indexes, with `{{table}}` for its name. It has a primary key. */
  readonly to: string | readonly string[]
  /** What fills a column of the new table. One that is not named here is filled by the column of its name, or by its default. */
  readonly columns?: Readonly<Record<string, string>>
  /** The columns of the old table by which ranges are cut, when it has no primary key. */
  readonly key?: readonly string[]
}

export interface ChangeColumnType {
  readonly table: string
  readonly column: string
  /** As the store says it; on MySQL with `not null` and whatever else belongs to the column. */
  readonly type: string
  /** The value under the new type; the store's own conversion when there is none. */
  readonly using?: string
}

export interface CopyColumns {
  readonly from: string
  readonly to: string
  /** What fills a column of `to`; its primary key is among them. */
  readonly columns: Readonly<Record<string, string>>
  readonly key?: readonly string[]
}
