import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RIGHTS_OF, ROLES, SUPERUSER_RIGHTS, type Right } from '../src/account/role.ts'
import type { OpenApi } from '../src/report/reference-api.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from './server.ts'

/**
 * Accounts as they are used: the real program over HTTP and its command line, with the embedded stores. One file, since all ask as the same
 * callers, of whom each is made by a sign-in.
 */
const PASSWORD = 'correct horse battery'
let data: string
let server: Server
let openapi: OpenApi

interface Answer<T = Record<string, unknown>> {
  readonly status: number
  readonly body: T
  readonly cookie: string | null
  readonly text: string
  readonly headers: Headers
}
type Caller = { readonly cookie?: string; readonly token?: string; readonly org?: string }

async function ask<T = Record<string, unknown>>(
  caller: Caller,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Answer<T>> {
  const answer = await fetch(new URL(path, server.url), {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(caller.cookie === undefined ? {} : { cookie: caller.cookie, 'sec-fetch-site': 'same-origin' }),
      ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
      ...(caller.org === undefined ? {} : { 'fairlead-organization': caller.org }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true && !answer.headers.get('content-type')?.includes('ndjson')
  const parsed = isJson ? (JSON.parse(text) as T) : ({} as T)
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? null
  return { status: answer.status, body: parsed, cookie, text, headers: answer.headers }
}

const browser = { 'sec-fetch-site': 'same-origin' }
const machine = (org?: string): Caller => ({ token: server.token, ...(org === undefined ? {} : { org }) })
async function signIn(email: string, password = PASSWORD): Promise<Caller> {
  const answer = await ask({}, 'POST', '/v1/session', { email, password }, browser)
  expect(answer.status).toBe(204)
  return { cookie: answer.cookie ?? '' }
}
async function account(email: string, org: string, role: string): Promise<{ id: string; caller: Caller }> {
  const made = await ask<{ id: string }>(machine(), 'POST', '/v1/users', { email, password: PASSWORD })
  await ask(machine(org), 'POST', '/v1/members', { email, role })
  return { id: made.body.id, caller: await signIn(email) }
}

const callers: Record<string, { caller: Caller; rights: readonly Right[] }> = {}

beforeAll(async () => {
  data = await freshDirectory()
  server = await startServer(data)
  openapi = await server.get<OpenApi>('/v1/openapi.json')
  for (const slug of ['acme', 'bolt']) await ask(machine(), 'POST', '/v1/organizations', { name: slug, slug })
  for (const role of ROLES)
    callers[role] = { caller: (await account(`${role}@acme.example`, 'acme', role)).caller, rights: RIGHTS_OF[role] }
  callers['superuser'] = { caller: machine('acme'), rights: SUPERUSER_RIGHTS }
  for (const scope of ['ingest', 'read', 'admin'] as const) {
    const made = await ask<{ token: string }>(machine('acme'), 'POST', '/v1/tokens', { name: scope, scopes: [scope] })
    callers[`token ${scope}`] = { caller: { token: made.body.token }, rights: scope === 'admin' ? RIGHTS_OF.admin : [scope] }
  }
  callers['a person of another organization'] = {
    caller: (await account('owner@bolt.example', 'bolt', 'owner')).caller,
    rights: RIGHTS_OF.owner,
  }
}, 60_000)
afterAll(async () => {
  await server.stop()
  await removeDirectory(data)
})

const ROUTES = () =>
  Object.entries(openapi.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { description = '', security }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, 'none'),
      right: security === undefined ? 'public' : (/right `(\w+)`/.exec(description)?.[1] ?? 'anyone'),
    })),
  )

