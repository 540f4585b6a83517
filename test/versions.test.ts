import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { change } from '../domain/change.ts'
import { deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { incidentState } from '../domain/incident-state.ts'
import type { DomainRows } from '../domain/tables.ts'
import { defineConnector, defineStream } from '../src/connector.ts'
import { applyBatch } from '../src/ingest/apply.ts'
import { NO_NAMES, type Names } from '../src/ingest/names.ts'
import { removeSourceRows } from '../src/ingest/remove.ts'
import { replaySource } from '../src/ingest/replay.ts'
import { silentLog } from '../src/log.ts'
import type { Registry } from '../src/registry.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { generator } from './fake-api.ts'
import { recordOf, openWorld, type TestItem, type World } from './world.ts'

// Hundreds of random histories: seconds on a quiet machine, and no fault of a busy one.
vi.setConfig({ testTimeout: 180_000 })

/**
 * The rows of an item are those of its newest version: told by a connector made for the purpose, whose payload is its rows, so that each case says
 * what it means.
 */
const payload = z.object({ rows: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))), only: z.string().optional() })
const echo = defineConnector<{ environment: string | null }>({
  title: 'Echo',
  docs: '',
  config: z.object({ environment: z.string().nullable().default(null) }),
  streams: {
    things: defineStream({
      produces: ['deployments', 'incident_states', 'changes', 'repositories'],
      order: 'unordered',
      payload,
      rows: (told, _raw, config) =>
        told.only === undefined || told.only === config.environment ? (structuredClone(told.rows) as DomainRows) : {},
    }),
  },
})

let world: World
let registry: Registry
let names: Names = NO_NAMES
let config: { environment: string | null } = { environment: null }
beforeAll(async () => {
  world = await openWorld()
  registry = { ...world.registry, connectors: new Map([...world.registry.connectors, ['echo', echo as never]]) }
})
afterAll(() => world.close())

const parts = () => ({ analytics: world.analytics, registry, configOf: async () => config, namesOf: async () => names, log: silentLog })

const deploy = (id: string, at: string, more: Record<string, unknown> = {}) =>
  rowOf(deployment, {
    id,
    kind: 'deploy',
    service: 'api',
    environment: 'production',
    environment_name: 'prod',
    at,
    outcome: 'success',
    repository: 'acme/shop',
    ...more,
  })
const state = (id: string, which: 'opened' | 'closed', at: string) =>
  rowOf(incidentState, { id, state: which, at, service: 'api', environment: 'production' })
const pull = (repository: string, number: number, title: string) =>
  rowOf(change, {
    id: `${repository}#${number}`,
    repository,
    number,
    title,
    state: 'open',
    is_draft: false,
    author_is_bot: false,
    created_at: '2026-02-01T00:00:00.000Z',
    labels: [],
  })

let received = 0
const item = (
  id: string,
  at: string | null,
  rows: Record<string, unknown[]>,
  more: Partial<TestItem> & { only?: string } = {},
): TestItem => {
  const { only, ...rest } = more
  return {
    connector: 'echo',
    stream: 'things',
    id,
    at,
    received_at: new Date(Date.parse('2026-02-10T00:00:00.000Z') + ++received).toISOString(),
    payload: { rows, ...(only === undefined ? {} : { only }) },
    ...rest,
  }
}

async function tell(org: string, items: readonly TestItem[]) {
  const records = items.map((one) => recordOf(org, one))
  return applyBatch(parts(), records)
}

async function standing(org: string): Promise<string[]> {
  const found: string[] = []
  for (const table of ['deployments', 'incident_states', 'changes', 'repositories']) {
    const sql = `SELECT * EXCEPT (org_id, raw_seq, seen_at, is_deleted, received_at) FROM all_${table} FINAL WHERE org_id = {org:UUID}`
    for (const row of await world.analytics.readAsWriter(statement({ name: 'test.standing', sql, row: noRow }), { org })) {
      const told = Object.fromEntries(
        Object.entries(row as object).filter(([, value]) => value !== null && (!Array.isArray(value) || value.length > 0)),
      )
      found.push(`${table} ${JSON.stringify(told)}`)
    }
  }
  return found.sort()
}

const T = (hour: number) => `2026-02-01T${String(hour).padStart(2, '0')}:00:00.000Z`

