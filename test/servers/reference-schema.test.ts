import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mysqlDialect, mysqlPort } from '../../src/store/dialects/mysql.ts'
import { lakeMigrator } from '../../src/store/schema.ts'
import type { Mysql } from '../../src/store/mysql.ts'
import { statement } from '../../src/store/statement.ts'
import { makeLake, type OwnLake } from './own-lake.ts'

/** The published SQL of the reference schema, on a lake of ours: who knows it need not learn anything. */
const published = readFileSync(join(import.meta.dirname, 'reference-schema.fixture.sql'), 'utf8')
  .replace(/^-- .*\n/, '')
  .split(/^--next$/m)
  .map((sql) => sql.trim())
const those = (shape: RegExp) => published.filter((sql) => shape.test(sql))
let ours: OwnLake
let theirs: OwnLake
let lake: Mysql
let bare: Mysql

beforeAll(async () => {
  ;[ours, theirs] = [await makeLake(), await makeLake()]
  ;[lake, bare] = [await ours.open(), await theirs.open()]
  await lakeMigrator(lake, { actor: 'test' }).up()
})
afterAll(async () => {
  for (const mysql of [lake, bare]) await mysql?.close()
  for (const own of [ours, theirs]) await own?.drop()
})

const ask = (sql: string) => lake.query(statement({ name: 'test.reference', sql, row: z.record(z.string(), z.unknown()) }))
const objects = async (mysql: Mysql) =>
  new Map(
    (await mysqlDialect.snapshot(mysqlPort(mysql)))
      .trim()
      .split('\n\n')
      .map((text) => [text.split(/ \(| as\n/)[0], text]),
  )

test('its tables, indexes and views, made by its own statements, are the ones that our migrations make', async () => {
  for (const sql of those(/^CREATE/)) await bare.run(sql)
  const [wanted, found] = [await objects(bare), await objects(lake)]
  expect(wanted.size).toBe(10)
  for (const [name, text] of wanted) expect(found.get(name), name).toBe(text)
})

describe('on our lake', () => {
  const deployment = (id: string, result: string, environment: string, finished: string, sha: string | null) =>
    `('${id}', 'api', '${result}', '${environment}', '${finished}', ${sha === null ? 'null' : `'${sha}'`})`
  beforeAll(async () => {
    await lake.run(`insert into commits (sha, authored_date) values ('aaa', '2026-02-01 08:00:00.500'), ('bbb', '2026-02-02 08:00:00')`)
    await lake.run(
      `insert into deployments (id, cicd_scope_id, result, environment, finished_date, commit_sha) values ${[
        deployment('d1', 'SUCCESS', 'production', '2026-02-01 10:00:00', 'aaa'),
        deployment('d2', 'SUCCESS', 'production', '2026-02-01 12:00:00', null),
        deployment('d3', 'FAILURE', 'production', '2026-02-02 10:00:00', 'bbb'),
        deployment('d4', 'ABORTED', 'production', '2026-02-02 11:00:00', 'bbb'),
        deployment('d5', 'SUCCESS', 'staging', '2026-02-02 10:00:00', 'bbb'),
      ].join(', ')}`,
    )
    await lake.run(
      `insert into incidents (id, severity, created_date, resolution_date) values ('i1', 'high', '2026-02-02 10:00:00', '2026-02-02 11:30:59'), ('i2', 'low', '2026-02-02', '2026-02-03'), ('i3', 'high', '2026-02-03', null)`,
    )
  })

  test('its INSERTs run, and a second time their keys are taken', async () => {
    const inserts = those(/^INSERT/)
    expect(inserts).toHaveLength(1)
    for (const sql of inserts) await lake.run(sql)
    expect(await ask('select count(*) as n from dora_benchmarks')).toEqual([{ n: 8 }])
    await expect(lake.run(inserts[0] ?? '')).rejects.toMatchObject({ code: 'store-refused', detail: { errno: 1062 } })
    expect(await ask(`select max_value as m from dora_benchmarks where metric_name = 'lead_time' and performance_level = 'high'`)).toEqual([
      { m: 10_080 },
    ])
  })

  test('its views say by name what their own statements say, and a worked example', async () => {
    for (const sql of those(/^CREATE VIEW/)) {
      const [, view, select = ''] = /^CREATE VIEW (\w+) AS\s+([^]*)$/.exec(sql) ?? []
      expect(await ask(`select * from ${view}`), view).toEqual(await ask(select))
    }
    expect(await ask('select * from v_dora_deployment_frequency')).toEqual([
      { project_id: 'api', environment: 'production', deployment_date: '2026-02-01', deployment_count: 2, deployments_per_day: 2 },
    ])
    expect(await ask('select deployment_id, lead_time_seconds as s, lead_time_minutes as m from v_dora_lead_time')).toEqual([
      { deployment_id: 'd1', s: 7_199, m: 119 },
    ])
    expect(
      await ask('select total_deployments as total, failed_deployments as failed, failure_rate_percent as rate from v_dora_cfr'),
    ).toEqual([{ total: 4, failed: 1, rate: 25 }])
    expect(await ask('select incident_id, mttr_minutes as m from v_dora_mttr')).toEqual([{ incident_id: 'i1', m: 90 }])
  })

  test('the indexes that it names are used for what it names them for', async () => {
    const keyOf = async (sql: string) => (await ask(`explain format = traditional ${sql}`))[0]?.['possible_keys']
    expect(
      await keyOf(`select count(*) from deployments where cicd_scope_id = 'api' and environment = 'production' and result = 'SUCCESS'`),
    ).toContain('idx_deployments_frequency')
    expect(await keyOf(`select * from incidents where severity = 'high' and created_date > '2026-02-01'`)).toContain('idx_incidents_mttr')
  })

  test('its health queries run: sizes, indexes, slow queries', async () => {
    const health = those(/^(SELECT|SET)/)
    expect(health).toHaveLength(5)
    const before = await ask('select @@global.slow_query_log as log, @@global.long_query_time as seconds')
    try {
      for (const sql of health) {
        const here = sql.replaceAll("'lake'", `'${ours.name}'`)
        if (here.startsWith('SET')) await lake.run(here)
        else if (here.includes('slow_log')) await ask(here)
        else expect((await ask(here)).length).toBeGreaterThan(10)
      }
    } finally {
      await lake.run(`set global slow_query_log = ${String(before[0]?.['log'])}`)
      await lake.run(`set global long_query_time = ${String(before[0]?.['seconds'])}`)
    }
  })
})
