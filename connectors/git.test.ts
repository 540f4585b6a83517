import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { TABLES } from '../domain/tables.ts'
import type { DomainRows, DomainTable, RowOf } from '../domain/tables.ts'
import type { Ask, Page } from '../src/connector.ts'
import { createGit } from '../src/git/run.ts'
import { askWith } from '../src/ingest/ask.ts'
import { silentLog } from '../src/log.ts'
import { writeHistory } from './git.fixture/history.ts'
import { cloneOf, listingOf, newFolder, newSandbox, removeSandboxes } from './git.fixture/sandbox.ts'
import type { Sandbox } from './git.fixture/sandbox.ts'
import { addressOf, repositoryOf } from '../src/git/refs.ts'
import { releaseOf } from '../domain/release-tag.ts'
import connector from './git.ts'

afterAll(removeSandboxes)

type Settings = Omit<z.input<typeof connector.config>, 'path'>

/** One file, a part for each promise of the connector: all read small repositories that are made by the same few words. */
function askOf(sandbox: Sandbox, settings: Settings = {}, cursor: string | null = null) {
  return askWith({
    config: connector.config.parse({ path: sandbox.path, ...settings }),
    cursor,
    git: createGit(process.env),
    signal: new AbortController().signal,
    log: silentLog,
  })
}

async function pull(stream: string, sandbox: Sandbox, settings: Settings = {}, cursor: string | null = null) {
  const ask = askOf(sandbox, settings, cursor)
  const pages: Page[] = []
  for await (const page of connector.streams[stream]?.pull?.(ask) ?? []) pages.push(page)
  const items = pages.flatMap((page) => page.items)
  const rows = items.map((item) => read(stream, item.payload, ask.config))
  return { pages, items, rows, cursor: pages.at(-1)?.cursor ?? cursor }
}

function read(name: string, payload: Uint8Array, config: Ask<unknown>['config']): DomainRows {
  const stream = connector.streams[name]
  if (stream === undefined) throw new Error(`no stream ${name}`)
  const parsed = stream.payload.parse(JSON.parse(Buffer.from(payload).toString('utf8')))
  const raw = { id: '', at: null, received_at: RECEIVED, payload }
  const rows = stream.rows(parsed, raw, config as never)
  for (const [table, found] of Object.entries(rows)) for (const row of found) TABLES[table as DomainTable].row.strict().parse(row)
  return rows
}

const RECEIVED = '2026-02-01T00:00:00.000Z'

async function rowsOf<T extends DomainTable>(table: T, sandbox: Sandbox, settings: Settings = {}): Promise<RowOf<T>[]> {
  const stream = Object.keys(connector.streams).find((name) => connector.streams[name]?.produces.includes(table)) ?? ''
  const { rows } = await pull(stream, sandbox, settings)
  return rows.flatMap((found) => (found[table] ?? []) as RowOf<T>[])
}

const write = (path: string, lines = 1) => ({ write: path, content: 'x\n'.repeat(lines) })

