/**
 * The one writer of the journal. While a write and its fdatasync are under way, further calls queue up and go out together in
 * the next (group commit).
 *
 * A failed fdatasync is final: the kernel may have dropped the dirty pages and report success the next time ("fsyncgate"), so
 * nothing can be acknowledged any more and only a new process, reading what the disk really holds, may go on.
 */
import type { FileHandle } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { isDiskFull } from '../store/disk.ts'
import { encode, type Prepared } from './journal-record.ts'
import { MARK_BYTES } from './journal-recovery.ts'
import type { Room } from './journal-room.ts'
import { createSegment, openFile, SEGMENT_HEADER_BYTES, type Segment, type SegmentIo, writeAll } from './journal-segment.ts'

/** What the journal does to the disk when it writes; a test puts a failing disk here. */
export interface JournalIo extends SegmentIo {
  truncate(handle: FileHandle, length: number): Promise<void>
}

export const diskIo: JournalIo = {
  write: async (handle, bytes, position) => (await handle.write(bytes, 0, bytes.byteLength, position)).bytesWritten,
  fdatasync: (handle) => handle.datasync(),
  truncate: (handle, length) => handle.truncate(length),
}

/** What writer, reader and checkpoint share. Everything here is durable: the writer changes it after its fdatasync, in one go. */
export interface JournalState {
  segments: Segment[]
  head: number
  lastChain: string
  applied: number
  pendingBytes: number
  /** Set once and for ever. */
  fatal: AppError | null
}

export interface Writer {
  append(items: readonly Prepared[]): Promise<{ first: number; last: number }>
  /** Accepted into the queue and not yet durable. */
  queuedBytes(): number
  /** Resolves when the queue is empty and the file is closed. The caller appends no more. */
  close(): Promise<void>
}

interface Call {
  items: readonly Prepared[]
  bytes: number
  resolve(range: { first: number; last: number }): void
  reject(error: AppError): void
}

/** Encoding 1 MiB of small items holds the event loop for about 15 ms. A call is never split, so a large one goes out alone. */
const GROUP_BYTES = 1024 * 1024

export function journalWriter(options: {
  directory: string
  state: JournalState
  /** Whether the last segment can be continued. */
  appendable: boolean
  segmentBytes: number
  io: JournalIo
  room: Room
  onCommit: () => void
  onFatal: (error: AppError) => void
}): Writer {
  const { directory, state, segmentBytes, io, room, onCommit, onFatal } = options
  const queue: Call[] = []
  let queuedBytes = 0
  let continues = options.appendable
  let handle: FileHandle | null = null
  let running: Promise<void> | null = null

  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      // Lets every caller that is ready in this turn of the event loop come along; without it 64 callers cost two syncs, 1 and 63.
      await turn()
      const group = takeGroup()
      try {
        await commit(group)
      } catch (thrown) {
        if (thrown instanceof AppError) for (const call of group) call.reject(thrown)
        else fail(thrown, group)
      }
      queuedBytes = queue.reduce((sum, call) => sum + call.bytes, 0)
    }
    running = null
  }

  const takeGroup = (): Call[] => {
    let bytes = 0
    const beyond = queue.findIndex((call, index) => {
      bytes += call.bytes
      return index > 0 && bytes > GROUP_BYTES
    })
    return queue.splice(0, beyond < 0 ? queue.length : beyond)
  }

  const fail = (cause: unknown, group: readonly Call[]): void => {
    const fatal = new AppError('journal-broken', `The journal in ${directory} cannot be written any more: ${String(cause)}`, {
      help: 'Fairlead stops and, started again, replays what the disk holds. Check the disk and the kernel log first.',
      cause,
    })
    state.fatal = fatal
    for (const call of [...group, ...queue.splice(0)]) call.reject(fatal)
    onFatal(fatal)
  }

  const commit = async (group: readonly Call[]): Promise<void> => {
    await room.check()
    const length = group.reduce((sum, call) => sum + call.bytes, 0)
    const { segment, sync, file } = await segmentFor(length)
    const bytes = Buffer.allocUnsafe(length)
    const durable = state.head
    const marks = []
    let { head: seq, lastChain: previous } = state
    let offset = 0
    let marked = segment.marks.at(-1)?.offset ?? 0
    for (const { items } of group) {
      for (const [index, item] of items.entries()) {
        seq += 1
        previous = encode(bytes, offset, item, { sync, seq, durable, lastOfCall: index === items.length - 1, previous })
        if (segment.end + offset - marked >= MARK_BYTES) {
          marked = segment.end + offset
          marks.push({ seq, offset: marked })
        }
        offset += item.bytes
      }
    }
    await writeGroup(file, bytes, segment.end)
    await io.fdatasync(file)
    room.written(length)
    segment.marks.push(...marks)
    segment.end += length
    segment.last = seq
    state.pendingBytes += length
    queuedBytes -= length
    state.head = seq
    state.lastChain = previous
    let first = durable + 1
    for (const { items, resolve } of group) {
      resolve({ first, last: first + items.length - 1 })
      first += items.length
    }
    onCommit()
  }

  /** A full disk is no catastrophe as long as the half-written group can be taken back. */
  const writeGroup = async (file: FileHandle, bytes: Buffer, end: number): Promise<void> => {
    try {
      await writeAll(io, file, bytes, end)
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown
      await io.truncate(file, end)
      throw room.full(thrown)
    }
  }

  const segmentFor = async (length: number): Promise<{ segment: Segment; sync: Buffer; file: FileHandle }> => {
    const last = state.segments.at(-1)
    const fits = last !== undefined && (last.end <= SEGMENT_HEADER_BYTES || last.end + length <= segmentBytes)
    if (continues && fits && last.sync !== null) {
      handle ??= await openFile(last.path, 'r+')
      return { segment: last, sync: last.sync, file: handle }
    }
    try {
      const created = await createSegment(directory, state.head + 1, state.lastChain, io)
      await handle?.close()
      handle = created.handle
      continues = true
      state.segments = [...state.segments, created.segment]
      return { segment: created.segment, sync: created.sync, file: created.handle }
    } catch (thrown) {
      throw isDiskFull(thrown) ? room.full(thrown) : thrown
    }
  }

  return {
    append(items) {
      const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
      queuedBytes += bytes
      return new Promise((resolve, reject) => {
        queue.push({ items, bytes, resolve, reject })
        running ??= run()
      })
    },
    queuedBytes: () => queuedBytes,
    async close() {
      await running
      await handle?.close()
      handle = null
    },
  }
}
