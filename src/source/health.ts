import { instant, type Clock } from '../clock.ts'
import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Health, Sources } from './sources.ts'

type Deliveries = NonNullable<Health['deliveries']>

/** Counts what hooks are sent, by source, and writes the figures down now and then: a store that is away, or a flood, costs no delivery. */
export interface HookHealth {
  note(org: string, source: string, what: 'taken' | 'ignored' | 'unread' | 'refused'): void
  flush(): Promise<void>
  close(): Promise<void>
}

const EVERY_MS = 2_000

export function createHookHealth({ sources, clock, log }: { sources: Sources; clock: Clock; log: Log }): HookHealth {
  const pending = new Map<string, { org: string; source: string; counts: Deliveries }>()
  const flush = async (): Promise<void> => {
    const batch = [...pending.values()]
    pending.clear()
    for (const { org, source, counts } of batch) {
      try {
        const standing = (await sources.find(org, source))?.health.deliveries
        if (standing === undefined) await sources.noteHealth(org, source, { deliveries: counts })
        else await sources.noteHealth(org, source, { deliveries: added(standing, counts) })
      } catch (thrown) {
        log.warn('health.not_written', { source, reason: asAppError(thrown).message })
      }
    }
  }
  const timer = setInterval(() => void flush(), EVERY_MS)
  timer.unref()
  return {
    note(org, source, what) {
      const key = `${org} ${source}`
      const standing = pending.get(key) ?? {
        org,
        source,
        counts: { taken: 0, ignored: 0, unread: 0, refused: 0, last_at: null, last_refused_at: null },
      }
      const now = instant(clock.now())
      standing.counts[what]++
      standing.counts[what === 'refused' ? 'last_refused_at' : 'last_at'] = now
      pending.set(key, standing)
    },
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

function added(a: Deliveries, b: Deliveries): Deliveries {
  return {
    taken: a.taken + b.taken,
    ignored: a.ignored + b.ignored,
    unread: a.unread + b.unread,
    refused: a.refused + b.refused,
    last_at: b.last_at ?? a.last_at,
    last_refused_at: b.last_refused_at ?? a.last_refused_at,
  }
}
