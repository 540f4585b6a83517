import { filled, groupsOf, isAnyFound, isFound } from '../../domain/pattern.ts'
import { repositoryOf } from '../../src/git/refs.ts'
import type { Config } from './config.ts'
import { momentOf, type RunPayload } from './payload.ts'

export interface Code {
  readonly repository: string | null
  readonly service: string | null
  readonly revision: string | null
  /** When its commit was made, where the change sets of the build tell: a lead time where the repository is not connected. */
  readonly committed_at: string | null
  readonly ref: string | null
}

/** What was built, by the rule that `docs` states. */
export function codeOf({ job, build: one }: RunPayload, config: Config): Code {
  const rule = config.repositories.find(({ job: name }) => isFound(name, job.name))
  const groups = rule === undefined ? null : groupsOf(rule.job, job.name)
  const named = rule?.repository === undefined ? null : filled(rule.repository, groups ?? {})
  const checkouts = (one.actions ?? []).flatMap((two) => {
    const revision = two?.lastBuiltRevision?.SHA1
    if (!revision) return []
    const branch = two?.lastBuiltRevision?.branch?.find(({ name }) => name && name !== 'detached')?.name ?? null
    return [{ repository: repositoryOf(two?.remoteUrls?.[0] ?? ''), revision: revision.toLowerCase(), branch }]
  })
  const own = checkouts.filter(({ repository }) => repository === null || !isAnyFound(config.libraries, repository))
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
    service: rule?.service === undefined ? null : filled(rule.service, groups ?? {}),
    revision,
    committed_at: momentOf(changes.find(({ commitId }) => commitId?.toLowerCase() === revision)?.timestamp),
    ref:
      job.branch ??
      (isOther ? null : (chosen?.branch?.replace(/^(?:refs\/)?remotes\/[^/]+\/|^refs\/(?:heads|tags)\/|^origin\//, '') ?? null)),
  }
}
