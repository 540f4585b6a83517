import type { BookedChange, ChangeBook, Original } from './change-book.ts'
import type { CommitGraph } from './shipments.ts'

/** One original for which a commit of the graph stands; `isCopy` when it is that very commit, written anew by a rebase. */
export interface StandsFor {
  readonly original: Original
  readonly isCopy: boolean
}

export interface Carried {
  /** Which commits of the graph stand for others: squash commits and the copies of a rebase, by index. They are no samples themselves. */
  readonly standsFor: ReadonlyMap<number, readonly StandsFor[]>
  /** The change that a commit of the graph belongs to. */
  changeOf(index: number): BookedChange | null
}

/**
 * Maps what squash and rebase merges put into the graph to the commits that the changes carried. A merge commit stands for nobody: its
 * originals are in the graph. Linear in the commits of the changes.
 */
export function carriedCommits(graph: CommitGraph, book: ChangeBook): Carried {
  const carried = new Map<number, StandsFor[]>()
  const targets: { change: BookedChange; target: number }[] = []
  for (const change of book.merged) {
    const target = targetOf(change, graph)
    if (target === null) continue
    if (!carried.has(target)) carried.set(target, [])
    targets.push({ change, target })
  }
  for (const { change, target } of targets) {
    const commits = change.commits ?? []
    const copies = copiesOf(change, target, graph, (index) => carried.has(index))
    commits.forEach((commit, place) => {
      const copy = copies.get(place)
      const index = copy ?? target
      const list = carried.get(index) ?? []
      carried.set(index, list)
      for (const original of book.originalsOf(commit.sha)) list.push({ original, isCopy: copy !== undefined })
    })
  }
  // A change that lists nothing but merges: what is in the graph is all that is known of it.
  for (const { target } of targets) if (carried.get(target)?.length === 0) carried.delete(target)
  const merged = mergedCommits(graph, book)
  return { standsFor: carried, changeOf: (index) => book.changeOf(graph.shas[index] as string) ?? merged.get(index) ?? null }
}

/** Of a merge whose change tells only how many commits it had: so many along the merged branch. */
function mergedCommits(graph: CommitGraph, book: ChangeBook): Map<number, BookedChange> {
  const found = new Map<number, BookedChange>()
  for (const change of book.merged) {
    if (change.commits !== null || change.commit_count === null || change.merge_sha === null) continue
    const merge = graph.indexOf.get(change.merge_sha)
    if (merge === undefined || !graph.isMerge[merge]) continue
    let at = graph.parents[merge]?.[1]
    for (let n = 0; n < change.commit_count && at !== undefined && !graph.isMerge[at]; n++) {
      const owner = book.changeOf(graph.shas[at] as string) ?? found.get(at) ?? change
      if (owner !== change) break
      found.set(at, change)
      at = graph.parents[at]?.[0]
    }
  }
  return found
}

/** The commit that the merge wrote anew, or null when the originals are in the graph. */
function targetOf({ merge_sha, head_sha, commits }: BookedChange, graph: CommitGraph): number | null {
  if (merge_sha === null || commits === null || commits.some((one) => one.sha === merge_sha)) return null
  const merge = graph.indexOf.get(merge_sha)
  if (merge === undefined) return null
  const onto = graph.shas[graph.parents[merge]?.[0] ?? -1]
  // What stands on the originals themselves is a commit besides them.
  if (!graph.isMerge[merge]) return commits.some((one) => one.sha === onto) ? null : merge
  // Squashed, and then merged by a merge commit: the squash commit is its second parent.
  const side = graph.parents[merge]?.[1]
  if (side === undefined || graph.isMerge[side] || commits.some((one) => graph.indexOf.has(one.sha))) return null
  return graph.shas[side] === head_sha ? null : side
}

/**
 * Place in the change → the copy that a rebase made of it: along the first parents from the target, commits with the subject and author
 * date of an original; or as many commits as the change has, with its subjects in its order. A squash commit is a copy of nothing, and
 * what lies behind it is not looked at: a cherry-pick on the branch stays what it is.
 */
function copiesOf(change: BookedChange, target: number, graph: CommitGraph, isTaken: (index: number) => boolean): Map<number, number> {
  const commits = change.commits ?? []
  const chain: number[] = []
  for (let at: number | undefined = target; at !== undefined && chain.length < commits.length; at = graph.parents[at]?.[0]) {
    if (graph.isMerge[at] || (at !== target && isTaken(at))) break
    chain.push(at)
  }
  const isSame = (index: number, place: number) => isSubject(commits[place]?.subject ?? '', graph.subjects[index] as string)
  const places = new Map<string, number[]>()
  commits.forEach(({ started_at }, place) => places.set(started_at, [...(places.get(started_at) ?? []), place]))
  const copies = new Map<number, number>()
  for (const index of chain) {
    const place = places.get(graph.startedAt[index] as string)?.findLast((one) => !copies.has(one) && isSame(index, one))
    if (place === undefined) break
    copies.set(place, index)
  }
  if (copies.size > 0 || commits.length < 2 || chain.length < commits.length) return copies
  if (chain.every((index, distance) => isSame(index, commits.length - 1 - distance)))
    chain.forEach((index, distance) => copies.set(commits.length - 1 - distance, index))
  return copies
}

/** Forges cut long subjects. */
function isSubject(told: string, subject: string): boolean {
  return told === subject || (told.endsWith('…') && subject.startsWith(told.slice(0, -1)))
}
