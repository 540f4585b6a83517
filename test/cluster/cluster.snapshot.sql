-- migration_history
CREATE TABLE IF NOT EXISTS migration_history ON CLUSTER `main`
(
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
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/every-node/{database}/migration_history', '{shard}-{replica}', revision) order by (module, version) SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- migration_history
CREATE TABLE IF NOT EXISTS migration_progress ON CLUSTER `main`
(
  module String,
  version UInt32,
  statement UInt32,
  position Nullable(String),
  rows UInt64,
  total UInt64,
  revision UInt64
) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/every-node/{database}/migration_progress', '{shard}-{replica}', revision) order by (module, version, statement) SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- 0001_create_log_and_domain.sql 1 of 12
CREATE TABLE IF NOT EXISTS all_raw_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_raw', '{replica}')
PARTITION BY toYear(received_at)
ORDER BY (org_id, seq)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_raw ON CLUSTER `main` AS all_raw_local ENGINE = Distributed('main', 'fairlead', 'all_raw_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 2 of 12
CREATE TABLE IF NOT EXISTS all_keys_local ON CLUSTER `main`
(
    org_id UUID,
    key UUID,
    seq UInt64,
    digest_hex String EPHEMERAL,
    digest FixedString(32) DEFAULT unhex(digest_hex),
    place String,
    seen_at DateTime64(3, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_keys', '{replica}', seq)
ORDER BY (org_id, key)
SETTINGS replicated_deduplication_window = 0, index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_keys ON CLUSTER `main` AS all_keys_local ENGINE = Distributed('main', 'fairlead', 'all_keys_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 3 of 12
CREATE TABLE IF NOT EXISTS all_repositories_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_repositories', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_repositories ON CLUSTER `main` AS all_repositories_local ENGINE = Distributed('main', 'fairlead', 'all_repositories_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 4 of 12
CREATE TABLE IF NOT EXISTS all_commits_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_commits', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, sha)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_commits ON CLUSTER `main` AS all_commits_local ENGINE = Distributed('main', 'fairlead', 'all_commits_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 5 of 12
CREATE TABLE IF NOT EXISTS all_commit_files_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_commit_files', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, path, sha)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_commit_files ON CLUSTER `main` AS all_commit_files_local ENGINE = Distributed('main', 'fairlead', 'all_commit_files_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 6 of 12
CREATE TABLE IF NOT EXISTS all_deployments_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_deployments', '{replica}', seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, environment, service, at, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
CREATE TABLE IF NOT EXISTS all_deployments ON CLUSTER `main` AS all_deployments_local ENGINE = Distributed('main', 'fairlead', 'all_deployments_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 7 of 12
CREATE TABLE IF NOT EXISTS all_incident_states_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_incident_states', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id, state)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_incident_states ON CLUSTER `main` AS all_incident_states_local ENGINE = Distributed('main', 'fairlead', 'all_incident_states_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 8 of 12
CREATE TABLE IF NOT EXISTS all_coverage_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_coverage', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, table)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_coverage ON CLUSTER `main` AS all_coverage_local ENGINE = Distributed('main', 'fairlead', 'all_coverage_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 9 of 12
CREATE TABLE IF NOT EXISTS all_attempts_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_attempts', '{replica}', seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, environment, service, at, source, deployment_id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
CREATE TABLE IF NOT EXISTS all_attempts ON CLUSTER `main` AS all_attempts_local ENGINE = Distributed('main', 'fairlead', 'all_attempts_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 10 of 12
CREATE TABLE IF NOT EXISTS all_shipments_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_shipments', '{replica}', seen_at, is_deleted)
PARTITION BY toYYYYMM(deployed_at)
ORDER BY (org_id, environment, service, deployed_at, sha)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
CREATE TABLE IF NOT EXISTS all_shipments ON CLUSTER `main` AS all_shipments_local ENGINE = Distributed('main', 'fairlead', 'all_shipments_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 11 of 12
CREATE TABLE IF NOT EXISTS all_incident_links_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_incident_links', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, incident_id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_incident_links ON CLUSTER `main` AS all_incident_links_local ENGINE = Distributed('main', 'fairlead', 'all_incident_links_local', sipHash64(org_id));

-- 0001_create_log_and_domain.sql 12 of 12
CREATE VIEW IF NOT EXISTS deploy_events ON CLUSTER `main` AS
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
CREATE TABLE IF NOT EXISTS all_changes_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_changes', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_changes ON CLUSTER `main` AS all_changes_local ENGINE = Distributed('main', 'fairlead', 'all_changes_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 2 of 19
CREATE TABLE IF NOT EXISTS all_change_commits_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_change_commits', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, change_id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_change_commits ON CLUSTER `main` AS all_change_commits_local ENGINE = Distributed('main', 'fairlead', 'all_change_commits_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 3 of 19
CREATE TABLE IF NOT EXISTS all_change_files_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_change_files', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, change_id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_change_files ON CLUSTER `main` AS all_change_files_local ENGINE = Distributed('main', 'fairlead', 'all_change_files_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 4 of 19
CREATE TABLE IF NOT EXISTS all_reviews_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_reviews', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, change_id, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_reviews ON CLUSTER `main` AS all_reviews_local ENGINE = Distributed('main', 'fairlead', 'all_reviews_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 5 of 19
CREATE TABLE IF NOT EXISTS all_transitions_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_transitions', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, subject_type, subject_id, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_transitions ON CLUSTER `main` AS all_transitions_local ENGINE = Distributed('main', 'fairlead', 'all_transitions_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 6 of 19
CREATE TABLE IF NOT EXISTS all_builds_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_builds', '{replica}', seen_at, is_deleted)
PARTITION BY toYYYYMM(at)
ORDER BY (org_id, at, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
CREATE TABLE IF NOT EXISTS all_builds ON CLUSTER `main` AS all_builds_local ENGINE = Distributed('main', 'fairlead', 'all_builds_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 7 of 19
CREATE TABLE IF NOT EXISTS all_jobs_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_jobs', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, build_id, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_jobs ON CLUSTER `main` AS all_jobs_local ENGINE = Distributed('main', 'fairlead', 'all_jobs_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 8 of 19
CREATE TABLE IF NOT EXISTS all_checks_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_checks', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_checks ON CLUSTER `main` AS all_checks_local ENGINE = Distributed('main', 'fairlead', 'all_checks_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 9 of 19
CREATE TABLE IF NOT EXISTS all_releases_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_releases', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_releases ON CLUSTER `main` AS all_releases_local ENGINE = Distributed('main', 'fairlead', 'all_releases_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 10 of 19
CREATE TABLE IF NOT EXISTS all_work_items_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_work_items', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_work_items ON CLUSTER `main` AS all_work_items_local ENGINE = Distributed('main', 'fairlead', 'all_work_items_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 11 of 19
CREATE TABLE IF NOT EXISTS all_boards_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_boards', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_boards ON CLUSTER `main` AS all_boards_local ENGINE = Distributed('main', 'fairlead', 'all_boards_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 12 of 19
CREATE TABLE IF NOT EXISTS all_sprints_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_sprints', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_sprints ON CLUSTER `main` AS all_sprints_local ENGINE = Distributed('main', 'fairlead', 'all_sprints_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 13 of 19
CREATE TABLE IF NOT EXISTS all_worklogs_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_worklogs', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, work_item_id, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_worklogs ON CLUSTER `main` AS all_worklogs_local ENGINE = Distributed('main', 'fairlead', 'all_worklogs_local', sipHash64(org_id));

-- 0002_create_delivery_domain.sql 14 of 19
ALTER TABLE all_repositories_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS previous_names Array(String) AFTER default_branch;
ALTER TABLE all_repositories ON CLUSTER `main` ADD COLUMN IF NOT EXISTS previous_names Array(String) AFTER default_branch;

-- 0002_create_delivery_domain.sql 15 of 19
ALTER TABLE all_deployments_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS revision_rule LowCardinality(Nullable(String)) AFTER revision;
ALTER TABLE all_deployments ON CLUSTER `main` ADD COLUMN IF NOT EXISTS revision_rule LowCardinality(Nullable(String)) AFTER revision;

-- 0002_create_delivery_domain.sql 16 of 19
ALTER TABLE all_deployments_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS manifest_revision Nullable(String) AFTER revision_rule;
ALTER TABLE all_deployments ON CLUSTER `main` ADD COLUMN IF NOT EXISTS manifest_revision Nullable(String) AFTER revision_rule;

-- 0002_create_delivery_domain.sql 17 of 19
ALTER TABLE all_deployments_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS image Nullable(String) AFTER manifest_revision;
ALTER TABLE all_deployments ON CLUSTER `main` ADD COLUMN IF NOT EXISTS image Nullable(String) AFTER manifest_revision;

-- 0002_create_delivery_domain.sql 18 of 19
ALTER TABLE all_deployments_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS build_id Nullable(String) AFTER unplanned;
ALTER TABLE all_deployments ON CLUSTER `main` ADD COLUMN IF NOT EXISTS build_id Nullable(String) AFTER unplanned;

-- 0002_create_delivery_domain.sql 19 of 19
ALTER TABLE all_deployments_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS rule LowCardinality(Nullable(String)) AFTER build_id;
ALTER TABLE all_deployments ON CLUSTER `main` ADD COLUMN IF NOT EXISTS rule LowCardinality(Nullable(String)) AFTER build_id;

-- 0003_create_teams.sql 1 of 2
CREATE TABLE IF NOT EXISTS all_team_rules_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_team_rules', '{replica}')
ORDER BY (org_id, version, place)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_team_rules ON CLUSTER `main` AS all_team_rules_local ENGINE = Distributed('main', 'fairlead', 'all_team_rules_local', sipHash64(org_id));

-- 0003_create_teams.sql 2 of 2
CREATE TABLE IF NOT EXISTS all_teams_local ON CLUSTER `main`
(
    org_id UUID,
    version UInt64,
    slug String,
    name String,
    lineage Array(String)
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_teams', '{replica}')
ORDER BY (org_id, version, slug)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_teams ON CLUSTER `main` AS all_teams_local ENGINE = Distributed('main', 'fairlead', 'all_teams_local', sipHash64(org_id));

-- 0004_create_people_domain.sql 1 of 2
CREATE TABLE IF NOT EXISTS all_mailmap_entries_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_mailmap_entries', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, old_email, old_name)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_mailmap_entries ON CLUSTER `main` AS all_mailmap_entries_local ENGINE = Distributed('main', 'fairlead', 'all_mailmap_entries_local', sipHash64(org_id));

-- 0004_create_people_domain.sql 2 of 2
CREATE TABLE IF NOT EXISTS all_provider_teams_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_provider_teams', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_provider_teams ON CLUSTER `main` AS all_provider_teams_local ENGINE = Distributed('main', 'fairlead', 'all_provider_teams_local', sipHash64(org_id));

-- 0005_create_reference_views.sql 1 of 8
CREATE VIEW IF NOT EXISTS deployments ON CLUSTER `main` AS
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
CREATE VIEW IF NOT EXISTS cicd_deployments ON CLUSTER `main` AS
SELECT
    id, cicd_scope_id, name, result, status, environment, created_date, started_date, finished_date, duration_sec,
    CAST(NULL, 'Nullable(Int64)') AS queued_duration_sec,
    commit_sha, ref_name, repo_id, display_title, url, created_at, updated_at, org_id, source
FROM deployments;

-- 0005_create_reference_views.sql 3 of 8
CREATE VIEW IF NOT EXISTS commits ON CLUSTER `main` AS
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
CREATE VIEW IF NOT EXISTS incidents ON CLUSTER `main` AS
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
CREATE VIEW IF NOT EXISTS v_dora_deployment_frequency ON CLUSTER `main` AS
SELECT cicd_scope_id AS project_id, environment, toDate(finished_date) AS deployment_date, count() AS deployment_count, toFloat64(count()) AS deployments_per_day, org_id
FROM (SELECT toString(service) AS cicd_scope_id, toString(environment) AS environment, at AS finished_date, org_id FROM all_deployments FINAL WHERE kind = 'deploy' AND outcome = 'success' AND environment = 'production')
GROUP BY org_id, project_id, environment, deployment_date;

-- 0005_create_reference_views.sql 6 of 8
CREATE VIEW IF NOT EXISTS v_dora_lead_time ON CLUSTER `main` AS
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
CREATE VIEW IF NOT EXISTS v_dora_cfr ON CLUSTER `main` AS
SELECT toString(service) AS project_id, count() AS total_deployments, countIf(outcome = 'failure') AS failed_deployments, failed_deployments * 100.0 / total_deployments AS failure_rate_percent, org_id
FROM all_deployments FINAL
WHERE kind = 'deploy' AND outcome IN ('success', 'failure', 'cancelled') AND environment = 'production'
GROUP BY org_id, project_id;

-- 0005_create_reference_views.sql 8 of 8
CREATE VIEW IF NOT EXISTS v_dora_mttr ON CLUSTER `main` AS
SELECT id AS incident_id, severity, created_date AS incident_created, resolution_date AS incident_resolved, lead_time_minutes AS mttr_minutes, org_id
FROM incidents
WHERE resolution_date IS NOT NULL AND severity IN ('high', 'medium');

-- 0006_create_flowlens_views.sql 1 of 5
CREATE TABLE IF NOT EXISTS all_insights_local ON CLUSTER `main`
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_insights', '{replica}', seen_at, is_deleted)
ORDER BY (org_id, repository, change_id, source, id)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_insights ON CLUSTER `main` AS all_insights_local ENGINE = Distributed('main', 'fairlead', 'all_insights_local', sipHash64(org_id));

-- 0006_create_flowlens_views.sql 2 of 5
CREATE VIEW IF NOT EXISTS repositories ON CLUSTER `main` AS
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
GROUP BY org_id, full_name;

-- 0006_create_flowlens_views.sql 3 of 5
CREATE VIEW IF NOT EXISTS pull_requests ON CLUSTER `main` AS
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
    ON f.org_id = c.org_id AND f.repository = c.repository AND f.change_id = c.id;

-- 0006_create_flowlens_views.sql 4 of 5
CREATE VIEW IF NOT EXISTS pipeline_runs ON CLUSTER `main` AS
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
LEFT JOIN late_of AS l ON l.org_id = c.org_id AND l.repository = c.repository AND l.change_id = c.id;

-- 0006_create_flowlens_views.sql 5 of 5
CREATE VIEW IF NOT EXISTS insights ON CLUSTER `main` AS
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
FROM all_insights FINAL;

-- 0007_create_choice_and_raw_views.sql 1 of 14
CREATE TABLE IF NOT EXISTS all_project_metric_settings_local ON CLUSTER `main`
(
    org_id UUID,
    version UInt64,
    project_name String,
    plugin_name String,
    plugin_option String,
    enable UInt8,
    created_at Nullable(DateTime64(3, 'UTC')),
    updated_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_project_metric_settings', '{replica}')
ORDER BY (org_id, version, project_name, plugin_name)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_project_metric_settings ON CLUSTER `main` AS all_project_metric_settings_local ENGINE = Distributed('main', 'fairlead', 'all_project_metric_settings_local', sipHash64(org_id));

-- 0007_create_choice_and_raw_views.sql 2 of 14
CREATE TABLE IF NOT EXISTS all_dora_benchmarks_local ON CLUSTER `main`
(
    org_id UUID,
    version UInt64,
    metric_name String,
    performance_level String,
    min_value Nullable(Decimal(10, 2)),
    max_value Nullable(Decimal(10, 2)),
    unit String,
    description String,
    created_at Nullable(DateTime64(3, 'UTC')),
    updated_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_dora_benchmarks', '{replica}')
ORDER BY (org_id, version, metric_name, performance_level)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_dora_benchmarks ON CLUSTER `main` AS all_dora_benchmarks_local ENGINE = Distributed('main', 'fairlead', 'all_dora_benchmarks_local', sipHash64(org_id));

-- 0007_create_choice_and_raw_views.sql 3 of 14
CREATE TABLE IF NOT EXISTS all_choices_local ON CLUSTER `main`
(
    org_id UUID,
    version UInt64,
    digest String
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/all_choices', '{replica}')
ORDER BY (org_id, version)
SETTINGS replicated_deduplication_window = 0, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
CREATE TABLE IF NOT EXISTS all_choices ON CLUSTER `main` AS all_choices_local ENGINE = Distributed('main', 'fairlead', 'all_choices_local', sipHash64(org_id));

-- 0007_create_choice_and_raw_views.sql 4 of 14
CREATE VIEW IF NOT EXISTS project_metric_settings ON CLUSTER `main` AS
SELECT toInt64(bitAnd(sipHash64(project_name, plugin_name), 9007199254740991)) AS id, project_name, plugin_name, plugin_option, enable, created_at, updated_at, org_id
FROM all_project_metric_settings FINAL
WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id);

-- 0007_create_choice_and_raw_views.sql 5 of 14
CREATE VIEW IF NOT EXISTS dora_benchmarks ON CLUSTER `main` AS
SELECT toInt64(bitAnd(sipHash64(metric_name, performance_level), 9007199254740991)) AS id, metric_name, performance_level, min_value, max_value, unit, description, created_at, updated_at, org_id
FROM all_dora_benchmarks FINAL
WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id);

-- 0007_create_choice_and_raw_views.sql 6 of 14
CREATE VIEW IF NOT EXISTS _raw_github_repos ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'repositories' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 7 of 14
CREATE VIEW IF NOT EXISTS _raw_github_commits ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'commits' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 8 of 14
CREATE VIEW IF NOT EXISTS _raw_github_pull_requests ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'github' AND stream = 'pull_requests' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 9 of 14
CREATE VIEW IF NOT EXISTS _raw_jenkins_builds ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'builds' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 10 of 14
CREATE VIEW IF NOT EXISTS _raw_jenkins_jobs ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'jobs' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 11 of 14
CREATE VIEW IF NOT EXISTS _raw_jenkins_test_results ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'jenkins' AND stream = 'test_results' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 12 of 14
CREATE VIEW IF NOT EXISTS _raw_argocd_applications ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'applications' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 13 of 14
CREATE VIEW IF NOT EXISTS _raw_argocd_syncs ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'syncs' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';

-- 0007_create_choice_and_raw_views.sql 14 of 14
CREATE VIEW IF NOT EXISTS _raw_argocd_app_status ON CLUSTER `main` AS
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source
FROM all_raw FINAL
WHERE connector = 'argocd' AND stream = 'health' AND duplicate_of = 0 AND encoding = 'utf8' AND payload != '';
