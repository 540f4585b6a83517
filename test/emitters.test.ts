import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runnerFacts } from '../src/cli/runner.ts'
import { freshDirectory, plainEnvironment, removeDirectory, startServer, type Finished, type Server } from './server.ts'

/** The recipes of deploy/, each run as its runner would run it, against the program itself. */
const DEPLOY = join(import.meta.dirname, '..', 'deploy')
const SCRIPT = join(DEPLOY, 'shell', 'fairlead-emit.sh')
const read = (...path: string[]) => readFileSync(join(DEPLOY, ...path), 'utf8')
/** `sh` is dash on Debian. */
const SHELLS = ['sh', 'bash']
const SHA = '4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d'
const HOSTILE = 'one "two" \\three\\ \'four\'\n$(touch pwned) `touch pwned`\t{{ five }}\u0001 é 😀 \u2028 </script> %s'

let server: Server
let data: string
let folder: string
beforeAll(async () => {
  data = await freshDirectory()
  folder = await freshDirectory()
  server = await startServer(data)
})
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
  await removeDirectory(folder)
})

const connected = () => ({ FAIRLEAD_URL: server.url, FAIRLEAD_TOKEN: server.ingestToken })
type Env = Readonly<Record<string, string>>

function start(command: string, args: readonly string[], env: Env = {}, cwd = folder): ChildProcess {
  return spawn(command, args, { cwd, env: plainEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] })
}
function finished(child: ChildProcess, input = ''): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  // A command that ends without reading what it is given closes the pipe: that is no error of the test.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}
const emit = (shell: string, args: readonly string[], env: Env = connected(), input = '') =>
  finished(start(shell, [SCRIPT, ...args], env), input)
