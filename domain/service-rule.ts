import { z } from 'zod'
import { tierOf, type Tier } from './environment.ts'
import { filled, groupsOf, line, pattern } from './pattern.ts'

/**
 * Rules of a source that say of which service an incident is, as deployments name it, and where. What pages people is seldom named like what is
 * deployed; without the same name on both sides no incident is laid to a deployment.
 */
export const serviceRule = z.strictObject({
  name: pattern().describe('Pattern (RE2) for the name or the id that the tool knows the service by'),
  service: line().describe('The service as deployments name it; `{name}` and named groups of the pattern may stand in it'),
  environment: line().optional().describe('The environment; default: that of the source'),
  repository: line().optional().describe('The repository that the service is built from'),
})
export type ServiceRule = z.infer<typeof serviceRule>

/** The field of a connector's settings. */
export const serviceRules = () =>
  z
    .array(serviceRule)
    .default([])
    .describe('Rules that say which service an incident is of; the first that fits is the one. Without one: the name that the tool has')

/** The field of the environment that incidents are in when nothing else says so. */
export const incidentEnvironment = () =>
  line().default('production').describe('The environment that incidents are in when nothing else says so')

export interface Place {
  readonly service: string | null
  readonly environment: Tier
  readonly environment_name: string
  readonly repository: string | null
}

/** Where something is that the tool knows by any of `names`; what no rule says is as told. */
export function placeOf(
  rules: readonly ServiceRule[],
  names: readonly (string | null | undefined)[],
  told: { readonly service: string | null; readonly environment: string },
): Place {
  for (const rule of rules) {
    for (const name of names) {
      const groups = name === null || name === undefined || name === '' ? null : groupsOf(rule.name, name)
      if (groups === null) continue
      const words: Record<string, string> = { ...groups, name: name as string }
      return placed(filled(rule.service, words), rule.environment ?? told.environment, rule.repository ?? null)
    }
  }
  return placed(told.service, told.environment, null)
}

function placed(service: string | null, environment: string, repository: string | null): Place {
  return { service: service === '' ? null : service, environment: tierOf(environment), environment_name: environment, repository }
}
