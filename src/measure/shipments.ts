import { byTime, type Deployed } from '../../domain/deployment.ts'
import type { Shipment } from '../../domain/shipment.ts'
import { Abbreviations } from './abbreviations.ts'
import type { Carried, StandsFor } from './carried.ts'
import type { ChangeBook, Original } from './change-book.ts'
import type { Touching } from './touching.ts'

/** The commit graph of one repository, as arrays: a history of a million commits is a few columns, not a million objects. */
export interface CommitGraph {
  readonly repository: string
  readonly shas: readonly string[]
  readonly indexOf: ReadonlyMap<string, number>
  /** Indexes of the parents that are known. */
  readonly parents: readonly (readonly number[])[]
  /** Has several parents, known or not. */
  readonly isMerge: readonly boolean[]
  /** Author date, or committer date when the author date is later than it. */
  readonly startedAt: readonly string[]
  readonly subjects: readonly string[]
  /** The sha that this commit reverts, or null. */
  readonly reverts: readonly (string | null)[]
  readonly rawSeqs: readonly number[]
}

export interface GraphRow {
  readonly sha: string
  readonly parents: readonly string[]
  readonly authored_at: string
  readonly committed_at: string
  readonly subject: string
  readonly reverts: string | null
  readonly raw_seq: number
}

export function buildGraph(repository: string, rows: readonly GraphRow[]): CommitGraph {
  const indexOf = new Map(rows.map((row, index) => [row.sha, index]))
  return {
    repository,
    shas: rows.map((row) => row.sha),
    indexOf,
    parents: rows.map((row) => row.parents.flatMap((parent) => indexOf.get(parent) ?? [])),
    isMerge: rows.map((row) => row.parents.length > 1),
    startedAt: rows.map((row) => (row.authored_at > row.committed_at ? row.committed_at : row.authored_at)),
    subjects: rows.map((row) => row.subject),
    reverts: rows.map((row) => row.reverts),
    rawSeqs: rows.map((row) => row.raw_seq),
  }
}

export interface Shipped extends Shipment {
  readonly raw_seq: number
}

export interface Attribution {
  readonly method: Shipment['method']
  readonly shipments: readonly Shipped[]
  /** Deployments of which it is known what they ship, be it nothing. */
  readonly known: ReadonlySet<string>
  /** Deployment id → the first revert that a later deployment shipped of something that this one had shipped. */
  readonly reverts: ReadonlyMap<string, { sha: string; recovered_at: string }>
}

/** What is known of the changes of the graph's repository. */
export interface GraphChanges {
  readonly book: ChangeBook
  readonly carried: Carried
}

export interface AttributionRules {
  /** The first deployment ships all that it contains. */
  readonly wholeHistory: boolean
  /** For a service that is some folders of its repository: what touches them. */
  readonly touching?: Touching | undefined
}

/** The successes of a service in an environment, in the order in which they ship. */
export function shippingOrder(deployments: readonly Deployed[]): Deployed[] {
  return deployments.filter((one) => one.kind === 'deploy' && one.outcome === 'success').toSorted(byTime)
}

/**
 * Which commits does each successful deployment of ONE service in ONE environment ship? A commit belongs to the first deployment whose
 * revision contains it (definitions §4). One walk over the graph that stops at what has shipped before: linear in commits over the
 * whole history. Merge commits are walked through and are no samples; in place of a squash commit, or a copy that a rebase made, stand the
 * originals of its change. The first deployment ships only its own head, unless `wholeHistory`; all that it contains counts as shipped.
 */
export function attributeCommits(
  deployments: readonly Deployed[],
  graph: CommitGraph,
  { wholeHistory, touching }: AttributionRules,
  changes?: GraphChanges,
): Attribution {
  const shipments: Shipped[] = []
  const known = new Set<string>()
  const shippedBy: (Deployed | undefined)[] = Array.from({ length: graph.shas.length })
  const reached = new Uint8Array(graph.shas.length)
  /** Originals that shipped through their change; those of the graph are found there again. */
  const carriedOut = new Set<string>()
  const prefixes = new Abbreviations(graph.shas, graph.indexOf)
  let first = true

  for (const deployment of shippingOrder(deployments)) {
    const head = prefixes.resolve(deployment.revision)
    if (head === null) continue
    const onlyHead = first && !wholeHistory
    first = false
    const before = shipments.length
    let unknown = 0
    const ship = (touches: boolean | null, sample: () => Shipped) => {
      if (touches === true) shipments.push(sample())
      else if (touches === null) unknown++
    }
    const carriers: number[] = []
    const stack = reached[head] === 1 ? [] : [head]
    if (stack.length > 0) reached[head] = 1
    while (stack.length > 0) {
      const index = stack.pop() as number
      const ships = !onlyHead || index === head
      if (ships) shippedBy[index] = deployment
      if (changes?.carried.standsFor.has(index)) carriers.push(index)
      else if (ships && !graph.isMerge[index] && !carriedOut.has(graph.shas[index] as string)) {
        const touches = touching === undefined ? true : touchesAt(touching, graph, index, changes)
        ship(touches, () => shipmentOf(deployment, graph, index, changes))
      }
      for (const parent of graph.parents[index] as readonly number[]) {
        if (reached[parent] === 1) continue
        reached[parent] = 1
        stack.push(parent)
      }
    }
    // After the walk: an original that the graph holds ships as itself, whichever of the two was reached first.
    for (const index of carriers) {
      for (const standing of changes?.carried.standsFor.get(index) ?? []) {
        const { original } = standing
        const place = graph.indexOf.get(original.sha)
        if (carriedOut.has(original.sha) || (place !== undefined && reached[place] === 1)) continue
        carriedOut.add(original.sha)
        if (onlyHead && index !== head) continue
        const touches = touching === undefined ? true : touchesThrough(touching, standing, graph.shas[index] as string)
        ship(touches, () => shipmentThrough(deployment, graph.repository, original))
      }
    }
    if (shipments.length > before || unknown === 0) known.add(deployment.id)
  }
  return { method: 'ancestry', shipments, known, reverts: findReverts(graph, shippedBy, changes) }
}

