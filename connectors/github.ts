import { defineConnector, defineStream, type Ask } from '../src/connector.ts'
import { isSigned } from '../src/signature.ts'
import { api, isFineGrained } from './github/api.ts'
import { checkPayload, checkRows, pullChecks } from './github/check-run.ts'
import { check } from './github/check.ts'
import { commentPayload, commentRows, pullComments } from './github/comment.ts'
import { commitPayload, commitRows, pullCommits } from './github/commit.ts'
import { config, type Config } from './github/config.ts'
import { deploymentPayload, deploymentRows, pullDeployments } from './github/deployment.ts'
import { readHook } from './github/hook.ts'
import { issuePayload, issueRows, pullIssues } from './github/issue.ts'
import { jobPayload, jobRows, pullJobs } from './github/job.ts'
import { changeCommitsPayload, changeCommitsRows, pullChangeCommits } from './github/pull-request-commits.ts'
import { filesPayload, filesRows, pullFiles } from './github/pull-request-files.ts'
import { changePayload, changeRows, pullChanges } from './github/pull-request.ts'
import { pullReleases, releasePayload, releaseRows } from './github/release.ts'
import { pullRepositories, repositoryPayload, repositoryRows } from './github/repository.ts'
import { pullReviews, reviewPayload, reviewRows } from './github/review.ts'
import { pullRuns, runPayload, runRows } from './github/run.ts'
import { pullTags, tagPayload, tagRows } from './github/tag.ts'
import { pullTeams, teamsPayload, teamsRows } from './github/team.ts'
import { changeTimelineRows, issueTimelineRows, pullTimeline, timelinePayload } from './github/timeline.ts'

const docs = `Reads GitHub: repositories, commits of the default branch, tags, pull requests with their commits, files, reviews, comments and history, issues, releases, Actions runs and jobs, check runs, deployments. Pulls find everything; the webhook tells it at once.

**Credential.** One of
- a fine-grained token with read access to *Metadata, Contents, Pull requests, Issues, Actions, Deployments*; GitHub lets none of these read check runs;
- a classic token with \`repo\` (\`public_repo\` for public repositories);
- a GitHub App with the permissions of a fine-grained token and *Checks*: \`app_id\`, \`installation_id\` and \`private_key\`, as GitHub gave them. It has the largest budget and does not end with somebody's account.

What the credential may not read stays unknown and fails nothing; \`check\` names it with its remedy, and once it may be read the whole of it is pulled.

**GitHub Enterprise.** \`url\` is \`https://HOST/api/v3\`; GraphQL is then asked at \`https://HOST/api/graphql\`. It needs Enterprise Server 3.12 or newer. On a data-residency cloud it is \`https://api.SUBDOMAIN.ghe.com\`.

**Repositories.** \`repositories\` by name, or all of an \`organization\` but its forks. After a rename leave the old name in the list: GitHub still answers to it, and so it is known that both are one.

**Deployments.** Each deployment that GitHub knows, by default. Other rules make deployments of runs, jobs, tags, releases or merged pull requests. A tag or release rule without \`name\` takes versions and no pre-releases; with \`name\`, every match. A run for a pull request has no branch for a rule: the one that GitHub names may be that of a fork. A job does not say what started it, so let a rule name one that runs on the branch only. A job that was skipped is a skipped deployment and no success. The time of a tag without a tagger is that of its commit: GitHub keeps no other.

**Incidents.** An issue with one of \`incident_labels\` is an incident from its opening to its closing, of its repository or of the service that a label such as \`service: api\` names; \`severity: high\` or \`sev1\` is its severity.

Commits are those of the default branch; the others are known through their pull requests. Runs are asked for again for 3 days after their start, deployments, tags and releases for 30: what becomes of older ones only the webhook tells, or a full sync.

**Teams.** Those of the organization, and of the organizations that own the repositories, once a day and with \`fairlead sync teams\`: 1 request, and 3 for each team. They need *Members: read* of the organization, or the scope \`read:org\`; without it they stay unknown. A team's repositories are those that it administers or maintains. They become teams here only when somebody accepts them (\`fairlead teams drift\`).

**Cost.** A sync in which nothing happened asks 7 requests and 3 GraphQL queries for each repository, and 8 more queries for every 50; GitHub allows 5,000 of each in an hour, an App up to 12,500. The first sync asks one request for each run and each deployment besides.`

