import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { ago, expectStatus, send, settled } from './door.ts'

/** The API that Fawkes documents, asked by its three readers, over what its emitters sent. */
let server: Server
let data: string
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  const auth = { 'x-api-key': server.ingestToken }
  const hours = ['09', '10', '11', '12', '13']
  // 10 syncs in 7 days, 2 of which failed; each ships what was committed 4 h 15 min before.
  for (let index = 0; index < 10; index++) {
    const at = ago(1 + Math.floor(index / 2), `${hours[index % 2]}:15:00`)
    const event = {
      kind: 'deploy',
      id: `d${index}`,
      service: 'payment-service',
      git_sha: `4f2a9c${index}`,
      occurred_at: at,
      succeeded: index !== 3 && index !== 6,
      commit_at: new Date(Date.parse(at) - 15_300_000).toISOString(),
    }
    await expectStatus(server.post('/v1/events', JSON.stringify(event)), 202)
  }
  const incident = (id: string, severity: string, length: string | null, title: string) => ({
    id,
    title,
    service: 'payment-service',
    severity,
    status: length === null ? 'open' : 'resolved',
    createdDate: ago(1, '14:00:00'),
    resolvedDate: length === null ? null : ago(1, length),
    environment: 'production',
  })
  for (const one of [
    incident('i1', 'high', '14:45:00', 'Database connection timeout'),
    incident('i2', 'low', '14:15:00', 'Slow'),
    incident('i3', 'high', null, 'Open'),
  ])
    await expectStatus(send(server, '/api/plugins/webhook/1/incidents', one, auth), 200)
  for (let index = 1; index <= 4; index++) {
    const build = {
      service: 'payment-service',
      commit_sha: index < 3 ? '4f2a9c1' : `a1b2c3${index}`,
      branch: 'main',
      build_number: String(index),
      status: index === 4 ? 'failure' : 'success',
      duration_ms: index * 60_000,
      stage: 'pipeline-complete',
      is_retry: false,
      timestamp: ago(1, `08:0${index}:00`),
      type: 'ci_build',
    }
    await expectStatus(send(server, '/api/plugins/webhook/1/cicd', build, auth), 200)
  }
  await expectStatus(
    server.post('/v1/events', JSON.stringify({ kind: 'deploy', service: 'idle-service', git_sha: 'abc1234', occurred_at: ago(300) })),
    202,
  )
  await settled(server)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

type Reply = Record<string, never> & { summary: Record<string, unknown>; metrics: Record<string, Record<string, unknown>> } & Record<
    string,
    Record<string, unknown>
  >
const ask = (query: string) => server.get<Reply>(`/api/dora/${query}`)

test('metrics: the reference, the Jenkins library and the Backstage widget find what they read', async () => {
  const reply = await ask('metrics?project=payment-service&timeRange=last7days')
  expect(reply.metrics).toMatchObject({
    deploymentFrequency: { value: 1.1429, unit: 'per_day', level: 'elite', rating: 'elite' },
    leadTimeForChanges: { value: 255, unit: 'minutes', level: 'elite', rating: 'elite', p50: 255, p95: 255 },
    changeFailureRate: { unit: 'percent', total_deployments: 10 },
    meanTimeToRestore: { value: 30, unit: 'minutes', level: null, rating: 'N/A', p50: 30, p95: 43.5 },
    operationalPerformance: { unit: 'percent', sloTarget: null },
    buildSuccessRate: { value: 75, unit: 'percent' },
    reworkRate: { value: 25, unit: 'percent' },
    qualityGatePassRate: { value: null, rating: 'N/A', description: expect.stringMatching(/^N\/A: /) as string },
    avgBuildDuration: { value: 2.5, unit: 'minutes' },
  })
  for (const [name, figure] of Object.entries(reply.metrics)) expect(reply[name]).toEqual(figure)
  expect(reply['timeRange']).toMatchObject({ start: expect.stringMatching(/Z$/) as string, end: expect.stringMatching(/Z$/) as string })
})

