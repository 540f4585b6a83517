import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { incidentStates } from '../../domain/incident-state.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { workItem, type WorkItem } from '../../domain/work-item.ts'
import type { Raw } from '../../src/connector.ts'
import type { Range } from '../../src/paging.ts'
import type { Config } from './config.ts'
import { either, id, type Item, label, maybe, moment, orNull, part, place, seconds, titled, when, words } from './payload.ts'
import { authorIn, login, person } from './person.ts'
import { lists, pullLists, told, updated } from './project-list.ts'

const pulledIssue = z.object({
  iid: id,
  project: place,
  title: z.string(),
  state: z.string(),
  issue_type: words,
  created_at: when,
  closed_at: maybe,
  due_date: words,
  severity: words,
  weight: z.number().nullish(),
  labels: z.array(label).nullish(),
  milestone: titled,
  moved_to_id: id.nullish(),
  author: person,
  assignees: z.array(person).nullish(),
  time_stats: z.object({ time_estimate: seconds, total_time_spent: seconds }).nullish(),
  web_url: words,
})

type Issue = z.output<typeof pulledIssue>

function issueIn(body: Item): Item {
  const said = part(body, 'object_attributes')
  const { time_estimate, total_time_spent } = said
  return {
    ...said,
    labels: said['labels'] ?? body['labels'],
    project: body['project'],
    issue_type: typeof said['type'] === 'string' ? said['type'].replaceAll(' ', '_') : null,
    closed_at: said['state'] === 'closed' ? (said['closed_at'] ?? said['updated_at']) : null,
    author: authorIn(body),
    assignees: body['assignees'],
    time_stats: { time_estimate, total_time_spent },
    web_url: said['url'],
  }
}

export const issuePayload = either(issueIn, pulledIssue)

export const allIssues = (range: Range) => ({ scope: 'all', ...updated(range) })

export const pullIssues = pullLists(
  'issues',
  lists(
    'issues',
    allIssues,
    told((one, project) => `${project.id}#${String(one['iid'])}`, 'updated_at'),
  ),
)

const KINDS = new Map<string, WorkItem['kind']>([
  ['incident', 'incident'],
  ['task', 'subtask'],
  ['epic', 'epic'],
])

/** Of a scoped label (`workflow::in dev`) the part behind the colons. */
export const plainLabel = (text: string) => (text.split('::').at(-1) ?? text).trim().toLowerCase()

/** GitLab's issues are of one type; what they are of is told by custom of labels. */
const kindBy = (has: (labels: readonly string[]) => boolean) =>
  has(['bug']) ? 'bug' : has(['feature', 'enhancement']) ? 'feature' : 'task'

export function issueRows(one: Issue, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const id = `${repository}#${one.iid}`
  const labels = one.labels ?? []
  const plain = new Set(labels.map(plainLabel))
  const has = (list: readonly string[]) => list.some((name) => plain.has(plainLabel(name)))
  const type = (one.issue_type ?? 'issue').toLowerCase()
  const isIncident = type === 'incident' || has(config.incident_labels)
  const kind = isIncident ? 'incident' : type === 'issue' ? kindBy(has) : (KINDS.get(type) ?? 'other')
  const isClosed = one.state === 'closed'
  const severity =
    one.severity === undefined || one.severity === null || /^unknown$/i.test(one.severity) ? null : one.severity.toLowerCase()
  const service = labels.find((text) => /^service::/i.test(text))?.replace(/^service::\s*/i, '') ?? null
  const due = /^\d{4}-\d\d-\d\d$/.test(one.due_date ?? '') ? moment(`${one.due_date}T00:00:00Z`) : null
  const about = { id, service, repository, severity, title: one.title, url: orNull(one.web_url) }
  return {
    work_items: [
      rowOf(workItem, {
        id,
        project: repository,
        repository,
        kind,
        kind_name: type,
        title: one.title,
        status: isClosed ? 'done' : has(config.in_progress_labels) ? 'in_progress' : 'todo',
        status_name: one.state,
        resolution: one.moved_to_id === undefined || one.moved_to_id === null ? null : 'moved',
        created_at: one.created_at,
        resolved_at: isClosed ? one.closed_at : null,
        due_at: due,
        severity,
        estimate: one.weight,
        // 0 is GitLab's word for "none was given".
        estimated_seconds: one.time_stats?.time_estimate || null,
        spent_seconds: one.time_stats?.total_time_spent,
        assignee: login(one.assignees?.[0]),
        reporter: login(one.author),
        labels,
        components: service === null ? [] : [service],
        sprint_ids: [],
        fix_versions: orNull(one.milestone?.title) === null ? [] : [one.milestone?.title as string],
        url: orNull(one.web_url),
      }),
    ],
    incident_states: isIncident ? incidentStates(about, one.created_at, isClosed ? one.closed_at : null) : [],
  }
}
