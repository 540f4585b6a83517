import type { DomainTable } from '../../domain/tables.ts'

export type Row = Readonly<Record<string, unknown>>

interface Exception {
  /** Columns that do not come back, each with the reason. */
  readonly columns?: Readonly<Record<string, string>>
  /** Which rows come back. */
  readonly rows?: (row: Row, workItems: ReadonlySet<unknown>) => boolean
  /** What comes back in place of what was told. */
  readonly made?: (row: Row) => Row
  /** Two sources that have one id for two things: each gets a suffix of its own. */
  readonly hasSuffix?: true
  /** By which the newest is taken, where several sources tell one: DevLake's keys have no source. */
  readonly newestBy?: readonly string[]
}

const NO_COLUMN = 'DevLake has no column for it'
/** Where `export lake --schema devlake` and `import devlake` do not give the same row, and why. Everything else is compared, column by column. */
export const EXCEPTIONS: Partial<Record<DomainTable, Exception>> = {
  repositories: {
    columns: { title: NO_COLUMN, default_branch: NO_COLUMN, previous_names: NO_COLUMN },
    newestBy: ['id'],
  },
  commits: { columns: { files_changed: NO_COLUMN } },
  changes: {
    columns: {
      files_changed: NO_COLUMN,
      comment_count: NO_COLUMN,
      reverts: NO_COLUMN,
      commit_count: 'the number of the commits that are listed',
    },
  },
  change_commits: {
    rows: (row) => (row['shas'] as string[]).length > 0,
    columns: { subjects: 'a commit has one subject in DevLake: the one that its repository tells' },
  },
  reviews: { columns: { url: NO_COLUMN } },
  transitions: {
    rows: (row, workItems) => row['subject_type'] === 'work_item' && workItems.has(row['subject_id']),
    columns: { repository: 'that of the work item' },
  },
  builds: {
    columns: { number: NO_COLUMN, attempt: NO_COLUMN, trigger: NO_COLUMN, actor: NO_COLUMN, parent_id: NO_COLUMN },
    hasSuffix: true,
  },
  jobs: { columns: { attempt: NO_COLUMN, url: NO_COLUMN }, newestBy: ['build_id', 'id'] },
  releases: { columns: { project: NO_COLUMN }, newestBy: ['id'] },
  deployments: {
    // A rollback that is told by itself is no attempt.
    rows: (row) => row['kind'] !== 'rollback',
    columns: Object.fromEntries(
      ['actor', 'version', 'image', 'revision_rule', 'manifest_revision', 'build_id', 'commit_at', 'ref_id', 'caused_by', 'unplanned'].map(
        (column) => [column, NO_COLUMN],
      ),
    ),
    // The boards count by `finished_date`, so what has an end that nobody told has the moment under which Fairlead counts it.
    made: (row) => ({ ...row, finished_at: row['outcome'] === 'running' ? null : (row['finished_at'] ?? row['at']) }),
    hasSuffix: true,
  },
  // As they are read together; when somebody took one up has no column, nor has what the sender laid it to.
  incident_states: { rows: (row) => row['opened_at'] !== null, hasSuffix: true },
  work_items: {
    columns: { resolution: NO_COLUMN },
    // DevLake has 0 for what nobody spent.
    made: (row) => ({ ...row, spent_seconds: row['spent_seconds'] === 0 ? null : row['spent_seconds'] }),
    newestBy: ['id'],
  },
  boards: { columns: { project: NO_COLUMN }, newestBy: ['id'] },
  sprints: { columns: { goal: NO_COLUMN }, newestBy: ['id'] },
  worklogs: { newestBy: ['work_item_id', 'id'] },
}

export const LEFT_OUT: Partial<Record<DomainTable, string>> = {
  commit_files: 'by the million, and read by no board that is about delivery',
  change_files: 'as the files of commits',
  checks: 'results of tests and gates have no table that a board of these reads',
  insights: 'what an analysis said of a change has no table there',
  mailmap_entries: 'who is one person is exported as `users` and `user_accounts`',
  provider_teams: 'the teams of Fairlead are exported, not those of the forges that they were made of',
}
