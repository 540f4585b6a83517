import { z } from 'zod'
import { board } from '../domain/board.ts'
import { compile, pattern } from '../domain/pattern.ts'
import { rowOf } from '../domain/entity.ts'
import { incidentState } from '../domain/incident-state.ts'
import { release } from '../domain/release.ts'
import { incidentEnvironment, placeOf, serviceRules } from '../domain/service-rule.ts'
import { sprint } from '../domain/sprint.ts'
import type { DomainRows } from '../domain/tables.ts'
import { transition } from '../domain/transition.ts'
import { STATUS_CATEGORIES, WORK_KINDS, workItem } from '../domain/work-item.ts'
import { worklog } from '../domain/worklog.ts'
import {
  defineConnector,
  defineStream,
  pulled,
  secret,
  webhookSecrets,
  type Ask,
  type Check,
  type Delivery,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { walkLists, type List, type ListPage } from '../src/paging.ts'
import { isSecret, isSigned, sentSecret } from '../src/signature.ts'

const docs = `Reads issues with their history, worklogs, boards, sprints and versions, from Jira Cloud and from Jira Data Center (8.14 or later).

**Credentials.** Cloud: \`email\` and an API token of that account. Data Center: a personal access token in \`token\`, without \`email\`. The account needs the permission Browse Projects; what it cannot see does not exist here.

**Incidents.** Issues that fit a rule in \`incidents\` are incidents, too, from their creation to their resolution. Without settings, those are the issue types whose name holds "incident". Their service is the value of \`service_field\`, else the first component; \`services\` translates it, and is tried on all components and the project as well.

**Fields.** Story points are a custom field with another id in each Jira: name it in \`estimate_field\`; the check of the connection says which fields could be meant. The field of sprints is found by its type.

**Done.** An issue is done when its status is of the category Done. When it was resolved is its resolution date or, where no resolution was set, the last change of its status category, which only Cloud tells.

**Deleted.** An issue that is deleted goes away by the webhook only: nothing else tells it. The webhook of an issue holds its last change and not its history, so it makes Fairlead ask for that. An issue that no longer fits \`jql\` stays as it last was.`

const fieldId = (what: string, otherwise = '') =>
  z
    .string()
    .regex(/^[\w.-]+$/, 'must be the id of a field, such as customfield_10016')
    .optional()
    .describe(`Id of the field that holds ${what}, such as customfield_10016${otherwise}`)

const incidentRule = z.strictObject({
  project: pattern().optional().describe('Pattern (RE2) for the key of the project'),
  type: pattern().optional().describe('Pattern for the name of the issue type'),
  label: pattern().optional().describe('Pattern for one of the labels'),
  component: pattern().optional().describe('Pattern for one of the components'),
})

const kindRule = z.strictObject({
  name: pattern().describe('Pattern (RE2) for the name of the issue type'),
  kind: z.enum(WORK_KINDS).describe('What issues of that type are'),
})

const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of Jira, such as https://acme.atlassian.net'),
  email: z.string().min(1).optional().describe('E-mail address of the account; Cloud only'),
  token: secret().describe('API token of the account (Cloud) or personal access token (Data Center)'),
  projects: z
    .array(
      z
        .string()
        .toUpperCase()
        .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the key of a project'),
    )
    .default([])
    .describe('Keys of the projects to read; default: all that the account can see'),
  jql: z
    .string()
    .min(1)
    .refine((jql) => !/\border\s+by\b/i.test(jql), 'must be a condition without ORDER BY')
    .optional()
    .describe('Condition (JQL) that issues must fit, too; give the webhook the same'),
  incidents: z
    .array(incidentRule)
    .default([{ type: '(?i)incident' }])
    .describe('Rules that say which issues are incidents; an issue must fit all that one rule says'),
  kinds: z
    .array(kindRule)
    .default([])
    .describe('Rules that say what kind of work an issue type is; the first that fits is the one. Without one: by the usual names'),
  estimate_field: fieldId('story points'),
  sprint_field: fieldId('sprints', '; default: the one of that type'),
  epic_field: fieldId('the epic of an issue (Epic Link of Data Center)'),
  service_field: fieldId('the service that an incident is of'),
  environment_field: fieldId('the environment that an incident is in'),
  severity_field: fieldId('the severity of an incident', '; default: its priority'),
  services: serviceRules(),
  environment: incidentEnvironment(),
  webhook_secrets: webhookSecrets(),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

/** `2026-01-15T10:00:00.000+0100`: Jira's offsets have no colon. */
const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/)
  .refine((at) => !Number.isNaN(Date.parse(at)), 'is no moment')
