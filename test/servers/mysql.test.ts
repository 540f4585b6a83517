import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../src/errors.ts'
import { silentLog } from '../../src/log.ts'
import { openMysql, type Mysql } from '../../src/store/mysql.ts'
import { noRow, statement } from '../../src/store/statement.ts'
import { givenMysql, makeLake, targetOf, type OwnLake } from './own-lake.ts'

let lake: OwnLake
let mysql: Mysql

beforeAll(async () => {
  lake = await makeLake()
  mysql = await lake.open()
  await mysql.run(
    'create table things (id varchar(255) primary key, n bigint, at datetime(3), flag tinyint(1), share decimal(10,4), note mediumtext) engine = InnoDB default charset utf8mb4',
  )
})
afterAll(async () => {
  await mysql?.close()
  await lake?.drop()
})

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  )
  if (thrown instanceof AppError) return thrown
  throw new Error('it was not refused as it should be', { cause: thrown })
}

const COLUMNS = { id: 'varchar', n: 'bigint', at: 'datetime', flag: 'bool', share: 'decimal', note: 'text' }
const all = statement({ name: 'test.all', sql: 'select * from things order by id', row: noRow })

test('the server is one that Fairlead supports', () => {
  expect(mysql.describe).toMatch(/^(MariaDB (10\.([6-9]|1\d)|1[1-9])|MySQL [89])\..* at .*lake_test_/)
})

describe('values', () => {
  test('come back as they went in, in UTC, and are bound by the server', async () => {
    const at = '2026-03-29T01:30:00.007Z'
    const rows = [
      { id: `a'; drop table things; --`, n: 2 ** 50, at, flag: true, share: 0.25, note: '👩‍🚀 "quoted" \\ \0' },
      { id: 'b', n: null, at: null, flag: false, share: null, note: null },
    ]
    await mysql.write({ name: 'things', columns: COLUMNS }, rows)
    expect(await mysql.query(all)).toEqual(rows)
    const kinds = statement({
      name: 'test.kinds',
      sql: `select {at:datetime(3)} as at, {n:bigint} as n, {flag:bool} as flag, 9007199254740993 as too_big, id from things where id in ({ids:varchar[]}) and at = {at:datetime} limit {limit:int}`,
      row: noRow,
    })
    expect(
      await mysql.query(kinds, { at: '2026-03-29T03:30:00.007+02:00', n: 7, flag: true, ids: [rows[0]?.id ?? '', 'b'], limit: 5 }),
    ).toMatchObject([{ n: 7, too_big: '9007199254740993', id: rows[0]?.id }])
    expect(await mysql.query(kinds, { at, n: 7, flag: true, ids: [], limit: 5 })).toEqual([])
  })

  test('a row that is there already is replaced, column by column that is not kept', async () => {
    await mysql.run('truncate table things')
    const many = Array.from({ length: 1_201 }, (_, n) => ({ id: `id ${n}`, n, at: null, flag: null, share: null, note: 'first' }))
    await mysql.write({ name: 'things', columns: COLUMNS }, many)
    await mysql.write(
      { name: 'things', columns: COLUMNS, keep: ['id', 'note'] },
      many.map((row) => ({ ...row, n: row.n + 1, note: 'second' })),
    )
    const sums = statement({
      name: 'test.sums',
      sql: 'select count(*) as rows_, sum(n) as n, min(note) as note, max(note) as last from things',
      row: noRow,
    })
    expect(await mysql.one(sums)).toEqual({ rows_: 1_201, n: (1_201 * 1_202) / 2, note: 'first', last: 'first' })
  })

  test('a row that does not fit its schema names the statement and the column', async () => {
    const wrong = statement({ name: 'test.wrong', sql: `select 'secret' as n`, row: z.object({ n: z.number() }) })
    const { code, message } = await refusal(mysql.query(wrong))
    expect([code, message.includes('test.wrong'), message.includes('n is not'), message.includes('secret')]).toEqual([
      'store-refused',
      true,
      true,
      false,
    ])
  })
})

