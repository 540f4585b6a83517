import type { Mysql } from '../../src/store/mysql.ts'
import { fill, type Age } from '../../bench/devlake-database.ts'

/** A month of one shop, small enough to count by hand: each figure stands beside what it comes from. */
const REPO = 'github:GithubRepo:1:11'
export const sha = (n: number) => String(n).padStart(40, 'a')

/** Five commits in a row, on the days on which they are deployed. */
const COMMITS = [
  ['2026-02-02T09:00:00.000Z', 'Первый коммит 🚀'],
  ['2026-02-03T09:00:00.000Z', 'Second'],
  ['2026-02-04T09:00:00.000Z', 'Third'],
  ['2026-02-05T09:00:00.000Z', 'Fourth'],
  ['2026-02-05T13:00:00.000Z', `Revert "Fourth"\n\nThis reverts commit ${sha(4)}.`],
] as const

/** In production: three successes and a failure; one was cancelled, and one went to staging. */
const DEPLOYMENTS = [
  ['d1', 1, 'PRODUCTION', 'prod-eu', 'SUCCESS', 'success', '2026-02-02T10:00:00.000Z'],
  ['d2', 3, 'PRODUCTION', 'prod-eu', 'SUCCESS', 'success', '2026-02-04T13:00:00.000Z'],
  ['d3', 4, 'PRODUCTION', 'prod-eu', 'FAILURE', 'failure', '2026-02-05T12:00:00.000Z'],
  ['d4', 5, 'PRODUCTION', 'prod-eu', 'SUCCESS', 'success', '2026-02-05T14:00:00.000Z'],
  ['d5', 5, 'PRODUCTION', 'prod-eu', 'FAILURE', 'canceled', '2026-02-06T10:00:00.000Z'],
  ['d6', 5, 'STAGING', 'stage', 'SUCCESS', 'success', '2026-02-06T11:00:00.000Z'],
] as const

export async function tellStory(mysql: Mysql, age: Age): Promise<void> {
  const write = (table: string, rows: Parameters<typeof fill>[3]) => fill(mysql, age, table, rows)
  await write('repos', [{ id: REPO, name: 'acme/shop', url: 'https://user:secret@github.com/acme/shop.git' }])
  await write(
    'commits',
    COMMITS.map(([at, message], index) => ({
      sha: sha(index + 1),
      message,
      author_name: 'Ада Лавлейс',
      author_email: 'ada@example.org',
      authored_date: at,
      committer_name: 'Ада Лавлейс',
      committer_email: 'ada@example.org',
      committed_date: at,
      additions: 10,
      deletions: index === 4 ? null : 1,
    })),
  )
  // The last one is a commit that `commits` does not have.
  await write(
    'repo_commits',
    [1, 2, 3, 4, 5, 9].map((n) => ({ repo_id: REPO, commit_sha: sha(n) })),
  )
  await write(
    'commit_parents',
    [2, 3, 4, 5].map((n) => ({ commit_sha: sha(n), parent_commit_sha: sha(n - 1) })),
  )
  await write('pull_requests', [
    {
      id: 'github:GithubPullRequest:1:5',
      base_repo_id: REPO,
      pull_request_key: 5,
      title: 'Корзина 🛒',
      status: 'MERGED',
      is_draft: false,
      url: 'https://github.com/acme/shop/pull/5',
      author_id: 'github:GithubAccount:1:1',
      author_name: 'ada',
      merged_by_name: 'grace',
      created_date: '2026-02-03T10:00:00.000Z',
      merged_date: '2026-02-04T09:00:00.000Z',
      closed_date: '2026-02-04T09:00:00.000Z',
      merge_commit_sha: sha(3),
      additions: 20,
    },
    {
      id: 'github:GithubPullRequest:1:6',
      base_repo_id: REPO,
      pull_request_key: 6,
      title: null,
      status: 'OPEN',
      created_date: '2026-02-06T10:00:00.000Z',
    },
  ])
  await write('pull_request_commits', [
    { commit_sha: sha(2), pull_request_id: 'github:GithubPullRequest:1:5', commit_authored_date: COMMITS[1][0] },
  ])
  await write('pull_request_labels', [{ pull_request_id: 'github:GithubPullRequest:1:5', label_name: 'важно' }])
  await write('pull_request_comments', [
    {
      id: 'github:GithubPrReview:1:1',
      pull_request_id: 'github:GithubPullRequest:1:5',
      account_id: 'github:GithubAccount:1:2',
      created_date: '2026-02-03T12:00:00.000Z',
      type: 'REVIEW',
      status: 'APPROVED',
    },
  ])
  await write('pull_request_reviewers', [{ pull_request_id: 'github:GithubPullRequest:1:5', reviewer_id: 'github:GithubAccount:1:2' }])
  await write('cicd_scopes', [{ id: REPO, name: 'acme/shop' }])
  await write('cicd_pipelines', [
    {
      id: 'github:GithubRun:1:11:100',
      name: 'build',
      result: 'FAILURE',
      status: 'DONE',
      original_result: 'timed_out',
      cicd_scope_id: REPO,
      duration_sec: 120.5,
      finished_date: '2026-02-02T09:30:00.000Z',
    },
  ])
  await write('cicd_pipeline_commits', [
    {
      pipeline_id: 'github:GithubRun:1:11:100',
      commit_sha: sha(1),
      branch: 'main',
      repo_id: REPO,
      repo_url: 'https://github.com/acme/shop',
    },
  ])
  await write('cicd_tasks', [
    {
      id: 'github:GithubJob:1:100:1',
      name: 'test',
      pipeline_id: 'github:GithubRun:1:11:100',
      result: 'FAILURE',
      status: 'DONE',
      type: 'TEST',
      environment: '',
      duration_sec: 60,
      finished_date: '2026-02-02T09:30:00.000Z',
    },
  ])
  await write(
    'cicd_deployments',
    DEPLOYMENTS.map(([id, , environment, original_environment, result, original_result, at]) => ({
      id,
      cicd_scope_id: REPO,
      name: `deploy ${id}`,
      environment,
      original_environment,
      result,
      original_result,
      status: 'DONE',
      finished_date: at,
    })),
  )
  await write(
    'cicd_deployment_commits',
    DEPLOYMENTS.map(([id, commit, environment, original_environment, result, original_result, at]) => ({
      id: `${id}:shop`,
      commit_sha: sha(commit),
      cicd_scope_id: REPO,
      cicd_deployment_id: id,
      name: `deploy ${id}`,
      environment,
      original_environment,
      result,
      original_result,
      status: 'DONE',
      finished_date: at,
      duration_sec: 60,
      repo_id: REPO,
      repo_url: 'https://github.com/acme/shop',
    })),
  )
  // Old ones have a deployment that names no commit, into an environment that nobody classified.
  await write('cicd_deployments', [
    {
      id: 'd7',
      cicd_scope_id: REPO,
      name: 'by hand',
      environment: '',
      result: 'SUCCESS',
      status: 'DONE',
      finished_date: '2026-02-07T10:00:00.000Z',
    },
  ])
  await write('cicd_releases', [
    {
      id: 'github:GithubRelease:1:1',
      name: 'v1',
      tag_name: 'v1.0.0',
      repo_id: REPO,
      commit_sha: sha(1),
      published_at: '2026-02-02T11:00:00.000Z',
      is_draft: false,
    },
  ])
  await write('boards', [
    { id: REPO, name: 'acme/shop', type: 'github' },
    { id: 'jira:JiraBoard:1:8', name: 'Платежи', type: 'scrum' },
  ])
  await write('board_issues', [
    { board_id: REPO, issue_id: 'github:GithubIssue:1:7' },
    { board_id: 'jira:JiraBoard:1:8', issue_id: 'jira:JiraIssue:1:90' },
    { board_id: 'jira:JiraBoard:1:8', issue_id: 'jira:JiraIssue:1:92' },
  ])
  await write('issues', [
    {
      id: 'github:GithubIssue:1:7',
      issue_key: '7',
      url: 'https://github.com/acme/shop/issues/7',
      title: 'Оплата не идёт',
      type: 'INCIDENT',
      status: 'DONE',
      severity: 'high',
      created_date: '2026-02-04T14:00:00.000Z',
      resolution_date: '2026-02-04T15:00:00.000Z',
    },
    {
      id: 'jira:JiraIssue:1:90',
      issue_key: 'PAY-90',
      url: 'https://acme.atlassian.net/browse/PAY-90',
      title: 'Чек',
      type: 'BUG',
      original_type: 'Bug',
      status: 'IN_PROGRESS',
      original_status: 'В работе',
      story_point: 3.5,
      created_date: '2026-02-01T08:00:00.000Z',
      assignee_name: 'Грейс Хоппер',
    },
    // Of a board that stands for no repository, in a project that has one. It is not closed.
    {
      id: 'jira:JiraIssue:1:92',
      issue_key: 'PAY-92',
      url: 'https://acme.atlassian.net/browse/PAY-92',
      title: 'Касса молчит',
      type: 'INCIDENT',
      status: 'TODO',
      priority: 'P1',
      created_date: '2026-02-20T14:00:00.000Z',
    },
  ])
  await write('issue_labels', [{ issue_id: 'jira:JiraIssue:1:90', label_name: 'денежное' }])
  await write('issue_changelogs', [
    {
      id: 'jira:JiraIssueChangelogs:1:1',
      issue_id: 'jira:JiraIssue:1:90',
      author_name: 'Грейс Хоппер',
      field_name: 'status',
      original_from_value: 'Новая',
      original_to_value: 'В работе',
      from_value: 'TODO',
      to_value: 'IN_PROGRESS',
      created_date: '2026-02-02T08:00:00.000Z',
    },
    {
      id: 'jira:JiraIssueChangelogs:1:2',
      issue_id: 'jira:JiraIssue:1:gone',
      field_name: 'status',
      created_date: '2026-02-02T08:00:00.000Z',
    },
  ])
  await write('issue_worklogs', [
    { id: 'jira:JiraWorklog:1:1', issue_id: 'jira:JiraIssue:1:90', time_spent_minutes: 45, started_date: '2026-02-02T09:00:00.000Z' },
  ])
  await write('incidents', [
    {
      id: 'github:GithubIssue:1:7',
      incident_key: '7',
      url: 'https://github.com/acme/shop/issues/7',
      title: 'Оплата не идёт',
      status: 'DONE',
      severity: 'high',
      created_date: '2026-02-04T14:00:00.000Z',
      resolution_date: '2026-02-04T15:00:00.000Z',
      table: 'boards',
      scope_id: REPO,
    },
    {
      id: 'jira:JiraIssue:1:92',
      incident_key: 'PAY-92',
      url: 'https://acme.atlassian.net/browse/PAY-92',
      title: 'Касса молчит',
      status: 'TODO',
      priority: 'P1',
      created_date: '2026-02-20T14:00:00.000Z',
      table: 'boards',
      scope_id: 'jira:JiraBoard:1:8',
    },
  ])
  await write('sprints', [
    {
      id: 'jira:JiraSprint:1:1',
      name: 'Спринт 1',
      status: 'CLOSED',
      started_date: '2026-02-01T00:00:00.000Z',
      original_board_id: 'jira:JiraBoard:1:8',
    },
  ])
  await write('sprint_issues', [{ sprint_id: 'jira:JiraSprint:1:1', issue_id: 'jira:JiraIssue:1:90' }])
  await write('accounts', [
    { id: 'github:GithubAccount:1:1', email: 'ada@example.org', user_name: 'ada', full_name: 'Ада Лавлейс' },
    { id: 'github:GithubAccount:1:2', email: 'grace@old.example', user_name: 'grace', full_name: null },
    { id: 'jira:JiraAccount:1:2', email: 'grace@example.org', user_name: null, full_name: 'Грейс Хоппер' },
  ])
  await write('users', [
    { id: 'u1', email: 'ada@example.org', name: 'Ада Лавлейс' },
    { id: 'u2', email: 'grace@example.org', name: 'Грейс Хоппер' },
  ])
  await write('user_accounts', [
    { user_id: 'u1', account_id: 'github:GithubAccount:1:1' },
    { user_id: 'u2', account_id: 'github:GithubAccount:1:2' },
    { user_id: 'u2', account_id: 'jira:JiraAccount:1:2' },
  ])
  await write('teams', [{ id: 't1', name: 'Платежи', alias: 'payments' }])
  await write('team_users', [{ team_id: 't1', user_id: 'u2' }])
  await write('projects', [
    { name: 'Shop', description: 'Магазин' },
    { name: 'Пусто', description: null },
  ])
  await write('project_mapping', [
    { project_name: 'Shop', table: 'repos', row_id: REPO },
    { project_name: 'Shop', table: 'cicd_scopes', row_id: REPO },
    { project_name: 'Shop', table: 'boards', row_id: 'jira:JiraBoard:1:8' },
  ])
  await write('project_pr_metrics', [{ id: 'github:GithubPullRequest:1:5', project_name: 'Shop', pr_cycle_time: 1 }])
  await mysql.transaction(async (tx) => {
    await tx.run("set session sql_mode = ''")
    await tx.run("update pull_requests set closed_date = '0000-00-00 00:00:00' where pull_request_key = 6")
    await tx.run("set session sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE'")
  })
}
