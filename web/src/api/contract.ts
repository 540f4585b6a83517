import type { DoraReply, MetricReply, SampleReply, Unit } from '../../../src/metric.ts'

/** The replies that this page reads. Those of metrics are the server's own types; the rest is said here and nowhere else in the page. */
export type { DoraReply, MetricReply, SampleReply, Unit }

export type Why = NonNullable<MetricReply['why']>
export type SampleStatus = SampleReply['status']
export type TimeWindow = MetricReply['window']

export interface Page<T> {
  items: T[]
  next: string | null
}

/** `GET /v1/status` */
export interface Status {
  version: string
  organization: { slug: string; name: string; time_zone: string }
  demo: boolean
  events: number
  services: string[]
  environments: string[]
  /** `unread` of the `items` that came could not be understood. */
  sources: { name: string; connector: string; last_at: string | null; items: number; unread: number }[]
  lag_seconds: number
}

/** One entry of `GET /v1/metrics`. */
export interface CatalogueEntry {
  id: string
  title: string
  question: string
  definition: string
  unit: Unit
  better: 'higher' | 'lower'
  bases: string[]
  variants: { id: string; title: string }[]
  caveats: string[]
  levels: boolean
}

/** `GET /v1/raw/{id}` */
export interface RawItem {
  id: string
  seq: number
  source: string
  connector: string
  stream: string
  external_id: string
  at: string | null
  received_at: string
  digest: string
  payload: string
  encoding: 'utf8' | 'base64'
  /** Why it could not be read, when it could not. */
  problem: string | null
}

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type?: string
  title: string
  status: number
  code: string
  detail: string
  help: string | null
}
