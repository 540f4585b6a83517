import { z } from 'zod'
import type { Analytics } from '../store/analytics.ts'
import { statement, type Params } from '../store/statement.ts'

/**
 * Who owns the rows of a figure, asked at query time: the rules of domain/ownership.ts in their order (`place`), tried on the distinct
 * services and repositories that occur. A service that appears is owned at once, and a changed rule changes the past as well.
 */

/** The part of a question that is about teams. */
export interface TeamsAsked {
  readonly team?: string | undefined
  readonly by?: string | undefined
  /** Whose teams, where the rows are of another organization (one made for `as_of`). */
  readonly teamsOf?: string | undefined
}

/** Only then teams are joined: a figure that does not ask for them costs what it did. */
export function asksTeams(asked: TeamsAsked): boolean {
  return asked.team !== undefined || asked.by === 'team'
}

/** Common table expressions, to stand after `from`: `owned` has a row for each service and repository in it that somebody owns. */
function ownersAmong(from: string): string {
  return `team_rules AS (
  SELECT place, kind, pattern, regex, team, lineage FROM all_team_rules FINAL
  WHERE org_id = {teams_org:UUID} AND version = (SELECT max(version) FROM all_teams WHERE org_id = {teams_org:UUID})
),
owned AS (
  SELECT owned_service, owned_repository, argMin(rule_team, place) AS team, argMin(rule_lineage, place) AS lineage
  FROM (SELECT DISTINCT ifNull(toString(service), '') AS owned_service, ifNull(toString(repository), '') AS owned_repository FROM ${from}) AS pairs
  CROSS JOIN (SELECT place, kind, pattern, regex, team AS rule_team, lineage AS rule_lineage FROM team_rules) AS rules
  WHERE (kind = 'service' AND owned_service != '' AND if(regex = '', owned_service = pattern, match(owned_service, regex)))
     OR (kind = 'repository' AND owned_repository != '' AND if(regex = '', owned_repository = pattern, match(owned_repository, regex)))
  GROUP BY owned_service, owned_repository
)`
}

const JOIN = `LEFT JOIN owned ON owned_service = ifNull(toString(service), '') AND owned_repository = ifNull(toString(repository), '')`

/** What a statement over `from` needs to know of teams: nothing where none is asked for. */
export function teamSql(asked: TeamsAsked, from: string): { readonly tables: string; readonly join: string } {
  return asksTeams(asked) ? { tables: `,\n${ownersAmong(from)}`, join: JOIN } : { tables: '', join: '' }
}

/** A team's rows are its own and those of all teams below it. */
export function teamFilter(asked: TeamsAsked): string {
  return asked.team === undefined ? '' : 'AND has(lineage, {team:String})'
}

export function teamParams(org: string, asked: TeamsAsked): Params {
  return asksTeams(asked) ? { teams_org: asked.teamsOf ?? org, ...(asked.team === undefined ? {} : { team: asked.team }) } : {}
}

const ownersOfPairs = statement({
  name: 'measure.owners',
  sql: `WITH asked AS (
  SELECT tupleElement(pair, 1) AS service, tupleElement(pair, 2) AS repository
  FROM (SELECT arrayJoin(arrayZip({services:Array(String)}, {repositories:Array(String)})) AS pair)
),
${ownersAmong('asked')}
SELECT owned_service AS service, owned_repository AS repository, team FROM owned`,
  row: z.object({ service: z.string(), repository: z.string(), team: z.string() }),
})

interface Named {
  readonly service: string | null
  readonly repository: string | null
}

/** The team of each of some rows. */
export async function ownersOf(analytics: Analytics, org: string, rows: readonly Named[]): Promise<(one: Named) => string | null> {
  const keyOf = ({ service, repository }: Named) => JSON.stringify([service ?? '', repository ?? ''])
  const pairs = [...new Map(rows.map((row) => [keyOf(row), row])).values()]
  if (pairs.length === 0) return () => null
  const found = await analytics.read(ownersOfPairs, {
    teams_org: org,
    services: pairs.map((one) => one.service ?? ''),
    repositories: pairs.map((one) => one.repository ?? ''),
  })
  const teams = new Map(found.map((row) => [keyOf(row), row.team]))
  return (one) => teams.get(keyOf(one)) ?? null
}
