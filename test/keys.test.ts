import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../src/clock.ts'
import { silentLog } from '../src/log.ts'
import { loadRegistry } from '../src/registry.ts'
import { Secret } from '../src/secret.ts'
import { openSources } from '../src/source/sources.ts'
import { openVault } from '../src/source/vault.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { createMigrator, soleOwner } from '../src/store/migrate.ts'
import { postgresDialect, postgresPort } from '../src/store/dialects/postgres.ts'
import { openSemantic, type Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { bundle, linkPackages } from './bundle.ts'
import { migrationsIn } from './migration-files.ts'
import { generator } from './fake-api.ts'

/** Keys are rotated by a process that is killed, again and again: every credential can be opened after each kill, and in the end none is under an old key. */
const SOURCES = 12
const KILLS = 100

let scratch: string
let data: string
let child: string
let server: EmbeddedPostgres
let semantic: Semantic
let uri: string
const org = randomUUID()
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-keys-'))
  data = join(scratch, 'data')
  mkdirSync(data)
  child = await bundle('test/keys-child.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
  server = await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog })
  uri = `postgresql://${server.user}@/${server.database}?host=${server.host}`
  semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
  const directory = join(import.meta.dirname, '..', 'migrations', 'postgres')
  await createMigrator({
    directory,
    programVersion: '0',
    actor: 'test',
    lock: soleOwner,
    port: postgresPort(semantic),
    dialect: postgresDialect(semantic.version),
  }).up()
})
afterAll(async () => {
  await semantic.close()
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
})

const stored = statement({
  name: 'test.secrets',
  sql: 'SELECT source_id AS id, jsonb_object_agg(field, sealed) AS secrets FROM integration_credentials GROUP BY source_id ORDER BY source_id',
  row: z.object({ id: z.string(), secrets: z.record(z.string(), z.string()) }),
})
const placeOf = (id: string, field: string) => `${org} ${id} ${field}`
const keysInFile = () => readFileSync(join(data, 'secret.key'), 'utf8').trim().split('\n')

async function fill(): Promise<void> {
  const vault = await openVault(data, null)
  const insert = statement({
    name: 'test.insert',
    sql: `INSERT INTO sources (id, org_id, name, connector, created_at) VALUES ({id:uuid}, {org:uuid}, {name:text}, 'thing', now())`,
    row: noRow,
  })
  const put = statement({
    name: 'test.put',
    sql: `INSERT INTO integration_credentials (id, org_id, source_id, field, sealed, created_at, updated_at)
VALUES (gen_random_uuid(), {org:uuid}, {id:uuid}, {field:text}, {sealed:text}, now(), now())`,
    row: noRow,
  })
  await semantic.query(
    statement({
      name: 'test.org',
      sql: `INSERT INTO organizations (id, slug, name, created_at) VALUES ({org:uuid}, 'o', 'O', now())`,
      row: noRow,
    }),
    { org },
  )
  for (let index = 0; index < SOURCES; index++) {
    const id = randomUUID()
    await semantic.query(insert, { id, org, name: `s${index}` })
    for (const field of ['token', 'other']) {
      const sealed = vault.seal(JSON.stringify(`${field} of ${id}`), placeOf(id, field))
      await semantic.query(put, { org, id, field, sealed })
    }
  }
}

/** Opens everything with what is on disk; the ids of the keys under which it stands. */
async function openAll(): Promise<Set<string>> {
  const vault = await openVault(data, null)
  const keys = new Set<string>()
  for (const { id, secrets } of await semantic.query(stored)) {
    expect(Object.keys(secrets).sort()).toEqual(['other', 'token'])
    for (const [field, sealed] of Object.entries(secrets)) {
      expect(JSON.parse(vault.open(sealed, placeOf(id, field)).reveal())).toBe(`${field} of ${id}`)
      keys.add(sealed.split('.')[1] as string)
    }
  }
  return keys
}

/** One rotation; killed after so long, or left to its end. */
function rotate(killAfterMs: number | null): Promise<{ killed: boolean; ms: number }> {
  const running = spawn(process.execPath, [child, uri, data], { stdio: ['ignore', 'pipe', 'inherit'] })
  let began = 0
  let ended = 0
  running.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('begin')) {
      began = performance.now()
      if (killAfterMs !== null) setTimeout(() => running.kill('SIGKILL'), killAfterMs)
    }
    if (chunk.toString().includes('done')) ended = performance.now()
  })
  return new Promise((resolve) =>
    running.once('close', (_code, signal) => resolve({ killed: signal === 'SIGKILL' && ended === 0, ms: ended - began })),
  )
}

