import type { Mapping, Team } from './team-rows.ts'
import type { TeamsFile } from './teams-file.ts'

/** One thing that a file changes, and how it is told. */
export type FileChange = { readonly text: string } & (
  | { readonly do: 'team'; readonly team: Team }
  | { readonly do: 'own'; readonly rule: Omit<Mapping, 'id'> }
  | { readonly do: 'disown'; readonly team: string; readonly id: string }
)

/**
 * What differs between a file and what stands. A team of the file is what the file says, and so are the rules that it got from a file;
 * rules that were added by hand stay, and so do teams that the file does not name.
 */
export function changesOf(file: TeamsFile, teams: readonly Team[], mappings: readonly Mapping[]): FileChange[] {
  const standing = new Map(teams.map((team) => [team.slug, team]))
  const keyOf = (rule: { kind: string; pattern: string }) => `${rule.kind} ${rule.pattern}`
  const changes: FileChange[] = []
  for (const { owns, members: _members, ...told } of file.teams) {
    const team: Team = { ...told, origin: 'file', source: null }
    const before = standing.get(team.slug)
    if (before === undefined) changes.push({ do: 'team', team, text: `${team.slug} is added.` })
    else {
      const fields = (['name', 'description', 'parent'] as const).filter((field) => before[field] !== team[field])
      const texts = fields.map((field) => `${field} ${said(before[field])} → ${said(team[field])}`)
      if (before.origin !== 'file') texts.push('it is kept in the file from now on')
      if (texts.length > 0) changes.push({ do: 'team', team, text: `${team.slug} changes: ${texts.join(', ')}.` })
    }
    const mine = mappings.filter((rule) => rule.team === team.slug)
    const byKey = new Map(mine.map((rule) => [keyOf(rule), rule]))
    const wanted = new Set(owns.map(keyOf))
    for (const own of owns) {
      const now = byKey.get(keyOf(own))
      const rule = { ...own, team: team.slug, origin: 'file' as const }
      if (now === undefined)
        changes.push({
          do: 'own',
          rule,
          text: `${team.slug} owns ${keyOf(own)}${own.precedence === 0 ? '' : ` with precedence ${own.precedence}`}.`,
        })
      else if (now.precedence !== own.precedence)
        changes.push({
          do: 'own',
          rule,
          text: `${team.slug} owns ${keyOf(own)} with precedence ${own.precedence} in place of ${now.precedence}.`,
        })
      else if (now.origin !== 'file')
        changes.push({ do: 'own', rule, text: `${team.slug} owns ${keyOf(own)} as before, by the file from now on.` })
    }
    for (const rule of mine)
      if (rule.origin === 'file' && !wanted.has(keyOf(rule)))
        changes.push({ do: 'disown', team: team.slug, id: rule.id, text: `${team.slug} no longer owns ${keyOf(rule)}.` })
  }
  return changes
}

function said(text: string | null): string {
  return text === null ? 'none' : JSON.stringify(text)
}
