import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BoundedLogFile } from './bounded-log-file.ts'
import { endOrphan } from './postgres-orphan.ts'
import { identityOf, POSTGRES_ENVIRONMENT, type PostgresRuntime } from './postgres-runtime.ts'
import { isReachable, type Account } from './unprivileged.ts'

const STOP_MS = 30_000
/** Recovery after a crash replays at most `max_wal_size`, which takes seconds; the rest is for slow disks. */
const START_MS = 120_000
const RESTARTS = 5
const RESTARTS_WITHIN_MS = 60_000
const BOUND_LOG_EVERY_MS = 600_000

/** Sized for one application. They stand on the command line, so each start has those of this program. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '30',
  shared_buffers: '32MB',
  // Files in the data directory: containers give /dev/shm 64 MB, or none. Parallel plans, which would need much of it, are off.
  dynamic_shared_memory_type: 'mmap',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  max_logical_replication_workers: '0',
  io_method: 'sync',
  jit: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  min_wal_size: '32MB',
  max_wal_size: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // The log is for people who may not see the data: no statements, no key values.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

/** A PostgreSQL program that ended when it should not have, with the last lines that it said. */
export class PostgresFailure extends Error {
  readonly lines: string
  constructor(message: string, output: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.lines = output.trim().split('\n').slice(-12).join('\n')
  }
}

/**
 * How PostgreSQL is told of its directory. When root keeps it behind a directory that the account may not pass (a clone in a private home,
 * a data directory at mode 0700), the open directory is handed down as descriptor 3: /proc/self/fd/3 leads into it without the way.
 */
export interface Doorway {
  path: string
  /** What follows standard input, output and error in `stdio`. */
  stdio: number[]
  close(): void
}

export async function doorwayTo(directory: string, account: Account | null): Promise<Doorway> {
  if (await isReachable(directory, account)) return { path: directory, stdio: [], close() {} }
  if (process.platform === 'linux') {
    const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
    return { path: '/proc/self/fd/3', stdio: [descriptor], close: () => closeSync(descriptor) }
  }
  throw new AppError('data-directory', `The user ${account?.name} cannot reach ${directory}, and PostgreSQL does not run as root.`, {
    help: 'Run Fairlead as a normal user, or set FAIRLEAD_DATA to a directory that every user may pass through.',
  })
}

export interface ServerOptions {
  runtime: PostgresRuntime
  account: Account | null
  data: string
  /** The directory of the socket; the data directory itself when it is short enough. */
  host: string
  logFile: BoundedLogFile
  log: Log
}

export interface Server {
  pid(): number | null
  stop(): Promise<void>
}

/** Starts the server, watches it, starts it again when it dies by itself. */
export async function runServer(options: ServerOptions): Promise<Server> {
  const { logFile, log } = options
  const deaths: number[] = []
  let stopping: Promise<void> | null = null
  let restarting: Promise<void> | null = null
  let child = await launch(options)
  let watcher = watch(child, options.account)

  const onExit = (code: number | null, signal: string | null): void => {
    watcher.kill('SIGKILL')
    if (stopping) return
    log.error('postgres.died', { code, signal })
    const now = performance.now()
    deaths.push(now)
    if (deaths.filter((at) => now - at < RESTARTS_WITHIN_MS).length > RESTARTS) log.error('postgres.given_up', { deaths: deaths.length })
    else restarting = restart()
  }
  const restart = async (): Promise<void> => {
    try {
      // Processes of the dead one that still hold its shared memory would keep the new one from starting.
      await endOrphan(options.data, log)
      child = await launch(options)
      watcher = watch(child, options.account)
      child.once('exit', onExit)
      log.info('postgres.restarted', { pid: child.pid })
    } catch (cause) {
      log.error('postgres.restart_failed', { message: cause instanceof Error ? cause.message : String(cause) })
    }
  }
  child.once('exit', onExit)
  const bounding = setInterval(() => logFile.bound(), BOUND_LOG_EVERY_MS).unref()

  const stop = async (): Promise<void> => {
    clearInterval(bounding)
    await restarting
    // Fast, then immediate (recovery at the next start), then none of its choice.
    for (const [sign, patience] of [
      ['SIGINT', STOP_MS],
      ['SIGQUIT', 5_000],
      ['SIGKILL', 5_000],
    ] as const) {
      if (hasEnded(child)) break
      child.kill(sign)
      const deadline = performance.now() + patience
      while (!hasEnded(child) && performance.now() < deadline) await sleep(3)
      if (!hasEnded(child)) log.warn('postgres.slow_stop', { signal: sign, milliseconds: patience })
    }
    watcher.kill('SIGKILL')
  }
  return {
    pid: () => (hasEnded(child) ? null : (child.pid ?? null)),
    stop: () => (stopping ??= stop()),
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function launch({ runtime, account, data, host, logFile }: ServerOptions): Promise<ChildProcess> {
  const doorway = await doorwayTo(data, account)
  const descriptor = logFile.open()
  const written = logFile.size()
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(runtime.postgres, ['-D', doorway.path, '-k', host === data ? '.' : host, ...settings], {
    ...identityOf(account),
    env: POSTGRES_ENVIRONMENT,
    cwd: '/',
    // A Ctrl-C in the terminal is for Fairlead, which stops PostgreSQL last.
    detached: true,
    stdio: ['ignore', descriptor, descriptor, ...doorway.stdio],
  })
  let failure: Error | null = null
  child.once('error', (cause) => (failure = cause))
  closeSync(descriptor)
  doorway.close()
  child.unref()
  const pidFile = join(data, 'postmaster.pid')
  const deadline = performance.now() + START_MS
  for (;;) {
    if (failure) throw new PostgresFailure('PostgreSQL could not be started.', '', failure)
    if (hasEnded(child)) throw new PostgresFailure('PostgreSQL ended while it started.', logFile.since(written))
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')
    // As pg_ctl does: the eighth line is the state.
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return child
    if (performance.now() > deadline) {
      child.kill('SIGQUIT')
      throw new PostgresFailure(`PostgreSQL was not ready after ${START_MS / 1000} s.`, logFile.since(written))
    }
    await sleep(3)
  }
}

/**
 * A shell that waits for the end of our pipe, which comes even when we are killed, and then shuts PostgreSQL down. Where it cannot run
 * (no shell in the container), the next start finds the orphan.
 */
function watch(server: ChildProcess, account: Account | null): ChildProcess {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0"', String(server.pid)], {
    ...identityOf(account),
    env: POSTGRES_ENVIRONMENT,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => {})
  watcher.stdin?.on('error', () => {})
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return watcher
}
