import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { openVault } from '../src/source/vault.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { createMigrator, soleOwner } from '../src/store/migrate.ts'
import { postgresDialect, postgresPort } from '../src/store/dialects/postgres.ts'
import { openSemantic, type Semantic } from '../src/store/semantic.ts'
import { noRow, statement } from '../src/store/statement.ts'
import { bundle, linkPackages } from './bundle.ts'
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
  sql: 'SELECT id, secrets FROM sources ORDER BY name',
  row: z.object({ id: z.string(), secrets: z.record(z.string(), z.string()) }),
})
const placeOf = (id: string, field: string) => `${org} ${id} ${field}`
const keysInFile = () => readFileSync(join(data, 'secret.key'), 'utf8').trim().split('\n')

async function fill(): Promise<void> {
  const vault = await openVault(data, null)
  const insert = statement({
    name: 'test.insert',
    sql: `INSERT INTO sources (id, org_id, name, connector, secrets, created_at) VALUES ({id:uuid}, {org:uuid}, {name:text}, 'thing', {secrets:jsonb}, now())`,
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
    const seal = (field: string) => vault.seal(JSON.stringify(`${field} of ${id}`), placeOf(id, field))
    await semantic.query(insert, { id, org, name: `s${index}`, secrets: JSON.stringify({ token: seal('token'), other: seal('other') }) })
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
