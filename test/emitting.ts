import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { freshDirectory, plainEnvironment, removeDirectory, startServer, type Finished, type Server } from './server.ts'

/** The recipes of deploy/ against the program itself: a server for a file of tests, and what each runner has in its environment. */
export const DEPLOY = join(import.meta.dirname, '..', 'deploy')
export const SCRIPT = join(DEPLOY, 'shell', 'fairlead-emit.sh')
export const read = (...path: string[]) => readFileSync(join(DEPLOY, ...path), 'utf8')
/** `sh` is dash on Debian. */
export const SHELLS = ['sh', 'bash']
export const SHA = '4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d'
export const HOSTILE = 'one "two" \\three\\ \'four\'\n$(touch pwned) `touch pwned`\t{{ five }}\u0001 é 😀 \u2028 </script> %s'

export let server: Server
export let data: string
export let folder: string
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

export const connected = () => ({ FAIRLEAD_URL: server.url, FAIRLEAD_TOKEN: server.ingestToken })
export type Env = Readonly<Record<string, string>>

export function start(command: string, args: readonly string[], env: Env = {}, cwd = folder): ChildProcess {
  return spawn(command, args, { cwd, env: plainEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] })
}
export function finished(child: ChildProcess, input = ''): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  // A command that ends without reading what it is given closes the pipe: that is no error of the test.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}
export const emit = (shell: string, args: readonly string[], env: Env = connected(), input = '') =>
  finished(start(shell, [SCRIPT, ...args], env), input)
export const dry = async (args: readonly string[], env: Env = {}, shell = 'sh') => {
  const { stdout, stderr } = await emit(shell, [...args, '--dry-run'], env)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

export type Event = Record<string, unknown>
/** The events of a service, once there are so many. */
export async function events(service: string, count = 1): Promise<Event[]> {
  const all = async () => (await server.get<{ items: Event[] }>(`/v1/events?service=${encodeURIComponent(service)}`)).items
  await expect.poll(async () => (await all()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return all()
}
export async function deployments(service: string, count = 1): Promise<Event[]> {
  const all = async () => (await server.get<{ items: Event[] }>(`/v1/deployments?service=${encodeURIComponent(service)}`)).items
  await expect.poll(async () => (await all()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  return all()
}

export const GITHUB = {
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
export const GITLAB = {
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
export const JENKINS = {
  JENKINS_URL: 'https://jenkins.example.org/',
  GIT_COMMIT: SHA,
  GIT_BRANCH: 'origin/main',
  GIT_URL: 'git@git.example.org:acme/shop.git',
  BUILD_URL: 'https://jenkins.example.org/job/shop/5/',
  BUILD_USER_ID: 'alice',
}
