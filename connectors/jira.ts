import { baseOf, defineConnector, defineStream } from '../src/connector.ts'
import { boardRows, boardsPayload, pullBoards } from './jira/board.ts'
import { changelogPayload, changelogRows, pullChangelogs } from './jira/changelog.ts'
import { check } from './jira/check.ts'
import { config, type Config } from './jira/config.ts'
import { read, verify } from './jira/hook.ts'
import { issuePayload, issueRows, pullIssues } from './jira/issue.ts'
import { pullSprints, sprintPayload, sprintRows } from './jira/sprint.ts'
import { pullVersions, versionRows, versionsPayload } from './jira/version.ts'
import { pullWorklogs, worklogPayload, worklogRows } from './jira/worklog.ts'

const docs = `Reads issues with their history, worklogs, boards, sprints and versions, from Jira Cloud and from Jira Data Center (8.14 or later).

**Credentials.** Cloud: \`email\` and an API token of that account. Data Center: a personal access token in \`token\`, without \`email\`. The account needs the permission Browse Projects; what it cannot see does not exist here.

**Incidents.** Issues that fit a rule in \`incidents\` are incidents, too, from their creation to their resolution. Without settings, those are the issue types whose name holds "incident". Their service is the value of \`service_field\`, else the first component; \`services\` translates it, and is tried on all components and the project as well.

**Fields.** Story points are a custom field with another id in each Jira: name it in \`estimate_field\`; the check of the connection says which fields could be meant. The field of sprints is found by its type.

**Done.** An issue is done when its status is of the category Done. When it was resolved is its resolution date or, where no resolution was set, the last change of its status category, which only Cloud tells.

**Deleted.** An issue that is deleted goes away by the webhook only: nothing else tells it. The webhook of an issue holds its last change and not its history, so it makes Fairlead ask for that. An issue that no longer fits \`jql\` stays as it last was.`

export default defineConnector<Config>({
  title: 'Jira',
  docs,
  config,
  api: ({ url, email, token }) => ({
    base: baseOf({ url }),
    headers: {
      accept: 'application/json',
      authorization:
        email === undefined ? `Bearer ${token.reveal()}` : `Basic ${Buffer.from(`${email}:${token.reveal()}`).toString('base64')}`,
    },
  }),
  streams: {
    issues: defineStream({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      pull: pullIssues,
      rows: issueRows,
    }),
    changelogs: defineStream({
      produces: ['transitions'],
      order: 'unordered',
      payload: changelogPayload,
      pull: pullChangelogs,
      rows: changelogRows,
    }),
    worklogs: defineStream({
      produces: ['worklogs'],
      order: 'unordered',
      payload: worklogPayload,
      pull: pullWorklogs,
      rows: worklogRows,
    }),
    boards: defineStream({
      produces: ['boards'],
      order: 'unordered',
      payload: boardsPayload,
      pull: pullBoards,
      rows: boardRows,
    }),
    sprints: defineStream({
      produces: ['sprints'],
      order: 'unordered',
      payload: sprintPayload,
      pull: pullSprints,
      rows: sprintRows,
    }),
    versions: defineStream({
      produces: ['releases'],
      order: 'unordered',
      payload: versionsPayload,
      pull: pullVersions,
      rows: versionRows,
    }),
  },
  hook: {
    proof: 'signature',
    docs: 'Under System → Webhooks, add one with the URL `{url}` and a secret, which also goes into `webhook_secrets`; choose the events of issues, worklogs, versions, sprints and boards. A Jira that has no secret for webhooks sends them by a rule of its automation instead, with the header `X-Fairlead-Token`.',
    headers: ['x-atlassian-webhook-identifier'],
    verify,
    read,
  },
  check,
})
