import {
  newest,
  within,
  accountId,
  all,
  devlakeTable,
  flag,
  id,
  long,
  number,
  repoId,
  scopeId,
  text,
  time,
  unlike,
} from './devlake-table.ts'

/** Attempts, whatever became of them; an explicit rollback is none. */
export const DEPLOYMENTS = `
SELECT *, ${unlike('id', 'tuple(toString(source), id)')} AS lake_id, ${scopeId('service', 'repository')} AS scope_id,
  if(outcome = 'success', nullIf(lagInFrame(id) OVER (PARTITION BY service, repository, environment, environment_name, outcome ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), ''), NULL) AS previous,
  url_of_repository
FROM (SELECT * FROM all_deployments FINAL WHERE org_id = {org:UUID} AND kind = 'deploy') AS d
LEFT JOIN (SELECT id AS repository_id, url AS url_of_repository FROM all_repositories FINAL WHERE org_id = {org:UUID}) AS r ON r.repository_id = d.repository`

/** DevLake knows success and failure; the word that was told stands beside it, as it does for what DevLake gathers. */
const outcomes = {
  result: text(`multiIf(outcome = 'success', 'SUCCESS', outcome IN ('failure', 'cancelled'), 'FAILURE', '')`),
  status: text(`if(outcome = 'running', 'IN_PROGRESS', 'DONE')`),
  original_result: text('outcome', 100),
  original_status: text('outcome', 100),
}
const seconds = (from: string, to: string) => number(`toFloat64(dateDiff('millisecond', ${from}, ${to})) / 1000`)

const attempt = {
  cicd_scope_id: id('scope_id'),
  name: text('title'),
  display_title: long('title'),
  url: long('url'),
  ...outcomes,
  environment: text('upper(toString(environment))'),
  original_environment: text('environment_name'),
  // While it runs, the time under which Fairlead has it.
  created_date: time(`if(outcome = 'running', told.at, ifNull(started_at, told.at))`),
  started_date: time('started_at'),
  finished_date: time(`if(outcome = 'running', NULL, told.at)`),
  duration_sec: seconds('started_at', 'finished_at'),
  subtask_name: text('rule'),
}

const BUILDS = `SELECT *, ${unlike('id', 'tuple(toString(source), id)')} AS lake_id, ${scopeId('service', 'repository')} AS scope_id FROM ${all('builds')}`

export const DELIVERY = [
  devlakeTable({
    name: 'cicd_scopes',
    key: ['id'],
    from: `SELECT DISTINCT ${scopeId('service', 'repository')} AS scope_id, if(ifNull(toString(service), '') = '', ifNull(toString(repository), ''), toString(service)) AS name
FROM (SELECT toString(service) AS service, CAST(repository, 'Nullable(String)') AS repository FROM all_deployments FINAL WHERE org_id = {org:UUID} AND kind = 'deploy'
  UNION ALL SELECT CAST(service, 'Nullable(String)'), CAST(repository, 'Nullable(String)') FROM ${all('builds')})`,
    columns: { id: id('scope_id'), name: text('name'), description: long("''"), url: long("''") },
  }),
  devlakeTable({
    name: 'cicd_pipelines',
    key: ['id'],
    at: 'told.at',
    from: BUILDS,
    columns: {
      id: id('told.lake_id'),
      name: text('workflow'),
      display_title: long('title'),
      url: long('url'),
      ...outcomes,
      type: text("''"),
      environment: text("''"),
      duration_sec: seconds('started_at', 'finished_at'),
      queued_duration_sec: seconds('queued_at', 'started_at'),
      created_date: time('coalesce(queued_at, started_at, told.at)'),
      queued_date: time('queued_at'),
      started_date: time('started_at'),
      finished_date: time('finished_at'),
      cicd_scope_id: id('scope_id'),
      is_child: flag('parent_id IS NOT NULL'),
    },
  }),
  devlakeTable({
    name: 'cicd_pipeline_commits',
    key: ['pipeline_id', 'commit_sha'],
    at: 'told.at',
    from: `SELECT * FROM (${BUILDS}) WHERE revision IS NOT NULL OR repository IS NOT NULL OR ref IS NOT NULL`,
    columns: {
      pipeline_id: id('told.lake_id'),
      commit_sha: id('revision'),
      branch: text('ref'),
      repo_id: id(repoId('repository')),
      repo_url: long("''"),
    },
  }),
  devlakeTable({
    name: 'cicd_tasks',
    key: ['id'],
    at: `coalesce(finished_at, started_at, queued_at, toDateTime64(0, 3, 'UTC'))`,
    from: `SELECT *, ${within('build_id', 'id')} AS lake_id FROM ${newest('jobs', 'build_id, id')}`,
    columns: {
      id: id('told.lake_id'),
      name: text('told.name'),
      pipeline_id: id('build_id'),
      ...outcomes,
      type: text("''"),
      environment: text('environment_name'),
      duration_sec: seconds('started_at', 'finished_at'),
      queued_duration_sec: seconds('queued_at', 'started_at'),
      created_date: time('coalesce(queued_at, started_at, finished_at)'),
      queued_date: time('queued_at'),
      started_date: time('started_at'),
      finished_date: time('finished_at'),
      cicd_scope_id: id(scopeId("''", 'repository')),
    },
  }),
  devlakeTable({
    name: 'cicd_deployments',
    key: ['id'],
    at: 'told.at',
    from: DEPLOYMENTS,
    columns: { id: id('told.lake_id'), ...attempt },
  }),
  // One a deployment, also where it names no commit: the boards count these and not the deployments.
  devlakeTable({
    name: 'cicd_deployment_commits',
    key: ['id', 'commit_sha'],
    at: 'told.at',
    from: DEPLOYMENTS,
    columns: {
      id: id('told.lake_id'),
      commit_sha: id('revision'),
      cicd_deployment_id: id('told.lake_id'),
      ...attempt,
      commit_msg: long("''"),
      ref_name: text('ref'),
      repo_id: id(repoId('repository')),
      repo_url: text('url_of_repository', 500),
      prev_success_deployment_commit_id: id('previous'),
    },
  }),
  devlakeTable({
    name: 'cicd_releases',
    key: ['id'],
    at: `ifNull(published_at, toDateTime64(0, 3, 'UTC'))`,
    from: newest('releases').slice(1, -1),
    columns: {
      id: id('told.id'),
      published_at: time('published_at'),
      name: text('told.name'),
      display_title: text('told.name'),
      description: long("''"),
      url: long('url'),
      is_draft: flag('is_draft'),
      is_prerelease: flag('is_prerelease'),
      author_id: id(accountId('author', 'source')),
      repo_id: id(repoId('repository')),
      tag_name: text('tag'),
      commit_sha: id('revision'),
    },
  }),
]
