/** One error class for the whole program. `code` comes from a closed list; one table maps it to an HTTP status, an exit code and whether a retry helps. */

const CODES = {
  // the caller's input
  'invalid-input': { status: 422, exit: 2, retry: false },
  'malformed-body': { status: 400, exit: 2, retry: false },
  'unsupported-media': { status: 415, exit: 2, retry: false },
  'too-large': { status: 413, exit: 2, retry: false },
  usage: { status: 400, exit: 2, retry: false },
  'not-found': { status: 404, exit: 1, retry: false },
  'method-not-allowed': { status: 405, exit: 1, retry: false },
  conflict: { status: 409, exit: 1, retry: false },
  // who is asking
  unauthenticated: { status: 401, exit: 1, retry: false },
  forbidden: { status: 403, exit: 1, retry: false },
  // limits
  'rate-limited': { status: 429, exit: 1, retry: true },
  'query-too-heavy': { status: 422, exit: 1, retry: false },
  // this machine
  'disk-full': { status: 503, exit: 1, retry: true },
  'journal-full': { status: 503, exit: 1, retry: true },
  'journal-broken': { status: 503, exit: 1, retry: false },
  'data-directory': { status: 500, exit: 1, retry: false },
  'data-directory-in-use': { status: 500, exit: 1, retry: false },
  'port-in-use': { status: 500, exit: 1, retry: false },
  // stores
  'store-unavailable': { status: 503, exit: 1, retry: true },
  'store-credentials': { status: 500, exit: 1, retry: false },
  'store-scheme': { status: 500, exit: 2, retry: false },
  'store-refused': { status: 500, exit: 1, retry: false },
  'schema-newer': { status: 500, exit: 1, retry: false },
  'schema-pending': { status: 503, exit: 1, retry: true },
  'migration-drift': { status: 500, exit: 1, retry: false },
  'migration-failed': { status: 500, exit: 1, retry: false },
  // settings, plugins and what they talk to
  config: { status: 500, exit: 2, retry: false },
  plugin: { status: 500, exit: 1, retry: false },
  'server-unreachable': { status: 502, exit: 1, retry: true },
  'source-failed': { status: 502, exit: 1, retry: true },
  'source-limited': { status: 503, exit: 1, retry: true },
  'source-refused': { status: 502, exit: 1, retry: false },
  'source-denied': { status: 502, exit: 1, retry: false },
  'address-refused': { status: 422, exit: 1, retry: false },
  git: { status: 500, exit: 1, retry: false },
  'check-failed': { status: 500, exit: 3, retry: false },
  internal: { status: 500, exit: 1, retry: false },
} as const satisfies Record<string, { status: number; exit: number; retry: boolean }>

export type ErrorCode = keyof typeof CODES

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && text in CODES
}

export interface AppErrorOptions {
  /** What the reader does next, as a sentence. */
  help?: string
  /** Facts for programs: ids, indexes, limits. Never secrets. */
  detail?: unknown
  cause?: unknown
}

export class AppError extends Error {
  readonly code: ErrorCode
  readonly help: string | null
  readonly detail: unknown
  readonly status: number
  readonly exit: number
  readonly retry: boolean

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.help = options.help ?? null
    this.detail = options.detail ?? null
    this.status = CODES[code].status
    this.exit = CODES[code].exit
    this.retry = CODES[code].retry
  }
}

/** The HTTP status with which a tool refused a request, where that is what was thrown. */
export function answeredStatus(thrown: unknown): number | null {
  const status = thrown instanceof AppError ? (thrown.detail as { status?: unknown } | null)?.status : null
  return typeof status === 'number' ? status : null
}

/** Anything thrown becomes an AppError; what we did not foresee is `internal` and keeps its cause. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('internal', 'Something failed that Fairlead did not foresee.', {
    help: 'The log has the details. Please report it with the lines around it.',
    cause: thrown,
  })
}

/** The `code` of a Node.js system error (`ENOENT`, `EADDRINUSE` …), or null. */
export function systemCode(thrown: unknown): string | null {
  const code = (thrown as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : null
}
