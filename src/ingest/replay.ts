import type { Log } from '../log.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { RAW_LOG_COLUMNS, rawLogRow } from '../store/raw-log.ts'
import { statement } from '../store/statement.ts'
import { applyBatch, type Change, type ConfigOf } from './apply.ts'
import type { JournalRecord } from './journal.ts'

const page = statement({
  name: 'replay.page',
  sql: `SELECT ${RAW_LOG_COLUMNS} FROM all_raw FINAL
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND duplicate_of = 0 AND payload != '' AND received_at <= {until:DateTime64(3)}
ORDER BY seq LIMIT {limit:UInt32}`,
  row: rawLogRow,
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
