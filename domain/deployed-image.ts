import { z } from 'zod'
import { compile, filled, groupsOf, isFound, line, pattern } from './pattern.ts'

/**
 * What the images that run tell of what was deployed: where delivery goes through a repository of manifests, the tag of the image is often the
 * only trace of the commit of the code.
 */
export const imageRules = () =>
  z
    .array(
      z.strictObject({
        image: pattern().describe('Pattern (RE2) for the image, without tag and digest'),
        repository: line().describe('The repository (owner/name) that it is built from; named groups of the pattern may stand in it'),
      }),
    )
    .default([])
    .describe('From which repository an image is built; where several run, the first that fits is the one that is deployed')

export const imageCommits = () =>
  z
    .array(pattern())
    .default(['(?i)(?:^|[^0-9a-z])(?:sha-?|g)?(?P<commit>[0-9a-f]{7,40})(?:[^0-9a-z]|$)'])
    .describe('Patterns (RE2) for the commit in the tag of an image: the group `commit`, else the whole match')

export interface DeployedImage {
  readonly image: string | null
  readonly commit: string | null
  readonly repository: string | null
}

interface Seen {
  readonly image: string
  readonly name: string
  readonly commit: string | null
}

/**
 * Which image is the deployed one: the first that a rule names, else the one that is called like what is deployed, else the only one with a
 * commit. While two versions of it run beside each other the commit is null.
 */
export function deployedImage(
  images: readonly string[],
  names: readonly string[],
  rules: z.output<ReturnType<typeof imageRules>>,
  commits: readonly string[],
): DeployedImage {
  const all = images.map((image): Seen => {
    const { name, tag } = splitImage(image)
    return { image, name, commit: commitIn(tag, commits) }
  })
  for (const rule of rules) {
    const fitting = all.filter(({ name }) => isFound(rule.image, name))
    const groups = fitting[0] === undefined ? null : groupsOf(rule.image, fitting[0].name)
    if (groups === null) continue
    return { ...theOne(fitting), repository: filled(rule.repository, groups) }
  }
  const own = all.filter(({ name }) => names.includes(name.split('/').at(-1) ?? ''))
  const committed = all.filter(({ commit }) => commit !== null)
  return { ...theOne(own.length > 0 ? own : committed.length > 0 ? committed : all), repository: null }
}

/** The image, where there is one; the commit, where all have the same. */
function theOne(some: readonly Seen[]): Pick<DeployedImage, 'image' | 'commit'> {
  const [first] = some
  if (first === undefined || !some.every(({ commit }) => commit === first.commit)) return { image: null, commit: null }
  const isOne = first.name !== '' && (first.commit !== null || some.every(({ image }) => image === first.image))
  return { image: isOne ? first.image : null, commit: first.commit }
}

/** `registry:5000/acme/shop:tag@sha256:…` as name and tag. */
function splitImage(image: string): { name: string; tag: string | null } {
  const [, name = '', tag = null] = /^(.*?)(?::([^:/]+))?$/.exec(image.replace(/@.*$/, '')) ?? []
  return { name, tag }
}

/** Digits alone are a date or a number far more often than a commit, unless there are 40 of them. */
function commitIn(tag: string | null, patterns: readonly string[]): string | null {
  if (tag === null) return null
  for (const one of patterns) {
    const matcher = compile(one).matcher(tag)
    const isNamed = 'commit' in compile(one).namedGroups()
    for (let from = 0; from <= tag.length && matcher.find(from); from = Math.max(matcher.end() - 1, from + 1)) {
      const found = isNamed ? matcher.group('commit') : matcher.group()
      if (found !== null && /^[0-9a-f]{7,40}$/i.test(found) && (found.length === 40 || /[a-f]/i.test(found))) return found.toLowerCase()
    }
  }
  return null
}
