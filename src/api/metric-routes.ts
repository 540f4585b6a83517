import { z } from '@hono/zod-openapi'
import { AppError } from '../errors.ts'
import { doraReply, metricReply, sampleReply, UNITS, type Metric } from '../metric.ts'
import { SCORED, type LevelRules } from '../measure/levels.ts'
import { GROUP_KEYS, measure, measureAll, samples, type Asked } from '../measure/measure.ts'
import { baselineOf, BUCKETS, windowOf } from '../measure/window.ts'
import { optionsFor } from '../settings/project-options.ts'
import type { Project } from '../settings/projects.ts'
import { knownTier, TIERS } from '../../domain/environment.ts'
import { notFound } from './problem.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const moment = z.iso.datetime({ offset: true })
const windowQuery = {
  days: z.coerce.number().positive().max(36_600).optional().openapi({ description: 'Length of the rolling window. Default 7.' }),
  offset: z.coerce.number().nonnegative().max(36_600).optional().openapi({ description: 'Days by which the window ends before now.' }),
  from: moment.optional(),
  to: moment.optional(),
  tz: z
    .string()
    .max(64)
    .optional()
    .openapi({ description: 'IANA time zone in which days, weeks and months are cut. Default: the organization’s.' }),
  as_of: moment.optional().openapi({ description: 'What was known at that moment, by the time of receipt.' }),
  environment: z
    .string()
    .max(100)
    .optional()
    .openapi({ description: `A tier (${TIERS.join(', ')}), an alias of one, or \`all\`. Default: production.` }),
  service: z.string().min(1).max(300).optional(),
  repository: z.string().min(1).max(300).optional(),
  repo: z.string().min(1).max(300).optional().openapi({ description: 'As `repository`.' }),
  project: z.string().min(1).max(300).optional().openapi({
    description:
      'Only the repositories and services of a project. Where one metric is asked without a window or an environment, the project’s options say which.',
  }),
  edition: z
    .string()
    .min(1)
    .max(40)
    .optional()
    .openapi({ description: 'A published edition of the levels or one of your own. Default: the setting `default_edition`.' }),
  team: z.string().min(1).max(100).optional().openapi({ description: 'What this team or one below it owns.' }),
  bucket: z.enum(BUCKETS).optional(),
}
const windowSchema = z.object(windowQuery).strict()
const metricSchema = windowSchema
  .extend({ by: z.enum(GROUP_KEYS).optional(), basis: z.string().max(40).optional(), variant: z.string().max(60).optional() })
  .strict()
const samplesSchema = metricSchema
  .extend({
    limit: z.coerce.number().int().min(1).max(10_000).default(100),
    after: z.string().max(400).optional(),
    status: z.enum(['sample', 'missing', 'censored', 'listed']).optional(),
  })
  .strict()

const catalogueEntry = z.object({
  id: z.string(),
  title: z.string(),
  question: z.string(),
  definition: z.string(),
  unit: z.enum(UNITS),
  better: z.enum(['higher', 'lower']),
  bases: z.array(z.string()),
  variants: z.array(z.object({ id: z.string(), title: z.string() })),
  caveats: z.array(z.string()),
  levels: z.boolean(),
})

/** In the description of the API under a name of its own. A copy, as the schema itself may be older than the package that adds `openapi`. */
const named = <T extends z.ZodType>(schema: T, name: string): T => schema.clone().openapi(name)

function entryOf([id, metric]: [string, Metric]): z.infer<typeof catalogueEntry> {
  return {
    id,
    title: metric.title,
    question: metric.question,
    definition: metric.definition,
    unit: metric.unit,
    better: metric.better,
    bases: Object.keys(metric.bases?.rows ?? {}),
    variants: Object.entries(metric.variants ?? {}).map(([name, variant]) => ({ id: name, title: variant.title })),
    caveats: [...metric.caveats],
    levels: metric.levels,
  }
}

/** What the options of the project say where the question says nothing. */
function chosenBy(
  project: Project | undefined,
  id: string | undefined,
  { environment, days, from, to }: z.infer<typeof metricSchema>,
): { environment: string; days?: number } {
  const options = project === undefined || id === undefined ? undefined : optionsFor(project, id)
  const isWindowSaid = days !== undefined || from !== undefined || to !== undefined
  return {
    environment: environment ?? options?.environment ?? 'production',
    ...(isWindowSaid || options?.window_days === undefined ? {} : { days: options.window_days }),
  }
}

