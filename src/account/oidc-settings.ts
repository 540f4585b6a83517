import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Role } from './role.ts'

export interface OidcSettings {
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: Secret
  readonly title: string
  /** What becomes of a person whom nobody knows; null: they are refused. */
  readonly newcomers: Newcomers | null
}

export interface Newcomers {
  readonly role: Role
  /** Of their e-mail addresses, in lower case; empty: any. */
  readonly domains: readonly string[]
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Providers at which anybody can have an account: their word that an address is verified lets in the whole world. */
const OPEN_TO_ALL = new Set(['accounts.google.com'])

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/** Null where none of it is set. What is set in part, or does not fit together, keeps the server from starting: it would look as if it worked. */
export function oidcSettingsOf(config: Config): OidcSettings | null {
  const {
    FAIRLEAD_OIDC_ISSUER: issuer,
    FAIRLEAD_OIDC_CLIENT_ID: clientId,
    FAIRLEAD_OIDC_CLIENT_SECRET: clientSecret,
    FAIRLEAD_OIDC_ROLE: role,
  } = config
  const domains = config.FAIRLEAD_OIDC_DOMAINS.map((one) => one.toLowerCase().replace(/^@/, ''))
  const refuse = (what: string, help: string) => new AppError('config', what, { help })
  if (issuer === null || clientId === null || clientSecret === null) {
    const needed = { FAIRLEAD_OIDC_ISSUER: issuer, FAIRLEAD_OIDC_CLIENT_ID: clientId, FAIRLEAD_OIDC_CLIENT_SECRET: clientSecret }
    const missing = Object.entries(needed).flatMap(([name, value]) => (value === null ? [name] : []))
    if (missing.length === 3 && role === null && domains.length === 0) return null
    throw refuse(
      `Single sign-on is set in part: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      'Set FAIRLEAD_OIDC_ISSUER, FAIRLEAD_OIDC_CLIENT_ID and FAIRLEAD_OIDC_CLIENT_SECRET, or nothing that begins with FAIRLEAD_OIDC.',
    )
  }
  const url = new URL(issuer)
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw refuse(`FAIRLEAD_OIDC_ISSUER is ${issuer}, and what it says could be changed on the way.`, 'Use its https:// address.')
  if (role === null && domains.length > 0)
    throw refuse('FAIRLEAD_OIDC_DOMAINS limits nothing without FAIRLEAD_OIDC_ROLE.', 'Set FAIRLEAD_OIDC_ROLE, or leave out the domains.')
  if (role !== null && domains.length === 0 && OPEN_TO_ALL.has(url.hostname))
    throw refuse(
      `FAIRLEAD_OIDC_ROLE with ${url.hostname} lets in everybody who has an account there.`,
      'Name your own domains in FAIRLEAD_OIDC_DOMAINS.',
    )
  return { issuer: url, clientId, clientSecret, title: config.FAIRLEAD_OIDC_TITLE, newcomers: role === null ? null : { role, domains } }
}
