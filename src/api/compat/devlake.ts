import { z } from '@hono/zod-openapi'
import { looseKeys, textOf } from '../../../domain/loose.ts'
import { AppError } from '../../errors.ts'
import { statement } from '../../store/statement.ts'
import { route, type Declaration, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { contentId, deliver, doorHeaders, malformed, nameSchema, objectOf, problemOf, readBody, rejecting, type Body } from './door.ts'
import { acceptFawkesDeployment, isFawkesDeployment } from './fawkes.ts'

const CONNECTOR = 'devlake-webhook'
/** Behind DevLake's UI proxy, behind it with an API key, and straight at its server. The first stands in the documentation. */
const PREFIXES = ['/api/plugins/webhook', '/api/rest/plugins/webhook', '/plugins/webhook', '/rest/plugins/webhook']
const CONNECTIONS = ['connections/{id}', '{id}', 'connections/by-name/{name}']

/** How long a close waits until the issue that was sent right before it can be seen. */
const ISSUE_WAIT_MS = 3_000

const lastIssue = statement({
  name: 'devlake.last_issue',
  sql: `SELECT payload FROM all_raw FINAL
WHERE org_id = {org:UUID} AND source = {source:String} AND stream = 'issues' AND id = {id:String} AND duplicate_of = 0 AND problem IS NULL AND encoding = 'utf8'
ORDER BY seq DESC LIMIT 1`,
  row: z.object({ payload: z.string() }),
})

const params = z.object({ id: nameSchema.optional(), name: nameSchema.optional(), key: nameSchema.optional() })
type Params = z.infer<typeof params>
interface Call {
  readonly org: string
  readonly source: string
  /** As the path has it; '' where it has another name. */
  readonly connection: string
  readonly key: string
  readonly body: Body
  readonly request: Request
}
type Handle = (call: Call) => Promise<Response>

/** DevLake answers 200 and nothing. */
const done = () => new Response(null, { status: 200 })

export function devlakeRoutes(services: Services): Route[] {
  const reject = rejecting(services, (error) => ({
    ...(error.status === 422 ? { status: 400 } : {}),
    body: { success: false, message: error.help === null ? error.message : `${error.message} ${error.help}` },
  }))

  const declare = (path: string, summary: string, hidden: boolean, handle: Handle): Route => {
    const declaration: Declaration<typeof params, undefined, undefined> = {
      method: 'post',
      path,
      summary,
      right: 'ingest',
      tokenHeaders: ['x-api-key'],
      emitterPath: pathOfKeys,
      reject,
      ...(hidden ? { hidden: true as const } : {}),
      params: paramsOf(path),
      rawBody: { 'application/json': z.looseObject({}) },
      replies: { 200: { description: 'On disk. Errors are `{success: false, message}`.' } },
      async handle({ params: named, principal, request }) {
        const { org } = principal
        const { id: connection = '', key = '' } = named
        return handle({ org, source: await sourceOf(org, path, named), connection, key, body: await readBody(request), request })
      },
    }
    return route(declaration)
  }

  const accept = (stream: string, idOf: (sent: Record<string, unknown>, body: Body) => string): Handle => {
    return async ({ org, source, body, request }) => {
      if (body.json === undefined) throw malformed()
      const problem = problemOf(services, CONNECTOR, stream, body.json)
      if (problem !== null) throw new AppError('invalid-input', `The body is not valid: ${problem}.`)
      const sent = looseKeys(body.json) as Record<string, unknown>
      const target = { org, source, connector: CONNECTOR, headers: doorHeaders(request.headers) }
      await deliver(services, target, [{ stream, id: idOf(sent, body), at: null, payload: body.bytes }])
      return done()
    }
  }

  /** A payload before May 2024 may name no pipeline: then the same content is the same deployment. */
  const deployments = accept('deployments', (sent, body) => textOf(sent['id']) ?? textOf(sent['pipelineid']) ?? contentId(body.bytes))
  const pullRequests = accept('pull_requests', (sent) => textOf(sent['pullrequestkey']) ?? '')
  const issues = accept('issues', (sent) => textOf(sent['issuekey']) ?? '')

  /**
   * A close is an item of its own, beside the issue's: its key stands in the path and its body is mostly empty, so what is kept is
   * `{issueKey, body, issue}`, with the issue as it was last sent, if it was: only then a whole work item can be told, and whether it is an incident.
   */
  const close: Handle = async ({ org, source, key, body, request }) => {
    const text = Buffer.from(body.bytes).toString('utf8').trim()
    const sent = objectOf(body.json)
    if (text !== '' && sent === null) throw malformed()
    const close = { issueKey: key, body: sent, issue: await issueOf(org, source, key) }
    const problem = problemOf(services, CONNECTOR, 'closes', close)
    if (problem !== null) throw new AppError('invalid-input', `The body is not valid: ${problem}.`)
    const target = { org, source, connector: CONNECTOR, headers: doorHeaders(request.headers) }
    await deliver(services, target, [{ stream: 'closes', id: `${key}/close`, at: null, payload: Buffer.from(JSON.stringify(close)) }])
    return done()
  }

  async function issueOf(org: string, source: string, key: string): Promise<unknown> {
    try {
      const find = () => services.analytics.read(lastIssue, { org, source, id: key })
      const { head } = services.journal.stats()
      if (services.applier.stats().visible < head)
        await services.applier.visible(head, head, AbortSignal.timeout(ISSUE_WAIT_MS)).catch(() => undefined)
      const [found] = await find()
      return found === undefined ? null : (JSON.parse(found.payload) as unknown)
    } catch (thrown) {
      // The close itself must not be lost because nobody can say what it closes.
      services.log.warn('door.issue-not-found', { source, key, reason: thrown instanceof Error ? thrown.message : String(thrown) })
      return null
    }
  }

  const routes: Route[] = []
  for (const [prefixIndex, prefix] of PREFIXES.entries()) {
    for (const [index, connection] of CONNECTIONS.entries()) {
      const hidden = prefixIndex > 0 || index > 0
      const at = `${prefix}/${connection}`
      const both: Handle = async (call) => {
        const { org, connection: id, body, request } = call
        return index === 1 && isFawkesDeployment(request.headers, body)
          ? acceptFawkesDeployment(services, { org, connection: id, body, headers: request.headers })
          : deployments(call)
      }
      routes.push(
        declare(`${at}/deployments`, 'DevLake’s webhook: a deployment', hidden, both),
        declare(`${at}/pull_requests`, 'DevLake’s webhook: a pull request', hidden, pullRequests),
        declare(`${at}/pullrequests`, 'DevLake’s webhook: a pull request', true, pullRequests),
        declare(`${at}/issues`, 'DevLake’s webhook: an issue or an incident', hidden, issues),
        declare(`${at}/issue/{key}/close`, 'DevLake’s webhook: an issue or an incident is over', hidden, close),
      )
    }
    routes.push(
      declare(`${prefix}/projects/{name}/deployments`, 'DevLake’s webhook: a deployment of a project', prefixIndex > 0, deployments),
    )
  }
  return routes

  /** The source that has this number, else one that is named by it. DevLake makes the connection `<project>_deployments` for a project. */
  async function sourceOf(org: string, path: string, { id, name }: Params): Promise<string> {
    if (id === undefined) return path.includes('/projects/') ? `${name}_deployments` : (name ?? '')
    const numbered = /^\d+$/.test(id) ? await services.sources.recalled(org, CONNECTOR).catch(unlessAway) : []
    return numbered.find((one) => one.config['connection'] === id)?.name ?? `${CONNECTOR}-${id}`
  }
}

/** The list of sources was never read and is away: that is no reason to refuse what most emitters send only once. */
function unlessAway(thrown: unknown): never[] {
  if (thrown instanceof AppError && thrown.retry) return []
  throw thrown
}

/**
 * DevLake compares a key's pattern with the path behind its proxy, decoded. A slash that was encoded is none of the path's own, and could stand for
 * a connection that the key is not for.
 */
function pathOfKeys(path: string): string | null {
  const parts = path.replace(/^(?:\/api)?(?:\/rest)?\/plugins\//, '/plugins/').split('/')
  try {
    const plain = parts.map(decodeURIComponent)
    return plain.some((one) => one.includes('/')) ? null : plain.join('/')
  } catch {
    return null
  }
}

function paramsOf(path: string): typeof params {
  const named = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, nameSchema]))
  return z.object(named) as unknown as typeof params
}