export function metricRoutes(services: Services): Route[] {
  const { analytics, registry, clock, organizations, teams } = services

  /** The organization to read (another one, made for the moment, under `as_of`) and what is asked of it. */
  const asking = async (
    org: string,
    said: z.infer<typeof metricSchema>,
    id?: string,
  ): Promise<{ org: string; asked: Asked; levels: LevelRules }> => {
    const project = said.project === undefined ? undefined : await services.projects.find(org, said.project)
    const query = { ...said, ...chosenBy(project, id, said) }
    const now = query.as_of === undefined ? clock.now() : Date.parse(query.as_of)
    const window = windowOf({ ...query, tz: query.tz ?? (await organizations.timeZoneOf(org)) }, now)
    const environment = query.environment === 'all' ? 'all' : knownTier(query.environment)
    if (environment === null) {
      throw new AppError('invalid-input', `The environment ${JSON.stringify(query.environment)} is not known.`, {
        help: `Known: ${TIERS.join(', ')}, all, and usual names such as prod, live, stg. Other names are found under \`other\`.`,
      })
    }
    const { by, basis, variant, bucket, service, team } = query
    if (team !== undefined) await teams.require(org, team)
    const levels = await services.benchmarks.levelsOf(org, query.edition)
    const asked: Asked = {
      window,
      environment,
      service,
      repository: query.repository ?? query.repo,
      team,
      teamsOf: org,
      by,
      basis,
      variant,
      levels,
      bucket,
      project,
    }
    return { org: query.as_of === undefined ? org : await services.asOf(org, new Date(query.as_of).toISOString()), asked, levels }
  }
  const metricOf = (id: string): Metric => {
    const metric = registry.metrics.get(id)
    if (metric === undefined) throw notFound(`metric ${JSON.stringify(id)}`, `Known: ${[...registry.metrics.keys()].join(', ')}.`)
    return metric
  }
  const id = z.object({ id: z.string() })

  return [
    route({
      method: 'get',
      path: '/v1/metrics',
      summary: 'The catalogue of metrics',
      right: 'read',
      replies: { 200: { description: 'Every metric.', schema: z.object({ items: z.array(catalogueEntry), next: z.null() }) } },
      handle: () => ({ items: [...registry.metrics].map(entryOf), next: null }),
    }),
    route({
      method: 'get',
      path: '/v1/metrics/{id}',
      summary: 'One metric: value, series, groups, baseline, coverage and gaps',
      right: 'read',
      params: id,
      query: metricSchema,
      replies: { 200: { description: 'The metric.', schema: named(metricReply, 'Metric') } },
      async handle({ params, query, principal }) {
        const metric = metricOf(params.id)
        const { org, asked } = await asking(principal.org, query, params.id)
        return measure(analytics, org, params.id, metric, asked)
      },
    }),
    route({
      method: 'get',
      path: '/v1/metrics/{id}/samples',
      summary: 'The rows behind a metric, newest first',
      right: 'read',
      params: id,
      query: samplesSchema,
      replies: { 200: { description: 'A page of rows.', schema: z.object({ items: z.array(sampleReply), next: z.string().nullable() }) } },
      async handle({ params, query, principal }) {
        const metric = metricOf(params.id)
        const { org, asked } = await asking(principal.org, query, params.id)
        return samples(analytics, org, params.id, metric, asked, {
          limit: query.limit,
          after: query.after,
          status: query.status,
          now: query.as_of === undefined ? clock.now() : Date.parse(query.as_of),
        })
      },
    }),
    route({
      method: 'get',
      path: '/v1/dora',
      summary: 'The DORA metrics and time to restore, each with its baseline',
      right: 'read',
      query: windowSchema,
      replies: { 200: { description: 'Six metrics and the overall score.', schema: named(doraReply, 'Dora') } },
      async handle({ query, principal }) {
        const { org, asked, levels } = await asking(principal.org, query)
        const ids = [...SCORED, 'time_to_restore'].filter((one) => registry.metrics.has(one))
        const replies = await measureAll(
          analytics,
          org,
          ids.map((one) => [one, metricOf(one)] as const),
          asked,
        )
        const scores = replies.flatMap((reply) => (SCORED.some((one) => one === reply.id) && reply.score !== null ? [reply.score] : []))
        return {
          window: asked.window,
          baseline: baselineOf(asked.window),
          edition: levels.edition,
          metrics: Object.fromEntries(replies.map((reply) => [reply.id, reply])),
          score: { value: scores.length === 0 ? null : scores.reduce((sum, one) => sum + one, 0) / scores.length, of: scores.length },
        }
      },
    }),
  ]
}
