import { isAt, type Interval } from './membership.ts'
import { ownerOf, regexOf, strongestFirst, type OwnershipRule } from './ownership.ts'
import { login } from './person.ts'

/** Where a forge and the teams here say different things. Nothing follows by itself: somebody accepts what the forge says, or leaves it. */

export interface ForgeTeam {
  readonly source: string
  /** The connector of the source, whose logins its members are. */
  readonly provider: string
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly parent: string | null
  readonly members: readonly string[]
  readonly maintainers: readonly string[]
  readonly repositories: readonly string[]
}

export interface HereTeam {
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly parent: string | null
  readonly origin: string
  readonly source: string | null
}
interface HereMember extends Interval {
  readonly id: string
  readonly team: string
  readonly person_id: string
  readonly name: string
  /** The source from which it was accepted. */
  readonly source: string | null
}

export interface Here {
  readonly teams: readonly HereTeam[]
  readonly rules: readonly (OwnershipRule & { readonly id: string; readonly origin: string })[]
  readonly members: readonly HereMember[]
  /** By `provider login`: whose it is. */
  readonly logins: ReadonlyMap<string, string>
  readonly now: string
}

type Rule = Here['rules'][number]
/** What accepting a difference does. */
export type DriftStep =
  | { readonly do: 'team'; readonly team: Omit<HereTeam, 'origin' | 'source'> }
  | { readonly do: 'drop'; readonly slug: string }
  | { readonly do: 'join'; readonly team: string; readonly login: string; readonly role: string | null }
  | { readonly do: 'leave'; readonly team: string; readonly person_id: string }
  /** `instead` are the rules of other teams by which it was theirs. */
  | { readonly do: 'own'; readonly team: string; readonly repository: string; readonly instead: readonly Rule[] }
  | { readonly do: 'disown'; readonly rule: Rule }

export interface Drift {
  readonly team: string
  readonly kind: 'team' | 'member' | 'repository'
  readonly what: 'only_at_provider' | 'only_here' | 'differs'
  readonly subject: string
  readonly source: string
  readonly text: string
  readonly step: DriftStep
}

export function loginKey(provider: string, text: string): string {
  return `${provider} ${login(provider, text).value}`
}

/** The slug under which a team of a forge stands here: `acme/Platform Tools` and `acme/platform/tools` are `platform-tools`. */
export function slugOf(id: string): string {
  const below = id.slice(id.indexOf('/') + 1)
  const plain = below.toLowerCase().replaceAll(/[^a-z0-9._]+/g, '-')
  return (
    plain
      .replaceAll(/([._-])[._-]+/g, '$1')
      .replaceAll(/^[._-]+|[._-]+$/g, '')
      .slice(0, 100) || 'team'
  )
}

/** All that differs between what one source tells and what stands here, by team. */
export function driftOf(source: string, told: readonly ForgeTeam[], here: Here): Drift[] {
  const own = told.filter((one) => one.source === source)
  const [first] = own
  const standing = new Map(here.teams.map((team) => [team.slug, team]))
  // Two of one slug cannot both be it: the first by id is.
  const bySlug = new Map<string, ForgeTeam>()
  for (const one of own.toSorted((a, b) => (a.id < b.id ? -1 : 1))) if (!bySlug.has(slugOf(one.id))) bySlug.set(slugOf(one.id), one)
  const drift: Drift[] = []
  const say = (team: string, one: Omit<Drift, 'team' | 'source'>) => drift.push({ team, source, ...one })

  for (const [slug, at] of bySlug) {
    const team = standing.get(slug)
    const above = at.parent === null ? null : slugOf(at.parent)
    const { name, description } = at
    if (team === undefined) {
      const parent = above !== null && standing.has(above) ? above : null
      const step = { do: 'team' as const, team: { slug, name, description, parent } }
      say(slug, { kind: 'team', what: 'only_at_provider', subject: at.id, text: `${at.id} is a team of ${source} and none here.`, step })
      continue
    }
    const step = (parent: string | null) => ({
      do: 'team' as const,
      team: { slug, name, description: description ?? team.description, parent },
    })
    const parent = above === null || standing.has(above) ? above : team.parent
    if (team.name !== name) {
      const text = `${slug} is called ${JSON.stringify(team.name)} here and ${JSON.stringify(name)} at ${source}.`
      say(slug, { kind: 'team', what: 'differs', subject: 'name', text, step: step(parent) })
    }
    if (team.parent !== parent) {
      const text = `${slug} is below ${team.parent ?? 'no team'} here and below ${parent ?? 'no team'} at ${source}.`
      say(slug, { kind: 'team', what: 'differs', subject: 'parent', text, step: step(parent) })
    }
    for (const one of memberDrift(slug, at, here)) say(slug, one)
  }
  for (const team of here.teams) {
    if (team.origin !== 'provider' || team.source !== source || bySlug.has(team.slug)) continue
    const text = `${team.slug} came from ${source} and is no team there any more.`
    say(team.slug, { kind: 'team', what: 'only_here', subject: team.slug, text, step: { do: 'drop', slug: team.slug } })
  }
  const elsewhere = new Set(told.flatMap((one) => (one.source === source ? [] : one.repositories)))
  if (first !== undefined) drift.push(...repositoryDrift(source, bySlug, here, elsewhere))
  return drift.toSorted((a, b) => (a.team === b.team ? 0 : a.team < b.team ? -1 : 1))
}

