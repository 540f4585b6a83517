import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { metricReply } from '../src/metric.ts'
import { measure, samples, type Asked } from '../src/measure/measure.ts'
import { windowOf } from '../src/measure/window.ts'
import type { TestItem, ToldRows, World } from './world.ts'

/** One suite proves every metric: each `metrics/<name>.fixture.json` holds worked cases; adding a case is adding data. */
interface Case {
  name: string
  now?: string
  extends?: number
  events: Record<string, unknown>[]
  /** Items of any connector, for what events cannot say: builds, checks. */
  items?: TestItem[]
  commits?: { sha: string; parents: string[]; at: string; subject?: string }[]
  /** Rows of the domain as a connector would tell them. */
  rows?: ToldRows
  query: Record<string, string | number>
  expect: Record<string, unknown>
  samples?: { status?: string; method?: string; count?: number; subjects?: string[]; titles?: string[] }
}
interface Fixture {
  now: string
  cases: Case[]
}

const folder = join(import.meta.dirname, '..', 'metrics')
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.fixture.json'))
  .map((file) => ({
    id: file.replace('.fixture.json', '').replaceAll('-', '_'),
    fixture: JSON.parse(readFileSync(join(folder, file), 'utf8')) as Fixture,
  }))

export const metricsWithCases = fixtures.map(({ id }) => id)

/** Every metric's cases, or the first ones of each, in a world that is open while they run. */
export function metricCases(worldOf: () => World, ofEach = Infinity): void {
  for (const { id, fixture } of fixtures) {
    describe(id, () => {
      for (const one of fixture.cases.slice(0, ofEach)) {
        test(one.name, async () => {
          const world = worldOf()
          const metric = world.registry.metrics.get(id)
          if (metric === undefined) throw new Error(`no metric ${id}`)
          const org = world.org()
          world.clock.set(one.now ?? fixture.now)
          const basis = one.extends === undefined ? null : (fixture.cases[one.extends] as Case)
          for (const commits of [basis?.commits, one.commits]) if (commits) await world.apply(org, commits.map(commitItem))
          const items = [...(basis?.items ?? []), ...(one.items ?? [])]
          if (items.length > 0) await world.apply(org, items)
          for (const rows of [basis?.rows, one.rows]) if (rows) await world.tell(org, rows)
          await world.events(org, [...(basis?.events ?? []), ...one.events])

          const { days, offset, from, to, tz = 'UTC', environment = 'production', ...rest } = one.query
          const window = windowOf(
            { days: days as number, offset: offset as number, from: from as string, to: to as string, tz: String(tz) },
            world.clock.now(),
          )
          const asked = { window, environment: String(environment), ...rest } as Asked
          const reply = metricReply.parse(await measure(world.analytics, org, id, metric, asked))
          const actual = Object.fromEntries(
            Object.keys(one.expect).map((path) => [
              path,
              path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key] ?? null, reply),
            ]),
          )
          expect(actual).toEqual(one.expect)
          expect(reply.value === null).toBe(reply.why !== null)

          const rows = await samples(world.analytics, org, id, metric, asked, { limit: 1000 })
          expect(rows.items.filter((row) => row.status === 'sample')).toHaveLength(reply.n)
          expect(rows.items.filter((row) => row.status !== 'listed')).toHaveLength(reply.coverage.population)
          if (one.samples) {
            const { status, method, count, subjects, titles } = one.samples
            const chosen = rows.items.filter(
              (row) => (status === undefined || row.status === status) && (method === undefined || row.method === method),
            )
            if (count !== undefined) expect(chosen).toHaveLength(count)
            if (subjects !== undefined) expect(chosen.map((row) => row.subject.id)).toEqual(subjects)
            if (titles !== undefined) expect(chosen.map((row) => row.subject.title)).toEqual(titles)
          }
        })
      }
    })
  }
}

function commitItem(commit: { sha: string; parents: string[]; at: string; subject?: string }) {
  const seconds = String(Date.parse(commit.at) / 1000)
  const person = { author_name: 'Ada', author_email: 'ada@example.org', committer_name: 'Ada', committer_email: 'ada@example.org' }
  const payload = {
    repository: 'acme/api',
    sha: commit.sha,
    parents: commit.parents,
    ...person,
    authored: seconds,
    committed: seconds,
    subject: commit.subject ?? 'Change',
    body: null,
    additions: 1,
    deletions: 0,
    files_changed: 1,
    files: [],
  }
  return { connector: 'git', source: 'git', stream: 'commits', id: commit.sha, payload }
}
