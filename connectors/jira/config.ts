import { z } from 'zod'
import { pattern } from '../../domain/pattern.ts'
import { incidentEnvironment, serviceRules } from '../../domain/service-rule.ts'
import { WORK_KINDS } from '../../domain/work-item.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'

const fieldId = (what: string, otherwise = '') =>
  z
    .string()
    .regex(/^[\w.-]+$/, 'must be the id of a field, such as customfield_10016')
    .optional()
    .describe(`Id of the field that holds ${what}, such as customfield_10016${otherwise}`)

const incidentRule = z.strictObject({
  project: pattern().optional().describe('Pattern (RE2) for the key of the project'),
  type: pattern().optional().describe('Pattern for the name of the issue type'),
  label: pattern().optional().describe('Pattern for one of the labels'),
  component: pattern().optional().describe('Pattern for one of the components'),
})

const kindRule = z.strictObject({
  name: pattern().describe('Pattern (RE2) for the name of the issue type'),
  kind: z.enum(WORK_KINDS).describe('What issues of that type are'),
})

export const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of Jira, such as https://acme.atlassian.net'),
  email: z.string().min(1).optional().describe('E-mail address of the account; Cloud only'),
  token: secret().describe('API token of the account (Cloud) or personal access token (Data Center)'),
  projects: z
    .array(
      z
        .string()
        .toUpperCase()
        .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the key of a project'),
    )
    .default([])
    .describe('Keys of the projects to read; default: all that the account can see'),
  jql: z
    .string()
    .min(1)
    .refine((jql) => !/\border\s+by\b/i.test(jql), 'must be a condition without ORDER BY')
    .optional()
    .describe('Condition (JQL) that issues must fit, too; give the webhook the same'),
  incidents: z
    .array(incidentRule)
    .default([{ type: '(?i)incident' }])
    .describe('Rules that say which issues are incidents; an issue must fit all that one rule says'),
  kinds: z
    .array(kindRule)
    .default([])
    .describe('Rules that say what kind of work an issue type is; the first that fits is the one. Without one: by the usual names'),
  estimate_field: fieldId('story points'),
  sprint_field: fieldId('sprints', '; default: the one of that type'),
  epic_field: fieldId('the epic of an issue (Epic Link of Data Center)'),
  service_field: fieldId('the service that an incident is of'),
  environment_field: fieldId('the environment that an incident is in'),
  severity_field: fieldId('the severity of an incident', '; default: its priority'),
  services: serviceRules(),
  environment: incidentEnvironment(),
  webhook_secrets: webhookSecrets(),
})

export type Config = z.output<typeof config>
