import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'

const FAST_MS = 30_000
const IMMEDIATE_MS = 10_000

/**
 * Ends a server that outlived its Fairlead, cleanly, so that the next one is our own child with today's settings; connections and
 * locks of the dead process end with it. 20 ms. The caller holds the lock of the data directory: no living Fairlead uses that server.
 */
export async function endOrphan(data: string, log: Log): Promise<void> {
  const pidFile = join(data, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch(() => null)
  if (text === null) return
  const pid = Number.parseInt(text, 10)
  let living = await processesIn(data)
  if (living.length > 0) {
    log.warn('postgres.orphan_found', { pid, processes: living.length })
    for (const [sign, patience] of [
      ['SIGINT', FAST_MS],
      ['SIGQUIT', IMMEDIATE_MS],
      ['SIGKILL', IMMEDIATE_MS],
    ] as const) {
      // Fast and immediate shutdown are asked of the postmaster, which tells its children. Without one, they are told themselves.
      for (const each of living.includes(pid) && sign !== 'SIGKILL' ? [pid] : living) signal(each, sign)
      living = await outlast(data, patience)
      if (living.length === 0) break
    }
    if (living.length > 0) {
      throw new AppError(
        'data-directory-in-use',
        `A PostgreSQL server (process ${living.join(', ')}) still runs in ${data} and does not end.`,
        {
          help: `Look at postgres.log beside it, end the process, and start again.`,
          detail: { processes: living },
        },
      )
    }
  }
  // PostgreSQL itself clears away the file of a dead process, with checks of its own. It refuses when the number now belongs to a
  // process of something else, as it does after a restart of a container.
  if (isAlive(pid)) await rm(pidFile, { force: true })
}

async function outlast(data: string, patience: number): Promise<number[]> {
  const deadline = performance.now() + patience
  for (;;) {
    const living = await processesIn(data)
    if (living.length === 0 || performance.now() > deadline) return living
    await sleep(10)
  }
}

function signal(pid: number, sign: NodeJS.Signals): void {
  try {
    process.kill(pid, sign)
  } catch {
    // It ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * The processes of the server of this directory. PostgreSQL makes the data directory its working directory, in every process; a
 * process number alone proves nothing, and a zombie has no working directory any more.
 */
export async function processesIn(data: string): Promise<number[]> {
  if (process.platform !== 'linux') return postmastersOf(data)
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    if ((await readlink(`/proc/${name}/cwd`).catch(() => null)) === data) found.push(Number(name))
  }
  return found
}

async function postmastersOf(data: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('/bin/ps', ['-axo', 'pid=,command='])
  return stdout
    .split('\n')
    .filter((line) => line.includes(` -D ${data} `) && /\/postgres /.test(line))
    .map((line) => Number.parseInt(line, 10))
}
