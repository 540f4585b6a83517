import { isUtf8 } from 'node:buffer'
import { isGitFailure, lines, present, readPath, readText, type Repository } from './ask.ts'

/** What one commit did to one file. */
export interface FileChange {
  path: string
  previous_path?: string
  additions: number | null
  deletions: number | null
}

/** A commit as git prints it. */
export interface Commit {
  readonly sha: string
  readonly parents: string[]
  readonly author_name: string
  readonly author_email: string
  /** Seconds since 1970 as git prints them: not always a number, not always a date. */
  readonly authored: string
  readonly committer_name: string
  readonly committer_email: string
  readonly committed: string
  readonly subject: string
  /** Only where it speaks of a revert. */
  readonly body: string | null
  /** Null where a file is missing to count. */
  readonly additions: number | null
  readonly deletions: number | null
  readonly files_changed: number | null
  readonly files: FileChange[]
}

const FIELDS = ['%H', '%P', '%aN', '%aE', '%at', '%cN', '%cE', '%ct', '%s', '%b']
// Every field ends with NUL, which nothing in a commit can hold; a record starts with \x01, which no line of changes can start with.
const FORMAT = `--format=%x01${FIELDS.join('%x00')}%x00`
/**
 * `diff-tree` prints what `git log` would, for commits that we name: so they can be dealt to several processes, and oldest first
 * costs nothing. Rename detection and its limit are what `git log` has by default, whatever the repository's settings say.
 */
const DIFF = ['diff-tree', '--stdin', '-z', '-r', '--root', '--always', '-l1000', '--no-relative', '--no-ext-diff', '--no-textconv']
const ENCODED = ['--ignore-submodules=none', '--encoding=UTF-8', FORMAT]
const CHANGES = {
  counted: [...DIFF, ...ENCODED, '--numstat', '-M'],
  // Exact renames only: those are seen from ids, without the files themselves.
  named: [...DIFF, ...ENCODED, '--raw', '--no-abbrev', '-M100%'],
  // `diff-tree -s` would still open the folders.
  none: ['log', '--stdin', '-z', '--no-walk=unsorted', '-s', ...ENCODED],
  // .mailmap is a file as well, and may be missing.
  unmapped: [
    'log',
    '--stdin',
    '-z',
    '--no-walk=unsorted',
    '-s',
    '--no-mailmap',
    ...ENCODED.map((option) => option.replaceAll(/(?<=%[ac])[NE]/g, (name) => name.toLowerCase())),
  ],
}

type Kind = keyof typeof CHANGES

export interface Found {
  readonly commit: Commit
  /** The ids of the contents that the changes lie between, where `named` told them. */
  readonly blobs: string[]
}

/** What `git diff-tree` prints, in tokens; `raw` ones hold a byte in each character. */
async function* readTokens(printed: AsyncIterable<Buffer>): AsyncGenerator<{ tokens: string[]; raw: boolean }> {
  let rest: Buffer | null = null
  for await (const chunk of printed) {
    const bytes: Buffer = rest === null ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(0) + 1
    rest = bytes.subarray(end)
    const whole = bytes.subarray(0, end)
    const raw = !isUtf8(whole)
    yield {
      tokens: whole
        .toString(raw ? 'latin1' : 'utf8')
        .split('\0')
        .slice(0, -1),
      raw,
    }
  }
}

/** The commits, in the order in which they are named. */
async function readChanges(repository: Repository, kind: Kind, shas: readonly string[]): Promise<Found[]> {
  if (shas.length === 0) return []
  const found: Found[] = []
  let header: string[] | null = null
  let file: FileChange | null = null
  let paths = 0
  const printed = repository.git(repository.path, CHANGES[kind], { signal: repository.signal, input: `${shas.join('\n')}\n` })
  for await (const { tokens, raw } of readTokens(printed)) {
    for (const token of tokens) {
      if (header !== null) {
        header.push(raw ? readText(token) : token)
        if (header.length < FIELDS.length) continue
        found.push({ commit: readHeader(header), blobs: [] })
        header = null
      } else if (file !== null && paths > 0) {
        // The path; of a rename the old one, then the new one.
        if (paths === 2) file.previous_path = raw ? readPath(token) : token
        else file.path = raw ? readPath(token) : token
        paths--
      } else if (token.charCodeAt(0) === 1) {
        header = [token.slice(1)]
      } else if (token !== '' && token !== '\n') {
        const current = found.at(-1)
        const path = kind === 'named' ? '' : token.slice(token.indexOf('\t', token.indexOf('\t') + 1) + 1)
        file = {
          path: raw ? readPath(path) : path,
          ...(kind === 'named' ? readNamedLine(token, current?.blobs ?? []) : readCountedLine(token)),
        }
        paths = path !== '' ? 0 : kind === 'named' && !/ [RC]\d*$/.test(token) ? 1 : 2
        current?.commit.files.push(file)
      }
    }
  }
  for (const { commit } of found) Object.assign(commit, totals(commit, kind))
  return found
}

type Counts = Pick<FileChange, 'additions' | 'deletions'>

/** `3\t1\tpath`, or dashes for a binary file. Number() ignores the newline before a commit's first line. */
function readCountedLine(text: string): Counts {
  const [additions, deletions] = text.split('\t', 2).map(Number)
  return {
    additions: Number.isInteger(additions) ? (additions ?? null) : null,
    deletions: Number.isInteger(deletions) ? (deletions ?? null) : null,
  }
}

