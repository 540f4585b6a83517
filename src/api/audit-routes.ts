import { z } from '@hono/zod-openapi'
import type { AuditRow } from '../account/audit.ts'
import { AppError } from '../errors.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const moment = z.iso.datetime({ offset: true })
const entryReply = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.object({ type: z.enum(['user', 'token', 'session', 'process', 'system']), id: z.string().nullable(), name: z.string() }),
  action: z.string(),
  target: z.object({ type: z.string(), id: z.string(), name: z.string().nullable() }),
  before: z.unknown(),
  after: z.unknown(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
})
export type AuditReply = z.infer<typeof entryReply>

const EXPORT_PAGE = 1_000

/** Who changed what, when, and from where. */
export function auditRoutes({ audit }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/audit',
      summary: 'The audit log, newest first; with `Accept: application/x-ndjson` all of it, an entry a line',
      right: 'admin',
      query: z
        .object({
          limit: z.coerce.number().int().min(1).max(10_000).default(100),
          after: z.string().max(200).optional(),
          from: moment.optional(),
          to: moment.optional(),
          action: z.string().max(100).optional(),
          actor: z.string().max(300).optional().openapi({ description: 'An id, or a name.' }),
          format: z.enum(['ndjson']).optional().openapi({ description: 'The same as that `Accept`, for a link.' }),
        })
        .strict(),
      replies: {
        200: { description: 'A page of entries.', schema: z.object({ items: z.array(entryReply), next: z.string().nullable() }) },
      },
      async handle({ principal, query, request }) {
        const { limit, after, format, ...filters } = query
        const isExport = format === 'ndjson' || request.headers.get('accept')?.includes('application/x-ndjson') === true
        const pageAfter = (cursor: string | undefined, size: number) =>
          audit.page(principal.org, { ...filters, limit: size, after: cursor === undefined ? undefined : placeOf(cursor) })
        if (isExport) return exported((cursor) => pageAfter(cursor, EXPORT_PAGE), after)
        const rows = await pageAfter(after, limit + 1)
        const shown = rows.slice(0, limit)
        const last = shown.at(-1)
        return { items: shown.map(entryOf), next: rows.length > limit && last !== undefined ? cursorOf(last) : null }
      },
    }),
  ]
}

function exported(page: (cursor: string | undefined) => Promise<AuditRow[]>, first: string | undefined): Response {
  let cursor = first
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const rows = await page(cursor)
      for (const row of rows) controller.enqueue(encoder.encode(`${JSON.stringify(entryOf(row))}\n`))
      const last = rows.at(-1)
      if (last === undefined || rows.length < EXPORT_PAGE) controller.close()
      else cursor = cursorOf(last)
    },
  })
  return new Response(body, {
    headers: { 'content-type': 'application/x-ndjson', 'content-disposition': 'attachment; filename="audit.ndjson"' },
  })
}

function entryOf({ actor_type, actor_id, actor_name, target_type, target_id, target_name, ...row }: AuditRow): AuditReply {
  return {
    ...row,
    actor: { type: actor_type, id: actor_id, name: actor_name },
    target: { type: target_type, id: target_id, name: target_name },
  }
}

function cursorOf({ at, id }: AuditRow): string {
  return `${at}_${id}`
}

function placeOf(cursor: string): { at: string; id: string } {
  const [at, id] = cursor.split('_')
  const place = z.object({ at: moment, id: z.uuid() }).safeParse({ at, id })
  if (place.success) return place.data
  throw new AppError('invalid-input', 'The cursor `after` is none of ours.', { help: 'Use the `next` of the page before.' })
}