const dry = async (args: readonly string[], env: Env = {}, shell = 'sh') => {
  const { stdout, stderr } = await emit(shell, [...args, '--dry-run'], env)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

type Event = Record<string, unknown>
/** The events of a service, once there are so many. */
async function events(service: string, count = 1): Promise<Event[]> {
  const all = async () => (await server.get<{ items: Event[] }>(`/v1/events?service=${encodeURIComponent(service)}`)).items
  await expect.poll(async () => (await all()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return all()
}
async function deployments(service: string, count = 1): Promise<Event[]> {
  const all = async () => (await server.get<{ items: Event[] }>(`/v1/deployments?service=${encodeURIComponent(service)}`)).items
  await expect.poll(async () => (await all()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return all()
}

const GITHUB = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SHA: SHA,
  GITHUB_REPOSITORY: 'acme/shop',
  GITHUB_REF_NAME: 'main',
  GITHUB_ACTOR: 'alice',
  GITHUB_RUN_ID: '17',
  GITHUB_RUN_ATTEMPT: '2',
  GITHUB_JOB: 'deploy',
  GITHUB_SERVER_URL: 'https://github.example.org',
}
const GITLAB = {
  GITLAB_CI: 'true',
  CI_COMMIT_SHA: SHA,
  CI_PROJECT_PATH: 'acme/web/shop',
  CI_COMMIT_REF_NAME: 'main',
  CI_JOB_URL: 'https://gitlab.example.org/acme/web/shop/-/jobs/91',
  CI_JOB_ID: '91',
  CI_JOB_STARTED_AT: '2026-02-01T09:00:00Z',
  CI_SERVER_HOST: 'gitlab.example.org',
  CI_COMMIT_TIMESTAMP: '2026-02-01T08:30:00+01:00',
  CI_ENVIRONMENT_NAME: 'eu/live-2',
  CI_ENVIRONMENT_TIER: 'production',
  GITLAB_USER_LOGIN: 'alice',
}
const JENKINS = {
  JENKINS_URL: 'https://jenkins.example.org/',
  GIT_COMMIT: SHA,
  GIT_BRANCH: 'origin/main',
  GIT_URL: 'git@git.example.org:acme/shop.git',
  BUILD_URL: 'https://jenkins.example.org/job/shop/5/',
  BUILD_USER_ID: 'alice',
}

describe.each(SHELLS)('the script under %s', (shell) => {
  test('what a runner tells is what `fairlead emit` takes from it', async () => {
    const worlds: Env[] = [
      GITHUB,
      GITLAB,
      JENKINS,
      { ...JENKINS, GIT_URL: 'https://git.example.org/acme/shop/' },
      { ...GITHUB, GITHUB_RUN_ID: '', GITHUB_ACTOR: '' },
      { ...GITLAB, CI_JOB_URL: '', CI_PIPELINE_URL: 'https://gitlab.example.org/acme/web/shop/-/pipelines/7' },
      { GITHUB_SHA: SHA, GITHUB_REPOSITORY: 'acme/shop' },
    ]
    for (const world of worlds) {
      const event = await dry(['deploy', '--service', 'shop'], world, shell)
      const { sha, repo, ref, url, actor, commitAt } = runnerFacts(world)
      expect(event).toMatchObject(JSON.parse(JSON.stringify({ git_sha: sha, repo, ref, url, actor, commit_at: commitAt })) as object)
      expect(Object.keys(event).filter((key) => ['git_sha', 'repo', 'ref', 'url', 'actor', 'commit_at'].includes(key))).toHaveLength(
        Object.values({ sha, repo, ref, url, actor, commitAt }).filter((value) => value !== undefined).length,
      )
    }
    expect(await dry(['deploy'], GITLAB, shell)).toMatchObject({ service: 'shop', environment: 'production' })
  })

  test('any text arrives as it was said', async () => {
    const service = `hostile-${shell}`
    const { code, stdout } = await emit(shell, ['deploy', '--service', service, '--sha', SHA, '--title', HOSTILE, '--version', '"\\"'])
    expect([code, stdout]).toEqual([0, ''])
    expect(await events(service)).toMatchObject([{ title: HOSTILE, version: '"\\"', git_sha: SHA, outcome: 'success' }])
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
    // More than the server takes is cut, by its own count of characters; bytes that are no UTF-8 are marked.
    expect((await dry(['deploy', '--service', 's', '--title', '😀'.repeat(300)], {}, shell))['title']).toBe('😀'.repeat(250))
    const broken = await finished(
      start(shell, ['-c', `exec "$0" "$1" deploy --service s --dry-run --title "$(printf 'a\\377b\\303')"`, shell, SCRIPT]),
    )
    expect(JSON.parse(broken.stdout)).toMatchObject({ title: 'a\uFFFDb\uFFFD' })
  })

  test('a deployment, a rollback and an incident are recorded; the same id is counted once', async () => {
    const service = `kinds-${shell}`
    const common = ['--service', service, '--environment', 'live']
    const attempt = ['deploy', ...common, '--sha', SHA, '--status', 'failed', '--id', `${service}-1`, '--deployment-id', `${service}-d1`]
    for (const args of [
      [...attempt, '--at', '2026-02-01T10:00:00Z', '--started-at', '2026-02-01T09:55:00Z', '--commit-at', '2026-02-01T08:00:00Z'],
      [...attempt, '--at', '2026-02-01T10:00:00Z', '--started-at', '2026-02-01T09:55:00Z', '--commit-at', '2026-02-01T08:00:00Z'],
      ['rollback', ...common, '--ref', `${service}-d1`],
      [
        'incident-opened',
        ...common,
        '--ref',
        `${service}-i1`,
        '--title',
        'Slow',
        '--severity',
        'high',
        '--url',
        'https://status.example.org/1',
      ],
      ['incident-closed', ...common, '--ref', `${service}-i1`],
    ])
      expect(await emit(shell, args)).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('is recorded.') as string })
    expect((await events(service, 4)).map((one) => one['kind'])).toEqual(['deploy', 'rollback', 'incident_opened', 'incident_closed'])
    const [rollback, deploy] = await deployments(service, 2)
    expect(rollback).toMatchObject({ kind: 'rollback', caused_by: `${service}-d1`, outcome: 'success', environment: 'production' })
    expect(deploy).toMatchObject({
      id: `${service}-d1`,
      outcome: 'failure',
      revision: SHA,
      environment_name: 'live',
      started_at: expect.stringContaining('2026-02-01T09:55:00') as string,
      commit_at: expect.stringContaining('2026-02-01T08:00:00') as string,
    })
    const { items } = await server.get<{ items: Event[] }>(`/v1/incidents?service=${service}`)
    expect(items).toMatchObject([{ id: `${service}-i1`, severity: 'high', title: 'Slow', closed_at: expect.any(String) as string }])
  })

  test('run records what became of the command, and ends as it ended', async () => {
    const service = `run-${shell}`
    const run = (...command: string[]) =>
      emit(shell, ['run', '--service', service, '--announce', '--', ...command], connected(), 'from stdin')
    const good = await run('sh', '-c', 'cat; echo "$1" "$2"', 'x', 'two words', '*')
    expect([good.code, good.stdout]).toEqual([0, 'from stdintwo words *\n'])
    expect((await run('sh', '-c', 'sleep 1; exit 42')).code).toBe(42)
    expect((await run('./no-such-command')).code).toBe(127)
    expect((await events(service, 6)).map((one) => one['outcome'])).toEqual([
      'running',
      'success',
      'running',
      'failure',
      'running',
      'failure',
    ])
    await expect
      .poll(async () => (await deployments(service, 3)).map((one) => one['outcome']).sort())
      .toEqual(['failure', 'failure', 'success'])
    const slow = (await deployments(service)).find((one) => one['started_at'] !== one['finished_at'])
    expect(Date.parse(String(slow?.['finished_at'])) - Date.parse(String(slow?.['started_at']))).toBeGreaterThanOrEqual(1_000)
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 143],
  ] as const)('run hands on %s, and records a cancelled attempt', async (signal, code) => {
    const service = `signal-${shell}-${signal}`
    const child = start(shell, [SCRIPT, 'run', '--service', service, '--', 'sh', '-c', 'echo ready; exec sleep 30'], connected())
    const end = finished(child)
    await once(child.stdout as NodeJS.EventEmitter, 'data')
    child.kill(signal)
    expect((await end).code).toBe(code)
    expect(await deployments(service)).toMatchObject([{ outcome: 'cancelled' }])
  })

  test('a command that cleans up keeps its own exit code', async () => {
    const service = `cleanup-${shell}`
    const clean = 'trap "echo cleaned; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
    const child = start(shell, [SCRIPT, 'run', '--service', service, '--', 'sh', '-c', clean], connected())
    const end = finished(child)
    await once(child.stdout as NodeJS.EventEmitter, 'data')
    child.kill('SIGTERM')
    const { code, stdout } = await end
    expect([code, stdout]).toEqual([9, expect.stringContaining('cleaned')])
    expect(await deployments(service)).toMatchObject([{ outcome: 'cancelled' }])
  })

  test('what is not understood is a line in the log, an error only when asked for, and never keeps a command from running', async () => {
    const code = async (args: readonly string[], env: Env = connected()) => (await emit(shell, args, env)).code
    expect(await emit(shell, ['run', '--sevice', 'x', '--', 'sh', '-c', 'echo ran'])).toEqual({
      code: 0,
      stdout: 'ran\n',
      stderr: expect.stringContaining('--sevice') as string,
    })
    expect(await code(['run', '--service', 'x'])).toBe(64)
    for (const args of [
      ['deploy'],
      ['deploy', '--service', 'x', '--nope', '1'],
      ['deployed', '--service', 'x'],
      ['deploy', '--service', 'x', '--sha'],
    ]) {
      expect([args, await code(args)]).toEqual([args, 0])
      expect([args, await code([...args.slice(0, 1), '--strict', ...args.slice(1)])]).toEqual([args, 2])
    }
    const none: Env = { FAIRLEAD_URL: '', FAIRLEAD_TOKEN: '' }
    expect(await emit(shell, ['deploy', '--service', 'x'], none)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('FAIRLEAD_URL') as string,
    })
    expect(await code(['deploy', '--service', 'x', '--strict'], none)).toBe(2)
    // Refused by the server, with its reason.
    const refused = await emit(shell, ['deploy', '--service', 'x', '--at', 'yesterday', '--strict'])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/422.*occurred_at/)])
    const forbidden = await emit(shell, ['deploy', '--service', 'x', '--strict'], { ...connected(), FAIRLEAD_TOKEN: 'flt_nonsense' })
    expect([forbidden.code, forbidden.stderr]).toEqual([1, expect.stringContaining('FAIRLEAD_TOKEN')])
  })
})

