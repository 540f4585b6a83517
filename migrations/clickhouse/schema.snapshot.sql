-- Generated: the schema that all migrations make, in one file however long.

create view _raw_argocd_app_status (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'argocd') AND (stream = 'health') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_argocd_applications (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'argocd') AND (stream = 'applications') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_argocd_syncs (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'argocd') AND (stream = 'syncs') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_github_commits (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'github') AND (stream = 'commits') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_github_pull_requests (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'github') AND (stream = 'pull_requests') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_github_repos (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'github') AND (stream = 'repositories') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_jenkins_builds (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'jenkins') AND (stream = 'builds') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_jenkins_jobs (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'jenkins') AND (stream = 'jobs') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

create view _raw_jenkins_test_results (
  created_at DateTime64(3, 'UTC'),
  data String,
  id UInt64,
  input Nullable(String),
  org_id UUID,
  params LowCardinality(String),
  source LowCardinality(String),
  url Nullable(String)
) engine = View as
SELECT seq AS id, concat('{"fairlead_source":', toJSONString(toString(source)), '}') AS params, payload AS data, CAST(NULL, 'Nullable(String)') AS url, CAST(NULL, 'Nullable(String)') AS input, received_at AS created_at, org_id, toString(source) AS source FROM all_raw FINAL WHERE (connector = 'jenkins') AND (stream = 'test_results') AND (duplicate_of = 0) AND (encoding = 'utf8') AND (payload != '');

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

create table all_choices (
  digest String,
  org_id UUID,
  version UInt64
) engine = ReplacingMergeTree ORDER BY (org_id, version) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

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

create table all_dora_benchmarks (
  created_at Nullable(DateTime64(3, 'UTC')),
  description String,
  max_value Nullable(Decimal(10, 2)),
  metric_name String,
  min_value Nullable(Decimal(10, 2)),
  org_id UUID,
  performance_level String,
  unit String,
  updated_at Nullable(DateTime64(3, 'UTC')),
  version UInt64
) engine = ReplacingMergeTree ORDER BY (org_id, version, metric_name, performance_level) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

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

create table all_insights (
  at DateTime64(3, 'UTC'),
  change_id String,
  id String,
  is_deleted UInt8,
  org_id UUID,
  raw_seq UInt64,
  received_at DateTime64(3, 'UTC'),
  recommendation Nullable(String),
  repository LowCardinality(String),
  revision Nullable(String),
  risk LowCardinality(Nullable(String)),
  seen_at DateTime64(3, 'UTC'),
  source LowCardinality(String),
  summary Nullable(String)
) engine = ReplacingMergeTree(seen_at, is_deleted) ORDER BY (org_id, repository, change_id, source, id) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

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

create table all_project_metric_settings (
  created_at Nullable(DateTime64(3, 'UTC')),
  enable UInt8,
  org_id UUID,
  plugin_name String,
  plugin_option String,
  project_name String,
  updated_at Nullable(DateTime64(3, 'UTC')),
  version UInt64
) engine = ReplacingMergeTree ORDER BY (org_id, version, project_name, plugin_name) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, index_granularity = 8192;

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

create view cicd_deployments (
  cicd_scope_id LowCardinality(String),
  commit_sha Nullable(String),
  created_at DateTime64(3, 'UTC'),
  created_date DateTime64(3, 'UTC'),
  display_title Nullable(String),
  duration_sec Nullable(Int64),
  environment String,
  finished_date DateTime64(3, 'UTC'),
  id String,
  name Nullable(String),
  org_id UUID,
  queued_duration_sec Nullable(Int64),
  ref_name Nullable(String),
  repo_id Nullable(String),
  result String,
  source LowCardinality(String),
  started_date Nullable(DateTime64(3, 'UTC')),
  status String,
  updated_at DateTime64(3, 'UTC'),
  url Nullable(String)
) engine = View as
SELECT id, cicd_scope_id, name, result, status, environment, created_date, started_date, finished_date, duration_sec, CAST(NULL, 'Nullable(Int64)') AS queued_duration_sec, commit_sha, ref_name, repo_id, display_title, url, created_at, updated_at, org_id, source FROM deployments;

