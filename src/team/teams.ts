import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { fits, lineageOf, strongestFirst, type OwnedKind, type OwnershipRule } from '../../domain/ownership.ts'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Analytics } from '../store/analytics.ts'
import type { KeptCopy } from '../store/kept-copy.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { holdPeople } from '../people/people-rows.ts'
import { addResolved, resolvePeople } from '../people/resolve.ts'
import { changesOf, type FileChange } from './file-changes.ts'
import { memberChanges, type MemberChange } from './member-changes.ts'
import { addMembers, changeMembers, endMembers, listMembers } from './member-rows.ts'
import { readOwnership, type Owned } from './known.ts'
import type { TeamsFile } from './teams-file.ts'
import {
  liftChildren,
  listMappings,
  listTeams,
  nextVersion,
  removeMappings,
  removeTeams,
  saveMappings,
  saveTeams,
  type Mapping,
  type Team,
} from './team-rows.ts'
import { createTeamSet } from './team-set.ts'

/** Teams and what they own. Every change writes the whole set to the analytics store, for the figures by team. */
export interface Teams {
  list(org: string): Promise<Team[]>
  /** Refuses a slug that no team has, with those that there are. */
  require(org: string, slug: string): Promise<Team>
  mappings(org: string): Promise<Mapping[]>
  save(
    org: string,
    team: { slug: string; name: string; description?: string | null; parent?: string | null },
    audited?: Note,
  ): Promise<Team>
  /** With its rules; the teams below it move up. */
  remove(org: string, slug: string, audited?: Note): Promise<void>
  own(org: string, slug: string, rule: { kind: OwnedKind; pattern: string; precedence: number }, audited?: Note): Promise<Mapping>
  disown(org: string, slug: string, id: string, audited?: Note): Promise<boolean>
  /** What a file changes; with `dryRun`, what it would. */
  importFile(org: string, file: TeamsFile, dryRun: boolean, audited?: Note): Promise<readonly (FileChange | MemberChange)[]>
  /** Every repository and service that is known, and who owns it. */
  ownership(org: string): Promise<Owned[]>
  /** What a rule fits that a team does not have yet: who owns each now, and who would. */
  tried(org: string, rule: OwnershipRule): Promise<Tried[]>
  /** Several changes as one: other changes of the organization's teams wait, and the copy follows when they stand. */
  change<T>(org: string, work: (tx: Queries) => Promise<T>): Promise<T>
  readonly set: KeptCopy
}

export interface Tried {
  readonly name: string
  readonly before: string | null
  readonly after: string | null
}

/** A figure by team tries the rules on each name that it finds. */
const MOST_RULES = 5_000
const MOST_TEAMS = 5_000

