import { all, devlakeTable, id, pullId, text, time, within, whole } from './devlake-table.ts'
import { DEPLOYMENTS } from './devlake-delivery.ts'
import { INCIDENTS } from './devlake-work.ts'

/** Which repositories a project has, and which scopes: a service and the repository that it is deployed from. */
const OF_REPOSITORIES = `(SELECT pair.1 AS project_name, pair.2 AS repository FROM (SELECT arrayJoin(arrayZip({repo_projects:Array(String)}, {repo_names:Array(String)})) AS pair))`
const OF_SCOPES = `(SELECT triple.1 AS project_name, triple.2 AS service, triple.3 AS repository
  FROM (SELECT arrayJoin(arrayZip({scope_projects:Array(String)}, {scope_services:Array(String)}, {scope_repositories:Array(String)})) AS triple))`

/** Of each merged change: its first commit, who looked at it first, and the deployment that had all of it in production. */
const PR_METRICS = `
SELECT c.id AS change_id, p.project_name AS project_name, c.created_at AS created_at, assumeNotNull(c.merged_at) AS merged_at,
  f.first_sha AS first_sha, f.first_started AS first_started, r.review AS review, r.reviewed_at AS reviewed_at,
  s.deployment AS deployment, s.deployed_at AS deployed_at, coalesce(s.started_at, f.first_started, c.created_at) AS began_at
FROM (SELECT * FROM all_changes FINAL WHERE org_id = {org:UUID} AND merged_at IS NOT NULL) AS c
INNER JOIN ${OF_REPOSITORIES} AS p ON p.repository = c.repository
LEFT JOIN (
  SELECT change_id, repository, toNullable(argMin(sha, (started, sha))) AS first_sha, toNullable(min(started)) AS first_started
  FROM (SELECT change_id, repository, sha, started FROM ${all('change_commits')} ARRAY JOIN shas AS sha, started_at AS started) GROUP BY change_id, repository
) AS f ON f.repository = c.repository AND f.change_id = c.id
LEFT JOIN (
  SELECT change_id, repository, toNullable(argMin(lake_id, (at, lake_id))) AS review, toNullable(min(at)) AS reviewed_at
  FROM (
    SELECT v.change_id AS change_id, v.repository AS repository, v.lake_id AS lake_id, v.at AS at
    FROM (SELECT *, ${within('change_id', 'id')} AS lake_id FROM ${all('reviews')}) AS v
    INNER JOIN (SELECT id, repository, author FROM ${all('changes')}) AS w ON w.repository = v.repository AND w.id = v.change_id
    WHERE ifNull(toString(v.author), '') != ifNull(toString(w.author), '') OR w.author IS NULL
  ) GROUP BY change_id, repository
) AS r ON r.repository = c.repository AND r.change_id = c.id
LEFT JOIN (
  SELECT project_name, repository, change_id, toNullable(min(deployed)) AS deployed_at, toNullable(argMin(deployment, deployed)) AS deployment, toNullable(argMin(started, deployed)) AS started_at
  FROM (
    SELECT h.service AS service, h.repository AS repository, h.change_id AS change_id, max(h.deployed_at) AS deployed, argMax(d.lake_id, h.deployed_at) AS deployment, min(h.started_at) AS started
    FROM (SELECT toString(source) AS source, deployment_id, toString(service) AS service, toString(repository) AS repository, assumeNotNull(change_id) AS change_id, deployed_at, started_at
      FROM all_shipments FINAL WHERE org_id = {org:UUID} AND environment = 'production' AND change_id IS NOT NULL) AS h
    INNER JOIN (SELECT toString(source) AS source, id, lake_id FROM (${DEPLOYMENTS})) AS d ON d.source = h.source AND d.id = h.deployment_id
    GROUP BY service, repository, change_id
  ) AS t INNER JOIN ${OF_SCOPES} AS o USING (service, repository)
  GROUP BY project_name, repository, change_id
) AS s ON s.project_name = p.project_name AND s.repository = c.repository AND s.change_id = c.id`

/** Minutes as DevLake counts them: begun ones are whole; what would be negative is not known. */
const minutes = (from: string, to: string) =>
  whole(`if(${to} < ${from}, NULL, intDiv(dateDiff('millisecond', ${from}, ${to}) + 59999, 60000))`)

export const COMPUTED = [
  devlakeTable({
    name: 'project_pr_metrics',
    key: ['id', 'project_name'],
    at: 'told.created_at',
    from: PR_METRICS,
    columns: {
      id: id(pullId('change_id')),
      project_name: id('told.project_name'),
      first_commit_sha: id('first_sha', 64),
      pr_coding_time: minutes('first_started', 'told.created_at'),
      first_review_id: id('review'),
      pr_pickup_time: minutes('told.created_at', 'reviewed_at'),
      pr_review_time: minutes('reviewed_at', 'merged_at'),
      deployment_commit_id: id('deployment'),
      pr_deploy_time: minutes('merged_at', 'deployed_at'),
      // The lead time of the change, as Fairlead tells it; of one that is not deployed yet, up to its merge.
      pr_cycle_time: minutes('began_at', 'ifNull(deployed_at, merged_at)'),
      first_commit_authored_date: time('first_started'),
      first_comment_date: time('reviewed_at'),
      pr_created_date: time('told.created_at'),
      pr_merged_date: time('merged_at'),
      pr_deployed_date: time('deployed_at'),
    },
  }),
  devlakeTable({
    name: 'project_incident_deployment_relationships',
    key: ['id', 'project_name'],
    at: 'opened_at',
    from: `SELECT i.lake_id AS incident, o.project_name AS project_name, any(d.lake_id) AS deployment, any(l.opened_at) AS opened_at
FROM (SELECT toString(source) AS source, incident_id, deployment_id, opened_at FROM all_incident_links FINAL WHERE org_id = {org:UUID}) AS l
INNER JOIN (SELECT source, id, lake_id FROM (${INCIDENTS})) AS i ON i.source = l.source AND i.id = l.incident_id
INNER JOIN (SELECT id, lake_id, toString(service) AS service, ifNull(toString(repository), '') AS repository FROM (${DEPLOYMENTS}) WHERE environment = 'production') AS d ON d.id = l.deployment_id
INNER JOIN ${OF_SCOPES} AS o ON o.service = d.service AND o.repository = d.repository
GROUP BY incident, project_name`,
    columns: { id: id('incident'), project_name: id('told.project_name'), deployment_id: text('deployment') },
  }),
]
