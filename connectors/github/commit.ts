import { z } from 'zod'
import { commit as commitEntity } from '../../domain/commit.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page } from '../../src/connector.ts'
import { AppError } from '../../src/errors.ts'
import { nextLink, readCursor } from '../../src/paging.ts'
import { anything, askEach, askGraph, connectionOf, nextOf, ofSize, PAGE, read, refOf, variablesOf, type Anything } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { count, gitInstant, repositoryRef, time } from './payload.ts'
import { gitActor } from './person.ts'
import { repositoriesOf, type Repository } from './repository.ts'

const commitNode = z.looseObject({
  oid: z.string(),
  message: z.string(),
  committedDate: time,
  author: gitActor,
  committer: gitActor,
  parents: z.object({ nodes: z.array(z.object({ oid: z.string() })) }),
  additions: count,
  deletions: count,
  changedFilesIfAvailable: count,
})
export const commitPayload = z.object({ repository: repositoryRef, commit: commitNode })

const HASH = /^[0-9a-f]{40,64}$/
const commitPlaces = z.record(
  z.string(),
  z.object({
    /** All that this commit reaches is stored. */
    tip: z.string().regex(HASH).nullable(),
    /** A walk that was stopped: from which commit, down to which one, and the page at which it goes on. */
    walk: z.object({ head: z.string().regex(HASH), base: z.string().regex(HASH).nullable(), page: z.string() }).optional(),
  }),
)
const COMMIT = `fragment commit on Commit{oid message committedDate author{name email date} committer{name email date} parents(first:20){nodes{oid}} additions deletions changedFilesIfAvailable}`
const TIPS = { query: 'Tips', fields: 'defaultBranchRef{target{oid}}' }
const tipNode = z.object({ defaultBranchRef: z.object({ target: z.object({ oid: z.string() }).nullable() }).nullable() })
const HISTORY = `query History($owner:String!,$name:String!,$head:GitObjectID!,$first:Int!,$after:String,$since:GitTimestamp,$until:GitTimestamp){repository(owner:$owner,name:$name){object(oid:$head){...on Commit{history(first:$first,after:$after,since:$since,until:$until){totalCount ${PAGE} nodes{...commit}}}}}} ${COMMIT}`

/**
 * Of a new head, what the last one does not reach: dates are no help, since a merge brings commits that are older than the last pull.
 * A head that was thrown away by a force push is no base any more; then the history is read once more.
 */
export async function* pullCommits(ask: Ask<Config>): AsyncGenerator<Page> {
  const places = readCursor(commitPlaces, ask.cursor) ?? {}
  let done = 0
  const repositories = await repositoriesOf(ask)
  const tips = await askEach(ask, repositories, TIPS, tipNode)
  for (const repository of repositories) {
    const place = places[repository.id] ?? { tip: null }
    const head = place.walk?.head ?? tips.get(repository.id)?.defaultBranchRef?.target?.oid ?? null
    if (head === null || (place.walk === undefined && head === place.tip && ask.since === null)) continue
    let base = place.walk === undefined ? (ask.since === null ? place.tip : null) : place.walk.base
    let page = place.walk?.page ?? null
    do {
      ask.signal.throwIfAborted()
      let found: { commits: Anything[]; next: string | null; total: number | null } | null =
        base === null ? await historyPage(ask, repository, head, page) : await comparedPage(ask, repository, base, head, page)
      if (found === null) {
        base = null
        found = await historyPage(ask, repository, head, null)
      }
      page = found.next
      done += found.commits.length
      places[repository.id] = page === null ? { tip: head } : { tip: place.tip, walk: { head, base, page } }
      ask.progress(done, found.total, 'commits')
      const items = found.commits.map((commit) => {
        const { oid, committedDate } = read(commitNode, commit, 'a commit')
        return pulled(`${repository.id}:${oid}`, gitInstant(committedDate), { repository: refOf(repository), commit })
      })
      yield { items, cursor: JSON.stringify(places) }
    } while (page !== null)
  }
  if (tips.size === 0)
    throw new AppError('source-denied', 'The credential may not read the commits of any repository.', {
      help: 'It needs the permission to read contents.',
    })
}

async function historyPage(ask: Ask<Config>, repository: Repository, head: string, after: string | null) {
  const answer = z.object({ repository: z.object({ object: z.object({ history: connectionOf(anything) }).nullable() }).nullable() })
  const variables = { ...variablesOf(repository), head, after, since: ask.since, until: ask.until }
  const answered = await ofSize(100, (first) => askGraph(ask, HISTORY, { ...variables, first }, answer))
  const history = answered.repository?.object?.history
  return { commits: history?.nodes ?? [], next: history === undefined ? null : nextOf(history), total: history?.totalCount ?? null }
}

async function comparedPage(ask: Ask<Config>, repository: Repository, base: string, head: string, page: string | null) {
  const path = `${placeOf(ask.config).rest}/repos/${repository.full_name}/compare/${base}...${head}`
  // Beside the commits its first page has the whole difference, over which GitHub fails where it is too large: then there is no base either.
  const asked = await (
    page === null ? ask.http.get(path, { query: { per_page: 100 }, allow: [404, 422] }) : ask.http.get(page, { allow: [404] })
  ).catch((thrown: unknown) => {
    if (page === null && thrown instanceof AppError && thrown.code === 'source-failed') return null
    throw thrown
  })
  if (asked === null || asked.status !== 200) return null
  const compared = read(
    z.object({ total_commits: z.number(), commits: z.array(z.object({ sha: z.string().regex(HASH) })) }),
    asked.body,
    'new commits',
  )
  const objects = compared.commits.map(({ sha }, index) => `c${index}:object(oid:"${sha}"){...commit}`).join(' ')
  const text = `query Commits($owner:String!,$name:String!){repository(owner:$owner,name:$name){${objects}}} ${COMMIT}`
  const answer = z.object({ repository: z.record(z.string(), anything.nullable()) })
  const found = objects === '' ? { repository: {} } : await askGraph(ask, text, variablesOf(repository), answer)
  const commits = Object.values(found.repository).filter((one): one is Anything => one !== null)
  return { commits, next: nextLink(asked.headers), total: compared.total_commits }
}

export function commitRows({ repository, commit }: z.output<typeof commitPayload>): DomainRows {
  const { author, committer, message, parents, additions, deletions, changedFilesIfAvailable } = commit
  const committed_at = gitInstant(committer?.date ?? commit.committedDate)
  // What GitHub counts for a merge is what the branch brought: those lines are its commits'.
  const isMerge = parents.nodes.length > 1
  return {
    commits: [
      rowOf(commitEntity, {
        repository: repository.full_name,
        sha: commit.oid,
        parents: parents.nodes.map(({ oid }) => oid),
        author_name: author?.name ?? author?.email ?? 'unknown',
        author_email: author?.email ?? 'unknown',
        authored_at: author?.date ? gitInstant(author.date) : committed_at,
        committer_name: committer?.name ?? committer?.email ?? 'unknown',
        committer_email: committer?.email ?? 'unknown',
        committed_at,
        subject: message.split('\n', 1)[0] ?? '',
        reverts: /\bthis reverts commit\s+([0-9a-f]{7,64})\b/i.exec(message)?.[1]?.toLowerCase(),
        additions: isMerge ? 0 : additions,
        deletions: isMerge ? 0 : deletions,
        files_changed: isMerge ? 0 : changedFilesIfAvailable,
      }),
    ],
  }
}