create view commits (
  additions Nullable(UInt32),
  author_email Nullable(String),
  author_id Nullable(String),
  author_name Nullable(String),
  authored_date DateTime64(3, 'UTC'),
  committed_date Nullable(DateTime64(3, 'UTC')),
  committer_email Nullable(String),
  committer_id Nullable(String),
  committer_name Nullable(String),
  created_at DateTime64(3, 'UTC'),
  deletions Nullable(UInt32),
  dev_eq Nullable(Int32),
  message String,
  org_id UUID,
  sha String,
  source String,
  updated_at DateTime64(3, 'UTC')
) engine = View as
SELECT sha, any(c.additions) AS additions, any(c.deletions) AS deletions, CAST(NULL, 'Nullable(Int32)') AS dev_eq, argMin(c.subject, c.repository) AS message, CAST(argMin(c.author_name, c.repository), 'Nullable(String)') AS author_name, CAST(argMin(c.author_email, c.repository), 'Nullable(String)') AS author_email, min(c.authored_at) AS authored_date, author_email AS author_id, CAST(argMin(c.committer_name, c.repository), 'Nullable(String)') AS committer_name, CAST(argMin(c.committer_email, c.repository), 'Nullable(String)') AS committer_email, CAST(min(c.committed_at), 'Nullable(DateTime64(3, \'UTC\'))') AS committed_date, committer_email AS committer_id, min(c.received_at) AS created_at, max(c.seen_at) AS updated_at, c.org_id AS org_id, toString(argMin(c.source, c.repository)) AS source FROM all_commits AS c FINAL GROUP BY c.org_id, sha UNION ALL SELECT sha, NULL, NULL, NULL, '' AS message, NULL, NULL, min(e.said_at) AS authored_date, NULL, NULL, NULL, NULL, NULL, min(e.received_at) AS created_at, max(e.seen_at) AS updated_at, e.org_id AS org_id, toString(any(e.source)) AS source FROM (SELECT org_id, assumeNotNull(revision) AS sha, assumeNotNull(commit_at) AS said_at, received_at, seen_at, source FROM all_deployments FINAL WHERE (kind = 'deploy') AND (revision IS NOT NULL) AND (commit_at IS NOT NULL)) AS e ANTI LEFT JOIN (SELECT DISTINCT org_id, sha FROM all_commits WHERE is_deleted = 0) AS known ON (known.org_id = e.org_id) AND (known.sha = e.sha) GROUP BY e.org_id, sha;

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

create view deployments (
  cicd_scope_id LowCardinality(String),
  commit_sha Nullable(String),
  created_at DateTime64(3, 'UTC'),
  created_date DateTime64(3, 'UTC'),
  display_title Nullable(String),
  duration_sec Nullable(Int64),
  environment String,
  finished_date DateTime64(3, 'UTC'),
  id String,
  name Nullable(String),
  org_id UUID,
  original_status LowCardinality(String),
  prev_success_deployment_commit_id Nullable(String),
  ref_name Nullable(String),
  repo_id Nullable(String),
  repo_url Nullable(String),
  result String,
  source LowCardinality(String),
  started_date Nullable(DateTime64(3, 'UTC')),
  status String,
  updated_at DateTime64(3, 'UTC'),
  url Nullable(String)
) engine = View as
WITH full AS (SELECT s.org_id AS org_id, s.revision AS revision, any(c.sha) AS sha FROM (SELECT DISTINCT org_id, assumeNotNull(revision) AS revision FROM all_deployments WHERE (length(revision) >= 7) AND (length(revision) <= 39)) AS s INNER JOIN (SELECT DISTINCT org_id, sha FROM all_commits WHERE is_deleted = 0) AS c ON (c.org_id = s.org_id) AND (substring(c.sha, 1, 7) = substring(s.revision, 1, 7)) WHERE startsWith(c.sha, s.revision) GROUP BY org_id, revision HAVING uniqExact(c.sha) = 1) SELECT d.id AS id, toString(d.service) AS cicd_scope_id, coalesce(d.title, d.version) AS name, multiIf(d.outcome = 'success', 'SUCCESS', d.outcome = 'failure', 'FAILURE', 'ABORTED') AS result, 'DONE' AS status, toString(d.outcome) AS original_status, toString(if(d.environment = 'other', d.environment_name, d.environment)) AS environment, ifNull(d.started_at, d.at) AS created_date, d.started_at AS started_date, d.at AS finished_date, intDiv(dateDiff('millisecond', d.started_at, d.at), 1000) AS duration_sec, coalesce(full.sha, d.revision) AS commit_sha, d.ref AS ref_name, CAST(d.repository, 'Nullable(String)') AS repo_id, r.url AS repo_url, if(d.outcome = 'success', nullIf(lagInFrame(d.id) OVER (PARTITION BY d.org_id, d.service, d.environment, d.environment_name, d.outcome ORDER BY d.at ASC, d.id ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), ''), NULL) AS prev_success_deployment_commit_id, d.title AS display_title, d.url AS url, d.received_at AS created_at, d.seen_at AS updated_at, d.org_id AS org_id, toString(d.source) AS source FROM (SELECT * FROM all_deployments FINAL WHERE (kind = 'deploy') AND (outcome IN ('success', 'failure', 'cancelled'))) AS d LEFT JOIN full ON (full.org_id = d.org_id) AND (full.revision = d.revision) LEFT JOIN (SELECT org_id, id, url FROM all_repositories FINAL) AS r ON (r.org_id = d.org_id) AND (r.id = d.repository);

