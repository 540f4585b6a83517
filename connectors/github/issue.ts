import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { incidentStates } from '../../domain/incident-state.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { workItem, type WorkItem } from '../../domain/work-item.ts'
import { utc, type Ask, type Raw } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { changed, eachRepository, restList } from './list.ts'
import { changeId, instantOf, isGone, item, labels, repositoryRef, time, type Named } from './payload.ts'
import { loginOf, user } from './person.ts'

const issue = z.object({
  number: z.int(),
  title: z.string(),
  /** Not in every delivery. */
  state: z.string().nullish(),
  state_reason: z.string().nullish(),
  user,
  assignee: user,
  labels,
  type: z.object({ name: z.string() }).nullish(),
  milestone: z.object({ title: z.string(), due_on: time.nullish() }).nullish(),
  created_at: time,
  updated_at: time,
  closed_at: time.nullish(),
  html_url: z.string().nullish(),
})
export const issuePayload = z.object({ action: z.string().optional(), repository: repositoryRef, issue })

export const issueName = ({ repository, issue: { number, updated_at } }: z.output<typeof issuePayload>): Named => [
  `${repository.id}#${number}`,
  utc(updated_at),
]

export const pullIssues = (ask: Ask<Config>) =>
  eachRepository(ask, 'issues', (repository) => [
    restList(ask, {
      key: String(repository.id),
      path: `/repos/${repository.full_name}/issues`,
      query: (since) => ({ state: 'all', ...changed(since) }),
      entries: z.array(z.looseObject({ updated_at: time })),
      moment: (one) => one.updated_at,
      // A pull request is an issue, too.
      items: (one) =>
        one['pull_request'] === undefined ? [item(issueName, issuePayload, { repository: refOf(repository), issue: one })] : [],
    }),
  ])

const KINDS: readonly (readonly [RegExp, WorkItem['kind']])[] = [
  [/^(?:type[:/ ]\s*)?(?:bug|defect|regression)$/i, 'bug'],
  [/^(?:type[:/ ]\s*)?(?:feature|enhancement|story)$/i, 'feature'],
  [/^(?:type[:/ ]\s*)?(?:task|chore)$/i, 'task'],
  [/^(?:type[:/ ]\s*)?epic$/i, 'epic'],
]

export function issueRows({ action, repository, issue: one }: z.output<typeof issuePayload>, _raw: Raw, config: Config): DomainRows {
  if (isGone(action)) return { work_items: [], incident_states: [] }
  const id = changeId(repository, one.number)
  const names = one.labels.map(({ name }) => name).sort()
  const wanted = new Set(config.incident_labels.map((name) => name.toLowerCase()))
  const incident = names.find((name) => wanted.has(name.toLowerCase()))
  const kinds = [one.type?.name, ...names].flatMap((name) => {
    const kind = KINDS.find(([pattern]) => name !== undefined && pattern.test(name))?.[1]
    return kind === undefined || name === undefined ? [] : [{ kind, name }]
  })
  const severity = names.flatMap((name) => /^severity[:/ ]\s*(.+)$|^(sev-?\d)$/i.exec(name)?.slice(1).filter(Boolean) ?? [])[0] ?? null
  const service = names.flatMap((name) => /^service[:/]\s*(.+)$/i.exec(name)?.[1] ?? [])[0] ?? repository.full_name
  const isOpen = one.state ? one.state === 'open' : !one.closed_at
  const told = { id, service, repository: repository.full_name, severity, title: one.title, url: one.html_url }
  return {
    work_items: [
      rowOf(workItem, {
        id,
        project: repository.full_name,
        repository: repository.full_name,
        kind: incident === undefined ? (kinds[0]?.kind ?? 'other') : 'incident',
        kind_name: one.type?.name ?? incident ?? kinds[0]?.name,
        title: one.title,
        status: isOpen ? 'todo' : 'done',
        status_name: one.state,
        resolution: isOpen ? null : one.state_reason,
        created_at: utc(one.created_at),
        resolved_at: isOpen ? null : instantOf(one.closed_at),
        due_at: instantOf(one.milestone?.due_on),
        severity,
        assignee: loginOf(one.assignee),
        reporter: loginOf(one.user),
        labels: names,
        components: [],
        sprint_ids: [],
        fix_versions: one.milestone ? [one.milestone.title] : [],
        url: one.html_url,
      }),
    ],
    incident_states:
      incident === undefined ? [] : incidentStates(told, utc(one.created_at), isOpen || !one.closed_at ? null : utc(one.closed_at)),
  }
}
