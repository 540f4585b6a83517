import { z } from 'zod'
import type { Candidate } from '../../domain/deployment-rule.ts'
import { rowOf } from '../../domain/entity.ts'
import { job } from '../../domain/job.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Pulled, type Raw } from '../../src/connector.ts'
import { each, momentOf, whole } from './api.ts'
import type { Config } from './config.ts'
import { either, id, type Item, maybe, orNull, part, place, seconds, titled, words } from './payload.ts'
import { login, person } from './person.ts'
import { branchFor, buildId, pipelineLists, pipelinePath, triggerOf } from './pipeline.ts'
import { pullLists } from './project-list.ts'
import { contextOf, type Project } from './project.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { outcomeOf, UNSTARTED } from './status.ts'

const pulledJob = z.object({
  id,
  project: place,
  name: z.string(),
  status: z.string(),
  ref: words,
  /** 1 for the first run of its name in the pipeline. */
  attempt: id.nullish(),
  created_at: maybe,
  started_at: maybe,
  finished_at: maybe,
  queued_duration: seconds,
  user: person,
  commit: titled,
  pipeline: z.object({ id, sha: words, source: words }),
  environment: z.object({ name: words, deployment_tier: words }).nullish(),
  web_url: words,
})

type Job = z.output<typeof pulledJob>

function jobIn(body: Item): Item {
  const { project, user, ref, environment } = body
  const retries = body['retries_count']
  const home = part(body, 'project')['web_url']
  return {
    project,
    user,
    ref,
    environment,
    id: body['build_id'],
    name: body['build_name'],
    status: body['build_status'],
    attempt: typeof retries === 'number' ? retries + 1 : 1,
    created_at: body['build_created_at'],
    started_at: body['build_started_at'],
    finished_at: body['build_finished_at'],
    queued_duration: body['build_queued_duration'],
    pipeline: { id: body['pipeline_id'], sha: body['sha'] },
    web_url: typeof home === 'string' ? `${home}/-/jobs/${String(body['build_id'])}` : null,
  }
}

export const jobPayload = either(jobIn, pulledJob)

async function readJobs(ask: Ask<Config>, found: readonly Item[], project: Project): Promise<Pulled[]> {
  const jobs = await each(found, async (pipeline) => {
    const attempts = new Map<unknown, number>()
    const runs = await whole(ask, `${pipelinePath(pipeline, project)}/jobs`, { include_retried: true })
    return runs
      .toSorted((a, b) => Number(a['id']) - Number(b['id']))
      .map((one) => {
        const attempt = (attempts.get(one['name']) ?? 0) + 1
        attempts.set(one['name'], attempt)
        // Not how the pipeline fares: that changes, and the job with it would be another item each time.
        const { id, iid, sha, ref, source } = { ...pipeline, ...part(one, 'pipeline') }
        return pulled(String(one['id']), momentOf(one, 'finished_at', 'started_at', 'created_at'), {
          ...one,
          attempt,
          pipeline: { id, iid, sha, ref, source },
          project: contextOf(project),
        })
      })
  })
  return jobs.flat()
}

export const pullJobs = pullLists('jobs', ...pipelineLists(readJobs))

export function jobRows(one: Job, _raw: Raw, config: Config): DomainRows {
  const { path_with_namespace: repository } = one.project
  const { started_at, finished_at, queued_duration } = one
  const environment = orNull(one.environment?.name)
  const outcome = outcomeOf(one.status)
  const trigger = triggerOf(one.pipeline.source)
  const at = finished_at ?? started_at ?? one.created_at
  const candidate: Candidate = { from: 'job', name: one.name, repository, branch: branchFor(trigger, one.ref), trigger, environment }
  return {
    jobs: [
      rowOf(job, {
        id: String(one.id),
        build_id: buildId(one.pipeline.id),
        name: one.name,
        outcome,
        repository,
        environment_name: environment,
        attempt: one.attempt ?? 1,
        // It is created with the pipeline, and queued when its turn has come.
        queued_at:
          started_at === null || queued_duration === undefined || queued_duration === null
            ? null
            : new Date(Date.parse(started_at) - Math.round(queued_duration * 1000)).toISOString(),
        started_at,
        finished_at,
        url: orNull(one.web_url),
      }),
    ],
    deployments:
      at === null || UNSTARTED.has(one.status)
        ? []
        : deploymentsByRule(
            config.deployments,
            candidate,
            {
              id: `job:${one.id}`,
              at,
              outcome,
              started_at,
              finished_at,
              revision: orNull(one.pipeline.sha),
              title: orNull(one.commit?.title),
              url: orNull(one.web_url),
              actor: login(one.user),
              build_id: buildId(one.pipeline.id),
            },
            orNull(one.environment?.deployment_tier),
          ),
  }
}
