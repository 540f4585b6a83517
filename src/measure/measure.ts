import { z } from 'zod'
import type { Metric, MetricReply, SampleReply } from '../metric.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { aggregate, type AggregateRow, type Aggregates } from './aggregate.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { coverageGaps, watchingSources, whyEmpty, type Watching } from './coverage.ts'
import { wilson } from './interval.ts'
import { levelOf, levelRules, scoreOf, type LevelRules } from './levels.ts'
import { ownersOf, teamSql } from './ownership.ts'
import { filters, paramsOf, populationOf } from './population.ts'
import { withRelations } from './relations.ts'
import { baselineOf, bucketFor, bucketsOf, daysIn, type Bucket, type Window } from './window.ts'

/** What is asked of a metric, beside its window. */
export interface Asked {
  readonly window: Window
  /** A tier, or `all`. */
  readonly environment: string
  readonly service?: string | undefined
  readonly repository?: string | undefined
  /** Only what is of one of these. */
  readonly project?: { readonly repositories: readonly string[]; readonly services: readonly string[] } | undefined
  /** What this team or one below it owns. */
  readonly team?: string | undefined
  /** Whose teams count, where the rows are of an organization that was made for `as_of`. */
  readonly teamsOf?: string | undefined
  readonly by?: GroupKey | undefined
  readonly basis?: string | undefined
  readonly variant?: string | undefined
  /** What rates the figures; absent for the edition and the number of samples that the program comes with. */
  readonly levels?: LevelRules | undefined
  readonly bucket?: Bucket | undefined
}

export const GROUP_KEYS = ['service', 'repository', 'environment', 'method', 'team'] as const
export type GroupKey = (typeof GROUP_KEYS)[number]

/** One metric over one window: now, before, the series and the groups. */
export async function measure(analytics: Analytics, org: string, id: string, metric: Metric, asked: Asked): Promise<MetricReply> {
  return (await measureAll(analytics, org, [[id, metric]], asked))[0] as MetricReply
}

/** Several metrics over one window: its buckets and who watched are asked once, and a table that several read is read once. */
export async function measureAll(
  analytics: Analytics,
  org: string,
  metrics: readonly (readonly [id: string, metric: Metric])[],
  asked: Asked,
): Promise<MetricReply[]> {
  const bucket = asked.bucket ?? bucketFor(asked.window)
  const [rows, buckets, watching] = await Promise.all([
    aggregate(analytics, org, metrics, asked, bucket),
    bucketsOf(analytics, asked.window, bucket),
    watchingSources(analytics, org, [], asked),
  ])
  return metrics.map(([id, metric]) => replyOf(id, metric, asked, rows.get(id) ?? [], buckets, { ...watching, needs: metric.needs }))
}

function replyOf(
  id: string,
  metric: Metric,
  asked: Asked,
  rows: readonly AggregateRow[],
  buckets: Awaited<ReturnType<typeof bucketsOf>>,
  watching: Watching,
): MetricReply {
  const { window } = asked
  const baseline = baselineOf(window)
  const population = populationOf(id, metric, asked)
  const find = (slice: string, isNow: number) => rows.find((one) => one.slice === slice && one.is_now === isNow)
  const reduce = (of: Aggregates | undefined, from: string, to: string) => reduceTo(population.reducer, of, from, to, watching)
  const total = find('total', 1)
  const now = reduce(total, window.from, window.to)
  const before = reduce(find('total', 0), baseline.from, baseline.to)
  const levels = asked.levels ?? levelRules()
  const seriesRows = new Map(rows.filter((one) => one.slice === 'bucket' && one.is_now === 1).map((one) => [one.bucket, one]))
  const groupRows = rows.filter((one) => one.slice === 'group' && one.is_now === 1)
  const reasons = total?.reasons ?? {}
  const populationSize = total?.population ?? 0
  const plain = asked.variant === undefined

  return {
    id,
    title: metric.title,
    unit: asked.variant === undefined ? metric.unit : (metric.variants?.[asked.variant]?.unit ?? metric.unit),
    better: metric.better,
    window,
    environment: asked.environment,
    basis: population.basis,
    variant: asked.variant ?? null,
    ...now,
    percentiles: metric.unit === 'seconds' ? { p50: total?.p50 ?? null, p75: total?.p75 ?? null, p90: total?.p90 ?? null } : NO_PERCENTILES,
    mean: metric.unit === 'seconds' ? (total?.mean ?? null) : now.value,
    interval: population.reducer === 'share' && now.value !== null ? wilson(now.value * now.n, now.n) : null,
    level: metric.levels && plain ? levelReply(id, now, levels) : null,
    score: now.value === null || !plain ? null : scoreOf(id, now.value),
    baseline: { window: baseline, ...before },
    trend: trendOf(metric, now, before, levels.minSamples),
    series: buckets.map(({ start, from, to, partial }) => ({ from, to, ...reduce(seriesRows.get(start), from, to), partial })),
    groups: groupRows
      .map((one) => ({ key: one.group_key, ...reduce(one, window.from, window.to) }))
      .sort((a, b) => b.n - a.n || String(a.key).localeCompare(String(b.key))),
    coverage: {
      population: populationSize,
      samples: total?.n ?? 0,
      share: populationSize === 0 ? null : (total?.n ?? 0) / populationSize,
      reasons,
    },
    gaps: [...gapsOf(reasons), ...coverageGaps(watching, window)],
  }
}

interface Figure {
  readonly value: number | null
  readonly n: number
  readonly why: MetricReply['why']
}

const NO_PERCENTILES = { p50: null, p75: null, p90: null }

