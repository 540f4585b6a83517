import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { DomainRows, DomainTable } from '../../domain/tables.ts'
import { instant, type Clock } from '../clock.ts'
import type { Git, Raw } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { createDeriver } from '../measure/derive.ts'
import { SCORED, type Edition } from '../measure/levels.ts'
import { measure } from '../measure/measure.ts'
import { bucketFor, windowOf, type Bucket, type Window } from '../measure/window.ts'
import type { MetricReply } from '../metric.ts'
import { PROGRAM_ROOT } from '../program.ts'
import type { Registry } from '../registry.ts'
import { openAnalytics, type Analytics } from '../store/analytics.ts'
import { readMigrations } from '../store/migration-file.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'

/** One organization for the moment: a scan keeps nothing. */
const ORG = '5ca40000-0000-4000-8000-000000000000'
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

/** Opens the engine that scans share; it is thrown away at the end. */
export async function openScanner(parts: {
  registry: Registry
  git: Git
  clock: Clock
  log: Log
}): Promise<{ scan(path: string, options: ScanOptions): Promise<ScanReport>; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-scan-'))
  // The engine starts while git already reads; whoever needs it waits.
  const opening = openThrowAway(directory)
  opening.catch(() => {})
  return {
    scan: (path, options) => scan(parts, opening, path, options),
    async close() {
      const analytics = await opening.catch(() => null)
      await analytics?.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function openThrowAway(directory: string): Promise<Analytics> {
  const analytics = await openAnalytics({ kind: 'embedded', directory })
  for (const migration of await readMigrations(join(PROGRAM_ROOT, 'migrations', 'clickhouse'))) {
    // What is thrown away need not survive a power cut.
    for (const sql of migration.statements)
      await analytics.run(
        sql.replaceAll(/fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1/g, 'fsync_after_insert = 0'),
      )
  }
  return analytics
}

async function scan(
  { registry, git, clock, log }: { registry: Registry; git: Git; clock: Clock; log: Log },
  opening: Promise<Analytics>,
  path: string,
  options: ScanOptions,
): Promise<ScanReport> {
  const started = clock.now()
  const connector = registry.connectors.get('git')
  if (connector === undefined) throw new AppError('plugin', 'The connector `git` is missing.', { help: 'Build again: npm run build.' })
  const parsed = connector.config.safeParse({ path: resolve(path), releases: options.releases })
  if (!parsed.success)
    throw new AppError('usage', `--releases: ${parsed.error.issues[0]?.message}`, {
      help: 'Use tags, merges, or a regular expression for tags.',
    })
  const config = parsed.data
  let writing: Promise<unknown> = Promise.resolve()
  const received_at = instant(started)
  for (const [name, stream] of Object.entries(connector.streams)) {
    if (stream.pull === undefined) continue
    const ask = { config, cursor: null, git, signal: options.signal, log, progress: options.progress }
    const read = stream.rows as (payload: unknown, raw: Raw, config: unknown) => DomainRows
    for await (const page of stream.pull(ask as never)) {
      const rows = page.items.map((item) =>
        read(stream.payload.parse(JSON.parse(Buffer.from(item.payload).toString('utf8'))), { ...item, received_at }, config),
      )
      // git goes on while the engine stores the page before.
      const before = writing
      writing = before.then(async () => store(await opening, rows, received_at))
      writing.catch(() => {})
      await before
      log.info('scan.page', { stream: name, items: page.items.length })
    }
  }
  await writing
  const analytics = await opening
  return describe(analytics, registry, path, options, started, clock)
}

async function store(analytics: Analytics, read: readonly DomainRows[], received_at: string): Promise<void> {
  const envelope = { org_id: ORG, source: SOURCE, raw_seq: 0, received_at, seen_at: received_at, is_deleted: 0 as const }
  const tables = new Map<DomainTable, unknown[]>()
  for (const rows of read) {
    for (const [table, list] of Object.entries(rows) as [DomainTable, object[]][]) {
      const all = tables.get(table) ?? []
      for (const row of list) all.push({ ...row, ...envelope })
      tables.set(table, all)
    }
  }
  for (const [table, rows] of tables) await insertRows(analytics, table, rows as never)
}

const overview = statement({
  name: 'scan.overview',
  sql: `SELECT
  (SELECT any(id) FROM all_repositories WHERE org_id = {org:UUID}) AS repository,
  count() AS commits, uniqExact(author_email) AS authors,
  if(count() = 0, NULL, min(least(authored_at, committed_at))) AS first, if(count() = 0, NULL, max(committed_at)) AS last
FROM all_commits WHERE org_id = {org:UUID}`,
  row: z.object({
    repository: z.string().nullable(),
    commits: z.coerce.number(),
    authors: z.coerce.number(),
    first: z.string().nullable(),
    last: z.string().nullable(),
  }),
})
const releasesStatement = statement({
  name: 'scan.releases',
  sql: `SELECT service, count() AS n, min(at) AS first, max(at) AS last FROM all_deployments FINAL WHERE org_id = {org:UUID} GROUP BY service ORDER BY n DESC`,
  row: z.object({ service: z.string(), n: z.coerce.number(), first: z.string(), last: z.string() }),
})
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
const revertCommits = statement({
  name: 'scan.reverts',
  sql: `SELECT sha, subject, committed_at AS at, ifNull(reverts, '') AS reverted, if(reverts IS NULL, 'subject', 'message') AS rule FROM all_commits FINAL
WHERE org_id = {org:UUID} AND (reverts IS NOT NULL OR match(subject, '^Revert "')) AND committed_at >= {from:DateTime64(3)} ORDER BY committed_at DESC LIMIT 20`,
  row: z.object({ sha: z.string(), subject: z.string(), at: z.string(), reverted: z.string(), rule: z.string() }),
})
const hotspots = statement({
  name: 'scan.hotspots',
  sql: `SELECT path, count() AS changes, sum(ifNull(additions, 0) + ifNull(deletions, 0)) AS lines, uniqExact(author_email) AS authors
FROM all_commit_files WHERE org_id = {org:UUID} AND authored_at >= {from:DateTime64(3)} AND authored_at < {to:DateTime64(3)}
GROUP BY path ORDER BY changes DESC, lines DESC, path LIMIT 10`,
  row: z.object({ path: z.string(), changes: z.coerce.number(), lines: z.coerce.number(), authors: z.coerce.number() }),
})
const authors = statement({
  name: 'scan.authors',
  sql: `SELECT argMax(author_name, authored_at) AS name, count() AS commits, max(authored_at) AS last_at, commits / sum(commits) OVER () AS share
FROM all_commits FINAL WHERE org_id = {org:UUID} AND length(parents) < 2 AND authored_at >= {from:DateTime64(3)} AND authored_at < {to:DateTime64(3)}
GROUP BY author_email ORDER BY name LIMIT 1000`,
  row: z.object({ name: z.string(), commits: z.coerce.number(), last_at: z.string(), share: z.coerce.number() }),
})

async function describe(
  analytics: Analytics,
  registry: Registry,
  path: string,
  options: ScanOptions,
  started: number,
  clock: Clock,
): Promise<ScanReport> {
  const [found] = await analytics.read(overview, { org: ORG })
  const services = await analytics.read(releasesStatement, { org: ORG })
  const releases = services.reduce((sum, one) => sum + one.n, 0)
  const notes: string[] = []
  const rule =
    options.releases === 'merges'
      ? 'each merge into the branch is a release'
      : options.releases === 'tags'
        ? 'each version tag is a release'
        : `each tag that matches ${options.releases} is a release`
  const last = services
    .map((one) => one.last)
    .sort()
    .at(-1)
  const window = windowFor(options, found?.last ?? null, last ?? null, clock.now())
  if ((found?.commits ?? 0) === 0) notes.push('The repository has no commits yet.')
  else if (releases === 0) {
    notes.push(
      `No releases were found: ${rule}. Try ${options.releases === 'merges' ? '--releases tags' : '--releases merges'}, or a regular expression for your tags.`,
    )
  }
  const metrics: MetricReply[] = []
  if (releases > 0 && window !== null) {
    const deriver = createDeriver({ analytics, clock })
    await deriver.rebuild(ORG)
    const first = services.map((one) => one.first).sort()[0] as string
    const nowText = instant(clock.now())
    await insertRows(analytics, 'coverage', [
      {
        table: 'deployments',
        from_at: first,
        to_at: nowText,
        open: false,
        org_id: ORG,
        source: SOURCE,
        raw_seq: 0,
        received_at: nowText,
        seen_at: nowText,
        is_deleted: 0,
      },
    ])
    for (const id of SCORED) {
      const metric = registry.metrics.get(id)
      if (metric !== undefined)
        metrics.push(
          await measure(analytics, ORG, id, metric, {
            window,
            environment: 'production',
            edition: options.edition,
            bucket: weekly(window),
          }),
        )
    }
    notes.push(
      'Releases stand for deployments here, and a revert that ships later marks the release that it mends. Send real deployments to see what runs in production.',
    )
  }
  const span = { org: ORG, from: window?.from ?? '1970-01-01T00:00:00.000Z', to: window?.to ?? instant(clock.now()) }
  const people = await analytics.read(authors, span)
  return {
    repository: found?.repository ?? resolve(path),
    path: resolve(path),
    rule,
    commits: found?.commits ?? 0,
    releases,
    authors: found?.authors ?? 0,
    first_commit_at: found?.first ?? null,
    last_commit_at: found?.last ?? null,
    window,
    bucket: window === null ? null : weekly(window),
    metrics,
    reverts: await analytics.read(revertCommits, span),
    failed_releases: await analytics.read(failedReleases, span),
    hotspots: await analytics.read(hotspots, span),
    top_authors: people.sort((a, b) => b.commits - a.commits).slice(0, 8),
    latest_releases: (await analytics.read(latestReleases, { org: ORG })).map((one) => ({ ...one, commits: one.commits ?? 0 })),
    notes,
    seconds: (clock.now() - started) / 1000,
  }
}

/** Weeks, except where there would be a hundred and more. */
function weekly(window: Window): Bucket {
  const bucket = bucketFor(window)
  return bucket === 'day' ? 'week' : bucket
}

const DEFAULT_DAYS = 90

/** Ends now; for a history that has been still for long, at its last release or commit, so that the report shows its last busy time and says so. */
function windowFor(options: ScanOptions, lastCommit: string | null, lastRelease: string | null, now: number): Window | null {
  if (lastCommit === null) return null
  const days = options.days ?? DEFAULT_DAYS
  const last = Math.max(Date.parse(lastCommit), lastRelease === null ? 0 : Date.parse(lastRelease))
  const still = now - last > days * 86_400_000
  const to = still ? last + 1 : now
  return windowOf({ days, to: instant(to), tz: options.tz }, now)
}
