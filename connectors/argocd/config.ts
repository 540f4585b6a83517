import { z } from 'zod'
import { imageCommits, imageRules } from '../../domain/deployed-image.ts'
import { line, pattern } from '../../domain/pattern.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'

const RULES = ['annotation', 'image_label', 'image_tag', 'source_revision'] as const
export const PLACE = /^(?:(label|annotation):(\S+)|(name|namespace|project)(?::(.+))?)$/

/** Where the name of an environment or a service is read. */
const place = () =>
  line().superRefine((text, context) => {
    const found = PLACE.exec(text)
    const problem =
      found === null ? 'must be `label:<key>`, `annotation:<key>`, or `name`, `namespace` or `project`, with `:<pattern>`' : null
    const tried = found?.[4] === undefined ? null : pattern().safeParse(found[4])
    const message = problem ?? (tried?.success === false ? (tried.error.issues[0]?.message ?? 'is no pattern') : null)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

export const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of the Argo CD server, such as https://argocd.example.org'),
  token: secret().describe('Token of an account that may get applications'),
  applications: z.array(pattern()).default([]).describe('Patterns (RE2) for names of applications; none: all that the token sees'),
  exclude: z.array(pattern()).default([]).describe('Patterns for applications that are left out, such as an application of applications'),
  projects: z.array(line()).default([]).describe('Names of projects; none: all'),
  webhook_secrets: webhookSecrets(),
  environment_from: z
    .array(place())
    .default(['label:environment', 'namespace', 'name'])
    .describe(
      'Where the environment is read, in this order: `label:<key>`, `annotation:<key>`, or `namespace` (of the destination), `name` or `project`: its first or last part when that is a known environment (`shop-prod`), or with `:<pattern>` the group `environment` of the pattern',
    ),
  environment: line().default('production').describe('The environment of an application that none of these names'),
  service_from: z
    .array(place())
    .default(['label:app.kubernetes.io/name', 'name'])
    .describe('Where the service is read, in the same words; a pattern has the group `service`, such as `name:^(?P<service>.+)-prod$`'),
  images: imageRules(),
  image_commits: imageCommits(),
  commit_from: z
    .array(z.enum(RULES))
    .default([...RULES])
    .describe('How the commit of the code is found; the first that answers wins'),
  manifest_repositories: z
    .array(pattern())
    .default(['(?i)gitops|manifest|deploy|chart|helm|kustom|infra|cluster|environments|argo|config|k8s|kube'])
    .describe('Patterns (RE2) for repositories (owner/name) that hold manifests and no code'),
  partial_syncs: z.boolean().default(false).describe('Whether a sync of single resources counts as a deployment'),
  health_incidents: z.boolean().default(false).describe('Whether an application that becomes Degraded opens an incident'),
})

export type Config = z.output<typeof config>
