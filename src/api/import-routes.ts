import { z } from '@hono/zod-openapi'
import { mayDo } from '../account/access.ts'
import { importDatabase, importReport, type ImportAsked } from '../lake/import.ts'
import { Secret } from '../secret.ts'
import { withProgress } from './progress.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const ENDS = 'run again it goes on. With `Accept: application/x-ndjson` one line of progress after the other, and the report as the last.'

interface Importable {
  readonly what: 'devlake' | 'flowlens' | 'events'
  readonly connector: string
  readonly summary: string
  readonly example: string
  readonly address: string
  /** Whether the server's own MYSQL_URI stands in for a missing address, for who runs the installation. */
  readonly isLake: boolean
}

const DEVLAKE: Importable = {
  what: 'devlake',
  connector: 'devlake',
  summary: `Take over the database of an Apache DevLake, or what is new in it; ${ENDS}`,
  example: '--from mysql://user:password@host:3306/lake, or set MYSQL_URI',
  address:
    'mysql://user:password@host:3306/lake; default: the one given before, else MYSQL_URI of the server for who runs the installation.',
  isLake: true,
}
const FLOWLENS: Importable = {
  what: 'flowlens',
  connector: 'flowlens',
  summary: `Take over the database of a FlowLens, or what is new in it; ${ENDS}`,
  example: '--from postgresql://user:password@host:5432/flowlens',
  address: 'postgresql://user:password@host:5432/flowlens; default: the one given before.',
  isLake: false,
}
const EVENTS: Importable = {
  what: 'events',
  connector: 'event-table',
  summary: `Take over a table of events, one row each, such as \`deploy_events\`, or what is new in it; ${ENDS}`,
  example: '--from postgresql://user:password@host:5432/database, or mysql://…',
  address: 'postgresql://user:password@host:5432/database, or mysql://…; default: the one given before.',
  isLake: false,
}

const sourceName = z.string().min(1).max(300)
const bodyOf = ({ address }: Importable, name: z.ZodType<string | undefined>) => ({
  name: name.openapi({ description: 'The source that it becomes.' }),
  uri: z.string().min(1).max(2_000).optional().openapi({ description: address }),
  full: z.boolean().default(false).openapi({ description: 'From the beginning, not from where the last import ended.' }),
  dry_run: z.boolean().default(false).openapi({ description: 'Only say what there is.' }),
})
const encryptionSecret = z
  .string()
  .trim()
  .min(1)
  .max(10_000)
  .transform((text) => new Secret(text))
  .optional()
  .openapi({
    type: 'string',
    description: 'ENCRYPTION_SECRET of DevLake: with it its connections become sources, and its API keys go on working at its webhooks.',
  })
const replies = { 200: { description: 'What was taken, and what was not and why, table by table.', schema: importReport } }

export function importRoutes(services: Services): Route[] {
  const asked = (
    { connector, example, isLake }: Importable,
    body: { uri?: string | undefined; full: boolean; dry_run: boolean },
    mayUseLake: boolean,
  ) => ({
    connector,
    example,
    uri: body.uri ?? null,
    fallback: isLake && mayUseLake ? services.lake : null,
    full: body.full,
    dryRun: body.dry_run,
  })
  const run = (context: Parameters<typeof withProgress>[0], org: string, one: Omit<ImportAsked, 'progress' | 'signal'>) =>
    withProgress(context, (progress, signal) => importDatabase(services, org, { ...one, signal, progress }))
  return [
    route({
      method: 'post',
      path: '/v1/import/devlake',
      summary: DEVLAKE.summary,
      right: 'admin',
      body: z.object({ ...bodyOf(DEVLAKE, sourceName.default(DEVLAKE.what)), encryption_secret: encryptionSecret }).strict(),
      replies,
      handle: ({ principal, actor, body, context }) =>
        run(context, principal.org, {
          ...asked(DEVLAKE, body, mayDo(principal, 'superuser')),
          name: body.name ?? DEVLAKE.what,
          secret: body.encryption_secret ?? null,
          audited: services.audit.by(actor),
        }),
    }),
    route({
      method: 'post',
      path: '/v1/import/flowlens',
      summary: FLOWLENS.summary,
      right: 'admin',
      body: z.object(bodyOf(FLOWLENS, sourceName.default(FLOWLENS.what))).strict(),
      replies,
      handle: ({ principal, actor, body, context }) =>
        run(context, principal.org, {
          ...asked(FLOWLENS, body, false),
          name: body.name ?? FLOWLENS.what,
          audited: services.audit.by(actor),
        }),
    }),
    route({
      method: 'post',
      path: '/v1/import/events',
      summary: EVENTS.summary,
      right: 'admin',
      body: z
        .object({
          ...bodyOf(EVENTS, sourceName.optional()),
          table: z.string().min(1).max(200).optional().openapi({ description: 'The table, or `schema.table`; default: `deploy_events`.' }),
          columns: z
            .record(z.string(), z.string())
            .optional()
            .openapi({ description: 'Where a column has another name: `{"service": "app_name"}`.' }),
        })
        .strict(),
      replies,
      handle: ({ principal, actor, body, context }) =>
        run(context, principal.org, {
          ...asked(EVENTS, body, false),
          // Each table is a source: two that count from 1 do not meet.
          name: body.name ?? body.table ?? 'deploy_events',
          settings: {
            ...(body.table === undefined ? {} : { table: body.table }),
            ...(body.columns === undefined ? {} : { columns: body.columns }),
          },
          audited: services.audit.by(actor),
        }),
    }),
  ]
}
