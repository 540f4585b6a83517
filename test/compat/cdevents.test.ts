import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { expectStatus, kept, listed, send } from './door.ts'

/** CDEvents over CloudEvents, in the three content modes of the HTTP binding. */
let server: Server
let data: string
let auth: Record<string, string>
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  auth = { authorization: `Bearer ${server.ingestToken}` }
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const SOURCE = '/ci/acme'
const ARTIFACT = 'pkg:oci/shop@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427?tag=1.4.0'
const event = (
  type: string,
  id: string,
  subject: string,
  content: object,
  timestamp: string,
  version: object = { specversion: '0.5.0' },
) => ({
  context: { ...version, id, source: SOURCE, type: `dev.cdevents.${type}`, timestamp },
  subject: { id: subject, source: SOURCE, content },
})
const structured = (data: ReturnType<typeof event>) => ({
  specversion: '1.0',
  id: data.context.id,
  source: SOURCE,
  type: data.context.type,
  subject: data.subject.id,
  time: data.context.timestamp,
  datacontenttype: 'application/json',
  data,
})
const deployed = event(
  'service.deployed.0.2.0',
  's1',
  'shop',
  { environment: { id: 'production' }, artifactId: ARTIFACT },
  '2026-02-24T09:00:00Z',
)

test('structured: a deployed service is a deployment, once however often it is sent', async () => {
  const headers = { ...auth, 'content-type': 'application/cloudevents+json' }
  for (let again = 0; again < 2; again++)
    expect(JSON.parse(await expectStatus(send(server, '/v1/cdevents', structured(deployed), headers), 202))).toEqual({ accepted: 1 })
  const rows = await listed(server, '/v1/deployments')
  expect(rows).toMatchObject([
    {
      service: 'shop',
      source: 'cdevents',
      kind: 'deploy',
      environment: 'production',
      outcome: 'success',
      version: '1.4.0',
      at: '2026-02-24T09:00:00.000Z',
    },
  ])
})

test('binary: the body is the event, the headers stand beside it; it is the same event as the structured one', async () => {
  const ce = (type: string, id: string) => ({
    ...auth,
    'ce-specversion': '1.0',
    'ce-type': type,
    'ce-source': SOURCE,
    'ce-id': id,
    'ce-subject': 'shop',
    'ce-time': '2026-02-24T09:00:00Z',
  })
  await expectStatus(
    send(server, '/v1/cdevents', deployed, { ...ce(deployed.context.type, 's1'), 'content-type': 'application/json; charset=utf-8' }),
    202,
  )
  expect(await listed(server, '/v1/deployments')).toHaveLength(1)
  // A sender that leaves the context to the headers is understood.
  const bare = { subject: { id: 'shop', content: { environment: { id: 'production' }, artifactId: ARTIFACT } } }
  await expectStatus(
    send(server, '/v1/cdevents', bare, { ...ce('dev.cdevents.service.rolledback.0.2.0', 's2'), 'ce-time': '2026-02-24T10:00:00Z' }),
    202,
  )
  expect((await listed(server, '/v1/deployments'))[0]).toMatchObject({ kind: 'rollback', service: 'shop', at: '2026-02-24T10:00:00.000Z' })
})

test('a batch: incidents, runs, changes, tickets and what is not known here', async () => {
  const incident = { environment: { id: 'production' }, service: { id: 'shop' }, description: 'Response time above threshold' }
  const batch = [
    event('incident.detected.0.2.0', 'i1', 'incident-123', incident, '2026-02-24T09:30:00Z'),
    event('incident.resolved.0.2.0', 'i2', 'incident-123', incident, '2026-02-24T10:15:00Z', { version: '0.4.1' }),
    event(
      'pipelinerun.finished.0.2.0',
      'p1',
      'run-1',
      { pipelineName: 'shop', outcome: 'success', url: 'https://ci.example.org/1' },
      '2026-02-24T08:00:00Z',
    ),
    event(
      'taskrun.finished.0.2.0',
      't1',
      'task-1',
      { taskName: 'unit', pipelineRun: { id: 'run-1' }, outcome: 'success' },
      '2026-02-24T08:00:00Z',
    ),
    event('build.finished.0.2.0', 'b1', 'build-1', { artifactId: ARTIFACT }, '2026-02-24T08:01:00Z'),
    event('testsuiterun.finished.0.2.0', 'q1', 'suite-1', { outcome: 'failure', environment: { id: 'dev' } }, '2026-02-24T08:02:00Z'),
    event('change.merged.0.2.0', 'c1', 'change-5', { repository: { id: 'acme/shop' } }, '2026-02-24T07:00:00Z'),
    event(
      'ticket.created.0.1.0',
      'k1',
      'ticket-1',
      { summary: 'x', ticketType: 'task', creator: 'Alice', uri: 'https://tickets.example.org/1' },
      '2026-02-24T07:00:00Z',
    ),
    event('environment.created.0.2.0', 'e1', 'production', { name: 'production' }, '2026-02-24T06:00:00Z'),
    event('sometool.happened.9.9.9', 'x1', 'thing', {}, '2026-02-24T06:00:00Z'),
    event('service.published.0.2.0', 's9', 'shop', { environment: { id: 'production' } }, '2026-02-24T11:00:00Z'),
  ].map(structured)
  const headers = { ...auth, 'content-type': 'application/cloudevents-batch+json' }
  expect(JSON.parse(await expectStatus(send(server, '/v1/cdevents', batch, headers), 202))).toEqual({ accepted: batch.length })
  expect(await listed(server, '/v1/incidents')).toMatchObject([
    { service: 'shop', opened_at: '2026-02-24T09:30:00.000Z', closed_at: '2026-02-24T10:15:00.000Z' },
  ])
  expect(await kept(server, 'cdevents')).toMatchObject({ unread: 0 })
  const builds = await server.get<{ n: number; value: number }>(
    '/v1/metrics/build_success_rate?from=2026-02-24T00:00:00Z&to=2026-02-25T00:00:00Z',
  )
  expect(builds).toMatchObject({ n: 2, value: 1 })
})

test('what is no CDEvent is refused whole, with the reason', async () => {
  const bad = [structured(deployed), { specversion: '1.0', type: 'x', data: { context: { id: '1' } } }]
  const text = await expectStatus(send(server, '/v1/cdevents', bad, auth), 422)
  expect(JSON.parse(text)).toMatchObject({ code: 'invalid-input', detail: expect.stringContaining('Event 1') as string })
  await expectStatus(send(server, '/v1/cdevents', '[{', auth), 400)
  await expectStatus(send(server, '/v1/cdevents', '['.repeat(100_000), auth), 400)
  await expectStatus(send(server, '/v1/cdevents', deployed, {}), 401)
})