export function openTeams(parts: { semantic: Semantic; analytics: Analytics; clock: Clock; log: Log }): Teams {
  const { semantic, analytics, clock } = parts
  const set = createTeamSet(parts)
  const now = () => instant(clock.now())

  /** Changes of an organization one after the other; its copy follows when they stand. */
  const change = async <T>(org: string, work: (tx: Queries) => Promise<T>): Promise<T> => {
    const result = await semantic.transaction(async (tx) => {
      await tx.one(nextVersion, { org })
      return work(tx)
    })
    await set.write(org)
    return result
  }
  const found = async (from: Queries, org: string, slug: string): Promise<Team> => {
    const all = await from.query(listTeams, { org })
    const team = all.find((one) => one.slug === slug)
    if (team === undefined) throw unknownTeam(slug, all)
    return team
  }
  const put = async (tx: Queries, org: string, team: Team): Promise<void> => {
    await tx.query(saveTeams, { org, rows: JSON.stringify([team]), now: now() })
  }
  const putRule = async (tx: Queries, org: string, rule: Omit<Mapping, 'id'>): Promise<Mapping> => {
    const saved = await tx.one(saveMappings, { org, rows: JSON.stringify([{ ...rule, id: randomUUID() }]), now: now() })
    return { ...rule, id: (saved as { id: string }).id }
  }

  const plannedMembers = async (from: Queries, org: string, file: TeamsFile): Promise<MemberChange[]> => {
    const texts = file.teams.flatMap((team) => team.members?.map((one) => one.person) ?? [])
    if (file.teams.every((team) => team.members === null)) return []
    const people = await resolvePeople(from, org, texts)
    const members = await from.query(listMembers, { org, team: null })
    const of = (slug: string) => members.filter((row) => row.team === slug)
    return file.teams.flatMap((team) => memberChanges(team, { standing: of(team.slug), people, now: now() }))
  }
  const putMembers = async (tx: Queries, org: string, changes: readonly (FileChange | MemberChange)[]): Promise<void> => {
    const joins = changes.filter((one) => one.do === 'join')
    await addResolved(
      tx,
      org,
      joins.map((one) => one.person),
      now(),
    )
    const left = changes.flatMap((one) => (one.do === 'leave' ? [one.row.id] : []))
    if (left.length > 0) await tx.query(endMembers, { org, ids: left, at: now() })
    const changed = changes.flatMap((one) => (one.do === 'member' ? [one.row] : []))
    if (changed.length > 0) await tx.query(changeMembers, { org, rows: JSON.stringify(changed) })
    const rows = joins.map(({ team, person, role, valid_from, valid_to }) => {
      return { id: randomUUID(), team, person_id: person.id, role, valid_from, valid_to }
    })
    if (rows.length > 0) await tx.query(addMembers, { org, origin: 'file', source: null, now: now(), rows: JSON.stringify(rows) })
  }

  return {
    list: (org) => semantic.query(listTeams, { org }),
    require: (org, slug) => found(semantic, org, slug),
    mappings: async (org) => strongestFirst(await semantic.query(listMappings, { org })),
    save: (org, { slug, name, description = null, parent = null }, audited) =>
      change(org, async (tx) => {
        const all = await tx.query(listTeams, { org })
        const team: Team = { slug, name, description, parent, origin: 'hand', source: null }
        requireTree([...all.filter((one) => one.slug !== slug), team])
        await put(tx, org, team)
        const [before, after] = [all.find((one) => one.slug === slug), team].map((one) => (one === undefined ? undefined : toldOf(one)))
        if (!isDeepStrictEqual(before, after)) await audited?.({ action: 'team.saved', target: targetOf(slug), before, after }, tx)
        return team
      }),
    remove: (org, slug, audited) =>
      change(org, async (tx) => {
        const team = await found(tx, org, slug)
        await tx.query(liftChildren, { org, slug, parent: team.parent })
        await tx.query(removeTeams, { org, slugs: [slug] })
        await audited?.({ action: 'team.removed', target: targetOf(slug), before: toldOf(team) }, tx)
      }),
    own: (org, slug, rule, audited) =>
      change(org, async (tx) => {
        await found(tx, org, slug)
        const all = await tx.query(listMappings, { org })
        requireFewRules(all.length + 1)
        const made = await putRule(tx, org, { ...rule, team: slug, origin: 'hand' })
        const before = all.find((one) => one.id === made.id)
        if (!isDeepStrictEqual(before, made))
          await audited?.({ action: 'team.rule_added', target: targetOf(slug), before, after: made }, tx)
        return made
      }),
    disown: (org, slug, id, audited) =>
      change(org, async (tx) => {
        await found(tx, org, slug)
        const before = (await tx.query(listMappings, { org })).find((one) => one.id === id && one.team === slug)
        if (before === undefined) return false
        await tx.query(removeMappings, { org, ids: [id] })
        await audited?.({ action: 'team.rule_removed', target: targetOf(slug), before }, tx)
        return true
      }),
    async importFile(org, file, dryRun, audited) {
      const planned = async (from: Queries) => {
        const teams = await from.query(listTeams, { org })
        const mappings = await from.query(listMappings, { org })
        const changes = changesOf(file, teams, mappings)
        const named = new Map(teams.map((team) => [team.slug, team]))
        for (const one of changes) if (one.do === 'team') named.set(one.team.slug, one.team)
        requireTree([...named.values()])
        requireFewRules(mappings.length + changes.filter((one) => one.do === 'own').length)
        return [...changes, ...(await plannedMembers(from, org, file))]
      }
      const seen = await planned(semantic)
      // Nothing to do is no new version: an import that runs every hour writes nothing.
      if (dryRun || seen.length === 0) return seen
      return change(org, async (tx) => {
        if (file.teams.some((team) => team.members !== null)) await tx.one(holdPeople, { org })
        const changes = await planned(tx)
        // A statement for all, since a transaction of many may never get through where each may be given up on.
        const saved = changes.flatMap((one) => (one.do === 'team' ? [one.team] : []))
        const owned = changes.flatMap((one) => (one.do === 'own' ? [{ ...one.rule, id: randomUUID() }] : []))
        const disowned = changes.flatMap((one) => (one.do === 'disown' ? [one.id] : []))
        if (saved.length > 0) await tx.query(saveTeams, { org, rows: JSON.stringify(saved), now: now() })
        if (disowned.length > 0) await tx.query(removeMappings, { org, ids: disowned })
        if (owned.length > 0) await tx.query(saveMappings, { org, rows: JSON.stringify(owned), now: now() })
        await putMembers(tx, org, changes)
        const after = { changes: changes.map((one) => one.text) }
        if (changes.length > 0) await audited?.({ action: 'team.imported', target: { type: 'team', id: 'file' }, after }, tx)
        return changes
      })
    },
    ownership: async (org) => readOwnership(analytics, org, strongestFirst(await semantic.query(listMappings, { org }))),
    async tried(org, rule) {
      await found(semantic, org, rule.team)
      const standing: readonly OwnershipRule[] = await semantic.query(listMappings, { org })
      const others = standing.filter((one) => one.team !== rule.team || one.kind !== rule.kind || one.pattern !== rule.pattern)
      const [before, after] = await Promise.all(
        [standing, [...others, rule]].map((rules) => readOwnership(analytics, org, strongestFirst(rules))),
      )
      const owners = new Map(before?.map((one) => [`${one.kind} ${one.name}`, one.team]))
      return (after ?? [])
        .filter((one) => one.kind === rule.kind && fits(rule.pattern, one.name))
        .map(({ kind, name, team }) => ({ name, before: owners.get(`${kind} ${name}`) ?? null, after: team }))
    },
    change,
    set,
  }
}

