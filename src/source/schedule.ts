import type { Clock } from '../clock.ts'
import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Source, Sources } from './sources.ts'

/** Pulls each source by itself, and soon after its hook has said that there is news. One pull of a source at a time. */
export interface Schedule {
  start(): void
  /** Pulls these streams of a source soon; several signs close together are one pull. */
  poke(org: string, source: string, streams: readonly string[]): void
  stop(): Promise<void>
}

export const DEFAULT_MINUTES = 15
const LOOK_EVERY_MS = 5_000
const POKE_MS = 1_500
/** After failures in a row the next try waits longer, up to this many times the usual. A credential that is refused is asked for no more than each quarter of an hour. */
const MOST_PATIENCE = 8

export function createSchedule(parts: {
  sources: Sources
  clock: Clock
  log: Log
  pull(org: string, source: string, options: { streams?: readonly string[]; signal: AbortSignal }): Promise<unknown>
}): Schedule {
  const { sources, clock, log } = parts
  const stopping = new AbortController()
  const running = new Map<string, Promise<void>>()
  const poked = new Map<string, { org: string; source: string; streams: Set<string>; timer: NodeJS.Timeout }>()
  let timer: NodeJS.Timeout | null = null

  const run = (org: string, name: string, streams?: readonly string[]): void => {
    const key = `${org} ${name}`
    if (running.has(key) || stopping.signal.aborted) return
    const pulling = (async () => {
      try {
        await parts.pull(org, name, { ...(streams === undefined ? {} : { streams }), signal: stopping.signal })
      } catch (thrown) {
        const error = asAppError(thrown)
        if (!stopping.signal.aborted) log.warn('source.pull_failed', { source: name, code: error.code, reason: error.message })
      } finally {
        running.delete(key)
      }
    })()
    running.set(key, pulling)
  }

  const isDue = async (org: string, source: Source): Promise<boolean> => {
    const minutes = source.every_minutes ?? DEFAULT_MINUTES
    if (minutes === 0 || !(await sources.pulls(org, source))) return false
    const patience = Math.min(2 ** (source.health.failures ?? 0), MOST_PATIENCE)
    return source.last_attempt_at === null || Date.parse(source.last_attempt_at) + minutes * 60_000 * patience <= clock.now()
  }

  const look = async (): Promise<void> => {
    try {
      for (const source of await sources.all()) if (await isDue(source.org, source)) run(source.org, source.name)
    } catch (thrown) {
      log.warn('schedule.waiting', { reason: asAppError(thrown).message })
    }
    if (!stopping.signal.aborted) {
      timer = setTimeout(() => void look(), LOOK_EVERY_MS)
      timer.unref()
    }
  }

  return {
    start: () => void look(),
    poke(org, source, streams) {
      const key = `${org} ${source}`
      const standing = poked.get(key)
      if (standing !== undefined) {
        for (const stream of streams) standing.streams.add(stream)
        return
      }
      const fire = () => {
        if (running.has(key)) {
          // It may have asked already what has just changed: once more when it is done.
          entry.timer = setTimeout(fire, POKE_MS)
          return
        }
        poked.delete(key)
        run(org, source, [...entry.streams])
      }
      const entry = { org, source, streams: new Set(streams), timer: setTimeout(fire, POKE_MS) }
      entry.timer.unref()
      poked.set(key, entry)
    },
    async stop() {
      stopping.abort()
      if (timer !== null) clearTimeout(timer)
      for (const { timer: waiting } of poked.values()) clearTimeout(waiting)
      await Promise.all(running.values())
    },
  }
}
