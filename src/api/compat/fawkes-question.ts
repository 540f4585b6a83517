import { z } from '@hono/zod-openapi'
import { AppError } from '../../errors.ts'
import type { Asked } from '../../measure/measure.ts'
import { daysIn, windowOf, type Bucket, type Window } from '../../measure/window.ts'
import { statement } from '../../store/statement.ts'
import type { Services } from '../services.ts'
import { round } from './fawkes-figures.ts'

/** What is asked of the Fawkes API: which project, and over which range of time. */
export const query = z.object({
  project: z.string().optional().openapi({ description: 'A service, else a repository.' }),
  timeRange: z
    .string()
    .optional()
    .openapi({ description: '`last7days`, `last30days`, `last90days`, or `custom` with `startDate` and `endDate`.' }),
  startDate: z.string().optional(),
  endDate: z.string().optional(),
  window: z.string().optional().openapi({ description: 'In place of `timeRange`: `24h`, `7d`.' }),
  groupBy: z.string().optional(),
  includeStages: z.string().optional(),
  severity: z.string().optional(),
})
export type Query = z.infer<typeof query>
type Known = 'INVALID_PROJECT' | 'INVALID_TIME_RANGE' | 'NO_DATA' | 'INVALID_REQUEST'

/** An error of this API, by its own code. */
export function refusal(known: Known, message: string, details: Record<string, unknown> = {}): AppError {
  return new AppError(known === 'INVALID_PROJECT' || known === 'NO_DATA' ? 'not-found' : 'usage', message, { detail: { known, details } })
}

export const refused = z.object({ known: z.string(), details: z.record(z.string(), z.unknown()) })

/** What a project is called in each group of tables: a service, or a repository. */
export type Group = 'deployments' | 'builds' | 'incidents'
type Scope = { readonly service?: string; readonly repository?: string }

const NAMES = `SELECT 'deployments' AS place, 'service' AS kind, toString(service) AS name FROM all_deployments WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'deployments', 'repository', ifNull(toString(repository), '') AS name FROM all_deployments WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'service', ifNull(toString(service), '') AS name FROM all_builds WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'repository', ifNull(toString(repository), '') AS name FROM all_builds WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'service', ifNull(toString(service), '') AS name FROM all_checks WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'builds', 'repository', ifNull(toString(repository), '') AS name FROM all_checks WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'incidents', 'service', ifNull(toString(service), '') AS name FROM all_incident_states WHERE org_id = {org:UUID} GROUP BY name
UNION ALL SELECT 'incidents', 'repository', ifNull(toString(repository), '') AS name FROM all_incident_states WHERE org_id = {org:UUID} GROUP BY name`
const nameRow = z.object({
  place: z.enum(['deployments', 'builds', 'incidents']),
  kind: z.enum(['service', 'repository']),
  name: z.string(),
})
type Name = z.infer<typeof nameRow>
export const names = statement({
  name: 'fawkes.names',
  sql: `SELECT DISTINCT * FROM (${NAMES}) WHERE name != '' ORDER BY name`,
  row: nameRow,
})

const NAMED_PROJECTS = 100

export interface Question {
  readonly org: string
  readonly project: string
  readonly window: Window
  asked(group: Group, bucket?: Bucket): Asked
}

/** Checks what is asked: the range, and whether anything is known under that name. */
export async function questionOf(
  { analytics, organizations, clock, benchmarks }: Pick<Services, 'analytics' | 'organizations' | 'clock' | 'benchmarks'>,
  org: string,
  asked: Query,
  fallback: string,
): Promise<Question> {
  const window = rangeOf(asked, fallback, await organizations.timeZoneOf(org), clock.now())
  const project = asked.project?.trim() ?? ''
  if (project === '') throw refusal('INVALID_REQUEST', 'The parameter `project` is required: a service or a repository.')
  const known = await analytics.read(names, { org })
  if (!known.some(({ name }) => name === project)) {
    const available = [...new Set(known.map(({ name }) => name))]
    throw refusal('INVALID_PROJECT', `Project '${project}' not found`, {
      available_projects: available.slice(0, NAMED_PROJECTS),
      ...(available.length > NAMED_PROJECTS ? { more: available.length - NAMED_PROJECTS } : {}),
    })
  }
  const levels = await benchmarks.levelsOf(org)
  return {
    org,
    project,
    window,
    asked: (group, bucket) => ({ window, environment: 'production', ...scopeOf(known, group, project), levels, bucket }),
  }
}

function scopeOf(known: readonly Name[], group: Group, project: string): Scope {
  const has = (kind: Name['kind']) => known.some((one) => one.place === group && one.kind === kind && one.name === project)
  return !has('service') && has('repository') ? { repository: project } : { service: project }
}

const RANGES: Record<string, number> = { last7days: 7, last30days: 30, last90days: 90 }
const DATE = /^\d{4}-\d{2}-\d{2}$/

function rangeOf({ timeRange, startDate, endDate, window }: Query, fallback: string, tz: string, now: number): Window {
  try {
    if (window !== undefined) {
      const found = /^(\d{1,5})([hd])$/i.exec(window.trim())
      if (found === null || Number(found[1]) === 0)
        throw refusal('INVALID_TIME_RANGE', `window is a number of hours or days such as 24h or 7d, not ${JSON.stringify(window)}.`)
      return windowOf({ days: Number(found[1]) / (found[2]?.toLowerCase() === 'h' ? 24 : 1), tz }, now)
    }
    const asked = timeRange ?? (startDate === undefined ? fallback : 'custom')
    if (asked !== 'custom') {
      const days = RANGES[asked]
      if (days === undefined)
        throw refusal('INVALID_TIME_RANGE', `timeRange is last7days, last30days, last90days or custom, not ${JSON.stringify(asked)}.`)
      return windowOf({ days, tz }, now)
    }
    if (startDate === undefined) throw refusal('INVALID_TIME_RANGE', 'A custom range needs startDate.')
    const from = Date.parse(startDate)
    // A date alone means all of that day.
    const to = endDate === undefined ? now : Date.parse(endDate) + (DATE.test(endDate) ? 86_400_000 : 0)
    if (Number.isNaN(from) || Number.isNaN(to)) throw refusal('INVALID_TIME_RANGE', 'startDate and endDate are ISO 8601 dates or times.')
    return windowOf({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), tz }, now)
  } catch (thrown) {
    if (thrown instanceof AppError && refused.safeParse(thrown.detail).success) throw thrown
    throw refusal('INVALID_TIME_RANGE', thrown instanceof AppError ? thrown.message : 'The time range cannot be read.')
  }
}

export const rangeReply = ({ window }: { window: Window }) => ({
  start: window.from,
  end: window.to,
  days: round(daysIn(window.from, window.to)),
})

/** A project that is known, and of which nothing at all is known in this range. */
export function requireData(question: { project: string; window: Window }, figures: readonly { readonly value?: number | null }[]): void {
  if (figures.some(({ value }) => value !== null && value !== undefined)) return
  throw refusal('NO_DATA', `No data for '${question.project}' between ${question.window.from} and ${question.window.to}.`, {
    project: question.project,
    start: question.window.from,
    end: question.window.to,
  })
}
