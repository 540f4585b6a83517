import { z } from 'zod'
import type { Project } from '../settings/projects.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement, type Params } from '../store/statement.ts'
import { all, DERIVED, id, markedTable, repoId, scopeId, TOLD } from './devlake-table.ts'
import { INCIDENTS } from './devlake-work.ts'
import type { SmallRow } from './small-table.ts'

const lakeId = (sql: string) => id(sql)[1]

const scopesThere = statement({
  name: 'lake.devlake.scopes',
  sql: `SELECT DISTINCT service, repository, ${lakeId(scopeId('service', 'repository'))} AS id FROM (
  SELECT toString(service) AS service, ifNull(toString(repository), '') AS repository FROM all_deployments FINAL WHERE org_id = {org:UUID} AND kind = 'deploy'
  UNION ALL SELECT ifNull(toString(service), ''), ifNull(toString(repository), '') FROM ${all('builds')})`,
  row: z.object({ service: z.string(), repository: z.string(), id: z.string() }),
})
const placesThere = statement({
  name: 'lake.devlake.places',
  sql: `SELECT DISTINCT ifNull(toString(service), '') AS service, ifNull(toString(repository), '') AS repository, ${lakeId('board_id')} AS id
FROM (${INCIDENTS}) WHERE ifNull(toString(environment), 'production') = 'production'`,
  row: z.object({ service: z.string(), repository: z.string(), id: z.string() }),
})
const idsOf = statement({
  name: 'lake.devlake.repositories',
  sql: `SELECT name, ${lakeId(repoId('name'))} AS id, ${lakeId(scopeId('name', "''"))} AS scope FROM (SELECT arrayJoin({names:Array(String)}) AS name)`,
  row: z.object({ name: z.string(), id: z.string(), scope: z.string() }),
})

export const PROJECTS = markedTable('projects', ['name'], { name: 'varchar', description: 'text' })
export const MAPPING = markedTable('project_mapping', ['project_name', 'table', 'row_id'], {
  project_name: 'varchar',
  table: 'varchar',
  row_id: 'varchar',
})

export interface Mapped {
  readonly projects: readonly SmallRow[]
  readonly mapping: readonly SmallRow[]
  /** Which repositories and scopes each project has, for the SQL of the computed tables. */
  readonly params: Params
}

/**
 * What belongs to a project. Fairlead's projects have services and repositories, and a deployment or an incident is of a project that names
 * its service or its repository; so a scope is one of both. What follows from what a project names is marked, so that `import devlake` makes
 * of it the project that stood here.
 */
export async function mapProjects(analytics: Analytics, org: string, projects: readonly Project[]): Promise<Mapped> {
  const names = [...new Set(projects.flatMap((one) => [...one.repositories, ...one.services]))]
  const [scopes, places] = [await analytics.read(scopesThere, { org }), await analytics.read(placesThere, { org })]
  const all = [...new Set([...names, ...scopes.map((one) => one.repository)])].filter((one) => one !== '')
  const ids = new Map((await analytics.read(idsOf, { names: all })).map((one) => [one.name, one]))
  const rows = new Map<string, SmallRow>()
  const of: Record<'repo' | 'scope', string[][]> = { repo: [], scope: [] }
  for (const { name, repositories, services } of projects) {
    const put = (table: string, row_id: string, told: string) => {
      const key = JSON.stringify([name, table, row_id])
      if (!rows.has(key)) rows.set(key, { project_name: name, table, row_id, _raw_data_table: told })
    }
    const isOf = ({ service, repository }: { service: string; repository: string }) =>
      services.includes(service) || repositories.includes(repository)
    const own = scopes.filter(isOf)
    for (const service of services) {
      const there = own.filter((one) => one.service === service)
      for (const one of there) put('cicd_scopes', one.id, TOLD)
      if (there.length === 0) put('cicd_scopes', ids.get(service)?.scope ?? '', TOLD)
    }
    for (const one of own) {
      put('cicd_scopes', one.id, DERIVED)
      of.scope.push([name, one.service, one.repository])
    }
    for (const repository of repositories) put('repos', ids.get(repository)?.id ?? '', TOLD)
    const reached = new Set([...repositories, ...own.filter((one) => services.includes(one.service)).map((one) => one.repository)])
    reached.delete('')
    for (const repository of reached) {
      put('repos', ids.get(repository)?.id ?? '', DERIVED)
      put('boards', ids.get(repository)?.id ?? '', DERIVED)
      of.repo.push([name, repository])
    }
    for (const place of places.filter(isOf)) put('boards', place.id, DERIVED)
  }
  const column = (list: readonly string[][], index: number) => list.map((one) => one[index] ?? '')
  return {
    projects: projects.map(({ name, description }) => ({ name, description: description ?? '', _raw_data_table: TOLD })),
    mapping: [...rows.values()],
    params: {
      repo_projects: column(of.repo, 0),
      repo_names: column(of.repo, 1),
      scope_projects: column(of.scope, 0),
      scope_services: column(of.scope, 1),
      scope_repositories: column(of.scope, 2),
    },
  }
}
