import { createHash } from 'node:crypto'
import { RE2JS } from 're2js'
import { z } from 'zod'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { LATEST_MS, rowOf } from '../domain/entity.ts'
import { tierOf } from '../domain/environment.ts'
import { parseMailmap } from '../domain/mailmap.ts'
import { releaseOf } from '../domain/release-tag.ts'
import { defineConnector, defineStream, pulled, type Ask, type Check, type Page } from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { answer, HASH, isGitFailure, present, readText, type Repository } from '../src/git/ask.ts'
import { readHistory, shallowEdge } from '../src/git/history.ts'
import { branchTips, FIRST_PARENT_MERGES, readBranches, readIdentity, readMerges, readTags, type Release } from '../src/git/refs.ts'
import { readCursor } from '../src/paging.ts'

const docs = `Reads a git repository on this machine: a work tree or a folder inside it, a bare repository, a worktree, a submodule. Nothing is written to it and nothing is fetched into it; fetch it yourself as often as you like, and each pull reads only what is new.

**Branch.** Without \`branch\`, the default branch as \`origin/HEAD\` names it (the local branch of that name too), else \`HEAD\`. Commits are those of this branch and of every release tag. A merge commit changes no lines of its own. Names and addresses are those after \`.mailmap\`, which also says which addresses are one person's.

**Releases.** Each release counts as a successful deployment to production. \`releases\` says what a release is:
- \`tags\` (default): a tag that is a version, alone or behind a name: \`v1.2.3\`, \`2024.05.01\`, \`release-7\`, \`api@1.4.0\`, \`api/v1.4.0\`, \`api-v1.4.0\`. Behind a name other than \`v\`, \`version\`, \`release\` and the like, the version needs a dot. Pre-releases do not count: alpha, beta, rc, dev, pre, preview, canary, nightly, snapshot, next, test.
- a regular expression ([RE2](https://github.com/google/re2/wiki/Syntax)): each tag with a match, pre-releases too. It knows no look-around and no back-references, so that no expression can take long.
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

const mailmapPayload = z.object({ repository: z.string(), text: z.string() })

// ---------------------------------------------------------------- rows

/** git's seconds since 1970 as an instant, null when it printed none. A moment beyond the store's years becomes the last one that it holds. */
function instantOf(seconds: string): string | null {
  const millis = seconds === '' ? Number.NaN : Number(seconds) * 1000
  return millis >= 0 ? new Date(Math.min(millis, LATEST_MS)).toISOString() : null
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

function readRelease(release: ReleasePayload, config: Config): Deployment[] {
  const repository = config.name ?? release.repository
  const isTag = release.kind === 'tag'
  const rule = ruleOf(config.releases)
  const isRelease = isTag ? rule.isRelease(release.name, repository) : rule.from === 'merges'
  const at = instantOf(release.created)
  if (!isRelease || at === null) return []
  const part = isTag ? releaseOf(release.name, repository) : null
  return [
    rowOf(deployment, {
      id: `${repository}@${release.name}`,
      kind: 'deploy',
      service: config.service ?? (part ? `${repository}/${part}` : repository),
      environment: tierOf(config.environment),
      environment_name: config.environment,
      at,
      finished_at: at,
      outcome: 'success',
      repository,
      revision: release.revision,
      ref: isTag ? `refs/tags/${release.name}` : null,
      version: isTag ? release.name : null,
      title: release.subject || release.name,
      actor: release.tagger,
    }),
  ]
}

// ---------------------------------------------------------------- what a release is

interface Rule {
  readonly from: 'tags' | 'merges' | 'none'
  isRelease(tag: string, repository: string): boolean
}

function ruleOf(releases: string): Rule {
  if (releases === 'merges' || releases === 'none') return { from: releases, isRelease: () => false }
  if (releases === 'tags') return { from: 'tags', isRelease: (tag, repository) => releaseOf(tag, repository) !== null }
  const pattern = patternOf(releases)
  return { from: 'tags', isRelease: (tag) => pattern.test(tag) }
}

/** RE2, since JavaScript's own engine backtracks: a pattern such as `(a+)+$` would hold up the server for ever. */
function patternOf(text: string): RE2JS {
  try {
    return RE2JS.compile(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace('error parsing regexp: ', '') : String(cause)
    throw new AppError('invalid-input', `The pattern ${text} cannot be used: ${reason}.`, {
      help: 'Write a simpler expression, such as `^v\\d+\\.\\d+\\.\\d+$`.',
      cause,
    })
  }
}

// ---------------------------------------------------------------- asking git

function repositoryOf({ config, git, signal, log }: Ask<Config>): Repository {
  return { path: config.path, git, signal, log }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}

async function* pullRepository(ask: Ask<Config>): AsyncGenerator<Page> {
  const [identity, branches] = await Promise.all([readIdentity(repositoryOf(ask)), readBranches(repositoryOf(ask))])
  const repository = ask.config.name ?? identity.name
  const payload = {
    repository,
    title: repository.split('/').at(-1) ?? repository,
    url: identity.url,
    default_branch: ask.config.branch ?? branches.defaultBranch,
  } satisfies z.output<typeof repositoryPayload>
  const cursor = digest(JSON.stringify(payload))
  if (cursor !== ask.cursor) yield { items: [pulled(repository, null, payload)], cursor }
}

const MOST_MAILMAP_BYTES = 1_000_000

/** `.mailmap` as `HEAD` has it. Where it is taken out again, an empty one takes its place. */
async function* pullMailmap(ask: Ask<Config>): AsyncGenerator<Page> {
  const asked = repositoryOf(ask)
  const [identity, blob] = await Promise.all([readIdentity(asked), answer(asked, ['rev-parse', '--quiet', '--verify', 'HEAD:.mailmap'])])
  const cursor = blob ?? 'none'
  if (cursor === ask.cursor || (blob === null && ask.cursor === null)) return
  const text = blob === null ? '' : await textOf(asked, blob)
  if (text === null) return
  const repository = ask.config.name ?? identity.name
  yield { items: [pulled(repository, null, { repository, text } satisfies z.output<typeof mailmapPayload>)], cursor }
}

/** Null for a file that a partial clone lacks, and for one that no person has written. */
async function textOf(asked: Repository, blob: string): Promise<string | null> {
  const printed: Buffer[] = []
  try {
    if (Number(await answer(asked, ['cat-file', '-s', blob])) > MOST_MAILMAP_BYTES) return null
    for await (const chunk of asked.git(asked.path, ['cat-file', 'blob', blob], { signal: asked.signal })) printed.push(chunk)
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return null
  }
  return readText(Buffer.concat(printed).toString('latin1'))
}

const commitCursor = z.object({
  /** Everything that these commits reach has been given. */
  tips: z.array(z.string().regex(HASH)),
  /** What was read with another `.mailmap` or behind another shallow edge reads differently now. */
  mailmap: z.string().nullable(),
  edge: z.string().nullable(),
})

async function* pullCommits(ask: Ask<Config>): AsyncGenerator<Page> {
  const asked = repositoryOf(ask)
  const rule = ruleOf(ask.config.releases)
  const cursor = readCursor(commitCursor, ask.cursor)
  const [identity, branch, tags, mailmap, given] = await Promise.all([
    readIdentity(asked),
    readBranches(asked).then((branches) => branchTips(asked, branches, ask.config.branch)),
    rule.from === 'tags' ? readTags(asked) : [],
    answer(asked, ['rev-parse', '--quiet', '--verify', 'HEAD:.mailmap']),
    // A tip that is gone (a force push, then gc) is left out: what only it reached is given again.
    present(asked, cursor?.tips ?? []),
  ])
  const repository = ask.config.name ?? identity.name
  const released = tags.filter(({ name }) => rule.isRelease(name, repository)).map(({ revision }) => revision)
  const tips = [...new Set([...branch, ...released])]
  if (tips.length === 0) return

  const edge = identity.isShallow ? await shallowEdge(asked, tips) : new Map<string, string[]>()
  const reading = { mailmap, edge: edge.size === 0 ? null : digest([...edge.keys()].sort().join()) }
  const isSameReading = cursor?.mailmap === reading.mailmap && cursor.edge === reading.edge
  for await (const page of readHistory(asked, { tips, seen: isSameReading ? given : new Set(), edge })) {
    ask.progress(page.done, page.total, 'commits')
    const items = page.commits.map((commit) =>
      pulled(commit.sha, instantOf(commit.committed), { repository, ...commit } satisfies CommitPayload),
    )
    yield { items, cursor: JSON.stringify({ tips: page.tips, ...reading }) }
  }
}

const releaseCursor = z.object({ rule: z.enum(['tags', 'merges']), seen: z.array(z.string().regex(/^[\w-]+$/)) })
const RELEASES_A_PAGE = 1000

async function* pullReleases(ask: Ask<Config>): AsyncGenerator<Page> {
  const { from } = ruleOf(ask.config.releases)
  if (from === 'none') return
  const cursor = readCursor(releaseCursor, ask.cursor)
  const seen = cursor?.rule === from ? cursor.seen : []
  const [identity, found] = await Promise.all([
    readIdentity(repositoryOf(ask)),
    from === 'tags' ? newTags(repositoryOf(ask), seen) : newMerges(repositoryOf(ask), seen, ask.config.branch),
  ])
  const repository = ask.config.name ?? identity.name
  // git does not say when a tag was put where it is.
  const items = found.releases.map((release) =>
    pulled(release.kind === 'tag' ? `refs/tags/${release.name}` : release.name, null, { repository, ...release } satisfies ReleasePayload),
  )
  for (let start = 0; start < items.length; start += RELEASES_A_PAGE) {
    const end = Math.min(start + RELEASES_A_PAGE, items.length)
    ask.progress(end, items.length, 'releases')
    yield { items: items.slice(start, end), cursor: end === items.length ? JSON.stringify({ rule: from, seen: found.seen }) : null }
  }
}

interface NewReleases {
  readonly releases: Release[]
  readonly seen: string[]
}

/** All tags, not only those of the rule: another rule then needs a replay and no pull. A tag that was moved is new. */
async function newTags(asked: Repository, seen: readonly string[]): Promise<NewReleases> {
  const before = new Set(seen)
  const found = (await readTags(asked)).map((release) => ({ release, digest: digest(JSON.stringify(release)) }))
  return {
    releases: found.filter(({ digest }) => !before.has(digest)).map(({ release }) => release),
    seen: found.map(({ digest }) => digest),
  }
}

async function newMerges(asked: Repository, seen: readonly string[], branch: string | undefined): Promise<NewReleases> {
  const standing = seen.filter((sha) => HASH.test(sha))
  const [tips, known] = await Promise.all([
    readBranches(asked).then((branches) => branchTips(asked, branches, branch)),
    present(asked, standing),
  ])
  if (tips.length === 0) return { releases: [], seen: [] }
  return { releases: await readMerges(asked, [...tips, ...[...known].map((sha) => `^${sha}`)], FIRST_PARENT_MERGES), seen: tips }
}

/** A release of a shallow clone ships an unknown part of history, so each trouble is named before the first pull. */
async function check(ask: Ask<Config>): Promise<Check> {
  const asked = repositoryOf(ask)
  const missing: string[] = []
  try {
    const [identity, branches] = await Promise.all([readIdentity(asked), readBranches(asked)])
    if (identity.isShallow) missing.push('The clone is shallow, so older commits are missing: run `git fetch --unshallow` in it.')
    if (await answer(asked, ['config', '--get-regexp', '^remote\\..*\\.promisor$']))
      missing.push('The clone is partial, so line counts of older commits may be missing: run `git fetch --refetch --no-filter` in it.')
    if ((await branchTips(asked, branches, ask.config.branch)).length === 0) missing.push('The repository has no commits yet.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!isGitFailure(thrown)) throw thrown
    return { ok: false, missing: [`${thrown.message} ${thrown.help ?? ''}`.trim()] }
  }
}

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
        repositories: [{ id: name ?? repository, title, url, default_branch, previous_names: [] }],
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
    mailmap: defineStream({
      produces: ['mailmap_entries'],
      order: 'unordered',
      payload: mailmapPayload,
      pull: pullMailmap,
      rows: ({ repository, text }, _, { name }) => ({
        mailmap_entries: parseMailmap(text).map((entry) => ({ ...entry, repository: name ?? repository, old_name: entry.old_name ?? '' })),
      }),
    }),
  },
  check,
})
