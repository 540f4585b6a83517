import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { runnerFacts } from '../src/cli/runner.ts'
import {
  connected,
  deployments,
  dry,
  emit,
  events,
  finished,
  folder,
  GITHUB,
  GITLAB,
  HOSTILE,
  JENKINS,
  read,
  SCRIPT,
  server,
  SHA,
  SHELLS,
  start,
  type Env,
  type Event,
} from './emitting.ts'

/** The script of deploy/shell by itself: what it sends from every runner's environment, and how it delivers. */
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

/** Of every process of this machine: what anyone who is signed in can see. */
function commandLines(): string[] {
  if (!existsSync('/proc/self/cmdline')) return execFileSync('ps', ['-axo', 'args'], { encoding: 'utf8' }).split('\n')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        return [readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        // It ended meanwhile.
        return []
      }
    })
}

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

  test('the token is on no command line and in no output', async () => {
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
      for (const line of commandLines()) lines.add(line)
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
