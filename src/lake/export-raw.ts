import { z } from 'zod'
import { instant } from '../clock.ts'
import type { Mysql } from '../store/mysql.ts'
import { noRow, statement } from '../store/statement.ts'
import type { Exporting, OtherTable } from './lake-schema.ts'

/** The tables of raw data that the reference names, and the stream of a connector that tells what belongs there: the views of those names say the same. */
export const RAW_TABLES = [
  ['_raw_github_repos', 'github', 'repositories'],
  ['_raw_github_commits', 'github', 'commits'],
  ['_raw_github_pull_requests', 'github', 'pull_requests'],
  ['_raw_jenkins_builds', 'jenkins', 'builds'],
  ['_raw_jenkins_jobs', 'jenkins', 'jobs'],
  ['_raw_jenkins_test_results', 'jenkins', 'test_results'],
  ['_raw_argocd_applications', 'argocd', 'applications'],
  ['_raw_argocd_syncs', 'argocd', 'syncs'],
  ['_raw_argocd_app_status', 'argocd', 'health'],
] as const

const DAY = 86_400_000
/** The reference keeps raw data for 90 days. */
const KEPT_MS = 90 * DAY
const ROWS = 500
/** A server takes 16 MiB in one packet, where nobody raised it. */
const BYTES = 4 * 1024 * 1024

/** How a row of ours is told from those of others. */
const MARK = '{"fairlead_source":'
const paramsOf = (source: string) => JSON.stringify({ fairlead_source: source }).slice(0, 255)

const rawItem = z.object({ seq: z.coerce.number(), source: z.string(), payload: z.string(), received_at: z.string() })
/** Not from the view, which is FINAL: read page by page, that would begin anew each time. A row that is there twice until parts are merged is written twice, which changes nothing. */
const items = statement({
  name: 'lake.raw',
  sql: `SELECT seq, source, payload, received_at FROM all_raw
WHERE org_id = {org:UUID} AND seq > {after:UInt64} AND connector = {connector:String} AND stream = {stream:String} AND duplicate_of = 0
  AND encoding = 'utf8' AND payload != '' AND received_at >= {since:DateTime64(3)}
ORDER BY seq LIMIT ${ROWS}`,
  row: rawItem,
})
const sourcesOf = statement({
  name: 'lake.raw_sources',
  sql: `SELECT DISTINCT source FROM all_raw WHERE org_id = {org:UUID} AND connector = {connector:String} AND payload != ''`,
  row: z.object({ source: z.string() }),
})
const reached = statement({
  name: 'lake.raw_reached',
  sql: 'select through from fairlead_exports where table_name = {table:varchar}',
  row: z.object({ through: z.number() }),
})
const reach = statement({
  name: 'lake.raw_reach',
  sql: 'update fairlead_exports set through = {through:bigint} where table_name = {table:varchar}',
  row: noRow,
})

/** What the tools said, in the order in which it came: what is new is appended, what is older than 90 days or of a source that is gone goes. */
export function exportRaw(exporting: Exporting): OtherTable[] {
  const { analytics, clock, org, mysql, lease, signal, full } = exporting
  return RAW_TABLES.map(([table, connector, stream]) => ({
    table,
    write: async () => {
      const since = instant(clock.now() - KEPT_MS)
      let after = full ? 0 : ((await mysql.one(reached, { table }))?.through ?? 0)
      let written = 0
      for (;;) {
        signal.throwIfAborted()
        await lease.confirm()
        const found = await analytics.read(items, { org, after, connector, stream, since })
        for (const some of byBytes(found)) {
          const rows = some.map((one) => ({ id: one.seq, params: paramsOf(one.source), data: one.payload, created_at: one.received_at }))
          const columns = { id: 'bigint', params: 'varchar', data: 'text', created_at: 'datetime' }
          await mysql.transaction(async (tx) => {
            await tx.write({ name: table, columns }, rows)
            await tx.query(reach, { table, through: some.at(-1)?.seq ?? after })
          })
        }
        written += found.length
        exporting.progress(written, written, table)
        after = found.at(-1)?.seq ?? after
        if (found.length < ROWS) break
      }
      const known = (await analytics.read(sourcesOf, { org, connector })).map((one) => paramsOf(one.source))
      const removed = await removeFrom(mysql, table, { since, known })
      const count = statement({
        name: 'lake.raw_count',
        sql: `select count(*) as n from ${table} where params like '${MARK}%'`,
        row: z.object({ n: z.number() }),
      })
      return { rows: (await mysql.one(count))?.n ?? 0, written, removed }
    },
  }))
}

function* byBytes(found: readonly z.infer<typeof rawItem>[]): Generator<z.infer<typeof rawItem>[]> {
  let [some, bytes]: [z.infer<typeof rawItem>[], number] = [[], 0]
  for (const one of found) {
    if (some.length > 0 && bytes + one.payload.length > BYTES) {
      yield some
      ;[some, bytes] = [[], 0]
    }
    some.push(one)
    bytes += one.payload.length
  }
  if (some.length > 0) yield some
}

async function removeFrom(mysql: Mysql, table: string, { since, known }: { since: string; known: readonly string[] }): Promise<number> {
  const where = `params like '${MARK}%' and (created_at < {since:datetime} or params not in ({known:varchar[]}))`
  // `not in (null)` would be true of nothing.
  const given = { since, known: known.length === 0 ? [''] : known }
  const gone = await mysql.query(
    statement({ name: 'lake.raw_gone', sql: `select id from ${table} where ${where}`, row: z.object({ id: z.number() }) }),
    given,
  )
  if (gone.length > 0)
    await mysql.query(statement({ name: 'lake.raw_remove', sql: `delete from ${table} where ${where}`, row: noRow }), given)
  return gone.length
}