const date = z.iso.date()
const named = z.object({ name: z.string() })
const numbered = z.union([z.string().min(1), z.number().int()])

const user = z.object({
  accountId: z.string().nullish(),
  displayName: z.string().nullish(),
  name: z.string().nullish(),
})
type User = z.output<typeof user>

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
const issuesPayload = z.union([issueDelivery, issue])
type IssuesPayload = z.output<typeof issuesPayload>

/** One entry of an issue's history. Its items hold `toString`, so they are read by their own keys only. */
const changelogPayload = z.object({
  issue: z.object({ key: z.string().min(1) }),
  history: z.object({
    id: numbered,
    created: moment,
    author: user.nullish(),
    items: z.array(z.record(z.string(), z.unknown())),
  }),
  /** The category of each status that it names, by the status's id. */
  categories: z.record(z.string(), z.string()),
})
type ChangelogPayload = z.output<typeof changelogPayload>

const worklogPayload = z.union([
  z.object({ webhookEvent: z.literal('worklog_deleted'), worklog: z.object({ id: numbered }) }),
  z.object({
    issue: z.object({ key: z.string().min(1) }),
    worklog: z.object({ id: numbered, author: user.nullish(), started: moment, timeSpentSeconds: z.number() }),
  }),
])
type WorklogPayload = z.output<typeof worklogPayload>

/** All boards in one, so that one that is gone is gone. */
const boardsPayload = z.object({
  boards: z.array(
    z.object({
      id: numbered,
      name: z.string(),
      type: z.string().nullish(),
      location: z.object({ projectKey: z.string().nullish() }).nullish(),
    }),
  ),
})
type BoardsPayload = z.output<typeof boardsPayload>

const sprintFacts = z.object({
  id: numbered,
  name: z.string(),
  state: z.string(),
  startDate: moment.nullish(),
  endDate: moment.nullish(),
  completeDate: moment.nullish(),
  originBoardId: numbered.nullish(),
  goal: z.string().nullish(),
})
const sprintPayload = z.union([z.object({ webhookEvent: z.string(), sprint: sprintFacts }), sprintFacts])
type SprintPayload = z.output<typeof sprintPayload>

/** All versions of a project in one, likewise. */
const versionsPayload = z.object({
  project: z.string(),
  versions: z.array(z.object({ id: numbered, name: z.string(), released: z.boolean().nullish(), releaseDate: date.nullish() })),
})
type VersionsPayload = z.output<typeof versionsPayload>

// ---------------------------------------------------------------- rows

function utc(at: string): string {
  return new Date(at).toISOString()
}

/** A day without a time is its first moment in UTC. */
function dayOf(day: string | null | undefined): string | null {
  return day ? `${day}T00:00:00.000Z` : null
}

/** The address of a page for people; none where the API is asked through Atlassian's gateway. */
function pageOf({ url }: Config, path: string): string | null {
  return url.includes('//api.atlassian.com/') ? null : `${url.replace(/\/+$/, '')}${path}`
}

/** An account that was deleted is called so by Cloud, and is nobody here. */
function nameOf(one: User | null | undefined): string | null {
  if (!one || one.accountId === 'unknown' || one.displayName === 'Former user') return null
  return one.displayName || one.name || one.accountId || null
}

const CATEGORY: Record<string, (typeof STATUS_CATEGORIES)[number]> = {
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
  return text === undefined || values.some((value) => compile(text).matcher(value).find())
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

/** What a custom field says, whatever its kind: a text, a choice, an object of Assets, the first of several. */
function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null
  if (Array.isArray(value)) return textIn(value[0])
  if (typeof value !== 'object' || value === null) return null
  const { value: choice, name, label } = value as Record<string, unknown>
  return textIn(choice ?? name ?? label ?? null)
}

