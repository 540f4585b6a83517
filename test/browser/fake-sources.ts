import { z } from 'zod'
import {
  SOURCE_STATES,
  type Check,
  type Connector,
  type GapReport,
  type Preview,
  type Pull,
  type Source,
  type SourceHealth,
  type SourceList,
} from '../../web/src/api/contract.ts'
import { deploymentRules } from '../../domain/deployment-rule.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'
import { fieldsOf } from '../../src/source/settings.ts'
import { windowOf } from './fake-figures.ts'

/** Tools and sources of the invented team. The settings go through the very code that the server makes forms of. */
const forge = z.object({
  url: z.url().default('https://api.forge.example').describe('Address of the API'),
  token: secret().optional().describe('Access token; not needed for an app'),
  private_key: secret().optional().describe('Private key of the app, the whole PEM file'),
  repositories: z.array(z.string()).default([]).describe('Repositories, each as owner/name'),
  deployments: deploymentRules([{ from: 'deployment' }]),
  unstable: z.enum(['failure', 'success', 'unknown']).default('failure').describe('What an unstable build is'),
  stages: z.boolean().default(true).describe('Whether stages are read, too'),
  pages: z.int().min(1).max(100).optional().describe('Pages to ask for at once'),
  mapping: z.record(z.string(), z.string()).optional().describe('Services by the name of their repository'),
  webhook_secrets: webhookSecrets(),
})
const pager = z.object({
  url: z.url().describe('Address of the tool, such as `https://acme.pager.example`'),
  token: secret().describe('Token that may read incidents'),
})

function connectorOf(id: string, title: string, config: z.ZodObject, rest: Pick<Connector, 'docs' | 'hook' | 'streams'>): Connector {
  return {
    id,
    title,
    fields: fieldsOf({ config } as never),
    schema: z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Connector['schema'],
    ...rest,
  }
}

export const connectors: Connector[] = [
  connectorOf('forge', 'Forge', forge, {
    docs: 'Reads repositories, runs and deployments of Forge. Pulls find everything.\n\n**Credential.** One of\n- a token with read access to *Metadata*;\n- an app with `private_key`.\n\nSee [the guide](https://docs.example.org/forge).',
    hook: 'Under *Settings → Webhooks* add `{url}` with the secret.',
    streams: [
      { name: 'commits', produces: ['commits'], pulled: true },
      { name: 'runs', produces: ['builds', 'deployments'], pulled: true },
      { name: 'deployments', produces: ['deployments'], pulled: true },
      { name: 'pull_requests', produces: ['changes'], pulled: true },
    ],
  }),
  connectorOf('pager', 'Pager', pager, {
    docs: 'Reads incidents of [Pager](https://pager.example). Nothing else.',
    hook: null,
    streams: [{ name: 'incidents', produces: ['incident_states'], pulled: true }],
  }),
  connectorOf('events', 'Events', z.object({}), {
    docs: 'Takes events that pipelines send.',
    hook: null,
    streams: [{ name: 'events', produces: ['deployments'], pulled: false }],
  }),
]

const HOUR_MS = 3_600_000
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS).toISOString()

function sourceOf(name: string, rest: Partial<Source>): Source {
  return {
    name,
    connector: 'forge',
    title: 'Forge',
    state: 'fine',
    config: { repositories: ['acme/api', 'acme/web'] },
    secrets: ['token'],
    pulls: true,
    every_minutes: null,
    hook_path: `/hooks/${encodeURIComponent(name)}`,
    last_attempt_at: ago(0.1),
    last_success_at: ago(0.1),
    last_error: null,
    failures: 0,
    budget: { limit: 5_000, remaining: 4_812, reset_at: ago(-0.5) },
    deliveries: { taken: 1_204, ignored: 40, unread: 2, refused: 3, last_at: ago(0.2), last_refused_at: ago(40) },
    ...rest,
  }
}

export const sources: Source[] = [
  sourceOf('acme-ci', {
    connector: 'events',
    title: 'Events',
    state: 'pushed',
    config: {},
    secrets: [],
    pulls: false,
    every_minutes: 0,
    hook_path: null,
    last_attempt_at: null,
    last_success_at: null,
    budget: null,
    deliveries: null,
  }),
  sourceOf('github', { secrets: ['token', 'webhook_secrets'] }),
  sourceOf('pagerduty', {
    connector: 'pager',
    title: 'Pager',
    state: 'needs_attention',
    config: { url: 'https://acme.pager.example' },
    hook_path: null,
    last_success_at: ago(30),
    last_error: 'The tool does not know the credential (401 at `/incidents`).',
    failures: 4,
    budget: null,
    deliveries: null,
  }),
]

