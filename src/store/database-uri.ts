import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'
import { decode, MYSQL_SCHEMES, mysqlTarget, NO_HOST, parse, POSTGRES_SCHEMES, read, type DatabaseTarget, type Given } from './store-uri.ts'

/** Databases that are read from: each with the schemes of its addresses, and one to show. */
const DIALECTS = {
  postgres: {
    schemes: POSTGRES_SCHEMES,
    name: 'a PostgreSQL or YugabyteDB',
    example: 'postgresql://user:password@host:5432/database',
    target: postgresTarget,
  },
  mysql: {
    schemes: MYSQL_SCHEMES,
    name: 'a MySQL or MariaDB',
    example: 'mysql://user:password@host:3306/database',
    target: mysqlTarget,
  },
} as const

export type DatabaseDialect = keyof typeof DIALECTS
export interface NamedDatabase {
  readonly dialect: DatabaseDialect
  readonly target: DatabaseTarget
}

/** Reads the address of a database that is imported from; null when there is none. `variable` is where it was given. */
export function resolveDatabase(text: string | undefined, variable: string, known: readonly DatabaseDialect[]): NamedDatabase | null {
  const examples = known.map((one) => DIALECTS[one].example)
  const given = read({ [variable]: text }, variable, examples[0])
  if (given === null) return null
  const dialect = known.find((one) => DIALECTS[one].schemes.includes(given.scheme))
  if (dialect === undefined)
    throw new AppError(
      'store-scheme',
      `${variable} has the scheme ${given.scheme}://, and ${known.map((one) => DIALECTS[one].name).join(', or ')} is wanted here.`,
      {
        help: `Write it as ${examples.join(', or ')}.`,
        detail: { variable, scheme: given.scheme, allowed: known.flatMap((one) => DIALECTS[one].schemes).map((scheme) => `${scheme}://`) },
      },
    )
  return { dialect, target: DIALECTS[dialect].target(given) }
}

/** libpq's words. `prefer` and `allow` promise nothing, and the driver knows no fallback from TLS. */
const TLS: Readonly<Record<string, DatabaseTarget['tls']>> = {
  disable: null,
  false: null,
  '0': null,
  allow: null,
  prefer: null,
  require: 'encrypt',
  'no-verify': 'encrypt',
  true: 'encrypt',
  '1': 'encrypt',
  'verify-ca': 'verify',
  'verify-full': 'verify',
}
const PARAMETERS = new Set(['sslmode', 'ssl', 'host', 'port'])

/**
 * Of an address of others. It is taken apart, and what is not named here goes nowhere: `sslrootcert`, `sslkey` and the like name files of this
 * machine, and `host` another server than the one that is looked at.
 */
function postgresTarget(given: Given): DatabaseTarget {
  const { variable, scheme } = given
  const url = parse(given, 'postgresql')
  const query = url.searchParams
  const refuse = (what: string, help: string) =>
    new AppError('store-scheme', `${variable} ${what}.`, { help, detail: { variable, scheme } })
  const mode = (query.get('sslmode') ?? query.get('ssl') ?? 'disable').toLowerCase()
  const tls = TLS[mode]
  if (tls === undefined) throw refuse(`asks for the TLS mode ${mode}, which is not known`, 'Known: disable, require, verify-full.')
  const database = decode(given, url.pathname.replace(/^\//, ''))
  if (database === '' || database.includes('/'))
    throw refuse('names no database', 'Write it behind the host: postgresql://user:password@host:5432/database.')
  const username = decode(given, url.username)
  if (username === '') throw refuse('names no user', 'Write it in front of the host: postgresql://user:password@host:5432/database.')
  const named = query.get('host')
  const socket = named?.startsWith('/') === true ? named : null
  const plain = url.hostname === NO_HOST || url.hostname === '' ? 'localhost' : url.hostname.replace(/^\[|\]$/g, '')
  const host = socket === null ? (named ?? plain) : plain
  const port = Number(query.get('port') ?? (url.port || '5432'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse('has a port that is none', 'Leave it out, or write 5432.')
  return {
    host,
    port,
    socket,
    username,
    password: new Secret(decode(given, url.password)),
    database,
    tls,
    ignored: [...new Set(query.keys())].filter((name) => !PARAMETERS.has(name)),
    describe: `${socket ?? host}:${port}/${database}`,
    variable,
  }
}