describe('transactions', () => {
  test('all or nothing', async () => {
    await mysql.run('truncate table things')
    const left = mysql.transaction(async (tx) => {
      await tx.run(`insert into things (id) values ('half')`)
      throw new Error('no')
    })
    await expect(left).rejects.toThrow('no')
    expect(await mysql.query(all)).toEqual([])
  })

  test('two that would wait for each other for ever: the server gives up on one, and it is run again', async () => {
    await mysql.run(`insert into things (id, n) values ('left', 0), ('right', 0)`)
    const add = statement({ name: 'test.add', sql: 'update things set n = n + 1 where id = {id:varchar}', row: noRow })
    let met = 0
    let both: () => void = () => {}
    const meeting = new Promise<void>((resolve) => (both = resolve))
    let runs = 0
    const cross = (first: string, second: string) =>
      mysql.transaction(async (tx) => {
        runs++
        await tx.query(add, { id: first })
        if (++met === 2) both()
        await meeting
        await tx.query(add, { id: second })
      })
    await Promise.all([cross('left', 'right'), cross('right', 'left')])
    expect(runs).toBeGreaterThan(2)
    expect(await mysql.query(all)).toMatchObject([{ n: 2 }, { n: 2 }])
  })
})

describe('what goes wrong is said with its remedy, and without the password', () => {
  const open = (uri: string) => openMysql(targetOf(uri), { log: silentLog }).then((one) => one.close())
  const changed = (change: (uri: URL) => void): string => {
    const uri = new URL(givenMysql())
    change(uri)
    return uri.href
  }

  test('nobody listens', async () => {
    const { code, help } = await refusal(open(changed((uri) => (uri.port = '1'))))
    expect([code, help?.includes('MYSQL_URI')]).toEqual(['store-unavailable', true])
  })

  test('no such database', async () => {
    const { code, help } = await refusal(open(changed((uri) => (uri.pathname = '/no_such_database'))))
    expect([code, help?.includes('create database')]).toEqual(['store-unavailable', true])
  })

  test('a wrong user', async () => {
    const wrong = await refusal(
      open(
        changed((uri) => {
          uri.username = 'nobody_here'
          uri.password = 'hunter2'
        }),
      ),
    )
    expect(wrong.code).toBe('store-credentials')
    expect(JSON.stringify([wrong.message, wrong.help, wrong.detail])).not.toContain('hunter2')
  })

  test('TLS where the server has none, or a certificate that nobody knows', async () => {
    const { code, help } = await refusal(open(changed((uri) => uri.searchParams.set('ssl-mode', 'VERIFY_IDENTITY'))))
    expect([code, help?.includes('ssl-mode')]).toEqual(['store-unavailable', true])
  })

  test('another program on that port', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await expect(open(`mysql://u:hunter2@127.0.0.1:${port}/x`)).rejects.not.toThrow('hunter2')
    server.close()
  })

  test('a connection that the server ends: the next statement takes another', async () => {
    const id = statement({ name: 'test.id', sql: 'select connection_id() as id', row: z.object({ id: z.number() }) })
    const standing = statement({
      name: 'test.standing',
      sql: 'select id from information_schema.processlist',
      row: z.object({ id: z.number() }),
    })
    const cut = mysql.transaction(async (tx) => {
      const mine = await tx.one(id)
      await mysql.run(`kill ${mine?.id}`)
      // The server answers before the connection has ended.
      await expect.poll(() => mysql.query(standing)).not.toContainEqual({ id: mine?.id })
      await tx.query(all)
    })
    expect((await refusal(cut)).code).toBe('store-unavailable')
    expect(await mysql.one(id)).not.toBeNull()
  })

  test('what a value is, stays out of the message', async () => {
    const { code, message } = await refusal(
      mysql.write({ name: 'things', columns: { id: 'varchar' } }, [{ id: `secret${'x'.repeat(300)}` }]),
    )
    expect([code, message.includes('secret')]).toEqual(['store-refused', false])
  })
})
