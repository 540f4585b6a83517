import { DatabaseError } from 'pg'
import { AppError, systemCode, type ErrorCode } from '../errors.ts'

/** Of the network, of TLS, and of the driver for a connection that ended. */
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
])
const CONNECTION_ENDED =
  /^(Connection terminated|timeout (exceeded|expired)|Client has encountered a connection error|Client was closed|Query read timeout)/
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/

interface Reading {
  code: ErrorCode
  message: (where: string) => string
  help: (place: PostgresPlace) => string
}

/** What is told of a server: what people may see, the setting that names it, and whether it is one of others, which is only read. */
export interface PostgresPlace {
  readonly describe: string
  readonly variable: string
  readonly readOnly: boolean
}

const CREDENTIALS: Reading = {
  code: 'store-credentials',
  message: (where) => `${where} does not accept the user or the password.`,
  help: ({ variable }) => `Check the user and the password in ${variable}, and that pg_hba.conf lets this host in.`,
}
const UNAVAILABLE: Reading = {
  code: 'store-unavailable',
  message: (where) => `${where} cannot be reached.`,
  help: ({ variable, readOnly }) =>
    `Check the host and the port in ${variable}, and that the server runs. ${readOnly ? 'What was begun can be run again.' : 'It is asked again by itself.'}`,
}
const BUSY: Reading = {
  code: 'store-unavailable',
  message: (where) => `${where} is too busy to answer now.`,
  help: () => 'Try again. When it stays so, look for long transactions in pg_stat_activity and at max_connections.',
}

/** By SQLSTATE, or by its class (the first two characters). */
const READINGS: Readonly<Record<string, Reading>> = {
  '28P01': CREDENTIALS,
  '28000': CREDENTIALS,
  '3D000': {
    code: 'store-unavailable',
    message: (where) => `${where} has no database of that name.`,
    help: ({ variable, readOnly }) =>
      readOnly
        ? `Correct the name at the end of ${variable}.`
        : `Create it (create database fairlead), or correct the name at the end of ${variable}.`,
  },
  '53100': {
    code: 'disk-full',
    message: (where) => `The disk of ${where} is full.`,
    help: () => 'Free some space on it.',
  },
  '25006': {
    code: 'store-unavailable',
    message: (where) => `${where} is read-only, as a standby is.`,
    help: ({ variable }) => `Point ${variable} at the primary server.`,
  },
  '42501': {
    code: 'store-refused',
    message: (where) => `The user lacks a right in ${where}.`,
    help: ({ variable, readOnly }) =>
      readOnly
        ? `Grant select on the tables to the user of ${variable}.`
        : `Let the user of ${variable} own the database, or: grant create, usage on schema public to that user (PostgreSQL 15 and newer give it to nobody).`,
  },
  '08': UNAVAILABLE,
  '57P01': UNAVAILABLE,
  '57P02': UNAVAILABLE,
  '57P03': UNAVAILABLE,
  '57014': BUSY,
  '55P03': BUSY,
  '40001': BUSY,
  '40P01': BUSY,
  '53': BUSY,
}

/** Says in our words what the driver or the server threw. `statement` is the name of what ran, when something did. */
export function translatePostgresError(thrown: unknown, place: PostgresPlace, statement: string | null): unknown {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof DatabaseError) return refused(thrown, place, statement)
  const { describe: where, variable, readOnly } = place
  const code = systemCode(firstOf(thrown)) ?? ''
  const message = thrown instanceof Error ? thrown.message : ''
  if (CERTIFICATE.test(code)) {
    return new AppError('store-unavailable', `The TLS certificate of ${where} cannot be verified (${code}).`, {
      help: readOnly
        ? `Use sslmode=require in ${variable} to encrypt without verifying.`
        : `Name its authority with sslrootcert=FILE in ${variable}, or use sslmode=require to encrypt without verifying.`,
      detail: { statement, code },
    })
  }
  if (message.includes('does not support SSL')) {
    return new AppError('store-unavailable', `${where} does not speak TLS.`, {
      help: `Leave sslmode out of ${variable}, or turn ssl on in the server.`,
    })
  }
  if (/password must be a string|no password|SASL/i.test(message)) return reading(CREDENTIALS, place, { statement })
  if (UNREACHABLE.has(code) || CONNECTION_ENDED.test(message)) return reading(UNAVAILABLE, place, { statement, code })
  return thrown
}

/** Whether a translated error is one of the connection, not of the server: nothing more goes over it. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'store-unavailable' && sqlStateOf(thrown) === null
}

/** The SQLSTATE of a translated error, or of the one that it was made from, for what depends on it: a retry, a name that is taken (23505). */
export function sqlStateOf(thrown: unknown): string | null {
  if (!(thrown instanceof AppError)) return null
  const state = (thrown.detail as { sqlstate?: unknown } | null)?.sqlstate
  return typeof state === 'string' ? state : sqlStateOf(thrown.cause)
}

function refused(error: DatabaseError, place: PostgresPlace, statement: string | null): AppError {
  const sqlstate = error.code ?? ''
  // Never `detail`, `where` or `hint`, and in class 22 (data) not even the message: they quote values.
  const detail = { statement, sqlstate, constraint: error.constraint ?? null, table: error.table ?? null, column: error.column ?? null }
  const known = READINGS[sqlstate] ?? READINGS[sqlstate.slice(0, 2)]
  if (known) return reading(known, place, detail)
  const said = sqlstate.startsWith('22') ? `a value does not fit (${sqlstate})` : `${error.message} (${sqlstate})`
  return new AppError('store-refused', `${place.describe} refused the statement ${statement ?? 'of the connection'}: ${said}.`, {
    help: place.readOnly
      ? 'Its tables are not what is expected: `--dry-run` says what was found.'
      : 'This is most likely a defect of Fairlead: please report it with the name of the statement. `fairlead migrate semantic verify` tells whether the schema is as it should be.',
    detail,
  })
}

function reading({ code, message, help }: Reading, place: PostgresPlace, detail: unknown): AppError {
  return new AppError(code, message(place.describe), { help: help(place), detail })
}

/** A host with several addresses fails with all their errors at once. */
function firstOf(thrown: unknown): unknown {
  return thrown instanceof AggregateError ? thrown.errors[0] : thrown
}
