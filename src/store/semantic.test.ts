import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { silentLog } from '../log.ts'
import { Secret } from '../secret.ts'
import { postgresPort } from './dialects/postgres.ts'
import { readInstant, readNumber } from './postgres-value.ts'
import { openSemantic, productOf, type Semantic, type SemanticTarget } from './semantic.ts'
import { noRow, statement } from './statement.ts'

let directory: string
let semantic: Semantic

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-semantic-'))
  semantic = await openSemantic({ embedded: directory }, { log: silentLog, statementTimeoutMs: 2_000 })
  await run('create table things (id int primary key, name text unique, seen_at timestamptz)')
})
afterAll(async () => {
  await semantic.close()
  await rm(directory, { recursive: true, force: true })
})

async function run(sql: string): Promise<void> {
  await semantic.query({ name: 'test.run', sql, row: noRow })
}

async function refusal(work: () => Promise<unknown>): Promise<AppError> {
  const thrown = await work().then(
    () => null,
    (cause: unknown) => cause,
  )
  if (thrown instanceof AppError) return thrown
  throw new Error('it was not refused as it should be', { cause: thrown })
}

function say(target: SemanticTarget): Promise<AppError> {
  return refusal(() => openSemantic(target, { log: silentLog }))
}

/** The same server as anybody would reach it by URI. */
function uri(user = 'fairlead', database = 'fairlead'): SemanticTarget {
  return { uri: new Secret(`postgresql://${user}@/${database}?host=${join(directory, 'data')}`) }
}

