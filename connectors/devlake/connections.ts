import type { Handover } from '../../src/connector.ts'
import type { Lake, Row } from './lake.ts'
import { textOf } from './value.ts'

/** How a connection of DevLake's becomes settings of a connector of ours. */
interface Tool {
  readonly connector: string
  /** Columns that are sealed, by which a connection asks. */
  readonly sealed: readonly string[]
  /** Where its scopes stand, and the column that names one in a blueprint. */
  readonly scopes?: { readonly table: string; readonly id: string; readonly columns: readonly string[] }
  /** What a rule of ours is about, where DevLake had patterns for deployments. */
  readonly deploys?: 'run' | 'job'
  settings(given: Given): Record<string, unknown>
}

interface Given {
  readonly row: Row
  /** Without what DevLake has behind the address of the tool. */
  address(behind?: RegExp): string | undefined
  /** What is sealed in a column; undefined where nothing is. */
  credential(column: string): string | undefined
  readonly scopes: readonly Row[]
  /** Keys of Jira's projects by their ids. */
  readonly projects: ReadonlyMap<string, string>
  note(sentence: string): void
}

const column = (row: Row, name: string): string | undefined => textOf(row[name]) ?? undefined
const named = (rows: readonly Row[], ...columns: string[]) => [
  ...new Set(rows.flatMap((row) => columns.map((one) => column(row, one)).find((one) => one !== undefined) ?? [])),
]
const SEES_ALL = 'It reads all that its key sees: which services were chosen in DevLake is not kept here.'

const TOOLS: Readonly<Record<string, Tool>> = {
  github: {
    connector: 'github',
    sealed: ['token', 'secret_key'],
    scopes: { table: '_tool_github_repos', id: 'github_id', columns: ['full_name', 'name'] },
    deploys: 'run',
    settings({ row, address, credential, scopes, note }) {
      const plain = { url: address(), repositories: named(scopes, 'full_name', 'name') }
      if (row['auth_method'] === 'AppKey')
        return {
          ...plain,
          app_id: column(row, 'app_id'),
          installation_id: row['installation_id'] === null ? undefined : String(row['installation_id']),
          private_key: credential('secret_key'),
        }
      const [token, ...more] = (credential('token') ?? '').split(',').map((one) => one.trim())
      if (more.length > 0) note(`It has ${more.length + 1} tokens, used by turns: the first is taken.`)
      return { ...plain, token: token === '' ? undefined : token }
    },
  },
  gitlab: {
    connector: 'gitlab',
    sealed: ['token'],
    scopes: { table: '_tool_gitlab_projects', id: 'gitlab_id', columns: ['path_with_namespace'] },
    deploys: 'job',
    settings: ({ address, credential, scopes }) => ({
      url: address(/\/api\/v4$/),
      token: credential('token'),
      projects: named(scopes, 'path_with_namespace'),
    }),
  },
  jenkins: {
    connector: 'jenkins',
    sealed: ['password'],
    scopes: { table: '_tool_jenkins_jobs', id: 'full_name', columns: [] },
    deploys: 'run',
    settings: ({ row, address, credential, scopes }) => ({
      url: address(),
      user: column(row, 'username'),
      token: credential('password'),
      jobs: named(scopes, 'full_name'),
    }),
  },
  argocd: {
    connector: 'argocd',
    sealed: ['token'],
    scopes: { table: '_tool_argocd_applications', id: 'name', columns: [] },
    settings: ({ address, credential, scopes }) => ({
      url: address(/\/api\/v1$/),
      token: credential('token'),
      applications: named(scopes, 'name').map((name) => `^${name.replaceAll(/[^\w-]/g, String.raw`\$&`)}$`),
    }),
  },
  jira: {
    connector: 'jira',
    sealed: ['password', 'token'],
    scopes: { table: '_tool_jira_boards', id: 'board_id', columns: ['project_id', 'name'] },
    settings({ row, address, credential, scopes, projects, note }) {
      const keys = scopes.map((one) => projects.get(String(one['project_id'])))
      const known = [...new Set(keys.filter((one) => one !== undefined))].sort()
      if (known.length > 0 && keys.includes(undefined)) note('A board of it is of no project that DevLake knows: name that project.')
      if (known.length === 0) note('Its boards are of no project that DevLake knows: as it stands it reads all that the account sees.')
      const isBasic = row['auth_method'] === 'BasicAuth'
      return {
        url: address(/\/rest$/),
        ...(isBasic ? { email: column(row, 'username') } : {}),
        token: credential(isBasic ? 'password' : 'token'),
        projects: known,
      }
    },
  },
  pagerduty: {
    connector: 'pagerduty',
    sealed: ['token'],
    settings({ address, credential, note }) {
      note(SEES_ALL)
      return { url: address(), token: credential('token') }
    },
  },
  opsgenie: {
    connector: 'opsgenie',
    sealed: ['token'],
    settings({ address, credential, note }) {
      note(SEES_ALL)
      return { url: address(), token: credential('token') }
    },
  },
}

