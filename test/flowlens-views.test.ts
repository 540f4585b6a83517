import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statement } from '../src/store/statement.ts'
import { fixtureOf } from './fixtures.ts'
import { openWorld, type TestItem, type ToldRows, type World } from './world.ts'

/** The four tables of FlowLens are views over the domain, whoever told it. */
let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const rows = (org: string, sql: string) =>
  world.analytics.read(statement({ name: 'test.flowlens', sql, row: z.record(z.string(), z.unknown()) }), { org })

/** What the guide's own DDL says, kept beside the test of the import. */
const ddl = readFileSync(join(import.meta.dirname, 'servers', 'flowlens-schema.fixture.sql'), 'utf8')

test.each(['repositories', 'pull_requests', 'pipeline_runs', 'insights'])('%s has the columns of the guide, in order', async (table) => {
  const body = new RegExp(`CREATE TABLE ${table} \\(\\n([^;]*?)\\n\\);`).exec(ddl)?.[1] ?? ''
  const wanted = [...body.matchAll(/^ {4}([a-z_]+) /gm)].map((match) => match[1])
  const found = await rows(
    world.org(),
    `SELECT name FROM system.columns WHERE table = '${table}' AND database = currentDatabase() ORDER BY position`,
  )
  expect(wanted.length).toBeGreaterThan(8)
  expect(found.map((one) => one['name'])).toEqual([...wanted, 'org_id', 'source'])
})

const HEAD = 'a'.repeat(40)
const NEXT = 'b'.repeat(40)
const opened = {
  id: 'acme/shop#5',
  repository: 'acme/shop',
  number: 5,
  state: 'open',
  head_sha: HEAD,
  created_at: '2026-02-01T08:00:00.000Z',
}
const build = (outcome: string, more: Record<string, unknown> = {}) => ({
  id: `b-${String(more['workflow'] ?? 'ci')}-${String(more['attempt'] ?? 1)}`,
  workflow: 'ci',
  at: '2026-02-01T09:00:00.000Z',
  outcome,
  repository: 'acme/shop',
  revision: HEAD,
  attempt: 1,
  ...more,
})
const check = (outcome: string, more: Record<string, unknown> = {}) => ({
  id: 'c1',
  kind: 'check',
  name: 'lint',
  at: '2026-02-01T09:00:00.000Z',
  outcome,
  repository: 'acme/shop',
  revision: HEAD,
  ...more,
})
const review = (id: string, author: string | null, state: string, hour: number) => ({
  id,
  change_id: 'acme/shop#5',
  repository: 'acme/shop',
  kind: 'review',
  state,
  author,
  at: `2026-02-01T${String(hour).padStart(2, '0')}:00:00.000Z`,
})

/** Tells a step after another, each as a tool would tell it later, and what the stages say after each. */
async function stages(...steps: ToldRows[]): Promise<string[]> {
  const org = world.org()
  const said: string[] = []
  for (const step of steps) {
    world.clock.set(world.clock.now() + 1_000)
    await world.tell(org, step)
    const [found] = await rows(
      org,
      'SELECT status_pr, status_build, status_approval, status_merge FROM pipeline_runs WHERE org_id = {org:UUID}',
    )
    said.push(Object.values(found ?? {}).join(' '))
  }
  return said
}

