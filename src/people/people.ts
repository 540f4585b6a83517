import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { mailmapGroups, parseMailmap, type MailmapGroup } from '../../domain/mailmap.ts'
import { suggest, suggestionId, type Suggestion } from '../../domain/person-suggestion.ts'
import { email, groupSeen, isBotName, kept, keyOf, nameOf, type Group, type Identity } from '../../domain/person.ts'
import type { Actor, Audit } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import {
  currentTeams,
  dismiss,
  everybody,
  everyMapping,
  findMerged,
  findPeople,
  holdPeople,
  insertPeople,
  listDismissed,
  mappingsOf,
  mappingsOfPeople,
  moveMerged,
  moveSplit,
  noteKnown,
  noteSeen,
  pageOfPeople,
  readMark,
  saveMark,
  saveNames,
  savePerson,
  setMerged,
  undoMerged,
  type MappingRow,
  type PersonRow,
} from './people-rows.ts'
import { independent, planMailmap, type MailmapPlan, type Merge } from './mailmap-plan.ts'
import { readMailmaps, readSeen } from './seen.ts'

export interface Person {
  readonly id: string
  readonly name: string
  readonly is_bot: boolean
  readonly identities: readonly (Identity & { readonly origin: MappingRow['origin'] })[]
  /** The teams that they are in now. */
  readonly teams: readonly string[]
  readonly last_seen_at: string | null
}

/** Who people are: one person, however many e-mails and logins. What a person says of people stays, whatever is seen afterwards. */
export interface People {
  /** Reads who is named by what the log got since the last time; what is listed after it names everybody whom reads show. */
  refresh(org: string): Promise<void>
  /** By name. `q` is a part of a name or of an identity. */
  page(
    org: string,
    asked: { readonly q?: string | undefined; readonly after?: { name: string; id: string } | undefined; readonly limit: number },
  ): Promise<Person[]>
  find(org: string, id: string): Promise<Person>
  /** What is known of `from` is of `into` from now on. */
  merge(actor: Actor, org: string, into: string, from: readonly string[]): Promise<Person>
  /** Makes another person of some identities; where those are what a merge brought, it is that person again. */
  split(actor: Actor, org: string, id: string, identities: readonly Identity[]): Promise<{ person: Person; made: Person }>
  save(
    actor: Actor,
    org: string,
    id: string,
    said: { readonly name?: string | undefined; readonly is_bot?: boolean | undefined },
  ): Promise<Person>
  /** What a `.mailmap` changes; with `dryRun`, what it would. */
  importMailmap(actor: Actor, org: string, text: string, dryRun: boolean): Promise<readonly string[]>
  /** Who may be one person, the strongest first, without what was dismissed. */
  suggestions(org: string): Promise<{ suggestions: readonly Suggestion[]; person(id: string): Pick<Person, 'id' | 'name' | 'identities'> }>
  /** Two people are two: it is not suggested again. */
  dismiss(actor: Actor, org: string, suggestion: string): Promise<boolean>
}

/** Whom the log names where a repository's own file made one person of several. */
const SEEN = (org: string): Actor => ({ org, type: 'system', id: null, name: '.mailmap of a repository', address: null, agent: null })

/** What a replay tells anew has old numbers, so now and then everything is read once more. */
const WHOLE_EVERY_MS = 24 * 3_600_000
const ROWS_A_STATEMENT = 5_000

interface Parts {
  readonly semantic: Semantic
  readonly analytics: Analytics
  readonly clock: Clock
  readonly audit: Audit
  /** The last record that every read shows. */
  head(): number
  /** Which tool a source is, by its name. */
  providersOf(org: string): Promise<ReadonlyMap<string, string>>
}

