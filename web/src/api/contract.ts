import type { z } from 'zod'
import type { SessionRow } from '../../../src/account/access.ts'
import type { Member } from '../../../src/account/members.ts'
import type { Organization } from '../../../src/account/organizations.ts'
import type { Role, Scope } from '../../../src/account/role.ts'
import type { Invitation } from '../../../src/account/sign-in.ts'
import type { Token } from '../../../src/account/tokens.ts'
import type { AuditReply } from '../../../src/api/audit-routes.ts'
import type { sessionReply } from '../../../src/api/session-routes.ts'
import type { DoraReply, MetricReply, SampleReply, Unit } from '../../../src/metric.ts'
import type { DoctorReport as Doctor, Finding as DoctorFinding, StoreReport as DoctorStore } from '../../../src/operate/doctor/finding.ts'

/** The replies that this page reads. Those of metrics and accounts are the server's own types; the rest is said here and nowhere else in the page. */
export type {
  AuditReply,
  Doctor,
  DoctorFinding,
  DoctorStore,
  DoraReply,
  Invitation,
  Member,
  MetricReply,
  Organization,
  Role,
  SampleReply,
  Scope,
  Token,
  Unit,
}

/** `GET /v1/signin/options` */
export interface SignInOptions {
  /** Nobody has an account yet. */
  setup: boolean
  oidc: { id: string; title: string }[]
  mail: boolean
}

/** `GET /v1/session` */
export type Session = z.infer<typeof sessionReply>

/** One entry of `GET /v1/sessions`. */
export type OwnSession = SessionRow & { is_current: boolean }

/** What a link that is shown once comes with: of an invitation, of a reset. */
export interface MadeLink {
  link: string
  mailed: boolean
  /** Why it was not, where it was tried. */
  mail_error: string | null
}

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

/** Part of a JSON Schema: as much of it as the settings of connectors use. */
export interface Schema {
  type?: string | string[]
  description?: string
  default?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  minimum?: number
  maximum?: number
  maxItems?: number
  format?: string
}

/** One entry of `GET /v1/connectors`: what can be connected. */
export interface Connector {
  id: string
  title: string
  docs: string
  fields: { name: string; secret: boolean; required: boolean; description: string }[]
  streams: { name: string; produces: string[]; pulled: boolean }[]
  /** How its webhook is set up; `{url}` stands for the address. Null when it has none. */
  hook: string | null
  schema: Schema
}

export const SOURCE_STATES = ['fine', 'late', 'failing', 'needs_attention', 'waiting', 'pushed'] as const
export type SourceState = (typeof SOURCE_STATES)[number]

/** One entry of `GET /v1/sources`. */
export interface Source {
  name: string
  connector: string
  title: string
  state: SourceState
  config: Record<string, unknown>
  secrets: string[]
  pulls: boolean
  every_minutes: number | null
  hook_path: string | null
  last_attempt_at: string | null
  last_success_at: string | null
  last_error: string | null
  failures: number
  budget: { limit: number; remaining: number; reset_at: string } | null
  deliveries: {
    taken: number
    ignored: number
    unread: number
    refused: number
    last_at: string | null
    last_refused_at: string | null
  } | null
}

export interface SourceList extends Page<Source> {
  /** Whether whoever asks may connect, change, pull and remove. */
  may_change: boolean
}

/** `GET /v1/sources/health?name=` */
export interface SourceHealth {
  name: string
  state: SourceState
  lag_seconds: number | null
  /** Since when each is kept and who gave it; never what it holds. */
  credentials: { field: string; set_at: string; set_by: string | null }[]
  streams: { stream: string; items: number; repeated: number; unread: number; last_at: string }[]
  coverage: { table: string; from_at: string; to_at: string; open: boolean }[]
  /** Of the last 35 days, in the zone of the organization; a day on which nothing came is not listed. */
  days: { day: string; stream: string; items: number }[]
  unread: { seq: number; stream: string; id: string; received_at: string; problem: string }[]
  /** What the store itself refused: kept in files beside it, and in no figure. */
  quarantined: { seq: number; stream: string; id: string; received_at: string; reason: string }[]
}

/** `POST /v1/sources/check` */
export interface Check {
  ok: boolean
  missing: string[]
}

export interface ShownDeployment {
  id: string
  service: string
  environment: string
  environment_name: string
  at: string
  outcome: string
  title: string | null
  url: string | null
  rule: string | null
}

/** `POST /v1/sources/preview` */
export interface Preview {
  items: number
  from: 'kept' | 'tool'
  before: number
  after: number
  matched: { rule: string; service: string; environment: string; deployments: number; last_at: string }[]
  added: ShownDeployment[]
  removed: ShownDeployment[]
  unmatched: { workflow: string; repository: string | null; runs: number; last_at: string }[]
}

/** `POST /v1/sources/sync` */
export interface Pull {
  source: string
  items: number
  streams: Record<string, number>
  problems: Record<string, string>
  seconds: number
}

/** `POST /v1/sources/replay` */
export interface Replay {
  items: number
  removed: number
  unread: number
}

/** `GET /v1/gaps` */
export interface GapReport {
  window: TimeWindow
  items: Gap[]
  next: null
}

export interface Gap {
  code: string
  count: number
  text: string
  remedy: string
  /** The newest examples. */
  items: GapExample[]
}

export interface GapExample {
  id: string
  title: string | null
  url: string | null
  at: string
  service: string | null
  repository: string | null
  source: string
}

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type?: string
  title: string
  status: number
  code: string
  detail: string
  help: string | null
  /** The one field that it is about, where it is about one. */
  field?: string
  /** What is wrong with which field, where the server says so. */
  errors?: { path: string; message: string }[]
}
