/**
 * The data directory: everything Fairlead keeps on this machine, owned by one process at a time.
 *
 * The owner holds an exclusive `fcntl` lock on `<path>/lock` through an open file description. The kernel frees it when that
 * process ends, however it ends, and never while the process is merely stopped or slow; so there is no stale lock to remove
 * and no reason to take one over. A pid file could do neither: pids are used again, and in containers nearly always.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, realpath, rm, stat, type FileHandle } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AppError, systemCode } from '../errors.ts'
import { directoryError, freeBytes, isDiskFull, syncDirectory } from './disk.ts'

export { directoryError } from './disk.ts'

// The package brings no types, so the one function that is used gets its type here.
const require = createRequire(import.meta.url)
const { tryLock } = require('fs-native-extensions') as { tryLock: (fd: number) => boolean }

/** Enough for ClickHouse to write the few parts and mutations with which it gives space back on a full disk. */
const BALLAST_BYTES = 16 * 1024 * 1024
const BALLAST = 'ballast'

export interface DataDirectory {
  /** With symbolic links resolved. */
  readonly path: string
  readonly journal: string
  readonly analytics: string
  readonly postgres: string
  readonly backups: string
  /** What this process may still write on the disk, in bytes. */
  freeBytes(): Promise<number>
  /** Gives the ballast back to the disk. False when there was none. */
  releaseBallast(): Promise<boolean>
  /** Puts the ballast (back) in place; false when the disk has no room for it now. */
  restoreBallast(): Promise<boolean>
  release(): Promise<void>
}

/** Real paths held by this process: a lock must also keep out a second opener that shares our pid. */
const held = new Set<string>()

/** Opens `path` for this process alone, creating it when it is missing. */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const real = await create(path)
  if (held.has(real)) throw inUse(real, `this process (pid ${process.pid})`)
  held.add(real)
  try {
    const lock = await takeLock(real)
    return dataDirectory(real, lock)
  } catch (thrown) {
    held.delete(real)
    throw thrown instanceof AppError ? thrown : directoryError(thrown, real)
  }
}

async function create(path: string): Promise<string> {
  try {
    // Only what is created gets this mode; a directory that exists keeps the one its owner chose.
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
    return await realpath(path)
  } catch (thrown) {
    throw directoryError(thrown, path)
  }
}

async function takeLock(path: string): Promise<FileHandle> {
  const file = join(path, 'lock')
  // Never removed, not even on release: two processes could then lock two different files of the same name.
  const handle = await open(file, 'a+', 0o600)
  try {
    if (!tryLock(handle.fd)) throw inUse(path, await holder(handle))
    try {
      await claim(path, handle)
    } catch (thrown) {
      // On a full disk a server that starts, answers and lets retention work is worth more than the ballast.
      if (!isDiskFull(thrown) || (await sizeOf(join(path, BALLAST))) === null) throw thrown
      await rm(join(path, BALLAST))
      await claim(path, handle)
    }
    return handle
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/** Names the holder, and proves that files can be made here: the lock file may be writable in a directory that is not. */
async function claim(path: string, lock: FileHandle): Promise<void> {
  await lock.truncate(0)
  await lock.write(`${process.pid} ${hostname()}\n`)
  const file = join(path, 'probe')
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(Buffer.alloc(4096))
    await handle.sync()
  } finally {
    await handle.close()
    await rm(file, { force: true })
  }
}

/** The words in the file are for people only; between locking and writing them the holder has none yet. */
async function holder(handle: FileHandle): Promise<string> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0)
  const [pid, host] = buffer.toString('utf8', 0, bytesRead).trim().split(' ')
  if (!pid) return 'another process'
  return host === undefined || host === hostname() ? `the process with pid ${pid}` : `the process with pid ${pid} on ${host}`
}

function inUse(path: string, who: string): AppError {
  return new AppError('data-directory-in-use', `The data directory ${path} is in use by ${who}.`, {
    help: 'Stop that process, or give this one a data directory of its own. The lock goes with its holder: there is no file to delete.',
    detail: { path, holder: who },
  })
}

function dataDirectory(path: string, lock: FileHandle): DataDirectory {
  const ballast = join(path, BALLAST)
  let released = false
  return {
    path,
    journal: join(path, 'journal'),
    analytics: join(path, 'analytics'),
    postgres: join(path, 'postgres'),
    backups: join(path, 'backups'),
    freeBytes: () => freeBytes(path),
    async releaseBallast() {
      const size = await sizeOf(ballast)
      if (size === null) return false
      await rm(ballast, { force: true })
      // Without it the file system may hold the blocks back until its next journal commit, seconds later.
      await syncDirectory(path)
      return true
    },
    async restoreBallast() {
      if ((await sizeOf(ballast)) === BALLAST_BYTES) return true
      if ((await freeBytes(path)) < 2 * BALLAST_BYTES) return false
      try {
        await writeBallast(ballast)
        return true
      } catch (thrown) {
        await rm(ballast, { force: true })
        if (isDiskFull(thrown)) return false
        throw directoryError(thrown, path)
      }
    },
    async release() {
      if (released) return
      released = true
      try {
        await lock.truncate(0)
      } finally {
        await lock.close()
        held.delete(path)
      }
    },
  }
}

/** Random bytes: a file of zeros would weigh nothing on a file system that compresses. */
async function writeBallast(file: string): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    for (let written = 0; written < BALLAST_BYTES; written += 1024 * 1024) await handle.writeFile(randomBytes(1024 * 1024))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}