export default defineConnector<Config>({
  title: 'GitHub',
  docs,
  config,
  api,
  canPull: (settings, stream) => stream !== 'checks' || !isFineGrained(settings),
  streams: {
    repositories: defineStream({
      produces: ['repositories'],
      order: 'unordered',
      payload: repositoryPayload,
      pull: pullRepositories,
      rows: repositoryRows,
    }),
    commits: defineStream({
      produces: ['commits'],
      order: 'unordered',
      payload: commitPayload,
      pull: pullCommits,
      rows: commitRows,
    }),
    tags: defineStream({
      produces: ['deployments'],
      order: 'unordered',
      payload: tagPayload,
      pull: pullTags,
      rows: tagRows,
    }),
    pull_requests: defineStream({
      produces: ['changes', 'deployments'],
      order: 'unordered',
      payload: changePayload,
      pull: pullChanges,
      rows: changeRows,
    }),
    pull_request_commits: defineStream({
      produces: ['change_commits'],
      order: 'unordered',
      payload: changeCommitsPayload,
      pull: pullChangeCommits,
      rows: changeCommitsRows,
    }),
    pull_request_files: defineStream({
      produces: ['change_files', 'deployments'],
      order: 'unordered',
      payload: filesPayload,
      pull: pullFiles,
      rows: filesRows,
    }),
    reviews: defineStream({
      produces: ['reviews'],
      order: 'unordered',
      payload: reviewPayload,
      pull: pullReviews,
      rows: reviewRows,
    }),
    review_comments: defineStream({
      produces: ['reviews'],
      order: 'unordered',
      payload: commentPayload,
      pull: pullComments,
      rows: commentRows,
    }),
    timeline: defineStream({
      produces: ['transitions'],
      order: 'unordered',
      payload: timelinePayload,
      pull: (ask: Ask<Config>) => pullTimeline(ask, 'pullRequests'),
      rows: changeTimelineRows,
    }),
    issues: defineStream({
      produces: ['work_items', 'incident_states'],
      order: 'unordered',
      payload: issuePayload,
      pull: pullIssues,
      rows: issueRows,
    }),
    issue_timeline: defineStream({
      produces: ['transitions'],
      order: 'unordered',
      payload: timelinePayload,
      pull: (ask: Ask<Config>) => pullTimeline(ask, 'issues'),
      rows: issueTimelineRows,
    }),
    releases: defineStream({
      produces: ['releases', 'deployments'],
      order: 'unordered',
      payload: releasePayload,
      pull: pullReleases,
      rows: releaseRows,
    }),
    runs: defineStream({
      produces: ['builds', 'deployments'],
      order: 'unordered',
      payload: runPayload,
      pull: pullRuns,
      rows: runRows,
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
    checks: defineStream({
      produces: ['checks'],
      order: 'unordered',
      payload: checkPayload,
      pull: pullChecks,
      rows: checkRows,
    }),
    teams: defineStream({
      produces: ['provider_teams'],
      order: 'unordered',
      payload: teamsPayload,
      pull: pullTeams,
      rows: teamsRows,
    }),
  },
  hook: {
    proof: 'signature',
    docs: `In the repository, the organization or the GitHub App: *Settings → Webhooks → Add webhook*. Payload URL \`{url}\`, content type \`application/json\`, the secret that stands here, SSL verification on. Choose *Let me select individual events*: Branch or tag creation, Check runs, Deployments, Deployment statuses, Issue comments, Issues, Pull requests, Pull request reviews, Pull request review comments, Pushes, Releases, Repositories, Workflow jobs, Workflow runs. GitHub does not send again what did not arrive; the next pull finds it.`,
    headers: ['x-github-event', 'x-github-delivery'],
    verify: ({ webhook_secrets }, headers, body) =>
      isSigned(webhook_secrets, body, /^sha256=([0-9a-f]{64})$/i.exec(headers.get('x-hub-signature-256') ?? '')?.[1]),
    read: readHook,
  },
  check,
})
