import { z } from 'zod'
import { bandsOfEdition, EDITIONS } from '../measure/levels.ts'
import type { Queries } from '../store/semantic.ts'
import { statement } from '../store/statement.ts'
import { benchmarkFigures, type BenchmarkFigure } from './benchmark-figures.ts'
import { bandsOfRows, ownBenchmark } from './benchmarks.ts'
import { SETTINGS } from './settings.ts'

const timed = { created_at: z.string().nullable(), updated_at: z.string().nullable() }

/** When an organization chose its options is not kept, only when it last changed them. */
const optionRow = z.object({
  project_name: z.string(),
  plugin_name: z.string(),
  plugin_option: z.unknown().transform((options) => JSON.stringify(options)),
  enable: z.boolean().transform(Number),
  ...timed,
})

/** What an organization has chosen, as the reference schema tells it. */
export interface Choices {
  readonly project_metric_settings: readonly z.output<typeof optionRow>[]
  readonly dora_benchmarks: readonly (BenchmarkFigure & z.output<z.ZodObject<typeof timed>>)[]
}

const WHERE = '({org:uuid} IS NULL OR org_id = {org:uuid})'
const organization = { org: z.string() }

const organizations = statement({
  name: 'choices.organizations',
  sql: `SELECT o.id AS org, s.value AS edition FROM organizations AS o
LEFT JOIN settings AS s ON s.org_id = o.id AND s.key = 'default_edition'
WHERE {org:uuid} IS NULL OR o.id = {org:uuid}`,
  row: z.object({ ...organization, edition: SETTINGS.default_edition.schema.catch(SETTINGS.default_edition.default) }),
})
const options = statement({
  name: 'choices.options',
  sql: `SELECT org_id AS org, project_name, plugin_name, plugin_option, enable, NULL AS created_at, updated_at
FROM project_metric_settings WHERE ${WHERE} ORDER BY project_name, plugin_name`,
  row: optionRow.extend(organization),
})
const editions = statement({
  name: 'choices.editions',
  sql: `SELECT org_id AS org, edition, metric_name AS metric, performance_level AS level, min_value AS min, max_value AS max, unit, created_at
FROM dora_benchmarks WHERE ${WHERE} ORDER BY edition, metric_name, min_value NULLS FIRST`,
  row: ownBenchmark.extend({ ...organization, created_at: z.string() }),
})

/** Of one organization or of all, by its id: options of its projects, and the bounds of the edition that rates it. */
export async function readChoices(from: Queries, org: string | null): Promise<Map<string, Choices>> {
  const [all, chosen, own] = [
    await from.query(organizations, { org }),
    await from.query(options, { org }),
    await from.query(editions, { org }),
  ]
  const optionsOf = byOrganization(chosen)
  const ownOf = byOrganization(own)
  return new Map(
    all.map(({ org: id, edition }) => {
      const rows = (ownOf.get(id) ?? []).filter((one) => one.edition === edition)
      const published = EDITIONS.find((one) => one === edition)
      const figures = benchmarkFigures({ edition, bands: published === undefined ? bandsOfRows(rows) : bandsOfEdition(published) })
      // An edition is saved as a whole, so its rows are all of one moment.
      const at = rows[0]?.created_at ?? null
      return [
        id,
        {
          project_metric_settings: (optionsOf.get(id) ?? []).map(
            ({ project_name, plugin_name, plugin_option, enable, created_at, updated_at }) => {
              return { project_name, plugin_name, plugin_option, enable, created_at, updated_at }
            },
          ),
          dora_benchmarks: figures.map((figure) => ({ ...figure, created_at: at, updated_at: at })),
        },
      ]
    }),
  )
}

function byOrganization<R extends { readonly org: string }>(rows: readonly R[]): Map<string, R[]> {
  const found = new Map<string, R[]>()
  for (const row of rows) {
    const own = found.get(row.org)
    if (own === undefined) found.set(row.org, [row])
    else own.push(row)
  }
  return found
}
