import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
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
    requests: [],
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  handle = (request, response) => {
    local.requests.push(`${request.method} ${new URL(request.url ?? '/', issuer).pathname}`)
    if (request.url?.startsWith('/interaction/') !== true) return void own(request, response)
    const { person } = local
    if (person !== null) people.set(person.sub, person)
    const result = person === null ? { error: 'access_denied' } : { login: { accountId: person.sub, remember: false } }
    void provider.interactionFinished(request, response, result).catch((thrown: unknown) => response.writeHead(500).end(String(thrown)))
  }
  return local
}