describe('the stages of a pipeline run', () => {
  test('from opened to merged', async () => {
    expect(
      await stages(
        { changes: [{ ...opened, is_draft: true }] },
        { changes: [opened] },
        { builds: [build('running')] },
        { builds: [build('success')] },
        { reviews: [review('r1', 'grace', 'commented', 10)] },
        { reviews: [review('r2', 'grace', 'approved', 11)] },
        { changes: [{ ...opened, state: 'merged', merged_at: '2026-02-01T12:00:00.000Z' }] },
      ),
    ).toEqual([
      'pending pending pending pending',
      'opened pending pending pending',
      'opened running pending pending',
      'opened passed pending pending',
      'opened passed pending pending',
      'opened passed approved pending',
      'merged passed approved merged',
    ])
  })

  test('a new head sets the build back, and the approval stands until it is dismissed', async () => {
    expect(
      await stages(
        { changes: [opened], builds: [build('success')], reviews: [review('r1', 'grace', 'approved', 10)] },
        {
          changes: [{ ...opened, head_sha: NEXT }],
          transitions: [
            {
              id: 't1',
              subject_type: 'change',
              subject_id: 'acme/shop#5',
              repository: 'acme/shop',
              at: '2026-02-01T11:00:00.000Z',
              field: 'head_sha',
              from_value: HEAD,
              to_value: NEXT,
            },
          ],
        },
        { reviews: [review('r1', 'grace', 'dismissed', 10)] },
        { builds: [build('failure', { id: 'b2', revision: NEXT })] },
        { builds: [build('success', { id: 'b3', revision: NEXT, attempt: 2 })] },
        { reviews: [review('r2', 'grace', 'approved', 12)] },
      ),
    ).toEqual([
      'opened passed approved pending',
      'updated pending approved pending',
      'updated pending pending pending',
      'updated failed pending pending',
      'updated passed pending pending',
      'updated passed approved pending',
    ])
  })

  test('a commit that is newer than the change says that it was updated', async () => {
    const commits = (at: string) => ({ change_id: 'acme/shop#5', repository: 'acme/shop', shas: [HEAD], started_at: [at], subjects: [''] })
    expect(
      await stages(
        { changes: [opened], change_commits: [commits('2026-02-01T07:00:00.000Z')] },
        { change_commits: [commits('2026-02-01T09:00:00.000Z')] },
      ),
    ).toEqual(['opened pending pending pending', 'updated pending pending pending'])
  })

  test('of several workflows and checks each has its latest word: one that failed fails, one that runs keeps it running', async () => {
    expect(
      await stages(
        { changes: [opened], builds: [build('success'), build('running', { workflow: 'e2e' })], checks: [check('success')] },
        { checks: [check('failure')] },
        { checks: [check('success', { id: 'c2', at: '2026-02-01T09:30:00.000Z' })] },
        { builds: [build('cancelled', { workflow: 'e2e' })] },
        // The target branch after a fast-forward: another matter than the change.
        { changes: [{ ...opened, base_ref: 'main' }], builds: [build('failure', { id: 'main', workflow: 'deploy', ref: 'main' })] },
      ),
    ).toEqual([
      'opened running pending pending',
      'opened failed pending pending',
      'opened running pending pending',
      'opened passed pending pending',
      'opened passed pending pending',
    ])
  })

  test('what was cancelled or skipped says nothing', async () => {
    expect(await stages({ changes: [opened], builds: [build('cancelled'), build('skipped', { workflow: 'e2e' })] })).toEqual([
      'opened pending pending pending',
    ])
  })

  test('each reviewer has a word: changes that are asked for outweigh, until their reviewer says otherwise', async () => {
    expect(
      await stages(
        { changes: [opened], reviews: [review('r1', 'grace', 'approved', 10)] },
        { reviews: [review('r2', 'ada', 'changes_requested', 11)] },
        { reviews: [review('r3', 'ada', 'commented', 12)] },
        { reviews: [review('r4', 'ada', 'approved', 13)] },
        // An account that is gone is somebody all the same.
        { reviews: [review('r5', null, 'changes_requested', 14)] },
      ),
    ).toEqual([
      'opened pending approved pending',
      'opened pending changes_requested pending',
      'opened pending changes_requested pending',
      'opened pending approved pending',
      'opened pending changes_requested pending',
    ])
  })

  test('closed without a merge says so, and opened again it waits again', async () => {
    expect(
      await stages(
        { changes: [opened] },
        { changes: [{ ...opened, state: 'closed', closed_at: '2026-02-02T08:00:00.000Z' }] },
        { changes: [opened] },
      ),
    ).toEqual(['opened pending pending pending', 'closed pending pending closed', 'opened pending pending pending'])
  })

  test('an approval that FlowLens told without a review counts where no review is known', async () => {
    const told = check('success', { id: 'run:approval', name: 'FlowLens approval' })
    expect(
      await stages(
        { changes: [opened], checks: [told] },
        { checks: [{ ...told, outcome: 'failure' }] },
        { reviews: [review('r1', 'grace', 'approved', 10)] },
        { reviews: [review('r1', 'grace', 'dismissed', 10)] },
      ),
    ).toEqual([
      'opened pending approved pending',
      'opened pending changes_requested pending',
      'opened pending approved pending',
      'opened pending pending pending',
    ])
  })
})

