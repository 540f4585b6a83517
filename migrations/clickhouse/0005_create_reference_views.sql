-- why: the tables and views of the reference schema by their names, over the domain, for people and boards that know them. No second copy; `org_id` and `source` stand behind the columns of the reference.

-- Finished attempts. What was cancelled is ABORTED; what was skipped or still runs is no row. A short revision is completed where one commit alone begins with it.
CREATE VIEW IF NOT EXISTS deployments AS
WITH full AS
(
    SELECT s.org_id AS org_id, s.revision AS revision, any(c.sha) AS sha
    FROM (SELECT DISTINCT org_id, assumeNotNull(revision) AS revision FROM all_deployments WHERE length(revision) BETWEEN 7 AND 39) AS s
    INNER JOIN (SELECT DISTINCT org_id, sha FROM all_commits WHERE is_deleted = 0) AS c ON c.org_id = s.org_id AND substring(c.sha, 1, 7) = substring(s.revision, 1, 7)
    WHERE startsWith(c.sha, s.revision)
    GROUP BY org_id, revision
    HAVING uniqExact(c.sha) = 1
)
SELECT
    d.id AS id,
    toString(d.service) AS cicd_scope_id,
    coalesce(d.title, d.version) AS name,
    multiIf(d.outcome = 'success', 'SUCCESS', d.outcome = 'failure', 'FAILURE', 'ABORTED') AS result,
    'DONE' AS status,
    toString(d.outcome) AS original_status,
    toString(if(d.environment = 'other', d.environment_name, d.environment)) AS environment,
    ifNull(d.started_at, d.at) AS created_date,
    d.started_at AS started_date,
    d.at AS finished_date,
    intDiv(dateDiff('millisecond', d.started_at, d.at), 1000) AS duration_sec,
    coalesce(full.sha, d.revision) AS commit_sha,
    d.ref AS ref_name,
    CAST(d.repository, 'Nullable(String)') AS repo_id,
    r.url AS repo_url,
    if(d.outcome = 'success', nullIf(lagInFrame(d.id) OVER (PARTITION BY d.org_id, d.service, d.environment, d.environment_name, d.outcome ORDER BY d.at, d.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), ''), NULL) AS prev_success_deployment_commit_id,
    d.title AS display_title,
    d.url AS url,
    d.received_at AS created_at,
    d.seen_at AS updated_at,
    d.org_id AS org_id,
    toString(d.source) AS source
FROM (SELECT * FROM all_deployments FINAL WHERE kind = 'deploy' AND outcome IN ('success', 'failure', 'cancelled')) AS d
LEFT JOIN full ON full.org_id = d.org_id AND full.revision = d.revision
LEFT JOIN (SELECT org_id, id, url FROM all_repositories FINAL) AS r ON r.org_id = d.org_id AND r.id = d.repository
--next
CREATE VIEW IF NOT EXISTS cicd_deployments AS
SELECT
    id, cicd_scope_id, name, result, status, environment, created_date, started_date, finished_date, duration_sec,
    CAST(NULL, 'Nullable(Int64)') AS queued_duration_sec,
    commit_sha, ref_name, repo_id, display_title, url, created_at, updated_at, org_id, source
FROM deployments
--next
-- One row a commit, in however many repositories it is; and one for each commit of which only an emitter knows, with the time that it said.
CREATE VIEW IF NOT EXISTS commits AS
SELECT
    sha,
    any(c.additions) AS additions,
    any(c.deletions) AS deletions,
    CAST(NULL, 'Nullable(Int32)') AS dev_eq,
    argMin(c.subject, c.repository) AS message,
    CAST(argMin(c.author_name, c.repository), 'Nullable(String)') AS author_name,
    CAST(argMin(c.author_email, c.repository), 'Nullable(String)') AS author_email,
    min(c.authored_at) AS authored_date,
    author_email AS author_id,
    CAST(argMin(c.committer_name, c.repository), 'Nullable(String)') AS committer_name,
    CAST(argMin(c.committer_email, c.repository), 'Nullable(String)') AS committer_email,
    CAST(min(c.committed_at), 'Nullable(DateTime64(3, \'UTC\'))') AS committed_date,
    committer_email AS committer_id,
    min(c.received_at) AS created_at,
    max(c.seen_at) AS updated_at,
    c.org_id AS org_id,
    toString(argMin(c.source, c.repository)) AS source
FROM all_commits AS c FINAL
GROUP BY c.org_id, sha
UNION ALL
SELECT
    sha, NULL, NULL, NULL, '' AS message, NULL, NULL, min(e.said_at) AS authored_date, NULL, NULL, NULL, NULL, NULL,
    min(e.received_at) AS created_at, max(e.seen_at) AS updated_at, e.org_id AS org_id, toString(any(e.source)) AS source
