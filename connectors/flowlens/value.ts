import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import { looseNumber, looseText, textOf } from '../../domain/loose.ts'
import { dateOf } from '../../src/table-walk.ts'

export const date = () =>
  z
    .unknown()
    .optional()
    .transform((value) => dateOf(value))

/** What names the pull request of a row. */
export const pullFields = {
  pr_number: looseNumber(),
  repository: z.object({ full_name: looseText() }).nullish(),
}

export interface Named {
  readonly repository: string
  readonly number: number
  /** `acme/shop#5`, as GitHub's own connector calls it. */
  readonly change_id: string
}

export function namedBy(row: { pr_number: number | null; repository?: { full_name: string | null } | null | undefined }): Named {
  const repository = row.repository?.full_name ?? null
  if (repository === null) throw new Error('it belongs to a repository that `repositories` does not have')
  if (row.pr_number === null || row.pr_number < 0 || !Number.isInteger(row.pr_number)) throw new Error('the pull request has no number')
  return { repository, number: row.pr_number, change_id: `${repository}#${row.pr_number}` }
}

export interface Step {
  /** `status_build`; of a pull request's own history `state`. */
  readonly field: string
  readonly value: string
  readonly at: string
  readonly meta: Readonly<Record<string, unknown>>
}

/** The program's own record of what became of a row, oldest first: `{field, value, at, meta}`, or `{state, at, meta}`. What is no such entry is passed over. */
export const history = () =>
  z
    .unknown()
    .optional()
    .transform((value): Step[] =>
      (Array.isArray(value) ? (value as unknown[]) : []).flatMap((one): Step[] => {
        const entry = objectOf(one)
        const said = textOf(entry['field']) === null ? { field: 'state', value: textOf(entry['state']) } : entry
        const [at, field, told] = [dateOf(entry['at']), textOf(said['field']), textOf(said['value'])]
        return at === null || field === null || told === null
          ? []
          : [{ field, value: told.toLowerCase(), at, meta: objectOf(entry['meta']) }]
      }),
    )

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** When it came to that value for the last time. */
export function lastOf(steps: readonly Step[], field: string, value: string): string | null {
  return steps.findLast((step) => step.field === field && step.value === value)?.at ?? null
}

/** The guide's words and those of the program, of a build and of an approval. `pending` says nothing yet. */
const OUTCOME: Readonly<Record<string, Deployment['outcome']>> = {
  passed: 'success',
  buildpassed: 'success',
  success: 'success',
  approved: 'success',
  failed: 'failure',
  buildfailed: 'failure',
  failure: 'failure',
  error: 'failure',
  changes_requested: 'failure',
  rejected: 'failure',
  running: 'running',
  building: 'running',
  in_progress: 'running',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  skipped: 'skipped',
}

/** What a stage says; null for one that has said nothing yet. */
export function outcomeOf(status: string | null): Deployment['outcome'] | null {
  const word = status?.toLowerCase() ?? 'pending'
  return word === 'pending' ? null : (OUTCOME[word] ?? 'unknown')
}
