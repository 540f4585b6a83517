import { AppError, systemCode, type ErrorCode } from '../errors.ts'

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
])
/** The driver gives the reason as a code, or only in words. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|^HANDSHAKE_SSL_ERROR .*(?:certificate|altname)/i

interface Reading {
  code: ErrorCode
  message: (where: string) => string
  help: (variable: string) => string
}

const CREDENTIALS: Reading = {
  code: 'store-credentials',
  message: (where) => `${where} does not accept the user or the password.`,
  help: (variable) => `Check the user and the password in ${variable}, and that the account may come from this host ('user'@'%').`,
}
const FORBIDDEN: Reading = {
  code: 'store-refused',
  message: (where) => `The user lacks a right in ${where}.`,
  help: (variable) =>
    `Give it what it needs: grant all on <database>.* to the user of ${variable} for writing, grant select for an import.`,
}
const UNAVAILABLE: Reading = {
  code: 'store-unavailable',
  message: (where) => `${where} cannot be reached, or ended the connection.`,
  help: (variable) => `Check the host and the port in ${variable}, and that the server runs. What was begun can be run again.`,
}
const BUSY: Reading = {
  code: 'store-unavailable',
  message: (where) => `${where} is too busy to answer now.`,
  help: () => 'Try again. When it stays so, look for long transactions (show processlist) and at max_connections.',
}
const READ_ONLY: Reading = {
  code: 'store-unavailable',
  message: (where) => `${where} is read-only, as a replica is.`,
  help: (variable) => `Point ${variable} at the primary server.`,
}
const DISK: Reading = { code: 'disk-full', message: (where) => `The disk of ${where} is full.`, help: () => 'Free some space on it.' }

/** By the server's error number. */
const READINGS: Readonly<Record<number, Reading>> = {
  1045: CREDENTIALS,
  1698: CREDENTIALS,
  1251: CREDENTIALS,
  1044: FORBIDDEN,
  1142: FORBIDDEN,
  1143: FORBIDDEN,
  1227: FORBIDDEN,
  1370: FORBIDDEN,
  1049: {
    code: 'store-unavailable',
    message: (where) => `${where} has no database of that name.`,
    help: (variable) => `Create it (create database lake character set utf8mb4), or correct the name at the end of ${variable}.`,
  },
  1040: BUSY,
  1203: BUSY,
  1205: BUSY,
  1213: BUSY,
  1226: BUSY,
  1053: UNAVAILABLE,
  1927: UNAVAILABLE,
  2006: UNAVAILABLE,
  2013: UNAVAILABLE,
  4031: UNAVAILABLE,
  1290: READ_ONLY,
  1792: READ_ONLY,
  1836: READ_ONLY,
  1021: DISK,
  1114: DISK,
  3675: DISK,
  1153: {
    code: 'store-refused',
    message: (where) => `${where} does not take a packet of that size.`,
    help: () => 'Raise max_allowed_packet on the server, to 64 MiB for example.',
  },
}

/** Their messages quote values. */
const QUOTES_VALUES = new Set([1265, 1292, 1366, 1411, 1525])

/** Says in our words what the driver or the server threw. `place` describes the server; `statement` is the name of what ran. */
export function translateMysqlError(thrown: unknown, place: { describe: string; variable: string }, statement: string): unknown {
  if (thrown instanceof AppError) return thrown
  const { describe: where, variable } = place
  const first = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown
  const code = systemCode(first) ?? ''
  const { errno, sqlState } = (first ?? {}) as { errno?: unknown; sqlState?: unknown }
  const number = typeof errno === 'number' && errno > 0 ? errno : null
  const message = first instanceof Error ? first.message : ''
  // Never the message of what refuses a value: it quotes it.
  const detail = { statement, errno: number, sqlstate: typeof sqlState === 'string' ? sqlState : null }
  const say = ({ code, message, help }: Reading) => new AppError(code, message(where), { help: help(variable), detail })
  const known = number === null ? undefined : READINGS[number]
  if (known) return say(known)
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return new AppError('store-unavailable', `${where} does not speak TLS.`, { help: `Leave ssl-mode out of ${variable}.`, detail })
  }
  if (CERTIFICATE.test(code === 'HANDSHAKE_SSL_ERROR' ? `${code} ${message}` : code)) {
    return new AppError('store-unavailable', `The TLS certificate of ${where} cannot be verified (${code}).`, {
      help: `Use ssl-mode=REQUIRED in ${variable} to encrypt without verifying.`,
      detail,
    })
  }
  if (UNREACHABLE.has(code)) return say(UNAVAILABLE)
  if (/^AUTH_|auth plugin/i.test(`${code} ${message}`)) return say(CREDENTIALS)
  // The driver has no code for what is asked of a connection that it has closed.
  if (number === null && (first as { fatal?: unknown } | null)?.fatal === true) return say(UNAVAILABLE)
  if (number === null) return thrown
  const state = detail.sqlstate ?? ''
  const said = /^2[23]/.test(state) || QUOTES_VALUES.has(number) ? `a value does not fit (${number})` : `${message} (${number})`
  return new AppError('store-refused', `${where} refused the statement ${statement}: ${said}.`, {
    help: '`fairlead migrate mysql verify` tells whether the schema is as it should be.',
    detail,
  })
}

/** The server goes, ended the connection, or does not answer. */
const ENDED = new Set([1053, 1927, 2006, 2013, 4031])

/** Whether a translated error is one of the connection: nothing more goes over it. */
export function isUnreachable(thrown: unknown): boolean {
  const number = errnoOf(thrown)
  return thrown instanceof AppError && thrown.code === 'store-unavailable' && (number === null || ENDED.has(number))
}

/** The server's error number of a translated error, for what depends on it: a retry, an object that is there already. */
export function errnoOf(thrown: unknown): number | null {
  if (!(thrown instanceof AppError)) return null
  const errno = (thrown.detail as { errno?: unknown } | null)?.errno
  return typeof errno === 'number' ? errno : errnoOf(thrown.cause)
}