FROM (SELECT org_id, assumeNotNull(revision) AS sha, assumeNotNull(commit_at) AS said_at, received_at, seen_at, source FROM all_deployments FINAL WHERE kind = 'deploy' AND revision IS NOT NULL AND commit_at IS NOT NULL) AS e
LEFT ANTI JOIN (SELECT DISTINCT org_id, sha FROM all_commits WHERE is_deleted = 0) AS known ON known.org_id = e.org_id AND known.sha = e.sha
GROUP BY e.org_id, sha
--next
-- `severity` has the three words of the reference, `priority` the one that was sent.
CREATE VIEW IF NOT EXISTS incidents AS
SELECT
    id,
    CAST(NULL, 'Nullable(String)') AS issue_id,
    url,
    CAST(NULL, 'Nullable(String)') AS number,
    title,
    CAST(NULL, 'Nullable(String)') AS description,
    sent AS priority,
    multiIf(
        sent IS NULL, NULL,
        match(lowerUTF8(sent), '^(critical|crit|fatal|emergency|blocker|highest|high|major|urgent|error|(sev|s|p)[ _-]?[01]|1)$'), 'high',
        match(lowerUTF8(sent), '^(medium|moderate|normal|warning|warn|average|(sev|s|p)[ _-]?2|2)$'), 'medium',
        match(lowerUTF8(sent), '^(low|lowest|minor|trivial|info|information|informational|none|(sev|s|p)[ _-]?[345]|[345])$'), 'low',
        sent
    ) AS severity,
    'INCIDENT' AS type,
    multiIf(resolution_date IS NOT NULL, 'DONE', acknowledged, 'IN_PROGRESS', 'TODO') AS status,
    multiIf(resolution_date IS NOT NULL, 'closed', acknowledged, 'acknowledged', 'opened') AS original_status,
    created_date,
    updated_date,
    resolution_date AS closed_date,
    intDiv(dateDiff('millisecond', created_date, resolution_date), 60000) AS lead_time_minutes,
    resolution_date,
    created_at,
    updated_at,
    org_id,
    source
FROM
(
    SELECT
        s.id AS id,
        argMin(s.url, (s.state != 'opened', s.at)) AS url,
        argMin(s.title, (s.state != 'opened', s.at)) AS title,
        CAST(argMin(s.severity, (s.state != 'opened', s.at)), 'Nullable(String)') AS sent,
        countIf(s.state = 'acknowledged') > 0 AS acknowledged,
        if(countIf(s.state = 'opened') = 0, NULL, minIf(s.at, s.state = 'opened')) AS created_date,
        max(s.at) AS updated_date,
        if(countIf(s.state = 'closed') = 0, NULL, maxIf(s.at, s.state = 'closed')) AS resolution_date,
        min(s.received_at) AS created_at,
        max(s.seen_at) AS updated_at,
        s.org_id AS org_id,
        toString(s.source) AS source
    FROM all_incident_states AS s FINAL
    GROUP BY s.org_id, s.source, s.id
)
--next
CREATE VIEW IF NOT EXISTS v_dora_deployment_frequency AS
SELECT cicd_scope_id AS project_id, environment, toDate(finished_date) AS deployment_date, count() AS deployment_count, toFloat64(count()) AS deployments_per_day, org_id
FROM (SELECT toString(service) AS cicd_scope_id, toString(environment) AS environment, at AS finished_date, org_id FROM all_deployments FINAL WHERE kind = 'deploy' AND outcome = 'success' AND environment = 'production')
GROUP BY org_id, project_id, environment, deployment_date
--next
CREATE VIEW IF NOT EXISTS v_dora_lead_time AS
SELECT
    d.cicd_scope_id AS project_id,
    d.id AS deployment_id,
    d.commit_sha AS commit_sha,
    c.authored_date AS commit_date,
    d.finished_date AS deployment_date,
    intDiv(dateDiff('millisecond', c.authored_date, d.finished_date), 1000) AS lead_time_seconds,
    intDiv(dateDiff('millisecond', c.authored_date, d.finished_date), 60000) AS lead_time_minutes,
    d.org_id AS org_id
FROM deployments AS d
INNER JOIN commits AS c ON c.org_id = d.org_id AND c.sha = d.commit_sha
WHERE d.result = 'SUCCESS' AND d.environment = 'production'
--next
CREATE VIEW IF NOT EXISTS v_dora_cfr AS
SELECT toString(service) AS project_id, count() AS total_deployments, countIf(outcome = 'failure') AS failed_deployments, failed_deployments * 100.0 / total_deployments AS failure_rate_percent, org_id
FROM all_deployments FINAL
WHERE kind = 'deploy' AND outcome IN ('success', 'failure', 'cancelled') AND environment = 'production'
GROUP BY org_id, project_id
--next
CREATE VIEW IF NOT EXISTS v_dora_mttr AS
SELECT id AS incident_id, severity, created_date AS incident_created, resolution_date AS incident_resolved, lead_time_minutes AS mttr_minutes, org_id
FROM incidents
WHERE resolution_date IS NOT NULL AND severity IN ('high', 'medium')
