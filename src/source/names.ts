import { z } from 'zod'
import { TIERS, type Tier } from '../../domain/environment.ts'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Names } from '../ingest/names.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'

export const NAME_KINDS = ['repository', 'environment'] as const
export type NameKind = (typeof NAME_KINDS)[number]

/** What an organization calls its repositories and environments, as data that can be changed. */
export interface NameBook {
  namesOf(org: string): Promise<Names>
  list(org: string): Promise<{ kind: NameKind; name: string; canonical: string }[]>
  /** Returns whether that changes how rows are read. Without `audited` it is what a tool told, and no person's doing. */
  set(org: string, kind: NameKind, name: string, canonical: string, audited?: Note): Promise<boolean>
  remove(org: string, kind: NameKind, name: string, audited: Note): Promise<boolean>
}

const nameRow = z.object({ kind: z.enum(NAME_KINDS), name: z.string(), canonical: z.string() })
const listNames = statement({
  name: 'names.list',
  sql: 'SELECT kind, name, canonical FROM names WHERE org_id = {org:uuid} ORDER BY kind, name',
  row: nameRow,
})
const setName = statement({
  name: 'names.set',
  sql: `INSERT INTO names (org_id, kind, name, canonical, created_at) VALUES ({org:uuid}, {kind:text}, {name:text}, {canonical:text}, {now:timestamptz})
ON CONFLICT (org_id, kind, name) DO UPDATE SET canonical = excluded.canonical`,
  row: noRow,
})
const removeName = statement({
  name: 'names.remove',
  sql: 'DELETE FROM names WHERE org_id = {org:uuid} AND kind = {kind:text} AND name = {name:text} RETURNING canonical',
  row: z.object({ canonical: z.string() }),
})

export function openNames({ semantic, clock }: { semantic: Semantic; clock: Clock }): NameBook {
  const known = new Map<string, Names>()
  const book: NameBook = {
    async namesOf(org) {
      const standing = known.get(org)
      if (standing !== undefined) return standing
      const rows = await book.list(org)
      const repositories = new Map(rows.flatMap((one) => (one.kind === 'repository' ? [[one.name, one.canonical] as const] : [])))
      const names: Names = {
        // A repository that was renamed twice is read by its last name at once.
        repositories: new Map([...repositories.keys()].map((name) => [name, lastName(repositories, name)])),
        environments: new Map(rows.flatMap((one) => (one.kind === 'environment' ? [[one.name, one.canonical as Tier] as const] : []))),
      }
      known.set(org, names)
      return names
    },
    list: (org) => semantic.query(listNames, { org }),
    async set(org, kind, name, canonical, audited) {
      const plain = kind === 'environment' ? name.trim().toLowerCase() : name.trim()
      if (kind === 'environment' && !TIERS.includes(canonical as Tier))
        throw new AppError('invalid-input', `${JSON.stringify(canonical)} is no tier of environments.`, {
          help: `Known: ${TIERS.join(', ')}.`,
        })
      if (plain === '' || canonical.trim() === '' || (kind === 'repository' && plain === canonical)) return false
      const changed = await semantic.transaction(async (tx) => {
        const standing = (await tx.query(listNames, { org })).find((one) => one.kind === kind && one.name === plain)
        if (standing?.canonical === canonical) return false
        await tx.query(setName, { org, kind, name: plain, canonical, now: instant(clock.now()) })
        const before = standing === undefined ? {} : { before: { canonical: standing.canonical } }
        await audited?.({ action: 'name.set', target: { type: kind, id: plain, name: plain }, ...before, after: { canonical } }, tx)
        return true
      })
      known.delete(org)
      return changed
    },
    async remove(org, kind, name, audited) {
      const plain = kind === 'environment' ? name.trim().toLowerCase() : name.trim()
      const gone = await semantic.transaction(async (tx) => {
        const before = await tx.one(removeName, { org, kind, name: plain })
        if (before !== null) await audited({ action: 'name.removed', target: { type: kind, id: plain, name: plain }, before }, tx)
        return before !== null
      })
      known.delete(org)
      return gone
    },
  }
  return book
}

function lastName(names: ReadonlyMap<string, string>, name: string): string {
  const seen = new Set<string>()
  let last = name
  for (let next = names.get(last); next !== undefined && !seen.has(last); next = names.get(last)) {
    seen.add(last)
    last = next
  }
  return last
}
