import { AppError, asAppError } from '../errors.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { applyBatch, notePlace, type Applied, type Change, type ConfigOf } from './apply.ts'
import type { NamesOf } from './names.ts'
import type { Quarantine } from './quarantine.ts'
import type { Journal, JournalRecord } from './journal.ts'

/** Brings the journal into the analytics store, oldest first, behind the door that acknowledged it. */
export interface Applier {
  start(): void
  /**
   * Does some work on the domain between two batches, alone, and derives from what it changed; resolves when every read shows that. Several
   * wait for their turn, and events that came meanwhile have theirs in between.
   */
  alone(org: string, work: () => Promise<Change>): Promise<void>
  /** Resolves when all up to `seq` is in every read; with the numbers in `first..seq` that were repetitions. */
  visible(first: number, seq: number, signal: AbortSignal): Promise<{ duplicates: number }>
  stats(): ApplierStats
  /** For how long something on disk has not been in every read; 0 when all is. */
  lagSeconds(): number
  stop(): Promise<void>
}

export interface ApplierStats {
  /** The last journal number that every read shows. */
  readonly visible: number
  readonly quarantined: number
  readonly unread: number
  /** Why the applier waits, or null. */
  readonly waitingFor: string | null
}

/** Called with what batches changed, before the checkpoint: derives attempts and shipments again. */
export type Derive = (org: string, change: Change) => Promise<void>

const BATCH = { records: 20_000, bytes: 32 * 1024 * 1024 }
/** Deriving may take at most a fifth of the time while more is waiting, so that a bulk load is not derived over and over. */
const DERIVE_SHARE = 4
/**
 * While events keep coming one by one, a round of apply and derive (100–200 ms however few they are) rests four times as long as it took,
 * so that it leaves the processor to the door; nobody who waits for visibility, and no full batch, is made to rest.
 */
const REST = { share: 4, mostMs: 500 }
const KEPT_REPETITIONS = 400_000
const BACK_OFF_MS = { first: 100, most: 5_000 }

