import { z } from 'zod'
import { deploymentRules } from '../../domain/deployment-rule.ts'
import { secret, webhookSecrets } from '../../src/connector.ts'

const label = () => z.string().trim().min(1).max(100)

export const config = z
  .object({
    url: z
      .url({ protocol: /^https?$/ })
      .default('https://api.github.com')
      .describe('Address of the API; GitHub Enterprise: https://HOST/api/v3'),
    token: secret().optional().describe('Access token, fine-grained or classic; not needed for a GitHub App'),
    app_id: z.string().regex(/^\w+$/).optional().describe('Id or client id of a GitHub App'),
    installation_id: z.string().regex(/^\d+$/).optional().describe('Id of the installation of the GitHub App'),
    private_key: secret().optional().describe('Private key of the GitHub App, the whole PEM file'),
    repositories: z
      .array(z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'is written owner/name'))
      .max(1_000)
      .default([])
      .describe('Repositories, each as owner/name'),
    organization: z
      .string()
      .regex(/^[\w-]+$/)
      .optional()
      .describe('Organization: all its repositories but forks'),
    deployments: deploymentRules([{ from: 'deployment' }]),
    incident_labels: z.array(label()).default(['incident']).describe('Issues with one of these labels are incidents'),
    webhook_secrets: webhookSecrets(),
  })
  .refine(({ repositories, organization }) => repositories.length > 0 || organization !== undefined, {
    path: ['repositories'],
    message: 'name a repository or an organization',
  })
  .refine(
    (one) =>
      (one.app_id === undefined) === (one.private_key === undefined) && (one.app_id === undefined) === (one.installation_id === undefined),
    {
      path: ['app_id'],
      message: 'a GitHub App needs app_id, installation_id and private_key',
    },
  )
export type Config = z.output<typeof config>

/** `https://HOST/api/v3` is one half of an Enterprise server, `https://HOST/api/graphql` the other: the base is what they share. */
export function placeOf({ url }: Config): { base: string; rest: string; graphql: string } {
  const plain = url.replace(/\/+$/, '')
  return plain.endsWith('/api/v3')
    ? { base: plain.slice(0, -'/api/v3'.length), rest: '/api/v3', graphql: '/api/graphql' }
    : { base: plain, rest: '', graphql: '/graphql' }
}
