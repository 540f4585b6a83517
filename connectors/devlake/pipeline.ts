import { z } from 'zod'
import { build } from '../../domain/build.ts'
import { rowOf } from '../../domain/entity.ts'
import { job } from '../../domain/job.ts'
import { looseNumber, looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { byFairlead, inner, partsOf } from './fairlead.ts'
import { walk, type Lake, type Row } from './lake.ts'
import { repositoriesOf } from './repository.ts'
import { date, nameOf, outcomeFields, outcomeOf, repositoryPayload, safeUrl, startOf } from './value.ts'

/** A commit of a pipeline. One that ran for several repositories is told of the first, by sha. */
const pipelineCommit = z.object({ commit_sha: looseText(), branch: looseText(), repo_url: looseText(), repo: repositoryPayload }).nullable()

/** `service` is there only where Fairlead wrote the scope, and null for one of a repository alone. */
export const scopePayload = z.object({ name: looseText(), service: z.string().nullable().optional() }).nullable()

export const pipelinePayload = z.object({
  id: z.string(),
  name: looseText(),
  display_title: looseText(),
  url: looseText(),
  ...outcomeFields,
  created_date: date(),
  queued_date: date(),
  started_date: date(),
  finished_date: date(),
  duration_sec: looseNumber(),
  scope: scopePayload,
  commit: pipelineCommit,
})

async function commitsOf(lake: Lake, ids: readonly unknown[]): Promise<(id: unknown) => Row | null> {
  const groups = await lake.groups('cicd_pipeline_commits', 'pipeline_id', ids)
  const repo = await repositoriesOf(
    lake,
    [...groups.values()].map(([first]) => first?.['repo_id']),
  )
  return (id) => {
    const first = groups.get(String(id))?.[0]
    if (first === undefined) return null
    const { commit_sha, branch, repo_url, repo_id } = first
    return { commit_sha, branch, repo_url: safeUrl(repo_url), repo: repo(repo_id) }
  }
}

export async function scopesOf(lake: Lake, rows: readonly Row[]): Promise<(id: unknown) => Row | null> {
  const scopes = await lake.rows(
    'cicd_scopes',
    'id',
    rows.map((row) => row['cicd_scope_id']),
  )
  const found = new Map(
    scopes.map(({ id, name, fairlead }) => [id, fairlead === undefined ? { name } : { name, service: partsOf(id)?.[0] ?? null }]),
  )
  return (id) => found.get(id) ?? null
}

export const pullPipelines = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'cicd_pipelines',
    watch: [{ table: 'cicd_pipeline_commits', column: 'pipeline_id', own: 'id' }],
    async payloads(lake, rows) {
      const [commit, scope] = await Promise.all([
        commitsOf(
          lake,
          rows.map((row) => row['id']),
        ),
        scopesOf(lake, rows),
      ])
      return rows.map(({ cicd_scope_id, ...row }) => ({ ...row, scope: scope(cicd_scope_id), commit: commit(row['id']) }))
    },
  })

export function pipelineRows(row: z.output<typeof pipelinePayload>): DomainRows {
  const started = startOf(row)
  const at = row.finished_date ?? started ?? row.queued_date ?? row.created_date
  if (at === null) throw new Error('the pipeline has no date')
  const told = rowOf(build, {
    id: row.id,
    workflow: row.name ?? row.scope?.name ?? row.id,
    at,
    outcome: outcomeOf(row),
    repository: nameOf(row.commit?.repo, row.commit?.repo_url ?? null),
    service: row.scope?.service,
    revision: row.commit?.commit_sha,
    ref: row.commit?.branch,
    attempt: 1,
    queued_at: row.queued_date,
    started_at: started,
    finished_at: row.finished_date,
    title: row.display_title,
    url: row.url,
  })
  return { builds: [told] }
}

export const taskPayload = z.object({
  id: z.string(),
  name: looseText(),
  pipeline_id: looseText(),
  ...outcomeFields,
  type: looseText(),
  environment: looseText(),
  queued_date: date(),
  started_date: date(),
  finished_date: date(),
  duration_sec: looseNumber(),
  commit: pipelineCommit,
  repository: z.string().nullable().optional(),
  fairlead: byFairlead,
})

export const pullTasks = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'cicd_tasks',
    async payloads(lake, rows) {
      const commit = await commitsOf(
        lake,
        rows.map((row) => row['pipeline_id']),
      )
      return rows.map(({ cicd_scope_id, ...row }) => ({
        ...row,
        ...(row['fairlead'] === undefined ? {} : { repository: partsOf(cicd_scope_id)?.[1] ?? null }),
        commit: commit(row['pipeline_id']),
      }))
    },
  })

/** Whether a task is a deployment is not read of its type here: DevLake has made a row of `cicd_deployments` of each that is. */
export function taskRows(row: z.output<typeof taskPayload>): DomainRows {
  if (row.pipeline_id === null) throw new Error('the task belongs to no pipeline')
  const told = rowOf(job, {
    id: inner(row.id, row.pipeline_id, row.fairlead),
    build_id: row.pipeline_id,
    name: row.name ?? row.id,
    outcome: outcomeOf(row),
    repository: row.fairlead === undefined ? nameOf(row.commit?.repo, row.commit?.repo_url ?? null) : row.repository,
    environment_name: row.environment,
    attempt: 1,
    queued_at: row.queued_date,
    started_at: startOf(row),
    finished_at: row.finished_date,
  })
  return { jobs: [told] }
}
