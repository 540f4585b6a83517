import type { RunPayload } from './payload.ts'

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

export interface Started {
  readonly trigger: string | null
  readonly attempt: number
  readonly parent_id: string | null
  readonly actor: string | null
}

export function startOf({ job, build: one }: RunPayload): Started {
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
