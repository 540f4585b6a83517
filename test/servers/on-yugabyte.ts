import { afterAll } from 'vitest'
import { useStores } from '../server.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { startYugabyte, type Yugabyte } from './yugabyte.ts'

/**
 * Set up before a file of the ordinary suite: the program in it keeps people and settings on a server that refuses what YugabyteDB refuses
 * and gives up on one statement in twenty. A data directory is a database, so that a program that is started again finds what it had.
 */
const SHARE = 0.05
const databases = new Map<string, Promise<Awaited<ReturnType<typeof makeDatabase>>>>()
let proxy: Promise<Yugabyte> | undefined

useStores(async (data) => {
  proxy ??= startYugabyte({ uri: givenServer(), seed: 31, share: SHARE })
  const known = databases.get(data) ?? makeDatabase()
  databases.set(data, known)
  return { POSTGRES_URI: (await proxy).uri((await known).name) }
})

afterAll(async () => {
  const { counts, close } = (await proxy) ?? { counts: null, close: async () => {} }
  await close()
  for (const database of databases.values()) await (await database).drop()
  if (counts === null) return
  if (counts.refused.length > 0) throw new Error(`YugabyteDB would refuse: ${[...new Set(counts.refused)].join('; ')}`)
  console.log(`${counts.passed} statements passed, ${counts.givenUp} given up on`)
})
