import { baseOf, defineConnector, defineStream } from '../src/connector.ts'
import { isSecret, sentSecret } from '../src/signature.ts'
import { buildRows, pullBuilds } from './jenkins/build.ts'
import { check } from './jenkins/check.ts'
import { config, type Config } from './jenkins/config.ts'
import { read } from './jenkins/hook.ts'
import { listedJobPayload, pullJobs } from './jenkins/job.ts'
import { runPayload } from './jenkins/payload.ts'
import { pullStages, stageRows, stagesPayload } from './jenkins/stage.ts'
import { pullTestResults, testResultPayload } from './jenkins/test-result.ts'

const docs = `Reads the builds of a Jenkins server and the stages of its pipelines, through folders, organization folders and multibranch projects. Jenkins knows no deployments: \`deployments\` says which runs (\`from: run\`, the name is the full name of the job, of a multibranch project without the branch) and which stages (\`from: job\`, the name is that of the stage) are some. A stage keeps its own result and its own time: a production stage that succeeded stays a successful deployment when a later stage fails, and one that was not reached or whose condition did not hold is \`skipped\`. A pipeline that sends its deployments itself, as with \`deploy/jenkins\`, needs no rule: it would count twice.

**Results.** \`ABORTED\` is cancelled, \`NOT_BUILT\` is skipped. \`UNSTABLE\` means that the steps went through and the tests did not; it counts as a failure, since what was to prove the build or the deployment did not pass. \`unstable\` says otherwise.

**Which commit.** A build may check out several repositories, among them the shared libraries that it loads. Of a multibranch project it is the commit that the branch was built for. Else, in this order: the checkout of the repository that \`repositories\` names for the job; of those that are no library (\`libraries\`), the one that is called like a part of the job's full name; the first of them. Where only libraries were checked out the commit is not known. When it was made is told by the change sets of the build, which gives a lead time where the repository is not connected.

**Builds.** The branch jobs of a multibranch project are one workflow. A replay, a rebuild and a restart from a stage are second attempts; Jenkins does not say of how many. A build that still runs is asked for again with each pull until it has ended. Builds that Jenkins has discarded before the first pull are lost.

**Kept as they are said.** The jobs, when they are new or changed, and with \`test_results\` the cases of each test report (of more than 5,000 only the suites). Nothing is counted by them: how many tests passed, failed and were skipped is told with each build.

**Access.** A user with Overall/Read and Job/Read, and an API token of that user. Stages need the plugin Pipeline: REST API (\`pipeline-rest-api\`), which Pipeline: Stage View brings; after installing it later, pull in full once.`

export default defineConnector<Config>({
  title: 'Jenkins',
  docs,
  config,
  api: (config) => ({
    base: baseOf(config),
    headers: { authorization: `Basic ${Buffer.from(`${config.user}:${config.token.reveal()}`).toString('base64')}` },
  }),
  streams: {
    builds: defineStream({
      produces: ['builds', 'checks', 'deployments'],
      order: 'unordered',
      payload: runPayload,
      pull: pullBuilds,
      rows: buildRows,
    }),
    stages: defineStream({
      produces: ['jobs', 'deployments'],
      order: 'unordered',
      payload: stagesPayload,
      pull: pullStages,
      rows: stageRows,
    }),
    jobs: defineStream({ produces: [], rawOnly: true, order: 'unordered', payload: listedJobPayload, pull: pullJobs, rows: () => ({}) }),
    test_results: defineStream({
      produces: [],
      rawOnly: true,
      order: 'unordered',
      payload: testResultPayload,
      pull: pullTestResults,
      rows: () => ({}),
    }),
  },
  canPull: ({ test_results }, stream) => stream !== 'test_results' || test_results,
  hook: {
    proof: 'token',
    docs: 'With the Notification plugin, add an endpoint to the job: format JSON, protocol HTTP, event Job Finalized, and as URL (kept as a secret text) {url} with the secret in front of the host, such as `https://fairlead:<secret>@fairlead.example.org/…`; the plugin sends it as a header. A pipeline may also send `{"job": "<JOB_NAME>", "number": <BUILD_NUMBER>}` with the header `X-Fairlead-Token`. Neither tells what started the build nor its stages, so a delivery makes Fairlead ask Jenkins at once for what is new.',
    headers: [],
    verify: ({ webhook_secrets }, headers) => isSecret(webhook_secrets, sentSecret(headers)),
    read,
  },
  check,
})
