import { createCipheriv, createHash, createHmac } from 'node:crypto'
import type { Mysql } from '../../src/store/mysql.ts'

/** What a DevLake is connected to, and the keys that it gave, sealed as it seals them. */
export const SECRET = 'ITSSECRETISALONGLINEOFLETTERSTHATNOBODYCOULDGUESSANDEVERYBODYKEEPS'
export const TOKENS = {
  github: 'ghp_theFirstTokenOfTheConnection',
  second: 'ghp_theSecondTokenOfTheConnection',
  gitlab: 'glpat-theTokenOfGitLab-1',
  jenkins: 'the&password of Jenkins',
  argocd: 'eyJ.the-token-of-argocd.x',
  jira: 'the-token-of-jira-of-Ada',
  pagerduty: 'u+theKeyOfPagerDuty_1',
  sonar: 'squ_theTokenOfSonarQube',
  pem: '-----BEGIN RSA PRIVATE KEY-----\nbm90IG9uZSBhdCBhbGw=\n-----END RSA PRIVATE KEY-----\n',
}
/** 128 letters, as DevLake makes them. */
export const KEYS = { first: 'Abcdefgh'.repeat(16), any: 'Bcdefghi'.repeat(16), old: 'Cdefghij'.repeat(16), api: 'Defghijk'.repeat(16) }

export function sealed(text: string, secret = SECRET): string {
  const key = createHash('sha256').update(secret).digest()
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16))
  return Buffer.concat([cipher.update(`${text}{nddtf}`, 'utf8'), cipher.final()]).toString('base64')
}

/** One bit of the third block, so that neither padding nor ending tell it. */
function changed(text: string): string {
  const bytes = Buffer.from(text, 'base64')
  bytes[5] = (bytes[5] ?? 0) ^ 4
  return bytes.toString('base64')
}

