import { z } from '@hono/zod-openapi'
import { AppError } from '../../errors.ts'
import { measure, measureAll, samples } from '../../measure/measure.ts'
import type { Metric, MetricReply } from '../../metric.ts'
import { route, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { rejecting } from './door.ts'
import {
  countOf,
  durationOf,
  failuresOf,
  figure,
  gradeOf,
  GRADES,
  levelOf,
  meanOf,
  minutes,
  percent,
  quantile,
  round,
  shareOf,
  unknown,
} from './fawkes-figures.ts'
import { failuresIn, incidentsIn } from './fawkes-lists.ts'
import {
  names,
  query,
  questionOf,
  rangeReply,
  refusal,
  refused,
  requireData,
  type Group,
  type Query,
  type Question,
} from './fawkes-question.ts'

const CODES: Partial<Record<AppError['code'], string>> = { unauthenticated: 'UNAUTHORIZED', forbidden: 'FORBIDDEN' }

/** A percentile that the metrics do not keep is taken from the samples themselves, up to so many. */
const SAMPLES_MOST = 50_000

/**
 * The API that Fawkes documents and its three known readers ask: the reference (`metrics.*`, `level`), the Jenkins library (the same objects at the
 * top) and the Backstage widget (`rating`). One body serves all of them. Values are Fairlead's own in the units that are documented there:
 * minutes, percent, per day. What is not known is null with a reason, and `rating` says N/A.
 */
export function fawkesReadRoutes(services: Services): Route[] {
  const { analytics, registry } = services
  const reject = rejecting(services, (error) => {
    const own = refused.safeParse(error.detail).data
    const code = own?.known ?? CODES[error.code] ?? (error.status >= 500 ? 'INTERNAL_ERROR' : 'INVALID_REQUEST')
    return {
      status: error.status === 422 ? 400 : error.status,
      body: { error: { code, message: error.message, details: own?.details ?? {} } },
    }
  })

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

  /** The values of all samples of a metric, ascending; null when there are too many. */
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
        return handle(await questionOf(services, principal.org, asked, fallback), asked)
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
        failuresIn(analytics, question),
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
        incidentsIn(analytics, question),
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
}

const STAGES = ['commit_to_build', 'build_to_test', 'test_to_deploy', 'deploy_to_verify']
