import { AppError } from '../errors.ts'
import type { Metric } from '../metric.ts'
import type { Params } from '../store/statement.ts'
import type { Asked } from './measure.ts'
import { teamFilter, teamParams } from './ownership.ts'

/** Compared as it stands in the sorting key, so that the index is used; where none was said, an incident is one of production. */
const ENVIRONMENT = {
  production: 'AND (environment = {environment:String} OR environment IS NULL)',
  other: 'AND environment = {environment:String}',
}

export function filters(asked: Asked): string {
  return [
    asked.environment === 'all' ? '' : ENVIRONMENT[asked.environment === 'production' ? 'production' : 'other'],
    asked.service === undefined ? '' : 'AND service = {service:String}',
    asked.repository === undefined ? '' : 'AND repository = {repository:String}',
    asked.project === undefined
      ? ''
      : 'AND (service IN {project_services:Array(String)} OR repository IN {project_repositories:Array(String)})',
    teamFilter(asked),
  ].join(' ')
}

export function paramsOf(org: string, asked: Asked, from: string, to: string): Params {
  return {
    org,
    from,
    to,
    ...(asked.environment === 'all' ? {} : { environment: asked.environment }),
    ...(asked.service === undefined ? {} : { service: asked.service }),
    ...(asked.repository === undefined ? {} : { repository: asked.repository }),
    ...(asked.project === undefined ? {} : { project_services: asked.project.services, project_repositories: asked.project.repositories }),
    ...teamParams(org, asked),
  }
}

/** The rows SQL for the basis or variant asked for; an unknown one is refused with the list of those that exist. */
export function populationOf(
  id: string,
  metric: Metric,
  asked: Asked,
): { sql: string; basis: string | null; reducer: Metric['reducer'] | 'lower_median' } {
  if (asked.variant !== undefined) {
    const variant = metric.variants?.[asked.variant]
    if (variant === undefined) throw unknownChoice(id, 'variant', asked.variant, Object.keys(metric.variants ?? {}))
    return { sql: variant.rows, basis: null, reducer: variant.reducer }
  }
  if (metric.bases === undefined) {
    if (asked.basis !== undefined) throw unknownChoice(id, 'basis', asked.basis, [])
    return { sql: metric.rows, basis: null, reducer: metric.reducer }
  }
  const basis = asked.basis ?? metric.bases.default
  const sql = metric.bases.rows[basis]
  if (sql === undefined) throw unknownChoice(id, 'basis', basis, Object.keys(metric.bases.rows))
  return { sql, basis, reducer: metric.reducer }
}

function unknownChoice(id: string, what: string, value: string, known: readonly string[]): AppError {
  return new AppError('invalid-input', `${id} has no ${what} ${JSON.stringify(value)}.`, {
    help: known.length === 0 ? `Leave out \`${what}\`.` : `Known: ${known.join(', ')}.`,
  })
}
