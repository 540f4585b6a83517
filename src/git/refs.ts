import { AppError } from '../errors.ts'
import { answer, commitsOf, lines, type Repository } from './ask.ts'

/** What a repository says of itself, asked once at the beginning of a pull. */
export interface Identity {
  /** `owner/name` of the remote, else the name of the folder. */
  readonly name: string
  /** The remote's address without credentials; null when there is none or it is a path. */
  readonly url: string | null
  readonly isShallow: boolean
}

export interface Branches {
  /** The branch that `origin/HEAD` names, else the one that HEAD is on; null for a detached HEAD. */
  readonly defaultBranch: string | null
  /** True when the remote names it: then HEAD may stand elsewhere. */
  readonly isRemote: boolean
  /** Object ids by full name, of local branches and those of origin. */
  readonly tips: ReadonlyMap<string, string>
}

/** A tag that is a release, or a merge that is one. */
export interface Release {
  readonly kind: 'tag' | 'merge'
  /** The name of the tag; of a merge, its sha. */
  readonly name: string
  readonly revision: string
  /** Seconds since 1970, as git prints them. */
  readonly created: string
  readonly subject: string
  readonly tagger: string | null
}

export async function readIdentity(repository: Repository): Promise<Identity> {
  const [told, remote] = await Promise.all([
    lines(repository, ['rev-parse', '--path-format=absolute', '--git-common-dir', '--is-shallow-repository']),
    answer(repository, ['config', '--get', 'remote.origin.url']),
  ])
  const folder = (told[0] ?? '')
    .replaceAll('\\', '/')
    .replace(/\/\.git$/, '')
    .split('/')
    .at(-1)
    ?.replace(/\.git$/, '')
  return { name: repositoryOf(remote ?? '') ?? (folder || 'repository'), url: addressOf(remote ?? ''), isShallow: told.at(-1) === 'true' }
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

const ORIGIN = 'refs/remotes/origin/'

/** Apart from the tags, because these fields are read from the list of refs alone: with twenty thousand branches no object is opened. */
export async function readBranches(repository: Repository): Promise<Branches> {
  const format = '--format=%(objectname) %(HEAD) %(refname) %(symref)'
  const tips = new Map<string, string>()
  let head: string | null = null
  let origin: string | null = null
  for (const text of await lines(repository, ['for-each-ref', format, 'refs/heads', ORIGIN.slice(0, -1)])) {
    const [, id = '', isHead, name = '', target = ''] = /^(\S+) ([* ]) (\S+) (.*)$/.exec(text) ?? []
    tips.set(name, id)
    if (isHead === '*') head = name
    if (name === `${ORIGIN}HEAD` && target.startsWith(ORIGIN)) origin = target.slice(ORIGIN.length)
  }
  // A HEAD on a branch that was never born is in no list.
  head ??= origin === null ? await answer(repository, ['symbolic-ref', '--quiet', 'HEAD']) : null
  return { defaultBranch: origin ?? head?.replace(/^refs\/heads\//, '') ?? null, isRemote: origin !== null, tips }
}

/** The commits that the branch stands at, local and remote; none in a repository without commits. */
export async function branchTips(repository: Repository, branches: Branches, wanted: string | undefined): Promise<string[]> {
  const standing = (name: string | null | undefined) => [
    ...new Set([`refs/heads/${name}`, `${ORIGIN}${name}`].flatMap((ref) => branches.tips.get(ref) ?? [])),
  ]
  const named = standing(wanted ?? (branches.isRemote ? branches.defaultBranch : null))
  if (named.length > 0) return named
  const [exact] = await commitsOf(repository, [wanted ?? 'HEAD'])
  if (exact) return [exact]
  if (wanted === undefined) {
    // A HEAD on a branch that was never born is common in mirrors.
    const usual = ['main', 'master'].map(standing).find((tips) => tips.length > 0)
    return usual ?? []
  }
  if ((await lines(repository, ['for-each-ref', '--count=1', '--format=%(refname)'])).length === 0) return []
  throw new AppError('git', `${repository.path} has no branch ${wanted}.`, {
    help: '`git branch --all` lists them. Set `branch` to one of these, or leave it out for the default branch.',
  })
}

const TAG_FIELDS = ['refname:lstrip=2', 'objecttype', 'objectname', 'type', 'object', 'creatordate:unix', 'taggername', 'contents:subject']

/**
 * The tags that point at a commit, directly or through other tags. A tag tells its target in its own text; asking git to look the
 * target up would make it stop at a tagged file that a partial clone lacks.
 */
export async function readTags(repository: Repository): Promise<Release[]> {
  const format = TAG_FIELDS.map((field) => `%(${field})`).join('%00')
  const nested: { release: { revision: string }; tag: string }[] = []
  const found = (await lines(repository, ['for-each-ref', `--format=${format}`, 'refs/tags'])).flatMap((text) => {
    const [name = '', type, id = '', targetType, target = '', created = '', tagger = '', subject = ''] = text.split('\0')
    const isTag = type === 'tag'
    if ((isTag ? targetType : type) !== 'commit' && targetType !== 'tag') return []
    // A lightweight tag has no subject of its own: git gives the commit's.
    const release = {
      kind: 'tag' as const,
      name,
      revision: isTag ? target : id,
      created,
      subject: isTag ? subject : '',
      tagger: tagger || null,
    }
    if (targetType === 'tag') nested.push({ release, tag: id })
    return [release]
  })
  const behind = await commitsOf(
    repository,
    nested.map(({ tag }) => tag),
  )
  for (const [index, { release }] of nested.entries()) release.revision = behind[index] ?? ''
  const releases = found.filter(({ revision }) => revision !== '')
  // A tag from before git kept taggers has no date: then the commit's.
  const undated = [...new Set(releases.filter(({ created }) => created === '').map(({ revision }) => revision))]
  if (undated.length === 0) return releases
  const dates = new Map((await readMerges(repository, undated, ['--no-walk=unsorted'])).map(({ name, created }) => [name, created]))
  return releases.map((release) => (release.created === '' ? { ...release, created: dates.get(release.revision) ?? '' } : release))
}

/** Merges along the first parents, oldest first. */
export const FIRST_PARENT_MERGES = ['--first-parent', '--merges', '--topo-order', '--reverse']

/** Commits without their changes, as `git rev-list` walks to them, each as a release. */
export async function readMerges(repository: Repository, revisions: readonly string[], options: readonly string[]): Promise<Release[]> {
  const format = ['--format=tformat:%H %ct %s', '--encoding=UTF-8']
  const printed = await lines(repository, ['rev-list', '--stdin', ...format, ...options], `${revisions.join('\n')}\n`)
  return printed
    .filter((text) => !text.startsWith('commit '))
    .map((text) => {
      const [name = '', created = ''] = text.split(' ', 2)
      return { kind: 'merge', name, revision: name, created, subject: text.slice(name.length + created.length + 2), tagger: null }
    })
}
