import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { openSemantic, type Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { startProvider, type LocalProvider, type Person } from './oidc-provider.ts'
import { environmentOf, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Single sign-on as a browser does it: the real program, a real provider, every redirect followed with its cookies. */
const PASSWORD = 'correct horse battery'
const CALLBACK = '/v1/signin/oidc/sso/callback'
let scratch: string
let data: string
let postgres: EmbeddedPostgres | undefined
let semantic: Semantic
let provider: LocalProvider
let server: Server
let settings: Record<string, string>

/** The provider must know the address before the server has it. */
async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-oidc-'))
  data = await freshDirectory()
  const port = await freePort()
  provider = await startProvider([`http://localhost:${port}${CALLBACK}`])
  // The test looks into the database, too: into the one that the suite names, else into one of its own.
  let uri = (await environmentOf(data))['POSTGRES_URI']
  if (uri === undefined) {
    postgres = await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog })
    uri = `postgresql://${postgres.user}@/${postgres.database}?host=${postgres.host}`
  }
  semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
  settings = {
    FAIRLEAD_OIDC_ISSUER: provider.issuer,
    FAIRLEAD_OIDC_CLIENT_ID: provider.clientId,
    FAIRLEAD_OIDC_CLIENT_SECRET: provider.clientSecret,
    FAIRLEAD_OIDC_TITLE: 'Acme',
    FAIRLEAD_OIDC_ROLE: 'viewer',
    FAIRLEAD_OIDC_DOMAINS: 'acme.example, Other.example',
  }
  server = await startServer(data, { ...settings, POSTGRES_URI: uri }, port)
}, 60_000)
afterAll(async () => {
  await server.stop()
  await semantic.close()
  await provider.close()
  await postgres?.stop()
  rmSync(scratch, { recursive: true, force: true })
  await removeDirectory(data)
})

/** A browser: cookies by host and port, redirects one at a time. */
class Browser {
  readonly #cookies = new Map<string, Map<string, { value: string; path: string }>>()
  /** Every address that it went to. */
  readonly visited: string[] = []

