import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { incidentStates } from '../../domain/incident-state.ts'
import { isFound } from '../../domain/pattern.ts'
import { placeOf } from '../../domain/service-rule.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { STATUS_CATEGORIES, WORK_KINDS, workItem } from '../../domain/work-item.ts'
import { pulled, utc, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkLists } from '../../src/paging.ts'
import { readFields } from './api.ts'
import type { Config } from './config.ts'
import { type FoundIssue, issueLists } from './issue-search.ts'
import { date, dayOf, moment, named, nameOf, numbered, pageOf, textIn, user } from './payload.ts'
import { sprintIds } from './sprint.ts'

/** Custom fields have any name and any shape: what is read of them is judged where it is read. */
const fields = z.looseObject({
  summary: z.string().nullish(),
  project: z.object({ key: z.string() }).nullish(),
  issuetype: z.object({ name: z.string(), subtask: z.boolean().nullish(), hierarchyLevel: z.number().nullish() }).nullish(),
  status: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }).nullish() }).nullish(),
  created: moment,
  updated: moment,
  resolution: named.nullish(),
  resolutiondate: moment.nullish(),
  statuscategorychangedate: moment.nullish(),
  duedate: date.nullish(),
  priority: named.nullish(),
  assignee: user.nullish(),
  reporter: user.nullish(),
  parent: z.object({ key: z.string() }).nullish(),
  labels: z.array(z.string()).nullish(),
  components: z.array(named).nullish(),
  fixVersions: z.array(named).nullish(),
  timeoriginalestimate: z.number().nullish(),
  timespent: z.number().nullish(),
})

const issue = z.object({ id: numbered, key: z.string().min(1), fields })
type Issue = z.output<typeof issue>
const issueDelivery = z.object({ webhookEvent: z.string(), issue })
export const issuePayload = z.union([issueDelivery, issue])
type IssuePayload = z.output<typeof issuePayload>
const FIELDS = Object.keys(fields.shape)

export async function* pullIssues(ask: Ask<Config>): AsyncGenerator<Page> {
  const { estimate_field, sprint_field, epic_field, service_field, environment_field, severity_field } = ask.config
  const named = [estimate_field, sprint_field, epic_field, service_field, environment_field, severity_field]
  const sprints = sprint_field === undefined ? (await readFields(ask)).filter(({ schema }) => schema?.custom?.endsWith(':gh-sprint')) : []
  const asked = new Set([...FIELDS, ...named.flatMap((id) => id ?? []), ...sprints.map(({ id }) => id)])
  const read = (one: FoundIssue) => [pulled(one.id, utc(one.fields.updated), one)]
  yield* walkLists(ask, 'issues', issueLists(ask, { fields: [...asked] }, read))
}

export const CATEGORY: Record<string, (typeof STATUS_CATEGORIES)[number]> = {
  new: 'todo',
  indeterminate: 'in_progress',
  done: 'done',
  undefined: 'todo',
}

const KINDS: readonly { readonly name: RegExp; readonly kind: (typeof WORK_KINDS)[number] }[] = [
  { name: /incident/i, kind: 'incident' },
  { name: /^(?:bug|defect|fault|error)$/i, kind: 'bug' },
  { name: /^(?:story|user story|feature|new feature|improvement|enhancement|requirement)$/i, kind: 'feature' },
  { name: /^(?:epic|initiative)$/i, kind: 'epic' },
  { name: /^(?:task|chore|spike|technical task|technical debt)$/i, kind: 'task' },
  { name: /^sub-?task$/i, kind: 'subtask' },
]

function matches(text: string | undefined, values: readonly string[]): boolean {
  return text === undefined || values.some((value) => isFound(text, value))
}

function isIncident({ fields }: Issue, { incidents }: Config): boolean {
  return incidents.some(
    (rule) =>
      matches(rule.project, [fields.project?.key ?? '']) &&
      matches(rule.type, [fields.issuetype?.name ?? '']) &&
      matches(rule.label, fields.labels ?? []) &&
      matches(
        rule.component,
        (fields.components ?? []).map(({ name }) => name),
      ),
  )
}

function kindOf({ fields: { issuetype } }: Issue, { kinds }: Config): (typeof WORK_KINDS)[number] {
  if (!issuetype) return 'other'
  const said = kinds.find(({ name }) => matches(name, [issuetype.name]))
  if (said !== undefined) return said.kind
  if (issuetype.subtask === true) return 'subtask'
  return KINDS.find(({ name }) => name.test(issuetype.name))?.kind ?? 'other'
}

function resolvedAt({ status, resolutiondate, statuscategorychangedate }: Issue['fields']): string | null {
  const at = status?.statusCategory?.key === 'done' ? (resolutiondate ?? statuscategorychangedate) : null
  return at ? utc(at) : null
}

export function issueRows(payload: IssuePayload, _raw: Raw, config: Config): DomainRows {
  const told = 'webhookEvent' in payload ? payload.issue : payload
  const { key, fields } = told
  const project = fields.project?.key ?? null
  // One that was moved out of the projects, or deleted, is gone; its newest version tells nothing.
  if ('webhookEvent' in payload && payload.webhookEvent === 'jira:issue_deleted') return {}
  if (config.projects.length > 0 && !config.projects.some((one) => one === project)) return {}
  const incident = isIncident(told, config)
  const estimate = config.estimate_field === undefined ? null : fields[config.estimate_field]
  const epic = config.epic_field === undefined ? null : textIn(fields[config.epic_field])
  const components = (fields.components ?? []).map(({ name }) => name)
  const severity = config.severity_field === undefined ? null : textIn(fields[config.severity_field])
  const row = rowOf(workItem, {
    id: key,
    project,
    kind: incident ? 'incident' : kindOf(told, config),
    kind_name: fields.issuetype?.name,
    title: fields.summary ?? key,
    status: CATEGORY[fields.status?.statusCategory?.key ?? 'new'] ?? 'todo',
    status_name: fields.status?.name,
    resolution: fields.resolution?.name.toLowerCase().replaceAll(/\s+/g, '_'),
    created_at: utc(fields.created),
    resolved_at: resolvedAt(fields),
    due_at: dayOf(fields.duedate),
    priority: fields.priority?.name,
    severity,
    estimate: typeof estimate === 'number' ? estimate : null,
    estimated_seconds: fields.timeoriginalestimate,
    spent_seconds: fields.timespent,
    assignee: nameOf(fields.assignee),
    reporter: nameOf(fields.reporter),
    parent_id: fields.parent?.key ?? epic,
    labels: fields.labels ?? [],
    components,
    sprint_ids: sprintIds(fields, config),
    fix_versions: (fields.fixVersions ?? []).map(({ name }) => name),
    url: pageOf(config, `/browse/${encodeURIComponent(key)}`),
  })
  return incident ? { work_items: [row], incident_states: incidentRows(told, row.url, severity, config) } : { work_items: [row] }
}

function incidentRows({ key, fields }: Issue, url: string | null, severity: string | null, config: Config) {
  const components = (fields.components ?? []).map(({ name }) => name)
  const service = config.service_field === undefined ? null : textIn(fields[config.service_field])
  const environment = config.environment_field === undefined ? null : textIn(fields[config.environment_field])
  const place = placeOf(config.services, [service, ...components, fields.project?.key], {
    service: service ?? components[0] ?? null,
    environment: environment ?? config.environment,
  })
  const told = { id: key, ...place, severity: severity ?? fields.priority?.name, title: fields.summary, url }
  return incidentStates(told, utc(fields.created), resolvedAt(fields))
}
