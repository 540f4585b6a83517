import { z } from 'zod'
import { build, type Build } from '../domain/build.ts'
import { check as checkEntity } from '../domain/check.ts'
import { deploymentRules, matchRules, type Candidate } from '../domain/deployment-rule.ts'
import { deployment, type Deployment } from '../domain/deployment.ts'
import { rowOf } from '../domain/entity.ts'
import { tierOf } from '../domain/environment.ts'
import { job as jobEntity } from '../domain/job.ts'
import { compile, groupsOf, line, pattern } from '../domain/pattern.ts'
import type { DomainRows } from '../domain/tables.ts'
import {
  defineConnector,
  defineStream,
  pulled,
  secret,
  webhookSecrets,
  type Ask,
  type Check,
  type Delivery,
  type Hook,
  type Page,
  type Pulled,
} from '../src/connector.ts'
import { AppError } from '../src/errors.ts'
import { repositoryOf } from '../src/git/refs.ts'
import { isSecret } from '../src/signature.ts'

const docs = `Reads the builds of a Jenkins server and the stages of its pipelines, through folders, organization folders and multibranch projects. Jenkins knows no deployments: \`deployments\` says which runs (\`from: run\`, the name is the full name of the job, of a multibranch project without the branch) and which stages (\`from: job\`, the name is that of the stage) are some. A stage keeps its own result and its own time: a production stage that succeeded stays a successful deployment when a later stage fails, and one that was not reached or whose condition did not hold is \`skipped\`. A pipeline that sends its deployments itself, as with \`deploy/jenkins\`, needs no rule: it would count twice.

**Results.** \`ABORTED\` is cancelled, \`NOT_BUILT\` is skipped. \`UNSTABLE\` means that the steps went through and the tests did not; it counts as a failure, since what was to prove the build or the deployment did not pass. \`unstable\` says otherwise.

**Which commit.** A build may check out several repositories, among them the shared libraries that it loads. Of a multibranch project it is the commit that the branch was built for. Else, in this order: the checkout of the repository that \`repositories\` names for the job; of those that are no library (\`libraries\`), the one that is called like a part of the job's full name; the first of them. Where only libraries were checked out the commit is not known. When it was made is told by the change sets of the build, which gives a lead time where the repository is not connected.

**Builds.** The branch jobs of a multibranch project are one workflow. A replay, a rebuild and a restart from a stage are second attempts; Jenkins does not say of how many. A build that still runs is asked for again with each pull until it has ended. Builds that Jenkins has discarded before the first pull are lost.

**Access.** A user with Overall/Read and Job/Read, and an API token of that user. Stages need the plugin Pipeline: REST API (\`pipeline-rest-api\`), which Pipeline: Stage View brings; after installing it later, pull in full once.`

const config = z.object({
  url: z.url({ protocol: /^https?$/ }).describe('Address of the Jenkins server, such as https://jenkins.example.org'),
  user: line().describe('The user that the token is of'),
  token: secret().describe('API token of the user'),
  jobs: z
    .array(line())
    .default([])
    .describe('What is read: full names of jobs, of folders with all in them, or patterns (RE2) for whole full names; none: all'),
  exclude: z.array(line()).default([]).describe('What is not read, in the same words'),
  webhook_secrets: webhookSecrets(),
  deployments: deploymentRules([]),
  repositories: z
    .array(
      z.strictObject({
        job: pattern().describe('Pattern (RE2) for the full name of the job'),
        repository: line().optional().describe('The repository (owner/name) that it builds; named groups of the pattern may stand in it'),
        service: line().optional().describe('The service that it builds; likewise'),
      }),
    )
    .default([])
    .describe('What a job builds, where its checkout does not tell; the first that fits'),
  libraries: z
    .array(pattern())
    .default(['(?i)(?:shared|pipeline|jenkins|global|build|ci)[-_.]?(?:shared[-_.]?)?lib|jenkins-shared'])
    .describe('Patterns (RE2) for repositories (owner/name) that are shared libraries'),
  stages: z.boolean().default(true).describe('Whether to ask for the stages of pipelines: one request for each build'),
  unstable: z.enum(['failure', 'success', 'unknown']).default('failure').describe('What an unstable build or stage counts as'),
})
type Config = z.output<typeof config>

