import type { Context } from 'hono'
import { AppError, asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { originOf } from './auth.ts'

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad gateway',
  503: 'Not available now',
}

/** An error as an RFC 9457 problem document. What is ours to mend says nothing of its inside. */
export function problem(thrown: unknown): Response {
  const error = asAppError(thrown)
  const body = {
    type: `urn:fairlead:problem:${error.code}`,
    title: TITLES[error.status] ?? 'Error',
    status: error.status,
    code: error.code,
    detail: error.message,
    help: error.help,
    ...(isErrorList(error.detail) ? { errors: error.detail.errors, count: error.detail.count } : {}),
    ...(isOfField(error.detail) ? { field: error.detail.field } : {}),
  }
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(error.retry ? { 'retry-after': String(retryAfter(error.detail)) } : {}),
    },
  })
}

/** What the error itself says, else soon. */
function retryAfter(detail: unknown): number {
  const seconds = (detail as { retry_after_seconds?: unknown } | null)?.retry_after_seconds
  return typeof seconds === 'number' ? seconds : 2
}

function isErrorList(detail: unknown): detail is { errors: unknown[]; count?: number } {
  return typeof detail === 'object' && detail !== null && Array.isArray((detail as { errors?: unknown }).errors)
}

/** Of one field of the body, when nothing else is wrong with it: a form says it there. */
function isOfField(detail: unknown): detail is { field: string } {
  return typeof (detail as { field?: unknown } | null)?.field === 'string'
}

export function notFound(what: string, help: string): AppError {
  return new AppError('not-found', `There is no ${what}.`, { help })
}

/** What is ours to mend goes into the log with its cause, whatever the answer looks like; and who asked for what they may not do. */
export function logFailure(log: Log, context: Context, error: AppError): void {
  if (error.code === 'forbidden') {
    const { method, path } = context.req
    const { caller = 'unknown' } = (error.detail as { caller?: string } | null) ?? {}
    log.warn('request.refused', { method, path, reason: error.message, caller, address: originOf(context).address })
  }
  if (error.status < 500) return
  log.error('request.failed', {
    method: context.req.method,
    path: context.req.path,
    code: error.code,
    reason: error.message,
    cause: reasonOf(error.cause),
  })
}

function reasonOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
