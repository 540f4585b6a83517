import { createHmac } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openAccess } from '../../src/account/access.ts'
import { openAudit, type Actor } from '../../src/account/audit.ts'
import { openEmitterKeys } from '../../src/account/emitter-keys.ts'
import { openLockout } from '../../src/account/lockout.ts'
import { openMembers } from '../../src/account/members.ts'
import { openOrganizations } from '../../src/account/organizations.ts'
import { SUPERUSER_RIGHTS } from '../../src/account/role.ts'
import { openSignIn } from '../../src/account/sign-in.ts'
import { openTokens } from '../../src/account/tokens.ts'
import { openUsers } from '../../src/account/users.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { loadRegistry } from '../../src/registry.ts'
import { Secret } from '../../src/secret.ts'
import { openNames } from '../../src/source/names.ts'
import { openSources } from '../../src/source/sources.ts'
import { openVault } from '../../src/source/vault.ts'
import { postgresDialect, postgresPort } from '../../src/store/dialects/postgres.ts'
import { createMigrator } from '../../src/store/migrate.ts'
import { openSemantic, type Semantic } from '../../src/store/semantic.ts'
import { noRow, statement } from '../../src/store/statement.ts'
import { fairlead, freshDirectory, removeDirectory, startServer, type Server } from '../server.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { startYugabyte, type Yugabyte } from './yugabyte.ts'

/** What the program does on a server that refuses what YugabyteDB refuses, and that gives up on one statement in twenty. */
const SHARE = 0.05
const folder = resolve('migrations/postgres')

async function opened<T>(seed: number, share: number, work: (proxy: Yugabyte, uri: string) => Promise<T>): Promise<T> {
  const database = await makeDatabase()
  const proxy = await startYugabyte({ uri: givenServer(), seed, share })
  try {
    return await work(proxy, proxy.uri(database.name))
  } finally {
    await proxy.close()
    await database.drop()
  }
}

