import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TABLES, type DomainRows, type DomainTable } from '../domain/tables.ts'
import type { Ask, Connector, Page, Raw } from '../src/connector.ts'
import { interpret } from '../src/ingest/interpret.ts'
import { loadRegistry } from '../src/registry.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { startFakeApi, generator, type FakeApi } from './fake-api.ts'
import {
  askOver,
  CONNECTORS as FOLDER,
  exchangesOf,
  fixtureOf,
  hooksOf,
  pullStream,
  settingsOf,
  type HookLine,
  type Told,
} from './fixtures.ts'
import { openWorld, type TestItem, type World } from './world.ts'

/**
 * What every connector must hold, proved on its fixture folder alone. Adding a connector adds no line here: for each stream
 * `connectors/<id>.fixture/<stream>.payloads.ndjson` holds items as the tool gave them, and `<stream>.rows.json` what they mean. A
 * connector that can pull from this machine has `local.ts` there, which makes something to pull from. One that asks over HTTP has
 * `source.json` and `api.ndjson`, its settings and the answers; one with a hook `hooks.ndjson`, signed deliveries. One file, however long: it is the
 * contract of a connector.
 */
const RECEIVED = '2026-02-01T00:00:00.000Z'
const registry = await loadRegistry(join(import.meta.dirname, '..'))

const line = z.strictObject({
  id: z.string().min(1),
  at: z.iso.datetime({ precision: 3 }).nullable(),
  received_at: z.iso.datetime({ precision: 3 }),
  payload: z.unknown(),
  config: z.record(z.string(), z.unknown()).optional(),
})
type Line = z.output<typeof line>

function linesOf(id: string, stream: string): Line[] {
  const text = readFileSync(join(fixtureOf(id), `${stream}.payloads.ndjson`), 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((one) => line.parse(JSON.parse(one)))
}

function configOf(id: string, { config }: Line): unknown {
  return registry.connectors.get(id)?.config.parse(config ?? {})
}

function bytesOf(payload: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(payload))
}

/** Reads one item as the server does; a fixture that cannot be read is a failure. */
function rowsOf(id: string, stream: string, one: Line): DomainRows {
  const item = { connector: id, stream, id: one.id, at: one.at, received_at: one.received_at, payload: bytesOf(one.payload) }
  const reading = interpret(registry, item, configOf(id, one))
  if (reading.rows === null) throw new Error(`${id}/${stream}: item ${one.id} cannot be read: ${reading.problem}`)
  return reading.rows
}

const tablesOf = (rows: DomainRows) => Object.entries(rows) as [DomainTable, Record<string, unknown>[]][]

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const inner of Object.values(value)) freeze(inner)
    Object.freeze(value)
  }
  return value
}

const GARBAGE = [null, 42, true, 'text', [], {}, { unknown: [] }, [[[]]]]
const STREAMS = [...registry.connectors].flatMap(([id, connector]) => Object.keys(connector.streams).map((stream) => ({ id, stream })))

test('every connector has a fixture for each of its streams, and no fixture is of something else', () => {
  const expected = STREAMS.flatMap(({ id, stream }) => [`${id}/${stream}.payloads.ndjson`, `${id}/${stream}.rows.json`])
  const found = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.fixture'))
    .flatMap((folder) => readdirSync(join(FOLDER, folder)).map((file) => `${folder.slice(0, -'.fixture'.length)}/${file}`))
    .filter((name) => /\.(payloads\.ndjson|rows\.json)$/.test(name))
  expect(found.sort()).toEqual(expected.sort())
})

