import { quoted } from '../src/store/mysql-name.ts'
import type { Mysql } from '../src/store/mysql.ts'

/**
 * Tables of DevLake's domain layer as its migrations leave them. `!` is a part of the primary key, v40 a varchar(40), lt longtext, bi bigint, dt
 * datetime(3), fl tinyint(1), db double.
 */
const BASE = 'created_at dt, updated_at dt, _raw_data_params v255, _raw_data_table v255, _raw_data_id bi, _raw_data_remark lt'
const FRESH: Readonly<Record<string, string>> = {
  repos:
    'id v255!, name lt, url lt, description lt, owner_id v255, language v255, forked_from lt, created_date dt, updated_date dt, deleted fl',
  commits:
    'sha v40!, additions bi, deletions bi, dev_eq bi, message lt, author_name v255, author_email v255, authored_date dt, author_id v255, committer_name v255, committer_email v255, committed_date dt, committer_id v255',
  repo_commits: 'repo_id v255!, commit_sha v40!',
  commit_parents: 'commit_sha v40!, parent_commit_sha v40!',
  pull_requests:
    'id v255!, base_repo_id v191, head_repo_id v191, status v100, original_status v100, title lt, description lt, url v255, author_name v100, author_id v100, merged_by_name v100, merged_by_id v100, parent_pr_id v100, pull_request_key bi, created_date dt, merged_date dt, closed_date dt, type v100, component v100, merge_commit_sha v40, head_ref v255, base_ref v255, base_commit_sha v40, head_commit_sha v40, additions bi, deletions bi, is_draft fl',
  pull_request_commits:
    'commit_sha v40!, pull_request_id v255!, commit_author_name v255, commit_author_email v255, commit_authored_date dt',
  pull_request_comments:
    'id v255!, pull_request_id v191, body lt, account_id v255, created_date dt, commit_sha v255, type v255, review_id v255, status v255',
  pull_request_labels: 'pull_request_id v255!, label_name v255!',
  pull_request_reviewers: 'pull_request_id v255!, reviewer_id v255!, name v255, user_name v255',
  cicd_scopes: 'id v255!, name v255, description lt, url v255, created_date dt, updated_date dt',
  cicd_pipelines:
    'id v255!, name v255, display_title lt, url lt, result v100, status v100, original_status v100, original_result v100, type v100, duration_sec db, queued_duration_sec db, environment v255, created_date dt, queued_date dt, started_date dt, finished_date dt, cicd_scope_id v255, is_child fl',
  cicd_pipeline_commits:
    'pipeline_id v255!, commit_sha v255!, commit_msg lt, display_title lt, url lt, branch v255, repo_id v255, repo_url lt',
  cicd_tasks:
    'id v255!, name v255, pipeline_id v255, result v100, status v100, original_status v100, original_result v100, type v100, environment v255, duration_sec db, queued_duration_sec db, created_date dt, queued_date dt, started_date dt, finished_date dt, cicd_scope_id v255',
  cicd_deployments:
    'id v255!, cicd_scope_id v255, name lt, display_title lt, url lt, result v100, status v100, original_status v100, original_result v100, environment v255, original_environment v255, created_date dt, queued_date dt, started_date dt, finished_date dt, duration_sec db, queued_duration_sec db, subtask_name v255',
  cicd_deployment_commits:
    'id v255!, commit_sha v255!, cicd_scope_id v255, cicd_deployment_id v255, name v255, display_title lt, url lt, result v100, status v100, original_status v100, original_result v100, environment v255, original_environment v255, created_date dt, queued_date dt, started_date dt, finished_date dt, duration_sec db, queued_duration_sec db, commit_msg lt, ref_name v255, repo_id v255, repo_url v500, prev_success_deployment_commit_id v255, subtask_name v255',
  cicd_releases:
    'id v255!, published_at dt, cicd_scope_id v255, name v255, display_title v255, description lt, url lt, is_draft fl, is_latest fl, is_prerelease fl, author_id v255, repo_id v255, tag_name lt, commit_sha v255',
  boards: 'id v255!, name v255, description lt, url v255, created_date dt, type v255',
  board_issues: 'board_id v255!, issue_id v255!',
  board_repos: 'board_id v255!, repo_id v255!',
  issues:
    'id v255!, url v255, icon_url v255, issue_key v255, title lt, description lt, epic_key v255, type v100, original_type v500, status v100, original_status v100, story_point db, resolution_date dt, created_date dt, updated_date dt, lead_time_minutes bi, original_estimate_minutes bi, time_spent_minutes bi, time_remaining_minutes bi, creator_id v255, creator_name v255, assignee_id v255, assignee_name v255, parent_issue_id v255, priority v255, severity v255, urgency v255, component lt, original_project v255, is_subtask fl, due_date dt, fix_versions lt',
  issue_labels: 'issue_id v255!, label_name v255!',
  issue_changelogs:
    'id v255!, issue_id v255, author_id v255, author_name v255, field_id v255, field_name v255, original_from_value lt, original_to_value lt, from_value lt, to_value lt, created_date dt',
  issue_worklogs: 'id v255!, author_id v255, comment lt, time_spent_minutes bi, logged_date dt, started_date dt, issue_id v255',
  incidents:
    'id v255!, url v255, incident_key v255, title lt, description lt, status v100, original_status v100, resolution_date dt, created_date dt, updated_date dt, lead_time_minutes bi, original_estimate_minutes bi, time_spent_minutes bi, time_remaining_minutes bi, creator_id v255, creator_name v255, parent_incident_id v255, priority v255, severity v255, urgency v255, component v255, original_project v255, table v255, scope_id v255, assignee_id v255, assignee_name v255',
  sprints: 'id v255!, name v255, url v255, status v100, started_date dt, ended_date dt, completed_date dt, original_board_id v255',
  sprint_issues: 'sprint_id v255!, issue_id v255!',
  accounts: 'id v255!, email v255, full_name v255, user_name v255, avatar_url v255, organization v255, created_date dt, status bi',
  users: 'id v255!, email v255, name v255',
  user_accounts: 'user_id v255, account_id v255!',
  teams: 'id v255!, name v255, alias v255, parent_id v255, sorting_index bi',
  team_users: 'team_id v255!, user_id v255!',
  projects: 'name v255!, description lt',
  project_mapping: 'project_name v255!, table v255!, row_id v255!',
  project_pr_metrics: 'id v255!, project_name v100!, pr_cycle_time bi',
  _raw_github_api_runs: 'id v255!, data lt',
  _tool_github_connections: 'id v255!, token lt',
}