describe('who may ask what', () => {
  test('what decides over the installation, and over others, is asked for by name', () => {
    const of = (right: string) =>
      ROUTES()
        .filter((one) => one.right === right)
        .map(({ method, path }) => `${method} ${path}`)
        .sort()
    expect(of('superuser')).toEqual([
      'GET /v1/doctor',
      'GET /v1/organizations',
      'GET /v1/users',
      'GET /v1/verify',
      'POST /v1/keys/rotate',
      'POST /v1/lake/export',
      'POST /v1/mail/test',
      'POST /v1/organizations',
      'POST /v1/setup',
      'POST /v1/users',
      'POST /v1/users/disable',
      'POST /v1/users/password',
      'POST /v1/users/unlink',
    ])
    expect(of('admin')).toEqual(
      expect.arrayContaining(['GET /v1/audit', 'GET /v1/members', 'POST /v1/members', 'POST /v1/sources', 'POST /v1/invitations']),
    )
    expect(of('public').filter((one) => !/signin|session|password|invitations|hooks|health|readyz|webhook|ping/.test(one))).toEqual([])
  })

  test('every route answers 401 to nobody, 403 to whoever lacks its right, and neither to who has it', { timeout: 120_000 }, async () => {
    const wrong: string[] = []
    let asked = 0
    for (const { method, path, right } of ROUTES()) {
      if (right === 'public') continue
      const nobody = await ask({}, method, path, method === 'POST' ? { nonsense: true } : undefined)
      if (nobody.status !== 401 && !(path.startsWith('/api/v2/dora') && nobody.status === 403))
        wrong.push(`${method} ${path}: nobody gets ${nobody.status}`)
      for (const [name, { caller, rights }] of Object.entries(callers)) {
        // What walks everything or changes all keys is asked only of those who may not; what is about one's own person, elsewhere.
        const may = (rights as readonly string[]).includes(right)
        if (right === 'anyone' || (may && /verify|rotate|stream|tokens/.test(path))) continue
        const { status } = await ask(caller, method, path, method === 'POST' ? { nonsense: true } : undefined)
        asked++
        if ((status === 401 || status === 403) === may) wrong.push(`${method} ${path}: ${name} gets ${status}`)
      }
    }
    expect(wrong).toEqual([])
    expect(asked).toBeGreaterThan(400)
  })
})

