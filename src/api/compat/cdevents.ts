import { z } from '@hono/zod-openapi'
import { textOf } from '../../../domain/loose.ts'
import { AppError } from '../../errors.ts'
import { splitItems } from '../../ingest/json-items.ts'
import { route, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { deliver, doorHeaders, malformed, objectOf, readBody, timeOf, type Body, type Item } from './door.ts'

const CONNECTOR = 'cdevents'

/** By the subject of the type, `dev.cdevents.<subject>.<predicate>.<version>`. */
const STREAM: Record<string, string> = {
  service: 'services',
  incident: 'incidents',
  pipelinerun: 'builds',
  build: 'builds',
  taskrun: 'tasks',
  testsuiterun: 'test_suites',
  change: 'changes',
  ticket: 'tickets',
}

/**
 * CDEvents over CloudEvents, in the three modes of its HTTP binding. Structured and batched events are kept with their own bytes. In binary mode
 * the body is the whole event as CDEvents has it, so it is kept as it came, with the `ce-…` headers beside it; only a body that lacks the context,
 * which the binding does not allow, is kept as the structured event that the headers and it make together.
 */
export function cdeventsRoutes(services: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/cdevents',
      summary: 'CDEvents over CloudEvents: structured, batched or binary',
      right: 'ingest',
      tokenHeaders: ['x-api-key'],
      rawBody: {
        'application/cloudevents+json': z.looseObject({}),
        'application/cloudevents-batch+json': z.array(z.looseObject({})),
        'application/json': z.looseObject({}),
      },
      replies: { 202: { description: 'On disk.', schema: z.object({ accepted: z.number().int() }) } },
      async handle({ principal, request, context }) {
        const body = await readBody(request)
        if (body.json === undefined) throw malformed()
        const items = itemsOf(body, request.headers)
        const ce = [...request.headers.keys()].filter((name) => name.startsWith('ce-'))
        const headers = doorHeaders(request.headers, ce)
        await deliver(services, { org: principal.org, source: CONNECTOR, connector: CONNECTOR, headers }, items)
        return context.json({ accepted: items.length }, 202)
      },
    }),
  ]
}

function itemsOf({ bytes, json }: Body, headers: Headers): Item[] {
  if (Array.isArray(json)) {
    const parts = splitItems(bytes)
    return json.map((one, index) => itemOf(one, parts[index] as Uint8Array, index))
  }
  const sent = objectOf(json)
  if (sent === null || 'context' in sent || 'data' in sent || !headers.has('ce-type')) return [itemOf(json, bytes, 0)]
  const attribute = (name: string) => headers.get(`ce-${name}`) ?? undefined
  const context = { id: attribute('id'), source: attribute('source'), type: attribute('type'), timestamp: attribute('time') }
  const subject = { id: attribute('subject'), content: {}, ...objectOf(sent['subject']) }
  const whole = { specversion: '1.0', ...context, time: context.timestamp, data: { ...sent, context, subject } }
  return [itemOf(whole, Buffer.from(JSON.stringify(whole)), 0)]
}

function itemOf(json: unknown, payload: Uint8Array, index: number): Item {
  const sent = objectOf(json)
  const event = objectOf(sent?.['data']) ?? sent
  const context = objectOf(event?.['context'])
  const id = textOf(context?.['id'])
  const source = textOf(context?.['source'])
  const type = textOf(context?.['type'])
  const subject = textOf(objectOf(event?.['subject'])?.['id'])
  if (id === null || source === null || type === null || subject === null) {
    const missing = Object.entries({ 'context.id': id, 'context.source': source, 'context.type': type, 'subject.id': subject })
    throw new AppError(
      'invalid-input',
      `Event ${index} is no CDEvent: ${missing.flatMap(([name, value]) => (value === null ? [name] : [])).join(', ')} is missing.`,
      {
        help: 'Send the event as `data` of a CloudEvent, or as the body beside `ce-…` headers. Nothing of this request was stored.',
      },
    )
  }
  const kind = /^dev\.cdevents\.([a-z]+)\./i.exec(type)?.[1]?.toLowerCase() ?? ''
  return { stream: STREAM[kind] ?? 'others', id: `${source} ${id}`, at: timeOf(context?.['timestamp']), payload }
}
