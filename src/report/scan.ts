import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { instant, type Clock } from '../clock.ts'
import type { Ask, Connector, Git, Raw } from '../connector.ts'
import { askWith } from '../ingest/ask.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { createDeriver } from '../measure/derive.ts'
import { LEVEL_MIN_SAMPLES, levelRules, SCORED, type Edition } from '../measure/levels.ts'
import { measure } from '../measure/measure.ts'
import { bucketFor, windowOf, type Bucket, type Window } from '../measure/window.ts'
import type { MetricReply } from '../metric.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'
import { throwAway, type ThrowAway } from './scan-engine.ts'
import { gitOfScan } from './scan-git.ts'
import { summarize, type HistorySummary } from './scan-history.ts'
import { counted } from './scan-words.ts'

const SOURCE = 'scan'

export interface ScanOptions {
  readonly releases: string
  readonly days: number | undefined
  readonly edition: Edition | undefined
  readonly tz: string
  readonly signal: AbortSignal
  progress(done: number, total: number | null, what: string): void
}

export interface ScanReport {
  readonly repository: string
  readonly path: string
  readonly rule: string
  readonly commits: number
  readonly releases: number
  readonly authors: number
  readonly first_commit_at: string | null
  readonly last_commit_at: string | null
  readonly window: Window | null
  readonly bucket: Bucket | null
  /** Empty when the history has no releases: `notes` says what to do. */
  readonly metrics: readonly MetricReply[]
  readonly reverts: readonly {
    readonly sha: string
    readonly subject: string
    readonly at: string
    readonly reverted: string
    readonly rule: string
  }[]
  readonly failed_releases: readonly { readonly release: string; readonly at: string; readonly rule: string; readonly by: string }[]
  readonly hotspots: readonly { readonly path: string; readonly changes: number; readonly lines: number; readonly authors: number }[]
  readonly top_authors: readonly { readonly name: string; readonly commits: number; readonly share: number; readonly last_at: string }[]
  readonly latest_releases: readonly { readonly title: string; readonly at: string; readonly commits: number }[]
  readonly notes: readonly string[]
  readonly seconds: number
}

interface Parts {
  readonly registry: Registry
  readonly git: Git
  readonly clock: Clock
  readonly log: Log
}

export interface Scanner {
  scan(path: string, options: ScanOptions): Promise<ScanReport>
  close(): Promise<void>
}

/** Scans share one engine, which is thrown away at the end. */
export function openScanner(parts: Parts): Scanner {
  const engine = throwAway()
  return { scan: (path, options) => scan(parts, engine, path, options), close: () => engine.close() }
}

