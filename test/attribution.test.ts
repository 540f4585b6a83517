import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { byTime, type Deployed } from '../domain/deployment.ts'
import { instant } from '../src/clock.ts'
import { carriedCommits } from '../src/measure/carried.ts'
import { ChangeBook, type ChangeCommitsFact, type ChangeFact } from '../src/measure/change-book.ts'
import { attributeChanges } from '../src/measure/change-shipments.ts'
import { createDeriver } from '../src/measure/derive.ts'
import { findGaps } from '../src/measure/gaps.ts'
import { attributeCommits, buildGraph, type GraphRow } from '../src/measure/shipments.ts'
import type { Analytics } from '../src/store/analytics.ts'
import { statement } from '../src/store/statement.ts'
import { openWorld, type ToldRows, type World } from './world.ts'

/** Which commits a deployment ships, through commit graphs, changes and paths: laws over random histories, and the cases that no metric shows. One file: both are told in the same few builders of commits, changes and deployments. */
const NOW = '2026-03-02T12:00:00.000Z'
const START = Date.parse('2026-01-05T00:00:00.000Z')
const HOUR = 3_600_000
const REPOSITORY = 'acme/shop'
const PATHS = new Map([['web', ['web/']]])
const pathsOf = async () => PATHS
let world: World
beforeAll(async () => {
  // The short way even for a few deployments: it must not be gone where changes are known.
  world = await openWorld(NOW, new Map(), { pathsOf, wholeUpTo: 0, spansMs: [24 * HOUR, 72 * HOUR] })
})
afterAll(() => world.close())

const columns = ['service', 'deployed_at', 'deployment_id', 'sha', 'change_id', 'started_at', 'title', 'method'] as const
const shipmentRow = z.object({
  service: z.string(),
  deployed_at: z.string(),
  deployment_id: z.string(),
  sha: z.string(),
  change_id: z.string().nullable(),
  started_at: z.string(),
  title: z.string(),
  method: z.string(),
})
const shipments = statement({
  name: 'test.shipments',
  sql: `SELECT ${columns.join(', ')} FROM all_shipments FINAL WHERE org_id = {org:UUID} ORDER BY service, deployed_at, sha`,
  row: shipmentRow,
})
const attempts = statement({
  name: 'test.attempts',
  sql: 'SELECT deployment_id, lead_method, failed_rule, failed_by FROM all_attempts FINAL WHERE org_id = {org:UUID} ORDER BY deployment_id',
  row: z.object({
    deployment_id: z.string(),
    lead_method: z.string().nullable(),
    failed_rule: z.string().nullable(),
    failed_by: z.string().nullable(),
  }),
})
const shipped = (org: string) => world.analytics.read(shipments, { org })
const judged = async (org: string) => new Map((await world.analytics.read(attempts, { org })).map((one) => [one.deployment_id, one]))

/** What a rebuild would write, as text. */
async function rebuilt(org: string): Promise<string[]> {
  const written: string[] = []
  const insert: Analytics['insert'] = async (table, _, rows) => {
    for (const { seen_at: _seen, ...row } of rows) written.push(`${table} ${JSON.stringify(row)}`)
  }
  await createDeriver({ analytics: { ...world.analytics, insert }, clock: world.clock, pathsOf }).rebuild(org)
  return written
}

// ---------------------------------------------------------------- random histories

type Item = { readonly told: ToldRows } | { readonly event: Record<string, unknown> }

const history = fc.record({
  /** Whether the commits are told too. */
  graph: fc.boolean(),
  steps: fc.array(
    fc.record({
      kind: fc.oneof(
        { weight: 5, arbitrary: fc.constant('deploy') },
        { weight: 6, arbitrary: fc.constantFrom('direct', 'squash', 'squash', 'rebase', 'merge', 'fast_forward', 'open') },
      ),
      commits: fc.integer({ min: 1, max: 3 }),
      /** Rarely: the list of commits is not told, the deployment goes back, names a branch or names nothing. */
      seldom: fc.nat(5),
      back: fc.nat(4),
      web: fc.constantFrom(true, false, null),
      service: fc.constantFrom('api', 'api', 'web'),
      stated: fc.boolean(),
      outcome: fc.constantFrom('success', 'success', 'success', 'failure'),
      step: fc.integer({ min: 1, max: 20 }),
    }),
    { minLength: 16, maxLength: 36, size: 'max' },
  ),
  order: fc.infiniteStream(fc.nat(999)).map((numbers) => (count: number) => [...numbers.take(count)]),
  batch: fc.integer({ min: 1, max: 9 }),
})
type History = typeof history extends fc.Arbitrary<infer T> ? T : never

