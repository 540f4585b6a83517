import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { transition, type Transition } from '../../domain/transition.ts'
import { pulled, utc, type Ask } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { graphLists } from './graph-list.ts'
import type { Changing } from './list.ts'
import { changeId, repositoryRef, time } from './payload.ts'
import { ACTOR, actorOf, loginOf, user, type User } from './person.ts'

const eventNode = z.looseObject({
  __typename: z.string(),
  id: z.string(),
  createdAt: time,
  actor: user,
  beforeCommit: z.object({ oid: z.string() }).nullish(),
  afterCommit: z.object({ oid: z.string() }).nullish(),
  /** Without a login where it is a team. */
  requestedReviewer: z.object({ login: z.string().optional() }).nullish(),
  assignee: z.object({ login: z.string().optional() }).nullish(),
})
type EventNode = z.output<typeof eventNode>
export const timelinePayload = z.object({
  repository: repositoryRef,
  number: z.int(),
  merged_at: time.nullish(),
  timeline: z.array(eventNode),
})

type Timeline = z.output<typeof timelinePayload>

const CHANGE_EVENTS =
  'READY_FOR_REVIEW_EVENT,CONVERT_TO_DRAFT_EVENT,CLOSED_EVENT,REOPENED_EVENT,HEAD_REF_FORCE_PUSHED_EVENT,REVIEW_REQUESTED_EVENT'
const ISSUE_EVENTS = 'CLOSED_EVENT,REOPENED_EVENT,ASSIGNED_EVENT,UNASSIGNED_EVENT'
const step = (type: string, more = '') => `...on ${type}{id createdAt actor{${ACTOR}} ${more}}`
// No field of a team: one alone needs a scope that a token for repositories does not have, and fails the whole query.
const CHANGE_NODES = `__typename ${['ReadyForReviewEvent', 'ConvertToDraftEvent', 'ClosedEvent', 'ReopenedEvent'].map((type) => step(type)).join(' ')} ${step('HeadRefForcePushedEvent', 'beforeCommit{oid} afterCommit{oid}')} ${step('ReviewRequestedEvent', 'requestedReviewer{...on User{login} ...on Bot{login} ...on Mannequin{login}}')}`
const ASSIGNEE = 'assignee{...on User{login} ...on Bot{login} ...on Mannequin{login}}'
const ISSUE_NODES = `__typename ${step('ClosedEvent')} ${step('ReopenedEvent')} ${step('AssignedEvent', ASSIGNEE)} ${step('UnassignedEvent', ASSIGNEE)}`

export const pullTimeline = (ask: Ask<Config>, of: Changing) =>
  graphLists(ask, of === 'issues' ? 'history of issues' : 'history of pull requests', of, (repository) => ({
    query: of === 'issues' ? 'IssueTimeline' : 'Timeline',
    first: 25,
    fields: of === 'issues' ? '' : 'mergedAt',
    inner: {
      field: 'timelineItems',
      nodes: of === 'issues' ? ISSUE_NODES : CHANGE_NODES,
      types: of === 'issues' ? ISSUE_EVENTS : CHANGE_EVENTS,
    },
    items: ({ number, updatedAt, mergedAt = null }, timeline) =>
      timeline.length === 0
        ? []
        : [
            pulled(`${repository.id}#${number}`, updatedAt, {
              repository: refOf(repository),
              number,
              ...(of === 'issues' ? {} : { merged_at: mergedAt }),
              timeline: timeline.map((one) => ({ ...one, actor: actorOf(one['actor'] as User) })),
            }),
          ],
  }))

type Step = Pick<Transition, 'field' | 'from_value' | 'to_value'>

function stepOfChange(event: EventNode, mergedAt: string | null | undefined): Step | null {
  switch (event.__typename) {
    case 'ReadyForReviewEvent':
      return { field: 'draft', from_value: 'true', to_value: 'false' }
    case 'ConvertToDraftEvent':
      return { field: 'draft', from_value: 'false', to_value: 'true' }
    case 'ClosedEvent':
      return { field: 'state', from_value: 'open', to_value: mergedAt && utc(mergedAt) === utc(event.createdAt) ? 'merged' : 'closed' }
    case 'ReopenedEvent':
      return { field: 'state', from_value: 'closed', to_value: 'open' }
    case 'HeadRefForcePushedEvent':
      return { field: 'head_sha', from_value: event.beforeCommit?.oid ?? null, to_value: event.afterCommit?.oid ?? null }
    case 'ReviewRequestedEvent':
      return { field: 'reviewer', from_value: null, to_value: event.requestedReviewer?.login ?? null }
    default:
      return null
  }
}

function stepOfIssue(event: EventNode): Step | null {
  const assignee = event.assignee?.login ?? null
  switch (event.__typename) {
    case 'ClosedEvent':
      return { field: 'status', from_value: 'open', to_value: 'closed' }
    case 'ReopenedEvent':
      return { field: 'status', from_value: 'closed', to_value: 'open' }
    case 'AssignedEvent':
      return { field: 'assignee', from_value: null, to_value: assignee }
    case 'UnassignedEvent':
      return { field: 'assignee', from_value: assignee, to_value: null }
    default:
      return null
  }
}

function timelineRows(payload: Timeline, subject_type: Transition['subject_type']): DomainRows {
  const { repository, number, merged_at, timeline } = payload
  const category = (step: Step, value: string | null) => (step.field !== 'status' ? null : value === 'open' ? 'todo' : 'done')
  return {
    transitions: timeline.flatMap((event) => {
      const step = subject_type === 'change' ? stepOfChange(event, merged_at) : stepOfIssue(event)
      if (step === null) return []
      return rowOf(transition, {
        id: event.id,
        subject_type,
        subject_id: changeId(repository, number),
        repository: repository.full_name,
        at: utc(event.createdAt),
        ...step,
        from_category: category(step, step.from_value),
        to_category: category(step, step.to_value),
        actor: loginOf(event.actor),
      })
    }),
  }
}

export const changeTimelineRows = (payload: Timeline) => timelineRows(payload, 'change')
export const issueTimelineRows = (payload: Timeline) => timelineRows(payload, 'work_item')
