import { z } from 'zod'
import type { Deployment } from '../../domain/deployment.ts'
import { count, optional } from './payload.ts'
import { sourcesOf } from './source.ts'

export const operationPayload = z.object({
  phase: optional,
  message: optional,
  startedAt: optional,
  finishedAt: optional,
  retryCount: count,
  operation: z
    .object({
      sync: z
        .object({
          ...sourcesOf,
          dryRun: z.boolean().nullish(),
          resources: z.array(z.unknown()).nullish(),
          autoHealAttemptsCount: count,
        })
        .nullish(),
    })
    .nullish(),
  syncResult: z.object(sourcesOf).nullish(),
})

const TERMINATED = /^operation terminated(?!.*triggered by controller sync timeout)/i

export function outcomeOf(phase: string | null, message: string | null): Deployment['outcome'] {
  switch (phase?.toLowerCase()) {
    case 'succeeded':
    case 'success':
      return 'success'
    case 'failed':
    case 'error':
    case 'failure':
      return message !== null && TERMINATED.test(message) ? 'cancelled' : 'failure'
    case 'running':
    case 'terminating':
      return 'running'
    default:
      return 'unknown'
  }
}

/** A dry run, or what put the same revision back. */
export function isHarmless(operation: z.output<typeof operationPayload> | null | undefined): boolean {
  const sync = operation?.operation?.sync
  return operation === null || operation === undefined || sync?.dryRun === true || Number(sync?.autoHealAttemptsCount ?? 0) > 0
}