const shaOf = (n: number) => `${n.toString(16).padStart(4, '0')}${'c'.repeat(36)}`

function itemsOf({ graph, steps }: Pick<History, 'graph' | 'steps'>): { items: Item[]; standsFor: Map<string, string[]> } {
  const items: Item[] = []
  /** Squash commits and copies → the originals. */
  const standsFor = new Map<string, string[]>()
  let now = START
  let shas = 0
  const main: string[] = []
  const branches: string[] = []
  const commit = (parents: string[], at: number, subject: string, web: boolean | null, told = graph) => {
    const sha = shaOf(++shas)
    const when = instant(at)
    const committed = instant(at + 60_000)
    const row = {
      repository: REPOSITORY,
      sha,
      parents,
      authored_at: when,
      committed_at: committed,
      subject,
      files_changed: web === null ? null : 1,
    }
    const file = {
      repository: REPOSITORY,
      sha,
      path: web ? 'web/page.ts' : 'api/main.ts',
      authored_at: when,
      author_email: 'ada@example.org',
    }
    if (told) items.push({ told: { commits: [row], ...(web === null ? {} : { commit_files: [file] }) } })
    return { sha, started_at: when, subject }
  }
  const head = () => (main.length === 0 ? [] : [main.at(-1) as string])
  steps.forEach((step, index) => {
    now += step.step * HOUR
    const { kind, web } = step
    if (kind === 'direct') main.push(commit(head(), now, `Direct ${index}`, web).sha)
    else if (kind === 'deploy') {
      const from = step.seldom === 5 && branches.length > 0 ? branches : main
      const revision = step.seldom === 4 ? undefined : from.at(-1 - (step.seldom === 3 ? step.back : 0))
      items.push({
        event: {
          id: `e${index}`,
          deployment_id: `d${index}`,
          kind: 'deploy',
          service: step.service,
          ...(step.stated ? { repo: REPOSITORY } : {}),
          ...(revision === undefined ? {} : { git_sha: step.back % 2 === 0 ? revision : revision.slice(0, 9) }),
          outcome: step.outcome,
          succeeded: step.outcome !== 'failure',
          occurred_at: instant(now),
        },
      })
    } else {
      const id = `${REPOSITORY}#${index}`
      const told = kind === 'merge' || kind === 'fast_forward'
      const own: ReturnType<typeof commit>[] = []
      for (let n = 0; n < step.commits; n++)
        own.push(
          commit(
            own.length === 0 ? head() : [own.at(-1)?.sha as string],
            now - (step.commits - n) * 2 * HOUR,
            `Part ${n} of ${index}`,
            web,
            graph && told,
          ),
        )
      branches.push(own.at(-1)?.sha as string)
      let merge: string | null = null
      if (kind === 'squash') {
        merge = commit(head(), now, `Squash ${index}`, web).sha
        if (step.seldom !== 1)
          standsFor.set(
            merge,
            own.map((one) => one.sha),
          )
      } else if (kind === 'rebase') {
        for (const { sha, started_at, subject } of own) {
          merge = commit(head(), Date.parse(started_at), subject, web).sha
          main.push(merge)
          if (step.seldom !== 1) standsFor.set(merge, [sha])
        }
      } else if (kind === 'merge') merge = commit([...head(), own.at(-1)?.sha as string], now, `Merge ${index}`, null).sha
      if (merge !== null && kind !== 'rebase') main.push(merge)
      if (kind === 'fast_forward') main.push(...own.map((one) => one.sha))
      const change = {
        id,
        repository: REPOSITORY,
        number: index,
        title: `Change ${index}`,
        state: kind === 'open' ? 'open' : 'merged',
        base_ref: 'main',
        created_at: own[0]?.started_at,
        merged_at: kind === 'open' ? null : instant(now),
        head_sha: own.at(-1)?.sha,
        merge_sha: merge,
        commit_count: own.length,
      }
      items.push({ told: { changes: [change] } })
      if (step.seldom !== 1)
        items.push({
          told: {
            change_commits: [
              {
                change_id: id,
                repository: REPOSITORY,
                shas: own.map((one) => one.sha),
                started_at: own.map((one) => one.started_at),
                subjects: own.map((one) => one.subject),
              },
            ],
          },
        })
      if (step.seldom === 2)
        items.push({ told: { change_files: [{ change_id: id, repository: REPOSITORY, paths: [web ? 'web/a.ts' : 'api/b.ts'] }] } })
    }
  })
  return { items, standsFor }
}

