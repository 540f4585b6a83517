import { describe, expect, test } from 'vitest'
import devlake from './devlake.ts'
import { issueName, repositoriesOfScopes } from './devlake/issue.ts'
import type { Lake, Row } from './devlake/lake.ts'
import { dateOf } from '../src/table-walk.ts'
import { opened } from './devlake/sealed.ts'
import { changeId, nameOf, outcomeOf, repositoryOfPage, safeUrl, startOf } from './devlake/value.ts'

/** What the words of a DevLake database mean, one by one. What whole rows become is in its fixtures, and a whole import in test/servers. */

test('a date is a moment, or nothing: never zeros, never the year 1, never garbage', () => {
  expect(dateOf('2026-02-02T09:00:00.000Z')).toBe('2026-02-02T09:00:00.000Z')
  expect(dateOf('1998-03-01T00:00:00.000Z')).toBe('1998-03-01T00:00:00.000Z')
  for (const none of [
    '0000-00-00 00:00:00',
    '0001-01-01T00:00:00.000Z',
    '2026-13-40T00:00:00.000Z',
    '9999-12-31T00:00:00.000Z',
    '',
    7,
    null,
  ])
    expect(dateOf(none)).toBeNull()
})

describe('an outcome', () => {
  const of = (result: string, more: { status?: string; original_result?: string; original_status?: string } = {}) =>
    outcomeOf({ result, status: 'DONE', original_result: null, original_status: null, ...more })
  test.each([
    ['SUCCESS', {}, 'success'],
    ['FAILURE', {}, 'failure'],
    ['FAILURE', { original_result: 'timed_out' }, 'failure'],
    // GitHub, GitLab and Jenkins each have a word of their own for what DevLake counts as a failure.
    ['FAILURE', { original_result: 'cancelled' }, 'cancelled'],
    ['FAILURE', { original_status: 'canceled' }, 'cancelled'],
    ['FAILURE', { original_result: 'ABORTED' }, 'cancelled'],
    ['', { original_result: 'skipped' }, 'skipped'],
    ['', { original_result: 'NOT_EXECUTED' }, 'skipped'],
    ['', { original_result: 'UNSTABLE' }, 'unknown'],
    ['', {}, 'unknown'],
    ['', { status: 'IN_PROGRESS' }, 'running'],
  ])('%s with %j is %s', (result, more, outcome) => expect(of(result, more)).toBe(outcome))
})

test('without a beginning it is the end less the length, and without those unknown', () => {
  const finished_date = '2026-02-02T10:00:00.000Z'
  expect(startOf({ started_date: null, finished_date, duration_sec: 90.5 })).toBe('2026-02-02T09:58:29.500Z')
  expect(startOf({ started_date: null, finished_date, duration_sec: 0 })).toBeNull()
  expect(startOf({ started_date: null, finished_date: null, duration_sec: 90 })).toBeNull()
  expect(startOf({ started_date: finished_date, finished_date, duration_sec: 90 })).toBe(finished_date)
})

test('a repository is called as its address says, and an address is kept without what opens it', () => {
  expect(nameOf({ name: 'Shop', url: 'https://github.com/acme/shop' })).toBe('acme/shop')
  expect(nameOf({ name: 'acme/shop', url: null })).toBe('acme/shop')
  expect(nameOf(null, 'https://gitlab.example.org/group/sub/shop.git')).toBe('group/sub/shop')
  expect(nameOf(null, '')).toBeNull()
  expect(safeUrl('https://oauth2:token@gitlab.example.org/group/shop.git')).toBe('https://gitlab.example.org/group/shop.git')
  expect(safeUrl('https://gitlab.example.org/group/shop@2')).toBe('https://gitlab.example.org/group/shop@2')
  expect(repositoryOfPage('https://gitlab.example.org/group/sub/shop/-/issues/5')).toBe('group/sub/shop')
  expect(repositoryOfPage('https://acme.atlassian.net/browse/PAY-9')).toBeNull()
})