describe('one organization sees nothing of another', () => {
  test('every read of a member of A, with the ids of B, has nothing of B in it; no change reaches it', { timeout: 60_000 }, async () => {
    const marker = 'zanzibar'
    const person = await account(`${marker}@bolt.example`, 'bolt', 'member')
    const token = await ask<{ id: string; token: string }>(machine('bolt'), 'POST', '/v1/tokens', { name: marker, scopes: ['ingest'] })
    await ask({ token: token.body.token }, 'POST', '/v1/events?wait=visible', {
      kind: 'deploy',
      service: marker,
      id: marker,
      git_sha: 'abc1234',
      repo: marker,
      actor: `${marker}@bolt.example`,
    })
    await ask(machine('bolt'), 'POST', '/v1/names', { kind: 'environment', name: marker, canonical: 'production' })
    await ask(machine('bolt'), 'POST', '/v1/sources', { name: marker, connector: 'pagerduty', config: { services: {} } })
    await ask(machine('bolt'), 'POST', '/v1/organization', { name: marker })
    const invitation = await ask<{ id: string }>(machine('bolt'), 'POST', '/v1/invitations', {
      email: `${marker}2@bolt.example`,
      role: 'member',
    })
    const own = await ask(machine('bolt'), 'GET', `/v1/deployments`)
    expect(own.text).toContain(marker)
    const people = await ask<{ items: { id: string; name: string }[] }>(machine('bolt'), 'GET', '/v1/people')
    const known = people.body.items.find((one) => one.name === marker)?.id
    expect(known).toBeDefined()
    await ask(machine('bolt'), 'POST', '/v1/teams', { slug: marker, name: marker })
    await ask(machine('bolt'), 'POST', '/v1/teams/members', { slug: marker, person_id: known })

    const admin = callers['owner']?.caller ?? {}
    const leaks: string[] = []
    for (const { method, path } of ROUTES()) {
      if (method !== 'GET' || /verify|stream|signin/.test(path)) continue
      for (const query of ['', `?name=${marker}`, `?service=${marker}`, `?project=${marker}`, `?source=${marker}`]) {
        const { text } = await ask(admin, 'GET', `${path.replace('none', marker)}${query}`)
        // A refusal may repeat what was asked for.
        const said = text
          .replaceAll(JSON.stringify(marker), '')
          .replaceAll(JSON.stringify(JSON.stringify(marker)).slice(1, -1), '')
          .replaceAll(`'${marker}'`, '')
        if (said.includes(marker) && !said.includes('"status":4')) leaks.push(`${path}${query}: ${said.slice(0, 200)}`)
      }
    }
    expect(leaks).toEqual([])

    const there = await Promise.all([
      ask(admin, 'POST', '/v1/members/remove', { user_id: person.id }),
      ask(admin, 'POST', '/v1/members/reset-password', { user_id: person.id }),
      ask(admin, 'POST', '/v1/tokens/revoke', { id: token.body.id }),
      ask(admin, 'POST', '/v1/invitations/revoke', { id: invitation.body.id }),
      ask(admin, 'POST', '/v1/sources/remove', { name: marker }),
      ask(admin, 'POST', '/v1/session/organization', { slug: 'bolt' }),
      ask(admin, 'POST', '/v1/people/save', { id: known, name: 'x' }),
      ask(admin, 'POST', '/v1/teams/members', { slug: marker, person_id: known }),
      ask(admin, 'POST', '/v1/teams/members/remove', { slug: marker, person_id: known }),
      ask(admin, 'POST', '/v1/people/merge', { into: known, from: [crypto.randomUUID()] }),
      ask(admin, 'POST', '/v1/people/split', { id: known, identities: [{ kind: 'email', value: `${marker}@bolt.example` }] }),
    ])
    const nowhere = await Promise.all([
      ask(admin, 'POST', '/v1/members/remove', { user_id: crypto.randomUUID() }),
      ask(admin, 'POST', '/v1/session/organization', { slug: 'nothing' }),
    ])
    expect(there.map(({ status }) => status)).toEqual(there.map(() => 404))
    // What is not there, and what is somebody else's, is told alike.
    expect(nowhere[0]?.text).toBe(there[0]?.text)
    expect(nowhere[1]?.text.replace('nothing', 'bolt')).toBe(there[5]?.text)
    const { body } = await ask<{ items: { email: string }[] }>(machine('bolt'), 'GET', '/v1/members')
    expect(body.items.map(({ email }) => email)).toContain(`${marker}@bolt.example`)
  })

  test('two organizations that ask for their Prometheus figures at once see their own', async () => {
    const figures = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const { text } = await ask(machine(i % 2 === 0 ? 'acme' : 'bolt'), 'GET', '/metrics')
        return /^dora_deployment_frequency (\S+)$/m.exec(text)?.[1] ?? 'absent'
      }),
    )
    expect(figures).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'absent' : String(1 / 7))))
  })
})

