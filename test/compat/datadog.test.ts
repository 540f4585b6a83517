import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { expectStatus, kept, listed, send, sourceNames } from './door.ts'

/** Datadog's DORA Metrics API, as `datadog-ci dora` and scripts call it. */
let server: Server
let data: string
let key: Record<string, string>
beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  key = { 'dd-api-key': server.ingestToken, accept: 'application/json' }
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const SHA = '66adc9350f2cc9b250b69abddab733dd55e1a588'
const body = (attributes: object) => ({ data: { attributes } })
/** 2026-02-24 09:00:00 UTC in nanoseconds, larger than a double holds exactly. */
const NS = 1_771_923_600_000_000_000
const deployment = {
  service: 'shopist',
  started_at: NS,
  finished_at: NS + 300_000_000_000,
  git: { commit_sha: SHA, repository_url: 'https://github.com/organization/example-repository' },
  env: 'prod',
  team: 'backend',
  version: 'v1.12.07',
  custom_tags: ['language:java'],
}

test('a deployment is answered 202 with its id, in nanoseconds, milliseconds or seconds', async () => {
  const reply = JSON.parse(await expectStatus(send(server, '/api/v2/dora/deployment', body(deployment), key), 202)) as {
    data: { id: string; type: string }
  }
  expect(reply.data).toEqual({ id: expect.stringMatching(/./) as string, type: 'dora_deployment' })
  const own = {
    ...deployment,
    id: 'deploy-0123456789abcdef',
    service: 'basket',
    started_at: NS / 1e6,
    finished_at: NS / 1e6 + 60_500,
    env: undefined,
  }
  expect(JSON.parse(await expectStatus(send(server, '/api/v2/dora/deployment', body(own), key), 202))).toMatchObject({
    data: { id: 'deploy-0123456789abcdef' },
  })
  await expectStatus(
    send(server, '/api/v2/dora/deployment', body({ service: 'till', started_at: NS / 1e9, finished_at: NS / 1e9 + 60, env: 'qa' }), key),
    202,
  )

  const rows = await listed(server, '/v1/deployments')
  expect(rows.find((one) => one['service'] === 'shopist')).toMatchObject({
    id: reply.data.id,
    source: 'datadog',
    repository: 'organization/example-repository',
    revision: SHA,
    version: 'v1.12.07',
    environment: 'production',
    outcome: 'success',
    started_at: '2026-02-24T09:00:00.000Z',
    at: '2026-02-24T09:05:00.000Z',
  })
  expect(rows.find((one) => one['service'] === 'basket')).toMatchObject({ environment: 'production', at: '2026-02-24T09:01:00.500Z' })
  expect(rows.find((one) => one['service'] === 'till')).toMatchObject({
    environment: 'testing',
    at: '2026-02-24T09:01:00.000Z',
    revision: null,
  })
  expect(await sourceNames(server)).toContain('datadog (datadog)')
})

test('the same deployment again is one', async () => {
  const before = await listed(server, '/v1/deployments')
  await expectStatus(send(server, '/api/v2/dora/deployment', body(deployment), key), 202)
  expect(await listed(server, '/v1/deployments')).toHaveLength(before.length)
})

test.each(['failure', 'incident'])('%s: sent at its start and again at its end, matched by what it is or by its id', async (path) => {
  const failure = {
    services: [`shop-${path}`],
    team: 'shop',
    name: 'Webserver is down',
    severity: 'High',
    started_at: NS,
    env: 'prod',
    git: deployment.git,
    version: 'v1',
  }
  await expectStatus(send(server, `/api/v2/dora/${path}`, body(failure), key), 202)
  await expectStatus(send(server, `/api/v2/dora/${path}`, body({ ...failure, finished_at: NS + 2_700_000_000_000 }), key), 202)
  await expectStatus(
    send(server, `/api/v2/dora/${path}`, body({ ...failure, id: `own-0123456789-${path}`, services: [`one-${path}`, `two-${path}`] }), key),
    202,
  )
  const rows = (await listed(server, '/v1/incidents')).filter((one) => String(one['service']).endsWith(path))
  expect(rows.map((one) => [one['service'], one['opened_at'], one['closed_at'], one['severity']]).sort()).toEqual([
    [`one-${path}`, '2026-02-24T09:00:00.000Z', null, 'High'],
    [`shop-${path}`, '2026-02-24T09:00:00.000Z', '2026-02-24T09:45:00.000Z', 'High'],
    [`two-${path}`, '2026-02-24T09:00:00.000Z', null, 'High'],
  ])
})

test('errors are a list of sentences; a wrong key is 403 as there', async () => {
  const refusals: [string, unknown, Record<string, string>, number][] = [
    ['deployment', '{', key, 400],
    ['deployment', {}, key, 400],
    ['deployment', body({ ...deployment, service: undefined }), key, 400],
    ['deployment', body({ ...deployment, finished_at: 'yesterday' }), key, 400],
    ['deployment', body({ ...deployment, finished_at: 12 }), key, 400],
    ['failure', body({ started_at: NS }), key, 400],
    ['deployment', body(deployment), {}, 403],
    ['deployment', body(deployment), { 'dd-api-key': 'not-a-key' }, 403],
  ]
  const before = await kept(server, 'datadog')
  for (const [path, sent, headers, status] of refusals) {
    const reply = JSON.parse(await expectStatus(send(server, `/api/v2/dora/${path}`, sent, headers), status)) as { errors: string[] }
    expect(reply.errors).toEqual([expect.stringMatching(/./) as string])
  }
  expect(await kept(server, 'datadog')).toEqual(before)
})
