import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { transition } from '../../domain/transition.ts'
import { pulled, type Raw } from '../../src/connector.ts'
import { each, momentOf, whole } from './api.ts'
import type { Config } from './config.ts'
import { allIssues, plainLabel } from './issue.ts'
import { allMergeRequests } from './merge-request.ts'
import { id, type Item, place, when, words } from './payload.ts'
import { login, person } from './person.ts'
import { lists, pullLists, type Read } from './project-list.ts'
import { contextOf } from './project.ts'

export const stateEventPayload = z.object({
  id,
  iid: id,
  project: place,
  resource_type: z.string(),
  user: person,
  created_at: when,
  state: words,
  action: words,
  label: z.object({ name: words }).nullish(),
})

const stateEvents =
  (of: 'issues' | 'merge_requests', ...kinds: readonly ('state' | 'label')[]): Read =>
  async (ask, found, project) => {
    const events = await each(found, async ({ iid }) => {
      const path = `/projects/${project.id}/${of}/${String(iid)}/resource_`
      const lists = kinds.map(async (kind) => (await whole(ask, `${path}${kind}_events`, {})).map((one) => ({ ...one, iid, kind })))
      return (await Promise.all(lists)).flat() as Item[]
    })
    return events
      .flat()
      .map(({ kind, ...one }) =>
        pulled(`${String(kind)}:${String(one['id'])}`, momentOf(one, 'created_at'), { ...one, project: contextOf(project) }),
      )
  }

export const pullStateEvents = pullLists(
  'closings and labels',
  lists('merge_requests', allMergeRequests, stateEvents('merge_requests', 'state')),
  lists('issues', allIssues, stateEvents('issues', 'state', 'label'), { more: ' issues' }),
)

const STEPS_OF_CHANGE = new Map([
  ['closed', { from_value: 'open', to_value: 'closed' }],
  ['reopened', { from_value: 'closed', to_value: 'open' }],
  ['merged', { from_value: 'open', to_value: 'merged' }],
])

/** What an open issue was before, its labels tell. */
const STEPS_OF_ISSUE = new Map([
  ['closed', { from_value: 'opened', to_value: 'closed', to_category: 'done' as const }],
  ['reopened', { from_value: 'closed', to_value: 'opened', from_category: 'done' as const, to_category: 'todo' as const }],
])

export function stateEventRows(one: z.output<typeof stateEventPayload>, raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const isIssue = one.resource_type === 'Issue'
  const name = one.label?.name ?? null
  const step =
    name === null
      ? (isIssue ? STEPS_OF_ISSUE : STEPS_OF_CHANGE).get(one.state ?? '')
      : !isIssue || !config.in_progress_labels.some((label) => plainLabel(label) === plainLabel(name))
        ? undefined
        : one.action === 'add'
          ? { to_value: name, to_category: 'in_progress' as const }
          : { from_value: name, from_category: 'in_progress' as const }
  if (step === undefined) return {}
  const known = { id: raw.id, repository, at: one.created_at, actor: login(one.user), ...step }
  return {
    transitions: [
      isIssue
        ? rowOf(transition, { ...known, subject_type: 'work_item', subject_id: `${repository}#${one.iid}`, field: 'status' })
        : rowOf(transition, { ...known, subject_type: 'change', subject_id: `${repository}!${one.iid}`, field: 'state' }),
    ],
  }
}