  async get(address: string, headers: Record<string, string> = {}): Promise<Response> {
    const url = new URL(address)
    this.visited.push(url.href)
    const kept = this.#cookies.get(url.host) ?? new Map<string, { value: string; path: string }>()
    const cookie = [...kept].filter(([, { path }]) => url.pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`)
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: cookie.join('; '), accept: 'text/html', ...headers } })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((one) => one.trim())
      const path = attributes.find((one) => one.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
      const name = pair.slice(0, pair.indexOf('='))
      if (attributes.some((one) => /^max-age=0$/i.test(one))) kept.delete(name)
      else kept.set(name, { value: pair.slice(name.length + 1), path })
    }
    this.#cookies.set(url.host, kept)
    return answer
  }
  /** Follows until `stop` or where there is no redirect; the address it stands at. `change` is what somebody in between does. */
  async follow(address: string, options: { stop?: (url: URL) => boolean; change?: (url: URL) => void } = {}): Promise<URL> {
    let at = new URL(address)
    for (let hops = 0; hops < 12; hops++) {
      options.change?.(at)
      if (options.stop?.(at) === true) return at
      const answer = await this.get(at.href)
      const next = answer.headers.get('location')
      if (next === null) return at
      at = new URL(next, at)
    }
    throw new Error(`redirected without an end: ${this.visited.join(' ')}`)
  }
  cookie(name: string): string | undefined {
    return this.#cookies.get(new URL(server.url).host)?.get(name)?.value
  }
  setCookie(name: string, value: string, path: string): void {
    this.#cookies.get(new URL(server.url).host)?.set(name, { value, path })
  }
  async session(): Promise<{ email: string; organization: string; role: string | null } | null> {
    const answer = await this.get(`${server.url}/v1/session`)
    if (answer.status !== 200) return null
    const body = (await answer.json()) as { user: { email: string }; organization: { slug: string }; role: string | null }
    return { email: body.user.email, organization: body.organization.slug, role: body.role }
  }
}

const begin = (query = '') => `${server.url}/v1/signin/oidc/sso${query}`
const isCallback = (url: URL) => url.pathname === CALLBACK
/** A whole sign-in in a browser of its own, and where it ended. */
async function signIn(
  person: Person | null,
  browser = new Browser(),
): Promise<{ browser: Browser; at: string; me: Awaited<ReturnType<Browser['session']>> }> {
  provider.person = person
  const end = await browser.follow(begin())
  return { browser, at: `${end.pathname}${end.search}`, me: await browser.session() }
}
async function post<T = Record<string, string>>(path: string, body: unknown, org?: string): Promise<T> {
  const answer = await server.post(path, JSON.stringify(body), {
    authorization: `Bearer ${server.token}`,
    ...(org === undefined ? {} : { 'fairlead-organization': org }),
  })
  expect([path, answer.status]).toEqual([path, 200])
  return (await answer.json()) as T
}
const account = (email: string, more = {}) => post<{ id: string }>('/v1/users', { email, password: PASSWORD, ...more })
let people = 0
const someone = (more: Partial<Person> = {}): Person => {
  const sub = `person-${++people}`
  return { sub, email: `${sub}@elsewhere.example`, email_verified: true, name: `Person ${people}`, ...more }
}
const identities = async () =>
  semantic.query(
    statement({
      name: 'test.identities',
      sql: 'SELECT subject, email FROM user_identities JOIN users ON id = user_id',
      row: z.object({ subject: z.string(), email: z.string() }),
    }),
  )

afterEach(() => {
  provider.person = null
})

describe('who comes in', () => {
  test('the page is told of the provider', async () => {
    expect(await server.get('/v1/signin/options')).toMatchObject({ oidc: [{ id: 'sso', title: 'Acme' }] })
  })

  test('a person with an account, by the verified e-mail; afterwards by identity, whatever the e-mail has become', async () => {
    const ada = someone({ email: 'Ada@Elsewhere.example' })
    const { id } = await account('ada@elsewhere.example')
    await post('/v1/members', { email: 'ada@elsewhere.example', role: 'member' })
    const first = await signIn(ada)
    expect(first).toMatchObject({ at: '/', me: { email: 'ada@elsewhere.example', organization: 'default', role: 'member' } })
    expect(first.browser.cookie('fairlead_oidc')).toBeUndefined()
    for (const now of [ada, { ...ada, email: 'grace@elsewhere.example' }, { ...ada, email_verified: false }, { sub: ada.sub }])
      expect(await signIn(now)).toMatchObject({ at: '/', me: { email: 'ada@elsewhere.example' } })
    expect((await identities()).filter(({ email }) => email === 'ada@elsewhere.example')).toHaveLength(1)

    const log = await server.get<{
      items: { action: string; after: { by?: string; subject?: string }; actor: { id: string; name: string } }[]
    }>('/v1/audit?limit=200')
    const own = log.items.filter(({ actor }) => actor.id === id)
    expect(own.filter(({ action }) => action === 'user.identity_linked')).toMatchObject([
      { after: { issuer: provider.issuer, subject: ada.sub } },
    ])
    expect(own.filter(({ action }) => action === 'session.opened')).toHaveLength(5)
    expect(own.find(({ action }) => action === 'session.opened')?.after).toEqual({ by: provider.issuer })
  })

  test('not by an e-mail that is not verified, or that is not there', async () => {
    const { email = '' } = someone()
    await account(email)
    for (const person of [someone({ email, email_verified: false }), { sub: 'says-nothing', email }, { sub: 'no-address' }])
      expect(await signIn(person)).toMatchObject({ at: '/?signin=sso-unverified', me: null })
    expect((await identities()).filter((one) => one.email === email)).toEqual([])
  })

  test('whom nobody knows: not from elsewhere, and with the set role from the set domains', async () => {
    expect(await signIn(someone())).toMatchObject({ at: '/?signin=sso-unknown', me: null })
    expect(await signIn(someone({ email: 'x@sub.acme.example' }))).toMatchObject({ at: '/?signin=sso-unknown', me: null })
    for (const email of ['new@acme.example', 'new@other.example'])
      expect(await signIn(someone({ email }))).toMatchObject({ at: '/', me: { email, organization: 'default', role: 'viewer' } })
    expect(await signIn(someone({ email: 'new2@acme.example', email_verified: false }))).toMatchObject({ at: '/?signin=sso-unverified' })
  })

  test('an invited person with the role of the invitation, once; the account has no password', async () => {
    await post('/v1/organizations', { name: 'Bolt', slug: 'bolt' })
    const person = someone()
    await post('/v1/invitations', { email: person.email, role: 'admin' }, 'bolt')
    expect(await signIn(person)).toMatchObject({ at: '/', me: { email: person.email, organization: 'bolt', role: 'admin' } })
    const { items } = await server.get<{ items: { email: string; has_password: boolean; full_name: string }[] }>('/v1/users')
    expect(items.find(({ email }) => email === person.email)).toMatchObject({ has_password: false, full_name: person.name })
    expect(await signIn({ ...person, sub: 'another' })).toMatchObject({ at: '/?signin=sso-other-identity', me: null })
  })

  test('a disabled account is refused, linked or not', async () => {
    const [linked, fresh] = [someone(), someone()]
    for (const person of [linked, fresh]) {
      const { id } = await account(person.email ?? '')
      if (person === linked) expect(await signIn(person)).toMatchObject({ at: '/' })
      await post('/v1/users/disable', { id, disabled: true })
      expect(await signIn(person)).toMatchObject({ at: '/?signin=sso-disabled', me: null })
    }
  })

  test('an address that has passed to somebody else does not open the account before a superuser parts the two', async () => {
    const before = someone()
    const { id } = await account(before.email ?? '')
    const { browser } = await signIn(before)
    const after = someone({ email: before.email ?? '' })
    expect(await signIn(after)).toMatchObject({ at: '/?signin=sso-other-identity', me: null })
    expect(await post('/v1/users/unlink', { id })).toEqual({ unlinked: 1 })
    expect(await browser.session()).toBeNull()
    expect(await signIn(after)).toMatchObject({ at: '/', me: { email: before.email } })
    expect(await signIn(before)).toMatchObject({ at: '/?signin=sso-other-identity', me: null })
  })
})

describe('an invitation by its link', () => {
  const own = { 'sec-fetch-site': 'same-origin' }
  async function invite(email: string, role = 'member'): Promise<string> {
    const { link = '' } = await post('/v1/invitations', { email, role })
    return link.split('/').at(-1) ?? ''
  }
  async function join(code: string, person: Person): Promise<{ at: string; browser: Browser }> {
    provider.person = person
    const browser = new Browser()
    const answer = await browser.get(begin(`?invitation=${code}`), own)
    const end = await browser.follow(answer.headers.get('location') ?? '')
    return { at: `${end.pathname}${end.search}`, browser }
  }

  test('makes an account of the invited address, also where the provider verifies none', async () => {
    for (const person of [someone(), someone({ email_verified: false }), { sub: 'no-address-but-a-link' }]) {
      const email = person.email ?? 'linked@elsewhere.example'
      const { at, browser } = await join(await invite(email), person)
      expect([at, await browser.session()]).toEqual(['/', { email, organization: 'default', role: 'member' }])
      expect(await signIn({ sub: person.sub })).toMatchObject({ me: { email } })
    }
  })

  test('lets an account join whose e-mail is verified, and no other', async () => {
    const person = someone()
    await account(person.email ?? '')
    const code = await invite(person.email ?? '', 'admin')
    expect((await join(code, { ...person, email_verified: false })).at).toBe('/?signin=sso-unverified')
    expect((await join(code, someone())).at).toBe('/?signin=sso-invitation')
    const joined = await join(code, person)
    expect(await joined.browser.session()).toMatchObject({ email: person.email, role: 'admin' })
    // It is spent.
    expect((await join(code, person)).at).toBe('/?signin=sso-invitation')
  })

  test('does not take along whoever is somebody else here', async () => {
    const here = someone()
    await account(here.email ?? '')
    await signIn(here)
    const code = await invite('third@elsewhere.example', 'admin')
    expect((await join(code, here)).at).toBe('/?signin=sso-invitation')
    expect((await signIn(here)).me).toMatchObject({ role: null })
  })

  test('from elsewhere, it leads to the page that says what it is for', async () => {
    const browser = new Browser()
    const answer = await browser.get(begin('?invitation=abc'), { 'sec-fetch-site': 'cross-site' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/invitation/abc'])
  })
})

describe('what does not hold opens nothing', () => {
  const stale = '/?signin=sso-stale'
  const failed = '/?signin=sso-failed'
  let ada: Person
  beforeAll(async () => {
    ada = someone()
    await account(ada.email ?? '')
    await signIn(ada)
  })
  /** Goes on at the server with an answer of the provider's, and tells how it ended. */
  async function end(browser: Browser, callback: URL): Promise<string> {
    const answer = await browser.get(callback.href)
    expect(answer.status).toBe(302)
    if (answer.headers.get('location') !== '/') expect(await browser.session()).toBeNull()
    return answer.headers.get('location') ?? ''
  }
  async function upToCallback(change?: (url: URL) => void): Promise<{ browser: Browser; callback: URL }> {
    provider.person = ada
    const browser = new Browser()
    return { browser, callback: await browser.follow(begin(), { stop: isCallback, ...(change === undefined ? {} : { change }) }) }
  }
  const onTheWay = (name: string, value: string) => (url: URL) => {
    if (url.pathname === '/auth' && url.searchParams.has(name)) url.searchParams.set(name, value)
  }

  test('another state, no state, and a state that was used', async () => {
    const { browser, callback } = await upToCallback()
    const cookie = browser.cookie('fairlead_oidc') ?? ''
    for (const value of ['somebodyelses', '']) {
      const attempt = await upToCallback()
      attempt.callback.searchParams.set('state', value)
      expect(await end(attempt.browser, attempt.callback)).toBe(stale)
    }
    expect(await end(browser, callback)).toBe('/')
    // The same answer again, in the same browser with the cookie that it had: it was taken away, so it is put back.
    expect(browser.cookie('fairlead_oidc')).toBeUndefined()
    const again = await upToCallback()
    expect(await end(again.browser, callback)).toBe(stale)
    browser.setCookie('fairlead_oidc', cookie, '/v1/signin/oidc')
    expect((await browser.get(callback.href)).headers.get('location')).toBe(stale)
  })

  test('a code that was used, under a new state', async () => {
    const first = await upToCallback()
    expect(await end(first.browser, first.callback)).toBe('/')
    const second = await upToCallback()
    second.callback.searchParams.set('code', first.callback.searchParams.get('code') ?? '')
    expect(await end(second.browser, second.callback)).toBe(failed)
  })

  test('the answer of another browser: nobody is signed in as who sent them a link', async () => {
    const mallory = await upToCallback()
    const victim = new Browser()
    expect(await end(victim, mallory.callback)).toBe(stale)
    const underWay = await upToCallback()
    expect(await end(underWay.browser, mallory.callback)).toBe(stale)
    // It was not spent by those who could not.
    expect(await end(mallory.browser, mallory.callback)).toBe('/')
  })

  test.each([
    ['nonce', 'another-nonce'],
    ['code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  ])('another %s than was asked with', async (name, value) => {
    const { browser, callback } = await upToCallback(onTheWay(name, value))
    expect(callback.searchParams.has('code')).toBe(true)
    expect(await end(browser, callback)).toBe(failed)
  })

  test('the answer of another issuer', async () => {
    const { browser, callback } = await upToCallback()
    expect(callback.searchParams.get('iss')).toBe(provider.issuer)
    callback.searchParams.set('iss', 'https://evil.example')
    expect(await end(browser, callback)).toBe(failed)
  })

  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const FORGED: [string, (claims: JWTPayload) => Promise<string>][] = [
    ['signed with another key', async (claims) => provider.sign(claims, (await generateKeyPair('RS256')).privateKey)],
    ['without a signature', async (claims) => `${base64({ alg: 'none' })}.${base64(claims)}.`],
    [
      'signed with what everybody who runs this server knows',
      (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from(provider.clientSecret)),
    ],
    ['for another client', (claims) => provider.sign({ ...claims, aud: 'another' })],
    ['of another issuer', (claims) => provider.sign({ ...claims, iss: 'https://evil.example' })],
    ['that has ended', (claims) => provider.sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 60 })],
    ['without the nonce', ({ nonce: _gone, ...claims }) => provider.sign(claims)],
    ['of another person than the rest of the answer is about', (claims) => provider.sign({ ...claims, sub: 'somebody-else' })],
  ]
  test.each(FORGED)('an ID token %s', async (_what, forge) => {
    try {
      provider.forge = forge
      const forged = await upToCallback()
      expect(await end(forged.browser, forged.callback)).toBe(failed)
      // One that is made the same way and holds is taken.
      provider.forge = (claims) => provider.sign(claims)
      const whole = await upToCallback()
      expect(await end(whole.browser, whole.callback)).toBe('/')
    } finally {
      provider.forge = null
    }
  })

  test('after ten minutes', async () => {
    const { browser, callback } = await upToCallback()
    const left = statement({
      name: 'test.left',
      sql: `SELECT extract(epoch FROM max(expires_at) - now())::integer AS seconds FROM oidc_attempts`,
      row: z.object({ seconds: z.number() }),
    })
    const [rest] = await semantic.query(left)
    expect(rest?.seconds).toBeGreaterThan(500)
    expect(rest?.seconds).toBeLessThanOrEqual(600)
    await semantic.query(statement({ name: 'test.expire', sql: `UPDATE oidc_attempts SET expires_at = now()`, row: noRow }))
    expect(await end(browser, callback)).toBe(stale)
    await upToCallback()
    expect(await semantic.query(statement({ name: 'test.count', sql: 'SELECT state_hash FROM oidc_attempts', row: noRow }))).toHaveLength(1)
  })

  test('cancelled at the provider', async () => {
    expect(await signIn(null)).toMatchObject({ at: '/?signin=sso-cancelled', me: null })
  })

  test('each failure is a line in the log, without what was secret in it', async () => {
    const { browser, callback } = await upToCallback(onTheWay('nonce', 'another-nonce'))
    await end(browser, callback)
    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.includes('signin.failed'))
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 'warn', by: 'sso', reason: 'sso-failed', address: '127.0.0.1' })
    for (const secret of [
      callback.searchParams.get('code') ?? 'none',
      callback.searchParams.get('state') ?? 'none',
      provider.clientSecret,
      encodeURIComponent(provider.clientSecret),
    ])
      expect(server.output()).not.toContain(secret)
  })
})

describe('where one comes out', () => {
  test('at the page that was asked for, when it is one', async () => {
    provider.person = someone({ email: 'pages@acme.example' })
    for (const [to, at] of [
      ['/sources?name=x', '/sources?name=x'],
      ['//evil.example', '/'],
      ['/v1/session', '/'],
    ] as const) {
      const end = await new Browser().follow(begin(`?to=${encodeURIComponent(to)}`))
      expect(`${end.pathname}${end.search}`).toBe(at)
      expect(end.host).toBe(new URL(server.url).host)
    }
  })

  test('a provider that is not there is a problem', async () => {
    expect((await fetch(`${server.url}/v1/signin/oidc/other`, { redirect: 'manual' })).status).toBe(404)
  })
})

test(
  'a provider that is away, or that is not what it says, keeps nobody from the rest; when it is back it is asked again',
  { timeout: 60_000 },
  async () => {
    const [port, ourPort] = [await freePort(), await freePort()]
    const own = await freshDirectory()
    const away = await startServer(own, { ...settings, FAIRLEAD_OIDC_ISSUER: `http://127.0.0.1:${port}` }, ourPort)
    const at = async () => (await fetch(`${away.url}/v1/signin/oidc/sso`, { redirect: 'manual' })).headers.get('location') ?? ''
    expect(await at()).toBe('/?signin=sso-away')
    expect(await away.get('/v1/signin/options')).toMatchObject({ oidc: [{ id: 'sso' }] })
    expect(away.output()).toMatch(/could not be asked.*ECONNREFUSED.*signin\.failed/)
    // This one tells everything in the ID token.
    const back = await startProvider([`${away.url}${CALLBACK}`], { port, claimsInIdToken: true })
    back.person = someone({ email: 'back@acme.example' })
    const browser = new Browser()
    expect((await browser.follow(`${away.url}/v1/signin/oidc/sso`)).pathname).toBe('/')
    expect(await (await browser.get(`${away.url}/v1/session`)).json()).toMatchObject({ user: { email: 'back@acme.example' } })
    expect(back.requests).not.toContain('GET /me')
    expect(provider.requests).toContain('GET /me')
    await back.close()
    await away.stop()

    // The same provider under another name than it gives itself.
    const misnamed = await startServer(own, {
      ...settings,
      FAIRLEAD_OIDC_ISSUER: provider.issuer.replace('127.0.0.1', 'localhost'),
    })
    const answer = await fetch(`${misnamed.url}/v1/signin/oidc/sso`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toBe('/?signin=sso-away')
    expect(misnamed.output()).toMatch(/issuer/)
    await misnamed.stop()
    await removeDirectory(own)
  },
)
