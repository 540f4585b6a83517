import { asAppError } from '../errors.ts'
import type { Log } from '../log.ts'

/** A copy in the analytics store of what stands in the semantic store. What the analytics store cannot take it gets later: the change itself is kept. */
export interface KeptCopy {
  /** Brings an organization's copy up to what stands now. Never throws: it is tried again by itself. */
  write(org: string): Promise<void>
  /** Brings what a process that ended in between has left behind; after it, every copy asked for is the newest. */
  mend(org?: string): Promise<void>
  stop(): Promise<void>
}

const AGAIN_MS = 5_000

export interface KeptCopyParts {
  readonly log: Log
  /** The event that says that the copy is behind. */
  readonly event: string
  /** Brings one organization's copy, or all that are behind. */
  bring(org: string | null): Promise<void>
}

export function keepCopy({ log, event, bring }: KeptCopyParts): KeptCopy {
  /** One after the other: the last that is written is the newest. */
  let turn: Promise<unknown> = Promise.resolve()
  let again: NodeJS.Timeout | null = null
  let stopped = false

  const inTurn = (org: string | null): Promise<void> => {
    const mine = turn.then(() => bring(org))
    turn = mine.catch(() => {})
    return mine
  }
  const failed = (thrown: unknown) => {
    log.warn(event, { reason: asAppError(thrown).message })
    if (stopped || again !== null) return
    again = setTimeout(() => {
      again = null
      void inTurn(null).catch(failed)
    }, AGAIN_MS)
    again.unref()
  }

  return {
    write: (org) => inTurn(org).catch(failed),
    mend: (org) => inTurn(org ?? null),
    async stop() {
      stopped = true
      if (again !== null) clearTimeout(again)
      await turn
    },
  }
}