test(
  `killed at ${KILLS} random points, every credential opens each time; run to its end, none is under an old key`,
  { timeout: 300_000 },
  async () => {
    await fill()
    const first = await openAll()
    expect(first.size).toBe(1)
    const { ms } = await rotate(null)
    expect(keysInFile()).toHaveLength(1)
    expect([...(await openAll())].some((key) => first.has(key))).toBe(false)

    const random = generator(11)
    let killed = 0
    let between = 0
    let span = ms
    for (let round = 0; killed < KILLS && round < 3 * KILLS; round++) {
      const one = await rotate(random() * span)
      if (one.killed) killed++
      // It was faster than thought: the next is killed earlier.
      else span = Math.min(span, one.ms)
      const keys = await openAll()
      expect(keys.size).toBeLessThanOrEqual(2)
      if (keys.size === 2) between++
    }
    console.log(`${killed} rotations of ${Math.round(span)} ms were killed before their end, ${between} left credentials under two keys`)
    expect(killed).toBe(KILLS)
    expect(between).toBeGreaterThan(0)
    const before = await openAll()
    await rotate(null)
    expect(keysInFile()).toHaveLength(1)
    const after = await openAll()
    expect(after.size).toBe(1)
    if (before.size === 1 && keysInFile().length === 1) expect([...after]).not.toEqual([...first])
  },
)

test('a database from before the table of credentials opens what it held, and forgets the column', async () => {
  const older = join(scratch, 'older')
  mkdirSync(older)
  const directory = join(import.meta.dirname, '..', 'migrations', 'postgres')
  for (const { file, version } of await migrationsIn(directory, 'postgres'))
    if (version < 6) cpSync(join(directory, file), join(older, file))
  await semantic.query({ name: 'test.create', sql: 'CREATE DATABASE older', row: noRow })
  const own = await openSemantic({ uri: new Secret(uri.replace(`/${server.database}?`, '/older?')) }, { log: silentLog })
  const parts = {
    programVersion: '0',
    actor: 'test',
    lock: soleOwner,
    port: postgresPort(own),
    dialect: postgresDialect(own.version),
  }
  await createMigrator({ ...parts, directory: older }).up()
  const vault = await openVault(data, null)
  const id = randomUUID()
  const sealed = vault.seal(JSON.stringify(['of the hook']), placeOf(id, 'webhook_secrets'))
  const given = { org, id, secrets: JSON.stringify({ webhook_secrets: sealed }) }
  const insertOrg = `INSERT INTO organizations (id, slug, name, created_at) VALUES ({org:uuid}, 'o', 'O', now())`
  const insert = `INSERT INTO sources (id, org_id, name, connector, secrets, created_at) VALUES ({id:uuid}, {org:uuid}, 'g', 'grafana', {secrets:jsonb}, now())`
  for (const sql of [insertOrg, insert]) await own.query(statement({ name: 'test.insert', sql, row: noRow }), given)

  expect((await createMigrator({ ...parts, directory }).up()).map((each) => each.version)).toEqual([6, 7, 8, 9])
  const sources = openSources({ semantic: own, registry: await loadRegistry(), vault, clock: systemClock })
  const config = z.object({ webhook_secrets: z.array(z.instanceof(Secret)) }).parse(await sources.configOf(org, 'g', 'grafana'))
  expect(config.webhook_secrets.map((one) => one.reveal())).toEqual(['of the hook'])
  expect((await sources.list(org)).map((one) => [one.name, one.sealed])).toEqual([['g', ['webhook_secrets']]])
  const left = statement({
    name: 'test.left',
    sql: 'SELECT secrets, is_active FROM sources JOIN sync_configurations USING (id)',
    row: noRow,
  })
  expect(await own.query(left)).toEqual([{ secrets: {}, is_active: true }])
  await own.close()
})

test('a key of the environment is rotated with the old one beside it, and not without', async () => {
  const [old, fresh] = [new Secret('an old key that is long enough to be one'), new Secret('a new key that is long enough to be one')]
  const sealed = (await openVault(data, old)).seal('token', 'place')
  await expect((await openVault(data, old)).beginRotation()).rejects.toMatchObject({
    code: 'config',
    help: expect.stringContaining('FAIRLEAD_SECRET_KEY_OLD'),
  })
  const both = await openVault(data, fresh, old)
  await both.beginRotation()
  expect(both.isCurrent(sealed)).toBe(false)
  const again = both.reseal(sealed, 'place')
  expect(both.isCurrent(again)).toBe(true)
  expect((await openVault(data, fresh)).open(again, 'place').reveal()).toBe('token')
  await expect(openVault(data, fresh).then((vault) => vault.open(sealed, 'place'))).rejects.toMatchObject({ code: 'config' })
  expect(() => both.reseal(sealed, 'elsewhere')).toThrow(/changed, or copied/)
})