interface Heard {
  readonly at: number
  readonly authorization: string | undefined
  readonly body: string
}
/** A server that answers as it is told, the last answer for ever. */
async function fake(answers: readonly { status: number; headers?: Record<string, string>; after?: number }[]) {
  const heard: Heard[] = []
  const http: HttpServer = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const answer = answers[Math.min(heard.length, answers.length - 1)]
      heard.push({ at: Date.now(), authorization: request.headers.authorization, body })
      setTimeout(() => response.writeHead(answer?.status ?? 500, answer?.headers).end('{"accepted":1}'), answer?.after ?? 0)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return { url, heard, close: () => new Promise((resolve) => http.close(resolve)) }
}
const TOKEN = 'flt_not-to-be-seen-anywhere'

describe('delivery', () => {
  test('an answer of 503 is tried again with the same event, after longer and longer', async () => {
    const { url, heard, close } = await fake([{ status: 503 }, { status: 503 }, { status: 202 }])
    const { code, stderr } = await emit('sh', ['deploy', '--service', 'x', '--strict'], {
      FAIRLEAD_URL: `${url}/`,
      FAIRLEAD_TOKEN: `${TOKEN}\n`,
    })
    expect([code, stderr]).toEqual([0, 'fairlead: deploy of x (success) is recorded.\n'])
    expect(new Set(heard.map((one) => one.body)).size).toBe(1)
    expect(heard.map((one) => one.authorization)).toEqual(Array(3).fill(`Bearer ${TOKEN}`))
    const [first = 0, second = 0, third = 0] = heard.map((one) => one.at)
    expect([second - first >= 900, third - second >= 1_900]).toEqual([true, true])
    await close()
  })

  test('Retry-After is waited for, or not when it lies beyond the limit', async () => {
    const patient = await fake([{ status: 429, headers: { 'retry-after': '3' } }, { status: 202 }])
    const env = (url: string) => ({ FAIRLEAD_URL: url, FAIRLEAD_TOKEN: TOKEN })
    expect((await emit('sh', ['deploy', '--service', 'x', '--strict'], env(patient.url))).code).toBe(0)
    expect((patient.heard[1]?.at ?? 0) - (patient.heard[0]?.at ?? 0)).toBeGreaterThanOrEqual(2_900)
    await patient.close()
    const busy = await fake([{ status: 429, headers: { 'Retry-After': '3600' } }])
    const began = Date.now()
    expect((await emit('sh', ['deploy', '--service', 'x', '--strict'], env(busy.url))).code).toBe(1)
    expect([busy.heard.length, Date.now() - began < 5_000]).toEqual([1, true])
    await busy.close()
  })

  test('what waiting cannot mend is not tried again; a redirect is not followed with the token', async () => {
    const other = await fake([{ status: 202 }])
    for (const answer of [
      { status: 401 },
      { status: 404 },
      { status: 413 },
      { status: 307, headers: { location: `${other.url}/v1/events` } },
    ]) {
      const { url, heard, close } = await fake([answer])
      const { code } = await emit('sh', ['deploy', '--service', 'x', '--strict'], { FAIRLEAD_URL: url, FAIRLEAD_TOKEN: TOKEN })
      expect([answer.status, code === 0, heard.length]).toEqual([answer.status, false, 1])
      await close()
    }
    expect(other.heard).toEqual([])
    await other.close()
  })

  test('an outage fails nothing unless asked to, within the time that is given', async () => {
    const { url, close } = await fake([{ status: 202 }])
    await close()
    const env = { FAIRLEAD_URL: url, FAIRLEAD_TOKEN: TOKEN }
    const began = Date.now()
    const quiet = await emit('sh', ['deploy', '--service', 'x', '--timeout', '3'], env)
    expect([quiet.code, quiet.stderr]).toEqual([0, expect.stringContaining('Not delivered')])
    const took = Date.now() - began
    expect([took >= 900, took < 8_000]).toEqual([true, true])
    expect((await emit('sh', ['deploy', '--service', 'x', '--timeout', '1', '--strict'], env)).code).toBe(1)
    const run = (...more: string[]) => emit('sh', ['run', '--service', 'x', '--timeout', '1', ...more], env)
    expect((await run('--', 'true')).code).toBe(0)
    expect((await run('--strict', '--', 'true')).code).toBe(1)
    expect((await run('--strict', '--', 'sh', '-c', 'exit 7')).code).toBe(7)
  })

  test('a server that never answers is left', async () => {
    const { url, close } = await fake([{ status: 202, after: 6_000 }])
    const began = Date.now()
    expect(
      (await emit('sh', ['deploy', '--service', 'x', '--timeout', '2', '--strict'], { FAIRLEAD_URL: url, FAIRLEAD_TOKEN: TOKEN })).code,
    ).toBe(1)
    expect(Date.now() - began).toBeLessThan(5_000)
    await close()
  })

  test.runIf(existsSync('/proc/self/cmdline'))('the token is on no command line and in no output', async () => {
    const { url, heard, close } = await fake([
      { status: 503, after: 700 },
      { status: 401, after: 700 },
    ])
    const child = start('sh', ['-x', SCRIPT, 'run', '--service', 'x', '--title', 'seen', '--', 'true'], {
      FAIRLEAD_URL: url,
      FAIRLEAD_TOKEN: TOKEN,
    })
    const end = finished(child)
    const lines = new Set<string>()
    for (let running = true; running;) {
      for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          lines.add(readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' '))
        } catch {
          // It ended meanwhile.
        }
      }
      running = child.exitCode === null
      await sleep(20)
    }
    const { stdout, stderr } = await end
    expect(heard.length).toBe(2)
    expect([...lines].filter((line) => line.includes('curl') && line.includes('--config -')).length).toBeGreaterThan(0)
    expect([...lines].filter((line) => line.includes(TOKEN))).toEqual([])
    expect(stdout + stderr).not.toContain(TOKEN)
    await close()
    for (const env of [
      { FAIRLEAD_URL: url, FAIRLEAD_TOKEN: TOKEN },
      { FAIRLEAD_URL: 'nonsense', FAIRLEAD_TOKEN: TOKEN },
      { FAIRLEAD_URL: url, FAIRLEAD_TOKEN: `${TOKEN}\nurl = "http://127.0.0.1:1"` },
    ]) {
      const said = await emit('sh', ['deploy', '--service', 'x', '--timeout', '1'], env)
      expect(said.stdout + said.stderr).not.toContain(TOKEN)
    }
  })

  test('the line for curl alone, as the guide prints it', async () => {
    const line = /```sh\n(printf .*curl .*)\n```/.exec(read('README.md'))?.[1] ?? ''
    await finished(start('git', ['init', '-q', '.']))
    const commit = await finished(
      start('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-q', '--allow-empty', '-m', 'first']),
    )
    expect(commit.code).toBe(0)
    expect(await finished(start('sh', ['-c', line], connected()))).toMatchObject({ code: 0, stderr: '' })
    const head = (await finished(start('git', ['rev-parse', 'HEAD']))).stdout.trim()
    await expect.poll(async () => (await deployments('shop')).some((one) => one['revision'] === head)).toBe(true)
    expect((await finished(start('sh', ['-c', line], { ...connected(), FAIRLEAD_TOKEN: 'flt_nonsense' }))).code).toBe(0)
    // A commit of the repository that is here also says when it was made.
    expect(await dry(['deploy', '--service', 'x', '--sha', head])).toMatchObject({
      commit_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    })
  })
})

