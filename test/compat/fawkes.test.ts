import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { ago, expectStatus, kept, listed, send, sourceNames } from './door.ts'

/** The emitters of a Fawkes platform, with the payloads of its Jenkins library, its ArgoCD templates and its API reference. */
let server: Server
let data: string
let auth: Record<string, string>
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  auth = { 'x-api-key': server.ingestToken }
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const SHA = '4f2a9c1d5e6b7a8090a1b2c3d4e5f60718293a4b'
const AT = '/api/plugins/webhook/1'

describe('ArgoCD', () => {
  const argocd = () => ({ ...auth, 'x-webhook-source': 'argocd' })
  const sync = (more: object = {}) => ({
    event_type: 'deployment',
    status: 'success',
    application: 'shop-prod',
    namespace: 'shop',
    project: 'default',
    revision: SHA,
    commit_sha: SHA,
    sync_started_at: '2026-02-24T13:10:00Z',
    sync_finished_at: '2026-02-24T13:15:00Z',
    health_status: 'Healthy',
    sync_status: 'Synced',
    server: 'https://kubernetes.default.svc',
    repo_url: 'https://git.example.org/acme/shop-deploy',
    environment: 'production',
    service_name: 'shop',
    timestamp: '2026-02-24T13:15:00Z',
    ...more,
  })

  test('a sync is one deployment, however often it is notified', async () => {
    for (const health of ['Progressing', 'Healthy', 'Healthy'])
      await expectStatus(send(server, `${AT}/deployments`, sync({ health_status: health }), argocd()), 200)
    // Known by its words when the header is missing.
    await expectStatus(send(server, `${AT}/deployments`, sync({ health_status: 'Degraded' }), auth), 200)
    const rows = await listed(server, '/v1/deployments?service=shop')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      source: 'fawkes-1',
      environment: 'production',
      outcome: 'success',
      revision: SHA,
      repository: 'acme/shop-deploy',
      at: '2026-02-24T13:15:00.000Z',
      started_at: '2026-02-24T13:10:00.000Z',
    })
    expect(await sourceNames(server)).toContain('fawkes-1 (fawkes)')
  })

  test('missing labels and Go’s own times are read; a failed sync is a failure', async () => {
    const failed = sync({
      status: 'failure',
      sync_started_at: '2026-02-24 15:00:00.123456789 +0000 UTC',
      sync_finished_at: '2026-02-24 15:02:00 +0000 UTC',
      environment: '<no value>',
      service_name: '<no value>',
      error_message: 'one or more objects failed to apply',
    })
    await expectStatus(send(server, `${AT}/deployments`, failed, argocd()), 200)
    const [row] = await listed(server, '/v1/deployments?service=shop-prod')
    expect(row).toMatchObject({ environment: 'production', environment_name: 'prod', outcome: 'failure', at: '2026-02-24T15:02:00.000Z' })
  })

  test('a message that breaks the JSON is answered as taken, and is kept unread with its reason', async () => {
    const before = await kept(server, 'fawkes-1')
    const broken = `{"event_type": "deployment", "status": "failure", "application": "shop-prod", "error_message": "one of "x" failed\nat line 2", "sync_started_at": "2026-02-24T16:00:00Z"}`
    const text = await expectStatus(send(server, `${AT}/deployments`, broken, argocd()), 202)
    expect(JSON.parse(text)).toMatchObject({ success: true, message: expect.stringContaining('no valid JSON') as string })
    await expectStatus(send(server, `${AT}/deployments`, broken, auth), 202)
    const after = await kept(server, 'fawkes-1')
    expect([(after?.items ?? 0) - (before?.items ?? 0), (after?.unread ?? 0) - (before?.unread ?? 0)]).toEqual([2, 1])
  })

  test('an application that is degraded is kept', async () => {
    const degraded = {
      event_type: 'health_change',
      status: 'degraded',
      application: 'shop-prod',
      namespace: 'shop',
      previous_health: 'Healthy',
      current_health: 'Degraded',
      health_message: 'no minimum availability',
      service_name: 'shop',
      environment: 'production',
      timestamp: '2026-02-24 13:25:00.000000001 +0000 UTC m=+99.1',
    }
    await expectStatus(send(server, `${AT}/deployments`, degraded, argocd()), 200)
    expect(await listed(server, '/v1/incidents')).toEqual([])
  })

  test('the deployment of the API reference, and DevLake’s own at the same address, are told apart', async () => {
    const generic = {
      project: 'payment-service',
      commit_sha: 'abc123def456',
      deployment_id: 'argocd-sync-12345',
      status: 'success',
      environment: 'production',
      timestamp: '2026-02-24T10:30:00Z',
      duration_seconds: 120,
    }
    await expectStatus(send(server, `${AT}/deployments`, generic, { authorization: `Bearer ${server.ingestToken}` }), 200)
    const devlake = {
      id: 'd1',
      startedDate: '2026-02-24T11:00:00Z',
      finishedDate: '2026-02-24T11:01:00Z',
      deploymentCommits: [
        {
          repoUrl: 'https://git.example.org/acme/api',
          commitSha: SHA,
          startedDate: '2026-02-24T11:00:00Z',
          finishedDate: '2026-02-24T11:01:00Z',
        },
      ],
    }
    expect(await expectStatus(send(server, `${AT}/deployments`, devlake, auth), 200)).toBe('')
    const rows = await listed(server, '/v1/deployments')
    expect(rows.find((one) => one['service'] === 'payment-service')).toMatchObject({
      source: 'fawkes-1',
      id: 'argocd-sync-12345',
      started_at: '2026-02-24T10:28:00.000Z',
    })
    expect(rows.find((one) => one['service'] === 'acme/api')).toMatchObject({ source: 'devlake-webhook-1', id: 'd1' })
  })
})