create view dora_benchmarks (
  created_at Nullable(DateTime64(3, 'UTC')),
  description String,
  id Int64,
  max_value Nullable(Decimal(10, 2)),
  metric_name String,
  min_value Nullable(Decimal(10, 2)),
  org_id UUID,
  performance_level String,
  unit String,
  updated_at Nullable(DateTime64(3, 'UTC'))
) engine = View as
SELECT toInt64(bitAnd(sipHash64(metric_name, performance_level), 9007199254740991)) AS id, metric_name, performance_level, min_value, max_value, unit, description, created_at, updated_at, org_id FROM all_dora_benchmarks FINAL WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id);

create view incidents (
  closed_date Nullable(DateTime64(3, 'UTC')),
  created_at DateTime64(3, 'UTC'),
  created_date Nullable(DateTime64(3, 'UTC')),
  description Nullable(String),
  id String,
  issue_id Nullable(String),
  lead_time_minutes Nullable(Int64),
  number Nullable(String),
  org_id UUID,
  original_status String,
  priority Nullable(String),
  resolution_date Nullable(DateTime64(3, 'UTC')),
  severity Nullable(String),
  source LowCardinality(String),
  status String,
  title Nullable(String),
  type String,
  updated_at DateTime64(3, 'UTC'),
  updated_date DateTime64(3, 'UTC'),
  url Nullable(String)
) engine = View as
SELECT id, CAST(NULL, 'Nullable(String)') AS issue_id, url, CAST(NULL, 'Nullable(String)') AS number, title, CAST(NULL, 'Nullable(String)') AS description, sent AS priority, multiIf(sent IS NULL, NULL, match(lowerUTF8(sent), '^(critical|crit|fatal|emergency|blocker|highest|high|major|urgent|error|(sev|s|p)[ _-]?[01]|1)$'), 'high', match(lowerUTF8(sent), '^(medium|moderate|normal|warning|warn|average|(sev|s|p)[ _-]?2|2)$'), 'medium', match(lowerUTF8(sent), '^(low|lowest|minor|trivial|info|information|informational|none|(sev|s|p)[ _-]?[345]|[345])$'), 'low', sent) AS severity, 'INCIDENT' AS type, multiIf(resolution_date IS NOT NULL, 'DONE', acknowledged, 'IN_PROGRESS', 'TODO') AS status, multiIf(resolution_date IS NOT NULL, 'closed', acknowledged, 'acknowledged', 'opened') AS original_status, created_date, updated_date, resolution_date AS closed_date, intDiv(dateDiff('millisecond', created_date, resolution_date), 60000) AS lead_time_minutes, resolution_date, created_at, updated_at, org_id, source FROM (SELECT s.id AS id, argMin(s.url, (s.state != 'opened', s.at)) AS url, argMin(s.title, (s.state != 'opened', s.at)) AS title, CAST(argMin(s.severity, (s.state != 'opened', s.at)), 'Nullable(String)') AS sent, countIf(s.state = 'acknowledged') > 0 AS acknowledged, if(countIf(s.state = 'opened') = 0, NULL, minIf(s.at, s.state = 'opened')) AS created_date, max(s.at) AS updated_date, if(countIf(s.state = 'closed') = 0, NULL, maxIf(s.at, s.state = 'closed')) AS resolution_date, min(s.received_at) AS created_at, max(s.seen_at) AS updated_at, s.org_id AS org_id, toString(s.source) AS source FROM all_incident_states AS s FINAL GROUP BY s.org_id, s.source, s.id);