describe('GitHub action', () => {
  const action = read('github-action', 'action.yml')
  /** `key: value` pairs that stand deeper than the heading, in this file's own plain style. */
  function section(heading: string): [string, string][] {
    const lines = action.split('\n')
    const from = lines.findIndex((line) => line.trim() === `${heading}:`)
    const indent = (line: string) => line.search(/\S/)
    const depth = indent(lines[from] ?? '')
    const rest = lines.slice(from + 1).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    const end = rest.findIndex((line) => indent(line) <= depth)
    return (end < 0 ? rest : rest.slice(0, end)).map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1).trim()]
    })
  }
  const inputs: Record<string, string> = {}
  let name = ''
  for (const [key, value] of section('inputs')) {
    if (/^ {2}\S/.test(key)) inputs[(name = key.trim())] = ''
    else if (key.trim() === 'default') inputs[name] = value
  }
  const env = section('env').map(([key, value]) => [key.trim(), value] as const)
  const command = /^ {6}run: (.+)$/m.exec(action)?.[1] ?? ''

  async function step(given: Record<string, string>, runner: Env = GITHUB, jobIndex = '0') {
    for (const key of Object.keys(given)) if (!(key in inputs)) throw new Error(`action.yml has no input ${key}`)
    const values: Record<string, string> = { ...inputs, ...given }
    const variables = env.map(([key, value]) => {
      const expression = /^\$\{\{ (.+) \}\}$/.exec(value)?.[1] ?? ''
      const input = /^inputs\.(.+)$/.exec(expression)?.[1]
      if (input === undefined && expression !== 'strategy.job-index') throw new Error(`${key} is made from ${value}`)
      if (input !== undefined && !(input in values)) throw new Error(`${key} reads the input ${input}, which is not there`)
      return [key, input === undefined ? jobIndex : (values[input] ?? '')]
    })
    const output = join(folder, 'github-output')
    writeFileSync(output, '')
    const file = join(folder, 'step.sh')
    writeFileSync(file, command)
    const ran = await finished(
      start('sh', ['-e', file], {
        ...runner,
        ...(Object.fromEntries(variables) as Env),
        GITHUB_ACTION_PATH: join(DEPLOY, 'github-action'),
        GITHUB_OUTPUT: output,
      }),
    )
    return {
      ...ran,
      outputs: Object.fromEntries(
        readFileSync(output, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split('=')),
      ) as Env,
    }
  }
  const at = () => ({ url: server.url, token: server.ingestToken })

  test('every input reaches the script', () => {
    expect(env.flatMap(([, value]) => /inputs\.([\w-]+)/.exec(value)?.[1] ?? []).sort()).toEqual(Object.keys(inputs).sort())
    expect(command).not.toContain('${{')
  })

  test('the beginning and the end of a job are one deployment, with the status of the job', async () => {
    for (const [status, outcome] of Object.entries({ success: 'success', failure: 'failure', cancelled: 'cancelled' })) {
      const service = `github-${status}`
      const began = await step({ ...at(), service, environment: 'production', status: 'running' })
      expect([began.code, began.outputs['deployment-id']]).toEqual([0, `github:acme/shop:17:2:deploy:0:${service}:production`])
      const ended = { ...at(), service, environment: 'production', status, 'started-at': began.outputs['started-at'] ?? '', title: HOSTILE }
      expect([(await step(ended)).code, (await step(ended)).code]).toEqual([0, 0])
      await expect.poll(async () => (await deployments(service)).map((one) => one['outcome'])).toEqual([outcome])
      const [only] = await deployments(service)
      expect(only).toMatchObject({
        revision: SHA,
        repository: 'acme/shop',
        title: HOSTILE,
        url: 'https://github.example.org/acme/shop/actions/runs/17',
      })
      expect(Date.parse(String(only?.['started_at']))).toBe(Date.parse(began.outputs['started-at'] ?? ''))
      expect((await events(service, 2)).map((one) => one['outcome'])).toEqual(['running', outcome])
    }
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  })

  test('another attempt of the run, and another leg of a matrix, are other deployments', async () => {
    const service = 'github-again'
    await step({ ...at(), service })
    await step({ ...at(), service }, { ...GITHUB, GITHUB_RUN_ATTEMPT: '3' })
    await step({ ...at(), service }, GITHUB, '1')
    expect(await deployments(service, 3)).toHaveLength(3)
  })

  test('without secrets, as in a fork, nothing is sent and nothing fails; strict fails', async () => {
    expect(await step({ service: 'x' })).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing is sent') as string })
    expect((await step({ service: 'x', strict: 'true' })).code).toBe(2)
  })
})

