import { z } from '@hono/zod-openapi'
import type { Principal } from '../account/access.ts'
import { ONLY_DERIVED } from '../ingest/reread.ts'
import { bandsOfEdition, EDITIONS, RATED_METRICS, type Band } from '../measure/levels.ts'
import { benchmarkRow } from '../settings/benchmarks.ts'
import type { SettingItem } from '../settings/setting-book.ts'
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../settings/settings.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const keySchema = z.enum(SETTING_KEYS as [SettingKey, ...SettingKey[]])
const itemSchema = z.object({
  key: keySchema,
  title: z.string(),
  description: z.string(),
  schema: z.record(z.string(), z.unknown()).openapi({ description: 'The JSON Schema of its value.' }),
  value: z.unknown(),
  default: z.unknown(),
  is_default: z.boolean(),
  derives: z.boolean().openapi({ description: 'A change derives everything of the organization again.' }),
  updated_at: z.string().nullable(),
  updated_by: z.string().nullable(),
})
const changeSchema = z.object({
  key: z.string(),
  at: z.string(),
  by: z.string(),
  before: z.unknown().openapi({ description: 'Null where it stood at its default.' }),
  after: z.unknown(),
})
const editionName = z.string().trim().min(1).max(40)
const benchmarkItem = z.object({
  metric: z.string(),
  level: z.string(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  includes_max: z.boolean().openapi({ description: 'Published shares say “at most”; everything else ends before `max`.' }),
  unit: z.string(),
  edition: z.string(),
  is_own: z.boolean(),
})

function replyOf(item: SettingItem): z.infer<typeof itemSchema> {
  const { title, description, schema, default: fallback, derives } = SETTINGS[item.key]
  return { ...item, title, description, default: fallback, derives, schema: z.toJSONSchema(schema) as Record<string, unknown> }
}

/** Who changed it, for the history. */
const authorOf = (principal: Principal): string => principal.name

/** The published tables, each band from where the one before it ends. */
function publishedRows(): z.infer<typeof benchmarkItem>[] {
  return EDITIONS.flatMap((edition) =>
    Object.entries(bandsOfEdition(edition)).flatMap(([metric, bands]) =>
      bands.map((band, index) => ({
        metric,
        level: band.name,
        ...limitsOf(band, bands[index - 1]),
        unit: RATED_METRICS[metric] ?? '',
        edition,
        is_own: false,
      })),
    ),
  )
}

function limitsOf(
  { at_least, below, at_most }: Band,
  before: Band | undefined,
): { min: number | null; max: number | null; includes_max: boolean } {
  return {
    min: at_least ?? before?.below ?? before?.at_most ?? null,
    max: below ?? at_most ?? before?.at_least ?? null,
    includes_max: at_most !== undefined,
  }
}

export function settingRoutes(services: Services): Route[] {
  const { audit, settings, benchmarks } = services
  return [
    route({
      method: 'get',
      path: '/v1/settings',
      summary: 'The settings of the organization, with what each may be',
      right: 'read',
      replies: { 200: { description: 'Every setting.', schema: z.object({ items: z.array(itemSchema), next: z.null() }) } },
      handle: async ({ principal }) => ({ items: (await settings.list(principal.org)).map(replyOf), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/settings',
      summary: 'Change a setting; one that changes what is derived derives everything again, behind the answer',
      right: 'admin',
      body: z.object({ key: keySchema, value: z.unknown().openapi({ description: 'Null takes it back to the default.' }) }).strict(),
      replies: { 200: { description: 'The setting as it stands.', schema: itemSchema } },
      async handle({ principal, actor, body: { key, value } }) {
        const { org } = principal
        const change = () => settings.set(org, key, value ?? null, authorOf(principal), audit.by(actor))
        await (SETTINGS[key].derives ? services.reread.after(org, ONLY_DERIVED, change) : change())
        return replyOf((await settings.list(org)).find((one) => one.key === key) as SettingItem)
      },
    }),
    route({
      method: 'get',
      path: '/v1/settings/history',
      summary: 'Who changed which setting, when and from what to what; newest first',
      right: 'read',
      query: z
        .object({
          key: keySchema.optional(),
          after: z.string().max(400).optional(),
          limit: z.coerce.number().int().min(1).max(1_000).default(100),
        })
        .strict(),
      replies: {
        200: { description: 'A page of changes.', schema: z.object({ items: z.array(changeSchema), next: z.string().nullable() }) },
      },
      handle: ({ principal, query }) => settings.history(principal.org, query),
    }),
    route({
      method: 'get',
      path: '/v1/benchmarks',
      summary: 'The levels of each edition: the published ones and the organization’s own',
      right: 'read',
      query: z.object({ edition: editionName.optional() }).strict(),
      replies: { 200: { description: 'Every band.', schema: z.object({ items: z.array(benchmarkItem), next: z.null() }) } },
      async handle({ principal, query }) {
        const own = (await benchmarks.list(principal.org)).map((one) => ({ ...one, includes_max: false, is_own: true }))
        const all = [...publishedRows(), ...own]
        return { items: all.filter((one) => query.edition === undefined || one.edition === query.edition), next: null }
      },
    }),
    route({
      method: 'post',
      path: '/v1/benchmarks',
      summary: 'Save an edition of your own. The levels of each metric cover every value once: `min` belongs to a level, `max` does not.',
      right: 'admin',
      body: z.object({ edition: editionName, rows: z.array(benchmarkRow).min(1).max(100) }).strict(),
      replies: { 200: { description: 'How many bands it has.', schema: z.object({ edition: z.string(), rows: z.number() }) } },
      async handle({ principal, actor, body: { edition, rows } }) {
        await benchmarks.save(principal.org, edition, rows, audit.by(actor))
        return { edition, rows: rows.length }
      },
    }),
    route({
      method: 'post',
      path: '/v1/benchmarks/remove',
      summary: 'Remove an edition of your own; not the one that is the default',
      right: 'admin',
      body: z.object({ edition: editionName }).strict(),
      replies: { 200: { description: 'Whether there was one.', schema: z.object({ removed: z.boolean() }) } },
      handle: async ({ principal, actor, body }) => ({
        removed: await benchmarks.remove(principal.org, body.edition, audit.by(actor)),
      }),
    }),
  ]
}
