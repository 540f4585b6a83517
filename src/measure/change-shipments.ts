import type { Deployed } from '../../domain/deployment.ts'
import type { BookedChange, ChangeBook, Named } from './change-book.ts'
import {
  firstReverts,
  revertsOf,
  shipmentThrough,
  shippingOrder,
  type Attribution,
  type AttributionRules,
  type Shipped,
} from './shipments.ts'

/**
 * What each successful deployment of ONE service in ONE environment ships where the commit graph of the repository is not known
 * (definitions §4): the change that its revision names, and the changes that merged since the deployment before it. A revision that a merge
 * made contains what merged up to that merge, and no more, whenever it was deployed. The first deployment ships only the change that it
 * names, unless `wholeHistory`. Each merge is looked at once.
 */
export function attributeChanges(
  deployments: readonly Deployed[],
  book: ChangeBook,
  { wholeHistory, touching }: AttributionRules,
): Attribution {
  const shipments: Shipped[] = []
  const known = new Set<string>()
  const shippedBy = new Map<string, Deployed>()
  const counted = new Set<string>()
  /** Changes that the first deployment contained. */
  const gone = new Set<string>()
  /** All that merged up to here has shipped. */
  let floor = ''
  let next = 0
  let first = true

  for (const deployment of shippingOrder(deployments)) {
    const named = book.find(deployment.revision)
    const { until, branch } = reachOf(deployment, named, book)
    const changes: { change: BookedChange; commits: BookedChange['commits'] }[] = []
    const contained: BookedChange[] = []
    if (named !== null) changes.push({ change: named.change, commits: commitsUpTo(named) })
    if (until > floor) floor = until
    for (; next < book.merged.length; next++) {
      const change = book.merged[next] as BookedChange
      if ((change.merged_at as string) > floor) break
      const isHere = branch === null || change.base_ref === null || change.base_ref === branch
      if (!isHere) continue
      if (!first || wholeHistory) changes.push({ change, commits: change.commits })
      else contained.push(change)
    }
    first = false

    const before = shipments.length
    let unlisted = 0
    let unplaced = 0
    for (const { change, commits } of changes) {
      if (commits === null && !shippedBy.has(change.id) && !gone.has(change.id)) unlisted++
      const isWhole = commits === null || commits.length === change.commits?.length
      if (isWhole && !shippedBy.has(change.id)) shippedBy.set(change.id, deployment)
      for (const original of (commits ?? []).flatMap((one) => book.originalsOf(one.sha))) {
        if (counted.has(original.sha)) continue
        counted.add(original.sha)
        const touches = touching === undefined ? true : (touching.commit(original.sha) ?? touching.change(original.change.id))
        if (touches === true) shipments.push(shipmentThrough(deployment, book.repository, original))
        else if (touches === null) unplaced++
      }
    }
    for (const change of contained) {
      gone.add(change.id)
      for (const one of change.commits ?? []) for (const { sha } of book.originalsOf(one.sha)) counted.add(sha)
    }
    if (changes.length > 0 && (shipments.length > before || unlisted + unplaced === 0)) known.add(deployment.id)
  }
  return { method: 'change', shipments, known, reverts: firstReverts(revertsOf(book, (one) => shippedBy.get(one.id))) }
}

/** Up to when, and into which branch, merges are in what was deployed. */
function reachOf(deployment: Deployed, named: Named | null, book: ChangeBook): { until: string; branch: string | null } {
  if (named?.by === 'merge') return { until: named.change.merged_at as string, branch: named.change.base_ref ?? book.defaultBranch }
  return { until: deployment.at, branch: book.defaultBranch }
}

/** A revision in the midst of a change contains its commits up to there. */
function commitsUpTo({ change, by }: Named): BookedChange['commits'] {
  return by === 'merge' ? change.commits : (change.commits?.slice(0, by) ?? null)
}