describe('values', () => {
  const kinds = statement({
    name: 'test.kinds',
    sql: `select {at:timestamptz} as at, {big:int8} as big, 9007199254740993::int8 as too_big, sum(n) as total, 0.5::numeric as half, null as nothing,
      {flags:boolean} as flag, {names:text[]} as names, {config:jsonb} as config, {at:timestamptz}::date as day
      from generate_series(1, 4) as n`,
    row: noRow,
  })

  test('go in as parameters and come back as the program has them', async () => {
    const params = {
      at: '2026-01-31T23:59:59.123Z',
      big: 2 ** 40,
      flags: true,
      names: ['a', "b'", '{c}'],
      config: '{"deep":[1,{"x":null}]}',
    }
    expect(await semantic.one(kinds, params)).toEqual({
      at: '2026-01-31T23:59:59.123Z',
      big: 2 ** 40,
      too_big: '9007199254740993',
      total: 10,
      half: 0.5,
      nothing: null,
      flag: true,
      names: ['a', "b'", '{c}'],
      config: { deep: [1, { x: null }] },
      day: '2026-01-31',
    })
  })

  test.each([
    ['2026-01-31 10:00:00+00', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31 10:00:00.5+00', '2026-01-31T10:00:00.500Z'],
    ['2026-01-31 10:00:00.123456+05:30', '2026-01-31T04:30:00.123Z'],
    ['2026-01-01 00:30:00-01', '2026-01-01T01:30:00.000Z'],
    ['infinity', 'infinity'],
  ])('the instant %s is %s', (text, instant) => {
    expect(readInstant(text)).toBe(instant)
  })

  test.each([
    ['0', 0],
    ['-12.50', -12.5],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['NaN', 'NaN'],
  ])('the number %s is %j', (text, value) => {
    expect(readNumber(text)).toBe(value)
  })

  test('a row that does not fit its schema names the statement and the column, and not the value', async () => {
    const wrong = statement({
      name: 'test.wrong',
      sql: `select 1 as id, 'hunter2' as age`,
      row: z.object({ id: z.number(), age: z.number() }),
    })
    const { code, message, detail } = await refusal(() => semantic.query(wrong))
    expect(code).toBe('store-refused')
    expect(message).toMatch(/test\.wrong.*age/)
    expect(JSON.stringify([message, detail])).not.toContain('hunter2')
  })

  test('no row is null', async () => {
    expect(await semantic.one(statement({ name: 'test.none', sql: 'select 1 as one where false', row: noRow }))).toBeNull()
  })

  test('the name of a statement stands in front of its SQL', async () => {
    const own = statement({ name: 'test.own', sql: 'select query from pg_stat_activity where pid = pg_backend_pid()', row: noRow })
    expect(await semantic.one(own)).toEqual({ query: `/* test.own */ ${own.sql}` })
  })
})

describe('transactions', () => {
  const insert = statement({ name: 'test.insert', sql: 'insert into things (id, name) values ({id:int}, {name:text})', row: noRow })
  const add = statement({ name: 'test.add', sql: `update things set name = name || {more:text} where id = {id:int}`, row: noRow })
  const read = statement({ name: 'test.read', sql: 'select name from things where id = {id:int}', row: z.object({ name: z.string() }) })

  test('keep everything or nothing', async () => {
    const failed = semantic.transaction(async (tx) => {
      await tx.query(insert, { id: 1, name: 'one' })
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await semantic.one(read, { id: 1 })).toBeNull()
    expect(await semantic.transaction(async (tx) => (await tx.query(insert, { id: 1, name: 'one' })).length)).toBe(0)
    expect(await semantic.one(read, { id: 1 })).toEqual({ name: 'one' })
  })

  test('that lock each other out both end', async () => {
    await run(`insert into things (id, name) values (10, 'x'), (11, 'y')`)
    let runs = 0
    const both = (first: number, second: number): Promise<void> =>
      semantic.transaction(async (tx) => {
        runs++
        await tx.query(add, { id: first, more: `+${first}` })
        await sleep(100)
        await tx.query(add, { id: second, more: `+${first}` })
      })
    await Promise.all([both(10, 11), both(11, 10)])
    expect(runs).toBeGreaterThan(2)
    const names = await semantic.query(
      statement({ name: 'test.names', sql: 'select name from things where id in (10, 11) order by id', row: noRow }),
    )
    expect(names.map((row) => JSON.stringify(row).match(/\+1[01]/g)?.length)).toEqual([2, 2])
  })

  test('are given up after eight attempts', async () => {
    let runs = 0
    const { code, retry } = await refusal(() =>
      semantic.transaction(async (tx) => {
        runs++
        await tx.query({ name: 'test.fail', sql: `do $$ begin raise exception 'no' using errcode = '40001'; end $$`, row: noRow })
      }),
    )
    expect([runs, code, retry]).toEqual([8, 'store-unavailable', true])
  })
})

test('a statement outside a transaction is asked again when the server gave up on it, and a migration too', async () => {
  await run('create sequence tries')
  // A sequence counts on when what asked for it is undone.
  const third = `do $$ begin if nextval('tries') % 3 <> 0 then raise exception 'no' using errcode = '40001'; end if; end $$`
  await run(third)
  const tries = statement({ name: 'test.tries', sql: 'select last_value as tries from tries', row: z.object({ tries: z.number() }) })
  expect(await semantic.one(tries)).toEqual({ tries: 3 })
  await postgresPort(semantic).transaction?.(async (port) => {
    await port.run(third).catch((cause: unknown) => {
      throw new AppError('migration-failed', 'It failed.', { help: 'Run it again.', detail: { statement: 1 }, cause })
    })
  })
  expect(await semantic.one(tries)).toEqual({ tries: 6 })
})

describe('errors', () => {
  test('of a statement: its name, no values', async () => {
    const duplicate = statement({
      name: 'test.duplicate',
      sql: `insert into things (id, name) values (77, {name:text}), (78, {name:text})`,
      row: noRow,
    })
    const first = await refusal(() => semantic.query(duplicate, { name: 'hunter2' }))
    expect([first.code, first.message.includes('test.duplicate')]).toEqual(['store-refused', true])
    expect(first.detail).toMatchObject({ statement: 'test.duplicate', sqlstate: '23505', constraint: 'things_name_key' })
    const cast = statement({ name: 'test.cast', sql: 'select {id:uuid} as id', row: noRow })
    const second = await refusal(() => semantic.query(cast, { id: 'hunter2' }))
    expect([second.code, second.detail]).toMatchObject(['store-refused', { statement: 'test.cast', sqlstate: '22P02' }])
    for (const each of [first, second])
      expect(JSON.stringify([each.message, each.help, each.detail, String(each.cause)])).not.toContain('hunter2')
    // Nor in the file that PostgreSQL writes, except a value that it cannot read as its type.
    expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).not.toContain('(hunter2)')
  })

  test('of a statement that takes too long', async () => {
    const { code, retry } = await refusal(() => semantic.query(statement({ name: 'test.slow', sql: 'select pg_sleep(10)', row: noRow })))
    expect([code, retry]).toEqual(['store-unavailable', true])
  })

  test('of an unknown database', async () => {
    const { code, help } = await say(uri('fairlead', 'nowhere'))
    expect([code, help?.includes('create database')]).toEqual(['store-unavailable', true])
  })

  test('of a wrong or missing password', async () => {
    await run(`create role guest login password 'right'`)
    const hba = join(directory, 'data', 'pg_hba.conf')
    const before = readFileSync(hba, 'utf8')
    writeFileSync(hba, `local all guest scram-sha-256\n${before}`)
    await run('select pg_reload_conf()')
    await sleep(200)
    for (const user of ['guest:hunter2', 'guest']) {
      const { code, message, help } = await say(uri(user))
      expect(code).toBe('store-credentials')
      expect(JSON.stringify([message, help])).not.toContain('hunter2')
    }
    expect((await say(uri('nobody_of_that_name'))).code).toBe('store-credentials')
    const guest = await openSemantic(uri('guest:right'), { log: silentLog })
    expect(
      (await refusal(() => guest.query({ name: 'test.create', sql: 'create table public.mine (id int)', row: noRow }))).help,
    ).toContain('grant create')
    await guest.close()
  })

  test('of a server that is not there, does not answer, or speaks no TLS', async () => {
    const silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1')
    await new Promise((done) => silent.once('listening', done))
    const { port } = silent.address() as AddressInfo
    const begun = performance.now()
    const mute = await say({ uri: new Secret(`postgresql://u:hunter2@127.0.0.1:${port}/db`) })
    expect([mute.code, mute.retry]).toEqual(['store-unavailable', true])
    expect(performance.now() - begun).toBeLessThan(8_000)
    await new Promise((done) => silent.close(done))
    const gone = await say({ uri: new Secret(`postgresql://u:hunter2@127.0.0.1:${port}/db`) })
    expect([gone.code, gone.retry, gone.message]).toEqual([
      'store-unavailable',
      true,
      `PostgreSQL at 127.0.0.1:${port}/db cannot be reached.`,
    ])
    expect((await say({ uri: new Secret('postgresql://u:p@no-such-host.invalid/db') })).code).toBe('store-unavailable')
    const plain = await say({ uri: new Secret(`postgresql://fairlead@/fairlead?host=${join(directory, 'data')}&sslmode=require`) })
    expect([plain.code, plain.message.endsWith('does not speak TLS.')]).toEqual(['store-unavailable', true])
  })
})

test('it says what it is, without a password', async () => {
  expect(semantic.describe).toMatch(/^embedded PostgreSQL 18\.\d+ in /)
  const other = await openSemantic(uri('fairlead:hunter2'), { log: silentLog })
  await other.ping()
  expect(other.describe).toMatch(/^PostgreSQL 18\.\d+ at .*:5432\/fairlead$/)
  await Promise.all([other.close(), other.close()])
  expect(productOf('PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu')).toBe('YugabyteDB 2.25.0.0-b0')
  expect(productOf('PostgreSQL 19beta1 on x86_64')).toBe('PostgreSQL 19beta1')
})
