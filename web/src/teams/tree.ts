import type { Team } from '../api/teams.ts'

export interface Branch {
  readonly team: Team
  readonly below: readonly Branch[]
}

/** Teams below teams, each level by name. Whose parent is not among them stands at the top. */
export function treeOf(teams: readonly Team[]): Branch[] {
  const known = new Set(teams.map(({ slug }) => slug))
  const branches = (parent: string | null): Branch[] =>
    teams
      .filter((team) => (team.parent !== null && known.has(team.parent) ? team.parent : null) === parent)
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((team) => ({ team, below: branches(team.slug) }))
  return branches(null)
}

/** The tree as lines, with how deep each stands. */
export function linesOf(branches: readonly Branch[], depth = 0): { team: Team; depth: number }[] {
  return branches.flatMap(({ team, below }) => [{ team, depth }, ...linesOf(below, depth + 1)])
}

/** A team and all that stand below it: where it cannot be put itself. */
export function withBelow(teams: readonly Team[], slug: string): string[] {
  return [slug, ...teams.filter(({ parent }) => parent === slug).flatMap((team) => withBelow(teams, team.slug))]
}

/** All above a team, the highest first. */
export function aboveOf(teams: readonly Team[], parent: string | null): Team[] {
  const found = teams.find(({ slug }) => slug === parent)
  return found === undefined ? [] : [...aboveOf(teams, found.parent), found]
}
