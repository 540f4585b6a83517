-- why: the tables and views of the reference schema, by which other tools read figures of delivery. Names, types and indexes are fixed there.

-- What the tools said, as they said it. `params` names the source, `id` is the place in Fairlead's log. The reference fixes the names alone; the columns are DevLake's, with `input` as text, since JSON is a type of its own on MySQL only.
create table if not exists _raw_github_repos (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_github_commits (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_github_pull_requests (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_jenkins_builds (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_jenkins_jobs (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_jenkins_test_results (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_argocd_applications (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_argocd_syncs (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists _raw_argocd_app_status (
  id bigint unsigned not null auto_increment primary key,
  params varchar(255) default null,
  data longblob,
  url longtext,
  input longtext,
  created_at datetime(3) default null,
  index idx_params (params),
  index idx_created_at (created_at)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists deployments (
  id varchar(255) not null primary key,
  cicd_scope_id varchar(255) not null,
  name varchar(255) default null,
  result varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  environment varchar(255) default null,
  created_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  duration_sec bigint default null,
  commit_sha varchar(255) default null,
  ref_name varchar(255) default null,
  repo_id varchar(255) default null,
  repo_url varchar(255) default null,
  prev_success_deployment_commit_id varchar(255) default null,
  display_title varchar(255) default null,
  url varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  index idx_cicd_scope_id (cicd_scope_id),
  index idx_commit_sha (commit_sha),
  index idx_finished_date (finished_date),
  index idx_environment (environment),
  index idx_result (result),
  index idx_deployments_frequency (cicd_scope_id, environment, result, finished_date),
  index idx_deployments_leadtime (commit_sha, finished_date),
  index idx_deployments_cfr (cicd_scope_id, environment, result)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists commits (
  sha varchar(255) not null primary key,
  additions int default null,
  deletions int default null,
  dev_eq int default null,
  message mediumtext,
  author_name varchar(255) default null,
  author_email varchar(255) default null,
  authored_date datetime(3) default null,
  author_id varchar(255) default null,
  committer_name varchar(255) default null,
  committer_email varchar(255) default null,
  committed_date datetime(3) default null,
  committer_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  index idx_authored_date (authored_date),
  index idx_author_id (author_id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists incidents (
  id varchar(255) not null primary key,
  issue_id varchar(255) default null,
  url varchar(255) default null,
  number varchar(255) default null,
  title varchar(255) default null,
  description mediumtext,
  priority varchar(255) default null,
  severity varchar(255) default null,
  type varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  closed_date datetime(3) default null,
  lead_time_minutes bigint default null,
  resolution_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  index idx_created_date (created_date),
  index idx_resolution_date (resolution_date),
  index idx_severity (severity),
  index idx_status (status),
  index idx_incidents_mttr (severity, created_date, resolution_date)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists cicd_deployments (
  id varchar(255) not null primary key,
  cicd_scope_id varchar(255) not null,
  name varchar(255) default null,
  result varchar(100) default null,
  status varchar(100) default null,
  environment varchar(255) default null,
  created_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  duration_sec bigint default null,
  queued_duration_sec bigint default null,
  commit_sha varchar(255) default null,
  ref_name varchar(255) default null,
  repo_id varchar(255) default null,
  display_title varchar(255) default null,
  url varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  index idx_cicd_scope_id (cicd_scope_id),
  index idx_commit_sha (commit_sha),
  index idx_environment (environment),
  index idx_finished_date (finished_date)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists project_metric_settings (
  id bigint auto_increment primary key,
  project_name varchar(255) not null,
  plugin_name varchar(255) not null,
  plugin_option text,
  enable tinyint(1) default 1,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  unique key uk_project_plugin (project_name, plugin_name)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create table if not exists dora_benchmarks (
  id bigint auto_increment primary key,
  metric_name varchar(100) not null,
  performance_level varchar(50) not null,
  min_value decimal(10,2) default null,
  max_value decimal(10,2) default null,
  unit varchar(50) default null,
  description text,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  unique key uk_metric_level (metric_name, performance_level)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_unicode_ci
--next
create or replace view v_dora_deployment_frequency as
select
  cicd_scope_id as project_id,
  environment,
  date(finished_date) as deployment_date,
  count(*) as deployment_count,
  count(*) / 1.0 as deployments_per_day
from deployments
where result = 'SUCCESS'
  and environment = 'production'
  and finished_date is not null
group by cicd_scope_id, environment, date(finished_date)
--next
create or replace view v_dora_lead_time as
select
  d.cicd_scope_id as project_id,
  d.id as deployment_id,
  d.commit_sha,
  c.authored_date as commit_date,
  d.finished_date as deployment_date,
  timestampdiff(SECOND, c.authored_date, d.finished_date) as lead_time_seconds,
  timestampdiff(MINUTE, c.authored_date, d.finished_date) as lead_time_minutes
from deployments d
join commits c on d.commit_sha = c.sha
where d.result = 'SUCCESS' and d.environment = 'production'
--next
create or replace view v_dora_cfr as
select
  cicd_scope_id as project_id,
  count(*) as total_deployments,
  sum(case when result = 'FAILURE' then 1 else 0 end) as failed_deployments,
  (sum(case when result = 'FAILURE' then 1 else 0 end) * 100.0 / count(*)) as failure_rate_percent
from deployments
where environment = 'production'
group by cicd_scope_id
--next
create or replace view v_dora_mttr as
select
  i.id as incident_id,
  i.severity,
  i.created_date as incident_created,
  i.resolution_date as incident_resolved,
  timestampdiff(MINUTE, i.created_date, i.resolution_date) as mttr_minutes
from incidents i
where i.resolution_date is not null
  and i.severity in ('high', 'medium')
