import { isAt } from '../../domain/membership.ts'
import type { Resolved } from '../people/resolve.ts'
import type { MemberRow } from './member-rows.ts'
import { refuseTwice, requireInterval } from './members.ts'
import type { TeamsFile } from './teams-file.ts'

/** One thing that a file changes of a team's members, and how it is told. */
export type MemberChange = { readonly text: string } & (
  | {
      readonly do: 'join'
      readonly team: string
      readonly person: Resolved
      readonly role: string | null
      readonly valid_from: string | null
      readonly valid_to: string | null
    }
  | { readonly do: 'member'; readonly row: MemberRow }
  | { readonly do: 'leave'; readonly row: MemberRow }
)

/**
 * What differs between the members of a file and those that stand. Who came from a file and stands in it no longer leaves now; who was added by
 * hand stays. A membership is known again by the person and its begin.
 */
export function memberChanges(
  team: TeamsFile['teams'][number],
  { standing, people, now }: { standing: readonly MemberRow[]; people: ReadonlyMap<string, Resolved>; now: string },
): MemberChange[] {
  // A team of which the file says nothing about members keeps them.
  if (team.members === null) return []
  const changes: MemberChange[] = []
  const kept = new Map(standing.map((row) => [row.id, row]))
  const named = new Set<string>()
  for (const { person: text, ...told } of team.members) {
    const person = people.get(text) as Resolved
    requireInterval(told)
    const span = `${told.valid_from === null ? '' : ` from ${told.valid_from}`}${told.valid_to === null ? '' : ` to ${told.valid_to}`}`
    const said = `${person.name} is in ${team.slug}${told.role === null ? '' : ` as ${told.role}`}${span}`
    const own = standing.filter((row) => row.person_id === person.id)
    const same =
      own.find((row) => row.origin === 'file' && row.valid_from === told.valid_from) ??
      own.find((row) => row.valid_from === told.valid_from && row.valid_to === told.valid_to && row.role === told.role)
    if (same === undefined) {
      const id = `new ${changes.length}`
      changes.push({ do: 'join', team: team.slug, person, ...told, text: `${said}.` })
      const row = { ...told, id, team: team.slug, person_id: person.id, kept_as: person.id, name: person.name }
      kept.set(id, { ...row, origin: 'file', source: null })
      continue
    }
    named.add(same.id)
    const row: MemberRow = { ...same, ...told, origin: 'file', source: null }
    if (same.origin !== 'file') changes.push({ do: 'member', row, text: `${said} as before, by the file from now on.` })
    else if (same.role !== told.role || same.valid_to !== told.valid_to) changes.push({ do: 'member', row, text: `${said}, which is new.` })
    kept.set(same.id, row)
  }
  for (const row of standing) {
    if (row.origin !== 'file' || named.has(row.id) || (row.valid_to !== null && row.valid_to <= now)) continue
    changes.push({ do: 'leave', row, text: `${row.name} is no longer in ${team.slug}.` })
    if (isAt(row, now)) kept.set(row.id, { ...row, valid_to: now })
    else kept.delete(row.id)
  }
  const all = [...kept.values()]
  all.forEach((row, index) => {
    const before = all.slice(0, index).filter((one) => one.person_id === row.person_id)
    // Two that stood before may overlap: of people who were merged.
    const isNew = !standing.includes(row)
    refuseTwice(row.name, team.slug, row, isNew ? before : before.filter((one) => !standing.includes(one)))
  })
  return changes
}
