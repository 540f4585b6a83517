import { z } from 'zod'
import { globToRegex } from './path-glob.ts'
import { filled, groupsOf, isFound, line, pattern } from './pattern.ts'
import { releaseOf } from './release-tag.ts'

/**
 * Rules of a source that say which of the things that it tells are deployments, of which service and into which environment. They are part of
 * the source's settings, so reading stays pure: another rule needs a replay of what is kept, and no pull.
 */
export const RULE_SUBJECTS = ['deployment', 'run', 'job', 'tag', 'release', 'merge'] as const

export const deploymentRule = z.strictObject({
  from: z
    .enum(RULE_SUBJECTS)
    .describe(
      'What may be a deployment: one that the tool calls so (`deployment`), a run of a workflow or pipeline, a job or stage of one, a tag, a release, a merged change',
    ),
  name: pattern()
    .optional()
    .describe('Pattern (RE2) for its name: of the workflow, the job, the tag, the environment of a deployment, the title of a change'),
  branch: pattern().optional().describe('Pattern for the branch or tag that it ran on, or that was merged into'),
  repository: pattern().optional().describe('Pattern for the repository'),
  trigger: pattern().optional().describe('Pattern for what started it: push, schedule, manual …'),
  environment: line().optional().describe('The environment; default: what the tool says, else production'),
  service: line()
    .optional()
    .describe(
      'The service; `{repository}`, `{name}` and named groups of the pattern may stand in it. Default: what the tool says, else the repository',
    ),
  paths: z
    .array(line())
    .optional()
    .describe('Globs: the part of the repository that is this service. A merge must touch it, and only commits that touch it are shipped'),
})
export type DeploymentRule = z.infer<typeof deploymentRule>

/** The field of a connector's settings. */
export const deploymentRules = (fallback: readonly DeploymentRule[]) =>
  z
    .array(deploymentRule)
    .default([...fallback])
    .describe('Rules that say what counts as a deployment; the first that fits a service and environment is the one')

/** Something that may be a deployment. */
export interface Candidate {
  readonly from: DeploymentRule['from']
  readonly name: string
  readonly repository: string | null
  readonly branch?: string | null
  readonly trigger?: string | null
  /** As the tool says. */
  readonly environment?: string | null
  readonly service?: string | null
  /** The paths that it touches; null where that is not known, and then no rule with `paths` fits a merge. */
  readonly paths?: readonly string[] | null
}

export interface RuleMatch {
  readonly service: string
  readonly environment: string
  /** The rule in words, for the row. */
  readonly rule: string
}

/** What the rules make of a candidate: nothing, one deployment, or one for each service and environment that they name. */
export function matchRules(rules: readonly DeploymentRule[], candidate: Candidate): RuleMatch[] {
  const matches = new Map<string, RuleMatch>()
  // A rule that names no tag takes versions and no pre-releases, as the git connector does.
  const isVersion =
    !(candidate.from === 'tag' || candidate.from === 'release') || releaseOf(candidate.name, candidate.repository ?? '') !== null
  for (const rule of rules) {
    if (rule.from !== candidate.from) continue
    if (rule.name === undefined && !isVersion) continue
    const found = rule.name === undefined ? null : groupsOf(rule.name, candidate.name)
    if (rule.name !== undefined && found === null) continue
    if (!fits(rule.branch, candidate.branch) || !fits(rule.repository, candidate.repository) || !fits(rule.trigger, candidate.trigger))
      continue
    if (rule.paths !== undefined && candidate.from === 'merge' && !touches(rule.paths, candidate.paths ?? [])) continue
    const words: Record<string, string> = { ...found, name: candidate.name, repository: candidate.repository ?? '' }
    const service = rule.service === undefined ? (candidate.service ?? candidate.repository ?? candidate.name) : filled(rule.service, words)
    const environment = rule.environment ?? found?.['environment'] ?? candidate.environment ?? 'production'
    if (service === '') continue
    const key = `${service}\n${environment}`
    if (!matches.has(key)) matches.set(key, { service, environment, rule: wordsOf(rule) })
  }
  return [...matches.values()]
}

/** The services that a part of a repository is, by the globs of the rules: for the attribution of commits. */
export function pathsOfServices(rules: readonly DeploymentRule[]): Map<string, string[]> {
  const paths = new Map<string, string[]>()
  for (const { service, paths: globs } of rules)
    if (service !== undefined && globs !== undefined && !service.includes('{'))
      paths.set(service, [...(paths.get(service) ?? []), ...globs])
  return paths
}

function wordsOf({ from, name, branch, paths }: DeploymentRule): string {
  return [from, name, branch === undefined ? undefined : `on ${branch}`, paths === undefined ? undefined : `in ${paths.join(' ')}`]
    .filter((one) => one !== undefined)
    .join(' ')
}

function fits(text: string | undefined, value: string | null | undefined): boolean {
  return text === undefined || (value !== null && value !== undefined && isFound(text, value))
}

function touches(globs: readonly string[], paths: readonly string[]): boolean {
  return globs.some((glob) => {
    const regex = globToRegex(glob)
    return paths.some((path) => isFound(regex, path))
  })
}