/** `:100644 100644 <id> <id> M`: which contents it lies between, and that it changed no line when they are the same. */
function readNamedLine(text: string, blobs: string[]): Counts {
  const [modeBefore = '', modeAfter, before = '', after = ''] = text.split(' ')
  // A submodule's id is a commit of another repository, and zeros are no file.
  if (!modeBefore.endsWith('160000') && /[^0]/.test(before)) blobs.push(before)
  if (modeAfter !== '160000' && /[^0]/.test(after)) blobs.push(after)
  // git would open even a file that was only renamed, to see whether it is binary.
  return before === after ? { additions: 0, deletions: 0 } : { additions: null, deletions: null }
}

function readHeader(header: readonly string[]): Commit {
  // Where a header line cannot be read at all, git prints the placeholder itself.
  const [sha = '', parents = '', ...rest] = header.map((text, index) =>
    text.startsWith('%') && text.toLowerCase() === FIELDS[index]?.toLowerCase() ? '' : text,
  )
  const [
    author_name = '',
    author_email = '',
    authored = '',
    committer_name = '',
    committer_email = '',
    committed = '',
    subject = '',
    body = '',
  ] = rest
  return {
    sha,
    parents: parents === '' ? [] : parents.split(' '),
    author_name,
    author_email,
    authored,
    committer_name,
    committer_email,
    committed,
    subject,
    body: /\breverts\b/i.test(body) ? body : null,
    additions: null,
    deletions: null,
    files_changed: null,
    files: [],
  }
}

function totals({ parents, files }: Commit, kind: Kind) {
  if (kind !== 'counted' && kind !== 'named' && parents.length < 2) return { additions: null, deletions: null, files_changed: null }
  // Of counted changes a null is a binary file, which adds no lines; of named ones it is a file that is not there to count.
  const sum = (side: 'additions' | 'deletions') =>
    files.reduce<number | null>(
      (total, file) => (total === null || (file[side] === null && kind === 'named') ? null : total + (file[side] ?? 0)),
      0,
    )
  return { additions: sum('additions'), deletions: sum('deletions'), files_changed: files.length }
}

export interface Node {
  readonly sha: string
  readonly parents: readonly string[]
}

/** Changes of these commits, as far as their objects are there: counted, else named, else none. */
export async function readCommits(repository: Repository, nodes: readonly Node[]): Promise<Found[]> {
  const shas = nodes.map(({ sha }) => sha)
  try {
    return await readChanges(repository, 'counted', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
  }
  // A partial clone: git stops at the first file that it lacks. So ask what is there first, then count where nothing is missing.
  const treeless = await withoutTree(repository, nodes)
  const whole = nodes.filter(({ sha, parents }) => !treeless.has(sha) && !treeless.has(parents[0] ?? sha)).map(({ sha }) => sha)
  const named = await readNamed(repository, whole)
  const there = await present(repository, [...new Set(named.flatMap(({ blobs }) => blobs))], ['--objects', '--no-object-names'])
  const countable = named.filter(({ blobs }) => blobs.every((blob) => there.has(blob))).map(({ commit }) => commit.sha)
  const counted = await readChanges(repository, 'counted', countable).catch((thrown: unknown) => {
    if (!isGitFailure(thrown)) throw thrown
    return []
  })
  const best = new Map([...named, ...counted].map((found) => [found.commit.sha, found]))
  const unread = shas.filter((sha) => !best.has(sha))
  const rest = await readHeaders(repository, unread)
  for (const found of rest) best.set(found.commit.sha, found)
  repository.log.warn('git.objects-missing', { repository: repository.path, commits: shas.length, uncounted: shas.length - counted.length })
  return shas.flatMap((sha) => best.get(sha) ?? [])
}

export async function readHeaders(repository: Repository, shas: readonly string[]): Promise<Found[]> {
  try {
    return await readChanges(repository, 'none', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return readChanges(repository, 'unmapped', shas)
  }
}

/** Of these commits and their first parents, those whose files are not even listed. */
async function withoutTree(repository: Repository, nodes: readonly Node[]): Promise<Set<string>> {
  const commits = [...new Set(nodes.flatMap(({ sha, parents }) => [sha, ...parents.slice(0, 1)])), ''].join('\n')
  const [listed, headers] = await Promise.all([
    lines(repository, ['rev-list', '--objects', '--no-walk=unsorted', '--filter=tree:1', '--missing=print', '--stdin'], commits),
    lines(repository, ['rev-list', '--no-walk=unsorted', '--format=tformat:%H %T', '--stdin'], commits),
  ])
  const gone = new Set(listed.filter((text) => text.startsWith('?')).map((text) => text.slice(1)))
  return new Set(headers.map((text) => text.split(' ')).flatMap(([sha = '', tree = '']) => (gone.has(tree) ? [sha] : [])))
}

/** Named changes; a commit whose folders are missing is left out, found by halving. */
async function readNamed(repository: Repository, shas: readonly string[]): Promise<Found[]> {
  try {
    return await readChanges(repository, 'named', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    if (shas.length === 1) return []
  }
  const half = shas.length >> 1
  return [...(await readNamed(repository, shas.slice(0, half))), ...(await readNamed(repository, shas.slice(half)))]
}
