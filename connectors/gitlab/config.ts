import { z } from 'zod'
import { deploymentRules } from '../../domain/deployment-rule.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'

const line = () =>
  z
    .string()
    .trim()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}+$/u, 'must not hold control characters')

const path = () =>
  z
    .string()
    .trim()
    .regex(/^[\w.-]+(?:\/[\w.-]+)*$/, 'must be a path such as acme/shop')

export const config = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .default('https://gitlab.com')
    .describe('Address of GitLab'),
  token: secret().optional().describe('Access token with the scope read_api'),
  projects: z.array(path()).default([]).describe('Paths of projects, such as acme/shop'),
  group: path().optional().describe('Path of a group: all its projects, and those of its subgroups'),
  webhook_secrets: webhookSecrets(),
  deployments: deploymentRules([{ from: 'deployment' }]),
  incident_labels: z
    .array(line())
    .default(['incident'])
    .describe('Issues with one of these labels are incidents, beside those of the type incident'),
  in_progress_labels: z
    .array(line())
    .default(['doing', 'in progress', 'in dev', 'in review'])
    .describe('Open issues with one of these labels are in progress; of a scoped label the part behind :: counts'),
})

export type Config = z.output<typeof config>

/** Whether the API is asked at all: else the webhook alone tells. */
export const isAsked = ({ projects, group }: Config) => projects.length > 0 || group !== undefined
