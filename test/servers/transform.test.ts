import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { transformStory } from '../../bench/transform-story.ts'
import { bundle, linkPackages } from '../bundle.ts'
import { endsWell } from '../transform-end.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { makeLake } from './own-lake.ts'

/** The same as test/transform.test.ts, on servers that others use at the same time. */
const ROWS = 50_000
const KILLS = [0.2, 0.5, 0.8]
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
      endsWell(end, KILLS.length)
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
    endsWell(await transformStory({ kind: 'postgres', target: uri.href, rows: ROWS, kills: KILLS, child, folder }), KILLS.length)
  } finally {
    await database.drop()
  }
})