describe('the proxy', () => {
  let database: Awaited<ReturnType<typeof makeDatabase>>
  let calm: Yugabyte
  let wild: Yugabyte
  let client: pg.Client
  let unlucky: pg.Client
  beforeAll(async () => {
    database = await makeDatabase()
    calm = await startYugabyte({ uri: givenServer(), seed: 1, share: 0 })
    wild = await startYugabyte({ uri: givenServer(), seed: 1, share: 1 })
    client = new pg.Client(calm.uri(database.name))
    unlucky = new pg.Client(wild.uri(database.name))
    await client.connect()
    await unlucky.connect()
    await client.query('create table things (id int primary key)')
  })
  afterAll(async () => {
    await client.end()
    await unlucky.end()
    await calm.close()
    await wild.close()
    await database.drop()
  })

  test.each([
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_xact_lock(1)',
    'lock table things in access exclusive mode',
    'listen news',
    'unlisten *',
    `notify news, 'x'`,
    `select pg_notify('news', 'x')`,
    'create table a (id int); create table b (id int)',
    'begin; create index concurrently things_id on things (id)',
    'create table more (id int) inherits (things)',
    'create table c (id int unique deferrable)',
    'create table d (a int, b int generated always as (a + 1) stored)',
    `prepare transaction 'x'`,
    'begin isolation level serializable read only deferrable',
    'create table e (a int, exclude using gist (a with =))',
    'alter table things add constraint once unique (id) deferrable initially deferred',
    'set constraints all deferred',
    'create index things_area on things using gist (id)',
    'alter type mood add value $$x$$',
    'cluster things using things_pkey',
    'reindex table things',
    'drop index concurrently things_id',
    'update things set id = 1 where current of walk',
    'fetch backward 1 from walk',
    'move 1 in walk',
    'create index things_both on things using gin (a, b)',
    'create schema part create table inside (id int)',
    'create conversion ours for $$UTF8$$ to $$LATIN1$$ from convert_it',
    `select xpath('/a', b) from things`,
  ])('refuses %s, said at once or prepared', async (sql) => {
    await expect(client.query(sql)).rejects.toMatchObject({ code: '0A000' })
    // The server itself takes only one statement at a time here, and would say 42601.
    if (!sql.includes(';'))
      await expect(client.query({ text: sql, values: [], name: sql.slice(0, 60) })).rejects.toMatchObject({ code: '0A000' })
    // The connection goes on as if nothing had been.
    expect((await client.query('select count(*)::int as n from things where id = $1', [7])).rows).toEqual([{ n: 0 }])
  })

  test('refuses the second DDL statement of a transaction, which then is aborted until it is rolled back', async () => {
    await client.query('begin')
    await client.query('create table first (id int)')
    await expect(client.query('create table second (id int)')).rejects.toMatchObject({ code: '0A000' })
    await expect(client.query('select $1::int as one', [1])).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    await client.query('create table second (id int)')
    await client.query('create table third (id int)')
    expect((await client.query(`select to_regclass('first') is null as gone`)).rows).toEqual([{ gone: true }])
  })

  test('takes what only looks like it', async () => {
    const text = `select 'lock table x; listen y' as a /* pg_advisory_lock */ -- notify`
    expect((await client.query(text)).rows).toEqual([{ a: 'lock table x; listen y' }])
    await client.query('create index concurrently things_id on things (id)')
    await client.query('drop index things_id')
    await client.query('begin')
    await client.query('declare walk cursor for select id from things')
    expect((await client.query('fetch forward 1 from walk')).rows).toEqual([])
    await client.query('rollback')
    expect((await client.query('select version()')).rows[0]).toEqual({ version: expect.stringContaining('-YB-2.25') as string })
  })

  test('gives up on a statement before it is done, and the transaction of it is aborted', async () => {
    await expect(unlucky.query('insert into things values (1)')).rejects.toMatchObject({ code: '40001' })
    await expect(unlucky.query('insert into things values ($1)', [1])).rejects.toMatchObject({ code: '40001' })
    await unlucky.query('begin')
    await expect(unlucky.query('insert into things values ($1)', [1])).rejects.toMatchObject({ code: '40001' })
    await expect(unlucky.query('insert into things values ($1)', [1])).rejects.toMatchObject({ code: '25P02' })
    await unlucky.query('rollback')
    expect((await client.query('select * from things')).rows).toEqual([])
  })

  test('gives up at COMMIT, and the transaction is over and undone', async () => {
    await unlucky.query('begin')
    // Nothing that may conflict: the first that does is the commit.
    await unlucky.query('do $$ begin insert into things values (1); end $$')
    await expect(unlucky.query('commit')).rejects.toMatchObject({ code: '40001' })
    await unlucky.query('set timezone = utc')
    expect((await client.query('select * from things')).rows).toEqual([])
  })
})