test('changes and issues have the names that people write, and other tools give them', () => {
  expect(changeId('acme/shop', 5, { id: 'github:GithubPullRequest:1:99', url: null })).toBe('acme/shop#5')
  expect(changeId('acme/shop', 5, { id: 'gitlab:GitlabMergeRequest:1:99', url: null })).toBe('acme/shop!5')
  expect(issueName({ id: 'jira:JiraIssue:1:7', issue_key: 'PAY-7', url: null })).toBe('PAY-7')
  expect(issueName({ id: 'github:GithubIssue:1:7', issue_key: '7', url: 'https://github.com/acme/shop/issues/7' })).toBe('acme/shop#7')
  // A number of which nobody knows whose it is.
  expect(issueName({ id: 'zentao:ZentaoBug:1:7', issue_key: '7', url: 'https://zentao.example.org/bug-7.html' })).toBe(
    'zentao:ZentaoBug:1:7',
  )
  expect(issueName({ id: 'x:1', issue_key: null, url: null })).toBe('x:1')
})

test('an incident is of what its board is, is linked to, or shares a project with, in this order', async () => {
  const tables: Readonly<Record<string, readonly Row[]>> = {
    repos: ['shop', 'web', 'api'].map((id) => ({ id, name: `acme/${id}`, url: null })),
    board_repos: [{ board_id: 'linked', repo_id: 'web' }],
    project_mapping: [
      { project_name: 'P', table: 'boards', row_id: 'alone' },
      { project_name: 'P', table: 'repos', row_id: 'api' },
      { project_name: 'P', table: 'boards', row_id: 'linked' },
    ],
  }
  const rows: Lake['rows'] = async (table, column, values) => {
    const asked = new Set(values)
    return (tables[table] ?? []).filter((row) => asked.has(row[column]))
  }
  const groups: Lake['groups'] = async (table, column, values) => {
    const found = new Map<string, Row[]>()
    for (const row of await rows(table, column, values)) found.set(String(row[column]), [...(found.get(String(row[column])) ?? []), row])
    return found
  }
  const of = await repositoriesOfScopes({ rows, groups }, ['shop', 'linked', 'alone', 'unknown'])
  expect(['shop', 'linked', 'alone', 'unknown'].map(of)).toEqual([['acme/shop'], ['acme/web'], ['acme/api'], []])
})

test('an address must be one of a MySQL, and is never printed', () => {
  expect(String((devlake.config.parse({ uri: 'mysql://a:b@h/lake' }) as { uri: unknown }).uri)).toBe('[secret]')
  expect(devlake.config.safeParse({ uri: 'postgresql://h/lake' }).success).toBe(false)
  expect(devlake.config.safeParse({}).success).toBe(false)
})

describe('what DevLake sealed', () => {
  const secret = 'AN OLD SECRET OF DEVLAKE WITH A LENGTH'
  // Made by openssl enc -aes-256-cbc -K (SHA-256 of the secret) -iv (its first half), of the text with {nddtf} behind it.
  const text = 'U+vpRq3walMBTLQEkr/obZUXqifnGk4eZgI4RUnMYfLDlfZa/vAlDezprpRZTkrr'

  test('opens with its secret and with no other', () => {
    expect(opened(text, secret)).toBe('ghp_aWellKnownToken1,ghp_another2')
    for (const other of [`${secret} `, secret.toLowerCase(), '']) expect(opened(text, other)).toBeNull()
  })

  test('is not opened where a bit of it was changed, or it is cut, or is no such text', () => {
    const bytes = Buffer.from(text, 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect([at, opened(changed.toString('base64'), secret)]).toEqual([at, null])
    }
    for (const none of [text.slice(0, 24), bytes.subarray(0, 32).toString('base64'), '', 'ghp_plain', '!!'])
      expect(opened(none, secret)).toBeNull()
  })
})
