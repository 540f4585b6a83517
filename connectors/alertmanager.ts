import { z } from 'zod'
import { alertGroup, alertSettings, deliveryOf, incidentsOf, type AlertGroup } from '../domain/alert.ts'
import { defineConnector, defineStream, webhookSecrets } from '../src/connector.ts'
import { isSecret, sentSecret } from '../src/signature.ts'

const docs = `Takes what Prometheus' Alertmanager notifies: each alert that fires is an incident from its start to its end. Nothing is asked; connect it by a webhook receiver.

\`\`\`yaml
receivers:
  - name: fairlead
    webhook_configs:
      - url: <address of the hook>
        send_resolved: true
        http_config:
          authorization:
            credentials_file: /etc/alertmanager/fairlead-token
\`\`\`

**Which alerts.** All that reach the receiver. Send it only those that mean that users had trouble: by a route with the matcher \`dora_incident="true"\`, or by the same in \`only\`.

**Service.** The label \`service\`, else \`app\`, else \`job\` (\`service_labels\`); \`services\` translates it where deployments are named otherwise. A label or an annotation \`deployment_id\` or \`revision\` names the deployment that is to blame. Of an alert that fires again, each time is an incident of its own: a \`for\` in its rule keeps it from flapping.

Alertmanager repeats what it could not deliver for as long as the alert fires; an alert that fired and ended while Fairlead was away is not told. It acknowledges nothing, so incidents have no time of acknowledgement.`

const config = z.object({ ...alertSettings, webhook_secrets: webhookSecrets() })
type Config = z.output<typeof config>

export default defineConnector<Config>({
  title: 'Alertmanager',
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
    proof: 'token',
    docs: 'Add a receiver with a `webhook_configs` entry whose `url` is `{url}`, with `send_resolved: true`, and in its `http_config` an `authorization` whose `credentials` are one of `webhook_secrets` (or `basic_auth` with it as the password).',
    headers: [],
    verify: ({ webhook_secrets }, headers) => isSecret(webhook_secrets, sentSecret(headers)),
    read(_headers, body) {
      const delivery = deliveryOf(alertGroup.parse(body))
      return delivery === null ? null : { item: { stream: 'alerts', ...delivery } }
    },
  },
})
