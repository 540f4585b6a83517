import { z } from 'zod'

/** A person is known by identities: e-mails, logins of tools, bare names. What links them for certain is decided here, and what is only a guess is not. */

export const IDENTITY_KINDS = ['email', 'login', 'name'] as const
export const IDENTITY_ORIGINS = ['seen', 'mailmap', 'hand'] as const

export interface Identity {
  readonly kind: (typeof IDENTITY_KINDS)[number]
  /** The tool whose login it is; empty for an e-mail and for a name. */
  readonly provider: string
  readonly value: string
}

export const identitySchema = z.object({ kind: z.enum(IDENTITY_KINDS), provider: z.string(), value: z.string() })

export function keyOf({ kind, provider, value }: Identity): string {
  return JSON.stringify([kind, provider, value])
}

const MOST_LETTERS = 300
const tidy = (text: string) =>
  text
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
    .slice(0, MOST_LETTERS)

/** Tools in which `Octocat` and `octocat` are one account. */
const ANY_CASE: ReadonlySet<string> = new Set(['github', 'gitlab'])
/** Tools whose people are told by the name that is shown, which stands for an account there. */
const SHOWN_NAMES: ReadonlySet<string> = new Set(['jira'])

export const email = (text: string): Identity => ({ kind: 'email', provider: '', value: tidy(text).toLowerCase() })
export const named = (text: string): Identity => ({ kind: 'name', provider: '', value: tidy(text) })
export const login = (provider: string, text: string): Identity => ({
  kind: 'login',
  provider,
  value: ANY_CASE.has(provider) ? tidy(text).toLowerCase() : tidy(text),
})

/** The identity as it is kept, whoever wrote it. */
export function kept({ kind, provider, value }: Identity): Identity {
  return kind === 'email' ? email(value) : kind === 'name' ? named(value) : login(provider, value)
}

/** What somebody is called by a tool: git tells the names of taggers, others a login, and anything may send an e-mail. Null for nobody. */
export function identityOf(provider: string, text: string): Identity | null {
  const value = tidy(text)
  if (value === '') return null
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) return email(value)
  if (provider === 'git' || (/\s/.test(value) && !SHOWN_NAMES.has(provider))) return named(value)
  return login(provider, value)
}