describe.each(STREAMS)('$id $stream', ({ id, stream }) => {
  const lines = linesOf(id, stream)
  const declared = registry.connectors.get(id)?.streams[stream]
  if (declared === undefined) throw new Error(`no stream ${id}/${stream}`)

  test('its payloads give the golden rows', async () => {
    const read = lines.map((one) => rowsOf(id, stream, one))
    await expect(`${JSON.stringify(read, null, 2)}\n`).toMatchFileSnapshot(join(fixtureOf(id), `${stream}.rows.json`))
  })

  test('reading is pure: twice the same, and what is read stays as it was', () => {
    for (const one of lines) {
      const raw = freeze<Raw>({ id: one.id, at: one.at, received_at: one.received_at, payload: bytesOf(one.payload) })
      const config = freeze(configOf(id, one))
      const read = () => declared.rows(freeze(declared.payload.parse(structuredClone(one.payload))) as never, raw, config)
      const before = Buffer.from(raw.payload).toString()
      expect(read()).toEqual(read())
      expect(Buffer.from(raw.payload).toString()).toBe(before)
    }
  })

  test('every row is one of its entity, and an item names no row twice', () => {
    for (const one of lines) {
      for (const [table, rows] of tablesOf(rowsOf(id, stream, one))) {
        const { row, key } = TABLES[table]
        for (const found of rows) row.strict().parse(found)
        const keys = rows.map((found) => JSON.stringify(key.map((column) => found[column] ?? null)))
        expect(new Set(keys).size, `${one.id}: ${table}`).toBe(keys.length)
      }
    }
  })

  test('it fills the tables that it says it fills, each of them, and no other', () => {
    const filled = lines.flatMap((one) => tablesOf(rowsOf(id, stream, one)).flatMap(([table, rows]) => (rows.length > 0 ? [table] : [])))
    expect([...new Set(filled)].sort()).toEqual([...declared.produces].sort())
  })

  test('garbage is a problem with a reason and is never thrown', () => {
    const first = lines[0] as Line
    const read = (payload: Uint8Array) =>
      interpret(registry, { connector: id, stream, id: 'g', at: null, received_at: RECEIVED, payload }, configOf(id, first))
    for (const bytes of [...GARBAGE.map(bytesOf), Buffer.from('{'), Buffer.from([0xff, 0x00]), Buffer.alloc(0)])
      expect(read(bytes)).toMatchObject({ rows: null, problem: expect.stringMatching(/./) as string })
    // One field of the wrong type: refused where it is read, and no row of a wrong shape where it is not.
    for (const field of Object.keys(first.payload as object)) {
      for (const wrong of GARBAGE) {
        const reading = read(bytesOf({ ...(first.payload as object), [field]: wrong }))
        for (const [table, rows] of reading.rows === null ? [] : tablesOf(reading.rows))
          for (const row of rows) expect(TABLES[table].row.safeParse(row).error, `${field} = ${JSON.stringify(wrong)}`).toBeUndefined()
      }
    }
  })
})

describe('applied to the store', () => {
  let world: World
  const configs = new Map<string, unknown>()
  beforeAll(async () => {
    world = await openWorld('2026-03-02T12:00:00.000Z', configs)
  })
  afterAll(() => world.close())

  /** Items of one connector, by the source that they come from: another configuration is another source, in a world of its own. */
  const sourcesOf = (id: string): TestItem[][] => {
    const sources = new Map<string, TestItem[]>()
    for (const stream of Object.keys(registry.connectors.get(id)?.streams ?? {})) {
      for (const one of linesOf(id, stream)) {
        const said = JSON.stringify(one.config ?? {})
        const source = `${id} ${said}`
        configs.set(source, configOf(id, one))
        const { at, received_at, payload } = one
        sources.set(source, [...(sources.get(source) ?? []), { connector: id, source, stream, id: one.id, at, received_at, payload }])
      }
    }
    return [...sources.values()]
  }

  /** Everything that stands, without the journal's numbers and clocks. */
  const standing = async (org: string) => {
    const found: Record<string, unknown[]> = {}
    for (const table of Object.keys(TABLES)) {
      const sql = `SELECT * EXCEPT (org_id, raw_seq, seen_at, is_deleted, received_at) FROM all_${table} FINAL WHERE org_id = {org:UUID}`
      const rows = await world.analytics.readAsWriter(statement({ name: 'test.standing', sql, row: noRow }), { org })
      found[table] = rows.map((row) => JSON.stringify(row)).sort()
    }
    return found
  }

  test.each([...registry.connectors.keys()])('%s: twice is once, and the order makes no difference', { timeout: 120_000 }, async (id) => {
    for (const items of sourcesOf(id)) {
      const org = world.org()
      expect(await world.apply(org, items)).toEqual({ duplicates: 0, problems: [] })
      const once = await standing(org)
      expect((await world.apply(org, items)).problems).toEqual([])
      expect(await standing(org)).toEqual(once)

      // The last one first, few or one at a time. What was watched from when is told by arrival and is no row of the domain.
      const byEnd = world.org()
      const reversed = items.toReversed()
      const few = Math.ceil(items.length / 20)
      for (let start = 0; start < items.length; start += few) await world.apply(byEnd, reversed.slice(start, start + few))
      expect({ ...(await standing(byEnd)), coverage: null }).toEqual({ ...once, coverage: null })
    }
  })

  test.each(STREAMS)('$id $stream: what cannot be read is kept, with the reason', async ({ id, stream }) => {
    const org = world.org()
    const source = sourcesOf(id)[0]?.[0]?.source ?? id
    const items = GARBAGE.map((payload, index) => ({ connector: id, source, stream, id: `garbage-${index}`, payload }))
    expect((await world.apply(org, items)).problems).toHaveLength(items.length)
    const kept = await world.analytics.readAsWriter(
      statement({
        name: 'test.kept',
        sql: "SELECT id, payload, problem FROM all_raw FINAL WHERE org_id = {org:UUID} AND problem != '' ORDER BY seq",
        row: z.object({ id: z.string(), payload: z.string(), problem: z.string().min(1) }),
      }),
      { org },
    )
    expect(kept.map((one) => [one.id, JSON.parse(one.payload)])).toEqual(items.map((item) => [item.id, item.payload]))
    expect(Object.values(await standing(org)).flat()).toEqual([])
  })
})

