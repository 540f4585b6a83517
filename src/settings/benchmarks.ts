import { z } from 'zod'
import { isDeepStrictEqual } from 'node:util'
import type { Note } from '../account/audit.ts'
import { instant, type Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { bandsOfEdition, EDITIONS, RATED_METRICS, type Band, type LevelRules } from '../measure/levels.ts'
import type { Queries, Semantic } from '../store/semantic.ts'
import { noRow, statement } from '../store/statement.ts'
import { lockOrganization } from './lock.ts'
import type { SettingBook } from './setting-book.ts'

const LEVEL_NAMES = ['elite', 'high', 'medium', 'low'] as const
const metricNames = Object.keys(RATED_METRICS) as [string, ...string[]]

export const benchmarkRow = z
  .object({
    metric: z.enum(metricNames),
    level: z.enum(LEVEL_NAMES),
    /** Belongs to the level; null for from the beginning. */
    min: z.number().nonnegative().nullable(),
    /** Does not belong to the level; null for without end. */
    max: z.number().positive().nullable(),
    unit: z.enum(['per_day', 'seconds', 'share']),
  })
  .strict()
export type BenchmarkRow = z.infer<typeof benchmarkRow>

/** One that an organization has saved. */
export const ownBenchmark = benchmarkRow.extend({ edition: z.string() })

export interface Benchmarks {
  /** An organization's own rows. */
  list(org: string): Promise<z.infer<typeof ownBenchmark>[]>
  save(org: string, edition: string, rows: readonly BenchmarkRow[], audited: Note): Promise<void>
  remove(org: string, edition: string, audited: Note): Promise<boolean>
  /** What rates: the edition asked for, else the organization's, with its least number of samples. */
  levelsOf(org: string, edition?: string): Promise<LevelRules>
}

const listOwn = statement({
  name: 'benchmarks.list',
  sql: `SELECT edition, metric_name AS metric, performance_level AS level, min_value AS min, max_value AS max, unit
FROM dora_benchmarks WHERE org_id = {org:uuid} ORDER BY edition, metric_name, min_value NULLS FIRST`,
  row: ownBenchmark,
})
const insertRows = statement({
  name: 'benchmarks.insert',
  sql: `INSERT INTO dora_benchmarks (org_id, edition, metric_name, performance_level, min_value, max_value, unit, created_at)
SELECT {org:uuid}, {edition:text}, r.metric, r.level, r.min, r.max, r.unit, {now:timestamptz}
FROM jsonb_to_recordset({rows:jsonb}) AS r(metric text, level text, min float8, max float8, unit text)`,
  row: noRow,
})
const removeEdition = statement({
  name: 'benchmarks.remove',
  sql: 'DELETE FROM dora_benchmarks WHERE org_id = {org:uuid} AND edition = {edition:text} RETURNING edition',
  row: z.object({ edition: z.string() }),
})
const isDefault = statement({
  name: 'benchmarks.is_default',
  sql: `SELECT key FROM settings WHERE org_id = {org:uuid} AND key = 'default_edition' AND value = to_jsonb({edition:text})`,
  row: noRow,
})

interface BenchmarkParts {
  readonly semantic: Semantic
  readonly clock: Clock
  readonly settings: SettingBook
  /** Told of each change when it stands. */
  readonly changed?: ((org: string) => Promise<void>) | undefined
}

export function openBenchmarks({ semantic, clock, settings, changed }: BenchmarkParts): Benchmarks {
  const list: Benchmarks['list'] = (org) => semantic.query(listOwn, { org })
  const target = (edition: string) => ({ type: 'benchmark', id: edition })
  const rowsOf = async (from: Queries, org: string, edition: string): Promise<BenchmarkRow[]> =>
    (await from.query(listOwn, { org })).filter((one) => one.edition === edition).map((one) => benchmarkRow.strip().parse(one))
  return {
    list,
    async save(org, edition, rows, audited) {
      if (EDITIONS.some((one) => one === edition))
        throw new AppError('invalid-input', `The edition ${edition} is a published one and stays as it is.`, {
          help: 'Save yours under another name.',
        })
      requireWhole(rows)
      await semantic.transaction(async (tx) => {
        await tx.query(lockOrganization, { org })
        const before = await rowsOf(tx, org, edition)
        await tx.query(removeEdition, { org, edition })
        await tx.query(insertRows, { org, edition, rows: JSON.stringify(rows), now: instant(clock.now()) })
        const after = await rowsOf(tx, org, edition)
        if (isDeepStrictEqual(before, after)) return
        const was = before.length === 0 ? {} : { before: { rows: before } }
        await audited({ action: 'benchmark.saved', target: target(edition), ...was, after: { rows: after } }, tx)
      })
      await changed?.(org)
    },
    // One that counts is not removed, so nobody need be told.
    remove: (org, edition, audited) =>
      semantic.transaction(async (tx) => {
        await tx.query(lockOrganization, { org })
        if ((await tx.query(isDefault, { org, edition })).length > 0)
          throw new AppError('invalid-input', `The edition ${edition} is the default of the organization.`, {
            help: 'Set `default_edition` to another one first.',
          })
        const before = await rowsOf(tx, org, edition)
        if (before.length === 0) return false
        await tx.query(removeEdition, { org, edition })
        await audited({ action: 'benchmark.removed', target: target(edition), before: { rows: before } }, tx)
        return true
      }),
    async levelsOf(org, asked) {
      const { default_edition, level_min_samples: minSamples } = await settings.of(org)
      const edition = asked ?? default_edition
      const published = EDITIONS.find((one) => one === edition)
      if (published !== undefined) return { edition, minSamples, bands: bandsOfEdition(published) }
      const own = await list(org)
      const rows = own.filter((one) => one.edition === edition)
      if (rows.length === 0)
        throw new AppError('invalid-input', `There is no edition ${JSON.stringify(edition)}.`, {
          help: `Known: ${[...EDITIONS, ...new Set(own.map((one) => one.edition))].join(', ')}.`,
        })
      return { edition, minSamples, bands: bandsOfRows(rows) }
    },
  }
}

export function bandsOfRows(rows: readonly BenchmarkRow[]): LevelRules['bands'] {
  const bands: Record<string, Band[]> = {}
  for (const { metric, level, min, max } of rows)
    (bands[metric] ??= []).push({ name: level, ...(min === null ? {} : { at_least: min }), ...(max === null ? {} : { below: max }) })
  return bands
}

/** Of each metric that is named: from 0 without end, no gap, no overlap, no level twice. */
export function requireWhole(rows: readonly BenchmarkRow[]): void {
  const refuse = (metric: string, what: string) =>
    new AppError('invalid-input', `${metric}: ${what}`, {
      help: 'The levels of a metric begin at null, each begins where the one before ends, and the last ends with null.',
    })
  if (rows.length === 0)
    throw new AppError('invalid-input', 'An edition needs rows.', { help: 'To remove one: POST /v1/benchmarks/remove.' })
  for (const metric of new Set(rows.map((one) => one.metric))) {
    const own = rows.filter((one) => one.metric === metric).toSorted((a, b) => (a.min ?? 0) - (b.min ?? 0))
    if (new Set(own.map((one) => one.level)).size < own.length) throw refuse(metric, 'a level stands twice.')
    let reached: number | null = 0
    for (const { level, min, max, unit } of own) {
      if (unit !== RATED_METRICS[metric]) throw refuse(metric, `it is counted in ${RATED_METRICS[metric]}, not in ${unit}.`)
      if (reached === null || (min ?? 0) < reached) throw refuse(metric, `${level} overlaps the level before it.`)
      if ((min ?? 0) > reached) throw refuse(metric, `no level has the values from ${reached} to ${min}.`)
      if (max !== null && max <= reached) throw refuse(metric, `${level} ends where it begins.`)
      reached = max
    }
    if (reached !== null) throw refuse(metric, `no level has the values from ${reached}.`)
  }
}