describe('commits', () => {
  test('a linear history comes oldest first, each with its lines', async () => {
    const sandbox = newSandbox()
    const first = sandbox.commit({ message: 'One\n\nBody', files: [write('a', 3)] })
    const second = sandbox.commit({ message: 'Two', files: [write('a', 5), write('b/c', 1)] })
    const commits = await rowsOf('commits', sandbox)
    expect(commits.map(({ sha, parents, subject }) => ({ sha, parents, subject }))).toEqual([
      { sha: first, parents: [], subject: 'One' },
      { sha: second, parents: [first], subject: 'Two' },
    ])
    expect(commits.map(({ additions, deletions, files_changed }) => [additions, deletions, files_changed])).toEqual([
      [3, 0, 1],
      [3, 0, 2],
    ])
    expect(commits[0]).toMatchObject({
      repository: 'sandbox',
      author_name: 'Ada',
      author_email: 'ada@example.org',
      authored_at: '2026-01-05T09:00:00.000Z',
      committer_name: 'Build',
      committed_at: '2026-01-05T09:00:00.000Z',
      reverts: null,
    })
  })

  test('parents stand before children, over merges, octopus and several roots', async () => {
    const sandbox = newSandbox()
    const root = sandbox.commit({ files: [write('a')] })
    const sides = ['b', 'c', 'd'].map((name) => sandbox.commit({ branch: name, parents: [root], files: [write(name)] }))
    const otherRoot = sandbox.commit({ branch: 'other', parents: [], files: [write('z')] })
    const octopus = sandbox.commit({ message: 'Octopus', parents: [root, ...sides], files: ['b', 'c', 'd'].map((name) => write(name)) })
    const merge = sandbox.commit({ message: 'Merge', parents: [octopus, otherRoot], files: [write('z')] })
    const commits = await rowsOf('commits', sandbox)
    expect(commits.map(({ sha }) => sha).sort()).toEqual([root, ...sides, otherRoot, octopus, merge].sort())
    const seen = new Set<string>()
    for (const commit of commits) {
      expect(commit.parents.filter((parent) => !seen.has(parent))).toEqual([])
      seen.add(commit.sha)
    }
    const found = commits.find(({ sha }) => sha === octopus)
    expect(found).toMatchObject({ parents: [root, ...sides], additions: 0, deletions: 0, files_changed: 0 })
  })

  test('the same totals as `git log --numstat`', async () => {
    const sandbox = newSandbox()
    writeHistory(sandbox)
    const files = await rowsOf('commit_files', sandbox)
    const printed = sandbox.git('log', '--all', '--numstat', '-M', '--format=').split('\n').filter(Boolean)
    const total = (column: number) => printed.reduce((sum, text) => sum + (Number(text.split('\t')[column]) || 0), 0)
    expect(files.length).toBe(printed.length)
    expect(files.reduce((sum, file) => sum + (file.additions ?? 0), 0)).toBe(total(0))
    expect(files.reduce((sum, file) => sum + (file.deletions ?? 0), 0)).toBe(total(1))
  })

  test('people are named as .mailmap says', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ author: 'al <al@old.example>', files: [{ write: '.mailmap', content: 'Alan <alan@example.org> <al@old.example>\n' }] })
    for (const place of [sandbox, cloneOf(sandbox, '--bare')])
      expect((await rowsOf('commits', place))[0]).toMatchObject({ author_name: 'Alan', author_email: 'alan@example.org' })
  })

  test('a rename keeps its old path, a binary file has no lines, a submodule is a line', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ files: [write('old.ts', 30), { write: 'x.bin', content: Buffer.from([0, 1, 2, 0]) }] })
    sandbox.commit({
      files: [
        { rename: 'old.ts', to: 'new/name.ts' },
        { submodule: 'sub', commit: '2'.repeat(40) },
      ],
    })
    const files = await rowsOf('commit_files', sandbox)
    expect(files.map(({ path, previous_path, additions, deletions }) => ({ path, previous_path, additions, deletions }))).toEqual([
      { path: 'old.ts', previous_path: null, additions: 30, deletions: 0 },
      { path: 'x.bin', previous_path: null, additions: null, deletions: null },
      { path: 'new/name.ts', previous_path: 'old.ts', additions: 0, deletions: 0 },
      { path: 'sub', previous_path: null, additions: 1, deletions: 0 },
    ])
    expect((await rowsOf('commits', sandbox))[0]).toMatchObject({ additions: 30, files_changed: 2 })
  })

  test.each([
    ['Revert "x"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.', '0123456789abcdef0123456789abcdef01234567'],
    ['Undo\n\nBecause.\n\nThis reverts commit\n0123456789ABCDEF, reversing\nchanges made to fedcba9876543210.', '0123456789abcdef'],
    ['Undo\n\nReverts abcdef1', 'abcdef1'],
    ['Revert "x"', null],
    ['Undo\n\nReverts owner/name#12', null],
    ['Undo\n\nThis reverts nothing.', null],
  ])('%j reverts %j', async (message, reverts) => {
    const sandbox = newSandbox()
    sandbox.commit({ message })
    expect((await rowsOf('commits', sandbox))[0]?.reverts).toBe(reverts)
  })

  test('bytes that are not UTF-8 are read as Latin-1, and names of files stay apart', async () => {
    const sandbox = newSandbox()
    sandbox.commit({
      message: Buffer.from('Gr\xfc\xdfe', 'latin1'),
      author: Buffer.from('J\xf6rg <j@example.org>', 'latin1'),
      files: [
        { write: Buffer.from('\xfc', 'latin1'), content: 'a\n' },
        { write: Buffer.from('\xfd', 'latin1'), content: 'b\n' },
        { write: 'ü', content: 'c\n' },
      ],
    })
    expect((await rowsOf('commits', sandbox))[0]).toMatchObject({ subject: 'Grüße', author_name: 'Jörg' })
    expect((await rowsOf('commit_files', sandbox)).map(({ path }) => path).sort()).toEqual(['\\374', '\\375', 'ü'])
  })

  test('a commit that names its encoding is read in it', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ message: Buffer.from('\xc4\xe0', 'latin1'), encoding: 'windows-1251' })
    expect((await rowsOf('commits', sandbox))[0]?.subject).toBe('Да')
  })

  test('control characters in messages and paths are kept', async () => {
    const sandbox = newSandbox()
    const path = 'tab\tnew\nline"quote\\back\u0001.txt'
    sandbox.commit({ message: '\u0001odd\u0002\u001b[31m subject\n\n\u0001\u00011\t2\tbody', files: [write(path)] })
    sandbox.commit({ files: [{ rename: path, to: '\u0001' }] })
    expect((await rowsOf('commits', sandbox))[0]?.subject).toBe('\u0001odd\u0002\u001b[31m subject')
    expect((await rowsOf('commit_files', sandbox)).map((file) => [file.previous_path, file.path])).toEqual([
      [null, path],
      [path, '\u0001'],
    ])
  })

  test.each([
    ['0 +0000', '1970-01-01T00:00:00.000Z'],
    ['4102444800 -1130', '2100-01-01T00:00:00.000Z'],
    ['253402300800 +0000', '2299-12-31T23:59:59.000Z'],
    ['99999999999999999999999 +0000', '2299-12-31T23:59:59.000Z'],
    ['-5 +0000', '1970-01-01T00:00:00.000Z'],
    ['never', '1970-01-01T00:00:00.000Z'],
  ])('the date %j becomes %s', async (date, instant) => {
    const sandbox = newSandbox()
    const tree = sandbox.git('hash-object', '-t', 'tree', '-w', '/dev/null')
    sandbox.rawCommit([`tree ${tree}`, `author A <a@x> ${date}`, `committer A <a@x> ${date}`, '', 'Odd'])
    expect((await rowsOf('commits', sandbox))[0]).toMatchObject({ authored_at: instant, committed_at: instant })
  })

  test('an author line that cannot be read is nobody, at the time of the committer', async () => {
    const sandbox = newSandbox()
    const tree = sandbox.git('hash-object', '-t', 'tree', '-w', '/dev/null')
    sandbox.rawCommit([`tree ${tree}`, 'author ', 'committer  <> 1768000000 +0000', '', ''])
    expect((await rowsOf('commits', sandbox))[0]).toMatchObject({
      author_name: '',
      author_email: '',
      committer_name: '',
      subject: '',
      authored_at: '2026-01-09T23:06:40.000Z',
      committed_at: '2026-01-09T23:06:40.000Z',
    })
  })

  test('replaced objects and grafts change nothing', async () => {
    const sandbox = newSandbox()
    const first = sandbox.commit({ message: 'True', files: [write('a')] })
    sandbox.commit({ message: 'Second', files: [write('b')] })
    const before = await rowsOf('commits', sandbox)
    const other = sandbox.commit({ message: 'False', branch: 'other', parents: [], files: [write('z', 9)] })
    sandbox.git('replace', first, other)
    writeFileSync(join(sandbox.path, '.git/info/grafts'), `${before[1]?.sha}\n`)
    expect(await rowsOf('commits', sandbox)).toEqual(before)
  })
})