const LOCAL = [...registry.connectors.keys()].filter((id) => existsSync(join(fixtureOf(id), 'local.ts')))

describe.each(LOCAL)('%s pulled from this machine', (id) => {
  let local: { ask: Ask<unknown>; close(): void }
  beforeAll(async () => {
    local = ((await import(join(fixtureOf(id), 'local.ts'))) as { openLocal(): typeof local }).openLocal()
  })
  afterAll(() => local.close())

  test.each(Object.keys(registry.connectors.get(id)?.streams ?? {}))(
    '%s: stopped after any page and resumed, it gives the whole',
    async (name) => {
      const stream = registry.connectors.get(id)?.streams[name]
      const pull = async (cursor: string | null) => {
        const pages: Page[] = []
        for await (const page of stream?.pull?.({ ...local.ask, cursor }) ?? []) pages.push(page)
        return pages
      }
      const pages = await pull(null)
      const whole = pages.flatMap((page) => page.items)
      expect(whole.length).toBeGreaterThan(0)
      expect(pages.at(-1)?.cursor).not.toBeNull()
      for (const [stopped] of pages.entries()) {
        // What was kept: the pages so far; where it goes on: the last cursor that they gave.
        const kept = pages.slice(0, stopped + 1)
        const cursor = kept.findLast((page) => page.cursor !== null)?.cursor ?? null
        const rest = (await pull(cursor)).flatMap((page) => page.items)
        const gathered = new Map([...kept.flatMap((page) => page.items), ...rest].map((item) => [item.id, item]))
        expect([...gathered.values()]).toEqual(whole)
        if (cursor !== null && stream?.order === 'ascending')
          expect(kept.flatMap((page) => page.items).length + rest.length).toBe(whole.length)
      }
      expect((await pull(pages.at(-1)?.cursor ?? null)).flatMap((page) => page.items)).toEqual([])
    },
  )
})

const streamsOf = (connector: Connector) => Object.keys(connector.streams)
const connectorOf = (id: string) => registry.connectors.get(id) as Connector
const OVER_HTTP = [...registry.connectors].filter(([, { api }]) => api !== undefined).map(([id]) => id)
const HOOKED = [...registry.connectors].filter(([, { hook }]) => hook !== undefined).map(([id]) => id)

