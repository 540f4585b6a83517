import { z } from 'zod'
import { mailmapGroups, type MailmapGroup } from '../../domain/mailmap.ts'
import { email, identityOf, named, type SeenIdentity } from '../../domain/person.ts'
import type { Analytics } from '../store/analytics.ts'
import { statement } from '../store/statement.ts'

/** Where people are named: the table, the column, the moment, and whether the tool says that it is a program. */
const NAMED = [
  ['changes', 'author', 'created_at', 'author_is_bot'],
  ['changes', 'merged_by', 'ifNull(merged_at, created_at)', 'false'],
  ['reviews', 'author', 'at', 'author_is_bot'],
  ['deployments', 'actor', 'at', 'false'],
  ['builds', 'actor', 'at', 'false'],
  ['releases', 'author', 'ifNull(published_at, received_at)', 'false'],
  ['work_items', 'assignee', 'created_at', 'false'],
  ['work_items', 'reporter', 'created_at', 'false'],
  ['transitions', 'actor', 'at', 'false'],
  ['worklogs', 'author', 'started_at', 'false'],
] as const

const among = (table: string) => `FROM all_${table} WHERE org_id = {org:UUID} AND raw_seq > {since:UInt64} AND is_deleted = 0`

/**
 * Everybody whom rows name that were told by records after `since`. Without FINAL: who was named by an older version of a row was seen, too.
 */
const seenPeople = statement({
  name: 'people.seen',
  sql: `SELECT 'commit' AS told, '' AS source, lower(author_email) AS value, author_name AS name,
  min(authored_at) AS first_seen, max(authored_at) AS last_seen, false AS is_bot
${among('commits')} GROUP BY value, name
${NAMED.map(
  ([table, column, at, isBot]) => `UNION ALL
SELECT '${table}' AS told, toString(source) AS source, assumeNotNull(toString(${column})) AS value, '' AS name,
  min(${at}) AS first_seen, max(${at}) AS last_seen, max(${isBot}) AS is_bot
${among(table)} AND ${column} IS NOT NULL AND ${column} != '' GROUP BY source, value`,
).join('\n')}`,
  row: z.object({
    told: z.string(),
    source: z.string(),
    value: z.string(),
    name: z.string(),
    first_seen: z.string(),
    last_seen: z.string(),
    is_bot: z.coerce.boolean(),
  }),
})

/** As identities; `providerOf` says which tool a source is. A commit may claim any date, so none is later than `now`. */
export async function readSeen(
  analytics: Analytics,
  org: string,
  { since, now, providerOf }: { since: number; now: string; providerOf(source: string): string },
): Promise<SeenIdentity[]> {
  const rows = await analytics.read(seenPeople, { org, since })
  return rows.flatMap(({ told, source, value, name, first_seen, last_seen, is_bot }) => {
    const isAddress = value.trim() !== ''
    const identity = told !== 'commit' ? identityOf(providerOf(source), value) : isAddress ? email(value) : identityOf('git', name)
    if (identity === null) return []
    const display = told === 'commit' ? named(name).value : ''
    const moment = (at: string) => (at > now ? now : at)
    return [{ ...identity, display: display === '' ? null : display, first_seen: moment(first_seen), last_seen: moment(last_seen), is_bot }]
  })
}

const mailmaps = statement({
  name: 'people.mailmaps',
  sql: `SELECT repository, old_email, old_name, name, email, raw_seq > {since:UInt64} AS is_new
FROM all_mailmap_entries FINAL WHERE org_id = {org:UUID} ORDER BY repository, old_email, old_name`,
  row: z.object({
    repository: z.string(),
    old_email: z.string(),
    old_name: z.string(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    is_new: z.coerce.boolean(),
  }),
})

/** What the `.mailmap` of repositories says where it is new; each file for itself, as git reads it. */
export async function readMailmaps(analytics: Analytics, org: string, since: number): Promise<MailmapGroup[]> {
  const rows = await analytics.read(mailmaps, { org, since })
  const fresh = new Set(rows.flatMap((row) => (row.is_new ? [row.repository] : [])))
  return [...fresh].flatMap((repository) =>
    mailmapGroups(
      rows.filter((row) => row.repository === repository).map((row) => ({ ...row, old_name: row.old_name === '' ? null : row.old_name })),
    ),
  )
}
