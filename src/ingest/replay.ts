import { z } from 'zod'
import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'
import { applyBatch, type Change, type ConfigOf } from './apply.ts'
import type { JournalRecord } from './journal.ts'

const page = statement({
  name: 'replay.page',
  sql: `SELECT seq, source, connector, stream, id, at, received_at, payload, encoding, lower(hex(digest)) AS digest, lower(hex(chain)) AS chain
FROM all_raw FINAL
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND duplicate_of = 0 AND payload != '' AND received_at <= {until:DateTime64(3)}
ORDER BY seq LIMIT {limit:UInt32}`,
  row: z.object({
    seq: z.coerce.number(),
    source: z.string(),
    connector: z.string(),
    stream: z.string(),
    id: z.string(),
    at: z.string().nullable(),
    received_at: z.string(),
    payload: z.string(),
    encoding: z.enum(['utf8', 'base64']),
    digest: z.string(),
    chain: z.string(),
  }),
})

const PAGE = 10_000

/** Reads the raw log again with today's code, up to a moment of receipt, into the domain of `into`. Returns what that changed. */
export async function replay(
  parts: { analytics: Analytics; registry: Registry; configOf: ConfigOf; log: Log },
  from: { org: string; until: string },
  into: string,
): Promise<Change[]> {
  const changes: Change[] = []
  const configOf: ConfigOf = (_org, source, connector) => parts.configOf(from.org, source, connector)
  for (let after = 0; ;) {
    const rows = await parts.analytics.readAsWriter(page, { org: from.org, after, until: from.until, limit: PAGE })
    const last = rows.at(-1)
    if (last === undefined) return changes
    const records = rows.map(({ payload, encoding, ...row }): JournalRecord => ({
      ...row,
      org: into,
      headers: null,
      payload: Buffer.from(payload, encoding),
    }))
    const applied = await applyBatch({ ...parts, configOf, domainOnly: true }, records)
    changes.push(...applied.changes.values())
    after = last.seq
  }
}
