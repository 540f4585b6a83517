import { z } from '@hono/zod-openapi'
import { AppError } from '../../errors.ts'
import { filters, paramsOf } from '../../measure/population.ts'
import { measure, measureAll, samples, type Asked } from '../../measure/measure.ts'
import { withRelations } from '../../measure/relations.ts'
import { daysIn, windowOf, type Bucket, type Window } from '../../measure/window.ts'
import type { Metric, MetricReply } from '../../metric.ts'
import { statement } from '../../store/statement.ts'
import { route, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { rejecting } from './door.ts'

/**
 * The API that Fawkes documents and its three known readers ask: the reference (`metrics.*`, `level`), the Jenkins library (the same objects at the
 * top) and the Backstage widget (`rating`). One body serves all of them. Values are Fairlead's own in the units that are documented there:
 * minutes, percent, per day. What is not known is null with a reason, and `rating` says N/A.
 */
const query = z.object({
  project: z.string().optional().openapi({ description: 'A service, else a repository.' }),
  timeRange: z
    .string()
    .optional()
    .openapi({ description: '`last7days`, `last30days`, `last90days`, or `custom` with `startDate` and `endDate`.' }),
  startDate: z.string().optional(),
  endDate: z.string().optional(),
  window: z.string().optional().openapi({ description: 'In place of `timeRange`: `24h`, `7d`.' }),
  groupBy: z.string().optional(),
  includeStages: z.string().optional(),
  severity: z.string().optional(),
})
type Query = z.infer<typeof query>
type Known = 'INVALID_PROJECT' | 'INVALID_TIME_RANGE' | 'NO_DATA' | 'INVALID_REQUEST'

/** An error of this API, by its own code. */
function refusal(known: Known, message: string, details: Record<string, unknown> = {}): AppError {
  return new AppError(known === 'INVALID_PROJECT' || known === 'NO_DATA' ? 'not-found' : 'usage', message, { detail: { known, details } })
}

const refused = z.object({ known: z.string(), details: z.record(z.string(), z.unknown()) })
const CODES: Partial<Record<AppError['code'], string>> = { unauthenticated: 'UNAUTHORIZED', forbidden: 'FORBIDDEN' }

/** What a project is called in each group of tables: a service, or a repository. */
type Group = 'deployments' | 'builds' | 'incidents'
type Scope = { readonly service?: string; readonly repository?: string }

const NAMES = `SELECT 'deployments' AS place, 'service' AS kind, toString(service) AS name FROM all_deployments WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'deployments', 'repository', ifNull(toString(repository), '') AS name FROM all_deployments WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'service', ifNull(toString(service), '') AS name FROM all_builds WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'repository', ifNull(toString(repository), '') AS name FROM all_builds WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'service', ifNull(toString(service), '') AS name FROM all_checks WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'repository', ifNull(toString(repository), '') AS name FROM all_checks WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'incidents', 'service', ifNull(toString(service), '') AS name FROM all_incident_states WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'incidents', 'repository', ifNull(toString(repository), '') AS name FROM all_incident_states WHERE org_id = {org:UUID} GROUP BY name`
const nameRow = z.object({
  place: z.enum(['deployments', 'builds', 'incidents']),
  kind: z.enum(['service', 'repository']),
  name: z.string(),
})
type Name = z.infer<typeof nameRow>
const names = statement({ name: 'fawkes.names', sql: `SELECT DISTINCT * FROM (${NAMES}) WHERE name != '' ORDER BY name`, row: nameRow })

const NAMED_PROJECTS = 100
const LISTED = 1_000
/** A percentile that the metrics do not keep is taken from the samples themselves, up to so many. */
const SAMPLES_MOST = 50_000

export function fawkesReadRoutes(services: Services): Route[] {
  const { analytics, registry, clock, access } = services
  const reject = rejecting(services, (error) => {
    const own = refused.safeParse(error.detail).data
    const code = own?.known ?? CODES[error.code] ?? (error.status >= 500 ? 'INTERNAL_ERROR' : 'INVALID_REQUEST')
    return {
      status: error.status === 422 ? 400 : error.status,
      body: { error: { code, message: error.message, details: own?.details ?? {} } },
    }
  })

  interface Question {
    readonly org: string
    readonly project: string
    readonly window: Window
    asked(group: Group, bucket?: Bucket): Asked
  }

  const questionOf = async (org: string, asked: Query, fallback: string): Promise<Question> => {
    const window = rangeOf(asked, fallback, access.organization.time_zone, clock.now())
    const project = asked.project?.trim() ?? ''
    if (project === '') throw refusal('INVALID_REQUEST', 'The parameter `project` is required: a service or a repository.')
    const known = await analytics.read(names, { org })
    if (!known.some(({ name }) => name === project)) {
      const available = [...new Set(known.map(({ name }) => name))]
      throw refusal('INVALID_PROJECT', `Project '${project}' not found`, {
        available_projects: available.slice(0, NAMED_PROJECTS),
        ...(available.length > NAMED_PROJECTS ? { more: available.length - NAMED_PROJECTS } : {}),
      })
    }
    return {
      org,
      project,
      window,
      asked: (group, bucket) => ({ window, environment: 'production', ...scopeOf(known, group, project), bucket }),
    }
  }

  const metricOf = (id: string): Metric => {
    const metric = registry.metrics.get(id)
    if (metric === undefined) throw new AppError('internal', `The metric ${id} is missing.`)
    return metric
  }
  const ask = async (question: Question, group: Group, ids: readonly string[]): Promise<MetricReply[]> =>
    measureAll(
      analytics,
      question.org,
      ids.map((id) => [id, metricOf(id)] as const),
      question.asked(group),
    )

  /** The values of all samples of a metric, ascending, with what they belong to; null when there are too many. */
  const valuesOf = async (question: Question, group: Group, id: string): Promise<number[] | null> => {
    const values: number[] = []
    for (let after: string | undefined; ;) {
      const page = await samples(analytics, question.org, id, metricOf(id), question.asked(group), {
        limit: 10_000,
        after,
        status: 'sample',
      })
      for (const { value } of page.items) if (value !== null) values.push(value)
      if (page.next === null) return values.sort((a, b) => a - b)
      if (values.length >= SAMPLES_MOST) return null
      after = page.next
    }
  }

  const declare = (
    path: string,
    summary: string,
    fallback: string,
    handle: (question: Question, asked: Query) => Promise<unknown>,
  ): Route =>
    route({
      method: 'get',
      path: `/api/dora/${path}`,
      summary: `Fawkes’ API: ${summary}`,
      right: 'read',
      tokenHeaders: ['x-api-key'],
      reject,
      query,
      replies: {
        200: { description: 'As Fawkes documents it. Errors are `{error: {code, message, details}}`.', schema: z.looseObject({}) },
      },
      async handle({ principal, query: asked }) {
        return handle(await questionOf(principal.org, asked, fallback), asked)
      },
    })

  const leadTime = async (question: Question, reply: MetricReply) =>
    durationOf(
      reply,
      await valuesOf(question, 'deployments', reply.id),
      'Mean time from commit to production; p50 is the median, which the level rates',
    )
  const restoring = async (question: Question, reply: MetricReply) =>
    durationOf(
      reply,
      await valuesOf(question, 'incidents', reply.id),
      'Mean time from the opening to the close of an incident; p50 is the median, which the level rates',
    )

  const operational = async (question: Question) => {
    const metric = registry.metrics.get('operational_performance')
    const reply =
      metric === undefined ? null : await measure(analytics, question.org, 'operational_performance', metric, question.asked('incidents'))
    return {
      ...figure(
        reply === null ? null : percent(reply.value),
        'percent',
        null,
        reply === null ? 'not_collected' : reply.why,
        'Share of time within objectives',
      ),
      sloTarget: null,
      p99Latency: null,
      errorRate: null,
    }
  }

  const building = async (question: Question) => {
    const [success, rework, gate, flaky, duration] = (await ask(question, 'builds', [
      'build_success_rate',
      'rework_builds',
      'quality_gate_pass_rate',
      'test_flakiness',
      'build_duration',
    ])) as [MetricReply, MetricReply, MetricReply, MetricReply, MetricReply]
    return {
      replies: { success, rework, gate, flaky, duration },
      figures: {
        buildSuccessRate: shareOf(success, 'Builds that passed of those that finished'),
        reworkRate: shareOf(rework, 'Builds that only build a commit again'),
        qualityGatePassRate: shareOf(gate, 'Quality gates that passed'),
        testFlakiness: shareOf(flaky, 'Tests that passed only on a retry, of those that ran'),
        avgBuildDuration: figure(minutes(duration.mean), 'minutes', null, duration.why, 'Mean time from start to finish of a build'),
      },
    }
  }

  return [
    declare('metrics', 'the DORA metrics of a project', 'last30days', async (question) => {
      const [[frequency, lead, failing], [restore], operationalPerformance, { figures }] = await Promise.all([
        ask(question, 'deployments', ['deployment_frequency', 'change_lead_time', 'change_fail_rate']) as Promise<
          [MetricReply, MetricReply, MetricReply]
        >,
        ask(question, 'incidents', ['time_to_restore']) as Promise<[MetricReply]>,
        operational(question),
        building(question),
      ])
      const metrics = {
        deploymentFrequency: figure(
          round(frequency.value),
          'per_day',
          levelOf(frequency),
          frequency.why,
          'Successful deployments to production per day',
        ),
        leadTimeForChanges: await leadTime(question, lead),
        changeFailureRate: { ...shareOf(failing, 'Deployments to production that failed'), ...failuresOf(failing) },
        meanTimeToRestore: await restoring(question, restore),
        operationalPerformance,
        ...figures,
      }
      requireData(question, Object.values(metrics))
      return { project: question.project, timeRange: rangeReply(question), metrics, ...metrics }
    }),

    declare('deployment-frequency', 'deployment frequency', 'last7days', async (question, { groupBy = 'day' }) => {
      const bucket = (['day', 'week', 'month'] as const).find((one) => one === groupBy.toLowerCase())
      if (bucket === undefined) throw refusal('INVALID_REQUEST', `groupBy is day, week or month, not ${JSON.stringify(groupBy)}.`)
      const id = 'deployment_frequency'
      const reply = await measure(analytics, question.org, id, metricOf(id), question.asked('deployments', bucket))
      const summary = figure(round(reply.value), 'per_day', levelOf(reply), reply.why, 'Successful deployments to production per day')
      requireData(question, [summary])
      const day = new Intl.DateTimeFormat('en-CA', { timeZone: question.window.tz, dateStyle: 'short' })
      const timeseries = reply.series.map(({ from, n, value }) => ({
        date: day.format(new Date(from)),
        deployments: value === null ? null : n,
      }))
      return { project: question.project, metric: id, timeRange: rangeReply(question), summary, ...summary, timeseries }
    }),

    declare('lead-time', 'lead time for changes', 'last30days', async (question, { includeStages }) => {
      const [reply] = (await ask(question, 'deployments', ['change_lead_time'])) as [MetricReply]
      const summary = await leadTime(question, reply)
      requireData(question, [summary])
      const body = { project: question.project, metric: 'lead_time_for_changes', timeRange: rangeReply(question), summary, ...summary }
      // The stages that Fawkes names are of a pipeline, and nothing tells when a commit entered each of them.
      return /^(true|1|yes)$/i.test(includeStages ?? '')
        ? { ...body, stages: STAGES.map((name) => ({ name, duration: null, unit: 'minutes', why: 'not_collected' })) }
        : body
    }),

    declare('change-failure-rate', 'change failure rate, with the failures', 'last30days', async (question) => {
      const [[reply], failures] = await Promise.all([
        ask(question, 'deployments', ['change_fail_rate']) as Promise<[MetricReply]>,
        failuresIn(question),
      ])
      const { total_deployments, failed_deployments } = failuresOf(reply)
      const counts = { total_deployments, failed_deployments, successful_deployments: total_deployments - failed_deployments }
      const summary = { ...shareOf(reply, 'Deployments to production that failed'), ...counts }
      requireData(question, [summary])
      return { project: question.project, metric: 'change_failure_rate', timeRange: rangeReply(question), summary, ...summary, failures }
    }),

    declare('mttr', 'mean time to restore, with the incidents', 'last30days', async (question, { severity }) => {
      const [[reply], all] = await Promise.all([
        ask(question, 'incidents', ['time_to_restore']) as Promise<[MetricReply]>,
        incidentsIn(question),
      ])
      const wanted = severity?.trim().toLowerCase() ?? ''
      const found =
        wanted === ''
          ? all
          : all.filter((one) => one.severity?.toLowerCase() === wanted || gradeOf(one.severity) === GRADES.indexOf(wanted) + 1)
      const lengths = found.flatMap(({ seconds }) => (seconds === null ? [] : [seconds])).sort((a, b) => a - b)
      const whole = await restoring(question, reply)
      const own = { ...whole, value: minutes(meanOf(lengths)), p50: minutes(quantile(lengths, 0.5)), p95: minutes(quantile(lengths, 0.95)) }
      const filtered =
        lengths.length === 0 ? unknown('minutes', reply.why ?? 'no_samples', whole.description) : { ...own, level: null, rating: 'N/A' }
      const grades = found.map((one) => gradeOf(one.severity)).filter((one) => one > 0)
      const summary = {
        ...(wanted === '' ? whole : { p50: null, p95: null, ...filtered }),
        total_incidents: found.length,
        avg_severity: grades.length === 0 ? null : (GRADES[Math.round(meanOf(grades) ?? 1) - 1] ?? null),
      }
      if (all.length === 0) requireData(question, [summary])
      const incidents = found.map(({ seconds, ...one }) => ({ ...one, duration_minutes: minutes(seconds) }))
      return { project: question.project, metric: 'mean_time_to_restore', timeRange: rangeReply(question), summary, ...summary, incidents }
    }),

    declare('rework', 'builds: success, rework, quality gates, flakiness, duration', 'last30days', async (question) => {
      const { replies, figures } = await building(question)
      requireData(question, Object.values(figures))
      const summary = {
        build_success_rate: figures.buildSuccessRate.value,
        rework_rate: figures.reworkRate.value,
        quality_gate_pass_rate: figures.qualityGatePassRate.value,
        test_flakiness: figures.testFlakiness.value,
        avg_build_duration_minutes: figures.avgBuildDuration.value,
      }
      const passed = countOf(replies.success)
      const details = {
        total_builds: replies.success.n,
        successful_builds: passed,
        failed_builds: replies.success.n - passed,
        retry_builds: countOf(replies.rework),
        quality_gate_failures: replies.gate.n - countOf(replies.gate),
      }
      return { project: question.project, metric: 'ci_rework_metrics', timeRange: rangeReply(question), summary, details, ...figures }
    }),

    declare('operational-performance', 'operational performance', 'last30days', async (question) => {
      const summary = await operational(question)
      return { project: question.project, metric: 'operational_performance', timeRange: rangeReply(question), summary, ...summary }
    }),

    route({
      method: 'get',
      path: '/api/projects',
      summary: 'Fawkes’ API: the services and repositories that can be asked for',
      right: 'read',
      tokenHeaders: ['x-api-key'],
      reject,
      replies: {
        200: {
          description: 'Every project.',
          schema: z.object({ projects: z.array(z.object({ name: z.string() })), count: z.number().int() }),
        },
      },
      async handle({ principal }) {
        const known = [...new Set((await analytics.read(names, { org: principal.org })).map(({ name }) => name))]
        return { projects: known.map((name) => ({ name })), count: known.length }
      },
    }),
    route({
      method: 'get',
      path: '/api/version',
      summary: 'Fawkes’ API: the version of this server',
      right: 'read',
      tokenHeaders: ['x-api-key'],
      reject,
      replies: { 200: { description: 'The version.', schema: z.object({ version: z.string() }) } },
      handle: () => ({ version: services.version }),
    }),
    route({
      method: 'get',
      path: '/api/ping',
      summary: 'Fawkes’ API: alive',
      right: 'public',
      replies: { 200: { description: 'Alive.', schema: z.object({ message: z.literal('pong') }) } },
      handle: () => ({ message: 'pong' }),
    }),
  ]

  async function failuresIn(question: Question) {
    const asked = question.asked('deployments')
    const rows = await analytics.read(
      statement({
        name: 'fawkes.failures',
        sql: `${withRelations(['attempts', 'incidents'])},
population AS (SELECT * FROM attempts WHERE failed AND outcome IN ('success', 'failure'))
SELECT p.deployment_id AS deployment_id, p.at AS timestamp, toString(p.failed_rule) AS rule, p.recovered_at AS resolved_at, i.severity AS severity, i.title AS title
FROM (SELECT * FROM population WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)} ${filters(asked)}) AS p
LEFT JOIN (SELECT id, any(severity) AS severity, any(title) AS title FROM incidents GROUP BY id) AS i ON i.id = ifNull(p.failed_by, '')
ORDER BY p.at DESC, p.deployment_id DESC LIMIT ${LISTED}`,
        row: z.object({
          deployment_id: z.string(),
          timestamp: z.string(),
          rule: z.string().nullable(),
          resolved_at: z.string().nullable(),
          severity: z.string().nullable(),
          title: z.string().nullable(),
        }),
      }),
      paramsOf(question.org, asked, question.window.from, question.window.to),
    )
    return rows.map(({ deployment_id, timestamp, rule, resolved_at, severity, title }) => ({
      deployment_id,
      timestamp: instantOf(timestamp),
      reason: rule === 'incident' && title ? title : (REASON[rule ?? ''] ?? null),
      severity: severity || null,
      resolved_at: resolved_at === null ? null : instantOf(resolved_at),
      mttr_minutes: resolved_at === null ? null : minutes((Date.parse(instantOf(resolved_at)) - Date.parse(instantOf(timestamp))) / 1000),
    }))
  }

  /** The population of time to restore: closed in the window, or still open and opened in it. */
  async function incidentsIn(question: Question) {
    const asked = question.asked('incidents')
    const rows = await analytics.read(
      statement({
        name: 'fawkes.incidents',
        sql: `${withRelations(['incidents'])}
SELECT id, opened_at, closed_at, severity, title FROM incidents
WHERE coalesce(closed_at, opened_at) >= {from:DateTime64(3)} AND coalesce(closed_at, opened_at) < {to:DateTime64(3)} ${filters(asked)}
ORDER BY coalesce(closed_at, opened_at) DESC, id DESC LIMIT ${LISTED}`,
        row: z.object({
          id: z.string(),
          opened_at: z.string().nullable(),
          closed_at: z.string().nullable(),
          severity: z.string().nullable(),
          title: z.string().nullable(),
        }),
      }),
      paramsOf(question.org, asked, question.window.from, question.window.to),
    )
    return rows.map(({ id, opened_at, closed_at, severity, title }) => {
      const opened = opened_at === null ? null : instantOf(opened_at)
      const closed = closed_at === null ? null : instantOf(closed_at)
      const seconds = opened === null || closed === null || closed < opened ? null : (Date.parse(closed) - Date.parse(opened)) / 1000
      return { id, created_at: opened, resolved_at: closed, severity, title, seconds }
    })
  }
}

const STAGES = ['commit_to_build', 'build_to_test', 'test_to_deploy', 'deploy_to_verify']
const REASON: Record<string, string> = {
  outcome: 'The deployment failed',
  rollback_event: 'It was rolled back',
  rollback_inferred: 'An earlier revision was put back',
  incident: 'An incident followed it',
  revert: 'What it shipped was reverted',
}
const GRADES = ['low', 'medium', 'high', 'critical']

/** Severities as tools write them, 1 (low) to 4; 0 for one that is not known. */
function gradeOf(severity: string | null): number {
  const plain = severity?.trim().toLowerCase() ?? ''
  const number = /^(?:sev|p|s)?-?([1-5])$/.exec(plain)?.[1]
  if (number !== undefined) return Math.max(1, 5 - Number(number))
  return { low: 1, minor: 1, medium: 2, moderate: 2, warning: 2, high: 3, major: 3, critical: 4, blocker: 4 }[plain] ?? 0
}

function scopeOf(known: readonly Name[], group: Group, project: string): Scope {
  const has = (kind: Name['kind']) => known.some((one) => one.place === group && one.kind === kind && one.name === project)
  return !has('service') && has('repository') ? { repository: project } : { service: project }
}

const RANGES: Record<string, number> = { last7days: 7, last30days: 30, last90days: 90 }
const DATE = /^\d{4}-\d{2}-\d{2}$/

function rangeOf({ timeRange, startDate, endDate, window }: Query, fallback: string, tz: string, now: number): Window {
  try {
    if (window !== undefined) {
      const found = /^(\d{1,5})([hd])$/i.exec(window.trim())
      if (found === null || Number(found[1]) === 0)
        throw refusal('INVALID_TIME_RANGE', `window is a number of hours or days such as 24h or 7d, not ${JSON.stringify(window)}.`)
      return windowOf({ days: Number(found[1]) / (found[2]?.toLowerCase() === 'h' ? 24 : 1), tz }, now)
    }
    const asked = timeRange ?? (startDate === undefined ? fallback : 'custom')
    if (asked !== 'custom') {
      const days = RANGES[asked]
      if (days === undefined)
        throw refusal('INVALID_TIME_RANGE', `timeRange is last7days, last30days, last90days or custom, not ${JSON.stringify(asked)}.`)
      return windowOf({ days, tz }, now)
    }
    if (startDate === undefined) throw refusal('INVALID_TIME_RANGE', 'A custom range needs startDate.')
    const from = Date.parse(startDate)
    // A date alone means all of that day.
    const to = endDate === undefined ? now : Date.parse(endDate) + (DATE.test(endDate) ? 86_400_000 : 0)
    if (Number.isNaN(from) || Number.isNaN(to)) throw refusal('INVALID_TIME_RANGE', 'startDate and endDate are ISO 8601 dates or times.')
    return windowOf({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), tz }, now)
  } catch (thrown) {
    if (thrown instanceof AppError && refused.safeParse(thrown.detail).success) throw thrown
    throw refusal('INVALID_TIME_RANGE', thrown instanceof AppError ? thrown.message : 'The time range cannot be read.')
  }
}

