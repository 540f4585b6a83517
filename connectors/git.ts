import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Deployment } from '../domain/deployment.ts'
import { tierOf } from '../domain/environment.ts'
import { defineConnector, defineStream } from '../src/connector.ts'
import type { Ask, Check, Page, Pulled } from '../src/connector.ts'
import { AppError } from '../src/errors.ts'

const docs = `Reads a git repository on this machine: a work tree or a folder inside it, a bare repository, a worktree, a submodule. Nothing is written to it and nothing is fetched into it; fetch it yourself as often as you like, and each pull reads only what is new.

**Branch.** Without \`branch\`, the default branch as \`origin/HEAD\` names it (the local branch of that name too), else \`HEAD\`. Commits are those of this branch and of every release tag. A merge commit changes no lines of its own.

**Releases.** Each release counts as a successful deployment to production. \`releases\` says what a release is:
- \`tags\` (default): a tag that is a version, alone or behind a name: \`v1.2.3\`, \`2024.05.01\`, \`release-7\`, \`api@1.4.0\`, \`api/v1.4.0\`, \`api-v1.4.0\`. Behind a name other than \`v\`, \`version\`, \`release\` and the like, the version needs a dot. Pre-releases do not count: alpha, beta, rc, dev, pre, preview, canary, nightly, snapshot, next.
- a regular expression: each tag with a match, pre-releases too. Without look-around and back-references, so that no expression can take long.
- \`merges\`: each merge into the branch along its first parents.
- \`none\`: when deployments come from another source.

**Service.** The repository, or repository/name for a tag with a name such as \`api@1.4.0\`. With \`service\` set, every release is one of that service.

A shallow clone lacks the history behind its edge: run \`git fetch --unshallow\`. In a partial clone, line counts are unknown for commits whose files are missing.`

const line = () =>
  z
    .string()
    .trim()
    .min(1)
    .regex(/^\P{Cc}+$/u, 'must not hold control characters')

const config = z.object({
  path: line().describe('Path of the repository on this machine'),
  name: line().optional().describe('Repository id; default: owner/name of the origin remote, else the folder'),
  service: line()
    .optional()
    .describe('The service of every release; default: the repository, or repository/name for tags such as api@1.4.0'),
  branch: line().optional().describe('Branch to read; default: the default branch'),
  releases: line()
    .default('tags')
    .superRefine((rule, context) => {
      try {
        ruleOf(rule)
      } catch (thrown) {
        context.addIssue({ code: 'custom', message: thrown instanceof Error ? thrown.message : 'is no regular expression' })
      }
    })
    .describe('What a release is: tags, merges, none, or a regular expression over tag names'),
  environment: line().default('production').describe('The environment that a release is deployed to'),
})
type Config = z.output<typeof config>

const HASH = /^[0-9a-f]{40,64}$/

// ---------------------------------------------------------------- payloads

const repositoryPayload = z.object({
  repository: z.string(),
  title: z.string(),
  url: z.string().nullable(),
  default_branch: z.string().nullable(),
})

const filePayload = z.object({
  path: z.string(),
  previous_path: z.string().optional(),
  additions: z.number().nullable(),
  deletions: z.number().nullable(),
})
type FileChange = z.output<typeof filePayload>

const commitPayload = z.object({
  repository: z.string(),
  sha: z.string(),
  parents: z.array(z.string()),
  author_name: z.string(),
  author_email: z.string(),
  /** Seconds since 1970 as git prints them: not always a number, not always a date. */
  authored: z.string(),
  committer_name: z.string(),
  committer_email: z.string(),
  committed: z.string(),
  subject: z.string(),
  /** Only where it speaks of a revert. */
  body: z.string().nullable(),
  additions: z.number().nullable(),
  deletions: z.number().nullable(),
  files_changed: z.number().nullable(),
  files: z.array(filePayload),
})
type CommitPayload = z.output<typeof commitPayload>

const releasePayload = z.object({
  repository: z.string(),
  kind: z.enum(['tag', 'merge']),
  /** The name of the tag; of a merge, its sha. */
  name: z.string(),
  revision: z.string(),
  created: z.string(),
  subject: z.string(),
  tagger: z.string().nullable(),
})
type ReleasePayload = z.output<typeof releasePayload>
type Release = Omit<ReleasePayload, 'repository'>

function item(id: string, at: string | null, payload: unknown): Pulled {
  return { id, at, payload: Buffer.from(JSON.stringify(payload)) }
}

// ---------------------------------------------------------------- rows

/** What the store's instants can hold. A commit may claim any second at all. */
const LATEST = Date.UTC(2299, 11, 31, 23, 59, 59)

/** git's seconds since 1970 as an instant, null when it printed none. A moment beyond the store's years becomes the last one that it holds. */
function instantOf(seconds: string): string | null {
  const millis = seconds === '' ? Number.NaN : Number(seconds) * 1000
  return millis >= 0 ? new Date(Math.min(millis, LATEST)).toISOString() : null
}

