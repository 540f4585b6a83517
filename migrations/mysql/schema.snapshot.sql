-- Generated: the schema that all migrations make, in one file however long.

create table _raw_argocd_app_status (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_argocd_applications (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_argocd_syncs (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_github_commits (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_github_pull_requests (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_github_repos (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_jenkins_builds (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_jenkins_jobs (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table _raw_jenkins_test_results (
  created_at datetime(3),
  data longblob,
  id bigint unsigned not null auto_increment,
  input longtext,
  params varchar(255),
  url longtext,
  primary key (id),
  index idx_created_at (created_at),
  index idx_params (params)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table cicd_deployments (
  cicd_scope_id varchar(255) not null,
  commit_sha varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  display_title varchar(255),
  duration_sec bigint,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  name varchar(255),
  queued_duration_sec bigint,
  ref_name varchar(255),
  repo_id varchar(255),
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  updated_at datetime(3),
  url varchar(255),
  primary key (id),
  index idx_cicd_scope_id (cicd_scope_id),
  index idx_commit_sha (commit_sha),
  index idx_environment (environment),
  index idx_finished_date (finished_date)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table commits (
  additions int,
  author_email varchar(255),
  author_id varchar(255),
  author_name varchar(255),
  authored_date datetime(3),
  committed_date datetime(3),
  committer_email varchar(255),
  committer_id varchar(255),
  committer_name varchar(255),
  created_at datetime(3),
  deletions int,
  dev_eq int,
  message mediumtext,
  sha varchar(255) not null,
  updated_at datetime(3),
  primary key (sha),
  index idx_author_id (author_id),
  index idx_authored_date (authored_date)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table deployments (
  cicd_scope_id varchar(255) not null,
  commit_sha varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  display_title varchar(255),
  duration_sec bigint,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  name varchar(255),
  original_status varchar(100),
  prev_success_deployment_commit_id varchar(255),
  ref_name varchar(255),
  repo_id varchar(255),
  repo_url varchar(255),
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  updated_at datetime(3),
  url varchar(255),
  primary key (id),
  index idx_cicd_scope_id (cicd_scope_id),
  index idx_commit_sha (commit_sha),
  index idx_deployments_cfr (cicd_scope_id, environment, result),
  index idx_deployments_frequency (cicd_scope_id, environment, result, finished_date),
  index idx_deployments_leadtime (commit_sha, finished_date),
  index idx_environment (environment),
  index idx_finished_date (finished_date),
  index idx_result (result)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table dora_benchmarks (
  created_at datetime(3),
  description text,
  id bigint not null auto_increment,
  max_value decimal(10,2),
  metric_name varchar(100) not null,
  min_value decimal(10,2),
  performance_level varchar(50) not null,
  unit varchar(50),
  updated_at datetime(3),
  primary key (id),
  unique index uk_metric_level (metric_name, performance_level)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table fairlead_export_months (
  digest char(16) not null,
  month char(7) not null,
  row_count bigint not null,
  table_name varchar(64) not null,
  primary key (table_name, month)
) engine = InnoDB collate = utf8mb4_bin;

create table fairlead_export_rows (
  digest char(16) not null,
  id varchar(255) not null,
  month char(7) not null,
  table_name varchar(64) not null,
  primary key (table_name, id),
  index fairlead_export_rows_month (table_name, month, id)
) engine = InnoDB collate = utf8mb4_bin;

create table fairlead_exports (
  finished_at datetime(3),
  org_id char(36) not null,
  row_count bigint not null,
  started_at datetime(3) not null,
  table_name varchar(64) not null,
  through bigint not null,
  primary key (table_name)
) engine = InnoDB collate = utf8mb4_bin;

create table incidents (
  closed_date datetime(3),
  created_at datetime(3),
  created_date datetime(3),
  description mediumtext,
  id varchar(255) not null,
  issue_id varchar(255),
  lead_time_minutes bigint,
  number varchar(255),
  original_status varchar(100),
  priority varchar(255),
  resolution_date datetime(3),
  severity varchar(255),
  status varchar(100),
  title varchar(255),
  type varchar(100),
  updated_at datetime(3),
  updated_date datetime(3),
  url varchar(255),
  primary key (id),
  index idx_created_date (created_date),
  index idx_incidents_mttr (severity, created_date, resolution_date),
  index idx_resolution_date (resolution_date),
  index idx_severity (severity),
  index idx_status (status)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create table project_metric_settings (
  created_at datetime(3),
  enable tinyint(1) default 1,
  id bigint not null auto_increment,
  plugin_name varchar(255) not null,
  plugin_option text,
  project_name varchar(255) not null,
  updated_at datetime(3),
  primary key (id),
  unique index uk_project_plugin (project_name, plugin_name)
) engine = InnoDB collate = utf8mb4_unicode_ci;

create view v_dora_cfr as
select deployments.cicd_scope_id as project_id, count 0 as total_deployments, sum case when deployments.result = 'FAILURE' then 1 else 0 end as failed_deployments, sum case when deployments.result = 'FAILURE' then 1 else 0 end * 100.0 / count 0 as failure_rate_percent from deployments where deployments.environment = 'production' group by deployments.cicd_scope_id;

create view v_dora_deployment_frequency as
select deployments.cicd_scope_id as project_id, deployments.environment as environment, cast deployments.finished_date as date as deployment_date, count 0 as deployment_count, count 0 / 1.0 as deployments_per_day from deployments where deployments.result = 'SUCCESS' and deployments.environment = 'production' and deployments.finished_date is not null group by deployments.cicd_scope_id, deployments.environment, cast deployments.finished_date as date;

create view v_dora_lead_time as
select d.cicd_scope_id as project_id, d.id as deployment_id, d.commit_sha as commit_sha, c.authored_date as commit_date, d.finished_date as deployment_date, timestampdiff second, c.authored_date, d.finished_date as lead_time_seconds, timestampdiff minute, c.authored_date, d.finished_date as lead_time_minutes from deployments d join commits c on d.commit_sha = c.sha where d.result = 'SUCCESS' and d.environment = 'production';

create view v_dora_mttr as
select i.id as incident_id, i.severity as severity, i.created_date as incident_created, i.resolution_date as incident_resolved, timestampdiff minute, i.created_date, i.resolution_date as mttr_minutes from incidents i where i.resolution_date is not null and i.severity in 'high', 'medium';
