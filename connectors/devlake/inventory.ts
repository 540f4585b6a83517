import type { Ask, Check, Inventory } from '../../src/connector.ts'
import { repositoryOf } from '../../src/git/refs.ts'
import type { Config } from './config.ts'
import { DERIVED, partsOf } from './fairlead.ts'
import { openLake, type Lake } from './lake.ts'
import type { TableName } from './tables.ts'
import { nameOf, safeUrl, textOf } from './value.ts'

/** Which stream reads a table, alone or with its own. */
const STREAM: Readonly<Record<TableName, readonly [stream: string | null, why: string | null]>> = {
  repos: ['repositories', null],
  repo_commits: ['commits', null],
  commits: ['commits', 'with repo_commits'],
  commit_parents: ['commits', 'with repo_commits'],
  pull_requests: ['pull_requests', null],
  pull_request_commits: ['pull_requests', 'with pull_requests'],
  pull_request_labels: ['pull_requests', 'with pull_requests'],
  pull_request_comments: ['comments', null],
  cicd_scopes: ['deployments', 'names what has no repository'],
  cicd_pipelines: ['pipelines', null],
  cicd_pipeline_commits: ['pipelines', 'with cicd_pipelines'],
  cicd_tasks: ['tasks', null],
  cicd_deployments: ['deployments', 'those without a commit; the others by cicd_deployment_commits'],
  cicd_deployment_commits: ['deployment_commits', null],
  cicd_releases: ['releases', null],
  issues: ['issues', null],
  issue_labels: ['issues', 'with issues'],
  issue_changelogs: ['changelogs', null],
  issue_worklogs: ['worklogs', null],
  incidents: ['incidents', null],
  boards: ['boards', null],
  board_issues: ['issues', 'says of which repository an incident is'],
  board_repos: ['incidents', 'says of which repository an incident is'],
  sprints: ['sprints', null],
  sprint_issues: ['issues', 'with issues'],
  accounts: ['users', 'the logins of all that is taken'],
  users: ['users', 'together, as one item'],
  user_accounts: ['users', 'with users'],
  teams: ['teams', 'together, as one item'],
  team_users: ['teams', 'with teams'],
  projects: [null, 'becomes projects'],
  project_mapping: [null, 'becomes projects'],
}

/** Tables that are there and not taken, by what they are; the first that fits. */
const LEFT: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:project_pr_metrics|project_incident_deployment_relationships|commits_diffs|ref_commits|refs_issues_diffs|refs_pr_cherrypicks|finished_commits_diffs)$/,
    'computed by DevLake; Fairlead computes it anew from the rows',
  ],
  [/^(?:dora_benchmarks|calendar_months)$/, 'a constant of DevLake’s dashboards'],
  [/^project_metric_settings$/, 'options of DevLake’s plugins, which mean nothing here'],
  [/^_raw_/, 'raw answers of the tools; what they mean was taken from the domain layer'],
  [/^_tool_.*_connections$/, 'told below, connection by connection'],
  [/^_tool_/, 'rows of a tool; what they mean was taken from the domain layer'],
  [/^_devlake_/, 'DevLake’s own blueprints, tasks and migrations; its API keys are told below'],
  [/^pull_request_reviewers$/, 'no moment: who was asked for a review is not said when'],
  [/^(?:pull_request_assignees|issue_assignees|incident_assignees)$/, 'one assignee is taken, with the issue'],
  [
    /^(?:commit_files|commit_file_components|commit_line_change|repo_snapshot|components|repo_languages|refs)$/,
    'connect the repository itself, with the git connector',
  ],
  [/^cq_|^qa_/, 'figures of code quality and of test cases have no place yet'],
]

/** A table of DevLake that is not named here is told, and not read. */
const whyLeft = (table: string): string => LEFT.find(([pattern]) => pattern.test(table))?.[1] ?? 'not read'

const missingOf = (lake: Lake): string[] =>
  lake.missing.map(({ table, columns }) =>
    columns === null
      ? `The table ${table} is not there: what it would tell is not known (${STREAM[table][0] ?? 'projects'}).`
      : `${table} lacks ${columns.join(', ')}: an older DevLake; ${columns.length === 1 ? 'that is' : 'those are'} not known.`,
  )

