import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mailSettingsOf } from '../src/account/mail-settings.ts'
import { openMail } from '../src/account/mail.ts'
import { linkTo } from '../src/api/address.ts'
import { loadConfig } from '../src/config.ts'
import { silentLog } from '../src/log.ts'
import { MAIL_USER, startMailServer, type MailServer } from './mail-server.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/** Mail as it goes out: the real program, a real mail server, and what is in its hands afterwards. */
const PASSWORD = 'correct horse battery'
const HERE = 'https://fairlead.example'
const uriOf = (port: number, user = MAIL_USER) =>
  `smtp://${encodeURIComponent(user.user)}:${encodeURIComponent(user.pass)}@127.0.0.1:${port}`
let data: string
let mails: MailServer
let server: Server

beforeAll(async () => {
  data = await freshDirectory()
  mails = await startMailServer()
  server = await startServer(data, {
    FAIRLEAD_SMTP_URI: uriOf(mails.port),
    FAIRLEAD_MAIL_FROM: 'Fairlead at Acme <fairlead@mail.example>',
    FAIRLEAD_PUBLIC_URL: HERE,
  })
}, 60_000)
afterAll(async () => {
  await server.stop()
  await mails.close()
  await removeDirectory(data)
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly text: string
  readonly cookie: string
}
async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${server.token}` },
): Promise<Answer> {
  const answer = await fetch(new URL(path, server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    text,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '',
  }
}
const browser = { 'sec-fetch-site': 'same-origin' }
async function account(email: string, more: object = { password: PASSWORD }): Promise<string> {
  const { body, status } = await post('/v1/users', { email, ...more })
  expect(status).toBe(200)
  await post('/v1/members', { email, role: 'owner' })
  return String(body['id'])
}
/** What `work` makes the mail server receive; `count` mails, and no more. */
async function mailed<T>(count: number, work: () => Promise<T>): Promise<{ result: T; letters: MailServer['received'] }> {
  const before = mails.received.length
  const result = await work()
  await mails.until(before + count)
  if (count === 0) await new Promise((resolve) => setTimeout(resolve, 300))
  const letters = mails.received.slice(before)
  expect(letters).toHaveLength(count)
  return { result, letters }
}

describe('what is mailed', () => {
  test('the page is told that there is mail, and a superuser can try it', async () => {
    expect(await server.get('/v1/signin/options')).toMatchObject({ mail: true })
    const { result, letters } = await mailed(1, () => fairlead(['admin', 'mail', 'test', '--to', 'me@example.com'], { data }))
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('me@example.com') as string })
    expect(letters[0]).toMatchObject({ from: 'fairlead@mail.example', to: ['me@example.com'], secure: true, user: MAIL_USER.user })
    expect(letters[0]?.headers.get('from')).toBe('Fairlead at Acme <fairlead@mail.example>')
  })

  test('an invitation: who invites to what, as what, until when, and the link that the reply has', async () => {
    await account('owner@acme.example', { password: PASSWORD, full_name: 'Ada Lovelace' })
    const { cookie } = await post('/v1/session', { email: 'owner@acme.example', password: PASSWORD }, browser)
    const invite = () => post('/v1/invitations', { email: 'New@example.com', role: 'member' }, { ...browser, cookie })
    const { result, letters } = await mailed(1, invite)
    const [letter] = letters
    expect(result.body).toMatchObject({
      mailed: true,
      mail_error: null,
      link: expect.stringMatching(`^${HERE}/invitation/\\w{30}$`) as string,
    })
    expect(letter?.to).toEqual(['new@example.com'])
    expect(letter?.headers.get('subject')).toBe('Join Default on Fairlead')
    expect(letter?.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(letter?.headers.get('auto-submitted')).toBe('auto-generated')
    const { text = '' } = letter ?? {}
    for (const part of ['Ada Lovelace (owner@acme.example) invites you to Default', 'as member', '10 days', String(result.body['link'])])
      expect(text).toContain(part)
    // Nothing in it is fetched.
    expect(text).not.toMatch(/<|img|src=/)
  })

  test('a reset that an administrator makes', async () => {
    const user_id = await account('reset@acme.example')
    const { result, letters } = await mailed(1, () => post('/v1/members/reset-password', { user_id }))
    expect(result.body).toMatchObject({ mailed: true })
    expect(letters[0]?.to).toEqual(['reset@acme.example'])
    expect(letters[0]?.text).toContain(`An administrator made a link`)
    expect(letters[0]?.text).toContain(String(result.body['link']))
  })

  test('no name begins a header, or a line, of its own', async () => {
    const evil = 'Acme\r\nBcc: evil@example.com\r\n\r\nTo: all\u2028Click here'
    expect((await post('/v1/organization', { name: evil })).status).toBe(200)
    await account('crlf@acme.example', { password: PASSWORD, full_name: 'Ada\r\nBcc: evil@example.com\r\n.\r\nMAIL FROM:<x@y>' })
    const { cookie } = await post('/v1/session', { email: 'crlf@acme.example', password: PASSWORD }, browser)
    const { letters } = await mailed(1, () =>
      post('/v1/invitations', { email: 'victim@example.com', role: 'viewer' }, { ...browser, cookie }),
    )
    const [letter] = letters
    expect(letter?.to).toEqual(['victim@example.com'])
    expect(letter?.headerLines.filter((line) => /^(bcc|to)\b/i.test(line))).toEqual(['To: victim@example.com'])
    expect(letter?.headers.get('subject')).toBe('Join Acme Bcc: evil@example.com To: all Click here on Fairlead')
    expect(letter?.text.split(/\r\n/).filter((line) => /^(Bcc|To|Click|MAIL|\.$)/.test(line))).toEqual([])
    for (const email of [
      'a@example.com\r\nBcc: evil@example.com',
      'a@example.com, evil@example.com',
      '"x\r\n"@example.com',
      'a@example.com>',
    ])
      expect((await mailed(0, () => post('/v1/invitations', { email, role: 'viewer' }))).result.status).toBe(422)
    await post('/v1/organization', { name: 'Default' })
  })
})

describe('a forgotten password', () => {
  const forgot = (email: string) => post('/v1/password/forgot', { email }, browser)

  test('a link comes, which sets a new password once', async () => {
    await account('forgetful@acme.example')
    const { result, letters } = await mailed(1, () => forgot(' Forgetful@acme.example'))
    expect(result).toMatchObject({ status: 202, body: { asked: true } })
    expect(letters[0]?.to).toEqual(['forgetful@acme.example'])
    const link = new RegExp(`${HERE}/reset/(\\w{30})\\b`).exec(letters[0]?.text ?? '')
    expect(letters[0]?.text).toContain('60 minutes')
    const reset = () => post('/v1/password/reset', { code: link?.[1], password: 'another long password' }, browser)
    expect((await reset()).status).toBe(204)
    expect((await reset()).status).toBe(404)
    const signIn = (password: string) => post('/v1/session', { email: 'forgetful@acme.example', password }, browser)
    expect((await signIn('another long password')).status).toBe(204)
    expect((await signIn(PASSWORD)).status).toBe(401)
  })

  test('an unknown e-mail, one of nobody’s and a disabled account are answered alike, and nothing is sent', async () => {
    const id = await account('gone@acme.example')
    await post('/v1/users/disable', { id, disabled: true })
    await account('here@acme.example')
    const known = await mailed(1, () => forgot('here@acme.example'))
    for (const email of ['nobody@acme.example', 'gone@acme.example', 'no address'])
      expect((await mailed(0, () => forgot(email))).result).toEqual(known.result)
  })

  test('an account without a password is told so', async () => {
    await account('sso@acme.example', {})
    const { letters } = await mailed(1, () => forgot('sso@acme.example'))
    expect(letters[0]?.text).toContain('It has none.')
    expect(letters[0]?.text).not.toContain('/reset/')
  })

  test('the link leads here, whatever the request says of the host', async () => {
    await account('poisoned@acme.example')
    const { letters } = await mailed(
      1,
      () =>
        new Promise<number>((resolve, reject) => {
          const { port } = new URL(server.url)
          const headers = {
            ...browser,
            'content-type': 'application/json',
            host: 'evil.example',
            'x-forwarded-host': 'evil.example',
            'x-forwarded-proto': 'https',
          }
          const asked = request({ host: '127.0.0.1', port, path: '/v1/password/forgot', method: 'POST', headers }, (answer) => {
            answer.resume()
            resolve(answer.statusCode ?? 0)
          })
          asked.once('error', reject)
          asked.end(JSON.stringify({ email: 'poisoned@acme.example' }))
        }),
    )
    expect(letters[0]?.text).toContain(`${HERE}/reset/`)
    expect(letters[0]?.text).not.toContain('evil')
  })

  test('not by another site, and not without end: known or not, after three it is a while', async () => {
    expect((await post('/v1/password/forgot', { email: 'often@acme.example' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    await account('often@acme.example')
    for (const [email, count] of [
      ['often@acme.example', 3],
      ['never@acme.example', 0],
    ] as const) {
      const { result } = await mailed(count, async () => {
        const answers: Answer[] = []
        for (let i = 0; i < 4; i++) answers.push(await forgot(email))
        return answers
      })
      expect(result.map(({ status }) => status)).toEqual([202, 202, 202, 429])
      expect(result[3]?.body).toMatchObject({ detail: 'Too many links were asked for.' })
    }
    // Whoever asks for mails in another's name does not keep them from signing in.
    expect((await post('/v1/session', { email: 'often@acme.example', password: PASSWORD }, browser)).status).toBe(204)
  })
})

test('the log has no e-mail, password or link of all this', async () => {
  for (const secret of [
    '@acme.example',
    'victim@',
    MAIL_USER.pass,
    encodeURIComponent(MAIL_USER.pass),
    '/reset/',
    '/invitation/',
    PASSWORD,
  ])
    expect(server.output()).not.toContain(secret)
  const { items } = await server.get<{ items: { action: string; target: { name: string } }[] }>(
    '/v1/audit?action=user.reset_link_mailed&limit=200',
  )
  expect(items.map(({ target }) => target.name)).toContain('forgetful@acme.example')
})

test('a mail server that is away: the link is answered all the same, and why it was not sent', { timeout: 60_000 }, async () => {
  const own = await freshDirectory()
  const gone = await startMailServer()
  const settings = { FAIRLEAD_SMTP_URI: uriOf(gone.port), FAIRLEAD_MAIL_FROM: 'fairlead@mail.example', FAIRLEAD_PUBLIC_URL: HERE }
  await gone.close()
  const alone = await startServer(own, settings)
  const ask = (path: string, body: object, headers: Record<string, string>) =>
    fetch(new URL(path, alone.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const admin = { authorization: `Bearer ${alone.token}` }
  const invited = await ask('/v1/invitations', { email: 'new@example.com', role: 'member' }, admin)
  expect(invited.status).toBe(200)
  expect(await invited.json()).toMatchObject({
    link: expect.stringContaining(`${HERE}/invitation/`) as string,
    mailed: false,
    mail_error: expect.stringContaining('ECONNREFUSED') as string,
  })
  const tried = await fairlead(['admin', 'mail', 'test', '--to', 'me@example.com'], { data: own })
  expect(tried).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') as string })
  const said = await fairlead(['admin', 'members', 'invite', '--email', 'other@example.com'], { data: own })
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('Send other@example.com this link') as string })
  await ask('/v1/users', { email: 'ada@example.com', password: PASSWORD }, admin)
  expect((await ask('/v1/password/forgot', { email: 'ada@example.com' }, browser)).status).toBe(202)
  await alone.stop()
  const failed = alone
    .output()
    .split('\n')
    .filter((line) => line.includes('"mail.failed"'))
  expect(failed).toHaveLength(4)
  expect(failed.join('\n')).not.toMatch(/@example\.com|reset|invitation/)

  const without = await startServer(own)
  expect(await without.get('/v1/signin/options')).toMatchObject({ mail: false })
  const refused = await fetch(new URL('/v1/password/forgot', without.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...browser },
    body: JSON.stringify({ email: 'ada@example.com' }),
  })
  expect([refused.status, await refused.json()]).toEqual([
    404,
    expect.objectContaining({ help: expect.stringContaining('Ask an administrator') as string }),
  ])
  await without.stop()
  await removeDirectory(own)
})

describe('another machine is sent nothing in the clear', () => {
  const elsewhere = (port: number) => ({
    host: '127.0.0.1',
    port,
    secure: false,
    mayBePlain: false,
    auth: null,
    from: { name: 'Fairlead', address: 'fairlead@mail.example' },
  })
  const letter = { subject: 'x', text: 'y' }

  test.each([
    ['that offers no TLS', { disabledCommands: ['STARTTLS'], authOptional: true }, /STARTTLS|TLS/],
    ['whose certificate nobody vouches for', { authOptional: true }, /certificate|self-signed/],
  ])('a mail server %s', async (_what, options, why) => {
    const other = await startMailServer(options)
    const mail = await openMail(elsewhere(other.port), silentLog)
    expect(await mail.deliver('ada@example.com', letter)).toMatchObject({ mailed: false, mail_error: expect.stringMatching(why) as string })
    expect(other.received).toEqual([])
    mail.close()
    await other.close()
  })

  test('a wrong password of the mail server is told without it', async () => {
    const other = await startMailServer()
    const mail = await openMail({ ...elsewhere(other.port), mayBePlain: true, auth: { user: 'x', pass: 'a wrong secret' } }, silentLog)
    const { mailed: went, mail_error } = await mail.deliver('ada@example.com', letter)
    expect(went).toBe(false)
    expect(mail_error).toMatch(/Invalid/)
    expect(mail_error).not.toContain('a wrong secret')
    mail.close()
    await other.close()
  })
})

describe('settings', () => {
  const whole = {
    FAIRLEAD_SMTP_URI: 'smtp://u:p%40ss@mail.example',
    FAIRLEAD_MAIL_FROM: 'fairlead@mail.example',
    FAIRLEAD_PUBLIC_URL: HERE,
  }
  const of = (environment: Record<string, string>) => mailSettingsOf(loadConfig(environment, data))

  test('none, or all', () => {
    expect(of({ FAIRLEAD_PUBLIC_URL: HERE })).toBeNull()
    expect(of(whole)).toMatchObject({
      host: 'mail.example',
      port: 587,
      secure: false,
      mayBePlain: false,
      auth: { user: 'u', pass: 'p@ss' },
    })
    expect(of({ ...whole, FAIRLEAD_SMTP_URI: 'smtps://mail.example' })).toMatchObject({ port: 465, secure: true, auth: null })
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(of({ ...whole, FAIRLEAD_SMTP_URI: `smtp://${host}:25` })).toMatchObject({ port: 25, mayBePlain: true })
    for (const name of Object.keys(whole)) expect(() => of({ ...whole, [name]: '' })).toThrow(name)
  })

  test.each([
    [{ FAIRLEAD_SMTP_URI: 'https://mail.example' }, /no address of a mail server/],
    [{ FAIRLEAD_SMTP_URI: 'smtp://mail.example?tls.rejectUnauthorized=false' }, /more in it/],
    [{ FAIRLEAD_MAIL_FROM: 'Fairlead' }, /no address/],
    [{ FAIRLEAD_MAIL_FROM: 'Fairlead <a@b.example>\r\nBcc: <c@d.example>' }, /no address/],
  ])('%o is refused', (more, why) => {
    expect(() => of({ ...whole, ...more })).toThrow(why)
  })
})

test('a link is under the set address, else under the one of the request', () => {
  const asked = (headers = {}) => new Request('http://10.0.0.1:4000/v1/invitations', { headers })
  expect(linkTo({ publicUrl: HERE }, asked(), '/reset/x')).toBe(`${HERE}/reset/x`)
  expect(linkTo({ publicUrl: null }, asked(), '/reset/x')).toBe('http://10.0.0.1:4000/reset/x')
  expect(linkTo({ publicUrl: null }, asked({ 'x-forwarded-proto': 'https' }), '/reset/x')).toBe('https://10.0.0.1:4000/reset/x')
})
