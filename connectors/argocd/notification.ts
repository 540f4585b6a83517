import { z } from 'zod'
import { known } from './payload.ts'

/** What a template leaves open arrives as `<no value>`, as an empty text or as another type: none of it costs the rest. */
const loose = z.unknown().optional().transform(known)

const looseList = z
  .unknown()
  .optional()
  .transform((value): string[] => {
    const list = Array.isArray(value) ? value : (known(value) ?? '').replaceAll(/[[\],]/g, ' ').split(/\s+/)
    return list.flatMap((one) => known(one) ?? [])
  })

const looseWords = z
  .unknown()
  .optional()
  .transform((value): Record<string, string> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
    return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (known(one) === null ? [] : [[key, known(one) as string]])))
  })

/** The template in deploy/argocd. */
export const notificationPayload = z.object({
  application: z.string().min(1),
  phase: z.string(),
  namespace: loose,
  project: loose,
  revision: loose,
  revisions: looseList,
  started_at: loose,
  finished_at: loose,
  health: loose,
  repo_url: loose,
  images: looseList,
  labels: looseWords,
  annotations: looseWords,
  message: loose,
})

/** The template of Fawkes, as ours. */
const fawkesPayload = z
  .looseObject({ event_type: z.literal(['deployment', 'health_change']), application: z.string().min(1) })
  .transform((told) =>
    notificationPayload.parse({
      ...told,
      phase: told.event_type === 'deployment' ? (known(told['status']) ?? '') : '',
      revision: known(told['revision']) ?? told['commit_sha'],
      started_at: told['sync_started_at'],
      finished_at: told['sync_finished_at'],
      message: told['error_message'],
      labels: { environment: told['environment'], 'app.kubernetes.io/name': told['service_name'] },
    }),
  )

export const pushedPayload = z.union([fawkesPayload, notificationPayload])