describe('which commits', () => {
  test('those of the branch and of release tags, and no others', async () => {
    const sandbox = newSandbox()
    const root = sandbox.commit({ files: [write('a')] })
    const fix = sandbox.commit({ branch: 'fix', parents: [root], files: [write('b')] })
    sandbox.commit({ branch: 'idea', parents: [root], files: [write('c')] })
    sandbox.tag('v1.0.1', fix)
    sandbox.tag('idea-kept', 'idea')
    const shas = async (settings: Settings) => (await rowsOf('commits', sandbox, settings)).map(({ sha }) => sha)
    expect(await shas({})).toEqual([root, fix])
    expect(await shas({ releases: 'none' })).toEqual([root])
    expect(await shas({ releases: '^idea' })).toHaveLength(2)
    expect(await shas({ releases: 'none', branch: 'fix' })).toEqual([root, fix])
  })

  test('an empty repository and one without its branch give nothing', async () => {
    const empty = newSandbox()
    for (const stream of ['commits', 'releases']) expect((await pull(stream, empty)).pages).toEqual([])
    expect((await pull('commits', empty, { branch: 'main' })).pages).toEqual([])
    expect((await pull('releases', empty, { releases: 'merges' })).pages).toEqual([])
    expect((await pull('repository', empty)).rows).toEqual([
      { repositories: [{ id: 'sandbox', title: 'sandbox', url: null, default_branch: 'main', previous_names: [] }] },
    ])
  })

  test('a HEAD that points at no branch falls back to main; a branch that is not there is an error with a remedy', async () => {
    const sandbox = newSandbox()
    const sha = sandbox.commit({ files: [write('a')] })
    sandbox.git('symbolic-ref', 'HEAD', 'refs/heads/unborn')
    expect((await rowsOf('commits', sandbox)).map((commit) => commit.sha)).toEqual([sha])
    await expect(pull('commits', sandbox, { branch: 'gone' })).rejects.toMatchObject({
      code: 'git',
      message: expect.stringContaining('no branch gone'),
      help: expect.stringContaining('git branch --all'),
    })
  })

  test('a detached HEAD is read where it stands', async () => {
    const sandbox = newSandbox()
    const first = sandbox.commit({ files: [write('a')] })
    sandbox.commit({ files: [write('b')] })
    sandbox.git('update-ref', '--no-deref', 'HEAD', first)
    expect((await rowsOf('commits', sandbox)).map(({ sha }) => sha)).toEqual([first])
  })

  test('a work tree, a folder in it, a bare clone and a worktree give the same rows', async () => {
    const sandbox = newSandbox()
    writeHistory(sandbox)
    const expected = await rowsOf('commits', sandbox, { name: 'same' })
    sandbox.git('reset', '--quiet', '--hard')
    const worktree = newFolder('worktree')
    sandbox.git('worktree', 'add', '--quiet', '--detach', worktree, 'main')
    const places = [join(sandbox.path, 'lib'), join(sandbox.path, '.git'), cloneOf(sandbox, '--bare').path, worktree]
    for (const path of places) expect(await rowsOf('commits', { ...sandbox, path } as Sandbox, { name: 'same' })).toEqual(expected)
  })

  test('a clone on a feature branch is read at the default branch', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ files: [write('a')] })
    const clone = cloneOf(sandbox)
    const local = clone.commit({ message: 'Not pushed', files: [write('b')] })
    clone.git('checkout', '--quiet', '-b', 'feature')
    clone.commit({ branch: 'feature', message: 'Feature', files: [write('c')] })
    expect((await rowsOf('commits', clone)).map(({ sha }) => sha).at(-1)).toBe(local)
  })
})

