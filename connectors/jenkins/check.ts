import { z } from 'zod'
import type { Ask, Check } from '../../src/connector.ts'
import { answeredStatus, AppError } from '../../src/errors.ts'
import type { Config } from './config.ts'
import { isWanted, type Job, listJobs, pathOf } from './job.ts'
import { optional } from './payload.ts'
import { isPipeline } from './stage.ts'

export async function check(ask: Ask<Config>): Promise<Check> {
  try {
    const jobs = await listJobs({ ...ask, config: { ...ask.config, jobs: [] } })
    if (jobs.length === 0)
      return {
        ok: false,
        missing: [`The user ${ask.config.user} sees no job with a build: give it Job/Read on the jobs and on the folders above them.`],
      }
    const missing: string[] = []
    const wanted = jobs.filter(({ name }) => isWanted(ask.config, name))
    if (wanted.length === 0)
      missing.push(`None of the ${jobs.length} jobs that the user sees fits \`jobs\`: write full names, such as ${jobs[0]?.name}.`)
    const idle = ask.config.deployments.filter(({ from }) => from !== 'run' && from !== 'job')
    if (idle.length > 0)
      missing.push(`Jenkins has runs and stages: change \`from\` of ${idle.length} of the rules in \`deployments\` to run or job.`)
    if (ask.config.stages && (await lacksStages(ask, wanted)))
      missing.push('Stages are not known: install the plugin Pipeline: REST API (`pipeline-rest-api`), or set `stages` to false.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const status = answeredStatus(thrown)
    const help =
      status === 403
        ? `Give the user ${ask.config.user} Overall/Read and Job/Read.`
        : status === 401
          ? 'Make a new API token of the user, and check its name.'
          : thrown.help
    return { ok: false, missing: [`${thrown.message} ${help ?? ''}`.trim()] }
  }
}

const newest = z.object({ _class: optional })

/** Asks of the newest build of a pipeline, where there is one among the first few jobs. */
async function lacksStages({ http }: Ask<Config>, jobs: readonly Job[]): Promise<boolean> {
  for (const { name, last } of jobs.slice(0, 20)) {
    const { body, status } = await http.get(`${pathOf(name)}/${last}/api/json`, { query: { tree: 'number' }, allow: [404] })
    if (status !== 200 || !isPipeline(newest.parse(body))) continue
    return (await http.get(`${pathOf(name)}/${last}/wfapi/describe`, { allow: [404] })).status === 404
  }
  return false
}
