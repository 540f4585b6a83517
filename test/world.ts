import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rowOf, type Entity } from '../domain/entity.ts'
import { TABLES, type DomainTable } from '../domain/tables.ts'
import { fixedClock, instant } from '../src/clock.ts'
import { applyBatch } from '../src/ingest/apply.ts'
import type { JournalRecord } from '../src/ingest/journal.ts'
import { silentLog } from '../src/log.ts'
import { createDeriver, type DeriveRules } from '../src/measure/derive.ts'
import { loadRegistry } from '../src/registry.ts'
import { openAnalytics, type Analytics } from '../src/store/analytics.ts'
import { insertRows } from '../src/store/rows.ts'

/** A world for a test: the real embedded engine in a folder of its own, migrated, with a clock that stands still. */
export interface World {
  readonly analytics: Analytics
  readonly registry: Awaited<ReturnType<typeof loadRegistry>>
  readonly clock: ReturnType<typeof fixedClock>
  /** A new organization: worlds are dear, organizations are cheap. */
  org(): string
  /** Sends items through the applier and derives, as the server does. Returns the numbers that were repetitions. */
  apply(org: string, items: readonly TestItem[], rules?: DeriveRules): Promise<{ duplicates: number; problems: string[] }>
  events(org: string, events: readonly Record<string, unknown>[]): Promise<{ duplicates: number; problems: string[] }>
  /** Domain rows as some connector would tell them, what is not said is null; derives as after a batch. */
  tell(org: string, rows: ToldRows): Promise<void>
  rebuild(org: string): Promise<void>
  close(): Promise<void>
}

export type ToldRows = { readonly [T in DomainTable]?: readonly Readonly<Record<string, unknown>>[] }

export interface TestItem {
  readonly connector: string
  readonly source?: string
  readonly stream: string
  readonly id: string
  readonly at?: string | null
  readonly received_at?: string
  readonly payload?: unknown
  /** In place of `payload`: the bytes as they came. */
  readonly bytes?: Uint8Array
  readonly seq?: number
}

/** What may not be null, where a test does not care. */
const DEFAULTS = {
  number: 1,
  title: 'A change',
  is_draft: false,
  author_is_bot: false,
  labels: [],
  created_at: '2026-01-01T00:00:00.000Z',
  state: 'merged',
  parents: [],
  author_name: 'Ada',
  author_email: 'ada@example.org',
  committer_name: 'Ada',
  committer_email: 'ada@example.org',
  authored_at: '2026-01-01T00:00:00.000Z',
  committed_at: '2026-01-01T00:00:00.000Z',
  previous_names: [],
}

let seq = 0

/** An item as the journal would hold it. */
export function recordOf(org: string, item: TestItem, now = '2026-03-02T12:00:00.000Z'): JournalRecord {
  const payload = item.bytes ?? Buffer.from(JSON.stringify(item.payload))
  return {
    org,
    seq: item.seq ?? ++seq,
    source: item.source ?? item.connector,
    connector: item.connector,
    stream: item.stream,
    id: item.id,
    at: item.at ?? null,
    received_at: item.received_at ?? now,
    headers: null,
    payload,
    digest: createHash('sha256').update(payload).digest('hex'),
    chain: '0'.repeat(64),
  }
}

export async function migrateClickhouse(analytics: Analytics): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'migrations', 'clickhouse')
  for (const file of (await readdir(folder)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()) {
    for (const sql of (await readFile(join(folder, file), 'utf8')).split(/^--next$/m)) await analytics.run(sql)
  }
}

type Deriving = Pick<Parameters<typeof createDeriver>[0], 'pathsOf' | 'wholeUpTo' | 'spansMs'>

export async function openWorld(
  now = '2026-03-02T12:00:00.000Z',
  configs: ReadonlyMap<string, unknown> = new Map(),
  deriving: Deriving = {},
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-world-'))
  const analytics = await openAnalytics({ kind: 'embedded', directory: join(directory, 'analytics') })
  await migrateClickhouse(analytics)
  const world = await worldOn(analytics, now, configs, deriving)
  return {
    ...world,
    async close() {
      await world.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The same over a store that is there, and has its tables. */
export async function worldOn(
  analytics: Analytics,
  now = '2026-03-02T12:00:00.000Z',
  configs: ReadonlyMap<string, unknown> = new Map(),
  deriving: Deriving = {},
): Promise<World> {
  const registry = await loadRegistry()
  const clock = fixedClock(now)
  const deriver = createDeriver({ analytics, clock, ...deriving })
  const world: World = {
    analytics,
    registry,
    clock,
    org: () => randomUUID(),
    async apply(org, items, rules) {
      const records = items.map((item) => recordOf(org, item, instant(clock.now())))
      const configOf = async (_org: string, source: string) => configs.get(source) ?? {}
      const applied = await applyBatch({ analytics, registry, configOf, log: silentLog }, records)
      for (const change of applied.changes.values()) {
        await deriver.derive(
          org,
          { scopes: [...change.scopes.values()], repositories: [...change.repositories], unplacedIncidents: change.unplacedIncidents },
          rules,
        )
      }
      return { duplicates: applied.duplicates.size, problems: [...applied.problems.values()] }
    },
    events: (org, events) =>
      world.apply(
        org,
        events.map((event) => {
          const { received_at, ...payload } = event
          const id =
            typeof event['id'] === 'string' ? event['id'] : createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 24)
          return { connector: 'events', stream: 'events', id, payload, ...(typeof received_at === 'string' ? { received_at } : {}) }
        }),
      ),
    async tell(org, told) {
      const repositories = new Set<string>()
      for (const [table, rows] of Object.entries(told) as [DomainTable, Readonly<Record<string, unknown>>[]][]) {
        const stored = rows.map((row) => {
          repositories.add(String(row[table === 'repositories' ? 'id' : 'repository']))
          const received_at = instant(clock.now())
          const envelope = { org_id: org, source: 'told', raw_seq: ++seq, received_at, seen_at: received_at, is_deleted: 0 }
          return { ...rowOf(TABLES[table] as unknown as Entity, { ...DEFAULTS, ...row }), ...envelope }
        })
        await insertRows(analytics, table, stored as never)
      }
      await deriver.derive(org, { scopes: [], repositories: [...repositories], unplacedIncidents: false })
    },
    async rebuild(org) {
      for (const table of ['attempts', 'shipments', 'incident_links'])
        await analytics.run(`ALTER TABLE all_${table} DELETE WHERE org_id = '${org}'`)
      await deriver.rebuild(org)
    },
    close: () => analytics.close(),
  }
  return world
}