describe('clones that lack something', () => {
  test('a shallow clone: the edge keeps its true parents and has no counts', async () => {
    const origin = newSandbox()
    const shas = [1, 2, 3, 4].map((lines) => origin.commit({ files: [write('a', lines), write('b')] }))
    const clone = cloneOf(origin, '--depth=2')
    const commits = await rowsOf('commits', clone)
    expect(commits.map(({ sha, parents, additions, files_changed }) => ({ sha, parents, additions, files_changed }))).toEqual([
      { sha: shas[2], parents: [shas[1]], additions: null, files_changed: null },
      { sha: shas[3], parents: [shas[2]], additions: 1, files_changed: 1 },
    ])
    const { cursor } = await pull('commits', clone)
    clone.git('fetch', '--quiet', '--unshallow')
    const deeper = await pull('commits', clone, {}, cursor)
    expect(deeper.items.map(({ id }) => id)).toEqual(shas)
  })

  test.each([
    ['blob:none', [5]],
    ['tree:0', []],
    ['blob:limit=50', [0, 1, 5]],
  ] as const)('a partial clone (%s) keeps every commit, fetches nothing, says null', async (filter, counted) => {
    const origin = newSandbox()
    for (const lines of [1, 10, 100, 10, 101]) origin.commit({ files: [write('a', lines), write('src/b')] })
    origin.commit({ files: [{ rename: 'a', to: 'c' }] })
    const clone = cloneOf(origin, '--bare', `--filter=${filter}`)
    const missing = () =>
      clone
        .git('rev-list', '--objects', '--all', '--missing=print')
        .split('\n')
        .filter((line) => line.startsWith('?')).length
    const before = missing()
    const [whole, partial] = [await rowsOf('commits', origin, { name: 'n' }), await rowsOf('commits', clone, { name: 'n' })]
    expect(before).toBeGreaterThan(0)
    expect(missing()).toBe(before)
    expect(partial.map(({ sha, parents }) => ({ sha, parents }))).toEqual(whole.map(({ sha, parents }) => ({ sha, parents })))
    for (const [index, commit] of partial.entries()) expect([null, whole[index]?.additions]).toContain(commit.additions)
    expect(partial.some(({ additions }) => additions === null)).toBe(true)
    const known = partial.filter(({ additions }) => additions !== null).map(({ sha }) => sha)
    expect(known).toEqual(counted.map((index) => whole[index]?.sha))
  })

  test('without its files a commit still names what it changed; without its folders it does not', async () => {
    const origin = newSandbox()
    origin.commit({ files: [write('a'), write('b/c')] })
    const filesOf = async (filter: string) =>
      (await rowsOf('commit_files', cloneOf(origin, '--bare', `--filter=${filter}`))).map(({ path }) => path)
    expect(await filesOf('blob:none')).toEqual(['a', 'b/c'])
    expect(await filesOf('tree:0')).toEqual([])
  })
})