export function openPeople(parts: Parts): People {
  const { semantic, audit, clock } = parts
  const now = () => instant(clock.now())
  const passes = new Map<string, Promise<void>>()

  const refresh = async (org: string): Promise<void> => {
    const head = parts.head()
    const standing = await semantic.one(readMark, { org })
    const isWhole = standing?.whole_at == null || Date.parse(standing.whole_at) + WHOLE_EVERY_MS < clock.now() || standing.seq > head
    if (!isWhole && standing.seq === head) return
    const providers = await parts.providersOf(org)
    const at = now()
    const providerOf = (source: string) => providers.get(source) ?? source
    const since = isWhole ? 0 : standing.seq
    const seen = await readSeen(parts.analytics, org, { since, now: at, providerOf })
    const mailmaps = await readMailmaps(parts.analytics, org, since)
    await semantic.transaction(async (tx) => {
      await tx.one(holdPeople, { org })
      const known = await chunked(seen, (rows) => tx.query(mappingsOf, { org, rows: JSON.stringify(rows) }))
      const accounts = groupSeen(seen, new Map()).flatMap((group) => group.identities)
      const behind = accounts.filter((one) => one.kind === 'login')
      known.push(...(await chunked(behind, (rows) => tx.query(mappingsOf, { org, rows: JSON.stringify(rows) }))))
      await placeGroups(tx, org, groupSeen(seen, new Map(known.map((one) => [keyOf(one), one.person_id]))), at)
      const plan = await plannedMailmap(tx, org, mailmaps, false)
      await applyMailmap(tx, org, plan, at)
      if (plan.merges.length > 0)
        await audit.note(
          SEEN(org),
          { action: 'person.mailmap_read', target: { type: 'person', id: 'mailmap' }, after: { changes: plan.texts } },
          tx,
        )
      await tx.query(saveMark, { org, seq: head, whole_at: isWhole ? at : null })
    })
  }

  const placeGroups = async (tx: Queries, org: string, groups: readonly Group[], at: string): Promise<void> => {
    const placed = groups.map(({ person, identities }) => {
      const { name, isSeen } = nameOf(identities)
      const is_bot = identities.some((one) => one.is_bot || isBotName(one, one.display))
      return { id: person ?? randomUUID(), isNew: person === null, name, is_seen: isSeen, is_bot, identities }
    })
    const fresh = placed.filter((one) => one.isNew)
    await chunked(fresh, (rows) => {
      const told = rows.map(({ id, name, is_seen, is_bot }) => ({ id, name, is_bot, name_origin: is_seen ? 'seen' : 'made' }))
      return tx.query(insertPeople, { org, now: at, rows: JSON.stringify(told) })
    })
    const told = placed.flatMap(({ id, identities }) =>
      identities.map(({ kind, provider, value, display, first_seen, last_seen }) => {
        return { kind, provider, value, person_id: id, display, first_seen, last_seen }
      }),
    )
    await chunked(told, (rows) => tx.query(noteSeen, { org, origin: 'seen', rows: JSON.stringify(rows) }))
    const known = placed.filter((one) => !one.isNew).map(({ id, name, is_seen, is_bot }) => ({ id, name, is_seen, is_bot }))
    await chunked(known, (rows) => tx.query(noteKnown, { org, rows: JSON.stringify(rows) }))
  }

  const plannedMailmap = async (tx: Queries, org: string, groups: readonly MailmapGroup[], isNaming: boolean): Promise<MailmapPlan> => {
    const emails = [...new Set(groups.flatMap((group) => group.emails))].map(email)
    const known = await chunked(emails, (rows) => tx.query(mappingsOf, { org, rows: JSON.stringify(rows) }))
    const people = await chunked([...new Set(known.map((one) => one.person_id))], (ids) => tx.query(findPeople, { org, ids }))
    return planMailmap(groups, { known, people, isNaming })
  }
  const applyMailmap = async (tx: Queries, org: string, plan: MailmapPlan, at: string): Promise<void> => {
    await chunked(plan.people, (rows) => {
      const told = rows.map(({ id, name, isSeen }) => ({ id, name, name_origin: isSeen ? 'seen' : 'made', is_bot: false }))
      return tx.query(insertPeople, { org, now: at, rows: JSON.stringify(told) })
    })
    for (const merges of independent(plan.merges)) await mergeAll(tx, org, merges, 'mailmap')
    await chunked(plan.identities, (rows) => {
      const told = rows.map(({ value, person_id }) => ({ ...email(value), person_id, display: null, first_seen: null, last_seen: null }))
      return tx.query(noteSeen, { org, origin: 'mailmap', rows: JSON.stringify(told) })
    })
    await chunked(plan.names, (rows) =>
      tx.query(saveNames, { org, rows: JSON.stringify(rows.map((row) => ({ ...row, name_origin: 'seen' }))) }),
    )
  }

  /** A statement for all of them: where each may be given up on, a transaction of many never gets through. */
  const mergeAll = async (tx: Queries, org: string, merges: readonly Merge[], origin: 'hand' | 'mailmap'): Promise<void> => {
    const rows = JSON.stringify(merges)
    const ids = [...new Set(merges.flatMap(({ gone, kept: into }) => [gone, into]))]
    const people = new Map((await tx.query(findPeople, { org, ids })).map((row) => [row.id, row]))
    await tx.query(moveMerged, { org, rows, origin })
    await tx.query(setMerged, { org, rows, now: now() })
    // Who had no name but a login has the first that the others have.
    const names = new Map<string, PersonRow>()
    for (const { gone, kept: into } of merges) {
      const other = people.get(gone)
      if (people.get(into)?.name_origin === 'made' && other !== undefined && other.name_origin !== 'made' && !names.has(into))
        names.set(into, other)
    }
    const named = [...names].map(([id, { name, name_origin }]) => ({ id, name, name_origin }))
    if (named.length > 0) await tx.query(saveNames, { org, rows: JSON.stringify(named) })
  }

  const told = async (from: Queries, org: string, rows: readonly PersonRow[]): Promise<Person[]> => {
    const ids = rows.map((one) => one.id)
    if (ids.length === 0) return []
    const identities = byPerson(await from.query(mappingsOfPeople, { org, ids }))
    const teams = byPerson(await from.query(currentTeams, { org, ids, now: now() }))
    return rows.map(({ id, name, is_bot }) => {
      const own = identities.get(id) ?? []
      return {
        id,
        name,
        is_bot,
        identities: own.map(({ kind, provider, value, origin }) => ({ kind, provider, value, origin })),
        teams: (teams.get(id) ?? []).map((one) => one.team),
        last_seen_at: own.reduce<string | null>((last, one) => ((one.last_seen ?? '') > (last ?? '') ? one.last_seen : last), null),
      }
    })
  }
  const found = async (from: Queries, org: string, ids: readonly string[]): Promise<Person[]> => {
    const all = await told(from, org, await from.query(findPeople, { org, ids }))
    return ids.map((id) => all.find((one) => one.id === id) ?? refuseUnknown(id))
  }
  const one = async (from: Queries, org: string, id: string): Promise<Person> => (await found(from, org, [id]))[0] as Person
  const target = ({ id, name }: Person) => ({ type: 'person', id, name })

  return {
    /** One at a time for an organization; who comes meanwhile waits for a pass that begins after them. */
    async refresh(org) {
      const mine = (passes.get(org) ?? Promise.resolve()).catch(() => {}).then(() => refresh(org))
      passes.set(org, mine)
      try {
        await mine
      } finally {
        if (passes.get(org) === mine) passes.delete(org)
      }
    },
    async page(org, { q, after, limit }) {
      const asked = { q: q ?? null, after_name: after?.name ?? null, after_id: after?.id ?? null, limit }
      return told(semantic, org, await semantic.query(pageOfPeople, { org, ...asked }))
    },
    find: (org, id) => one(semantic, org, id),
    merge: (actor, org, into, from) =>
      semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const ids = [...new Set(from)]
        if (ids.length === 0 || ids.includes(into))
          throw new AppError('invalid-input', 'A person is merged with others.', { help: 'Name one in `into`, and the others in `from`.' })
        const [person, ...others] = await found(tx, org, [into, ...ids])
        await mergeAll(
          tx,
          org,
          ids.map((gone) => ({ gone, kept: into })),
          'hand',
        )
        const after = await one(tx, org, into)
        await audit.note(actor, { action: 'person.merged', target: target(after), before: { into: person, from: others }, after }, tx)
        return after
      }),
    split: (actor, org, id, identities) =>
      semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const before = await one(tx, org, id)
        const asked = new Map(identities.map((each) => [keyOf(kept(each)), kept(each)]))
        const rows = (await tx.query(mappingsOfPeople, { org, ids: [id] })).filter((each) => asked.has(keyOf(each)))
        if (rows.length < asked.size || rows.length === 0) refuseForeign(before, asked)
        if (rows.length === before.identities.length)
          throw new AppError('invalid-input', `${before.name} would have no identity left.`, { help: 'Leave at least one of them.' })
        const back = await mergedAway(tx, org, id, rows)
        const made = back ?? randomUUID()
        if (back !== null) await tx.query(undoMerged, { org, id: back })
        else {
          const { name, isSeen } = nameOf(rows.map((row) => ({ ...row, first_seen: null, is_bot: false })))
          const person = { id: made, name, name_origin: isSeen ? 'seen' : 'made', is_bot: rows.some((row) => isBotName(row, row.display)) }
          await tx.query(insertPeople, { org, now: now(), rows: JSON.stringify([person]) })
        }
        await tx.query(moveSplit, { org, id, into: made, is_undo: back !== null, rows: JSON.stringify([...asked.values()]) })
        // Who was taken apart is not suggested to be one.
        await tx.query(dismiss, { org, id: suggestionId(id, made), now: now() })
        const [person, other] = (await found(tx, org, [id, made])) as [Person, Person]
        await audit.note(actor, { action: 'person.split', target: target(person), before, after: { person, made: other } }, tx)
        return { person, made: other }
      }),
    save: (actor, org, id, { name, is_bot }) =>
      semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const before = await one(tx, org, id)
        await tx.query(savePerson, { org, id, name: name ?? null, name_origin: 'hand', is_bot: is_bot ?? null })
        const after = await one(tx, org, id)
        const said = ({ name: called, is_bot: isBot }: Person) => ({ name: called, is_bot: isBot })
        if (!isDeepStrictEqual(said(before), said(after)))
          await audit.note(actor, { action: 'person.saved', target: target(after), before: said(before), after: said(after) }, tx)
        return after
      }),
    importMailmap: (actor, org, text, dryRun) =>
      semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const plan = await plannedMailmap(tx, org, mailmapGroups(parseMailmap(text)), true)
        if (dryRun || plan.texts.length === 0) return plan.texts
        await applyMailmap(tx, org, plan, now())
        const entry = { action: 'person.mailmap_imported', target: { type: 'person', id: 'mailmap' }, after: { changes: plan.texts } }
        await audit.note(actor, entry, tx)
        return plan.texts
      }),
    async suggestions(org) {
      const [rows, mappings, gone] = await Promise.all([
        semantic.query(everybody, { org }),
        semantic.query(everyMapping, { org }),
        semantic.query(listDismissed, { org }),
      ])
      const identities = byPerson(mappings)
      const people = new Map(rows.map((row) => [row.id, { ...row, identities: identities.get(row.id) ?? [] }]))
      const dismissed = new Set(gone.map((each) => each.id))
      return {
        suggestions: suggest([...people.values()]).filter((each) => !dismissed.has(each.id)),
        person(id) {
          const { name, identities: own } = people.get(id) ?? refuseUnknown(id)
          return { id, name, identities: own.map(({ kind, provider, value, origin }) => ({ kind, provider, value, origin })) }
        },
      }
    },
    dismiss: (actor, org, suggestion) =>
      semantic.transaction(async (tx) => {
        await tx.one(holdPeople, { org })
        const [a = '', b = ''] = suggestion.split('~')
        const people = await found(tx, org, [a, b])
        const isNew = (await tx.one(dismiss, { org, id: suggestionId(a, b), now: now() })) !== null
        const after = { people: people.map(({ id, name }) => ({ id, name })) }
        if (isNew) await audit.note(actor, { action: 'person.suggestion_dismissed', target: target(people[0] as Person), after }, tx)
        return isNew
      }),
  }
}