function reduceTo(
  reducer: Metric['reducer'] | 'lower_median',
  of: Aggregates | undefined,
  from: string,
  to: string,
  watching: Watching,
): Figure {
  const n = of?.n ?? 0
  if (n === 0) {
    const why = whyEmpty(watching, from, to)
    // A count is 0 only where a source was watching; a median or a share of nothing is unknown wherever.
    if (reducer === 'per_day' && why === null) return { value: 0, n, why: null }
    return { value: null, n, why: why ?? 'no_samples' }
  }
  switch (reducer) {
    case 'per_day':
      return { value: n / daysIn(from, to), n, why: null }
    case 'median':
      return { value: of?.p50 ?? null, n, why: null }
    case 'lower_median':
      return { value: of?.lower_median ?? null, n, why: null }
    case 'share':
      return { value: of?.mean ?? null, n, why: null }
  }
}

function levelReply(id: string, now: Figure, { edition, minSamples, bands }: LevelRules): MetricReply['level'] {
  if (now.value === null) return { edition, name: null, why: now.why }
  if (now.n < minSamples) return { edition, name: null, why: 'too_few_samples' }
  return { edition, name: levelOf(id, now.value, bands), why: null }
}

/** Which way it went. The statistical evidence (p value, effect, interval) has its place here and is null until the tests of definitions §7 are in. */
function trendOf(metric: Metric, now: Figure, before: Figure, minSamples: number): MetricReply['trend'] {
  const untested = { p_value: null, effect: null, interval: null }
  if (now.value === null || before.value === null) return { verdict: 'not enough data', direction: null, change: null, ...untested }
  const change = now.value - before.value
  const direction = change === 0 ? 'same' : change > 0 === (metric.better === 'higher') ? 'better' : 'worse'
  const enough = metric.reducer === 'per_day' ? now.n + before.n >= minSamples : now.n >= minSamples && before.n >= minSamples
  if (!enough) return { verdict: 'not enough data', direction, change, ...untested }
  const verdict = direction === 'same' ? 'no clear change' : direction === 'better' ? 'improved' : 'regressed'
  return { verdict, direction, change, ...untested }
}

const GAP_TEXT: Readonly<Record<string, string>> = {
  no_commit: 'without a known commit: no `commit_at` was sent, and no commit graph and no change with its commits holds the revision',
  negative_duration: 'with an end before the beginning: a clock is wrong, or a time zone is missing',
  unrecovered: 'not recovered yet: kept apart, not counted as 0',
  still_open: 'still open: kept apart, not counted as 0',
  no_opening: 'closed without a known opening',
  no_start: 'without a known start',
  no_finish: 'finished, and nobody said when',
  no_revision: 'without a known commit',
  no_flaky_count: 'whose runner does not say which tests were flaky',
}

function gapsOf(reasons: Readonly<Record<string, number>>): MetricReply['gaps'] {
  return Object.entries(reasons).map(([code, count]) => ({ code, count, text: GAP_TEXT[code] ?? code }))
}

const sampleRow = z.object({
  at: z.string(),
  value: z.coerce.number().nullable(),
  status: z.enum(['sample', 'missing', 'censored', 'listed']),
  reason: z.string(),
  subject_type: z.string(),
  subject_id: z.string(),
  title: z.string().nullable(),
  url: z.string().nullable(),
  service: z.string().nullable(),
  repository: z.string().nullable(),
  environment: z.string().nullable(),
  method: z.string(),
  raw_seq: z.coerce.number(),
})

/** The rows behind a number, newest first; `next` continues after the last one. */
export async function samples(
  analytics: Analytics,
  org: string,
  id: string,
  metric: Metric,
  asked: Asked,
  page: { limit: number; after?: string | undefined; status?: string | undefined; now?: number | undefined },
): Promise<{ items: SampleReply[]; next: string | null }> {
  const population = populationOf(id, metric, asked)
  const after = page.after === undefined ? null : readCursor(page.after)
  const teams = teamSql({ ...asked, by: undefined }, 'population')
  const query = statement({
    name: `samples.${id}`,
    sql: `${withRelations(metric.reads)},
population AS (${population.sql})${teams.tables}
SELECT toDateTime64(at, 3, 'UTC') AS at, value, status, reason, subject_type, subject_id, title, url, service, repository, environment, method, raw_seq
FROM population ${teams.join}
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)} ${filters(asked)}
  ${page.status === undefined ? '' : 'AND status = {status:String}'}
  ${after === null ? '' : 'AND (toUnixTimestamp64Milli(toDateTime64(at, 3)), subject_id) < ({after_at:Int64}, {after_id:String})'}
ORDER BY at DESC, subject_id DESC LIMIT {limit:UInt32}`,
    row: sampleRow,
  })
  const rows = await analytics.read(query, {
    ...paramsOf(org, asked, asked.window.from, asked.window.to),
    limit: page.limit + 1,
    ...(page.status === undefined ? {} : { status: page.status }),
    ...(after === null ? {} : { after_at: after.at, after_id: after.id }),
  })
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  const ownerOf = await ownersOf(analytics, asked.teamsOf ?? org, shown)
  return {
    items: shown.map(({ subject_type, subject_id, title, url, raw_seq, reason, ...sample }) => ({
      ...sample,
      // An open thing has no value yet, and an age.
      age: sample.status === 'censored' && page.now !== undefined ? (page.now - Date.parse(sample.at)) / 1000 : null,
      reason: reason === '' ? null : reason,
      subject: { type: subject_type, id: subject_id, title, url },
      team: ownerOf(sample),
      raw_id: raw_seq === 0 ? null : String(raw_seq),
    })),
    next: rows.length > page.limit && last !== undefined ? writeCursor({ at: Date.parse(last.at), id: last.subject_id }) : null,
  }
}