const rangeReply = ({ window }: { window: Window }) => ({ start: window.from, end: window.to, days: round(daysIn(window.from, window.to)) })

// ---------------------------------------------------------------- figures

type Why = MetricReply['why']
type Level = 'elite' | 'high' | 'medium' | 'low' | null

function figure(value: number | null, unit: string, level: Level, why: Why, description: string) {
  return value === null
    ? unknown(unit, why ?? 'no_samples', description)
    : { value, unit, level, rating: level ?? 'N/A', why: null, description }
}

function unknown(unit: string, why: Why, description: string) {
  return { value: null, unit, level: null, rating: 'N/A', why, description: `N/A: ${WORDS[why ?? 'no_samples']}. ${description}` }
}

const WORDS: Record<NonNullable<Why>, string> = {
  no_source: 'no source tells this',
  not_collected: 'this was not collected',
  no_samples: 'there is nothing to measure in this time range',
  too_few_samples: 'there are too few samples',
}

const levelOf = (reply: MetricReply): Level => reply.level?.name ?? null
const shareOf = (reply: MetricReply, description: string) => figure(percent(reply.value), 'percent', levelOf(reply), reply.why, description)

function durationOf(reply: MetricReply, values: readonly number[] | null, description: string) {
  return {
    ...figure(minutes(reply.mean), 'minutes', levelOf(reply), reply.why, description),
    p50: minutes(reply.percentiles.p50),
    p95: minutes(values === null ? null : quantile(values, 0.95)),
  }
}