const REVERTS = /\bthis reverts commit\s+([0-9a-f]{7,64})\b|^reverts:?\s+([0-9a-f]{7,64})\b/im

function readCommit(commit: CommitPayload, id: string) {
  // A date that git cannot read is the commit's other one; a commit without any stands at the start of time, not at this moment.
  const authored = instantOf(commit.authored) ?? instantOf(commit.committed) ?? new Date(0).toISOString()
  const { sha, parents, author_name, author_email, committer_name, committer_email, subject, additions, deletions, files_changed } = commit
  const reverted = commit.body === null ? null : REVERTS.exec(commit.body)
  return {
    commits: [
      {
        repository: id,
        sha,
        parents,
        author_name,
        author_email,
        authored_at: authored,
        committer_name,
        committer_email,
        committed_at: instantOf(commit.committed) ?? authored,
        subject,
        reverts: (reverted?.[1] ?? reverted?.[2])?.toLowerCase() ?? null,
        additions,
        deletions,
        files_changed,
      },
    ],
    commit_files: commit.files.map((file) => ({
      repository: id,
      sha,
      path: file.path,
      previous_path: file.previous_path ?? null,
      authored_at: authored,
      author_email,
      additions: file.additions,
      deletions: file.deletions,
    })),
  }
}

/** A name that says "this is the version" and not which part of the repository it is of. */
const PLAIN_NAMES = new Set([
  '',
  'v',
  'ver',
  'version',
  'r',
  'rel',
  'release',
  'releases',
  'tag',
  'tags',
  'stable',
  'prod',
  'production',
  'live',
])
const VERSION = /^v?\d+(?<dotted>\.\d)?/i
const PRERELEASE = /(?:^|[^a-z])(?:alpha|beta|rc|dev|pre|preview|prerelease|canary|nightly|snapshot|next)(?:[^a-z]|$)|\d[abc]\d+$/i

/** A tag as name and version: `api/v1.4.0` is `api` and `v1.4.0`. Null when it holds no version. */
export function readTag(tag: string): { name: string; version: string; dotted: boolean } | null {
  let undotted: { name: string; version: string; dotted: boolean } | null = null
  for (let start = 0; start < tag.length; start++) {
    if (start > 0 && !/[@/_=-]/.test(tag[start - 1] ?? '')) continue
    const version = tag.slice(start)
    const found = VERSION.exec(version)
    if (found === null) continue
    const read = { name: tag.slice(0, start).replace(/[@/_=-]{1,3}$/, ''), version, dotted: found.groups?.['dotted'] !== undefined }
    if (read.dotted) return read
    undotted ??= read
  }
  return undotted
}

/** Of a monorepo's tag the part that it releases, of any other tag ''; null when the tag is no release. */
export function releaseOf(tag: string, repository: string): string | null {
  const read = readTag(tag)
  if (read === null || PRERELEASE.test(read.version) || /(?:^|[^a-z])(?:nightly|canary)$/i.test(read.name)) return null
  const name = read.name.toLowerCase()
  if (PLAIN_NAMES.has(name) || name === repository.toLowerCase() || name === repository.split('/').at(-1)?.toLowerCase()) return ''
  return read.dotted ? read.name : null
}

interface Rule {
  readonly from: 'tags' | 'merges' | 'none'
  isRelease(tag: string, repository: string): boolean
}

function ruleOf(releases: string): Rule {
  if (releases === 'merges' || releases === 'none') return { from: releases, isRelease: () => false }
  if (releases === 'tags') return { from: 'tags', isRelease: (tag, repository) => releaseOf(tag, repository) !== null }
  return { from: 'tags', isRelease: compilePattern(releases) }
}

function readRelease(release: ReleasePayload, config: Config): Deployment[] {
  const repository = config.name ?? release.repository
  const isTag = release.kind === 'tag'
  const rule = ruleOf(config.releases)
  const isRelease = isTag ? rule.isRelease(release.name, repository) : rule.from === 'merges'
  const at = instantOf(release.created)
  if (!isRelease || at === null) return []
  const part = isTag ? releaseOf(release.name, repository) : null
  return [
    {
      id: `${repository}@${release.name}`,
      kind: 'deploy',
      service: config.service ?? (part ? `${repository}/${part}` : repository),
      environment: tierOf(config.environment),
      environment_name: config.environment,
      at,
      started_at: null,
      finished_at: at,
      outcome: 'success',
      repository,
      revision: release.revision,
      ref: isTag ? `refs/tags/${release.name}` : null,
      version: isTag ? release.name : null,
      title: release.subject || release.name,
      url: null,
      actor: release.tagger,
      commit_at: null,
      ref_id: null,
      caused_by: null,
      unplanned: null,
    },
  ]
}

