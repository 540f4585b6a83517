import { z } from 'zod'
import { alertGroup, alertSettings, deliveryOf, incidentsOf, type AlertGroup } from '../domain/alert.ts'
import { defineConnector, defineStream, webhookSecrets } from '../src/connector.ts'
import { isSecret, isSigned, sentSecret } from '../src/signature.ts'

const docs = `Takes what Grafana Alerting notifies: each alert that fires is an incident from its start to its end. Nothing is asked; connect it by a contact point of the kind Webhook.

**Which alerts.** All that reach the contact point. Send it only those that mean that users had trouble: by a notification policy, or by matchers in \`only\`, such as \`severity="critical"\`. Grafana also raises alerts about itself; \`alertname!~"DatasourceNoData|DatasourceError"\` leaves them out.

**Service.** The label \`service\`, else \`app\`, else \`job\` (\`service_labels\`); \`services\` translates it where deployments are named otherwise. A label or an annotation \`deployment_id\` or \`revision\` names the deployment that is to blame.

**Proof.** From version 12, Grafana signs with a secret (HMAC Signature in the contact point); older ones send a token in the Authorization header. Keep the contact point's own message templates, since a custom payload is read as nothing.`

const config = z.object({
  ...alertSettings,
  signature_header: z
    .string()
    .regex(/^[\w-]+$/)
    .default('X-Grafana-Alerting-Signature')
    .describe('Header of the signature, as the contact point has it'),
  timestamp_header: z
    .string()
    .regex(/^[\w-]+$/)
    .optional()
    .describe('Header of the time of the signature, where the contact point has one: it is then signed, too'),
  webhook_secrets: webhookSecrets(),
})
type Config = z.output<typeof config>

/** The body is signed, or the timestamp and the body; a Grafana that cannot sign sends the secret. */
function verify(config: Config, headers: Headers, body: Uint8Array): boolean {
  const signature = headers.get(config.signature_header)
  if (signature === null) return isSecret(config.webhook_secrets, sentSecret(headers))
  const time = config.timestamp_header === undefined ? null : (headers.get(config.timestamp_header) ?? '')
  return isSigned(config.webhook_secrets, time === null ? body : Buffer.concat([Buffer.from(`${time}:`), body]), signature.trim())
}

/** The contact point's button "Test" sends an alert that nothing raised. */
function isTrial({ alerts }: AlertGroup): boolean {
  return alerts.every(({ labels }) => labels['alertname'] === 'TestAlert' && labels['instance'] === 'Grafana')
}

export default defineConnector<Config>({
  title: 'Grafana Alerting',
  docs,
  config,
  streams: {
    alerts: defineStream<Config, AlertGroup>({
      produces: ['incident_states'],
      order: 'unordered',
      payload: alertGroup,
      rows: (group, raw, config) => ({ incident_states: incidentsOf(group, raw.received_at, config) }),
    }),
  },
  hook: {
    proof: 'signature',
    docs: 'Under Alerting → Contact points, add one of the kind Webhook with the URL `{url}`. Under HMAC Signature, enter one of `webhook_secrets`; before version 12, enter it as the credentials of the Authorization header with the scheme Bearer. Leave "Disable resolved message" off.',
    headers: [],
    verify,
    read(_headers, body) {
      const group = alertGroup.parse(body)
      const delivery = isTrial(group) ? null : deliveryOf(group)
      return delivery === null ? null : { item: { stream: 'alerts', ...delivery } }
    },
  },
})
