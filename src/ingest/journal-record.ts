/**
 * One record of the journal as bytes. Numbers are little-endian.
 *
 *   offset  size  field
 *        0     8  sync            random bytes of the segment, so that no payload can imitate a record
 *        8     1  version         1
 *        9     1  flags           bit 0: the last item of its append call
 *       10     2  zero
 *       12     4  meta length     m
 *       16     4  payload length  p
 *       20     8  seq             below 2^53
 *       28     8  durable         the highest seq that was on disk for certain when this record was written
 *       36     4  CRC-32 of bytes 44 … 108+m+p
 *       40     4  CRC-32 of bytes 0 … 39
 *       44    32  digest          SHA-256 of the payload
 *       76    32  chain           chainHash(chain of the record before, this record)
 *      108     m  meta            JSON [org, source, connector, stream, id, at, received_at, headers]
 *    108+m     p  payload
 *
 * The head has a CRC of its own: while it holds, a reader hops over a damaged body by its length; when it does not, the reader
 * searches for the next sync with a head that holds. `durable` tells a write that never finished (to be cut off) from one that
 * was acknowledged and damaged later (to be reported).
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AppError } from '../errors.ts'

export interface JournalItem {
  org: string
  source: string
  connector: string
  stream: string
  id: string
  at: string | null
  received_at: string
  headers: Record<string, string> | null
  /** Must not change before `append` has settled. */
  payload: Uint8Array
}

export interface JournalRecord extends JournalItem {
  seq: number
  /** SHA-256 of the payload, hexadecimal. */
  digest: string
  chain: string
}

export type ChainHead = Pick<JournalRecord, 'seq' | 'org' | 'source' | 'connector' | 'stream' | 'id' | 'at' | 'received_at' | 'digest'>

export const GENESIS = '0'.repeat(64)
export const SYNC_BYTES = 8
export const HEAD_BYTES = 44
const META_AT = 108
/** Far above the 26 MB that an HTTP body may have; keeps a reader's buffer bounded. */
const RECORD_BYTES_MAX = 128 * 1024 * 1024
const VERSION = 1
const LAST_OF_CALL = 1

/**
 * Links a record to the one before it. Every text goes in with its length in front, so that no two records read the same; a
 * lone surrogate counts as U+FFFD, which is what any UTF-8 store makes of it, so a chain walked over stored rows still holds.
 */
export function chainHash(previous: string, head: ChainHead): string {
  return link(previous, head.seq, chainText(head, head.digest))
}

function link(previous: string, seq: number, text: string): string {
  return hash('sha256', `${previous}|${seq}${text}`)
}

function chainText({ org, source, connector, stream, id, at, received_at }: Omit<ChainHead, 'seq' | 'digest'>, digest: string): string {
  let line = ''
  for (const text of [org, source, connector, stream, id, at, received_at, digest]) line += text === null ? '|-' : `|${text.length}:${text}`
  return line
}

/** An item with all that can be computed, and all that can fail, before its place in the journal is known. */
export interface Prepared {
  readonly payload: Uint8Array
  readonly digest: string
  readonly chainText: string
  readonly meta: string
  readonly metaBytes: number
  readonly bytes: number
}

export function prepare(item: JournalItem): Prepared {
  const meta = JSON.stringify([item.org, item.source, item.connector, item.stream, item.id, item.at, item.received_at, item.headers])
  const metaBytes = Buffer.byteLength(meta)
  const bytes = META_AT + metaBytes + item.payload.byteLength
  if (bytes > RECORD_BYTES_MAX) {
    throw new AppError('too-large', `An item of ${bytes} bytes is more than the journal takes (${RECORD_BYTES_MAX}).`, {
      help: 'Send it in smaller parts.',
      detail: { bytes, limit: RECORD_BYTES_MAX },
    })
  }
  const digest = hash('sha256', item.payload)
  return { payload: item.payload, digest, chainText: chainText(item, digest), meta, metaBytes, bytes }
}

export interface Place {
  sync: Buffer
  seq: number
  durable: number
  lastOfCall: boolean
  /** Chain of the record before. */
  previous: string
}

