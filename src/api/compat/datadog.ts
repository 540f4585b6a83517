import { z } from '@hono/zod-openapi'
import { textOf } from '../../../domain/loose.ts'
import { AppError } from '../../errors.ts'
import { route, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { contentId, deliver, doorHeaders, malformed, objectOf, problemOf, readBody, rejecting } from './door.ts'

const CONNECTOR = 'datadog'

/** Datadog's DORA Metrics API, for `datadog-ci` and for scripts: 202 and the id of the event; errors as a list of sentences. */
export function datadogRoutes(services: Services): Route[] {
  const reject = rejecting(services, (error) => ({
    status: error.status === 401 ? 403 : error.status === 422 ? 400 : error.status,
    body: { errors: [error.help === null ? error.message : `${error.message} ${error.help}`] },
  }))

  const declare = (path: string, stream: string, type: string, summary: string, hidden: boolean): Route =>
    route({
      method: 'post',
      path: `/api/v2/dora/${path}`,
      summary,
      right: 'ingest',
      tokenHeaders: ['dd-api-key', 'x-api-key'],
      reject,
      ...(hidden ? { hidden: true as const } : {}),
      rawBody: { 'application/json': z.looseObject({ data: z.looseObject({ attributes: z.looseObject({}) }) }) },
      replies: {
        202: { description: 'On disk.', schema: z.object({ data: z.object({ id: z.string(), type: z.string() }) }) },
      },
      async handle({ principal, request }) {
        const body = await readBody(request)
        if (body.json === undefined) throw malformed()
        const problem = problemOf(services, CONNECTOR, stream, body.json)
        if (problem !== null) throw new AppError('invalid-input', `The body is not valid: ${problem}.`)
        const attributes = objectOf(objectOf(objectOf(body.json)?.['data'])?.['attributes']) ?? {}
        const id = textOf(attributes['id']) ?? matchedBy(attributes)
        const target = { org: principal.org, source: CONNECTOR, connector: CONNECTOR, headers: doorHeaders(request.headers) }
        await deliver(services, target, [{ stream, id, at: null, payload: body.bytes }])
        return Response.json({ data: { id, type } }, { status: 202 })
      },
    })

  return [
    declare('deployment', 'deployments', 'dora_deployment', 'Datadog’s DORA Metrics API: a deployment', false),
    declare('failure', 'failures', 'dora_failure', 'Datadog’s DORA Metrics API: an incident', false),
    declare('incident', 'failures', 'dora_incident', 'Datadog’s DORA Metrics API: an incident', true),
  ]
}

/** Datadog matches what has no id by environment, service and start; two commits at once are two deployments. */
function matchedBy(attributes: Record<string, unknown>): string {
  const { env, service, services, team, started_at, git, version } = attributes
  return contentId(
    JSON.stringify([
      env,
      service ?? services ?? team,
      started_at,
      service === undefined ? null : (objectOf(git)?.['commit_sha'] ?? version),
    ]),
  )
}
