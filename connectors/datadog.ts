import { z } from 'zod'
import { deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { tierOf } from '../domain/environment.ts'
import { incidentStates } from '../domain/incident-state.ts'
import { looseText, requiredText } from '../domain/loose.ts'
import type { DomainRows } from '../domain/tables.ts'
import { defineConnector, defineStream, type Raw } from '../src/connector.ts'
import { repositoryOf } from '../src/git/refs.ts'

const docs = `What is sent to Datadog's DORA Metrics API (\`POST /api/v2/dora/deployment\`, \`/failure\`, \`/incident\`), by \`datadog-ci dora deployment\` or by a script, sent here instead: set \`DD_SITE\` or the address to Fairlead's, and \`DD_API_KEY\` to a token with the scope \`ingest\`. Nothing to connect: the first event makes the source \`datadog\`.

A deployment that is sent is one that succeeded, as Datadog takes it. A failure opens an incident and, with \`finished_at\`, closes it; one that names several services is an incident of each. The repository is the path of \`git.repository_url\`. Without an \`id\`, the same service, environment and start are the same event, and what is sent last counts.`

const config = z.object({
  environment: z.string().trim().min(1).default('production').describe('The environment of events without `env`'),
})
type Config = z.output<typeof config>

/** Seconds, milliseconds or nanoseconds, told apart by their size: each is the only one that lies between the years 2000 and 2200. */
const stamp = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).transform((value, context) => {
  for (const ms of [value * 1000, value, value / 1e6])
    if (ms >= Date.UTC(2000, 0, 1) && ms < Date.UTC(2200, 0, 1)) return new Date(Math.trunc(ms)).toISOString()
  context.addIssue({ code: 'custom', message: 'is no Unix time in seconds, milliseconds or nanoseconds' })
  return z.NEVER
})

const git = z.object({ commit_sha: looseText(), repository_url: looseText() }).nullish()

const deploymentPayload = z.object({
  data: z.object({
    attributes: z.object({
      service: requiredText(),
      started_at: stamp,
      finished_at: stamp,
      env: looseText(),
      git,
      version: looseText(),
    }),
  }),
})
type DeploymentPayload = z.output<typeof deploymentPayload>

const failurePayload = z.object({
  data: z.object({
    attributes: z
      .object({
        services: z.array(z.string().trim().min(1)).nullish(),
        team: looseText(),
        started_at: stamp,
        finished_at: stamp.nullish(),
        env: looseText(),
        git,
        name: looseText(),
        severity: looseText(),
        version: looseText(),
      })
      .refine(({ services, team }) => (services ?? []).length > 0 || team !== null, {
        path: ['services'],
        message: 'or `team` is required',
      }),
  }),
})
type FailurePayload = z.output<typeof failurePayload>

const repositoryIn = (of: z.output<typeof git>) =>
  of?.repository_url === null || of?.repository_url === undefined ? null : (repositoryOf(of.repository_url) ?? of.repository_url)

function deploymentRows({ data: { attributes } }: DeploymentPayload, raw: Raw, config: Config): DomainRows {
  const environment = attributes.env ?? config.environment
  const row = rowOf(deployment, {
    id: raw.id,
    kind: 'deploy',
    service: attributes.service,
    environment: tierOf(environment),
    environment_name: environment,
    at: attributes.finished_at,
    started_at: attributes.started_at,
    finished_at: attributes.finished_at,
    outcome: 'success',
    repository: repositoryIn(attributes.git),
    revision: attributes.git?.commit_sha,
    version: attributes.version,
  })
  return { deployments: [row] }
}

function failureRows({ data: { attributes } }: FailurePayload, raw: Raw, config: Config): DomainRows {
  const environment = attributes.env ?? config.environment
  const services = [...new Set(attributes.services ?? [])]
  const incident_states = (services.length === 0 ? [null] : services).flatMap((service) => {
    const told = {
      id: services.length > 1 ? `${raw.id}:${service}` : raw.id,
      service,
      environment: tierOf(environment),
      environment_name: environment,
      repository: repositoryIn(attributes.git),
      severity: attributes.severity,
      title: attributes.name,
      revision: attributes.git?.commit_sha ?? attributes.version,
    }
    return incidentStates(told, attributes.started_at, attributes.finished_at ?? null)
  })
  return { incident_states }
}

export default defineConnector<Config>({
  title: 'Datadog DORA events',
  docs,
  config,
  streams: {
    deployments: defineStream<Config, DeploymentPayload>({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      rows: deploymentRows,
    }),
    failures: defineStream<Config, FailurePayload>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: failurePayload,
      rows: failureRows,
    }),
  },
})
