import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { momentOf, textOf } from '../../../domain/loose.ts'
import { instant } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import { UNREADABLE } from '../../ingest/hook.ts'
import { isSane } from '../../ingest/json-sanity.ts'
import { keptHeaders } from '../../ingest/kept-headers.ts'
import { plainBodyOf } from '../body.ts'
import { logFailure } from '../problem.ts'
import type { Services } from '../services.ts'

/**
 * What the doors for other tools' emitters have in common: the bytes as they came are in the journal before the answer, under an id by which
 * a repetition is known. What they mean is read later, by the connector that the door names.
 */
export interface Target {
  readonly org: string
  readonly source: string
  readonly connector: string
  /** Headers that are kept beside the body; never one that holds a secret. */
  readonly headers: Record<string, string>
}

export interface Item {
  readonly stream: string
  readonly id: string
  readonly at: string | null
  readonly payload: Uint8Array
}

export async function deliver(services: Services, target: Target, items: readonly Item[]): Promise<void> {
  const { org, source, connector, headers } = target
  try {
    await services.sources.ensure(org, source, connector)
  } catch (thrown) {
    // The list of sources is away: that is no reason to refuse what most emitters send only once. The next delivery adds it.
    if (!(thrown instanceof AppError && thrown.retry)) throw thrown
    services.log.warn('door.source-not-noted', { source, code: thrown.code, reason: thrown.message })
  }
  const received_at = instant(services.clock.now())
  await services.journal.append(
    items.map(({ stream, id, at, payload }) => ({
      org,
      source,
      connector,
      stream,
      id: id.slice(0, ID_MAX),
      at,
      received_at,
      headers,
      payload,
    })),
  )
  for (const { stream } of items) services.hooks.health.note(org, source, stream === UNREADABLE ? 'unread' : 'taken')
}

const ID_MAX = 500

export interface Body {
  readonly bytes: Uint8Array
  /** The parsed JSON; undefined for a body that is none. */
  readonly json: unknown
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** A body that is no JSON is refused by the door, or kept unread: each door says itself. Nothing larger than an event's body is taken. */
export async function readBody(request: Request): Promise<Body> {
  return parsed(await plainBodyOf(request))
}

export function parsed(bytes: Uint8Array): Body {
  if (!isSane(bytes)) return { bytes, json: undefined }
  try {
    return { bytes, json: JSON.parse(strictUtf8.decode(bytes)) as unknown }
  } catch {
    return { bytes, json: undefined }
  }
}

export function malformed(): AppError {
  return new AppError('malformed-body', 'The body is no valid JSON.', { help: 'Send a JSON object, encoded as UTF-8.' })
}

/** The body as its connector reads it; a reason in words, when it cannot. */
export function problemOf(services: Services, connector: string, stream: string, json: unknown): string | null {
  const parsed = services.registry.connectors.get(connector)?.streams[stream]?.payload.safeParse(json)
  if (parsed === undefined || parsed.success) return null
  const issue = parsed.error.issues[0]
  return `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`
}

/** An id for what has none of its own: the same content is the same item. */
export function contentId(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\n')
  return `content-${hash.digest('hex').slice(0, 40)}`
}

export function timeOf(value: unknown): string | null {
  const text = textOf(value)
  return text === null ? null : momentOf(text)
}

export function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
}

const KEPT = ['user-agent', 'content-type', 'x-request-id']

/** Of every door; `more` are those that a door's own senders set. */
export function doorHeaders(headers: Headers, more: readonly string[] = []): Record<string, string> {
  return keptHeaders(headers, [...KEPT, ...more])
}

/** A name in a path that becomes that of a source. */
export const nameSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u)

/** Errors in the shape of the tool that the sender was made for. What is ours to mend is logged as everywhere. */
export function rejecting(
  services: Services,
  shape: (error: AppError) => { readonly status?: number; readonly body: unknown },
): (error: AppError, context: Context) => Response {
  return (error, context) => {
    logFailure(services.log, context, error)
    const { status = error.status, body } = shape(error)
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
        ...(error.retry ? { 'retry-after': '2' } : {}),
      },
    })
  }
}