// ---------------------------------------------------------------- payloads

const optional = z.string().nullish()
const whole = z.number().int()

const action = z
  .object({
    _class: optional,
    causes: z
      .array(
        z.object({
          _class: optional,
          shortDescription: optional,
          userId: optional,
          upstreamBuild: z.number().nullish(),
          upstreamProject: optional,
        }),
      )
      .nullish(),
    lastBuiltRevision: z.object({ SHA1: optional, branch: z.array(z.object({ name: optional })).nullish() }).nullish(),
    remoteUrls: z.array(z.string()).nullish(),
    /** Of the branch that a multibranch project built; of a pull request its head. */
    revision: z.object({ hash: optional, pullHash: optional }).nullish(),
    totalCount: whole.nonnegative().nullish(),
    failCount: whole.nonnegative().nullish(),
    skipCount: whole.nonnegative().nullish(),
    urlName: optional,
    queuingDurationMillis: z.number().nullish(),
  })
  .nullable()

/** What came in since the build before; milliseconds since 1970, -1 where the SCM does not say. */
const changeSet = z.object({ items: z.array(z.object({ commitId: optional, timestamp: z.number().nullish() })).nullish() })

const buildPayload = z.object({
  _class: optional,
  number: whole.positive(),
  url: optional,
  result: optional,
  building: z.boolean().nullish(),
  /** Milliseconds since 1970. */
  timestamp: z.number(),
  duration: z.number().nullish(),
  fullDisplayName: optional,
  /** Plugins put what they like here: what looks alike and is something else is none of ours. */
  actions: z.array(action.catch(null)).nullish(),
  /** Of a freestyle job one, of a pipeline one for each checkout. */
  changeSet: changeSet.nullish().catch(null),
  changeSets: z.array(changeSet).nullish().catch(null),
})
type BuildPayload = z.output<typeof buildPayload>
const TREE =
  'number,url,result,building,timestamp,duration,fullDisplayName,actions[causes[shortDescription,userId,upstreamBuild,upstreamProject],lastBuiltRevision[SHA1,branch[name]],remoteUrls,revision[hash,pullHash],totalCount,failCount,skipCount,urlName,queuingDurationMillis],changeSet[items[commitId,timestamp]],changeSets[items[commitId,timestamp]]'

const jobPayload = z.object({
  name: z.string().min(1),
  /** The branch, where the job is one of a multibranch project. */
  branch: z.string().nullable(),
})
const runPayload = z.object({ job: jobPayload, build: buildPayload })
type RunPayload = z.output<typeof runPayload>

const stagesPayload = runPayload.extend({
  stages: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      status: optional,
      startTimeMillis: z.number().nullish(),
      durationMillis: z.number().nullish(),
    }),
  ),
})
type StagesPayload = z.output<typeof stagesPayload>

// ---------------------------------------------------------------- reading

/** What the store's instants can hold; 0 is Jenkins' word for never. */
const momentOf = (ms: number | null | undefined): string | null =>
  ms !== null && ms !== undefined && ms >= Date.UTC(2000, 0, 1) && ms <= Date.UTC(2299, 11, 31) ? new Date(ms).toISOString() : null

function outcomeOf(result: string | null | undefined, { unstable }: Config): Deployment['outcome'] {
  switch (result) {
    case 'SUCCESS':
      return 'success'
    case 'FAILURE':
    case 'FAILED':
      return 'failure'
    case 'UNSTABLE':
      return unstable
    case 'ABORTED':
      return 'cancelled'
    case 'NOT_BUILT':
    case 'NOT_EXECUTED':
    case 'SKIPPED':
      return 'skipped'
    case 'IN_PROGRESS':
    case 'PAUSED_PENDING_INPUT':
      return 'running'
    default:
      return 'unknown'
  }
}

const isRunning = ({ building, result }: BuildPayload) => building === true || (building !== false && (result ?? null) === null)
const endOf = (one: BuildPayload) => (isRunning(one) ? null : momentOf(one.timestamp + (one.duration ?? 0)))

