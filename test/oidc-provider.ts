import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import { Provider } from 'oidc-provider'

/** Who somebody is at the provider; `sub` is what stays. */
export interface Person {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
}

export interface LocalProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Who sits in front of the browser; null: they press Cancel. */
  person: Person | null
  /** What becomes of the ID token on its way, while it is set. */
  forge: ((claims: JWTPayload) => Promise<string>) | null
  /** With the provider's own key, or with another. */
  sign(claims: JWTPayload, key?: CryptoKey): Promise<string>
  /** `POST /token`, in the order in which they came. */
  readonly requests: string[]
  close(): Promise<void>
}

/** A certified OpenID Connect provider in this process; whoever comes is signed in at once as `person`. */
export async function startProvider(
  redirectUris: readonly string[],
  options: { claimsInIdToken?: boolean; port?: number } = {},
): Promise<LocalProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const people = new Map<string, Person>()
  const client = { client_id: 'fairlead', client_secret: 'a client secret & more' }
  const provider = new Provider(issuer, {
    clients: [{ ...client, redirect_uris: [...redirectUris] }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' }] },
    cookies: { keys: ['of this test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: options.claimsInIdToken !== true,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ ...people.get(sub), sub }) }),
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        clientId: client.client_id,
        ...(context.oidc.session?.accountId === undefined ? {} : { accountId: context.oidc.session.accountId }),
      })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const own = provider.callback()
  const local: LocalProvider = {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    person: null,
    forge: null,
    sign: (claims, key = privateKey) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key),
    requests: [],
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  handle = (request, response) => {
    local.requests.push(`${request.method} ${new URL(request.url ?? '/', issuer).pathname}`)
    if (request.url === '/token' && local.forge !== null) forgeIn(response, local.forge)
    if (request.url?.startsWith('/interaction/') !== true) return void own(request, response)
    const { person } = local
    if (person !== null) people.set(person.sub, person)
    const result = person === null ? { error: 'access_denied' } : { login: { accountId: person.sub, remember: false } }
    void provider.interactionFinished(request, response, result).catch((thrown: unknown) => response.writeHead(500).end(String(thrown)))
  }
  return local
}

/** Changes the ID token in the answer, as somebody on the way would. */
function forgeIn(response: ServerResponse, forge: (claims: JWTPayload) => Promise<string>): void {
  const end = response.end.bind(response) as (text: string) => ServerResponse
  const forged = async (text: string): Promise<void> => {
    const { id_token, ...rest } = JSON.parse(text) as { id_token: string }
    const body = JSON.stringify({ ...rest, id_token: await forge(decodeJwt(id_token)) })
    response.setHeader('content-length', Buffer.byteLength(body))
    end(body)
  }
  response.end = ((text: string) => {
    void forged(text)
    return response
  }) as ServerResponse['end']
}
