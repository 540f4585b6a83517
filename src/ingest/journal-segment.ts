/**
 * A segment: one file of the journal, named after its first seq, `0000000000000001.journal`. Numbers are little-endian.
 *
 *   offset  size  field
 *        0     8  "FLJOURNL"
 *        8     1  version         1
 *        9     7  zero
 *       16     8  first seq
 *       24     8  sync            random; begins every record of this segment
 *       32    32  chain           of the last record before this segment
 *       64     4  CRC-32 of bytes 0 … 63
 *       68     …  records, one after the other (journal-record.ts)
 */
import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { directoryError, isDiskFull, syncDirectory } from '../store/disk.ts'
import { bodyHolds, decodeHead, type Head, HEAD_BYTES, newerJournal, readSeq, SYNC_BYTES, writeSeq } from './journal-record.ts'

export const SEGMENT_HEADER_BYTES = 68
const MAGIC = Buffer.from('FLJOURNL')
const VERSION = 1
const NAME = /^(\d{16})\.journal$/
/** 256 KiB reads about as fast as 1 MiB and throws less away when a batch ends. */
const CHUNK_BYTES = 256 * 1024

/** The record `seq` begins at `offset`. */
export interface Mark {
  seq: number
  offset: number
}

export interface Segment {
  readonly path: string
  readonly first: number
  /** Null when the header is damaged and the first record does not give it away either. */
  readonly sync: Buffer | null
  /** Chain before `first`; null when the header is damaged. */
  readonly previous: string | null
  /** What is wrong with the header. */
  readonly damage: string | null
  /** The highest durable seq of this segment; `first - 1` while it is empty. */
  last: number
  /** End of the durable bytes. What lies behind is being written and belongs to nobody yet. */
  end: number
  /** Every so often the place of a record, ascending; the first one is always there. */
  readonly marks: Mark[]
  /** Set when a damaged record was seen: such a file is kept when its turn to be deleted comes. */
  damaged: boolean
}

export interface Found {
  readonly damage: null
  readonly head: Head
  /** The whole record, a view of a chunk. */
  readonly bytes: Buffer
  readonly offset: number
  readonly end: number
}

/** Seqs `from` to `to` cannot be read; none when `to < from` (stray bytes). */
export interface Damage {
  readonly damage: string
  readonly from: number
  readonly to: number
  readonly offset: number
  readonly end: number
}

export function segmentFirst(name: string): number | null {
  const first = NAME.exec(name)?.[1]
  return first === undefined ? null : Number(first)
}