describe('the newest version of an item tells all its rows', () => {
  const VERSIONS = [
    item('i', T(1), { incident_states: [state('i', 'opened', T(1))] }),
    item('i', T(2), { incident_states: [state('i', 'opened', T(1)), state('i', 'closed', T(2))] }),
    // Reopened: the close never was.
    item('i', T(3), { incident_states: [state('i', 'opened', T(1))] }),
  ]

  test('a row that it tells no more is removed', async () => {
    const org = world.org()
    await tell(org, VERSIONS.slice(0, 2))
    expect(await standing(org)).toHaveLength(2)
    await tell(org, VERSIONS.slice(2))
    expect(await standing(org)).toEqual([expect.stringContaining('"opened"')])
  })

  test('in one batch, in several, in any order, and again', async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]
    const whole = world.org()
    await tell(whole, VERSIONS)
    const expected = await standing(whole)
    expect(expected).toHaveLength(1)
    for (const order of orders) {
      const told = order.map((index) => VERSIONS[index] as TestItem)
      for (const batches of [[told], told.map((one) => [one]), [told.slice(0, 2), told.slice(2)]]) {
        const org = world.org()
        for (const batch of batches) await tell(org, batch)
        expect(await standing(org), JSON.stringify(order)).toEqual(expected)
        for (const batch of batches) await tell(org, batch)
        expect(await standing(org), `${JSON.stringify(order)} again`).toEqual(expected)
      }
    }
  })

  test('a deployment that moves in time, service and environment, and then is none, leaves nothing', async () => {
    const org = world.org()
    await tell(org, [item('d', T(1), { deployments: [deploy('d', T(1), { outcome: 'running' })] })])
    await tell(org, [item('d', T(2), { deployments: [deploy('d', T(2), { service: 'web' })] })])
    expect(await standing(org)).toHaveLength(1)
    await tell(org, [
      item('d', T(3), { deployments: [deploy('d', '2026-03-05T00:00:00.000Z', { environment: 'staging', environment_name: 'stg' })] }),
    ])
    expect(await standing(org)).toEqual([expect.stringContaining('"staging"')])
    const { changes } = await tell(org, [item('d', T(4), {})])
    expect(await standing(org)).toEqual([])
    expect([...(changes.get(org)?.scopes.keys() ?? [])]).toContain('staging api')
  })

  test('random histories: whatever the order and the batches, the rows are the same', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = generator(seed)
      const items = Array.from({ length: 12 }, (_, index) => {
        const id = `x${Math.floor(random() * 3)}`
        const hour = 1 + index
        const rows = Array.from({ length: Math.floor(random() * 3) }, (__, part) =>
          deploy(`${id}-${part}`, T(1 + Math.floor(random() * 20)), { title: `v${hour}` }),
        )
        return item(id, T(hour), { deployments: rows })
      })
      const inOrder = world.org()
      for (const one of items) await tell(inOrder, [one])
      const shuffled = items
        .map((one) => ({ one, place: random() }))
        .sort((a, b) => a.place - b.place)
        .map(({ one }) => one)
      const other = world.org()
      await tell(other, shuffled.slice(0, 5))
      await tell(other, shuffled.slice(5))
      expect(await standing(other), `seed ${seed}`).toEqual(await standing(inOrder))
    }
  })
})

