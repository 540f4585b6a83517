import type { Tier } from '../../domain/environment.ts'
import type { DomainTable } from '../../domain/tables.ts'

/** What an organization calls things: read into every row by the applier, so that no connector has to know. */
export interface Names {
  /** Old or other name of a repository → the one that counts. */
  readonly repositories: ReadonlyMap<string, string>
  /** Name of an environment, lower-case → its tier, in place of what the connector thinks. */
  readonly environments: ReadonlyMap<string, Tier>
}

export const NO_NAMES: Names = { repositories: new Map(), environments: new Map() }

export type NamesOf = (org: string) => Promise<Names>

/** Changes the row in place. Whatever begins with the name of a renamed repository (`old/name#12`, a service `old/name/api`) follows it. */
export function applyNames(table: DomainTable, row: Record<string, unknown>, names: Names): void {
  if (names.environments.size > 0 && typeof row['environment_name'] === 'string' && 'environment' in row) {
    const tier = names.environments.get(row['environment_name'].trim().toLowerCase())
    if (tier !== undefined) row['environment'] = tier
  }
  if (names.repositories.size === 0) return
  const old = table === 'repositories' ? row['id'] : row['repository']
  const current = typeof old === 'string' ? names.repositories.get(old) : undefined
  if (typeof old !== 'string' || current === undefined) return
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === 'string' && value.startsWith(old) && /^(?:$|[#!@:/])/.test(value.slice(old.length)))
      row[column] = current + value.slice(old.length)
  }
}
