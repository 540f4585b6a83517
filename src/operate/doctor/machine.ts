import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../errors.ts'
import { bytesText, namesText, type Say } from './finding.ts'

/** What is told without any store: the program, its data directory and the disk below it. */
const OLDEST_NODE = [20, 19] as const
const LOW_SHARE = 0.1
/** The engine keeps a part in seven files and more. */
const LOW_FILES_SHARE = 0.05

export function sayVersions(say: Say, version: string): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const text = `Fairlead ${version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  if (isOld) say('versions', 'warning', `${text}: Fairlead is made for ${OLDEST_NODE.join('.')} and newer.`, 'Install a newer Node.js.')
  else say('versions', 'ok', `${text}.`)
}

export async function sayDisk(say: Say, directory: string, reserveBytes: number): Promise<void> {
  const disk = await statfs(directory)
  // bavail, as the journal counts.
  const [free, total] = [disk.bavail * disk.bsize, disk.blocks * disk.bsize]
  const text = `${bytesText(free)} of ${bytesText(total)} are free at ${directory}`
  const remedy = 'Free some space or enlarge the disk. Nothing is deleted by age yet.'
  if (free < reserveBytes)
    say('space', 'failure', `${text}: less than FAIRLEAD_DISK_RESERVE (${bytesText(reserveBytes)}), so events are refused.`, remedy)
  else if (free < LOW_SHARE * total || free < 4 * reserveBytes) say('space', 'warning', `${text}.`, remedy)
  else say('space', 'ok', `${text}.`)
  // Some file systems make files as they need them, and say 0.
  if (disk.files > 0 && disk.ffree < LOW_FILES_SHARE * disk.files)
    say(
      'files',
      'warning',
      `${disk.ffree.toLocaleString('en')} of ${disk.files.toLocaleString('en')} files (inodes) can still be made there.`,
      'Remove small files, or make the file system anew with more inodes.',
    )
  const sizes = await Promise.all(
    ['journal', 'analytics', 'postgres', 'quarantine'].map(async (name) => [name, await sizeBelow(join(directory, name))] as const),
  )
  say('sizes', 'ok', `In it: ${sizes.map(([name, bytes]) => `${name} ${bytesText(bytes)}`).join(', ')}.`)
}

/** Files that hold a secret, and the directory itself. */
export async function sayPermissions(say: Say, directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const open: string[] = []
  for (const name of ['secret.key', 'server.json', 'ingest.token', 'journal', 'postgres/data']) {
    const mode = await modeOf(join(directory, name))
    if (mode !== null && (mode & 0o077) !== 0 && !(await isClosed(directory))) open.push(name)
  }
  if (open.length > 0)
    say('permissions', 'failure', `Others on this machine can read ${namesText(open)} in ${directory}.`, `chmod -R go= ${directory}`)
  else say('permissions', 'ok', 'Nobody else on this machine can read its keys and tokens.')
}

async function isClosed(directory: string): Promise<boolean> {
  const mode = await modeOf(directory)
  return mode !== null && (mode & 0o077) === 0
}

async function modeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mode }) => mode,
    () => null,
  )
}

/** As the file system counts. Files come and go meanwhile. */
async function sizeBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((thrown: unknown) => {
    if (systemCode(thrown) === 'ENOENT') return []
    throw thrown
  })
  let bytes = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ blocks }) => blocks * 512,
      () => 0,
    )
  }
  return bytes
}