/** The second attempts, by the class of the cause that says so. */
const AGAIN: readonly (readonly [RegExp, string])[] = [
  [/\.ReplayCause$/, 'replay'],
  [/\.RebuildCause$/, 'rebuild'],
  [/\.RestartDeclarativePipelineCause$/, 'restart'],
  [/\.NaginatorCause$/, 'retry'],
]
const TRIGGERS: readonly (readonly [RegExp, string])[] = [
  ...AGAIN,
  [/pull_?request|PRCause|mergerequest/i, 'pull_request'],
  [/\bUserIdCause$|\bUserCause$/, 'manual'],
  [/SCMTrigger|PushCause|BranchEventCause|WebHookCause/i, 'push'],
  [/TimerTrigger/, 'schedule'],
  [/UpstreamCause$/, 'upstream'],
  [/\bRemoteCause$/, 'api'],
  [/BranchIndexingCause$/, 'branch_indexing'],
]

interface Started {
  readonly trigger: string | null
  readonly attempt: number
  readonly parent_id: string | null
  readonly actor: string | null
}

function startOf({ job, build: one }: RunPayload): Started {
  const causes = (one.actions ?? []).flatMap((two) => two?.causes ?? [])
  const kinds = causes.map(({ _class }) => TRIGGERS.find(([known]) => known.test(_class ?? ''))?.[1] ?? null)
  const again = kinds.find((kind) => AGAIN.some(([, word]) => word === kind)) ?? null
  // A rebuild names the build that it repeats as upstream; that one did not start it.
  const upstream = causes.find((cause, index) => kinds[index] === 'upstream' && cause.upstreamProject && cause.upstreamBuild)
  const kind = again ?? kinds.find((one) => one !== null) ?? null
  const isOfChange = /^[PM]R-\d+/.test(job.branch ?? '') && (kind === 'push' || kind === 'branch_indexing')
  return {
    trigger: isOfChange ? 'pull_request' : kind,
    attempt: again === null ? 1 : 2,
    parent_id: upstream === undefined ? null : `${upstream.upstreamProject}#${upstream.upstreamBuild}`,
    actor: causes.find(({ userId }) => userId)?.userId ?? null,
  }
}

interface Code {
  readonly repository: string | null
  readonly service: string | null
  readonly revision: string | null
  /** When its commit was made, where the change sets of the build tell: a lead time where the repository is not connected. */
  readonly committed_at: string | null
  readonly ref: string | null
}

