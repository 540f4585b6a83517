import { AppError } from '../errors.ts'
import { Secret } from '../secret.ts'

/** Where the semantic store is. `describe` is what people may see: never the password. */
interface PostgresTarget {
  uri: Secret
  describe: string
  variable: string
}

/** Where the analytics store is, in the parts that the ClickHouse client takes. */
interface ClickHouseTarget {
  /** Scheme, host, port and path, without credentials. */
  url: Secret
  username: string
  password: Secret
  database: string
  /** Replicated and distributed tables on this cluster; null for a single node. */
  cluster: string | null
  /** Query parameters that mean nothing here: the caller warns about them. */
  ignored: string[]
  describe: string
  variable: string
}

/** Where a database of others is, a neighbour that is read from or written to, in the parts that a driver takes: nothing of the address goes to it as it stands. */
export interface DatabaseTarget {
  host: string
  port: number
  /** A Unix socket in place of host and port. */
  socket: string | null
  username: string
  password: Secret
  database: string
  /** Null: unencrypted. `verify` also proves who the server is. */
  tls: 'encrypt' | 'verify' | null
  /** Query parameters that mean nothing here. */
  ignored: string[]
  describe: string
  variable: string
}

export type MysqlTarget = DatabaseTarget

/** Null: no setting names this store, so it is the embedded one. */
export interface StoreTargets {
  semantic: PostgresTarget | null
  analytics: ClickHouseTarget | null
}

const EXAMPLES: Readonly<Record<string, string>> = {
  CLICKHOUSE_URI: 'clickhouse://user:password@host:8123/fairlead',
  MYSQL_URI: 'mysql://user:password@host:3306/lake',
  '--to': 'mysql://user:password@host:3306/lake',
}

type Variables = Readonly<Record<string, string | undefined>>

export interface Given {
  variable: string
  scheme: string
  text: string
}

export const POSTGRES_SCHEMES = ['postgresql', 'postgres', 'postgresql+asyncpg']
const CLICKHOUSE_SCHEMES = ['clickhouse', 'clickhouses', 'http', 'https', 'clickhouse+http', 'clickhouse+https']
/** These speak ClickHouse's native protocol (port 9000), which the client does not. They are recognised in order to say so. */
const NATIVE_SCHEMES = ['clickhouse+native', 'clickhouse+asynch']
const NATIVE_PORTS = new Set(['9000', '9440'])
const CLICKHOUSE_PARAMETERS = new Set(['cluster', 'database', 'secure', 'ssl'])
export const MYSQL_SCHEMES = ['mysql', 'mariadb', 'mysql+pymysql']
const MYSQL_PARAMETERS = new Set(['ssl-mode', 'sslmode', 'tls', 'ssl', 'socket'])
const FALLBACKS = ['DATABASE_URI', 'DATABASE_URL']

/** Reads the store settings (interfaces §2). A pure function of the variables; an empty one counts as unset. */
export function resolveStores(variables: Variables): StoreTargets {
  const postgres = choose(variables, 'POSTGRES_URI', POSTGRES_SCHEMES)
  const clickhouse = choose(variables, 'CLICKHOUSE_URI', [...CLICKHOUSE_SCHEMES, ...NATIVE_SCHEMES])
  return { semantic: postgres && postgresTarget(postgres), analytics: clickhouse && clickhouseTarget(clickhouse) }
}

/** Reads MYSQL_URI, or the address that stood in its place on the command line; null when there is none. */
export function resolveMysql(text: string | undefined, variable = 'MYSQL_URI'): MysqlTarget | null {
  const given = read({ [variable]: text }, variable)
  if (given === null) return null
  if (!MYSQL_SCHEMES.includes(given.scheme)) {
    throw new AppError('store-scheme', `${variable} has the scheme ${given.scheme}://, and a MySQL or MariaDB is wanted here.`, {
      help: `${elsewhere(given.scheme)}Write it as mysql://user:password@host:3306/lake.`,
      detail: { variable, scheme: given.scheme, allowed: MYSQL_SCHEMES.map((scheme) => `${scheme}://`) },
    })
  }
  return mysqlTarget(given)
}