/** The rows of the told items by table, as the derivation reads them, in any order. */
function factsOf(items: readonly Item[]) {
  const rows = (table: 'commits' | 'changes' | 'change_commits') =>
    items.flatMap((item) => ('told' in item ? ((item.told[table] ?? []) as never[]) : []))
  const commits = (rows('commits') as Omit<GraphRow, 'raw_seq' | 'reverts'>[]).map((one) => ({ ...one, reverts: null, raw_seq: 0 }))
  const changes = (rows('changes') as Omit<ChangeFact, 'raw_seq' | 'reverts'>[]).map((one) => ({ ...one, reverts: null, raw_seq: 0 }))
  const lists = (rows('change_commits') as Omit<ChangeCommitsFact, 'raw_seq'>[]).map((one) => ({ ...one, raw_seq: 0 }))
  const deployments = items.flatMap((item): Deployed[] => {
    if (!('event' in item)) return []
    const { deployment_id, service, git_sha = null, outcome, occurred_at } = item.event as Record<string, string>
    return [
      {
        id: deployment_id as string,
        kind: 'deploy',
        service: service as string,
        environment: 'production',
        at: occurred_at as string,
        outcome: outcome as 'success',
        repository: REPOSITORY,
        revision: git_sha,
        ref: null,
        version: null,
        title: null,
        url: null,
        commit_at: null,
        caused_by: null,
        unplanned: null,
      },
    ]
  })
  return {
    commits,
    book: new ChangeBook(REPOSITORY, changes, lists, 'main'),
    deployments: deployments.filter((one) => one.service === 'api'),
  }
}

function attributed(items: readonly Item[], wholeHistory: boolean): string[] {
  const { commits, book, deployments } = factsOf(items)
  const graph = buildGraph(REPOSITORY, commits)
  const found =
    commits.length > 0
      ? attributeCommits(deployments, graph, { wholeHistory }, { book, carried: carriedCommits(graph, book) })
      : attributeChanges(deployments, book, { wholeHistory })
  return [
    ...found.shipments.map((one) => `${one.deployment_id} ${one.sha} ${one.change_id} ${one.started_at} ${one.method}`),
    ...[...found.known].map((id) => `${id} is known`),
  ].sort()
}

/** By definition, slowly: each commit of the history stands for what the generator knows, and ships with the first revision that contains it. */
function byDefinition(items: readonly Item[], standsFor: ReadonlyMap<string, readonly string[]>, wholeHistory: boolean): string[] {
  const { commits, deployments } = factsOf(items)
  const parents = new Map(commits.map((one) => [one.sha, one.parents]))
  const containedIn = (sha: string, found = new Set<string>()): Set<string> => {
    if (found.has(sha) || !parents.has(sha)) return found
    found.add(sha)
    for (const parent of parents.get(sha) ?? []) containedIn(parent, found)
    return found
  }
  const gone = new Set<string>()
  const rows: string[] = []
  let first = true
  for (const one of deployments.filter(({ outcome }) => outcome === 'success').toSorted(byTime)) {
    const matches = commits.filter(({ sha }) => one.revision !== null && sha.startsWith(one.revision))
    if (matches.length !== 1) continue
    const head = matches[0]?.sha as string
    for (const sha of containedIn(head)) {
      for (const original of (parents.get(sha) ?? []).length > 1 ? [] : (standsFor.get(sha) ?? [sha])) {
        if ((!first || wholeHistory || sha === head) && !gone.has(original)) rows.push(`${one.id} ${original}`)
        gone.add(original)
      }
    }
    first = false
  }
  return rows.sort()
}

