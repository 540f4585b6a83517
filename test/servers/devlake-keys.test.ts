import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeDevlake } from '../../bench/devlake-database.ts'
import type { ImportReport } from '../../src/lake/import.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Finished, type Server } from '../server.ts'
import { connect, KEYS, SECRET, TOKENS } from './devlake-connections.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { givenMysql, makeLake, type OwnLake } from './own-lake.ts'
import { formsOf, withoutGreeting } from './secret-forms.ts'

/** Connections and API keys of a DevLake, with its secret: against a real MySQL or MariaDB, a real PostgreSQL, and the real program. */
const dumped = promisify(execFile)
const DOOR = '/api/rest/plugins/webhook'
const DEPLOYMENT = JSON.stringify({
  id: 'deploy-1',
  startedDate: '2026-02-24T09:00:00Z',
  finishedDate: '2026-02-24T09:05:00Z',
  deploymentCommits: [
    {
      repoUrl: 'https://git.example.org/acme/shop',
      commitSha: 'a'.repeat(40),
      startedDate: '2026-02-24T09:00:00Z',
      finishedDate: '2026-02-24T09:05:00Z',
    },
  ],
})

let lake: OwnLake
let mysql: Mysql
let tool: HttpServer
let database: Awaited<ReturnType<typeof makeDatabase>>
let uri: string
let data: string
let server: Server
/** The credentials with which the tools were asked. */
const asked = new Set<string>()
const log: string[] = []

beforeAll(async () => {
  tool = createServer((request, answer) => {
    asked.add(request.headers.authorization ?? String(request.headers['private-token']))
    answer.writeHead(401, { 'content-type': 'application/json' }).end('{"message": "who are you?"}')
  })
  await new Promise<void>((resolve) => tool.listen(0, '127.0.0.1', resolve))
  lake = await makeLake()
  mysql = await lake.open()
  await makeDevlake(mysql, 'fresh')
  await connect(mysql, `http://127.0.0.1:${(tool.address() as AddressInfo).port}`)
  database = await makeDatabase()
  const address = new URL(givenServer())
  address.pathname = `/${database.name}`
  uri = address.href
  data = await freshDirectory()
  server = await start()
}, 120_000)
afterAll(async () => {
  await server.stop()
  await mysql.close()
  await lake.drop()
  await database.drop()
  tool.close()
  await removeDirectory(data)
})

const start = () =>
  startServer(data, { POSTGRES_URI: uri, MYSQL_URI: givenMysql(), FAIRLEAD_LOG: 'debug', FAIRLEAD_ALLOW_ADDRESSES: '127.0.0.1' })

async function said(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
  const done = await fairlead(args, { data, env: { POSTGRES_URI: uri, MYSQL_URI: lake.uri, ...env } })
  log.push(done.stdout, done.stderr)
  return done
}
async function imported(
  args: readonly string[] = [],
  env: Record<string, string> = { DEVLAKE_ENCRYPTION_SECRET: SECRET },
): Promise<ImportReport> {
  const { code, stdout, stderr } = await said(['import', 'devlake', '--json', ...args], env)
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as ImportReport
}
const told = ({ connections, keys }: ImportReport) => ({
  connections: Object.fromEntries(connections.map((one) => [`${one.kind} ${one.name}`, [one.result, one.source]])),
  keys: Object.fromEntries(keys.map((one) => [one.name, one.result])),
})
interface Listed {
  readonly name: string
  readonly config: Record<string, unknown>
  readonly secrets: readonly string[]
  readonly every_minutes: number | null
}
const sources = async () => (await server.get<{ items: Listed[] }>('/v1/sources')).items
const audit = async () => (await server.get<{ items: { action: string }[] }>('/v1/audit?limit=200')).items.length
const send = (path: string, key: string) => server.post(`${DOOR}/${path}`, DEPLOYMENT, { authorization: `Bearer ${key}` })