async function scan(parts: Parts, engine: ThrowAway, path: string, options: ScanOptions): Promise<ScanReport> {
  const { clock } = parts
  const started = clock.now()
  const connector = parts.registry.connectors.get('git')
  if (connector === undefined) throw new AppError('plugin', 'The connector `git` is missing.', { help: 'Build again: npm run build.' })
  const parsed = connector.config.safeParse({ path: resolve(path), releases: options.releases })
  if (!parsed.success)
    throw new AppError('usage', `--releases: ${parsed.error.issues[0]?.message}`, {
      help: 'Use tags, merges, or a regular expression for tags.',
    })
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  // Each git that runs listens to it, and all streams are read at once.
  setMaxListeners(64, signal)
  const ask = askWith<unknown>({
    config: parsed.data,
    // The engine takes 0.15 s to load: it does so when git is busy with the history.
    git: gitOfScan(parts.git, () => void engine.open()),
    signal,
    log: parts.log,
    progress: (done, total, what) => what === 'commits' && options.progress(done, total, what),
  })
  const horizonDays = options.days ?? Math.max(...WINDOWS)
  const history = summarize(instant(started), horizonDays * DAY_MS)
  const deployments: Deployment[] = []
  const others: string[] = []
  let repository: string | null = null
  const receive = (rows: DomainRows, id: string) => {
    history.add(rows)
    if (rows.deployments?.length === 0) others.push(id.replace(/^refs\/tags\//, ''))
    deployments.push(...(rows.deployments ?? []))
    repository ??= rows.repositories?.[0]?.id ?? null
  }
  const pulls = Object.keys(connector.streams).map((name) => pull(connector, name, ask, instant(started), receive))
  const checking = connector.check?.(ask) ?? Promise.resolve({ ok: true, missing: [] })
  try {
    await Promise.all([...pulls, checking])
  } catch (thrown) {
    stop.abort()
    await Promise.allSettled([...pulls, checking])
    throw thrown
  }
  const found = {
    repository: repository ?? resolve(path),
    path: resolve(path),
    history,
    deployments,
    others,
    notes: (await checking).missing,
  }
  return describe(parts, engine, found, options, started)
}

/** Reads one stream to its end. */
async function pull(
  connector: Connector,
  name: string,
  ask: Ask<unknown>,
  received_at: string,
  receive: (rows: DomainRows, id: string) => void,
) {
  const stream = connector.streams[name]
  if (stream?.pull === undefined) return
  const read = stream.rows as (payload: unknown, raw: Raw, config: unknown) => DomainRows
  for await (const page of stream.pull(ask as never)) {
    for (const item of page.items) {
      const payload = stream.payload.parse(JSON.parse(Buffer.from(item.payload).toString('utf8')))
      receive(read(payload, { ...item, received_at }, ask.config), item.id)
    }
  }
}

const latestReleases = statement({
  name: 'scan.latest_releases',
  sql: `SELECT ifNull(a.title, a.deployment_id) AS title, a.at AS at, s.n AS commits
FROM (SELECT * FROM all_attempts FINAL WHERE org_id = {org:UUID}) AS a
LEFT JOIN (SELECT deployment_id, count() AS n FROM all_shipments FINAL WHERE org_id = {org:UUID} GROUP BY deployment_id) AS s ON s.deployment_id = a.deployment_id
ORDER BY a.at DESC LIMIT 8`,
  row: z.object({ title: z.string(), at: z.string(), commits: z.coerce.number().nullable() }),
})
const failedReleases = statement({
  name: 'scan.failed_releases',
  sql: `SELECT ifNull(title, deployment_id) AS release, at, ifNull(failed_rule, '') AS rule, ifNull(failed_by, '') AS by
FROM all_attempts FINAL WHERE org_id = {org:UUID} AND failed AND at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)} ORDER BY at DESC LIMIT 20`,
  row: z.object({ release: z.string(), at: z.string(), rule: z.string(), by: z.string() }),
})

interface Found {
  readonly repository: string
  readonly path: string
  readonly history: HistorySummary
  readonly deployments: readonly Deployment[]
  /** Tags that the rule leaves out. */
  readonly others: readonly string[]
  readonly notes: readonly string[]
}

async function describe(parts: Parts, engine: ThrowAway, found: Found, options: ScanOptions, started: number): Promise<ScanReport> {
  const { clock } = parts
  const { history, deployments } = found
  const now = clock.now()
  const times = deployments.map((one) => one.at).sort()
  const window = windowFor(options, history.lastAt, times, now)
  const span = window ?? { from: instant(0), to: instant(now) }
  const { metrics, failed, latest } =
    times[0] === undefined || window === null
      ? { metrics: [], failed: [], latest: [] }
      : await figures(parts, await engine.open(), found, { window, edition: options.edition, first: times[0] })
  return {
    repository: found.repository,
    path: found.path,
    rule: ruleText(options.releases),
    commits: history.commits,
    releases: deployments.length,
    authors: history.authors,
    first_commit_at: history.firstAt,
    last_commit_at: history.lastAt,
    window,
    bucket: window === null ? null : weekly(window),
    metrics,
    reverts: history.reverts(span).slice(0, 20),
    failed_releases: failed,
    hotspots: history.hotspots(span).slice(0, 10),
    top_authors: history.topAuthors(span).slice(0, 8),
    latest_releases: latest.map((one) => ({ ...one, commits: one.commits ?? 0 })),
    notes: [...found.notes, ...notesOf(found, options, window, now)],
    seconds: (clock.now() - started) / 1000,
  }
}

/** The metrics and what stands behind them, from the engine. */
async function figures(
  { registry, clock }: Parts,
  analytics: Analytics,
  found: Found,
  { window, edition, first }: { window: Window; edition: Edition | undefined; first: string },
) {
  const org = randomUUID()
  await derive(analytics, clock, org, found, first)
  const asked = { window, environment: 'production', levels: levelRules(edition), bucket: weekly(window) }
  const measured = SCORED.flatMap((id) => {
    const metric = registry.metrics.get(id)
    return metric === undefined ? [] : [measure(analytics, org, id, metric, asked)]
  })
  const [metrics, failed, latest] = await Promise.all([
    Promise.all(measured),
    analytics.read(failedReleases, { org, from: window.from, to: window.to }),
    analytics.read(latestReleases, { org }),
  ])
  return { metrics, failed, latest }
}

/** Stores the releases, and what follows from them and the history by the same code as on a server. */
async function derive(analytics: Analytics, clock: Clock, org: string, found: Found, first: string): Promise<void> {
  const now = instant(clock.now())
  const envelope = { org_id: org, source: SOURCE, raw_seq: 0, received_at: now, seen_at: now, is_deleted: 0 as const }
  await insertRows(
    analytics,
    'deployments',
    found.deployments.map((one) => ({ ...one, ...envelope })),
  )
  await insertRows(analytics, 'coverage', [{ table: 'deployments', from_at: first, to_at: now, open: false, ...envelope }])
  await createDeriver({ analytics, clock, graphFrom: (_, repository) => found.history.graphOf(repository) }).rebuild(org)
}

function ruleText(releases: string): string {
  if (releases === 'merges') return 'each merge into the branch is a release'
  if (releases === 'none') return 'nothing is a release'
  return releases === 'tags' ? 'each version tag is a release' : `each tag that matches ${releases} is a release`
}

function notesOf({ history, deployments, others }: Found, options: ScanOptions, window: Window | null, now: number): string[] {
  if (history.commits === 0) return []
  const notes: string[] = []
  if (window !== null && Date.parse(window.to) < now)
    notes.push(`Nothing happened here since ${window.to.slice(0, 10)}: the report shows the ${daysOf(window)} days before.`)
  if (deployments.length === 0) {
    const left = others.length === 0 ? '' : ` ${counted(others.length, 'tag')} did not count, such as ${others.slice(-3).join(', ')}.`
    const other = options.releases === 'merges' ? '`--releases tags`' : '`--releases merges`'
    notes.push(
      `No release was found, so there are no delivery figures: ${ruleText(options.releases)}.${left} Try ${other}, or a regular expression for your tags.`,
    )
  } else
    notes.push(
      'Releases stand for deployments here, and a revert that ships later marks the release that it mends. Send real deployments to see what runs in production.',
    )
  return notes
}

const DAY_MS = 86_400_000

function daysOf(window: Window): number {
  return Math.round((Date.parse(window.to) - Date.parse(window.from)) / DAY_MS)
}

/** Weeks, except where there would be a hundred and more. */
function weekly(window: Window): Bucket {
  const bucket = bucketFor(window)
  return bucket === 'day' ? 'week' : bucket
}

/** In days, the shortest first: the report takes the first in which there are enough releases to say something. */
const WINDOWS = [90, 180, 365, 730]

/** Ends now; for a history that has been still for long, at its last release or commit, so that the report shows its last busy time and says so. */
function windowFor(options: ScanOptions, lastCommit: string | null, releases: readonly string[], now: number): Window | null {
  if (lastCommit === null) return null
  // A date in the future is a clock that was wrong.
  const last = Math.min(now, Math.max(Date.parse(lastCommit), Date.parse(releases.findLast((at) => at <= instant(now)) ?? lastCommit)))
  const windowOfDays = (days: number): Window => {
    const isStill = now - last > days * DAY_MS
    return windowOf({ days, to: instant(isStill ? last + 1 : now), tz: options.tz }, now)
  }
  if (options.days !== undefined) return windowOfDays(options.days)
  const windows = WINDOWS.map(windowOfDays)
  return (
    windows.find(({ from, to }) => releases.filter((at) => at >= from && at < to).length >= LEVEL_MIN_SAMPLES) ??
    (releases.length === 0 ? windows[0] : windows.at(-1)) ??
    null
  )
}
