import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import { LATEST_MS } from '../../domain/entity.ts'
import type { Config } from './config.ts'

export const optional = z.string().nullish()
export const whole = z.number().int()

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

export const buildPayload = z.object({
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

export type BuildPayload = z.output<typeof buildPayload>

export const TREE =
  'number,url,result,building,timestamp,duration,fullDisplayName,actions[causes[shortDescription,userId,upstreamBuild,upstreamProject],lastBuiltRevision[SHA1,branch[name]],remoteUrls,revision[hash,pullHash],totalCount,failCount,skipCount,urlName,queuingDurationMillis],changeSet[items[commitId,timestamp]],changeSets[items[commitId,timestamp]]'

const jobPayload = z.object({
  name: z.string().min(1),
  /** The branch, where the job is one of a multibranch project. */
  branch: z.string().nullable(),
})

export const runPayload = z.object({ job: jobPayload, build: buildPayload })
export type RunPayload = z.output<typeof runPayload>

/** What the store's instants can hold; 0 is Jenkins' word for never. */
export const momentOf = (ms: number | null | undefined): string | null =>
  ms !== null && ms !== undefined && ms >= Date.UTC(2000, 0, 1) && ms <= LATEST_MS ? new Date(ms).toISOString() : null

export const isRunning = ({ building, result }: BuildPayload) => building === true || (building !== false && (result ?? null) === null)
export const endOf = (one: BuildPayload) => (isRunning(one) ? null : momentOf(one.timestamp + (one.duration ?? 0)))
export const idOf = (job: { readonly name: string }, one: { readonly number: number }) => `${job.name}#${one.number}`
export const atOf = (one: BuildPayload) => endOf(one) ?? momentOf(one.timestamp)

/** The jobs of a multibranch project are one workflow. */
export const workflowOf = ({ name, branch }: RunPayload['job']) => (branch === null ? name : name.replace(/\/[^/]*$/, ''))

export function outcomeOf(result: string | null | undefined, { unstable }: Config): Deployment['outcome'] {
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
