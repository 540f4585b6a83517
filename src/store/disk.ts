/** What every file of ours on the data disk needs: durable names, free space, and words for what failed. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, systemCode } from '../errors.ts'

/** What a failed file operation means for the operator. */
export function directoryError(thrown: unknown, path: string): AppError {
  const code = systemCode(thrown)
  const [what, help] = explain(code, path)
  return new AppError('data-directory', `The data directory ${path} cannot be used: ${what}.`, {
    help,
    detail: { path, reason: code },
    cause: thrown,
  })
}

/** Makes names in a directory (created, renamed, removed) survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A new file beside `path`, on disk and for its user only; its name is to be made `path`, or linked there. */
export async function writeBeside(path: string, text: string): Promise<string> {
  const made = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(made, text, { mode: 0o600, flush: true })
    return made
  } catch (thrown) {
    await rm(made, { force: true })
    throw directoryError(thrown, path)
  }
}

/** In one step: whoever reads finds the old text or the new one, also after a power cut. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await writeBeside(path, text), path)
  await syncDirectory(dirname(path))
}

/** True for the errors of a disk or a quota that is used up. */
export function isDiskFull(thrown: unknown): boolean {
  const code = systemCode(thrown)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export async function freeBytes(path: string): Promise<number> {
  const disk = await statfs(path)
  // bavail, not bfree: what the file system keeps for root is not ours to count on.
  return disk.bavail * disk.bsize
}

function explain(code: string | null, path: string): [what: string, help: string] {
  const user = process.getuid?.() ?? 'this user'
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return ['permission is denied', `Give the user that runs Fairlead (uid ${user}) write access: chown -R ${user} ${path}`]
    case 'EROFS':
      return ['its file system is read-only', 'Mount it writable, or choose a data directory on another disk.']
    case 'ENOSPC':
    case 'EDQUOT':
      return ['the disk or the quota is used up', 'Free some space or enlarge the disk, then start again.']
    case 'ENOTDIR':
    case 'EEXIST':
      return ['a file is in its place or in its path', 'Move that file away, or choose another data directory.']
    case 'ENOENT':
      return ['it cannot be created there', 'Choose a data directory on a disk that is mounted and writable.']
    case 'ENOLCK':
    case 'ENOTSUP':
    case 'EOPNOTSUPP':
    case 'EINVAL':
      return ['its file system has no file locks', 'Use a local disk, or a network file system that is mounted with locks.']
    case 'EIO':
      return ['the disk reports an input/output error', 'Check the disk and the kernel log, then restore from a backup if data is gone.']
    default:
      return [code ?? 'the operation failed', 'The cause in the log says more. Choose another data directory if it cannot be mended.']
  }
}
