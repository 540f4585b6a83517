import { z } from 'zod'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { ChangeBook, type ChangeCommitsFact, type ChangeFact } from './change-book.ts'
import { withRelations } from './relations.ts'

/** The changes of repositories, read in bulk: one query a table, however many repositories they are. */
const inRepositories = (table: string, columns: readonly string[]) =>
  `${withRelations([table as 'changes'])} SELECT ${columns.join(', ')} FROM ${table} WHERE repository IN {repositories:Array(String)}`

const changeFact = z.object({
  id: z.string(),
  repository: z.string(),
  merged_at: z.string().nullable(),
  created_at: z.string(),
  base_ref: z.string().nullable(),
  head_sha: z.string().nullable(),
  merge_sha: z.string().nullable(),
  commit_count: z.number().nullable(),
  reverts: z.string().nullable(),
  raw_seq: z.coerce.number(),
}) satisfies z.ZodType<ChangeFact>
const readChanges = statement({
  name: 'derive.changes',
  sql: inRepositories('changes', Object.keys(changeFact.shape)),
  row: changeFact,
})

const commitsFact = z.object({
  change_id: z.string(),
  repository: z.string(),
  shas: z.array(z.string()),
  started_at: z.array(z.string()),
  subjects: z.array(z.string()),
  raw_seq: z.coerce.number(),
}) satisfies z.ZodType<ChangeCommitsFact>
const readChangeCommits = statement({
  name: 'derive.change_commits',
  sql: inRepositories('change_commits', Object.keys(commitsFact.shape)),
  row: commitsFact,
})

const readDefaultBranches = statement({
  name: 'derive.default_branches',
  sql: `${withRelations(['repositories'])} SELECT id, default_branch FROM repositories WHERE id IN {repositories:Array(String)}`,
  row: z.object({ id: z.string(), default_branch: z.string().nullable() }),
})

export async function readChangeBooks(
  analytics: Analytics,
  org: string,
  repositories: readonly string[],
): Promise<Map<string, ChangeBook>> {
  const params = { org, repositories: [...repositories] }
  const changes = byRepository(await analytics.readAsWriter(readChanges, params))
  const commits = byRepository(await analytics.readAsWriter(readChangeCommits, params))
  const branches = new Map((await analytics.readAsWriter(readDefaultBranches, params)).map((one) => [one.id, one.default_branch]))
  return new Map(
    repositories.map((name) => [name, new ChangeBook(name, changes.get(name) ?? [], commits.get(name) ?? [], branches.get(name) ?? null)]),
  )
}

function byRepository<T extends { readonly repository: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(row.repository)
    if (group === undefined) groups.set(row.repository, [row])
    else group.push(row)
  }
  return groups
}
