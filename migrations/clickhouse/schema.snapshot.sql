create table all_attempts (
  at DateTime64(3, 'UTC'),
  commit_at Nullable(DateTime64(3, 'UTC')),
  deployment_id String,
  environment LowCardinality(String),
  failed Bool,
  failed_by Nullable(String),
  failed_rule LowCardinality(Nullable(String)),
  incident_ids Array(String),
  is_deleted UInt8,
  lead_method LowCardinality(Nullable(String)),
  org_id UUID,
  outcome LowCardinality(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  recovered_at Nullable(DateTime64(3, 'UTC')),
  recovery_rule LowCardinality(Nullable(String)),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(String),
  source LowCardinality(String),
  title Nullable(String),
  unplanned Bool,
  unplanned_rule LowCardinality(Nullable(String)),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) PARTITION BY toYYYYMM(at) ORDER BY (org_id, environment, service, at, source, deployment_id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1, index_granularity = 8192;

create table all_boards (
  id String,
  is_deleted UInt8,
  kind LowCardinality(Nullable(String)),
  name String,
  org_id UUID,
  project LowCardinality(Nullable(String)),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_builds (
  actor LowCardinality(Nullable(String)),
  at DateTime64(3, 'UTC'),
  attempt UInt32,
  finished_at Nullable(DateTime64(3, 'UTC')),
  id String,
  is_deleted UInt8,
  number Nullable(UInt32),
  org_id UUID,
  outcome LowCardinality(String),
  parent_id Nullable(String),
  queued_at Nullable(DateTime64(3, 'UTC')),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  ref Nullable(String),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(Nullable(String)),
  source LowCardinality(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  title Nullable(String),
  trigger LowCardinality(Nullable(String)),
  url Nullable(String),
  workflow LowCardinality(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) PARTITION BY toYYYYMM(at) ORDER BY (org_id, at, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1, index_granularity = 8192;

create table all_change_commits (
  change_id String,
  is_deleted UInt8,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  shas Array(String),
  source LowCardinality(String),
  started_at Array(DateTime64(3, 'UTC')),
  subjects Array(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, change_id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_change_files (
  change_id String,
  is_deleted UInt8,
  org_id UUID,
  paths Array(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, change_id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_changes (
  additions Nullable(UInt32),
  author LowCardinality(Nullable(String)),
  author_is_bot Bool,
  base_ref LowCardinality(Nullable(String)),
  closed_at Nullable(DateTime64(3, 'UTC')),
  comment_count Nullable(UInt32),
  commit_count Nullable(UInt32),
  created_at DateTime64(3, 'UTC'),
  deletions Nullable(UInt32),
  files_changed Nullable(UInt32),
  head_ref Nullable(String),
  head_sha Nullable(String),
  id String,
  is_deleted UInt8,
  is_draft Bool,
  labels Array(String),
  merge_sha Nullable(String),
  merged_at Nullable(DateTime64(3, 'UTC')),
  merged_by LowCardinality(Nullable(String)),
  number UInt32,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  reverts Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  state LowCardinality(String),
  title String,
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_checks (
  at DateTime64(3, 'UTC'),
  build_id Nullable(String),
  coverage_percent Nullable(Float64),
  failed Nullable(UInt32),
  flaky Nullable(UInt32),
  id String,
  is_deleted UInt8,
  kind LowCardinality(String),
  name LowCardinality(String),
  org_id UUID,
  outcome LowCardinality(String),
  passed Nullable(UInt32),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(Nullable(String)),
  skipped Nullable(UInt32),
  source LowCardinality(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  total Nullable(UInt32),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_commit_files (
  additions Nullable(UInt32),
  author_email LowCardinality(String),
  authored_at DateTime64(3, 'UTC'),
  deletions Nullable(UInt32),
  is_deleted UInt8,
  org_id UUID,
  path String,
  previous_path Nullable(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  sha String,
  source LowCardinality(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, path, sha) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_commits (
  additions Nullable(UInt32),
  author_email String,
  author_name String,
  authored_at DateTime64(3, 'UTC'),
  committed_at DateTime64(3, 'UTC'),
  committer_email String,
  committer_name String,
  deletions Nullable(UInt32),
  files_changed Nullable(UInt32),
  is_deleted UInt8,
  org_id UUID,
  parents Array(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  reverts Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  sha String,
  source LowCardinality(String),
  subject String
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, sha) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_coverage (
  from_at DateTime64(3, 'UTC'),
  is_deleted UInt8,
  open Bool,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  table LowCardinality(String),
  to_at DateTime64(3, 'UTC')
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, `table`) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_deployments (
  actor Nullable(String),
  at DateTime64(3, 'UTC'),
  build_id Nullable(String),
  caused_by Nullable(String),
  commit_at Nullable(DateTime64(3, 'UTC')),
  environment LowCardinality(String),
  environment_name LowCardinality(String),
  finished_at Nullable(DateTime64(3, 'UTC')),
  id String,
  image Nullable(String),
  is_deleted UInt8,
  kind LowCardinality(String),
  manifest_revision Nullable(String),
  org_id UUID,
  outcome LowCardinality(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  ref Nullable(String),
  ref_id Nullable(String),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  revision_rule LowCardinality(Nullable(String)),
  rule LowCardinality(Nullable(String)),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(String),
  source LowCardinality(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  title Nullable(String),
  unplanned Nullable(Bool),
  url Nullable(String),
  version Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) PARTITION BY toYYYYMM(at) ORDER BY (org_id, environment, service, at, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1, index_granularity = 8192;

create table all_incident_links (
  confidence LowCardinality(String),
  deployment_id String,
  incident_id String,
  is_deleted UInt8,
  opened_at DateTime64(3, 'UTC'),
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  rule LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, incident_id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_incident_states (
  at DateTime64(3, 'UTC'),
  deployment_id Nullable(String),
  environment LowCardinality(Nullable(String)),
  environment_name LowCardinality(Nullable(String)),
  id String,
  is_deleted UInt8,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  ref_id Nullable(String),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(Nullable(String)),
  severity LowCardinality(Nullable(String)),
  source LowCardinality(String),
  state LowCardinality(String),
  title Nullable(String),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id, state) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_jobs (
  attempt UInt32,
  build_id String,
  environment_name LowCardinality(Nullable(String)),
  finished_at Nullable(DateTime64(3, 'UTC')),
  id String,
  is_deleted UInt8,
  name LowCardinality(String),
  org_id UUID,
  outcome LowCardinality(String),
  queued_at Nullable(DateTime64(3, 'UTC')),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(Nullable(String)),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, build_id, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_keys (
  digest FixedString(32) default unhex(digest_hex),
  digest_hex String ephemeral defaultValueOfTypeName('String'),
  key UUID,
  org_id UUID,
  place String,
  seen_at DateTime64(3, 'UTC'),
  seq UInt64
) engine = ReplacingMergeTree(seq) ORDER BY (org_id, key) SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

create table all_mailmap_entries (
  email Nullable(String),
  is_deleted UInt8,
  name Nullable(String),
  old_email String,
  old_name String,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, old_email, old_name) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_provider_teams (
  description Nullable(String),
  id String,
  is_deleted UInt8,
  maintainers Array(String),
  members Array(String),
  name String,
  org_id UUID,
  parent Nullable(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repositories Array(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_raw (
  at Nullable(DateTime64(3, 'UTC')),
  chain FixedString(32) default unhex(chain_hex),
  chain_hex String ephemeral defaultValueOfTypeName('String'),
  connector LowCardinality(String),
  digest FixedString(32) default unhex(digest_hex),
  digest_hex String ephemeral defaultValueOfTypeName('String'),
  duplicate_of UInt64,
  encoding LowCardinality(String),
  headers String,
  id String,
  org_id UUID,
  payload String CODEC(ZSTD(3)),
  problem Nullable(String),
  received_at DateTime64(3, 'UTC'),
  seq UInt64,
  source LowCardinality(String),
  stream LowCardinality(String)
) engine = ReplacingMergeTree PARTITION BY toYear(received_at) ORDER BY (org_id, seq) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_releases (
  author LowCardinality(Nullable(String)),
  id String,
  is_deleted UInt8,
  is_draft Bool,
  is_prerelease Bool,
  name String,
  org_id UUID,
  project LowCardinality(Nullable(String)),
  published_at Nullable(DateTime64(3, 'UTC')),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(Nullable(String)),
  revision Nullable(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  tag Nullable(String),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_repositories (
  default_branch Nullable(String),
  id String,
  is_deleted UInt8,
  org_id UUID,
  previous_names Array(String),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  title String,
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_reviews (
  at DateTime64(3, 'UTC'),
  author LowCardinality(Nullable(String)),
  author_is_bot Bool,
  change_id String,
  id String,
  is_deleted UInt8,
  kind LowCardinality(String),
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  state LowCardinality(Nullable(String)),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, change_id, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_shipments (
  change_id Nullable(String),
  deployed_at DateTime64(3, 'UTC'),
  deployment_id String,
  environment LowCardinality(String),
  is_deleted UInt8,
  method LowCardinality(String),
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(String),
  seen_at DateTime64(3, 'UTC'),
  service LowCardinality(String),
  sha String,
  source LowCardinality(String),
  started_at DateTime64(3, 'UTC'),
  title String
) engine = ReplacingMergeTree(seen_at, is_deleted) PARTITION BY toYYYYMM(deployed_at) ORDER BY (org_id, environment, service, deployed_at, sha) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1, index_granularity = 8192;

create table all_sprints (
  board_id Nullable(String),
  completed_at Nullable(DateTime64(3, 'UTC')),
  ends_at Nullable(DateTime64(3, 'UTC')),
  goal Nullable(String),
  id String,
  is_deleted UInt8,
  name String,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  started_at Nullable(DateTime64(3, 'UTC')),
  state LowCardinality(String),
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_team_rules (
  kind LowCardinality(String),
  lineage Array(String),
  org_id UUID,
  pattern String,
  place UInt32,
  regex String,
  team String,
  version UInt64
) engine = ReplacingMergeTree ORDER BY (org_id, version, place) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_teams (
  lineage Array(String),
  name String,
  org_id UUID,
  slug String,
  version UInt64
) engine = ReplacingMergeTree ORDER BY (org_id, version, slug) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_transitions (
  actor LowCardinality(Nullable(String)),
  at DateTime64(3, 'UTC'),
  field LowCardinality(String),
  from_category LowCardinality(Nullable(String)),
  from_value Nullable(String),
  id String,
  is_deleted UInt8,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  repository LowCardinality(Nullable(String)),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  subject_id String,
  subject_type LowCardinality(String),
  to_category LowCardinality(Nullable(String)),
  to_value Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, subject_type, subject_id, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_work_items (
  assignee LowCardinality(Nullable(String)),
  components Array(String),
  created_at DateTime64(3, 'UTC'),
  due_at Nullable(DateTime64(3, 'UTC')),
  estimate Nullable(Float64),
  estimated_seconds Nullable(Float64),
  fix_versions Array(String),
  id String,
  is_deleted UInt8,
  kind LowCardinality(String),
  kind_name LowCardinality(Nullable(String)),
  labels Array(String),
  org_id UUID,
  parent_id Nullable(String),
  priority LowCardinality(Nullable(String)),
  project LowCardinality(Nullable(String)),
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  reporter LowCardinality(Nullable(String)),
  repository LowCardinality(Nullable(String)),
  resolution LowCardinality(Nullable(String)),
  resolved_at Nullable(DateTime64(3, 'UTC')),
  seen_at DateTime64(3, 'UTC'),
  severity LowCardinality(Nullable(String)),
  source LowCardinality(String),
  spent_seconds Nullable(Float64),
  sprint_ids Array(String),
  status LowCardinality(String),
  status_name LowCardinality(Nullable(String)),
  title String,
  url Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create table all_worklogs (
  author LowCardinality(Nullable(String)),
  id String,
  is_deleted UInt8,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  seconds Float64,
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  started_at DateTime64(3, 'UTC'),
  work_item_id String
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, source, work_item_id, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

create view deploy_events (
  commit_at Nullable(DateTime64(3, 'UTC')),
  environment LowCardinality(String),
  git_sha Nullable(String),
  id String,
  kind String,
  occurred_at DateTime64(3, 'UTC'),
  org_id UUID,
  ref_id Nullable(String),
  service LowCardinality(String),
  succeeded Bool
) engine = View as
SELECT id, kind, service, revision AS git_sha, environment_name AS environment, CAST(outcome = 'success', 'Bool') AS succeeded, commit_at, ref_id, at AS occurred_at, org_id FROM all_deployments FINAL WHERE outcome IN ('success', 'failure') UNION ALL SELECT id, if(state = 'opened', 'incident_opened', 'incident_closed') AS kind, ifNull(service, '') AS service, revision AS git_sha, ifNull(environment_name, '') AS environment, true AS succeeded, CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS commit_at, ref_id, at AS occurred_at, org_id FROM all_incident_states FINAL WHERE state IN ('opened', 'closed');
