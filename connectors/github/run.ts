import { z } from 'zod'
import { build } from '../../domain/build.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask, type Pulled, type Raw } from '../../src/connector.ts'
import type { List } from '../../src/paging.ts'
import { anything, read, refOf, type Anything } from './ask.ts'
import { placeOf, type Config } from './config.ts'
import { eachRepository, restList } from './list.ts'
import { count, instantOf, item, repositoryRef, time, type Named } from './payload.ts'
import { loginOf, user } from './person.ts'
import type { Repository } from './repository.ts'
import { deploymentsOf } from './rule.ts'
import { inSecond, outcomeOf, stageOf } from './status.ts'

const run = z.object({
  id: z.number(),
  name: z.string().nullish(),
  path: z.string().nullish(),
  display_title: z.string().nullish(),
  event: z.string(),
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
  head_branch: z.string().nullish(),
  head_sha: z.string(),
  run_number: count,
  run_attempt: z.int().positive().default(1),
  created_at: time,
  run_started_at: time.nullish(),
  updated_at: time,
  html_url: z.string().nullish(),
  actor: user,
  triggering_actor: user,
})
export const runPayload = z.object({ repository: repositoryRef, workflow_run: run })

export const runName = ({ workflow_run: { id, run_attempt, updated_at, status } }: z.output<typeof runPayload>): Named => [
  `${id}:${run_attempt}`,
  inSecond(updated_at, stageOf(status)),
]

const listedRuns = z
  .object({
    workflow_runs: z.array(z.looseObject({ id: z.number(), run_attempt: z.int().default(1), created_at: time, updated_at: time })),
  })
  .transform(({ workflow_runs }) => workflow_runs)
type ListedRun = z.output<typeof listedRuns>[number]

/** How long after its start a run may still change, and a pull sees it: some wait for an approval over a weekend. */
const RUN_DAYS = 3

/** Unfiltered: with a filter GitHub gives the first thousand and no more. */
export const runList = (ask: Ask<Config>, repository: Repository, perPage: number, items: (run: ListedRun) => Promise<Pulled[]>): List =>
  restList(ask, {
    key: String(repository.id),
    path: `/repos/${repository.full_name}/actions/runs`,
    perPage,
    entries: listedRuns,
    moment: (one) => one.created_at,
    lateDays: RUN_DAYS,
    items: async (one, { since }) => (since !== null && utc(one.updated_at) < since ? [] : items(one)),
  })

export const pullRuns = (ask: Ask<Config>) =>
  eachRepository(ask, 'runs', (repository) => [
    runList(ask, repository, 100, async (last) => {
      const attempts: Anything[] = [last]
      // The list has the last attempt of each run; those before stand behind it.
      for (let attempt = last.run_attempt - 1; attempt > 0; attempt--) {
        const path = `${placeOf(ask.config).rest}/repos/${repository.full_name}/actions/runs/${last.id}/attempts/${attempt}`
        const answer = await ask.http.get(path, { allow: [404] })
        if (answer.status === 200) attempts.push(read(anything, answer.body, 'a run'))
      }
      return attempts.map(({ repository: _own, head_repository: _head, ...one }) =>
        item(runName, runPayload, { repository: refOf(repository), workflow_run: one }),
      )
    }),
  ])

export function runRows({ repository, workflow_run: one }: z.output<typeof runPayload>, _raw: Raw, config: Config): DomainRows {
  const outcome = outcomeOf(one.status, one.conclusion)
  const started_at = instantOf(one.run_started_at)
  // GitHub does not say when a run ended; nothing changes it afterwards.
  const finished_at = outcome === 'running' ? null : utc(one.updated_at)
  const trigger = one.event === 'workflow_dispatch' ? 'manual' : one.event
  const workflow = one.name || one.path || 'unknown'
  const facts = {
    id: `run:${one.id}:${one.run_attempt}`,
    at: finished_at ?? started_at ?? utc(one.created_at),
    outcome,
    started_at,
    revision: one.head_sha,
    ref: one.head_branch ?? null,
    title: one.display_title ?? null,
    url: one.html_url ?? null,
    actor: loginOf(one.triggering_actor ?? one.actor),
  }
  return {
    builds: [
      rowOf(build, {
        ...facts,
        workflow,
        repository: repository.full_name,
        trigger,
        number: one.run_number,
        attempt: one.run_attempt,
        // A re-run keeps the moment at which the first was made.
        queued_at: one.run_attempt > 1 ? null : utc(one.created_at),
        finished_at,
      }),
    ],
    deployments: deploymentsOf(
      config.deployments,
      // The branch of a run for a pull request may be the fork's, which may call it `main`, too.
      {
        from: 'run',
        name: workflow,
        repository: repository.full_name,
        branch: one.event.startsWith('pull_request') ? null : (one.head_branch ?? null),
        trigger,
      },
      { ...facts, build_id: facts.id },
    ),
  }
}
