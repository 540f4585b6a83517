import { z } from '@hono/zod-openapi'
import { attempt } from '../../domain/attempt.ts'
import { build } from '../../domain/build.ts'
import { change } from '../../domain/change.ts'
import { check } from '../../domain/check.ts'
import { commit } from '../../domain/commit.ts'
import { deployment } from '../../domain/deployment.ts'
import { insight } from '../../domain/insight.ts'
import { job } from '../../domain/job.ts'
import { release } from '../../domain/release.ts'
import { repository } from '../../domain/repository.ts'
import { review } from '../../domain/review.ts'
import { sprint } from '../../domain/sprint.ts'
import { transition } from '../../domain/transition.ts'
import { workItem } from '../../domain/work-item.ts'
import { readCursor, writeCursor } from '../measure/cursor.ts'
import { withRelations } from '../measure/relations.ts'
import type { RelationName } from '../metric.ts'
import { statement } from '../store/statement.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const FILTERS = [
  'service',
  'environment',
  'repository',
  'state',
  'change_id',
  'workflow',
  'outcome',
  'build_id',
  'project',
  'status',
  'kind',
  'subject_id',
] as const

/** What can be listed: a relation, a row, and the time and the id by which it is paged, newest first. */
interface Listed {
  readonly path: string
  readonly summary: string
  readonly reads: readonly RelationName[]
  readonly from: string
  readonly row: z.ZodObject<z.ZodRawShape>
  readonly at: string
  readonly id: string
  readonly filters: readonly (typeof FILTERS)[number][]
}

const raw = { source: z.string(), raw_seq: z.coerce.number() }
const moment = z.string().nullable()
const LISTS: readonly Listed[] = [
  {
    path: '/v1/deployments',
    summary: 'Deployments and rollbacks, as they were told',
    reads: ['deployments'],
    from: 'deployments',
    row: deployment.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['service', 'environment', 'repository'],
  },
  {
    path: '/v1/attempts',
    summary: 'Deployment attempts, with what became of them and by which rule',
    reads: ['attempts'],
    from: 'attempts',
    row: attempt.row.extend(raw),
    at: 'at',
    id: 'deployment_id',
    filters: ['service', 'environment', 'repository'],
  },
  {
    path: '/v1/incidents',
    summary: 'Incidents, with the deployment that each is laid to',
    reads: ['incidents', 'incident_links'],
    from: `(SELECT i.* EXCEPT (opened_or_epoch, opened_raw_seq), nullIf(l.deployment_id, '') AS linked_deployment_id, nullIf(toString(l.rule), '') AS link_rule,
      assumeNotNull(coalesce(i.opened_at, i.closed_at)) AS listed_at
    FROM incidents AS i LEFT JOIN incident_links AS l ON l.incident_id = i.id AND l.source = i.source)`,
    row: z.object({
      id: z.string(),
      title: z.string().nullable(),
      url: z.string().nullable(),
      severity: z.string().nullable(),
      service: z.string().nullable(),
      environment: z.string().nullable(),
      repository: z.string().nullable(),
      opened_at: moment,
      acknowledged_at: moment,
      closed_at: moment,
      linked_deployment_id: z.string().nullable(),
      link_rule: z.string().nullable(),
      ...raw,
    }),
    at: 'listed_at',
    id: 'id',
    filters: ['service', 'environment', 'repository'],
  },
  {
    path: '/v1/changes',
    summary: 'Pull and merge requests',
    reads: ['changes'],
    from: 'changes',
    row: change.row.extend(raw),
    at: 'created_at',
    id: 'id',
    filters: ['repository', 'state'],
  },
  {
    path: '/v1/reviews',
    summary: 'Reviews and comments of changes',
    reads: ['reviews'],
    from: 'reviews',
    row: review.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['repository', 'change_id'],
  },
  {
    path: '/v1/insights',
    summary: 'What analyses said of changes, as another tool told it',
    reads: ['insights'],
    from: 'insights',
    row: insight.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['repository', 'change_id'],
  },
  {
    path: '/v1/builds',
    summary: 'Runs of pipelines, each attempt by itself',
    reads: ['builds'],
    from: 'builds',
    row: build.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['repository', 'workflow', 'outcome'],
  },
  {
    path: '/v1/jobs',
    summary: 'Jobs and stages of builds',
    reads: ['jobs'],
    from: '(SELECT *, coalesce(finished_at, started_at, queued_at, received_at) AS listed_at FROM jobs)',
    row: job.row.extend(raw),
    at: 'listed_at',
    id: 'id',
    filters: ['repository', 'build_id', 'outcome'],
  },
  {
    path: '/v1/checks',
    summary: 'Status checks, test runs and quality gates',
    reads: ['checks'],
    from: 'checks',
    row: check.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['repository', 'service', 'kind', 'outcome', 'build_id'],
  },
  {
    path: '/v1/releases',
    summary: 'Releases and versions that tools list',
    reads: ['releases'],
    from: '(SELECT *, coalesce(published_at, seen_at) AS listed_at FROM releases)',
    row: release.row.extend(raw),
    at: 'listed_at',
    id: 'id',
    filters: ['repository', 'project'],
  },
  {
    path: '/v1/work-items',
    summary: 'Issues and tickets',
    reads: ['work_items'],
    from: 'work_items',
    row: workItem.row.extend(raw),
    at: 'created_at',
    id: 'id',
    filters: ['project', 'repository', 'status', 'kind'],
  },
  {
    path: '/v1/transitions',
    summary: 'What changed in changes and work items, field by field',
    reads: ['transitions'],
    from: 'transitions',
    row: transition.row.extend(raw),
    at: 'at',
    id: 'id',
    filters: ['repository', 'subject_id'],
  },
  {
    path: '/v1/sprints',
    summary: 'Sprints',
    reads: ['sprints'],
    from: '(SELECT *, coalesce(started_at, seen_at) AS listed_at FROM sprints)',
    row: sprint.row.extend(raw),
    at: 'listed_at',
    id: 'id',
    filters: ['state'],
  },
  {
    path: '/v1/commits',
    summary: 'Commits of connected repositories',
    reads: ['commits'],
    from: 'commits',
    row: commit.row.extend(raw),
    at: 'committed_at',
    id: 'sha',
    filters: ['repository'],
  },
  {
    path: '/v1/repositories',
    summary: 'Connected repositories',
    reads: ['repositories'],
    from: 'repositories',
    row: repository.row.extend(raw),
    at: 'received_at',
    id: 'id',
    filters: [],
  },
  {
    path: '/v1/services',
    summary: 'Services that were ever deployed',
    reads: ['deployments'],
    from: `(SELECT service AS id, count() AS deployments, min(at) AS first_at, max(at) AS last_at, any(source) AS source, max(raw_seq) AS raw_seq FROM deployments GROUP BY service)`,
    row: z.object({ id: z.string(), deployments: z.coerce.number(), first_at: z.string(), last_at: z.string() }),
    at: 'last_at',
    id: 'id',
    filters: [],
  },
]

