import { availableParallelism } from 'node:os'
import { lines, type Repository } from './ask.ts'
import { readCommits, readHeaders, type Commit, type Node } from './changes.ts'

/** Parents before children, so that whatever has been given is closed under ancestry and its tips are a cursor. 20 ms for 6,000 commits. */
const WALK = ['rev-list', '--topo-order', '--reverse', '--parents', '--ignore-missing', '--stdin']
const PROCESSES = Math.min(availableParallelism(), 4)
/**
 * A page is what one process is asked for. Each start costs about 15 ms of processor time (its caches are cold), two processes
 * on two cores halve the wait; two pages for each, because the younger commits take longer.
 */
const SHARES = 2 * PROCESSES
const LEAST_COMMITS = 500
const MOST_COMMITS = 2000

export interface HistoryPage {
  readonly commits: readonly Commit[]
  /** Everything that these commits reach has been given. */
  readonly tips: readonly string[]
  readonly done: number
  readonly total: number
}

/** The commits that `tips` reach and `seen` do not, with their changes, parents before children. */
export async function* readHistory(
  repository: Repository,
  { tips, seen, edge }: { tips: readonly string[]; seen: ReadonlySet<string>; edge: ReadonlyMap<string, string[]> },
): AsyncGenerator<HistoryPage> {
  const revisions = [...tips, ...[...seen].map((tip) => `^${tip}`), '']
  const nodes = (await lines(repository, WALK, revisions.join('\n'))).map((text): Node => {
    const [sha = '', ...parents] = text.split(' ')
    return { sha, parents }
  })
  const size = Math.max(LEAST_COMMITS, Math.min(Math.ceil(nodes.length / SHARES), MOST_COMMITS))
  const pages = Array.from({ length: Math.ceil(nodes.length / size) }, (_, page) => nodes.slice(page * size, (page + 1) * size))
  const stop = new AbortController()
  const stoppable = { ...repository, signal: AbortSignal.any([repository.signal, stop.signal]) }
  const frontier = new Set(seen)
  let done = 0
  try {
    for await (const { page, commits } of inOrder(pages, PROCESSES + 1, async (page) => ({
      page,
      commits: await readPage(stoppable, page, edge),
    }))) {
      for (const { sha, parents } of page) {
        for (const parent of parents) frontier.delete(parent)
        frontier.add(sha)
      }
      done += page.length
      yield { commits, tips: [...frontier], done, total: nodes.length }
    }
  } finally {
    stop.abort()
  }
}

async function readPage(repository: Repository, page: readonly Node[], edge: ReadonlyMap<string, string[]>): Promise<Commit[]> {
  // A commit at the shallow edge would seem to add every file there is; what it changed is not known.
  const isCut = ({ sha }: Node) => edge.has(sha)
  const cut = page.filter(isCut).map(({ sha }) => sha)
  const whole = page.filter((node) => !isCut(node))
  const [atEdge, inside] = [await readHeaders(repository, cut), await readCommits(repository, whole)]
  if (cut.length === 0) return inside.map(({ commit }) => commit)
  const found = new Map([...atEdge, ...inside].map(({ commit }) => [commit.sha, commit]))
  return page.flatMap(({ sha }) => {
    const commit = found.get(sha)
    return commit ? [{ ...commit, parents: edge.get(sha) ?? commit.parents }] : []
  })
}

/** The true parents of the commits at the edge of a shallow clone, where git itself shows none. */
export async function shallowEdge(repository: Repository, tips: readonly string[]): Promise<Map<string, string[]>> {
  const edge = new Map<string, string[]>()
  const roots = await lines(repository, ['rev-list', '--max-parents=0', '--stdin'], `${tips.join('\n')}\n`)
  let parents: string[] = []
  const raw = ['rev-list', '--no-walk=unsorted', '--format=raw', '--stdin']
  for (const text of await lines(repository, raw, `${roots.join('\n')}\n`)) {
    const [field, value = ''] = text.split(' ', 2)
    if (field === 'commit') edge.set(value, (parents = []))
    if (field === 'parent') parents.push(value)
  }
  for (const [sha, parents] of edge) if (parents.length === 0) edge.delete(sha)
  return edge
}

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
