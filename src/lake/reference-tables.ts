import { exportChoices } from './export-choices.ts'
import { exportRaw } from './export-raw.ts'
import type { LakeSchema, LakeTable } from './lake-schema.ts'

/** A table of the reference schema that is filled from the view of its name in the analytics store. */
interface ReferenceTable {
  readonly name: string
  /** Its primary key there and here. */
  readonly key: string
  /** The time by which its rows are kept in months. */
  readonly at: string
  /** By column: how MySQL takes it, and what it is in the view. `created_at` and `updated_at` are when a row was written to the lake. */
  readonly columns: Readonly<Record<string, readonly [type: string, sql: string]>>
}

/** What does not fit is cut; half an address leads nowhere, and is left out. */
const text = (column: string, length = 255): [string, string] => ['varchar', `substringUTF8(${column}, 1, ${length})`]
const address = (column: string): [string, string] => ['varchar', `if(lengthUTF8(${column}) > 255, NULL, ${column})`]
const time = (column: string): [string, string] => ['datetime', column]
const whole = (column: string): [string, string] => ['bigint', column]
/** Lines of a commit: INT there, and never less than none. */
const lines = (column: string): [string, string] => ['int', `least(${column}, 2147483647)`]

const attempt = {
  cicd_scope_id: text('cicd_scope_id'),
  name: text('name'),
  result: text('result', 100),
  status: text('status', 100),
  environment: text('environment'),
  created_date: time('created_date'),
  started_date: time('started_date'),
  finished_date: time('finished_date'),
  duration_sec: whole('duration_sec'),
  commit_sha: text('commit_sha'),
  ref_name: text('ref_name'),
  repo_id: text('repo_id'),
  display_title: text('display_title'),
  url: address('url'),
} as const

const TABLES: readonly ReferenceTable[] = [
  {
    name: 'commits',
    key: 'sha',
    at: 'authored_date',
    columns: {
      additions: lines('additions'),
      deletions: lines('deletions'),
      message: ['text', "nullIf(message, '')"],
      author_name: text('author_name'),
      author_email: text('author_email'),
      authored_date: time('authored_date'),
      author_id: text('author_id'),
      committer_name: text('committer_name'),
      committer_email: text('committer_email'),
      committed_date: time('committed_date'),
      committer_id: text('committer_id'),
    },
  },
  {
    name: 'deployments',
    key: 'id',
    at: 'finished_date',
    columns: {
      ...attempt,
      original_status: text('original_status', 100),
      repo_url: address('repo_url'),
      prev_success_deployment_commit_id: text('prev_success_deployment_commit_id'),
    },
  },
  { name: 'cicd_deployments', key: 'id', at: 'finished_date', columns: attempt },
  {
    name: 'incidents',
    key: 'id',
    at: 'ifNull(created_date, updated_date)',
    columns: {
      url: address('url'),
      title: text('title'),
      priority: text('priority'),
      severity: text('severity'),
      type: text('type', 100),
      status: text('status', 100),
      original_status: text('original_status', 100),
      created_date: time('created_date'),
      updated_date: time('updated_date'),
      closed_date: time('closed_date'),
      lead_time_minutes: whole('lead_time_minutes'),
      resolution_date: time('resolution_date'),
    },
  },
]

/**
 * The rows of a table as the lake shall have them, with the month that they are kept under and a digest over what is written. Keys there
 * are compared without regard to case, and have 255 characters: what would meet another key gets a suffix that is its own.
 */
function rowsOf({ name, key, at, columns }: ReferenceTable): string {
  const named = Object.entries(columns).map(([column, [, sql]]) => `${sql} AS lake_${column}`)
  const written = Object.keys(columns).map((column) => `lake_${column}`)
  return `SELECT lake_key, month, sipHash64(toJSONString(tuple(${written.join(', ')}))) AS hash, lower(hex(hash)) AS digest, ${written.join(', ')}
FROM (
  SELECT formatDateTime(${at}, '%Y-%m') AS month, ${named.join(', ')},
    if(count() OVER (PARTITION BY lowerUTF8(${key})) > 1 OR lengthUTF8(${key}) > 255, concat(substringUTF8(${key}, 1, 200), '~', lower(hex(sipHash64(source, ${key})))), ${key}) AS lake_key
  FROM ${name} WHERE org_id = {org:UUID}
)`
}

const tables: readonly LakeTable[] = TABLES.map((table) => ({
  name: table.name,
  key: table.key,
  columns: Object.fromEntries(Object.entries(table.columns).map(([name, [type]]) => [name, type])),
  rows: rowsOf(table),
}))

export const referenceSchema: LakeSchema = {
  name: 'reference',
  open: async (exporting) => ({ tables, params: {}, others: [...exportRaw(exporting), ...exportChoices(exporting)] }),
}
