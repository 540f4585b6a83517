import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { acceptDrift, driftOf, loginKey, slugOf, type Acceptance, type Drift, type ForgeTeam, type Here } from '../../domain/team-drift.ts'
import type { Actor, Audit } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { holdPeople } from '../people/people-rows.ts'
import { addResolved, resolvePeople } from '../people/resolve.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { addMembers, endMembers, listMembers } from './member-rows.ts'
import { listMappings, listTeams, removeMappings, removeTeams, saveMappings, saveTeams } from './team-rows.ts'
import { requireFewRules, requireTree, type Teams } from './teams.ts'

/** What forges say of teams against what stands here. */
export interface TeamDrift {
  list(org: string): Promise<Drift[]>
  /** Makes it as the forge says, of all its teams or of one; gives what was different. */
  accept(actor: Actor, org: string, source: string, team: string | undefined): Promise<readonly Drift[]>
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

  const write = async (
    tx: Queries,
    org: string,
    { source, provider }: Pick<ForgeTeam, 'source' | 'provider'>,
    due: Acceptance,
  ): Promise<void> => {
    const at = now()
    const rows = (all: readonly object[]) => JSON.stringify(all)
    if (due.teams.length > 0) await tx.query(saveTeams, { org, now: at, rows: rows(due.teams) })
    if (due.dropped.length > 0) await tx.query(removeTeams, { org, slugs: due.dropped })
    if (due.leaves.length > 0) await tx.query(endMembers, { org, ids: due.leaves, at })
    if (due.joins.length > 0) {
      const people = await resolvePeople(
        tx,
        org,
        due.joins.map((one) => `${provider}:${one.login}`),
      )
      await addResolved(tx, org, [...people.values()], at, 'seen')
      const joins = due.joins.map(({ team, login, role, valid_to }) => {
        const { id } = people.get(`${provider}:${login}`) as { id: string }
        return { id: randomUUID(), team, person_id: id, role, valid_from: at, valid_to }
      })
      await tx.query(addMembers, { org, origin: 'provider', source, now: at, rows: rows(joins) })
    }
    if (due.disowns.length > 0) await tx.query(removeMappings, { org, ids: due.disowns })
    const owns = due.owns.map((one) => ({ ...one, id: randomUUID(), kind: 'repository', precedence: 0, origin: 'provider' }))
    if (owns.length > 0) await tx.query(saveMappings, { org, now: at, rows: rows(owns) })
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
        const here = await standing(tx, org, forge)
        const due = acceptDrift(source, forge, here, team)
        if (due.drift.length === 0) return due.drift
        const saved = new Map(here.teams.map((one) => [one.slug, one]))
        for (const one of due.teams) saved.set(one.slug, one)
        requireTree([...saved.values()])
        requireFewRules(here.rules.length + due.owns.length - due.disowns.length)
        await write(tx, org, from, due)
        const after = { source, changes: due.drift.map((one) => one.text) }
        await audit.note(actor, { action: 'team.drift_accepted', target: { type: 'team', id: team ?? source }, after }, tx)
        return due.drift
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