const TABLE = /^_tool_(\w+)_connections$/
/** What any plugin seals a connection's credential in. */
const SEALED = ['token', 'password', 'secret_key']
const PLAIN = ['id', 'name', 'endpoint', 'proxy', 'auth_method', 'username', 'app_id', 'installation_id']

type Connection = Handover['connections'][number]

export const webhooksOf = (lake: Lake) => lake.others('_tool_webhook_connections', ['id', 'name'])

/** Every connection, with what `open` makes of its credential: null where it does not open, undefined where there is no secret to open it with. */
export async function connectionsOf(lake: Lake, open: (sealed: string) => string | null | undefined): Promise<Connection[]> {
  const chosen = await lake.others('_devlake_blueprint_scopes', ['plugin_name', 'connection_id', 'scope_id'])
  const told: Connection[] = []
  const names = new Set<string>()
  for (const table of lake.all.keys()) {
    const plugin = TABLE.exec(table)?.[1]
    if (plugin === undefined || plugin === 'webhook') continue
    const tool = TOOLS[plugin]
    const [scopesOfAll, configs] = await Promise.all([
      tool?.scopes === undefined ? [] : scopesIn(lake, tool.scopes),
      configsIn(lake, plugin),
    ])
    for (const row of await lake.others(table, [...PLAIN, ...SEALED])) {
      const called = { kind: plugin, name: column(row, 'name') ?? String(row['id']) }
      if (tool === undefined) {
        told.push({ ...called, source: null, why: 'unsupported', notes: [] })
        continue
      }
      // Named in any case: what another connection is called must not depend on whether this one opens.
      const name = nameOf(tool.connector, called.name, String(row['id']), names)
      const credentials = new Map(
        tool.sealed.flatMap((one) => (column(row, one) === undefined ? [] : [[one, open(column(row, one) ?? '')]])),
      )
      const opened = new Set(credentials.values())
      const why = opened.has(undefined) ? 'sealed' : opened.has(null) ? 'undecryptable' : null
      if (why !== null) {
        told.push({ ...called, source: null, why, notes: [] })
        continue
      }
      const scopes = scopesOf(tool, scopesOfAll, plugin, row, chosen)
      const notes = patternsOf(tool, configs, scopes, name)
      const config = tool.settings({
        row,
        address: (behind) => addressOf(row, behind),
        credential: (one) => credentials.get(one) || undefined,
        scopes,
        projects: plugin === 'jira' ? await projectsOf(lake, row) : new Map(),
        note: (sentence) => notes.push(sentence),
      })
      if (column(row, 'proxy') !== undefined)
        notes.push('DevLake asks it through a proxy of its own: here the server’s HTTPS_PROXY is used.')
      const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
      told.push({ ...called, source: { name, connector: tool.connector, config: given }, why: null, notes })
    }
  }
  for (const row of await webhooksOf(lake)) {
    const name = column(row, 'name') ?? String(row['id'])
    const source = { name, connector: 'devlake-webhook', config: { connection: String(row['id']) } }
    told.push({ kind: 'webhook', name, source, why: null, notes: [] })
  }
  return told
}

