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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
ALTER TABLE all_repositories ADD COLUMN IF NOT EXISTS previous_names Array(String) AFTER default_branch
--next
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS revision_rule LowCardinality(Nullable(String)) AFTER revision
--next
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS manifest_revision Nullable(String) AFTER revision_rule
--next
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS image Nullable(String) AFTER manifest_revision
--next
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS build_id Nullable(String) AFTER unplanned
--next
ALTER TABLE all_deployments ADD COLUMN IF NOT EXISTS rule LowCardinality(Nullable(String)) AFTER build_id