// ---------------------------------------------------------------- asking git

/** All that one command prints, as lines. For commands whose answer is small. */
async function lines(ask: Ask<Config>, args: readonly string[], input?: string): Promise<string[]> {
  const printed: Buffer[] = []
  const options = { signal: ask.signal, ...(input === undefined ? {} : { input }) }
  for await (const chunk of ask.git(ask.config.path, args, options)) printed.push(chunk)
  const bytes = Buffer.concat(printed)
  if (isUtf8(bytes)) return bytes.toString('utf8').split('\n').slice(0, -1)
  return bytes.toString('latin1').split('\n').slice(0, -1).map(readText)
}

/** Bytes (here one character each) as text: UTF-8, else Latin-1, which always reads. */
function readText(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes
}

/** A path names a file, so two paths must stay two: bytes that are not UTF-8 are written as git writes them, `caf\351`. */
function readPath(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  if (isUtf8(buffer)) return buffer.toString('utf8')
  return bytes.replaceAll(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0).toString(8)}`)
}

/** The answer of a question that git answers with a failure when there is nothing. */
async function answer(ask: Ask<Config>, args: readonly string[]): Promise<string | null> {
  try {
    return (await lines(ask, args))[0] ?? null
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return null
  }
}

function isGitFailure(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'git'
}

/** Names as object ids, null where the repository has no such object. A name must be free of newlines. */
async function resolve(ask: Ask<Config>, names: readonly string[]): Promise<(string | null)[]> {
  if (names.length === 0) return []
  const found = await lines(ask, ['cat-file', '--batch-check=%(objectname)'], names.map((name) => `${name}\n`).join(''))
  return found.map((answered) => (HASH.test(answered) ? answered : null))
}

/** Those of these ids that the repository has. Unlike `cat-file`, `rev-list` can be told not to fetch what a partial clone lacks. */
async function present(ask: Ask<Config>, ids: readonly string[], options: readonly string[] = []): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const quiet = ['--no-walk=unsorted', '--ignore-missing', '--missing=allow-any', '--stdin']
  return new Set(await lines(ask, ['rev-list', ...options, ...quiet], `${ids.join('\n')}\n`))
}

/** `git@host:owner/name.git`, `https://user:token@host/owner/name` → `owner/name`; null for a path on a disk. */
export function repositoryOf(remote: string): string | null {
  const path = /^(?:https?|ssh|git):\/\/[^/]+\/+(.+)$/.exec(remote)?.[1] ?? /^[^/\\:]{2,}:(?!\/\/)\/?(.+)$/.exec(remote)?.[1]
  const name = path
    ?.replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/^scm\/|(?<=\/)_git\//, '')
  return name || null
}

