import { z } from '@hono/zod-openapi'
import { mayDo } from '../account/access.ts'
import { importDatabase, importReport } from '../lake/import.ts'
import { Secret } from '../secret.ts'
import { withProgress } from './progress.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

export function importRoutes(services: Services): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/import/devlake',
      summary:
        'Take over the database of an Apache DevLake, or what is new in it; run again it goes on. With `Accept: application/x-ndjson` one line of progress after the other, and the report as the last.',
      right: 'admin',
      body: z
        .object({
          name: z.string().min(1).max(300).default('devlake').openapi({ description: 'The source that it becomes.' }),
          uri: z.string().min(1).max(2_000).optional().openapi({
            description:
              'mysql://user:password@host:3306/lake; default: the one given before, else MYSQL_URI of the server for who runs the installation.',
          }),
          encryption_secret: z
            .string()
            .trim()
            .min(1)
            .max(10_000)
            .transform((text) => new Secret(text))
            .optional()
            .openapi({
              type: 'string',
              description:
                'ENCRYPTION_SECRET of DevLake: with it its connections become sources, and its API keys go on working at its webhooks.',
            }),
          full: z.boolean().default(false).openapi({ description: 'From the beginning, not from where the last import ended.' }),
          dry_run: z.boolean().default(false).openapi({ description: 'Only say what there is.' }),
        })
        .strict(),
      replies: { 200: { description: 'What was taken, and what was not and why, table by table.', schema: importReport } },
      handle: ({ principal, actor, body, context }) =>
        withProgress(context, (progress, signal) =>
          importDatabase({ ...services, lake: mayDo(principal, 'superuser') ? services.lake : null }, principal.org, {
            connector: 'devlake',
            name: body.name,
            uri: body.uri ?? null,
            secret: body.encryption_secret ?? null,
            full: body.full,
            dryRun: body.dry_run,
            audited: services.audit.by(actor),
            signal,
            progress,
          }),
        ),
    }),
  ]
}
