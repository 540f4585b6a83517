import { z } from '@hono/zod-openapi'
import { LAKE_SCHEMAS } from '../store/schema.ts'
import { route, type Route } from './route.ts'
import { withProgress } from './progress.ts'
import type { Services } from './services.ts'

const exported = z
  .object({
    lake: z.string(),
    tables: z.array(z.object({ table: z.string(), rows: z.number().int(), written: z.number().int(), removed: z.number().int() })),
  })
  .openapi('LakeExport')

export function lakeRoutes(services: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/lake/export',
      summary:
        'Fill a MySQL or MariaDB with the reference schema, or with the tables that DevLake’s boards read: what is new is written, what is told no more is removed. With `Accept: application/x-ndjson` how far it is, line by line',
      // The address may be any that this machine reaches.
      right: 'superuser',
      body: z
        .object({
          schema: z.enum(LAKE_SCHEMAS).default('reference'),
          to: z
            .string()
            .optional()
            .openapi({ description: '`mysql://user:password@host:3306/lake`; MYSQL_URI of the server when absent.' }),
          full: z.boolean().default(false).openapi({ description: 'Write every row again.' }),
        })
        .strict(),
      replies: { 200: { description: 'The tables, and what changed in them.', schema: exported } },
      handle: ({ principal, actor, body, context }) =>
        withProgress(context, async (progress, signal) => {
          const done = await services.exportLake(principal.org, body.schema, body.to, { full: body.full, signal, progress })
          const target = { type: 'lake', id: done.lake, name: done.lake }
          await services.audit.note(actor, { action: 'lake.exported', target, after: { schema: body.schema, tables: done.tables } })
          return done
        }),
    }),
  ]
}
