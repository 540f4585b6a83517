import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A commit to make. Texts and paths may be bytes, since git's are. */
export interface NewCommit {
  readonly message?: string | Buffer
  readonly branch?: string
  /** The first is the one that the files change; default: the tip of the branch. */
  readonly parents?: readonly string[]
  readonly author?: string | Buffer
  readonly committer?: string
  readonly at?: string
  readonly committed?: string
  readonly encoding?: string
  /** What happens to the tree, in order. */
  readonly files?: readonly Change[]
}

type Path = string | Buffer
type Change = { write: Path; content: string | Buffer } | { remove: Path } | { rename: Path; to: Path } | { submodule: Path; commit: string }

const START = Date.UTC(2026, 0, 5, 9) / 1000
const HOUR = 3600

/** A real repository with fixed names and dates, so that the same steps give the same ids everywhere. */
export class Sandbox {
  readonly path: string
  #made = 0

  constructor(path: string) {
    this.path = path
  }

  git(...args: string[]): string {
    return this.gitBytes(args).toString('utf8').trimEnd()
  }

  gitBytes(args: readonly string[], input?: Buffer): Buffer {
    const settings = ['-c', 'protocol.file.allow=always', '-c', 'gc.auto=0']
    return execFileSync('git', [...settings, '-C', this.path, ...args], {
      env: { ...process.env, ...FIXED },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(input === undefined ? {} : { input }),
    })
  }

  /** Makes a commit and gives its id. Without dates each is an hour after the one before. */
  commit(commit: NewCommit): string {
    const branch = commit.branch ?? 'main'
    const ref = `refs/heads/${branch}`
    const at = commit.at ?? `${START + HOUR * this.#made} +0000`
    this.#made++
    const [from, ...merged] = commit.parents ?? this.git('for-each-ref', '--format=%(objectname)', ref).split('\n').filter(Boolean)
    const parts: (string | Buffer)[] = [
      `commit ${ref}\nmark :1\nauthor `,
      commit.author ?? 'Ada <ada@example.org>',
      ` ${at}\ncommitter ${commit.committer ?? 'Build <build@example.org>'} ${commit.committed ?? at}\n`,
      commit.encoding === undefined ? '' : `encoding ${commit.encoding}\n`,
      ...data(commit.message ?? 'Change'),
      from === undefined ? '' : `from ${from}\n`,
      ...merged.map((parent) => `merge ${parent}\n`),
      ...(commit.files ?? []).flatMap(command),
      `\nget-mark :1\n`,
    ]
    // A branch that begins anew forgets what it was.
    if (commit.parents?.length === 0) parts.unshift(`reset ${ref}\n\n`)
    const input = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
    return this.gitBytes(['fast-import', '--quiet', '--force', '--date-format=raw-permissive', '--cat-blob-fd=1'], input)
      .toString()
      .trim()
  }

  /** A commit object exactly as written, however wrong. */
  rawCommit(lines: readonly string[], branch = 'main'): string {
    const id = this.gitBytes(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], Buffer.from(lines.join('\n')))
      .toString()
      .trim()
    this.git('update-ref', `refs/heads/${branch}`, id)
    return id
  }

  tag(name: string, target = 'HEAD', message?: string): void {
    this.git('tag', ...(message === undefined ? [] : ['-a', '-m', message]), name, target)
  }
}

const FIXED = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Build',
  GIT_COMMITTER_EMAIL: 'build@example.org',
  GIT_AUTHOR_DATE: '1768000000 +0000',
  GIT_COMMITTER_DATE: '1768000000 +0000',
}

function data(content: string | Buffer): (string | Buffer)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n']
}

function command(change: Change): (string | Buffer)[] {
  if ('write' in change) return ['M 100644 inline ', quote(change.write), '\n', ...data(change.content)]
  if ('remove' in change) return ['D ', quote(change.remove), '\n']
  if ('submodule' in change) return [`M 160000 ${change.commit} `, quote(change.submodule), '\n']
  return ['R ', quote(change.rename), ' ', quote(change.to), '\n']
}

function quote(path: Path): string {
  const escaped = [...Buffer.from(path as string)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
  return `"${escaped.join('')}"`
}

const root = mkdtempSync(join(tmpdir(), 'fairlead-git-'))
let count = 0

export function newFolder(name = 'sandbox'): string {
  const folder = join(root, String(++count), name)
  mkdirSync(folder, { recursive: true })
  return folder
}

export function newSandbox(options: { name?: string; bare?: boolean } = {}): Sandbox {
  const sandbox = new Sandbox(newFolder(options.name))
  sandbox.git('init', '--quiet', '--initial-branch=main', ...(options.bare ? ['--bare'] : []))
  return sandbox
}

export function cloneOf(origin: Sandbox, ...options: string[]): Sandbox {
  const folder = newFolder('clone')
  origin.git('config', 'uploadpack.allowFilter', 'true')
  origin.git('clone', '--quiet', ...options, `file://${origin.path}`, folder)
  return new Sandbox(folder)
}

export function removeSandboxes(): void {
  rmSync(root, { recursive: true, force: true })
}

/** Every file and folder below a path, with its time and its bytes: two equal listings mean that nothing was written. */
export function listingOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, mode, size } = lstatSync(join(path, name))
      const isFile = lstatSync(join(path, name)).isFile()
      const hash = isFile ? createHash('sha256').update(readFileSync(join(path, name))).digest('hex') : ''
      return [name, mode, size, mtimeMs, ctimeMs, hash].join(' ')
    })
}
