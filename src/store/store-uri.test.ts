import { describe, expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { resolveMysql, resolveStores } from './store-uri.ts'

function failure(variables: Record<string, string>): AppError {
  try {
    resolveStores(variables)
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown
  }
  throw new Error('nothing was refused')
}

describe('which variable serves which store', () => {
  test('nothing set: both embedded', () => {
    expect(resolveStores({ POSTGRES_URI: ' ', DATABASE_URL: '' })).toEqual({ semantic: null, analytics: null })
  })
  test.each([
    [{ POSTGRES_URI: 'postgresql://a/x', DATABASE_URI: 'postgresql://b/x' }, 'POSTGRES_URI', null],
    [{ DATABASE_URI: 'postgresql://a/x', DATABASE_URL: 'postgresql://b/x' }, 'DATABASE_URI', null],
    [{ DATABASE_URI: 'clickhouse://a/x', DATABASE_URL: 'postgres://b/x' }, 'DATABASE_URL', 'DATABASE_URI'],
    [{ DATABASE_URI: 'postgresql+asyncpg://a/x', DATABASE_URL: 'http://b:8123' }, 'DATABASE_URI', 'DATABASE_URL'],
    // A fallback that nobody needs may be for another program.
    [{ POSTGRES_URI: 'postgres://a/x', CLICKHOUSE_URI: 'clickhouse://c', DATABASE_URL: 'mysql://b/x' }, 'POSTGRES_URI', 'CLICKHOUSE_URI'],
  ])('%j', (variables, semantic, analytics) => {
    const resolved = resolveStores(variables)
    expect([resolved.semantic?.variable ?? null, resolved.analytics?.variable ?? null]).toEqual([semantic, analytics])
  })
})

describe('PostgreSQL', () => {
  test.each([
    ['postgresql://u:p@h/db', 'postgresql://u:p@h/db', 'h:5432/db'],
    ['postgres://u:p@h:6432/db', 'postgresql://u:p@h:6432/db', 'h:6432/db'],
    ['POSTGRESQL+asyncpg://u:p%40x@h:5433/db', 'postgresql://u:p%40x@h:5433/db', 'h:5433/db'],
    ['postgresql+asyncpg://u@h/db?ssl=require', 'postgresql://u@h/db?sslmode=require&uselibpqcompat=true', 'h:5432/db'],
    ['postgresql://u@h/db?sslmode=prefer', 'postgresql://u@h/db', 'h:5432/db'],
    ['postgresql://u@h/db?sslmode=no-verify', 'postgresql://u@h/db?sslmode=no-verify', 'h:5432/db'],
    ['postgresql://u@[::1]:5433/db', 'postgresql://u@[::1]:5433/db', '[::1]:5433/db'],
    ['postgresql://u:p@/db?host=/run/postgresql', 'postgresql://u:p@/db?host=/run/postgresql', '/run/postgresql:5432/db'],
    ['postgresql:///db', 'postgresql:///db', 'localhost:5432/db'],
  ])('%s', (given, uri, describe) => {
    const { semantic } = resolveStores({ POSTGRES_URI: given })
    expect([semantic?.uri.reveal(), semantic?.describe]).toEqual([uri, describe])
    expect(resolveStores({ POSTGRES_URI: uri }).semantic?.uri.reveal()).toBe(uri)
  })
})

describe('ClickHouse', () => {
  test.each([
    ['clickhouse://u:p%40x@h:8123/db', 'http://h:8123', 'u', 'p@x', 'db', null, []],
    ['clickhouse://h', 'http://h:8123', 'default', '', 'fairlead', null, []],
    ['clickhouse://u:p@h/db?secure=true&cluster=main&charset=utf8', 'https://h:8443', 'u', 'p', 'db', 'main', ['charset']],
    ['clickhouses://h/db', 'https://h:8443', 'default', '', 'db', null, []],
    ['clickhouse+http://h:8124/db', 'http://h:8124', 'default', '', 'db', null, []],
    ['http://h:8123/db', 'http://h:8123', 'default', '', 'db', null, []],
    ['https://u:p@h/proxy/db', 'https://h:443/proxy', 'u', 'p', 'db', null, []],
    ['http://h:9000', 'http://h:9000', 'default', '', 'fairlead', null, []],
    ['http://h:8123?database=other', 'http://h:8123', 'default', '', 'other', null, []],
  ])('%s', (given, url, username, password, database, cluster, ignored) => {
    const { analytics } = resolveStores({ CLICKHOUSE_URI: given })
    expect(analytics && { ...analytics, url: analytics.url.reveal(), password: analytics.password.reveal() }).toEqual({
      url,
      username,
      password,
      database,
      cluster,
      ignored,
      variable: 'CLICKHOUSE_URI',
      describe: `${new URL(given.replace(/^[^:]+/, 'clickhouse')).hostname}:${/:(\d+)(\/|$)/.exec(url)?.[1]}/${database}`,
    })
  })
})

describe('refused, with variable, scheme and remedy, and without the password', () => {
  test.each([
    ['POSTGRES_URI', 'mysql://u:hunter2@h/db', 'mysql', 'MYSQL_URI'],
    ['POSTGRES_URI', 'sqlite+aiosqlite:///hunter2.db', 'sqlite+aiosqlite', 'the embedded ones need no server'],
    ['POSTGRES_URI', 'sqlite:///hunter2.db', 'sqlite', 'unset POSTGRES_URI'],
    ['CLICKHOUSE_URI', 'sqlite+aiosqlite:///hunter2.db', 'sqlite+aiosqlite', 'unset CLICKHOUSE_URI'],
    ['CLICKHOUSE_URI', 'postgresql+asyncpg://u:hunter2@h/db', 'postgresql+asyncpg', 'POSTGRES_URI'],
    ['POSTGRES_URI', 'clickhouse://u:hunter2@h/db', 'clickhouse', 'CLICKHOUSE_URI'],
    ['CLICKHOUSE_URI', 'mongodb://u:hunter2@h/db', 'mongodb', 'clickhouse://'],
    ['CLICKHOUSE_URI', 'clickhouse+native://u:hunter2@h:9000/db', 'clickhouse+native', '8123'],
    ['CLICKHOUSE_URI', 'clickhouse://u:hunter2@h:9000/db', 'clickhouse', '8123'],
    ['DATABASE_URI', 'clickhouse+asynch://u:hunter2@h/db', 'clickhouse+asynch', '8123'],
    ['DATABASE_URI', 'mysql://u:hunter2@h/db', 'mysql', 'postgresql://'],
    ['DATABASE_URL', 'sqlite+aiosqlite:///hunter2.db', 'sqlite+aiosqlite', 'clickhouse://'],
    ['POSTGRES_URI', 'postgresql://u:hunter2/x@h:port/db', 'postgresql', '%2F'],
    ['POSTGRES_URI', 'postgresql://u:hunter2%@h/db', 'postgresql', '%25'],
  ])('%s=%s', (variable, text, scheme, remedy) => {
    const { code, message, help, detail } = failure({ [variable]: text })
    expect(code).toBe('store-scheme')
    expect(message).toContain(variable)
    expect(help).toContain(remedy)
    expect(detail).toMatchObject({ variable, scheme })
    expect(JSON.stringify([message, help, detail])).not.toContain('hunter2')
  })
  test('no scheme', () => {
    const { code, message, detail } = failure({ POSTGRES_URI: 'u:hunter2@h/db' })
    expect([code, detail]).toEqual(['store-scheme', { variable: 'POSTGRES_URI' }])
    expect(message).not.toContain('hunter2')
  })
})

describe('MySQL', () => {
  test.each([
    ['mysql://u:p%40x@h/lake', 'h', 3306, 'u', 'p@x', 'lake', null, []],
    ['mariadb://u@h:3307/lake', 'h', 3307, 'u', '', 'lake', null, []],
    ['mysql+pymysql://u@[::1]/lake', '::1', 3306, 'u', '', 'lake', null, []],
    ['mysql://u@h/lake?ssl-mode=REQUIRED', 'h', 3306, 'u', '', 'lake', 'encrypt', []],
    ['mysql://u@h/lake?tls=true', 'h', 3306, 'u', '', 'lake', 'verify', []],
    // As DevLake writes it.
    [
      'mysql://merico:merico@mysql:3306/lake?charset=utf8mb4&parseTime=True',
      'mysql',
      3306,
      'merico',
      'merico',
      'lake',
      null,
      ['charset', 'parseTime'],
    ],
    ['mysql:///lake', 'localhost', 3306, '', '', 'lake', null, []],
  ])('%s', (given, host, port, username, password, database, tls, ignored) => {
    const target = resolveMysql(given)
    expect(target && { ...target, password: target.password.reveal() }).toEqual({
      host,
      port,
      username,
      password,
      database,
      tls,
      ignored,
      socket: null,
      describe: `${host}:${port}/${database}`,
      variable: 'MYSQL_URI',
    })
  })
  test('a socket; nothing', () => {
    expect(resolveMysql('mysql://u@/lake?socket=/run/mysqld/mysqld.sock')).toMatchObject({
      socket: '/run/mysqld/mysqld.sock',
      describe: '/run/mysqld/mysqld.sock/lake',
    })
    expect([resolveMysql(undefined), resolveMysql('')]).toEqual([null, null])
  })
  test.each([
    ['postgresql://u:hunter2@h/lake', 'mysql://'],
    ['u:hunter2@h/lake', 'mysql://'],
    ['mysql://u:hunter2@h', 'names no database', 'message'],
    ['mysql://u:hunter2@h/lake?tls=perhaps', 'VERIFY_IDENTITY'],
  ])('%s is refused', (given, remedy, where = 'help') => {
    let error: unknown = null
    try {
      resolveMysql(given, '--to')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'store-scheme', [where]: expect.stringContaining(remedy) as string })
    expect(String((error as AppError).message) + String((error as AppError).help)).not.toContain('hunter2')
    expect((error as AppError).message).toContain('--to')
  })
})