function memberDrift(slug: string, { provider, source, members, maintainers }: ForgeTeam, here: Here): Omit<Drift, 'team' | 'source'>[] {
  const present = here.members.filter((one) => one.team === slug && isAt(one, here.now))
  const people = new Map(present.map((one) => [one.person_id, one]))
  const there = new Set<string>()
  const drift: Omit<Drift, 'team' | 'source'>[] = []
  for (const text of members) {
    const person = here.logins.get(loginKey(provider, text))
    if (person !== undefined) there.add(person)
    if (person !== undefined && people.has(person)) continue
    const role = maintainers.includes(text) ? 'maintainer' : null
    const step = { do: 'join' as const, team: slug, login: text, role }
    drift.push({ kind: 'member', what: 'only_at_provider', subject: text, text: `${text} is in ${slug} at ${source} and not here.`, step })
  }
  for (const [person_id, { name, source: from }] of people) {
    // Two forges may have a team of one slug: who came from the other is for that one to judge.
    if (there.has(person_id) || (from !== null && from !== source)) continue
    const step = { do: 'leave' as const, team: slug, person_id }
    drift.push({ kind: 'member', what: 'only_here', subject: name, text: `${name} is in ${slug} here and not at ${source}.`, step })
  }
  return drift
}

/** A repository may be of several teams at a forge; here one owns it. It drifts where that is none of them. */
function repositoryDrift(source: string, bySlug: ReadonlyMap<string, ForgeTeam>, here: Here, elsewhere: ReadonlySet<string>): Drift[] {
  const teams = new Set(here.teams.map((team) => team.slug))
  const owners = new Map<string, string[]>()
  for (const [slug, { repositories }] of bySlug)
    for (const repository of teams.has(slug) ? repositories : []) owners.set(repository, [...(owners.get(repository) ?? []), slug])
  const strongest = strongestFirst(here.rules)
  const isPlain = ({ kind, pattern }: Rule) => kind === 'repository' && regexOf(pattern) === null
  const drift: Drift[] = []
  for (const [repository, slugs] of owners) {
    const owner = ownerOf(strongest, { repository })
    const [slug] = slugs
    if (slug === undefined || (owner !== null && slugs.includes(owner.team))) continue
    const text = `${repository} is of ${slugs.join(' and ')} at ${source} and of ${owner?.team ?? 'nobody'} here.`
    const instead = here.rules.filter((rule) => isPlain(rule) && rule.pattern === repository && !slugs.includes(rule.team))
    const step = { do: 'own' as const, team: slug, repository, instead }
    drift.push({ team: slug, source, kind: 'repository', what: 'only_at_provider', subject: repository, text, step })
  }
  for (const rule of here.rules.filter(isPlain)) {
    const { team, pattern, origin } = rule
    const slugs = owners.get(pattern)
    const isForeign = slugs !== undefined && !slugs.includes(team)
    // One that came from the forge and that no team has there any more.
    const isGone = slugs === undefined && origin === 'provider' && bySlug.has(team) && !elsewhere.has(pattern)
    if (!isForeign && !isGone) continue
    const text = `${pattern} is of ${team} here and of ${slugs?.join(' and ') ?? 'nobody'} at ${source}.`
    drift.push({ team, source, kind: 'repository', what: 'only_here', subject: pattern, text, step: { do: 'disown', rule } })
  }
  return drift
}