/** `github-acme`; of two connections that would be called the same, the later one has its number behind it. */
function nameOf(connector: string, name: string, id: string, taken: Set<string>): string {
  const plain = name
    .toLowerCase()
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '')
  const whole = plain === '' || plain === connector || plain.startsWith(`${connector}-`) ? plain || connector : `${connector}-${plain}`
  const free = taken.has(whole) ? `${whole}-${id}` : whole
  taken.add(free)
  return free
}

function addressOf(row: Row, behind: RegExp | undefined): string | undefined {
  const plain = column(row, 'endpoint')?.trim().replace(/\/+$/, '')
  return behind === undefined ? plain : plain?.replace(behind, '')
}

const scopesIn = (lake: Lake, { table, id, columns }: NonNullable<Tool['scopes']>) =>
  lake.others(table, ['connection_id', id, 'scope_config_id', ...columns])

/** What blueprints take of a connection; all that it has where no blueprint does. */
function scopesOf({ scopes }: Tool, all: readonly Row[], plugin: string, row: Row, chosen: readonly Row[]): readonly Row[] {
  if (scopes === undefined) return []
  const id = String(row['id'])
  const own = all.filter((one) => String(one['connection_id']) === id)
  const wanted = new Set(
    chosen.flatMap((one) => (one['plugin_name'] === plugin && String(one['connection_id']) === id ? [String(one['scope_id'])] : [])),
  )
  return wanted.size === 0 ? own : own.filter((one) => wanted.has(String(one[scopes.id])))
}

const configsIn = (lake: Lake, plugin: string) =>
  lake.others(`_tool_${plugin}_scope_configs`, ['id', 'name', 'deployment_pattern', 'production_pattern', 'env_name_pattern'])

/**
 * By what DevLake took something for a deployment, in words and with a command that shows what a rule of ours would match. Not taken over: it
 * tries a pattern on runs and on their jobs and makes one deployment of both, where two rules here would make two.
 */
function patternsOf({ deploys }: Tool, configs: readonly Row[], scopes: readonly Row[], source: string): string[] {
  if (deploys === undefined) return []
  const used = new Set(scopes.map((one) => String(one['scope_config_id'])))
  return configs
    .filter((row) => used.has(String(row['id'])))
    .flatMap((row) => {
      const deployment = column(row, 'deployment_pattern')
      const production = deployment === undefined ? undefined : column(row, 'production_pattern')
      const environment = column(row, 'env_name_pattern')
      const said = [
        ...(deployment === undefined ? [] : [`a run or job that fits ${deployment} was a deployment`]),
        ...(production === undefined ? [] : [`one that fits ${production} too went to production`]),
        ...(environment === undefined ? [] : [`an environment that fits ${environment} was production`]),
      ]
      if (said.length === 0) return []
      const sentence = `In its scope configuration ${column(row, 'name') ?? String(row['id'])}, ${said.join(', ')}.`
      if (deployment === undefined) return [sentence]
      const rules = JSON.stringify([{ from: deploys, name: deployment, environment: 'production' }]).replaceAll("'", String.raw`'\''`)
      return [`${sentence} See what a rule would match: fairlead sources preview ${source} --set 'deployments=${rules}'`]
    })
}

async function projectsOf(lake: Lake, row: Row): Promise<Map<string, string>> {
  const rows = await lake.others('_tool_jira_projects', ['connection_id', 'id', 'project_key'])
  const own = rows.filter((one) => String(one['connection_id']) === String(row['id']))
  return new Map(
    own.flatMap((one) => (column(one, 'project_key') === undefined ? [] : [[String(one['id']), column(one, 'project_key') ?? '']])),
  )
}

/** Some of what is sealed in the database, by which a secret is proved. */
export async function sealedIn(lake: Lake): Promise<string[]> {
  const found: string[] = []
  for (const table of [...lake.all.keys()].filter((one) => TABLE.test(one)))
    for (const row of await lake.others(table, SEALED)) found.push(...SEALED.flatMap((one) => column(row, one) ?? []))
  for (const row of await lake.others('_devlake_blueprints', ['plan'])) found.push(...[column(row, 'plan') ?? []].flat())
  return found
}
