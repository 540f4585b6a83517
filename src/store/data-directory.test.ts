import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { openDataDirectory } from './data-directory.ts'
import { directoryError } from './disk.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MODULE = fileURLToPath(new URL('data-directory.ts', import.meta.url))
/** Opens argv[2] and says so; argv[3] is a user to become first. */
const SCRIPT = `
import { openDataDirectory } from ${JSON.stringify(MODULE)}
const [, , path, user] = process.argv
if (user && process.getuid() === 0) process.setuid(Number(user))
try {
  const directory = await openDataDirectory(path)
  process.stdout.write('opened\\n')
  process.stdin.on('data', async () => {
    await directory.release()
    process.exit(0)
  })
} catch (error) {
  process.stdout.write(JSON.stringify({ code: error.code, message: error.message, help: error.help, detail: error.detail }) + '\\n', () => process.exit(1))
}
`

let compiled = ''
let scratch = ''
let path = ''
const children: ChildProcess[] = []

beforeAll(async () => {
  // Inside the checkout, so that the compiled script finds its packages.
  await mkdir(join(ROOT, 'node_modules/.cache'), { recursive: true })
  compiled = await mkdtemp(join(ROOT, 'node_modules/.cache/data-directory-'))
  await writeFile(join(compiled, 'opener.ts'), SCRIPT)
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: join(compiled, 'opener.ts'),
      outDir: join(compiled, 'out'),
      target: 'node20',
      copyPublicDir: false,
      rolldownOptions: { output: { entryFileNames: 'opener.mjs' } },
    },
  })
})
afterAll(() => rm(compiled, { recursive: true, force: true }))

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fairlead-data-'))
  path = join(scratch, 'data')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(scratch, { recursive: true, force: true })
})

/** Starts another process that opens `at`; resolves with it and what it said. */
async function opener(at: string, user = ''): Promise<{ child: ChildProcess; pid: number; said: string }> {
  const child = spawn(process.execPath, [join(compiled, 'out/opener.mjs'), at, user], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const said = await Promise.race([
    once(child.stdout, 'data').then(([bytes]: Buffer[]) => String(bytes).trim()),
    once(child, 'close').then(([code]: number[]) => `exited with ${code}`),
  ])
  return { child, pid: child.pid ?? 0, said }
}

async function refusal(opening: Promise<unknown>): Promise<AppError> {
  const thrown = await opening.then(
    () => new Error('it opened'),
    (error: unknown) => error,
  )
  if (thrown instanceof AppError) return thrown
  throw thrown
}

describe('opening', () => {
  test('creates the directory for its owner alone and gives the paths inside', async () => {
    const directory = await openDataDirectory(join(path, 'deep'))
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700)
    expect(directory.journal).toBe(join(directory.path, 'journal'))
    expect(directory.postgres).toBe(join(directory.path, 'postgres'))
    expect(directory.analytics).toBe(join(directory.path, 'analytics'))
    expect(await directory.freeBytes()).toBeGreaterThan(0)
    await directory.release()
  })

  test('a file in its place', async () => {
    await writeFile(path, '')
    const error = await refusal(openDataDirectory(path))
    expect(error.code).toBe('data-directory')
    expect(error.message).toContain('a file is in its place')
    expect(error.help).toContain('Move that file away')
  })

  test('a file in its path', async () => {
    await writeFile(path, '')
    expect((await refusal(openDataDirectory(join(path, 'below')))).detail).toMatchObject({ reason: 'ENOTDIR' })
  })

  test('no right to write: the error names the user and the command', async () => {
    await mkdir(path)
    await chmod(path, 0o555)
    await chmod(scratch, 0o755)
    const { said } = await opener(path, '65534')
    const error = JSON.parse(said) as { code: string; help: string }
    expect(error.code).toBe('data-directory')
    expect(error.help).toMatch(/uid \d+.*chown -R \d+ /)
  })

  test.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'ENOLCK', 'EIO', 'ENOENT', 'EMFILE'])('%s has a remedy', (code) => {
    const error = directoryError(Object.assign(new Error(code), { code }), '/data')
    expect(error.code).toBe('data-directory')
    expect(error.help).toMatch(/\.$|\/data$/)
    expect(error.detail).toStrictEqual({ path: '/data', reason: code })
  })
})

