import { z } from 'zod'

/**
 * A metric is one file in `metrics/`; its id is the file's name with `_` for `-`. It says how to list the rows of its population, one
 * row each, and how those rows become a number. Value, series, groups, baseline, drill-down, coverage, REST, CLI, docs and the
 * dashboard's tile all come from it.
 */
export interface Metric {
  readonly title: string
  /** The question that it answers, as a team would ask it. */
  readonly question: string
  /** How the number is made, in prose, with its source. */
  readonly definition: string
  readonly unit: Unit
  /** Which way is better. */
  readonly better: 'higher' | 'lower'
  /** `median` of the values (exact, interpolated), `share` of samples whose value is 1, or `per_day`: samples ÷ days in the window. */
  readonly reducer: 'median' | 'share' | 'per_day'
  /** The relations that `rows` reads (src/measure/relations.ts); each is already narrowed to the caller's organization. */
  readonly reads: readonly RelationName[]
  /** The tables whose watching sources decide between "none happened" and "nobody looked". */
  readonly needs: readonly string[]
  /**
   * ClickHouse SQL, one row per member of the population between {from:DateTime64(3)} and {to:DateTime64(3)}, with the columns of
   * `populationColumns`. A member without a sample says why: a gap, or censored, or listed only.
   */
  readonly rows: string
  /** Where the rows are attempts, each judged by itself: see `overAttempts`. */
  readonly scan?: AttemptScan
  /** Other samples of the same question, chosen with `basis=`; the first is the default and is `rows` itself. */
  readonly bases?: { readonly default: string; readonly rows: Readonly<Record<string, string>> }
  /** Named variants of other tools, chosen with `variant=`; never the default. */
  readonly variants?: Readonly<Record<string, Variant>>
  /** True when the DORA editions rate it (src/measure/levels.ts). */
  readonly levels: boolean
  readonly caveats: readonly string[]
}

/** What a metric says of each attempt, in SQL over the columns of `attempts`. */
export interface AttemptScan {
  /** Which attempts it is about; all when absent. */
  readonly among?: string
  /** Whether one of them is a sample. */
  readonly sample: string
  /** The value of a sample. */
  readonly value: string
  /** What one is that is no sample: listed only, with a reason in SQL, or in the population without a value, with one reason by name. */
  readonly otherwise: { readonly status: 'listed' | 'missing' | 'censored'; readonly reason: string }
  readonly method: string
}

/** The rows of a metric over attempts, and their description, by which several such metrics are computed in one pass over the table. */
export function overAttempts(scan: AttemptScan): Pick<Metric, 'rows' | 'scan'> {
  const { among, sample, value, otherwise, method } = scan
  const reason = otherwise.status === 'listed' ? otherwise.reason : `'${otherwise.reason}'`
  return {
    scan,
    rows: `
SELECT
  at,
  if(${sample}, toFloat64(${value}), NULL) AS value,
  if(${sample}, 'sample', '${otherwise.status}') AS status,
  if(${sample}, '', ${reason}) AS reason,
  'deployment' AS subject_type, deployment_id AS subject_id, title, url, service, repository, environment,
  ${method} AS method, source, raw_seq
FROM attempts
WHERE ${among === undefined ? '' : `${among} AND `}at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}`,
  }
}

export interface Variant {
  readonly title: string
  readonly definition: string
  readonly unit?: Unit
  readonly rows: string
  /** `lower_median` takes the lower of the two middle values, as DevLake does. */
  readonly reducer: Metric['reducer'] | 'lower_median'
}

export const UNITS = ['per_day', 'seconds', 'share', 'days_per_week'] as const
export type Unit = (typeof UNITS)[number]
export const RELATIONS = [
  'deployments',
  'repositories',
  'commits',
  'commit_files',
  'changes',
  'change_commits',
  'change_files',
  'reviews',
  'transitions',
  'builds',
  'jobs',
  'checks',
  'releases',
  'work_items',
  'boards',
  'sprints',
  'worklogs',
  'insights',
  'incidents',
  'attempts',
  'shipments',
  'incident_links',
  'coverage',
] as const
export type RelationName = (typeof RELATIONS)[number]