test('the tables name a repository alike, and files and insights stand with their pull request; nothing of others', async () => {
  const [org, other] = [world.org(), world.org()]
  const insight = {
    id: '0b8f9a1e-6f0e-4a53-8f6c-1f4b7a0f0c11',
    change_id: 'acme/shop#5',
    repository: 'acme/shop',
    at: '2026-02-01T09:00:00.000Z',
    revision: HEAD,
    risk: 'high',
    summary: 'Touches money',
  }
  await world.tell(org, {
    repositories: [{ id: 'acme/shop', title: 'acme/shop' }],
    changes: [
      { ...opened, author: 'ada', head_ref: 'cart', additions: 3, deletions: 1 },
      { ...opened, id: 'group/sub/api!7', repository: 'group/sub/api', number: 7 },
    ],
    change_files: [{ change_id: 'acme/shop#5', repository: 'acme/shop', paths: ['a "b".ts', 'c.ts'] }],
    insights: [insight],
  })
  await world.tell(other, { changes: [{ ...opened, title: 'Theirs' }], insights: [{ ...insight, summary: 'Theirs' }] })
  expect(
    await rows(org, 'SELECT name, owner, full_name, github_id FROM repositories WHERE org_id = {org:UUID} ORDER BY full_name'),
  ).toEqual([
    { name: 'shop', owner: 'acme', full_name: 'acme/shop', github_id: null },
    { name: 'api', owner: 'group/sub', full_name: 'group/sub/api', github_id: null },
  ])
  expect(
    await rows(
      org,
      `SELECT r.full_name AS repository, p.pr_number AS number, author, author_avatar, branch_name, state, files_changed, additions, processed
      FROM pull_requests AS p INNER JOIN repositories AS r ON r.id = p.repo_id AND r.org_id = p.org_id WHERE p.org_id = {org:UUID} ORDER BY number`,
    ),
  ).toEqual([
    {
      repository: 'acme/shop',
      number: 5,
      author: 'ada',
      author_avatar: null,
      branch_name: 'cart',
      state: 'open',
      files_changed: '[{"filename":"a \\"b\\".ts"},{"filename":"c.ts"}]',
      additions: 3,
      processed: false,
    },
    {
      repository: 'group/sub/api',
      number: 7,
      author: null,
      author_avatar: null,
      branch_name: null,
      state: 'open',
      files_changed: null,
      additions: null,
      processed: false,
    },
  ])
  expect(
    await rows(
      org,
      `SELECT i.id AS id, i.pr_number AS number, i.commit_sha AS sha, risk_level, summary, recommendation
      FROM insights AS i INNER JOIN pull_requests AS p ON p.repo_id = i.repo_id AND p.pr_number = i.pr_number AND p.org_id = i.org_id WHERE i.org_id = {org:UUID}`,
    ),
  ).toEqual([{ id: insight.id, number: 5, sha: HEAD, risk_level: 'high', summary: 'Touches money', recommendation: null }])
  expect(await rows(other, 'SELECT count() AS n FROM insights WHERE org_id = {org:UUID}')).toEqual([{ n: '1' }])
})

test('what was imported reads as FlowLens had it: the stages, and what its analysis said', async () => {
  const org = world.org()
  const items = ['repositories', 'pull_requests', 'pipeline_runs', 'insights'].flatMap((stream) =>
    readFileSync(join(fixtureOf('flowlens'), `${stream}.payloads.ndjson`), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line): TestItem => {
        const { id, at, payload } = JSON.parse(line) as { id: string; at: null; payload: unknown }
        return { connector: 'flowlens', stream, id, at, payload }
      }),
  )
  expect((await world.apply(org, items)).problems).toEqual([])
  const found = await rows(
    org,
    `SELECT r.full_name AS repository, p.pr_number AS number, status_pr, status_build, status_approval, status_merge
    FROM pipeline_runs AS p INNER JOIN repositories AS r ON r.id = p.repo_id AND r.org_id = p.org_id WHERE p.org_id = {org:UUID} ORDER BY number`,
  )
  expect(found.map((one) => Object.values(one).join(' '))).toEqual([
    'acme/shop 5 merged passed approved merged',
    'acme/shop 6 merged pending pending merged',
    'acme/api 7 merged failed approved merged',
    'acme/shop 8 closed pending pending closed',
  ])
  expect(
    await rows(org, 'SELECT pr_number AS number, risk_level AS risk, summary FROM insights WHERE org_id = {org:UUID} ORDER BY number'),
  ).toEqual([
    { number: 5, risk: 'high', summary: 'Touches how totals are rounded' },
    { number: 6, risk: null, summary: null },
  ])
})