/** What came later, which a database of an older version does not have. */
const LATER: Readonly<Record<string, readonly string[] | null>> = {
  incidents: null,
  cicd_releases: null,
  board_repos: null,
  cicd_deployment_commits: ['original_environment', 'display_title', 'url', 'subtask_name', 'original_result', 'original_status'],
  cicd_deployments: ['original_environment', 'display_title', 'url', 'subtask_name', 'original_result', 'original_status'],
  cicd_pipelines: ['display_title', 'url', 'original_result', 'original_status'],
  pull_requests: ['is_draft', 'merged_by_id', 'merged_by_name'],
  issues: ['due_date', 'fix_versions', 'urgency', 'is_subtask'],
}

const TYPES: Readonly<Record<string, string>> = { lt: 'longtext', bi: 'bigint', dt: 'datetime(3)', fl: 'tinyint(1)', db: 'double' }

/** `fresh`: as the newest version makes it. `upgraded`: an older version, whose columns a migration has put into another order. */
export type Age = 'fresh' | 'upgraded'

export async function makeDevlake(mysql: Mysql, age: Age): Promise<void> {
  for (const [table, columns] of Object.entries(FRESH)) {
    const later = age === 'fresh' ? [] : LATER[table]
    if (later === null) continue
    const all = `${columns}, ${BASE}`.split(', ').map((one) => one.split(' ') as [string, string])
    const key = all.filter(([, type]) => type.endsWith('!')).map(([name]) => name)
    const made = all
      .filter(([name]) => later === undefined || !later.includes(name))
      .map(([name, type]) => {
        const plain = type.replace('!', '')
        return `${quoted(name)} ${TYPES[plain] ?? `varchar(${plain.slice(1)})`}${key.includes(name) ? ' not null' : ''}`
      })
    const order = age === 'fresh' ? made : made.toReversed()
    await mysql.run(
      `create table ${quoted(table)} (${order.join(', ')}, primary key (${key.map(quoted).join(', ')})) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin`,
    )
  }
}

type Value = string | number | boolean | null
/** Rows as DevLake would write them at `at`; columns that this version does not have are left out. */
export async function fill(
  mysql: Mysql,
  age: Age,
  table: string,
  rows: readonly Readonly<Record<string, Value>>[],
  at = '2026-03-01T00:00:00.000Z',
): Promise<void> {
  const later = age === 'fresh' ? [] : LATER[table]
  if (later === null || rows.length === 0) return
  const types = new Map(`${FRESH[table] ?? ''}, ${BASE}`.split(', ').map((one) => one.split(' ') as [string, string]))
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => later === undefined || !later.includes(name))
  const columns = Object.fromEntries([...names, 'created_at', 'updated_at'].map((name) => [name, typeOf(types.get(name) ?? 'v255')]))
  await mysql.write(
    { name: table, columns },
    rows.map((row) => ({ created_at: at, updated_at: at, ...Object.fromEntries(names.map((name) => [name, row[name] ?? null])) })),
  )
}

function typeOf(type: string): string {
  return { dt: 'datetime', bi: 'bigint', db: 'double', fl: 'boolean' }[type.replace('!', '')] ?? 'text'
}
