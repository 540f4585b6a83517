-- Generated: the schema that all migrations make, in one file however long.

create table accounts (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  avatar_url varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  email varchar(255),
  full_name varchar(255),
  id varchar(255) not null,
  organization varchar(255),
  status bigint,
  updated_at datetime(3),
  user_name varchar(255),
  primary key (id),
  index idx_accounts_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table board_issues (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  board_id varchar(255) not null,
  created_at datetime(3),
  issue_id varchar(255) not null,
  updated_at datetime(3),
  primary key (board_id, issue_id),
  index idx_board_issues_issue_id (issue_id),
  index idx_board_issues_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table board_repos (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  board_id varchar(255) not null,
  created_at datetime(3),
  repo_id varchar(255) not null,
  updated_at datetime(3),
  primary key (board_id, repo_id),
  index idx_board_repos_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table board_sprints (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  board_id varchar(255) not null,
  created_at datetime(3),
  sprint_id varchar(255) not null,
  updated_at datetime(3),
  primary key (board_id, sprint_id),
  index idx_board_sprints_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table boards (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  description longtext,
  id varchar(255) not null,
  name varchar(255),
  type varchar(255),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_boards_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table calendar_months (
  month varchar(20) not null,
  month_timestamp datetime(3),
  primary key (month)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_deployment_commits (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  cicd_deployment_id varchar(255),
  cicd_scope_id varchar(255),
  commit_msg longtext,
  commit_sha varchar(255) not null,
  created_at datetime(3),
  created_date datetime(3),
  display_title longtext,
  duration_sec double,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  name longtext,
  original_environment varchar(255),
  original_result varchar(100),
  original_status varchar(100),
  prev_success_deployment_commit_id varchar(255),
  queued_date datetime(3),
  queued_duration_sec double,
  ref_name varchar(255),
  repo_id varchar(255),
  repo_url varchar(500),
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  subtask_name varchar(255),
  updated_at datetime(3),
  url longtext,
  primary key (id, commit_sha),
  index idx_cicd_deployment_commits_cicd_deployment_id (cicd_deployment_id),
  index idx_cicd_deployment_commits_cicd_scope_id (cicd_scope_id),
  index idx_cicd_deployment_commits_commit_sha (commit_sha),
  index idx_cicd_deployment_commits_environment_result_finished_date (environment, result, finished_date),
  index idx_cicd_deployment_commits_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_deployments (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  cicd_scope_id varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  display_title longtext,
  duration_sec double,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  name longtext,
  original_environment varchar(255),
  original_result varchar(100),
  original_status varchar(100),
  queued_date datetime(3),
  queued_duration_sec double,
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  subtask_name varchar(255),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_cicd_deployments_cicd_scope_id (cicd_scope_id),
  index idx_cicd_deployments_finished_date (finished_date),
  index idx_cicd_deployments_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_pipeline_commits (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  branch varchar(255),
  commit_msg longtext,
  commit_sha varchar(255) not null,
  created_at datetime(3),
  display_title longtext,
  pipeline_id varchar(255) not null,
  repo_id varchar(255),
  repo_url longtext,
  updated_at datetime(3),
  url longtext,
  primary key (pipeline_id, commit_sha),
  index idx_cicd_pipeline_commits_raw_data_params (_raw_data_params),
  index idx_cicd_pipeline_commits_repo_id (repo_id)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_pipelines (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  cicd_scope_id varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  display_title longtext,
  duration_sec double,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  is_child tinyint(1),
  name varchar(255),
  original_result varchar(100),
  original_status varchar(100),
  queued_date datetime(3),
  queued_duration_sec double,
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  type varchar(100),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_cicd_pipelines_cicd_scope_id (cicd_scope_id),
  index idx_cicd_pipelines_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_releases (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  author_id varchar(255),
  cicd_scope_id varchar(255),
  commit_sha varchar(255),
  created_at datetime(3),
  description longtext,
  display_title varchar(255),
  id varchar(255) not null,
  is_draft tinyint(1),
  is_latest tinyint(1),
  is_prerelease tinyint(1),
  name varchar(255),
  published_at datetime(3),
  repo_id varchar(255),
  tag_name varchar(255),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_cicd_releases_raw_data_params (_raw_data_params),
  index idx_cicd_releases_repo_id (repo_id)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_scopes (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  description longtext,
  id varchar(255) not null,
  name varchar(255),
  updated_at datetime(3),
  updated_date datetime(3),
  url longtext,
  primary key (id),
  index idx_cicd_scopes_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table cicd_tasks (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  cicd_scope_id varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  duration_sec double,
  environment varchar(255),
  finished_date datetime(3),
  id varchar(255) not null,
  name varchar(255),
  original_result varchar(100),
  original_status varchar(100),
  pipeline_id varchar(255),
  queued_date datetime(3),
  queued_duration_sec double,
  result varchar(100),
  started_date datetime(3),
  status varchar(100),
  type varchar(100),
  updated_at datetime(3),
  primary key (id),
  index idx_cicd_tasks_cicd_scope_id (cicd_scope_id),
  index idx_cicd_tasks_pipeline_id (pipeline_id),
  index idx_cicd_tasks_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table commit_parents (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  commit_sha varchar(64) not null,
  created_at datetime(3),
  parent_commit_sha varchar(64) not null,
  updated_at datetime(3),
  primary key (commit_sha, parent_commit_sha),
  index idx_commit_parents_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table commits (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  additions bigint,
  author_email varchar(255),
  author_id varchar(255),
  author_name varchar(255),
  authored_date datetime(3),
  committed_date datetime(3),
  committer_email varchar(255),
  committer_id varchar(255),
  committer_name varchar(255),
  created_at datetime(3),
  deletions bigint,
  dev_eq bigint,
  message longtext,
  sha varchar(64) not null,
  updated_at datetime(3),
  primary key (sha),
  index idx_commits_author_id (author_id),
  index idx_commits_authored_date (authored_date),
  index idx_commits_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table commits_diffs (
  commit_sha varchar(64) not null,
  new_commit_sha varchar(64) not null,
  old_commit_sha varchar(64) not null,
  sorting_index bigint,
  primary key (new_commit_sha, old_commit_sha, commit_sha)
) engine = InnoDB collate = utf8mb4_bin;

create table dora_benchmarks (
  created_at datetime(3),
  dora_report varchar(20),
  elite varchar(255),
  high varchar(255),
  id bigint unsigned not null,
  low varchar(255),
  medium varchar(255),
  metric varchar(255),
  updated_at datetime(3),
  primary key (id)
) engine = InnoDB collate = utf8mb4_bin;

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
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  assignee_id varchar(255),
  assignee_name varchar(255),
  component varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  creator_id varchar(255),
  creator_name varchar(255),
  description longtext,
  id varchar(255) not null,
  incident_key varchar(255),
  lead_time_minutes bigint unsigned,
  original_estimate_minutes bigint,
  original_project varchar(255),
  original_status varchar(100),
  parent_incident_id varchar(255),
  priority varchar(255),
  resolution_date datetime(3),
  scope_id varchar(255),
  severity varchar(255),
  status varchar(100),
  table varchar(255),
  time_remaining_minutes bigint,
  time_spent_minutes bigint,
  title longtext,
  updated_at datetime(3),
  updated_date datetime(3),
  urgency varchar(255),
  url longtext,
  primary key (id),
  index idx_incidents_raw_data_params (_raw_data_params),
  index idx_incidents_resolution_date (resolution_date),
  index idx_incidents_table_scope_id (table, scope_id)
) engine = InnoDB collate = utf8mb4_bin;

create table issue_changelogs (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  author_id varchar(255),
  author_name varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  field_id varchar(255),
  field_name varchar(255),
  from_value longtext,
  id varchar(255) not null,
  issue_id varchar(255),
  original_from_value longtext,
  original_to_value longtext,
  to_value longtext,
  updated_at datetime(3),
  primary key (id),
  index idx_issue_changelogs_issue_id (issue_id),
  index idx_issue_changelogs_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table issue_comments (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  account_id varchar(255),
  body longtext,
  created_at datetime(3),
  created_date datetime(3),
  id varchar(255) not null,
  issue_id varchar(255),
  updated_at datetime(3),
  updated_date datetime(3),
  primary key (id),
  index idx_issue_comments_issue_id (issue_id),
  index idx_issue_comments_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table issue_labels (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  issue_id varchar(255) not null,
  label_name varchar(255) not null,
  updated_at datetime(3),
  primary key (issue_id, label_name),
  index idx_issue_labels_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table issue_worklogs (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  author_id varchar(255),
  comment longtext,
  created_at datetime(3),
  id varchar(255) not null,
  issue_id varchar(255),
  logged_date datetime(3),
  started_date datetime(3),
  time_spent_minutes bigint,
  updated_at datetime(3),
  primary key (id),
  index idx_issue_worklogs_issue_id (issue_id),
  index idx_issue_worklogs_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table issues (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  assignee_id varchar(255),
  assignee_name varchar(255),
  component longtext,
  created_at datetime(3),
  created_date datetime(3),
  creator_id varchar(255),
  creator_name varchar(255),
  description longtext,
  due_date datetime(3),
  epic_key varchar(255),
  fix_versions longtext,
  icon_url longtext,
  id varchar(255) not null,
  is_subtask tinyint(1),
  issue_key varchar(255),
  lead_time_minutes bigint unsigned,
  original_estimate_minutes bigint,
  original_project varchar(255),
  original_status varchar(100),
  original_type varchar(500),
  parent_issue_id varchar(255),
  priority varchar(255),
  resolution_date datetime(3),
  severity varchar(255),
  status varchar(100),
  story_point double,
  time_remaining_minutes bigint,
  time_spent_minutes bigint,
  title longtext,
  type varchar(100),
  updated_at datetime(3),
  updated_date datetime(3),
  urgency varchar(255),
  url longtext,
  primary key (id),
  index idx_issues_assignee_id (assignee_id),
  index idx_issues_creator_id (creator_id),
  index idx_issues_raw_data_params (_raw_data_params),
  index idx_issues_type_created_date (type, created_date)
) engine = InnoDB collate = utf8mb4_bin;

create table project_incident_deployment_relationships (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  deployment_id varchar(255),
  id varchar(255) not null,
  project_name varchar(255) not null,
  updated_at datetime(3),
  primary key (id, project_name),
  index idx_project_incident_deployment_relationships_deployment_id (deployment_id),
  index idx_project_incident_deployment_relationships_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table project_mapping (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  project_name varchar(255) not null,
  row_id varchar(255) not null,
  table varchar(255) not null,
  updated_at datetime(3),
  primary key (project_name, table, row_id),
  index idx_project_mapping_raw_data_params (_raw_data_params),
  index idx_project_mapping_row_id (row_id)
) engine = InnoDB collate = utf8mb4_bin;

create table project_pr_metrics (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  deployment_commit_id varchar(255),
  first_comment_date datetime(3),
  first_commit_authored_date datetime(3),
  first_commit_sha varchar(64),
  first_review_id varchar(255),
  id varchar(255) not null,
  pr_coding_time bigint,
  pr_created_date datetime(3),
  pr_cycle_time bigint,
  pr_deploy_time bigint,
  pr_deployed_date datetime(3),
  pr_merged_date datetime(3),
  pr_pickup_time bigint,
  pr_review_time bigint,
  project_name varchar(255) not null,
  updated_at datetime(3),
  primary key (id, project_name),
  index idx_project_pr_metrics_deployment_commit_id (deployment_commit_id),
  index idx_project_pr_metrics_pr_deployed_date (pr_deployed_date),
  index idx_project_pr_metrics_project_name (project_name),
  index idx_project_pr_metrics_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table projects (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  description longtext,
  name varchar(255) not null,
  updated_at datetime(3),
  primary key (name),
  index idx_projects_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table pull_request_comments (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  account_id varchar(255),
  body longtext,
  commit_sha varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  id varchar(255) not null,
  pull_request_id varchar(255),
  review_id varchar(255),
  status varchar(255),
  type varchar(255),
  updated_at datetime(3),
  primary key (id),
  index idx_pull_request_comments_account_id (account_id),
  index idx_pull_request_comments_pull_request_id (pull_request_id),
  index idx_pull_request_comments_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table pull_request_commits (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  commit_author_email varchar(255),
  commit_author_name varchar(255),
  commit_authored_date datetime(3),
  commit_sha varchar(64) not null,
  created_at datetime(3),
  pull_request_id varchar(255) not null,
  updated_at datetime(3),
  primary key (commit_sha, pull_request_id),
  index idx_pull_request_commits_pull_request_id (pull_request_id),
  index idx_pull_request_commits_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table pull_request_issues (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  issue_id varchar(255) not null,
  issue_key varchar(255),
  pull_request_id varchar(255) not null,
  pull_request_key bigint,
  updated_at datetime(3),
  primary key (pull_request_id, issue_id),
  index idx_pull_request_issues_issue_id (issue_id),
  index idx_pull_request_issues_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table pull_request_labels (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  label_name varchar(255) not null,
  pull_request_id varchar(255) not null,
  updated_at datetime(3),
  primary key (pull_request_id, label_name),
  index idx_pull_request_labels_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table pull_requests (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  additions bigint,
  author_id varchar(255),
  author_name varchar(255),
  base_commit_sha varchar(64),
  base_ref varchar(255),
  base_repo_id varchar(255),
  closed_date datetime(3),
  component varchar(100),
  created_at datetime(3),
  created_date datetime(3),
  deletions bigint,
  description longtext,
  head_commit_sha varchar(64),
  head_ref varchar(255),
  head_repo_id varchar(255),
  id varchar(255) not null,
  is_draft tinyint(1),
  merge_commit_sha varchar(64),
  merged_by_id varchar(255),
  merged_by_name varchar(255),
  merged_date datetime(3),
  original_status varchar(100),
  parent_pr_id varchar(255),
  pull_request_key bigint,
  status varchar(100),
  title longtext,
  type varchar(100),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_pull_requests_author_id (author_id),
  index idx_pull_requests_base_repo_id (base_repo_id),
  index idx_pull_requests_merged_date (merged_date),
  index idx_pull_requests_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table repo_commits (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  commit_sha varchar(64) not null,
  created_at datetime(3),
  repo_id varchar(255) not null,
  updated_at datetime(3),
  primary key (repo_id, commit_sha),
  index idx_repo_commits_commit_sha (commit_sha),
  index idx_repo_commits_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table repos (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  created_date datetime(3),
  deleted tinyint(1),
  description longtext,
  forked_from longtext,
  id varchar(255) not null,
  language varchar(255),
  name longtext,
  owner_id varchar(255),
  updated_at datetime(3),
  updated_date datetime(3),
  url longtext,
  primary key (id),
  index idx_repos_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table sprint_issues (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  issue_id varchar(255) not null,
  sprint_id varchar(255) not null,
  updated_at datetime(3),
  primary key (sprint_id, issue_id),
  index idx_sprint_issues_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table sprints (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  completed_date datetime(3),
  created_at datetime(3),
  ended_date datetime(3),
  id varchar(255) not null,
  name varchar(255),
  original_board_id varchar(255),
  started_date datetime(3),
  status varchar(100),
  updated_at datetime(3),
  url longtext,
  primary key (id),
  index idx_sprints_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table team_users (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  team_id varchar(255) not null,
  updated_at datetime(3),
  user_id varchar(255) not null,
  primary key (team_id, user_id),
  index idx_team_users_raw_data_params (_raw_data_params),
  index idx_team_users_user_id (user_id)
) engine = InnoDB collate = utf8mb4_bin;

create table teams (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  alias varchar(255),
  created_at datetime(3),
  id varchar(255) not null,
  name varchar(255),
  parent_id varchar(255),
  sorting_index bigint,
  updated_at datetime(3),
  primary key (id),
  index idx_teams_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;

create table user_accounts (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  account_id varchar(255) not null,
  created_at datetime(3),
  updated_at datetime(3),
  user_id varchar(255),
  primary key (account_id),
  index idx_user_accounts_raw_data_params (_raw_data_params),
  index idx_user_accounts_user_id (user_id)
) engine = InnoDB collate = utf8mb4_bin;

create table users (
  _raw_data_id bigint unsigned,
  _raw_data_params varchar(255),
  _raw_data_remark longtext,
  _raw_data_table varchar(255),
  created_at datetime(3),
  email varchar(255),
  id varchar(255) not null,
  name varchar(255),
  updated_at datetime(3),
  primary key (id),
  index idx_users_raw_data_params (_raw_data_params)
) engine = InnoDB collate = utf8mb4_bin;
