import { z } from 'zod'
import { changeFiles } from '../../domain/change-files.ts'
import { change, type Change } from '../../domain/change.ts'
import { rowOf } from '../../domain/entity.ts'
import { looseFlag, looseNumber, looseText, textOf } from '../../domain/loose.ts'
import { isBotName } from '../../domain/person.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Row } from '../../src/table-walk.ts'
import type { Config } from './config.ts'
import { named, pullOf, walk } from './database.ts'
import { date, history, lastOf, namedBy, pullFields } from './value.ts'

export const pullRequestPayload = z.object({
  id: z.string(),
  ...pullFields,
  title: looseText(),
  author: looseText(),
  commit_sha: looseText(),
  branch_name: looseText(),
  base_branch: looseText(),
  state: looseText(),
  additions: looseNumber(),
  deletions: looseNumber(),
  changed_files: looseNumber(),
  commits_count: looseNumber(),
  is_draft: looseFlag(),
  pr_url: looseText(),
  merged: looseFlag(),
  merged_at: date(),
  closed_at: date(),
  created_at: date(),
  history: history(),
  labels: z
    .unknown()
    .optional()
    .transform((value) => namesIn(value, 'name').sort()),
  /** Paths; null where nothing is known of them. */
  files: z.array(z.string()).nullish(),
  /** The pipeline run of the pull request, as far as it says whether it was merged. */
  pipeline_run: z.object({ status_merge: looseText(), history: history() }).nullish(),
})

/** With what its pipeline run says of the merge. Of the files only their paths: FlowLens keeps their patches too, which are source code. */
export const pullPullRequests = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'pull_requests',
    watch: [{ table: 'pipeline_runs', columns: ['repo_id', 'pr_number'], own: ['repo_id', 'pr_number'] }],
    async payloads(flowlens, rows) {
      const [whole, runs] = await Promise.all([named(flowlens, rows), flowlens.beside('pipeline_runs', rows)])
      return whole.map(({ files_changed, ...row }) => {
        const run = runs.get(pullOf(row))
        return { ...row, files: pathsOf(files_changed), pipeline_run: run === undefined ? null : mergeOf(run) }
      })
    },
  })

/** Of a run only what is of the merge: a build that begins is no news of the pull request. */
function mergeOf(run: Row): Row {
  const steps = Array.isArray(run['history']) ? (run['history'] as Row[]) : []
  return { status_merge: run['status_merge'], history: steps.filter((step) => step?.['field'] === 'status_merge') }
}

/**
 * Paths, or null where they are not known: an empty list is what FlowLens writes when it could not ask, and an entry marked `_fallback` is a name
 * that it made up.
 */
export function pathsOf(files: unknown): string[] | null {
  const list = Array.isArray(files) ? (files as unknown[]) : []
  if (list.some((one) => (one as { _fallback?: unknown } | null)?._fallback === true)) return null
  const paths = namesIn(list, 'filename')
  return paths.length === 0 ? null : [...new Set(paths)].sort()
}

/** Names in a list of texts, or of objects that have one. */
function namesIn(value: unknown, field: string): string[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).flatMap((one) => {
    const name = textOf(typeof one === 'object' && one !== null ? (one as Record<string, unknown>)[field] : one)
    return name === null ? [] : [name]
  })
}

/** GitHub's first page of files, beyond which FlowLens does not look: so many may be all, or the beginning. */
const FILES_A_PAGE = 30

export function pullRequestRows(row: z.output<typeof pullRequestPayload>): DomainRows {
  const { repository, number, change_id } = namedBy(row)
  if (row.created_at === null) throw new Error('the pull request has no date')
  const run = row.pipeline_run ?? null
  const state = stateOf(row)
  const merged_at = row.merged_at ?? lastOf(row.history, 'state', 'merged') ?? lastOf(run?.history ?? [], 'status_merge', 'merged')
  const closed_at =
    state === 'merged'
      ? (merged_at ?? row.closed_at)
      : (row.closed_at ?? lastOf(row.history, 'state', 'closed') ?? lastOf(run?.history ?? [], 'status_merge', 'closed'))
  const files = row.files ?? null
  const told = rowOf(change, {
    id: change_id,
    repository,
    number,
    title: row.title ?? `#${number}`,
    state,
    is_draft: row.is_draft ?? false,
    author: row.author,
    author_is_bot: row.author !== null && isBotName({ kind: 'login', provider: 'github', value: row.author }, null),
    created_at: row.created_at,
    merged_at: state === 'merged' ? merged_at : null,
    closed_at: state === 'open' ? null : closed_at,
    base_ref: row.base_branch,
    head_ref: row.branch_name,
    head_sha: row.commit_sha,
    additions: countOf(row.additions),
    deletions: countOf(row.deletions),
    files_changed: countOf(row.changed_files) ?? (files === null || files.length >= FILES_A_PAGE ? null : files.length),
    commit_count: countOf(row.commits_count),
    labels: row.labels,
    url: row.pr_url,
  })
  if (files === null) return { changes: [told] }
  return { changes: [told], change_files: [rowOf(changeFiles, { change_id, repository, paths: files })] }
}

/** A label or an edit after the merge sets FlowLens' pull request back to open or closed; its pipeline run still says that it was merged. */
function stateOf(row: z.output<typeof pullRequestPayload>): Change['state'] {
  const said = row.state?.toLowerCase()
  if (said === 'merged' || row.merged === true || row.merged_at !== null) return 'merged'
  if (row.pipeline_run?.status_merge?.toLowerCase() === 'merged') return 'merged'
  return said === 'closed' ? 'closed' : 'open'
}

const countOf = (value: number | null) => (value === null || value < 0 ? null : Math.round(value))
