import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { expectStatus, kept, listed, send, settled, sourceNames } from './door.ts'

/** Scripts that were written for DevLake's webhook, pointed at this server. */
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

const SHA = '4f2a9c1d5e6b7a8090a1b2c3d4e5f60718293a4b'
const OTHER = '77be0105e6b7a8090a1b2c3d4e5f60718293a4bc'
const commit = (more: object = {}) => ({
  displayTitle: 'Basket keeps its items',
  repoUrl: 'https://git.example.org/acme/shop',
  refName: 'main',
  commitSha: SHA,
  commitMsg: 'Basket keeps its items',
  result: 'SUCCESS',
  startedDate: '2026-02-24T09:00:00+00:00',
  finishedDate: '2026-02-24T09:04:00+00:00',
  ...more,
})
const deployment = (more: object = {}) => ({
  id: 'deploy-41',
  startedDate: '2026-02-24T09:00:00+00:00',
  finishedDate: '2026-02-24T09:05:00+00:00',
  result: 'SUCCESS',
  deploymentCommits: [commit()],
  ...more,
})
const incident = (more: object = {}) => ({
  issueKey: 'INC-1',
  title: 'Checkout answers 500',
  type: 'INCIDENT',
  originalStatus: 'open',
  status: 'TODO',
  createdDate: '2026-02-24T10:00:00+00:00',
  component: 'acme/shop',
  ...more,
})

const PATHS = ['/api/rest/plugins/webhook', '/api/plugins/webhook', '/plugins/webhook', '/rest/plugins/webhook']

test.each(PATHS)('a deployment is taken at %s, by connection id, by the older path and by name', async (prefix) => {
  for (const connection of ['connections/3', '3', 'connections/by-name/pipeline']) {
    const text = await expectStatus(send(server, `${prefix}/${connection}/deployments`, deployment(), auth), 200)
    expect(text).toBe('')
  }
  expect(await kept(server, 'devlake-webhook-3')).toMatchObject({ unread: 0 })
  const mine = (await listed(server, '/v1/deployments')).filter((one) => one['id'] === 'deploy-41')
  expect(mine.map((one) => one['source']).sort()).toEqual(['devlake-webhook-3', 'pipeline'])
  expect(mine[0]).toMatchObject({
    service: 'acme/shop',
    repository: 'acme/shop',
    environment: 'production',
    outcome: 'success',
    revision: SHA,
    at: '2026-02-24T09:04:00.000Z',
    started_at: '2026-02-24T09:00:00.000Z',
    title: 'Basket keeps its items',
    ref: 'main',
  })
})

test('a project, a connection id and a name that were not seen before are sources', async () => {
  await expectStatus(send(server, '/api/plugins/webhook/projects/shop-team/deployments', deployment({ id: 'p1' }), auth), 200)
  const names = await sourceNames(server)
  for (const name of ['devlake-webhook-3', 'pipeline', 'shop-team_deployments']) expect(names).toContain(`${name} (devlake-webhook)`)
})

test('each commit of a deployment counts with its own result; the same id again replaces it', async () => {
  const path = '/api/plugins/webhook/connections/7/deployments'
  const commits = [commit(), commit({ repoUrl: 'git@git.example.org:acme/api.git', commitSha: OTHER, result: 'FAILURE' })]
  await expectStatus(send(server, path, deployment({ id: 'many', environment: 'STAGING', deploymentCommits: commits }), auth), 200)
  const rows = async () =>
    (await listed(server, '/v1/deployments'))
      .filter((one) => one['source'] === 'devlake-webhook-7')
      .map((one) => [one['id'], one['service'], one['environment'], one['outcome']])
      .sort()
  expect(await rows()).toEqual([
    [`many:acme/api:${OTHER}`, 'acme/api', 'staging', 'failure'],
    [`many:acme/shop:${SHA}`, 'acme/shop', 'staging', 'success'],
  ])
  await expectStatus(
    send(server, path, deployment({ id: 'many', environment: 'STAGING', deploymentCommits: [commit({ result: 'FAILURE' })] }), auth),
    200,
  )
  expect(await rows()).toEqual([['many', 'acme/shop', 'staging', 'failure']])
})

test('the older payload in snake_case, numbers as text, keys in any case, several layouts of time', async () => {
  const older = {
    pipeline_id: 17,
    Repo_URL: 'https://git.example.org/acme/shop',
    COMMIT_SHA: OTHER,
    start_time: '2026-02-26 10:00:00',
    end_time: '2026-02-26T10:05:00.500+0000',
    environment: 'PRODUCTION',
    result: 'FAILURE',
  }
  await expectStatus(send(server, '/plugins/webhook/8/deployments', older, auth), 200)
  const row = (await listed(server, '/v1/deployments')).find((one) => one['source'] === 'devlake-webhook-8')
  expect(row).toMatchObject({
    id: '17',
    service: 'acme/shop',
    outcome: 'failure',
    at: '2026-02-26T10:05:00.500Z',
    started_at: '2026-02-26T10:00:00.000Z',
  })
})

