import { createHash } from 'node:crypto'
import { instant, type Clock } from '../clock.ts'
import type { Connector, Delivery } from '../connector.ts'
import { AppError } from '../errors.ts'
import type { Registry } from '../registry.ts'
import { Secret } from '../secret.ts'
import { isSigned } from '../signature.ts'
import type { HookHealth } from '../source/health.ts'
import type { Source, Sources } from '../source/sources.ts'
import { isSane } from './json-sanity.ts'
import type { Journal } from './journal.ts'
import { keptHeaders } from './kept-headers.ts'

export interface HookParts {
  readonly sources: Sources
  readonly registry: Registry
  readonly journal: Journal
  readonly clock: Clock
  readonly health: HookHealth
  /** Streams of a source that have news. */
  poke(org: string, source: string, streams: readonly string[]): void
}

export interface HookRequest {
  /** The part of the address that names the source. */
  readonly name: string
  readonly headers: Headers
  readonly body: Uint8Array
  /** The organization of a token with the scope `ingest`, which proves a delivery as well as its own signature does. */
  readonly tokenOf: string | null
}

export interface Taken {
  readonly result: 'taken' | 'ignored' | 'unread'
  /** Its number in the journal; 0 when nothing was kept. */
  readonly seq: number
}

/** The stream of deliveries that were proved and cannot be read: no connector reads it, so the raw log keeps them with their reason. */
export const UNREADABLE = '(unreadable)'
const NOBODY = new Secret('0'.repeat(40))

/**
 * One delivery of a connected tool: proved on its bytes, on disk before it is answered. What is proved and cannot be read is kept and answered like any
 * other, since a refusal makes tools switch their hook off. Whether a source exists takes as long to say as that its signature is wrong.
 */
export async function takeDelivery(parts: HookParts, request: HookRequest): Promise<Taken> {
  const { sources, registry, health } = parts
  const { name, headers, body, tokenOf } = request
  let candidates = await sources.addressed(name)
  if (tokenOf !== null && !candidates.some(({ org }) => org === tokenOf) && registry.connectors.get(name)?.hook !== undefined) {
    await sources.ensure(tokenOf, name, name)
    candidates = await sources.addressed(name)
  }
  isSigned([NOBODY], body, '')
  for (const source of candidates) {
    const connector = registry.connectors.get(source.connector)
    const hook = connector?.hook
    if (connector === undefined || hook === undefined) continue
    const config = await sources.configOf(source.org, source.name, source.connector)
    if (source.org !== tokenOf && !hook.verify(config, headers, body)) continue
    return keep(parts, source, connector, config, request)
  }
  if (candidates.length === 0)
    throw new AppError('not-found', `There is no source ${JSON.stringify(name.slice(0, 100))}.`, {
      help: 'The address of a hook ends with the name of its source.',
    })
  for (const { org, name: source } of candidates) health.note(org, source, 'refused')
  throw new AppError('unauthenticated', 'The signature or token of this delivery is not that of the source.', {
    help: 'Enter the same secret in the tool and in the source (`webhook_secrets`).',
  })
}

async function keep(
  { journal, clock, health, poke }: HookParts,
  source: Source & { org: string },
  connector: Connector,
  config: unknown,
  { headers, body }: HookRequest,
): Promise<Taken> {
  const payload = jsonOf(headers, body)
  let delivery: Delivery | null = null
  let readable = false
  try {
    if (isSane(payload)) {
      delivery = connector.hook?.read(headers, JSON.parse(Buffer.from(payload).toString('utf8')), config) ?? null
      readable = true
    }
  } catch {
    // Kept below, and read again by a replay after the connector was mended.
  }
  if (readable && (delivery === null || delivery.item === null)) {
    if (delivery?.pull !== undefined && delivery.pull.length > 0) poke(source.org, source.name, delivery.pull)
    health.note(source.org, source.name, 'ignored')
    return { result: 'ignored', seq: 0 }
  }
  const received_at = instant(clock.now())
  const item = delivery?.item ?? { stream: UNREADABLE, id: createHash('sha256').update(payload).digest('hex'), at: null }
  const { last } = await journal.append([
    {
      org: source.org,
      source: source.name,
      connector: source.connector,
      ...item,
      received_at,
      headers: keptHeaders(headers, ['user-agent', 'content-type', ...(connector.hook?.headers ?? [])]),
      payload,
    },
  ])
  if (delivery?.pull !== undefined && delivery.pull.length > 0) poke(source.org, source.name, delivery.pull)
  health.note(source.org, source.name, delivery === null ? 'unread' : 'taken')
  return { result: delivery === null ? 'unread' : 'taken', seq: last }
}

/** The JSON of a body; GitHub can also send it as the field `payload` of a form. */
export function jsonOf(headers: Headers, body: Uint8Array): Uint8Array {
  if (!/^application\/x-www-form-urlencoded/i.test(headers.get('content-type') ?? '')) return body
  const field = new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload')
  return field === null ? body : Buffer.from(field)
}
