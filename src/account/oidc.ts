import * as client from 'openid-client'
import { fetch, type Dispatcher } from 'undici'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { isLoopback, type OidcSettings } from './oidc-settings.ts'
import { hashOf, randomCode } from './token-text.ts'

/** Why a sign-in with a provider did not open a session: the page has a sentence for each. */
export const SSO_REASONS = [
  'sso-away',
  'sso-stale',
  'sso-cancelled',
  'sso-failed',
  'sso-unverified',
  'sso-unknown',
  'sso-disabled',
  'sso-other-identity',
  'sso-invitation',
] as const
export type SsoReason = (typeof SSO_REASONS)[number]

/** `why` is for the log. */
export function ssoRefusal(reason: SsoReason, why: string, cause?: unknown): AppError {
  return new AppError(reason === 'sso-away' ? 'source-failed' : 'unauthenticated', why, {
    detail: { reason },
    ...(cause === undefined ? {} : { cause }),
  })
}

export function ssoReasonOf(error: AppError): SsoReason {
  const reason = (error.detail as { reason?: unknown } | null)?.reason
  return SSO_REASONS.find((one) => one === reason) ?? 'sso-failed'
}

/** Who a person is at the provider. */
export interface ExternalIdentity {
  readonly issuer: string
  readonly subject: string
  /** Null unless the provider says that it is theirs. */
  readonly verifiedEmail: string | null
  readonly name: string
}

/** Sign-in with OpenID Connect, up to who somebody is there: code flow with PKCE, state, nonce, and the browser that began it. */
export interface Oidc {
  readonly providers: readonly { readonly id: string; readonly title: string }[]
  /** `browser` goes into a cookie: only the browser that began a sign-in ends it, or somebody could be signed in as another. */
  begin(id: string, asked: { redirectUri: string; invitation: string | null; to: string }): Promise<{ location: string; browser: Secret }>
  finish(id: string, answer: { redirectUri: string; search: string; browser: string | undefined }): Promise<Finished>
}

interface Finished {
  readonly identity: ExternalIdentity
  /** The hash of the code of an invitation that came along. */
  readonly invitation: string | null
  readonly to: string
}

const ID = 'sso'
export const ATTEMPT_MINUTES = 10
const TIMEOUT_SECONDS = 5
/** How long what the provider says about itself is believed; its keys are asked for by their own rule. */
const REMEMBERED_MS = 3_600_000

const insertAttempt = statement({
  name: 'oidc.begin',
  sql: `INSERT INTO oidc_attempts (state_hash, browser_hash, nonce, verifier, invitation_hash, goes_to, expires_at)
VALUES ({state:text}, {browser:text}, {nonce:text}, {verifier:text}, {invitation:text}, {to:text}, {expires:timestamptz})`,
  row: noRow,
})
const tidyAttempts = statement({
  name: 'oidc.tidy',
  sql: 'DELETE FROM oidc_attempts WHERE expires_at <= {now:timestamptz}',
  row: noRow,
})
const spendAttempt = statement({
  name: 'oidc.spend',
  sql: `DELETE FROM oidc_attempts WHERE state_hash = {state:text} AND browser_hash = {browser:text} AND expires_at > {now:timestamptz}
RETURNING nonce, verifier, invitation_hash AS invitation, goes_to AS to`,
  row: z.object({ nonce: z.string(), verifier: z.string(), invitation: z.string().nullable(), to: z.string() }),
})