/** The columns that a metric's `rows` must give. */
export const populationColumns = {
  at: 'DateTime64(3): when it counts',
  value: 'Nullable(Float64): null unless status is sample',
  status: "'sample' | 'missing' (a gap) | 'censored' (still open) | 'listed' (not in the population: cancelled, skipped)",
  reason: "'' for a sample, else why not",
  subject_type: 'String',
  subject_id: 'String',
  title: 'Nullable(String)',
  url: 'Nullable(String)',
  service: 'Nullable(String)',
  repository: 'Nullable(String)',
  environment: 'Nullable(String)',
  method: 'String: the rule by which it was matched',
  source: 'String',
  raw_seq: 'UInt64: the raw item behind it, 0 when there is none',
} as const

export function defineMetric(metric: Metric): Metric {
  return metric
}

// ---- the reply, as REST, GraphQL, CLI and the dashboard show it ----

export const WHY = ['no_source', 'not_collected', 'no_samples', 'too_few_samples'] as const
const at = z.iso.datetime({ precision: 3 })
const number = z.number().nullable()

export const windowReply = z.object({ from: at, to: at, tz: z.string() })
export const metricReply = z.object({
  id: z.string(),
  title: z.string(),
  unit: z.enum(UNITS),
  better: z.enum(['higher', 'lower']),
  window: windowReply,
  environment: z.string(),
  basis: z.string().nullable(),
  variant: z.string().nullable(),
  value: number,
  n: z.number().int(),
  why: z.enum(WHY).nullable(),
  percentiles: z.object({ p50: number, p75: number, p90: number }),
  mean: number,
  interval: z.tuple([z.number(), z.number()]).nullable(),
  level: z
    .object({ edition: z.string(), name: z.enum(['elite', 'high', 'medium', 'low']).nullable(), why: z.enum(WHY).nullable() })
    .nullable(),
  score: number,
  baseline: z.object({ window: windowReply, value: number, n: z.number().int(), why: z.enum(WHY).nullable() }),
  trend: z.object({
    verdict: z.enum(['improved', 'regressed', 'no clear change', 'not enough data']),
    direction: z.enum(['better', 'worse', 'same']).nullable(),
    change: number,
    p_value: number,
    effect: number,
    interval: z.tuple([z.number(), z.number()]).nullable(),
  }),
  series: z.array(z.object({ from: at, to: at, value: number, n: z.number().int(), why: z.enum(WHY).nullable(), partial: z.boolean() })),
  groups: z.array(z.object({ key: z.string().nullable(), value: number, n: z.number().int(), why: z.enum(WHY).nullable() })),
  coverage: z.object({
    population: z.number().int(),
    samples: z.number().int(),
    share: number,
    reasons: z.record(z.string(), z.number().int()),
  }),
  gaps: z.array(z.object({ code: z.string(), count: z.number().int(), text: z.string() })),
})
export type MetricReply = z.infer<typeof metricReply>

export const doraReply = z.object({
  window: windowReply,
  baseline: windowReply,
  edition: z.string(),
  metrics: z.record(z.string(), metricReply),
  score: z.object({ value: number, of: z.number().int() }),
})
export type DoraReply = z.infer<typeof doraReply>

export const sampleReply = z.object({
  at,
  value: number,
  /** Seconds so far, for a censored row: still open, not recovered yet. */
  age: number.optional(),
  status: z.enum(['sample', 'missing', 'censored', 'listed']),
  reason: z.string().nullable(),
  subject: z.object({ type: z.string(), id: z.string(), title: z.string().nullable(), url: z.string().nullable() }),
  service: z.string().nullable(),
  repository: z.string().nullable(),
  team: z.string().nullable(),
  environment: z.string().nullable(),
  method: z.string(),
  raw_id: z.string().nullable(),
})
export type SampleReply = z.infer<typeof sampleReply>