/** The account behind an address that a forge made up to hide a real one: `123+login@users.noreply.github.com`, `123-login@users.noreply.gitlab.com`. */
export function loginBehind(address: string): Identity | null {
  const github = /^(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com$/i.exec(address)
  if (github !== null) return login('github', github[1] as string)
  const gitlab = /^\d+-([^@]+)@users\.noreply\.gitlab\.com$/i.exec(address)
  return gitlab === null ? null : login('gitlab', gitlab[1] as string)
}

/** Names of programs that commit, open changes and deploy. A login, the part of an e-mail in front of the @, or a name. */
const BOTS = new RegExp(
  `^(?:${[
    '.*\\[bot\\]',
    'dependabot(?:-preview)?',
    'renovate(?:-bot)?',
    'github[- ]actions?',
    'gitlab-(?:ci|bot)',
    '(?:project|group)_\\d+_bot(?:_\\w+)?',
    'service_account_.*',
    'greenkeeper(?:io-bot)?',
    'snyk(?:-bot)?',
    'mergify',
    'codecov(?:-io|-commenter)?',
    'semantic-release-bot',
    'pre-commit-ci',
    'allcontributors',
    'imgbot(?:app)?',
    'web-flow',
    'argocd-image-updater',
    'fluxcdbot',
    'weblate',
    'jenkins(?:-bot|-ci)?',
  ].join('|')})$`,
  'i',
)
const BOT_ADDRESSES: ReadonlySet<string> = new Set([
  'noreply@github.com',
  'action@github.com',
  'actions@github.com',
  'support@dependabot.com',
  'bot@renovateapp.com',
  'renovate@whitesourcesoftware.com',
])

/** Whether an identity is that of a program by its name alone. */
export function isBotName({ kind, value }: Identity, display: string | null): boolean {
  if (display !== null && BOTS.test(display)) return true
  if (kind !== 'email') return BOTS.test(value)
  return BOT_ADDRESSES.has(value) || BOTS.test(loginBehind(value)?.value ?? value.slice(0, value.lastIndexOf('@')))
}

/** An identity as rows tell of it. */
export interface SeenIdentity extends Identity {
  /** The name last seen beside it. */
  readonly display: string | null
  readonly first_seen: string | null
  readonly last_seen: string | null
  /** A tool says that it is a program's. */
  readonly is_bot: boolean
}

/** Identities that are certainly of one person, and whose they are already, where one of them is known. */
export interface Group {
  readonly person: string | null
  readonly identities: readonly SeenIdentity[]
}

/**
 * Which identities belong together for certain: the same e-mail, and an e-mail that names its account. What is known already stays with whom it
 * is: somebody may have said so.
 */
export function groupSeen(seen: readonly SeenIdentity[], standing: ReadonlyMap<string, string>): Group[] {
  const all = withAccounts(seen)
  const people = new Set(standing.values())
  /** By key: the person, or the key of the identity that a new person begins with. */
  const placed = new Map(standing)
  const anchorOf = (one: SeenIdentity) => keyOf((one.kind === 'email' ? loginBehind(one.value) : null) ?? one)
  for (const one of all) {
    const person = standing.get(keyOf(one))
    if (person !== undefined && !placed.has(anchorOf(one))) placed.set(anchorOf(one), person)
  }
  const groups = new Map<string, Map<string, SeenIdentity>>()
  for (const one of all) {
    const key = keyOf(one)
    const anchor = anchorOf(one)
    const place = placed.get(key) ?? placed.get(anchor) ?? anchor
    placed.set(key, place)
    const group = groups.get(place) ?? new Map<string, SeenIdentity>()
    groups.set(place, group.set(key, joined(group.get(key), one)))
  }
  return [...groups].map(([place, identities]) => ({ person: people.has(place) ? place : null, identities: [...identities.values()] }))
}

/** The e-mails first, each with the account that it names. */
function withAccounts(seen: readonly SeenIdentity[]): SeenIdentity[] {
  const emails = seen.filter((one) => one.kind === 'email')
  const accounts = emails.flatMap(({ value, ...rest }) => {
    const account = loginBehind(value)
    return account === null ? [] : [{ ...rest, ...account }]
  })
  return [...emails, ...accounts, ...seen.filter((one) => one.kind !== 'email')]
}

function joined(before: SeenIdentity | undefined, one: SeenIdentity): SeenIdentity {
  if (before === undefined) return one
  const [older, newer] = (before.last_seen ?? '') <= (one.last_seen ?? '') ? [before, one] : [one, before]
  const moments = [before.first_seen, one.first_seen].filter((moment) => moment !== null).sort()
  return {
    ...newer,
    display: newer.display ?? older.display,
    first_seen: moments[0] ?? null,
    is_bot: before.is_bot || one.is_bot,
  }
}

/** What to call somebody of whom only these identities are known: the name seen last, else the login, else what stands in front of the @. */
export function nameOf(identities: readonly SeenIdentity[]): { readonly name: string; readonly isSeen: boolean } {
  const newest = identities.toSorted((a, b) => (a.last_seen === b.last_seen ? 0 : (a.last_seen ?? '') > (b.last_seen ?? '') ? -1 : 1))
  const shown = newest.find((one) => one.display !== null)?.display ?? newest.find((one) => one.kind === 'name')?.value
  if (shown != null) return { name: shown, isSeen: true }
  const [first] = newest.toSorted((a, b) => IDENTITY_KINDS.indexOf(b.kind) - IDENTITY_KINDS.indexOf(a.kind))
  const { kind, value } = first as SeenIdentity
  return { name: kind === 'email' ? value.slice(0, value.lastIndexOf('@')) || value : value, isSeen: false }
}