/** What was built, by the rule that `docs` states. */
function codeOf({ job, build: one }: RunPayload, config: Config): Code {
  const rule = config.repositories.find(({ job: name }) => compile(name).matcher(job.name).find())
  const groups = rule === undefined ? null : groupsOf(rule.job, job.name)
  const filled = (text: string | undefined) => text?.replaceAll(/\{(\w+)\}/g, (all, word: string) => groups?.[word] ?? all) ?? null
  const named = filled(rule?.repository)
  const checkouts = (one.actions ?? []).flatMap((two) => {
    const revision = two?.lastBuiltRevision?.SHA1
    if (!revision) return []
    const branch = two?.lastBuiltRevision?.branch?.find(({ name }) => name && name !== 'detached')?.name ?? null
    return [{ repository: repositoryOf(two?.remoteUrls?.[0] ?? ''), revision: revision.toLowerCase(), branch }]
  })
  const own = checkouts.filter(
    ({ repository }) => repository === null || !config.libraries.some((name) => compile(name).matcher(repository).find()),
  )
  const parts = job.name.toLowerCase().split('/')
  const built = (one.actions ?? []).flatMap((two) => two?.revision?.pullHash ?? two?.revision?.hash ?? [])[0]?.toLowerCase() ?? null
  const chosen =
    checkouts.find(({ revision }) => revision === built) ??
    checkouts.find(({ repository }) => repository !== null && repository === named) ??
    own.find(({ repository }) => parts.includes(repository?.split('/').at(-1)?.toLowerCase() ?? '')) ??
    own[0]
  // A commit of another repository than the one that is named is none of it; where there is but one, it is the same one under another address.
  const isOther = named !== null && chosen !== undefined && chosen.repository !== named && chosen.revision !== built && own.length > 1
  const revision = built ?? (isOther ? null : (chosen?.revision ?? null))
  const changes = [one.changeSet, ...(one.changeSets ?? [])].flatMap((two) => two?.items ?? [])
  return {
    repository: named ?? chosen?.repository ?? null,
    service: filled(rule?.service),
    revision,
    committed_at: momentOf(changes.find(({ commitId }) => commitId?.toLowerCase() === revision)?.timestamp),
    ref:
      job.branch ??
      (isOther ? null : (chosen?.branch?.replace(/^(?:refs\/)?remotes\/[^/]+\/|^refs\/(?:heads|tags)\/|^origin\//, '') ?? null)),
  }
}

const idOf = (job: { readonly name: string }, one: { readonly number: number }) => `${job.name}#${one.number}`
/** The jobs of a multibranch project are one workflow. */
const workflowOf = ({ name, branch }: RunPayload['job']) => (branch === null ? name : name.replace(/\/[^/]*$/, ''))

// ---------------------------------------------------------------- rows

type Known = Pick<Deployment, 'id' | 'at' | 'outcome' | 'started_at' | 'finished_at' | 'build_id'> & {
  readonly title: string | null | undefined
  readonly url: string | null | undefined
}

function deploymentRows(candidate: Candidate, code: Code, start: Started, config: Config, known: Known): Deployment[] {
  const matches = matchRules(config.deployments, { ...candidate, repository: code.repository, branch: code.ref, trigger: start.trigger })
  return matches.map(({ service, environment, rule }) =>
    rowOf(deployment, {
      ...known,
      id: matches.length === 1 ? known.id : `${known.id}:${service}:${environment}`,
      kind: 'deploy',
      service,
      environment: tierOf(environment),
      environment_name: environment,
      repository: code.repository,
      revision: code.revision,
      commit_at: code.committed_at,
      ref: code.ref,
      actor: start.actor,
      rule,
    }),
  )
}

function runRows(run: RunPayload, config: Config): DomainRows {
  const { job, build: one } = run
  const code = codeOf(run, config)
  const start = startOf(run)
  const id = idOf(job, one)
  const started_at = momentOf(one.timestamp)
  if (started_at === null) throw new Error('the build has no start that can be read')
  const finished_at = endOf(one)
  const at = finished_at ?? started_at
  const outcome: Build['outcome'] = isRunning(one) ? 'running' : outcomeOf(one.result, config)
  const waited = (one.actions ?? []).find((two) => typeof two?.queuingDurationMillis === 'number')?.queuingDurationMillis
  const times = { started_at, finished_at }
  const tests = (one.actions ?? []).filter((two) => typeof two?.totalCount === 'number')
  const about = { repository: code.repository, revision: code.revision }
  return {
    builds: [
      rowOf(build, {
        id,
        workflow: workflowOf(job),
        at,
        outcome,
        ...about,
        service: code.service,
        ref: code.ref,
        ...start,
        number: one.number,
        queued_at: typeof waited === 'number' && waited >= 0 ? momentOf(one.timestamp - waited) : null,
        ...times,
        title: one.fullDisplayName,
        url: one.url,
      }),
    ],
    checks: tests.map((two, index) => {
      const [total, failed, skipped] = [two?.totalCount ?? 0, two?.failCount ?? 0, two?.skipCount ?? 0]
      return rowOf(checkEntity, {
        id: `${id}:${two?.urlName ?? 'testReport'}${index === 0 ? '' : `:${index}`}`,
        kind: 'tests',
        name: workflowOf(job),
        at,
        outcome: failed > 0 ? 'failure' : total > 0 ? 'success' : 'unknown',
        ...about,
        service: code.service,
        build_id: id,
        started_at,
        total,
        passed: Math.max(0, total - failed - skipped),
        failed,
        skipped,
        url: one.url ? `${one.url}${two?.urlName ?? 'testReport'}/` : null,
      })
    }),
    deployments: deploymentRows(
      { from: 'run', name: workflowOf(job), repository: null, service: code.service ?? code.repository ?? workflowOf(job) },
      code,
      start,
      config,
      { id, at, outcome, ...times, title: one.fullDisplayName, url: one.url, build_id: id },
    ),
  }
}

function stageRows(run: StagesPayload, config: Config): DomainRows {
  const { job, build: one, stages } = run
  const code = codeOf(run, config)
  const start = startOf(run)
  const build_id = idOf(job, one)
  const buildAt = endOf(one) ?? momentOf(one.timestamp)
  if (buildAt === null) throw new Error('the build has no start that can be read')
  const read = stages.map((stage) => {
    const told = outcomeOf(stage.status, config)
    // A stage that still runs in a build that has ended was cut off with it.
    const outcome = told !== 'running' || isRunning(one) ? told : one.result === 'ABORTED' ? 'cancelled' : 'unknown'
    const ran = outcome !== 'skipped' && (stage.startTimeMillis ?? 0) > 0
    const started_at = ran ? momentOf(stage.startTimeMillis) : null
    const finished_at = ran && outcome !== 'running' ? momentOf((stage.startTimeMillis ?? 0) + (stage.durationMillis ?? 0)) : null
    return { stage, outcome, started_at, finished_at }
  })
  return {
    jobs: read.map(({ stage, ...times }) =>
      rowOf(jobEntity, {
        id: stage.id,
        build_id,
        name: stage.name,
        repository: code.repository,
        attempt: start.attempt,
        url: one.url,
        ...times,
      }),
    ),
    deployments: read.flatMap(({ stage, ...times }) =>
      deploymentRows(
        { from: 'job', name: stage.name, repository: null, service: code.service ?? code.repository ?? workflowOf(job) },
        code,
        start,
        config,
        {
          id: `${build_id}/${stage.id}`,
          at: times.finished_at ?? times.started_at ?? buildAt,
          ...times,
          title: [one.fullDisplayName, stage.name].filter(Boolean).join(': '),
          url: one.url,
          build_id,
        },
      ),
    ),
  }
}

// ---------------------------------------------------------------- asking Jenkins

const baseOf = ({ url }: Config) => url.replace(/\/+$/, '')
/** A branch's name is encoded in the full name already, and once more in the address. */
const pathOf = (name: string) =>
  name
    .split('/')
    .map((part) => `/job/${encodeURIComponent(part)}`)
    .join('')

/** What has a colour is a job, what has none is a folder. */
interface Listed {
  readonly _class?: string | null | undefined
  readonly fullName: string
  readonly color?: string | null | undefined
  readonly lastBuild?: { readonly number: number } | null | undefined
  readonly jobs?: readonly Listed[] | null | undefined
}
const listed: z.ZodType<Listed> = z.lazy(() =>
  z.object({
    _class: optional,
    fullName: z.string().min(1),
    color: optional,
    lastBuild: z.object({ number: whole }).nullish(),
    jobs: z.array(listed).nullish(),
  }),
)
const folder = z.object({ _class: optional, jobs: z.array(listed).nullish() })

interface Job {
  readonly name: string
  readonly branch: string | null
  /** The number of its newest build. */
  readonly last: number
}

/** Three levels a request: a project of an organization folder with its branches comes whole. */
const LISTED = 'fullName,color,lastBuild[number]'
const LEVELS = `jobs[${LISTED},jobs[${LISTED},jobs[${LISTED}]]]`

/** The jobs that have builds, by name. */
async function listJobs({ http, config, signal }: Ask<Config>): Promise<Job[]> {
  const found: Job[] = []
  const ahead: string[] = ['']
  const walk = (nodes: readonly Listed[], parentClass: string) => {
    for (const { _class, fullName, color, lastBuild, jobs } of nodes) {
      if (jobs !== null && jobs !== undefined) walk(jobs, _class ?? '')
      else if (color === undefined) ahead.push(fullName)
      else if (lastBuild && isWanted(config, fullName)) {
        const branch = /MultiBranchProject$/i.test(parentClass) ? decoded(fullName.split('/').at(-1) ?? '') : null
        found.push({ name: fullName, branch, last: lastBuild.number })
      }
    }
  }
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    signal.throwIfAborted()
    const { body, status } = await http.get(`${name === '' ? '' : pathOf(name)}/api/json`, {
      query: { tree: LEVELS },
      allow: name === '' ? [] : [403, 404],
    })
    const { _class, jobs } = status === 200 ? folder.parse(body) : {}
    walk(jobs ?? [], _class ?? '')
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const isWanted = ({ jobs, exclude }: Config, name: string) => (jobs.length === 0 || isOneOf(jobs, name)) && !isOneOf(exclude, name)

function isOneOf(names: readonly string[], name: string): boolean {
  return names.some((one) => name === one || name.startsWith(`${one}/`) || fitsWhole(one, name))
}

/** A name such as `C++` is no pattern and still a name. */
function fitsWhole(text: string, name: string): boolean {
  return pattern().safeParse(text).success && compile(text).matcher(name).matches()
}

const place = z.object({
  /** Every build up to this number has been given … */
  done: z.number(),
  /** … in its last state, save for those that ran. */
  open: z.array(z.number()),
})
const cursorSchema = z.object({
  jobs: z.record(z.string(), place),
  /** A walk back through the builds of a job that was stopped, and the newest build that it saw. */
  walk: z.object({ job: z.string(), from: z.number(), top: z.number() }).optional(),
})
type Cursor = z.output<typeof cursorSchema>

function readCursor(text: string | null): Cursor {
  if (text === null) return { jobs: {} }
  try {
    return cursorSchema.safeParse(JSON.parse(text)).data ?? { jobs: {} }
  } catch {
    return { jobs: {} }
  }
}

const buildsPage = z.object({ firstBuild: z.object({ number: whole }).nullish(), allBuilds: z.array(buildPayload).nullish() })
const BUILDS_A_PAGE = 100

/**
 * Builds newest first, by their place in the list: one that begins meanwhile moves the others to where they are seen again. The list that is called
 * `builds` ends after a hundred, `allBuilds` does not.
 */
async function* walkBuilds(
  ask: Ask<Config>,
  itemsOf: (job: Job, builds: readonly BuildPayload[]) => Promise<Pulled[]>,
): AsyncGenerator<Page> {
  const { http, since, until, signal } = ask
  const before = readCursor(ask.cursor)
  const jobs = await listJobs(ask)
  const places: Record<string, z.output<typeof place>> = {}
  // A job that was made anew counts from 1 again.
  for (const { name, last } of jobs)
    if ((before.jobs[name]?.done ?? last + 1) <= last) places[name] = before.jobs[name] as z.output<typeof place>
  let items: Pulled[] = []
  let done = 0
  const gather = async (job: Job, builds: readonly BuildPayload[]): Promise<void> => {
    const wanted = builds.filter(({ timestamp }) => isWithin(timestamp, since, until))
    items.push(...(await itemsOf(job, wanted)))
    done += wanted.length
    ask.progress(done, null, 'builds')
  }
  // Branch jobs are many and have few builds: a page of several jobs spares a cursor for each.
  const page = (walk?: Cursor['walk']): Page => {
    const given = items
    items = []
    return { items: given, cursor: JSON.stringify({ jobs: places, ...(walk && { walk }) } satisfies Cursor) }
  }

  for (const job of jobs) {
    const at = places[job.name] ?? { done: 0, open: [] }
    const open = new Set(at.open)
    const stopped = before.walk?.job === job.name ? before.walk : undefined
    if (stopped === undefined && open.size > 0) {
      const again: BuildPayload[] = []
      for (const number of at.open) {
        const { body, status } = await http.get(`${pathOf(job.name)}/${number}/api/json`, { query: { tree: TREE }, allow: [404] })
        const found = status === 200 ? buildPayload.parse(body) : null
        if (found !== null) again.push(found)
        if (found === null || !isRunning(found)) open.delete(number)
      }
      places[job.name] = { done: at.done, open: [...open] }
      await gather(job, again)
    }
    if (stopped === undefined && since === null && job.last <= at.done) continue
    let walk: Cursor['walk'] = stopped ?? { job: job.name, from: 0, top: at.done }
    while (walk !== undefined) {
      signal.throwIfAborted()
      const tree = `firstBuild[number],allBuilds[${TREE}]{${walk.from},${walk.from + BUILDS_A_PAGE}}`
      const { body, status } = await http.get(`${pathOf(job.name)}/api/json`, { query: { tree }, allow: [404] })
      const { firstBuild, allBuilds } = status === 200 ? buildsPage.parse(body) : {}
      const builds = allBuilds ?? []
      const oldest = builds.at(-1)
      const top: number = Math.max(walk.top, builds[0]?.number ?? 0)
      const isLast =
        oldest === undefined ||
        oldest.number <= (firstBuild?.number ?? oldest.number) ||
        (since === null ? oldest.number <= at.done + 1 : oldest.timestamp < Date.parse(since))
      const fresh = builds.filter(({ number }) => since !== null || number > at.done)
      for (const one of fresh) if (isRunning(one)) open.add(one.number)
      // What lies behind the range has not been given.
      places[job.name] = { done: isLast && until === null ? top : at.done, open: [...open] }
      walk = isLast ? undefined : { job: job.name, from: walk.from + builds.length, top }
      await gather(job, fresh)
      if (walk !== undefined || items.length >= BUILDS_A_PAGE) yield page(walk)
    }
  }
  yield page()
}

function isWithin(ms: number, since: string | null, until: string | null): boolean {
  return (since === null || ms >= Date.parse(since)) && (until === null || ms < Date.parse(until))
}

const atOf = (one: BuildPayload) => endOf(one) ?? momentOf(one.timestamp)

async function* pullBuilds(ask: Ask<Config>): AsyncGenerator<Page> {
  yield* walkBuilds(ask, async ({ name, branch }, builds) => {
    return builds.map((one) => pulled(idOf({ name }, one), atOf(one), { job: { name, branch }, build: one } satisfies RunPayload))
  })
}

const described = z.object({ stages: stagesPayload.shape.stages.nullish() })
const isPipeline = ({ _class }: { readonly _class?: string | null | undefined }) => (_class ?? '').endsWith('WorkflowRun')
/** Without the plugin each request is in vain; a build that was discarded meanwhile is rare. */
const MOST_IN_VAIN = 5

async function* pullStages(ask: Ask<Config>): AsyncGenerator<Page> {
  if (!ask.config.stages) return
  let inVain = 0
  yield* walkBuilds(ask, async ({ name, branch }, builds) => {
    const items: Pulled[] = []
    for (const one of builds.filter(isPipeline)) {
      if (inVain >= MOST_IN_VAIN) break
      const { body, status } = await ask.http.get(`${pathOf(name)}/${one.number}/wfapi/describe`, { allow: [404] })
      inVain = status === 404 ? inVain + 1 : 0
      const stages = status === 200 ? (described.parse(body).stages ?? []) : []
      if (stages.length > 0)
        items.push(pulled(idOf({ name }, one), atOf(one), { job: { name, branch }, build: one, stages } satisfies StagesPayload))
    }
    return items
  })
}

// ---------------------------------------------------------------- hook

/** The Notification plugin, and a step of one's own that says `job` and `number`. */
const notification = z.union([
  z.object({ build: z.object({ phase: z.string(), full_url: optional, url: optional }) }),
  z.object({ job: z.string().min(1), number: whole.positive() }),
])

const hook: Hook<Config> = {
  proof: 'token',
  docs: 'With the Notification plugin, add an endpoint to the job: format JSON, protocol HTTP, event Job Finalized, and as URL (kept as a secret text) {url} with the secret in front of the host, such as `https://fairlead:<secret>@fairlead.example.org/…`; the plugin sends it as a header. A pipeline may also send `{"job": "<JOB_NAME>", "number": <BUILD_NUMBER>}` with the header `X-Fairlead-Token`. Neither tells what started the build nor its stages, so a delivery makes Fairlead ask Jenkins at once for what is new.',
  headers: [],
  verify({ webhook_secrets }, headers) {
    const given = headers.get('authorization') ?? ''
    const [, encoded = ''] = /^Basic\s+(\S+)$/i.exec(given) ?? []
    const plain = Buffer.from(encoded, 'base64')
    // Decoding overlooks what is no base64.
    const basic = plain.toString('base64') === encoded ? plain.toString('utf8').replace(/^[^:]*:/, '') : null
    const bearer = /^Bearer\s+(\S+)$/i.exec(given)?.[1]
    return isSecret(webhook_secrets, headers.get('x-fairlead-token') ?? bearer ?? basic)
  },
  read(_, body, config): Delivery | null {
    const told = notification.parse(body)
    const name = 'job' in told ? told.job : jobAt(told.build.full_url ?? told.build.url ?? '')
    if ('build' in told && told.build.phase === 'QUEUED') return null
    if (name !== null && !isWanted(config, name)) return null
    return { item: null, pull: ['builds', 'stages'] }
  },
}

/** `https://jenkins.example.org/job/acme/job/shop/job/feature%252Fcart/12/` → `acme/shop/feature%2Fcart`; null for any other. */
function jobAt(url: string): string | null {
  const parts = [...url.matchAll(/(?:^|\/)job\/([^/]+)/g)].map((match) => decoded(match[1] ?? ''))
  return parts.length === 0 ? null : parts.join('/')
}

// ---------------------------------------------------------------- check

async function check(ask: Ask<Config>): Promise<Check> {
  try {
    const jobs = await listJobs({ ...ask, config: { ...ask.config, jobs: [] } })
    if (jobs.length === 0)
      return {
        ok: false,
        missing: [`The user ${ask.config.user} sees no job with a build: give it Job/Read on the jobs and on the folders above them.`],
      }
    const missing: string[] = []
    const wanted = jobs.filter(({ name }) => isWanted(ask.config, name))
    if (wanted.length === 0)
      missing.push(`None of the ${jobs.length} jobs that the user sees fits \`jobs\`: write full names, such as ${jobs[0]?.name}.`)
    const idle = ask.config.deployments.filter(({ from }) => from !== 'run' && from !== 'job')
    if (idle.length > 0)
      missing.push(`Jenkins has runs and stages: change \`from\` of ${idle.length} of the rules in \`deployments\` to run or job.`)
    if (ask.config.stages && (await lacksStages(ask, wanted)))
      missing.push('Stages are not known: install the plugin Pipeline: REST API (`pipeline-rest-api`), or set `stages` to false.')
    return { ok: true, missing }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const status = z.object({ status: z.number() }).safeParse(thrown.detail).data?.status
    const help =
      status === 403
        ? `Give the user ${ask.config.user} Overall/Read and Job/Read.`
        : status === 401
          ? 'Make a new API token of the user, and check its name.'
          : thrown.help
    return { ok: false, missing: [`${thrown.message} ${help ?? ''}`.trim()] }
  }
}

const newest = z.object({ _class: optional })

/** Asks of the newest build of a pipeline, where there is one among the first few jobs. */
async function lacksStages({ http }: Ask<Config>, jobs: readonly Job[]): Promise<boolean> {
  for (const { name, last } of jobs.slice(0, 20)) {
    const { body, status } = await http.get(`${pathOf(name)}/${last}/api/json`, { query: { tree: 'number' }, allow: [404] })
    if (status !== 200 || !isPipeline(newest.parse(body))) continue
    return (await http.get(`${pathOf(name)}/${last}/wfapi/describe`, { allow: [404] })).status === 404
  }
  return false
}

export default defineConnector<Config>({
  title: 'Jenkins',
  docs,
  config,
  api: (config) => ({
    base: baseOf(config),
    headers: { authorization: `Basic ${Buffer.from(`${config.user}:${config.token.reveal()}`).toString('base64')}` },
  }),
  streams: {
    builds: defineStream<Config, RunPayload>({
      produces: ['builds', 'checks', 'deployments'],
      order: 'unordered',
      payload: runPayload,
      pull: pullBuilds,
      rows: (run, _, config) => runRows(run, config),
    }),
    stages: defineStream<Config, StagesPayload>({
      produces: ['jobs', 'deployments'],
      order: 'unordered',
      payload: stagesPayload,
      pull: pullStages,
      rows: (run, _, config) => stageRows(run, config),
    }),
  },
  hook,
  check,
})