create view insights (
  commit_sha Nullable(String),
  created_at DateTime64(3, 'UTC'),
  id UUID,
  org_id UUID,
  pr_number Nullable(Int32),
  processed Bool,
  recommendation Nullable(String),
  repo_id LowCardinality(UUID),
  risk_level Nullable(String),
  source LowCardinality(String),
  summary Nullable(String)
) engine = View as
SELECT ifNull(toUUIDOrNull(id), reinterpretAsUUID(MD5(concat('insight ', toString(source), ' ', id)))) AS id, reinterpretAsUUID(MD5(concat('repository ', toString(repository)))) AS repo_id, toInt32OrNull(extract(change_id, '[#!](\\d+)$')) AS pr_number, revision AS commit_sha, CAST(risk, 'Nullable(String)') AS risk_level, summary, recommendation, false AS processed, at AS created_at, org_id, toString(source) AS source FROM all_insights FINAL;

create view pipeline_runs (
  commit_sha Nullable(String),
  created_at DateTime64(3, 'UTC'),
  id UUID,
  org_id UUID,
  pr_number Int32,
  processed Bool,
  repo_id LowCardinality(UUID),
  source LowCardinality(String),
  status_approval String,
  status_build String,
  status_merge String,
  status_pr String,
  updated_at DateTime64(3, 'UTC')
) engine = View as
WITH words AS (SELECT org_id, repository, revision, concat('build ', source, ' ', workflow) AS what, argMax(outcome, (attempt_at, attempt, id)) AS outcome, max(at) AS told_at, ref FROM (SELECT org_id, toString(assumeNotNull(repository)) AS repository, assumeNotNull(revision) AS revision, toString(source) AS source, toString(workflow) AS workflow, toString(outcome) AS outcome, coalesce(queued_at, started_at, at) AS attempt_at, attempt, id, at, ifNull(ref, '') AS ref FROM all_builds FINAL WHERE (repository IS NOT NULL) AND (revision IS NOT NULL)) GROUP BY org_id, repository, revision, source, workflow, ref UNION ALL SELECT org_id, repository, revision, concat('check ', source, ' ', kind, ' ', name) AS what, argMax(outcome, (at, id)) AS outcome, max(at) AS told_at, '' AS ref FROM (SELECT org_id, toString(assumeNotNull(repository)) AS repository, assumeNotNull(revision) AS revision, toString(source) AS source, toString(kind) AS kind, toString(name) AS name, toString(outcome) AS outcome, at, id FROM all_checks FINAL WHERE (repository IS NOT NULL) AND (revision IS NOT NULL)) GROUP BY org_id, repository, revision, source, kind, name), builds_of AS (SELECT c.org_id AS org_id, c.repository AS repository, c.id AS id, countIf((w.outcome = 'failure') AND (NOT is_approval)) AS failed, countIf((w.outcome = 'running') AND (NOT is_approval)) AS running, countIf((w.outcome = 'success') AND (NOT is_approval)) AS passed, countIf((w.outcome = 'success') AND is_approval) AS approved, countIf((w.outcome = 'failure') AND is_approval) AS refused, max(w.told_at) AS told_at FROM (SELECT org_id, toString(repository) AS repository, id, assumeNotNull(head_sha) AS head_sha, ifNull(base_ref, '') AS base_ref FROM all_changes FINAL WHERE head_sha IS NOT NULL) AS c INNER JOIN (SELECT *, endsWith(what, ' FlowLens approval') AS is_approval FROM words) AS w ON (w.org_id = c.org_id) AND (w.repository = c.repository) AND (w.revision = c.head_sha) WHERE (w.ref = '') OR (w.ref != c.base_ref) GROUP BY org_id, repository, id), reviews_of AS (SELECT org_id, repository, change_id, countIf(verdict = 'approved') AS approved, countIf(verdict = 'changes_requested') AS refused, count() AS verdicts, max(told_at) AS told_at FROM (SELECT org_id, toString(repository) AS repository, change_id, ifNull(toString(author), id) AS reviewer, argMax(assumeNotNull(toString(state)), (at, id)) AS verdict, max(at) AS told_at FROM all_reviews FINAL WHERE (kind = 'review') AND (state IN ('approved', 'changes_requested', 'dismissed')) GROUP BY org_id, repository, change_id, reviewer) GROUP BY org_id, repository, change_id), heads_of AS (SELECT org_id, subject_id, count() AS heads FROM all_transitions FINAL WHERE (subject_type = 'change') AND (field = 'head_sha') GROUP BY org_id, subject_id), late_of AS (SELECT org_id, toString(repository) AS repository, change_id, arrayMax(started_at) AS last_at FROM all_change_commits FINAL WHERE notEmpty(started_at)) SELECT reinterpretAsUUID(MD5(concat('pipeline run ', c.id))) AS id, reinterpretAsUUID(MD5(concat('repository ', c.repository))) AS repo_id, toInt32(c.number) AS pr_number, c.head_sha AS commit_sha, multiIf(c.state = 'merged', 'merged', c.state = 'closed', 'closed', c.is_draft, 'pending', (ifNull(h.heads, 0) > 0) OR ifNull(l.last_at > c.created_at, false), 'updated', 'opened') AS status_pr, multiIf(ifNull(b.failed, 0) > 0, 'failed', ifNull(b.running, 0) > 0, 'running', ifNull(b.passed, 0) > 0, 'passed', 'pending') AS status_build, multiIf(ifNull(r.refused, 0) > 0, 'changes_requested', ifNull(r.approved, 0) > 0, 'approved', ifNull(r.verdicts, 0) > 0, 'pending', ifNull(b.refused, 0) > 0, 'changes_requested', ifNull(b.approved, 0) > 0, 'approved', 'pending') AS status_approval, multiIf(c.state = 'merged', 'merged', c.state = 'closed', 'closed', 'pending') AS status_merge, false AS processed, c.created_at AS created_at, greatest(c.seen_at, ifNull(b.told_at, c.created_at), ifNull(r.told_at, c.created_at)) AS updated_at, c.org_id AS org_id, c.source AS source FROM (SELECT org_id, id, toString(repository) AS repository, number, toString(state) AS state, is_draft, head_sha, created_at, seen_at, toString(source) AS source FROM all_changes FINAL) AS c LEFT JOIN builds_of AS b ON (b.org_id = c.org_id) AND (b.repository = c.repository) AND (b.id = c.id) LEFT JOIN reviews_of AS r ON (r.org_id = c.org_id) AND (r.repository = c.repository) AND (r.change_id = c.id) LEFT JOIN heads_of AS h ON (h.org_id = c.org_id) AND (h.subject_id = c.id) LEFT JOIN late_of AS l ON (l.org_id = c.org_id) AND (l.repository = c.repository) AND (l.change_id = c.id);