describe('the Jenkins library', () => {
  const build = (number: number, more: object = {}) => ({
    service: 'basket',
    commit_sha: SHA,
    branch: 'main',
    build_number: String(number),
    status: 'success',
    duration_ms: 120_000,
    stage: 'pipeline-complete',
    is_retry: false,
    timestamp: ago(1, `09:0${number}:00`),
    url: 'https://ci.example.org/job/basket/',
    type: 'ci_build',
    ...more,
  })
  const metric = (id: string) => server.get<{ value: number | null; n: number }>(`/v1/metrics/${id}?days=7&service=basket`)

  test('builds, gates and tests become figures', async () => {
    const sent = [
      build(1, { stage: 'build' }),
      build(1, { stage: 'test', status: 'unstable', timestamp: ago(1, '09:01:30') }),
      build(1, { status: 'failure', timestamp: ago(1, '09:01:40') }),
      build(2, { is_retry: true }),
      build(3, { commit_sha: '77be010' }),
      build(4, { commit_sha: 'a1b2c3d' }),
      {
        service: 'basket',
        commit_sha: SHA,
        build_number: '1',
        quality_gate_passed: false,
        coverage_percent: 70,
        bugs: 1,
        timestamp: ago(1),
        type: 'quality_gate',
      },
      {
        service: 'basket',
        commit_sha: SHA,
        build_number: '2',
        quality_gate_passed: true,
        coverage_percent: 81.5,
        bugs: 0,
        timestamp: ago(1),
        type: 'quality_gate',
      },
      {
        service: 'basket',
        commit_sha: SHA,
        build_number: '2',
        total_tests: 40,
        passed_tests: 39,
        failed_tests: 0,
        skipped_tests: 0,
        flaky_tests: 1,
        duration_ms: 1,
        timestamp: ago(1),
        type: 'test_results',
      },
    ]
    for (const body of sent) await expectStatus(send(server, `${AT}/cicd`, body, auth), 200)
    await expectStatus(
      send(
        server,
        `${AT}/quality`,
        {
          service: 'basket',
          commit_sha: SHA,
          branch: 'main',
          build_number: '2',
          metric_type: 'accessibility',
          axe_core_passed: true,
          lighthouse_passed: true,
          timestamp: ago(1),
          url: '',
        },
        auth,
      ),
      200,
    )
    // A second sending of everything changes nothing.
    for (const body of sent) await expectStatus(send(server, `${AT}/cicd`, body, auth), 200)
    await kept(server, 'fawkes-1')
    expect(await metric('build_success_rate')).toMatchObject({ value: 0.75, n: 4 })
    expect(await metric('rework_builds')).toMatchObject({ value: 0.25, n: 4 })
    expect(await metric('build_duration')).toMatchObject({ value: 120, n: 4 })
    expect(await metric('quality_gate_pass_rate')).toMatchObject({ value: 0.5, n: 2 })
    expect(await metric('test_flakiness')).toMatchObject({ value: 0.025, n: 1 })
  })

  test('an incident opens and is resolved under one id', async () => {
    const incident = {
      id: 'incident-001',
      title: 'Database connection timeout',
      service: 'basket',
      severity: 'high',
      status: 'open',
      createdDate: ago(1, '14:00:00'),
      resolvedDate: null,
      environment: 'production',
    }
    await expectStatus(send(server, `${AT}/incidents`, incident, auth), 200)
    await expectStatus(send(server, `${AT}/incidents`, { ...incident, status: 'resolved', resolvedDate: ago(1, '14:45:00') }, auth), 200)
    const [row] = await listed(server, '/v1/incidents')
    expect(row).toMatchObject({
      id: 'incident-001',
      severity: 'high',
      opened_at: new Date(ago(1, '14:00:00')).toISOString(),
      closed_at: new Date(ago(1, '14:45:00')).toISOString(),
    })
  })

  test('something unknown is kept unread and answered as taken; without a token nothing is', async () => {
    for (const [path, body] of [
      ['cicd', { type: 'something' }],
      ['quality', { metric_type: 'x' }],
      ['incidents', { title: 'no id' }],
      ['cicd', '{"service": "a "quoted" name"}'],
    ] as const)
      await expectStatus(send(server, `${AT}/${path}`, body, auth), 202)
    expect(JSON.parse(await expectStatus(send(server, `${AT}/cicd`, build(9), {}), 401))).toMatchObject({ success: false })
  })
})

