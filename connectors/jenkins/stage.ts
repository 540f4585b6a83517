import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { job as jobEntity } from '../../domain/job.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Ask, type Page, type Pulled, type Raw } from '../../src/connector.ts'
import { walkBuilds } from './build-walk.ts'
import { startOf } from './cause.ts'
import { codeOf } from './checkout.ts'
import type { Config } from './config.ts'
import { pathOf } from './job.ts'
import { atOf, endOf, idOf, isRunning, momentOf, optional, outcomeOf, runPayload } from './payload.ts'
import { deploymentsOf } from './rule.ts'

export const stagesPayload = runPayload.extend({
  stages: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      status: optional,
      startTimeMillis: z.number().nullish(),
      durationMillis: z.number().nullish(),
    }),
  ),
})

type StagesPayload = z.output<typeof stagesPayload>
const described = z.object({ stages: stagesPayload.shape.stages.nullish() })
export const isPipeline = ({ _class }: { readonly _class?: string | null | undefined }) => (_class ?? '').endsWith('WorkflowRun')

/** Without the plugin each request is in vain; a build that was discarded meanwhile is rare. */
const MOST_IN_VAIN = 5

export async function* pullStages(ask: Ask<Config>): AsyncGenerator<Page> {
  if (!ask.config.stages) return
  let inVain = 0
  yield* walkBuilds(ask, async ({ name, branch }, builds) => {
    const items: Pulled[] = []
    for (const one of builds.filter(isPipeline)) {
      if (inVain >= MOST_IN_VAIN) break
      const { body, status } = await ask.http.get(`${pathOf(name)}/${one.number}/wfapi/describe`, { allow: [404] })
      inVain = status === 404 ? inVain + 1 : 0
      const stages = status === 200 ? (described.parse(body).stages ?? []) : []
      if (stages.length > 0)
        items.push(pulled(idOf({ name }, one), atOf(one), { job: { name, branch }, build: one, stages } satisfies StagesPayload))
    }
    return items
  })
}

export function stageRows(run: StagesPayload, _raw: Raw, config: Config): DomainRows {
  const { job, build: one, stages } = run
  const code = codeOf(run, config)
  const start = startOf(run)
  const build_id = idOf(job, one)
  const buildAt = endOf(one) ?? momentOf(one.timestamp)
  if (buildAt === null) throw new Error('the build has no start that can be read')
  const read = stages.map((stage) => {
    const told = outcomeOf(stage.status, config)
    // A stage that still runs in a build that has ended was cut off with it.
    const outcome = told !== 'running' || isRunning(one) ? told : one.result === 'ABORTED' ? 'cancelled' : 'unknown'
    const ran = outcome !== 'skipped' && (stage.startTimeMillis ?? 0) > 0
    const started_at = ran ? momentOf(stage.startTimeMillis) : null
    const finished_at = ran && outcome !== 'running' ? momentOf((stage.startTimeMillis ?? 0) + (stage.durationMillis ?? 0)) : null
    return { stage, outcome, started_at, finished_at }
  })
  return {
    jobs: read.map(({ stage, ...times }) =>
      rowOf(jobEntity, {
        id: stage.id,
        build_id,
        name: stage.name,
        repository: code.repository,
        attempt: start.attempt,
        url: one.url,
        ...times,
      }),
    ),
    deployments: read.flatMap(({ stage, ...times }) =>
      deploymentsOf({ from: 'job', name: stage.name }, run, code, start, config, {
        id: `${build_id}/${stage.id}`,
        at: times.finished_at ?? times.started_at ?? buildAt,
        ...times,
        title: [one.fullDisplayName, stage.name].filter(Boolean).join(': '),
        url: one.url,
        build_id,
      }),
    ),
  }
}