describe('nothing is written', () => {
  const kinds: [string, (origin: Sandbox) => Sandbox][] = [
    ['work tree', (origin) => origin],
    ['bare', (origin) => cloneOf(origin, '--bare')],
    ['shallow', (origin) => cloneOf(origin, '--depth=2', '--no-checkout')],
    ['partial', (origin) => cloneOf(origin, '--filter=blob:none', '--no-checkout')],
  ]
  test.each(kinds)('to a %s repository, by any stream', async (_, make) => {
    const origin = newSandbox()
    writeHistory(origin)
    const sandbox = make(origin)
    const [before, originBefore] = [listingOf(sandbox.path), listingOf(origin.path)]
    for (const stream of Object.keys(connector.streams))
      for (const releases of ['tags', 'merges']) expect((await pull(stream, sandbox, { releases })).pages.length).toBeLessThan(2)
    await connector.check?.(askOf(sandbox))
    expect(listingOf(sandbox.path)).toEqual(before)
    expect(listingOf(origin.path)).toEqual(originBefore)
  })
})

describe('cursors', () => {
  test('the next pull gives only what is new, and nothing when nothing is', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ files: [write('a')] })
    const { cursor } = await pull('commits', sandbox)
    expect((await pull('commits', sandbox, {}, cursor)).pages).toEqual([])
    const fresh = sandbox.commit({ files: [write('b')] })
    expect((await pull('commits', sandbox, {}, cursor)).items.map(({ id }) => id)).toEqual([fresh])
  })

  test('stopped after any page and resumed, a pull gives the whole', async () => {
    const sandbox = newSandbox()
    // Sides that live across the borders of pages.
    const stream = ['reset refs/heads/main\n\n']
    for (let mark = 1; mark <= 1400; mark++) {
      stream.push(`commit refs/heads/main\nmark :${mark}\ncommitter B <b@example.org> ${1768000000 + mark} +0000\ndata 1\nx\n`)
      if (mark > 7) stream.push(`from :${mark - 7}\n`)
      if (mark > 7 && mark % 5 === 0) stream.push(`merge :${mark - 3}\n`)
    }
    for (let mark = 1395; mark <= 1400; mark++) stream.push(`reset refs/tags/v${mark}\nfrom :${mark}\n\n`)
    sandbox.gitBytes(['fast-import', '--quiet', '--force'], Buffer.from(stream.join('')))
    const whole = await pull('commits', sandbox)
    expect(whole.pages.length).toBe(3)
    expect(new Set(whole.items.map(({ id }) => id)).size).toBe(whole.items.length)
    for (const [index, page] of whole.pages.entries()) {
      const rest = await pull('commits', sandbox, {}, page.cursor)
      expect(rest.items).toEqual(whole.pages.slice(index + 1).flatMap(({ items }) => items))
    }
  })

  test('after a force push and gc, and with a cursor that cannot be read, everything is given', async () => {
    const sandbox = newSandbox()
    const root = sandbox.commit({ files: [write('a')] })
    sandbox.commit({ files: [write('b')] })
    const { cursor } = await pull('commits', sandbox)
    sandbox.git('update-ref', 'refs/heads/main', root)
    const other = sandbox.commit({ message: 'Other', files: [write('c')] })
    sandbox.git('reflog', 'expire', '--expire=now', '--all')
    sandbox.git('prune', '--expire=now')
    for (const old of [cursor, 'not a cursor', '{"tips":["-x"]}'])
      expect((await pull('commits', sandbox, {}, old)).items.map(({ id }) => id)).toEqual([root, other])
  })

  test('a new .mailmap makes all commits read again', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ author: 'al <al@old.example>' })
    const { cursor } = await pull('commits', sandbox)
    sandbox.commit({ files: [{ write: '.mailmap', content: 'Alan <alan@example.org> <al@old.example>\n' }] })
    sandbox.git('reset', '--quiet', '--hard')
    const again = await pull('commits', sandbox, {}, cursor)
    expect(again.rows[0]?.commits?.[0]?.author_name).toBe('Alan')
  })

  test('a reader that leaves early stops git, and an abort is thrown', async () => {
    const sandbox = newSandbox()
    sandbox.commit({})
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    const ask = { ...askOf(sandbox), signal: stop.signal }
    await expect(connector.streams['commits']?.pull?.(ask)[Symbol.asyncIterator]().next()).rejects.toThrow('enough')
  })
})

