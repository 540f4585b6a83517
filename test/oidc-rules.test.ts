import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identityOf } from '../src/account/oidc.ts'
import { oidcSettingsOf } from '../src/account/oidc-settings.ts'
import { pageOf } from '../src/api/sso-routes.ts'
import { loadConfig } from '../src/config.ts'
import { fairlead, freshDirectory, removeDirectory } from './server.ts'

/** What single sign-on decides by itself, without a provider: its settings, whose an e-mail is, where one comes out. */
let scratch: string
beforeAll(async () => {
  scratch = await freshDirectory()
})
afterAll(() => removeDirectory(scratch))

describe('settings', () => {
  const whole = { FAIRLEAD_OIDC_ISSUER: 'https://id.example', FAIRLEAD_OIDC_CLIENT_ID: 'x', FAIRLEAD_OIDC_CLIENT_SECRET: 'y' }
  const of = (environment: Record<string, string>) => oidcSettingsOf(loadConfig(environment, scratch))

  test('the server does not start with a part of them', async () => {
    const env = { FAIRLEAD_OIDC_ISSUER: 'https://id.example', FAIRLEAD_OIDC_CLIENT_ID: 'x' }
    const { code, stderr } = await fairlead(['up', '--port', '0'], { data: join(scratch, 'unused'), env })
    expect([code, stderr]).toEqual([2, expect.stringContaining('FAIRLEAD_OIDC_CLIENT_SECRET is missing') as string])
  })

  test('none, or all', () => {
    expect(of({})).toBeNull()
    expect(of(whole)).toMatchObject({ title: 'Single sign-on', newcomers: null })
    for (const name of Object.keys(whole)) expect(() => of({ ...whole, [name]: '' })).toThrow(`${name} is missing`)
    expect(() => of({ FAIRLEAD_OIDC_ROLE: 'viewer' })).toThrow(/set in part/)
  })

  test.each([
    [{ FAIRLEAD_OIDC_ISSUER: 'http://id.example' }, /could be changed on the way/],
    [{ FAIRLEAD_OIDC_DOMAINS: 'acme.example' }, /limits nothing/],
    [{ FAIRLEAD_OIDC_ISSUER: 'https://accounts.google.com', FAIRLEAD_OIDC_ROLE: 'viewer' }, /lets in everybody/],
    [{ FAIRLEAD_OIDC_ROLE: 'owner' }, /FAIRLEAD_OIDC_ROLE/],
    [{ FAIRLEAD_PUBLIC_URL: 'https://here.example/fairlead' }, /no path/],
  ])('%o is refused', (more, why) => {
    expect(() => of({ ...whole, ...more })).toThrow(why)
  })

  test('on this machine a provider may do without TLS', () => {
    for (const issuer of ['http://localhost:9', 'http://127.0.0.1:9', 'http://[::1]:9'])
      expect(of({ ...whole, FAIRLEAD_OIDC_ISSUER: issuer })?.issuer.href).toBe(`${issuer}/`)
  })
})

test('whose an e-mail is: only what the provider says plainly; of Entra ID also its word for a proved domain', () => {
  const claims = { email: ' Ada@Example.com', name: 'Ada' }
  const verified = (issuer: string, more: object) => identityOf(issuer, 's', { ...claims, ...more }).verifiedEmail
  const [entra, other] = ['https://login.microsoftonline.com/tenant/v2.0', 'https://id.example']
  expect(verified(other, { email_verified: true })).toBe('ada@example.com')
  for (const email_verified of [false, 'true', 1, null, undefined]) expect(verified(other, { email_verified })).toBeNull()
  expect(verified(other, { xms_edov: true })).toBeNull()
  for (const xms_edov of [true, 1, '1', 'true']) expect(verified(entra, { xms_edov })).toBe('ada@example.com')
  for (const more of [{}, { xms_edov: false }, { xms_edov: '0' }, { xms_edov: true, email_verified: false }])
    expect(verified(entra, more)).toBeNull()
  expect(identityOf(other, 's', { email: 'no address', email_verified: true }).verifiedEmail).toBeNull()
  expect(identityOf(other, 's', { email: 7, name: {}, email_verified: true })).toEqual({
    issuer: other,
    subject: 's',
    verifiedEmail: null,
    name: '',
  })
})

test('after a sign-in one comes out at a page of ours, whatever is asked for', () => {
  const parts = fc.constantFrom(
    '/',
    '\\',
    '//',
    '.',
    '..',
    ':',
    '@',
    '\t',
    '\n',
    'evil.example',
    'https:',
    'sources',
    '?',
    '#',
    '%2f',
    '%5c',
    'javascript:',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(parts).map((some) => some.join('')),
      ),
      (to) => {
        const out = pageOf(to)
        expect(new URL(out, 'https://ours.example').origin).toBe('https://ours.example')
        expect(out).toMatch(/^\/(?![/\\])/)
      },
    ),
    { numRuns: 5_000 },
  )
  expect(['/gaps', '/gaps?days=7', undefined, 'gaps', '/signin/abc', '/docs'].map(pageOf)).toEqual([
    '/gaps',
    '/gaps?days=7',
    '/',
    '/gaps',
    '/',
    '/',
  ])
})
