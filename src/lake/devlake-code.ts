import {
  newest,
  accountId,
  all,
  DERIVED,
  devlakeTable,
  emailAccountId,
  flag,
  id,
  long,
  pullId,
  repoId,
  text,
  time,
  TOLD,
  within,
  whole,
} from './devlake-table.ts'

/** Every repository that a row names; those that no source tells are there for the rows that name them. */
const REPOSITORIES = `
SELECT name, any(url) AS url, max(is_told) AS is_told FROM (
  SELECT id AS name, url, 1 AS is_told FROM ${newest('repositories')}
  ${['commits', 'changes', 'deployments', 'builds', 'releases', 'work_items', 'incident_states']
    .map(
      (table) =>
        `UNION ALL SELECT DISTINCT assumeNotNull(toString(repository)) AS name, NULL, 0 FROM all_${table} WHERE org_id = {org:UUID} AND is_deleted = 0 AND repository IS NOT NULL AND repository != ''`,
    )
    .join('\n  ')}
) GROUP BY name`

/** One row a commit, in however many repositories it is; and one for each commit of a change that no repository told. */
const COMMITS = `
SELECT sha, any(c.additions) AS additions, any(c.deletions) AS deletions, argMin(c.subject, c.repository) AS subject, any(c.reverts) AS reverts,
  argMin(c.author_name, c.repository) AS author_name, argMin(c.author_email, c.repository) AS author_email, min(c.authored_at) AS authored_date,
  argMin(c.committer_name, c.repository) AS committer_name, argMin(c.committer_email, c.repository) AS committer_email,
  CAST(min(c.committed_at), 'Nullable(DateTime64(3, \\'UTC\\'))') AS committed_date
FROM ${all('commits')} AS c GROUP BY sha
UNION ALL
SELECT sha, NULL, NULL, any(subject), NULL, '', '', min(started), '', '', NULL
FROM (SELECT sha, started, subject FROM ${all('change_commits')} ARRAY JOIN shas AS sha, started_at AS started, subjects AS subject)
WHERE sha NOT IN (SELECT sha FROM all_commits WHERE org_id = {org:UUID} AND is_deleted = 0)
GROUP BY sha`

const STATE = `multiIf(state = 'merged', 'MERGED', state = 'closed', 'CLOSED', 'OPEN')`

export const CODE = [
  devlakeTable({
    name: 'repos',
    key: ['id'],
    from: REPOSITORIES,
    told: `if(is_told = 1, '${TOLD}', '${DERIVED}')`,
    columns: {
      id: id(repoId('name')),
      name: long('name'),
      url: long('url'),
      description: long("''"),
      language: text("''"),
      deleted: flag('false'),
    },
  }),
  devlakeTable({
    name: 'commits',
    key: ['sha'],
    at: 'authored_date',
    from: COMMITS,
    columns: {
      sha: id('sha', 64),
      additions: whole('additions'),
      deletions: whole('deletions'),
      // As git itself says it, so that a reader of messages finds it.
      message: long(
        `if(reverts IS NULL OR position(subject, assumeNotNull(reverts)) > 0, subject, concat(subject, '\\n\\nThis reverts commit ', assumeNotNull(reverts), '.'))`,
      ),
      author_name: text('author_name'),
      author_email: text('author_email'),
      authored_date: time('authored_date'),
      author_id: id(emailAccountId('author_email')),
      committer_name: text('committer_name'),
      committer_email: text('committer_email'),
      committed_date: time('committed_date'),
      committer_id: id(emailAccountId('committer_email')),
    },
  }),
  devlakeTable({
    name: 'repo_commits',
    key: ['repo_id', 'commit_sha'],
    at: 'committed_at',
    from: `SELECT repository, sha, committed_at FROM ${all('commits')}`,
    columns: { repo_id: id(repoId('repository')), commit_sha: id('sha', 64) },
  }),
  devlakeTable({
    name: 'commit_parents',
    key: ['commit_sha', 'parent_commit_sha'],
    at: 'at',
    from: `SELECT sha, parent, min(committed_at) AS at FROM ${all('commits')} ARRAY JOIN parents AS parent GROUP BY sha, parent`,
    columns: { commit_sha: id('sha', 64), parent_commit_sha: id('parent', 64) },
  }),
  devlakeTable({
    name: 'pull_requests',
    key: ['id'],
    at: 'created_at',
    from: all('changes').slice(1, -1),
    columns: {
      id: id(pullId('told.id')),
      base_repo_id: id(repoId('repository')),
      head_repo_id: id(repoId('repository')),
      status: text(STATE),
      original_status: text('state'),
      title: long('title'),
      description: long("''"),
      url: long('url'),
      author_name: text('author'),
      author_id: id(accountId('author', 'source')),
      merged_by_name: text('merged_by'),
      merged_by_id: id(accountId('merged_by', 'source')),
      pull_request_key: whole('told.number'),
      created_date: time('created_at'),
      merged_date: time('merged_at'),
      closed_date: time('closed_at'),
      type: text("''"),
      component: text("''"),
      merge_commit_sha: id('merge_sha', 64),
      head_ref: text('head_ref'),
      base_ref: text('base_ref'),
      head_commit_sha: id('head_sha', 64),
      additions: whole('additions'),
      deletions: whole('deletions'),
      is_draft: flag('is_draft'),
    },
  }),
  devlakeTable({
    name: 'pull_request_commits',
    key: ['pull_request_id', 'commit_sha'],
    at: 'started',
    from: `SELECT change_id, sha, min(started) AS started FROM ${all('change_commits')} ARRAY JOIN shas AS sha, started_at AS started GROUP BY change_id, sha`,
    columns: { pull_request_id: id(pullId('change_id')), commit_sha: id('sha', 64), commit_authored_date: time('started') },
  }),
  devlakeTable({
    name: 'pull_request_labels',
    key: ['pull_request_id', 'label_name'],
    at: 'created_at',
    from: `SELECT DISTINCT id AS change_id, label, created_at FROM ${all('changes')} ARRAY JOIN labels AS label`,
    columns: { pull_request_id: id(pullId('change_id')), label_name: id('label') },
  }),
  devlakeTable({
    name: 'pull_request_comments',
    key: ['id'],
    at: 'told.at',
    from: `SELECT *, ${within('change_id', 'id')} AS lake_id FROM ${all('reviews')}`,
    columns: {
      id: id('told.lake_id'),
      pull_request_id: id(pullId('change_id')),
      body: long("''"),
      account_id: id(accountId('author', 'source')),
      created_date: time('told.at'),
      type: text(`if(kind = 'review', 'REVIEW', 'NORMAL')`),
      status: text(`upper(ifNull(toString(state), ''))`),
    },
  }),
]