create view project_metric_settings (
  created_at Nullable(DateTime64(3, 'UTC')),
  enable UInt8,
  id Int64,
  org_id UUID,
  plugin_name String,
  plugin_option String,
  project_name String,
  updated_at Nullable(DateTime64(3, 'UTC'))
) engine = View as
SELECT toInt64(bitAnd(sipHash64(project_name, plugin_name), 9007199254740991)) AS id, project_name, plugin_name, plugin_option, enable, created_at, updated_at, org_id FROM all_project_metric_settings FINAL WHERE (org_id, version) IN (SELECT org_id, max(version) FROM all_choices GROUP BY org_id);

create view pull_requests (
  additions Nullable(UInt32),
  author Nullable(String),
  author_avatar Nullable(String),
  branch_name Nullable(String),
  commit_sha Nullable(String),
  created_at DateTime64(3, 'UTC'),
  deletions Nullable(UInt32),
  files_changed Nullable(String),
  id UUID,
  org_id UUID,
  pr_number Int32,
  processed Bool,
  repo_id LowCardinality(UUID),
  source LowCardinality(String),
  state LowCardinality(String),
  title String,
  updated_at DateTime64(3, 'UTC')
) engine = View as
SELECT reinterpretAsUUID(MD5(concat('change ', c.id))) AS id, reinterpretAsUUID(MD5(concat('repository ', toString(c.repository)))) AS repo_id, toInt32(c.number) AS pr_number, c.title AS title, CAST(c.author, 'Nullable(String)') AS author, CAST(NULL, 'Nullable(String)') AS author_avatar, c.head_sha AS commit_sha, c.head_ref AS branch_name, toString(c.state) AS state, if(f.change_id IS NULL, NULL, toJSONString(arrayMap(path -> map('filename', path), f.paths))) AS files_changed, c.additions AS additions, c.deletions AS deletions, false AS processed, c.created_at AS created_at, greatest(c.seen_at, ifNull(f.seen_at, c.seen_at)) AS updated_at, c.org_id AS org_id, toString(c.source) AS source FROM (SELECT * FROM all_changes FINAL) AS c LEFT JOIN (SELECT org_id, repository, toNullable(change_id) AS change_id, paths, toNullable(seen_at) AS seen_at FROM all_change_files FINAL) AS f ON (f.org_id = c.org_id) AND (f.repository = c.repository) AND (f.change_id = c.id);

