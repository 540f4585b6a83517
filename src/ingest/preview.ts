import { z } from 'zod'
import { deployment, type Deployment } from '../../domain/deployment.ts'
import { isPulled, type Connector } from '../connector.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { statement } from '../store/statement.ts'
import { askOf, type Asking } from './asking.ts'
import { interpret } from './interpret.ts'

const shownDeployment = deployment.row.pick({
  id: true,
  service: true,
  environment: true,
  environment_name: true,
  at: true,
  outcome: true,
  title: true,
  url: true,
  rule: true,
})
type Shown = z.infer<typeof shownDeployment>

/** What settings would make of what a source tells: reading is pure, so the question costs a reading and changes nothing. */
export const previewReply = z.object({
  /** Items that were read, and from where: what is kept, or a first look at the tool. */
  items: z.number().int(),
  from: z.enum(['kept', 'tool']),
  before: z.number().int(),
  after: z.number().int(),
  matched: z.array(
    z.object({ rule: z.string(), service: z.string(), environment: z.string(), deployments: z.number().int(), last_at: z.string() }),
  ),
  /** Deployments that the settings would add or take away; the newest of each. */
  added: z.array(shownDeployment),
  removed: z.array(shownDeployment),
  /** Runs that no rule takes for a deployment, by workflow. */
  unmatched: z.array(z.object({ workflow: z.string(), repository: z.string().nullable(), runs: z.number().int(), last_at: z.string() })),
})
export type Preview = z.infer<typeof previewReply>

const MOST_ITEMS = 20_000
const SHOWN = 20
/** Pages of each stream that are looked at where nothing is kept yet. */
const PAGES = 2

const newestItems = statement({
  name: 'preview.items',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL
WHERE org_id = {org:UUID} AND source = {source:String} AND stream IN {streams:Array(String)} AND duplicate_of = 0 AND payload != ''
ORDER BY seq DESC LIMIT {limit:UInt32}`,
  row: rawLogRow,
})

interface Item {
  readonly stream: string
  readonly id: string
  readonly at: string | null
  readonly received_at: string
  readonly payload: Uint8Array
}

export async function preview(
  parts: { analytics: Analytics; registry: Registry; asking: Asking },
  org: string,
  asked: { source: string; id: string; connector: Connector; standing: unknown; draft: unknown; signal: AbortSignal },
): Promise<Preview> {
  const streams = Object.entries(asked.connector.streams).flatMap(([name, { produces }]) =>
    produces.includes('deployments') || produces.includes('builds') ? [name] : [],
  )
  const kept = await parts.analytics.read(newestItems, { org, source: asked.source, streams, limit: MOST_ITEMS })
  const items: Item[] =
    kept.length > 0
      ? kept.map(({ payload, encoding, ...row }) => ({ ...row, payload: Buffer.from(payload, encoding) }))
      : await firstLook(parts.asking, asked, streams)
  const read = (config: unknown) => readAll(parts.registry, asked.id, items, config)
  const after = read(asked.draft)
  const before = asked.standing === null ? { deployments: new Map<string, Deployment>(), builds: after.builds } : read(asked.standing)
  return {
    items: items.length,
    from: kept.length > 0 ? 'kept' : 'tool',
    before: before.deployments.size,
    after: after.deployments.size,
    matched: matchedBy(after.deployments),
    added: shown([...after.deployments].filter(([id]) => !before.deployments.has(id)).map(([, one]) => one)),
    removed: shown([...before.deployments].filter(([id]) => !after.deployments.has(id)).map(([, one]) => one)),
    unmatched: unmatchedRuns(after),
  }
}

async function firstLook(
  asking: Asking,
  { connector, draft, signal }: { connector: Connector; draft: unknown; signal: AbortSignal },
  streams: readonly string[],
): Promise<Item[]> {
  const items: Item[] = []
  for (const stream of streams) {
    const pull = connector.streams[stream]?.pull
    if (pull === undefined || !isPulled(connector, draft, stream)) continue
    const ask = askOf(asking, connector, draft, { signal, isHasty: true })
    let pages = 0
    for await (const page of pull(ask as never)) {
      items.push(...page.items.map((item) => ({ ...item, stream, received_at: ask.begun })))
      if (++pages >= PAGES) break
    }
  }
  return items
}

interface Read {
  readonly deployments: Map<string, Deployment>
  readonly builds: Map<string, { workflow: string; repository: string | null; at: string }>
}

function readAll(registry: Registry, connector: string, items: readonly Item[], config: unknown): Read {
  const read: Read = { deployments: new Map(), builds: new Map() }
  // Newest first; the rows of an item are those of its newest version.
  const seen = new Set<string>()
  for (const item of items) {
    const name = `${item.stream}\n${item.id}`
    if (seen.has(name)) continue
    seen.add(name)
    const { rows } = interpret(registry, { ...item, connector }, config)
    for (const one of rows?.deployments ?? []) if (!read.deployments.has(one.id)) read.deployments.set(one.id, one)
    for (const { id, workflow, repository, at } of rows?.builds ?? [])
      if (!read.builds.has(id)) read.builds.set(id, { workflow, repository, at })
  }
  return read
}

function matchedBy(deployments: ReadonlyMap<string, Deployment>): Preview['matched'] {
  const groups = new Map<string, Preview['matched'][number]>()
  for (const { rule, service, environment_name, at } of deployments.values()) {
    const key = JSON.stringify([rule, service, environment_name])
    const group = groups.get(key) ?? { rule: rule ?? 'deployment', service, environment: environment_name, deployments: 0, last_at: at }
    group.deployments++
    if (at > group.last_at) group.last_at = at
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => b.deployments - a.deployments).slice(0, 100)
}

function unmatchedRuns({ deployments, builds }: Read): Preview['unmatched'] {
  const deployed = new Set([...deployments.values()].map((one) => one.build_id))
  const groups = new Map<string, Preview['unmatched'][number]>()
  for (const [id, { workflow, repository, at }] of builds) {
    if (deployed.has(id)) continue
    const key = JSON.stringify([workflow, repository])
    const group = groups.get(key) ?? { workflow, repository, runs: 0, last_at: at }
    group.runs++
    if (at > group.last_at) group.last_at = at
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => b.runs - a.runs).slice(0, 50)
}

function shown(list: readonly Deployment[]): Shown[] {
  return list
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, SHOWN)
    .map((one) => shownDeployment.parse(one))
}
