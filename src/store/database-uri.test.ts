import { describe, expect, test } from 'vitest'
import type { AppError } from '../errors.ts'
import { resolveDatabase, type DatabaseDialect } from './database-uri.ts'

const of = (text: string, known: readonly DatabaseDialect[] = ['postgres', 'mysql']) => resolveDatabase(text, '--from', known)

describe('an address of others', () => {
  test.each([
    ['postgresql://u:p%40x@h/db', 'h', 5432, 'p@x', null, []],
    ['postgres://u@h:5433/db', 'h', 5433, '', null, []],
    ['postgresql+asyncpg://u@[::1]/db?ssl=require', '::1', 5432, '', 'encrypt', []],
    // As the guide of FlowLens writes it.
    ['postgresql://u:p@h.aws.ybdb.io:5433/db?ssl=true', 'h.aws.ybdb.io', 5433, 'p', 'encrypt', []],
    ['postgresql://u@h/db?sslmode=verify-full', 'h', 5432, '', 'verify', []],
    ['postgresql://u@h/db?sslmode=prefer', 'h', 5432, '', null, []],
    // What is looked at is what is asked.
    ['postgresql://u@h/db?host=127.0.0.1&port=6432', '127.0.0.1', 6432, '', null, []],
    // Files of this machine are none of theirs.
    ['postgresql://u@h/db?sslmode=require&sslrootcert=/etc/passwd&options=-c', 'h', 5432, '', 'encrypt', ['sslrootcert', 'options']],
  ])('%s', (given, host, port, password, tls, ignored) => {
    const named = of(given)
    expect(named?.dialect).toBe('postgres')
    expect(named && { ...named.target, password: named.target.password.reveal() }).toEqual({
      host,
      port,
      username: 'u',
      password,
      database: 'db',
      tls,
      ignored,
      socket: null,
      describe: `${host}:${port}/db`,
      variable: '--from',
    })
  })

  test('a socket; a MySQL; nothing', () => {
    expect(of('postgresql://u@/db?host=/run/postgresql')?.target).toMatchObject({ socket: '/run/postgresql', host: 'localhost' })
    expect(of('mysql://u@h/lake')).toMatchObject({ dialect: 'mysql', target: { host: 'h', port: 3306, database: 'lake' } })
    expect([of(''), resolveDatabase(undefined, '--from', ['mysql'])]).toEqual([null, null])
  })

  test.each([
    ['mysql://u:hunter2@h/db', ['postgres'], 'help', 'postgresql://'],
    ['postgresql://u:hunter2@h/db', ['mysql'], 'help', 'mysql://'],
    ['clickhouse://u:hunter2@h/db', ['postgres', 'mysql'], 'help', 'mysql://'],
    ['u:hunter2@h/db', ['postgres'], 'help', 'postgresql://'],
    ['postgresql://u:hunter2@h', ['postgres'], 'message', 'names no database'],
    ['postgresql://:hunter2@h/db', ['postgres'], 'message', 'names no user'],
    ['postgresql://u:hunter2@h/db?sslmode=perhaps', ['postgres'], 'help', 'verify-full'],
    ['postgresql://u:hunter2@h/db?port=x', ['postgres'], 'help', '5432'],
  ] as const)('%s is refused', (given, known, where, remedy) => {
    let error: unknown = null
    try {
      of(given, known)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'store-scheme', [where]: expect.stringContaining(remedy) as string })
    expect(String((error as AppError).message) + String((error as AppError).help)).not.toContain('hunter2')
    expect((error as AppError).message).toContain('--from')
  })
})