/** The remote's address without anything that opens it: no user, password, query. Null for a path on a disk. */
export function addressOf(remote: string): string | null {
  const scp = /^(?:[^/\\:]*@)?([^/\\:@]{2,}):(?!\/\/)\/?(.+)$/.exec(remote)
  const text = scp ? `ssh://${scp[1]}/${scp[2]}` : remote
  if (!/^(?:https?|ssh|git):\/\//.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return url.href
}

/** What the repository calls itself. The questions are asked at once: each costs the start of a process. */
async function identify(ask: Ask<Config>): Promise<z.output<typeof repositoryPayload>> {
  const [directories, remote, originHead, head] = await Promise.all([
    lines(ask, ['rev-parse', '--path-format=absolute', '--git-common-dir']),
    answer(ask, ['config', '--get', 'remote.origin.url']),
    answer(ask, ['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD']),
    answer(ask, ['symbolic-ref', '--quiet', 'HEAD']),
  ])
  const folder = (directories[0] ?? '')
    .replaceAll('\\', '/')
    .replace(/\/\.git$/, '')
    .split('/')
    .at(-1)
    ?.replace(/\.git$/, '')
  const repository = ask.config.name ?? repositoryOf(remote ?? '') ?? (folder || 'repository')
  return {
    repository,
    title: repository.split('/').at(-1) ?? repository,
    url: addressOf(remote ?? ''),
    default_branch: ask.config.branch ?? (originHead ?? head)?.replace(/^refs\/(?:heads|remotes\/origin)\//, '') ?? null,
  }
}

function placesOf(branch: string): string[] {
  return [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`]
}

/** The commits that the branch stands at, local and remote; none in a repository without commits. */
async function branchTips(ask: Ask<Config>): Promise<string[]> {
  const { branch } = ask.config
  const origin = branch === undefined ? await answer(ask, ['symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD']) : null
  const named = branch ?? origin?.replace('refs/remotes/origin/', '')
  // Either all tips of one attempt, or the next attempt. A HEAD on a branch that was never born is common in mirrors.
  const attempts = [
    named === undefined ? [] : placesOf(named),
    [branch ?? 'HEAD'],
    ...(branch === undefined ? [placesOf('main'), placesOf('master')] : []),
  ]
  for (const attempt of attempts) {
    const tips = (
      await resolve(
        ask,
        attempt.map((name) => `${name}^{commit}`),
      )
    ).filter((sha) => sha !== null)
    if (tips.length > 0) return [...new Set(tips)]
  }
  if (branch !== undefined && (await lines(ask, ['for-each-ref', '--count=1', '--format=%(refname)'])).length > 0)
    throw new AppError('git', `${ask.config.path} has no branch ${branch}.`, {
      help: '`git branch --all` lists them. Set `branch` to one of these, or leave it out for the default branch.',
    })
  return []
}

const TAG_FIELDS = ['refname:lstrip=2', 'objectname', 'creatordate:unix', 'taggername', 'objecttype', 'contents:subject', 'type']

/** The tags that point at a commit, directly or through other tags. */
async function tags(ask: Ask<Config>): Promise<Release[]> {
  const format = TAG_FIELDS.map((field) => `%(${field})`).join('%00')
  const printed = await lines(ask, ['for-each-ref', `--format=${format}`, 'refs/tags'])
  // A tag of a file is never asked for its commit: a partial clone may lack the file, and git would stop there.
  const found = printed.map((tag) => tag.split('\0')).filter((tag) => tag[4] === 'commit' || tag[6] === 'commit' || tag[6] === 'tag')
  const targets = found.map((tag) => `${tag[1]}^{commit}`)
  const revisions = await resolve(ask, targets)
  const releases = found.flatMap(([name = '', , created = '', tagger = '', type, subject = ''], index) => {
    const revision = revisions[index]
    // A lightweight tag has no subject of its own: git gives the commit's.
    return revision
      ? [{ kind: 'tag' as const, name, revision, created, subject: type === 'tag' ? subject : '', tagger: tagger || null }]
      : []
  })
  // A tag from before git kept taggers has no date: then the commit's.
  const undated = [...new Set(releases.filter(({ created }) => created === '').map(({ revision }) => revision))]
  if (undated.length === 0) return releases
  const dates = new Map((await history(ask, undated, ['--no-walk=unsorted'])).map(({ name, created }) => [name, created]))
  return releases.map((release) => (release.created === '' ? { ...release, created: dates.get(release.revision) ?? '' } : release))
}

/** Commits without their changes, as `git rev-list` walks to them. */
async function history(ask: Ask<Config>, revisions: readonly string[], options: readonly string[]): Promise<Release[]> {
  const format = ['--format=tformat:%H %ct %s', '--encoding=UTF-8']
  const printed = await lines(ask, ['rev-list', '--stdin', ...format, ...options], `${revisions.join('\n')}\n`)
  return printed
    .filter((text) => !text.startsWith('commit '))
    .map((text) => {
      const [name = '', created = ''] = text.split(' ', 2)
      return { kind: 'merge', name, revision: name, created, subject: text.slice(name.length + created.length + 2), tagger: null }
    })
}

// ---------------------------------------------------------------- changes of commits

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

interface Found {
  readonly commit: Omit<CommitPayload, 'repository'>
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
async function readChanges(ask: Ask<Config>, signal: AbortSignal, kind: Kind, shas: readonly string[]): Promise<Found[]> {
  if (shas.length === 0) return []
  const found: Found[] = []
  let header: string[] | null = null
  let file: FileChange | null = null
  let paths = 0
  const printed = ask.git(ask.config.path, CHANGES[kind], { signal, input: `${shas.join('\n')}\n` })
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

function readHeader(header: readonly string[]): Found['commit'] {
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

function totals({ parents, files }: Found['commit'], kind: Kind) {
  if (kind !== 'counted' && kind !== 'named' && parents.length < 2) return { additions: null, deletions: null, files_changed: null }
  // Of counted changes a null is a binary file, which adds no lines; of named ones it is a file that is not there to count.
  const sum = (side: 'additions' | 'deletions') =>
    files.reduce<number | null>(
      (total, file) => (total === null || (file[side] === null && kind === 'named') ? null : total + (file[side] ?? 0)),
      0,
    )
  return { additions: sum('additions'), deletions: sum('deletions'), files_changed: files.length }
}

interface Node {
  readonly sha: string
  readonly parents: readonly string[]
}

/** Changes of these commits, as far as their objects are there: counted, else named, else none. */
async function readCommits(ask: Ask<Config>, signal: AbortSignal, nodes: readonly Node[]): Promise<Found[]> {
  const shas = nodes.map(({ sha }) => sha)
  try {
    return await readChanges(ask, signal, 'counted', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
  }
  // A partial clone: git stops at the first file that it lacks. So ask what is there first, then count where nothing is missing.
  const treeless = await withoutTree(ask, nodes)
  const whole = nodes.filter(({ sha, parents }) => !treeless.has(sha) && !treeless.has(parents[0] ?? sha)).map(({ sha }) => sha)
  const named = await readNamed(ask, signal, whole)
  const there = await present(ask, [...new Set(named.flatMap(({ blobs }) => blobs))], ['--objects', '--no-object-names'])
  const countable = named.filter(({ blobs }) => blobs.every((blob) => there.has(blob))).map(({ commit }) => commit.sha)
  const counted = await readChanges(ask, signal, 'counted', countable).catch((thrown: unknown) => {
    if (!isGitFailure(thrown)) throw thrown
    return []
  })
  const best = new Map([...named, ...counted].map((found) => [found.commit.sha, found]))
  const unread = shas.filter((sha) => !best.has(sha))
  const rest = await readHeaders(ask, signal, unread)
  for (const found of rest) best.set(found.commit.sha, found)
  ask.log.warn('git.objects-missing', { repository: ask.config.path, commits: shas.length, uncounted: shas.length - counted.length })
  return shas.flatMap((sha) => best.get(sha) ?? [])
}

async function readHeaders(ask: Ask<Config>, signal: AbortSignal, shas: readonly string[]): Promise<Found[]> {
  try {
    return await readChanges(ask, signal, 'none', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return readChanges(ask, signal, 'unmapped', shas)
  }
}

/** Of these commits and their first parents, those whose files are not even listed. */
async function withoutTree(ask: Ask<Config>, nodes: readonly Node[]): Promise<Set<string>> {
  const commits = [...new Set(nodes.flatMap(({ sha, parents }) => [sha, ...parents.slice(0, 1)])), ''].join('\n')
  const [listed, headers] = await Promise.all([
    lines(ask, ['rev-list', '--objects', '--no-walk=unsorted', '--filter=tree:1', '--missing=print', '--stdin'], commits),
    lines(ask, ['rev-list', '--no-walk=unsorted', '--format=tformat:%H %T', '--stdin'], commits),
  ])
  const gone = new Set(listed.filter((text) => text.startsWith('?')).map((text) => text.slice(1)))
  return new Set(headers.map((text) => text.split(' ')).flatMap(([sha = '', tree = '']) => (gone.has(tree) ? [sha] : [])))
}

/** Named changes; a commit whose folders are missing is left out, found by halving. */
async function readNamed(ask: Ask<Config>, signal: AbortSignal, shas: readonly string[]): Promise<Found[]> {
  try {
    return await readChanges(ask, signal, 'named', shas)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    if (shas.length === 1) return []
  }
  const half = shas.length >> 1
  return [...(await readNamed(ask, signal, shas.slice(0, half))), ...(await readNamed(ask, signal, shas.slice(half)))]
}

// ---------------------------------------------------------------- streams

/** Parents before children, so that whatever has been given is closed under ancestry and its tips are a cursor. 30 ms for 6,000 commits. */
const WALK = ['rev-list', '--topo-order', '--reverse']
/**
 * A page is what one process is asked for. Each start costs about 15 ms of processor time (its caches are cold), two processes
 * on two cores halve the wait: measured on 6,400 commits 1.1 s with one process at a time, 0.7 s with two.
 */
const SHARES = 6
const LEAST_COMMITS = 500
const MOST_COMMITS = 2000
const PROCESSES = Math.min(availableParallelism(), 4)
const RELEASES_A_PAGE = 1000

/** Runs jobs beside each other and gives their results in order; at most `width` results are started or waiting. */
async function* inOrder<T, R>(jobs: readonly T[], width: number, run: (job: T) => Promise<R>): AsyncGenerator<R> {
  const started: Promise<R>[] = []
  for (const [index, job] of jobs.entries()) {
    const result = run(job)
    // It is awaited below, when its turn comes; until then a failure is not unhandled.
    result.catch(() => {})
    started.push(result)
    if (index + 1 < width) continue
    const first = started.shift()
    if (first) yield await first
  }
  for (const result of started) yield await result
}

const commitCursor = z.object({
  /** Everything that these commits reach has been given. */
  tips: z.array(z.string().regex(HASH)),
  /** What was read with another `.mailmap` or behind another shallow edge reads differently now. */
  mailmap: z.string().nullable(),
  edge: z.string().nullable(),
})

const releaseCursor = z.object({ rule: z.enum(['tags', 'merges']), seen: z.array(z.string().regex(/^[\w-]+$/)) })

/** A cursor that cannot be read starts again from nothing: everything is pulled once more, and means the same. */
function readCursor<T>(schema: z.ZodType<T>, cursor: string | null): T | null {
  if (cursor === null) return null
  try {
    return schema.safeParse(JSON.parse(cursor)).data ?? null
  } catch {
    return null
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}

/** The true parents of the commits at the edge of a shallow clone, where git itself shows none. */
async function shallowEdge(ask: Ask<Config>, tips: readonly string[]): Promise<Map<string, string[]>> {
  const edge = new Map<string, string[]>()
  if ((await lines(ask, ['rev-parse', '--is-shallow-repository']))[0] !== 'true') return edge
  const roots = await lines(ask, ['rev-list', '--max-parents=0', '--stdin'], `${tips.join('\n')}\n`)
  let parents: string[] = []
  for (const text of await lines(ask, ['rev-list', '--no-walk=unsorted', '--format=raw', '--stdin'], `${roots.join('\n')}\n`)) {
    const [field, value = ''] = text.split(' ', 2)
    if (field === 'commit') edge.set(value, (parents = []))
    if (field === 'parent') parents.push(value)
  }
  for (const [sha, parents] of edge) if (parents.length === 0) edge.delete(sha)
  return edge
}

async function* pullCommits(ask: Ask<Config>): AsyncGenerator<Page> {
  const rule = ruleOf(ask.config.releases)
  const cursor = readCursor(commitCursor, ask.cursor)
  const [{ repository }, releases, branch, mailmap, given] = await Promise.all([
    identify(ask),
    rule.from === 'tags' ? tags(ask) : [],
    branchTips(ask),
    answer(ask, ['rev-parse', '--quiet', '--verify', 'HEAD:.mailmap']),
    // A tip that is gone (a force push, then gc) is left out: what only it reached is given again.
    present(ask, cursor?.tips ?? []),
  ])
  const released = releases.filter(({ name }) => rule.isRelease(name, repository)).map(({ revision }) => revision)
  const tips = [...new Set([...branch, ...released])]
  if (tips.length === 0) return

  const edge = await shallowEdge(ask, tips)
  const reading = { mailmap, edge: edge.size === 0 ? null : digest([...edge.keys()].sort().join()) }
  const isSameReading = cursor?.mailmap === reading.mailmap && cursor.edge === reading.edge
  const frontier = isSameReading ? given : new Set<string>()
  const revisions = [...tips, ...[...frontier].map((tip) => `^${tip}`), '']
  const nodes = (await lines(ask, [...WALK, '--parents', '--stdin'], revisions.join('\n'))).map((text): Node => {
    const [sha = '', ...parents] = text.split(' ')
    return { sha, parents }
  })

  const size = Math.max(LEAST_COMMITS, Math.min(Math.ceil(nodes.length / SHARES), MOST_COMMITS))
  const pages = Array.from({ length: Math.ceil(nodes.length / size) }, (_, page) => nodes.slice(page * size, (page + 1) * size))
  const stop = new AbortController()
  const signal = AbortSignal.any([ask.signal, stop.signal])
  let done = 0
  try {
    for await (const { page, commits } of inOrder(pages, PROCESSES + 1, async (page) => ({
      page,
      commits: await readPage(ask, signal, page, edge),
    }))) {
      for (const { sha, parents } of page) {
        for (const parent of parents) frontier.delete(parent)
        frontier.add(sha)
      }
      done += page.length
      ask.progress(done, nodes.length, 'commits')
      const items = commits.map((commit) =>
        item(commit.sha, instantOf(commit.committed), { repository, ...commit } satisfies CommitPayload),
      )
      yield { items, cursor: JSON.stringify({ tips: [...frontier], ...reading }) }
    }
  } finally {
    stop.abort()
  }
}

async function readPage(ask: Ask<Config>, signal: AbortSignal, page: Node[], edge: Map<string, string[]>): Promise<Found['commit'][]> {
  // A commit at the shallow edge would seem to add every file there is; what it changed is not known.
  const isCut = ({ sha }: Node) => edge.has(sha)
  const cut = page.filter(isCut).map(({ sha }) => sha)
  const whole = page.filter((node) => !isCut(node))
  const [atEdge, inside] = [await readHeaders(ask, signal, cut), await readCommits(ask, signal, whole)]
  if (cut.length === 0) return inside.map(({ commit }) => commit)
  const found = new Map([...atEdge, ...inside].map(({ commit }) => [commit.sha, commit]))
  return page.flatMap(({ sha }) => {
    const commit = found.get(sha)
    return commit ? [{ ...commit, parents: edge.get(sha) ?? commit.parents }] : []
  })
}

async function* pullReleases(ask: Ask<Config>): AsyncGenerator<Page> {
  const { from } = ruleOf(ask.config.releases)
  if (from === 'none') return
  const cursor = readCursor(releaseCursor, ask.cursor)
  const seen = cursor?.rule === from ? cursor.seen : []
  const [{ repository }, found] = await Promise.all([identify(ask), from === 'tags' ? newTags(ask, seen) : newMerges(ask, seen)])
  // git does not say when a tag was put where it is.
  const items = found.releases.map((release) => item(idOf(release), null, { repository, ...release } satisfies ReleasePayload))
  for (let start = 0; start < items.length; start += RELEASES_A_PAGE) {
    const end = Math.min(start + RELEASES_A_PAGE, items.length)
    ask.progress(end, items.length, 'releases')
    yield { items: items.slice(start, end), cursor: end === items.length ? JSON.stringify({ rule: from, seen: found.seen }) : null }
  }
}

function idOf({ kind, name }: Release): string {
  return kind === 'tag' ? `refs/tags/${name}` : name
}

interface NewReleases {
  readonly releases: Release[]
  readonly seen: string[]
}

/** All tags, not only those of the rule: another rule then needs a replay and no pull. A tag that was moved is new. */
async function newTags(ask: Ask<Config>, seen: readonly string[]): Promise<NewReleases> {
  const before = new Set(seen)
  const found = (await tags(ask)).map((release) => ({ release, digest: digest(JSON.stringify(release)) }))
  return {
    releases: found.filter(({ digest }) => !before.has(digest)).map(({ release }) => release),
    seen: found.map(({ digest }) => digest),
  }
}

async function newMerges(ask: Ask<Config>, seen: readonly string[]): Promise<NewReleases> {
  const [tips, known] = await Promise.all([
    branchTips(ask),
    present(
      ask,
      seen.filter((sha) => HASH.test(sha)),
    ),
  ])
  if (tips.length === 0) return { releases: [], seen: [] }
  const revisions = [...tips, ...[...known].map((sha) => `^${sha}`)]
  return { releases: await history(ask, revisions, ['--first-parent', '--merges', '--topo-order', '--reverse']), seen: tips }
}

async function* pullRepository(ask: Ask<Config>): AsyncGenerator<Page> {
  const repository = await identify(ask)
  const cursor = digest(JSON.stringify(repository))
  if (cursor !== ask.cursor) yield { items: [item(repository.repository, null, repository)], cursor }
}

/** A release of a shallow clone ships an unknown part of history, so each trouble is named before the first pull. */
async function check(ask: Ask<Config>): Promise<Check> {
  const missing: string[] = []
  try {
    const [shallow] = await lines(ask, ['rev-parse', '--is-shallow-repository'])
    if (shallow === 'true') missing.push('The clone is shallow, so older commits are missing: run `git fetch --unshallow` in it.')
    if (await answer(ask, ['config', '--get-regexp', '^remote\\..*\\.promisor$']))
      missing.push('The clone is partial, so line counts of older commits may be missing: run `git fetch --refetch --no-filter` in it.')
    if ((await branchTips(ask)).length === 0) missing.push('The repository has no commits yet.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!isGitFailure(thrown) || !(thrown instanceof AppError)) throw thrown
    return { ok: false, missing: [`${thrown.message} ${thrown.help ?? ''}`.trim()] }
  }
}

// ---------------------------------------------------------------- patterns

type Test = (character: string) => boolean
/** Adds a part of the pattern in front of state `next` and gives the state that it begins with. */
type Part = (next: number) => number

const CLASSES: Record<string, Test> = {
  d: (c) => c >= '0' && c <= '9',
  w: (c) => /[A-Za-z0-9_]/.test(c),
  s: (c) => /\s/.test(c),
}
const MOST_STATES = 1000

/**
 * A regular expression that cannot hang. JavaScript's own engine backtracks, and a pattern such as `(a+)+$` takes it for ever;
 * this one walks all states at once (Thompson), so a name of n characters costs at most n × MOST_STATES steps.
 * It knows what a tag needs: literals, `.`, classes, `\d \w \s`, groups, `|`, `* + ? {n,m}`, `^` and `$`.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const states: { test: Test | '^' | '$' | null; to: number[] }[] = []
  const input = [...pattern]
  let at = 0
  const refuse = (what: string): never => {
    throw new AppError('invalid-input', `The pattern ${pattern} ${what}.`, {
      help: 'Write a simpler expression, such as `^v\\d+\\.\\d+\\.\\d+$`.',
    })
  }
  const eat = (character: string) => input[at] === character && ++at > 0
  const state = (test: Test | '^' | '$' | null, ...to: number[]) => {
    if (states.length >= MOST_STATES) refuse('is too large')
    return states.push({ test, to }) - 1
  }

  const alternatives = (): Part => {
    const options = [sequence()]
    while (eat('|')) options.push(sequence())
    return (next) => state(null, ...options.map((option) => option(next)))
  }
  const sequence = (): Part => {
    const parts: Part[] = []
    while (at < input.length && input[at] !== '|' && input[at] !== ')') parts.push(repeated())
    return (next) => parts.reduceRight((rest, part) => part(rest), next)
  }
  const repeated = (): Part => {
    const part = atom()
    let [least, most] = [1, 1]
    if (eat('*')) [least, most] = [0, Infinity]
    else if (eat('+')) [least, most] = [1, Infinity]
    else if (eat('?')) [least, most] = [0, 1]
    else if (eat('{')) {
      const end = input.indexOf('}', at)
      const found = /^(\d{1,3})(,(\d{1,3})?)?$/.exec(input.slice(at, end).join(''))
      if (end < 0 || found === null) return refuse('has a { that is no count; write \\{')
      at = end + 1
      least = Number(found[1])
      most = found[2] === undefined ? least : found[3] === undefined ? Infinity : Number(found[3])
    } else return part
    if (most < least) refuse('has a count that ends before it begins')
    eat('?') // Lazy or greedy: the question is only whether there is a match.
    if ('*+?{'.includes(input[at] ?? ' ')) refuse('repeats a repetition')
    return (next) => {
      let start = next
      if (most === Infinity) {
        start = state(null)
        states[start]?.to.push(part(start), next)
      } else for (let count = least; count < most; count++) start = state(null, part(start), next)
      for (let count = 0; count < least; count++) start = part(start)
      return start
    }
  }
  const atom = (): Part => {
    const character = input[at++] ?? ''
    if (character === '(') {
      if (eat('?') && !eat(':')) refuse('looks around or names a group')
      const inside = alternatives()
      if (!eat(')')) refuse('has a ( that is not closed')
      return inside
    }
    if (character === '^' || character === '$') return (next) => state(character, next)
    if ('*+?{'.includes(character)) refuse(`repeats nothing with ${character}`)
    const test =
      character === '['
        ? charactersOf()
        : character === '.'
          ? () => true
          : character === '\\'
            ? escape().test
            : (c: string) => c === character
    return (next) => state(test, next)
  }
  const escape = (): { test: Test; literal: string | null } => {
    const character = input[at++] ?? refuse('ends with \\')
    const known = CLASSES[character.toLowerCase()]
    if (known) return { test: character === character.toLowerCase() ? known : (c) => !known(c), literal: null }
    if (/[A-Za-z0-9]/.test(character)) refuse(`uses \\${character}`)
    return { test: (c) => c === character, literal: character }
  }
  const charactersOf = (): Test => {
    const isNegated = eat('^')
    const tests: Test[] = []
    while (!eat(']')) {
      if (at >= input.length) refuse('has a [ that is not closed')
      const first = eat('\\') ? escape() : { literal: input[at++] ?? '', test: null }
      const isRange = input[at] === '-' && input[at + 1] !== ']' && at + 1 < input.length
      if (!isRange) {
        tests.push(first.test ?? ((c) => c === first.literal))
        continue
      }
      at++
      const [low, high] = [first.literal, eat('\\') ? escape().literal : (input[at++] ?? null)]
      if (low === null || high === null || low > high) return refuse('has a range that ends before it begins')
      tests.push((c) => c >= low && c <= high)
    }
    return (c) => tests.some((test) => test(c)) !== isNegated
  }

  const whole = alternatives()
  if (at < input.length) refuse('has a ) that opens nowhere')
  const end = state(null)
  const start = whole(end)

  return (text) => {
    const characters = [...text]
    let current = new Set<number>()
    for (let index = 0; index <= characters.length; index++) {
      // A match may begin at every character; a Set that grows while it is walked gives each state one turn.
      current.add(start)
      for (const id of current) {
        const { test, to } = states[id] ?? { test: null, to: [] }
        const isOpen = test === null || (test === '^' && index === 0) || (test === '$' && index === characters.length)
        if (isOpen) for (const next of to) current.add(next)
      }
      if (current.has(end)) return true
      const following = new Set<number>()
      const character = characters[index] ?? ''
      for (const id of current) {
        const { test, to } = states[id] ?? { test: null, to: [] }
        if (typeof test === 'function' && test(character)) for (const next of to) following.add(next)
      }
      current = following
    }
    return false
  }
}

// ---------------------------------------------------------------- the connector

export default defineConnector<Config>({
  title: 'Git repository',
  docs,
  config,
  streams: {
    repository: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: repositoryPayload,
      pull: pullRepository,
      rows: ({ repository, title, url, default_branch }, _, { name }) => ({
        repositories: [{ id: name ?? repository, title, url, default_branch }],
      }),
    }),
    commits: defineStream({
      produces: ['commits', 'commit_files'],
      order: 'ascending',
      payload: commitPayload,
      pull: pullCommits,
      rows: (commit, _, { name }) => readCommit(commit, name ?? commit.repository),
    }),
    releases: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: releasePayload,
      pull: pullReleases,
      rows: (release, _, config) => ({ deployments: readRelease(release, config) }),
    }),
  },
  check,
})
