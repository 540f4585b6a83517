import type { Candidate, DeploymentRule } from '../../domain/deployment-rule.ts'
import type { Deployment } from '../../domain/deployment.ts'
import { deploymentsByRule } from '../../domain/deployments-by-rule.ts'
import { knownTier } from '../../domain/environment.ts'
import { releaseOf } from '../../domain/release-tag.ts'
import type { Config } from './config.ts'

export function deploymentsOf(
  rules: readonly DeploymentRule[],
  candidate: Candidate,
  facts: Pick<Deployment, 'id' | 'at' | 'outcome'> & Partial<Deployment> & { isProduction?: boolean },
): Deployment[] {
  const { isProduction = false, ...known } = facts
  const finished_at = facts.outcome === 'running' || facts.outcome === 'unknown' ? null : facts.at
  // GitHub's own word counts for an environment whose name says nothing.
  const isNamed = knownTier(candidate.environment ?? '') !== null
  return deploymentsByRule(rules, candidate, { ...known, finished_at }, isProduction && !isNamed ? 'production' : null)
}

/** A rule that names no tag takes versions, no pre-releases, as the git connector does. */
export function tagRules(config: Config, from: 'tag' | 'release', isVersion: boolean): DeploymentRule[] {
  return config.deployments.filter((rule) => rule.from === from && (isVersion || rule.name !== undefined))
}

export function partOf(tag: string, repository: string): string | null {
  const part = releaseOf(tag, repository)
  return part === null || part === '' ? null : `${repository}/${part}`
}