describe('coming in', () => {
  test('the cookie is for our pages only, and a request from elsewhere that carries it changes nothing', async () => {
    const answer = await ask({}, 'POST', '/v1/session', { email: 'viewer@acme.example', password: PASSWORD }, browser)
    expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly/)
    expect(answer.headers.get('set-cookie')).toMatch(/SameSite=Lax/)
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': '', origin: 'null' },
      { 'sec-fetch-site': '', origin: 'https://evil.example' },
    ]) {
      const { status } = await ask({ cookie: answer.cookie ?? '' }, 'POST', '/v1/tokens', { name: 'x', scopes: ['read'] }, headers)
      expect([headers, status]).toEqual([headers, 403])
    }
  })

  test('a wrong password and an unknown e-mail are answered alike, and both are locked out after five', async () => {
    for (const email of ['admin@acme.example', 'nobody@acme.example']) {
      const answers = []
      for (let i = 0; i < 6; i++) answers.push(await ask({}, 'POST', '/v1/session', { email, password: `wrong password ${i}` }, browser))
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429])
      expect(answers[0]?.body).toMatchObject({ detail: 'The e-mail or the password is wrong.' })
      const wait = Number(answers[5]?.headers.get('retry-after'))
      expect(wait).toBeGreaterThan(20)
      expect(wait).toBeLessThanOrEqual(30)
    }
    // Also with the right one: whoever guesses must not learn that it is.
    expect((await ask({}, 'POST', '/v1/session', { email: 'admin@acme.example', password: PASSWORD }, browser)).status).toBe(429)
  })

  test('who asks for what they may not do is a line in the log, with who it was', async () => {
    const { caller } = await account('curious@acme.example', 'acme', 'viewer')
    expect((await ask(caller, 'GET', '/v1/members?curious')).status).toBe(403)
    const { body } = await ask<{ user: { id: string } }>(caller, 'GET', '/v1/session')
    const refused = server
      .output()
      .split('\n')
      .filter((line) => line.includes('"request.refused"') && line.includes(body.user.id))
    expect(refused.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { method: 'GET', path: '/v1/members', caller: `user ${body.user.id}`, address: '127.0.0.1' },
    ])
  })

  test('each failed sign-in is a line in the log, by which a series is seen, without the e-mail and without what was tried', async () => {
    const from = server.output().length
    for (let attempt = 0; attempt < 6; attempt++)
      await ask({}, 'POST', '/v1/session', { email: 'often@acme.example', password: 'a guess & more' }, browser)
    for (const body of [
      { token: 'flt_wrong' },
      { email: ' Guessed@acme.example', password: 'a guess & more' },
      { email: 'guessed@acme.example', password: 'a guess & more' },
    ])
      expect((await ask({}, 'POST', '/v1/session', body, browser)).status).toBe(401)
    await ask({}, 'POST', '/v1/password/reset', { code: 'a-code-that-is-none', password: PASSWORD }, browser)
    await ask({}, 'POST', '/v1/invitations/accept', { code: 'a-code-that-is-none', password: PASSWORD }, browser)
    await ask({}, 'GET', '/signin/a-code-that-is-none')
    const lines = server
      .output()
      .slice(from)
      .split('\n')
      .filter((line) => line.includes('"signin.failed"'))
      .map((line) => JSON.parse(line) as { by: string; reason: string; address: string; account?: string })
    expect(lines.slice(-6).map(({ by, reason, address }) => `${by} ${reason} ${address}`)).toEqual([
      'token wrong 127.0.0.1',
      'password wrong 127.0.0.1',
      'password wrong 127.0.0.1',
      'reset stale 127.0.0.1',
      'invitation stale 127.0.0.1',
      'link stale 127.0.0.1',
    ])
    expect(lines.at(-5)?.account).toBe(lines.at(-4)?.account)
    const guesses = new Map<string, string[]>()
    for (const { by, account: of = '', reason } of lines) if (by === 'password') guesses.set(of, [...(guesses.get(of) ?? []), reason])
    const five = ['wrong', 'wrong', 'wrong', 'wrong', 'wrong']
    expect([...guesses.values()]).toEqual([
      [...five, 'locked'],
      ['wrong', 'wrong'],
    ])
    for (const secret of ['acme.example', 'a guess', 'wrong password', 'a-code-that-is-none', 'flt_wrong', PASSWORD])
      expect(lines.map((line) => JSON.stringify(line)).join('\n')).not.toContain(secret)
  })

  test('an invitation makes an account once, with its role; one for an account asks for its password', async () => {
    const admin = callers['admin']?.caller ?? {}
    const { body } = await ask<{ link: string }>(admin, 'POST', '/v1/invitations', { email: 'New@acme.example', role: 'member' })
    const code = body.link.split('/').at(-1) ?? ''
    expect((await ask({}, 'GET', `/v1/invitations/${code}`)).body).toEqual({
      email: 'new@acme.example',
      organization: 'acme',
      role: 'member',
      has_account: false,
    })
    const accepted = await ask({}, 'POST', '/v1/invitations/accept', { code, full_name: 'New', password: PASSWORD }, browser)
    expect(accepted.status).toBe(204)
    const me = await ask<{ role: string; rights: string[] }>({ cookie: accepted.cookie ?? '' }, 'GET', '/v1/session')
    expect(me.body).toMatchObject({ role: 'member', rights: RIGHTS_OF.member, organization: { slug: 'acme' } })
    expect((await ask({}, 'POST', '/v1/invitations/accept', { code, password: PASSWORD }, browser)).status).toBe(404)

    const other = await ask<{ link: string }>(machine('bolt'), 'POST', '/v1/invitations', { email: 'new@acme.example', role: 'viewer' })
    const join = (password: string) =>
      ask({}, 'POST', '/v1/invitations/accept', { code: other.body.link.split('/').at(-1), password }, browser)
    expect((await join('not the password')).status).toBe(401)
    expect((await join(PASSWORD)).status).toBe(204)
  })

  test('a reset link works once, ends the sessions, and is not made over the head of others', async () => {
    const { id, caller } = await account('forgetful@acme.example', 'acme', 'member')
    const admin = callers['owner']?.caller ?? {}
    const { body } = await ask<{ link: string }>(admin, 'POST', '/v1/members/reset-password', { user_id: id })
    const code = body.link.split('/').at(-1)
    const reset = () => ask({}, 'POST', '/v1/password/reset', { code, password: 'another long password' }, browser)
    expect((await reset()).status).toBe(204)
    expect((await reset()).status).toBe(404)
    expect((await ask(caller, 'GET', '/v1/session')).status).toBe(401)
    await signIn('forgetful@acme.example', 'another long password')

    const boss = await ask<{ id: string }>(machine(), 'POST', '/v1/users', {
      email: 'boss@acme.example',
      password: PASSWORD,
      is_superuser: true,
    })
    await ask(machine('acme'), 'POST', '/v1/members', { email: 'boss@acme.example', role: 'member' })
    expect((await ask(admin, 'POST', '/v1/members/reset-password', { user_id: boss.body.id })).status).toBe(403)
  })

  test('own sessions are listed and ended; a changed password ends the others', async () => {
    const { caller } = await account('many@acme.example', 'acme', 'viewer')
    const second = await signIn('many@acme.example')
    const list = await ask<{ items: { id: string; is_current: boolean; address: string }[] }>(caller, 'GET', '/v1/sessions')
    expect(list.body.items).toHaveLength(2)
    expect(list.body.items.filter((one) => one.is_current)).toHaveLength(1)
    const other = list.body.items.find((one) => !one.is_current)?.id
    expect((await ask(caller, 'POST', '/v1/sessions/revoke', { id: other })).body).toEqual({ revoked: 1 })
    expect((await ask(second, 'GET', '/v1/session')).status).toBe(401)
    expect((await ask(caller, 'POST', '/v1/password', { current: 'wrong', password: 'a new long password' })).status).toBe(403)
    const changed = await ask(caller, 'POST', '/v1/password', { current: PASSWORD, password: 'a new long password' })
    expect(changed.status).toBe(204)
    expect((await ask(caller, 'GET', '/v1/session')).status).toBe(401)
    expect((await ask({ cookie: changed.cookie ?? '' }, 'GET', '/v1/session')).status).toBe(200)
  })
})

