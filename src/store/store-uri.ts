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

/** Null: no setting names this store, so it is the embedded one. */
export interface StoreTargets {
  semantic: PostgresTarget | null
  analytics: ClickHouseTarget | null
}

type Variables = Readonly<Record<string, string | undefined>>

interface Given {
  variable: string
  scheme: string
  text: string
}

const POSTGRES_SCHEMES = ['postgresql', 'postgres', 'postgresql+asyncpg']
const CLICKHOUSE_SCHEMES = ['clickhouse', 'clickhouses', 'http', 'https', 'clickhouse+http', 'clickhouse+https']
/** These speak ClickHouse's native protocol (port 9000), which the client does not. They are recognised in order to say so. */
const NATIVE_SCHEMES = ['clickhouse+native', 'clickhouse+asynch']
const NATIVE_PORTS = new Set(['9000', '9440'])
const CLICKHOUSE_PARAMETERS = new Set(['cluster', 'database', 'secure', 'ssl'])
const FALLBACKS = ['DATABASE_URI', 'DATABASE_URL']

/** Reads the store settings (interfaces §2). A pure function of the variables; an empty one counts as unset. */
export function resolveStores(variables: Variables): StoreTargets {
  const postgres = choose(variables, 'POSTGRES_URI', POSTGRES_SCHEMES)
  const clickhouse = choose(variables, 'CLICKHOUSE_URI', [...CLICKHOUSE_SCHEMES, ...NATIVE_SCHEMES])
  return { semantic: postgres && postgresTarget(postgres), analytics: clickhouse && clickhouseTarget(clickhouse) }
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

function read(variables: Variables, variable: string): Given | null {
  const text = variables[variable]?.trim() ?? ''
  if (text === '') return null
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    throw new AppError('store-scheme', `${variable} does not begin with a scheme.`, {
      help: `Write it as a URI, for example ${variable === 'CLICKHOUSE_URI' ? 'clickhouse://user:password@host:8123/fairlead' : 'postgresql://user:password@host:5432/fairlead'}.`,
      detail: { variable },
    })
  }
  return { variable, scheme, text }
}

function unusable(given: Given, schemes: readonly string[]): AppError {
  const allowed = schemes.filter((scheme) => !NATIVE_SCHEMES.includes(scheme)).map((scheme) => `${scheme}://`)
  return new AppError('store-scheme', `${given.variable} has the scheme ${given.scheme}://, which no store of Fairlead speaks there.`, {
    help: `Use one of ${allowed.join(', ')}, or unset ${given.variable} for the embedded store.`,
    detail: { variable: given.variable, scheme: given.scheme, allowed },
  })
}

/** `URL` refuses `user@/db?host=/run/postgresql`, which libpq allows: a stand-in host makes it readable. */
const NO_HOST = 'no-host.invalid'

function parse(given: Given, scheme: string): URL {
  const rest = given.text.slice(given.scheme.length + '://'.length).replace(/^([^/?#]*@)?(?=[/?#]|$)/, `$1${NO_HOST}`)
  if (URL.canParse(`${scheme}://${rest}`)) return new URL(`${scheme}://${rest}`)
  throw new AppError('store-scheme', `${given.variable} is not a well-formed URI.`, {
    help: 'Percent-encode special characters of the user and the password: / is %2F, # is %23, ? is %3F, @ is %40, % is %25.',
    detail: { variable: given.variable, scheme: given.scheme },
  })
}

function decode(given: Given, text: string): string {
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
