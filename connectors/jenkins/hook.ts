import { z } from 'zod'
import type { Delivery } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { decoded, isWanted } from './job.ts'
import { optional, whole } from './payload.ts'

/** The Notification plugin, and a step of one's own that says `job` and `number`. */
const notification = z.union([
  z.object({ build: z.object({ phase: z.string(), full_url: optional, url: optional }) }),
  z.object({ job: z.string().min(1), number: whole.positive() }),
])

export function read(_headers: Headers, body: unknown, config: Config): Delivery | null {
  const told = notification.parse(body)
  const name = 'job' in told ? told.job : jobAt(told.build.full_url ?? told.build.url ?? '')
  if ('build' in told && told.build.phase === 'QUEUED') return null
  if (name !== null && !isWanted(config, name)) return null
  return { item: null, pull: ['builds', 'stages'] }
}

/** `https://jenkins.example.org/job/acme/job/shop/job/feature%252Fcart/12/` → `acme/shop/feature%2Fcart`; null for any other. */
function jobAt(url: string): string | null {
  const parts = [...url.matchAll(/(?:^|\/)job\/([^/]+)/g)].map((match) => decoded(match[1] ?? ''))
  return parts.length === 0 ? null : parts.join('/')
}
