import type { Log } from './log.ts'

/** What was opened is closed in the other order; a part that cannot close does not keep the others open. */
export function closing(log: Log): { add(close: () => Promise<unknown>): void; close(): Promise<void> } {
  const closers: (() => Promise<unknown>)[] = []
  return {
    add: (close) => closers.push(close),
    async close() {
      for (const one of closers.splice(0).toReversed())
        await one().catch((thrown: unknown) => log.warn('close.failed', { reason: String(thrown) }))
    },
  }
}
