import { z } from 'zod'
import { fits, OWNED_KINDS, type OwnedKind, type OwnershipRule } from '../../domain/ownership.ts'
import { withRelations } from '../measure/relations.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'

export interface Owned {
  readonly kind: OwnedKind
  readonly name: string
  readonly team: string | null
  readonly rule: { readonly team: string; readonly pattern: string; readonly precedence: number } | null
  /** Other teams with a rule that fits, too. */
  readonly others: readonly string[]
}

const known = statement({
  name: 'teams.known',
  sql: `${withRelations(['repositories', 'deployments', 'builds', 'changes', 'checks', 'incidents'])}
SELECT DISTINCT kind, name FROM (
  SELECT 'repository' AS kind, id AS name FROM repositories
  ${['deployments', 'builds', 'changes', 'checks', 'incidents'].map((table) => `UNION ALL SELECT 'repository', ifNull(toString(repository), '') FROM ${table}`).join('\n  ')}
  ${['deployments', 'builds', 'checks', 'incidents'].map((table) => `UNION ALL SELECT 'service', ifNull(toString(service), '') FROM ${table}`).join('\n  ')}
) WHERE name != '' ORDER BY kind, name`,
  row: z.object({ kind: z.enum(OWNED_KINDS), name: z.string() }),
})

/** Every repository and service that something was told of, by its own rules: a service that has none of its own counts for its repository's team. */
export async function readOwnership(analytics: Analytics, org: string, strongest: readonly OwnershipRule[]): Promise<Owned[]> {
  return (await analytics.read(known, { org })).map(({ kind, name }) => {
    const fitting = strongest.filter((rule) => rule.kind === kind && fits(rule.pattern, name))
    const [rule] = fitting
    if (rule === undefined) return { kind, name, team: null, rule: null, others: [] }
    const { team, pattern, precedence } = rule
    const others = [...new Set(fitting.map((one) => one.team))].filter((one) => one !== team)
    return { kind, name, team, rule: { team, pattern, precedence }, others }
  })
}
