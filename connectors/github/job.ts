import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { job as jobEntity } from '../../domain/job.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Raw } from '../../src/connector.ts'
import { allOf, anything, refOf } from './ask.ts'
import type { Config } from './config.ts'
import { eachRepository } from './list.ts'
import { instantOf, item, repositoryRef, time, type Named } from './payload.ts'
import { deploymentsOf } from './rule.ts'
import { runList } from './run.ts'
import { inSecond, outcomeOf, stageOf, stateAt } from './status.ts'

const job = z.object({
  id: z.number(),
  run_id: z.number(),
  run_attempt: z.int().positive().default(1),
  workflow_name: z.string().nullish(),
  name: z.string(),
  head_branch: z.string().nullish(),
  head_sha: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  created_at: time.nullish(),
  started_at: time.nullish(),
  completed_at: time.nullish(),
  html_url: z.string().nullish(),
})
export const jobPayload = z.object({ repository: repositoryRef, workflow_job: job })

// It has no time of its last change; each of its states has its own. Of the copies that a re-run makes, the last one wins.
export const jobName = ({ workflow_job: one }: z.output<typeof jobPayload>): Named => [
  String(one.id),
  inSecond(stateAt(one.status, one), stageOf(one.status) * 100 + Math.min(one.run_attempt, 99)),
]

const listedJobs = z.object({ jobs: z.array(anything) }).transform(({ jobs }) => jobs)

/** One request for each run: GitHub has no list of all jobs. */
export const pullJobs = (ask: Ask<Config>) =>
  eachRepository(ask, 'jobs', (repository) => [
    runList(ask, repository, 30, async ({ id }) => {
      const jobs = await allOf(ask, `/repos/${repository.full_name}/actions/runs/${id}/jobs?filter=all&per_page=100`, listedJobs)
      return jobs.map((one) => item(jobName, jobPayload, { repository: refOf(repository), workflow_job: one }))
    }),
  ])

export function jobRows({ repository, workflow_job: one }: z.output<typeof jobPayload>, _raw: Raw, config: Config): DomainRows {
  const outcome = outcomeOf(one.status, one.conclusion)
  const begun_at = instantOf(one.started_at)
  // One that waits or was skipped has a moment there, too, and never began.
  const started_at = outcome === 'skipped' || !['in_progress', 'completed'].includes(one.status) ? null : begun_at
  const finished_at = outcome === 'running' ? null : instantOf(one.completed_at)
  const build_id = `run:${one.run_id}:${one.run_attempt}`
  const at = finished_at ?? begun_at
  return {
    jobs: [
      rowOf(jobEntity, {
        id: String(one.id),
        build_id,
        name: one.name,
        outcome,
        repository: repository.full_name,
        attempt: one.run_attempt,
        queued_at: instantOf(one.created_at),
        started_at,
        finished_at,
        url: one.html_url,
      }),
    ],
    deployments:
      at === null || (outcome === 'running' && one.status !== 'in_progress')
        ? []
        : deploymentsOf(
            config.deployments,
            { from: 'job', name: one.name, repository: repository.full_name, branch: one.head_branch ?? null },
            {
              // Not by its own id: a re-run of the failed jobs lists those that succeeded once more, under new ids and with their old times.
              id: `job:${one.run_id}:${one.name}@${begun_at ?? at}`,
              at,
              outcome,
              started_at,
              revision: one.head_sha,
              ref: one.head_branch ?? null,
              title: one.workflow_name ? `${one.workflow_name} / ${one.name}` : one.name,
              url: one.html_url ?? null,
              build_id,
            },
          ),
  }
}
