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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1
--next
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
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1
--next
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
--next
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
WHERE state IN ('opened', 'closed')
