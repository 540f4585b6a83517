import { AppError, asAppError } from '../../errors.ts'
import type { Timing } from '../../store/timings.ts'
import { sayer, secondsText, type Finding, type Say, type StoreNotes } from './finding.ts'

/** One question about a store. `about` says in the report what could not be told when the store does not answer it. */
export interface Check<S> {
  readonly about: string
  run(store: S, say: Say, notes: StoreNotes): Promise<void>
}

interface Examined {
  ping(): Promise<void>
}

const PINGS = 3
/** A statement of the dashboard asks several times in a row. */
const SLOW_PING_MS = 250
/** Instants of journal and stores are compared with each other; a session or a lease is not shorter than this. */
const SKEW_WARNING_MS = 2_000
const SKEW_FAILURE_MS = 60_000

/**
 * Asks one thing after the other, so that the examination is no load. A catalog that this server does not have, or does not show to this user,
 * is a note; a store that goes away is a failure, and nothing more is asked.
 */
export async function examine<S extends Examined>(
  store: S,
  notes: StoreNotes,
  findings: Finding[],
  parts: { checks: readonly Check<S>[]; clock: (store: S) => Promise<number>; now: () => number; signal: AbortSignal },
): Promise<void> {
  const say = sayer(findings, notes.store)
  try {
    notes.ping_ms = await pinged(store)
    notes.reached = true
  } catch (thrown) {
    sayAway(say, thrown)
    return
  }
  if (notes.ping_ms > SLOW_PING_MS)
    say(
      'reach',
      'warning',
      `It answers after ${Math.round(notes.ping_ms)} ms.`,
      'Look at the load of the server, and at the network in between.',
    )
  else say('reach', 'ok', `It answers after ${notes.ping_ms.toFixed(1)} ms.`)
  const all: readonly Check<S>[] = [
    {
      about: 'its clock',
      run: async (asked) => void (notes.clock_skew_ms = await compareClocks(() => parts.clock(asked), parts.now, say)),
    },
    ...parts.checks,
  ]
  for (const check of all) {
    if (parts.signal.aborted) return
    try {
      await check.run(store, say, notes)
    } catch (thrown) {
      const error = asAppError(thrown)
      if (parts.signal.aborted) return
      if (isAway(error)) {
        sayAway(say, error)
        return
      }
      say(
        'untold',
        'note',
        `Not told: ${check.about}. ${reasonOf(error)}`,
        'Nothing is to be done, unless you want it told: the server is too old for it, or does not show it to this user.',
      )
    }
  }
}

/** A connection that is gone, not a statement that took too long or was refused. */
function isAway(error: AppError): boolean {
  const { sqlstate } = (error.detail ?? {}) as { sqlstate?: string }
  return (error.code === 'store-unavailable' && sqlstate !== '57014') || error.code === 'store-credentials'
}

export function sayAway(say: Say, thrown: unknown): void {
  const error = asAppError(thrown)
  say('reach', 'failure', error.message, error.help ?? 'Is it running? Does its setting name it rightly?')
}

/** One line, and never what a catalog query held. */
function reasonOf(error: AppError): string {
  return error.message.replaceAll(/\s+/g, ' ').slice(0, 200)
}

async function pinged(store: Examined): Promise<number> {
  let least = Infinity
  for (let count = 0; count < PINGS; count++) {
    const started = performance.now()
    await store.ping()
    least = Math.min(least, performance.now() - started)
  }
  return least
}

/** By how much the store's clock is ahead, in milliseconds; what the journey takes is halved. */
async function compareClocks(clock: () => Promise<number>, now: () => number, say: Say): Promise<number> {
  // The first question after a pause may wait for a connection.
  await clock()
  const before = now()
  const theirs = await clock()
  const after = now()
  // Within the journey both may be right.
  const skew = theirs < before ? theirs - before : theirs > after ? theirs - after : 0
  const ahead = `Its clock is ${secondsText(Math.abs(skew) / 1_000)} ${skew > 0 ? 'ahead of' : 'behind'} that of this program.`
  const remedy = 'Let both machines keep time (NTP, chrony); times are compared across them.'
  if (Math.abs(skew) >= SKEW_FAILURE_MS) say('clock', 'failure', ahead, remedy)
  else if (Math.abs(skew) >= SKEW_WARNING_MS) say('clock', 'warning', ahead, remedy)
  else say('clock', 'ok', `Its clock and ours are ${Math.round(Math.abs(skew))} ms apart.`)
  return skew
}

/** A statement that took this long kept somebody waiting. */
export const SLOW_MS = 1_000

/** What this process measured, where the store keeps nothing. */
export function noteOwnTimings(slowest: readonly Timing[], notes: StoreNotes): void {
  notes.slow = {
    from: 'program',
    // Its own questions are no news.
    statements: slowest
      .filter(({ name }) => !/^doctor\.|\.ping$/.test(name))
      .map(({ name, calls, failed, total_ms, most_ms }) => ({
        statement: name,
        calls,
        failed,
        mean_ms: total_ms / calls,
        most_ms,
        total_ms,
      }))
      .slice(0, 10),
  }
}

export function saySlow(say: Say, notes: StoreNotes, since: string): void {
  const slow = notes.slow.statements.filter(({ most_ms, mean_ms }) => (most_ms ?? mean_ms) >= SLOW_MS)
  const [worst] = slow
  if (worst === undefined) {
    say('slow', 'ok', `No statement took longer than a second (${since}).`)
    return
  }
  say(
    'slow',
    'note',
    `${slow.length === 1 ? 'One statement' : `${slow.length} statements`} took longer than a second (${since}); the slowest, ${worst.statement}, ${((worst.most_ms ?? worst.mean_ms) / 1_000).toFixed(1)} s.`,
    'A report of slowness is most useful with this list (`fairlead doctor --json`).',
  )
}
