import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ACTIONS, actionText } from '../../web/src/account/audit-words.ts'
import { diffOf } from '../../web/src/account/diff.ts'
import { agentText } from '../../web/src/format/agent.ts'

test('whatever the server notes has words on the page of the audit log', async () => {
  const folder = join(import.meta.dirname, '..', '..', 'src')
  const files = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  const texts = await Promise.all(files.map((path) => readFile(join(folder, path), 'utf8')))
  // `action: 'a.b'`, and `action: x ? 'a.b' : 'c.d'`, also where the name is chosen before.
  const noted = texts.flatMap((text) =>
    [...text.matchAll(/\baction(?::| =)([^,;{}\n]*)/g)].flatMap(([, said = '']) =>
      [...said.matchAll(/'([a-z]+\.[a-z_]+)'/g)].map(([, name]) => name),
    ),
  )
  expect(noted.length).toBeGreaterThan(30)
  expect([...new Set(noted)].filter((name) => name !== undefined && !(name in ACTIONS))).toEqual([])
  expect(actionText('thing.taken_apart')).toBe('thing taken apart')
})

test('a change is told field by field, and what stayed is left out', () => {
  expect(diffOf({ name: 'Acme', time_zone: 'UTC' }, { name: 'Acme', time_zone: 'Europe/Berlin' }, 'UTC')).toEqual([
    { key: 'time_zone', before: 'UTC', after: 'Europe/Berlin' },
  ])
  expect(
    diffOf(null, { role: 'viewer', scopes: ['read', 'ingest'], expires_at: '2026-01-02T03:04:05.000Z', disabled: false }, 'UTC'),
  ).toEqual([
    { key: 'role', before: null, after: 'viewer' },
    { key: 'scopes', before: null, after: 'read, ingest' },
    { key: 'expires_at', before: null, after: 'Fri 2 Jan 2026, 03:04' },
    { key: 'disabled', before: null, after: 'no' },
  ])
  expect(diffOf({ a: { b: 1, c: null } }, { a: { b: 2, c: null, d: [{ x: 1 }] } }, 'UTC')).toEqual([
    { key: 'a.b', before: '1', after: '2' },
    { key: 'a.d', before: null, after: '[{"x":1}]' },
  ])
  expect(diffOf(5, 7, 'UTC')).toEqual([{ key: 'value', before: '5', after: '7' }])
  expect(diffOf(null, null, 'UTC')).toEqual([])
})

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36', 'Chrome on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge on Windows',
  ],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0', 'Firefox on Windows'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
    'Chrome on iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    'Chrome on Android',
  ],
  ['curl/8.5.0', 'curl'],
  ['node', 'node'],
  ['', 'Unknown program'],
  [null, 'Unknown program'],
])('%s is %s', (agent, text) => {
  expect(agentText(agent)).toBe(text)
})