describe('what one may do ends when it is taken away', () => {
  test('a token never may more than its maker, at every moment', async () => {
    const { id, caller } = await account('maker@acme.example', 'acme', 'admin')
    const made = await ask<{ token: string }>(caller, 'POST', '/v1/tokens', { name: 'mine', scopes: ['admin'] })
    const token: Caller = { token: made.body.token }
    expect((await ask(token, 'GET', '/v1/members')).status).toBe(200)
    expect((await ask(token, 'POST', '/v1/tokens', { name: 'child', scopes: ['read'] })).status).toBe(403)
    // Nor by way of a session: it ends with the token, and what it had made would not.
    const opened: Caller = { cookie: (await ask({}, 'POST', '/v1/session', { token: made.body.token }, browser)).cookie ?? '' }
    expect((await ask(opened, 'GET', '/v1/members')).status).toBe(200)
    expect((await ask(opened, 'POST', '/v1/tokens', { name: 'child', scopes: ['read'] })).status).toBe(403)
    await ask(machine('acme'), 'POST', '/v1/members', { email: 'maker@acme.example', role: 'viewer' })
    expect((await ask(token, 'GET', '/v1/members')).status).toBe(403)
    expect((await ask(token, 'GET', '/v1/status')).status).toBe(200)
    expect((await ask(caller, 'POST', '/v1/tokens', { name: 'more', scopes: ['ingest'] })).status).toBe(403)
    await ask(machine('acme'), 'POST', '/v1/members/remove', { user_id: id })
    expect((await ask(token, 'GET', '/v1/status')).status).toBe(401)
    expect((await ask(caller, 'GET', '/v1/session')).status).toBe(401)
  })

  test('a disabled account is out at once', async () => {
    const { id, caller } = await account('leaver@acme.example', 'acme', 'member')
    await ask(machine(), 'POST', '/v1/users/disable', { id, disabled: true })
    expect((await ask(caller, 'GET', '/v1/session')).status).toBe(401)
    expect((await ask({}, 'POST', '/v1/session', { email: 'leaver@acme.example', password: PASSWORD }, browser)).status).toBe(401)
  })

  test('an admin makes no owners and unmakes none; the last owner stays', async () => {
    const admin = (await account('second-admin@acme.example', 'acme', 'admin')).caller
    expect((await ask(admin, 'POST', '/v1/members', { email: 'viewer@acme.example', role: 'owner' })).status).toBe(403)
    expect((await ask(admin, 'POST', '/v1/members', { email: 'owner@acme.example', role: 'viewer' })).status).toBe(403)
    expect((await ask(admin, 'POST', '/v1/invitations', { email: 'x@acme.example', role: 'owner' })).status).toBe(403)
    expect((await ask(callers['owner']?.caller ?? {}, 'POST', '/v1/members', { email: 'owner@acme.example', role: 'admin' })).status).toBe(
      409,
    )
  })
})

