import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from './errors.ts'
import { Secret } from './secret.ts'

/**
 * Every setting of the process, read once, here and nowhere else: environment variable, then `fairlead.config.json`, then default.
 * `fairlead config` and docs/reference/settings.md are made from this table.
 */
interface Setting<T> {
  readonly schema: z.ZodType<T>
  readonly default: string | null
  readonly meaning: string
  readonly secret?: true
}

const setting = <T>(schema: z.ZodType<T>, fallback: string | null, meaning: string): Setting<T> => ({ schema, default: fallback, meaning })
const secret = (meaning: string): Setting<Secret> => ({
  schema: z
    .string()
    .min(1)
    .transform((value) => new Secret(value)),
  default: null,
  meaning,
  secret: true,
})

const port = z.coerce.number().int().min(0).max(65_535)
const bytes = z.coerce.number().int().nonnegative()
const names = z.string().transform((text) =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
)

export const SETTINGS = {
  FAIRLEAD_DATA: setting(z.string().min(1), './.fairlead', 'Data directory: the embedded stores, the journal, the ingest token.'),
  PORT: setting(port, '4000', 'Where the server listens; 0 takes a free port.'),
  HOST: setting(
    z.string().min(1),
    '127.0.0.1',
    'The address it binds. Others than loopback need an account that runs the installation: `fairlead admin create-user --superuser`.',
  ),
  POSTGRES_URI: secret(
    'Semantic store: `postgresql://…` (PostgreSQL 14+, YugabyteDB). Unset: a PostgreSQL of our own in the data directory.',
  ),
  CLICKHOUSE_URI: secret(
    'Analytics store: `clickhouse://user:password@host:8123/db` or `http(s)://…`; `?cluster=NAME` for replicated and distributed tables. Unset: chDB in the data directory.',
  ),
  DATABASE_URI: secret('Used for the store whose scheme it has, when the specific variable is unset.'),
  DATABASE_URL: secret('As DATABASE_URI, asked last.'),
  MYSQL_URI: secret(
    'A MySQL 8 or MariaDB 10.6+ beside the stores: `mysql://user:password@host:3306/lake`. Where `export lake` writes and `import devlake` reads, unless they are told another.',
  ),
  DEVLAKE_ENCRYPTION_SECRET: secret(
    'ENCRYPTION_SECRET of an Apache DevLake, for `import devlake`: with it connections and API keys are taken, too. Read by that command only, and not needed afterwards.',
  ),
  FAIRLEAD_PUBLIC_URL: setting(
    z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).href === `${new URL(text).origin}/`, 'it must have no path'),
    null,
    'The address under which browsers reach this server, for links and for the way back from single sign-on. Unset: the one that a request came to; mail needs it.',
  ),
  FAIRLEAD_OIDC_ISSUER: setting(
    z.url({ protocol: /^https?$/ }),
    null,
    'The OpenID Connect provider with which people sign in, as it names itself (`https://…`; `http://` only on this machine). It is trusted in what it says about e-mail addresses.',
  ),
  FAIRLEAD_OIDC_CLIENT_ID: setting(z.string().min(1), null, 'Under which name this server is registered there.'),
  FAIRLEAD_OIDC_CLIENT_SECRET: secret('The secret that belongs to it.'),
  FAIRLEAD_OIDC_TITLE: setting(z.string().min(1).max(60), 'Single sign-on', 'What stands on the button.'),
  FAIRLEAD_OIDC_ROLE: setting(
    z.enum(['viewer', 'member', 'admin']),
    null,
    'The role that a person whom nobody knows gets in the first organization. Unset: only those come in who were invited or have an account.',
  ),
  FAIRLEAD_OIDC_DOMAINS: setting(
    names,
    '',
    'E-mail domains of those to whom FAIRLEAD_OIDC_ROLE is given, parted by commas. Unset: everybody whom the provider lets in.',
  ),
  FAIRLEAD_SMTP_URI: secret(
    'The mail server: `smtp://user:password@host:587` (STARTTLS is required, except on this machine) or `smtps://…`. Unset: no mail, links are passed on by hand.',
  ),
  FAIRLEAD_MAIL_FROM: setting(z.string().min(3), null, 'Whom mails come from: `Fairlead <fairlead@example.com>`.'),
  FAIRLEAD_URL: setting(z.url({ protocol: /^https?$/ }), null, 'Where the command line finds a remote server.'),
  FAIRLEAD_TOKEN: secret('The token that the command line sends.'),
  FAIRLEAD_ORG: setting(
    z.string().min(1),
    null,
    'The organization (its slug) that the command line speaks for on the machine of the server. Unset: the first.',
  ),
  FAIRLEAD_LOG: setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    'warn',
    'How much is logged, as JSON lines on standard error.',
  ),
  FAIRLEAD_DISK_RESERVE: setting(
    bytes,
    String(256 * 1024 * 1024),
    'Bytes of free disk below which events are refused (503) before anything is half written.',
  ),
  FAIRLEAD_SECRET_KEY: secret('Root of the encryption of credentials. Unset: a key file in the data directory, made at the first start.'),
  FAIRLEAD_SECRET_KEY_OLD: secret('The key before, while credentials are sealed anew under FAIRLEAD_SECRET_KEY (`fairlead keys rotate`).'),
  FAIRLEAD_ALLOW_ADDRESSES: setting(
    names,
    '',
    'Private addresses that connectors may ask: names, addresses or networks (`10.0.0.0/8`), parted by commas; `all` for any. Unset: none.',
  ),
  HTTPS_PROXY: setting(
    z.url({ protocol: /^https?$/ }),
    null,
    'The proxy through which connectors, and the provider of single sign-on, are asked.',
  ),
  NO_PROXY: setting(z.string(), null, 'Hosts that are asked without the proxy, parted by commas.'),
  FAIRLEAD_JOURNAL_LIMIT: setting(
    bytes,
    String(4 * 1024 ** 3),
    'Bytes of events that may wait for the analytics store before new ones are refused (503).',
  ),
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof SETTINGS
type Value<N extends SettingName> =
  (typeof SETTINGS)[N] extends Setting<infer T> ? ((typeof SETTINGS)[N]['default'] extends null ? T | null : T) : never