describe('the lock', () => {
  test('keeps out a second opener in this process, also by another name', async () => {
    const directory = await openDataDirectory(path)
    await symlink(path, join(scratch, 'alias'))
    expect((await refusal(openDataDirectory(path))).code).toBe('data-directory-in-use')
    const error = await refusal(openDataDirectory(join(scratch, 'alias')))
    expect(error.code).toBe('data-directory-in-use')
    expect(error.message).toContain(`pid ${process.pid}`)
    await directory.release()
    await directory.release()
    const again = await openDataDirectory(join(scratch, 'alias'))
    expect(again.path).toBe(directory.path)
    await again.release()
  })

  test('of two that open at the same moment in one process exactly one gets it', async () => {
    const outcomes = await Promise.allSettled([openDataDirectory(path), openDataDirectory(path), openDataDirectory(path)])
    const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(opened).toHaveLength(1)
    await opened[0]?.value.release()
  })

  test('another process learns the pid of the holder and what to do, and leaves the holder alone', async () => {
    const { pid, said } = await opener(path)
    expect(said).toBe('opened')
    const error = await refusal(openDataDirectory(path))
    expect(error.code).toBe('data-directory-in-use')
    expect(error.message).toContain(`pid ${pid}`)
    expect(error.help).toContain('Stop that process')
    expect(await readFile(join(path, 'lock'), 'utf8')).toMatch(new RegExp(`^${pid} `))
  })

  test('of ten processes started at once exactly one gets it', async () => {
    const openers = await Promise.all(Array.from({ length: 10 }, () => opener(path)))
    expect(openers.filter(({ said }) => said === 'opened')).toHaveLength(1)
    expect(openers.filter(({ said }) => said.includes('data-directory-in-use'))).toHaveLength(9)
  })

  test('goes with a holder that is killed', async () => {
    const { child } = await opener(path)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const directory = await openDataDirectory(path)
    expect(await readFile(join(path, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
    await directory.release()
  })

  test('stays with a holder that is stopped', async () => {
    const { child, pid } = await opener(path)
    child.kill('SIGSTOP')
    expect((await refusal(openDataDirectory(path))).message).toContain(`pid ${pid}`)
    child.kill('SIGCONT')
    child.stdin?.write('release')
    await once(child, 'exit')
    await (await openDataDirectory(path)).release()
  })

  test('release lets another process in', async () => {
    const directory = await openDataDirectory(path)
    expect((await opener(path)).said).toContain('data-directory-in-use')
    await directory.release()
    expect((await opener(path)).said).toBe('opened')
  })
})

describe('the ballast', () => {
  test('occupies real blocks and gives them back', async () => {
    const directory = await openDataDirectory(path)
    expect(await directory.releaseBallast()).toBe(false)
    expect(await directory.restoreBallast()).toBe(true)
    const { size, blocks } = await stat(join(path, 'ballast'))
    expect(size).toBe(16 * 1024 * 1024)
    expect(blocks * 512).toBeGreaterThanOrEqual(size)
    expect(await directory.restoreBallast()).toBe(true)
    expect(await directory.releaseBallast()).toBe(true)
    expect(await directory.releaseBallast()).toBe(false)
    await directory.release()
  })

  test('one that was left half written is made whole', async () => {
    const directory = await openDataDirectory(path)
    await writeFile(join(path, 'ballast'), 'half')
    expect(await directory.restoreBallast()).toBe(true)
    expect((await stat(join(path, 'ballast'))).size).toBe(16 * 1024 * 1024)
    await directory.release()
  })
})