describe('GitHub', () => {
  const repository = { full_name: 'acme/shop', name: 'shop', html_url: 'https://git.example.org/acme/shop' }
  const push = JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: SHA,
    repository,
    pusher: { name: 'alice' },
    commits: [],
  })
  const signature = (body: string, secret = 'test-webhook-secret') => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const github = (body: string, headers: Record<string, string>) =>
    send(server, '/api/plugins/webhook/2/commits', body, { 'x-github-event': 'push', 'x-github-delivery': 'd1', ...headers })

  test('without a secret only a token opens; with one, only what it signs', async () => {
    await expectStatus(github(push, { 'x-hub-signature-256': signature(push) }), 401)
    await expectStatus(github(push, {}), 401)
    await expectStatus(github(push, auth), 200)
    const saved = await fetch(`${server.url}/v1/sources`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'fawkes-2', connector: 'fawkes', config: { webhook_secrets: ['test-webhook-secret'] } }),
    })
    expect(saved.status).toBe(200)
    await expectStatus(github(push, { 'x-hub-signature-256': signature(push) }), 200)
    for (const wrong of [signature(push, 'another'), signature(`${push} `), 'sha256=', 'x'])
      await expectStatus(github(push, { 'x-hub-signature-256': wrong }), 401)
    await expectStatus(github(push, { ...auth, 'x-hub-signature-256': signature(push, 'another') }), 401)
    await expectStatus(github(push, {}), 401)
  })

  test('a pull request is a change, a ping is nothing', async () => {
    const pull = {
      number: 5,
      title: 'Basket',
      state: 'open',
      merged: false,
      user: { login: 'alice', type: 'User' },
      created_at: '2026-02-20T09:00:00Z',
      updated_at: '2026-02-20T09:00:00Z',
      labels: [],
    }
    const body = JSON.stringify({ action: 'opened', number: 5, pull_request: pull, repository })
    await expectStatus(github(body, { 'x-github-event': 'pull_request', 'x-hub-signature-256': signature(body) }), 200)
    const ping = JSON.stringify({ zen: 'Keep it logically awesome.', repository })
    await expectStatus(github(ping, { 'x-github-event': 'ping', 'x-hub-signature-256': signature(ping) }), 200)
    // The other content type that GitHub offers: the JSON as a field of a form, signed as it stands.
    const form = `payload=${encodeURIComponent(body.replace('Basket', 'Basket, again').replaceAll('09:00:00', '09:30:00'))}`
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    await expectStatus(github(form, { ...type, 'x-github-event': 'pull_request', 'x-hub-signature-256': signature(form) }), 200)
    expect(await kept(server, 'fawkes-2')).toEqual({ items: 4, unread: 0 })
  })
})