/** `dispatcher`: how the provider is asked. Its address is set by whoever runs the server, so no rule about addresses applies. */
export function openOidc(parts: { settings: OidcSettings | null; semantic: Semantic; clock: Clock; dispatcher: Dispatcher }): Oidc {
  const { settings, semantic, clock, dispatcher } = parts
  const now = () => instant(clock.now())
  let remembered: { found: Promise<client.Configuration>; until: number } | null = null
  const require = (id: string): OidcSettings => {
    if (settings !== null && id === ID) return settings
    throw new AppError('not-found', 'There is no such provider of single sign-on.', {
      help: 'GET /v1/signin/options names those there are.',
    })
  }
  const provider = async (given: OidcSettings): Promise<client.Configuration> => {
    if (remembered === null || remembered.until < clock.now())
      remembered = { found: discover(given, dispatcher), until: clock.now() + REMEMBERED_MS }
    const { found } = remembered
    try {
      return await found
    } catch (cause) {
      // What failed is asked again by the next one who comes.
      if (remembered?.found === found) remembered = null
      throw ssoRefusal('sso-away', `The provider at ${given.issuer.href} could not be asked: ${reasonOf(cause)}`, cause)
    }
  }
  return {
    providers: settings === null ? [] : [{ id: ID, title: settings.title }],
    async begin(id, { redirectUri, invitation, to }) {
      const configuration = await provider(require(id))
      const [state, browser, nonce] = [randomCode(), randomCode(), client.randomNonce()]
      const verifier = client.randomPKCECodeVerifier()
      await semantic.query(tidyAttempts, { now: now() })
      await semantic.query(insertAttempt, {
        state: hashOf(state.reveal()),
        browser: hashOf(browser.reveal()),
        nonce,
        verifier,
        invitation: invitation === null ? null : hashOf(invitation),
        to,
        expires: instant(clock.now() + ATTEMPT_MINUTES * 60_000),
      })
      const location = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state: state.reveal(),
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { location: location.href, browser }
    },
    async finish(id, { redirectUri, search, browser }) {
      const given = require(id)
      const currentUrl = new URL(redirectUri)
      currentUrl.search = search
      const state = currentUrl.searchParams.get('state')
      const attempt =
        state === null || browser === undefined
          ? null
          : await semantic.one(spendAttempt, { state: hashOf(state), browser: hashOf(browser), now: now() })
      // One answer for all of these, of which each may be somebody who tries.
      if (attempt === null || state === null)
        throw ssoRefusal('sso-stale', 'No sign-in of this browser is under way with this state: unknown, used, or older than ten minutes.')
      const { nonce, verifier, invitation, to } = attempt
      const configuration = await provider(given)
      try {
        const tokens = await client.authorizationCodeGrant(configuration, currentUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (claims === undefined) throw ssoRefusal('sso-failed', 'The provider sent no ID token.')
        // Many providers tell the e-mail, or that it is verified, only there.
        const isWhole = claims['email'] !== undefined && claims['email_verified'] !== undefined
        const more =
          isWhole || configuration.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
        return { identity: identityOf(claims.iss, claims.sub, { ...claims, ...more }), invitation, to }
      } catch (thrown) {
        throw refusalOf(thrown)
      }
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings, dispatcher: Dispatcher): Promise<client.Configuration> {
  const basic = client.ClientSecretBasic(clientSecret.reveal())
  const inBody = client.ClientSecretPost(clientSecret.reveal())
  return client.discovery(
    issuer,
    clientId,
    undefined,
    // OpenID Connect Discovery: where nothing is said it is basic.
    (server, ...rest) =>
      ((server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']).includes('client_secret_basic') ? basic : inBody)(
        server,
        ...rest,
      ),
    {
      timeout: TIMEOUT_SECONDS,
      execute: [client.enableNonRepudiationChecks, ...(isLoopback(issuer.hostname) ? [client.allowInsecureRequests] : [])],
      [client.customFetch]: async (url, options) =>
        (await fetch(url, { ...options, dispatcher } as Parameters<typeof fetch>[1])) as unknown as Response,
    },
  )
}

const profile = z.object({
  email: z.string().max(254).optional().catch(undefined),
  email_verified: z.unknown().optional(),
  xms_edov: z.unknown().optional(),
  name: z.string().optional().catch(undefined),
})

/**
 * Only `email_verified: true` makes an address theirs. Microsoft Entra ID does not send it, but `xms_edov` where that is configured: the
 * domain of the address is proved to be the directory's own. From others it would be a word without meaning.
 */
export function identityOf(issuer: string, subject: string, claims: unknown): ExternalIdentity {
  const { email, email_verified, xms_edov, name } = profile.parse(claims)
  const isEntra = new URL(issuer).hostname === 'login.microsoftonline.com'
  const isVerified =
    email_verified === true || (email_verified === undefined && isEntra && [true, 1, '1', 'true'].includes(xms_edov as never))
  const address = email?.trim().toLowerCase()
  const isAddress = z.email().safeParse(address).success
  return {
    issuer,
    subject,
    verifiedEmail: isVerified && isAddress ? (address ?? null) : null,
    name: name?.trim().slice(0, 200) ?? '',
  }
}

function refusalOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof client.AuthorizationResponseError && thrown.error === 'access_denied')
    return ssoRefusal('sso-cancelled', 'The provider says that access was denied.', thrown)
  const isAway =
    (thrown as { code?: unknown } | null)?.code === 'OAUTH_TIMEOUT' || (thrown instanceof TypeError && thrown.message === 'fetch failed')
  return ssoRefusal(isAway ? 'sso-away' : 'sso-failed', `What the provider answered did not hold: ${reasonOf(thrown)}`, thrown)
}

/** One line, and short: parts of it come from outside. */
function reasonOf(thrown: unknown): string {
  const parts: string[] = []
  for (let one = thrown; one instanceof Error && parts.length < 4; one = one.cause) {
    const { code, error } = one as { code?: unknown; error?: unknown }
    parts.push([one.message, ...[code, error].filter((each) => typeof each === 'string')].join(' '))
  }
  return (parts.join(': ') || String(thrown)).replaceAll(/\s+/g, ' ').slice(0, 300)
}
