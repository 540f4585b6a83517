import { randomUUID } from 'node:crypto'
import type { MailmapGroup } from '../../domain/mailmap.ts'
import { email, keyOf } from '../../domain/person.ts'
import type { MappingRow, PersonRow } from './people-rows.ts'

/** One person who becomes another. */
export interface Merge {
  readonly gone: string
  readonly kept: string
}

/** What a `.mailmap` changes, each with how it is told. */
export interface MailmapPlan {
  readonly people: readonly { readonly id: string; readonly name: string; readonly isSeen: boolean }[]
  /** In the order in which they are made: somebody who is kept may be gone in a later one. */
  readonly merges: readonly Merge[]
  readonly identities: readonly { readonly value: string; readonly person_id: string }[]
  readonly names: readonly { readonly id: string; readonly name: string }[]
  readonly texts: readonly string[]
}

/**
 * Addresses that a file says are one person's become one person's. What somebody joined or took apart by hand stays as it is, and is told.
 * With `isNaming`, people get the names of the file, unless they were named by hand.
 */
export function planMailmap(
  groups: readonly MailmapGroup[],
  { known, people, isNaming }: { known: readonly MappingRow[]; people: readonly PersonRow[]; isNaming: boolean },
): MailmapPlan {
  const standing = new Map(known.map((row) => [keyOf(row), row]))
  const rows = new Map(people.map((row) => [row.id, row]))
  const intoOf = new Map<string, string>()
  const now = (id: string): string => {
    let at = id
    for (let next = intoOf.get(at); next !== undefined; next = intoOf.get(at)) at = next
    return at
  }
  const plan = { people: [], merges: [], identities: [], names: [], texts: [] } as {
    -readonly [K in keyof MailmapPlan]: MailmapPlan[K][number][]
  }
  const called = (id: string) => rows.get(id)?.name ?? id
  for (const { emails, name } of groups) {
    const own = emails.flatMap((value) => standing.get(keyOf(email(value))) ?? [])
    const fresh = emails.filter((value) => !standing.has(keyOf(email(value))))
    const [first] = own
    if (first === undefined && emails.length === 1) continue
    const target = first === undefined ? randomUUID() : now(first.person_id)
    if (first === undefined) {
      const person = { id: target, name: name ?? (emails[0] as string).replace(/@.*/, ''), isSeen: name !== null }
      plan.people.push(person)
      rows.set(target, { id: target, name: person.name, name_origin: 'seen', is_bot: false })
    }
    for (const { person_id, origin, value } of own) {
      const from = now(person_id)
      if (from === target) continue
      if (origin === 'hand' || first?.origin === 'hand') {
        plan.texts.push(`${value} stays apart from ${first?.value}: somebody said whose they are.`)
        continue
      }
      plan.merges.push({ gone: from, kept: target })
      plan.texts.push(`${called(from)} (${value}) is one with ${called(target)} (${emails[0]}).`)
      intoOf.set(from, target)
    }
    for (const value of fresh) {
      plan.identities.push({ value: email(value).value, person_id: target })
      plan.texts.push(`${value} is ${called(target)}.`)
    }
    const row = rows.get(target)
    if (!isNaming || name === null || row === undefined || row.name_origin === 'hand' || row.name === name) continue
    plan.names.push({ id: target, name })
    plan.texts.push(`${row.name} is called ${name}.`)
    rows.set(target, { ...row, name, name_origin: 'seen' })
  }
  return plan
}

/** In as few batches as can be made at once: in none is somebody gone who is kept by another of it. */
export function independent(merges: readonly Merge[]): Merge[][] {
  const batches: Merge[][] = []
  let kept = new Set<string>()
  for (const one of merges) {
    if (batches.length === 0 || kept.has(one.gone)) {
      batches.push([])
      kept = new Set()
    }
    batches.at(-1)?.push(one)
    kept.add(one.kept)
  }
  return batches
}
