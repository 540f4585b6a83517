import { z } from 'zod'
import { deployment, type Deployment } from '../../domain/deployment.ts'
import { rowOf } from '../../domain/entity.ts'
import { tierOf } from '../../domain/environment.ts'
import { looseFlag, looseNumber, looseText } from '../../domain/loose.ts'
import { release } from '../../domain/release.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { walk } from './lake.ts'
import { accountsOf } from './people.ts'
import { scopePayload, scopesOf } from './pipeline.ts'
import { repositoriesOf } from './repository.ts'
import { account, date, loginOf, nameOf, outcomeFields, outcomeOf, repositoryPayload, safeUrl, startOf } from './value.ts'

const common = {
  id: z.string(),
  name: looseText(),
  display_title: looseText(),
  url: looseText(),
  ...outcomeFields,
  environment: looseText(),
  original_environment: looseText(),
  created_date: date(),
  started_date: date(),
  finished_date: date(),
  duration_sec: looseNumber(),
  subtask_name: looseText(),
  scope: scopePayload,
}

export const deploymentCommitPayload = z.object({
  ...common,
  commit_sha: looseText(),
  cicd_deployment_id: looseText(),
  ref_name: looseText(),
  repo_url: looseText(),
  repo: repositoryPayload,
})
type DeploymentCommit = z.output<typeof deploymentCommitPayload>

/** What it deploys stands in `cicd_deployment_commits`; one without any is told by itself. */
export const deploymentPayload = z.object({ ...common, commits: z.number() })

export const pullDeploymentCommits = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'cicd_deployment_commits',
    async payloads(lake, rows) {
      const [scope, repo] = await Promise.all([
        scopesOf(lake, rows),
        repositoriesOf(
          lake,
          rows.map((row) => row['repo_id']),
        ),
      ])
      return rows.map(({ cicd_scope_id, repo_id, ...row }) => ({
        ...row,
        repo_url: safeUrl(row['repo_url']),
        scope: scope(cicd_scope_id),
        repo: repo(repo_id),
      }))
    },
  })

export const pullDeployments = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'cicd_deployments',
    size: 5_000,
    watch: [{ table: 'cicd_deployment_commits', column: 'cicd_deployment_id', own: 'id' }],
    async payloads(lake, rows) {
      const ids = rows.map((row) => row['id'])
      const [scope, commits] = await Promise.all([scopesOf(lake, rows), lake.groups('cicd_deployment_commits', 'cicd_deployment_id', ids)])
      return rows.map(({ cicd_scope_id, ...row }) => ({
        ...row,
        scope: scope(cicd_scope_id),
        commits: commits.get(String(row['id']))?.length ?? 0,
      }))
    },
  })

function attemptOf(
  row: z.output<z.ZodObject<typeof common>>,
): Omit<Parameters<typeof rowOf<typeof deployment.row.shape>>[1], 'id' | 'service'> {
  const outcome = outcomeOf(row)
  const started = startOf(row)
  const isOwn = row.scope?.service !== undefined
  const at = (outcome !== 'running' ? row.finished_date : isOwn ? row.created_date : started) ?? started ?? row.created_date
  if (at === null) throw new Error('the deployment has no date')
  const environment = row.environment ?? row.original_environment ?? 'unknown'
  return {
    kind: 'deploy',
    environment: tierOf(environment),
    environment_name: row.original_environment ?? environment,
    at,
    started_at: started,
    finished_at: outcome === 'running' ? null : row.finished_date,
    outcome,
    title: row.display_title ?? row.name,
    url: row.url,
    rule: row.subtask_name,
  }
}

/** One for each commit: a deployment of two repositories is one of each, with the result of its own commit. */
export function deploymentCommitRows(row: DeploymentCommit): DomainRows {
  const repository = nameOf(row.repo, row.repo_url) ?? row.repo_url
  const own = row.scope?.service
  const service = own ?? repository ?? row.scope?.name
  if (service == null) throw new Error('the deployment names neither a repository nor a scope')
  const sha = row.commit_sha
  const told: Deployment = rowOf(deployment, {
    ...attemptOf(row),
    // The key of the table holds the commit, too: a job that ran again for another one has the same id.
    id: sha === null || own !== undefined || row.id.includes(sha) ? row.id : `${row.id}:${sha}`,
    service,
    repository,
    revision: sha,
    ref: row.ref_name,
    // What DevLake made of a pipeline has its id.
    build_id: own === undefined && row.subtask_name?.startsWith('dora.') === true ? row.cicd_deployment_id : null,
  })
  return { deployments: [told] }
}

export function deploymentRows(row: z.output<typeof deploymentPayload>): DomainRows {
  if (row.commits > 0) return { deployments: [] }
  const service = row.scope?.name ?? row.name
  if (service == null) throw new Error('the deployment names no scope')
  return {
    deployments: [
      rowOf(deployment, {
        ...attemptOf(row),
        id: row.id,
        service,
        build_id: row.subtask_name?.startsWith('dora.') === true ? row.id : null,
      }),
    ],
  }
}

export const releasePayload = z.object({
  id: z.string(),
  published_at: date(),
  name: looseText(),
  display_title: looseText(),
  url: looseText(),
  is_draft: looseFlag(),
  is_prerelease: looseFlag(),
  tag_name: looseText(),
  commit_sha: looseText(),
  repo: repositoryPayload,
  author: account,
})

export const pullReleases = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'cicd_releases',
    async payloads(lake, rows) {
      const [repo, known] = await Promise.all([
        repositoriesOf(
          lake,
          rows.map((row) => row['repo_id']),
        ),
        accountsOf(
          lake,
          rows.map((row) => row['author_id']),
        ),
      ])
      return rows.map(({ repo_id, author_id, cicd_scope_id: _scope, ...row }) => ({
        ...row,
        repo: repo(repo_id),
        author: known(author_id),
      }))
    },
  })

export function releaseRows(row: z.output<typeof releasePayload>): DomainRows {
  const told = rowOf(release, {
    id: row.id,
    repository: nameOf(row.repo),
    name: row.display_title ?? row.name ?? row.tag_name ?? row.id,
    tag: row.tag_name,
    revision: row.commit_sha,
    published_at: row.is_draft === true ? null : row.published_at,
    is_prerelease: row.is_prerelease ?? false,
    is_draft: row.is_draft ?? false,
    author: loginOf(row.author),
    url: row.url,
  })
  return { releases: [told] }
}
