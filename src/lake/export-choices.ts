import { createHash } from 'node:crypto'
import { z } from 'zod'
import { instant, type Clock } from '../clock.ts'
import type { Band, LevelRules } from '../measure/levels.ts'
import type { Project } from '../settings/projects.ts'
import type { Mysql, MysqlQueries } from '../store/mysql.ts'
import { noRow, statement } from '../store/statement.ts'

/** What an organization has chosen, and the lake shows: options of its projects, and the bounds of the levels. */
export interface Choices {
  projects(org: string): Promise<readonly Project[]>
  levels(org: string): Promise<LevelRules>
}

interface Written {
  readonly rows: number
  readonly written: number
  readonly removed: number
}

/** A few rows each, by a key that is not the table's own number: compared as they are. */
export function exportChoices(
  choices: Choices,
  clock: Clock,
  org: string,
  mysql: Mysql,
): { table: string; write: () => Promise<Written> }[] {
  return [
    {
      table: 'project_metric_settings',
      write: async () => {
        const wanted = (await choices.projects(org)).flatMap((project) =>
          project.settings.map(({ plugin, options, enabled }) => ({
            key: [project.name, plugin] as const,
            row: { project_name: project.name, plugin_name: plugin, plugin_option: JSON.stringify(options), enable: enabled },
          })),
        )
        return converge(mysql, clock, SETTINGS, wanted)
      },
    },
    {
      table: 'dora_benchmarks',
      write: async () =>
        converge(
          mysql,
          clock,
          BENCHMARKS,
          benchmarkRows(await choices.levels(org)).map((row) => ({ key: [row.metric_name, row.performance_level] as const, row })),
        ),
    },
  ]
}

interface Small {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  readonly key: readonly [string, string]
}
const SETTINGS: Small = {
  name: 'project_metric_settings',
  columns: { project_name: 'varchar', plugin_name: 'varchar', plugin_option: 'text', enable: 'bool' },
  key: ['project_name', 'plugin_name'],
}
const BENCHMARKS: Small = {
  name: 'dora_benchmarks',
  columns: {
    metric_name: 'varchar',
    performance_level: 'varchar',
    min_value: 'decimal',
    max_value: 'decimal',
    unit: 'varchar',
    description: 'text',
  },
  key: ['metric_name', 'performance_level'],
}

const oursOf = statement({
  name: 'lake.choices',
  sql: 'select id, digest from fairlead_export_rows where table_name = {table:varchar}',
  row: z.object({ id: z.string(), digest: z.string() }),
})
const forgetOne = statement({
  name: 'lake.forget_choice',
  sql: 'delete from fairlead_export_rows where table_name = {table:varchar} and id = {id:varchar}',
  row: noRow,
})

type Wanted = readonly {
  readonly key: readonly [string, string]
  readonly row: Readonly<Record<string, string | number | boolean | null>>
}[]

function converge(mysql: Mysql, clock: Clock, table: Small, wanted: Wanted): Promise<Written> {
  const now = instant(clock.now())
  return mysql.transaction(async (tx) => {
    const known = new Map((await tx.query(oursOf, { table: table.name })).map((one) => [one.id, one.digest]))
    const idOf = (key: readonly [string, string]) => JSON.stringify(key).slice(0, 255)
    const all = wanted.map(({ key, row }) => ({ id: idOf(key), row, digest: digestOf(row) }))
    const changed = all.filter((one) => known.get(one.id) !== one.digest)
    await tx.write(
      { name: table.name, columns: { ...table.columns, created_at: 'datetime', updated_at: 'datetime' }, keep: ['created_at'] },
      changed.map((one) => ({ ...one.row, created_at: now, updated_at: now })),
    )
    await tx.write(
      { name: 'fairlead_export_rows', columns: { table_name: 'varchar', id: 'varchar', month: 'char', digest: 'char' } },
      changed.map((one) => ({ table_name: table.name, id: one.id, month: '', digest: one.digest })),
    )
    const gone = [...known.keys()].filter((id) => !all.some((one) => one.id === id))
    for (const id of gone) await removeOne(tx, table, id)
    return { rows: all.length, written: changed.length, removed: gone.length }
  })
}

async function removeOne(tx: MysqlQueries, { name, key }: Small, id: string): Promise<void> {
  const [first = '', second = ''] = JSON.parse(id) as string[]
  const remove = statement({
    name: `lake.remove.${name}`,
    sql: `delete from ${name} where ${key[0]} = {first:varchar} and ${key[1]} = {second:varchar}`,
    row: noRow,
  })
  await tx.query(remove, { first, second })
  await tx.query(forgetOne, { table: name, id })
}

function digestOf(row: unknown): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16)
}

/** The four metrics of the reference, by its names. */
const NAMES: Readonly<Record<string, string>> = {
  deployment_frequency: 'deployment_frequency',
  change_lead_time: 'lead_time',
  change_fail_rate: 'change_failure_rate',
  time_to_restore: 'mttr',
}
/** A rate in the largest unit in which it is at least one: the table keeps two decimals. */
const RATES = [
  ['per_day', 1],
  ['per_week', 7],
  ['per_month', 30],
  ['per_half_year', 182],
] as const

interface BenchmarkRow {
  readonly [column: string]: string | number | null
  readonly metric_name: string
  readonly performance_level: string
}

/** Bands as half-open intervals: where a band names one bound, the other is that of its neighbour. */
export function benchmarkRows({ edition, bands }: LevelRules): BenchmarkRow[] {
  return Object.entries(NAMES).flatMap(([metric, metric_name]) => {
    const own = bands[metric] ?? []
    return own.map((band, index) => {
      const [min, max] = intervalOf(band, own[index - 1])
      const [unit, factor] =
        metric === 'deployment_frequency'
          ? (RATES.find(([, days]) => (min ?? max ?? 0) * days >= 0.999) ?? (['per_half_year', 182] as const))
          : metric === 'change_fail_rate'
            ? (['percent', 100] as const)
            : (['minutes', 1 / 60] as const)
      const scaled = (value: number | null) => (value === null ? null : Math.round(value * factor * 100) / 100)
      const description = `Edition ${edition}: ${scaled(min) ?? 0} ${max === null ? 'and more' : `to ${scaled(max)}`}, ${unit.replaceAll('_', ' ')}`
      return { metric_name, performance_level: band.name, min_value: scaled(min) ?? 0, max_value: scaled(max), unit, description }
    })
  })
}

function intervalOf(band: Band, before: Band | undefined): [min: number | null, max: number | null] {
  if (band.at_least !== undefined) return [band.at_least, band.below ?? before?.at_least ?? null]
  const max = band.below ?? band.at_most ?? (before?.at_least === undefined ? null : before.at_least)
  return [before?.below ?? before?.at_most ?? null, max]
}
