import { z } from 'zod'
import { check } from '../../domain/check.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page, Pulled } from '../../src/connector.ts'
import { isFineGrained } from './api.ts'
import { anything, askGraph, connectionOf, nextOf, ofSize, PAGE, read, refOf, variablesOf } from './ask.ts'
import type { Config } from './config.ts'
import { graphList } from './graph-list.ts'
import { daysBefore, eachRepository } from './list.ts'
import { instantOf, item, repositoryRef, time, type Named } from './payload.ts'
import type { Repository } from './repository.ts'
import { inSecond, outcomeOf, stageOf, stateAt } from './status.ts'

const checkRun = z.object({
  id: z.number(),
  name: z.string(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  started_at: time.nullish(),
  completed_at: time.nullish(),
  details_url: z.string().nullish(),
})
export const checkPayload = z.object({ repository: repositoryRef, check_run: checkRun })

export const checkName = ({ check_run: one }: z.output<typeof checkPayload>): Named => [
  String(one.id),
  inSecond(stateAt(one.status, one), stageOf(one.status)),
]

const CHECKS = `oid checkSuites(first:20){nodes{checkRuns(first:100){nodes{databaseId name status conclusion startedAt completedAt detailsUrl}}}}`
const checkedCommit = z.object({
  oid: z.string(),
  checkSuites: z
    .object({
      nodes: z.array(
        z
          .object({
            checkRuns: z
              .object({
                nodes: z.array(
                  z.object({
                    databaseId: z.number(),
                    name: z.string(),
                    status: z.string(),
                    conclusion: z.string().nullish(),
                    startedAt: time.nullish(),
                    completedAt: time.nullish(),
                    detailsUrl: z.string().nullish(),
                  }),
                ),
              })
              .nullish(),
          })
          .nullable(),
      ),
    })
    .nullish(),
})

function checkItems(repository: Repository, node: unknown): Pulled[] {
  const { oid, checkSuites } = read(checkedCommit, node, 'checks')
  return (checkSuites?.nodes ?? []).flatMap((suite) =>
    (suite?.checkRuns?.nodes ?? []).map((one) =>
      item(checkName, checkPayload, {
        repository: refOf(repository),
        check_run: {
          id: one.databaseId,
          name: one.name,
          head_sha: oid,
          status: one.status.toLowerCase(),
          conclusion: one.conclusion?.toLowerCase() ?? null,
          started_at: one.startedAt,
          completed_at: one.completedAt,
          details_url: one.detailsUrl,
        },
      }),
    ),
  )
}

/** Each may have 2,000 check runs in the answer: more commits at once time out. */
const CHECKED_AT_ONCE = 10
const CHECKED = `query Checks($owner:String!,$name:String!,$first:Int!,$after:String,$since:GitTimestamp){repository(owner:$owner,name:$name){defaultBranchRef{target{...on Commit{history(first:$first,after:$after,since:$since){${PAGE} nodes{${CHECKS}}}}}}}}`
const checkedBranch = z.object({
  repository: z
    .object({ defaultBranchRef: z.object({ target: z.object({ history: connectionOf(anything).optional() }).nullable() }).nullable() })
    .nullable(),
})

async function* nothing(): AsyncGenerator<Page> {}

/** Of the default branch and of the heads of pull requests. A check that ends moves neither, so each is looked at for a day longer. */
const pullAllChecks = (ask: Ask<Config>) =>
  eachRepository(
    ask,
    'checks',
    (repository, newest) => [
      {
        key: `${repository.id}/branch`,
        async page({ since }, page) {
          const variables = { ...variablesOf(repository), after: page, since: daysBefore(since, 1) }
          const answered = await ofSize(CHECKED_AT_ONCE, (first) => askGraph(ask, CHECKED, { ...variables, first }, checkedBranch))
          const history = answered.repository?.defaultBranchRef?.target?.history
          if (history === undefined) return { items: [], next: null }
          return { items: history.nodes.flatMap((node) => checkItems(repository, node)), next: nextOf(history) }
        },
      },
      graphList(ask, repository, {
        of: 'pullRequests',
        newest,
        query: 'PullRequestChecks',
        first: CHECKED_AT_ONCE,
        fields: `heads:commits(last:1){nodes{commit{${CHECKS}}}}`,
        lateDays: 1,
        items: (node) =>
          read(z.object({ nodes: z.array(z.object({ commit: anything })) }), node['heads'], 'checks').nodes.flatMap(({ commit }) =>
            checkItems(repository, commit),
          ),
      }),
    ],
    'pullRequests',
  )

export const pullChecks = (ask: Ask<Config>): AsyncGenerator<Page> => (isFineGrained(ask.config) ? nothing() : pullAllChecks(ask))

export function checkRows({ repository, check_run: one }: z.output<typeof checkPayload>): DomainRows {
  const at = instantOf(one.completed_at ?? one.started_at)
  if (at === null) return { checks: [] }
  return {
    checks: [
      rowOf(check, {
        id: String(one.id),
        kind: 'check',
        name: one.name,
        at,
        outcome: outcomeOf(one.status, one.conclusion),
        repository: repository.full_name,
        revision: one.head_sha,
        started_at: instantOf(one.started_at),
        url: one.details_url,
      }),
    ],
  }
}
