import type { Identity } from './person.ts'

/** Guesses at who may be one person. Nothing here is done by itself: somebody says yes, or says no once and for all. */

export interface Suggestible {
  readonly id: string
  readonly name: string
  readonly is_bot: boolean
  readonly identities: readonly (Identity & { readonly display: string | null })[]
}

export interface Suggestion {
  /** The two ids, the smaller one first. */
  readonly id: string
  readonly people: readonly [string, string]
  /** Between 0 and 1: how strongly it speaks for one person. No probability. */
  readonly score: number
  readonly reason: string
}

export function suggestionId(a: string, b: string): string {
  return a < b ? `${a}~${b}` : `${b}~${a}`
}

type Sort = 'name' | 'address' | 'login'
interface Sign {
  readonly sort: Sort
  readonly text: string
  readonly words: number
}

/** What many have in common says nothing of them: such a block is left out, and so the work stays within blocks × MOST². */
export const MOST_ALIKE = 12
const LEAST_LETTERS = 3
/** Addresses of a desk and not of a person. */
const DESKS = new Set([
  'admin',
  'build',
  'contact',
  'dev',
  'developer',
  'git',
  'github',
  'hello',
  'info',
  'mail',
  'me',
  'noreply',
  'root',
  'support',
  'team',
  'user',
  'work',
])

/** Letters and digits, without accents and case, in the order of the words that they make: `Lovelace, Ada` is `Ada Lovelace`. */
function foldedWords(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
}

function signsOf({ name, identities }: Suggestible): Map<string, Sign> {
  const signs = new Map<string, Sign>()
  const add = (sort: Sort, text: string) => {
    const words = foldedWords(text)
    const token = words.toSorted().join('')
    if (token.length < LEAST_LETTERS || (sort === 'address' && DESKS.has(token))) return
    if (!signs.has(`${sort} ${token}`)) signs.set(`${sort} ${token}`, { sort, text, words: words.length })
  }
  add('name', name)
  for (const { kind, value, display } of identities) {
    if (display !== null) add('name', display)
    if (kind === 'name') add('name', value)
    else if (kind === 'login') add(/\s/.test(value) ? 'name' : 'login', value)
    else if (!value.includes('@users.noreply.')) add('address', value.slice(0, value.lastIndexOf('@')))
  }
  return signs
}

/** Pairs of people who have a name, a login or the first part of an address in common; the strongest first. */
export function suggest(people: readonly Suggestible[]): Suggestion[] {
  const blocks = new Map<string, { person: Suggestible; signs: Sign[] }[]>()
  for (const person of people) {
    if (person.is_bot) continue
    const byToken = new Map<string, Sign[]>()
    for (const [key, sign] of signsOf(person)) {
      const token = key.slice(key.indexOf(' ') + 1)
      byToken.set(token, [...(byToken.get(token) ?? []), sign])
    }
    for (const [token, signs] of byToken) {
      const block = blocks.get(token)
      if (block === undefined) blocks.set(token, [{ person, signs }])
      else block.push({ person, signs })
    }
  }
  const pairs = new Map<string, { people: readonly [string, string]; found: { score: number; reason: string }[] }>()
  for (const block of blocks.values()) {
    if (block.length > MOST_ALIKE) continue
    for (const [index, one] of block.entries()) {
      for (const other of block.slice(index + 1)) {
        const id = suggestionId(one.person.id, other.person.id)
        const ids = [one.person.id, other.person.id].sort() as [string, string]
        const pair = pairs.get(id) ?? { people: ids, found: [] }
        pairs.set(id, pair)
        pair.found.push(strongest(one.signs, other.signs))
      }
    }
  }
  return [...pairs]
    .map(([id, { people: ids, found }]) => {
      const ordered = found.toSorted((a, b) => b.score - a.score || (a.reason < b.reason ? -1 : 1))
      const doubt = ordered.reduce((left, one) => left * (1 - one.score), 1)
      const reason = [...new Set(ordered.map((one) => one.reason))].join('; ')
      return { id, people: ids, score: Math.round((1 - doubt) * 100) / 100, reason: `${reason[0]?.toUpperCase()}${reason.slice(1)}.` }
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

/** Judged by eye and not measured: a whole name in common says more than a first name, and a login more than that. */
function strongest(mine: readonly Sign[], theirs: readonly Sign[]): { score: number; reason: string } {
  const all = mine.flatMap((one) => theirs.map((other) => judged(one, other)))
  return all.reduce((best, one) => (one.score > best.score ? one : best))
}

function judged(one: Sign, other: Sign): { score: number; reason: string } {
  const sorts = [one, other].toSorted((a, b) => ORDER.indexOf(a.sort) - ORDER.indexOf(b.sort)) as [Sign, Sign]
  const [first, second] = sorts
  const isWhole = Math.max(first.words, second.words) > 1
  switch (`${first.sort} ${second.sort}`) {
    case 'name name':
      return { score: isWhole ? 0.8 : 0.3, reason: `both are called ${first.text}` }
    case 'name address':
      return { score: isWhole ? 0.7 : 0.3, reason: `one is called ${first.text}, the other writes as ${second.text}@` }
    case 'name login':
      return { score: isWhole ? 0.6 : 0.4, reason: `one is called ${first.text}, the other signs in as ${second.text}` }
    case 'address address':
      return { score: isWhole ? 0.7 : 0.5, reason: `both write as ${first.text}@` }
    case 'address login':
      return { score: 0.6, reason: `one writes as ${first.text}@, the other signs in as ${second.text}` }
    default:
      return { score: 0.6, reason: `both sign in as ${first.text}` }
  }
}
const ORDER: readonly Sort[] = ['name', 'address', 'login']
