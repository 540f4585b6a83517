import type { Access } from '../account/access.ts'
import type { Audit, Note } from '../account/audit.ts'
import type { EmitterKeys } from '../account/emitter-keys.ts'
import type { Forgotten } from '../account/forgotten.ts'
import type { Mail } from '../account/mail.ts'
import type { Members } from '../account/members.ts'
import type { Organizations } from '../account/organizations.ts'
import type { Oidc } from '../account/oidc.ts'
import type { SignIn } from '../account/sign-in.ts'
import type { SingleSignOn } from '../account/single-sign-on.ts'
import type { Tokens } from '../account/tokens.ts'
import type { Users } from '../account/users.ts'
import type { Clock } from '../clock.ts'
import type { Applier } from '../ingest/applier.ts'
import type { Asking } from '../ingest/asking.ts'
import type { HookParts } from '../ingest/hook.ts'
import type { Journal } from '../ingest/journal.ts'
import type { Pull, PullOptions } from '../ingest/pull.ts'
import type { ExportedTable, ExportOptions } from '../lake/export-lake.ts'
import type { LakeSchemaName } from '../store/schema.ts'
import type { Log } from '../log.ts'
import type { DoctorReport } from '../operate/doctor/finding.ts'
import type { Registry } from '../registry.ts'
import type { Quarantine } from '../ingest/quarantine.ts'
import type { Replayed } from '../ingest/replay.ts'
import type { Rereading } from '../ingest/reread.ts'
import type { People } from '../people/people.ts'
import type { NameBook } from '../source/names.ts'
import type { Sources } from '../source/sources.ts'
import type { Benchmarks } from '../settings/benchmarks.ts'
import type { Secret } from '../secret.ts'
import type { Projects } from '../settings/projects.ts'
import type { SettingBook } from '../settings/setting-book.ts'
import type { Analytics } from '../store/analytics.ts'
import type { Semantic } from '../store/semantic.ts'
import type { TeamDrift } from '../team/drift.ts'
import type { Members as TeamMembers } from '../team/members.ts'
import type { Teams } from '../team/teams.ts'

/** What the application is made of, once: main.ts constructs it, the routes use it. */
export interface Services {
  readonly version: string
  readonly registry: Registry
  readonly semantic: Semantic
  readonly analytics: Analytics
  readonly journal: Journal
  readonly applier: Applier
  readonly access: Access
  readonly organizations: Organizations
  readonly users: Users
  readonly members: Members
  readonly tokens: Tokens
  readonly emitterKeys: EmitterKeys
  readonly signIn: SignIn
  readonly oidc: Oidc
  readonly singleSignOn: SingleSignOn
  readonly mail: Mail
  readonly forgotten: Forgotten
  /** The address under which browsers reach this server, where it is set. */
  readonly publicUrl: string | null
  readonly audit: Audit
  readonly sources: Sources
  readonly names: NameBook
  readonly settings: SettingBook
  readonly benchmarks: Benchmarks
  readonly projects: Projects
  readonly teams: Teams
  readonly people: People
  readonly teamMembers: TeamMembers
  readonly teamDrift: TeamDrift
  readonly quarantine: Quarantine
  readonly hooks: HookParts
  readonly asking: Asking
  /** MYSQL_URI, where it is set. */
  readonly lake: Secret | null
  readonly clock: Clock
  readonly log: Log
  /** Everything that is not ready, as sentences; empty when all is. */
  readiness(): Promise<readonly string[]>
  /** Age of the oldest event that reads do not show yet, in seconds; 0 when all are shown. */
  lagSeconds(): number
  verify(): Promise<{ records: number; journal: { records: number }; problems: string[] }>
  /** Examines stores and installation. */
  doctor(): Promise<DoctorReport>
  /** Pulls a source; `last` is the journal number of the last item. */
  pull(org: string, source: string, options: PullOptions): Promise<Pull>
  /** Reads what is kept of a source again, with today's code, settings and names. */
  replay(
    org: string,
    source: string,
    options: { signal: AbortSignal; progress(done: number, total: number, what: string): void },
  ): Promise<Replayed>
  /** The same in the background, after a change to settings or names. */
  readonly reread: Rereading
  /** Takes a source away; with `data`, also every row that it told. */
  removeSource(org: string, source: string, data: boolean, audited: Note): Promise<void>
  /** Fills a lake, the one of MYSQL_URI where no other is named. */
  exportLake(
    org: string,
    schema: LakeSchemaName,
    to: string | undefined,
    options: ExportOptions,
  ): Promise<{ lake: string; tables: ExportedTable[] }>
  loadDemo(org: string, signal: AbortSignal): Promise<{ events: number }>
  removeDemo(org: string): Promise<{ events: number }>
  /** An organization that holds what was known at a moment: a reading of the raw log up to then. */
  asOf(org: string, moment: string): Promise<string>
}
