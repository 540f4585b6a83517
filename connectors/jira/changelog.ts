import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { transition } from '../../domain/transition.ts'
import { pulled, utc, type Ask, type Page, type Raw } from '../../src/connector.ts'
import { walkLists } from '../../src/paging.ts'
import { ABSENT, isCloud, PER_PAGE, rest } from './api.ts'
import type { Config } from './config.ts'
import { type FoundIssue, issueLists } from './issue-search.ts'
import { CATEGORY } from './issue.ts'
import { moment, nameOf, numbered, user } from './payload.ts'

/** One entry of an issue's history. Its items hold `toString`, so they are read by their own keys only. */
export const changelogPayload = z.object({
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
const entry = z.looseObject({ id: numbered, items: z.array(z.looseObject({})) })

const changelogPage = z.object({
  histories: z.array(entry).nullish(),
  values: z.array(entry).nullish(),
  total: z.number().nullish(),
  isLast: z.boolean().nullish(),
})

const statusList = z.array(z.object({ id: z.string(), statusCategory: z.object({ key: z.string() }).nullish() }))

/** Dated by the issue's last change, so that a move to another key tells the whole history anew. */
export async function* pullChangelogs(ask: Ask<Config>): AsyncGenerator<Page> {
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
export const POINTS = /^story points?(?: estimate)?$/i

/** A key of the item's own: `toString` is one, and every object has another. */
function own(item: Record<string, unknown>, key: string): string | null {
  const value = Object.hasOwn(item, key) ? item[key] : null
  return typeof value === 'string' && value !== '' ? value : null
}

export function changelogRows({ issue, history, categories }: ChangelogPayload, _raw: Raw, config: Config): DomainRows {
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
