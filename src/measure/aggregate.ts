import { z } from 'zod'
import type { AttemptScan, Metric } from '../metric.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import type { Asked } from './measure.ts'
import { teamSql } from './ownership.ts'
import { filters, paramsOf, populationOf } from './population.ts'
import { withRelations } from './relations.ts'
import { baselineOf, bucketDay, bucketStart, type Bucket } from './window.ts'

/** What the rows of a slice (the window, the one before, a bucket, a group) come to. */
export interface Aggregates {
  readonly n: number
  readonly population: number
  readonly p50: number | null
  readonly p75: number | null
  readonly p90: number | null
  readonly lower_median: number | null
  readonly mean: number | null
  readonly reasons: Readonly<Record<string, number>>
}
export interface AggregateRow extends Aggregates {
  readonly slice: 'total' | 'bucket' | 'group'
  readonly is_now: number
  readonly bucket: number
  readonly group_key: string | null
}

const number = z.coerce.number()
const slice = {
  slice: z.enum(['total', 'bucket', 'group']),
  is_now: number,
  bucket: number,
  group_key: z.string().nullable(),
}
const figures = {
  n: number,
  population: number,
  /** 50, 75, 90 %; empty where there is nothing, or where the reducer does not ask. */
  quantiles: z.array(number),
  mean: number.nullable(),
}
const ownRow = z.object({ ...slice, ...figures, lower_median: number.nullable(), reasons: z.record(z.string(), number) })
const sharedRow = z.object({ ...slice, figures: z.array(z.object(figures)) })
const IN_SPAN = 'at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}'
const FIGURES = 'Tuple(n UInt64, population UInt64, quantiles Array(Float64), mean Nullable(Float64))'

/**
 * Every metric's figures by slice: one pass for all that are said over attempts (`scan`), one each for the others. A pass costs what it
 * reads: 2.2 M attempts are 0.1 s of one core, the arithmetic of a metric on them 10 ms.
 */
export async function aggregate(
  analytics: Analytics,
  org: string,
  metrics: readonly (readonly [id: string, metric: Metric])[],
  asked: Asked,
  bucket: Bucket,
): Promise<Map<string, readonly AggregateRow[]>> {
  const shared: [string, Metric, AttemptScan][] = []
  const own: (readonly [string, Metric])[] = []
  for (const one of metrics) {
    const [id, metric] = one
    populationOf(id, metric, asked)
    // `method` is each metric's own.
    if (metric.scan !== undefined && asked.variant === undefined && asked.by !== 'method') shared.push([id, metric, metric.scan])
    else own.push(one)
  }
  const results = await Promise.all([
    shared.length === 0 ? [] : aggregateShared(analytics, org, shared, asked, bucket),
    ...own.map(async ([id, metric]) => [[id, await aggregateOwn(analytics, org, id, metric, asked, bucket)] as const]),
  ])
  return new Map(results.flat())
}

async function aggregateOwn(
  analytics: Analytics,
  org: string,
  id: string,
  metric: Metric,
  asked: Asked,
  bucket: Bucket,
): Promise<AggregateRow[]> {
  const { sql, reducer } = populationOf(id, metric, asked)
  const teams = teamSql(asked, 'population')
  const query = statement({
    name: `measure.${id}`,
    sql: `${withRelations(metric.reads)},
population AS (${sql})${teams.tables},
asked AS (
  SELECT ${sliceColumns(asked, bucket)}, status, reason, value
  FROM population ${teams.join} WHERE ${IN_SPAN} ${filters(asked)}
)
SELECT ${slicesOf(asked)},
  countIf(status = 'sample') AS n,
  countIf(status != 'listed') AS population,
  ${reducer === 'median' || reducer === 'lower_median' ? "if(n = 0, [], quantilesExactInclusiveIf(0.5, 0.75, 0.9)(assumeNotNull(value), status = 'sample'))" : '[]'} AS quantiles,
  ${reducer === 'lower_median' ? "if(n = 0, NULL, quantileExactLowIf(0.5)(assumeNotNull(value), status = 'sample'))" : 'NULL'} AS lower_median,
  ${reducer === 'per_day' ? 'NULL' : "if(n = 0, NULL, avgIf(value, status = 'sample'))"} AS mean,
  sumMapIf(map(reason, 1), status IN ('missing', 'censored')) AS reasons
FROM asked GROUP BY GROUPING SETS (${setsOf(asked)})`,
    row: ownRow,
  })
  const rows = await analytics.read(query, paramsFor(org, asked))
  return rows.map(({ quantiles, ...one }) => ({ ...one, ...percentiles(quantiles) }))
}

