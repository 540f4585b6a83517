import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Delivery } from '../../src/connector.ts'
import { Secret } from '../../src/secret.ts'
import { isSecret } from '../../src/signature.ts'
import { type Config, isAsked } from './config.ts'
import { id, moment, words } from './payload.ts'
import { UNSTARTED, WAITING } from './status.ts'

/** The secret itself in a header or, from GitLab 18 on, a signature. */
export function verify({ webhook_secrets }: Config, headers: Headers, body: Uint8Array): boolean {
  return isSecret(webhook_secrets, headers.get('x-gitlab-token')) || isSigned(webhook_secrets, headers, body)
}

/** How far the clocks of a signed delivery may differ is not judged here: a delivery that comes twice changes nothing. */
function isSigned(secrets: readonly Secret[], headers: Headers, body: Uint8Array): boolean {
  const [messageId, timestamp, given] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headers.get(name) ?? '')
  if (!messageId || !timestamp || !given) return false
  const expected = secrets.map((one) => {
    const text = one.reveal()
    const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text)
    return new Secret(`v1,${createHmac('sha256', key).update(`${messageId}.${timestamp}.`).update(body).digest('base64')}`)
  })
  return given.split(' ').some((signature) => isSecret(expected, signature))
}

const hookBody = z.looseObject({
  object_kind: words,
  event_name: words,
  project: z.looseObject({ id, default_branch: words }).nullish(),
  ref: words,
  action: words,
  object_attributes: z
    .looseObject({
      id: id.nullish(),
      iid: id.nullish(),
      action: words,
      state: words,
      status: words,
      updated_at: words,
      created_at: words,
      finished_at: words,
    })
    .nullish(),
  merge_request: z.looseObject({ iid: id.nullish() }).nullish(),
})

const APPROVALS = new Set(['approved', 'approval', 'unapproved', 'unapproval'])

/** A delivery that does not name its thing cannot be an item: it is kept unread. */
function numberOf(value: unknown): string {
  if (typeof value !== 'number') throw new Error('The delivery does not say the number of what it is about.')
  return String(value)
}

/** Webhooks count whole seconds: of two states of one second the later stage is the newer one. */
function inSecond(at: string | null, status: unknown): string | null {
  const stage = UNSTARTED.has(String(status)) ? 0 : WAITING.has(String(status)) ? 1 : status === 'running' ? 2 : 3
  return at === null ? null : new Date(Date.parse(at) + stage).toISOString()
}

export function read(_headers: Headers, given: unknown, config: Config): Delivery | null {
  const body = hookBody.parse(given)
  const { object_attributes: said, project } = body
  const asks = isAsked(config)
  const hint = (...pull: string[]): Delivery | null => (asks ? { item: null, pull } : null)
  const first = (...texts: unknown[]) => {
    const text = texts.find((one) => typeof one === 'string' && one !== '')
    return typeof text === 'string' ? moment(text) : null
  }
  const item = (stream: string, id: string, at: string | null): Delivery => ({ item: { stream, id, at } })
  switch (body.object_kind ?? body.event_name) {
    case 'push':
      return body.ref === `refs/heads/${project?.default_branch ?? ''}` ? hint('commits') : null
    case 'tag_push':
      return config.deployments.some(({ from }) => from === 'tag') ? hint('tags') : null
    case 'merge_request': {
      if (APPROVALS.has(said?.action ?? '')) {
        if (asks) return hint('merge_requests', 'notes')
        const at = first(said?.updated_at)
        const user = (given as { user?: { username?: unknown } }).user?.username
        return item('notes', `approval:${numberOf(project?.id)}!${numberOf(said?.iid)}:${String(user)}:${at}`, at)
      }
      if (asks) return hint('merge_requests', 'merge_request_commits', 'merge_request_files', 'notes', 'state_events')
      // What is edited after the end would take back when the end was.
      if (said?.action === 'update' && said.state !== 'opened') return null
      return item('merge_requests', `${numberOf(project?.id)}!${numberOf(said?.iid)}`, first(said?.updated_at))
    }
    case 'note':
      return body.merge_request ? item('notes', `note:${numberOf(said?.id)}`, first(said?.updated_at, said?.created_at)) : null
    case 'issue':
    case 'incident':
    case 'work_item':
      if (said?.iid === undefined || project === undefined || project === null) return null
      return asks
        ? hint('issues', 'state_events')
        : item('issues', `${project.id}#${numberOf(said.iid)}`, first(said.updated_at, said.created_at))
    case 'pipeline':
      if (asks) return WAITING.has(String(said?.status)) ? null : hint('pipelines', 'jobs')
      return item('pipelines', numberOf(said?.id), inSecond(first(said?.finished_at, said?.created_at), said?.status))
    case 'build':
      if (asks) return WAITING.has(String(body['build_status'])) ? null : hint('jobs')
      return item(
        'jobs',
        numberOf(body['build_id']),
        inSecond(first(body['build_finished_at'], body['build_started_at'], body['build_created_at']), body['build_status']),
      )
    case 'deployment': {
      const at = first(body['status_changed_at'])
      const told = item('deployments', numberOf(body['deployment_id']), asks ? at : inSecond(at, body['status']))
      return asks ? { ...told, pull: ['deployments'] } : told
    }
    case 'release': {
      const release = `${numberOf(project?.id)}@${String(body['tag'])}`
      // What was deleted is in no list: no pull would take its rows back.
      if (body.action === 'delete') return item('releases', release, null)
      return asks ? hint('releases') : item('releases', release, first(body['released_at'], body['created_at']))
    }
    case 'project_create':
    case 'project_rename':
    case 'project_transfer':
      return hint('repositories')
    default:
      return null
  }
}
