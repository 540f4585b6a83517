import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { TABLES, type DomainRows, type DomainTable } from '../domain/tables.ts'
import { systemClock } from '../src/clock.ts'
import type { Ask, Connector, Page, Pulled } from '../src/connector.ts'
import { askWith } from '../src/ingest/ask.ts'
import { addressRules, createDispatcher } from '../src/ingest/http-address.ts'
import { createHttp, type Exchange } from '../src/ingest/http.ts'
import { interpret } from '../src/ingest/interpret.ts'
import { silentLog } from '../src/log.ts'
import type { Registry } from '../src/registry.ts'

/** The fixture folder of a connector: what a pull of it is driven with, and what its hook is sent. */
export const CONNECTORS = join(import.meta.dirname, '..', 'connectors')
export const fixtureOf = (id: string) => join(CONNECTORS, `${id}.fixture`)

const sourceFile = z.strictObject({ address: z.string().optional(), config: z.record(z.string(), z.unknown()) })
const exchangeLine = z.strictObject({
  request: z.strictObject({ method: z.enum(['GET', 'POST']), url: z.string().startsWith('/'), body: z.unknown().optional() }),
  response: z.strictObject({
    status: z.number().int(),
    headers: z.record(z.string(), z.string()).default({}),
    body: z
      .unknown()
      .optional()
      .transform((body) => body as unknown),
  }),
})
const hookLine = z.strictObject({
  name: z.string(),
  headers: z.record(z.string(), z.string()),
  text: z.string(),
  /** Of no use to Fairlead: read as nothing. */
  ignored: z.literal(true).optional(),
})
export type HookLine = z.output<typeof hookLine>

function linesOf<T>(schema: z.ZodType<T>, id: string, file: string): T[] {
  const path = join(fixtureOf(id), file)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line, index) => {
      const parsed = schema.safeParse(JSON.parse(line))
      if (parsed.success) return parsed.data
      throw new Error(`${id}/${file} line ${index + 1}: ${parsed.error.message}`)
    })
}

export const exchangesOf = (id: string): Exchange[] => linesOf(exchangeLine, id, 'api.ndjson') as Exchange[]
export const hooksOf = (id: string): HookLine[] => linesOf(hookLine, id, 'hooks.ndjson')

/** The settings of the fixture's source, with the address of a fake in its place. */
export function settingsOf(id: string, base: string): Record<string, unknown> {
  const path = join(fixtureOf(id), 'source.json')
  if (!existsSync(path)) return {}
  const { address, config } = sourceFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  return address === undefined ? config : { ...config, [address]: base }
}

const HERE = addressRules(['127.0.0.1'])
const dispatcher = createDispatcher(HERE)

export interface Waited {
  readonly ms: number[]
}

/** An `ask` that really asks, without waiting where it is told to. */
export function askOver(
  connector: Connector,
  config: unknown,
  cursor: string | null,
  waited: Waited = { ms: [] },
  signal = new AbortController().signal,
): Ask<unknown> {
  const api = connector.api?.(config)
  return askWith({
    config,
    cursor,
    begun: '2026-03-01T00:00:00.000Z',
    git: async function* () {},
    signal,
    log: silentLog,
    ...(api === undefined
      ? {}
      : {
          http: createHttp({
            api,
            dispatcher,
            rules: HERE,
            signal,
            clock: systemClock,
            log: silentLog,
            async sleep(ms) {
              waited.ms.push(ms)
            },
          }),
        }),
  })
}

export async function pullStream(connector: Connector, stream: string, ask: Ask<unknown>): Promise<Page[]> {
  const pages: Page[] = []
  for await (const page of connector.streams[stream]?.pull?.(ask as never) ?? []) pages.push(page)
  return pages
}

export interface Told extends Pulled {
  readonly stream: string
  readonly received_at?: string
}

/** What stands when these items were told in this order: the rows of each item's newest version, and of each row the newest. Without the store. */
export function rowsOf(registry: Registry, id: string, config: unknown, items: readonly Told[]): Map<string, unknown> {
  const newest = new Map<string, Told>()
  for (const item of items) {
    const key = `${item.stream}\n${item.id}`
    const standing = newest.get(key)
    if (standing === undefined || (item.at ?? '') >= (standing.at ?? '')) newest.set(key, item)
  }
  const rows = new Map<string, { at: string; row: unknown }>()
  for (const item of newest.values()) {
    const received_at = item.received_at ?? '2026-03-01T00:00:00.000Z'
    const reading = interpret(
      registry,
      { connector: id, stream: item.stream, id: item.id, at: item.at, received_at, payload: item.payload },
      config,
    )
    if (reading.rows === null) throw new Error(`${id}/${item.stream}: item ${item.id} cannot be read: ${reading.problem}`)
    for (const [table, list] of Object.entries(reading.rows as DomainRows) as [DomainTable, Record<string, unknown>[]][]) {
      for (const row of list) {
        const key = `${table} ${JSON.stringify(TABLES[table].identity.map((column) => row[column] ?? null))}`
        const standing = rows.get(key)
        if (standing === undefined || (item.at ?? '') >= standing.at) rows.set(key, { at: item.at ?? '', row })
      }
    }
  }
  return new Map(
    [...rows].map(([key, { row }]) => [key, row]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)) as [string, unknown][],
  )
}
