import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, lchown, lstat, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { AppError, systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { BoundedLogFile } from './bounded-log-file.ts'
import { endOrphan } from './postgres-orphan.ts'
import { doorwayTo, PostgresFailure, runServer, type Doorway } from './postgres-process.ts'
import { findPostgres, identityOf, POSTGRES_ENVIRONMENT, type PostgresRuntime } from './postgres-runtime.ts'
import { unprivilegedAccount, type Account } from './unprivileged.ts'

export interface EmbeddedPostgres {
  /** The directory of the Unix socket. */
  host: string
  port: number
  user: string
  database: string
  /** `18.4`. */
  version: string
  /** The present server process; null while there is none. */
  pid(): number | null
  stop(): Promise<void>
}

const USER = 'fairlead'
const DATABASE = 'fairlead'
const PORT = 5432
/** The kernel takes 104 (macOS) or 108 bytes (Linux) for the whole path of a socket, with its closing zero. */
const LONGEST_SOCKET_PATH = 103

/**
 * Starts the PostgreSQL of one directory as our child; the first start makes the directory. The caller holds the lock of the data
 * directory: a server that still runs here is the orphan of a killed Fairlead, and is shut down first.
 *
 * In the directory: `data/` (PostgreSQL's own, with the socket), `postgres.log`, and `postgres-…/` where the programs had to be copied.
 */
export async function startEmbeddedPostgres(options: { directory: string; log: Log }): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const directory = await realpath(options.directory)
    const data = join(directory, 'data')
    const account = await unprivilegedAccount(data)
    const runtime = await findPostgres(account, directory)
    await clearHalves(directory)
    if (existsSync(data)) {
      await check(data, runtime, account)
      await endOrphan(data, options.log)
    } else await initialise(runtime, account, directory, data)
    const host = await socketDirectory(data, account)
    const logFile = new BoundedLogFile(join(directory, 'postgres.log'))
    const server = await runServer({ runtime, account, data, host, logFile, log: options.log })
    return { host, port: PORT, user: USER, database: DATABASE, version: runtime.version, pid: server.pid, stop: server.stop }
  } catch (cause) {
    throw explain(cause, options.directory)
  }
}

/** What a killed Fairlead left half made. Its initdb may still be writing there: then it goes at the next start. */
async function clearHalves(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (/^data\..*\.half$/.test(name)) await rm(join(directory, name), { recursive: true, force: true }).catch(() => {})
  }
}

/** Makes the directory beside its place and renames it, so a kill at any moment leaves all or nothing. */
async function initialise(runtime: PostgresRuntime, account: Account | null, directory: string, data: string): Promise<void> {
  // A name of its own, because an initdb that outlived its Fairlead may still be writing to an earlier one.
  const half = `${data}.${randomBytes(6).toString('hex')}.half`
  await mkdir(half, { mode: 0o700 })
  if (account) await chown(half, account.uid, account.gid)
  const doorway = await doorwayTo(half, account)
  try {
    const access = [`--username=${USER}`, '--auth-local=trust', '--auth-host=reject', '--no-instructions']
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    await finish(runtime.initdb, ['-D', doorway.path, ...access, ...locale], '', account, doorway)
    const single = ['--single', '-D', doorway.path, '-c', 'dynamic_shared_memory_type=mmap', 'postgres']
    await finish(runtime.postgres, single, `create database ${DATABASE}\n`, account, doorway)
    await rename(half, data)
    const parent = await open(directory)
    await parent.sync().finally(() => parent.close())
  } catch (cause) {
    await rm(half, { recursive: true, force: true })
    throw cause
  } finally {
    doorway.close()
  }
}

/** Runs a program to its end; what it said is the message when it fails. */
async function finish(program: string, args: string[], input: string, account: Account | null, doorway: Doorway): Promise<void> {
  const child = spawn(program, args, {
    ...identityOf(account),
    env: POSTGRES_ENVIRONMENT,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', ...doorway.stdio],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail).once('close', done)
  })
  // A statement that fails in single-user mode does not fail the program.
  if (code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(output))
    throw new PostgresFailure('PostgreSQL could not make its data directory.', output)
}

