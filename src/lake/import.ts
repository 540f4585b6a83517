import { z } from 'zod'
import type { Note } from '../account/audit.ts'
import type { Connector, Handover, Inventory } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Applier } from '../ingest/applier.ts'
import { askOf } from '../ingest/asking.ts'
import type { Journal } from '../ingest/journal.ts'
import type { Pull, PullOptions } from '../ingest/pull.ts'
import type { Secret } from '../secret.ts'
import type { Projects } from '../settings/projects.ts'
import { connectorOf } from '../source/sources.ts'
import type { Analytics } from '../store/analytics.ts'
import { resolveDatabase } from '../store/database-uri.ts'
import { statement } from '../store/statement.ts'
import { handedConnection, handedKey, saveConnections, saveKeys, type HandoverParts } from './handover.ts'

/** With the ids of some of them; the rest is found under the same reason in the raw log. */
const reason = z.object({ reason: z.string(), items: z.number().int(), examples: z.array(z.string()) })

export const importReport = z.object({
  source: z.string(),
  /** Where it was read from, without the password. */
  from: z.string(),
  dry_run: z.boolean(),
  seconds: z.number(),
  tables: z.array(
    z.object({
      table: z.string(),
      rows: z.number().int(),
      stream: z.string().nullable(),
      why: z.string().nullable(),
      /** Of this run; null for what is read beside another table, or not at all. */
      read: z.number().int().nullable(),
      taken: z.number().int().nullable(),
      unchanged: z.number().int().nullable(),
      skipped: z.number().int().nullable(),
      reasons: z.array(reason),
    }),
  ),
  missing: z.array(z.string()),
  /** Streams that the database refused, with the reason. */
  problems: z.record(z.string(), z.string()),
  projects: z.array(z.object({ name: z.string(), result: z.enum(['new', 'made', 'unchanged', 'differs', 'empty']) })),
  /** Whether the secret that was given opened anything; null where nothing is sealed with it, or none was given. */
  secret_proved: z.boolean().nullable(),
  connections: z.array(handedConnection),
  keys: z.array(handedKey),
})
export type ImportReport = z.infer<typeof importReport>

export interface ImportParts extends HandoverParts {
  readonly projects: Projects
  readonly analytics: Analytics
  readonly journal: Journal
  readonly applier: Applier
  pull(org: string, source: string, options: PullOptions): Promise<Pull>
}

