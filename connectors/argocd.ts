import { baseOf, defineConnector, defineStream } from '../src/connector.ts'
import { isSecret, sentSecret } from '../src/signature.ts'
import { listedPayload, pullApplications } from './argocd/application-list.ts'
import { check } from './argocd/check.ts'
import { config, type Config } from './argocd/config.ts'
import { healthPayload, healthRows, pullHealth } from './argocd/health.ts'
import { read } from './argocd/hook.ts'
import { pullSyncs, syncPayload, syncRows } from './argocd/sync.ts'

const docs = `Reads every sync of the applications of an Argo CD server, and takes its notifications. Each sync is one deployment, whether it succeeded or failed: the running operation, the entry that it leaves in the history of the application (Argo CD keeps 10), and any number of notifications of it are known by the application and its start, and are one row. Retries belong to the sync that they repeat. A sync that failed leaves no entry in the history: without notifications it is missed when another one begins before the next pull.

**What does not count.** A dry run. A self-heal, which puts back what somebody changed in the cluster and deploys nothing. A sync of single resources, unless \`partial_syncs\` is on; Argo CD leaves it out of its own history as well. A sync of the revision that already runs is a re-deployment and counts. A rollback in Argo CD is a sync to an older revision: it is a deployment like any other, and Fairlead recognizes it by the commit that it puts back. A sync that somebody terminated is \`cancelled\`; one that ran into the time limit of the controller failed.

**Which commit.** The revision of a sync is a commit of the repository of manifests, and lead time needs the one of the code. \`commit_from\` names the rules, the first that answers wins, and the row says which:
- \`annotation\`: \`fairlead.dev/commit\` of the application, with \`fairlead.dev/repository\`.
- \`image_label\`: \`org.opencontainers.image.revision\` as a label or annotation of the application, with \`org.opencontainers.image.source\`.
- \`image_tag\`: a tag that is or contains a commit of 7 to 40 hexadecimal digits. Digits alone are taken for a date or a number. Of several images: the first that \`images\` names, else the one that is called like the service, else the only one with a commit. While two versions of an image run beside each other the commit is not known; the next pull tells it.
- \`source_revision\`: the one source of the application whose repository is not one of manifests (\`manifest_repositories\`).

\`images\` says from which repository an image is built; without it, and without an annotation, the commit has no repository. Entries of the history tell no images: there only images that the source itself sets (Kustomize images, Helm parameters that end in \`image.tag\`) are known, and the annotations are those of today, so they are used for the newest sync alone.

**Access.** A token of an account with \`apiKey\` and \`applications, get\`. **Health.** With \`health_incidents\`, an application that becomes Degraded opens an incident and the next Healthy closes it; times are Argo CD's \`lastTransitionTime\` (3.0 or later). What begins and ends between two pulls is not seen. **Applications** are kept as they are listed, when they are new or changed; nothing is counted by them.`

export default defineConnector<Config>({
  title: 'Argo CD',
  docs,
  config,
  api: (config) => ({ base: baseOf(config), headers: { authorization: `Bearer ${config.token.reveal()}` } }),
  streams: {
    syncs: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: syncPayload,
      pull: pullSyncs,
      rows: syncRows,
    }),
    health: defineStream({
      produces: ['incident_states'],
      order: 'unordered',
      payload: healthPayload,
      pull: pullHealth,
      rows: healthRows,
    }),
    applications: defineStream({
      produces: [],
      rawOnly: true,
      order: 'unordered',
      payload: listedPayload,
      pull: pullApplications,
      rows: () => ({}),
    }),
  },
  hook: {
    proof: 'token',
    docs: 'Apply `deploy/argocd/fairlead-notifications.yaml`, which sends each sync and each change of health to {url}, and put the secret into `argocd-notifications-secret`; it travels in the header `X-Fairlead-Token`. An installation that sends the template of Fawkes needs only the address and `Authorization: Bearer <secret>`. A notification is answered at once and asked for again with the next pull, which knows dry runs, single resources and the images that run in the end.',
    headers: [],
    verify: ({ webhook_secrets }, headers) => isSecret(webhook_secrets, sentSecret(headers)),
    read,
  },
  check,
})