test('the same figures as the product’s own', async () => {
  const own = await server.get<{ metrics: Record<string, { value: number | null; n: number }> }>('/v1/dora?days=7&service=payment-service')
  const { metrics } = await ask('metrics?project=payment-service&timeRange=last7days')
  expect(metrics['changeFailureRate']?.['value']).toBeCloseTo((own.metrics['change_fail_rate']?.value ?? NaN) * 100, 3)
  expect(metrics['deploymentFrequency']?.['value']).toBeCloseTo(own.metrics['deployment_frequency']?.value ?? NaN, 3)
})

test('deployment frequency in days, weeks, months', async () => {
  const daily = (await ask('deployment-frequency?project=payment-service&groupBy=day')) as unknown as {
    timeseries: { date: string; deployments: number | null }[]
    metric: string
    summary: object
  }
  expect(daily).toMatchObject({ metric: 'deployment_frequency', summary: { value: 1.1429, unit: 'per_day', level: 'elite' } })
  expect(daily.timeseries.length).toBeGreaterThanOrEqual(7)
  expect(daily.timeseries.reduce((sum, one) => sum + (one.deployments ?? 0), 0)).toBe(8)
  for (const one of daily.timeseries) expect(one.date).toMatch(/^\d{4}-\d{2}-\d{2}$/)
  const weekly = (await ask('deployment-frequency?project=payment-service&timeRange=last30days&groupBy=week')) as unknown as {
    timeseries: unknown[]
  }
  expect(weekly.timeseries.length).toBeLessThanOrEqual(6)
})

test('lead time, with the stages that nobody tells', async () => {
  const reply = (await ask('lead-time?project=payment-service&includeStages=true')) as unknown as {
    summary: object
    stages: { name: string; duration: null }[]
  }
  expect(reply).toMatchObject({ metric: 'lead_time_for_changes', summary: { value: 255, unit: 'minutes', p50: 255, p95: 255 } })
  expect(reply.stages.map((one) => [one.name, one.duration])).toEqual([
    ['commit_to_build', null],
    ['build_to_test', null],
    ['test_to_deploy', null],
    ['deploy_to_verify', null],
  ])
  expect(await ask('lead-time?project=payment-service')).not.toHaveProperty('stages')
})

test('change failure rate, with each failure, why, and how long', async () => {
  const reply = (await ask('change-failure-rate?project=payment-service')) as unknown as {
    summary: { total_deployments: number; failed_deployments: number; successful_deployments: number; value: number }
    failures: { deployment_id: string; reason: string; resolved_at: string | null; mttr_minutes: number | null; severity: string | null }[]
  }
  const { summary, failures } = reply
  expect(summary.total_deployments).toBe(10)
  expect(summary.failed_deployments).toBe(failures.length)
  expect(summary.successful_deployments).toBe(10 - failures.length)
  expect(summary.value).toBeCloseTo(failures.length * 10, 3)
  const failed = failures.find((one) => one.deployment_id === 'd6')
  expect(failed).toMatchObject({ reason: 'The deployment failed', severity: null, mttr_minutes: 60 })
  const linked = failures.find((one) => one.severity !== null)
  expect(linked?.reason).toMatch(/Database|Slow|Open/)
})

test('mean time to restore, by severity, with the incidents', async () => {
  const all = (await ask('mttr?project=payment-service')) as unknown as {
    summary: Record<string, unknown>
    incidents: Record<string, unknown>[]
  }
  expect(all.summary).toMatchObject({ value: 30, unit: 'minutes', p50: 30, total_incidents: 3, avg_severity: 'medium' })
  expect(all.incidents.find((one) => one['id'] === 'i1')).toMatchObject({
    duration_minutes: 45,
    severity: 'high',
    title: 'Database connection timeout',
  })
  expect(all.incidents.find((one) => one['id'] === 'i3')).toMatchObject({ resolved_at: null, duration_minutes: null })
  const high = (await ask('mttr?project=payment-service&severity=high')) as unknown as typeof all
  expect(high.summary).toMatchObject({ value: 45, p50: 45, p95: 45, total_incidents: 2, avg_severity: 'high' })
  const medium = (await ask('mttr?project=payment-service&severity=medium')) as unknown as typeof all
  expect(medium.summary).toMatchObject({ value: null, rating: 'N/A', total_incidents: 0, avg_severity: null })
})

