import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { z } from 'zod'
import { AppError, asAppError, systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { replaceFile } from '../store/disk.ts'

/**
 * Reads what is kept again, behind the answer, when something changed in how it is read. That it is owed stands on disk before the change is made:
 * killed at any point, the next start does it.
 */
export interface Rereading {
  /**
   * Makes a change to how the rows of a source, or of all (null), are read. `change` says whether it changed anything; then they are read again (ONLY_DERIVED: derived again). A
   * change of which nobody knows whether it was made counts as one.
   */
  after(org: string, source: string | null, change: () => Promise<boolean>): Promise<boolean>
  /** Goes on with what an earlier process left. */
  start(): void
  /** Whether something is being read, or waits for it. */
  isBusy(): boolean
  /** Resolves when there is nothing left, or at the first failure: what is left then is still owed. */
  finish(): Promise<void>
  /** Leaves what is not done for the next start. */
  stop(): Promise<void>
}

/** In place of a source: nothing is read again, only what follows from it is derived anew. */
export const ONLY_DERIVED = ''

const owedRow = z.object({ id: z.string(), org: z.string(), source: z.string().nullable() })
type Owed = z.infer<typeof owedRow>

const RETRY_MS = 30_000

export async function openRereading(parts: {
  file: string
  read(org: string, source: string | null, signal: AbortSignal): Promise<void>
  log: Log
  retryMs?: number
}): Promise<Rereading> {
  const { file, read, log, retryMs = RETRY_MS } = parts
  const stopping = new AbortController()
  let owed = await owedIn(file)
  /** Noted, and the change is being made. */
  const underWay = new Set<string>()
  let isWorking = false
  let isFinishing = false
  let running: Promise<void> = Promise.resolve()
  let saving: Promise<void> = Promise.resolve()

  const save = (): Promise<void> => {
    saving = saving.catch(() => {}).then(() => replaceFile(file, `${JSON.stringify(owed)}\n`))
    return saving
  }
  const drop = async (gone: readonly Owed[]): Promise<void> => {
    owed = owed.filter((one) => !gone.includes(one))
    // What stays there by mistake is read once too often.
    await save().catch((thrown: unknown) => log.warn('reread.not_noted', { reason: asAppError(thrown).message }))
  }

  const loop = async (): Promise<void> => {
    for (;;) {
      const next = stopping.signal.aborted ? undefined : owed.find((one) => !underWay.has(one.id))
      if (next === undefined) {
        isWorking = false
        return
      }
      const same = owed.filter((one) => one.org === next.org && one.source === next.source && !underWay.has(one.id))
      try {
        await read(next.org, next.source, stopping.signal)
        await drop(same)
      } catch (thrown) {
        if (!stopping.signal.aborted) log.warn('reread.failed', { source: next.source ?? 'all', reason: asAppError(thrown).message })
        if (isFinishing) stopping.abort()
        // The others have their turn first.
        owed = [...owed.filter((one) => !same.includes(one)), ...same]
        await sleepFor(retryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      }
    }
  }
  const work = (): void => {
    if (isWorking) return
    isWorking = true
    running = loop()
  }

  return {
    async after(org, source, change) {
      const one: Owed = { id: randomUUID(), org, source }
      owed = [...owed, one]
      underWay.add(one.id)
      let isChanged = true
      try {
        await save()
        isChanged = await change()
        return isChanged
      } catch (thrown) {
        isChanged = !(thrown instanceof AppError) || thrown.retry
        throw thrown
      } finally {
        underWay.delete(one.id)
        if (isChanged) work()
        else await drop([one])
      }
    },
    start: work,
    isBusy: () => isWorking,
    async finish() {
      isFinishing = true
      await running
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function owedIn(file: string): Promise<Owed[]> {
  try {
    return z.array(owedRow).parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return []
    throw new AppError('data-directory', `${file} cannot be read.`, {
      help: 'It lists the sources that are to be read again. Move it away, start, and run `fairlead replay` for each source.',
      cause: thrown,
    })
  }
}
