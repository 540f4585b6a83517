import { randomUUID } from 'node:crypto'
import { isAt, joined, overlaps, type Interval } from '../../domain/membership.ts'
import type { Actor, Audit } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { holdPeople } from '../people/people-rows.ts'
import type { People } from '../people/people.ts'
import type { Semantic } from '../store/semantic.ts'
import { addMembers, endMembers, listMembers, type MemberRow } from './member-rows.ts'
import type { Origin } from './team-rows.ts'
import type { Teams } from './teams.ts'

/** Somebody in a team, from when to when. */
export interface TeamMember extends Interval {
  readonly person_id: string
  readonly name: string
  readonly role: string | null
  readonly origin: Origin
}

export interface Members {
  /** All who are, were or will be in it. */
  of(org: string, team: string): Promise<TeamMember[]>
  /** How many are in each team now. */
  counts(org: string): Promise<ReadonlyMap<string, number>>
  /** Refuses to have somebody twice in a team at one moment. */
  add(actor: Actor, org: string, team: string, member: Interval & { person_id: string; role: string | null }): Promise<TeamMember>
  /** Ends what is at that moment; what begins only then never was. */
  remove(actor: Actor, org: string, team: string, person: string, at: string | undefined): Promise<boolean>
}

export function openMembers(parts: { semantic: Semantic; clock: Clock; audit: Audit; teams: Teams; people: People }): Members {
  const { semantic, clock, audit, teams, people } = parts
  const now = () => instant(clock.now())
  const target = (team: string) => ({ type: 'team', id: team })
  const told = (rows: readonly MemberRow[]): TeamMember[] =>
    joinedByPerson(rows).map(({ person_id, name, role, valid_from, valid_to, origin }) => {
      return { person_id, name, role, valid_from, valid_to, origin }
    })

  return {
    async of(org, team) {
      return told(await semantic.query(listMembers, { org, team }))
    },
    async counts(org) {
      const at = now()
      const present = (await semantic.query(listMembers, { org, team: null })).filter((row) => isAt(row, at))
      const counts = new Map<string, Set<string>>()
      for (const { team, person_id } of present) counts.set(team, (counts.get(team) ?? new Set()).add(person_id))
      return new Map([...counts].map(([team, members]) => [team, members.size]))
    },
    async add(actor, org, team, { person_id, role, valid_from, valid_to }) {
      await teams.require(org, team)
      const { name } = await people.find(org, person_id)
      requireInterval({ valid_from, valid_to })
      return semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const standing = (await tx.query(listMembers, { org, team })).filter((row) => row.person_id === person_id)
        refuseTwice(name, team, { valid_from, valid_to }, standing)
        const made = { person_id, name, role, valid_from, valid_to, origin: 'hand' as const }
        const rows = JSON.stringify([{ id: randomUUID(), team, person_id, role, valid_from, valid_to }])
        await tx.query(addMembers, { org, rows, origin: 'hand', source: null, now: now() })
        await audit.note(actor, { action: 'team.member_added', target: target(team), after: made }, tx)
        return made
      })
    },
    async remove(actor, org, team, person, at = now()) {
      await teams.require(org, team)
      await people.find(org, person)
      return semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const standing = (await tx.query(listMembers, { org, team })).filter((row) => row.person_id === person && isAt(row, at))
        if (standing.length === 0) return false
        await tx.query(endMembers, { org, ids: standing.map((row) => row.id), at })
        const after = told((await tx.query(listMembers, { org, team })).filter((row) => row.person_id === person))
        await audit.note(actor, { action: 'team.member_removed', target: target(team), before: told(standing), after }, tx)
        return true
      })
    },
  }
}

/** Where somebody was merged with another who was in the team as well, both memberships are one. */
export function joinedByPerson(rows: readonly MemberRow[]): MemberRow[] {
  const groups = new Map<string, MemberRow[]>()
  for (const row of rows) {
    const key = `${row.team} ${row.person_id}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].flatMap((group) => joined(group))
}

export function requireInterval({ valid_from, valid_to }: Interval): void {
  if (valid_from !== null && valid_to !== null && valid_from >= valid_to)
    throw new AppError('invalid-input', `A membership that begins at ${valid_from} cannot end at ${valid_to}.`, {
      help: 'The end is the first moment at which they are no longer in the team.',
    })
}

export function refuseTwice(name: string, team: string, interval: Interval, others: readonly Interval[]): void {
  const twice = others.find((one) => overlaps(one, interval))
  if (twice === undefined) return
  const from = twice.valid_from === null ? 'ever since' : `from ${twice.valid_from}`
  const to = twice.valid_to === null ? 'and still is' : `to ${twice.valid_to}`
  throw new AppError('conflict', `${name} is in ${team} already, ${from} ${to}.`, {
    help: `End that first: fairlead teams members remove ${team} PERSON --at MOMENT.`,
  })
}
