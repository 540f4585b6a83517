import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { transformStory } from '../bench/transform-story.ts'
import { silentLog } from '../src/log.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { bundle, linkPackages } from './bundle.ts'
import { ENDS_WELL, factsOf, KILLS } from './transform-end.ts'

/** What `npm run bench -- transform` measures with 5 million rows, small. The same on servers is test/servers/transform.test.ts. */
const ROWS = 50_000

let scratch: string
let child: string
let server: EmbeddedPostgres

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'fairlead-transform-'))
  child = await bundle('bench/transform-child.ts', join(scratch, 'program'))
  await linkPackages(join(scratch, 'program'))
  server = await startEmbeddedPostgres({ directory: join(scratch, 'postgres'), log: silentLog })
})
afterAll(async () => {
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
})

test('PostgreSQL: killed three times while others write, nothing is lost and nothing is there twice', { timeout: 300_000 }, async () => {
  const target = `postgresql://${server.user}@/${server.database}?host=${server.host}`
  const end = await transformStory({ kind: 'postgres', target, rows: ROWS, kills: KILLS, child, folder: join(scratch, 'on-postgres') })
  expect(factsOf(end)).toEqual(ENDS_WELL)
  expect(end.keyType).toBe('character varying(255)')
})

test('ClickHouse, embedded: killed three times, nothing is lost and nothing is there twice', { timeout: 300_000 }, async () => {
  const folder = join(scratch, 'on-clickhouse')
  const end = await transformStory({ kind: 'clickhouse', target: join(scratch, 'chdb'), rows: ROWS, kills: KILLS, child, folder })
  expect(factsOf(end)).toEqual(ENDS_WELL)
  expect(end.keyType).toBe('String')
})
