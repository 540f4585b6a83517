import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { cloneOf, listingOf, newFolder, newSandbox, removeSandboxes } from '../../connectors/git.fixture/sandbox.ts'
import { createGit } from './run.ts'

afterAll(removeSandboxes)

const REAL = execFileSync('/bin/sh', ['-c', 'command -v git']).toString().trim()

/** A `git` that is found first on the PATH, made from a line of shell. */
function gitWith(line: string) {
  const folder = newFolder('bin')
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${line}\n`)
  chmodSync(join(folder, 'git'), 0o755)
  return createGit({ ...process.env, PATH: `${folder}:${process.env['PATH']}` })
}

async function print(git: ReturnType<typeof createGit>, path: string, args: readonly string[], input?: string): Promise<string> {
  const printed: Buffer[] = []
  for await (const chunk of git(path, args, input === undefined ? {} : { input })) printed.push(chunk)
  return Buffer.concat(printed).toString().trim()
}

const git = createGit(process.env)

describe('running git', () => {
  test('it prints what git prints, and reads its input', async () => {
    const sandbox = newSandbox()
    const sha = sandbox.commit({})
    expect(await print(git, sandbox.path, ['rev-parse', 'HEAD'])).toBe(sha)
    expect(await print(git, sandbox.path, ['cat-file', '--batch-check=%(objecttype)'], `${sha}\n`)).toBe('commit')
  })

  test('an argument is never a line of shell', async () => {
    const sandbox = newSandbox()
    const odd = '$(touch here); `touch here` "\''
    expect(await print(git, sandbox.path, ['rev-parse', '--sq-quote', odd])).toContain('touch here')
    expect(listingOf(sandbox.path).some((line) => line.includes('here'))).toBe(false)
  })

  test('variables of ours that would change what git reads do not reach it', async () => {
    const [here, other] = [newSandbox(), newSandbox()]
    const sha = here.commit({ message: 'Here' })
    other.commit({ message: 'Other' })
    const misled = createGit({ ...process.env, GIT_DIR: join(other.path, '.git'), GIT_CONFIG_COUNT: 'x', SECRET: 'secret' })
    expect(await print(misled, here.path, ['rev-parse', 'HEAD'])).toBe(sha)
    const secret = createGit({ ...process.env, SECRET: 'secret', PATH: process.env['PATH'] })
    here.git('config', 'alias.leak', '!printenv SECRET || echo nothing')
    expect(await print(secret, here.path, ['leak'])).toBe('nothing')
  })

  test('programs that the repository names in its settings are not started', async () => {
    const sandbox = newSandbox()
    sandbox.commit({ files: [{ write: '.gitattributes', content: '* diff=evil\n' }] })
    sandbox.commit({ files: [{ write: 'a', content: 'a\n' }] })
    sandbox.git('reset', '--quiet', '--hard')
    const evil = `sh -c "echo ran >> '${join(sandbox.path, 'ran')}'"`
    for (const key of [
      'diff.external',
      'diff.evil.command',
      'diff.evil.textconv',
      'core.fsmonitor',
      'core.pager',
      'core.sshCommand',
      'gpg.program',
    ])
      sandbox.git('config', key, evil)
    sandbox.git('config', 'log.showSignature', 'true')
    const before = listingOf(sandbox.path)
    await print(git, sandbox.path, ['log', '--numstat', '--no-ext-diff', '--no-textconv'])
    await print(git, sandbox.path, ['status', '--porcelain'])
    expect(listingOf(sandbox.path)).toEqual(before)
  })

  test('a repository of another owner is read', async () => {
    const sandbox = newSandbox()
    const sha = sandbox.commit({})
    const strange = gitWith(`GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec '${REAL}' "$@"`)
    expect(await print(strange, sandbox.path, ['rev-parse', 'HEAD'])).toBe(sha)
  })

  test.each([
    ['this git', `exec '${REAL}' "$@"`],
    ['a git that does not know GIT_NO_LAZY_FETCH', `unset GIT_NO_LAZY_FETCH; exec '${REAL}' "$@"`],
  ])('a partial clone is not completed by %s, even where its settings allow it', async (_, line) => {
    const origin = newSandbox()
    origin.commit({ files: [{ write: 'a', content: 'a\n' }] })
    const clone = cloneOf(origin, '--bare', '--filter=blob:none')
    clone.git('config', 'protocol.file.allow', 'always')
    const before = listingOf(clone.path)
    await expect(print(gitWith(line), clone.path, ['cat-file', '-p', 'HEAD:a'])).rejects.toMatchObject({ code: 'git' })
    expect(listingOf(clone.path)).toEqual(before)
    expect(clone.git('cat-file', '-p', 'HEAD:a')).toBe('a')
  })
})

describe('troubles name their remedy', () => {
  test.each([
    ['a folder without a repository', newFolder('plain'), 'is not a git repository', 'bare repository'],
    ['a path that is not there', '/does/not/exist', 'There is no folder /does/not/exist', 'as this machine sees it'],
    ['a file', REAL, 'There is no folder', 'as this machine sees it'],
  ])('%s', async (_, path, message, help) => {
    await expect(print(git, path, ['rev-parse', 'HEAD'])).rejects.toMatchObject({
      code: 'git',
      message: expect.stringContaining(message),
      help: expect.stringContaining(help),
    })
  })

  test.each([
    ['not installed', createGit({ PATH: newFolder('empty') }), 'git is not installed', 'Install git'],
    ['too old', gitWith('echo "usage: git rev-parse" >&2; exit 129'), 'does not know', 'Update git'],
    ['an owner that an old git refuses', gitWith("echo 'fatal: unsafe repository' >&2; exit 128"), 'another user owns it', '2.38'],
    ['killed', gitWith('kill -9 $$'), 'it was killed', 'git fsck'],
    ['silent', gitWith('exit 3'), 'exit code 3', 'git fsck'],
    ['an address', gitWith('echo "fatal: https://user:secret@host/x is gone" >&2; exit 1'), 'https://host/x is gone', 'git fsck'],
  ])('%s', async (_, broken, message, help) => {
    await expect(print(broken, newFolder(), ['rev-parse'])).rejects.toMatchObject({
      code: 'git',
      message: expect.stringContaining(message),
      help: expect.stringContaining(help),
    })
  })

  test('what was printed before the failure has been given', async () => {
    const given: string[] = []
    const half = async () => {
      for await (const chunk of gitWith('echo half; exit 1')(newFolder(), ['log'])) given.push(chunk.toString())
    }
    await expect(half()).rejects.toMatchObject({ code: 'git' })
    expect(given).toEqual(['half\n'])
  })

  test('a git that ends before it has read its input is judged by its exit code', async () => {
    expect(await print(gitWith('exit 0'), newFolder(), ['log'], 'x'.repeat(1_000_000))).toBe('')
  })
})

async function started() {
  const folder = newFolder()
  const stop = new AbortController()
  const file = join(folder, 'pid')
  const running = gitWith(`echo $$ > '${file}'; echo begun; exec sleep 60`)(folder, ['log'], { signal: stop.signal })
  const reader = running[Symbol.asyncIterator]()
  await reader.next()
  return { stop, reader, pid: Number(readFileSync(file, 'utf8')) }
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++, await wait(20)) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
  }
  return false
}

describe('leaving early', () => {
  test('an abort kills git and is thrown', async () => {
    const { stop, reader, pid } = await started()
    stop.abort(new Error('enough'))
    await expect(reader.next()).rejects.toThrow('enough')
    expect(await isGone(pid)).toBe(true)
  })

  test('a reader that stops reading kills git', async () => {
    const { reader, pid } = await started()
    await reader.return?.()
    expect(await isGone(pid)).toBe(true)
  })

  test('an abort before the start starts nothing', async () => {
    const stop = new AbortController()
    stop.abort(new Error('never'))
    const reader = git(newFolder(), ['log'], { signal: stop.signal })[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toThrow('never')
  })
})
