import { isUtf8 } from 'node:buffer'
import type { Git } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'

/** A repository on this machine and a way to ask it. */
export interface Repository {
  readonly path: string
  readonly git: Git
  readonly signal: AbortSignal
  readonly log: Log
}

/** A whole object id, of SHA-1 or SHA-256. */
export const HASH = /^[0-9a-f]{40,64}$/

/** All that one command prints, as lines. For commands whose answer is small. */
export async function lines({ path, git, signal }: Repository, args: readonly string[], input?: string): Promise<string[]> {
  const printed: Buffer[] = []
  for await (const chunk of git(path, args, { signal, ...(input === undefined ? {} : { input }) })) printed.push(chunk)
  const bytes = Buffer.concat(printed)
  if (isUtf8(bytes)) return bytes.toString('utf8').split('\n').slice(0, -1)
  return bytes.toString('latin1').split('\n').slice(0, -1).map(readText)
}

/** Bytes (here one character each) as text: UTF-8, else Latin-1, which always reads. */
export function readText(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes
}

/** A path names a file, so two paths must stay two: bytes that are not UTF-8 are written as git writes them, `caf\351`. */
export function readPath(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  if (isUtf8(buffer)) return buffer.toString('utf8')
  return bytes.replaceAll(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8)}`)
}

/** The answer of a question that git answers with a failure when there is nothing. */
export async function answer(repository: Repository, args: readonly string[]): Promise<string | null> {
  try {
    return (await lines(repository, args))[0] ?? null
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return null
  }
}

export function isGitFailure(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && thrown.code === 'git'
}

/** The commits behind these names, null where the repository has none. A name must be free of newlines. */
export async function commitsOf(repository: Repository, names: readonly string[]): Promise<(string | null)[]> {
  if (names.length === 0) return []
  const input = names.map((name) => `${name}^{commit}\n`).join('')
  const found = await lines(repository, ['cat-file', '--batch-check=%(objectname)'], input)
  return found.map((answered) => (HASH.test(answered) ? answered : null))
}

/** Those of these ids that the repository has. Unlike `cat-file`, `rev-list` can be told not to fetch what a partial clone lacks. */
export async function present(repository: Repository, ids: readonly string[], options: readonly string[] = []): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const quiet = ['--no-walk=unsorted', '--ignore-missing', '--missing=allow-any', '--stdin']
  return new Set(await lines(repository, ['rev-list', ...options, ...quiet], `${ids.join('\n')}\n`))
}
