/** Reads durable records in order, leaving out damaged ones and saying so once. */
import { open, type FileHandle } from 'node:fs/promises'
import { systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { decodeBody, type JournalRecord } from './journal-record.ts'
import { type Damage, scanSegment, type Segment } from './journal-segment.ts'
import type { JournalState } from './journal-writer.ts'

export interface Reader {
  read(after: number, limit: { records: number; bytes: number }): Promise<JournalRecord[]>
  /** The seq from which on something may be readable: `after`, or the end of the damage that follows it. */
  past(after: number): number
  /** Unapplied bytes, exact but for the distance between two marks. */
  pendingBytes(applied: number): number
  report(path: string | null, damage: Pick<Damage, 'damage' | 'from' | 'to'>): void
  /** The damage met so far, as a sentence, or null. */
  damage(): string | null
}

/** Places where a reader stopped, so that the next read of a follower begins there. Several followers may take turns. */
const CURSORS = 8

export function journalReader(state: JournalState, log: Log): Reader {
  const cursors = new Map<number, { segment: Segment; offset: number }>()
  /** By their first seq; disjoint but for repetition. */
  const damaged = new Map<number, { from: number; to: number }>()

  const report: Reader['report'] = (path, { damage, from, to }) => {
    if (to < from || (damaged.get(from)?.to ?? 0) >= to) return
    damaged.set(from, { from, to })
    log.error('journal.corrupt', { segment: path, from, to, why: damage, consequence: 'these records are left out, the rest is served' })
  }

  const startOf = (segment: Segment, seq: number): { seq: number; offset: number } => {
    const cursor = cursors.get(seq)
    if (cursor?.segment === segment) return { seq, offset: cursor.offset }
    return segment.marks.findLast((mark) => mark.seq <= seq) ?? { seq: segment.first, offset: segment.end }
  }

  /** Collects into `records` and gives back the next seq to look for. */
  const readSegment = async (
    segment: Segment,
    handle: FileHandle,
    next: number,
    take: (record: JournalRecord, bytes: number) => boolean,
  ): Promise<number> => {
    let seq = next
    let offset: number | null = null
    for await (const entries of scanSegment(handle, segment.sync, startOf(segment, next), segment.end, segment.last)) {
      for (const entry of entries) {
        if (entry.damage !== null) {
          segment.damaged = true
          report(segment.path, entry)
          seq = Math.max(seq, entry.to + 1)
        } else if (entry.head.seq >= seq) {
          if (!take(decodeBody(entry.bytes, entry.head), entry.head.bytes)) {
            remember(seq, segment, entry.offset)
            return seq
          }
          seq = entry.head.seq + 1
        }
        offset = entry.end
      }
    }
    if (offset !== null) remember(seq, segment, offset)
    return seq
  }

  const remember = (seq: number, segment: Segment, offset: number): void => {
    cursors.delete(seq)
    cursors.set(seq, { segment, offset })
    const [oldest] = cursors.keys()
    if (cursors.size > CURSORS && oldest !== undefined) cursors.delete(oldest)
  }

  return {
    report,
    async read(after, limit) {
      const records: JournalRecord[] = []
      const batch = { bytes: 0, full: false }
      // One record always goes, however large, or a reader with a small limit would stand still before it.
      const take = (record: JournalRecord, size: number): boolean => {
        batch.full = records.length > 0 && (records.length >= limit.records || batch.bytes + size > limit.bytes)
        if (batch.full) return false
        records.push(record)
        batch.bytes += size
        return true
      }
      const { head } = state
      let next = after + 1
      while (!batch.full && next <= head) {
        const segment = state.segments.find(({ last }) => last >= next)
        const from = segment?.first ?? head + 1
        if (from > next) {
          report(null, { damage: 'segment missing', from: next, to: from - 1 })
          next = from
        }
        if (segment === undefined) break
        const handle = await openIfThere(segment.path)
        // A checkpoint may have deleted it between the look at the list and the opening.
        if (handle === null && !state.segments.includes(segment)) continue
        if (handle === null) {
          segment.damaged = true
          report(segment.path, { damage: 'segment missing', from: next, to: segment.last })
          next = segment.last + 1
          continue
        }
        try {
          next = await readSegment(segment, handle, next, take)
        } finally {
          await handle.close()
        }
      }
      return records
    },
    past(after) {
      let seq = after
      const ranges = [...damaged.values()].sort((a, b) => a.from - b.from)
      for (const { from, to } of ranges) if (from <= seq + 1) seq = Math.max(seq, to)
      return seq
    },
    pendingBytes(applied) {
      let bytes = 0
      for (const segment of state.segments) {
        if (segment.last > applied) bytes += segment.end - startOf(segment, Math.max(applied + 1, segment.first)).offset
      }
      return bytes
    },
    damage() {
      if (damaged.size === 0) return null
      const ranges = [...damaged.values()].sort((a, b) => a.from - b.from)
      const seqs = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`))
      return `Records of the journal are damaged and left out: seq ${seqs.slice(0, 20).join(', ')}${seqs.length > 20 ? ' …' : ''}.`
    },
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}
