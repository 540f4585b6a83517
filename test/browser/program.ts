import { spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { plainEnvironment, type Finished } from '../server.ts'

/** The real server as a person starts it: in a folder, which holds its data afterwards. */
export interface Program {
  readonly url: string
  readonly port: number
  /** The link that works once. */
  readonly signInLink: string
  readonly ingestToken: string
  /** The administrator's. */
  readonly token: string
  get<T>(path: string): Promise<T>
  /** Sends these bytes and waits until every read shows them. */
  send(body: string): Promise<void>
  stop(): Promise<void>
}

const bin = () => join(inject('program'), 'bin', 'fairlead.mjs')

export async function startProgram(home: string, port = 0, settings: Readonly<Record<string, string>> = {}): Promise<Program> {
  await mkdir(home, { recursive: true })
  const child = spawn(process.execPath, [bin(), 'up', '--port', String(port)], {
    cwd: home,
    env: { ...plainEnvironment(), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (/Stores .*\n.*\n/.test(output)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void exited.then((code) => reject(new Error(`the server ended with ${code}: ${output}`)))
  })
  const data = join(home, '.fairlead')
  const { url, token } = JSON.parse(await readFile(join(data, 'server.json'), 'utf8')) as { url: string; token: string }
  const ingestToken = (await readFile(join(data, 'ingest.token'), 'utf8')).trim()
  return {
    url,
    port: Number(new URL(url).port),
    signInLink: /(\S+\/signin\/\S+)/.exec(output)?.[1] ?? '',
    ingestToken,
    token,
    async get<T>(path: string) {
      const answer = await fetch(new URL(path, url), { headers: { authorization: `Bearer ${token}` } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as T
    },
    async send(body) {
      const answer = await fetch(new URL('/v1/events?wait=visible', url), {
        method: 'POST',
        headers: { authorization: `Bearer ${ingestToken}`, 'content-type': 'application/json' },
        body,
      })
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** `npx fairlead …` in that folder. */
export function fairlead(home: string, ...args: string[]): Promise<Finished> {
  return finished(process.execPath, [bin(), ...args], home)
}

/** A line pasted into a terminal that was opened in that folder. */
export function paste(home: string, line: string): Promise<Finished> {
  return finished('sh', ['-c', line], home)
}

function finished(command: string, args: string[], cwd: string): Promise<Finished> {
  const child = spawn(command, args, { cwd, env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}
