import { defineConnector, defineStream } from '../src/connector.ts'
import { boardPayload, boardRows, pullBoards, pullSprints, sprintPayload, sprintRows } from './devlake/board.ts'
import { commentPayload, commentRows, pullComments } from './devlake/comment.ts'
import { commitPayload, commitRows, pullCommits } from './devlake/commit.ts'
import { config, type Config } from './devlake/config.ts'
import {
  deploymentCommitPayload,
  deploymentCommitRows,
  deploymentPayload,
  deploymentRows,
  pullDeploymentCommits,
  pullDeployments,
  pullReleases,
  releasePayload,
  releaseRows,
} from './devlake/deployment.ts'
import { handover } from './devlake/handover.ts'
import { check, inventory } from './devlake/inventory.ts'
import {
  changelogPayload,
  changelogRows,
  incidentPayload,
  incidentRows,
  issuePayload,
  issueRows,
  pullChangelogs,
  pullIncidents,
  pullIssues,
  pullWorklogs,
  worklogPayload,
  worklogRows,
} from './devlake/issue.ts'
import { pullTeams, pullUsers, teamRows, teamsPayload, userRows, usersPayload } from './devlake/people.ts'
import { pipelinePayload, pipelineRows, pullPipelines, pullTasks, taskPayload, taskRows } from './devlake/pipeline.ts'
import { pullPullRequests, pullRequestPayload, pullRequestRows } from './devlake/pull-request.ts'
import { pullRepositories, repositoryRowPayload, repositoryRows } from './devlake/repository.ts'

const docs = `Reads the database of Apache DevLake (MySQL 8 or MariaDB 10.6 and later): \`fairlead import devlake\`. Each pull reads what DevLake has written since the last one; nothing is written to it. Tables are read by the names of their columns, so databases of any version do; what one lacks is named and not known. The [guide](../guides/from-devlake.md) says what becomes of what.

**Deployments** are the rows of \`cicd_deployment_commits\`, so what DevLake took for a deployment is one here. The service is the repository; where none is named, the scope. What the tool calls cancelled or aborted counts as cancelled, not as a failure.

**Incidents** come from the table of that name and from the issues of the type INCIDENT, once each. They belong to the repository of their page, else of their board, else to the only repository of their project.

**Computed tables** (\`project_pr_metrics\`, \`commits_diffs\` …) are not read: figures are computed anew.

**Times** are taken as UTC, as DevLake writes them unless its container was given another zone.`

export default defineConnector<Config>({
  title: 'Apache DevLake',
  docs,
  config,
  streams: {
    repositories: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: repositoryRowPayload,
      pull: pullRepositories,
      rows: repositoryRows,
    }),
    commits: defineStream({ produces: ['commits'], order: 'unordered', payload: commitPayload, pull: pullCommits, rows: commitRows }),
    pull_requests: defineStream({
      produces: ['changes', 'change_commits'],
      order: 'unordered',
      payload: pullRequestPayload,
      pull: pullPullRequests,
      rows: pullRequestRows,
    }),
    comments: defineStream({ produces: ['reviews'], order: 'unordered', payload: commentPayload, pull: pullComments, rows: commentRows }),
    pipelines: defineStream({
      produces: ['builds'],
      order: 'unordered',
      payload: pipelinePayload,
      pull: pullPipelines,
      rows: pipelineRows,
    }),
    tasks: defineStream({ produces: ['jobs'], order: 'unordered', payload: taskPayload, pull: pullTasks, rows: taskRows }),
    deployment_commits: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentCommitPayload,
      pull: pullDeploymentCommits,
      rows: deploymentCommitRows,
    }),
    deployments: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: deploymentPayload,
      pull: pullDeployments,
      rows: deploymentRows,
    }),
    releases: defineStream({ produces: ['releases'], order: 'unordered', payload: releasePayload, pull: pullReleases, rows: releaseRows }),
    issues: defineStream({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      pull: pullIssues,
      rows: issueRows,
    }),
    incidents: defineStream({
      produces: ['incident_states'],
      order: 'unordered',
      payload: incidentPayload,
      pull: pullIncidents,
      rows: incidentRows,
    }),
    changelogs: defineStream({
      produces: ['transitions'],
      order: 'unordered',
      payload: changelogPayload,
      pull: pullChangelogs,
      rows: changelogRows,
    }),
    worklogs: defineStream({ produces: ['worklogs'], order: 'unordered', payload: worklogPayload, pull: pullWorklogs, rows: worklogRows }),
    boards: defineStream({ produces: ['boards'], order: 'unordered', payload: boardPayload, pull: pullBoards, rows: boardRows }),
    sprints: defineStream({ produces: ['sprints'], order: 'unordered', payload: sprintPayload, pull: pullSprints, rows: sprintRows }),
    users: defineStream({ produces: ['mailmap_entries'], order: 'unordered', payload: usersPayload, pull: pullUsers, rows: userRows }),
    teams: defineStream({ produces: ['provider_teams'], order: 'unordered', payload: teamsPayload, pull: pullTeams, rows: teamRows }),
  },
  check,
  inventory,
  handover,
})
