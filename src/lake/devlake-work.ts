import {
  newest,
  within,
  accountId,
  all,
  DERIVED,
  devlakeTable,
  flag,
  id,
  long,
  number,
  repoId,
  text,
  time,
  TOLD,
  tupleId,
  unlike,
  whole,
} from './devlake-table.ts'

const said = (column: string) => `argMin(s.${column}, (s.state != 'opened', s.at)) AS ${column}`

/** An incident read together from its states; `board` says where it happened, so that projects can be given it. */
export const INCIDENTS = `
SELECT *, ${unlike('id', 'tuple(source, id)')} AS lake_id, ${tupleId('environment', 'environment_name', 'service', 'repository')} AS board_id,
  intDiv(dateDiff('millisecond', opened_at, closed_at), 60000) AS lead_minutes,
  multiIf(closed_at IS NOT NULL, 'DONE', acknowledged, 'IN_PROGRESS', 'TODO') AS status
FROM (
  SELECT toString(s.source) AS source, s.id AS id, ${['url', 'title', 'severity', 'service', 'environment', 'environment_name', 'repository'].map(said).join(', ')},
    countIf(s.state = 'acknowledged') > 0 AS acknowledged,
    if(countIf(s.state = 'opened') = 0, NULL, minIf(s.at, s.state = 'opened')) AS opened_at,
    if(countIf(s.state = 'closed') = 0, NULL, maxIf(s.at, s.state = 'closed')) AS closed_at,
    max(s.at) AS changed_at
  FROM (SELECT * FROM all_incident_states FINAL WHERE org_id = {org:UUID}) AS s GROUP BY s.source, s.id
)`

const KIND = `transform(toString(kind), ['incident', 'bug', 'feature', 'task', 'subtask', 'epic'], ['INCIDENT', 'BUG', 'REQUIREMENT', 'TASK', 'SUBTASK', 'EPIC'], '')`
const minutes = (seconds: string) => whole(`toInt64(round(${seconds} / 60))`)

/** A board of a tool, a repository that issues are of, or the place of an incident. */
const BOARDS = `
SELECT id, toString(name) AS name, ifNull(url, '') AS url, ifNull(toString(kind), '') AS type, '${TOLD}' AS told_as FROM ${newest('boards')}
UNION ALL
SELECT DISTINCT ${repoId('repository')}, assumeNotNull(toString(repository)), '', 'repository', '${DERIVED}' FROM ${newest('work_items')} WHERE ifNull(toString(repository), '') != ''
UNION ALL
SELECT DISTINCT board_id, 'Incidents', '', 'incidents', '${DERIVED}' FROM (${INCIDENTS})`

const BOARD_ISSUES = `
SELECT ${repoId('repository')} AS board_id, id AS issue_id FROM ${newest('work_items')} WHERE ifNull(toString(repository), '') != ''
UNION DISTINCT
SELECT board_id, lake_id FROM (${INCIDENTS})
UNION DISTINCT
SELECT assumeNotNull(toString(p.board)) AS board_id, w.id AS issue_id
FROM (SELECT id, sprint FROM ${newest('work_items')} ARRAY JOIN sprint_ids AS sprint) AS w
INNER JOIN (SELECT id AS sprint, board_id AS board FROM ${newest('sprints')}) AS p ON p.sprint = w.sprint
WHERE p.board IS NOT NULL`

/** With one for each incident that is no work item: boards look up the title of an incident there. */
const ISSUES = `
SELECT *, '${TOLD}' AS told_as FROM (
  SELECT toString(w.source) AS source, w.id AS id, w.url AS url, w.title AS title, toString(w.kind) AS kind, toString(w.kind_name) AS kind_name,
    upper(toString(w.status)) AS status, toString(w.status_name) AS status_name, CAST(w.created_at, 'Nullable(DateTime64(3, \\'UTC\\'))') AS created_at, w.resolved_at AS resolved_at, w.due_at AS due_at,
    toString(w.priority) AS priority, toString(w.severity) AS severity, w.estimate AS estimate, w.estimated_seconds AS estimated_seconds, w.spent_seconds AS spent_seconds,
    toString(w.assignee) AS assignee, toString(w.reporter) AS reporter, w.project AS project,
    if(ifNull(p.parent, '') = '', '', w.parent_id) AS parent_issue_id, if(ifNull(p.parent, '') = '' OR p.parent_kind = 'epic', ifNull(w.parent_id, ''), '') AS epic_key,
    arrayStringConcat(w.components, ',') AS components, arrayStringConcat(w.fix_versions, ',') AS fix_versions
  FROM ${newest('work_items')} AS w
  LEFT JOIN (SELECT id AS parent, toString(kind) AS parent_kind FROM ${newest('work_items')}) AS p ON p.parent = w.parent_id
)
UNION ALL
SELECT source, lake_id, url, title, 'incident', 'incident', status, lower(status), opened_at, closed_at, NULL, NULL, toString(severity), NULL, NULL, NULL, NULL, NULL, NULL, '', '', '', '', '${DERIVED}'
FROM (${INCIDENTS}) WHERE lake_id NOT IN (SELECT id FROM all_work_items WHERE org_id = {org:UUID} AND is_deleted = 0)`

const UNDATED = `toDateTime64(0, 3, 'UTC')`

