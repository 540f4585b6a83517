import { z } from 'zod'
import type { OwnedKind } from '../../domain/ownership.ts'
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

/**
 * Common table expressions: `owned` has a row for each service and repository of `from` that somebody owns. Each rule is tried on all names
 * before the next one, so that its expression is compiled once: the other way round, a thousand rules take a hundred times as long.
 */
function ownersAmong(from: string): string {
  const best = (kind: OwnedKind, place: 1 | 2) => `(
    SELECT name, argMin(rule_team, place) AS ${kind}_team, argMin(rule_lineage, place) AS ${kind}_lineage
    FROM (
      SELECT place, pattern, regex, team AS rule_team, lineage AS rule_lineage,
        arrayJoin(arrayDistinct(arrayMap(pair -> tupleElement(pair, ${place}), asked_pairs))) AS name
      FROM all_team_rules
      WHERE org_id = {teams_org:UUID} AND version = (SELECT max(version) FROM all_teams WHERE org_id = {teams_org:UUID}) AND kind = '${kind}'
    )
    WHERE name != '' AND if(regex = '', name = pattern, match(name, regex)) GROUP BY name
  )`
  return `(SELECT groupUniqArray((ifNull(toString(service), ''), ifNull(toString(repository), ''))) FROM ${from}) AS asked_pairs,
owned AS (
  SELECT owned_service, owned_repository, coalesce(service_team, repository_team) AS team, if(service_team IS NULL, repository_lineage, service_lineage) AS lineage
  FROM (SELECT tupleElement(pair, 1) AS owned_service, tupleElement(pair, 2) AS owned_repository FROM (SELECT arrayJoin(asked_pairs) AS pair)) AS pairs
  LEFT JOIN ${best('service', 1)} AS of_service ON of_service.name = owned_service
  LEFT JOIN ${best('repository', 2)} AS of_repository ON of_repository.name = owned_repository
  WHERE team IS NOT NULL
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