async function aggregateShared(
  analytics: Analytics,
  org: string,
  metrics: readonly [string, Metric, AttemptScan][],
  asked: Asked,
  bucket: Bucket,
): Promise<(readonly [string, AggregateRow[]])[]> {
  const columns = metrics.map(([, , { among = 'true', sample, value }], index) => {
    return `${among} AS member_${index}, member_${index} AND (${sample}) AS sample_${index}, toFloat64(${value}) AS value_${index}`
  })
  const results = metrics.map(([, { reducer }, { otherwise }], index) => {
    const n = `countIf(sample_${index})`
    const population = otherwise.status === 'listed' ? n : `countIf(member_${index})`
    const quantiles =
      reducer === 'median' ? `if(${n} = 0, [], quantilesExactInclusiveIf(0.5, 0.75, 0.9)(value_${index}, sample_${index}))` : '[]'
    const mean = reducer === 'per_day' ? 'NULL' : `if(${n} = 0, NULL, avgIf(value_${index}, sample_${index}))`
    return `CAST((${n}, ${population}, ${quantiles}, ${mean}), '${FIGURES}')`
  })
  const teams = teamSql(asked, `attempts WHERE ${IN_SPAN}`)
  const query = statement({
    name: metrics.length === 1 ? `measure.${metrics[0]?.[0]}` : 'measure.attempts',
    sql: `${withRelations(['attempts'])}${teams.tables},
asked AS (
  SELECT ${sliceColumns(asked, bucket)}, ${columns.join(', ')}
  FROM attempts ${teams.join} WHERE ${IN_SPAN} ${filters(asked)}
)
SELECT ${slicesOf(asked)}, [${results.join(', ')}] AS figures
FROM asked GROUP BY GROUPING SETS (${setsOf(asked)})`,
    row: sharedRow,
  })
  const rows = await analytics.read(query, paramsFor(org, asked))
  return metrics.map(([id, , { otherwise }], index) => [
    id,
    rows.flatMap(({ figures: all, ...one }): AggregateRow[] => {
      const of = all[index]
      if (of === undefined || (of.n === 0 && of.population === 0)) return []
      const missing = of.population - of.n
      const reasons = otherwise.status === 'listed' || missing === 0 ? {} : { [otherwise.reason]: missing }
      return [{ ...one, n: of.n, population: of.population, mean: of.mean, lower_median: null, reasons, ...percentiles(of.quantiles) }]
    }),
  ])
}

function percentiles([p50 = null, p75 = null, p90 = null]: readonly (number | null)[]): Pick<Aggregates, 'p50' | 'p75' | 'p90'> {
  return { p50, p75, p90 }
}

function paramsFor(org: string, asked: Asked) {
  const { window } = asked
  return { ...paramsOf(org, asked, baselineOf(window).from, window.to), now_from: window.from, tz: window.tz }
}

/** Days here, and instants only of the groups that result: converting every row's day costs as much as reading it. */
function sliceColumns(asked: Asked, bucket: Bucket): string {
  const group = asked.by === undefined ? "CAST(NULL, 'Nullable(String)')" : `CAST(nullIf(toString(${asked.by}), ''), 'Nullable(String)')`
  return `at >= {now_from:DateTime64(3)} AS is_now, if(is_now, ${bucketDay(bucket)}, toDate(0)) AS day, ${group} AS group_key`
}

function slicesOf(asked: Asked): string {
  const group = asked.by === undefined ? '0' : 'grouping(group_key) = 0'
  return `multiIf(grouping(day) = 0, 'bucket', ${group}, 'group', 'total') AS slice, is_now, ${bucketStart('day')} AS bucket,
  ${asked.by === undefined ? "CAST(NULL, 'Nullable(String)') AS group_key" : 'group_key'}`
}

function setsOf(asked: Asked): string {
  return ['(is_now)', '(is_now, day)', ...(asked.by === undefined ? [] : ['(is_now, group_key)'])].join(', ')
}
