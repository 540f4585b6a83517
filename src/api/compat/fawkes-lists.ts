import { z } from '@hono/zod-openapi'
import { filters, paramsOf } from '../../measure/population.ts'
import { withRelations } from '../../measure/relations.ts'
import type { Analytics } from '../../store/analytics.ts'
import { statement } from '../../store/statement.ts'
import { minutes } from './fawkes-figures.ts'
import type { Question } from './fawkes-question.ts'

const LISTED = 1_000

/** Each failed deployment, why it counts as failed, and until when. */
export async function failuresIn(analytics: Analytics, question: Question) {
  const asked = question.asked('deployments')
  const rows = await analytics.read(
    statement({
      name: 'fawkes.failures',
      sql: `${withRelations(['attempts', 'incidents'])},
population AS (SELECT * FROM attempts WHERE failed AND outcome IN ('success', 'failure'))
SELECT p.deployment_id AS deployment_id, p.at AS timestamp, toString(p.failed_rule) AS rule, p.recovered_at AS resolved_at, i.severity AS severity, i.title AS title
FROM (SELECT * FROM population WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)} ${filters(asked)}) AS p
LEFT JOIN (SELECT id, any(severity) AS severity, any(title) AS title FROM incidents GROUP BY id) AS i ON i.id = ifNull(p.failed_by, '')
ORDER BY p.at DESC, p.deployment_id DESC LIMIT ${LISTED}`,
      row: z.object({
        deployment_id: z.string(),
        timestamp: z.string(),
        rule: z.string().nullable(),
        resolved_at: z.string().nullable(),
        severity: z.string().nullable(),
        title: z.string().nullable(),
      }),
    }),
    paramsOf(question.org, asked, question.window.from, question.window.to),
  )
  return rows.map(({ deployment_id, timestamp, rule, resolved_at, severity, title }) => ({
    deployment_id,
    timestamp: instantOf(timestamp),
    reason: rule === 'incident' && title ? title : (REASON[rule ?? ''] ?? null),
    severity: severity || null,
    resolved_at: resolved_at === null ? null : instantOf(resolved_at),
    mttr_minutes: resolved_at === null ? null : minutes((Date.parse(instantOf(resolved_at)) - Date.parse(instantOf(timestamp))) / 1000),
  }))
}

/** The population of time to restore: closed in the window, or still open and opened in it. */
export async function incidentsIn(analytics: Analytics, question: Question) {
  const asked = question.asked('incidents')
  const rows = await analytics.read(
    statement({
      name: 'fawkes.incidents',
      sql: `${withRelations(['incidents'])}
SELECT id, opened_at, closed_at, severity, title FROM incidents
WHERE coalesce(closed_at, opened_at) >= {from:DateTime64(3)} AND coalesce(closed_at, opened_at) < {to:DateTime64(3)} ${filters(asked)}
ORDER BY coalesce(closed_at, opened_at) DESC, id DESC LIMIT ${LISTED}`,
      row: z.object({
        id: z.string(),
        opened_at: z.string().nullable(),
        closed_at: z.string().nullable(),
        severity: z.string().nullable(),
        title: z.string().nullable(),
      }),
    }),
    paramsOf(question.org, asked, question.window.from, question.window.to),
  )
  return rows.map(({ id, opened_at, closed_at, severity, title }) => {
    const opened = opened_at === null ? null : instantOf(opened_at)
    const closed = closed_at === null ? null : instantOf(closed_at)
    const seconds = opened === null || closed === null || closed < opened ? null : (Date.parse(closed) - Date.parse(opened)) / 1000
    return { id, created_at: opened, resolved_at: closed, severity, title, seconds }
  })
}

const REASON: Record<string, string> = {
  outcome: 'The deployment failed',
  rollback_event: 'It was rolled back',
  rollback_inferred: 'An earlier revision was put back',
  incident: 'An incident followed it',
  revert: 'What it shipped was reverted',
}

/** The store writes `2026-01-31 09:00:00.000` or RFC 3339, by the column. */
function instantOf(text: string): string {
  return new Date(text.includes('T') ? text : `${text.replace(' ', 'T')}Z`).toISOString()
}
