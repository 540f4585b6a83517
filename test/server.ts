import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
export const BIN = join(ROOT, 'bin', 'fairlead.mjs')

/** The program as a user starts it, in a process of its own, on a free port, with a data directory of its own. */
export interface Server {
  readonly url: string
  readonly data: string
  readonly token: string
  readonly ingestToken: string
  readonly pid: number
  readonly output: () => string
  /** A request as the administrator. */
  get<T>(path: string): Promise<T>
  post(path: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>
  stop(): Promise<number | null>
  kill(): Promise<void>
}

export async function freshDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'fairlead-test-'))
}

export async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** A suite that runs these tests on other stores says where the program of a data directory keeps what, and hears what each server prints. */
interface Ground {
  storesOf(data: string): Promise<Readonly<Record<string, string>>>
  started(output: () => string): void
  /** The variables that a process is given by a test. */
  given(environment: Readonly<Record<string, string>>): void
}
let ground: Ground = { storesOf: async () => ({}), started() {}, given() {} }
export function runOn(elsewhere: Ground): void {
  ground = elsewhere
}

export async function environmentOf(data: string): Promise<Record<string, string>> {
  return { FAIRLEAD_DATA: data, ...(await ground.storesOf(data)) }
}

/** Only what every process needs: nothing of the machine that runs the tests leaks in. */
export function plainEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TZ: 'UTC', ...extra }
}

export async function startServer(data: string, environment: Readonly<Record<string, string>> = {}, port = 0): Promise<Server> {
  const child = spawn(process.execPath, [BIN, 'up', '--port', String(port)], {
    cwd: data,
    env: plainEnvironment({ ...(await environmentOf(data)), ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  ground.started(() => output)
  ground.given(environment)
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (/Stores .*\n.*\n/.test(output)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void exited.then((code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
  const file = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as { url: string; token: string; pid: number }
  const ingestToken = (await readFile(join(data, 'ingest.token'), 'utf8')).trim()
  return {
    ...file,
    data,
    ingestToken,
    output: () => output,
    async get<T>(path: string) {
      const answer = await fetch(new URL(path, file.url), { headers: { authorization: `Bearer ${file.token}` } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    post: (path, body, headers = {}) =>
      fetch(new URL(path, file.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${ingestToken}`, 'content-type': 'application/json', ...headers },
        body: body as string,
      }),
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One command line, to its end. */
export async function fairlead(
  args: readonly string[],
  options: { data?: string; cwd?: string; env?: Record<string, string>; input?: string; uid?: number } = {},
): Promise<Finished> {
  ground.given(options.env ?? {})
  const child: ChildProcess = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: plainEnvironment({ ...(options.data === undefined ? {} : await environmentOf(options.data)), ...options.env }),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin?.end(options.input ?? '')
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}
