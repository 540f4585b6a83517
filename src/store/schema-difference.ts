import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { SNAPSHOT_FILE } from './migration-file.ts'

/** A snapshot says what it is. As long as the schema, it stands in one file. */
export const SNAPSHOT_HEAD = '-- Generated: the schema that all migrations make, in one file however long.\n\n'

export interface Verification {
  matches: boolean
  /** Lines of the snapshot that the live schema does not have, and the other way round. */
  missing: string[]
  unexpected: string[]
}

export async function readSnapshot(directory: string): Promise<string> {
  return readFile(join(directory, SNAPSHOT_FILE), 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `There is no ${SNAPSHOT_FILE} in ${directory} to compare the schema with.`, {
      help: 'The installation is incomplete, or the migrations of this module come without one.',
      cause,
    })
  })
}

export function difference(expected: string, live: string): Verification {
  const [wanted, found] = [linesOf(expected), linesOf(live)]
  const missing = wanted.filter((line) => !found.includes(line))
  const unexpected = found.filter((line) => !wanted.includes(line))
  return { matches: missing.length === 0 && unexpected.length === 0, missing, unexpected }
}

/** The lines of a snapshot, each with the head of its object in front, so that it means something alone. Objects are parted by an empty line; remarks are none. */
function linesOf(snapshot: string): string[] {
  return snapshot
    .trim()
    .split('\n\n')
    .filter((object) => !object.startsWith('--'))
    .flatMap((object) => {
      const [head = '', ...rest] = object.split('\n')
      return [head, ...rest.filter((line) => line !== ');').map((line) => `${head} ${line.trim().replace(/,$/, '')}`)]
    })
    .filter((line) => line !== '')
}
