import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { TIERS } from '../../domain/environment.ts'
import { incidentStates } from '../../domain/incident-state.ts'
import { looseNumber, looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { transition } from '../../domain/transition.ts'
import { workItem } from '../../domain/work-item.ts'
import { worklog } from '../../domain/worklog.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { DERIVED, byFairlead, inner, placeOf, placePayload } from './fairlead.ts'
import { walk, type Lake, type Row } from './lake.ts'
import { accountsOf } from './people.ts'
import { repositoriesOf } from './repository.ts'
import { account, date, loginOf, nameOf, repositoryOfPage, repositoryPayload, secondsOf } from './value.ts'
import { CATEGORY, KIND } from './words.ts'

/** As much of an issue as says what it is called here. */
const named = z.object({ id: z.string(), issue_key: looseText(), url: looseText() })

/** As people write it: `SHOP-12`, `acme/shop#5`. A number alone, of a page that names no repository, would be that of many. */
export function issueName({ id, issue_key, url }: z.output<typeof named>): string {
  const repository = repositoryOfPage(url)
  if (issue_key === null) return id
  if (!/^#?\d+$/.test(issue_key)) return issue_key
  return repository === null ? id : `${repository}#${issue_key.replace(/^#/, '')}`
}

async function issuesOf(lake: Lake, ids: Iterable<unknown>): Promise<(id: unknown) => Row | null> {
  const found = new Map((await lake.rows('issues', 'id', ids)).map(({ id, issue_key, url }) => [id, { id, issue_key, url }]))
  return (id) => found.get(id) ?? null
}

export const issuePayload = z.object({
  ...named.shape,
  title: looseText(),
  type: looseText(),
  original_type: looseText(),
  status: looseText(),
  original_status: looseText(),
  created_date: date(),
  updated_date: date(),
  resolution_date: date(),
  due_date: date(),
  priority: looseText(),
  severity: looseText(),
  component: looseText(),
  story_point: looseNumber(),
  original_estimate_minutes: looseNumber(),
  time_spent_minutes: looseNumber(),
  creator_name: looseText(),
  assignee_name: looseText(),
  epic_key: looseText(),
  original_project: looseText(),
  fix_versions: looseText(),
  creator: account,
  assignee: account,
  parent: named.nullable(),
  labels: z.array(z.string()),
  sprints: z.array(z.string()),
  /** Of an incident: repositories that its boards stand for. */
  repositories: z.array(z.string()),
  fairlead: byFairlead,
})

export const pullIssues = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'issues',
    size: 5_000,
    watch: [
      { table: 'issue_labels', column: 'issue_id', own: 'id' },
      { table: 'sprint_issues', column: 'issue_id', own: 'id' },
    ],
    async payloads(lake, rows) {
      const ids = rows.map((row) => row['id'])
      const incidents = rows.filter((row) => row['type'] === 'INCIDENT').map((row) => row['id'])
      const [labels, sprints, boards, known, parent] = await Promise.all([
        lake.groups('issue_labels', 'issue_id', ids),
        lake.groups('sprint_issues', 'issue_id', ids),
        lake.groups('board_issues', 'issue_id', incidents),
        accountsOf(
          lake,
          rows.flatMap((row) => [row['creator_id'], row['assignee_id']]),
        ),
        issuesOf(
          lake,
          rows.map((row) => row['parent_issue_id']),
        ),
      ])
      const boardsOf = (id: unknown) => (boards.get(String(id)) ?? []).map((one) => String(one['board_id']))
      const repositories = await repositoriesOfScopes(lake, incidents.flatMap(boardsOf))
      return rows.map(({ creator_id, assignee_id, parent_issue_id, ...row }) => ({
        ...row,
        creator: known(creator_id),
        assignee: known(assignee_id),
        parent: parent(parent_issue_id),
        labels: (labels.get(String(row['id'])) ?? []).map((one) => one['label_name']),
        sprints: (sprints.get(String(row['id'])) ?? []).map((one) => one['sprint_id']),
        repositories: [...new Set(boardsOf(row['id']).flatMap(repositories))].sort(),
      }))
    },
  })

/**
 * The repositories that a board or another scope of incidents stands for: itself, where it is one (GitHub and GitLab have one id for both), those
 * that are linked to it, else those of the projects that it is in.
 */
