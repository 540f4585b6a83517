/**
 * git's `.mailmap`: under which name and address commits are shown that were made under others. Read as git reads it (mailmap.c), so that no
 * file means one thing there and another here; test/mailmap.test.ts asks git itself.
 */

/** What one commit address is shown as; with `old_name`, only for commits under that name. */
export interface MailmapEntry {
  /** As written; compared without regard to case. */
  readonly old_email: string
  readonly old_name: string | null
  /** Null: stays as the commit has it. */
  readonly name: string | null
  readonly email: string | null
}

const BLANK = /^[ \t\r\n]+|[ \t\r\n]+$/g
/** git folds the case of ASCII letters only. */
const folded = (text: string) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())

export function mailmapKey({ old_email, old_name }: Pick<MailmapEntry, 'old_email' | 'old_name'>): string {
  return JSON.stringify([folded(old_email), old_name === null ? null : folded(old_name)])
}

/** The entries of a file, one for each address, or address and name. A later line replaces what it says anew. */
export function parseMailmap(text: string): MailmapEntry[] {
  const entries = new Map<string, MailmapEntry>()
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue
    const first = contactOf(line, false)
    if (first === null) continue
    const second = first.rest === '' ? null : contactOf(first.rest, true)
    const entry =
      second === null
        ? { old_email: first.email, old_name: null, name: first.name, email: null }
        : { old_email: second.email, old_name: second.name, name: first.name, email: first.email }
    const before = entry.old_name === null ? entries.get(mailmapKey(entry)) : undefined
    entries.set(mailmapKey(entry), { ...entry, name: entry.name ?? before?.name ?? null, email: entry.email ?? before?.email ?? null })
  }
  return [...entries.values()]
}

function contactOf(text: string, mayBeEmpty: boolean): { name: string | null; email: string; rest: string } | null {
  const left = text.indexOf('<')
  const right = left < 0 ? -1 : text.indexOf('>', left + 1)
  if (right < 0 || (!mayBeEmpty && right === left + 1)) return null
  const name = text.slice(0, left).replaceAll(BLANK, '')
  return { name: name === '' ? null : name, email: text.slice(left + 1, right), rest: text.slice(right + 1) }
}

/** What git shows for the author of a commit. */
export function mailmapper(entries: readonly MailmapEntry[]): (name: string, email: string) => { name: string; email: string } {
  const byKey = new Map(entries.map((entry) => [mailmapKey(entry), entry]))
  return (name, email) => {
    const entry = byKey.get(mailmapKey({ old_email: email, old_name: name })) ?? byKey.get(mailmapKey({ old_email: email, old_name: null }))
    return { name: entry?.name ?? name, email: entry?.email ?? email }
  }
}

/** Addresses that a file says are one person's, and what it calls them. */
export interface MailmapGroup {
  /** Lower case; the first is the one that the others are shown as. */
  readonly emails: readonly string[]
  readonly name: string | null
}

/**
 * The people of a file. An address that belongs to several, by the name beside it (`root@localhost`), links nobody: an address is of one
 * person, and which one cannot be said.
 */
export function mailmapGroups(entries: readonly MailmapEntry[]): MailmapGroup[] {
  const shownAs = new Map<string, Set<string>>()
  const names = new Map<string, string>()
  for (const entry of entries) {
    const old = entry.old_email.toLowerCase()
    const email = (entry.email ?? old).toLowerCase()
    if (old.trim() === '' || email.trim() === '') continue
    shownAs.set(old, (shownAs.get(old) ?? new Set()).add(email))
    if (entry.name !== null && entry.old_name === null) names.set(email, entry.name)
    else if (entry.name !== null && !names.has(email)) names.set(email, entry.name)
  }
  const parents = new Map<string, string>()
  const root = (email: string): string => {
    let at = email
    for (let next = parents.get(at); next !== undefined; next = parents.get(at)) at = next
    return at
  }
  for (const [old, emails] of shownAs) {
    const [email = old] = emails
    if (emails.size > 1 || root(old) === root(email)) continue
    parents.set(root(old), root(email))
  }
  const groups = new Map<string, string[]>()
  for (const [old, emails] of shownAs) {
    for (const email of new Set([...emails, ...(emails.size > 1 ? [] : [old])])) {
      const group = groups.get(root(email)) ?? [root(email)]
      if (!group.includes(email)) group.push(email)
      groups.set(root(email), group)
    }
  }
  return [...groups.values()]
    .map((emails) => ({ emails, name: emails.map((one) => names.get(one)).find((one) => one !== undefined) ?? null }))
    .filter(({ emails, name }) => emails.length > 1 || name !== null)
}