type Values = { readonly [N in SettingName]: Value<N> }

export interface Config extends Values {
  /** Absolute path of the data directory. */
  readonly data: string
  /** The environment as it was given, for what a child process inherits and what a CI runner tells. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Each effective value and where it came from, secrets masked. */
  readonly origins: readonly {
    readonly name: SettingName
    readonly value: string | null
    readonly origin: 'environment' | 'file' | 'default'
  }[]
}

const FILE = 'fairlead.config.json'

export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  folder: string = process.cwd(),
): Config {
  const file = readFile(resolve(folder, FILE))
  const origins: { name: SettingName; value: string | null; origin: 'environment' | 'file' | 'default' }[] = []
  const values: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const given = environment[name] === undefined || environment[name] === '' ? undefined : environment[name]
    const origin = given !== undefined ? 'environment' : file[name] !== undefined ? 'file' : 'default'
    const text = given ?? (file[name] === undefined ? undefined : String(file[name])) ?? one.default
    if (text === null) values[name] = null
    else {
      const parsed = one.schema.safeParse(text)
      if (!parsed.success) {
        const shown = one.secret ? '[secret]' : JSON.stringify(text)
        throw new AppError('config', `${name} is ${shown}: ${parsed.error.issues[0]?.message}.`, {
          help: `${one.meaning} It comes from the ${origin === 'file' ? `file ${FILE}` : origin}.`,
        })
      }
      values[name] = parsed.data
    }
    origins.push({ name, value: text === null ? null : one.secret ? '[secret]' : text, origin })
  }
  const typed = values as unknown as Values
  return { ...typed, data: resolve(folder, typed.FAIRLEAD_DATA), environment, origins }
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {}
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new AppError('config', `${path} is not valid JSON.`, {
      help: 'Mend it or remove it; every setting can also be an environment variable.',
      cause,
    })
  }
  const parsed = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).safeParse(content)
  if (!parsed.success) throw new AppError('config', `${path} must be one flat object of settings.`, { help: 'For example {"PORT": 4001}.' })
  const unknown = Object.keys(parsed.data).filter((name) => !(name in SETTINGS))
  if (unknown.length > 0) {
    throw new AppError('config', `${path} names unknown settings: ${unknown.join(', ')}.`, {
      help: `Known: ${Object.keys(SETTINGS).join(', ')}.`,
    })
  }
  return parsed.data
}