export function createApplier(parts: {
  journal: Journal
  analytics: Analytics
  registry: Registry
  configOf: ConfigOf
  namesOf?: NamesOf
  derive: Derive
  /** Told of repositories that their tools say were renamed. */
  onRenames?(org: string, renames: ReadonlyMap<string, string>): Promise<void>
  quarantine: Quarantine
  clock: Clock
  log: Log
}): Applier {
  const { journal, log, clock } = parts
  const stopping = new AbortController()
  let visible = journal.applied
  let applied = journal.applied
  let quarantined = 0
  let unread = 0
  let waitingFor: string | null = null
  let pending = new Map<string, Change>()
  let deriveMs = 0
  let derivedAt = 0
  let running: Promise<void> | null = null
  let caughtUpAt = clock.now()
  let restUntil = 0
  let endRest: (() => void) | null = null
  const works: { org: string; work: () => Promise<Change>; done(): void; fail(thrown: unknown): void }[] = []
  let wake: (() => void) | null = null
  const waiters: { seq: number; done: () => void }[] = []
  // The numbers of recent repetitions, ascending: a caller may ask for its own after they were applied.
  let repetitions: number[] = []

  const settle = (result: Applied) => {
    repetitions.push(...result.duplicates)
    if (repetitions.length > KEPT_REPETITIONS) repetitions = repetitions.slice(-KEPT_REPETITIONS / 2)
    unread += result.problems.size
    for (const [org, change] of result.changes) pending.set(org, merge(pending.get(org), change))
  }

  /** Repeats until the store takes it; a batch that the store refuses is halved until the poison item stands alone. */
  const apply = async (records: readonly JournalRecord[]): Promise<void> => {
    for (let delay = BACK_OFF_MS.first; !stopping.signal.aborted; delay = Math.min(delay * 2, BACK_OFF_MS.most)) {
      try {
        settle(await applyBatch(parts, records))
        waitingFor = null
        return
      } catch (thrown) {
        const error = asAppError(thrown)
        if (error.retry) {
          if (waitingFor === null) log.warn('applier.waiting', { code: error.code, reason: error.message })
          waitingFor = error.message
          await pause(delay, stopping.signal)
          continue
        }
        if (records.length > 1) {
          const half = records.length >> 1
          await apply(records.slice(0, half))
          await apply(records.slice(half))
          return
        }
        await quarantine(records[0] as JournalRecord, error)
        return
      }
    }
  }

  const quarantine = async (record: JournalRecord, error: AppError): Promise<void> => {
    quarantined++
    log.error('item.quarantined', { seq: record.seq, source: record.source, id: record.id, code: error.code, reason: error.message })
    await parts.quarantine.put(record, error.message)
  }

  const derive = async (): Promise<void> => {
    const started = performance.now()
    const changes = pending
    pending = new Map()
    for (let delay = BACK_OFF_MS.first; !stopping.signal.aborted; delay = Math.min(delay * 2, BACK_OFF_MS.most)) {
      try {
        for (const [org, change] of changes) {
          await parts.derive(org, change)
          if (change.renames.size > 0) await parts.onRenames?.(org, change.renames)
        }
        break
      } catch (thrown) {
        const error = asAppError(thrown)
        log.error('derive.failed', { code: error.code, reason: error.message, cause: String(error.cause ?? '') })
        waitingFor = error.message
        await pause(delay, stopping.signal)
      }
    }
    if (stopping.signal.aborted) return
    waitingFor = null
    deriveMs = performance.now() - started
    derivedAt = performance.now()
    await journal.checkpoint(applied)
    visible = applied
    for (const waiter of waiters.filter((one) => one.seq <= visible)) {
      waiters.splice(waiters.indexOf(waiter), 1)
      waiter.done()
    }
  }

  const doWork = async (): Promise<void> => {
    const next = works.shift()
    if (next === undefined) return
    try {
      pending.set(next.org, merge(pending.get(next.org), await next.work()))
      await derive()
      next.done()
    } catch (thrown) {
      next.fail(thrown)
    }
  }

  const rest = async (): Promise<void> => {
    const ms = restUntil - performance.now()
    if (ms <= 0 || waiters.length > 0 || journal.stats().head - applied >= BATCH.records) return
    const ended = new AbortController()
    endRest = () => ended.abort()
    await pause(ms, ended.signal)
    endRest = null
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await doWork()
      await rest()
      const started = performance.now()
      const records = await journal.read(applied, BATCH)
      const last = records.at(-1)
      if (last !== undefined) {
        await apply(records)
        if (stopping.signal.aborted) return
        applied = last.seq
      }
      const drained = journal.stats().head <= applied
      const due = performance.now() - derivedAt > Math.max(1_000, deriveMs * DERIVE_SHARE)
      if (applied > visible && (drained || due)) {
        await derive()
        const ended = performance.now()
        restUntil = ended + Math.min(REST.mostMs, REST.share * (ended - started))
      } else if (drained) {
        const woken = new AbortController()
        wake = () => woken.abort()
        if (works.length === 0) await journal.waitForMore(applied, AbortSignal.any([stopping.signal, woken.signal]))
        wake = null
        caughtUpAt = clock.now()
      } else if (last === undefined) {
        // Nothing readable although the head is beyond: a corrupt stretch that read() hops over with its next call.
        applied = journal.stats().head
      }
    }
  }

  return {
    start() {
      running ??= loop().catch((thrown: unknown) => {
        if (stopping.signal.aborted) return
        const error = asAppError(thrown)
        waitingFor = error.message
        log.error('applier.stopped', { code: error.code, reason: error.message, cause: String(error.cause ?? '') })
      })
    },
    alone: (org, work) =>
      new Promise((done, fail) => {
        works.push({ org, work, done, fail })
        wake?.()
        endRest?.()
      }),
    async visible(first, seq, signal) {
      if (seq > visible) {
        await new Promise<void>((resolve, reject) => {
          const waiter = { seq, done: resolve }
          waiters.push(waiter)
          endRest?.()
          signal.addEventListener(
            'abort',
            () => {
              const at = waiters.indexOf(waiter)
              if (at >= 0) waiters.splice(at, 1)
              reject(signal.reason as Error)
            },
            { once: true },
          )
        })
      }
      return { duplicates: repetitions.filter((one) => one >= first && one <= seq).length }
    },
    lagSeconds: () => (journal.stats().head <= visible ? 0 : (clock.now() - caughtUpAt) / 1000),
    stats: () => ({ visible, quarantined, unread, waitingFor }),
    async stop() {
      stopping.abort()
      endRest?.()
      await running
      for (const { fail } of works.splice(0)) fail(new AppError('internal', 'The server ends.'))
    },
  }
}

function merge(into: Change | undefined, change: Change): Change {
  if (into === undefined) return change
  for (const place of change.scopes.values()) notePlace(into.scopes, place)
  for (const repository of change.repositories) into.repositories.add(repository)
  into.unplacedIncidents ||= change.unplacedIncidents
  for (const [old, name] of change.renames) into.renames.set(old, name)
  return into
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