test('what DevLake refuses is refused in its own words, and nothing of it is kept', async () => {
  const path = '/api/rest/plugins/webhook/connections/9/deployments'
  const refusals: [unknown, number][] = [
    ['{"id": ', 400],
    [[1], 400],
    [deployment({ deploymentCommits: [] }), 400],
    [deployment({ startedDate: null, deploymentCommits: [commit({ startedDate: null })] }), 400],
    [deployment({ startedDate: 1_771_923_600 }), 400],
    [deployment({ deploymentCommits: [commit({ commitSha: '' })] }), 400],
  ]
  for (const [body, status] of refusals) {
    const text = await expectStatus(send(server, path, body, auth), status)
    expect(JSON.parse(text)).toEqual({ success: false, message: expect.stringMatching(/./) as string })
  }
  expect(await kept(server, 'devlake-webhook-9')).toBeNull()
})

test('no key is 401, a made-up key is 401, one that may not send is 403; X-API-Key is a key, too', async () => {
  const path = '/api/rest/plugins/webhook/connections/3/deployments'
  for (const headers of [{}, { authorization: 'Bearer flt_000000000000000000000000000000000000000000' }, { authorization: 'Basic x' }]) {
    const text = await expectStatus(send(server, path, deployment(), headers as Record<string, string>), 401)
    expect(JSON.parse(text)).toMatchObject({ success: false })
  }
  await expectStatus(send(server, path, deployment(), { 'x-api-key': server.ingestToken }), 200)
  // Headers of other doors are none of this one, nor of ours.
  await expectStatus(send(server, path, deployment(), { 'dd-api-key': server.ingestToken }), 401)
  await expectStatus(send(server, '/v1/events', { kind: 'deploy', service: 'x' }, { 'x-api-key': server.ingestToken }), 401)
})

describe('incidents', () => {
  const at = '/api/plugins/webhook/connections/5'
  const found = async (id: string) => (await listed(server, '/v1/incidents')).find((one) => one['id'] === id)

  test('an incident opens, and its close, without a body, ends it at the receipt', async () => {
    await expectStatus(send(server, `${at}/issues`, incident(), auth), 200)
    expect(await found('INC-1')).toMatchObject({ opened_at: '2026-02-24T10:00:00.000Z', closed_at: null, service: 'acme/shop' })
    const before = new Date().toISOString()
    await expectStatus(send(server, `${at}/issue/INC-1/close`, undefined, auth), 200)
    const closed = await found('INC-1')
    expect(closed).toMatchObject({ opened_at: '2026-02-24T10:00:00.000Z', title: 'Checkout answers 500' })
    expect(String(closed?.['closed_at']) >= before).toBe(true)
    // Sent once more, it stays as it was.
    await expectStatus(send(server, `${at}/issue/INC-1/close`, '', auth), 200)
    expect((await found('INC-1'))?.['closed_at']).toBe(closed?.['closed_at'])
  })

  test('a close may say when, may come first, and does not drop the opening that comes later', async () => {
    await expectStatus(send(server, `${at}/issue/INC-2/close`, { resolutionDate: '2026-02-24T12:00:00Z' }, auth), 200)
    expect(await found('INC-2')).toMatchObject({ opened_at: null, closed_at: '2026-02-24T12:00:00.000Z' })
    await expectStatus(send(server, `${at}/issues`, incident({ issueKey: 'INC-2' }), auth), 200)
    expect(await found('INC-2')).toMatchObject({ opened_at: '2026-02-24T10:00:00.000Z', closed_at: '2026-02-24T12:00:00.000Z' })
  })

  test('the close of what is no incident makes none, even right behind it', async () => {
    await expectStatus(send(server, `${at}/issues`, incident({ issueKey: 'SHOP-4', type: 'REQUIREMENT' }), auth), 200)
    await expectStatus(send(server, `${at}/issue/SHOP-4/close`, undefined, auth), 200)
    expect(await found('SHOP-4')).toBeUndefined()
    await expectStatus(send(server, `${at}/issue/SHOP-4/close`, '{"resolutionDate": ', auth), 400)
  })

  test('an incident lies to the deployment before it, at once', async () => {
    const opened = '2026-02-25T08:20:00Z'
    await expectStatus(
      send(
        server,
        `${at}/deployments`,
        deployment({
          id: 'bad',
          deploymentCommits: [commit({ startedDate: '2026-02-25T08:00:00Z', finishedDate: '2026-02-25T08:10:00Z' })],
        }),
        auth,
      ),
      200,
    )
    await expectStatus(send(server, `${at}/issues`, incident({ issueKey: 'INC-3', createdDate: opened }), auth), 200)
    expect(await found('INC-3')).toMatchObject({ linked_deployment_id: 'bad', link_rule: 'latest_in_service' })
  })
})

test('pull requests are taken under both spellings', async () => {
  const pull = {
    id: 'gh-5',
    pullRequestKey: '5',
    displayTitle: 'Basket keeps its items',
    status: 'MERGED',
    originalStatus: 'closed',
    url: 'https://git.example.org/acme/shop/pull/5',
    createdDate: '2026-02-20T09:00:00Z',
    mergedDate: '2026-02-21T09:00:00Z',
    mergeCommitSha: SHA,
    headCommitSha: OTHER,
  }
  await expectStatus(send(server, '/api/plugins/webhook/connections/6/pull_requests', pull, auth), 200)
  await expectStatus(send(server, '/api/plugins/webhook/6/pullrequests', { ...pull, pullRequestKey: 6 }, auth), 200)
  await expectStatus(send(server, '/api/plugins/webhook/6/pullrequests', { ...pull, pullRequestKey: 'six' }, auth), 400)
  await settled(server)
  expect(await kept(server, 'devlake-webhook-6')).toEqual({ items: 2, unread: 0 })
})
