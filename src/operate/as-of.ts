import { createHash } from 'node:crypto'
import { z } from 'zod'
import { coverage } from '../../domain/coverage.ts'
import { TABLES } from '../../domain/tables.ts'
import { AppError } from '../errors.ts'
import type { ConfigOf } from '../ingest/apply.ts'
import type { NamesOf } from '../ingest/names.ts'
import { replay } from '../ingest/replay.ts'
import type { Log } from '../log.ts'
import { DERIVE_RULES, type Deriver, type DeriveRules } from '../measure/derive.ts'
import type { Registry } from '../registry.ts'
import type { Analytics } from '../store/analytics.ts'
import { insertRows } from '../store/rows.ts'
import { statement } from '../store/statement.ts'

/** Organizations of this prefix hold what was known at a moment. They are readings of the raw log and can go at any time. */
const PREFIX = 'a50f0000'
/** A reading takes about 100 µs an item; more than this and one does not wait for it in a request. */
const MOST_ITEMS = 500_000
const KEPT = 4

const size = statement({
  name: 'as_of.size',
  sql: 'SELECT count() AS n FROM all_raw WHERE org_id = {org:UUID} AND received_at <= {until:DateTime64(3)}',
  row: z.object({ n: z.coerce.number() }),
})
const leftovers = statement({
  name: 'as_of.leftovers',
  sql: `SELECT DISTINCT toString(org_id) AS org FROM all_keys WHERE startsWith(toString(org_id), '${PREFIX}')`,
  row: z.object({ org: z.string() }),
})
const pulledCoverage = statement({
  name: 'as_of.coverage',
  sql: `SELECT table, from_at, to_at, open, source, raw_seq, received_at, seen_at FROM all_coverage FINAL
WHERE org_id = {org:UUID} AND NOT open AND from_at < {moment:DateTime64(3)}`,
  row: coverage.row.extend({ source: z.string(), raw_seq: z.coerce.number(), received_at: z.string(), seen_at: z.string() }),
})
const PHYSICAL = ['keys', ...Object.keys(TABLES)]

export interface AsOf {
  /** The organization that holds what `org` knew at the moment, by the time of receipt. */
  at(org: string, moment: string): Promise<string>
  /** Removes readings that an earlier process left behind. */
  clean(): Promise<void>
}

/**
 * What was known at a moment is found by reading the raw log again up to it, with the same code, into an organization of its own. Slower
 * than a column of versions on every table, and right by construction: nothing but receipt decides.
 */
export function createAsOf(parts: {
  analytics: Analytics
  registry: Registry
  configOf: ConfigOf
  namesOf?: NamesOf
  deriver: Deriver
  /** The rules of the organization: today's, as the code and the names are. */
  rulesOf?: (org: string) => Promise<DeriveRules>
  log: Log
}): AsOf {
  const { analytics, deriver, rulesOf = async () => DERIVE_RULES } = parts
  const made = new Map<string, Promise<string>>()

  const remove = async (org: string) => {
    for (const table of PHYSICAL) await analytics.run(`ALTER TABLE all_${table} DELETE WHERE org_id = toUUID('${org}')`)
  }

  /** What pulled sources had been watching is no reading of the log: they said it themselves. */
  const copyCoverage = async (org: string, moment: string, scratch: string) => {
    const spans = await analytics.readAsWriter(pulledCoverage, { org, moment })
    const rows = spans.map((span) => ({
      ...span,
      to_at: span.to_at < moment ? span.to_at : moment,
      org_id: scratch,
      is_deleted: 0 as const,
    }))
    await insertRows(analytics, 'coverage', rows)
  }

  const make = async (org: string, moment: string, scratch: string, rules: DeriveRules): Promise<string> => {
    const [found] = await analytics.readAsWriter(size, { org, until: moment })
    if ((found?.n ?? 0) > MOST_ITEMS) {
      throw new AppError('query-too-heavy', `\`as_of\` would read ${found?.n} raw items again; the most is ${MOST_ITEMS}.`, {
        help: 'Ask without `as_of`.',
      })
    }
    await replay(parts, { org, until: moment }, scratch)
    await copyCoverage(org, moment, scratch)
    await deriver.rebuild(scratch, rules)
    return scratch
  }

  return {
    async at(org, moment) {
      const rules = await rulesOf(org)
      const digest = createHash('sha256')
        .update(`${org} ${moment} ${JSON.stringify(rules)}`)
        .digest('hex')
      const scratch = `${PREFIX}-${digest.slice(0, 4)}-4${digest.slice(4, 7)}-8${digest.slice(7, 10)}-${digest.slice(10, 22)}`
      const standing = made.get(scratch)
      if (standing !== undefined) return standing
      if (made.size >= KEPT) {
        const oldest = made.keys().next().value as string
        made.delete(oldest)
        void remove(oldest).catch((thrown: unknown) => parts.log.warn('as_of.not_removed', { reason: String(thrown) }))
      }
      const making = make(org, moment, scratch, rules)
      made.set(scratch, making)
      making.catch(() => made.delete(scratch))
      return making
    },
    async clean() {
      for (const { org } of await analytics.readAsWriter(leftovers)) await remove(org)
    },
  }
}