describe('the audit log', () => {
  test('says who, what, before and after, and from where; by pages and whole', async () => {
    const owner = callers['owner']?.caller ?? {}
    const first = await ask<{
      items: { action: string; actor: { name: string }; before: unknown; after: unknown; address: string }[]
      next: string
    }>(owner, 'GET', '/v1/audit?limit=3')
    expect(first.body.items).toHaveLength(3)
    const second = await ask<{ items: unknown[] }>(owner, 'GET', `/v1/audit?limit=3&after=${encodeURIComponent(first.body.next)}`)
    expect(second.body.items).toHaveLength(3)
    const changed = await ask<typeof first.body>(owner, 'GET', '/v1/audit?action=member.role_changed')
    expect(changed.body.items.at(-1)).toMatchObject({
      actor: { type: 'process', name: 'this machine' },
      before: { role: 'admin' },
      after: { role: 'viewer' },
      address: '127.0.0.1',
    })
    const whole = await ask(owner, 'GET', '/v1/audit', undefined, { accept: 'application/x-ndjson' })
    const actions = whole.text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { action: string }).action)
    expect(actions).toEqual(
      expect.arrayContaining(['member.added', 'member.invited', 'token.created', 'session.opened', 'user.password_reset']),
    )
    expect(whole.text).not.toContain('bolt.example')
    await ask({}, 'POST', '/v1/session', { token: callers['token read']?.caller.token }, browser)
    const opened = await ask<{ items: { target: { type: string; name: string } }[] }>(
      owner,
      'GET',
      '/v1/audit?action=session.opened&limit=1',
    )
    expect(opened.body.items[0]?.target).toMatchObject({ type: 'token', name: 'read' })
    const linked = await ask(owner, 'GET', '/v1/audit?format=ndjson&action=token.created')
    expect(linked.headers.get('content-disposition')).toBe('attachment; filename="audit.ndjson"')
    const created = whole.text.split('\n').filter((line) => line.includes('"action":"token.created"'))
    expect(linked.text.trim().split('\n')).toEqual(created)
  })
})

test('each organization has its days and weeks cut in its own time zone', async () => {
  const zoneOf = async (org: string) => {
    const answer = await ask<{ window: { tz: string } }>(machine(org), 'GET', '/v1/metrics/deployment_frequency')
    return answer.body.window.tz
  }
  await ask(machine('acme'), 'POST', '/v1/organization', { time_zone: 'Asia/Tokyo' })
  await ask(machine('bolt'), 'POST', '/v1/organization', { time_zone: 'America/Lima' })
  expect(await Promise.all(['acme', 'bolt', 'acme', 'bolt'].map(zoneOf))).toEqual([
    'Asia/Tokyo',
    'America/Lima',
    'Asia/Tokyo',
    'America/Lima',
  ])
})