describe.each([11, 12, 13])('one statement in twenty is given up on, seed %i', (seed) => {
  test('the migrations make the schema of the snapshot, by two that start at once', () =>
    opened(seed, SHARE, async (proxy, uri) => {
      const both = await Promise.all([0, 1].map(() => openSemantic({ uri: new Secret(uri) }, { log: silentLog })))
      const migrators = both.map((semantic) => migratorOver(semantic))
      const applied = await Promise.all(migrators.map((one) => one.up()))
      expect(both[0]?.describe).toMatch(/^YugabyteDB 2\.25/)
      expect(applied.flat().map((each) => each.file)).toEqual((await readdir(folder)).filter((file) => /^\d/.test(file)))
      expect(await migrators[0]?.verify()).toEqual({ matches: true, missing: [], unexpected: [] })
      expect((await migrators[1]?.status())?.history.every((row) => row.state === 'done')).toBe(true)
      expect(proxy.counts.refused).toEqual([])
      expect(proxy.counts.givenUp).toBeGreaterThan(0)
      for (const semantic of both) await semantic.close()
    }))

  test('transactions keep everything or nothing, and no increment is lost', () =>
    opened(seed, SHARE, async (proxy, uri) => {
      const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
      await semantic.query({ name: 'test.table', sql: 'create table counter (id int primary key, n int not null)', row: noRow })
      await semantic.query({ name: 'test.zero', sql: 'insert into counter values (1, 0), (2, 0)', row: noRow })
      const read = statement({
        name: 'test.read',
        sql: 'select n from counter where id = {id:int} for update',
        row: z.object({ n: z.number() }),
      })
      const write = statement({ name: 'test.set', sql: 'update counter set n = {n:int} where id = {id:int}', row: noRow })
      const add = statement({ name: 'test.add', sql: 'update counter set n = n + 1 where id = {id:int}', row: noRow })
      await Promise.all(
        Array.from({ length: 40 }, async () => {
          await semantic.transaction(async (tx) => {
            const row = await tx.one(read, { id: 1 })
            await tx.query(write, { id: 1, n: (row?.n ?? 0) + 1 })
          })
          await semantic.query(add, { id: 2 })
        }),
      )
      const fails = semantic.transaction(async (tx) => {
        await tx.query(add, { id: 1 })
        throw new Error('no')
      })
      await expect(fails).rejects.toThrow('no')
      expect([await semantic.one(read, { id: 1 }), await semantic.one(read, { id: 2 })]).toEqual([{ n: 40 }, { n: 40 }])
      expect(proxy.counts.givenUp).toBeGreaterThan(0)
      await semantic.close()
    }))

  test('sources, credentials, names, tokens and sessions are what they were made', () =>
    opened(seed, SHARE, async (proxy, uri) => {
      const data = await freshDirectory()
      const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
      await migratorOver(semantic).up()
      const [clock, registry] = [systemClock, await loadRegistry()]
      const audit = openAudit({ semantic, clock })
      const people = { semantic, clock, audit }
      const organizations = openOrganizations(people)
      const home = await organizations.home('UTC')
      const vault = await openVault(data, null)
      const emitterKeys = openEmitterKeys({ semantic, vault, clock, log: silentLog })
      const access = openAccess({ semantic, clock, processToken: new Secret('x'.repeat(40)), home, organizations, emitterKeys })
      const org = home.id
      const open = async () => openSources({ semantic, registry, vault: await openVault(data, null), clock })
      const sources = openSources({ semantic, registry, vault, clock })
      for (let index = 0; index < 10; index++) {
        await sources.save(org, `g${index}`, 'grafana', { webhook_secrets: [`first ${index}`] })
        await sources.save(org, `g${index}`, 'grafana', { webhook_secrets: [`second ${index}`] })
      }
      await sources.remove(org, 'g9', false)
      const actor: Actor = { org, type: 'system', id: null, name: 'test', address: null, agent: null }
      const digest = createHmac('sha256', 'of another tool').update('k'.repeat(128)).digest('hex')
      const key = { name: 'webhook-1', digest, path: '/plugins/.*', expires_at: null }
      for (const result of ['taken', 'exists'])
        expect(await emitterKeys.takeOver(org, new Secret('of another tool'), [key], audit.by(actor))).toEqual([result])
      expect(await sources.rotateKeys(() => {})).toEqual({ resealed: 10, credentials: 10 })
      expect(await access.byEmitterKey('k'.repeat(128))).toMatchObject({ org, allowed_path: '/plugins/.*' })
      expect(await access.byEmitterKey('l'.repeat(128))).toBeNull()
      const again = await open()
      const secrets = z.object({ webhook_secrets: z.array(z.instanceof(Secret)) })
      for (let index = 0; index < 9; index++) {
        const config = secrets.parse(await again.configOf(org, `g${index}`, 'grafana'))
        expect(config.webhook_secrets.map((one) => one.reveal())).toEqual([`second ${index}`])
      }
      expect((await again.list(org)).map(({ name, sealed }) => [name, sealed])).toEqual(
        Array.from({ length: 9 }, (_, index) => [`g${index}`, ['webhook_secrets']]),
      )
      const names = openNames({ semantic, clock })
      for (let index = 0; index < 10; index++) await names.set(org, 'environment', `e${index}`, 'production')
      expect(await names.list(org)).toHaveLength(10)
      const owner = await openUsers(people).create(actor, {
        email: 'ada@example.com',
        full_name: 'Ada',
        password: new Secret('correct horse'),
        is_superuser: false,
      })
      await openMembers(people).set({ actor, rights: SUPERUSER_RIGHTS }, org, owner.email, 'owner')
      const wanted = { name: 't', scopes: ['read'] as const, expires_at: null, user: owner.id }
      const { token } = await openTokens(people).create(actor, org, wanted)
      expect(await access.byToken(token.reveal())).toMatchObject({ org, rights: ['read'] })
      const origin = { address: null, agent: null }
      const session = await access.spendSigninCode((await access.createSigninCode()).reveal(), origin)
      expect(await access.bySession(session?.reveal() ?? '')).toMatchObject({ org, rights: SUPERUSER_RIGHTS })
      const signIn = openSignIn({ ...people, access, log: silentLog, lockout: openLockout({ semantic, clock }) })
      const own = await signIn.byPassword(owner.email, new Secret('correct horse'), origin)
      expect(await access.bySession(own.reveal())).toMatchObject({ org, role: 'owner' })
      // Once each, however often a transaction was given up on.
      expect((await audit.page(org, { limit: 100 })).map(({ action }) => action).sort()).toEqual([
        'member.added',
        'session.opened',
        'token.created',
        'token.created',
        'user.created',
      ])
      expect([proxy.counts.refused, proxy.counts.givenUp > 0]).toEqual([[], true])
      await semantic.close()
      await removeDirectory(data)
    }))
})

