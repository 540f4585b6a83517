import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { isAt } from '../../domain/membership.ts'
import { driftOf, loginKey, slugOf, type Drift, type DriftStep, type ForgeTeam, type Here } from '../../domain/team-drift.ts'
import type { Actor, Audit } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { holdPeople } from '../people/people-rows.ts'
import { addResolved, resolvePeople } from '../people/resolve.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { addMember, listMembers } from './member-rows.ts'
import { closeMember } from './members.ts'
import { liftChildren, listMappings, listTeams, removeMapping, removeTeam, saveMapping, saveTeam } from './team-rows.ts'
import { requireFewRules, requireTree, type Teams } from './teams.ts'

/** What forges say of teams against what stands here. */
export interface TeamDrift {
  list(org: string): Promise<Drift[]>
  /** Makes it as the forge says, of all its teams or of one; gives what was different. */
  accept(actor: Actor, org: string, source: string, team: string | undefined): Promise<Drift[]>
}

const told = statement({
  name: 'teams.told',
  sql: `SELECT source, id, name, description, parent, members, maintainers, repositories
FROM all_provider_teams FINAL WHERE org_id = {org:UUID} ORDER BY source, id`,
  row: z.object({
    source: z.string(),
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    parent: z.string().nullable(),
    members: z.array(z.string()),
    maintainers: z.array(z.string()),
    repositories: z.array(z.string()),
  }),
})
const loginsOf = statement({
  name: 'teams.logins',
  sql: `SELECT provider, value, person_id FROM identity_mappings WHERE org_id = {org:uuid} AND kind = 'login' AND provider = ANY({providers:text[]})`,
  row: z.object({ provider: z.string(), value: z.string(), person_id: z.string() }),
})

/** A team that is accepted brings its members, and a parent its children. */
const MOST_ROUNDS = 100

export function openTeamDrift(parts: {
  semantic: Semantic
  analytics: Analytics
  clock: Clock
  audit: Audit
  teams: Teams
  providersOf(org: string): Promise<ReadonlyMap<string, string>>
}): TeamDrift {
  const { semantic, analytics, audit, teams } = parts
  const now = () => instant(parts.clock.now())

  /** What connected sources tell; what one that was removed has told is no longer asked about. */
  const forgeTeams = async (org: string): Promise<ForgeTeam[]> => {
    const providers = await parts.providersOf(org)
    return (await analytics.read(told, { org })).flatMap((row) => {
      const provider = providers.get(row.source)
      return provider === undefined ? [] : [{ ...row, provider }]
    })
  }
  const standing = async (from: Queries, org: string, forge: readonly ForgeTeam[]): Promise<Here> => {
    const logins = await from.query(loginsOf, { org, providers: [...new Set(forge.map((one) => one.provider))] })
    return {
      teams: await from.query(listTeams, { org }),
      rules: await from.query(listMappings, { org }),
      members: await from.query(listMembers, { org, team: null }),
      logins: new Map(logins.map((one) => [loginKey(one.provider, one.value), one.person_id])),
      now: now(),
    }
  }

  const take = async (
    tx: Queries,
    org: string,
    { source, provider }: Pick<ForgeTeam, 'source' | 'provider'>,
    step: DriftStep,
  ): Promise<void> => {
    switch (step.do) {
      case 'team': {
        const all = await tx.query(listTeams, { org })
        const team = { ...step.team, origin: 'provider' as const, source }
        requireTree([...all.filter((one) => one.slug !== team.slug), team])
        await tx.query(saveTeam, { org, ...team, now: now() })
        return
      }
      case 'drop': {
        const team = (await tx.query(listTeams, { org })).find((one) => one.slug === step.slug)
        await tx.query(liftChildren, { org, slug: step.slug, parent: team?.parent ?? null })
        await tx.query(removeTeam, { org, slug: step.slug })
        return
      }
      case 'join': {
        const text = `${provider}:${step.login}`
        const people = await resolvePeople(tx, org, [text])
        await addResolved(tx, org, [...people.values()], now(), 'seen')
        const { id } = people.get(text) as { id: string }
        const own = (await tx.query(listMembers, { org, team: step.team })).filter((row) => row.person_id === id)
        // Since when they are in it the forge does not say: known is that they are from now on.
        const next = own.flatMap((row) => (row.valid_from !== null && row.valid_from > now() ? [row.valid_from] : [])).sort()[0]
        const row = { id: randomUUID(), org, team: step.team, person_id: id, role: step.role, valid_from: now(), valid_to: next ?? null }
        await tx.query(addMember, { ...row, origin: 'provider', source, now: now() })
        return
      }
      case 'leave': {
        const own = (await tx.query(listMembers, { org, team: step.team })).filter((row) => row.person_id === step.person_id)
        for (const row of own) if (isAt(row, now())) await closeMember(tx, org, row, now())
        return
      }
      case 'own': {
        for (const { team, id } of step.instead) await tx.query(removeMapping, { org, team, id })
        const rule = { team: step.team, kind: 'repository', pattern: step.repository, precedence: 0, origin: 'provider' }
        await tx.query(saveMapping, { id: randomUUID(), org, ...rule, now: now() })
        return
      }
      default:
        await tx.query(removeMapping, { org, team: step.rule.team, id: step.rule.id })
    }
  }

  return {
    async list(org) {
      const forge = await forgeTeams(org)
      const here = await standing(semantic, org, forge)
      return [...new Set(forge.map((one) => one.source))].flatMap((source) => driftOf(source, forge, here))
    },
    async accept(actor, org, source, team) {
      const forge = await forgeTeams(org)
      const from = forge.find((one) => one.source === source)
      if (from === undefined) refuseUnknown(source, forge)
      const known = forge.some((one) => one.source === source && slugOf(one.id) === team)
      if (team !== undefined && !known) await teams.require(org, team)
      return teams.change(org, async (tx) => {
        await tx.one(holdPeople, { org })
        const accepted: Drift[] = []
        let before = ''
        for (let round = 0; round < MOST_ROUNDS; round++) {
          const all = driftOf(source, forge, await standing(tx, org, forge))
          const due = all.filter((one) => team === undefined || one.team === team)
          const said = due.map((one) => one.text).join()
          if (due.length === 0 || said === before) break
          before = said
          // Teams before what is in them; a rule that is in the way before the one that takes its place.
          const first = due.filter((one) => one.kind === 'team')
          const steps = first.length > 0 ? first : due.toSorted((a, b) => Number(b.what === 'only_here') - Number(a.what === 'only_here'))
          const done = new Set<string>()
          for (const one of steps) {
            // A team whose name and parent differ is saved once.
            const key = JSON.stringify(one.step)
            if (!done.has(key)) await take(tx, org, from, one.step)
            done.add(key)
          }
          accepted.push(...steps)
        }
        requireFewRules((await tx.query(listMappings, { org })).length)
        const after = { source, changes: accepted.map((one) => one.text) }
        if (accepted.length > 0)
          await audit.note(actor, { action: 'team.drift_accepted', target: { type: 'team', id: team ?? source }, after }, tx)
        return accepted
      })
    },
  }
}

function refuseUnknown(source: string, forge: readonly ForgeTeam[]): never {
  const known = [...new Set(forge.map((one) => one.source))]
  throw new AppError('not-found', `No source ${JSON.stringify(source)} has told of teams.`, {
    help: known.length === 0 ? 'Pull them with `fairlead sync teams`.' : `Those that have: ${known.join(', ')}.`,
  })
}
