import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailmapGroups, mailmapper, parseMailmap } from '../domain/mailmap.ts'

/** git itself says what a file means. */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-mailmap-'))
  git(['init', '-q', '.'], '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function git(args: readonly string[], input: string): string {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: devNull, LC_ALL: 'C.UTF-8' }
  return execFileSync('git', args, { cwd: folder, env, input, encoding: 'utf8' })
}

function ofGit(mailmap: string, contacts: readonly (readonly [string, string])[]): string[] {
  writeFileSync(join(folder, 'map'), mailmap)
  const input = contacts.map(([name, email]) => `${name} <${email}>\n`).join('')
  return git(['-c', `mailmap.file=${join(folder, 'map')}`, 'check-mailmap', '--stdin'], input)
    .split('\n')
    .slice(0, -1)
}
function ofOurs(mailmap: string, contacts: readonly (readonly [string, string])[]): string[] {
  const map = mailmapper(parseMailmap(mailmap))
  return contacts.map(([name, email]) => {
    const shown = map(name, email)
    return `${shown.name} <${shown.email}>`
  })
}

test('the four forms, comments, blanks and case, as git reads them', () => {
  const file = `# a comment
Proper Name <commit@email.xx>
<proper@email.xx> <Other@Email.xx>
Proper Name <proper@email.xx> <third@email.xx>
  Proper Name   <proper@email.xx>   Commit Name   <shared@email.xx>  # said twice
Another <another@email.xx> Commit Other <shared@email.xx>
 # no comment: it does not begin the line <x@y.zz>
nothing at all
<> <empty@email.xx>
Broken <broken@email.xx
First <twice@email.xx>
<second@email.xx> <twice@email.xx>\r
Ünï <uni@email.xx> ünï <uni@old.xx>
`
  const contacts = [
    ['C', 'COMMIT@email.xx'],
    ['C', 'other@email.xx'],
    ['C', 'third@email.xx'],
    ['commit name', 'shared@email.xx'],
    ['Commit Other', 'SHARED@email.xx'],
    ['Somebody', 'shared@email.xx'],
    ['X', 'x@y.zz'],
    ['E', 'empty@email.xx'],
    ['B', 'broken@email.xx'],
    ['T', 'twice@email.xx'],
    ['Ünï', 'uni@old.xx'],
    ['ÜNÏ', 'uni@old.xx'],
  ] as const
  expect(ofOurs(file, contacts)).toEqual(ofGit(file, contacts))
})

test('any file means what git says that it means', { timeout: 120_000 }, () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    ' ',
    '\t',
    '#',
    '\r',
    'Ada',
    'ada',
    'Bob',
    'a@x.org',
    'A@X.org',
    'b@x.org',
    '<a@x.org>',
    '<b@x.org>',
    'é',
  )
  const address = fc.constantFrom('<a@x.org>', '<A@x.ORG>', '<b@x.org>', '<c@x.org>')
  const name = fc.constantFrom('', 'Ada', 'ADA', 'Bob B', ' ')
  const formed = fc.tuple(name, address, fc.option(fc.tuple(name, address), { nil: undefined })).map(([one, mail, other]) => {
    return `${one} ${mail}${other === undefined ? '' : ` ${other[0]} ${other[1]}`}`
  })
  const line = fc.oneof(
    formed,
    fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
  )
  const contacts = ['Ada', 'ada', 'Bob B', 'C'].flatMap((who) => ['a@x.org', 'b@X.org', 'c@x.org'].map((mail) => [who, mail] as const))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const file = `${lines.join('\n')}\n`
      expect(ofOurs(file, contacts)).toEqual(ofGit(file, contacts))
    }),
    { numRuns: 300 },
  )
})

test('who is one by a file: the addresses, the one that is shown first; a shared address links nobody', () => {
  const file = `Ada Lovelace <ada@x.org> <ada@old.org>
Ada Lovelace <ada@x.org> <AL@older.org>
Grace <grace@x.org>
<root1@x.org> One <root@localhost>
<root2@x.org> Two <root@localhost>
<bob@x.org> Bob <bob@old.org>
<a@ring.org> <b@ring.org>
<b@ring.org> <a@ring.org>
`
  expect(mailmapGroups(parseMailmap(file))).toEqual([
    { emails: ['ada@x.org', 'ada@old.org', 'al@older.org'], name: 'Ada Lovelace' },
    { emails: ['grace@x.org'], name: 'Grace' },
    { emails: ['bob@x.org', 'bob@old.org'], name: null },
    { emails: ['a@ring.org', 'b@ring.org'], name: null },
  ])
})