/** All texts in the settings that are credentials. */
function secretsOf(settings: unknown, config: unknown): string[] {
  if (typeof settings === 'string') return String(config) === '[secret]' ? [settings] : []
  if (typeof settings !== 'object' || settings === null || typeof config !== 'object' || config === null) return []
  return Object.entries(settings).flatMap(([name, value]) => secretsOf(value, (config as Record<string, unknown>)[name]))
}

describe.each(OVER_HTTP)('%s pulled over HTTP', (id) => {
  const connector = connectorOf(id)
  let fake: FakeApi
  beforeAll(async () => {
    fake = await startFakeApi(exchangesOf(id))
  })
  afterAll(() => fake.close())
  const configured = () => connector.config.parse(settingsOf(id, fake.base))
  const pull = (stream: string, cursor: string | null = null) => pullStream(connector, stream, askOver(connector, configured(), cursor))

  test('a whole pull of every stream asks what is recorded, and what it gives can be read', async () => {
    const told: string[] = []
    for (const stream of streamsOf(connector).filter((name) => connector.streams[name]?.pull !== undefined)) {
      const items = (await pull(stream)).flatMap((page) => page.items)
      if (items.length > 0) told.push(stream)
      for (const item of items) {
        const reading = interpret(registry, { ...item, connector: id, stream, received_at: RECEIVED }, configured())
        expect(reading.problem, `${stream} ${item.id}`).toBeNull()
      }
    }
    expect(fake.unknown).toEqual([])
    expect(told).toEqual(streamsOf(connector).filter((name) => connector.streams[name]?.pull !== undefined))
    const secrets = secretsOf(settingsOf(id, fake.base), configured())
    expect(secrets.length).toBeGreaterThan(0)
    for (const secret of secrets) expect(fake.asked.filter((url) => url.includes(secret))).toEqual([])
  })

  test('stopped after any page and resumed, it gives the whole; some stream has several pages', async () => {
    let several = 0
    for (const stream of streamsOf(connector).filter((name) => connector.streams[name]?.pull !== undefined)) {
      const pages = await pull(stream)
      const whole = new Map(pages.flatMap((page) => page.items).map((item) => [item.id, Buffer.from(item.payload).toString()]))
      expect(pages.at(-1)?.cursor, `${stream} ends with a cursor`).not.toBeNull()
      if (pages.length > 1) several++
      for (const stopped of pages.keys()) {
        const kept = pages.slice(0, stopped + 1)
        const cursor = kept.findLast((page) => page.cursor !== null)?.cursor ?? null
        const rest = (await pull(stream, cursor)).flatMap((page) => page.items)
        const gathered = new Map(
          [...kept.flatMap((page) => page.items), ...rest].map((item) => [item.id, Buffer.from(item.payload).toString()]),
        )
        expect(Object.fromEntries(gathered), `${stream} stopped after page ${stopped + 1}`).toEqual(Object.fromEntries(whole))
      }
    }
    expect(several).toBeGreaterThan(1)
    expect(fake.unknown).toEqual([])
  })

  test('no secret of its settings is in an item', async () => {
    const secrets = secretsOf(settingsOf(id, fake.base), configured())
    for (const stream of streamsOf(connector))
      for (const page of await pull(stream))
        for (const item of page.items) for (const secret of secrets) expect(Buffer.from(item.payload).toString()).not.toContain(secret)
  })

  test('check is content with it', async () => {
    const found = await connector.check?.(askOver(connector, configured(), null) as never)
    expect(found).toEqual({ ok: true, missing: [] })
    expect(fake.unknown).toEqual([])
  })
})

