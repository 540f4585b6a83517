import { z } from 'zod'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { carriedCommits, type Carried } from './carried.ts'
import type { ChangeBook } from './change-book.ts'
import { attributeChanges } from './change-shipments.ts'
import { readChangeBooks } from './derive-changes.ts'
import type { ScopeFacts } from './derive-facts.ts'
import { withRelations } from './relations.ts'
import { attributeCommits, buildGraph, type Attribution, type CommitGraph, type GraphChanges } from './shipments.ts'
import { patternOf, readTouching, type Touching } from './touching.ts'

const commitGraph = statement({
  name: 'derive.graph',
  sql: `${withRelations(['commits'])}
SELECT sha, parents, authored_at, committed_at, subject, reverts, raw_seq FROM commits WHERE repository = {repository:String}`,
  row: z.object({
    sha: z.string(),
    parents: z.array(z.string()),
    authored_at: z.string(),
    committed_at: z.string(),
    subject: z.string(),
    reverts: z.string().nullable(),
    raw_seq: z.coerce.number(),
  }),
})

const knownRepositories = statement({
  name: 'derive.known_repositories',
  sql: `SELECT repository, max(has_commits) AS has_commits, max(has_changes) AS has_changes FROM (
  SELECT DISTINCT repository, true AS has_commits, false AS has_changes FROM all_commits WHERE org_id = {org:UUID}
  UNION ALL SELECT DISTINCT repository, false, true FROM all_changes WHERE org_id = {org:UUID}
) GROUP BY repository`,
  row: z.object({ repository: z.string(), has_commits: z.boolean(), has_changes: z.boolean() }),
})
type Known = Omit<z.infer<typeof knownRepositories.row>, 'repository'>

const PREFIX = 'substring(sha, 1, 7) IN {prefixes:Array(String)}'
const commitsOfPrefixes = statement({
  name: 'derive.commits_of_prefixes',
  sql: `SELECT DISTINCT repository, sha FROM all_commits WHERE org_id = {org:UUID} AND ${PREFIX}`,
  row: z.object({ repository: z.string(), sha: z.string() }),
})
const changesOfPrefixes = statement({
  name: 'derive.changes_of_prefixes',
  sql: `SELECT DISTINCT repository, lower(told) AS sha FROM (
  SELECT repository, arrayJoin([ifNull(merge_sha, ''), ifNull(head_sha, '')]) AS told FROM all_changes WHERE org_id = {org:UUID}
  UNION ALL SELECT repository, arrayJoin(shas) FROM all_change_commits WHERE org_id = {org:UUID}
) WHERE ${PREFIX}`,
  row: z.object({ repository: z.string(), sha: z.string() }),
})
/** 10 bytes each in a parameter, of which a server takes 1 MB. */
const PREFIXES_PER_LOOKUP = 20_000

/** Service → the paths of its repository that it is made of, as patterns; a service that is not named is the whole. */
export type PathsOf = (org: string) => Promise<ReadonlyMap<string, readonly string[]>>

/** Repositories whose changes are held in memory: 20,000 changes of 100,000 commits are about 30 MB. */
const BOOKS_KEPT = 64
const GRAPHS_KEPT = 8

interface Repositories {
  /** Of each service; for a scan, of which nothing is stored, `known` is empty. */
  readonly repositories: ReadonlyMap<string, readonly string[]>
  readonly known: ReadonlyMap<string, Known>
}

export interface Attributor {
  /** What the deployments of each service ship, by every repository that it deploys from. */
  attribute(org: string, facts: ReadonlyMap<string, ScopeFacts>, wholeHistory: boolean): Promise<Map<string, Attribution[]>>
  repositoriesOf(org: string, facts: ReadonlyMap<string, ScopeFacts>): Promise<Repositories>
  /** Something of the repository has changed: it is read again. */
  forget(org: string, repository: string): void
  clear(): void
}