const filterSchema = z.string().min(1).max(300).optional()

export function entityRoutes({ analytics }: Services): Route[] {
  return LISTS.map((list) =>
    route({
      method: 'get',
      path: list.path,
      summary: list.summary,
      right: 'read',
      query: z
        .object({
          ...Object.fromEntries(list.filters.map((name) => [name, filterSchema])),
          limit: z.coerce.number().int().min(1).max(10_000).default(100),
          after: z.string().max(400).optional(),
        })
        .strict(),
      replies: {
        200: { description: 'A page, newest first.', schema: z.object({ items: z.array(list.row), next: z.string().nullable() }) },
      },
      async handle({ query, principal }) {
        const { limit, after, ...given } = query as { limit: number; after?: string } & Partial<Record<(typeof FILTERS)[number], string>>
        const filters = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))
        const cursor = after === undefined ? null : readCursor(after)
        const page = statement({
          name: `list${list.path.replaceAll('/', '.')}`,
          sql: `${withRelations(list.reads)}
SELECT *, toUnixTimestamp64Milli(toDateTime64(${list.at}, 3)) AS page_at, toString(${list.id}) AS page_id FROM ${list.from}
WHERE 1 ${Object.keys(filters)
            .map((name) => `AND ${name} = {${name}:String}`)
            .join(' ')} ${cursor === null ? '' : 'AND (page_at, page_id) < ({after_at:Int64}, {after_id:String})'}
ORDER BY page_at DESC, page_id DESC LIMIT {limit:UInt32}`,
          row: list.row.extend({ page_at: z.coerce.number(), page_id: z.string() }),
        })
        const rows = await analytics.read(page, {
          org: principal.org,
          limit: limit + 1,
          ...filters,
          ...(cursor === null ? {} : { after_at: cursor.at, after_id: cursor.id }),
        })
        const shown = rows.slice(0, limit)
        const last = shown.at(-1)
        return {
          items: shown.map(({ page_at: _at, page_id: _id, ...row }) => row),
          next:
            rows.length > limit && last !== undefined
              ? writeCursor({ at: last['page_at'] as number, id: last['page_id'] as string })
              : null,
        }
      },
    }),
  )
}
