import { z } from 'zod'
import { deploymentRules } from '../../domain/deployment-rule.ts'
import { line, pattern } from '../../domain/pattern.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'

export const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of the Jenkins server, such as https://jenkins.example.org'),
  user: line().describe('The user that the token is of'),
  token: secret().describe('API token of the user'),
  jobs: z
    .array(line())
    .default([])
    .describe('What is read: full names of jobs, of folders with all in them, or patterns (RE2) for whole full names; none: all'),
  exclude: z.array(line()).default([]).describe('What is not read, in the same words'),
  webhook_secrets: webhookSecrets(),
  deployments: deploymentRules([]),
  repositories: z
    .array(
      z.strictObject({
        job: pattern().describe('Pattern (RE2) for the full name of the job'),
        repository: line().optional().describe('The repository (owner/name) that it builds; named groups of the pattern may stand in it'),
        service: line().optional().describe('The service that it builds; likewise'),
      }),
    )
    .default([])
    .describe('What a job builds, where its checkout does not tell; the first that fits'),
  libraries: z
    .array(pattern())
    .default(['(?i)(?:shared|pipeline|jenkins|global|build|ci)[-_.]?(?:shared[-_.]?)?lib|jenkins-shared'])
    .describe('Patterns (RE2) for repositories (owner/name) that are shared libraries'),
  stages: z.boolean().default(true).describe('Whether to ask for the stages of pipelines: one request for each build'),
  test_results: z
    .boolean()
    .default(false)
    .describe(
      'Whether to keep the test results of builds, case by case: one request for each build that has some; how many passed is told anyway',
    ),
  unstable: z.enum(['failure', 'success', 'unknown']).default('failure').describe('What an unstable build or stage counts as'),
})

export type Config = z.output<typeof config>