const quote = (value: string | number | null) =>
  value === null ? 'null' : typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`

async function table(
  mysql: Mysql,
  name: string,
  columns: string,
  rows: readonly Readonly<Record<string, string | number | null>>[],
): Promise<void> {
  await mysql.run(`drop table if exists \`${name}\``)
  await mysql.run(`create table \`${name}\` (${columns}) engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin`)
  for (const row of rows)
    await mysql.run(
      `insert into \`${name}\` (${Object.keys(row)
        .map((one) => `\`${one}\``)
        .join(', ')}) values (${Object.values(row).map(quote).join(', ')})`,
    )
}

const CONNECTION = 'id bigint unsigned primary key, name varchar(100), endpoint longtext, proxy longtext, rate_limit_per_hour bigint'

/** `tool` is where every tool is. */
export async function connect(mysql: Mysql, tool: string): Promise<void> {
  const none = sealed('')
  await table(
    mysql,
    '_tool_github_connections',
    `${CONNECTION}, auth_method longtext, token longtext, app_id longtext, secret_key longtext, installation_id bigint`,
    [
      {
        id: 1,
        name: 'GitHub',
        endpoint: `${tool}/`,
        auth_method: 'AccessToken',
        token: sealed(`${TOKENS.github},${TOKENS.second}`),
        secret_key: none,
      },
      {
        id: 2,
        name: 'The App',
        endpoint: `${tool}/`,
        auth_method: 'AppKey',
        token: none,
        app_id: '4711',
        secret_key: sealed(TOKENS.pem),
        installation_id: 815,
      },
      { id: 3, name: 'Changed', endpoint: `${tool}/`, auth_method: 'AccessToken', token: changed(sealed(TOKENS.github)), secret_key: none },
      { id: 4, name: 'Empty', endpoint: `${tool}/`, auth_method: 'AccessToken', token: sealed(TOKENS.second), secret_key: none },
    ],
  )
  await table(
    mysql,
    '_tool_github_repos',
    'connection_id bigint unsigned, github_id bigint, name varchar(255), full_name varchar(255), scope_config_id bigint unsigned',
    [
      { connection_id: 1, github_id: 11, name: 'shop', full_name: 'acme/shop', scope_config_id: 21 },
      { connection_id: 1, github_id: 12, name: 'not-chosen', full_name: 'acme/not-chosen', scope_config_id: 22 },
      { connection_id: 2, github_id: 13, name: 'acme/older', full_name: null, scope_config_id: null },
    ],
  )
  await table(
    mysql,
    '_tool_github_scope_configs',
    'id bigint unsigned primary key, name varchar(255), deployment_pattern varchar(255), production_pattern varchar(255), env_name_pattern varchar(255)',
    [
      { id: 21, name: 'shops', deployment_pattern: "(deploy|it's live)", production_pattern: 'prod(.*)', env_name_pattern: '(?i)prod(.*)' },
      { id: 22, name: 'of what is not chosen', deployment_pattern: 'release', production_pattern: '', env_name_pattern: '' },
    ],
  )
  await table(mysql, '_tool_gitlab_connections', `${CONNECTION}, token longtext`, [
    { id: 1, name: 'Main', endpoint: `${tool}/api/v4/`, proxy: 'http://user:hunter2@proxy:3128', token: sealed(TOKENS.gitlab) },
  ])
  await table(mysql, '_tool_gitlab_projects', 'connection_id bigint unsigned, gitlab_id bigint, path_with_namespace varchar(255)', [
    { connection_id: 1, gitlab_id: 5, path_with_namespace: 'acme/pay' },
  ])
  await table(mysql, '_tool_jenkins_connections', `${CONNECTION}, username longtext, password longtext`, [
    { id: 1, name: 'CI', endpoint: tool, username: 'ada', password: sealed(TOKENS.jenkins) },
  ])
  await table(mysql, '_tool_jenkins_jobs', 'connection_id bigint unsigned, full_name varchar(255), scope_config_id bigint unsigned', [
    { connection_id: 1, full_name: 'shop/deploy', scope_config_id: 0 },
    { connection_id: 2, full_name: 'of another', scope_config_id: 1 },
  ])
  await table(mysql, '_tool_argocd_connections', `${CONNECTION}, token longtext`, [
    { id: 1, name: 'argocd-prod', endpoint: `${tool}/api/v1`, token: sealed(TOKENS.argocd) },
  ])
  await table(mysql, '_tool_argocd_applications', 'connection_id bigint unsigned, name varchar(255)', [
    { connection_id: 1, name: 'shop.prod' },
  ])
  await table(
    mysql,
    '_tool_jira_connections',
    `${CONNECTION}, auth_method longtext, username longtext, password longtext, token longtext`,
    [
      {
        id: 1,
        name: 'Jira',
        endpoint: `${tool}/rest/`,
        auth_method: 'BasicAuth',
        username: 'ada@example.org',
        password: sealed(TOKENS.jira),
        token: none,
      },
    ],
  )
  await table(
    mysql,
    '_tool_jira_boards',
    'connection_id bigint unsigned, board_id bigint unsigned, project_id bigint unsigned, name varchar(255)',
    [{ connection_id: 1, board_id: 7, project_id: 10_000, name: 'Payments' }],
  )
  await table(mysql, '_tool_jira_projects', 'connection_id bigint unsigned, id varchar(255), project_key varchar(255)', [
    { connection_id: 1, id: '10000', project_key: 'PAY' },
  ])
  await table(mysql, '_tool_pagerduty_connections', `${CONNECTION}, token longtext`, [
    { id: 1, name: 'On call', endpoint: `${tool}/`, token: sealed(TOKENS.pagerduty) },
  ])
  await table(mysql, '_tool_sonarqube_connections', `${CONNECTION}, token longtext`, [
    { id: 1, name: 'Quality', endpoint: `${tool}/`, token: sealed(TOKENS.sonar) },
  ])
  await table(
    mysql,
    '_devlake_blueprint_scopes',
    'blueprint_id bigint unsigned, plugin_name varchar(255), connection_id bigint unsigned, scope_id varchar(255)',
    [{ blueprint_id: 1, plugin_name: 'github', connection_id: 1, scope_id: '11' }],
  )
  await webhooks(mysql)
}

async function webhooks(mysql: Mysql): Promise<void> {
  await table(mysql, '_devlake_blueprints', 'id bigint unsigned primary key, plan longtext', [{ id: 1, plan: sealed('[]') }])
  await table(mysql, '_tool_webhook_connections', 'id bigint unsigned primary key, name varchar(100)', [
    { id: 1, name: 'Магазин' },
    { id: 2, name: 'pay hooks' },
  ])
  const digest = (key: string) => createHmac('sha256', SECRET).update(key).digest('hex')
  await table(
    mysql,
    '_devlake_api_keys',
    'id bigint unsigned primary key, name varchar(255), api_key longtext, expired_at datetime(3), allowed_path longtext, type longtext, extra longtext',
    [
      { id: 1, name: 'webhook-1', api_key: digest(KEYS.first), expired_at: null, allowed_path: '/plugins/webhook/connections/1/.*' },
      { id: 2, name: 'any', api_key: digest(KEYS.any), expired_at: '2099-01-01 00:00:00', allowed_path: '/plugins/webhook/.*' },
      { id: 3, name: 'old', api_key: digest(KEYS.old), expired_at: '2026-01-01 00:00:00', allowed_path: '/plugins/webhook/.*' },
      { id: 4, name: 'trigger', api_key: digest(KEYS.api), expired_at: null, allowed_path: '/blueprints/.*' },
      { id: 5, name: 'garbled', api_key: 'x', expired_at: null, allowed_path: '.*' },
      { id: 6, name: 'look-ahead', api_key: digest('x'), expired_at: null, allowed_path: '/plugins(?=x)' },
    ],
  )
}
