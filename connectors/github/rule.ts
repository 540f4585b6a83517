import { matchRules, type Candidate, type DeploymentRule } from '../../domain/deployment-rule.ts'
import { deployment, type Deployment } from '../../domain/deployment.ts'
import { rowOf } from '../../domain/entity.ts'
import { knownTier, tierOf } from '../../domain/environment.ts'
import { releaseOf } from '../../domain/release-tag.ts'
import type { Config } from './config.ts'

/** Rows of a candidate. The id tells the matches apart only where there are several. */
export function deploymentsOf(
  rules: readonly DeploymentRule[],
  candidate: Candidate,
  facts: Pick<Deployment, 'id' | 'at' | 'outcome'> & Partial<Deployment> & { isProduction?: boolean },
): Deployment[] {
  const { isProduction = false, ...known } = facts
  const matches = matchRules(rules, candidate)
  return matches.map(({ service, environment, rule }) =>
    rowOf(deployment, {
      ...known,
      id: matches.length > 1 ? `${facts.id} ${service} ${environment}` : facts.id,
      kind: 'deploy',
      service,
      // GitHub's own word for an environment whose name says nothing.
      environment:
        isProduction && environment === candidate.environment && knownTier(environment) === null ? 'production' : tierOf(environment),
      environment_name: environment,
      finished_at: facts.outcome === 'running' || facts.outcome === 'unknown' ? null : facts.at,
      repository: candidate.repository,
      rule,
    }),
  )
}

/** A rule that names no tag takes versions, no pre-releases, as the git connector does. */
export function tagRules(config: Config, from: 'tag' | 'release', isVersion: boolean): DeploymentRule[] {
  return config.deployments.filter((rule) => rule.from === from && (isVersion || rule.name !== undefined))
}

export function partOf(tag: string, repository: string): string | null {
  const part = releaseOf(tag, repository)
  return part === null || part === '' ? null : `${repository}/${part}`
}