function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.journal`
}

/** What `createSegment` does to the disk, in the order it does it. */
export interface SegmentIo {
  write(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number>
  fdatasync(handle: FileHandle): Promise<void>
}

/** A new, empty segment whose header and name survive a power cut before the first record is written. */
export async function createSegment(
  directory: string,
  first: number,
  previous: string,
  io: SegmentIo,
): Promise<{ segment: Segment; sync: Buffer; handle: FileHandle }> {
  const path = join(directory, segmentName(first))
  const sync = randomBytes(SYNC_BYTES)
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  MAGIC.copy(header)
  header[8] = VERSION
  writeSeq(header, first, 16)
  sync.copy(header, 24)
  header.write(previous, 32, 'hex')
  header.writeUInt32LE(crc32(header.subarray(0, 64)), 64)
  const handle = await openFile(path, 'wx+')
  try {
    await writeAll(io, handle, header, 0)
    await io.fdatasync(handle)
    await syncDirectory(directory)
  } catch (thrown) {
    await handle.close()
    await rm(path, { force: true })
    throw thrown
  }
  return { segment: emptySegment(path, first, sync, previous, null), sync, handle }
}

/** Too many open files, a wrong owner and the like: the disk is well, so the journal may go on once that is mended. */
export async function openFile(path: string, flags: 'wx+' | 'r+'): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600)
  } catch (thrown) {
    throw isDiskFull(thrown) ? thrown : directoryError(thrown, path)
  }
}

export async function writeAll(io: SegmentIo, handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const count = await io.write(handle, bytes.subarray(written), position + written)
    if (count <= 0) throw Object.assign(new Error('the disk took no bytes'), { code: 'EIO' })
    written += count
  }
}

/** An existing file. `end` and `last` are for the caller to find out. */
export async function openSegment(directory: string, name: string, first: number): Promise<Segment> {
  const path = join(directory, name)
  const handle = await open(path, 'r')
  try {
    const { sync, previous, damage } = await readHeader(handle, first)
    return emptySegment(path, first, sync, previous, damage)
  } finally {
    await handle.close()
  }
}

export async function readHeader(handle: FileHandle, first: number): Promise<Pick<Segment, 'sync' | 'previous' | 'damage'>> {
  const start = await readAt(handle, 0, SEGMENT_HEADER_BYTES + HEAD_BYTES)
  const header = start.subarray(0, SEGMENT_HEADER_BYTES)
  const damage = headerDamage(header, first)
  if (damage === null) {
    const version = header[8] ?? 0
    if (version !== VERSION) throw newerJournal(version)
    return { sync: Buffer.from(header.subarray(24, 32)), previous: header.toString('hex', 32, 64), damage }
  }
  // The first record begins with the sync too, and its own CRC says whether to believe it.
  const sync = Buffer.from(start.subarray(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + SYNC_BYTES))
  const known = sync.length === SYNC_BYTES && decodeHead(start, SEGMENT_HEADER_BYTES, sync) !== null
  return { sync: known ? sync : null, previous: null, damage }
}

/** Deletes a segment; one with damaged records is evidence and gets another name instead. Gives back the name it is kept under. */
export async function removeSegment(segment: Segment): Promise<string | null> {
  if (!segment.damaged && segment.damage === null) {
    await rm(segment.path, { force: true })
    return null
  }
  const kept = `${segment.path}.corrupt`
  await rename(segment.path, kept)
  return kept
}

/**
 * Walks over the records from `start` to `end`, some at a time, in the order of the file. `last` is the seq the segment is
 * known to reach: what cannot be found up to there is reported as damage.
 */
export async function* scanSegment(
  handle: FileHandle,
  sync: Buffer | null,
  start: Mark,
  end: number,
  last: number,
): AsyncGenerator<(Found | Damage)[]> {
  let { seq: expected, offset: at } = start
  let chunk: Buffer = Buffer.alloc(0)
  let base = at
  let entries: (Found | Damage)[] = []
  const inChunk = (length: number): boolean => at + length <= base + chunk.length
  while (at < end) {
    if (!inChunk(HEAD_BYTES)) {
      if (entries.length > 0) yield entries
      entries = []
      chunk = await readAt(handle, at, Math.min(CHUNK_BYTES, end - at))
      base = at
    }
    const head = sync === null ? null : decodeHead(chunk, at - base, sync)
    if (sync === null || head === null) {
      const next = sync === null ? null : await searchHead(handle, sync, at + 1, end, expected)
      const to = next === null ? last : next.head.seq - 1
      entries.push({ damage: 'unreadable head', from: expected, to, offset: at, end: next?.offset ?? end })
      expected = Math.max(expected, to + 1)
      at = next?.offset ?? end
      continue
    }
    if (at + head.bytes > end) {
      entries.push({ damage: 'cut short', from: expected, to: last, offset: at, end })
      expected = Math.max(expected, last + 1)
      break
    }
    if (!inChunk(head.bytes)) {
      if (entries.length > 0) yield entries
      entries = []
      chunk = await readAt(handle, at, Math.min(Math.max(CHUNK_BYTES, head.bytes), end - at))
      base = at
    }
    const after = at + head.bytes
    const bytes = chunk.subarray(at - base, after - base)
    if (head.seq < expected) {
      entries.push({ damage: 'out of order', from: expected, to: expected - 1, offset: at, end: after })
    } else {
      if (head.seq > expected) entries.push({ damage: 'missing', from: expected, to: head.seq - 1, offset: at, end: at })
      if (bodyHolds(bytes, head)) entries.push({ damage: null, head, bytes, offset: at, end: after })
      else entries.push({ damage: 'checksum differs', from: head.seq, to: head.seq, offset: at, end: after })
      expected = head.seq + 1
    }
    at = after
  }
  if (expected <= last) entries.push({ damage: 'missing', from: expected, to: last, offset: end, end })
  if (entries.length > 0) yield entries
}

/** The next head at or after `from` that holds and does not go back in seq. */
async function searchHead(
  handle: FileHandle,
  sync: Buffer,
  from: number,
  end: number,
  expected: number,
): Promise<{ offset: number; head: Head } | null> {
  for (let base = from; base < end;) {
    const bytes = await readAt(handle, base, Math.min(CHUNK_BYTES, end - base))
    for (let hit = bytes.indexOf(sync); hit >= 0; hit = bytes.indexOf(sync, hit + 1)) {
      const head = decodeHead(bytes, hit, sync)
      if (head !== null && head.seq >= expected) return { offset: base + hit, head }
    }
    if (base + bytes.length >= end || bytes.length < HEAD_BYTES) return null
    // The next chunk overlaps, so that a head across the border is seen whole.
    base += bytes.length - HEAD_BYTES + 1
  }
  return null
}

/** Fewer bytes than asked for only when the file is shorter. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, length))
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

function headerDamage(header: Buffer, first: number): string | null {
  if (header.length < SEGMENT_HEADER_BYTES) return 'the segment header is cut short'
  if (!header.subarray(0, 8).equals(MAGIC)) return 'the segment header has no magic'
  if (crc32(header.subarray(0, 64)) !== header.readUInt32LE(64)) return 'the checksum of the segment header differs'
  const found = readSeq(header, 16)
  return found === first ? null : `the segment header says it begins at ${found}`
}

function emptySegment(path: string, first: number, sync: Buffer | null, previous: string | null, damage: string | null): Segment {
  return {
    path,
    first,
    sync,
    previous,
    damage,
    last: first - 1,
    end: SEGMENT_HEADER_BYTES,
    marks: [{ seq: first, offset: SEGMENT_HEADER_BYTES }],
    damaged: damage !== null,
  }
}
