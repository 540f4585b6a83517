import { createHash, randomUUID } from 'node:crypto'
import { eventInput, implausibleTimes, type EventInput } from '../../domain/event.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { splitItems } from './json-items.ts'
import type { Journal, JournalItem } from './journal.ts'

/** The name of the source that `POST /v1/events` fills. */
export const EVENTS_SOURCE = 'events'
export const MAX_BODY_BYTES = 25 * 1024 * 1024
const MAX_ITEM_BYTES = 1024 * 1024
/** How many bad items an answer names; the count is always whole. */
const NAMED_ERRORS = 1_000
/** Items checked before others get a turn: about 10 ms. */
const BREATH = 2_000

export interface ItemError {
  readonly index: number
  readonly reasons: readonly string[]
}

export interface Accepted {
  readonly first: number
  readonly last: number
  readonly accepted: number
  readonly rejected: readonly ItemError[]
}

/**
 * The door for pushed events: bytes in, and an answer only after they are on disk. One bad event refuses the batch, with every index and
 * reason; with `partial` the good ones are taken. The bytes of each event are kept as they came.
 */
export async function acceptEvents(
  { journal, clock }: { journal: Journal; clock: Clock },
  request: { org: string; body: Uint8Array; partial: boolean; idempotencyKey: string | null; headers: Record<string, string> },
): Promise<Accepted> {
  if (request.body.byteLength > MAX_BODY_BYTES) throw tooLarge()
  requireUtf8(request.body)
  const received = clock.now()
  const receivedAt = instant(received)
  const items: JournalItem[] = []
  const rejected: ItemError[] = []
  let bad = 0
  const parts = splitItems(request.body)
  for (let index = 0; index < parts.length; index++) {
    if (index % BREATH === BREATH - 1) await new Promise((resolve) => setImmediate(resolve))
    const payload = parts[index] as Uint8Array
    const { event, reasons } = readEvent(payload, received)
    if (event === null) {
      bad++
      if (rejected.length < NAMED_ERRORS) rejected.push({ index, reasons })
      continue
    }
    items.push({
      org: request.org,
      source: EVENTS_SOURCE,
      connector: 'events',
      stream: 'events',
      id: idOf(event, payload, request.idempotencyKey, index),
      at: event.occurred_at === undefined ? receivedAt : instant(Date.parse(event.occurred_at)),
      received_at: receivedAt,
      headers: request.headers,
      payload,
    })
  }
  if (bad > 0 && !request.partial) {
    throw new AppError('invalid-input', `${bad} of ${parts.length} events are not valid; nothing was stored.`, {
      help: 'Mend the events named under `detail.errors`, or send with `?partial=true` to store the others.',
      detail: { errors: rejected, count: bad },
    })
  }
  if (items.length === 0) {
    if (bad > 0)
      throw new AppError('invalid-input', `None of the ${bad} events is valid; nothing was stored.`, {
        detail: { errors: rejected, count: bad },
      })
    return { first: 0, last: 0, accepted: 0, rejected }
  }
  const { first, last } = await journal.append(items)
  return { first, last, accepted: items.length, rejected }
}

export function tooLarge(): AppError {
  return new AppError('too-large', `The body is larger than ${MAX_BODY_BYTES} bytes.`, {
    help: 'Send it in several requests, or use `fairlead ingest FILE`.',
  })
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

function requireUtf8(body: Uint8Array): void {
  try {
    strictUtf8.decode(body)
  } catch (cause) {
    throw new AppError('malformed-body', 'The body is not valid UTF-8.', { help: 'Encode JSON as UTF-8.', cause })
  }
}

function readEvent(payload: Uint8Array, now: number): { event: EventInput; reasons: [] } | { event: null; reasons: string[] } {
  if (payload.byteLength > MAX_ITEM_BYTES) return { event: null, reasons: [`larger than ${MAX_ITEM_BYTES} bytes`] }
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'))
  } catch {
    return { event: null, reasons: ['not valid JSON'] }
  }
  const parsed = eventInput.safeParse(value)
  if (!parsed.success) {
    return {
      event: null,
      reasons: parsed.error.issues.map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`)),
    }
  }
  const reasons = implausibleTimes(parsed.data, now)
  return reasons.length === 0 ? { event: parsed.data, reasons: [] } : { event: null, reasons }
}

/**
 * The id by which a repetition is known: the sender's own, else one from the Idempotency-Key, else — when the event says when it happened,
 * so that the same bytes mean the same event — one from its content. An event that says none of these is always new.
 */
function idOf(event: EventInput, payload: Uint8Array, key: string | null, index: number): string {
  if (event.id !== undefined) return event.id
  if (key !== null) return `key-${digest(`${key}\n${index}`)}`
  if (event.occurred_at !== undefined) return `content-${digest(payload)}`
  return randomUUID()
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40)
}
