/**
 * Opening a journal that a crash, a power cut or a failing disk may have left behind.
 *
 * Every write group was acknowledged only after its fdatasync; the group after it says so in its `durable` field, and so does
 * the checkpoint. Bytes beyond what is proven so are a write that may not have finished: it is kept as far as it is whole, and
 * cut off from its first flaw on. A flaw before that point is damage to acknowledged data: the file stays as it is, and only
 * the damaged records are left out.
 */
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { syncDirectory } from '../store/disk.ts'
import { type Checkpoint, readCheckpoint } from './journal-checkpoint.ts'
import { decodeChain, GENESIS } from './journal-record.ts'
import {
  type Damage,
  openSegment,
  readAt,
  removeSegment,
  scanSegment,
  type Segment,
  SEGMENT_HEADER_BYTES,
  segmentFirst,
  type SegmentIo,
  writeAll,
} from './journal-segment.ts'

/** The place of a record is remembered about this often: what `pendingBytes` may be off by, and a first read may skip over. */
export const MARK_BYTES = 64 * 1024
const REWRITE_BYTES = 1024 * 1024

export interface Recovered {
  /** Oldest first. */
  segments: Segment[]
  /** Whether the last segment can be appended to. */
  appendable: boolean
  head: number
  lastChain: string
  applied: number
  /** Damage in the last segment; older ones are looked into when they are read. */
  damage: Damage[]
}

export async function recover(directory: string, log: Log, io: SegmentIo): Promise<Recovered> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await rm(join(directory, 'checkpoint.tmp'), { force: true })
  const read = await readCheckpoint(directory)
  const segments = await listSegments(directory, log)
  if (read === 'damaged' || (read === 'missing' && segments.length > 0)) {
    log.warn('journal.checkpoint-lost', { directory, state: read, consequence: 'what the journal still holds is applied again' })
  }
  const start = (segments[0]?.first ?? 1) - 1
  const checkpoint: Checkpoint = typeof read === 'string' ? { applied: start, head: start, chain: segments[0]?.previous ?? GENESIS } : read
  const { applied } = checkpoint
  const last = segments.at(-1)
  if (last === undefined) return { segments, appendable: false, head: checkpoint.head, lastChain: checkpoint.chain, applied, damage: [] }
  const tail = await recoverTail(last, checkpoint.head, log, io)
  // Names that a crash left unsynced are on the disk from here on.
  await syncDirectory(directory)
  const beyond = checkpoint.head >= last.last
  // The newest stays even so: its header carries seq and chain on.
  const needed = segments.filter((segment) => segment === last || segment.last > applied)
  await dropApplied(segments.slice(0, segments.length - needed.length), log)
  return {
    segments: needed,
    appendable: tail.appendable && last.damage === null && checkpoint.head <= last.last,
    head: Math.max(checkpoint.head, last.last),
    lastChain: beyond ? checkpoint.chain : (tail.chain ?? last.previous ?? GENESIS),
    applied,
    damage: tail.damage,
  }
}

/** Deletes segments that are wholly applied. */
export async function dropApplied(dropped: readonly Segment[], log: Log): Promise<void> {
  for (const segment of dropped) {
    try {
      const aside = await removeSegment(segment)
      if (aside !== null)
        log.warn('journal.segment-kept', { segment: aside, why: 'it holds damaged records; delete it when nobody needs them' })
    } catch (thrown) {
      // It is tried again at the next start; until then it only costs space.
      log.warn('journal.segment-kept', { segment: segment.path, why: String(thrown) })
    }
  }
}

async function listSegments(directory: string, log: Log): Promise<Segment[]> {
  const names = (await readdir(directory)).filter((name) => segmentFirst(name) !== null).sort()
  const segments: Segment[] = []
  for (const name of names) {
    const segment = await openSegment(directory, name, segmentFirst(name) ?? 0)
    segment.end = (await stat(segment.path)).size
    if (segment.damage !== null && segment.end <= SEGMENT_HEADER_BYTES && name === names.at(-1)) {
      // The crash came between creating the file and the fsync of its header: no record was ever written behind it.
      await rm(segment.path)
      log.info('journal.segment-unfinished', { segment: segment.path })
      continue
    }
    if (segment.sync === null && name === names.at(-1)) {
      // Neither its header nor its first record can be read, so neither can its end be found. Going on needs a fresh file.
      log.error('journal.corrupt', { segment: await removeSegment(segment), from: segment.first, why: segment.damage })
      continue
    }
    const before = segments.at(-1)
    if (before !== undefined) before.last = segment.first - 1
    segments.push(segment)
  }
  return segments
}