const sprintReference = z.object({ id: z.number().int(), name: z.string(), state: z.string() })
/** Data Center prints the object that it has: `com.atlassian.greenhopper.service.sprint.Sprint@1f[id=12,rapidViewId=3,…]`. */
const PRINTED_SPRINT = /^com\.atlassian\.greenhopper\.service\.sprint\.Sprint@[^[]*\[(?:.*,)?id=(\d+),/

function sprintsIn(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null
  const ids: string[] = []
  for (const one of value) {
    const id = typeof one === 'string' ? PRINTED_SPRINT.exec(one)?.[1] : sprintReference.safeParse(one).data?.id
    if (id === undefined) return null
    ids.push(String(id))
  }
  return [...new Set(ids)]
}

/** All sprints that an issue was carried through, in the field that is named or in the one that looks like it. */
function sprintIds(all: Record<string, unknown>, { sprint_field }: Config): string[] {
  if (sprint_field !== undefined) return sprintsIn(all[sprint_field]) ?? []
  for (const [name, value] of Object.entries(all)) {
    const ids = name.startsWith('customfield_') ? sprintsIn(value) : null
    if (ids !== null) return ids
  }
  return []
}

function resolvedAt({ status, resolutiondate, statuscategorychangedate }: Issue['fields']): string | null {
  const at = status?.statusCategory?.key === 'done' ? (resolutiondate ?? statuscategorychangedate) : null
  return at ? utc(at) : null
}

function issueRows(payload: IssuesPayload, config: Config): DomainRows {
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
  const row = (state: 'opened' | 'closed', at: string) =>
    rowOf(incidentState, { id: key, state, at, ...place, severity: severity ?? fields.priority?.name, title: fields.summary, url })
  const closed = resolvedAt(fields)
  return closed === null ? [row('opened', utc(fields.created))] : [row('opened', utc(fields.created)), row('closed', closed)]
}

/** The fields whose history is read, as Jira writes them in it; estimates have the id that the settings name. */
const CHANGED_FIELDS: Record<string, string> = {
  status: 'status',
  resolution: 'resolution',
  assignee: 'assignee',
  priority: 'priority',
  issuetype: 'kind',
  project: 'project',
  Key: 'key',
  Sprint: 'sprint',
  'Fix Version': 'fix_version',
  Component: 'component',
  'Epic Link': 'parent',
  IssueParentAssociation: 'parent',
  Parent: 'parent',
  Flagged: 'flagged',
  duedate: 'due',
  timeoriginalestimate: 'estimated_seconds',
}

/** What the field of story points is called, where nobody renamed it. */
const POINTS = /^story points?(?: estimate)?$/i

/** A key of the item's own: `toString` is one, and every object has another. */
function own(item: Record<string, unknown>, key: string): string | null {
  const value = Object.hasOwn(item, key) ? item[key] : null
  return typeof value === 'string' && value !== '' ? value : null
}

function changelogRows({ issue, history, categories }: ChangelogPayload, config: Config): DomainRows {
  const categoryOf = (status: string | null) => (status === null ? null : (CATEGORY[categories[status] ?? ''] ?? null))
  const transitions = history.items.flatMap((item, index) => {
    const name = own(item, 'field') ?? ''
    // Data Center tells the name of a field and no id.
    const id = own(item, 'fieldId')
    const isEstimate = config.estimate_field !== undefined && (id === null ? POINTS.test(name) : id === config.estimate_field)
    const field = isEstimate ? 'estimate' : Object.hasOwn(CHANGED_FIELDS, name) ? CHANGED_FIELDS[name] : undefined
    if (field === undefined) return []
    // Sprints by their ids, as the issue has them: names repeat.
    const isById = field === 'sprint'
    return rowOf(transition, {
      id: `${history.id}.${index}`,
      subject_type: 'work_item',
      subject_id: issue.key,
      at: utc(history.created),
      field,
      from_value: isById ? own(item, 'from') : (own(item, 'fromString') ?? own(item, 'from')),
      to_value: isById ? own(item, 'to') : (own(item, 'toString') ?? own(item, 'to')),
      from_category: field === 'status' ? categoryOf(own(item, 'from')) : null,
      to_category: field === 'status' ? categoryOf(own(item, 'to')) : null,
      actor: nameOf(history.author),
    })
  })
  return { transitions }
}

function worklogRows(payload: WorklogPayload): DomainRows {
  if ('webhookEvent' in payload) return {}
  const { issue, worklog: told } = payload
  const row = rowOf(worklog, {
    id: String(told.id),
    work_item_id: issue.key,
    author: nameOf(told.author),
    started_at: utc(told.started),
    seconds: told.timeSpentSeconds,
  })
  return { worklogs: [row] }
}

function boardRows({ boards }: BoardsPayload, config: Config): DomainRows {
  const rows = boards.map(({ id, name, type, location }) => {
    const url = pageOf(config, `/secure/RapidBoard.jspa?rapidView=${id}`)
    return rowOf(board, { id: String(id), name, project: location?.projectKey, kind: type, url })
  })
  return { boards: distinct(rows) }
}

/** A list that grew while its pages were read gives some of it twice. */
function distinct<T extends { readonly id: string }>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}

const SPRINT_STATE: Record<string, 'planned' | 'active' | 'closed'> = { future: 'planned', active: 'active', closed: 'closed' }

function sprintRows(payload: SprintPayload, config: Config): DomainRows {
  if ('webhookEvent' in payload && payload.webhookEvent === 'sprint_deleted') return {}
  const told = 'webhookEvent' in payload ? payload.sprint : payload
  const boardId = told.originBoardId === null || told.originBoardId === undefined ? null : String(told.originBoardId)
  const row = rowOf(sprint, {
    id: String(told.id),
    board_id: boardId,
    name: told.name,
    state: SPRINT_STATE[told.state.toLowerCase()] ?? 'planned',
    started_at: told.startDate ? utc(told.startDate) : null,
    ends_at: told.endDate ? utc(told.endDate) : null,
    completed_at: told.completeDate ? utc(told.completeDate) : null,
    goal: told.goal || null,
    url: boardId === null ? null : pageOf(config, `/secure/RapidBoard.jspa?rapidView=${boardId}&sprint=${told.id}`),
  })
  return { sprints: [row] }
}

function versionRows({ project, versions }: VersionsPayload, config: Config): DomainRows {
  const rows = versions.map((version) =>
    rowOf(release, {
      id: String(version.id),
      project,
      name: version.name,
      published_at: version.released === true ? dayOf(version.releaseDate) : null,
      is_prerelease: false,
      is_draft: version.released !== true,
      url: pageOf(config, `/projects/${encodeURIComponent(project)}/versions/${version.id}`),
    }),
  )
  return { releases: distinct(rows) }
}

// ---------------------------------------------------------------- asking

const PER_PAGE = 100
/** Not there, not in this edition, or not for this account: an empty list; `check` names it. A kanban board has no sprints and says 400. */
const ABSENT = [400, 403, 404]

function isCloud({ email }: Config): boolean {
  return email !== undefined
}

/** The path of the platform's API: Cloud has taken the search of version 2 away. */
function rest(config: Config, path: string): string {
  return `/rest/api/${isCloud(config) ? 3 : 2}${path}`
}

interface Range {
  readonly since: string | null
  readonly until: string | null
}

/** A number without quotes is milliseconds since 1970; a text would be read in the time zone of the account, to the minute. */
function jqlOf({ jql }: Config, project: string | null, { since, until }: Range): string {
  const conditions = [
    project === null ? null : `project = "${project}"`,
    // Cloud refuses a search without any condition.
    since === null ? (project === null ? 'created >= "1970-01-01"' : null) : `updated >= ${Date.parse(since)}`,
    until === null ? null : `updated <= ${Date.parse(until)}`,
    jql === undefined ? null : `(${jql})`,
  ]
  return `${conditions.filter((one) => one !== null).join(' AND ')} ORDER BY updated DESC`
}

const foundIssue = z.looseObject({ id: z.string(), key: z.string(), fields: z.looseObject({ updated: moment }) })
type FoundIssue = z.output<typeof foundIssue>
const foundPage = z.object({
  issues: z.array(foundIssue),
  nextPageToken: z.string().nullish(),
  startAt: z.number().nullish(),
  total: z.number().nullish(),
})

interface Search {
  readonly fields: readonly string[]
  readonly expand?: string | undefined
}

interface Found {
  readonly issues: FoundIssue[]
  readonly next: string | null
  readonly total: number | null
}

async function search(ask: Ask<Config>, jql: string, { fields, expand }: Search, page: string | null): Promise<Found> {
  const asked = { jql, maxResults: PER_PAGE, fields: fields.join(','), expand }
  if (isCloud(ask.config)) {
    const query = { ...asked, nextPageToken: page ?? undefined }
    const { status, body } = await ask.http.get(rest(ask.config, '/search/jql'), { query, allow: page === null ? [] : [400] })
    // A place in a list holds for seven days: a walk that rested longer begins again.
    if (status === 400) return search(ask, jql, { fields, expand }, null)
    const { issues, nextPageToken } = foundPage.parse(body)
    return { issues, next: nextPageToken ?? null, total: null }
  }
  const startAt = Number(page ?? 0)
  const { body } = await ask.http.get(rest(ask.config, '/search'), { query: { ...asked, startAt } })
  const { issues, total } = foundPage.parse(body)
  const end = startAt + issues.length
  return { issues, next: issues.length > 0 && end < (total ?? 0) ? String(end) : null, total: total ?? null }
}

/** One list of issues for each project, or one of all; an issue that changed becomes the items that `read` makes of it. */
function issueLists(ask: Ask<Config>, asked: Search, read: (one: FoundIssue) => Pulled[] | Promise<Pulled[]>): List[] {
  const { projects } = ask.config
  return (projects.length > 0 ? projects : [null]).map((project) => ({
    key: project ?? 'all',
    async page(range, page): Promise<ListPage> {
      const { issues, next, total } = await search(ask, jqlOf(ask.config, project, range), asked, page)
      const items: Pulled[] = []
      for (const one of issues) items.push(...(await read(one)))
      return { items, next, total }
    },
  }))
}

const FIELDS = Object.keys(fields.shape)
const fieldList = z.array(z.object({ id: z.string(), name: z.string(), schema: z.object({ custom: z.string().nullish() }).nullish() }))

async function readFields({ http, config }: Ask<Config>) {
  const { status, body } = await http.get(rest(config, '/field'), { allow: ABSENT })
  return status < 300 ? fieldList.parse(body) : []
}

async function* pullIssues(ask: Ask<Config>): AsyncGenerator<Page> {
  const { estimate_field, sprint_field, epic_field, service_field, environment_field, severity_field } = ask.config
  const named = [estimate_field, sprint_field, epic_field, service_field, environment_field, severity_field]
  const sprints = sprint_field === undefined ? (await readFields(ask)).filter(({ schema }) => schema?.custom?.endsWith(':gh-sprint')) : []
  const asked = new Set([...FIELDS, ...named.flatMap((id) => id ?? []), ...sprints.map(({ id }) => id)])
  const read = (one: FoundIssue) => [pulled(one.id, utc(one.fields.updated), one)]
  yield* walkLists(ask, 'issues', issueLists(ask, { fields: [...asked] }, read))
}

const entry = z.looseObject({ id: numbered, items: z.array(z.looseObject({})) })
const changelogPage = z.object({
  histories: z.array(entry).nullish(),
  values: z.array(entry).nullish(),
  total: z.number().nullish(),
  isLast: z.boolean().nullish(),
})
const statusList = z.array(z.object({ id: z.string(), statusCategory: z.object({ key: z.string() }).nullish() }))

/** Dated by the issue's last change, so that a move to another key tells the whole history anew. */
async function* pullChangelogs(ask: Ask<Config>): AsyncGenerator<Page> {
  const { status, body } = await ask.http.get(rest(ask.config, '/status'), { allow: ABSENT })
  const categories = new Map((status < 300 ? statusList.parse(body) : []).map(({ id, statusCategory }) => [id, statusCategory?.key]))
  const read = async (one: FoundIssue) => {
    const histories = await historyOf(ask, one)
    return histories.map((told) => {
      // Long texts, each twice in each entry, that nothing here reads.
      const history = { ...told, items: told.items.filter(({ field }) => field !== 'description' && field !== 'Comment') }
      const named = history.items.flatMap((item) => (item['field'] === 'status' ? [item['from'], item['to']] : []))
      const known = named.flatMap((id) => (typeof id === 'string' && categories.get(id) ? [[id, categories.get(id)]] : []))
      const payload = { issue: { id: one.id, key: one.key }, history, categories: Object.fromEntries(known) as unknown }
      return pulled(String(history.id), utc(one.fields.updated), payload)
    })
  }
  yield* walkLists(ask, 'changelogs', issueLists(ask, { fields: ['updated'], expand: 'changelog' }, read))
}

/** A search gives the last hundred entries of a history; the rest is asked for by itself. */
async function historyOf({ http, config }: Ask<Config>, one: FoundIssue) {
  const first = changelogPage.safeParse(one['changelog']).data
  const given = first?.histories ?? []
  if ((first?.total ?? given.length) <= given.length) return given
  const path = rest(config, `/issue/${encodeURIComponent(one.id)}`)
  if (!isCloud(config)) {
    const { body } = await http.get(path, { query: { fields: 'updated', expand: 'changelog' }, allow: [404] })
    return changelogPage.safeParse((body as { changelog?: unknown } | null)?.changelog).data?.histories ?? given
  }
  const all: z.output<typeof entry>[] = []
  for (;;) {
    const { status, body } = await http.get(`${path}/changelog`, { query: { startAt: all.length, maxResults: PER_PAGE }, allow: [404] })
    if (status === 404) return given
    const { values, isLast } = changelogPage.parse(body)
    all.push(...(values ?? []))
    if (isLast !== false || !values?.length) return all
  }
}

const logs = z.object({ worklogs: z.array(z.looseObject({ id: z.string() })), total: z.number().nullish() })
const deletedLogs = z.object({
  values: z.array(z.object({ worklogId: z.number(), updatedTime: z.number() })),
  lastPage: z.boolean().nullish(),
  until: z.number().nullish(),
})

async function* pullWorklogs(ask: Ask<Config>): AsyncGenerator<Page> {
  const read = async (one: FoundIssue) => {
    const found = await worklogsOf(ask, one)
    // What somebody wrote about their hours is nobody's business here.
    return found.map(({ comment: _comment, ...log }) =>
      pulled(log.id, utc(one.fields.updated), { issue: { id: one.id, key: one.key }, worklog: log }),
    )
  }
  const deleted: List = {
    key: 'deleted',
    async page({ since }, page): Promise<ListPage> {
      const query = { since: page ?? (since === null ? 0 : Date.parse(since)) }
      const { status, body } = await ask.http.get(rest(ask.config, '/worklog/deleted'), { query, allow: ABSENT })
      if (status >= 300) return { items: [], next: null }
      const { values, lastPage, until } = deletedLogs.parse(body)
      const items = values.map(({ worklogId, updatedTime }) =>
        pulled(String(worklogId), new Date(updatedTime).toISOString(), { webhookEvent: 'worklog_deleted', worklog: { id: worklogId } }),
      )
      return { items, next: lastPage === false && until && String(until) !== page ? String(until) : null }
    },
  }
  yield* walkLists(ask, 'worklogs', [...issueLists(ask, { fields: ['updated', 'worklog'] }, read), deleted])
}

/** A search gives the first twenty worklogs of an issue. */
async function worklogsOf({ http, config }: Ask<Config>, one: FoundIssue) {
  const first = logs.safeParse(one.fields['worklog']).data
  const given = first?.worklogs ?? []
  if ((first?.total ?? given.length) <= given.length) return given
  const all: typeof given = []
  const path = rest(config, `/issue/${encodeURIComponent(one.id)}/worklog`)
  for (;;) {
    const { status, body } = await http.get(path, { query: { startAt: all.length, maxResults: 1_000 }, allow: [404] })
    if (status === 404) return given
    const { worklogs, total } = logs.parse(body)
    all.push(...worklogs)
    if (worklogs.length === 0 || all.length >= (total ?? 0)) return all
  }
}

const valuesPage = z.object({
  values: z.array(z.looseObject({ id: numbered })),
  isLast: z.boolean().nullish(),
  total: z.number().nullish(),
})

/** One page of a list that Jira gives by `startAt`; null where there is none for this account. */
async function readValues({ http }: Ask<Config>, path: string, page: string | null, query: Record<string, string | undefined> = {}) {
  const startAt = Number(page ?? 0)
  const { status, body } = await http.get(path, { query: { ...query, startAt, maxResults: 50 }, allow: ABSENT })
  if (status >= 300) return null
  const { values, isLast, total } = valuesPage.parse(body)
  const end = startAt + values.length
  const isEnd = isLast ?? end >= (total ?? end)
  return { values, next: isEnd || values.length === 0 ? null : String(end) }
}

type Values = z.output<typeof valuesPage>['values']

async function readAll(ask: Ask<Config>, path: string, query?: Record<string, string | undefined>): Promise<Values | null> {
  const all: Values = []
  let at: string | null = null
  do {
    const found: Awaited<ReturnType<typeof readValues>> = await readValues(ask, path, at, query)
    if (found === null) return null
    all.push(...found.values)
    at = found.next
  } while (at !== null)
  return all
}

/** These lists are short, and do not say what changed: they are asked whole, each time. */
function listOf(key: string, page: (page: string | null) => Promise<ListPage>): List {
  return { key, page: (_range, at) => page(at) }
}

async function readBoards(ask: Ask<Config>): Promise<Values | null> {
  const { projects } = ask.config
  if (projects.length === 0) return readAll(ask, '/rest/agile/1.0/board')
  const found: Values[] = []
  for (const projectKeyOrId of projects) found.push((await readAll(ask, '/rest/agile/1.0/board', { projectKeyOrId })) ?? [])
  return [...new Map(found.flat().map((one) => [String(one.id), one])).values()]
}

function pullBoards(ask: Ask<Config>): AsyncGenerator<Page> {
  const all = listOf('all', async () => {
    const boards = await readBoards(ask)
    return { items: boards === null ? [] : [pulled('boards', null, { boards })], next: null }
  })
  return walkLists(ask, 'boards', [all])
}

async function* pullSprints(ask: Ask<Config>): AsyncGenerator<Page> {
  const boards = ((await readBoards(ask)) ?? []).filter((one) => one['type'] !== 'kanban')
  const lists = boards.map(({ id }) =>
    listOf(`board ${id}`, async (page) => {
      const found = await readValues(ask, `/rest/agile/1.0/board/${id}/sprint`, page)
      return { items: (found?.values ?? []).map((one) => pulled(String(one.id), null, one)), next: found?.next ?? null }
    }),
  )
  yield* walkLists(ask, 'sprints', lists)
}

const projectList = z.array(z.looseObject({ key: z.string() }))

async function projectKeys(ask: Ask<Config>): Promise<string[]> {
  if (ask.config.projects.length > 0) return ask.config.projects
  const path = rest(ask.config, isCloud(ask.config) ? '/project/search' : '/project')
  const found = isCloud(ask.config) ? await readAll(ask, path) : (await ask.http.get(path)).body
  return projectList.parse(found ?? []).map(({ key }) => key)
}

async function* pullVersions(ask: Ask<Config>): AsyncGenerator<Page> {
  const lists = (await projectKeys(ask)).map((project) =>
    listOf(project, async () => {
      const versions = await readAll(ask, rest(ask.config, `/project/${encodeURIComponent(project)}/version`))
      return { items: versions === null ? [] : [pulled(project, null, { project, versions })], next: null }
    }),
  )
  yield* walkLists(ask, 'versions', lists)
}

// ---------------------------------------------------------------- the hook

/** Cloud signs with the webhook's secret and names the method; what cannot sign, such as a rule of Jira's automation, sends the secret. */
function verify({ webhook_secrets }: Config, headers: Headers, body: Uint8Array): boolean {
  const signature = headers.get('x-hub-signature')
  if (signature === null) return isSecret(webhook_secrets, sentSecret(headers))
  const found = /^sha256=([0-9a-f]{64})$/i.exec(signature.trim())
  return found !== null && isSigned(webhook_secrets, body, found[1])
}

const thing = z.object({ id: numbered })
const issueEvent = z.object({
  issue: z.object({ id: numbered, fields: z.object({ updated: moment }) }),
  changelog: z.unknown().optional(),
  timestamp: z.number().nullish(),
})
const worklogEvent = z.object({ worklog: thing, timestamp: z.number().nullish() })

function instantOf(timestamp: number | null | undefined): string | null {
  return timestamp ? new Date(timestamp).toISOString() : null
}

function read(_headers: Headers, body: unknown): Delivery | null {
  const { webhookEvent: event } = z.object({ webhookEvent: z.string() }).parse(body)
  if (event.startsWith('jira:issue_')) {
    const { issue, changelog, timestamp } = issueEvent.parse(body)
    const id = String(issue.id)
    const updated = utc(issue.fields.updated)
    if (event !== 'jira:issue_deleted')
      return { item: { stream: 'issues', id, at: updated }, ...(changelog ? { pull: ['changelogs'] } : {}) }
    // A deletion changes nothing of the issue that is sent.
    const sent = instantOf(timestamp)
    return { item: { stream: 'issues', id, at: sent !== null && sent > updated ? sent : updated } }
  }
  if (event === 'worklog_deleted') {
    const { worklog, timestamp } = worklogEvent.parse(body)
    return { item: { stream: 'worklogs', id: String(worklog.id), at: instantOf(timestamp) } }
  }
  if (event.startsWith('sprint_')) {
    const { sprint } = z.object({ sprint: thing }).parse(body)
    return { item: { stream: 'sprints', id: String(sprint.id), at: null } }
  }
  // A worklog names its issue by a number, and a version its project: what people call them is asked for.
  if (event.startsWith('worklog_')) return { item: null, pull: ['worklogs'] }
  if (event.startsWith('jira:version_')) return { item: null, pull: ['versions'] }
  if (event.startsWith('board_')) return { item: null, pull: ['boards', 'sprints'] }
  return null
}

// ---------------------------------------------------------------- check

async function check(ask: Ask<Config>): Promise<Check> {
  const { http, config } = ask
  const asked = async (path: string, query = {}) => (await http.get(path, { query, allow: [400, 401, 403, 404] })).status
  const who = await asked(rest(config, '/myself'))
  if (who === 404)
    return {
      ok: false,
      missing: [
        'There is no Jira at this address: give the address that its pages begin with, without a path behind it unless all have one.',
      ],
    }
  if (who >= 300) {
    const remedy = isCloud(config)
      ? 'make an API token at id.atlassian.com for the account of this e-mail address'
      : 'make a personal access token in your profile; on Cloud, give the e-mail address of the account as well'
    return { ok: false, missing: [`Jira does not accept the token: ${remedy}.`] }
  }
  const missing: string[] = []
  let ok = true
  for (const project of config.projects) {
    if ((await asked(rest(config, `/project/${encodeURIComponent(project)}`))) < 300) continue
    ok = false
    missing.push(
      `The project ${project} is not there or the account may not see it: give the account the permission Browse Projects in it.`,
    )
  }
  if (config.projects.length === 0 && (await projectKeys(ask)).length === 0) {
    ok = false
    missing.push('The account can see no project: give it the permission Browse Projects.')
  }
  if ((await asked('/rest/agile/1.0/board', { maxResults: 1 })) >= 300)
    missing.push('The account may not read boards, so there are no boards and sprints: give it access to the product Jira Software.')
  const known = await readFields(ask)
  const named = Object.entries(config).filter(([name, value]) => name.endsWith('_field') && typeof value === 'string') as [string, string][]
  for (const [name, id] of named)
    if (known.length > 0 && !known.some((one) => one.id === id)) missing.push(`There is no field ${id}: correct \`${name}\`.`)
  const points = known.filter((one) => POINTS.test(one.name)).map((one) => `${one.name} is ${one.id}`)
  if (config.estimate_field === undefined && points.length > 0)
    missing.push(`Estimates are not read: set \`estimate_field\` (${points.join(', ')}).`)
  return { ok, missing }
}

export default defineConnector<Config>({
  title: 'Jira',
  docs,
  config,
  api: ({ url, email, token }) => ({
    base: url.replace(/\/+$/, ''),
    headers: {
      accept: 'application/json',
      authorization:
        email === undefined ? `Bearer ${token.reveal()}` : `Basic ${Buffer.from(`${email}:${token.reveal()}`).toString('base64')}`,
    },
  }),
  streams: {
    issues: defineStream<Config, IssuesPayload>({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuesPayload,
      pull: pullIssues,
      rows: (payload, _raw, config) => issueRows(payload, config),
    }),
    changelogs: defineStream<Config, ChangelogPayload>({
      produces: ['transitions'],
      order: 'unordered',
      payload: changelogPayload,
      pull: pullChangelogs,
      rows: (payload, _raw, config) => changelogRows(payload, config),
    }),
    worklogs: defineStream<Config, WorklogPayload>({
      produces: ['worklogs'],
      order: 'unordered',
      payload: worklogPayload,
      pull: pullWorklogs,
      rows: worklogRows,
    }),
    boards: defineStream<Config, BoardsPayload>({
      produces: ['boards'],
      order: 'unordered',
      payload: boardsPayload,
      pull: pullBoards,
      rows: (payload, _raw, config) => boardRows(payload, config),
    }),
    sprints: defineStream<Config, SprintPayload>({
      produces: ['sprints'],
      order: 'unordered',
      payload: sprintPayload,
      pull: pullSprints,
      rows: (payload, _raw, config) => sprintRows(payload, config),
    }),
    versions: defineStream<Config, VersionsPayload>({
      produces: ['releases'],
      order: 'unordered',
      payload: versionsPayload,
      pull: pullVersions,
      rows: (payload, _raw, config) => versionRows(payload, config),
    }),
  },
  hook: {
    proof: 'signature',
    docs: 'Under System → Webhooks, add one with the URL `{url}` and a secret, which also goes into `webhook_secrets`; choose the events of issues, worklogs, versions, sprints and boards. A Jira that has no secret for webhooks sends them by a rule of its automation instead, with the header `X-Fairlead-Token`.',
    headers: ['x-atlassian-webhook-identifier'],
    verify,
    read,
  },
  check,
})
