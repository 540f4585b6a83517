import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { review, type Review } from '../../domain/review.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask } from '../../src/connector.ts'
import { read, refOf } from './ask.ts'
import type { Config } from './config.ts'
import { graphLists } from './graph-list.ts'
import { changeId, item, later, repositoryRef, time, type Named } from './payload.ts'
import { ACTOR, actorNode, isBot, loginOf, user } from './person.ts'

export const reviewPayload = z.object({
  action: z.string().optional(),
  repository: repositoryRef,
  pull_request: z.object({ number: z.int(), updated_at: time.nullish() }),
  review: z.object({
    id: z.union([z.number(), z.string()]),
    user,
    state: z.string(),
    submitted_at: time.nullish(),
    updated_at: time.nullish(),
    html_url: z.string().nullish(),
  }),
})

export const reviewName = ({ action, review, pull_request }: z.output<typeof reviewPayload>): Named => [
  String(review.id),
  later(review.updated_at ?? (action === undefined || action === 'submitted' ? review.submitted_at : pull_request.updated_at)),
]

const reviewNode = z.object({
  fullDatabaseId: z.union([z.string(), z.number()]),
  state: z.string(),
  submittedAt: time.nullish(),
  updatedAt: time,
  author: actorNode,
  url: z.string(),
})

export const pullReviews = (ask: Ask<Config>) =>
  graphLists(ask, 'reviews', 'pullRequests', (repository) => ({
    query: 'Reviews',
    first: 25,
    inner: { field: 'reviews', nodes: `fullDatabaseId state submittedAt updatedAt author{${ACTOR}} url` },
    items: ({ number }, reviews) =>
      reviews.flatMap((node) => {
        const one = read(reviewNode, node, 'a review')
        if (!one.submittedAt) return []
        const { fullDatabaseId: id, author, state, submittedAt, updatedAt, url } = one
        const review = {
          id: String(id),
          user: author,
          state: state.toLowerCase(),
          submitted_at: submittedAt,
          updated_at: updatedAt,
          html_url: url,
        }
        return item(reviewName, reviewPayload, { repository: refOf(repository), pull_request: { number }, review })
      }),
  }))

const VERDICT: Record<string, Review['state']> = {
  approved: 'approved',
  changes_requested: 'changes_requested',
  commented: 'commented',
  dismissed: 'dismissed',
}

export function reviewRows({ repository, pull_request, review: one }: z.output<typeof reviewPayload>): DomainRows {
  // One that is still being written has no time, and nobody else sees it.
  if (!one.submitted_at) return { reviews: [] }
  return {
    reviews: [
      rowOf(review, {
        id: `review:${one.id}`,
        change_id: changeId(repository, pull_request.number),
        repository: repository.full_name,
        kind: 'review',
        state: VERDICT[one.state.toLowerCase()],
        author: loginOf(one.user),
        author_is_bot: isBot(one.user),
        at: utc(one.submitted_at),
        url: one.html_url,
      }),
    ],
  }
}