export const WORK = [
  devlakeTable({
    name: 'boards',
    key: ['id'],
    from: BOARDS,
    told: 'told_as',
    columns: { id: id('told.id'), name: text('told.name'), description: long("''"), url: long('url'), type: text('type') },
  }),
  devlakeTable({
    name: 'board_issues',
    key: ['board_id', 'issue_id'],
    from: BOARD_ISSUES,
    told: `'${DERIVED}'`,
    columns: { board_id: id('told.board_id'), issue_id: id('told.issue_id') },
  }),
  devlakeTable({
    name: 'issues',
    key: ['id'],
    at: `ifNull(told.created_at, ${UNDATED})`,
    from: ISSUES,
    told: 'told_as',
    columns: {
      id: id('told.id'),
      url: long('url'),
      issue_key: id('told.id'),
      title: long('title'),
      description: long("''"),
      epic_key: id('epic_key'),
      type: text(KIND),
      original_type: text('kind_name', 500),
      status: text('told.status'),
      original_status: text('status_name', 100),
      story_point: number('estimate'),
      resolution_date: time('resolved_at'),
      created_date: time('told.created_at'),
      updated_date: time('ifNull(resolved_at, told.created_at)'),
      lead_time_minutes: whole(
        `if(resolved_at < told.created_at, NULL, intDiv(dateDiff('millisecond', told.created_at, resolved_at), 60000))`,
      ),
      original_estimate_minutes: minutes('estimated_seconds'),
      time_spent_minutes: minutes('spent_seconds'),
      creator_id: id(accountId('reporter', 'source')),
      creator_name: text('reporter'),
      assignee_id: id(accountId('assignee', 'source')),
      assignee_name: text('assignee'),
      parent_issue_id: id('parent_issue_id'),
      priority: text('told.priority'),
      severity: text('told.severity'),
      component: long('components'),
      original_project: text('project'),
      is_subtask: flag(`kind = 'subtask'`),
      due_date: time('due_at'),
      fix_versions: long('told.fix_versions'),
    },
  }),
  devlakeTable({
    name: 'issue_labels',
    key: ['issue_id', 'label_name'],
    at: 'created_at',
    from: `SELECT DISTINCT id AS issue, label, created_at FROM ${newest('work_items')} ARRAY JOIN labels AS label`,
    columns: { issue_id: id('issue'), label_name: id('label') },
  }),
  devlakeTable({
    name: 'issue_changelogs',
    key: ['id'],
    at: 'told.at',
    from: `SELECT *, ${within('subject_id', 'id')} AS lake_id FROM ${all('transitions')} WHERE subject_type = 'work_item'`,
    columns: {
      id: id('told.lake_id'),
      issue_id: id('subject_id'),
      author_id: id(accountId('actor', 'source')),
      author_name: text('actor'),
      field_id: text('field'),
      // DevLake's boards look for `Sprint`, as Jira writes it.
      field_name: text(`if(field = 'sprint', 'Sprint', toString(field))`),
      original_from_value: long('told.from_value'),
      original_to_value: long('told.to_value'),
      from_value: long('coalesce(upper(toString(from_category)), toString(told.from_value))'),
      to_value: long('coalesce(upper(toString(to_category)), toString(told.to_value))'),
      created_date: time('told.at'),
    },
  }),
  devlakeTable({
    name: 'issue_worklogs',
    key: ['id'],
    at: 'told.started_at',
    from: `SELECT *, ${within('work_item_id', 'id')} AS lake_id FROM ${newest('worklogs', 'work_item_id, id')}`,
    columns: {
      id: id('told.lake_id'),
      author_id: id(accountId('author', 'source')),
      time_spent_minutes: whole('toInt64(greatest(1, round(seconds / 60)))'),
      logged_date: time('told.started_at'),
      started_date: time('told.started_at'),
      issue_id: id('work_item_id'),
    },
  }),
  devlakeTable({
    name: 'sprints',
    key: ['id'],
    at: `ifNull(told.started_at, ${UNDATED})`,
    from: newest('sprints').slice(1, -1),
    columns: {
      id: id('told.id'),
      name: text('told.name'),
      url: long('url'),
      status: text(`multiIf(state = 'planned', 'FUTURE', state = 'active', 'ACTIVE', 'CLOSED')`),
      started_date: time('told.started_at'),
      ended_date: time('ends_at'),
      completed_date: time('completed_at'),
      original_board_id: id('board_id'),
    },
  }),
  devlakeTable({
    name: 'board_sprints',
    key: ['board_id', 'sprint_id'],
    from: `SELECT id AS sprint, assumeNotNull(board_id) AS board FROM ${newest('sprints')} WHERE board_id IS NOT NULL`,
    columns: { board_id: id('board'), sprint_id: id('sprint') },
  }),
  devlakeTable({
    name: 'sprint_issues',
    key: ['sprint_id', 'issue_id'],
    from: `SELECT DISTINCT id AS issue, sprint FROM ${newest('work_items')} ARRAY JOIN sprint_ids AS sprint`,
    columns: { sprint_id: id('sprint'), issue_id: id('issue') },
  }),
  devlakeTable({
    name: 'incidents',
    key: ['id'],
    at: 'ifNull(opened_at, changed_at)',
    from: INCIDENTS,
    columns: {
      id: id('told.lake_id'),
      url: long('url'),
      incident_key: text("''"),
      title: long('title'),
      description: long("''"),
      status: text('told.status'),
      original_status: text('lower(told.status)'),
      resolution_date: time('closed_at'),
      created_date: time('opened_at'),
      updated_date: time('changed_at'),
      lead_time_minutes: whole('if(lead_minutes < 0, NULL, lead_minutes)'),
      priority: text("''"),
      severity: text('told.severity'),
      component: text('service'),
      table: text("'boards'"),
      scope_id: id('told.board_id'),
    },
  }),
]