const targetOf = (slug: string) => ({ type: 'team', id: slug })
const toldOf = ({ name, description, parent }: Team) => ({ name, description, parent })

function unknownTeam(slug: string, all: readonly { slug: string }[]): AppError {
  const known = all.slice(0, 20).map((one) => one.slug)
  return new AppError('not-found', `There is no team ${JSON.stringify(slug)}.`, {
    help:
      known.length === 0
        ? 'There are no teams yet: `fairlead teams save SLUG`.'
        : `Known: ${known.join(', ')}${all.length > 20 ? ' …' : ''}.`,
  })
}

export function requireTree(teams: readonly Pick<Team, 'slug' | 'parent'>[]): void {
  if (teams.length > MOST_TEAMS) throw new AppError('invalid-input', `There would be more than ${MOST_TEAMS} teams.`)
  const parents = new Map(teams.map((team) => [team.slug, team.parent]))
  for (const { slug, parent } of teams) {
    if (parent === null) continue
    if (!parents.has(parent))
      throw new AppError('invalid-input', `${slug} stands below ${parent}, which is no team.`, { help: `Save ${parent} first.` })
    const lineage = lineageOf(parents, slug)
    if (parents.get(lineage.at(-1) as string) !== null)
      throw new AppError('invalid-input', `${slug} would stand below itself: ${lineage.join(', below ')}.`, {
        help: 'Give it another parent, or none.',
      })
  }
}

export function requireFewRules(rules: number): void {
  if (rules > MOST_RULES)
    throw new AppError('invalid-input', `There would be more than ${MOST_RULES} rules.`, {
      help: 'A pattern such as `acme/shop-*` stands for many names.',
    })
}
