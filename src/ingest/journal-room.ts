/** Keeps a reserve of free disk: a journal that runs into the last byte takes the stores on the same disk with it. */
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'

export interface Room {
  /** Throws `disk-full` while the disk has less free than the reserve. */
  check(): Promise<void>
  /** Counts what was written, so that a burst between two looks at the disk is known. */
  written(bytes: number): void
  /** The error for a disk that is full now; also makes the next check look again. */
  full(cause?: unknown): AppError
}

/** Milliseconds and bytes after which a known figure is too old. `statfs` takes about 30 µs, but one group commit only 250. */
const STALE_AFTER_MS = 1000
const STALE_AFTER_BYTES = 16 * 1024 * 1024

export function diskRoom(options: { directory: string; reserveBytes: number; free: () => Promise<number>; clock: Clock; log: Log }): Room {
  const { directory, reserveBytes, free, clock, log } = options
  let known: { bytes: number; at: number } | null = null
  let written = 0
  let low = false

  const full = (cause?: unknown): AppError => {
    const bytes = known?.bytes ?? 0
    known = null
    if (!low) log.warn('journal.disk-full', { directory, free_bytes: bytes, reserve_bytes: reserveBytes })
    low = true
    const state = cause === undefined ? `nearly full: ${mebibytes(bytes)} free, ${mebibytes(reserveBytes)} kept in reserve` : 'full'
    return new AppError('disk-full', `The disk of ${directory} is ${state}.`, {
      help: 'Free some space or enlarge the disk; Fairlead then goes on by itself. What it acknowledged is safe. This was not accepted: send it again later.',
      detail: { directory, free_bytes: bytes, reserve_bytes: reserveBytes },
      cause,
    })
  }

  const look = async (): Promise<number> => {
    try {
      return await free()
    } catch (thrown) {
      // Not knowing is no reason to refuse: a write to a full disk fails cleanly, too.
      log.warn('journal.free-unknown', { directory, why: String(thrown) })
      return Number.POSITIVE_INFINITY
    }
  }

  return {
    full,
    written(bytes) {
      written += bytes
      if (low) log.info('journal.disk-freed', { directory, free_bytes: known?.bytes })
      low = false
    },
    async check() {
      const now = clock.now()
      // A clock that was set back counts as old, too.
      if (known === null || Math.abs(now - known.at) >= STALE_AFTER_MS || written >= STALE_AFTER_BYTES) {
        known = { bytes: await look(), at: now }
        written = 0
      }
      if (known.bytes - written < reserveBytes) throw full()
    },
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`
}