describe('releases', () => {
  test('tags: annotated at their own date, lightweight at the commit; tags of tags, trees and blobs', async () => {
    const sandbox = newSandbox()
    const sha = sandbox.commit({ files: [write('a')] })
    sandbox.tag('v1.0.0', sha)
    sandbox.tag('v1.1.0', sha, 'Subject\n\nBody')
    sandbox.tag('v1.2.0', 'v1.1.0', 'Tag of a tag')
    sandbox.tag('v9.0.0-tree', `${sha}^{tree}`)
    sandbox.tag('v9.0.1', sandbox.git('rev-parse', `${sha}:a`), 'A blob')
    const deployments = await rowsOf('deployments', sandbox, { environment: 'prod' })
    expect(deployments.map(({ id, at, revision, title, actor }) => ({ id, at, revision, title, actor }))).toEqual([
      { id: 'sandbox@v1.0.0', at: '2026-01-05T09:00:00.000Z', revision: sha, title: 'v1.0.0', actor: null },
      { id: 'sandbox@v1.1.0', at: '2026-01-09T23:06:40.000Z', revision: sha, title: 'Subject', actor: 'Build' },
      { id: 'sandbox@v1.2.0', at: '2026-01-09T23:06:40.000Z', revision: sha, title: 'Tag of a tag', actor: 'Build' },
    ])
    expect(deployments[0]).toMatchObject({ environment: 'production', environment_name: 'prod', kind: 'deploy', outcome: 'success' })
  })

  test('a tag without a tagger stands at its commit', async () => {
    const sandbox = newSandbox()
    const sha = sandbox.commit({})
    const id = sandbox.gitBytes(
      ['hash-object', '-t', 'tag', '-w', '--stdin', '--literally'],
      Buffer.from(`object ${sha}\ntype commit\ntag v1.0\n\nOld\n`),
    )
    sandbox.git('update-ref', 'refs/tags/v1.0', id.toString().trim())
    expect((await rowsOf('deployments', sandbox))[0]).toMatchObject({ at: '2026-01-05T09:00:00.000Z', title: 'Old', revision: sha })
  })

  test('merges: each first-parent merge of the branch; the next pull gives the next ones', async () => {
    const sandbox = newSandbox()
    const root = sandbox.commit({})
    const inner = sandbox.commit({ branch: 'inner', parents: [root] })
    const side = sandbox.commit({ branch: 'side', parents: [root, inner], message: 'Inner merge' })
    const merge = sandbox.commit({ parents: [root, side], message: 'Merge side' })
    const first = await pull('releases', sandbox, { releases: 'merges' })
    expect(first.rows.flatMap(({ deployments }) => deployments ?? [])).toMatchObject([
      { id: `sandbox@${merge}`, revision: merge, title: 'Merge side', version: null, ref: null, service: 'sandbox' },
    ])
    const more = sandbox.commit({ branch: 'more', parents: [merge] })
    const second = sandbox.commit({ parents: [merge, more], message: 'Merge more' })
    expect((await pull('releases', sandbox, { releases: 'merges' }, first.cursor)).items.map(({ id }) => id)).toEqual([second])
  })

  test('a tag that was moved is given again, others are not', async () => {
    const sandbox = newSandbox()
    sandbox.commit({})
    sandbox.tag('v1.0.0')
    sandbox.tag('v1.1.0')
    const { cursor } = await pull('releases', sandbox)
    expect((await pull('releases', sandbox, {}, cursor)).pages).toEqual([])
    const sha = sandbox.commit({})
    sandbox.git('tag', '--force', 'v1.1.0', sha)
    const moved = await pull('releases', sandbox, {}, cursor)
    expect(moved.items.map(({ id, at }) => ({ id, at }))).toEqual([{ id: 'refs/tags/v1.1.0', at: null }])
  })

  test('the rule is read in rows, so that a replay may use another', async () => {
    const sandbox = newSandbox()
    sandbox.commit({})
    for (const tag of ['v1.0.0', 'v1.0.1-rc.1', 'prod-7']) sandbox.tag(tag)
    const { items } = await pull('releases', sandbox)
    const versions = (releases: string) => {
      const config = connector.config.parse({ path: sandbox.path, releases })
      return items.flatMap(({ payload }) => read('releases', payload, config).deployments ?? []).map(({ version }) => version)
    }
    expect(versions('tags')).toEqual(['prod-7', 'v1.0.0'])
    expect(versions('^v')).toEqual(['v1.0.0', 'v1.0.1-rc.1'])
    expect(versions('none')).toEqual([])
    expect((await pull('releases', sandbox, { releases: 'none' })).pages).toEqual([])
  })

  test.each([
    ['v1.2.3', ''],
    ['1.2', ''],
    ['v7', ''],
    ['20220520', ''],
    ['release-2024-01-02', ''],
    ['release/1.4', ''],
    ['REL_15_2', ''],
    ['ferry-1.0', ''],
    ['v1.2.3+build.5', ''],
    ['v1.0.0.Final', ''],
    ['api@1.4.0', 'api'],
    ['@harbour/api@1.4.0', '@harbour/api'],
    ['api/v1.4.0', 'api'],
    ['api-v1.4.0', 'api'],
    ['langchain-core==0.1.2', 'langchain-core'],
    ['dev-tools@1.0.0', 'dev-tools'],
    ['v1.0.0-rc.1', null],
    ['1.0.0rc2', null],
    ['3.0.0beta7', null],
    ['1.0a1', null],
    ['v2.0.0-SNAPSHOT', null],
    ['nightly-2024.01.02', null],
    ['v1.0.0-test', null],
    ['api@1.0.0-canary.4', null],
    ['latest', null],
    ['backup', null],
    ['pr-123', null],
    ['', null],
  ])('the tag %j releases %j', (tag, part) => {
    expect(releaseOf(tag, 'harbour/ferry')).toBe(part)
  })

  test('a monorepo has a service for each part, unless one is set', async () => {
    const sandbox = newSandbox()
    sandbox.commit({})
    sandbox.tag('api@1.0.0')
    sandbox.tag('v3.0.0')
    const services = async (settings: Settings) => (await rowsOf('deployments', sandbox, settings)).map(({ service }) => service)
    expect(await services({ name: 'mono' })).toEqual(['mono/api', 'mono'])
    expect(await services({ name: 'mono', service: 'all' })).toEqual(['all', 'all'])
  })
})

