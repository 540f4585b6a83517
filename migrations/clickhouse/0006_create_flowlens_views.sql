-- why: what other tools' analyses say of changes, and the four tables of FlowLens by their names, over the domain, for people and boards that know them. `org_id` and `source` stand behind the columns of its guide.

CREATE TABLE IF NOT EXISTS all_insights
(
    org_id UUID,
    id String,
    change_id String,
    repository LowCardinality(String),
    at DateTime64(3, 'UTC'),
    revision Nullable(String),
    risk LowCardinality(Nullable(String)),
    summary Nullable(String),
    recommendation Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, change_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
-- Those that some source describes, and those that only have changes. Ids are made from names, so that each table names a repository alike.
CREATE VIEW IF NOT EXISTS repositories AS
SELECT
    reinterpretAsUUID(MD5(concat('repository ', full_name))) AS id,
    CAST(NULL, 'Nullable(Int64)') AS github_id,
    arrayElement(splitByChar('/', full_name), -1) AS name,
    full_name,
    substring(full_name, 1, greatest(length(full_name) - length(name) - 1, 0)) AS owner,
    CAST(NULL, 'Nullable(String)') AS owner_avatar_url,
    CAST(NULL, 'Nullable(Bool)') AS is_private,
    CAST(NULL, 'Nullable(String)') AS description,
    min(received_at) AS created_at,
    max(seen_at) AS updated_at,
    org_id,
    argMax(told_by, described) AS source
FROM
(
    SELECT org_id, id AS full_name, toString(source) AS told_by, received_at, seen_at, 1 AS described FROM all_repositories FINAL
    UNION ALL
    SELECT org_id, toString(repository) AS full_name, toString(source) AS told_by, received_at, seen_at, 0 AS described FROM all_changes FINAL
)
GROUP BY org_id, full_name
--next
CREATE VIEW IF NOT EXISTS pull_requests AS
SELECT
    reinterpretAsUUID(MD5(concat('change ', c.id))) AS id,
    reinterpretAsUUID(MD5(concat('repository ', toString(c.repository)))) AS repo_id,
    toInt32(c.number) AS pr_number,
    c.title AS title,
    CAST(c.author, 'Nullable(String)') AS author,
    CAST(NULL, 'Nullable(String)') AS author_avatar,
    c.head_sha AS commit_sha,
    c.head_ref AS branch_name,
    toString(c.state) AS state,
    if(f.change_id IS NULL, NULL, toJSONString(arrayMap(path -> map('filename', path), f.paths))) AS files_changed,
    c.additions AS additions,
    c.deletions AS deletions,
    false AS processed,
    c.created_at AS created_at,
    greatest(c.seen_at, ifNull(f.seen_at, c.seen_at)) AS updated_at,
    c.org_id AS org_id,
    toString(c.source) AS source
FROM (SELECT * FROM all_changes FINAL) AS c
LEFT JOIN (SELECT org_id, repository, toNullable(change_id) AS change_id, paths, toNullable(seen_at) AS seen_at FROM all_change_files FINAL) AS f
    ON f.org_id = c.org_id AND f.repository = c.repository AND f.change_id = c.id
--next
-- One row a change. Each stage is read anew from what stands, so it goes back where what it stood on is gone: a build is one of the present head, an approval one that was not taken back.
CREATE VIEW IF NOT EXISTS pipeline_runs AS
WITH
    -- Of each workflow and of each check the latest word. A build of the target branch is of what was merged, also where a fast-forward left the commit as it is.
    words AS
    (
        SELECT org_id, repository, revision, concat('build ', source, ' ', workflow) AS what, argMax(outcome, (attempt_at, attempt, id)) AS outcome, max(at) AS told_at, ref
        FROM
        (
            SELECT org_id, toString(assumeNotNull(repository)) AS repository, assumeNotNull(revision) AS revision, toString(source) AS source, toString(workflow) AS workflow,
                toString(outcome) AS outcome, coalesce(queued_at, started_at, at) AS attempt_at, attempt, id, at, ifNull(ref, '') AS ref
            FROM all_builds FINAL WHERE repository IS NOT NULL AND revision IS NOT NULL
        )
        GROUP BY org_id, repository, revision, source, workflow, ref
        UNION ALL
        SELECT org_id, repository, revision, concat('check ', source, ' ', kind, ' ', name) AS what, argMax(outcome, (at, id)) AS outcome, max(at) AS told_at, '' AS ref
        FROM
        (
            SELECT org_id, toString(assumeNotNull(repository)) AS repository, assumeNotNull(revision) AS revision, toString(source) AS source, toString(kind) AS kind,
                toString(name) AS name, toString(outcome) AS outcome, at, id
            FROM all_checks FINAL WHERE repository IS NOT NULL AND revision IS NOT NULL
        )
        GROUP BY org_id, repository, revision, source, kind, name
    ),
    builds_of AS
    (
        SELECT c.org_id AS org_id, c.repository AS repository, c.id AS id,
            countIf(w.outcome = 'failure' AND NOT is_approval) AS failed,
            countIf(w.outcome = 'running' AND NOT is_approval) AS running,
            countIf(w.outcome = 'success' AND NOT is_approval) AS passed,
            countIf(w.outcome = 'success' AND is_approval) AS approved,
            countIf(w.outcome = 'failure' AND is_approval) AS refused,
            max(w.told_at) AS told_at
        FROM (SELECT org_id, toString(repository) AS repository, id, assumeNotNull(head_sha) AS head_sha, ifNull(base_ref, '') AS base_ref FROM all_changes FINAL WHERE head_sha IS NOT NULL) AS c
        INNER JOIN (SELECT *, endsWith(what, ' FlowLens approval') AS is_approval FROM words) AS w
            ON w.org_id = c.org_id AND w.repository = c.repository AND w.revision = c.head_sha
        WHERE w.ref = '' OR w.ref != c.base_ref
        GROUP BY org_id, repository, id
    ),
    -- Of each reviewer the last verdict; a comment is none, and one that was taken back is one no more.
    reviews_of AS
    (
        SELECT org_id, repository, change_id, countIf(verdict = 'approved') AS approved, countIf(verdict = 'changes_requested') AS refused, count() AS verdicts, max(told_at) AS told_at
        FROM
        (
            SELECT org_id, toString(repository) AS repository, change_id, ifNull(toString(author), id) AS reviewer, argMax(assumeNotNull(toString(state)), (at, id)) AS verdict, max(at) AS told_at
            FROM all_reviews FINAL
            WHERE kind = 'review' AND state IN ('approved', 'changes_requested', 'dismissed')
            GROUP BY org_id, repository, change_id, reviewer
        )
        GROUP BY org_id, repository, change_id
    ),
    heads_of AS
    (
        SELECT org_id, subject_id, count() AS heads FROM all_transitions FINAL WHERE subject_type = 'change' AND field = 'head_sha' GROUP BY org_id, subject_id
    ),
    late_of AS
    (
        SELECT org_id, toString(repository) AS repository, change_id, arrayMax(started_at) AS last_at FROM all_change_commits FINAL WHERE notEmpty(started_at)
    )
SELECT
    reinterpretAsUUID(MD5(concat('pipeline run ', c.id))) AS id,
    reinterpretAsUUID(MD5(concat('repository ', c.repository))) AS repo_id,
    toInt32(c.number) AS pr_number,
    c.head_sha AS commit_sha,
    multiIf(
        c.state = 'merged', 'merged',
        c.state = 'closed', 'closed',
        c.is_draft, 'pending',
        ifNull(h.heads, 0) > 0 OR ifNull(l.last_at > c.created_at, false), 'updated',
        'opened'
    ) AS status_pr,
    multiIf(ifNull(b.failed, 0) > 0, 'failed', ifNull(b.running, 0) > 0, 'running', ifNull(b.passed, 0) > 0, 'passed', 'pending') AS status_build,
    multiIf(
        ifNull(r.refused, 0) > 0, 'changes_requested',
        ifNull(r.approved, 0) > 0, 'approved',
        ifNull(r.verdicts, 0) > 0, 'pending',
        ifNull(b.refused, 0) > 0, 'changes_requested',
        ifNull(b.approved, 0) > 0, 'approved',
        'pending'
    ) AS status_approval,
    multiIf(c.state = 'merged', 'merged', c.state = 'closed', 'closed', 'pending') AS status_merge,
    false AS processed,
    c.created_at AS created_at,
    greatest(c.seen_at, ifNull(b.told_at, c.created_at), ifNull(r.told_at, c.created_at)) AS updated_at,
    c.org_id AS org_id,
    c.source AS source
FROM
(
    SELECT org_id, id, toString(repository) AS repository, number, toString(state) AS state, is_draft, head_sha, created_at, seen_at, toString(source) AS source
    FROM all_changes FINAL
) AS c
LEFT JOIN builds_of AS b ON b.org_id = c.org_id AND b.repository = c.repository AND b.id = c.id
LEFT JOIN reviews_of AS r ON r.org_id = c.org_id AND r.repository = c.repository AND r.change_id = c.id
LEFT JOIN heads_of AS h ON h.org_id = c.org_id AND h.subject_id = c.id
LEFT JOIN late_of AS l ON l.org_id = c.org_id AND l.repository = c.repository AND l.change_id = c.id
--next
CREATE VIEW IF NOT EXISTS insights AS
SELECT
    ifNull(toUUIDOrNull(id), reinterpretAsUUID(MD5(concat('insight ', toString(source), ' ', id)))) AS id,
    reinterpretAsUUID(MD5(concat('repository ', toString(repository)))) AS repo_id,
    toInt32OrNull(extract(change_id, '[#!](\\d+)$')) AS pr_number,
    revision AS commit_sha,
    CAST(risk, 'Nullable(String)') AS risk_level,
    summary,
    recommendation,
    false AS processed,
    at AS created_at,
    org_id,
    toString(source) AS source
FROM all_insights FINAL