test('over random histories: the walk gives what the definition says, in whatever order the rows come', () => {
  let shipments = 0
  fc.assert(
    fc.property(history, fc.boolean(), (one, wholeHistory) => {
      const { items, standsFor } = itemsOf(one)
      const found = attributed(items, wholeHistory)
      const keys = one.order(items.length)
      const shuffled = items.map((item, index) => ({ item, key: keys[index] as number })).sort((a, b) => a.key - b.key)
      expect(
        attributed(
          shuffled.map(({ item }) => item),
          wholeHistory,
        ),
      ).toEqual(found)
      const rows = found.filter((row) => !row.endsWith('is known')).map((row) => row.split(' ').slice(0, 2).join(' '))
      expect(new Set(rows.map((row) => row.split(' ')[1])).size).toBe(rows.length)
      shipments += rows.length
      if (one.graph) expect(rows.toSorted()).toEqual(byDefinition(items, standsFor, wholeHistory))
    }),
    { numRuns: Number(process.env['ATTRIBUTION_RUNS'] ?? 2_000), seed: Number(process.env['ATTRIBUTION_SEED'] ?? 20_261_125) },
  )
  expect(shipments).toBeGreaterThan(1_000)
})

async function send(org: string, items: readonly Item[]): Promise<void> {
  const told: Record<string, Readonly<Record<string, unknown>>[]> = {}
  const events: Record<string, unknown>[] = []
  for (const item of items) {
    if ('event' in item) events.push(item.event)
    else for (const [table, rows] of Object.entries(item.told)) (told[table] ??= []).push(...rows)
  }
  if (events.length > 0) await world.events(org, events)
  if (Object.keys(told).length > 0) await world.tell(org, told)
}

test(
  'over random histories: order and batches change nothing, a repetition changes nothing, a rebuild finds nothing to write; a commit ships once, and never beside its copy',
  { timeout: 240_000 },
  async () => {
    const methods = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(history, async (one) => {
        const { items, standsFor } = itemsOf(one)
        const [whole, mixed] = [world.org(), world.org()]
        await send(whole, items)
        expect(await rebuilt(whole)).toEqual([])
        const keys = one.order(items.length)
        const shuffled = items
          .map((item, index) => ({ item, key: keys[index] as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ item }) => item)
        for (let at = 0; at < shuffled.length; at += one.batch) {
          await send(mixed, shuffled.slice(at, at + one.batch))
          expect(await rebuilt(mixed)).toEqual([])
        }
        const wanted = await shipped(whole)
        expect(await shipped(mixed)).toEqual(wanted)
        expect(await judged(mixed)).toEqual(await judged(whole))
        await send(mixed, shuffled.slice(0, 6))
        expect(await shipped(mixed)).toEqual(wanted)

        const once = wanted.map((row) => `${row.service} ${row.sha}`)
        expect(new Set(once).size).toBe(once.length)
        expect(wanted.filter((row) => standsFor.has(row.sha))).toEqual([])
        for (const { method } of wanted) methods.set(method, (methods.get(method) ?? 0) + 1)
      }),
      {
        numRuns: Number(process.env['ATTRIBUTION_STORE_RUNS'] ?? 6),
        seed: Number(process.env['ATTRIBUTION_SEED'] ?? 20_261_125),
      },
    )
    // The laws are of both ways: both must have been gone.
    expect(Math.min(methods.get('ancestry') ?? 0, methods.get('change') ?? 0)).toBeGreaterThan(10)
  },
)

// ---------------------------------------------------------------- worked cases

const at = (hour: number) => instant(START + hour * HOUR)
const full = (name: string) => name.padEnd(40, '0')
const repository = REPOSITORY

function commitRow(name: string, parents: readonly string[], hour: number, subject = `Commit ${name}`, files: number | null = null) {
  return {
    repository,
    sha: full(name),
    parents: parents.map(full),
    authored_at: at(hour),
    committed_at: at(hour),
    subject,
    files_changed: files,
  }
}
const fileRow = (name: string, path: string, previous_path: string | null = null) => ({
  repository,
  sha: full(name),
  path,
  previous_path,
  authored_at: at(0),
  author_email: 'ada@example.org',
})
function changeRow(number: number, merged: number | null, merge: string | null, more: Record<string, unknown> = {}) {
  const when = merged === null ? null : at(merged)
  return {
    id: `${repository}#${number}`,
    repository,
    number,
    base_ref: 'main',
    merged_at: when,
    merge_sha: merge === null ? null : full(merge),
    ...more,
  }
}
function listRow(number: number, ...commits: [name: string, hour: number, subject?: string][]) {
  return {
    change_id: `${repository}#${number}`,
    repository,
    shas: commits.map(([name]) => full(name)),
    started_at: commits.map(([, hour]) => at(hour)),
    subjects: commits.map(([name, , subject]) => subject ?? `Commit ${name}`),
  }
}
const deployed = (id: string, name: string | null, hour: number, more: Record<string, unknown> = {}) => ({
  id,
  deployment_id: id,
  kind: 'deploy',
  service: 'api',
  repo: repository,
  occurred_at: at(hour),
  ...(name === null ? {} : { git_sha: full(name) }),
  ...more,
})

