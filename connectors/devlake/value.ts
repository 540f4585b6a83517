import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import { looseText } from '../../domain/loose.ts'
import { isBotName } from '../../domain/person.ts'
import { repositoryOf } from '../../src/git/refs.ts'
import { dateOf } from '../../src/table-walk.ts'

export const date = () =>
  z
    .union([z.string(), z.null()])
    .optional()
    .transform((value) => dateOf(value))

/** The name and the address of a repository, of which one or the other may be missing. */
export const repositoryPayload = z.object({ name: looseText(), url: looseText() }).nullish()
type Repository = z.output<typeof repositoryPayload>

/** An address as it is kept: some clone with a token in it. */
export const safeUrl = (url: unknown) => (typeof url === 'string' ? url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1') : null)

/** `owner/name`: as its address says, else as DevLake calls it. */
export function nameOf(repository: Repository, address: string | null = null): string | null {
  return repositoryOf(repository?.url ?? '') ?? repository?.name ?? repositoryOf(address ?? '')
}

/** The repository of the page of a pull request or an issue: `https://host/owner/name/pull/5` → `owner/name`. */
export function repositoryOfPage(url: string | null): string | null {
  const page = /^(https?:\/\/[^/]+\/.+?)(?:\/-)?\/(?:pull|pulls|pull-requests|pullrequest|merge_requests|issues|work_items)\/\d+/.exec(
    url ?? '',
  )?.[1]
  return page === undefined ? null : repositoryOf(page)
}

/** `acme/shop#5`, a merge request `acme/shop!5`. */
export function changeId(repository: string, number: number, { id, url }: { id: string; url: string | null }): string {
  return `${repository}${id.startsWith('gitlab:') || /^fairlead:.*!\d+$/.test(id) || url?.includes('/merge_requests/') === true ? '!' : '#'}${number}`
}

export const account = z.object({ user_name: looseText(), full_name: looseText(), email: looseText() }).nullish()

/** What somebody is called by the tool: the login, where DevLake has the account. */
export function loginOf(known: z.output<typeof account>, name: string | null = null): string | null {
  return known?.user_name ?? name ?? known?.email ?? known?.full_name ?? null
}

export const isBot = (login: string | null) => login !== null && isBotName({ kind: 'login', provider: 'devlake', value: login }, null)

/** A text that says something. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value : null)

export const countOf = (value: number | null) => (value === null || value < 0 ? null : Math.round(value))
/** DevLake has 0 for what nobody said. */
export const secondsOf = (minutes: number | null) => (minutes === null || minutes <= 0 ? null : minutes * 60)
export const firstLine = (text: string | null) => text?.split('\n', 1)[0]?.trim() ?? ''

export const outcomeFields = {
  result: looseText(),
  status: looseText(),
  original_result: looseText(),
  original_status: looseText(),
}

/**
 * DevLake counts what was cancelled or aborted as a failure and keeps the tool's own word beside it; an empty result is something that was skipped,
 * or unknown to it.
 */
export function outcomeOf(row: {
  readonly result: string | null
  readonly status: string | null
  readonly original_result: string | null
  readonly original_status: string | null
}): Deployment['outcome'] {
  const said = `${row.original_result ?? ''} ${row.original_status ?? ''}`
  if (row.result === 'SUCCESS') return 'success'
  if (row.status === 'IN_PROGRESS') return 'running'
  if (/\b(?:cancel+ed|aborted)\b/i.test(said)) return 'cancelled'
  if (row.result === 'FAILURE') return 'failure'
  return /\b(?:skipped|not_executed|not_built)\b/i.test(said) ? 'skipped' : 'unknown'
}

/** When it began: as said, else by how long it took. */
export function startOf(row: { started_date: string | null; finished_date: string | null; duration_sec: number | null }): string | null {
  if (row.started_date !== null || row.finished_date === null || row.duration_sec === null || row.duration_sec <= 0) return row.started_date
  return new Date(Date.parse(row.finished_date) - row.duration_sec * 1000).toISOString()
}