/** Writes one record into `into` at `offset` and gives back its chain. */
export function encode(into: Buffer, offset: number, prepared: Prepared, place: Place): string {
  const { payload, digest, meta, metaBytes, bytes } = prepared
  const chain = link(place.previous, place.seq, prepared.chainText)
  into.set(place.sync, offset)
  into[offset + 8] = VERSION
  into[offset + 9] = place.lastOfCall ? LAST_OF_CALL : 0
  into.writeUInt16LE(0, offset + 10)
  into.writeUInt32LE(metaBytes, offset + 12)
  into.writeUInt32LE(payload.byteLength, offset + 16)
  writeSeq(into, place.seq, offset + 20)
  writeSeq(into, place.durable, offset + 28)
  into.write(digest, offset + HEAD_BYTES, 'hex')
  into.write(chain, offset + 76, 'hex')
  into.write(meta, offset + META_AT, 'utf8')
  into.set(payload, offset + META_AT + metaBytes)
  into.writeUInt32LE(crc32(into.subarray(offset + HEAD_BYTES, offset + bytes)), offset + 36)
  into.writeUInt32LE(crc32(into.subarray(offset, offset + 40)), offset + 40)
  return chain
}

export interface Head {
  seq: number
  durable: number
  lastOfCall: boolean
  metaBytes: number
  /** Of the whole record. */
  bytes: number
  bodyCrc: number
}

/** The head at `offset`, or null when there is none that holds. */
export function decodeHead(from: Buffer, offset: number, sync: Buffer): Head | null {
  if (offset + HEAD_BYTES > from.length) return null
  if (from.compare(sync, 0, SYNC_BYTES, offset, offset + SYNC_BYTES) !== 0) return null
  if (crc32(from.subarray(offset, offset + 40)) !== from.readUInt32LE(offset + 40)) return null
  const version = from[offset + 8]
  if (version !== VERSION) throw newerJournal(version ?? 0)
  const metaBytes = from.readUInt32LE(offset + 12)
  return {
    seq: readSeq(from, offset + 20),
    durable: readSeq(from, offset + 28),
    lastOfCall: (from.readUInt8(offset + 9) & LAST_OF_CALL) !== 0,
    metaBytes,
    bytes: META_AT + metaBytes + from.readUInt32LE(offset + 16),
    bodyCrc: from.readUInt32LE(offset + 36),
  }
}

/** `record` are the bytes of the whole record. */
export function bodyHolds(record: Buffer, head: Head): boolean {
  return crc32(record.subarray(HEAD_BYTES, head.bytes)) === head.bodyCrc
}

/** Of a record whose body holds. The payload is a view of `record`, not a copy. */
export function decodeBody(record: Buffer, head: Head): JournalRecord {
  const payloadAt = META_AT + head.metaBytes
  const [org, source, connector, stream, id, at, received_at, headers] = JSON.parse(record.toString('utf8', META_AT, payloadAt)) as Meta
  return {
    seq: head.seq,
    org,
    source,
    connector,
    stream,
    id,
    at,
    received_at,
    headers,
    payload: record.subarray(payloadAt, head.bytes),
    digest: record.toString('hex', HEAD_BYTES, 76),
    chain: decodeChain(record),
  }
}

export function decodeChain(record: Buffer): string {
  return record.toString('hex', 76, META_AT)
}

/** A 64-bit number in two halves: BigInt costs an allocation per record. */
export function writeSeq(into: Buffer, seq: number, offset: number): void {
  into.writeUInt32LE(seq % 0x1_0000_0000, offset)
  into.writeUInt32LE(Math.floor(seq / 0x1_0000_0000), offset + 4)
}

export function readSeq(from: Buffer, offset: number): number {
  return from.readUInt32LE(offset + 4) * 0x1_0000_0000 + from.readUInt32LE(offset)
}

export function newerJournal(version: number): AppError {
  return new AppError('schema-newer', `The journal was written by a newer Fairlead (format ${version}, this one reads ${VERSION}).`, {
    help: 'Start the newer version again; going back needs a backup that was made before the upgrade.',
  })
}

type Meta = [
  org: string,
  source: string,
  connector: string,
  stream: string,
  id: string,
  at: string | null,
  received_at: string,
  headers: Record<string, string> | null,
]