/** deployment, commit, change number, method of every shipment; told before the events, after them, and each on its own. */
async function shipping(told: ToldRows, events: readonly Record<string, unknown>[]): Promise<{ org: string; rows: string[] }> {
  const parts = Object.entries(told).map(([table, rows]) => ({ [table]: rows }) as ToldRows)
  const orders: (() => Promise<string>)[] = [
    async () => {
      const org = world.org()
      await world.tell(org, told)
      await world.events(org, events)
      return org
    },
    async () => {
      const org = world.org()
      for (const event of events.toReversed()) await world.events(org, [event])
      for (const part of parts.toReversed()) await world.tell(org, part)
      return org
    },
  ]
  const found: { org: string; rows: string[] }[] = []
  for (const order of orders) {
    const org = await order()
    const rows = (await shipped(org)).map(
      (one) => `${one.deployment_id} ${one.sha.replace(/0+$/, '')} ${one.change_id?.split('#')[1] ?? '-'} ${one.method}`,
    )
    found.push({ org, rows: rows.sort() })
    expect(await rebuilt(org)).toEqual([])
  }
  expect(found[1]?.rows).toEqual(found[0]?.rows)
  return found[0] as { org: string; rows: string[] }
}

test('a service that is some folders of its repository ships only what touches them', async () => {
  const { org, rows } = await shipping(
    {
      commits: [
        commitRow('a0', [], 0, 'Begin', 1),
        commitRow('a1', ['a0'], 1, 'Page', 1),
        commitRow('a2', ['a1'], 2, 'Server', 1),
        commitRow('a3', ['a2'], 3, 'Moved out', 1),
        commitRow('a4', ['a3'], 4, 'Nobody tells its files'),
        commitRow('a5', ['a4'], 5, 'Empty', 0),
        commitRow('a6', ['a5'], 6, 'Squash (#1)', 2),
        commitRow('a7', ['a6'], 7, 'Squash (#2)'),
      ],
      commit_files: [
        fileRow('a0', 'web/page.ts'),
        fileRow('a1', 'web/page.ts'),
        fileRow('a2', 'api/main.ts'),
        fileRow('a3', 'lib/page.ts', 'web/page.ts'),
        fileRow('a6', 'web/page.ts'),
        fileRow('a6', 'api/main.ts'),
      ],
      changes: [changeRow(1, 6, 'a6'), changeRow(2, 7, 'a7')],
      change_commits: [listRow(1, ['c1', 5]), listRow(2, ['c2', 6])],
      change_files: [{ change_id: `${repository}#2`, repository, paths: ['api/main.ts'] }],
    },
    [
      deployed('d0', 'a0', 0, { service: 'web' }),
      deployed('d1', 'a3', 8, { service: 'web' }),
      deployed('d2', 'a4', 9, { service: 'web' }),
      deployed('d3', 'a5', 10, { service: 'web' }),
      deployed('d4', 'a7', 11, { service: 'web' }),
      deployed('e0', 'a5', 10),
      deployed('e1', 'a7', 11),
    ],
  )
  expect(rows).toEqual([
    'd0 a - ancestry',
    'd1 a1 - ancestry',
    'd1 a3 - ancestry',
    'd4 c1 1 change',
    'e0 a5 - ancestry',
    'e1 c1 1 change',
    'e1 c2 2 change',
  ])
  const methods = [...(await judged(org)).values()].map((one) => `${one.deployment_id} ${one.lead_method}`)
  // d2 ships one commit, and nobody knows what it touches; d3 ships nothing of the service, which is known.
  expect(methods).toEqual(['d0 ancestry', 'd1 ancestry', 'd2 null', 'd3 ancestry', 'd4 ancestry', 'e0 ancestry', 'e1 ancestry'])
})

const LONG = 'Cart '.repeat(20)

