import { baseOf, defineConnector, defineStream } from '../src/connector.ts'
import { check } from './gitlab/check.ts'
import { commitPayload, commitRows, pullCommits } from './gitlab/commit.ts'
import { config, type Config, isAsked } from './gitlab/config.ts'
import { deploymentPayload, deploymentRows, pullDeployments } from './gitlab/deployment.ts'
import { groupsPayload, groupsRows, pullGroups } from './gitlab/group.ts'
import { read, verify } from './gitlab/hook.ts'
import { issuePayload, issueRows, pullIssues } from './gitlab/issue.ts'
import { jobPayload, jobRows, pullJobs } from './gitlab/job.ts'
import { mergeRequestPayload, mergeRequestRows, pullMergeRequests } from './gitlab/merge-request.ts'
import { mergeRequestCommitsPayload, mergeRequestCommitsRows, pullMergeRequestCommits } from './gitlab/merge-request-commits.ts'
import { mergeRequestFilesPayload, mergeRequestFilesRows, pullMergeRequestFiles } from './gitlab/merge-request-files.ts'
import { notePayload, noteRows, pullNotes } from './gitlab/note.ts'
import { pipelinePayload, pipelineRows, pullPipelines } from './gitlab/pipeline.ts'
import { projectPayload, projectRows, pullProjects } from './gitlab/project.ts'
import { pullReleases, releasePayload, releaseRows } from './gitlab/release.ts'
import { pullStateEvents, stateEventPayload, stateEventRows } from './gitlab/state-event.ts'
import { pullTags, tagPayload, tagRows } from './gitlab/tag.ts'

const docs = `Reads projects of GitLab, on gitlab.com or self-managed (15.7 or newer): merge requests with their commits, files, comments and approvals, pipelines with their jobs, deployments, releases, tags, issues and incidents.

**Token.** A personal, project or group access token with the scope \`read_api\` and the role Reporter. Public projects can be read without one. Name the projects, or a group for all its projects and those of its subgroups; a project that was renamed or moved is followed. Leave its former path in the list, or add it, and what was told under that name is its own.

**Deployments.** By default what GitLab itself calls so: jobs with an \`environment\`, and deployments that other tools report to it. The tier is the environment's own. A deployment that only waits for somebody to start it is not told. Rules can name pipelines (\`run\`), jobs, tags, releases or merges instead. A pipeline that is retried stays one build in GitLab; the jobs that were run again are attempts 2, 3 and so on. Which environment a job has is told by the webhook only, so name it in the rule. A tag or release rule without \`name\` takes versions and no pre-releases; with \`name\`, every match. A pipeline of a merge request has no branch for a rule: what it is called may be the branch of a fork.

**Incidents.** Issues of the type incident, and issues with one of \`incident_labels\`. A label such as \`service::api\` names the service.

**Teams.** The group of the settings and all groups below it, with their direct members, once a day and with \`fairlead sync teams\`: 2 requests, and 1 for each group. They become teams here only when somebody accepts them (\`fairlead teams drift\`).

**Webhook.** With projects or a group, a delivery makes that they are asked at once, because it tells less than the API does; deployments and comments are read from the delivery too. Without them nothing is asked and the deliveries are all there is: then the author of a merge request is known only while the author acts, and reviews have no requests.

The API asks the 30 days before the last pull again for commits, and 90 for tags and releases: what is older when it reaches the default branch is not seen.`

export default defineConnector<Config>({
  title: 'GitLab',
  docs,
  config,
  canPull: isAsked,
  api: (config) => ({ base: baseOf(config), headers: config.token === undefined ? {} : { 'private-token': config.token.reveal() } }),
  streams: {
    repositories: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: projectPayload,
      pull: pullProjects,
      rows: projectRows,
    }),
    commits: defineStream({
      produces: ['commits'],
      order: 'unordered',
      payload: commitPayload,
      pull: pullCommits,
      rows: commitRows,
    }),
    merge_requests: defineStream({
      produces: ['changes', 'deployments'],
      order: 'unordered',
      payload: mergeRequestPayload,
      pull: pullMergeRequests,
      rows: mergeRequestRows,
    }),
    merge_request_commits: defineStream({
      produces: ['change_commits'],
      order: 'unordered',
      payload: mergeRequestCommitsPayload,
      pull: pullMergeRequestCommits,
      rows: mergeRequestCommitsRows,
    }),
    merge_request_files: defineStream({
      produces: ['change_files', 'deployments'],
      order: 'unordered',
      payload: mergeRequestFilesPayload,
      pull: pullMergeRequestFiles,
      rows: mergeRequestFilesRows,
    }),
    notes: defineStream({
      produces: ['reviews', 'transitions'],
      order: 'unordered',
      payload: notePayload,
      pull: pullNotes,
      rows: noteRows,
    }),
    pipelines: defineStream({
      produces: ['builds', 'deployments'],
      order: 'unordered',
      payload: pipelinePayload,
      pull: pullPipelines,
      rows: pipelineRows,
    }),
    jobs: defineStream({
      produces: ['jobs', 'deployments'],
      order: 'unordered',
      payload: jobPayload,
      pull: pullJobs,
      rows: jobRows,
    }),
    deployments: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      pull: pullDeployments,
      rows: deploymentRows,
    }),
    releases: defineStream({
      produces: ['releases', 'deployments'],
      order: 'unordered',
      payload: releasePayload,
      pull: pullReleases,
      rows: releaseRows,
    }),
    tags: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: tagPayload,
      pull: pullTags,
      rows: tagRows,
    }),
    issues: defineStream({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      pull: pullIssues,
      rows: issueRows,
    }),
    state_events: defineStream({
      produces: ['transitions'],
      order: 'unordered',
      payload: stateEventPayload,
      pull: pullStateEvents,
      rows: stateEventRows,
    }),
    groups: defineStream({
      produces: ['provider_teams'],
      order: 'unordered',
      payload: groupsPayload,
      pull: pullGroups,
      rows: groupsRows,
    }),
  },
  hook: {
    proof: 'token',
    docs: `In the project or group, **Settings → Webhooks → Add new webhook**: URL \`{url}\`, one of the source's secrets as secret token or as signing token, and the events push, tag, comments, issues, merge requests, jobs, pipelines, deployments and releases.`,
    headers: ['x-gitlab-event', 'x-gitlab-event-uuid', 'idempotency-key'],
    verify,
    read,
  },
  check,
})
