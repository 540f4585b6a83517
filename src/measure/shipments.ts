import { byTime, type Deployed } from '../../domain/deployment.ts'
import type { Shipment } from '../../domain/shipment.ts'

/** The commit graph of one repository, as arrays: a history of a million commits is a few columns, not a million objects. */
export interface CommitGraph {
  readonly repository: string
  readonly shas: readonly string[]
  readonly indexOf: ReadonlyMap<string, number>
  /** Indexes of the parents that are known. */
  readonly parents: readonly (readonly number[])[]
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
  readonly shipments: readonly Shipped[]
  /** Deployments whose revision stands in the graph: the commits that they ship are known, be they none. */
  readonly known: ReadonlySet<string>
  /** Deployment id → the first revert that a later deployment shipped of something that this one had shipped. */
  readonly reverts: ReadonlyMap<string, { sha: string; recovered_at: string }>
}

/**
 * Which commits does each successful deployment of ONE service in ONE environment ship? A commit belongs to the first deployment whose
 * revision contains it (definitions §4). One walk over the graph that stops at what has shipped before: linear in commits over the
 * whole history. Merge commits are walked through and are no samples. The first deployment ships only its own head, unless
 * `wholeHistory`; all that it contains counts as shipped.
 */
export function attributeCommits(deployments: readonly Deployed[], graph: CommitGraph, wholeHistory: boolean): Attribution {
  const shipments: Shipped[] = []
  const known = new Set<string>()
  const shippedBy: (Deployed | undefined)[] = Array.from({ length: graph.shas.length })
  const shipped = new Uint8Array(graph.shas.length)
  const prefixes = new Prefixes(graph)
  let first = true

  for (const deployment of deployments.filter((one) => one.kind === 'deploy' && one.outcome === 'success').toSorted(byTime)) {
    const head = prefixes.resolve(deployment.revision)
    if (head === null) continue
    known.add(deployment.id)
    const onlyHead = first && !wholeHistory
    first = false
    const stack = shipped[head] === 1 ? [] : [head]
    if (stack.length > 0) shipped[head] = 1
    while (stack.length > 0) {
      const index = stack.pop() as number
      if (!onlyHead || index === head) {
        shippedBy[index] = deployment
        if ((graph.parents[index] as readonly number[]).length < 2) shipments.push(shipmentOf(deployment, graph, index))
      }
      for (const parent of graph.parents[index] as readonly number[]) {
        if (shipped[parent] === 1) continue
        shipped[parent] = 1
        stack.push(parent)
      }
    }
  }
  return { shipments, known, reverts: findReverts(graph, shippedBy) }
}

function shipmentOf(deployment: Deployed, graph: CommitGraph, index: number): Shipped {
  return {
    environment: deployment.environment,
    service: deployment.service,
    deployed_at: deployment.at,
    deployment_id: deployment.id,
    repository: graph.repository,
    sha: graph.shas[index] as string,
    change_id: null,
    started_at: graph.startedAt[index] as string,
    title: graph.subjects[index] as string,
    method: 'ancestry',
    raw_seq: graph.rawSeqs[index] as number,
  }
}

/** A revert in the same deployment as what it reverts never reached anyone; one in a later deployment undoes the earlier one. */
function findReverts(graph: CommitGraph, shippedBy: readonly (Deployed | undefined)[]): Attribution['reverts'] {
  const found = new Map<string, { sha: string; recovered_at: string }>()
  graph.reverts.forEach((reverted, index) => {
    if (reverted === null) return
    const target = graph.indexOf.get(reverted)
    const undone = target === undefined ? undefined : shippedBy[target]
    const by = shippedBy[index]
    if (undone === undefined || by === undefined || undone.id === by.id || byTime(by, undone) <= 0) return
    const earlier = found.get(undone.id)
    if (earlier === undefined || by.at < earlier.recovered_at) {
      found.set(undone.id, { sha: graph.shas[index] as string, recovered_at: by.at })
    }
  })
  return found
}

/** Finds a commit by its full or abbreviated SHA (7 characters or more); an abbreviation that fits two commits finds none. */
class Prefixes {
  readonly #graph: CommitGraph
  #sorted: number[] | null = null
  constructor(graph: CommitGraph) {
    this.#graph = graph
  }

  resolve(revision: string | null): number | null {
    if (revision === null) return null
    const wanted = revision.toLowerCase()
    const whole = this.#graph.indexOf.get(wanted)
    if (whole !== undefined) return whole
    if (!/^[0-9a-f]{7,39}$/.test(wanted)) return null
    const { shas } = this.#graph
    this.#sorted ??= shas.map((_, index) => index).sort((a, b) => ((shas[a] as string) < (shas[b] as string) ? -1 : 1))
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((shas[this.#sorted[middle] as number] as string) < wanted) low = middle + 1
      else high = middle
    }
    const match = this.#sorted[low]
    const next = this.#sorted[low + 1]
    if (match === undefined || !(shas[match] as string).startsWith(wanted)) return null
    return next !== undefined && (shas[next] as string).startsWith(wanted) ? null : match
  }
}
