import { Abbreviations } from './abbreviations.ts'

/** What the derivation reads of a change. */
export interface ChangeFact {
  readonly id: string
  readonly merged_at: string | null
  readonly created_at: string
  readonly base_ref: string | null
  readonly head_sha: string | null
  readonly merge_sha: string | null
  readonly commit_count: number | null
  /** The id of the change that it reverts. */
  readonly reverts: string | null
  readonly raw_seq: number
}

/** The commits of a change, oldest first. */
export interface ChangeCommitsFact {
  readonly change_id: string
  readonly shas: readonly string[]
  readonly started_at: readonly string[]
  readonly subjects: readonly string[]
  readonly raw_seq: number
}

/** A commit as its author made it, and the change that carried it first. */
export interface Original {
  readonly sha: string
  readonly started_at: string
  readonly subject: string
  readonly change: BookedChange
  readonly raw_seq: number
}

export interface BookedChange extends ChangeFact {
  /** Null where the commits were not told. */
  readonly commits: readonly Pick<Original, 'sha' | 'started_at' | 'subject'>[] | null
}

/** What a revision names: a change by what its merge put on the target branch, or one of its commits by its place. */
export interface Named {
  readonly change: BookedChange
  readonly by: 'merge' | number
}

/** git's own words for a merge. Of a commit outside the graph nobody tells the parents. */
const MERGE_SUBJECT = /^merge (branch|branches|remote-tracking branch|pull request|commit|tag)\b/i

/** The changes of one repository, and to which of them each commit belongs. Built once, used by every service that deploys from it. */
export class ChangeBook {
  readonly repository: string
  readonly defaultBranch: string | null
  /** Merged ones first, in order of merging, then the others in order of creation: where several have one commit, it belongs to the first. */
  readonly changes: readonly BookedChange[]
  readonly merged: readonly BookedChange[]
  readonly byId: ReadonlyMap<string, BookedChange>
  readonly #originals = new Map<string, Original>()
  readonly #owners = new Map<string, BookedChange>()
  /** Changes whose merge made a commit that is none of their own. */
  readonly #byMerge = new Map<string, BookedChange>()
  #named: { abbreviations: Abbreviations; all: readonly Named[] } | null = null

  constructor(
    repository: string,
    changes: readonly ChangeFact[],
    commits: readonly ChangeCommitsFact[],
    defaultBranch: string | null = null,
  ) {
    this.repository = repository
    this.defaultBranch = defaultBranch
    const lists = new Map(commits.map((one) => [one.change_id, one]))
    this.changes = changes.map((one) => booked(one, lists.get(one.id))).sort(byMerge)
    this.merged = this.changes.filter((one) => one.merged_at !== null)
    this.byId = new Map(this.changes.map((one) => [one.id, one]))
    for (const change of this.changes) {
      for (const commit of change.commits ?? []) {
        if (this.#originals.has(commit.sha)) continue
        this.#originals.set(commit.sha, { ...commit, change, raw_seq: lists.get(change.id)?.raw_seq ?? change.raw_seq })
        this.#owners.set(commit.sha, change)
      }
      if (change.merged_at === null || change.merge_sha === null || change.commits === null) continue
      if (this.#byMerge.has(change.merge_sha) || change.commits.some((one) => one.sha === change.merge_sha)) continue
      this.#byMerge.set(change.merge_sha, change)
    }
    // A list is the better witness: a head may also be the last commit of an earlier change.
    for (const change of this.changes)
      for (const sha of [change.merge_sha, change.head_sha]) if (sha !== null && !this.#owners.has(sha)) this.#owners.set(sha, change)
  }

  /** The change that a commit belongs to. */
  changeOf(sha: string): BookedChange | null {
    return this.#owners.get(sha) ?? null
  }

  /**
   * The samples that a listed commit stands for: itself; nothing for a merge commit; for the squash commit of another change, which a
   * change from one branch of many to the next lists, the commits of that one.
   */
  originalsOf(sha: string, within: ReadonlySet<string> = new Set()): Original[] {
    const squashed = this.#byMerge.get(sha)
    if (squashed !== undefined && !within.has(sha)) {
      const deeper = new Set([...within, sha])
      const found = (squashed.commits ?? []).flatMap((one) => this.originalsOf(one.sha, deeper))
      if (found.length > 0) return found
    }
    const original = this.#originals.get(sha)
    return original === undefined || MERGE_SUBJECT.test(original.subject) ? [] : [original]
  }

  /** What a revision, full or abbreviated, names. What a merge made comes before a head, a head before other commits, then the first change. */
  find(revision: string | null): Named | null {
    this.#named ??= this.#index()
    const index = this.#named.abbreviations.resolve(revision)
    return index === null ? null : (this.#named.all[index] ?? null)
  }

  #index() {
    const found = new Map<string, Named>()
    const put = (sha: string | null, named: Named) => {
      if (sha !== null && !found.has(sha)) found.set(sha, named)
    }
    for (const change of this.merged) {
      put(change.merge_sha, { change, by: 'merge' })
      // Fast-forward: the head itself is on the target branch.
      if (change.merge_sha === null) put(change.head_sha, { change, by: 'merge' })
    }
    for (const change of this.changes) put(change.head_sha, { change, by: change.commits?.length ?? 0 })
    for (const change of this.changes) change.commits?.forEach(({ sha }, index) => put(sha, { change, by: index + 1 }))
    const shas = [...found.keys()]
    const abbreviations = new Abbreviations(shas, new Map(shas.map((sha, index) => [sha, index])))
    return { abbreviations, all: [...found.values()] }
  }
}

function booked(fact: ChangeFact, list: ChangeCommitsFact | undefined): BookedChange {
  const commits =
    list === undefined || list.shas.length === 0
      ? null
      : list.shas.map((sha, index) => ({
          sha: sha.toLowerCase(),
          started_at: list.started_at[index] as string,
          subject: list.subjects[index] ?? '',
        }))
  return { ...fact, head_sha: fact.head_sha?.toLowerCase() ?? null, merge_sha: fact.merge_sha?.toLowerCase() ?? null, commits }
}

function byMerge(a: BookedChange, b: BookedChange): number {
  const [first, second] = [orderOf(a), orderOf(b)]
  return first < second ? -1 : first > second ? 1 : 0
}

function orderOf(change: BookedChange): string {
  return change.merged_at === null ? `1 ${change.created_at} ${change.id}` : `0 ${change.merged_at} ${change.id}`
}
