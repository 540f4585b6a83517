import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { utc, type Ask, type Raw } from '../../src/connector.ts'
import { allOf, anything, refOf } from './ask.ts'
import type { Config } from './config.ts'
import { eachRepository, LATE_DAYS, restList } from './list.ts'
import { repositoryRef, time, type Named, item } from './payload.ts'
import { loginOf, user } from './person.ts'
import { deploymentsOf } from './rule.ts'
import { inSecond } from './status.ts'

const deployed = z.object({
  id: z.number(),
  sha: z.string(),
  ref: z.string().nullish(),
  environment: z.string(),
  description: z.string().nullish(),
  production_environment: z.boolean().nullish(),
  creator: user,
  created_at: time,
})
const deploymentStatus = z.object({
  id: z.number(),
  state: z.string(),
  environment: z.string().nullish(),
  environment_url: z.string().nullish(),
  log_url: z.string().nullish(),
  target_url: z.string().nullish(),
  created_at: time,
})
export const deploymentPayload = z.object({
  repository: repositoryRef,
  deployment: deployed,
  deployment_status: deploymentStatus.optional(),
})

/** A deployment and each of its statuses are items that tell one row, and often fall into one second: the further one wins. */
export const deploymentName = ({ deployment, deployment_status: status }: z.output<typeof deploymentPayload>): Named =>
  status === undefined
    ? [String(deployment.id), inSecond(deployment.created_at, 0)]
    : [`status:${status.id}`, inSecond(status.created_at, { queued: 1, pending: 1, waiting: 1, in_progress: 2 }[status.state] ?? 3)]

export const pullDeployments = (ask: Ask<Config>) =>
  eachRepository(ask, 'deployments', (repository) => [
    restList(ask, {
      key: String(repository.id),
      path: `/repos/${repository.full_name}/deployments`,
      entries: z.array(z.looseObject({ id: z.number(), created_at: time, updated_at: time })),
      moment: (one) => one.created_at,
      lateDays: LATE_DAYS,
      items: async (deployment, { since }) => {
        // A status moves it, too.
        if (since !== null && utc(deployment.updated_at) < since) return []
        const path = `/repos/${repository.full_name}/deployments/${deployment.id}/statuses?per_page=100`
        const statuses = await allOf(ask, path, z.array(anything))
        const told = { repository: refOf(repository), deployment }
        return [told, ...statuses.map((status) => ({ ...told, deployment_status: status }))].map((one) =>
          item(deploymentName, deploymentPayload, one),
        )
      },
    }),
  ])

const STATE: Record<string, Deployment['outcome']> = {
  success: 'success',
  failure: 'failure',
  error: 'failure',
  in_progress: 'running',
  queued: 'running',
  pending: 'running',
  waiting: 'running',
}

export function deploymentRows(
  { repository, deployment, deployment_status: status }: z.output<typeof deploymentPayload>,
  _raw: Raw,
  config: Config,
): DomainRows {
  // That a newer deployment took its place changes nothing in how this one went.
  if (status?.state === 'inactive') return { deployments: [] }
  const environment = status?.environment || deployment.environment
  return {
    deployments: deploymentsOf(
      config.deployments,
      { from: 'deployment', name: environment, repository: repository.full_name, branch: deployment.ref ?? null, environment },
      {
        id: `deployment:${deployment.id}`,
        at: utc(status?.created_at ?? deployment.created_at),
        // Without a status nobody has said that it runs.
        outcome: status === undefined ? 'unknown' : (STATE[status.state] ?? 'unknown'),
        started_at: utc(deployment.created_at),
        revision: deployment.sha,
        ref: deployment.ref ?? null,
        title: deployment.description || null,
        url: status?.log_url || status?.target_url || status?.environment_url || null,
        actor: loginOf(deployment.creator),
        isProduction: deployment.production_environment === true,
      },
    ),
  }
}