/** The store's own variable, or the first fallback whose scheme is one of the store's. A fallback that no store can use is an error, not a silence. */
function choose(variables: Variables, own: string, schemes: readonly string[]): Given | null {
  const given = read(variables, own)
  if (given) {
    if (!schemes.includes(given.scheme)) throw unusable(given, schemes)
    return given
  }
  for (const variable of FALLBACKS) {
    const fallback = read(variables, variable)
    if (!fallback) continue
    if (schemes.includes(fallback.scheme)) return fallback
    const known = [...POSTGRES_SCHEMES, ...CLICKHOUSE_SCHEMES, ...NATIVE_SCHEMES]
    if (!known.includes(fallback.scheme)) throw unusable(fallback, known)
  }
  return null
}

export function read(variables: Variables, variable: string, example = EXAMPLES[variable]): Given | null {
  const text = variables[variable]?.trim() ?? ''
  if (text === '') return null
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    throw new AppError('store-scheme', `${variable} does not begin with a scheme.`, {
      help: `Write it as a URI, for example ${example ?? 'postgresql://user:password@host:5432/fairlead'}.`,
      detail: { variable },
    })
  }
  return { variable, scheme, text }
}

/** Of an address that another variable takes, or nothing does. */
function elsewhere(scheme: string): string {
  if (POSTGRES_SCHEMES.includes(scheme)) return 'A PostgreSQL belongs into POSTGRES_URI. '
  if ([...CLICKHOUSE_SCHEMES, ...NATIVE_SCHEMES].includes(scheme)) return 'A ClickHouse belongs into CLICKHOUSE_URI. '
  if (MYSQL_SCHEMES.includes(scheme)) return 'A MySQL or MariaDB is read and filled beside the stores, and belongs into MYSQL_URI. '
  return /^sqlite\b/.test(scheme) ? 'No store of Fairlead is an SQLite file: the embedded ones need no server either. ' : ''
}

function unusable(given: Given, schemes: readonly string[]): AppError {
  const allowed = schemes.filter((scheme) => !NATIVE_SCHEMES.includes(scheme)).map((scheme) => `${scheme}://`)
  return new AppError('store-scheme', `${given.variable} has the scheme ${given.scheme}://, which no store of Fairlead speaks there.`, {
    help: `${elsewhere(given.scheme)}Use one of ${allowed.join(', ')}, or unset ${given.variable} for the embedded store.`,
    detail: { variable: given.variable, scheme: given.scheme, allowed },
  })
}

/** `URL` refuses `user@/db?host=/run/postgresql`, which libpq allows: a stand-in host makes it readable. */
export const NO_HOST = 'no-host.invalid'

