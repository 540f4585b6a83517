import type { Ask, Check, Inventory } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { openFlowLens, type FlowLens } from './database.ts'
import { WANTED, type TableName } from './tables.ts'

/** Tables that are there and not taken. */
const LEFT: Readonly<Record<string, string>> = {
  raw_events: 'deliveries of GitHub, which FlowLens keeps for its own search for errors: connect GitHub itself',
}

function missingOf(flowlens: FlowLens): string[] {
  const missing = flowlens.missing.map(({ table, columns }) =>
    columns === null
      ? `The table ${table} is not there: what it would tell is not known.`
      : `${table} lacks ${columns.join(', ')}: ${columns.length === 1 ? 'that is' : 'those are'} not known.`,
  )
  const saysWhen = ['merged_at', 'history'].some((column) => flowlens.hasColumn('pull_requests', column))
  if (flowlens.has('pull_requests') && !saysWhen && !flowlens.hasColumn('pipeline_runs', 'history'))
    missing.push(
      'Neither pull_requests nor pipeline_runs says when a pull request was merged (updated_at moves with every later event): it counts as merged, at a moment that is not known.',
    )
  return missing
}

export async function check(ask: Ask<Config>): Promise<Check> {
  const flowlens = await openFlowLens(ask)
  const { describe } = flowlens.database
  const names = Object.keys(WANTED) as TableName[]
  if (!names.some((table) => flowlens.all.has(table)))
    return { ok: false, missing: [`${describe} holds no table of FlowLens: is it the right database?`] }
  const unnamed = (['pull_requests', 'pipeline_runs', 'insights'] as const).find(
    (table) => flowlens.has(table) && !['repo_id', 'pr_number'].every((column) => flowlens.hasColumn(table, column)),
  )
  if (unnamed !== undefined)
    return {
      ok: false,
      missing: [`In ${describe} ${unnamed} does not say of which repository a row is: it is a FlowLens before 2.0, which is not read.`],
    }
  return { ok: true, missing: missingOf(flowlens) }
}

export async function inventory(ask: Ask<Config>): Promise<Inventory> {
  const flowlens = await openFlowLens(ask)
  const tables: Inventory['tables'][number][] = []
  for (const table of flowlens.all.keys()) {
    const isRead = table in WANTED && flowlens.has(table as TableName)
    const rows = await flowlens.count(table)
    tables.push({
      table,
      rows,
      stream: isRead ? table : null,
      walked: isRead,
      why: isRead ? null : (LEFT[table] ?? 'no table of FlowLens'),
    })
    ask.progress(tables.length, flowlens.all.size, 'tables')
  }
  return { from: flowlens.database.describe, tables, missing: missingOf(flowlens), projects: [] }
}