test('the whole program: events in, metrics out, a source added, keys rotated, started again', { timeout: 90_000 }, () =>
  opened(21, SHARE, async (proxy, uri) => {
    const data = await freshDirectory()
    let server: Server | null = null
    try {
      server = await startServer(data, { POSTGRES_URI: uri })
      const answer = await server.post('/v1/events?wait=visible', '{"kind":"deploy","service":"api","git_sha":"abc1234"}')
      expect(await answer.json()).toEqual({ accepted: 1, duplicates: 0 })
      expect(await server.get('/v1/metrics/deployment_frequency')).toMatchObject({ n: 1 })
      expect((await server.get<{ stores: string[] }>('/v1/status')).stores[0]).toMatch(/^YugabyteDB 2\.25/)
      const cli = (...args: string[]) => fairlead(args, { data, env: { HOOK: 'a-secret-of-the-hook' } })
      const added = await cli('sources', 'add', 'grafana', 'grafana', '--secret', 'webhook_secrets=env:HOOK', '--no-check')
      expect([added.code, added.stderr]).toMatchObject([0, expect.anything()])
      const rotated = await cli('keys', 'rotate', '--json')
      expect([rotated.code, JSON.parse(rotated.stdout)]).toEqual([0, { resealed: 1, credentials: 1 }])
      await server.stop()
      server = await startServer(data, { POSTGRES_URI: uri })
      expect(await server.get('/v1/status')).toMatchObject({ events: 1 })
      const listed = await server.get<{ items: { name: string; secrets: string[] }[] }>('/v1/sources')
      expect(listed.items.find((one) => one.name === 'grafana')?.secrets).toEqual(['webhook_secrets'])
      expect((await server.post('/v1/events', '{"kind":"deploy","service":"api"}')).status).toBe(202)
      await expect.poll(async () => (await (server as Server).get<{ events: number }>('/v1/status')).events, { timeout: 20_000 }).toBe(2)
      expect([proxy.counts.refused, proxy.counts.givenUp > 0]).toEqual([[], true])
    } finally {
      await server?.stop()
      await removeDirectory(data)
    }
  }),
)

function migratorOver(semantic: Semantic) {
  return createMigrator({
    port: postgresPort(semantic),
    dialect: postgresDialect(semantic.version),
    directory: folder,
    programVersion: 'test',
    actor: 'test',
  })
}