/** The repository of a pipeline: the script where the guides put it, and a command that deploys. */
async function repository(): Promise<string> {
  const path = await freshDirectory()
  mkdirSync(join(path, 'ci'))
  copyFileSync(SCRIPT, join(path, 'ci', 'fairlead-emit.sh'))
  writeFileSync(join(path, 'deploy.sh'), '#!/bin/sh\nexit "${DEPLOY_ENDS_WITH:-0}"\n')
  chmodSync(join(path, 'deploy.sh'), 0o755)
  return path
}

describe('GitLab template', () => {
  const template = read('gitlab-ci', 'fairlead.gitlab-ci.yml')
  interface Job {
    extends: string | null
    variables: Env
    before_script: string[]
    after_script: string[]
  }
  /** One hidden job of the template, as it stands. */
  function job(name: string): Job {
    const text = new RegExp(`^${name.replaceAll('.', '\\.')}:\\n((?: .*\\n?)*)`, 'm').exec(template)?.[1] ?? ''
    const list = (key: string) =>
      [...(new RegExp(`^ {2}${key}:\\n((?: {4}- .*\\n?)*)`, 'm').exec(text)?.[1] ?? '').matchAll(/^ {4}- (.*)$/gm)].map(
        (one) => one[1] ?? '',
      )
    const variables = [...(/^ {2}variables:\n((?: {4}\w.*\n?)*)/m.exec(text)?.[1] ?? '').matchAll(/^ {4}(\w+): (.*)$/gm)]
    return {
      extends: /^ {2}extends: (.*)$/m.exec(text)?.[1] ?? null,
      variables: Object.fromEntries(variables.map((one) => [one[1], one[2]])) as Env,
      before_script: list('before_script'),
      after_script: list('after_script'),
    }
  }
  /** As the runner does: before_script and script in one shell that stops at the first error, after_script in another with what became of it. */
  async function run(name: string, script: string, env: Env): Promise<{ status: string; code: number | null; log: string }> {
    const own = job(name)
    const parent = own.extends === null ? own : job(own.extends)
    const variables = { ...GITLAB, ...connected(), ...parent.variables, ...own.variables, ...env }
    const cwd = await repository()
    const before = own.before_script.length > 0 ? own.before_script : parent.before_script
    const main = await finished(start('bash', ['-eo', 'pipefail', '-c', [...before, script].join('\n')], variables, cwd))
    const status = main.code === 0 ? 'success' : 'failed'
    const after = own.after_script.length > 0 ? own.after_script : parent.after_script
    expect(after.length).toBeGreaterThan(0)
    const end = await finished(
      start('bash', ['-eo', 'pipefail', '-c', after.join('\n')], { ...variables, CI_JOB_STATUS: env['CI_JOB_STATUS'] ?? status }, cwd),
    )
    await removeDirectory(cwd)
    return { status, code: end.code, log: main.stderr + end.stderr }
  }

  test('the job that deploys records what became of it', async () => {
    for (const [exit, status, outcome] of [
      ['0', undefined, 'success'],
      ['1', undefined, 'failure'],
      ['1', 'canceled', 'cancelled'],
    ] as const) {
      const service = `gitlab-${outcome}`
      const env = {
        FAIRLEAD_EVENT_SERVICE: service,
        DEPLOY_ENDS_WITH: exit,
        CI_JOB_ID: `9${service}`,
        ...(status === undefined ? {} : { CI_JOB_STATUS: status }),
      }
      expect((await run('.fairlead', './deploy.sh', env)).code).toBe(0)
      expect(await deployments(service)).toMatchObject([
        {
          id: `gitlab:gitlab.example.org:9${service}:${service}:production`,
          outcome,
          revision: SHA,
          environment: 'production',
          started_at: expect.stringContaining('2026-02-01T09:00:00') as string,
          commit_at: expect.stringContaining('2026-02-01T07:30:00') as string,
        },
      ])
      expect(await events(service)).toMatchObject([{ attributes: { environment_name: 'eu/live-2' } }])
    }
  })

  test('announced, it is one deployment that ran and ended', async () => {
    const service = 'gitlab-announced'
    await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_EVENT_SERVICE: service, CI_ENVIRONMENT_NAME: 'Staging' })
    expect((await events(service, 2)).map((one) => one['outcome'])).toEqual(['running', 'success'])
    await expect
      .poll(async () => (await deployments(service)).map((one) => [one['outcome'], one['environment'], one['environment_name']]))
      .toEqual([['success', 'staging', 'Staging']])
  })

  test('a job that undoes records a rollback, which claims no commit', async () => {
    const service = 'gitlab-undo'
    await run('.fairlead-rollback', './deploy.sh', { FAIRLEAD_EVENT_SERVICE: service, FAIRLEAD_EVENT_REF: 'd1' })
    expect(await deployments(service)).toMatchObject([{ kind: 'rollback', outcome: 'success', revision: null, caused_by: 'd1' }])
  })

  test('an outage, missing variables and a missing script leave the job alone', async () => {
    expect(await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_URL: '', FAIRLEAD_EVENT_SERVICE: 'x' })).toMatchObject({
      status: 'success',
      code: 0,
    })
    expect((await run('.fairlead-announced', './deploy.sh', { FAIRLEAD_EMIT: 'nowhere.sh' })).status).toBe('success')
  })
})

