import { isAt } from '../../domain/membership.ts'
import type { Identity } from '../../domain/person.ts'
import { instant, type Clock } from '../clock.ts'
import { everybody, everyMapping } from '../people/people-rows.ts'
import type { People } from '../people/people.ts'
import type { Semantic } from '../store/semantic.ts'
import { listMembers } from '../team/member-rows.ts'
import { listTeams, type Team } from '../team/team-rows.ts'

/** Who the people of an organization are, and which teams they are in now. */
export interface Roster {
  readonly people: readonly { readonly id: string; readonly name: string; readonly identities: readonly Identity[] }[]
  readonly teams: readonly (Pick<Team, 'slug' | 'name' | 'parent'> & { readonly members: readonly string[] })[]
  /** The tool that each source is. */
  readonly providers: ReadonlyMap<string, string>
}

export async function readRoster(
  parts: {
    semantic: Semantic
    clock: Clock
    people: Pick<People, 'refresh'>
    providersOf(org: string): Promise<ReadonlyMap<string, string>>
  },
  org: string,
): Promise<Roster> {
  const { semantic, clock, providersOf } = parts
  await parts.people.refresh(org)
  const [people, mappings, teams, members, providers] = await Promise.all([
    semantic.query(everybody, { org }),
    semantic.query(everyMapping, { org }),
    semantic.query(listTeams, { org }),
    semantic.query(listMembers, { org, team: null }),
    providersOf(org),
  ])
  const now = instant(clock.now())
  const identities = new Map<string, Identity[]>()
  for (const { person_id, kind, provider, value } of mappings)
    identities.set(person_id, [...(identities.get(person_id) ?? []), { kind, provider, value }])
  return {
    people: people.map(({ id, name }) => ({ id, name, identities: identities.get(id) ?? [] })),
    teams: teams.map(({ slug, name, parent }) => ({
      slug,
      name,
      parent,
      members: [...new Set(members.filter((one) => one.team === slug && isAt(one, now)).map((one) => one.person_id))],
    })),
    providers,
  }
}
