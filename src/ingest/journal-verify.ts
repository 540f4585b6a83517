/** Reads every segment on the disk again and checks all there is to check: checksums, seq, digests and the chain. */
import { hash } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { readCheckpoint } from './journal-checkpoint.ts'
import { chainHash, decodeBody } from './journal-record.ts'
import { readHeader, scanSegment, type Segment, SEGMENT_HEADER_BYTES } from './journal-segment.ts'
import type { JournalState } from './journal-writer.ts'

export interface Verification {
  records: number
  first: number
  last: number
  problems: string[]
}

export async function verifyJournal(directory: string, state: JournalState): Promise<Verification> {
  // Taken in one go: what is appended meanwhile belongs to the next verification.
  const { head, lastChain } = state
  const segments = state.segments.map((segment) => ({ segment, end: segment.end, last: segment.last }))
  const result: Verification = { records: 0, first: 0, last: 0, problems: [] }
  let chain: string | null = segments[0]?.segment.previous ?? null
  let expected = segments[0]?.segment.first ?? head + 1
  for (const { segment, end, last } of segments) {
    const note = problems(segment, result)
    if (segment.first > expected) note(`the segment before it is missing, seq ${expected} to ${segment.first - 1}`)
    if (segment.first !== expected) chain = null
    try {
      chain = await verifySegment(segment, end, last, chain, result)
    } catch (thrown) {
      // Applied and deleted since the list was taken.
      if (!state.segments.includes(segment)) continue
      note(String(thrown))
      chain = null
    }
    expected = last + 1
  }
  if (expected <= head) result.problems.push(`seq ${expected} to ${head} are missing at the end`)
  else if (chain !== null && chain !== lastChain) result.problems.push('the chain does not end where the journal says it does')
  if ((await readCheckpoint(directory)) === 'damaged')
    result.problems.push('checkpoint: damaged; at the next start everything still here is applied again')
  for (const name of await readdir(directory)) {
    if (name.endsWith('.corrupt'))
      result.problems.push(`${name}: holds damaged records and was set aside; delete it when nobody needs them`)
  }
  return result
}

/** Gives back the chain after the segment; null when damage hides it. */
async function verifySegment(
  segment: Segment,
  end: number,
  last: number,
  before: string | null,
  result: Verification,
): Promise<string | null> {
  const note = problems(segment, result)
  const handle = await open(segment.path, 'r')
  try {
    const header = await readHeader(handle, segment.first)
    if (header.damage !== null) note(header.damage)
    let chain = header.previous
    if (chain !== null && before !== null && chain !== before) note('the chain does not go on from the segment before')
    chain ??= before
    for await (const entries of scanSegment(
      handle,
      header.sync ?? segment.sync,
      { seq: segment.first, offset: SEGMENT_HEADER_BYTES },
      end,
      last,
    )) {
      for (const entry of entries) {
        if (entry.damage !== null) {
          note(
            `${entry.damage}, ${entry.to < entry.from ? `before seq ${entry.from}` : `seq ${entry.from} to ${entry.to}`} (byte ${entry.offset})`,
          )
          chain = null
          continue
        }
        const record = decodeBody(entry.bytes, entry.head)
        if (hash('sha256', record.payload) !== record.digest) note(`seq ${record.seq}: the payload does not match its digest`)
        if (chain !== null && chainHash(chain, record) !== record.chain) note(`seq ${record.seq}: the chain is broken`)
        chain = record.chain
        result.records += 1
        if (result.first === 0) result.first = record.seq
        result.last = record.seq
      }
    }
    return chain
  } finally {
    await handle.close()
  }
}

function problems(segment: Segment, result: Verification): (what: string) => void {
  return (what) => result.problems.push(`${basename(segment.path)}: ${what}`)
}
