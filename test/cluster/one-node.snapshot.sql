-- migration_history
create table if not exists migration_history (
  module String,
  version UInt32,
  name String,
  checksum String,
  breaking Bool,
  statement_index UInt32,
  statements UInt32,
  duration_ms UInt32,
  program_version String,
  actor String,
  state String,
  started_at DateTime64(3, 'UTC'),
  finished_at Nullable(DateTime64(3, 'UTC')),
  revision UInt64
) engine = ReplacingMergeTree(revision) order by (module, version) settings fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 1 of 12
-- why: the append-only log, the domain read from it, and what is derived from the domain. Every sorting key begins with the organization.

-- The log. One row per journal record; a repeated delivery is a row without payload that points at the first. `chain` continues over all organizations of one journal.
CREATE TABLE IF NOT EXISTS all_raw
(
    org_id UUID,
    seq UInt64,
    source LowCardinality(String),
    connector LowCardinality(String),
    stream LowCardinality(String),
    id String,
    at Nullable(DateTime64(3, 'UTC')),
    received_at DateTime64(3, 'UTC'),
    headers String,
    payload String CODEC(ZSTD(3)),
    encoding LowCardinality(String),
    digest_hex String EPHEMERAL,
    digest FixedString(32) DEFAULT unhex(digest_hex),
    chain_hex String EPHEMERAL,
    chain FixedString(32) DEFAULT unhex(chain_hex),
    duplicate_of UInt64,
    problem Nullable(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(received_at)
ORDER BY (org_id, seq)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 2 of 12
-- Where each raw item and each movable domain row stands, by a hash of its identity. Small granules: a batch looks up thousands of scattered keys.
CREATE TABLE IF NOT EXISTS all_keys
(
    org_id UUID,
    key UUID,
    seq UInt64,
    digest_hex String EPHEMERAL,
    digest FixedString(32) DEFAULT unhex(digest_hex),
    place String,
    seen_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (org_id, key)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 3 of 12
CREATE TABLE IF NOT EXISTS all_repositories
(
    org_id UUID,
    id String,
    title String,
    url Nullable(String),
    default_branch Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 4 of 12
CREATE TABLE IF NOT EXISTS all_commits
(
    org_id UUID,
    repository LowCardinality(String),
    sha String,
    parents Array(String),
    author_name String,
    author_email String,
    authored_at DateTime64(3, 'UTC'),
    committer_name String,
    committer_email String,
    committed_at DateTime64(3, 'UTC'),
    subject String,
    reverts Nullable(String),
    additions Nullable(UInt32),
    deletions Nullable(UInt32),
    files_changed Nullable(UInt32),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, sha)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 5 of 12
CREATE TABLE IF NOT EXISTS all_commit_files
(
    org_id UUID,
    repository LowCardinality(String),
    sha String,
    path String,
    previous_path Nullable(String),
    authored_at DateTime64(3, 'UTC'),
    author_email LowCardinality(String),
    additions Nullable(UInt32),
    deletions Nullable(UInt32),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, path, sha)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 6 of 12
-- By month, and a month that has come to rest is merged into one part: FINAL costs nothing there, and 150 ns a row where parts still overlap.
CREATE TABLE IF NOT EXISTS all_deployments
(
    org_id UUID,
    id String,
    kind LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    environment_name LowCardinality(String),
    at DateTime64(3, 'UTC'),
    started_at Nullable(DateTime64(3, 'UTC')),
    finished_at Nullable(DateTime64(3, 'UTC')),
    outcome LowCardinality(String),
    repository LowCardinality(Nullable(String)),
    revision Nullable(String),
    ref Nullable(String),
    version Nullable(String),
    title Nullable(String),
    url Nullable(String),
    actor Nullable(String),
    commit_at Nullable(DateTime64(3, 'UTC')),
    ref_id Nullable(String),
    caused_by Nullable(String),
    unplanned Nullable(Bool),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, environment, service, at, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

-- 0001_create_log_and_domain.sql 7 of 12
CREATE TABLE IF NOT EXISTS all_incident_states
(
    org_id UUID,
    id String,
    state LowCardinality(String),
    at DateTime64(3, 'UTC'),
    service LowCardinality(Nullable(String)),
    environment LowCardinality(Nullable(String)),
    environment_name LowCardinality(Nullable(String)),
    repository LowCardinality(Nullable(String)),
    severity LowCardinality(Nullable(String)),
    title Nullable(String),
    url Nullable(String),
    deployment_id Nullable(String),
    revision Nullable(String),
    ref_id Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id, state)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 8 of 12
CREATE TABLE IF NOT EXISTS all_coverage
(
    org_id UUID,
    table LowCardinality(String),
    from_at DateTime64(3, 'UTC'),
    to_at DateTime64(3, 'UTC'),
    open Bool,
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, table)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 9 of 12
-- Derived from deployments, incidents and the commit graph, and made anew from them at any time.
CREATE TABLE IF NOT EXISTS all_attempts
(
    org_id UUID,
    deployment_id String,
    service LowCardinality(String),
    environment LowCardinality(String),
    at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    repository LowCardinality(Nullable(String)),
    revision Nullable(String),
    title Nullable(String),
    url Nullable(String),
    commit_at Nullable(DateTime64(3, 'UTC')),
    failed Bool,
    failed_rule LowCardinality(Nullable(String)),
    failed_by Nullable(String),
    recovered_at Nullable(DateTime64(3, 'UTC')),
    recovery_rule LowCardinality(Nullable(String)),
    unplanned Bool,
    unplanned_rule LowCardinality(Nullable(String)),
    incident_ids Array(String),
    lead_method LowCardinality(Nullable(String)),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, environment, service, at, source, deployment_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

-- 0001_create_log_and_domain.sql 10 of 12
CREATE TABLE IF NOT EXISTS all_shipments
(
    org_id UUID,
    environment LowCardinality(String),
    service LowCardinality(String),
    deployed_at DateTime64(3, 'UTC'),
    deployment_id String,
    repository LowCardinality(String),
    sha String,
    change_id Nullable(String),
    started_at DateTime64(3, 'UTC'),
    title String,
    method LowCardinality(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
PARTITION BY toYYYYMM(deployed_at)
ORDER BY (org_id, environment, service, deployed_at, sha)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

-- 0001_create_log_and_domain.sql 11 of 12
CREATE TABLE IF NOT EXISTS all_incident_links
(
    org_id UUID,
    incident_id String,
    deployment_id String,
    opened_at DateTime64(3, 'UTC'),
    rule LowCardinality(String),
    confidence LowCardinality(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, incident_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 12 of 12
-- The table that people know from the tutorials, over the domain: no second copy. An attempt that was cancelled, skipped or still runs is no row, as there.
CREATE VIEW IF NOT EXISTS deploy_events AS
SELECT id, kind, service, revision AS git_sha, environment_name AS environment, CAST(outcome = 'success', 'Bool') AS succeeded, commit_at, ref_id, at AS occurred_at, org_id
FROM all_deployments FINAL
WHERE outcome IN ('success', 'failure')
UNION ALL
SELECT
    id,
    if(state = 'opened', 'incident_opened', 'incident_closed') AS kind,
    ifNull(service, '') AS service,
    revision AS git_sha,
    ifNull(environment_name, '') AS environment,
    true AS succeeded,
    CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS commit_at,
    ref_id,
    at AS occurred_at,
    org_id
FROM all_incident_states FINAL
WHERE state IN ('opened', 'closed');

-- 0002_create_delivery_domain.sql 1 of 19
-- why: what forges, build servers, trackers and incident tools tell: changes and their reviews, builds and their jobs, checks, releases, work items.

CREATE TABLE IF NOT EXISTS all_changes
(
    org_id UUID,
    id String,
    repository LowCardinality(String),
    number UInt32,
    title String,
    state LowCardinality(String),
    is_draft Bool,
    author LowCardinality(Nullable(String)),
    author_is_bot Bool,
    created_at DateTime64(3, 'UTC'),
    merged_at Nullable(DateTime64(3, 'UTC')),
    closed_at Nullable(DateTime64(3, 'UTC')),
    merged_by LowCardinality(Nullable(String)),
    base_ref LowCardinality(Nullable(String)),
    head_ref Nullable(String),
    head_sha Nullable(String),
    merge_sha Nullable(String),
    additions Nullable(UInt32),
    deletions Nullable(UInt32),
    files_changed Nullable(UInt32),
    commit_count Nullable(UInt32),
    comment_count Nullable(UInt32),
    labels Array(String),
    url Nullable(String),
    reverts Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 2 of 19
CREATE TABLE IF NOT EXISTS all_change_commits
(
    org_id UUID,
    change_id String,
    repository LowCardinality(String),
    shas Array(String),
    started_at Array(DateTime64(3, 'UTC')),
    subjects Array(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, change_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 3 of 19
CREATE TABLE IF NOT EXISTS all_change_files
(
    org_id UUID,
    change_id String,
    repository LowCardinality(String),
    paths Array(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, change_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 4 of 19
CREATE TABLE IF NOT EXISTS all_reviews
(
    org_id UUID,
    id String,
    change_id String,
    repository LowCardinality(String),
    kind LowCardinality(String),
    state LowCardinality(Nullable(String)),
    author LowCardinality(Nullable(String)),
    author_is_bot Bool,
    at DateTime64(3, 'UTC'),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, change_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 5 of 19
CREATE TABLE IF NOT EXISTS all_transitions
(
    org_id UUID,
    id String,
    subject_type LowCardinality(String),
    subject_id String,
    repository LowCardinality(Nullable(String)),
    at DateTime64(3, 'UTC'),
    field LowCardinality(String),
    from_value Nullable(String),
    to_value Nullable(String),
    from_category LowCardinality(Nullable(String)),
    to_category LowCardinality(Nullable(String)),
    actor LowCardinality(Nullable(String)),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, subject_type, subject_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 6 of 19
CREATE TABLE IF NOT EXISTS all_builds
(
    org_id UUID,
    id String,
    workflow LowCardinality(String),
    at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    repository LowCardinality(Nullable(String)),
    service LowCardinality(Nullable(String)),
    revision Nullable(String),
    ref Nullable(String),
    trigger LowCardinality(Nullable(String)),
    number Nullable(UInt32),
    attempt UInt32,
    parent_id Nullable(String),
    queued_at Nullable(DateTime64(3, 'UTC')),
    started_at Nullable(DateTime64(3, 'UTC')),
    finished_at Nullable(DateTime64(3, 'UTC')),
    title Nullable(String),
    url Nullable(String),
    actor LowCardinality(Nullable(String)),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, at, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

-- 0002_create_delivery_domain.sql 7 of 19
CREATE TABLE IF NOT EXISTS all_jobs
(
    org_id UUID,
    id String,
    build_id String,
    name LowCardinality(String),
    outcome LowCardinality(String),
    repository LowCardinality(Nullable(String)),
    environment_name LowCardinality(Nullable(String)),
    attempt UInt32,
    queued_at Nullable(DateTime64(3, 'UTC')),
    started_at Nullable(DateTime64(3, 'UTC')),
    finished_at Nullable(DateTime64(3, 'UTC')),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, build_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 8 of 19
CREATE TABLE IF NOT EXISTS all_checks
(
    org_id UUID,
    id String,
    kind LowCardinality(String),
    name LowCardinality(String),
    at DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    repository LowCardinality(Nullable(String)),
    service LowCardinality(Nullable(String)),
    revision Nullable(String),
    build_id Nullable(String),
    started_at Nullable(DateTime64(3, 'UTC')),
    total Nullable(UInt32),
    passed Nullable(UInt32),
    failed Nullable(UInt32),
    skipped Nullable(UInt32),
    flaky Nullable(UInt32),
    coverage_percent Nullable(Float64),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 9 of 19
CREATE TABLE IF NOT EXISTS all_releases
(
    org_id UUID,
    id String,
    repository LowCardinality(Nullable(String)),
    project LowCardinality(Nullable(String)),
    name String,
    tag Nullable(String),
    revision Nullable(String),
    published_at Nullable(DateTime64(3, 'UTC')),
    is_prerelease Bool,
    is_draft Bool,
    author LowCardinality(Nullable(String)),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 10 of 19
CREATE TABLE IF NOT EXISTS all_work_items
(
    org_id UUID,
    id String,
    project LowCardinality(Nullable(String)),
    repository LowCardinality(Nullable(String)),
    kind LowCardinality(String),
    kind_name LowCardinality(Nullable(String)),
    title String,
    status LowCardinality(String),
    status_name LowCardinality(Nullable(String)),
    resolution LowCardinality(Nullable(String)),
    created_at DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    due_at Nullable(DateTime64(3, 'UTC')),
    priority LowCardinality(Nullable(String)),
    severity LowCardinality(Nullable(String)),
    estimate Nullable(Float64),
    estimated_seconds Nullable(Float64),
    spent_seconds Nullable(Float64),
    assignee LowCardinality(Nullable(String)),
    reporter LowCardinality(Nullable(String)),
    parent_id Nullable(String),
    labels Array(String),
    components Array(String),
    sprint_ids Array(String),
    fix_versions Array(String),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 11 of 19
CREATE TABLE IF NOT EXISTS all_boards
(
    org_id UUID,
    id String,
    name String,
    project LowCardinality(Nullable(String)),
    kind LowCardinality(Nullable(String)),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 12 of 19
CREATE TABLE IF NOT EXISTS all_sprints
(
    org_id UUID,
    id String,
    board_id Nullable(String),
    name String,
    state LowCardinality(String),
    started_at Nullable(DateTime64(3, 'UTC')),
    ends_at Nullable(DateTime64(3, 'UTC')),
    completed_at Nullable(DateTime64(3, 'UTC')),
    goal Nullable(String),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 13 of 19
CREATE TABLE IF NOT EXISTS all_worklogs
(
    org_id UUID,
    id String,
    work_item_id String,
    author LowCardinality(Nullable(String)),
    started_at DateTime64(3, 'UTC'),
    seconds Float64,
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, work_item_id, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0002_create_delivery_domain.sql 14 of 19
ALTER TABLE all_repositories ADD COLUMN IF NOT EXISTS previous_names Array(String) AFTER default_branch;

-- 0002_create_delivery_domain.sql 15 of 19
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS revision_rule LowCardinality(Nullable(String)) AFTER revision;

-- 0002_create_delivery_domain.sql 16 of 19
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS manifest_revision Nullable(String) AFTER revision_rule;

-- 0002_create_delivery_domain.sql 17 of 19
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS image Nullable(String) AFTER manifest_revision;

-- 0002_create_delivery_domain.sql 18 of 19
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS build_id Nullable(String) AFTER unplanned;

-- 0002_create_delivery_domain.sql 19 of 19
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS rule LowCardinality(Nullable(String)) AFTER build_id;

-- 0003_create_teams.sql 1 of 2
-- why: figures by team ask who owns a service or a repository. The teams themselves stand in the semantic store; this is a copy of the whole set, under a number that grows with each change.

-- Written before the teams of the same version. `place` is the order in which rules count; `regex` is empty where the pattern is a plain name; `lineage` is the team and all above it.
CREATE TABLE IF NOT EXISTS all_team_rules
(
    org_id UUID,
    version UInt64,
    place UInt32,
    kind LowCardinality(String),
    pattern String,
    regex String,
    team String,
    lineage Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0003_create_teams.sql 2 of 2
-- A version that stands here is complete, and the highest is what counts. The row without a slug stands for a set without teams.
CREATE TABLE IF NOT EXISTS all_teams
(
    org_id UUID,
    version UInt64,
    slug String,
    name String,
    lineage Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (org_id, version, slug)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0004_create_people_domain.sql 1 of 2
-- why: what repositories say of their authors in .mailmap, and which teams a forge has, so that people and teams can be compared with it.

-- `old_name` is empty where the entry is for an address under any name.
CREATE TABLE IF NOT EXISTS all_mailmap_entries
(
    org_id UUID,
    repository LowCardinality(String),
    old_email String,
    old_name String,
    name Nullable(String),
    email Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, repository, old_email, old_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0004_create_people_domain.sql 2 of 2
CREATE TABLE IF NOT EXISTS all_provider_teams
(
    org_id UUID,
    id String,
    name String,
    description Nullable(String),
    parent Nullable(String),
    members Array(String),
    maintainers Array(String),
    repositories Array(String),
    url Nullable(String),
    source LowCardinality(String),
    raw_seq UInt64,
    received_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC'),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0005_create_reference_views.sql 1 of 8
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
LEFT JOIN (SELECT org_id, id, url FROM all_repositories FINAL) AS r ON r.org_id = d.org_id AND r.id = d.repository;

-- 0005_create_reference_views.sql 2 of 8
CREATE VIEW IF NOT EXISTS cicd_deployments AS
SELECT
    id, cicd_scope_id, name, result, status, environment, created_date, started_date, finished_date, duration_sec,
    CAST(NULL, 'Nullable(Int64)') AS queued_duration_sec,
    commit_sha, ref_name, repo_id, display_title, url, created_at, updated_at, org_id, source
FROM deployments;

-- 0005_create_reference_views.sql 3 of 8
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
GROUP BY e.org_id, sha;

-- 0005_create_reference_views.sql 4 of 8
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
);

-- 0005_create_reference_views.sql 5 of 8
CREATE VIEW IF NOT EXISTS v_dora_deployment_frequency AS
SELECT cicd_scope_id AS project_id, environment, toDate(finished_date) AS deployment_date, count() AS deployment_count, toFloat64(count()) AS deployments_per_day, org_id
FROM (SELECT toString(service) AS cicd_scope_id, toString(environment) AS environment, at AS finished_date, org_id FROM all_deployments FINAL WHERE kind = 'deploy' AND outcome = 'success' AND environment = 'production')
GROUP BY org_id, project_id, environment, deployment_date;

-- 0005_create_reference_views.sql 6 of 8
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
WHERE d.result = 'SUCCESS' AND d.environment = 'production';

-- 0005_create_reference_views.sql 7 of 8
CREATE VIEW IF NOT EXISTS v_dora_cfr AS
SELECT toString(service) AS project_id, count() AS total_deployments, countIf(outcome = 'failure') AS failed_deployments, failed_deployments * 100.0 / total_deployments AS failure_rate_percent, org_id
FROM all_deployments FINAL
WHERE kind = 'deploy' AND outcome IN ('success', 'failure', 'cancelled') AND environment = 'production'
GROUP BY org_id, project_id;

-- 0005_create_reference_views.sql 8 of 8
CREATE VIEW IF NOT EXISTS v_dora_mttr AS
SELECT id AS incident_id, severity, created_date AS incident_created, resolution_date AS incident_resolved, lead_time_minutes AS mttr_minutes, org_id
FROM incidents
WHERE resolution_date IS NOT NULL AND severity IN ('high', 'medium');
