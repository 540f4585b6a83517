import { defineConnector, defineStream } from '../src/connector.ts'
import { config, type Config } from './flowlens/config.ts'
import { insightPayload, insightRows, pullInsights } from './flowlens/insight.ts'
import { check, inventory } from './flowlens/inventory.ts'
import { pipelineRunPayload, pipelineRunRows, pullPipelineRuns } from './flowlens/pipeline-run.ts'
import { pullPullRequests, pullRequestPayload, pullRequestRows } from './flowlens/pull-request.ts'
import { pullRepositories, repositoryPayload, repositoryRows } from './flowlens/repository.ts'

const docs = `Reads the database of FlowLens 2 (PostgreSQL 14 and later, or YugabyteDB): \`fairlead import flowlens\`. Each pull reads what FlowLens has written since the last one; nothing is written to it. The [guide](../guides/from-flowlens.md) says what becomes of what.

**When a pull request was merged** is taken from \`merged_at\` or from the histories, where FlowLens has them. The columns of its guide alone do not say it: then a change is merged, and the moment is not known.

**Stages** (\`status_build\`, \`status_approval\`) become checks of the commit, and reviews where a history tells of them.

**Files** are taken by their paths; patches are not.`

export default defineConnector<Config>({
  title: 'FlowLens',
  docs,
  config,
  streams: {
    repositories: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: repositoryPayload,
      pull: pullRepositories,
      rows: repositoryRows,
    }),
    pull_requests: defineStream({
      produces: ['changes', 'change_files'],
      order: 'unordered',
      payload: pullRequestPayload,
      pull: pullPullRequests,
      rows: pullRequestRows,
    }),
    pipeline_runs: defineStream({
      produces: ['checks', 'reviews'],
      order: 'unordered',
      payload: pipelineRunPayload,
      pull: pullPipelineRuns,
      rows: pipelineRunRows,
    }),
    insights: defineStream({
      produces: ['insights'],
      order: 'unordered',
      payload: insightPayload,
      pull: pullInsights,
      rows: insightRows,
    }),
  },
  check,
  inventory,
})
