import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { RAW_TABLES } from '../../src/lake/export-raw.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { lakeMigrator } from '../../src/store/schema.ts'
import { statement } from '../../src/store/statement.ts'
import { givenMysql, makeLake, type OwnLake } from './own-lake.ts'

/** Each promise of the reference schema, from its first line to its last, and what proves it. */
let own: OwnLake
let lake: Mysql
beforeAll(async () => {
  own = await makeLake()
  lake = await own.open()
  await lakeMigrator(lake, { actor: 'test' }).up()
})
afterAll(async () => {
  await lake?.close()
  await own?.drop()
})

const ask = (sql: string, mysql = lake) => mysql.query(statement({ name: 'test.promise', sql, row: z.record(z.string(), z.unknown()) }))
const names = async (sql: string) => (await ask(sql)).map((one) => String(one['name']))
const columns = (table: string) =>
  names(
    `select column_name as name from information_schema.columns where table_schema = database() and table_name = '${table}' order by ordinal_position`,
  )
const indexes = async (table: string) =>
  (
    await names(
      `select distinct index_name as name from information_schema.statistics where table_schema = database() and table_name = '${table}'`,
    )
  ).toSorted()

const source = (file: string) => readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8')
/** Proved by a test elsewhere, which must be there. */
const provedIn = (file: string, named: string) => async () => {
  expect(source(file), `${file}: ${named}`).toContain(named)
}
const EXPORT = 'test/servers/lake-export.test.ts'
const SCHEMA = 'test/servers/reference-schema.test.ts'
const VIEWS = 'test/reference-views.test.ts'

const PROMISES: readonly (readonly [promise: string, proof: () => Promise<void>])[] = [
  ['MySQL 8.0 is the data store', provedIn('test/servers/mysql.test.ts', 'the server is one that Fairlead supports')],
  ['every table is utf8mb4 and InnoDB', allInnodb],
  ['migrations are automatic', provedIn(EXPORT, 'the program: `export lake` with a server and without')],
  ['raw data of GitHub, Jenkins and Argo CD, each of the nine tables filled from a stream', allRaw],
  ['the six core tables, each column, type and key', provedIn(SCHEMA, 'its tables, indexes and views')],
  ['deployments: results, environments, times, commits', provedIn(VIEWS, 'a short revision is completed')],
  ['commits: lead time by their join with deployments', provedIn(VIEWS, 'lead time agrees, deployment by deployment')],
  ['incidents: three severities, minutes until they were restored', provedIn(VIEWS, "severity: 'medium', priority: 'P2', minutes: '59'")],
  ['deployment frequency, failure rate and time to restore by counting rows', provedIn(EXPORT, 'what Fairlead says of the same rows')],
  [
    'cicd_deployments tell of the same deployments',
    async () => {
      const [all, few] = [await columns('deployments'), await columns('cicd_deployments')]
      expect(few.filter((one) => !all.includes(one))).toEqual(['queued_duration_sec'])
    },
  ],
  ['project_metric_settings: options as JSON', provedIn(EXPORT, 'options of projects and bounds of levels')],
  ['a project and a plugin are one row, switched on where nothing else is said', oneOptionRow],
  ['dora_benchmarks: the example data', provedIn(SCHEMA, 'its INSERTs run')],
  ['four views of calculated metrics', provedIn(SCHEMA, 'its views say by name what their own statements say')],
  ['the same names as views of the analytics store', provedIn(VIEWS, 'the views as they are published, run here')],
  [
    'the four indexes for queries, beside those of the tables',
    async () => {
      const plain = ['cicd_scope_id', 'commit_sha', 'environment', 'finished_date', 'result']
      const few = ['cfr', 'frequency', 'leadtime'].map((one) => `deployments_${one}`)
      expect(await indexes('deployments')).toEqual(['PRIMARY', ...[...plain, ...few].map((one) => `idx_${one}`)].toSorted())
      const times = ['created_date', 'incidents_mttr', 'resolution_date', 'severity', 'status']
      expect(await indexes('incidents')).toEqual(['PRIMARY', ...times.map((one) => `idx_${one}`)])
    },
  ],
  ['they are used', provedIn(SCHEMA, 'the indexes that it names are used')],
  ['raw data is kept for 90 days', provedIn(EXPORT, 'what is too old or of a source that is gone goes')],
  [
    'deployments and incidents are kept for two years, commits for ever: only raw data goes by its age',
    async () => {
      for (const file of ['export-lake', 'export-table', 'small-table', 'export-choices', 'reference-tables'])
        expect(source(`src/lake/${file}.ts`), file).not.toMatch(/_(at|date) *</)
    },
  ],
  ['a backup with mysqldump is restored with mysql', backedUpAndRestored],
  ['migrations by hand: `migrate lake`', provedIn('test/command-line-rights.test.ts', 'migrate')],
  ['sizes, use of indexes and slow queries can be asked', provedIn(SCHEMA, 'its health queries run')],
]

