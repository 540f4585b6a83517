import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { looseNumber, looseText } from '../../domain/loose.ts'
import { review, type Review } from '../../domain/review.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { byFairlead, inner } from './fairlead.ts'
import { walk } from './lake.ts'
import { accountsOf } from './people.ts'
import { repositoriesOf } from './repository.ts'
import { account, changeId, date, isBot, loginOf, nameOf, repositoryOfPage, repositoryPayload } from './value.ts'

export const commentPayload = z.object({
  id: z.string(),
  pull_request_id: looseText(),
  created_date: date(),
  type: looseText(),
  status: looseText(),
  account,
  pull_request: z.object({ id: z.string(), pull_request_key: looseNumber(), url: looseText() }).nullable(),
  repo: repositoryPayload,
  fairlead: byFairlead,
})

/** Never what they say: who said it, when, and the verdict. */
export const pullComments = (ask: Ask<Config>): AsyncIterable<Page> =>
  walk(ask, {
    table: 'pull_request_comments',
    async payloads(lake, rows) {
      const [pulls, known] = await Promise.all([
        lake.rows(
          'pull_requests',
          'id',
          rows.map((row) => row['pull_request_id']),
        ),
        accountsOf(
          lake,
          rows.map((row) => row['account_id']),
        ),
      ])
      const byId = new Map(pulls.map((row) => [row['id'], row]))
      const repo = await repositoriesOf(
        lake,
        pulls.map((row) => row['base_repo_id']),
      )
      return rows.map(({ account_id, ...row }) => {
        const of = byId.get(row['pull_request_id'])
        return {
          ...row,
          account: known(account_id),
          pull_request: of === undefined ? null : { id: of['id'], pull_request_key: of['pull_request_key'], url: of['url'] },
          repo: repo(of?.['base_repo_id']),
        }
      })
    },
  })

const VERDICT: Record<string, Review['state']> = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes_requested',
  DISMISSED: 'dismissed',
  COMMENTED: 'commented',
}

export function commentRows(row: z.output<typeof commentPayload>): DomainRows {
  if (row.pull_request === null) throw new Error('it belongs to a pull request that `pull_requests` does not have')
  const repository = nameOf(row.repo) ?? repositoryOfPage(row.pull_request.url)
  if (repository === null) throw new Error('`repos` has no name for the repository of its pull request')
  const number = row.pull_request.pull_request_key
  if (number === null || number < 0) throw new Error('its pull request has no number')
  if (row.created_date === null) throw new Error('it has no date')
  const author = loginOf(row.account)
  const isReview = row.type === 'REVIEW'
  const change_id = changeId(repository, Math.round(number), row.pull_request)
  const told = rowOf(review, {
    id: inner(row.id, change_id, row.fairlead),
    change_id,
    repository,
    kind: isReview ? 'review' : 'comment',
    state: isReview || row.fairlead !== undefined ? (VERDICT[row.status?.toUpperCase() ?? ''] ?? null) : null,
    author,
    author_is_bot: isBot(author),
    at: row.created_date,
  })
  return { reviews: [told] }
}
