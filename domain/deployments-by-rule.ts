import { matchRules, type Candidate, type DeploymentRule } from './deployment-rule.ts'
import { deployment, type Deployment } from './deployment.ts'
import { rowOf } from './entity.ts'
import { knownTier, tierOf } from './environment.ts'

type Known = Pick<Deployment, 'id' | 'at' | 'outcome'> & { readonly [K in keyof Deployment]?: Deployment[K] | undefined }

/**
 * The deployments that the rules of a source make of something. Where they are several, service and environment are part of their ids. `tier` is the
 * tool's own word for what kind of environment the candidate's is: it stands before what the name says.
 */
export function deploymentsByRule(
  rules: readonly DeploymentRule[],
  candidate: Candidate,
  known: Known,
  tier: string | null = null,
): Deployment[] {
  const matches = matchRules(rules, candidate)
  return matches.map(({ service, environment, rule }) =>
    rowOf(deployment, {
      ref: candidate.branch,
      ...known,
      id: matches.length === 1 ? known.id : `${known.id}:${service}:${environment}`,
      kind: 'deploy',
      service,
      environment: (environment === candidate.environment ? knownTier(tier ?? '') : null) ?? tierOf(environment),
      environment_name: environment,
      repository: candidate.repository,
      rule,
    }),
  )
}