export async function repositoriesOfScopes(
  lake: Pick<Lake, 'rows' | 'groups'>,
  scopes: readonly string[],
): Promise<(scope: string) => readonly string[]> {
  const [own, linked, mapped] = await Promise.all([
    lake.rows('repos', 'id', scopes),
    lake.groups('board_repos', 'board_id', scopes),
    lake.groups('project_mapping', 'row_id', scopes),
  ])
  const projects = [...mapped.values()].flatMap((list) => list.map((one) => one['project_name']))
  const all = await lake.groups('project_mapping', 'project_name', projects)
  const reposOf = (project: unknown) =>
    (all.get(String(project)) ?? []).flatMap((one) => (one['table'] === 'repos' ? [String(one['row_id'])] : []))
  const isRepository = new Set(own.map((row) => row['id']))
  const idsOf = (scope: string): readonly string[] => {
    if (isRepository.has(scope)) return [scope]
    const direct = (linked.get(scope) ?? []).map((one) => String(one['repo_id']))
    return direct.length > 0 ? direct : (mapped.get(scope) ?? []).flatMap((one) => reposOf(one['project_name']))
  }
  const repo = await repositoriesOf(lake, scopes.flatMap(idsOf))
  return (scope) => {
    const names = idsOf(scope).flatMap((id) => nameOf(repositoryPayload.parse(repo(id))) ?? [])
    return [...new Set(names)].sort()
  }
}

const parted = (text: string | null) =>
  text === null
    ? []
    : [
        ...new Set(
          text
            .split(',')
            .map((one) => one.trim())
            .filter((one) => one !== ''),
        ),
      ]

export function issueRows(row: z.output<typeof issuePayload>): DomainRows {
  // An incident that is no work item stands among the issues for its title alone.
  if (row.fairlead === DERIVED) return {}
  if (row.created_date === null) throw new Error('the issue has no date of creation')
  const id = issueName(row)
  const told = rowOf(workItem, {
    id,
    project: row.original_project ?? (row.fairlead === undefined ? /^([A-Z][A-Z0-9_]+)-\d+$/.exec(row.issue_key ?? '')?.[1] : null),
    repository: repositoryOfPage(row.url),
    kind: KIND[row.type ?? ''] ?? 'other',
    kind_name: row.original_type ?? row.type,
    title: row.title ?? id,
    status: CATEGORY[row.status ?? ''] ?? (row.resolution_date === null ? 'todo' : 'done'),
    status_name: row.original_status,
    created_at: row.created_date,
    resolved_at: row.resolution_date,
    due_at: row.due_date,
    priority: row.priority,
    severity: row.severity,
    estimate: row.story_point,
    estimated_seconds: secondsOf(row.original_estimate_minutes),
    spent_seconds: secondsOf(row.time_spent_minutes),
    assignee: loginOf(row.assignee, row.assignee_name),
    reporter: loginOf(row.creator, row.creator_name),
    parent_id: row.parent === null ? row.epic_key : issueName(row.parent),
    labels: row.labels,
    components: parted(row.component),
    sprint_ids: row.sprints,
    fix_versions: parted(row.fix_versions),
    url: row.url,
  })
  // Where Fairlead wrote it, the incidents say more of it.
  if (row.type !== 'INCIDENT' || row.fairlead !== undefined) return { work_items: [told] }
  return { work_items: [told], incident_states: incidentRowsOf({ ...row, key: row.issue_key }) }
}

/**
 * Newer databases have incidents in a table of their own, made of the issues of the type INCIDENT under their id; older ones have the issues alone.
 * Both give the same rows. The commit of the fault is not known, and DevLake's own link to a deployment is computed, so it is not taken.
 */
export function incidentRowsOf(row: {
  id: string
  key: string | null
  url: string | null
  title: string | null
  status: string | null
  severity: string | null
  priority: string | null
  created_date: string | null
  updated_date: string | null
  resolution_date: string | null
  repositories: readonly string[]
  place?: z.output<typeof placePayload>
}) {
  if (row.created_date === null) throw new Error('the incident has no date of creation')
  const [repository, ...others] = row.repositories
  const known = {
    id: issueName({ id: row.id, issue_key: row.key, url: row.url }),
    ...(row.place == null
      ? { repository: repositoryOfPage(row.url) ?? (others.length === 0 ? repository : undefined) }
      : { ...row.place, environment: TIERS.find((tier) => tier === row.place?.environment) }),
    severity: row.severity ?? row.priority,
    title: row.title,
    url: row.url,
  }
  // The webhook's close sets no date; the last change of what is done is the nearest that is known.
  return incidentStates(known, row.created_date, row.resolution_date ?? (row.status === 'DONE' ? row.updated_date : null))
}

