import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Log } from '../log.ts'
import type { Analytics } from '../store/analytics.ts'
import { keepCopy, type KeptCopy } from '../store/kept-copy.ts'
import type { Semantic } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { readChoices, type Choices } from './choice-rows.ts'

const COLUMNS = {
  project_metric_settings: ['project_name', 'plugin_name', 'plugin_option', 'enable', 'created_at', 'updated_at'],
  dora_benchmarks: ['metric_name', 'performance_level', 'min_value', 'max_value', 'unit', 'description', 'created_at', 'updated_at'],
} as const satisfies Record<keyof Choices, readonly string[]>
const TABLES = Object.keys(COLUMNS) as (keyof Choices)[]

/** Old versions of an organization go when there are so many; a reader may just be using the last. */
const TIDY_AT = 16

/** Of the store that all processes share: of two copies, the one with the higher number has seen no less. */
const clock = statement({
  name: 'choices.clock',
  sql: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS microseconds',
  row: z.object({ microseconds: z.coerce.number() }),
})
const copies = statement({
  name: 'choices.copies',
  sql: `SELECT toString(org_id) AS org, max(c.version) AS version, uniqExact(c.version) AS versions, argMax(c.digest, c.version) AS digest FROM all_choices AS c
WHERE {all:UInt8} = 1 OR org_id = {org:UUID} GROUP BY org_id`,
  row: z.object({ org: z.string(), version: z.coerce.number(), versions: z.coerce.number(), digest: z.string() }),
})
const NOBODY = '00000000-0000-0000-0000-000000000000'
const NOTHING: Choices = { project_metric_settings: [], dora_benchmarks: [] }

/**
 * The copy of what organizations have chosen, for readers of the reference schema. It is compared by content and not by a count of changes: the
 * published levels change with the program, and that no organization notes.
 */
export function createChoiceCopy({ semantic, analytics, log }: { semantic: Semantic; analytics: Analytics; log: Log }): KeptCopy {
  const bring = async (org: string | null): Promise<void> => {
    const now = (await semantic.one(clock))?.microseconds ?? 0
    const standing = await readChoices(semantic, org)
    const copied = await analytics.readAsWriter(copies, { all: org === null ? 1 : 0, org: org ?? NOBODY })
    const known = new Map(copied.map((one) => [one.org, one]))
    for (const gone of copied) if (!standing.has(gone.org)) standing.set(gone.org, NOTHING)
    const behind = [...standing].flatMap(([id, choices]) => {
      const digest = createHash('sha256').update(JSON.stringify(choices)).digest('hex')
      const before = known.get(id)
      return before?.digest === digest ? [] : [{ org_id: id, choices, digest, before, version: Math.max(now, (before?.version ?? 0) + 1) }]
    })
    if (behind.length === 0) return
    for (const table of TABLES) {
      const rows = behind.flatMap(({ org_id, version, choices }) => choices[table].map((row) => ({ org_id, version, ...row })))
      await analytics.insert(`all_${table}`, ['org_id', 'version', ...COLUMNS[table]], rows)
    }
    const ends = behind.map(({ org_id, version, digest }) => ({ org_id, version, digest }))
    await analytics.insert('all_choices', ['org_id', 'version', 'digest'], ends)
    for (const { org_id, before } of behind) {
      if (before === undefined || before.versions < TIDY_AT) continue
      for (const table of [...TABLES, 'choices'])
        await analytics.run(`ALTER TABLE all_${table} DELETE WHERE org_id = '${org_id}' AND version < ${before.version}`)
    }
  }
  return keepCopy({ log, event: 'choices.behind', bring })
}