export function healthOf(source: Source): SourceHealth {
  const day = (back: number) => new Date(Date.now() - back * 24 * HOUR_MS).toISOString().slice(0, 10)
  const streams = { commits: 40, runs: 120, deployments: 6 }
  return {
    name: source.name,
    state: source.state,
    lag_seconds: 360,
    credentials: source.secrets.map((field) => ({ field, set_at: '2025-11-02T09:00:00.000Z', set_by: 'Grace Hopper' })),
    streams: [
      { stream: 'commits', items: 12_400, repeated: 12, unread: 0, last_at: ago(1) },
      { stream: 'deployments', items: 204, repeated: 40, unread: 0, last_at: ago(2) },
      { stream: 'runs', items: 4_100, repeated: 204, unread: 2, last_at: ago(0.2) },
    ],
    coverage: [
      { table: 'builds', from_at: '2025-01-01T00:00:00.000Z', to_at: ago(0.1), open: false },
      { table: 'deployments', from_at: '2024-06-01T00:00:00.000Z', to_at: ago(0.1), open: true },
    ],
    days: Object.entries(streams).flatMap(([stream, most]) =>
      Array.from({ length: 34 }, (_, back) => ({
        day: day(back),
        stream,
        items: back % 7 === 3 || back % 7 === 4 || (back > 16 && back < 21) ? 0 : Math.ceil((most * ((back * 7) % 11)) / 10),
      })).filter(({ items }) => items > 0),
    ),
    unread: [
      { seq: 4_711, stream: 'runs', id: 'run:88', received_at: ago(20), problem: 'runs: `conclusion` is not a text.' },
      { seq: 4_680, stream: 'runs', id: 'run:87', received_at: ago(21), problem: 'The body is no JSON.' },
    ],
    quarantined: [
      { seq: 99, stream: 'runs', id: 'run:3', received_at: ago(300), reason: 'The store cannot hold the moment `0001-01-01`.' },
    ],
  }
}

export const preview: Preview = {
  items: 4_304,
  from: 'kept',
  before: 204,
  after: 212,
  matched: [
    { rule: 'deployment', service: 'api', environment: 'production', deployments: 204, last_at: ago(3) },
    { rule: 'run ^Deploy$ on main', service: 'web', environment: 'production', deployments: 8, last_at: ago(9) },
  ],
  added: [
    {
      id: 'run:9',
      service: 'web',
      environment: 'production',
      environment_name: 'production',
      at: ago(9),
      outcome: 'success',
      title: 'Deploy #9',
      url: 'https://forge.example/acme/web/runs/9',
      rule: 'run ^Deploy$ on main',
    },
  ],
  removed: [],
  unmatched: [
    { workflow: 'Release (web)', repository: 'acme/web', runs: 14, last_at: ago(30) },
    { workflow: 'Tests', repository: 'acme/api', runs: 3_100, last_at: ago(1) },
  ],
}

export function gapsOf(days: number, offset: number): GapReport {
  const item = (id: string, title: string | null, url: string | null) => ({
    id,
    title,
    url,
    at: '2025-11-19T08:30:00.000Z',
    service: 'api',
    repository: 'acme/api',
    source: 'github',
  })
  return {
    window: windowOf(days, offset),
    items: [
      {
        code: 'deployment_without_revision',
        count: 1_204,
        text: '1204 successful production deployments do not say which commit they shipped, so they have no lead time',
        remedy: 'Send `git_sha` with the deployment, or `commit_at`; for images, a rule that reads the commit from the tag.',
        items: [item('d-1', 'Deploy api', 'https://forge.example/acme/api/runs/1'), item('d-2', null, null)],
      },
      {
        code: 'environment_unknown',
        count: 2,
        text: '2 names of environments are no known alias, so their deployments count as `other`',
        remedy: 'Say which tier each is: `fairlead names set environment NAME production`.',
        items: [item('blue', '40 deployments', null), item('eu-1', '12 deployments', null)],
      },
    ],
    next: null,
  }
}

export const noCheck: Check = { ok: true, missing: [] }

/** What a sync says, line by line, and between which lines it waits. */
export const pull: Pull = { source: 'github', items: 160, streams: { commits: 120, runs: 40, deployments: 0 }, problems: {}, seconds: 12.4 }

const record = z.record(z.string(), z.unknown())
const deliveries = z.strictObject({
  taken: z.number(),
  ignored: z.number(),
  unread: z.number(),
  refused: z.number(),
  last_at: z.string().nullable(),
  last_refused_at: z.string().nullable(),
})
export const sourceReply: z.ZodType<Source> = z.strictObject({
  name: z.string(),
  connector: z.string(),
  title: z.string(),
  state: z.enum(SOURCE_STATES),
  config: record,
  secrets: z.array(z.string()),
  pulls: z.boolean(),
  every_minutes: z.number().nullable(),
  hook_path: z.string().nullable(),
  last_attempt_at: z.string().nullable(),
  last_success_at: z.string().nullable(),
  last_error: z.string().nullable(),
  failures: z.number(),
  budget: z.strictObject({ limit: z.number(), remaining: z.number(), reset_at: z.string() }).nullable(),
  deliveries: deliveries.nullable(),
})
export const sourcesReply: z.ZodType<SourceList> = z.strictObject({
  items: z.array(sourceReply),
  next: z.null(),
  may_change: z.boolean(),
})
