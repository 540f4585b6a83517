import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { MAIL_USER, startMailServer } from '../mail-server.ts'
import { startProvider } from '../oidc-provider.ts'
import { freshDirectory, removeDirectory, startServer } from '../server.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { formsOf, withoutGreeting } from './secret-forms.ts'

const dumped = promisify(execFile)

test('the search finds a secret in each of its forms', () => {
  const secret = 'a secret & more of it'
  for (const before of ['', 'x', 'xy'])
    expect(formsOf(secret).some((one) => Buffer.from(`${before}${secret}yz`).toString('base64').includes(one))).toBe(true)
  expect(formsOf(secret)).toContain('a%20secret%20%26%20more%20of%20it')
})

test('a dump of the database and the log of the server hold no secret that was entered or made', { timeout: 60_000 }, async () => {
  const { name, drop } = await makeDatabase()
  const address = new URL(givenServer())
  address.pathname = `/${name}`
  const uri = address.href
  const data = await freshDirectory()
  const [mails, provider] = await Promise.all([startMailServer(), startProvider(['http://localhost/v1/signin/oidc/sso/callback'])])
  const server = await startServer(data, {
    POSTGRES_URI: uri,
    FAIRLEAD_LOG: 'debug',
    FAIRLEAD_PUBLIC_URL: 'http://localhost',
    FAIRLEAD_SMTP_URI: `smtp://${encodeURIComponent(MAIL_USER.user)}:${encodeURIComponent(MAIL_USER.pass)}@127.0.0.1:${mails.port}`,
    FAIRLEAD_MAIL_FROM: 'fairlead@mail.example',
    FAIRLEAD_OIDC_ISSUER: provider.issuer,
    FAIRLEAD_OIDC_CLIENT_ID: provider.clientId,
    FAIRLEAD_OIDC_CLIENT_SECRET: provider.clientSecret,
  })
  const secrets: string[] = [server.token, server.ingestToken, MAIL_USER.pass, provider.clientSecret]
  const entered = (text: string) => {
    secrets.push(text)
    return text
  }
  const send = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(new URL(path, server.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return { status: answer.status, text: await answer.text(), cookie: answer.headers.get('set-cookie') ?? '' }
  }
  const json = (text: string) => JSON.parse(text) as Record<string, string>
  try {
    const email = 'ada@example.com'
    const password = entered('an entered & long password')
    const user = json((await send('/v1/users', { email, password })).text)
    await send('/v1/members', { email, role: 'owner' })
    entered(json((await send('/v1/tokens', { name: 'ci', scopes: ['read'] })).text)['token'] ?? '')
    for (const [path, body] of [
      ['/v1/invitations', { email: 'grace@example.com', role: 'member' }],
      ['/v1/members/reset-password', { user_id: user['id'] }],
    ] as const)
      entered(new URL(json((await send(path, body)).text)['link'] ?? '').pathname.split('/').at(-1) ?? '')
    const hook = entered('a webhook secret, entered/with+signs')
    expect((await send('/v1/sources', { name: 'g', connector: 'grafana', config: { webhook_secrets: [hook] } })).status).toBe(200)
    const asPerson = { authorization: '', 'sec-fetch-site': 'same-origin' }
    const session = await fetch(new URL('/v1/session', server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ email, password }),
    })
    entered(/fairlead_session=([^;]+)/.exec(session.headers.get('set-cookie') ?? '')?.[1] ?? '')
    // What only a mail has in it, and what a sign-in with a provider is bound to while it is under way.
    const sent = mails.received.length
    expect((await send('/v1/password/forgot', { email }, asPerson)).status).toBe(202)
    await mails.until(sent + 1)
    entered(/\/reset\/(\w+)/.exec(mails.received.at(-1)?.text ?? '')?.[1] ?? '')
    const begun = await fetch(new URL('/v1/signin/oidc/sso', server.url), { redirect: 'manual' })
    entered(new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '')
    const attempt = entered(/fairlead_oidc=([^;]+)/.exec(begun.headers.get('set-cookie') ?? '')?.[1] ?? '')
    const callback = new URL('/v1/signin/oidc/sso/callback?state=none', server.url)
    callback.searchParams.set('code', entered('a code of the provider, which it gives'))
    expect((await fetch(callback, { redirect: 'manual', headers: { cookie: `fairlead_oidc=${attempt}` } })).status).toBe(302)
    // What is refused is told back and logged more often than what is taken.
    const wrong = entered('a wrong & long password')
    expect((await send('/v1/users', { email: 'x', password: wrong })).text).not.toContain(wrong)
    expect((await send('/v1/session', { email, password: wrong, more: true }, asPerson)).text).not.toContain(wrong)
    expect(
      (await send('/v1/sources', { name: 'h', connector: 'grafana', config: { webhook_secrets: [hook], nonsense: hook } })).text,
    ).not.toContain(hook)
    expect(secrets.every((one) => one.length > 20)).toBe(true)

    const dump = (await dumped('pg_dump', [uri], { maxBuffer: 64 * 1024 * 1024 })).stdout
    expect(dump).toContain(email)
    expect(dump).toContain('source.saved')
    const log = withoutGreeting(server.output())
    expect(log).toContain('is ready')
    const found = secrets.flatMap((secret, index) =>
      formsOf(secret).flatMap((form) => [
        ...(dump.includes(form) ? [`${index} in the dump`] : []),
        ...(log.includes(form) ? [`${index} in the log`] : []),
      ]),
    )
    expect(found).toEqual([])
  } finally {
    await server.stop()
    await mails.close()
    await provider.close()
    await drop()
    await removeDirectory(data)
  }
})
