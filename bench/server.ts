import { fork, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PROGRAM_HOME, PROGRAM_ROOT } from '../src/program.ts'
import type { LoadOrder, LoadResult } from './load.ts'

/** The program as users run it: `fairlead up` in a process of its own, embedded stores, a fresh data directory. */
export interface RunningServer {
  readonly host: string
  readonly port: number
  readonly ingestToken: string
  get<T>(path: string): Promise<T>
  post(path: string, body: string): Promise<Response>
  stop(): Promise<void>
}

export async function startServer(data: string): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(PROGRAM_ROOT, 'bin', 'fairlead.mjs'), 'up', '--port', '0'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TZ: 'UTC', FAIRLEAD_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/Stores .*\n.*\n/.test(output)) resolve()
    })
    void exited.then(() => reject(new Error(`the server ended: ${output}`)))
  })
  const { url, token } = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as { url: string; token: string }
  const ingestToken = (await readFile(join(data, 'ingest.token'), 'utf8')).trim()
  return {
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ingestToken,
    async get<T>(path: string) {
      const answer = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    post: (path, body) =>
      fetch(new URL(path, url), {
        method: 'POST',
        headers: { authorization: `Bearer ${ingestToken}`, 'content-type': 'application/json' },
        body,
      }),
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export function load(order: LoadOrder): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(join(PROGRAM_HOME, 'bench', 'load.js'))
    child.once('message', (result) => resolve(result as LoadResult))
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${code}`)))
    child.send(order)
  })
}
