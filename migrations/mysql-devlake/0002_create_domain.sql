-- why: the tables of DevLake's domain layer by their names and columns, for the dashboards that are written for it. Types are wide enough for what Fairlead keeps; `_raw_data_params` is the key by which Fairlead knows its row, `_raw_data_table` says that it is Fairlead's. One long file: a database has all of these tables or none.

-- What is delivered from, and which projects it belongs to.
create table if not exists projects (
  name varchar(255) not null,
  description longtext,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (name),
  index idx_projects_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists project_mapping (
  project_name varchar(255) not null,
  `table` varchar(255) not null,
  row_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (project_name, `table`, row_id),
  index idx_project_mapping_row_id (row_id),
  index idx_project_mapping_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists repos (
  id varchar(255) not null,
  name longtext,
  url longtext,
  description longtext,
  owner_id varchar(255) default null,
  language varchar(255) default null,
  forked_from longtext,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  deleted tinyint(1) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_repos_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_scopes (
  id varchar(255) not null,
  name varchar(255) default null,
  description longtext,
  url longtext,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_cicd_scopes_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- Code. A sha has 64 characters, as SHA-256 has.
create table if not exists commits (
  sha varchar(64) not null,
  additions bigint default null,
  deletions bigint default null,
  dev_eq bigint default null,
  message longtext,
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
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (sha),
  index idx_commits_author_id (author_id),
  index idx_commits_authored_date (authored_date),
  index idx_commits_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists repo_commits (
  repo_id varchar(255) not null,
  commit_sha varchar(64) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (repo_id, commit_sha),
  index idx_repo_commits_commit_sha (commit_sha),
  index idx_repo_commits_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists commit_parents (
  commit_sha varchar(64) not null,
  parent_commit_sha varchar(64) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (commit_sha, parent_commit_sha),
  index idx_commit_parents_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists pull_requests (
  id varchar(255) not null,
  base_repo_id varchar(255) default null,
  head_repo_id varchar(255) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  title longtext,
  description longtext,
  url longtext,
  author_name varchar(255) default null,
  author_id varchar(255) default null,
  merged_by_name varchar(255) default null,
  merged_by_id varchar(255) default null,
  parent_pr_id varchar(255) default null,
  pull_request_key bigint default null,
  created_date datetime(3) default null,
  merged_date datetime(3) default null,
  closed_date datetime(3) default null,
  type varchar(100) default null,
  component varchar(100) default null,
  merge_commit_sha varchar(64) default null,
  head_ref varchar(255) default null,
  base_ref varchar(255) default null,
  base_commit_sha varchar(64) default null,
  head_commit_sha varchar(64) default null,
  additions bigint default null,
  deletions bigint default null,
  is_draft tinyint(1) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_pull_requests_base_repo_id (base_repo_id),
  index idx_pull_requests_author_id (author_id),
  index idx_pull_requests_merged_date (merged_date),
  index idx_pull_requests_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists pull_request_commits (
  commit_sha varchar(64) not null,
  pull_request_id varchar(255) not null,
  commit_author_name varchar(255) default null,
  commit_author_email varchar(255) default null,
  commit_authored_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (commit_sha, pull_request_id),
  index idx_pull_request_commits_pull_request_id (pull_request_id),
  index idx_pull_request_commits_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists pull_request_comments (
  id varchar(255) not null,
  pull_request_id varchar(255) default null,
  body longtext,
  account_id varchar(255) default null,
  created_date datetime(3) default null,
  commit_sha varchar(255) default null,
  type varchar(255) default null,
  review_id varchar(255) default null,
  status varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_pull_request_comments_pull_request_id (pull_request_id),
  index idx_pull_request_comments_account_id (account_id),
  index idx_pull_request_comments_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists pull_request_labels (
  pull_request_id varchar(255) not null,
  label_name varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (pull_request_id, label_name),
  index idx_pull_request_labels_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- CI and CD.
create table if not exists cicd_pipelines (
  id varchar(255) not null,
  name varchar(255) default null,
  display_title longtext,
  url longtext,
  result varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  original_result varchar(100) default null,
  type varchar(100) default null,
  duration_sec double default null,
  queued_duration_sec double default null,
  environment varchar(255) default null,
  created_date datetime(3) default null,
  queued_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  cicd_scope_id varchar(255) default null,
  is_child tinyint(1) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_cicd_pipelines_cicd_scope_id (cicd_scope_id),
  index idx_cicd_pipelines_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_pipeline_commits (
  pipeline_id varchar(255) not null,
  commit_sha varchar(255) not null,
  commit_msg longtext,
  display_title longtext,
  url longtext,
  branch varchar(255) default null,
  repo_id varchar(255) default null,
  repo_url longtext,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (pipeline_id, commit_sha),
  index idx_cicd_pipeline_commits_repo_id (repo_id),
  index idx_cicd_pipeline_commits_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_tasks (
  id varchar(255) not null,
  name varchar(255) default null,
  pipeline_id varchar(255) default null,
  result varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  original_result varchar(100) default null,
  type varchar(100) default null,
  environment varchar(255) default null,
  duration_sec double default null,
  queued_duration_sec double default null,
  created_date datetime(3) default null,
  queued_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  cicd_scope_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_cicd_tasks_pipeline_id (pipeline_id),
  index idx_cicd_tasks_cicd_scope_id (cicd_scope_id),
  index idx_cicd_tasks_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_deployments (
  id varchar(255) not null,
  cicd_scope_id varchar(255) default null,
  name longtext,
  display_title longtext,
  url longtext,
  result varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  original_result varchar(100) default null,
  environment varchar(255) default null,
  original_environment varchar(255) default null,
  created_date datetime(3) default null,
  queued_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  duration_sec double default null,
  queued_duration_sec double default null,
  subtask_name varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_cicd_deployments_cicd_scope_id (cicd_scope_id),
  index idx_cicd_deployments_finished_date (finished_date),
  index idx_cicd_deployments_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_deployment_commits (
  id varchar(255) not null,
  commit_sha varchar(255) not null,
  cicd_deployment_id varchar(255) default null,
  cicd_scope_id varchar(255) default null,
  name longtext,
  display_title longtext,
  url longtext,
  result varchar(100) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  original_result varchar(100) default null,
  environment varchar(255) default null,
  original_environment varchar(255) default null,
  created_date datetime(3) default null,
  queued_date datetime(3) default null,
  started_date datetime(3) default null,
  finished_date datetime(3) default null,
  duration_sec double default null,
  queued_duration_sec double default null,
  subtask_name varchar(255) default null,
  commit_msg longtext,
  ref_name varchar(255) default null,
  repo_id varchar(255) default null,
  repo_url varchar(500) default null,
  prev_success_deployment_commit_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id, commit_sha),
  index idx_cicd_deployment_commits_cicd_scope_id (cicd_scope_id),
  index idx_cicd_deployment_commits_cicd_deployment_id (cicd_deployment_id),
  index idx_cicd_deployment_commits_commit_sha (commit_sha),
  index idx_cicd_deployment_commits_environment_result_finished_date (environment, result, finished_date),
  index idx_cicd_deployment_commits_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists cicd_releases (
  id varchar(255) not null,
  published_at datetime(3) default null,
  cicd_scope_id varchar(255) default null,
  name varchar(255) default null,
  display_title varchar(255) default null,
  description longtext,
  url longtext,
  is_draft tinyint(1) default null,
  is_latest tinyint(1) default null,
  is_prerelease tinyint(1) default null,
  author_id varchar(255) default null,
  repo_id varchar(255) default null,
  tag_name varchar(255) default null,
  commit_sha varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_cicd_releases_repo_id (repo_id),
  index idx_cicd_releases_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- Work and incidents.
create table if not exists boards (
  id varchar(255) not null,
  name varchar(255) default null,
  description longtext,
  url longtext,
  created_date datetime(3) default null,
  type varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_boards_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists board_issues (
  board_id varchar(255) not null,
  issue_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (board_id, issue_id),
  index idx_board_issues_issue_id (issue_id),
  index idx_board_issues_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists board_repos (
  board_id varchar(255) not null,
  repo_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (board_id, repo_id),
  index idx_board_repos_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists board_sprints (
  board_id varchar(255) not null,
  sprint_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (board_id, sprint_id),
  index idx_board_sprints_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists issues (
  id varchar(255) not null,
  url longtext,
  icon_url longtext,
  issue_key varchar(255) default null,
  title longtext,
  description longtext,
  epic_key varchar(255) default null,
  type varchar(100) default null,
  original_type varchar(500) default null,
  status varchar(100) default null,
  original_status varchar(100) default null,
  story_point double default null,
  resolution_date datetime(3) default null,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  lead_time_minutes bigint unsigned default null,
  original_estimate_minutes bigint default null,
  time_spent_minutes bigint default null,
  time_remaining_minutes bigint default null,
  creator_id varchar(255) default null,
  creator_name varchar(255) default null,
  assignee_id varchar(255) default null,
  assignee_name varchar(255) default null,
  parent_issue_id varchar(255) default null,
  priority varchar(255) default null,
  severity varchar(255) default null,
  urgency varchar(255) default null,
  component longtext,
  original_project varchar(255) default null,
  is_subtask tinyint(1) default null,
  due_date datetime(3) default null,
  fix_versions longtext,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_issues_creator_id (creator_id),
  index idx_issues_assignee_id (assignee_id),
  index idx_issues_type_created_date (type, created_date),
  index idx_issues_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists issue_labels (
  issue_id varchar(255) not null,
  label_name varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (issue_id, label_name),
  index idx_issue_labels_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists issue_changelogs (
  id varchar(255) not null,
  issue_id varchar(255) default null,
  author_id varchar(255) default null,
  author_name varchar(255) default null,
  field_id varchar(255) default null,
  field_name varchar(255) default null,
  original_from_value longtext,
  original_to_value longtext,
  from_value longtext,
  to_value longtext,
  created_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_issue_changelogs_issue_id (issue_id),
  index idx_issue_changelogs_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists issue_comments (
  id varchar(255) not null,
  issue_id varchar(255) default null,
  body longtext,
  account_id varchar(255) default null,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_issue_comments_issue_id (issue_id),
  index idx_issue_comments_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists issue_worklogs (
  id varchar(255) not null,
  author_id varchar(255) default null,
  comment longtext,
  time_spent_minutes bigint default null,
  logged_date datetime(3) default null,
  started_date datetime(3) default null,
  issue_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_issue_worklogs_issue_id (issue_id),
  index idx_issue_worklogs_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists sprints (
  id varchar(255) not null,
  name varchar(255) default null,
  url longtext,
  status varchar(100) default null,
  started_date datetime(3) default null,
  ended_date datetime(3) default null,
  completed_date datetime(3) default null,
  original_board_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_sprints_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists sprint_issues (
  sprint_id varchar(255) not null,
  issue_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (sprint_id, issue_id),
  index idx_sprint_issues_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists incidents (
  id varchar(255) not null,
  url longtext,
  incident_key varchar(255) default null,
  title longtext,
  description longtext,
  status varchar(100) default null,
  original_status varchar(100) default null,
  resolution_date datetime(3) default null,
  created_date datetime(3) default null,
  updated_date datetime(3) default null,
  lead_time_minutes bigint unsigned default null,
  original_estimate_minutes bigint default null,
  time_spent_minutes bigint default null,
  time_remaining_minutes bigint default null,
  creator_id varchar(255) default null,
  creator_name varchar(255) default null,
  parent_incident_id varchar(255) default null,
  priority varchar(255) default null,
  severity varchar(255) default null,
  urgency varchar(255) default null,
  component varchar(255) default null,
  original_project varchar(255) default null,
  `table` varchar(255) default null,
  scope_id varchar(255) default null,
  assignee_id varchar(255) default null,
  assignee_name varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_incidents_table_scope_id (`table`, scope_id),
  index idx_incidents_resolution_date (resolution_date),
  index idx_incidents_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists pull_request_issues (
  pull_request_id varchar(255) not null,
  issue_id varchar(255) not null,
  pull_request_key bigint default null,
  issue_key varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (pull_request_id, issue_id),
  index idx_pull_request_issues_issue_id (issue_id),
  index idx_pull_request_issues_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- People.
create table if not exists accounts (
  id varchar(255) not null,
  email varchar(255) default null,
  full_name varchar(255) default null,
  user_name varchar(255) default null,
  avatar_url varchar(255) default null,
  organization varchar(255) default null,
  created_date datetime(3) default null,
  status bigint default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_accounts_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists users (
  id varchar(255) not null,
  email varchar(255) default null,
  name varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_users_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists user_accounts (
  user_id varchar(255) default null,
  account_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (account_id),
  index idx_user_accounts_user_id (user_id),
  index idx_user_accounts_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists teams (
  id varchar(255) not null,
  name varchar(255) default null,
  alias varchar(255) default null,
  parent_id varchar(255) default null,
  sorting_index bigint default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id),
  index idx_teams_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists team_users (
  team_id varchar(255) not null,
  user_id varchar(255) not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (team_id, user_id),
  index idx_team_users_user_id (user_id),
  index idx_team_users_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- Computed: by Fairlead, not by DevLake.
create table if not exists project_pr_metrics (
  id varchar(255) not null,
  project_name varchar(255) not null,
  first_commit_sha varchar(64) default null,
  pr_coding_time bigint default null,
  first_review_id varchar(255) default null,
  pr_pickup_time bigint default null,
  pr_review_time bigint default null,
  deployment_commit_id varchar(255) default null,
  pr_deploy_time bigint default null,
  pr_cycle_time bigint default null,
  first_commit_authored_date datetime(3) default null,
  first_comment_date datetime(3) default null,
  pr_created_date datetime(3) default null,
  pr_merged_date datetime(3) default null,
  pr_deployed_date datetime(3) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id, project_name),
  index idx_project_pr_metrics_project_name (project_name),
  index idx_project_pr_metrics_deployment_commit_id (deployment_commit_id),
  index idx_project_pr_metrics_pr_deployed_date (pr_deployed_date),
  index idx_project_pr_metrics_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists project_incident_deployment_relationships (
  id varchar(255) not null,
  project_name varchar(255) not null,
  deployment_id varchar(255) default null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  _raw_data_params varchar(255) default null,
  _raw_data_table varchar(255) default null,
  _raw_data_id bigint unsigned default null,
  _raw_data_remark longtext,
  primary key (id, project_name),
  index idx_project_incident_deployment_relationships_deployment_id (deployment_id),
  index idx_project_incident_deployment_relationships_raw_data_params (_raw_data_params)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- Stays empty: the differences of commits are computed where the attribution is.
create table if not exists commits_diffs (
  new_commit_sha varchar(64) not null,
  old_commit_sha varchar(64) not null,
  commit_sha varchar(64) not null,
  sorting_index bigint default null,
  primary key (new_commit_sha, old_commit_sha, commit_sha)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
-- What boards call the levels, and the months that their charts have.
create table if not exists dora_benchmarks (
  id bigint unsigned not null,
  created_at datetime(3) default null,
  updated_at datetime(3) default null,
  metric varchar(255) default null,
  low varchar(255) default null,
  medium varchar(255) default null,
  high varchar(255) default null,
  elite varchar(255) default null,
  dora_report varchar(20) default null,
  primary key (id)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
--next
create table if not exists calendar_months (
  month varchar(20) not null,
  month_timestamp datetime(3) default null,
  primary key (month)
) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin
