import type { Wanted } from '../../src/table-walk.ts'

/**
 * The tables of FlowLens, with the columns of its guide. Those under MORE are what the program itself adds to them: read where they are, and not
 * missed where they are not.
 */
export const WANTED = {
  repositories: {
    key: ['id'],
    columns: ['github_id', 'name', 'full_name', 'owner', 'owner_avatar_url', 'is_private', 'description', 'created_at'],
    moments: ['created_at'],
  },
  pull_requests: {
    key: ['id'],
    columns: [
      'repo_id',
      'pr_number',
      'title',
      'author',
      'author_avatar',
      'commit_sha',
      'branch_name',
      'state',
      'files_changed',
      'additions',
      'deletions',
      'created_at',
    ],
    moments: ['created_at'],
  },
  pipeline_runs: {
    key: ['id'],
    columns: [
      'repo_id',
      'pr_number',
      'commit_sha',
      'status_pr',
      'status_build',
      'status_approval',
      'status_merge',
      'created_at',
      'updated_at',
    ],
    moments: ['updated_at', 'created_at'],
  },
  insights: {
    key: ['id'],
    columns: ['repo_id', 'pr_number', 'commit_sha', 'risk_level', 'summary', 'recommendation', 'created_at'],
    moments: ['created_at'],
    grows: 'created_at',
  },
} as const satisfies Record<string, Wanted>

export type TableName = keyof typeof WANTED

export const MORE: Readonly<Record<TableName, readonly string[]>> = {
  repositories: ['html_url', 'default_branch'],
  pull_requests: [
    'base_branch',
    'pr_url',
    'changed_files',
    'commits_count',
    'labels',
    'is_draft',
    'merged',
    'merged_at',
    'closed_at',
    'history',
  ],
  pipeline_runs: ['history'],
  insights: [],
}