/** What is to be written when drift is accepted. */
export interface Acceptance {
  /** In the order in which they were found. */
  readonly drift: readonly Drift[]
  readonly teams: readonly HereTeam[]
  readonly dropped: readonly string[]
  readonly joins: readonly {
    readonly team: string
    readonly login: string
    readonly role: string | null
    readonly valid_to: string | null
  }[]
  /** Memberships that end now. */
  readonly leaves: readonly string[]
  readonly owns: readonly { readonly team: string; readonly pattern: string }[]
  readonly disowns: readonly string[]
}

/** A team that is accepted brings its members, and a parent its children: a round for each. */
const MOST_ROUNDS = 100

/**
 * Takes what a source says, of one team or of all, until nothing differs. Played through here and not in the store, so that the transaction that
 * writes it is short.
 */
export function acceptDrift(source: string, told: readonly ForgeTeam[], here: Here, team: string | undefined): Acceptance {
  const provider = told.find((one) => one.source === source)?.provider ?? ''
  const teams = new Map(here.teams.map((one) => [one.slug, one]))
  const logins = new Map(here.logins)
  let rules = [...here.rules]
  let members = [...here.members]
  const drift: Drift[] = []
  const saved = new Set<string>()
  const dropped = new Set<string>()
  const joins: Acceptance['joins'][number][] = []
  const leaves = new Set<string>()
  const disowns = new Set<string>()
  const forget = (gone: readonly Rule[]) => {
    for (const { id } of gone) disowns.add(id)
    rules = rules.filter((one) => !gone.some(({ id }) => id === one.id))
  }
  const take = (step: DriftStep): void => {
    switch (step.do) {
      case 'team':
        teams.set(step.team.slug, { ...step.team, origin: 'provider', source })
        saved.add(step.team.slug)
        return
      case 'drop': {
        const parent = teams.get(step.slug)?.parent ?? null
        teams.delete(step.slug)
        dropped.add(step.slug)
        // What stood below it stands below what was above it.
        for (const one of [...teams.values()].filter((each) => each.parent === step.slug)) {
          teams.set(one.slug, { ...one, parent })
          saved.add(one.slug)
        }
        rules = rules.filter((one) => one.team !== step.slug)
        members = members.filter((one) => one.team !== step.slug)
        return
      }
      case 'join': {
        const key = loginKey(provider, step.login)
        const person_id = logins.get(key) ?? key
        logins.set(key, person_id)
        const later = members.flatMap(({ team: of, person_id: who, valid_from }) =>
          of === step.team && who === person_id && valid_from !== null && valid_from > here.now ? [valid_from] : [],
        )
        // Since when they are in it the forge does not say: known is that they are from now on.
        const row = { team: step.team, login: step.login, role: step.role, valid_to: later.sort()[0] ?? null }
        joins.push(row)
        members.push({ ...row, id: key, person_id, name: step.login, valid_from: here.now, source })
        return
      }
      case 'leave': {
        const gone = members.filter((one) => one.team === step.team && one.person_id === step.person_id && isAt(one, here.now))
        for (const { id } of gone) leaves.add(id)
        members = members.filter((one) => !gone.includes(one))
        return
      }
      case 'own':
        forget(step.instead)
        rules = rules.filter((one) => one.team !== step.team || one.kind !== 'repository' || one.pattern !== step.repository)
        rules.push({ id: '', team: step.team, kind: 'repository', pattern: step.repository, precedence: 0, origin: 'provider' })
        return
      default:
        forget([step.rule])
    }
  }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const all = driftOf(source, told, { teams: [...teams.values()], rules, members, logins, now: here.now })
    const due = all.filter((one) => team === undefined || one.team === team)
    if (due.length === 0) break
    // Teams before what is in them; a rule that is in the way before the one that takes its place.
    const first = due.filter((one) => one.kind === 'team')
    const steps = first.length > 0 ? first : due.toSorted((a, b) => Number(b.what === 'only_here') - Number(a.what === 'only_here'))
    for (const { step } of steps) take(step)
    drift.push(...steps)
  }
  const owns = rules.flatMap((one) => (one.id === '' ? [{ team: one.team, pattern: one.pattern }] : []))
  return {
    drift,
    teams: [...saved].flatMap((slug) => teams.get(slug) ?? []),
    dropped: [...dropped],
    joins,
    leaves: [...leaves],
    owns,
    disowns: [...disowns].filter((id) => id !== ''),
  }
}
