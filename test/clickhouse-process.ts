import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, linkPackages } from './bundle.ts'

/** The test ClickHouse server as a process that can be stopped and started again on the same port and directory. */
export interface ClickHouseProcess {
  readonly uri: string
  readonly wrongPasswordUri: string
  start(): Promise<void>
  stop(): Promise<void>
  remove(): Promise<void>
}

export async function createClickHouse(): Promise<ClickHouseProcess> {
  const scratch = await mkdtemp(join(tmpdir(), 'fairlead-clickhouse-'))
  const program = await bundle('test/clickhouse-server.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
  let child: ChildProcess | null = null
  let port = '0'
  const start = async () => {
    const started = spawn(process.execPath, [program, join(scratch, 'data'), port], { stdio: ['ignore', 'pipe', 'inherit'] })
    child = started
    port = await new Promise<string>((resolve, reject) => {
      started.stdout.on('data', (chunk: Buffer) => {
        const match = /ready (\d+)/.exec(chunk.toString())
        if (match) resolve(match[1] as string)
      })
      started.once('exit', (code) => reject(new Error(`the test ClickHouse server ended with ${code}`)))
    })
  }
  const stop = async () => {
    const running = child
    child = null
    if (running === null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    uri: `clickhouse://fairlead:right@127.0.0.1:${port}/fairlead`,
    wrongPasswordUri: `clickhouse://fairlead:wr0ng-pass@127.0.0.1:${port}/fairlead`,
    start,
    stop,
    async remove() {
      await stop()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}