export const incidentPayload = z.object({
  id: z.string(),
  incident_key: looseText(),
  url: looseText(),
  title: looseText(),
  status: looseText(),
  severity: looseText(),
  priority: looseText(),
  created_date: date(),
  updated_date: date(),
  resolution_date: date(),
  repositories: z.array(z.string()),
  place: placePayload,
})

export const pullIncidents = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'incidents',
    async payloads(lake, rows) {
      const repositories = await repositoriesOfScopes(
        lake,
        rows.flatMap((row) => (typeof row['scope_id'] === 'string' ? [row['scope_id']] : [])),
      )
      return rows.map(({ table: _table, scope_id, ...row }) => ({
        ...row,
        ...(row['fairlead'] === undefined ? {} : { place: placeOf(scope_id) }),
        repositories: typeof scope_id === 'string' ? repositories(scope_id) : [],
      }))
    },
  })

export function incidentRows(row: z.output<typeof incidentPayload>): DomainRows {
  return { incident_states: incidentRowsOf({ ...row, key: row.incident_key }) }
}

export const changelogPayload = z.object({
  id: z.string(),
  author_name: looseText(),
  field_name: looseText(),
  original_from_value: looseText(),
  original_to_value: looseText(),
  from_value: looseText(),
  to_value: looseText(),
  created_date: date(),
  author: account,
  issue: named.nullable(),
  fairlead: byFairlead,
})

/** What hangs on an issue, with who did it. */
const pullOfIssues =
  (table: 'issue_changelogs' | 'issue_worklogs') =>
  (ask: Ask<Config>): AsyncIterable<Page> =>
    walk(ask, {
      table,
      async payloads(lake, rows) {
        const [issue, known] = await Promise.all([
          issuesOf(
            lake,
            rows.map((row) => row['issue_id']),
          ),
          accountsOf(
            lake,
            rows.map((row) => row['author_id']),
          ),
        ])
        return rows.map(({ issue_id, author_id, ...row }) => ({ ...row, author: known(author_id), issue: issue(issue_id) }))
      },
    })
export const pullChangelogs = pullOfIssues('issue_changelogs')
export const pullWorklogs = pullOfIssues('issue_worklogs')

export function changelogRows(row: z.output<typeof changelogPayload>): DomainRows {
  if (row.issue === null) throw new Error('it belongs to an issue that `issues` does not have')
  if (row.created_date === null) throw new Error('it has no date')
  if (row.field_name === null) throw new Error('it names no field')
  const field = row.field_name.toLowerCase()
  const subject_id = issueName(row.issue)
  const told = rowOf(transition, {
    id: inner(row.id, subject_id, row.fairlead),
    subject_type: 'work_item',
    subject_id,
    repository: repositoryOfPage(row.issue.url),
    at: row.created_date,
    field,
    from_value: row.original_from_value ?? row.from_value,
    to_value: row.original_to_value ?? row.to_value,
    // Only of a status has DevLake one of its own three words beside the tool's.
    from_category: field === 'status' ? CATEGORY[row.from_value ?? ''] : null,
    to_category: field === 'status' ? CATEGORY[row.to_value ?? ''] : null,
    actor: loginOf(row.author, row.author_name),
  })
  return { transitions: [told] }
}

export const worklogPayload = z.object({
  id: z.string(),
  time_spent_minutes: looseNumber(),
  started_date: date(),
  logged_date: date(),
  author: account,
  issue: named.nullable(),
  fairlead: byFairlead,
})

export function worklogRows(row: z.output<typeof worklogPayload>): DomainRows {
  if (row.issue === null) throw new Error('it belongs to an issue that `issues` does not have')
  const started_at = row.started_date ?? row.logged_date
  const seconds = secondsOf(row.time_spent_minutes)
  const work_item_id = issueName(row.issue)
  if (started_at === null || seconds === null) throw new Error('it has no date or no length')
  return {
    worklogs: [
      rowOf(worklog, { id: inner(row.id, work_item_id, row.fairlead), work_item_id, author: loginOf(row.author), started_at, seconds }),
    ],
  }
}