async function check(data: string, runtime: PostgresRuntime, account: Account | null): Promise<void> {
  const { uid } = await lstat(data)
  const needed = account?.uid ?? process.getuid?.()
  if (uid !== needed && !account) {
    throw new AppError('data-directory', `${data} belongs to another user (number ${uid}).`, {
      help: `Run Fairlead as that user, or give the directory to yours: chown -R ${needed} ${dirname(data)}`,
    })
  }
  const major = await readFile(join(data, 'PG_VERSION'), 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) !== 'ENOENT') throw cause
    throw new AppError('data-directory', `${data} is not the data directory of a PostgreSQL: it has no PG_VERSION.`, {
      help: 'Restore it from a backup, or move it away to begin with an empty one.',
    })
  })
  if (major.trim() !== runtime.version.split('.')[0]) {
    throw new AppError('data-directory', `${data} was made by PostgreSQL ${major.trim()}, and this program brings ${runtime.version}.`, {
      help: 'Use the version of Fairlead that made it, or export its events from there (GET /v1/events) and ingest them into an empty data directory.',
    })
  }
  if (uid === needed || !account) return
  // Copied or restored by root: PostgreSQL must own every file.
  await chown(data, account.uid, account.gid)
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), account.uid, account.gid)
  }
}

/** Beside the data, where nobody else can come. A path too long for a socket gets a directory of the same mode under the temporary one. */
async function socketDirectory(data: string, account: Account | null): Promise<string> {
  if (Buffer.byteLength(`${data}/.s.PGSQL.${PORT}`) <= LONGEST_SOCKET_PATH) return data
  const directory = join(tmpdir(), `fairlead-${createHash('sha256').update(data).digest('hex').slice(0, 16)}`)
  const made = await mkdir(directory, { mode: 0o700 }).then(
    () => true,
    (cause: unknown) => {
      if (systemCode(cause) === 'EEXIST') return false
      throw cause
    },
  )
  if (made && account) await chown(directory, account.uid, account.gid)
  const found = await lstat(directory)
  if (!found.isDirectory() || found.uid !== (account?.uid ?? process.getuid?.())) {
    throw new AppError('data-directory', `${directory}, the place for the socket of the embedded PostgreSQL, belongs to another user.`, {
      help: 'Remove it, or set FAIRLEAD_DATA to a shorter path, which needs no such place.',
    })
  }
  await chmod(directory, 0o700)
  return directory
}

/** Why it does not start, in our words, with the remedy and the last lines that PostgreSQL said. */
export function explain(thrown: unknown, directory: string): unknown {
  if (thrown instanceof AppError) return thrown
  const said = thrown instanceof PostgresFailure ? thrown.lines : ''
  const code = systemCode(thrown instanceof PostgresFailure ? thrown.cause : thrown)
  const options = { cause: thrown, detail: { directory, last_lines: said } }
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/i.test(said)) {
    return new AppError('disk-full', `The disk of ${directory} is full: the embedded PostgreSQL cannot start.`, {
      ...options,
      help: 'Free some space (it needs about 50 MB to begin with), then start again.',
    })
  }
  if (
    (code !== null && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) ||
    /Permission denied|Operation not permitted|Read-only file/i.test(said)
  ) {
    return new AppError('data-directory', `The embedded PostgreSQL may not write to ${directory}.`, {
      ...options,
      help: 'Set FAIRLEAD_DATA to a directory on a local disk that this user owns.',
    })
  }
  const tail = said === '' ? '' : ` Its last words: ${said.split('\n').at(-1)}`
  return new AppError('store-unavailable', `The embedded PostgreSQL does not start.${tail}`, {
    ...options,
    help: `Read ${join(directory, 'postgres.log')}; or set POSTGRES_URI to a PostgreSQL 14 or newer.`,
  })
}