test('rework, as the Jenkins library and the reference read it', async () => {
  const reply = await ask('rework?project=payment-service&timeRange=last7days')
  expect(reply).toMatchObject({
    metric: 'ci_rework_metrics',
    summary: {
      build_success_rate: 75,
      rework_rate: 25,
      quality_gate_pass_rate: null,
      test_flakiness: null,
      avg_build_duration_minutes: 2.5,
    },
    details: { total_builds: 4, successful_builds: 3, failed_builds: 1, retry_builds: 1, quality_gate_failures: 0 },
    reworkRate: { value: 25 },
    buildSuccessRate: { value: 75 },
  })
  expect(await ask('rework?project=payment-service&window=48h')).toMatchObject({ details: { total_builds: 4 } })
})

test('operational performance is not known, and says so', async () => {
  const reply = await ask('operational-performance?project=payment-service')
  expect(reply.summary).toMatchObject({ unit: 'percent', level: null, rating: 'N/A', sloTarget: null, p99Latency: null, errorRate: null })
})

test('errors in the documented shape', async () => {
  const as = async (path: string, token = server.token) => {
    const answer = await fetch(`${server.url}${path}`, { headers: token === '' ? {} : { authorization: `Bearer ${token}` } })
    const { error } = (await answer.json()) as { error: { code: string; message: string; details: Record<string, unknown> } }
    expect(Object.keys(error)).toEqual(['code', 'message', 'details'])
    return [answer.status, error.code, error.details] as const
  }
  const metrics = '/api/dora/metrics?project=payment-service'
  expect((await as(metrics, '')).slice(0, 2)).toEqual([401, 'UNAUTHORIZED'])
  expect((await as(metrics, server.ingestToken)).slice(0, 2)).toEqual([403, 'FORBIDDEN'])
  const [status, code, details] = await as('/api/dora/metrics?project=invalid-service')
  expect([status, code]).toEqual([404, 'INVALID_PROJECT'])
  expect(details['available_projects']).toEqual(['idle-service', 'payment-service'])
  for (const range of [
    'timeRange=yesterday',
    'timeRange=custom',
    'startDate=soon',
    'startDate=2026-03-02&endDate=2026-03-01',
    'window=24',
    'window=0h',
  ])
    expect((await as(`${metrics}&${range}`)).slice(0, 2), range).toEqual([400, 'INVALID_TIME_RANGE'])
  expect((await as('/api/dora/lead-time?project=idle-service&timeRange=last7days')).slice(0, 2)).toEqual([404, 'NO_DATA'])
  expect((await as('/api/dora/metrics')).slice(0, 2)).toEqual([400, 'INVALID_REQUEST'])
  expect((await as('/api/dora/deployment-frequency?project=payment-service&groupBy=hour')).slice(0, 2)).toEqual([400, 'INVALID_REQUEST'])
})

test('no deployments of a source that watches are 0, not unknown; a custom range holds its last day', async () => {
  expect((await ask('deployment-frequency?project=idle-service')).summary).toMatchObject({ value: 0, level: null })
  const day = ago(1).slice(0, 10)
  const reply = await ask(`change-failure-rate?project=payment-service&startDate=${day}&endDate=${day}`)
  expect(reply.summary).toMatchObject({ total_deployments: 2 })
})

test('ping, version and projects', async () => {
  expect(await (await fetch(`${server.url}/api/ping`)).json()).toEqual({ message: 'pong' })
  expect(await server.get('/api/version')).toEqual({ version: expect.stringMatching(/^\d/) as string })
  expect(await server.get('/api/projects')).toEqual({ projects: [{ name: 'idle-service' }, { name: 'payment-service' }], count: 2 })
})