describe('the repository', () => {
  test.each([
    ['https://user:secret@git.example.org/owner/name.git', 'owner/name', 'https://git.example.org/owner/name.git'],
    ['https://git.example.org:8443/group/sub/name/?token=secret#secret', 'group/sub/name', 'https://git.example.org:8443/group/sub/name/'],
    ['git@git.example.org:owner/name.git', 'owner/name', 'ssh://git.example.org/owner/name.git'],
    ['ssh://git@git.example.org:22/owner/name', 'owner/name', 'ssh://git.example.org:22/owner/name'],
    ['https://dev.example.org/org/project/_git/name', 'org/project/name', 'https://dev.example.org/org/project/_git/name'],
    ['/srv/git/name.git', null, null],
    ['C:\\git\\name', null, null],
    ['file:///srv/git/name.git', null, null],
    ['../name', null, null],
    ['', null, null],
  ])('%j is %j at %j', (remote, repository, url) => {
    expect([repositoryOf(remote), addressOf(remote)]).toEqual([repository, url])
  })

  test('no credential of a remote is in any payload', async () => {
    const sandbox = newSandbox()
    writeHistory(sandbox)
    for (const stream of Object.keys(connector.streams)) {
      const { items } = await pull(stream, sandbox)
      for (const { payload } of items) expect(Buffer.from(payload).toString()).not.toMatch(/token|private/)
    }
    expect((await rowsOf('repositories', sandbox))[0]).toMatchObject({ id: 'harbour/ferry', title: 'ferry', default_branch: 'main' })
  })

  test('check names what is missing', async () => {
    const origin = newSandbox()
    expect(await connector.check?.(askOf(origin))).toEqual({ ok: true, missing: ['The repository has no commits yet.'] })
    origin.commit({})
    origin.commit({})
    expect(await connector.check?.(askOf(origin))).toEqual({ ok: true, missing: [] })
    expect((await connector.check?.(askOf(cloneOf(origin, '--depth=1'))))?.missing[0]).toContain('--unshallow')
    expect((await connector.check?.(askOf(cloneOf(origin, '--filter=blob:none'))))?.missing[0]).toContain('partial')
    const nowhere = await connector.check?.(askOf({ path: newFolder() } as Sandbox))
    expect(nowhere).toMatchObject({ ok: false, missing: [expect.stringContaining('not a git repository')] })
  })
})

