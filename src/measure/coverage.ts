import { z } from 'zod'
import type { MetricReply } from '../metric.ts'
import type { Asked } from './measure.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { teamFilter, teamParams, teamSql } from './ownership.ts'
import { withRelations } from './relations.ts'

/** Who was looking, from when to when: what tells "none happened" from "nobody looked". */
export interface Watching {
  readonly spans: readonly { readonly table: string; readonly from: string; readonly to: string | null }[]
  readonly needs: readonly string[]
}

const spans = statement({
  name: 'measure.coverage',
  sql: `${withRelations(['coverage'])} SELECT table, from_at, to_at, open FROM coverage`,
  row: z.object({ table: z.string(), from_at: z.string(), to_at: z.string(), open: z.boolean() }),
})

type Scope = Pick<Asked, 'service' | 'repository' | 'team' | 'teamsOf'>

/** Only what is asked stands in the condition, so that the index is used: `x IS NULL OR …` reads everything. */
const firstInScope = (scope: Scope) => {
  const teams = teamSql(scope, 'deployments')
  return statement({
    name: 'measure.first_in_scope',
    sql: `${withRelations(['deployments'])}${teams.tables}
SELECT min(at) AS first, count() AS n FROM deployments ${teams.join}
WHERE ${['true', ...(scope.service === undefined ? [] : ['service = {service:String}']), ...(scope.repository === undefined ? [] : ['repository = {repository:String}'])].join(' AND ')} ${teamFilter(scope)}`,
    row: z.object({ first: z.string(), n: z.coerce.number() }),
  })
}

/** Asked for one service, repository or team, nobody watched it before it was first deployed: a misspelt name is unknown, not zero. */
export async function watchingSources(analytics: Analytics, org: string, needs: readonly string[], asked: Scope): Promise<Watching> {
  const scope = { ...asked, by: undefined }
  const all = (await analytics.read(spans, { org })).map((one) => ({
    table: one.table,
    from: one.from_at,
    to: one.open ? null : one.to_at,
  }))
  if (scope.service === undefined && scope.repository === undefined && scope.team === undefined) return { spans: all, needs }
  const { service, repository } = scope
  const [first] = await analytics.read(firstInScope(scope), {
    org,
    ...(service === undefined ? {} : { service }),
    ...(repository === undefined ? {} : { repository }),
    ...teamParams(org, scope),
  })
  if (first === undefined || first.n === 0) return { spans: [], needs }
  return { spans: all.map((one) => ({ ...one, from: one.from > first.first ? one.from : first.first })), needs }
}

/** Null when a source that tells what is needed watched during some of the span; else why nothing can be said. */
export function whyEmpty(watching: Watching, from: string, to: string): 'no_source' | 'not_collected' | null {
  const overlapping = watching.spans.filter((span) => span.from < to && (span.to === null || span.to > from))
  if (overlapping.some((span) => watching.needs.includes(span.table))) return null
  return overlapping.length > 0 ? 'not_collected' : 'no_source'
}

/** Between two pulls a source is always a little behind; that is no gap. */
const LATE_MS = 3_600_000

export function coverageGaps(watching: Watching, window: { from: string; to: string }): MetricReply['gaps'] {
  const needed = watching.spans.filter((span) => watching.needs.includes(span.table) && span.from < window.to)
  if (needed.length === 0) return []
  const first = needed.reduce((least, span) => (span.from < least ? span.from : least), needed[0]?.from ?? window.from)
  const last = needed.some((span) => span.to === null)
    ? null
    : needed.reduce((most, span) => ((span.to ?? '') > most ? (span.to ?? '') : most), '')
  const gaps: MetricReply['gaps'] = []
  if (first > window.from)
    gaps.push({ code: 'window_begins_before_data', count: 1, text: `nothing is known before ${first}; the window begins earlier` })
  if (last !== null && Date.parse(last) + LATE_MS < Date.parse(window.to))
    gaps.push({ code: 'window_ends_after_data', count: 1, text: `nothing is known after ${last}; the window ends later` })
  return gaps
}
