import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { review } from '../../domain/review.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { changed, eachRepository, restList } from './list.ts'
import { changeId, isGone, item, later, repositoryRef, time, type Named } from './payload.ts'
import { isBot, loginOf, user } from './person.ts'

export const commentPayload = z.object({
  action: z.string().optional(),
  repository: repositoryRef,
  pull_request: z.object({ updated_at: time.nullish() }).optional(),
  issue: z.object({ updated_at: time.nullish() }).optional(),
  comment: z.object({ id: z.number(), user, created_at: time, updated_at: time, html_url: z.string() }),
})

export const commentName = ({ action, comment, pull_request, issue }: z.output<typeof commentPayload>): Named => [
  commentId(comment),
  isGone(action) ? later(comment.updated_at, pull_request?.updated_at, issue?.updated_at) : utc(comment.updated_at),
]

/** Both kinds of comments count from 1, each for itself; their addresses tell them apart, on issues from those on pull requests, too. */
function commentId({ id, html_url }: { readonly id: number; readonly html_url: string }): string {
  return `${html_url.includes('#discussion_') ? 'line' : 'issue'}:${id}`
}
export const pullOf = (address: string) => /\/pull\/(\d+)(?:\/\w+)?#/.exec(address)?.[1]

const comments = z.array(z.looseObject({ updated_at: time, html_url: z.string() }))

export const pullComments = (ask: Ask<Config>) =>
  eachRepository(ask, 'comments', (repository) =>
    (['pulls', 'issues'] as const).map((kind) =>
      restList(ask, {
        key: `${repository.id}/${kind}`,
        path: `/repos/${repository.full_name}/${kind}/comments`,
        query: changed,
        entries: comments,
        moment: (one) => one.updated_at,
        items: (one) =>
          pullOf(one.html_url) === undefined ? [] : [item(commentName, commentPayload, { repository: refOf(repository), comment: one })],
      }),
    ),
  )

export function commentRows({ action, repository, comment: one }: z.output<typeof commentPayload>): DomainRows {
  const number = pullOf(one.html_url)
  if (number === undefined || isGone(action)) return { reviews: [] }
  return {
    reviews: [
      rowOf(review, {
        id: `comment:${commentId(one)}`,
        change_id: changeId(repository, Number(number)),
        repository: repository.full_name,
        kind: 'comment',
        author: loginOf(one.user),
        author_is_bot: isBot(one.user),
        at: utc(one.created_at),
        url: one.html_url,
      }),
    ],
  }
}
