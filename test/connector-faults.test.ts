import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connector, Page } from '../src/connector.ts'
import { loadRegistry } from '../src/registry.ts'
import { generator, startFakeApi, type FakeApi } from './fake-api.ts'
import { askOver, exchangesOf, pullStream, rowsOf, settingsOf, type Told } from './fixtures.ts'

/**
 * Whatever goes wrong on the way, a sync ends with the rows of an undisturbed one: dropped and slow connections, answers that are cut off or no
 * JSON, 5xx, 429 and 403 of rate limits, at random by a seed, over real HTTP; and the pull itself is stopped after a page and goes on, now and then.
 */
const SEEDS = 500
const registry = await loadRegistry()
const OVER_HTTP = [...registry.connectors].filter(([, { api }]) => api !== undefined).map(([id]) => id)

test('there are connectors to disturb', () => expect(OVER_HTTP.length).toBeGreaterThan(1))

describe.each(OVER_HTTP)('%s', (id) => {
  const connector = registry.connectors.get(id) as Connector
  const streams = Object.keys(connector.streams).filter((name) => connector.streams[name]?.pull !== undefined)
  let fake: FakeApi
  beforeAll(async () => {
    fake = await startFakeApi(exchangesOf(id))
  })
  afterAll(() => fake.close())

  const sync = async (random: (() => number) | null): Promise<Map<string, unknown>> => {
    const config = connector.config.parse(settingsOf(id, fake.base))
    const told: Told[] = []
    for (const stream of streams) {
      let cursor: string | null = null
      for (let resumed = 0; ; resumed++) {
        const stopAfter = random !== null && resumed < 3 && random() < 0.3 ? 1 + Math.floor(random() * 3) : Number.POSITIVE_INFINITY
        const pages: Page[] = []
        const ask = askOver(connector, config, cursor)
        if (stopAfter === Number.POSITIVE_INFINITY) pages.push(...(await pullStream(connector, stream, ask)))
        else {
          for await (const page of connector.streams[stream]?.pull?.(ask as never) ?? []) if (pages.push(page) >= stopAfter) break
        }
        told.push(...pages.flatMap((page) => page.items.map((item) => ({ ...item, stream }))))
        cursor = pages.findLast((page) => page.cursor !== null)?.cursor ?? cursor
        if (pages.length < stopAfter) break
      }
    }
    return rowsOf(registry, id, config, told)
  }

  test(`for ${SEEDS} seeds of faults the rows are those of a clean run`, { timeout: 600_000 }, async () => {
    const clean = Object.fromEntries(await sync(null))
    expect(Object.keys(clean).length).toBeGreaterThan(5)
    const asked = fake.asked.length
    for (let seed = 1; seed <= SEEDS; seed++) {
      fake.disturb(seed)
      const rows = Object.fromEntries(await sync(generator(seed * 7919)))
      expect(rows, `seed ${seed}`).toEqual(clean)
    }
    expect(fake.unknown).toEqual([])
    // The faults were there: each request was asked more than once on the way.
    expect(fake.asked.length / SEEDS).toBeGreaterThan(asked * 1.05)
  })
})