create view repositories (
  created_at DateTime64(3, 'UTC'),
  description Nullable(String),
  full_name String,
  github_id Nullable(Int64),
  id UUID,
  is_private Nullable(Bool),
  name String,
  org_id UUID,
  owner String,
  owner_avatar_url Nullable(String),
  source String,
  updated_at DateTime64(3, 'UTC')
) engine = View as
SELECT reinterpretAsUUID(MD5(concat('repository ', full_name))) AS id, CAST(NULL, 'Nullable(Int64)') AS github_id, arrayElement(splitByChar('/', full_name), -1) AS name, full_name, substring(full_name, 1, greatest((length(full_name) - length(name)) - 1, 0)) AS owner, CAST(NULL, 'Nullable(String)') AS owner_avatar_url, CAST(NULL, 'Nullable(Bool)') AS is_private, CAST(NULL, 'Nullable(String)') AS description, min(received_at) AS created_at, max(seen_at) AS updated_at, org_id, argMax(told_by, described) AS source FROM (SELECT org_id, id AS full_name, toString(source) AS told_by, received_at, seen_at, 1 AS described FROM all_repositories FINAL UNION ALL SELECT org_id, toString(repository) AS full_name, toString(source) AS told_by, received_at, seen_at, 0 AS described FROM all_changes FINAL) GROUP BY org_id, full_name;

create view v_dora_cfr (
  failed_deployments UInt64,
  failure_rate_percent Float64,
  org_id UUID,
  project_id LowCardinality(String),
  total_deployments UInt64
) engine = View as
SELECT toString(service) AS project_id, count() AS total_deployments, countIf(outcome = 'failure') AS failed_deployments, (failed_deployments * 100.) / total_deployments AS failure_rate_percent, org_id FROM all_deployments FINAL WHERE (kind = 'deploy') AND (outcome IN ('success', 'failure', 'cancelled')) AND (environment = 'production') GROUP BY org_id, project_id;

create view v_dora_deployment_frequency (
  deployment_count UInt64,
  deployment_date Date,
  deployments_per_day Float64,
  environment LowCardinality(String),
  org_id UUID,
  project_id LowCardinality(String)
) engine = View as
SELECT cicd_scope_id AS project_id, environment, toDate(finished_date) AS deployment_date, count() AS deployment_count, toFloat64(count()) AS deployments_per_day, org_id FROM (SELECT toString(service) AS cicd_scope_id, toString(environment) AS environment, at AS finished_date, org_id FROM all_deployments FINAL WHERE (kind = 'deploy') AND (outcome = 'success') AND (environment = 'production')) GROUP BY org_id, project_id, environment, deployment_date;

create view v_dora_lead_time (
  commit_date DateTime64(3, 'UTC'),
  commit_sha Nullable(String),
  deployment_date DateTime64(3, 'UTC'),
  deployment_id String,
  lead_time_minutes Int64,
  lead_time_seconds Int64,
  org_id UUID,
  project_id LowCardinality(String)
) engine = View as
SELECT d.cicd_scope_id AS project_id, d.id AS deployment_id, d.commit_sha AS commit_sha, c.authored_date AS commit_date, d.finished_date AS deployment_date, intDiv(dateDiff('millisecond', c.authored_date, d.finished_date), 1000) AS lead_time_seconds, intDiv(dateDiff('millisecond', c.authored_date, d.finished_date), 60000) AS lead_time_minutes, d.org_id AS org_id FROM deployments AS d INNER JOIN commits AS c ON (c.org_id = d.org_id) AND (c.sha = d.commit_sha) WHERE (d.result = 'SUCCESS') AND (d.environment = 'production');

create view v_dora_mttr (
  incident_created Nullable(DateTime64(3, 'UTC')),
  incident_id String,
  incident_resolved Nullable(DateTime64(3, 'UTC')),
  mttr_minutes Nullable(Int64),
  org_id UUID,
  severity Nullable(String)
) engine = View as
SELECT id AS incident_id, severity, created_date AS incident_created, resolution_date AS incident_resolved, lead_time_minutes AS mttr_minutes, org_id FROM incidents WHERE (resolution_date IS NOT NULL) AND (severity IN ('high', 'medium'));
