import type { Deployment } from '../../domain/deployment.ts'
import { later } from './payload.ts'

/** GitHub's times are whole seconds; the milliseconds tell versions of one second apart. */
export const inSecond = <T extends string | null>(at: T, rank: number) =>
  at === null ? at : new Date(Math.floor(Date.parse(at) / 1000) * 1000 + rank).toISOString()
export const stageOf = (status: string | null | undefined) => (status === 'completed' ? 2 : status === 'in_progress' ? 1 : 0)

interface Stages {
  readonly created_at?: string | null | undefined
  readonly started_at?: string | null | undefined
  readonly completed_at?: string | null | undefined
}
export const stateAt = (status: string, { created_at, started_at, completed_at }: Stages) =>
  later(created_at, started_at, status === 'completed' ? completed_at : null)

const CONCLUSION: Record<string, Deployment['outcome']> = {
  success: 'success',
  failure: 'failure',
  timed_out: 'failure',
  startup_failure: 'failure',
  cancelled: 'cancelled',
  skipped: 'skipped',
  // It ran and gave no verdict.
  neutral: 'skipped',
  // `action_required` waits for somebody, `stale` was given up by GitHub: neither says how it went.
}

export function outcomeOf(status: string | null | undefined, conclusion: string | null | undefined): Deployment['outcome'] {
  if (status?.toLowerCase() !== 'completed') return 'running'
  return CONCLUSION[conclusion?.toLowerCase() ?? ''] ?? 'unknown'
}