describe.each(HOOKED)('%s by its hook', (id) => {
  const connector = connectorOf(id)
  const hook = connector.hook as NonNullable<Connector['hook']>
  const lines = hooksOf(id)
  const config = connector.config.parse(settingsOf(id, 'http://127.0.0.1:1'))
  const bytes = (line: HookLine) => Buffer.from(line.text)
  const itemOf = (line: HookLine): Told | null => {
    const item = hook.read(new Headers(line.headers), JSON.parse(line.text), config)?.item ?? null
    return item === null ? null : { ...item, payload: bytes(line) }
  }

  test.each(lines)('$name: proved by its own proof, and by no other', (line) => {
    const headers = new Headers(line.headers)
    expect(hook.verify(config, headers, bytes(line))).toBe(true)
    const proofs = Object.keys(line.headers).filter((name) => {
      const without = new Headers(line.headers)
      without.delete(name)
      return !hook.verify(config, without, bytes(line))
    })
    expect(proofs.length, 'some header is the proof').toBeGreaterThan(0)
    for (const name of proofs) {
      const given = headers.get(name) as string
      for (const wrong of ['', 'x', given.slice(0, -1), `${given}x`, given.replace(/.$/, (last) => (last === '0' ? '1' : '0'))]) {
        const other = new Headers(line.headers)
        other.set(name, wrong)
        expect(hook.verify(config, other, bytes(line)), `${name}: ${wrong}`).toBe(false)
      }
    }
    if (hook.proof === 'signature') {
      const changed = bytes(line)
      changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1
      expect(hook.verify(config, headers, changed)).toBe(false)
    }
    const secretless = connector.config.parse({ ...settingsOf(id, 'http://127.0.0.1:1'), webhook_secrets: [] })
    expect(hook.verify(secretless, headers, bytes(line)), 'a source without a secret verifies nothing').toBe(false)
    const second = connector.config.parse({
      ...settingsOf(id, 'http://127.0.0.1:1'),
      webhook_secrets: ['another', ...(settingsOf(id, '')['webhook_secrets'] as string[])].slice(0, 2),
    })
    expect(hook.verify(second, headers, bytes(line)), 'two secrets are live at once').toBe(true)
  })

  test.each(lines)('$name: is an item of a stream that can be read, or a sign that there is news', (line) => {
    const read = hook.read(new Headers(line.headers), JSON.parse(line.text), config)
    expect(read === null).toBe(line.ignored === true)
    for (const stream of read?.pull ?? []) expect(connector.streams[stream]?.pull, stream).toBeDefined()
    const item = itemOf(line)
    if (item === null) return
    expect(streamsOf(connector)).toContain(item.stream)
    const reading = interpret(registry, { ...item, connector: id, received_at: RECEIVED }, config)
    expect(reading.problem).toBeNull()
  })

  test.each([null, 42, 'text', [], {}, { action: 7 }])('garbage that is signed (%j) is nothing, or a problem with a reason', (body) => {
    for (const line of lines) {
      let read: ReturnType<typeof hook.read>
      try {
        read = hook.read(new Headers(line.headers), body, config)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Error)
        continue
      }
      if (read?.item) expect(typeof read.item.id).toBe('string')
    }
  })
})

