import { z } from 'zod'
import { globToRegex } from './path-glob.ts'
import { isFound, line } from './pattern.ts'

/** Who owns what: the rule that decides between several patterns that fit, for the program and, by `place`, for the analytics store. */

export const OWNED_KINDS = ['repository', 'service'] as const
export type OwnedKind = (typeof OWNED_KINDS)[number]

export interface OwnershipRule {
  readonly team: string
  readonly kind: OwnedKind
  /** A name, or a glob: `*` anything but `/`, `**` anything, `?` one character. */
  readonly pattern: string
  readonly precedence: number
}

/** The short name of a team, in addresses and on the command line. */
export const teamSlug = () =>
  z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+([._-][a-z0-9]+)*$/, 'must be lower-case letters and digits, with single - . _ between them')

/** Each `*` costs the matcher; more than these are no pattern that a person reads. */
const MOST_WILDCARDS = 10
export const ownedPattern = () =>
  line().refine((text) => (text.match(/\*+|\?/g)?.length ?? 0) <= MOST_WILDCARDS, `must not have more than ${MOST_WILDCARDS} wildcards`)

/** As a regular expression; null where it is a plain name. */
export function regexOf(pattern: string): string | null {
  return /[*?]|\/$/.test(pattern) ? `(?s)${globToRegex(pattern)}` : null
}

export function fits(pattern: string, name: string): boolean {
  if (name === '') return false
  const regex = regexOf(pattern)
  return regex === null ? pattern === name : isFound(regex, name)
}

/**
 * The order in which rules count: a service's before a repository's, a plain name before a pattern, then the higher precedence, then the
 * longer literal. Where all are equal the names of team and pattern decide, so that it is always the same one.
 */
export function strongestFirst<R extends OwnershipRule>(rules: readonly R[]): R[] {
  const literal = (pattern: string) => [...pattern.replaceAll(/[*?]/g, '')].length
  return rules
    .map((rule) => ({ rule, isService: rule.kind === 'service', isPlain: regexOf(rule.pattern) === null, length: literal(rule.pattern) }))
    .sort(
      (a, b) =>
        Number(b.isService) - Number(a.isService) ||
        Number(b.isPlain) - Number(a.isPlain) ||
        b.rule.precedence - a.rule.precedence ||
        b.length - a.length ||
        compare(a.rule.team, b.rule.team) ||
        compare(a.rule.pattern, b.rule.pattern),
    )
    .map(({ rule }) => rule)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The rule that says who owns a service of a repository; null when nobody does. */
export function ownerOf<R extends OwnershipRule>(
  strongest: readonly R[],
  { service, repository }: { service?: string | null; repository?: string | null },
): R | null {
  const names = { service: service ?? '', repository: repository ?? '' }
  return strongest.find((rule) => fits(rule.pattern, names[rule.kind])) ?? null
}

/** A team and all above it, itself first. A circle, which `save` refuses, would end where it began. */
export function lineageOf(parents: ReadonlyMap<string, string | null>, slug: string): string[] {
  const lineage = [slug]
  for (let next = parents.get(slug); next != null && !lineage.includes(next); next = parents.get(next)) lineage.push(next)
  return lineage
}