describe.sequential('with its secret', () => {
  test('another secret is one error, and nothing is written', async () => {
    const wrong = await said(['import', 'devlake'], { DEVLAKE_ENCRYPTION_SECRET: `${SECRET}S` })
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/not the secret.*nothing in it opens/s)])
    const shown = await said(['import', 'devlake', '--encryption-secret', 'typed by hand'])
    expect([shown.code, shown.stderr]).toEqual([2, expect.stringMatching(/not given on the command line/)])
    expect(await sources()).toEqual([])
  })

  test('a dry run says what would be made, and asks and writes nothing', async () => {
    const report = told(await imported(['--dry-run']))
    expect(report.connections['github GitHub']).toEqual(['new', 'github'])
    expect(report.keys).toMatchObject({ 'webhook-1': 'new', old: 'expired' })
    expect([await sources(), asked.size]).toEqual([[], 0])
  })

  test('without it everything else is taken, and what is sealed is named', async () => {
    const { code, stdout, stderr } = await said(['import', 'devlake'])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Main +│? *gitlab.*sealed/)
    expect(stderr).toMatch(/needs ENCRYPTION_SECRET.*--encryption-secret/)
    expect((await sources()).map(({ name }) => name).sort()).toEqual(['devlake', 'pay hooks', 'Магазин'])
    expect(asked.size).toBe(0)
  })

  test('connections become sources that wait, each with its address, its scopes and its credential', async () => {
    await writeFile(join(data, 'devlake.secret'), `${SECRET}\n`)
    const report = await imported(['--encryption-secret', `file:${join(data, 'devlake.secret')}`], {})
    expect(told(report).connections).toEqual({
      'argocd argocd-prod': ['made', 'argocd-prod'],
      'github Changed': ['undecryptable', null],
      'github Empty': ['unusable', null],
      'github GitHub': ['made', 'github'],
      'github The App': ['made', 'github-the-app'],
      'gitlab Main': ['made', 'gitlab-main'],
      'jenkins CI': ['made', 'jenkins-ci'],
      'jira Jira': ['made', 'jira'],
      'pagerduty On call': ['made', 'pagerduty-on-call'],
      'sonarqube Quality': ['unsupported', null],
      'webhook pay hooks': ['exists', 'pay hooks'],
      'webhook Магазин': ['exists', 'Магазин'],
    })
    const url = `http://127.0.0.1:${(tool.address() as AddressInfo).port}`
    const found = new Map((await sources()).map((one) => [one.name, one]))
    for (const [name, config, secrets] of [
      ['github', { url, repositories: ['acme/shop'] }, ['token']],
      ['github-the-app', { url, repositories: ['acme/older'], app_id: '4711', installation_id: '815' }, ['private_key']],
      ['gitlab-main', { url, projects: ['acme/pay'] }, ['token']],
      ['jenkins-ci', { url, user: 'ada', jobs: ['shop/deploy'] }, ['token']],
      ['argocd-prod', { url, applications: [String.raw`^shop\.prod$`] }, ['token']],
      ['jira', { url, email: 'ada@example.org', projects: ['PAY'] }, ['token']],
      ['pagerduty-on-call', { url }, ['token']],
      ['Магазин', { connection: '1' }, []],
    ] as const)
      expect([name, found.get(name)]).toEqual([name, expect.objectContaining({ config, secrets, every_minutes: 0 })])
    // Each was asked with its own credential, and says that it was refused.
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    for (const one of [
      `Bearer ${TOKENS.github}`,
      TOKENS.gitlab,
      basic(`ada:${TOKENS.jenkins}`),
      `Bearer ${TOKENS.argocd}`,
      basic(`ada@example.org:${TOKENS.jira}`),
      `Token token=${TOKENS.pagerduty}`,
    ])
      expect(asked).toContain(one)
    const notes = (name: string) => report.connections.find((one) => one.name === name)
    expect(notes('GitHub')).toMatchObject({
      check: 'failed',
      notes: [
        "In its scope configuration shops, a run or job that fits (deploy|it's live) was a deployment, one that fits prod(.*) too went to production, " +
          'an environment that fits (?i)prod(.*) was production. See what a rule would match: fairlead sources preview github --set ' +
          String.raw`'deployments=[{"from":"run","name":"(deploy|it'\''s live)","environment":"production"}]'`,
        expect.stringMatching(/2 tokens/),
        expect.any(String),
      ],
    })
    expect(notes('CI')?.notes.join(' ')).not.toMatch(/scope configuration/)
    expect(notes('The App')).toMatchObject({ check: 'failed', notes: [expect.stringMatching(/private key .* cannot be read/)] })
    expect(notes('Main')?.notes[0]).toMatch(/proxy/)
    expect(notes('Empty')).toMatchObject({ source: null, notes: [expect.stringMatching(/name a repository or an organization/)] })
  })

  test('keys are tokens that the list shows, with their path and their end', async () => {
    const { items } = await server.get<{
      items: { name: string; expires_at: string | null; allowed_path: string | null; scopes: string[] }[]
    }>('/v1/tokens')
    expect(
      items
        .filter((one) => one.allowed_path !== null)
        .map((one) => [one.name, one.allowed_path, one.expires_at, one.scopes])
        .sort(),
    ).toEqual([
      ['any', '/plugins/webhook/.*', '2099-01-01T00:00:00.000Z', ['ingest']],
      ['webhook-1', '/plugins/webhook/connections/1/.*', null, ['ingest']],
    ])
    expect((await said(['admin', 'tokens', 'list'])).stdout).toMatch(/webhook-1.*DevLake, for \/plugins\/webhook\/connections\/1/)
  })

  test('again, it changes nothing', async () => {
    const before = [await sources(), await audit()]
    const report = told(await imported())
    expect(report.keys).toEqual({
      any: 'exists',
      'webhook-1': 'exists',
      old: 'expired',
      trigger: 'unusable',
      garbled: 'unusable',
      'look-ahead': 'unusable',
    })
    for (const name of ['github GitHub', 'jira Jira', 'webhook Магазин']) expect(report.connections[name]?.[0]).toBe('exists')
    const untimed = (list: Listed[]) => list.map(({ name, config, secrets, every_minutes }) => ({ name, config, secrets, every_minutes }))
    expect([untimed(await sources()), await audit()]).toEqual([untimed(before[0] as Listed[]), before[1]])
  })

  test('a key sends where it did, and what it sends is in the source of that name', async () => {
    expect((await send('connections/1/deployments', KEYS.first)).status).toBe(200)
    expect((await send('2/deployments', KEYS.any)).status).toBe(200)
    await expect
      .poll(
        async () => {
          const { items } = await server.get<{ items: { source: string }[] }>('/v1/deployments?limit=100')
          return items.map((one) => one.source).sort()
        },
        { timeout: 30_000 },
      )
      .toEqual(['pay hooks', 'Магазин'])
    expect((await sources()).map(({ name }) => name).filter((name) => name.startsWith('devlake-webhook'))).toEqual([])
  })

  test('and nowhere else', async () => {
    const statusOf = async (path: string, key: string) => (await send(path, key)).status
    expect(await statusOf('connections/2/deployments', KEYS.first)).toBe(403)
    expect(await statusOf('1/deployments', KEYS.first)).toBe(403)
    // A name that holds the path of another connection is a name.
    expect(await statusOf('connections/by-name/%2Fplugins%2Fwebhook%2Fconnections%2F1%2F/deployments', KEYS.first)).toBe(403)
    expect(await statusOf('connections/by-name/%2Fplugins%2Fwebhook%2Fconnections%2F1%2F/deployments', KEYS.any)).toBe(403)
    for (const key of [KEYS.old, KEYS.api, 'x'.repeat(128)]) expect(await statusOf('connections/1/deployments', key)).toBe(401)
    const bearer = { authorization: `Bearer ${KEYS.any}` }
    for (const path of ['/v1/sources', '/v1/tokens', '/v1/metrics/deployment_frequency', '/v1/audit'])
      expect([path, (await fetch(new URL(path, server.url), { headers: bearer })).status]).toEqual([path, 403])
    expect((await server.post('/v1/events', '{}', bearer)).status).toBe(403)
    expect((await server.post('/api/plugins/webhook/1/cicd', '{}', bearer)).status).toBe(403)
    expect((await server.post('/api/v2/dora/deployment', '{}', { 'dd-api-key': KEYS.any, authorization: '' })).status).toBe(403)
    expect((await server.post('/v1/import/devlake', '{}', bearer)).status).toBe(403)
    const session = { authorization: '', 'sec-fetch-site': 'same-origin' }
    expect((await server.post('/v1/session', JSON.stringify({ token: KEYS.any }), session)).status).toBe(401)
  })

  test('it is of one organization, also where another imports the same database', async () => {
    expect((await said(['admin', 'create-org', '--name', 'Other', '--slug', 'other'])).code).toBe(0)
    const other = { DEVLAKE_ENCRYPTION_SECRET: SECRET, FAIRLEAD_ORG: 'other' }
    const report = await imported([], other)
    expect(told(report).keys).toMatchObject({ 'webhook-1': 'exists', any: 'exists' })
    expect((await send('connections/1/deployments', KEYS.first)).status).toBe(200)
    const listed = await said(['admin', 'tokens', 'list', '--org', 'other', '--json'])
    expect(JSON.parse(listed.stdout)).toMatchObject({ items: [] })
  })

  test('its secret is sealed anew with the other credentials, and opens after a restart', async () => {
    const { code, stdout } = await said(['keys', 'rotate', '--json'])
    const { resealed, credentials } = JSON.parse(stdout) as { resealed: number; credentials: number }
    expect([code, resealed]).toEqual([0, credentials])
    log.push(server.output())
    await server.stop()
    server = await start()
    expect((await send('connections/1/deployments', KEYS.first)).status).toBe(200)
  })

  test('a dump and what the program says hold none of all that', async () => {
    const dump = (await dumped('pg_dump', [uri], { maxBuffer: 64 * 1024 * 1024 })).stdout
    expect(dump).toContain('/plugins/webhook/connections/1/.*')
    const all = [withoutGreeting(server.output()), ...log].join('\n')
    for (const secret of [SECRET, ...Object.values(TOKENS).map((one) => one.trimEnd()), ...Object.values(KEYS), 'hunter2'])
      for (const form of formsOf(secret)) {
        expect(dump.includes(form), form).toBe(false)
        expect(all.includes(form), form).toBe(false)
      }
  })

  test('one that is revoked is refused, and no import brings it back', async () => {
    const { items } = await server.get<{ items: { id: string; name: string }[] }>('/v1/tokens')
    const revoked = async (name: string) =>
      (await said(['admin', 'tokens', 'revoke', items.find((one) => one.name === name)?.id ?? ''])).code
    expect(await revoked('webhook-1')).toBe(0)
    expect((await send('connections/1/deployments', KEYS.first)).status).toBe(401)
    expect((await send('connections/1/deployments', KEYS.any)).status).toBe(200)
    expect(told(await imported()).keys['webhook-1']).toBe('exists')
    expect((await send('connections/1/deployments', KEYS.first)).status).toBe(401)
    // With the last key its secret goes, too.
    expect(await revoked('any')).toBe(0)
    const secrets = (await dumped('psql', [uri, '-Atc', 'select count(*) from emitter_key_secrets'])).stdout.trim()
    expect(secrets).toBe('0')
  })
})
