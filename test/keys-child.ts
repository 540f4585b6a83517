import { z } from 'zod'
import { systemClock } from '../src/clock.ts'
import { defineConnector, defineStream, secret } from '../src/connector.ts'
import type { Registry } from '../src/registry.ts'
import { silentLog } from '../src/log.ts'
import { Secret } from '../src/secret.ts'
import { openSources } from '../src/source/sources.ts'
import { openVault } from '../src/source/vault.ts'
import { openSemantic } from '../src/store/semantic.ts'

/** A process of its own that rotates the keys of a data directory, and is killed in the midst of it. */
const [uri = '', directory = ''] = process.argv.slice(2)

const thing = defineConnector({
  title: 'Thing',
  docs: '',
  config: z.object({ token: secret(), other: secret().optional() }),
  streams: { things: defineStream({ produces: ['repositories'], order: 'unordered', payload: z.object({}), rows: () => ({}) }) },
})
const registry: Registry = { connectors: new Map([['thing', thing as never]]), metrics: new Map() }

const semantic = await openSemantic({ uri: new Secret(uri) }, { log: silentLog })
const sources = openSources({ semantic, registry, vault: await openVault(directory, null), clock: systemClock })
process.stdout.write('begin\n')
const { credentials } = await sources.rotateKeys(() => {})
process.stdout.write(`done ${credentials}\n`)
await semantic.close()
