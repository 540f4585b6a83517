import { z } from 'zod'
import { statement } from '../store/statement.ts'
import type { Exporting, OtherTable } from './lake-schema.ts'
import { smallTable, type SmallTable } from './small-table.ts'

/** What an organization has chosen: options of its projects, and the bounds of the levels. */
export function exportChoices(exporting: Exporting): OtherTable[] {
  const { analytics, org } = exporting
  return [SETTINGS, BENCHMARKS].map((table) => {
    const chosen = statement({
      name: `lake.choices.${table.name}`,
      sql: `SELECT ${Object.keys(table.columns).join(', ')} FROM ${table.name} WHERE org_id = {org:UUID} ORDER BY ${table.key.join(', ')}`,
      row: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    })
    return smallTable(exporting, table, () => analytics.read(chosen, { org }))
  })
}

const SETTINGS: SmallTable = {
  name: 'project_metric_settings',
  columns: { project_name: 'varchar', plugin_name: 'varchar', plugin_option: 'text', enable: 'bool' },
  key: ['project_name', 'plugin_name'],
}
const BENCHMARKS: SmallTable = {
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
