import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { runOn } from '../server.ts'
import { enteredSecrets, enterVariables, listen } from './entered.ts'
import { givenServer, makeDatabase } from './own-database.ts'
import { formsOf, withoutGreeting } from './secret-forms.ts'
import { startYugabyte, type Yugabyte } from './yugabyte.ts'

/**
 * Set up before a file of the ordinary suite: the program in it keeps people and settings on a server that refuses what YugabyteDB refuses
 * and gives up on one statement in twenty. A data directory is a database, so that a program that is started again finds what it had. At the
 * end no secret that the file entered or was given stands in a dump of these databases or in the log of a server.
 */
const SHARE = 0.05
const databases = new Map<string, Promise<Awaited<ReturnType<typeof makeDatabase>>>>()
const outputs: (() => string)[] = []
let proxy: Promise<Yugabyte> | undefined

listen()
runOn({
  async storesOf(data) {
    proxy ??= startYugabyte({ uri: givenServer(), seed: 31, share: SHARE })
    const known = databases.get(data) ?? makeDatabase()
    databases.set(data, known)
    return { POSTGRES_URI: (await proxy).uri((await known).name) }
  },
  started: (output) => void outputs.push(output),
  given: enterVariables,
})

afterAll(async () => {
  const { counts, close } = (await proxy) ?? { counts: null, close: async () => {} }
  await close()
  const texts = new Map(outputs.map((output, index) => [`the log of server ${index + 1}`, withoutGreeting(output())]))
  for (const database of databases.values()) {
    const { name, drop } = await database
    texts.set(`the dump of ${name}`, await dumpOf(name))
    await drop()
  }
  if (counts === null) return
  if (counts.refused.length > 0) throw new Error(`YugabyteDB would refuse: ${[...new Set(counts.refused)].join('; ')}`)
  const secrets = [...enteredSecrets()]
  const found = secrets.flatMap((secret) => {
    const forms = formsOf(secret)
    return [...texts].flatMap(([where, text]) =>
      forms.some((form) => text.includes(form)) ? [`${JSON.stringify(secret)} in ${where}`] : [],
    )
  })
  if (found.length > 0) throw new Error(`Secrets that were entered: ${found.join('; ')}`)
  console.log(`${counts.passed} statements passed, ${counts.givenUp} given up on; ${secrets.length} secrets in no log and no dump`)
})

async function dumpOf(database: string): Promise<string> {
  const address = new URL(givenServer())
  address.pathname = `/${database}`
  return (await promisify(execFile)('pg_dump', [address.href], { maxBuffer: 256 * 1024 * 1024 })).stdout
}
