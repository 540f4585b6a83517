import { z } from 'zod'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import type { SmallRow, SmallTable } from './small-table.ts'

export const BENCHMARKS: SmallTable = {
  name: 'dora_benchmarks',
  columns: {
    id: 'bigint',
    metric: 'varchar',
    low: 'varchar',
    medium: 'varchar',
    high: 'varchar',
    elite: 'varchar',
    dora_report: 'varchar',
  },
  key: ['id'],
}

/** The words of the boards' own SQL: a level is shown where what it computes is what stands here. */
const WORDS: readonly (readonly [report: string, metric: string, low: string, medium: string, high: string, elite: string])[] = [
  [
    '2021',
    'Deployment frequency',
    'Fewer than once per six months',
    'Between once per month and once every 6 months',
    'Between once per day and once per month',
    'On-demand',
  ],
  ['2021', 'Lead time for changes', 'More than six months', 'Between one week and six months', 'Less than one week', 'Less than one hour'],
  ['2021', 'Change failure rate', '> 30%', '21%-30%', '16%-20%', '0-15%'],
  ['2021', 'Time to restore service', 'More than one week', 'Between one day and one week', 'Less than one day', 'Less than one hour'],
  [
    '2023',
    'Deployment frequency',
    'Fewer than once per month',
    'Between once per week and once per month',
    'Between once per day and once per week',
    'On-demand',
  ],
  [
    '2023',
    'Lead time for changes',
    'More than one month',
    'Between one week and one month',
    'Between one day and one week',
    'Less than one day',
  ],
  ['2023', 'Change failure rate', '> 15%', '10%-15%', '5%-10%', '0-5%'],
  [
    '2023',
    'Failed deployment recovery time',
    'More than one week',
    'Between one day and one week',
    'Less than one day',
    'Less than one hour',
  ],
]

export const benchmarkWords = (): SmallRow[] =>
  WORDS.map(([dora_report, metric, low, medium, high, elite], index) => ({
    id: index + 1,
    metric,
    low: `${low}(low)`,
    medium: `${medium}(medium)`,
    high: `${high}(high)`,
    elite: `${elite}(elite)`,
    dora_report,
  }))

export const MONTHS: SmallTable = {
  name: 'calendar_months',
  columns: { month: 'varchar', month_timestamp: 'datetime' },
  key: ['month'],
  isDated: false,
}

const firstMonth = statement({
  name: 'lake.devlake.first_month',
  sql: `SELECT min(at) AS at FROM (
  SELECT min(at) AS at FROM all_deployments WHERE org_id = {org:UUID} AND is_deleted = 0 HAVING count() > 0
  UNION ALL SELECT min(created_at) FROM all_changes WHERE org_id = {org:UUID} AND is_deleted = 0 HAVING count() > 0
  UNION ALL SELECT min(at) FROM all_incident_states WHERE org_id = {org:UUID} AND is_deleted = 0 HAVING count() > 0
) HAVING count() > 0`,
  row: z.object({ at: z.string() }),
})

/** A chart has the months that stand here: from the first of which something is known, at most 20 years back, to one year from now. */
export async function monthRows(analytics: Analytics, org: string, now: number): Promise<SmallRow[]> {
  const today = new Date(now)
  const [first] = await analytics.read(firstMonth, { org })
  const known = first === undefined ? today : new Date(first.at)
  const back = (today.getUTCFullYear() - known.getUTCFullYear()) * 12 + today.getUTCMonth() - known.getUTCMonth()
  const from = -Math.min(Math.max(back, 24), 240)
  return Array.from({ length: 12 - from + 1 }, (_one, index) => {
    const at = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + from + index, 1)).toISOString()
    return { month: `${at.slice(2, 4)}/${at.slice(5, 7)}`, month_timestamp: at }
  })
}