async function allInnodb(): Promise<void> {
  const sql = `select engine as engine, table_collation as c from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE'`
  const found = await ask(sql)
  expect(found.length).toBeGreaterThan(15)
  for (const { engine, c } of found) expect([engine, String(c).startsWith('utf8mb4_')]).toEqual(['InnoDB', true])
}

async function allRaw(): Promise<void> {
  const wanted = [
    ...['repos', 'commits', 'pull_requests'].map((one) => `github_${one}`),
    ...['builds', 'jobs', 'test_results'].map((one) => `jenkins_${one}`),
    ...['applications', 'syncs', 'app_status'].map((one) => `argocd_${one}`),
  ].map((one) => `_raw_${one}`)
  const sql = `select table_name as name from information_schema.tables where table_schema = database() and table_name like '\\_raw\\_%'`
  expect((await names(sql)).toSorted()).toEqual(wanted.toSorted())
  expect(RAW_TABLES.map(([table]) => table).toSorted()).toEqual(wanted.toSorted())
}

async function oneOptionRow(): Promise<void> {
  const insert = `insert into project_metric_settings (project_name, plugin_name, plugin_option) values ('shop', 'dora', '{"cfr": {}}')`
  await lake.run(insert)
  await expect(lake.run(insert)).rejects.toMatchObject({ code: 'store-refused' })
  expect(await ask('select enable from project_metric_settings')).toEqual([{ enable: true }])
}

/** With the very programs that it names. */
async function backedUpAndRestored(): Promise<void> {
  await lake.run(`insert into commits (sha, message, authored_date) values ('abc', '👩‍🚀 "quoted" \\\\', '2026-02-01 08:00:00.123')`)
  await lake.run(
    `insert into deployments (id, cicd_scope_id, result, environment, finished_date, commit_sha) values ('d', 'api', 'SUCCESS', 'production', '2026-02-01 10:00:00', 'abc')`,
  )
  await lake.run(`insert into _raw_jenkins_jobs (id, data, created_at) values (7, x'00ff7b', '2026-02-01')`)
  const { hostname, port, username, password } = new URL(givenMysql())
  const shell = (program: string, database: string, input = Buffer.alloc(0)) => {
    const args = ['-h', hostname, '-P', port || '3306', '--protocol=tcp', '-u', decodeURIComponent(username), database]
    const env = { ...process.env, MYSQL_PWD: decodeURIComponent(password) }
    const { status, stdout, stderr } = spawnSync(program, args, { env, input, maxBuffer: 64 * 1024 * 1024 })
    if (status !== 0) throw new Error(`${program}: ${stderr.toString()}`)
    return stdout
  }
  const restored = await makeLake()
  const other = await restored.open()
  try {
    shell('mysql', restored.name, shell('mysqldump', own.name))
    expect(await lakeMigrator(other, { actor: 'test' }).verify()).toMatchObject({ matches: true })
    expect(await lakeMigrator(other, { actor: 'test' }).up()).toEqual([])
    for (const what of ['* from commits', '* from v_dora_lead_time', 'id, hex(data) as data, created_at from _raw_jenkins_jobs']) {
      const found = await ask(`select ${what}`)
      expect(found).toHaveLength(1)
      expect(await ask(`select ${what}`, other)).toEqual(found)
    }
  } finally {
    await other.close()
    await restored.drop()
  }
}

test.each(PROMISES)('%s', async (_promise, proof) => {
  await expect(proof()).resolves.toBeUndefined()
})