export function parse(given: Given, scheme: string): URL {
  const rest = given.text.slice(given.scheme.length + '://'.length).replace(/^([^/?#]*@)?(?=[/?#]|$)/, `$1${NO_HOST}`)
  if (URL.canParse(`${scheme}://${rest}`)) return new URL(`${scheme}://${rest}`)
  throw new AppError('store-scheme', `${given.variable} is not a well-formed URI.`, {
    help: 'Percent-encode special characters of the user and the password: / is %2F, # is %23, ? is %3F, @ is %40, % is %25.',
    detail: { variable: given.variable, scheme: given.scheme },
  })
}

export function decode(given: Given, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new AppError('store-scheme', `The credentials in ${given.variable} have a % that begins no escape.`, {
      help: 'Write a literal % as %25.',
      detail: { variable: given.variable, scheme: given.scheme },
    })
  }
}

function postgresTarget(given: Given): PostgresTarget {
  const url = parse(given, 'postgresql')
  for (const part of [url.username, url.password, url.pathname]) decode(given, part)
  const query = url.searchParams
  // asyncpg spells the same setting `ssl`, with libpq's words for it.
  const ssl = query.get('ssl')
  if (ssl !== null && !query.has('sslmode'))
    query.set('sslmode', { true: 'require', '1': 'require', false: 'disable', '0': 'disable' }[ssl] ?? ssl)
  if (ssl !== null) query.delete('ssl')
  // `prefer` and `allow` promise nothing, and the driver knows no fallback from TLS: it would refuse a server without TLS.
  if (['prefer', 'allow'].includes(query.get('sslmode') ?? '')) query.delete('sslmode')
  // Everybody else reads `sslmode` as libpq does; the driver does so only when told.
  if (query.has('sslmode') && query.get('sslmode') !== 'no-verify' && !query.has('uselibpqcompat')) query.set('uselibpqcompat', 'true')
  const socket = query.get('host')
  const where = socket ?? (url.hostname === NO_HOST ? 'localhost' : url.hostname)
  return {
    uri: new Secret(url.href.replace(NO_HOST, '')),
    describe: `${where}:${query.get('port') ?? (url.port || '5432')}${decodeURIComponent(url.pathname)}`,
    variable: given.variable,
  }
}

function clickhouseTarget(given: Given): ClickHouseTarget {
  const bare = given.scheme.replace('clickhouse+', '')
  const asksTls = bare === 'https' || bare === 'clickhouses'
  // Parsed under a scheme that `URL` knows no default port for, because 80 and 443 are not ClickHouse's defaults.
  const url = parse(given, 'clickhouse')
  const native = NATIVE_SCHEMES.includes(given.scheme) || (given.scheme === 'clickhouse' && NATIVE_PORTS.has(url.port))
  if (native) {
    throw new AppError('store-scheme', `${given.variable} names ClickHouse's native protocol, and Fairlead speaks its HTTP interface.`, {
      help: 'Use the HTTP port: clickhouse://user:password@host:8123/database, or https://…:8443 with TLS.',
      detail: { variable: given.variable, scheme: given.scheme, port: url.port },
    })
  }
  const query = url.searchParams
  const tls = asksTls || ['true', '1', 'yes'].includes(query.get('secure') ?? query.get('ssl') ?? '')
  const ownScheme = bare.startsWith('clickhouse')
  const port = url.port || (ownScheme ? (tls ? '8443' : '8123') : tls ? '443' : '80')
  const host = url.hostname === NO_HOST ? 'localhost' : url.hostname
  // With the scheme of ClickHouse the path is the database. A plain http URL may stand behind a proxy path, so there the last segment is.
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  const database = query.get('database') ?? decode(given, segments.pop() ?? '')
  const prefix = segments.length > 0 ? `/${segments.join('/')}` : ''
  return {
    url: new Secret(`${tls ? 'https' : 'http'}://${host}:${port}${prefix}`),
    username: decode(given, url.username) || 'default',
    password: new Secret(decode(given, url.password)),
    database: database === '' ? 'fairlead' : database,
    cluster: query.get('cluster') || null,
    ignored: [...new Set(query.keys())].filter((name) => !CLICKHOUSE_PARAMETERS.has(name)),
    describe: `${host}:${port}/${database === '' ? 'fairlead' : database}`,
    variable: given.variable,
  }
}

/** What the common clients write for TLS: MySQL's own words, libpq's, and those of the Go driver (DevLake's DB_URL). */
const MYSQL_TLS: Readonly<Record<string, MysqlTarget['tls']>> = {
  disabled: null,
  disable: null,
  false: null,
  '0': null,
  // They promise nothing, and the driver knows no fallback from TLS.
  preferred: null,
  prefer: null,
  required: 'encrypt',
  require: 'encrypt',
  'skip-verify': 'encrypt',
  verify_ca: 'verify',
  'verify-ca': 'verify',
  verify_identity: 'verify',
  'verify-full': 'verify',
  true: 'verify',
  '1': 'verify',
}

export function mysqlTarget(given: Given): MysqlTarget {
  const url = parse(given, 'mysql')
  const query = url.searchParams
  const mode = (query.get('ssl-mode') ?? query.get('sslmode') ?? query.get('tls') ?? query.get('ssl') ?? 'disabled').toLowerCase()
  const tls = MYSQL_TLS[mode]
  if (tls === undefined) {
    throw new AppError('store-scheme', `${given.variable} asks for the TLS mode ${mode}, which is not known.`, {
      help: 'Known: DISABLED, REQUIRED, VERIFY_IDENTITY.',
      detail: { variable: given.variable, scheme: given.scheme },
    })
  }
  const database = decode(given, url.pathname.replace(/^\//, ''))
  if (database === '' || database.includes('/')) {
    throw new AppError('store-scheme', `${given.variable} names no database.`, {
      help: 'Write it behind the host: mysql://user:password@host:3306/lake.',
      detail: { variable: given.variable, scheme: given.scheme },
    })
  }
  const socket = query.get('socket')
  const host = url.hostname === NO_HOST || url.hostname === '' ? 'localhost' : url.hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: Number(url.port || '3306'),
    socket,
    username: decode(given, url.username),
    password: new Secret(decode(given, url.password)),
    database,
    tls,
    ignored: [...new Set(query.keys())].filter((name) => !MYSQL_PARAMETERS.has(name)),
    describe: `${socket ?? `${host}:${url.port || '3306'}`}/${database}`,
    variable: given.variable,
  }
}