/** How many of the samples of a share it is true of. */
const countOf = ({ value, n }: MetricReply) => Math.round((value ?? 0) * n)
const failuresOf = (reply: MetricReply) => ({ total_deployments: reply.n, failed_deployments: countOf(reply) })

const round = (value: number | null) => (value === null ? null : Math.round(value * 10_000) / 10_000)
const percent = (share: number | null) => round(share === null ? null : share * 100)
const minutes = (seconds: number | null) => round(seconds === null ? null : seconds / 60)
const meanOf = (values: readonly number[]) => (values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length)

/** Interpolated between the two nearest, as everywhere else. */
function quantile(sorted: readonly number[], share: number): number | null {
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at))
}

/** The store writes `2026-01-31 09:00:00.000` or RFC 3339, by the column. */
function instantOf(text: string): string {
  return new Date(text.includes('T') ? text : `${text.replace(' ', 'T')}Z`).toISOString()
}

/** A project that is known, and of which nothing at all is known in this range. */
function requireData(question: { project: string; window: Window }, figures: readonly { readonly value?: number | null }[]): void {
  if (figures.some(({ value }) => value !== null && value !== undefined)) return
  throw refusal('NO_DATA', `No data for '${question.project}' between ${question.window.from} and ${question.window.to}.`, {
    project: question.project,
    start: question.window.from,
    end: question.window.to,
  })
}