test('what a squash or a rebase wrote anew is not reported as never deployed; what nobody deployed is', async () => {
  const { org } = await shipping(
    {
      commits: [
        commitRow('a0', [], 0),
        commitRow('a1', ['a0'], 2, 'Squash (#1)'),
        commitRow('a2', ['a1'], 3, LONG),
        commitRow('a3', ['a2'], 4, 'Part 2'),
        commitRow('a4', ['a3'], 5),
      ],
      changes: [changeRow(1, 2, 'a1'), changeRow(2, 6, 'a3')],
      // A forge cuts long subjects.
      change_commits: [listRow(1, ['c1', 1]), listRow(2, ['c2', 3, `${LONG.slice(0, 69)}…`], ['c3', 4, 'Part 2'])],
    },
    [deployed('d0', 'a0', -1), deployed('d1', 'a3', 7)],
  )
  const gaps = await findGaps(world.analytics, org, { from: at(0), to: NOW })
  expect(gaps.filter((one) => one.code === 'commit_never_deployed').flatMap((one) => one.items.map(({ id }) => id))).toEqual([full('a4')])
})

test('without a graph too: by the files of the change', async () => {
  const { org, rows } = await shipping(
    {
      changes: [changeRow(1, 1, 'a1'), changeRow(2, 2, 'a2'), changeRow(3, 3, 'a3'), changeRow(4, 4, 'a4')],
      change_commits: [listRow(1, ['c1', 0]), listRow(2, ['c2', 1]), listRow(3, ['c3', 2]), listRow(4, ['c4', 3])],
      change_files: [
        { change_id: `${repository}#1`, repository, paths: ['web/page.ts'] },
        { change_id: `${repository}#2`, repository, paths: ['api/main.ts', 'web/page.ts'] },
        { change_id: `${repository}#3`, repository, paths: ['api/main.ts'] },
      ],
    },
    ['a1', 'a2', 'a3', 'a4'].map((name, index) => deployed(`d${index + 1}`, name, 5 + index, { service: 'web' })),
  )
  expect(rows).toEqual(['d1 c1 1 change', 'd2 c2 2 change'])
  const methods = [...(await judged(org)).values()].map((one) => `${one.deployment_id} ${one.lead_method}`)
  expect(methods).toEqual(['d1 change', 'd2 change', 'd3 change', 'd4 null'])
})

test('a commit that two changes list belongs to the one that merged first; a squash of squashes ships the commits of all', async () => {
  const { rows } = await shipping(
    {
      // #1 and #2 are squashed into a branch of releases, which #3 squashes into the branch that is deployed; #4 lists what #5 lists too.
      commits: [commitRow('a0', [], 0), commitRow('a3', ['a0'], 6, 'Release (#3)'), commitRow('a5', ['a3'], 8, 'Later (#5)')],
      changes: [
        changeRow(1, 2, 'b1', { base_ref: 'next' }),
        changeRow(2, 3, 'b2', { base_ref: 'next' }),
        changeRow(3, 6, 'a3'),
        changeRow(4, 7, 'b4', { base_ref: 'later' }),
        changeRow(5, 8, 'a5'),
      ],
      change_commits: [
        listRow(1, ['c1', 1], ['c2', 1]),
        listRow(2, ['c3', 2]),
        listRow(3, ['b1', 2], ['b2', 3], ['c5', 5], ['c6', 5, 'Merge branch ‘main’ into next']),
        listRow(4, ['c7', 6]),
        listRow(5, ['c7', 6], ['c8', 7]),
      ],
    },
    [deployed('d0', 'a0', 1), deployed('d1', 'a5', 9)],
  )
  const of1 = ['d1 c1 1 change', 'd1 c2 1 change', 'd1 c3 2 change']
  expect(rows).toEqual(['d0 a - ancestry', ...of1, 'd1 c5 3 change', 'd1 c7 4 change', 'd1 c8 5 change'])
})

