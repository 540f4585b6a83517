import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { insight, type Insight } from '../../domain/insight.ts'
import { looseText } from '../../domain/loose.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { named, walk } from './database.ts'
import { date, namedBy, pullFields } from './value.ts'

export const insightPayload = z.object({
  id: z.string(),
  ...pullFields,
  commit_sha: looseText(),
  risk_level: looseText(),
  summary: looseText(),
  recommendation: looseText(),
  created_at: date(),
})

export const pullInsights = (ask: Ask<Config>): AsyncIterable<Page> => walk(ask, { table: 'insights', payloads: named })

const RISK: Readonly<Record<string, Insight['risk']>> = { low: 'low', medium: 'medium', high: 'high' }

export function insightRows(row: z.output<typeof insightPayload>): DomainRows {
  const { repository, change_id } = namedBy(row)
  if (row.created_at === null) throw new Error('the insight has no date')
  const told = {
    id: row.id,
    change_id,
    repository,
    at: row.created_at,
    revision: row.commit_sha,
    risk: RISK[row.risk_level?.toLowerCase() ?? ''] ?? null,
    summary: row.summary,
    recommendation: row.recommendation,
  }
  return { insights: [rowOf(insight, told)] }
}