export interface ImportAsked {
  readonly connector: string
  /** The name of the source. */
  readonly name: string
  /** Null: the one that the source has, else `fallback`. */
  readonly uri: string | null
  /** What the other tool seals credentials with; null where nobody gave it. */
  readonly secret?: Secret | null
  /** MYSQL_URI, for who may use it: its password is of who runs the server, and not of an organization. */
  readonly fallback?: Secret | null
  /** How to say where the database is, for who did not. */
  readonly example: string
  /** Settings of the source beside its address; what is not given stays as it was. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly full: boolean
  readonly dryRun: boolean
  readonly audited: Note
  readonly signal: AbortSignal
  progress(done: number, total: number | null, what: string): void
}

/**
 * A database becomes a source, is pulled like any other, and what it holds and has become is told table by table. Broken off at any point it goes
 * on from the last page when it is run again.
 */
export async function importDatabase(parts: ImportParts, org: string, asked: ImportAsked): Promise<ImportReport> {
  const { sources, asking, journal, applier } = parts
  const handed = { ...asked, secret: asked.secret ?? null }
  const started = asking.clock.now()
  const connector = connectorOf(parts.registry, asked.connector)
  const existing = await sources.find(org, asked.name)
  if (existing !== null && existing.connector !== asked.connector)
    throw new AppError('conflict', `The source ${asked.name} exists already and is a ${existing.connector} source.`, {
      help: 'Choose another name with --source.',
    })
  const standing = existing === null ? null : await sources.configOf(org, asked.name, existing.connector)
  const given = asked.uri ?? (existing === null ? (asked.fallback?.reveal() ?? null) : null)
  if (given === null && existing === null)
    throw new AppError('invalid-input', 'It is not said where the database is.', { help: `Give ${asked.example}.` })
  const settings = { ...existing?.config, ...asked.settings, ...(given === null ? {} : { uri: given }) }
  const config = await sources.draft(org, asked.name, asked.connector, settings)
  const ask = askOf(asking, connector, config, { signal: asked.signal, progress: asked.progress })
  const found = await connector.check?.(ask as never)
  if (found?.ok === false) throw new AppError('invalid-input', found.missing[0] ?? 'Nothing can be read there.')
  const before = await inventoryOf(connector.inventory?.(ask as never))
  const handover = await handoverOf(connector, ask, handed.secret)
  let pull: Pull | null = null
  let told: readonly Told[] = []
  if (!asked.dryRun) {
    // Cursors are places in a database; in another one they mean nothing.
    const isElsewhere = standing !== null && placeOf(config) !== placeOf(standing)
    // By hand, unless somebody gives it a time.
    await sources.save(org, asked.name, asked.connector, settings, existing?.every_minutes ?? 0, asked.audited)
    const head = journal.stats().head
    pull = await parts.pull(org, asked.name, {
      full: asked.full || isElsewhere,
      signal: asked.signal,
      progress: asked.progress,
    })
    asked.progress(pull.items, null, 'items, which are being read')
    await applier.visible(pull.last, pull.last, asked.signal)
    told = await parts.analytics.readAsWriter(tally, { org, source: asked.name, after: head, last: pull.last })
  }
  return {
    source: asked.name,
    from: before.from,
    dry_run: asked.dryRun,
    seconds: (asking.clock.now() - started) / 1000,
    tables: before.tables.map(({ walked, ...table }) => ({ ...table, ...countsOf(walked ? table.stream : null, pull, told) })),
    missing: [...before.missing],
    problems: pull?.problems ?? {},
    projects: await saveProjects(parts.projects, org, before.projects, asked),
    secret_proved: handover.proved,
    connections: await saveConnections(parts, org, handover.connections, handed),
    keys: await saveKeys(parts, org, handover.keys, handed),
  }
}

async function inventoryOf(inventory: Promise<Inventory> | undefined): Promise<Inventory> {
  if (inventory === undefined) throw new AppError('invalid-input', 'This is no source that is imported from.')
  return inventory
}

async function handoverOf(connector: Connector, ask: unknown, secret: Secret | null): Promise<Handover> {
  return (await connector.handover?.(ask as never, secret)) ?? { proved: null, connections: [], keys: [] }
}

/** Host and database, without who asks, and how it is read. */
function placeOf(config: unknown): string {
  const { uri, ...settings } = config as { readonly uri: Secret }
  const target = resolveDatabase(uri.reveal(), '--from', ['postgres', 'mysql'])?.target
  return JSON.stringify([target?.host, target?.port, target?.socket, target?.database, settings])
}

const tally = statement({
  name: 'import.tally',
  sql: `SELECT stream, duplicate_of != 0 AS is_unchanged, ifNull(problem, '') AS reason, count() AS items, arraySort(groupArray(20)(id)) AS examples FROM all_raw FINAL
WHERE org_id = {org:UUID} AND source = {source:String} AND seq > {after:UInt64} AND seq <= {last:UInt64}
GROUP BY stream, is_unchanged, reason ORDER BY items DESC LIMIT 1000`,
  row: z.object({
    stream: z.string(),
    is_unchanged: z.coerce.boolean(),
    reason: z.string(),
    items: z.coerce.number(),
    examples: z.array(z.string()),
  }),
})
type Told = z.infer<typeof tally.row>

const REASONS = 20

function countsOf(stream: string | null, pull: Pull | null, told: readonly Told[]) {
  if (stream === null || pull === null) return { read: null, taken: null, unchanged: null, skipped: null, reasons: [] }
  const own = told.filter((one) => one.stream === stream)
  const sum = (list: readonly Told[]) => list.reduce((total, { items }) => total + items, 0)
  const unread = own.filter((one) => one.reason !== '')
  const unchanged = sum(own.filter((one) => one.is_unchanged && one.reason === ''))
  const read = pull.streams[stream] ?? 0
  return {
    read,
    taken: read - unchanged - sum(unread),
    unchanged,
    skipped: sum(unread),
    reasons: unread.slice(0, REASONS).map(({ reason: why, items, examples }) => ({ reason: why, items, examples })),
  }
}

/** A project that stands here is left as people made it. */
async function saveProjects(
  projects: Projects,
  org: string,
  told: Inventory['projects'],
  { dryRun, audited }: ImportAsked,
): Promise<ImportReport['projects']> {
  const standing = new Map((await projects.list(org)).map((one) => [one.name, one]))
  const report: ImportReport['projects'] = []
  for (const { name, description, repositories, services } of told) {
    const here = standing.get(name)
    const same = (a: readonly string[], b: readonly string[]) => JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted())
    if (here !== undefined)
      report.push({
        name,
        result: same(here.repositories, repositories) && same(here.services, services) ? 'unchanged' : 'differs',
      })
    else if (repositories.length + services.length === 0) report.push({ name, result: 'empty' })
    else if (dryRun) report.push({ name, result: 'new' })
    else {
      await projects.save(org, { name, description, repositories: [...repositories], services: [...services] }, audited)
      report.push({ name, result: 'made' })
    }
  }
  return report
}