test('squashed and then merged by a merge commit; a merge that tells only how many commits it had; a branch that was deployed before', async () => {
  const { rows } = await shipping(
    {
      commits: [
        commitRow('a0', [], 0),
        commitRow('b1', ['a0'], 2, 'Squashed'),
        commitRow('a1', ['a0', 'b1'], 2),
        commitRow('b2', ['a1'], 3),
        commitRow('b3', ['b2'], 3),
        commitRow('a2', ['a1', 'b3'], 4),
        commitRow('c4', ['a2'], 5),
        commitRow('c5', ['c4'], 6),
        commitRow('a3', ['a2'], 8, 'Squash (#3)'),
      ],
      changes: [
        changeRow(1, 2, 'a1', { head_sha: full('c2') }),
        changeRow(2, 4, 'a2', { head_sha: full('b3'), commit_count: 2 }),
        changeRow(3, 8, 'a3', { head_sha: full('c6') }),
      ],
      change_commits: [listRow(1, ['c1', 1], ['c2', 1]), listRow(3, ['c4', 5], ['c5', 6], ['c6', 7])],
    },
    [deployed('d0', 'a0', 1), deployed('d1', 'a2', 5), deployed('d2', 'c5', 7), deployed('d3', 'a3', 9)],
  )
  const before = ['d0 a - ancestry', 'd1 b2 2 ancestry', 'd1 b3 2 ancestry', 'd1 c1 1 change', 'd1 c2 1 change']
  expect(rows).toEqual([...before, 'd2 c4 3 ancestry', 'd2 c5 3 ancestry', 'd3 c6 3 change'])
})

test('no graph: merges into other branches stay out, a re-deployment and a step back ship nothing, a branch ships what it holds', async () => {
  const { org, rows } = await shipping(
    {
      repositories: [{ id: repository, title: repository, default_branch: 'main' }],
      changes: [
        changeRow(1, 1, 'a1'),
        changeRow(2, 2, 'a2'),
        changeRow(3, 3, 'a3', { base_ref: 'release' }),
        changeRow(4, 4, 'a4'),
        changeRow(5, 9, 'a5'),
      ],
      change_commits: [
        listRow(1, ['c1', 0]),
        listRow(2, ['c2', 1]),
        listRow(3, ['c3', 2]),
        listRow(4, ['c4', 3]),
        listRow(5, ['c5', 6], ['c6', 7]),
      ],
    },
    [
      deployed('d1', 'a1', 1.5),
      deployed('d2', 'a4', 5),
      deployed('d3', 'a4', 6),
      deployed('d4', 'a1', 7),
      deployed('d5', 'c5', 8),
      deployed('d6', 'a5', 10),
      // Another service, told without a repository: only what its revision names says where it is from.
      deployed('e1', 'a2', 5, { service: 'shop', repo: undefined, git_sha: full('a2').slice(0, 8) }),
      deployed('e2', 'fff', 6, { service: 'shop', repo: undefined }),
      deployed('e3', null, 7, { service: 'shop', repo: undefined }),
    ],
  )
  expect(rows).toEqual(['d1 c1 1 change', 'd2 c2 2 change', 'd2 c4 4 change', 'd5 c5 5 change', 'd6 c6 5 change', 'e1 c2 2 change'])
  const methods = [...(await judged(org)).values()].map((one) => `${one.deployment_id} ${one.lead_method}`)
  expect(methods).toEqual(['d1 change', 'd2 change', 'd3 change', 'd4 change', 'd5 change', 'd6 change', 'e1 change', 'e2 null', 'e3 null'])
})

test.each([true, false])(
  'a later deployment that ships a change which reverts another marks the earlier one as failed (graph: %s)',
  async (graph) => {
    const told = {
      changes: [changeRow(1, 2, 'a1'), changeRow(2, 4, 'a2'), changeRow(3, 6, 'a3', { reverts: `${repository}#1` })],
      change_commits: [listRow(1, ['c1', 1]), listRow(2, ['c2', 3]), listRow(3, ['c3', 5])],
    }
    const commits = [commitRow('a0', [], 0), commitRow('a1', ['a0'], 2), commitRow('a2', ['a1'], 4), commitRow('a3', ['a2'], 6)]
    const { org, rows } = await shipping(graph ? { ...told, commits } : told, [
      deployed('d0', 'a0', 1),
      deployed('d1', 'a1', 3),
      deployed('d2', 'a2', 5),
      deployed('d3', 'a3', 7),
    ])
    expect(rows.filter((row) => !row.startsWith('d0'))).toEqual(['d1 c1 1 change', 'd2 c2 2 change', 'd3 c3 3 change'])
    const failed = [...(await judged(org)).values()].filter((one) => one.failed_rule !== null)
    expect(failed.map((one) => [one.deployment_id, one.failed_rule, one.failed_by])).toEqual([['d1', 'revert', full('a3')]])
  },
)