describe('reading again', () => {
  const again = (org: string, source: string) =>
    replaySource(parts(), org, source, {
      signal: new AbortController().signal,
      run: async (page) => {
        await page()
      },
      progress() {},
    })

  test('with other settings removes what they no longer tell, and brings it back', async () => {
    const org = world.org()
    config = { environment: 'live' }
    await tell(org, [
      item('a', T(1), { deployments: [deploy('a', T(1))] }, { only: 'live' }),
      item('b', T(2), { deployments: [deploy('b', T(2))] }),
      item('c', T(3), { changes: [pull('acme/shop', 1, 'One')] }, { only: 'live' }),
    ])
    const before = await standing(org)
    expect(before).toHaveLength(3)
    config = { environment: 'other' }
    expect(await again(org, 'echo')).toMatchObject({ items: 3, removed: 2, unread: 0 })
    expect(await standing(org)).toEqual([expect.stringContaining('"id":"b"')])
    config = { environment: 'live' }
    expect(await again(org, 'echo')).toMatchObject({ removed: 0 })
    expect(await standing(org)).toEqual(before)
    expect(await again(org, 'echo')).toMatchObject({ removed: 0 })
    expect(await standing(org)).toEqual(before)
    config = { environment: null }
  })

  test('leaves the rows of other sources, and those of superseded versions do not come back', async () => {
    const org = world.org()
    await tell(org, [
      item('a', T(1), { deployments: [deploy('old', T(1))] }),
      item('a', T(5), { deployments: [deploy('new', T(5))] }),
      item('a', T(2), { deployments: [deploy('late', T(2))] }),
      item('z', T(1), { deployments: [deploy('z', T(1))] }, { source: 'other' }),
    ])
    const before = await standing(org)
    expect(before).toHaveLength(2)
    expect(await again(org, 'echo')).toMatchObject({ removed: 0 })
    expect(await standing(org)).toEqual(before)
  })

  test('under a new name of the repository everything that was told under the old one follows', async () => {
    const org = world.org()
    const first = await tell(org, [
      item('r', T(1), { repositories: [{ id: 'acme/old', title: 'old', url: null, default_branch: 'main', previous_names: [] }] }),
      item('p', T(1), {
        changes: [pull('acme/old', 7, 'Seven')],
        deployments: [deploy('d', T(1), { repository: 'acme/old', service: 'acme/old' })],
      }),
    ])
    expect(first.changes.get(org)?.renames.size).toBe(0)
    const renamed = await tell(org, [
      item('r', T(2), {
        repositories: [{ id: 'acme/new', title: 'new', url: null, default_branch: 'main', previous_names: ['acme/old'] }],
      }),
    ])
    expect([...(renamed.changes.get(org)?.renames ?? [])]).toEqual([['acme/old', 'acme/new']])
    names = { ...NO_NAMES, repositories: new Map([['acme/old', 'acme/new']]) }
    await again(org, 'echo')
    const after = await standing(org)
    expect(after.filter((one) => one.includes('acme/old'))).toEqual([expect.stringContaining('"previous_names":["acme/old"]')])
    expect(after).toHaveLength(3)
    expect(after.find((one) => one.startsWith('changes'))).toContain('acme/new#7')
    names = NO_NAMES
  })

  test('an environment that is given a tier moves there', async () => {
    const org = world.org()
    await tell(org, [item('e', T(1), { deployments: [deploy('e', T(1), { environment: 'other', environment_name: 'EU-West ' })] })])
    names = { ...NO_NAMES, environments: new Map([['eu-west', 'production']]) }
    await again(org, 'echo')
    expect(await standing(org)).toEqual([expect.stringContaining('"environment":"production"')])
    names = NO_NAMES
    await again(org, 'echo')
    expect(await standing(org)).toEqual([expect.stringContaining('"environment":"other"')])
  })
})

test('a source that is removed with its data leaves no row, and is told anew afterwards', async () => {
  const org = world.org()
  const told = [
    item('a', T(1), { deployments: [deploy('a', T(1))], changes: [pull('acme/shop', 1, 'One')] }),
    item('b', T(2), { incident_states: [state('b', 'opened', T(2))] }),
  ]
  const other = item('o', T(1), { deployments: [deploy('o', T(1))] }, { source: "o'ther\\" })
  await tell(org, [...told, other])
  const before = await standing(org)
  await removeSourceRows(world.analytics, org, 'echo')
  expect(await standing(org)).toEqual([expect.stringContaining('"id":"o"')])
  expect((await tell(org, told)).duplicates.size).toBe(0)
  expect(await standing(org)).toEqual(before)
  await removeSourceRows(world.analytics, org, "o'ther\\")
  expect(await standing(org)).toHaveLength(3)
})

test('a source with more items than one statement can name is removed with its data', { timeout: 60_000 }, async () => {
  const org = world.org()
  const told = Array.from({ length: 12_000 }, (_, index) => item(`d${index}`, T(1), { deployments: [deploy(`d${index}`, T(1))] }))
  await tell(org, told)
  await removeSourceRows(world.analytics, org, 'echo')
  expect(await standing(org)).toEqual([])
  expect((await tell(org, told)).duplicates.size).toBe(0)
})
