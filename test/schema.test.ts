import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TABLES, type TableName } from '../domain/tables.ts'
import { ENVELOPE } from '../src/store/rows.ts'
import { statement } from '../src/store/statement.ts'
import { openWorld, type World } from './world.ts'

/** The domain says each column once; the migrated table must say the same, or a row could not be stored or would come back as something else. */
const TYPES: Record<string, RegExp> = {
  text: /^(LowCardinality\()?String\)?$/,
  texts: /^Array\(String\)$/,
  count: /^UInt(32|64)$/,
  flag: /^Bool$/,
  instant: /^DateTime64\(3, 'UTC'\)$/,
  instants: /^Array\(DateTime64\(3, 'UTC'\)\)$/,
  number: /^Float64$/,
}

let world: World
let columns: Map<string, string>
let keys: Map<string, string>
beforeAll(async () => {
  world = await openWorld()
  const found = await world.analytics.read(
    statement({
      name: 'test.columns',
      sql: `SELECT table, name, type FROM system.columns WHERE database = currentDatabase()`,
      row: z.object({ table: z.string(), name: z.string(), type: z.string() }),
    }),
  )
  columns = new Map(found.map((one) => [`${one.table}.${one.name}`, one.type]))
  const tables = await world.analytics.read(
    statement({
      name: 'test.keys',
      sql: `SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase()`,
      row: z.object({ name: z.string(), sorting_key: z.string() }),
    }),
  )
  keys = new Map(tables.map((one) => [one.name, one.sorting_key]))
})
afterAll(() => world.close())

/** `LowCardinality(Nullable(String))` → `LowCardinality(String)` and nullable. */
function parsed(type: string): { nullable: boolean; plain: string } {
  return { nullable: type.includes('Nullable('), plain: type.replace(/Nullable\(((?:[^()]|\([^()]*\))*)\)/, '$1') }
}

for (const table of Object.keys(TABLES) as TableName[]) {
  describe(table, () => {
    test('has the columns of its entity and the envelope, and no others', () => {
      const actual = [...columns.keys()].filter((name) => name.startsWith(`all_${table}.`)).map((name) => name.split('.')[1] as string)
      expect(actual.sort()).toEqual([...Object.keys(TABLES[table].row.shape), ...ENVELOPE].sort())
    })

    test('each column has the type that its entity says', () => {
      for (const [name, schema] of Object.entries(TABLES[table].row.shape) as [string, z.ZodType][]) {
        const nullable = schema instanceof z.ZodNullable
        const inner = nullable ? (schema.unwrap() as z.ZodType) : schema
        const { column } = (inner.meta() ?? {}) as { column?: string }
        expect(column, `${table}.${name} has a column kind`).toBeDefined()
        const type = parsed(columns.get(`all_${table}.${name}`) ?? 'missing')
        expect([name, type.nullable]).toEqual([name, nullable])
        const wanted = TYPES[column as string]
        expect(wanted, `${String(column)} is a known kind`).toBeDefined()
        expect(type.plain, `${table}.${name}`).toMatch(wanted as RegExp)
      }
    })

    test('is sorted by organization first, then by its key', () => {
      const { key, row } = TABLES[table]
      const sorting = (keys.get(`all_${table}`) ?? '').replaceAll('`', '').split(', ')
      expect(sorting[0]).toBe('org_id')
      // Entities that several sources may tell of under one name carry the source in their key.
      const named = sorting.slice(1).filter((column) => column !== 'source' || key.includes('source' as never))
      expect(named).toEqual([...key])
      expect(key.every((column) => column === 'source' || column in row.shape)).toBe(true)
    })
  })
}

test('every physical table begins with the organization', () => {
  const physical = [...keys].filter(([name]) => name.startsWith('all_'))
  expect(physical.length).toBeGreaterThan(10)
  for (const [name, key] of physical) expect([name, key.split(', ')[0]]).toEqual([name, 'org_id'])
})