function shipmentOf(deployment: Deployed, graph: CommitGraph, index: number, changes: GraphChanges | undefined): Shipped {
  return {
    environment: deployment.environment,
    service: deployment.service,
    deployed_at: deployment.at,
    deployment_id: deployment.id,
    repository: graph.repository,
    sha: graph.shas[index] as string,
    change_id: changes?.carried.changeOf(index)?.id ?? null,
    started_at: graph.startedAt[index] as string,
    title: graph.subjects[index] as string,
    method: 'ancestry',
    raw_seq: graph.rawSeqs[index] as number,
  }
}

/** The sample of a commit that is known by its change. */
export function shipmentThrough(deployment: Deployed, repository: string, original: Original): Shipped {
  return {
    environment: deployment.environment,
    service: deployment.service,
    deployed_at: deployment.at,
    deployment_id: deployment.id,
    repository,
    sha: original.sha,
    change_id: original.change.id,
    started_at: original.started_at,
    title: original.subject,
    method: 'change',
    raw_seq: original.raw_seq,
  }
}

/** A commit whose own files nobody tells touches what its change touches. */
function touchesAt(touching: Touching, graph: CommitGraph, index: number, changes: GraphChanges | undefined): boolean | null {
  const own = touching.commit(graph.shas[index] as string)
  if (own !== null) return own
  const change = changes?.carried.changeOf(index) ?? null
  return change === null ? null : touching.change(change.id)
}

/** The nearest that is known: the files of the original, of its copy, of its change, of the squash commit. */
function touchesThrough(touching: Touching, { original, isCopy }: StandsFor, carrier: string): boolean | null {
  return (
    touching.commit(original.sha) ??
    (isCopy ? touching.commit(carrier) : null) ??
    touching.change(original.change.id) ??
    touching.commit(carrier)
  )
}

/** A revert in the same deployment as what it reverts never reached anyone; one in a later deployment undoes the earlier one. */
function findReverts(
  graph: CommitGraph,
  shippedBy: readonly (Deployed | undefined)[],
  changes: GraphChanges | undefined,
): Attribution['reverts'] {
  const pairs: Undoing[] = []
  graph.reverts.forEach((reverted, index) => {
    const target = reverted === null ? undefined : graph.indexOf.get(reverted)
    if (target !== undefined) pairs.push({ sha: graph.shas[index] as string, by: shippedBy[index], undone: shippedBy[target] })
  })
  const shipperOf = (sha: string | null) => shippedBy[graph.indexOf.get(sha ?? '') ?? -1]
  return firstReverts([
    ...pairs,
    ...(changes === undefined ? [] : revertsOf(changes.book, (one) => shipperOf(one.merge_sha ?? one.head_sha))),
  ])
}

interface Undoing {
  readonly sha: string
  readonly by: Deployed | undefined
  readonly undone: Deployed | undefined
}

/** Changes that say that they revert another. */
export function revertsOf(book: ChangeBook, shipperOf: (change: ChangeBook['changes'][number]) => Deployed | undefined): Undoing[] {
  return book.changes.flatMap((change) => {
    const reverted = change.reverts === null ? undefined : book.byId.get(change.reverts)
    if (reverted === undefined) return []
    return [{ sha: change.merge_sha ?? change.head_sha ?? change.id, by: shipperOf(change), undone: shipperOf(reverted) }]
  })
}

export function firstReverts(pairs: readonly Undoing[]): Attribution['reverts'] {
  const found = new Map<string, { sha: string; recovered_at: string }>()
  for (const { sha, by, undone } of pairs) {
    if (undone === undefined || by === undefined || undone.id === by.id || byTime(by, undone) <= 0) continue
    const earlier = found.get(undone.id)
    // Of two in one deployment the lesser name, so that the order of rows decides nothing.
    if (earlier === undefined || by.at < earlier.recovered_at || (by.at === earlier.recovered_at && sha < earlier.sha))
      found.set(undone.id, { sha, recovered_at: by.at })
  }
  return found
}
