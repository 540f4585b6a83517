import { z } from 'zod'

/** `failure`: does not hold, and the command exits with 3. `warning`: holds, and will hurt. `note`: good to know, or what could not be told. */
export const LEVELS = ['failure', 'warning', 'note', 'ok'] as const
export const PARTS = ['semantic', 'analytics', 'lake', 'journal', 'disk', 'program', 'key', 'sources'] as const
export type Part = (typeof PARTS)[number]
const TITLES: Readonly<Record<Part, string>> = {
  semantic: 'Semantic store',
  analytics: 'Analytics store',
  lake: 'Lake',
  journal: 'Journal',
  disk: 'Disk',
  program: 'Program',
  key: 'Key of credentials',
  sources: 'Sources',
}

export const finding = z.object({
  check: z.string(),
  level: z.enum(LEVELS),
  store: z.enum(PARTS),
  /** Of the part, for people. */
  title: z.string(),
  says: z.string(),
  remedy: z.string().nullable(),
})
export type Finding = z.infer<typeof finding>

const figure = z.number().nullable()
export const storeReport = z.object({
  store: z.enum(['semantic', 'analytics', 'lake']),
  title: z.string(),
  describe: z.string(),
  version: z.string().nullable(),
  reached: z.boolean(),
  ping_ms: figure,
  clock_skew_ms: figure,
  pool: z.object({ most: z.number(), open: z.number(), idle: z.number(), waiting: z.number() }).nullable(),
  free_bytes: figure,
  tables: z.array(z.object({ table: z.string(), rows: figure, bytes: figure, index_bytes: figure, dead_rows: figure, parts: figure })),
  indexes: z.array(z.object({ table: z.string(), index: z.string(), columns: z.string(), bytes: figure, uses: figure })),
  slow: z.object({
    /** Who kept the figures; `program` are those of this process. */
    from: z.string(),
    statements: z.array(
      z.object({ statement: z.string(), calls: z.number(), failed: figure, mean_ms: z.number(), most_ms: figure, total_ms: z.number() }),
    ),
  }),
})
export type StoreReport = z.infer<typeof storeReport>
/** While it is written. */
export type StoreNotes = { -readonly [K in keyof StoreReport]: StoreReport[K] }

export const doctorReport = z.object({
  at: z.string(),
  version: z.string(),
  /** Nothing is a failure. */
  holds: z.boolean(),
  findings: z.array(finding),
  stores: z.array(storeReport),
})
export type DoctorReport = z.infer<typeof doctorReport>

export function notesOn(store: StoreReport['store'], describe: string): StoreNotes {
  return {
    store,
    title: TITLES[store],
    describe,
    version: null,
    reached: false,
    ping_ms: null,
    clock_skew_ms: null,
    pool: null,
    free_bytes: null,
    tables: [],
    indexes: [],
    slow: { from: 'program', statements: [] },
  }
}

/** Takes what the checks of one part say. */
export interface Say {
  (check: string, level: Finding['level'], says: string, remedy?: string): void
}

export function sayer(findings: Finding[], store: Part): Say {
  return (check, level, says, remedy) =>
    void findings.push({ check: `${store}.${check}`, level, store, title: TITLES[store], says, remedy: remedy ?? null })
}

export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${units[unit]}`
}

export function secondsText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${many}`
}

/** The first few of a list, and how many more. */
export function namesText(names: readonly string[], most = 5): string {
  return `${names.slice(0, most).join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`
}
