import { z } from '@hono/zod-openapi'
import { textOf } from '../../../domain/loose.ts'
import { AppError } from '../../errors.ts'
import { jsonOf, takeDelivery, UNREADABLE } from '../../ingest/hook.ts'
import type { Secret } from '../../secret.ts'
import { isSigned } from '../../signature.ts'
import { principalOf } from '../auth.ts'
import { requireRight, route, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import {
  contentId,
  deliver,
  doorHeaders,
  nameSchema,
  objectOf,
  parsed,
  problemOf,
  readBody,
  rejecting,
  timeOf,
  type Body,
  type Item,
} from './door.ts'

const CONNECTOR = 'fawkes'
const TOKEN_HEADERS = ['x-api-key']
const KEPT = ['x-webhook-source', 'x-jenkins-job', 'x-github-event', 'x-github-delivery']
/** What comes without a connection id is of one source. */
const sourceOf = (connection: string) => (connection === '' ? CONNECTOR : `fawkes-${connection}`)
const params = z.object({ id: nameSchema })

interface Call {
  readonly org: string
  readonly connection: string
  readonly body: Body
  readonly headers: Headers
}
type Choose = (sent: Record<string, unknown>, body: Body, headers: Headers) => Omit<Item, 'payload'> | null

const named = (sent: Record<string, unknown>, field: string) => textOf(sent[field])

/** What a build, gate or check of a build is known by: its service and number, where it says them. */
function ofBuild(sent: Record<string, unknown>, body: Body, ...more: readonly (string | null)[]): string {
  const service = named(sent, 'service')
  const number = named(sent, 'build_number')
  if (service === null || number === null || number === '0') return contentId(body.bytes)
  const branch = named(sent, 'branch')
  return [`${service}${branch === null ? '' : `@${branch}`}#${number}`, ...more.filter((one) => one !== null)].join(':')
}

const cicd: Choose = (sent, body) => {
  const at = timeOf(sent['timestamp'])
  switch (named(sent, 'type')) {
    case 'ci_build':
    case 'build_started':
    case 'build_completed':
      return { stream: 'builds', id: ofBuild(sent, body, named(sent, 'stage')), at }
    case 'quality_gate':
      return { stream: 'quality_gates', id: ofBuild(sent, body, named(sent, 'commit_sha')), at }
    // A build may report several suites, and nothing tells them apart but what they say.
    case 'test_results':
      return { stream: 'tests', id: contentId(body.bytes), at }
    default:
      return null
  }
}

const quality: Choose = (sent, body) =>
  named(sent, 'metric_type') === 'accessibility'
    ? { stream: 'accessibility', id: ofBuild(sent, body, named(sent, 'commit_sha')), at: timeOf(sent['timestamp']) }
    : null

const incidents: Choose = (sent, body) => {
  const id = named(sent, 'id') ?? named(sent, 'incident_id') ?? (named(sent, 'detected_at') === null ? null : contentId(body.bytes))
  if (id === null) return null
  const over =
    (named(sent, 'resolvedDate') ?? named(sent, 'resolved_at')) !== null ||
    /^(resolved|closed|done|fixed)$/i.test(named(sent, 'status') ?? '')
  return { stream: 'incidents', id: over ? `${id}/resolved` : id, at: null }
}

/**
 * ArgoCD tells of one sync as often as its controller looks at it: the application, the revision and the start are what makes it one. The time
 * of the notification is none of the sync's, so it takes no part.
 */
const deployments: Choose = (sent, body) => {
  const application = named(sent, 'application')
  if (application !== null) {
    if (named(sent, 'event_type') === 'health_change')
      return { stream: 'health', id: `${application}:degraded:${timeOf(sent['timestamp']) ?? contentId(body.bytes)}`, at: null }
    const revision = named(sent, 'commit_sha') ?? named(sent, 'revision') ?? ''
    const moment = timeOf(sent['sync_started_at']) ?? timeOf(sent['sync_finished_at']) ?? timeOf(sent['timestamp']) ?? contentId(body.bytes)
    return { stream: 'syncs', id: `${application}:${revision}:${moment}`, at: null }
  }
  if (named(sent, 'project') === null && named(sent, 'service') === null) return null
  return { stream: 'deployments', id: named(sent, 'deployment_id') ?? contentId(body.bytes), at: null }
}

/** A push and a pull request are kept; a ping and what else a repository tells are of no use here. */
function githubItem(sent: Record<string, unknown>, headers: Headers): Omit<Item, 'payload'> | null {
  const repository = textOf(objectOf(sent['repository'])?.['full_name']) ?? ''
  if (headers.get('x-github-event') === 'push') {
    const head = objectOf(sent['head_commit'])
    return {
      stream: 'github',
      id: `push:${repository}:${textOf(sent['ref']) ?? ''}:${textOf(sent['after']) ?? ''}`,
      at: timeOf(head?.['timestamp']),
    }
  }
  if (headers.get('x-github-event') !== 'pull_request') return null
  const pull = objectOf(sent['pull_request'])
  return { stream: 'github', id: `${repository}#${textOf(pull?.['number']) ?? ''}`, at: timeOf(pull?.['updated_at']) }
}

/** `POST …/{id}/deployments` is DevLake's own path, too: these are told by their header and by the words that only they use. */
export function isFawkesDeployment(headers: Headers, { json, bytes }: Body): boolean {
  if (headers.get('x-webhook-source')?.toLowerCase() === 'argocd') return true
  const sent = objectOf(json)
  if (sent === null) return json === undefined && /"(?:event_type|sync_started_at)"\s*:/.test(Buffer.from(bytes).toString('utf8'))
  if ('event_type' in sent || 'deployment_id' in sent || ('application' in sent && 'sync_started_at' in sent)) return true
  return 'project' in sent && 'status' in sent && !('deploymentCommits' in sent) && !('repo_url' in sent)
}

export function acceptFawkesDeployment(services: Services, call: Call): Promise<Response> {
  return accept(services, call, deployments)
}

/** What cannot be read is kept with its reason and answered as taken: an emitter that is refused tries again, or stops, and mends nothing. */
async function accept(services: Services, { org, connection, body, headers }: Call, choose: Choose): Promise<Response> {
  const sent = objectOf(body.json)
  const chosen = sent === null ? null : choose(sent, body, headers)
  const item = chosen ?? { stream: UNREADABLE, id: contentId(body.bytes), at: null }
  const target = { org, source: sourceOf(connection), connector: CONNECTOR, headers: doorHeaders(headers, KEPT) }
  await deliver(services, target, [{ ...item, payload: body.bytes }])
  if (chosen === null) {
    const reason = body.json === undefined ? 'it is no valid JSON' : 'it is nothing that is known here'
    return Response.json({ success: true, message: `Kept, and not read: ${reason}.` }, { status: 202 })
  }
  const problem = problemOf(services, CONNECTOR, item.stream, body.json)
  return problem === null
    ? Response.json({ success: true, id: item.id })
    : Response.json({ success: true, message: `Kept, and not read: ${problem}.` }, { status: 202 })
}

export function fawkesRoutes(services: Services): Route[] {
  const reject = rejecting(services, (error) => ({ body: { success: false, message: error.message } }))
  const declare = (path: string, summary: string, choose: Choose): Route =>
    route({
      method: 'post',
      path: `/api/plugins/webhook/{id}/${path}`,
      summary,
      right: 'ingest',
      tokenHeaders: TOKEN_HEADERS,
      reject,
      params,
      rawBody: { 'application/json': z.looseObject({}) },
      replies: { 200: { description: 'On disk.' }, 202: { description: 'On disk, and not readable; `message` says why.' } },
      async handle({ params: { id }, principal, request }) {
        return accept(services, { org: principal.org, connection: id, body: await readBody(request), headers: request.headers }, choose)
      },
    })

  /** The addresses of Fawkes' playbook and of its decision 012, which name no connection. */
  const playbook = (path: string, summary: string, choose: Choose): Route =>
    route({
      method: 'post',
      path,
      summary: `Fawkes’ playbook: ${summary}`,
      right: 'ingest',
      tokenHeaders: TOKEN_HEADERS,
      reject,
      rawBody: { 'application/json': z.looseObject({}) },
      replies: { 200: { description: 'On disk; `id` names what was sent.' }, 202: { description: 'On disk, and not readable.' } },
      async handle({ principal, request }) {
        return accept(services, { org: principal.org, connection: '', body: await readBody(request), headers: request.headers }, choose)
      },
    })

  return [
    playbook('/webhooks/argocd', 'ArgoCD', deployments),
    playbook('/webhooks/jenkins', 'Jenkins', cicd),
    playbook('/metrics/deployment', 'a deployment', deployments),
    playbook('/metrics/failure', 'a failure that was detected; `id` in the answer names it for its resolution', incidents),
    playbook('/incidents/resolve', 'an incident is over', incidents),
    playbook('/webhook/build', 'a build', cicd),
    playbook('/webhook/deployment', 'a deployment', deployments),
    playbook('/webhook/incident', 'an incident', incidents),
    route({
      method: 'post',
      path: '/webhooks/alertmanager',
      summary: 'Fawkes’ playbook: Alertmanager, as at /hooks/alertmanager',
      right: 'ingest',
      tokenHeaders: TOKEN_HEADERS,
      reject,
      rawBody: { 'application/json': z.looseObject({}) },
      replies: { 200: { description: 'On disk.' } },
      async handle({ principal, request }) {
        const { bytes } = await readBody(request)
        const { result } = await takeDelivery(services.hooks, {
          name: 'alertmanager',
          headers: request.headers,
          body: bytes,
          tokenOf: principal.org,
        })
        return Response.json({ success: true, result })
      },
    }),
    declare('cicd', 'Fawkes’ Jenkins library: builds, quality gates, test results', cicd),
    declare('quality', 'Fawkes’ Jenkins library: accessibility', quality),
    declare('incidents', 'Fawkes: an incident opened or resolved', incidents),
    route({
      method: 'post',
      path: '/api/plugins/webhook/{id}/commits',
      summary: 'Fawkes: GitHub’s webhook, proved by `X-Hub-Signature-256` with the secret of the source, or by a token',
      right: 'public',
      reject,
      params,
      rawBody: { 'application/json': z.looseObject({}) },
      replies: { 200: { description: 'On disk, or of no use here.' }, 202: { description: 'On disk, and not readable.' } },
      async handle({ params: { id }, request, context }) {
        const body = await readBody(request)
        const principal = await principalOf(services.access, context, TOKEN_HEADERS)
        const org = principal?.org ?? services.access.home.id
        const signature = request.headers.get('x-hub-signature-256')
        const signed = signature !== null && isSigned(await secretsOf(org, id), body.bytes, /^sha256=(\w+)$/i.exec(signature)?.[1])
        // A signature that does not hold is refused even beside a token: somebody changed the body, or the secret is another.
        if (!signed && signature !== null && (principal === null || (await secretsOf(org, id)).length > 0))
          throw new AppError('unauthenticated', 'The signature is not one of this source’s secrets.')
        if (!signed) requireRight(principal, 'ingest')
        // The signature is over the form, where it comes as one.
        const read = parsed(jsonOf(request.headers, body.bytes))
        const call = { org, connection: id, body: read, headers: request.headers }
        const sent = objectOf(read.json)
        const item = sent === null ? null : githubItem(sent, request.headers)
        if (sent !== null && item === null) return Response.json({ success: true, message: 'Not kept: only pushes and pull requests are.' })
        return accept(services, call, () => item)
      },
    }),
  ]

  async function secretsOf(org: string, connection: string): Promise<readonly Secret[]> {
    const config = objectOf(await services.sources.configOf(org, sourceOf(connection), CONNECTOR))
    return Array.isArray(config?.['webhook_secrets']) ? (config['webhook_secrets'] as Secret[]) : []
  }
}
