import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { silentLog } from '../src/log.ts'
import { openStores, type Stores } from '../src/store/open-stores.ts'
import { fairlead, freshDirectory, removeDirectory } from './server.ts'

/** Tampering with the log is found: a changed, a removed and an inserted record, and a changed payload. */
let data: string
beforeAll(async () => {
  data = await freshDirectory()
  const lines = Array.from(
    { length: 50 },
    (_, n) => `{"id":"e${n}","kind":"deploy","service":"api","occurred_at":"2026-02-0${1 + (n % 9)}T10:00:00Z"}\n`,
  ).join('')
  await fairlead(['ingest', '-'], { data, input: lines })
  // A repetition is a place in the chain, too.
  await fairlead(['ingest', '-'], { data, input: lines.slice(0, lines.indexOf('\n') + 1) })
}, 240_000)
afterAll(() => removeDirectory(data))

async function tamper(work: (stores: Stores) => Promise<void>): Promise<void> {
  const stores = await openStores(loadConfig({ FAIRLEAD_DATA: data }, data), { log: silentLog, actor: 'test' })
  await work(stores)
  await stores.close()
}
async function verify(): Promise<{ code: number | null; records: number; problems: string[] }> {
  const { code, stdout } = await fairlead(['verify', '--json'], { data })
  return { code, ...(JSON.parse(stdout) as { records: number; problems: string[] }) }
}

test('an untouched log is whole', async () => {
  expect(await verify()).toMatchObject({ code: 0, records: 51, problems: [] })
})

// Eight processes, one after the other, each with both stores.
test('a changed payload, a changed place and a removed record are each named', { timeout: 240_000 }, async () => {
  await tamper(async ({ analytics }) =>
    analytics.run(`ALTER TABLE all_raw UPDATE payload = replaceOne(payload, 'api', 'ape') WHERE seq = 7`),
  )
  expect(await verify()).toMatchObject({ code: 3, problems: [expect.stringMatching(/^record 7 .*content/) as string] })
  await tamper(async ({ analytics }) => analytics.run(`ALTER TABLE all_raw UPDATE at = at + 60 WHERE seq = 9`))
  expect((await verify()).problems).toHaveLength(2)
  expect((await verify()).problems[1]).toMatch(/^record 9 .*does not follow/)
  await tamper(async ({ analytics }) => analytics.run(`ALTER TABLE all_raw DELETE WHERE seq = 20`))
  expect((await verify()).problems).toContainEqual(expect.stringMatching(/records 20 to 20 are missing/))
})