/** Finds what there is to attribute with: commit graphs, changes, paths. What was read of a repository is held until it changes. */
export function createAttributor({
  analytics,
  graphFrom,
  pathsOf,
}: {
  analytics: Analytics
  graphFrom: ((org: string, repository: string) => CommitGraph) | undefined
  pathsOf: PathsOf | undefined
}): Attributor {
  const graphs = new Map<string, CommitGraph>()
  const books = new Map<string, ChangeBook>()
  const carriedOf = new WeakMap<CommitGraph, { book: ChangeBook; carried: Carried }>()
  const touching = new Map<string, Map<string, Touching>>()
  const graphOf = async (org: string, repository: string): Promise<CommitGraph> => {
    const key = `${org} ${repository}`
    const cached = graphs.get(key)
    if (cached !== undefined) return cached
    const graph = graphFrom?.(org, repository) ?? buildGraph(repository, await analytics.readAsWriter(commitGraph, { org, repository }))
    // A handful of graphs is enough: scopes of one repository are derived one after the other.
    keep(graphs, key, graph, GRAPHS_KEPT)
    return graph
  }

  /** All that are asked for, with one reading for those that are not held. */
  const booksOf = async (org: string, repositories: readonly string[]): Promise<Map<string, ChangeBook>> => {
    const keyOf = (repository: string) => `${org} ${repository}`
    const found = new Map(
      repositories.flatMap((name) => {
        const book = books.get(keyOf(name))
        return book === undefined ? [] : [[name, book] as const]
      }),
    )
    const missing = repositories.filter((name) => !found.has(name))
    for (const [name, book] of missing.length === 0 ? [] : await readChangeBooks(analytics, org, missing)) {
      found.set(name, book)
      keep(books, keyOf(name), book, BOOKS_KEPT)
    }
    return found
  }

  /** The same for every service that deploys from the repository. */
  const changesIn = (graph: CommitGraph, book: ChangeBook | undefined): GraphChanges | undefined => {
    if (book === undefined || book.changes.length === 0) return undefined
    const held = carriedOf.get(graph)
    if (held?.book === book) return held
    const changes = { book, carried: carriedCommits(graph, book) }
    carriedOf.set(graph, changes)
    return changes
  }

  const touchingOf = async (org: string, repository: string, patterns: readonly string[]): Promise<Map<string, Touching>> => {
    const key = `${org} ${repository}`
    const held = touching.get(key) ?? new Map<string, Touching>()
    const missing = patterns.filter((pattern) => !held.has(pattern))
    for (const [pattern, one] of missing.length === 0 ? [] : await readTouching(analytics, org, repository, missing)) held.set(pattern, one)
    keep(touching, key, held, GRAPHS_KEPT)
    return held
  }

  /** The repositories that services deploy from: those that their deployments state, and those that hold their revisions. */
  const repositoriesOf = async (org: string, facts: ReadonlyMap<string, ScopeFacts>): Promise<Repositories> => {
    const found = new Map<string, Set<string>>()
    const byPrefix = new Map<string, { service: string; revision: string }[]>()
    const known = new Map<string, Known>()
    if (graphFrom === undefined) {
      for (const { repository, ...one } of await analytics.readAsWriter(knownRepositories, { org })) known.set(repository, one)
      if (known.size === 0) return { repositories: new Map(), known }
    }
    for (const [service, { deployments }] of facts) {
      const stated = new Set<string>()
      found.set(service, stated)
      for (const { repository, revision } of deployments) {
        if (repository !== null) {
          if (graphFrom !== undefined || known.has(repository)) stated.add(repository)
        } else if (revision !== null && /^[0-9a-f]{7,64}$/i.test(revision)) {
          const lower = revision.toLowerCase()
          const prefix = lower.slice(0, 7)
          const list = byPrefix.get(prefix)
          if (list === undefined) byPrefix.set(prefix, [{ service, revision: lower }])
          else list.push({ service, revision: lower })
        }
      }
    }
    const prefixes = [...byPrefix.keys()]
    const holders = [...known.values()].some((one) => one.has_changes) ? [commitsOfPrefixes, changesOfPrefixes] : [commitsOfPrefixes]
    for (let start = 0; start < prefixes.length; start += PREFIXES_PER_LOOKUP) {
      for (const holder of holders) {
        const rows = await analytics.readAsWriter(holder, { org, prefixes: prefixes.slice(start, start + PREFIXES_PER_LOOKUP) })
        for (const { repository, sha } of rows)
          for (const { service, revision } of byPrefix.get(sha.slice(0, 7)) ?? [])
            if (sha.startsWith(revision)) found.get(service)?.add(repository)
      }
    }
    return { repositories: new Map([...found].map(([service, names]) => [service, [...names].sort()])), known }
  }

  /** The patterns of services that are some folders of their repositories, and all that are asked of each repository. */
  const patternsOf = async (org: string, repositories: Repositories['repositories']) => {
    const paths = pathsOf === undefined ? new Map<string, readonly string[]>() : await pathsOf(org)
    const of = new Map<string, string>()
    const asked = new Map<string, string[]>()
    for (const [service, names] of repositories) {
      const globs = paths.get(service) ?? []
      if (globs.length === 0) continue
      const pattern = patternOf(globs)
      of.set(service, pattern)
      for (const name of names) asked.set(name, [...new Set([...(asked.get(name) ?? []), pattern])])
    }
    return { of, in: asked }
  }

  return {
    repositoriesOf,
    async attribute(org, facts, wholeHistory) {
      const { repositories, known } = await repositoriesOf(org, facts)
      const names = [...new Set([...repositories.values()].flat())]
      const changes = await booksOf(
        org,
        names.filter((name) => known.get(name)?.has_changes),
      )
      const patterns = await patternsOf(org, repositories)
      const found = new Map<string, Attribution[]>()
      for (const [service, { deployments }] of facts) {
        const own: Attribution[] = []
        found.set(service, own)
        const pattern = patterns.of.get(service)
        for (const repository of repositories.get(service) ?? []) {
          const asked = pattern === undefined ? undefined : await touchingOf(org, repository, patterns.in.get(repository) ?? [])
          const rules = { wholeHistory, touching: asked?.get(pattern ?? '') }
          const book = changes.get(repository)
          const graph = known.get(repository)?.has_commits === false ? null : await graphOf(org, repository)
          const here = deployments.filter((one) => one.repository === repository || one.repository === null)
          if (graph !== null && graph.shas.length > 0) own.push(attributeCommits(here, graph, rules, changesIn(graph, book)))
          else if (book !== undefined) {
            // Nobody says that what names nothing in this repository was deployed from it.
            const named = here.filter((one) => one.repository !== null || book.find(one.revision) !== null)
            own.push(attributeChanges(named, book, rules))
          }
        }
      }
      return found
    },
    forget(org, repository) {
      for (const held of [graphs, books, touching]) held.delete(`${org} ${repository}`)
    },
    clear() {
      for (const held of [graphs, books, touching]) held.clear()
    },
  }
}

/** The longest held goes. */
function keep<T>(held: Map<string, T>, key: string, one: T, most: number): void {
  if (!held.has(key) && held.size >= most) held.delete(held.keys().next().value as string)
  held.set(key, one)
}