describe('pull, hook, and both', () => {
  let world: World
  const configs = new Map<string, unknown>()
  beforeAll(async () => {
    world = await openWorld('2026-03-02T12:00:00.000Z', configs)
  })
  afterAll(() => world.close())

  const asItem = (id: string, told: Told): TestItem => ({
    connector: id,
    source: id,
    stream: told.stream,
    id: told.id,
    at: told.at,
    received_at: RECEIVED,
    bytes: told.payload,
  })
  const standing = async (org: string) => {
    const found: Record<string, unknown[]> = {}
    for (const table of Object.keys(TABLES)) {
      if (table === 'coverage') continue
      const sql = `SELECT * EXCEPT (org_id, raw_seq, seen_at, is_deleted, received_at) FROM all_${table} FINAL WHERE org_id = {org:UUID}`
      const rows = await world.analytics.readAsWriter(statement({ name: 'test.standing', sql, row: noRow }), { org })
      if (rows.length > 0) found[table] = rows.map((row) => JSON.stringify(row)).sort()
    }
    return found
  }
  const shuffled = <T>(list: readonly T[], seed: number): T[] => {
    const random = generator(seed)
    return list
      .map((one) => ({ one, place: random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ one }) => one)
  }

  test('deliveries are recorded for each hook, answers for each API, and for no other', () => {
    const having = (file: string) => [...registry.connectors.keys()].filter((id) => existsSync(join(fixtureOf(id), file)))
    expect(having('hooks.ndjson')).toEqual(HOOKED)
    expect(having('api.ndjson')).toEqual(OVER_HTTP)
  })

  test.each(HOOKED)('%s: in any order, and 100 times over, the same rows', { timeout: 120_000 }, async (id) => {
    const connector = connectorOf(id)
    const fake = await startFakeApi(exchangesOf(id))
    try {
      const config = connector.config.parse(settingsOf(id, fake.base))
      configs.set(id, config)
      const pulledItems: Told[] = []
      for (const stream of streamsOf(connector))
        for (const page of await pullStream(connector, stream, askOver(connector, config, null)))
          pulledItems.push(...page.items.map((item) => ({ ...item, stream })))
      const pushed = hooksOf(id).flatMap((line): Told[] => {
        const item = connector.hook?.read(new Headers(line.headers), JSON.parse(line.text), config)?.item ?? null
        return item === null ? [] : [{ ...item, payload: Buffer.from(line.text) }]
      })
      // A thing that is pulled and pushed is one item and reads alike.
      const nameOf = (one: Told) => `${one.stream}\n${one.id}`
      const byName = new Map(pulledItems.map((one) => [nameOf(one), one]))
      const both = pushed.filter((one) => byName.get(nameOf(one))?.at === one.at)
      const alike = new Set(both.map((one) => one.stream))
      for (const stream of new Set(pushed.map((one) => one.stream))) {
        if (connector.streams[stream]?.pull !== undefined)
          expect([...alike], `a delivery of ${stream} that the pull gives too`).toContain(stream)
      }
      for (const one of both) {
        const other = byName.get(nameOf(one)) as Told
        const read = (told: Told) => interpret(registry, { ...told, connector: id, received_at: RECEIVED }, config).rows
        expect(read(one), `${nameOf(one)} pushed and pulled`).toEqual(read(other))
      }

      const inOrder = async (...batches: readonly (readonly Told[])[]) => {
        const org = world.org()
        for (const batch of batches)
          expect(
            (
              await world.apply(
                org,
                batch.map((one) => asItem(id, one)),
              )
            ).problems,
          ).toEqual([])
        return { org, rows: await standing(org) }
      }
      const first = await inOrder(pulledItems, pushed)
      expect((await inOrder(pushed, pulledItems)).rows).toEqual(first.rows)
      expect((await inOrder(shuffled([...pulledItems, ...pushed], 7))).rows).toEqual(first.rows)
      const again = Array.from({ length: Math.ceil(100 / Math.max(1, pushed.length)) }, () => pushed)
        .flat()
        .slice(0, 100)
      for (const batch of [shuffled(again, 1), shuffled(again, 2)])
        await world.apply(
          first.org,
          batch.map((one) => asItem(id, one)),
        )
      expect(await standing(first.org)).toEqual(first.rows)
    } finally {
      await fake.close()
    }
  })
})

describe('fixtures hold nobody’s secrets', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => /\.fixture\/.*\.(ndjson|json|ts)$/.test(name))
  const ADDRESS = /[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})\b/gi
  // Reserved for examples by RFC 2606: nobody has these addresses.
  const RESERVED = /(?:^|\.)(?:example\.(?:org|com)|example|invalid)$/i
  const SECRET =
    /\bgh[pousr]_\w{20}|\bgithub_pat_|\bglpat-|\bAKIA[0-9A-Z]{16}|\bxox[abprs]-|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.eyJ|\bBearer\s+\w{12}|:\/\/[^\s/"@]+:[^\s/"@]+@(?!git\.example\.org)/

  test.each(files)('%s', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8')
    expect([...text.matchAll(ADDRESS)].filter((match) => !RESERVED.test(match[1] ?? '')).map((match) => match[0])).toEqual([])
    expect(SECRET.exec(text)?.[0]).toBeUndefined()
  })

  test('the judge would see them', () => {
    expect('a.b@mail.example.net'.match(ADDRESS)).not.toBeNull()
    expect(['mail.example.net', 'gmail.com', 'example.org.evil.com'].filter((host) => RESERVED.test(host))).toEqual([])
    for (const secret of [`ghp_${'a'.repeat(36)}`, 'https://me:pass@host/x', `AKIA${'A'.repeat(16)}`])
      expect(SECRET.test(secret)).toBe(true)
  })
})
