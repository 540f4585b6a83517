import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LedgerRow } from '../src/store/dialect.ts'
import { postgresDialect } from '../src/store/dialects/postgres.ts'
import { readModules } from '../src/store/migration-file.ts'

/** The program as it is installed, built and without its sources, with the migrations of a plugin beside its own: in SQL, and in TypeScript. */
const ROOT = resolve(import.meta.dirname, '..')
const NOTES = `-- why: what the plugin keeps

create table if not exists example_notes (id integer primary key, note text)
--next
insert into example_notes select n, 'note ' || n from generate_series(1, 700) as n on conflict do nothing
`
const KEYS = `// why: keys of notes are texts
import type { MigrationCode } from '../../../src/store/migration-step.ts'

const migration: MigrationCode = ({ changeColumnType }) => [...changeColumnType({ table: 'example_notes', column: 'id', type: 'text' })]
export default migration
`
let home: string
let data: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'fairlead-installed-'))
  data = join(home, 'data')
  const sources = ['src', 'domain', 'connectors', 'metrics', 'bench', 'web', 'tsconfig.json']
  for (const part of ['bin', 'migrations', 'package.json', ...sources]) cpSync(join(ROOT, part), join(home, part), { recursive: true })
  mkdirSync(join(home, 'scripts'))
  cpSync(join(ROOT, 'scripts', 'build.mjs'), join(home, 'scripts', 'build.mjs'))
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  const folder = join(home, 'migrations', 'postgres', 'example')
  mkdirSync(folder)
  writeFileSync(join(folder, '0001_create_notes.sql'), NOTES)
  writeFileSync(join(folder, '0002_change_key.ts'), KEYS)
  const built = spawnSync(process.execPath, [join(home, 'scripts', 'build.mjs')], { encoding: 'utf8', cwd: home })
  if (built.status !== 0) throw new Error(built.stderr)
  for (const part of sources) rmSync(join(home, part), { recursive: true })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function installed(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: home, TZ: 'UTC', FAIRLEAD_DATA: data }
  const done = spawnSync(process.execPath, [join(home, 'bin', 'fairlead.mjs'), 'migrate', ...args], {
    encoding: 'utf8',
    env: environment,
    cwd: home,
  })
  return { code: done.status, stdout: done.stdout, stderr: done.stderr }
}

test("a plugin's migrations are planned, applied, shown and verified by the installed program", { timeout: 180_000 }, async () => {
  const plan = installed('semantic', 'plan')
  expect(plan.stdout).toMatch(
    /example\/0001_create_notes\.sql: what the plugin keeps[\s\S]*example\/0002_change_key\.ts: keys of notes are texts/,
  )
  expect(plan.stdout).toContain('copy example_notes into example_notes_copy_0002, in ranges')
  const up = installed('semantic')
  expect(up, up.stderr).toMatchObject({ code: 0 })
  expect(up.stdout).toMatch(/applied 0001_\S+\.sql, .*, example\/0001_create_notes\.sql, example\/0002_change_key\.ts$/m)
  expect(installed('semantic', 'status').stdout).toMatch(/example +2 +change_key +done/)
  expect(installed('semantic', 'verify')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('unexpected create table example_notes ( id text not null'),
  })
  expect(installed('semantic').stdout).toContain('nothing to do')

  // What runs from the build is known by the text that it was built from.
  const { history } = (JSON.parse(installed('semantic', 'status', '--json').stdout) as { semantic: { history: LedgerRow[] } }).semantic
  const modules = await readModules({ directory: join(home, 'migrations', 'postgres'), dialect: postgresDialect('PostgreSQL 15') })
  const sums = new Map(modules.flatMap(({ migrations }) => migrations.map((each) => [`${each.module} ${each.version}`, each.checksum])))
  expect(history.map(({ module, version, checksum }) => sums.get(`${module} ${version}`) === checksum)).toEqual(history.map(() => true))

  writeFileSync(join(home, 'migrations', 'postgres', 'example', '0001_create_notes.sql'), NOTES.replace('keeps', 'holds'))
  const drift = installed('semantic')
  expect([drift.code, drift.stderr]).toEqual([1, expect.stringContaining('repair --migration 1 --module example')])
  expect(installed('semantic', 'repair', '--migration', '1', '--module', 'example').code).toBe(0)
  expect(installed('semantic').code).toBe(0)
})