/**
 * Groovy itself does not run here: the lists of variables and the commands are read from the steps, and run as Jenkins would run them
 * (`sh -xe` on the agent).
 */
describe('Jenkins', () => {
  const step = read('jenkins', 'vars', 'fairlead.groovy')
  const said = [...step.matchAll(/^ {4}"(\w+)=\$\{said\.(\w+)[^}]*\}",$/gm)].map((one) => [one[1] ?? '', one[2] ?? ''] as const)
  const command = /sh\(label: 'Fairlead', script: '(.*)'\)/.exec(step)?.[1] ?? ''
  const clock = /sh\(script: '(date .*?)', returnStdout: true\)/.exec(step)?.[1] ?? ''

  async function emitStep(args: Record<string, string>): Promise<Finished> {
    for (const key of Object.keys(args)) if (!said.some(([, name]) => name === key)) throw new Error(`fairlead.emit knows no ${key}`)
    const cwd = await freshDirectory()
    mkdirSync(join(cwd, '.fairlead'))
    copyFileSync(join(DEPLOY, 'jenkins', 'resources', 'fairlead', 'fairlead-emit.sh'), join(cwd, '.fairlead', 'fairlead-emit.sh'))
    const variables = Object.fromEntries(said.map(([variable, name]) => [variable, args[name] ?? '']))
    const ran = await finished(start('sh', ['-xe', '-c', command], { ...JENKINS, ...connected(), ...variables }, cwd))
    await removeDirectory(cwd)
    return ran
  }

  test('the library carries the script, and says nothing inside a command', () => {
    expect(
      read('jenkins', 'resources', 'fairlead', 'fairlead-emit.sh'),
      'cp deploy/shell/fairlead-emit.sh deploy/jenkins/resources/fairlead/',
    ).toBe(readFileSync(SCRIPT, 'utf8'))
    expect(step).toContain("libraryResource('fairlead/fairlead-emit.sh')")
    for (const [, script] of step.matchAll(/sh\((.*)\)/g)) expect(script).not.toMatch(/"[^"']*\$\{/)
    const options = /^OPTIONS='(.*)'$/m.exec(readFileSync(SCRIPT, 'utf8'))?.[1]?.split(' ') ?? []
    for (const [variable] of said.slice(1))
      expect(options).toContain(variable.replace('FAIRLEAD_EVENT_', '').toLowerCase().replaceAll('_', '-'))
  })

  test('what a build says of itself is recorded', async () => {
    const startedAt = (await finished(start('sh', ['-xe', '-c', clock]))).stdout.trim()
    for (const [status, outcome] of [
      ['SUCCESS', 'success'],
      ['FAILURE', 'failure'],
      ['UNSTABLE', 'failure'],
      ['ABORTED', 'cancelled'],
      ['NOT_BUILT', 'skipped'],
      ['cancelled', 'cancelled'],
    ] as const) {
      const service = `jenkins-${status}`
      const { code, stdout, stderr } = await emitStep({
        kind: 'deploy',
        status,
        service,
        environment: 'production',
        startedAt,
        title: HOSTILE,
      })
      expect([code, stderr.includes(server.ingestToken), stdout.includes(server.ingestToken)]).toEqual([0, false, false])
      const [only] = await deployments(service)
      expect(only).toMatchObject({
        outcome,
        revision: SHA,
        repository: 'acme/shop',
        ref: 'origin/main',
        title: HOSTILE,
        url: JENKINS.BUILD_URL,
      })
      expect(Date.parse(String(only?.['started_at']))).toBe(Date.parse(startedAt))
    }
  })

  test('the Jenkinsfile without a library', async () => {
    const jenkinsfile = read('jenkins', 'Jenkinsfile')
    const line = /^ {8}sh '(.*)'$/m.exec(jenkinsfile)?.[1] ?? ''
    const cwd = await repository()
    const build = (number: number, ends: string) =>
      finished(
        start(
          'sh',
          ['-xe', '-c', line.replace('--service shop', '--service jenkinsfile')],
          {
            ...JENKINS,
            ...connected(),
            BUILD_URL: `https://jenkins.example.org/job/shop/${number}/`,
            DEPLOY_ENDS_WITH: ends,
          },
          cwd,
        ),
      )
    expect([(await build(6, '0')).code, (await build(7, '3')).code]).toEqual([0, 3])
    expect((await deployments('jenkinsfile', 2)).map((one) => one['outcome']).sort()).toEqual(['failure', 'success'])
    await removeDirectory(cwd)
  })
})

describe('Argo CD', () => {
  const manifest = read('argocd', 'fairlead-notifications.yaml')
  const block = (key: string) => {
    const text = new RegExp(`^  ${key.replaceAll('.', '\\.')}: \\|\\n((?: {4}.*\\n?|\\n)*)`, 'm').exec(manifest)?.[1] ?? ''
    return text.replaceAll(/^ {4}/gm, '')
  }
  const body = (/^ {4}body: \|\n((?: {6}.*\n?)*)/m.exec(block('template.fairlead'))?.[1] ?? '').replaceAll(/^ {6}/gm, '')

  test('a notification is JSON with its fields, whatever the messages hold', () => {
    const application = (more: object, spec: object = { source: { repoURL: 'https://git.example.org/acme/deploy', path: 'shop' } }) => ({
      context: { argocdUrl: 'https://argocd.example.org' },
      app: {
        metadata: {
          name: 'shop',
          namespace: 'argocd',
          labels: { team: HOSTILE },
          annotations: { note: HOSTILE, 'notified.notifications.argoproj.io': '{}' },
        },
        spec: { project: 'default', destination: { namespace: 'shop-prod' }, ...spec },
        status: { health: { status: 'Degraded' }, sync: { status: 'OutOfSync', revision: 'bbb' }, ...more },
      },
    })
    const operationState = {
      phase: 'Failed',
      message: HOSTILE,
      startedAt: '2026-02-01T09:00:00Z',
      finishedAt: '2026-02-01T09:01:00Z',
      syncResult: { revision: SHA },
    }
    const failed = JSON.parse(render(body, application({ operationState, summary: { images: ['registry.example.org/shop:1'] } }))) as Event
    expect(failed).toEqual({
      application: 'shop',
      namespace: 'shop-prod',
      project: 'default',
      phase: 'Failed',
      revision: SHA,
      revisions: null,
      started_at: '2026-02-01T09:00:00Z',
      finished_at: '2026-02-01T09:01:00Z',
      health: 'Degraded',
      sync: 'OutOfSync',
      repo_url: 'https://git.example.org/acme/deploy',
      path: 'shop',
      images: ['registry.example.org/shop:1'],
      labels: { team: HOSTILE },
      annotations: { note: HOSTILE },
      message: HOSTILE,
      url: 'https://argocd.example.org/applications/argocd/shop',
    })
    const running = { phase: 'Running', startedAt: '2026-02-01T09:00:00Z', operation: { sync: { revisions: ['a', 'b'] } } }
    const sources = { sources: [{ repoURL: 'https://git.example.org/acme/one' }, { repoURL: 'https://git.example.org/acme/two' }] }
    expect(JSON.parse(render(body, application({ operationState: running }, sources)))).toMatchObject({
      phase: 'Running',
      revisions: ['a', 'b'],
      finished_at: null,
      repo_url: 'https://git.example.org/acme/one',
      path: null,
      message: null,
    })
    // Never synced: absent is null, and nothing stops the rendering.
    const bare = JSON.parse(render(body, { context: {}, app: { metadata: { name: 'shop' }, spec: {}, status: {} } })) as Event
    expect(Object.keys(bare).sort()).toEqual(Object.keys(failed).sort())
    expect(bare).toMatchObject({ phase: '', revision: null, repo_url: null, annotations: {}, url: null })
  })

  test('operations are told once each; every trigger is subscribed, and sends the template to the service', () => {
    const triggers = [...manifest.matchAll(/^ {2}trigger\.(\S+): \|$/gm)].map((one) => one[1] ?? '')
    expect([...block('subscriptions').matchAll(/^ {2}- (\S+)$/gm)].map((one) => one[1])).toEqual(triggers)
    for (const trigger of triggers) {
      expect(block(`trigger.${trigger}`)).toContain('send: [fairlead]')
      expect(block(`trigger.${trigger}`).includes('oncePer: app.status.operationState.startedAt')).toBe(trigger.includes('sync'))
    }
    expect(block('service.webhook.fairlead')).toMatch(/url: \$fairlead-url\n[^]*name: X-Fairlead-Token\n\s+value: \$fairlead-token\n/)
    expect(block('template.fairlead')).toMatch(/^webhook:\n {2}fairlead:\n {4}method: POST\n {4}path: \/hooks\/argocd\b/)
  })
})

/**
 * As much of Go's text/template with sprig as the template uses: `{{ if }}`, `{{ else if }}`, `{{ else }}`, `{{ end }}`, calls, paths, and
 * texts. A path through what is absent gives nothing, and toJson of nothing is null, as in Go. (Held against Go and sprig 3.2.3 by hand.)
 */
function render(template: string, dot: object): string {
  const tokens = template.split(/(\{\{.*?\}\})/)
  let at = 0
  const isTrue = (value: unknown) =>
    !(value === undefined || value === null || value === '' || value === false || value === 0) &&
    !(typeof value === 'object' && Object.keys(value).length === 0)
  const path = (value: unknown, steps: readonly string[]): unknown =>
    steps.reduce<unknown>((one, step) => (one === undefined || one === null ? undefined : (one as Record<string, unknown>)[step]), value)
  const FUNCTIONS: Record<string, (...args: never[]) => unknown> = {
    toJson: (value: unknown) => JSON.stringify(value ?? null),
    coalesce: (...values: unknown[]) => values.find(isTrue),
    default: (fallback: unknown, value: unknown) => (isTrue(value) ? value : fallback),
    dict: () => ({}),
    omit: (value: object, ...keys: string[]) => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))),
    first: (list: unknown[]) => list[0],
    printf: (format: string, ...values: string[]) => values.reduce<string>((text, value) => text.replace('%s', () => value), format),
  }
  function evaluate(source: string): unknown {
    const words = source.match(/"(?:[^"\\]|\\.)*"|\)(?:\.\w+)*|\(|[^\s()]+/g) ?? []
    let next = 0
    const group = (): unknown => {
      const values: unknown[] = []
      let call: string | null = null
      for (; next < words.length; next++) {
        const word = words[next] ?? ''
        if (word.startsWith(')')) break
        if (word === '(') {
          next++
          const inner = group()
          values.push(path(inner, (words[next] ?? ')').slice(1).split('.').filter(Boolean)))
        } else if (word.startsWith('"')) values.push(JSON.parse(word))
        else if (word.startsWith('.')) values.push(path(dot, word.slice(1).split('.')))
        else if (call === null && values.length === 0 && word in FUNCTIONS) {
          if (word === 'dict') values.push({})
          else call = word
        } else if (word === 'dict') values.push({})
        else throw new Error(`the renderer of this test does not know ${word}`)
      }
      return call === null ? values[0] : FUNCTIONS[call]?.(...(values as never[]))
    }
    return group()
  }
  /** Up to the `else` or `end` that ends this part, which is left standing. */
  function part(live: boolean): string {
    let out = ''
    for (; at < tokens.length; at++) {
      const token = tokens[at] ?? ''
      if (!token.startsWith('{{')) {
        if (live) out += token
        continue
      }
      const action = token.slice(2, -2).trim()
      if (action === 'end' || action.startsWith('else')) return out
      if (action.startsWith('if ')) {
        let condition: string | null = action.slice(3)
        let taken = false
        for (;;) {
          at++
          const now: boolean = live && !taken && (condition === null || isTrue(evaluate(condition)))
          out += part(now)
          taken ||= now
          const ending = (tokens[at] ?? '').slice(2, -2).trim()
          if (ending === 'end') break
          condition = ending === 'else' ? null : ending.slice('else if '.length)
        }
      } else if (live) out += String(evaluate(action))
    }
    return out
  }
  return part(true)
}
