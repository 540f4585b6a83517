import type { Deployment } from '../../domain/deployment.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import type { Started } from './cause.ts'
import type { Code } from './checkout.ts'
import type { Config } from './config.ts'
import { workflowOf, type RunPayload } from './payload.ts'

type Known = Pick<Deployment, 'id' | 'at' | 'outcome' | 'started_at' | 'finished_at' | 'build_id'> & {
  readonly title: string | null | undefined
  readonly url: string | null | undefined
}

/** The deployments that the rules make of a run, or of a stage (`job`) of it. */
export function deploymentsOf(
  subject: { readonly from: 'run' | 'job'; readonly name: string },
  { job }: RunPayload,
  code: Code,
  start: Started,
  config: Config,
  known: Known,
): Deployment[] {
  const { repository, revision, ref, committed_at } = code
  const candidate = { ...subject, repository, branch: ref, trigger: start.trigger, service: code.service ?? repository ?? workflowOf(job) }
  return deploymentsByRule(config.deployments, candidate, { ...known, revision, commit_at: committed_at, actor: start.actor })
}