describe('a change and its entry in the audit log', () => {
  const entries = async () => (await ask<{ items: { action: string }[] }>(machine('acme'), 'GET', '/v1/audit?limit=1000')).body.items
  const band = { metric: 'change_fail_rate', level: 'elite', min: null, max: null, unit: 'share' }
  const hook = { name: 'pages', connector: 'grafana', config: { webhook_secrets: ['a-secret-of-the-hook'] } }

  test.each([
    ['/v1/settings', { key: 'level_min_samples', value: 7 }, 'setting.changed'],
    ['/v1/benchmarks', { edition: 'ours', rows: [band] }, 'benchmark.saved'],
    ['/v1/benchmarks/remove', { edition: 'ours' }, 'benchmark.removed'],
    ['/v1/projects', { name: 'shop', services: ['api'] }, 'project.saved'],
    ['/v1/projects/settings', { name: 'shop', plugin: 'dora', options: {} }, 'project.settings_saved'],
    ['/v1/projects/remove', { name: 'shop' }, 'project.removed'],
    ['/v1/names', { kind: 'environment', name: 'live', canonical: 'production' }, 'name.set'],
    ['/v1/names', { kind: 'environment', name: 'live', canonical: null }, 'name.removed'],
    ['/v1/teams', { slug: 'core', name: 'Core' }, 'team.saved'],
    ['/v1/teams/owns', { slug: 'core', kind: 'service', pattern: 'api' }, 'team.rule_added'],
    ['/v1/teams/import', { text: 'teams: [{slug: more}]' }, 'team.imported'],
    ['/v1/teams/remove', { slug: 'core' }, 'team.removed'],
    ['/v1/sources', hook, 'source.saved'],
    ['/v1/sources', { ...hook, config: { webhook_secrets: ['another-secret-of-the-hook'] } }, 'source.saved'],
    ['/v1/sources/remove', { name: 'pages' }, 'source.removed'],
  ])('%s %j writes one entry, and none when it is said again', async (path, body, action) => {
    const before = await entries()
    expect((await ask(machine('acme'), 'POST', path, body)).status).toBe(200)
    const after = await entries()
    expect(after.slice(0, after.length - before.length).map((one) => one.action)).toEqual([action])
    await ask(machine('acme'), 'POST', path, body)
    expect(await entries()).toEqual(after)
    expect(JSON.stringify(after)).not.toContain('secret-of-the-hook')
  })
})

describe('the command line', () => {
  test('both spellings make accounts and organizations, and list them: without a server, and with one', { timeout: 120_000 }, async () => {
    const own = await freshDirectory()
    const run = (...args: string[]) => fairlead(args, { data: own, input: `${PASSWORD}\n` })
    expect(await run('admin', 'create-user', '--email', 'admin@example.com', '--password', 'secretpass', '--superuser')).toMatchObject({
      code: 0,
    })
    const org = await run('admin', 'orgs', 'create', '--name', 'My Org', '--owner-email', 'admin@example.com', '--json')
    expect(JSON.parse(org.stdout)).toMatchObject({ slug: 'my-org', id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string })
    expect((await run('admin', 'list-users')).stdout).toContain('my-org (owner)')

    const running = await startServer(own)
    expect(await run('admin', 'users', 'create', '--email', 'second@example.com')).toMatchObject({ code: 0 })
    expect(await run('admin', 'create-org', '--name', 'My Org')).toMatchObject({ code: 1 })
    const words = ['--org', 'my-org', '--scopes', 'ingest,read', '--name', 'ci', '--expires', '2099-01-01', '--json']
    const token = await run('admin', 'tokens', 'create', ...words)
    expect(JSON.parse(token.stdout)).toMatchObject({ token: expect.stringMatching(/^flt_/) as string, scopes: ['ingest', 'read'] })
    expect((await run('admin', 'users', 'list')).stdout).toContain('second@example.com')
    for (const list of [['list-orgs'], ['orgs', 'list']]) expect((await run('admin', ...list)).stdout).toContain('My Org')
    expect(await run('admin', 'nonsense')).toMatchObject({ code: 2, stderr: expect.stringContaining('Known: users') as string })
    await running.stop()
    await removeDirectory(own)
  })
})