/** Whose identities these were before a merge, where they are all of what it brought. */
async function mergedAway(tx: Queries, org: string, into: string, rows: readonly MappingRow[]): Promise<string | null> {
  const last = new Set(rows.map((row) => row.merged_from.at(-1) ?? null))
  const [id] = [...last]
  if (last.size !== 1 || id == null) return null
  const all = await tx.query(mappingsOfPeople, { org, ids: [into] })
  if (all.filter((row) => row.merged_from.at(-1) === id).length !== rows.length) return null
  return (await tx.one(findMerged, { org, id, into }))?.id ?? null
}

function byPerson<T extends { readonly person_id: string }>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(row.person_id)
    if (group === undefined) groups.set(row.person_id, [row])
    else group.push(row)
  }
  return groups
}

async function chunked<T, R>(rows: readonly T[], ask: (some: readonly T[]) => Promise<R[]>): Promise<R[]> {
  const all: R[] = []
  for (let start = 0; start < rows.length; start += ROWS_A_STATEMENT) all.push(...(await ask(rows.slice(start, start + ROWS_A_STATEMENT))))
  return all
}

function refuseUnknown(id: string): never {
  throw new AppError('not-found', `There is no person ${JSON.stringify(id)}.`, { help: 'List them with `fairlead people list`.' })
}

function refuseForeign(person: Person, asked: ReadonlyMap<string, Identity>): never {
  const own = new Set(person.identities.map(keyOf))
  const [foreign] = [...asked].filter(([key]) => !own.has(key)).map(([, identity]) => identity)
  throw new AppError(
    'invalid-input',
    foreign === undefined ? 'No identity is named.' : `${foreign.kind} ${foreign.value} is no identity of ${person.name}.`,
    { help: `Theirs: ${person.identities.map(({ kind, value }) => `${kind} ${value}`).join(', ')}.` },
  )
}