export async function check(ask: Ask<Config>): Promise<Check> {
  const lake = await openLake(ask)
  const isThere = lake.missing.filter((one) => one.columns === null).length < Object.keys(STREAM).length
  if (!isThere) return { ok: false, missing: [`${lake.database.describe} holds no table of DevLake: is it the right database?`] }
  return { ok: true, missing: missingOf(lake) }
}

export async function inventory(ask: Ask<Config>): Promise<Inventory> {
  const lake = await openLake(ask)
  const tables: Inventory['tables'][number][] = []
  const groups = new Map<string, { rows: number; tables: string[] }>()
  for (const table of lake.all.keys()) {
    const known = STREAM[table as TableName]
    // By the hundred, and by the million rows: they are told together, uncounted.
    const prefix = /^_(?:raw|tool|devlake)_/.exec(table)?.[0]
    if (known === undefined && prefix !== undefined && !table.endsWith('_connections')) {
      const group = groups.get(prefix) ?? { rows: 0, tables: [] }
      group.tables.push(table)
      groups.set(prefix, group)
      continue
    }
    const [stream, why] = known ?? [null, whyLeft(table)]
    tables.push({
      table,
      rows: await lake.count(table),
      stream,
      walked: stream !== null && (why === null || table === 'cicd_deployments'),
      why,
    })
    ask.progress(tables.length, lake.all.size, 'tables')
  }
  for (const [prefix, group] of groups)
    tables.push({
      table: `${prefix}* (${group.tables.length} ${group.tables.length === 1 ? 'table' : 'tables'})`,
      rows: 0,
      stream: null,
      walked: false,
      why: whyLeft(prefix),
    })
  return { from: lake.database.describe, tables, missing: missingOf(lake), projects: await projectsOf(lake) }
}

/** What a project holds, as names that mean something here. */
async function projectsOf(lake: Lake): Promise<Inventory['projects']> {
  const [projects, mapped] = await Promise.all([lake.whole('projects'), lake.whole('project_mapping')])
  const mapping = mapped.filter((one) => one['fairlead'] !== DERIVED)
  const scopes = mapping.flatMap((one) => (one['table'] === 'cicd_scopes' ? [one['row_id']] : []))
  const repos = new Map(
    (
      await lake.rows(
        'repos',
        'id',
        mapping.flatMap((one) => (one['table'] === 'repos' ? [one['row_id']] : [])),
      )
    ).map((row) => [row['id'], nameOf({ name: textOf(row['name']), url: row['fairlead'] === undefined ? textOf(row['url']) : null })]),
  )
  const deployed = await deployedIn(lake, scopes)
  const names = new Set([...projects.map((one) => String(one['name'])), ...mapping.map((one) => String(one['project_name']))])
  return [...names].sort().map((name) => {
    const own = mapping.filter((one) => one['project_name'] === name)
    const of = (table: string, told: (id: unknown) => readonly (string | null)[]) =>
      [...new Set(own.filter((one) => one['table'] === table).flatMap((one) => told(one['row_id']).filter((each) => each !== null)))].sort()
    return {
      name,
      description: textOf(projects.find((one) => one['name'] === name)?.['description']),
      repositories: of('repos', (id) => [repos.get(id) ?? null]),
      services: of('cicd_scopes', (id) => deployed(id)),
    }
  })
}

/** What was deployed from a scope: each repository is a service, as the deployments say. */
async function deployedIn(lake: Lake, scopes: readonly unknown[]): Promise<(scope: unknown) => readonly string[]> {
  const services = new Map<unknown, string[]>()
  if (!lake.has('cicd_deployment_commits') || !lake.hasColumn('cicd_deployment_commits', 'repo_url')) return () => []
  const found = await lake.database.query(
    'devlake.deployed',
    'select distinct cicd_scope_id as scope, repo_url as url from cicd_deployment_commits where cicd_scope_id is not null',
  )
  const wanted = new Set(scopes)
  for (const { scope, url } of found) {
    const name = repositoryOf(textOf(url) ?? '') ?? safeUrl(textOf(url))
    if (name !== null && wanted.has(scope)) services.set(scope, [...(services.get(scope) ?? []), name])
  }
  return (scope) => {
    const [service] = partsOf(scope) ?? []
    return service == null ? (services.get(scope) ?? []) : [service]
  }
}