describe('patterns', () => {
  const leaf = fc.constantFrom('a', 'b', '.', '\\d', '\\w', '[ab]', '[^a]', '[a-c1]', '\\.', '^', '$', '')
  const tree = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?')).map(([a, b]) => `(${a})${b}`),
    ),
  })).pattern

  /** Whether a tag of this name is a release under this rule, as the rows say it. */
  const matches = (releases: string, name: string): boolean => {
    const payload = { repository: 'r', kind: 'tag', name, revision: 'f'.repeat(40), created: '1768000000', subject: '', tagger: null }
    const config = connector.config.parse({ path: '.', releases })
    return read('releases', Buffer.from(JSON.stringify(payload)), config).deployments?.length === 1
  }

  test('they match where JavaScript says so', () => {
    const given = tree.filter((pattern) => pattern.trim() !== '')
    fc.assert(
      fc.property(given, fc.stringMatching(/^[abc1.]{0,8}$/), (pattern, text) => {
        expect(matches(pattern, text)).toBe(new RegExp(pattern, 'u').test(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('none takes long, however it repeats', () => {
    const started = performance.now()
    for (const pattern of ['(a+)+$', '^(a|a)*$', '^((a*)*)*$', '^(\\w+\\s?)*$', '(.*)(.*)(.*)(.*)(.*)b'])
      expect(matches(pattern, `${'a'.repeat(250)}!`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test.each(['(', ')', '[a', 'a{3,1}', '*', 'a**', '\\', '(?=a)', '(?<!a)b', '\\1', '[z-a]', '(a{900}){900}'])(
    '%j is refused, with the reason',
    (pattern) => {
      const issue = connector.config.safeParse({ path: '.', releases: pattern }).error?.issues[0]
      expect(issue?.path).toEqual(['releases'])
      expect(issue?.message).toContain(`${pattern} cannot be used: `)
    },
  )
})

describe('golden rows', () => {
  const streams: [string, Settings[]][] = [
    ['repository', [{}, { name: 'ferry' }]],
    ['commits', [{}]],
    ['releases', [{}, { releases: '^(api|web)' }, { releases: 'merges', service: 'ferry', environment: 'staging' }]],
  ]
  test.each(streams)('%s', async (stream, variants) => {
    const sandbox = newSandbox()
    writeHistory(sandbox)
    const payloads: string[] = []
    const golden: DomainRows[] = []
    for (const settings of variants) {
      const { items, rows } = await pull(stream, sandbox, settings)
      const config = { path: 'ferry', ...settings }
      for (const { id, at, payload } of items)
        payloads.push(
          `${JSON.stringify({ id, at, received_at: RECEIVED, payload: JSON.parse(Buffer.from(payload).toString()), config })}\n`,
        )
      golden.push(...rows)
    }
    await expect(payloads.join('')).toMatchFileSnapshot(`git.fixture/${stream}.payloads.ndjson`)
    await expect(`${JSON.stringify(golden, null, 2)}\n`).toMatchFileSnapshot(`git.fixture/${stream}.rows.json`)
  })
})
