import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { transformStory } from '../../bench/transform-story.ts'
import { bundle, linkPackages } from '../bundle.ts'
import { ENDS_WELL, factsOf, KILLS } from '../transform-end.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { makeLake } from './own-lake.ts'
import { startYugabyte } from './yugabyte.ts'

/** The same as test/transform.test.ts, on servers that others use at the same time. */
const ROWS = 50_000
let scratch: string
let child: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-transform-'))
  child = await bundle('bench/transform-child.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test(
  'MySQL or MariaDB: killed three times while others write, nothing is lost and nothing is there twice',
  { timeout: 300_000 },
  async () => {
    const lake = await makeLake()
    try {
      const end = await transformStory({ kind: 'mysql', target: lake.uri, rows: ROWS, kills: KILLS, child, folder: join(scratch, 'mysql') })
      expect(factsOf(end)).toEqual(ENDS_WELL)
      expect(end.keyType).toBe('varchar(255)')
    } finally {
      await lake.drop()
    }
  },
)

test('a PostgreSQL server, likewise', { timeout: 300_000 }, async () => {
  const database = await makeDatabase()
  try {
    const uri = new URL(givenServer())
    uri.pathname = `/${database.name}`
    const folder = join(scratch, 'postgres')
    const end = await transformStory({ kind: 'postgres', target: uri.href, rows: ROWS, kills: KILLS, child, folder })
    expect(factsOf(end)).toEqual(ENDS_WELL)
  } finally {
    await database.drop()
  }
})

test(
  'as YugabyteDB: both names change one after the other, so a write in between is refused; none is lost',
  { timeout: 300_000 },
  async () => {
    const database = await makeDatabase()
    const proxy = await startYugabyte({ uri: givenServer(), seed: 5, share: 0.02 })
    try {
      const folder = join(scratch, 'yugabyte')
      const target = proxy.uri(database.name)
      const end = await transformStory({ kind: 'postgres', target, rows: 10_000, kills: KILLS, child, folder })
      const { refused, ...facts } = factsOf(end)
      expect(facts).toEqual({ ...ENDS_WELL, refused: undefined })
      expect(refused.filter((each) => !each.includes('does not exist (42P01)'))).toEqual([])
      expect(proxy.counts.refused).toEqual([])
    } finally {
      await proxy.close()
      await database.drop()
    }
  },
)