test('the addresses of the playbook', async () => {
  const failure = { service: 'till', environment: 'production', type: 'deployment_failure', detected_at: '2026-02-24T09:30:00Z' }
  const sent: [string, object][] = [
    ['/webhooks/argocd', { application: 'till-production', status: 'Succeeded', revision: SHA, timestamp: '2026-02-24T09:00:00Z' }],
    ['/webhooks/argocd', { application: 'till-production', status: 'Succeeded', revision: SHA, timestamp: '2026-02-24T09:00:00Z' }],
    ['/metrics/deployment', { service: 'till', environment: 'production', commit_sha: SHA, lead_time_ms: 3_600_000, status: 'success' }],
    ['/webhooks/jenkins', { service: 'till', build_number: '1', status: 'success', type: 'ci_build', timestamp: '2026-02-24T08:00:00Z' }],
  ]
  for (const [path, body] of sent) await expectStatus(send(server, path, body, auth), 200)
  const { id } = JSON.parse(await expectStatus(send(server, '/metrics/failure', failure, auth), 200)) as { id: string }
  await expectStatus(send(server, '/incidents/resolve', { incident_id: id, resolved_at: '2026-02-24T10:00:00Z' }, auth), 200)
  const incident = (await listed(server, '/v1/incidents')).find((one) => one['source'] === 'fawkes')
  expect(incident).toMatchObject({ service: 'till', opened_at: '2026-02-24T09:30:00.000Z', closed_at: '2026-02-24T10:00:00.000Z' })
  const rows = (await listed(server, '/v1/deployments')).filter((one) => one['source'] === 'fawkes')
  expect(rows.map((one) => [one['service'], one['outcome']]).sort()).toEqual([
    ['till', 'success'],
    ['till-production', 'success'],
  ])
  expect(await kept(server, 'fawkes')).toMatchObject({ unread: 0 })
  const alert = {
    status: 'firing',
    labels: { alertname: 'ServiceDown', service: 'till', severity: 'critical', dora_incident: 'true' },
    annotations: { summary: 'till is down' },
    startsAt: '2026-02-24T11:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: 'a1b2c3d4e5f60718',
  }
  const group = {
    version: '4',
    groupKey: '{}:{}',
    status: 'firing',
    receiver: 'fairlead',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
    alerts: [alert],
  }
  await expectStatus(send(server, '/webhooks/alertmanager', group, auth), 200)
  const down = (await listed(server, '/v1/incidents')).find((one) => one['source'] === 'alertmanager')
  expect(down).toMatchObject({ service: 'till', opened_at: '2026-02-24T11:00:00.000Z', closed_at: null })
  await expectStatus(send(server, '/webhooks/alertmanager', group, {}), 401)
})
