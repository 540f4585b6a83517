import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRemoved } from '../ingest/remove.ts'
import { chainHash, GENESIS, type Journal } from '../ingest/journal.ts'
import type { Analytics } from '../store/analytics.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { statement } from '../store/statement.ts'

const page = statement({
  name: 'verify.page',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL WHERE seq > {after:UInt64} AND seq <= {until:UInt64} ORDER BY seq LIMIT {limit:UInt32}`,
  row: rawLogRow,
})

const PAGE = 20_000
const NAMED = 100

export interface ChainVerification {
  /** Records of the raw log whose place in the chain was checked. */
  readonly records: number
  readonly journal: { readonly records: number }
  /** The first hundred, as sentences; empty when the chain is whole. */
  readonly problems: string[]
}

/**
 * Walks the hash chain: first the segments of the journal that are still on disk, then the raw log from its first record to what the
 * applier has brought in. A changed, missing or inserted record breaks the chain at its number; a changed payload no longer has its digest.
 */
export async function verifyChain(parts: {
  journal: Journal
  analytics: Analytics
  quarantineDirectory: string
}): Promise<ChainVerification> {
  const { journal, analytics } = parts
  const segments = await journal.verify()
  const problems = [...segments.problems]
  const say = (problem: string) => {
    if (problems.length < NAMED) problems.push(problem)
  }
  const until = journal.applied
  let previous = GENESIS
  let last = 0
  let records = 0
  for (;;) {
    const rows = await analytics.readAsWriter(page, { after: last, until, limit: PAGE })
    if (rows.length === 0) break
    for (const row of rows) {
      while (last + 1 < row.seq) {
        const chain = await chainOfQuarantined(parts.quarantineDirectory, last + 1)
        if (chain === null) {
          say(`records ${last + 1} to ${row.seq - 1} are missing from the raw log`)
          previous = ''
          last = row.seq - 1
          break
        }
        previous = chain
        last++
      }
      // After a hole the record itself says where the chain stands; the hole is a problem already.
      if (previous !== '' && chainHash(previous, row) !== row.chain)
        say(`record ${row.seq} (${row.source}/${row.stream} ${row.id}) does not follow from the one before it`)
      const emptied = row.duplicate_of !== 0 || isRemoved(row.problem)
      if (!emptied && createHash('sha256').update(Buffer.from(row.payload, row.encoding)).digest('hex') !== row.digest) {
        say(`record ${row.seq} (${row.source}/${row.stream} ${row.id}) no longer has the content that was received`)
      }
      previous = row.chain
      last = row.seq
      records++
    }
  }
  if (last < until) say(`records ${last + 1} to ${until} are missing from the raw log`)
  return { records, journal: { records: segments.records }, problems }
}

/** A record that the store refused stands as a file of its own; its place in the chain is there. */
async function chainOfQuarantined(directory: string, seq: number): Promise<string | null> {
  try {
    return (JSON.parse(await readFile(join(directory, `${seq}.json`), 'utf8')) as { chain: string }).chain
  } catch {
    return null
  }
}