interface Tail {
  appendable: boolean
  /** Of the last whole record; null when there is none. */
  chain: string | null
  damage: Damage[]
}

interface Survey {
  /** The last record that is known to have been durable, or null. */
  proven: Surveyed | null
  /** Whole records behind it: at most one write group. */
  unproven: Surveyed[]
  damage: Damage[]
  /** The first flaw behind what is proven: from there on nothing was acknowledged. */
  flaw: Damage | null
}

interface Surveyed {
  seq: number
  offset: number
  end: number
  lastOfCall: boolean
  chain: string
}

/** Finds the last whole record, cuts off what was never acknowledged behind it, and makes the rest durable. */
async function recoverTail(segment: Segment, acknowledged: number, log: Log, io: SegmentIo): Promise<Tail> {
  const handle = await open(segment.path, 'r+')
  try {
    const { proven, unproven, damage, flaw } = await survey(handle, segment, acknowledged)
    // A call is kept whole or not at all.
    const whole = unproven.slice(0, unproven.findLastIndex(({ lastOfCall }) => lastOfCall) + 1)
    const final = whole.at(-1) ?? proven
    const size = segment.end
    segment.end = unproven[whole.length]?.offset ?? flaw?.offset ?? size
    segment.last = Math.max(final?.seq ?? segment.first - 1, ...damage.map(({ to }) => to))
    segment.damaged ||= damage.length > 0
    while ((segment.marks.at(-1)?.offset ?? 0) > Math.max(segment.end, SEGMENT_HEADER_BYTES)) segment.marks.pop()
    if (segment.end < size) {
      const why = flaw?.damage ?? 'unfinished call'
      log.warn('journal.tail-cut', { segment: segment.path, after: segment.last, bytes: size - segment.end, why })
      await handle.truncate(segment.end)
    }
    await rewrite(handle, proven === null ? 0 : (whole[0]?.offset ?? segment.end), segment.end, io)
    return { appendable: (final?.end ?? SEGMENT_HEADER_BYTES) === segment.end, chain: final?.chain ?? null, damage }
  } finally {
    await handle.close()
  }
}

async function survey(handle: FileHandle, segment: Segment, acknowledged: number): Promise<Survey> {
  let durable = acknowledged
  let proven: Surveyed | null = null
  let unproven: Surveyed[] = []
  const damage: Damage[] = []
  const start = { seq: segment.first, offset: SEGMENT_HEADER_BYTES }
  for await (const entries of scanSegment(handle, segment.sync, start, segment.end, acknowledged)) {
    for (const entry of entries) {
      if (entry.damage !== null) {
        damage.push(entry)
        continue
      }
      const { head, offset, end } = entry
      unproven.push({ seq: head.seq, offset, end, lastOfCall: head.lastOfCall, chain: decodeChain(entry.bytes) })
      const mark = segment.marks.at(-1)
      if (mark !== undefined && offset - mark.offset >= MARK_BYTES) segment.marks.push({ seq: head.seq, offset })
      durable = Math.max(durable, head.durable)
      if ((unproven[0]?.seq ?? 0) > durable) continue
      const until = durable
      proven = unproven.findLast(({ seq }) => seq <= until) ?? proven
      unproven = unproven.filter(({ seq }) => seq > until)
    }
  }
  const flaw = damage.find(({ from }) => from > durable) ?? null
  return {
    proven,
    unproven: flaw === null ? unproven : unproven.filter(({ offset }) => offset < flaw.offset),
    damage: damage.filter(({ from }) => from <= durable),
    flaw,
  }
}

/** After a failed fsync the page cache may hold as clean what the disk never got. Written again, it is dirty again. */
async function rewrite(handle: FileHandle, from: number, to: number, io: SegmentIo): Promise<void> {
  for (let at = from; at < to; at += REWRITE_BYTES) {
    const bytes = await readAt(handle, at, Math.min(REWRITE_BYTES, to - at))
    await writeAll(io, handle, bytes, at)
  }
  await io.fdatasync(handle)
}
